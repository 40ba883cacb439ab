"""Releasing a tripwire: asked, approved, bound to what was shown; it lifts its own hold and begins clean."""

from typing import Any

from sqlalchemy import Row, select, update

from domain.act import Act
from domain.alerts.service import resolve_by_itself
from domain.alerts.tables import Alert
from domain.operation import Checked, Wanted
from domain.outcomes import Kind, Refused, refused
from domain.regression import arrivals, evaluating, policies, rules
from domain.regression.memory import Memory
from domain.regression.results import TripCard, TripwireReleased
from domain.regression.rules import LAYER, Action
from domain.regression.tables import RegressionState
from domain.regression.views import no_such, source_of
from domain.regression.words import counted, level, name_of, percent, subject, unit
from domain.risk.holds import in_force
from domain.risk.service import lift_hold


def _read(act: Act, domain: str, metric: str) -> tuple[Row[Any] | None, Row[Any] | None]:
    row = policies.row_of(act.connection, domain, metric)
    state = act.connection.execute(
        select(RegressionState.__table__).where(RegressionState.domain == domain, RegressionState.metric == metric)
    ).one_or_none()
    return row, state


def _trip(state: Row[Any] | None) -> TripCard | None:
    return TripCard.model_validate(state.trip) if state is not None and state.trip is not None else None


def bindings(act: Act, domain: str, metric: str) -> dict[str, str]:
    """Return what a release is bound to: this trip and this policy; locked when it is decided."""
    if act.approved_by is not None:
        policies.lock_state(act.connection, domain, metric)
    row, state = _read(act, domain, metric)
    return {
        "tripwire": f"state {state.version}" if state is not None else "none",
        "policy": f"v{row.version}" if row is not None else "none",
    }


def gates(act: Act, domain: str, metric: str) -> tuple[Checked, ...]:
    """Return whether there is anything to release."""
    _row, state = _read(act, domain, metric)
    is_tripped = state is not None and state.tripped_at is not None
    detail = "tripped" if is_tripped else f"{domain}.{metric} is not tripped, so there is nothing to release"
    return (Checked(name="tripwire", ok=is_tripped, waivable=False, detail=detail),)


def wanted(act: Act, domain: str, metric: str) -> Wanted:
    """Return the words of a request to release."""
    _row, state = _read(act, domain, metric)
    card = _trip(state)
    name = name_of(metric)
    if card is None or state is None:
        return Wanted(
            what=f"release {domain}.{metric}", if_approved="nothing", way_back="nothing", done="released",
            unchanged="it stays",
        )  # fmt: skip
    memory = Memory.from_json(state.memory)
    facts = [
        (subject(card), f"{level(card)}, {counted(card)} at the alarm"),
        ("Since the alarm", since(card, int(memory.after.n), memory.after.s)),
    ]
    throttled = card.action == Action.THROTTLE.value
    stays = "the kill switch stays engaged: it has a release of its own" if not throttled else (
        "holds of other tripwires and of people stay; an engine that a person disabled stays so"
    )  # fmt: skip
    return Wanted(
        what=f"release {card.engine} from the throttle of {name}" if throttled else f"release the tripwire {name}",
        facts=tuple(facts),
        if_approved=f"{card.engine} may act again at once, and {name} is watched again from zero"
        if throttled
        else f"{name} is watched again from zero",
        does_not_change=stays,
        way_back="it trips again on new events if the drop goes on; `/killswitch engage` stops everything at once",
        done=f"{card.engine} is no longer throttled by {name}" if throttled else f"the tripwire {name} is armed again",
        unchanged=f"{card.engine} stays throttled" if throttled else f"the tripwire {name} stays tripped",
        approve_label=f"Release {card.engine}" if throttled else "Release it",
    )  # fmt: skip


def since(card: TripCard, events: int, successes: float) -> str:
    """Say what the rate is, measured on the events after the alarm alone."""
    if not events:
        return "nothing was recorded yet"
    return f"{percent(successes / events)}, {successes:,.0f} of {events:,} {unit(card)}"


def release(act: Act, domain: str, metric: str, reason: str) -> TripwireReleased | Refused:
    """Lift its own hold and begin clean: events recorded until now never count again."""
    row, _ = _read(act, domain, metric)
    if row is None:
        return no_such(domain, metric)
    evaluating.evaluate(act, [(domain, metric)], skip=False)
    state = policies.lock_state(act.connection, domain, metric)
    card = _trip(state)
    if state is None or state.tripped_at is None or card is None:
        return refused(
            Kind.CONFLICT, "not_tripped", f"{domain}.{metric} is not tripped, so there is nothing to release.",
            layer=LAYER, remedy="`/tripwire` shows how each stands.",
        )  # fmt: skip
    memory = Memory.from_json(state.memory)
    events, successes = int(memory.after.n), memory.after.s
    # What one evaluation did not take was recorded before the release all the same, so it belongs to the dip.
    arrivals.drop_all(act.connection, domain, metric)
    memory.restart(slid=card.cause == rules.Cause.SLIDE.value)
    act.connection.execute(
        update(RegressionState)
        .where(RegressionState.domain == domain, RegressionState.metric == metric)
        .values(
            memory=memory.to_json(), version=state.version + 1, tripped_at=None, trip=None, alert_id=None,
            released_at=act.now,
        )
    )  # fmt: skip
    lifted = lift_hold(act, card.engine, source=source_of(domain, metric)) if card.engine else False
    act.changed(
        policies.key_of(domain, metric), before={"state": "tripped", "version": state.version},
        after={"state": "armed", "version": state.version + 1, "hold_lifted": lifted},
    )  # fmt: skip
    _close_alert(act, state, card, events, successes, reason)
    stands = rules.state_of(policies.policy_of(row), memory, is_tripped=False, is_warned=False)
    others = tuple(hold.source for hold in in_force(act, [card.engine])) if card.engine else ()
    return TripwireReleased(
        domain=domain, metric=metric, action=card.action, engine=card.engine, lifted=lifted, others=others,
        kill_switch_engaged=act.prime.kill_switch_engaged, since_events=events, since_successes=successes,
        usual=card.usual, state=stands.value, released_at=act.now, released_by=act.actor, approved_by=act.approved_by,
        reason=reason,
    )  # fmt: skip


def _close_alert(act: Act, state: Row[Any], card: TripCard, events: int, successes: float, reason: str) -> None:
    if state.alert_id is None:
        return
    ended = card.model_copy(
        update={
            "since_events": events, "since_successes": successes, "released_at": act.now, "released_by": act.actor,
            "approved_by": act.approved_by, "release_reason": reason,
        }
    )  # fmt: skip
    act.connection.execute(
        update(Alert).where(Alert.id == state.alert_id).values(extra={"card": "tripwire", "detail": ended.to_json()})
    )
    resolve_by_itself(act, state.alert_id, f"Released: {reason}")
