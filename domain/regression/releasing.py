"""Releasing a tripwire: asked, approved, bound to what was shown; it lifts its own hold and begins clean.

With a share, the engine acts at that part of its caps first (`trials`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from domain.act import Act
from domain.alerts.service import resolve_by_itself
from domain.alerts.tables import Alert
from domain.money import from_cents
from domain.operation import Checked, Wanted
from domain.outcomes import Kind, Refused, refused
from domain.regression import arrivals, evaluating, policies, rules, trials
from domain.regression.memory import Memory
from domain.regression.results import TripCard, TripwireReleased
from domain.regression.rules import LAYER, Action
from domain.regression.tables import RegressionState
from domain.regression.views import no_such, source_of
from domain.regression.words import counted, level, name_of, percent, sooner, subject, unit
from domain.risk import policies as caps
from domain.risk.caps import NAMES, in_words
from domain.risk.holds import in_force
from domain.risk.rules import FULL_SPEED, UNITS, Used, shared, times
from domain.risk.service import lift_hold
from domain.risk.views import caps_now


def _read(act: Act, domain: str, metric: str) -> tuple[Row[Any] | None, Row[Any] | None]:
    row = policies.row_of(act.connection, domain, metric)
    state = act.connection.execute(
        select(RegressionState.__table__).where(RegressionState.domain == domain, RegressionState.metric == metric)
    ).one_or_none()
    return row, state


def _trip(state: Row[Any] | None) -> TripCard | None:
    return TripCard.model_validate(state.trip) if state is not None and state.trip is not None else None


def bindings(act: Act, domain: str, metric: str, share: int | None) -> dict[str, str]:
    """Return what a release is bound to: this trip and this policy; with a share, the caps it was shown of.

    Locked when it is decided.
    """
    row, state = _read(act, domain, metric)
    card = _trip(state)
    bound = {}
    if share is not None and card is not None and card.engine is not None:
        bound[f"caps of {card.engine}"] = caps.binds(act, card.engine)["policy"]
    if act.approved_by is not None:  # after the engine's book, which everybody locks before the rest
        policies.lock_state(act.connection, domain, metric)
        row, state = _read(act, domain, metric)
    return {
        "tripwire": f"state {state.version}" if state is not None else "none",
        "policy": f"v{row.version}" if row is not None else "none",
        **bound,
    }


def gates(act: Act, domain: str, metric: str, share: int | None, until: datetime | None) -> tuple[Checked, ...]:
    """Return whether there is anything to release, and to a share of what."""
    _row, state = _read(act, domain, metric)
    is_tripped = state is not None and state.tripped_at is not None
    detail = "tripped" if is_tripped else _not_tripped(act, domain, metric, state)
    found = (Checked(name="tripwire", ok=is_tripped, waivable=False, detail=detail),)
    wrong = _fault(act, _trip(state), share, until) if is_tripped else None
    return found if wrong is None else (*found, Checked(name=wrong[0], ok=False, waivable=False, detail=wrong[1]))


def _not_tripped(act: Act, domain: str, metric: str, state: Row[Any] | None) -> str:
    trial = trials.of(state)
    if trial is not None and trial.ends_at > act.now:
        resume = f"`/risk resume {trial.engine} hold_id=H-{trial.hold_id} REASON` asks for full speed"
        return f"{domain}.{metric} was released to a trial share of {trial.share} %; {resume}"
    return f"{domain}.{metric} is not tripped, so there is nothing to release"


def _fault(act: Act, card: TripCard | None, share: int | None, until: datetime | None) -> tuple[str, str] | None:
    """Return which of the two makes no sense, and why."""
    if share is None:
        return None if until is None else ("until", "it is the end of a trial share, and no share was said")
    if card is not None and card.engine is None:
        return "share", "this tripwire throttles no engine, so there are no caps to have a share of"
    if until is not None and not act.now < until <= act.now + trials.LONGEST:
        return "until", f"it must be a time to come, within {trials.LONGEST.days} days"
    return None


def wanted(act: Act, domain: str, metric: str, share: int | None, until: datetime | None) -> Wanted:
    """Return the words of a request to release."""
    row, state = _read(act, domain, metric)
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
    at_once = f"{card.engine} may act again at once"
    if share is not None and row is not None:
        back = until.isoformat() if until else f"{trials.WORKING_DAYS} working days after the approval"
        back += sooner(card, *trials.needs(policies.policy_of(row), card))
        facts += [
            ("Trial share", f"{share} %: {_caps(act, card.engine, share)}"), *_room(act, card.engine, share),
            ("Full speed returns", back),
        ]  # fmt: skip
        at_once = f"{card.engine} may act again at a trial share of {share} % of its caps"
    stays = "the kill switch stays engaged: it has a release of its own" if not throttled else (
        "holds of other tripwires and of people stay; an engine that a person disabled stays so"
    )  # fmt: skip
    return Wanted(
        what=f"release {card.engine} from the throttle of {name}" if throttled else f"release the tripwire {name}",
        facts=tuple(facts),
        if_approved=f"{at_once}, and {name} is watched again from zero"
        if throttled
        else f"{name} is watched again from zero",
        does_not_change=stays,
        way_back="it trips again on new events if the drop goes on; `/killswitch engage` stops everything at once",
        done=f"{card.engine} is no longer throttled by {name}" if throttled else f"the tripwire {name} is armed again",
        unchanged=f"{card.engine} stays throttled" if throttled else f"the tripwire {name} stays tripped",
        approve_label=f"Release {card.engine}" if throttled else "Release it",
    )  # fmt: skip


def _caps(act: Act, engine: str | None, share: int) -> str:
    """Say what an engine's caps count at a share."""
    full = caps_now(act).get(engine or "")
    if full is None:
        return "it has no caps"
    small = shared(full, share)
    shown = [
        f"{name} {in_words(cap, limit)} of {in_words(cap, full.limit(cap) or 0)}"
        for cap, name in NAMES.items() if (limit := small.limit(cap)) is not None
    ]  # fmt: skip
    return ", ".join(shown) or "it is uncapped"


def _room(act: Act, engine: str | None, share: int) -> tuple[tuple[str, str], ...]:
    """Say the share in what the engine's user counts in; where it is none, which share lets one through."""
    full, one = caps_now(act).get(engine or ""), UNITS.get(engine or "")
    if full is None or one is None:
        return ()
    most = times([(shared(full, share), Used())], one)
    if most is None:
        return ()
    if most:
        return (("Room at that share", f"{most:,} {one.noun}{'' if most == 1 else 's'}"),)
    needs = next((each for each in range(share, FULL_SPEED + 1) if times([(shared(full, each), Used())], one)), None)
    lets = f"{needs} % lets one through" if needs else "not even the full caps let one through"
    said = f"no {one.noun} at all: one takes {from_cents(one.amount)}. So nothing would be measured; {lets}"
    return (("Room at that share", said),)


def since(card: TripCard, events: int, successes: float) -> str:
    """Say what the rate is, measured on the events after the alarm alone."""
    if not events:
        return "nothing was recorded yet"
    return f"{percent(successes / events)}, {successes:,.0f} of {events:,} {unit(card)}"


def release(
    act: Act, domain: str, metric: str, reason: str, *, share: int | None = None, until: datetime | None = None
) -> TripwireReleased | Refused:
    """Lift its own hold and begin clean: events recorded until now never count again.

    Args:
        act: The act it is a part of.
        domain: The tripwire's domain.
        metric: Its metric.
        reason: Why, in the asker's words.
        share: The percent of its caps the engine acts at first; None: full speed at once.
        until: When full speed returns at the latest; three working days from now where not given.
    """
    row, _ = _read(act, domain, metric)
    if row is None:
        return no_such(domain, metric)
    evaluating.evaluate(act, [(domain, metric)], skip=False)
    state = policies.lock_state(act.connection, domain, metric)
    card = _trip(state)
    if state is None or state.tripped_at is None or card is None:
        return refused(
            Kind.CONFLICT, "not_tripped", f"{_not_tripped(act, domain, metric, state)}.", layer=LAYER,
            remedy="`/tripwire` shows how each stands.",
        )  # fmt: skip
    if (wrong := _fault(act, card, share, until)) is not None:
        return refused(
            Kind.INVALID, "bad_value", f"`{wrong[0]}`: {wrong[1]}. Nothing was released.", layer="input",
            field=wrong[0], remedy="Leave it out, or ask again.",
        )  # fmt: skip
    memory = Memory.from_json(state.memory)
    events, successes = int(memory.after.n), memory.after.s
    # What one evaluation did not take was recorded before the release all the same, so it belongs to the dip.
    arrivals.drop_all(act.connection, domain, metric)
    if (earlier := trials.of(state)) is not None:  # of another engine, from before the policy was changed
        trials.end(act, state, earlier, trials.RELEASED)
    memory.restart(
        evaluating.local_hour(act.now, act.settings) + 1, slid=card.cause == rules.Cause.SLIDE.value
    )  # fmt: skip
    lifted = lift_hold(act, card.engine, source=source_of(domain, metric)) if card.engine else False
    trial = trials.begin(act, policies.policy_of(row), state, card, share, until) if share is not None else None
    act.connection.execute(
        update(RegressionState)
        .where(RegressionState.domain == domain, RegressionState.metric == metric)
        .values(
            memory=memory.to_json(), version=state.version + 1, tripped_at=None, trip=None, alert_id=None,
            released_at=act.now, trial=None if trial is None else trial.to_json(),
        )
    )  # fmt: skip
    at_a_share = {} if trial is None else {"share": trial.share, "until": trial.ends_at.isoformat()}
    act.changed(
        policies.key_of(domain, metric), before={"state": "tripped", "version": state.version},
        after={"state": "armed", "version": state.version + 1, "hold_lifted": lifted, **at_a_share},
    )  # fmt: skip
    _close_alert(act, state, card.model_copy(update={"trial": trial}), events, successes, reason)
    stands = rules.state_of(policies.policy_of(row), memory, is_tripped=False, is_warned=False)
    others = tuple(hold.source for hold in in_force(act, [card.engine])) if card.engine else ()
    return TripwireReleased(
        domain=domain, metric=metric, action=card.action, engine=card.engine, lifted=lifted, others=others,
        kill_switch_engaged=act.prime.kill_switch_engaged, since_events=events, since_successes=successes,
        usual=card.usual, state=stands.value, released_at=act.now, released_by=act.actor, approved_by=act.approved_by,
        reason=reason, trial=trial,
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
