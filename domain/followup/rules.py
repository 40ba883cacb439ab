"""The ladder as pure functions: its steps, its promise, and what each outcome does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.leads.rules import Channel, Reach
from domain.prime_law.rules import Stop, was_stopped

LAYER = "Follow-up"
LATE_AFTER = timedelta(minutes=30)
"""How long a step may be open before it is late."""
PROMISE = timedelta(hours=2)
"""How long a step may be open before its promise is broken."""
LEASE = timedelta(minutes=20)
"""How long a claim keeps others away."""
TARGET = 0.90
"""The share of steps that are to be done within the promise."""
FARTHEST_CALLBACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Plan:
    """One step of the ladder as it is laid out."""

    step: int
    channel: Channel
    after: timedelta


STEPS = (
    Plan(1, Channel.SMS, timedelta(0)),
    Plan(2, Channel.CALL, timedelta(minutes=30)),
    Plan(3, Channel.SMS, timedelta(hours=3)),
    Plan(4, Channel.CALL, timedelta(days=1)),
    Plan(5, Channel.SMS, timedelta(days=3)),
    Plan(6, Channel.CALL, timedelta(days=7)),
)


class Lateness(StrEnum):
    """How an open step stands against its promise."""

    ON_TIME = "on_time"
    LATE = "late"
    BROKEN = "broken"


def lateness(sla_from: datetime, now: datetime) -> Lateness:
    """Return how a step that is open now stands: late past 30 minutes, broken past 2 hours."""
    if now > sla_from + PROMISE:
        return Lateness.BROKEN
    return Lateness.LATE if now > sla_from + LATE_AFTER else Lateness.ON_TIME


def sla_verdict(sla_from: datetime, at: datetime, stops: Sequence[Stop]) -> bool | None:
    """Judge a step done (or found still open) `at` that time: kept, broken, or None where it is not to be judged.

    A step that Prime Law held back at any moment of its two hours is not judged, neither for nor against anybody.
    """
    end = min(at, sla_from + PROMISE)
    if was_stopped(stops, sla_from, max(end, sla_from + timedelta(microseconds=1))):
        return None
    return at <= sla_from + PROMISE


class FollowupOutcome(StrEnum):
    """What came of a step, in the words a caller uses."""

    INTERESTED = "interested"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    NOT_INTERESTED = "not_interested"
    SOLD = "sold"
    WRONG_NUMBER = "wrong_number"
    ASKED_TO_STOP = "asked_to_stop"


@dataclass(frozen=True, slots=True)
class Effect:
    """What an outcome does beyond being recorded."""

    stage: str
    ends_ladder: bool = False
    suppresses: bool = False
    retires_number: bool = False
    hands_over: bool = False
    needs_time: bool = False


EFFECTS: Mapping[FollowupOutcome, Effect] = {
    FollowupOutcome.INTERESTED: Effect("interested", ends_ladder=True, hands_over=True),
    FollowupOutcome.NO_ANSWER: Effect("working"),
    FollowupOutcome.VOICEMAIL: Effect("working"),
    FollowupOutcome.CALLBACK: Effect("working", needs_time=True),
    FollowupOutcome.NOT_INTERESTED: Effect("dead", ends_ladder=True),
    FollowupOutcome.SOLD: Effect("dead", ends_ladder=True),
    FollowupOutcome.WRONG_NUMBER: Effect("working", retires_number=True),
    FollowupOutcome.ASKED_TO_STOP: Effect("dead", ends_ladder=True, suppresses=True),
}


def ends_ladder(outcome: FollowupOutcome, *, has_another_number: bool) -> bool:
    """Whether nothing more is to be done after this outcome; a wrong number ends it where there is no other one."""
    effect = EFFECTS[outcome]
    return effect.ends_ladder or (effect.retires_number and not has_another_number)


@dataclass(frozen=True, slots=True)
class OpenStep:
    """An open step, as far as a callback may move it."""

    task_id: int
    step: int
    due_at: datetime
    is_held: bool = False
    """Whether somebody has claimed it and is at work."""


def callback_step(steps: Sequence[OpenStep]) -> OpenStep | None:
    """Return the step that becomes the call the lead asked for: the next that nobody is at work on."""
    return min((step for step in steps if not step.is_held), key=lambda step: step.step, default=None)


def moved_by_callback(steps: Sequence[OpenStep], at: datetime) -> dict[int, datetime]:
    """Return the new time of every step that a callback moves.

    The next step comes at the time the lead named. The ones after it keep their distance where they would come before
    it: whoever says “call me on Tuesday” is not called on Monday.
    """
    first = callback_step(steps)
    if first is None:
        return {}
    moved = {first.task_id: at}
    delay = at - first.due_at
    if delay > timedelta(0):
        moved |= {step.task_id: step.due_at + delay for step in steps if step.step > first.step and not step.is_held}
    return moved


class Hindrance(StrEnum):
    """Why a step cannot be done now."""

    CLAIMED = "claimed"
    SUPPRESSED = "suppressed"
    NO_NUMBER = "no_number"
    NO_CONSENT = "no_consent"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Hindered:
    """Why a step cannot be done now, in words, and what lifts it."""

    code: Hindrance
    detail: str
    remedy: str = ""


def hindrance(reach: Reach, channel: Channel, now: datetime) -> Hindered | None:
    """Return what in the lead itself stands in the way of a step: suppression, the number, the consent."""
    if reach.is_suppressed:
        return Hindered(
            Hindrance.SUPPRESSED, "asked us to stop: may not be contacted in any way", "Nothing lifts this here."
        )
    if reach.contact(channel) is None:
        wrong = reach.was_wrong
        return Hindered(
            Hindrance.NO_NUMBER,
            "the number was wrong and there is no other one" if wrong else "no number on file",
            "Add a number: `/followup create LEAD PROVINCE phone=…` with the same lead.",
        )
    if channel is not Channel.CALL and reach.consent(channel, now) is None:
        return Hindered(
            Hindrance.NO_CONSENT,
            "no consent on record: cannot be texted",
            "Record the consent (`consent=` and `evidence=`), or call instead and record what came of it"
            " (`/followup done TASK outcome=…`).",
        )
    return None


def is_held(claimed_by: str | None, lease_until: datetime | None, now: datetime) -> bool:
    """Whether somebody's claim keeps others away now."""
    return claimed_by is not None and lease_until is not None and lease_until > now


def minutes(span: timedelta) -> int:
    """Whole minutes, rounded up, for “another 12 min”."""
    return -int(-span.total_seconds() // 60)


def share(part: int, whole: int) -> float | None:
    """A share of 1, None of nothing."""
    return part / whole if whole else None
