"""A trial share after a release: its engine acts at a part of its caps while the rate is measured anew.

It ends at its time, which every reserve judges by itself; sooner, here, once enough events since the release show no
drop; by people (`risk.resume`); or by the next trip, whose hold takes its place. The card of the trip follows it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from domain.act import Act, Entry, Priority
from domain.alerts.service import show
from domain.alerts.tables import Alert
from domain.calendar import working_days_on
from domain.regression import measuring, policies
from domain.regression.memory import Memory
from domain.regression.results import Trial, TripCard
from domain.regression.rules import Arrival, Policy
from domain.regression.tables import RegressionState
from domain.regression.views import source_of
from domain.risk.holds import hold_of, lift
from domain.risk.service import place_share
from domain.risk.tables import RiskHold

WORKING_DAYS = 3
"""How long a trial share lasts where nobody says otherwise."""
LONGEST = timedelta(days=92)
ITS_TIME, MEASURED, RESUMED, TRIPPED, RELEASED = "its time", "measured", "resumed", "tripped", "released"


def end_of(act: Act, until: datetime | None) -> datetime:
    """Return when a trial that begins now ends by itself."""
    return until or working_days_on(act.now, WORKING_DAYS, act.settings.zone)


def needs(policy: Policy, card: TripCard) -> tuple[int | None, float | None]:
    """Return how many events end a trial, and the rate they must be better than; None where its time alone ends it."""
    least = measuring.least(policy, card.cause, card.usual)
    return (None, None) if least is None else (policy.min_events_to_enforce, least)


def begin(act: Act, policy: Policy, state: Row[Any], card: TripCard, share: int, until: datetime | None) -> Trial:
    """Limit the engine in the transaction that lifts the hold; the caller writes the trial with the state."""
    assert card.engine is not None
    name, ends_at = policies.key_of(card.domain, card.metric), end_of(act, until)
    hold_id = place_share(
        act, card.engine, source=source_of(card.domain, card.metric), share=share, ends_at=ends_at,
        reason=f"{name} was released: {act.entry.reason or 'no reason given'}",
    )  # fmt: skip
    count, least = needs(policy, card)
    return Trial(
        share=share, engine=card.engine, hold_id=hold_id, alert_id=state.alert_id, since=act.now, ends_at=ends_at,
        needs=count, least=least, usual=card.usual,
    )  # fmt: skip


def of(state: Row[Any] | None) -> Trial | None:
    """Return the trial that a tripwire's row tells of."""
    return None if state is None or state.trial is None else Trial.model_validate(state.trial)


def over(connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """Return the tripwires whose trial has ended and whose card does not say so yet."""
    rows = connection.execute(
        select(RegressionState.domain, RegressionState.metric)
        .join(RiskHold, RiskHold.id == RegressionState.trial["hold_id"].as_integer())
        .where(or_(RiskHold.lifted_at.is_not(None), RiskHold.ends_at <= now))
    )
    return [(row.domain, row.metric) for row in rows]


def follow(
    act: Act, state: Row[Any], policy: Policy, memory: Memory, arrivals: Sequence[Arrival], *, is_warned: bool
) -> None:
    """Count what came since the release, end the trial where it is over, and keep the card true.

    The caller holds the state's lock, and has placed the hold of a trip already.
    """
    trial = of(state)
    assert trial is not None
    events, good = measuring.measured(policy, memory, arrivals, trial.since)
    trial = trial.model_copy(update={"events": trial.events + events, "successes": trial.successes + good})
    hold = hold_of(act, trial.engine, source_of(state.domain, state.metric))
    is_over = measuring.has_shown_enough(policy.better, trial.needs, trial.least, trial.events, trial.successes)
    if hold is None or hold.id != trial.hold_id:
        end(act, state, trial, RESUMED if hold is None else TRIPPED)
    elif trial.ends_at <= act.now:
        end(act, state, trial, ITS_TIME)
    elif is_over and not is_warned and state.tripped_at is None:
        end(act, state, trial, MEASURED)
    elif measuring.is_worth_showing(trial.shown, trial.events):
        _keep(act, state, trial.model_copy(update={"shown": trial.events}))
    elif events:
        _write(act, state, trial)


def end(act: Act, state: Row[Any], trial: Trial, why: str) -> None:
    """End a trial: its share is lifted where it was not, and the card says what was measured; for the last time."""
    hold = hold_of(act, trial.engine, source_of(state.domain, state.metric))
    if hold is not None and hold.id == trial.hold_id:
        lift(act, hold)
    ended = trial.model_copy(update={"ended_at": act.now, "ended_why": why})
    _show(act, ended)
    _write(act, state, None)
    act.entries.append(
        Entry(
            actor=act.actor, surface=act.caller.surface.value, operation=act.entry.operation,
            target=policies.key_of(state.domain, state.metric),
            reason=f"the trial share of {trial.engine} ended: {why}",
            before={"share": trial.share, "engine": trial.engine},
            after={"ended": why, "events": trial.events, "successes": trial.successes},
        )
    )  # fmt: skip


def _keep(act: Act, state: Row[Any], trial: Trial) -> None:
    _show(act, trial)
    _write(act, state, trial)


def _write(act: Act, state: Row[Any], trial: Trial | None) -> None:
    act.connection.execute(
        update(RegressionState)
        .where(RegressionState.domain == state.domain, RegressionState.metric == state.metric)
        .values(trial=None if trial is None else trial.to_json())
    )


def _show(act: Act, trial: Trial) -> None:
    """Let the trip's card say how the trial stands."""
    if trial.alert_id is None:
        return
    extra = act.connection.scalar(select(Alert.extra).where(Alert.id == trial.alert_id).with_for_update())
    if extra is None or extra.get("detail") is None:
        return
    card = TripCard.model_validate(extra["detail"]).model_copy(update={"trial": trial})
    act.connection.execute(
        update(Alert).where(Alert.id == trial.alert_id).values(extra={**extra, "detail": card.to_json()})
    )
    show(act, trial.alert_id, priority=Priority.DIGEST if trial.ended_at is None else Priority.REPLY)
