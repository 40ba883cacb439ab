"""Whose turn it is, in what order people are paged, and when: pure functions of shifts and the time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from domain.outcomes import Kind, Refused, refused

LAYER = "On call"
STEP = timedelta(minutes=5)
"""How long somebody has to acknowledge before the next one is told (spec/2)."""
AGAIN_AFTER = timedelta(minutes=30)
"""How long after the last step everybody is told again: it escalates until somebody acknowledges (spec/2)."""
PEOPLE = 2
"""How many people are paged before the channel: whoever is on call, and the next."""
HORIZON = timedelta(weeks=17)
"""How far ahead the rota is looked at; twice the longest rotation and a week."""
LONGEST_TAKE = timedelta(days=7)
LONGEST_SHIFT = timedelta(days=92)
MOST_WEEKS = 8
WEEK = timedelta(weeks=1)


class ShiftKind(StrEnum):
    """What kind of shift: the later in this list decides against the earlier."""

    WEEKLY = "weekly"
    ONCE = "once"
    TAKE = "take"


_RANK = {kind: place for place, kind in enumerate(ShiftKind)}


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift, as far as the rule is concerned; its ends are aware UTC."""

    id: int
    user_id: str
    kind: ShiftKind
    starts_at: datetime
    ends_at: datetime
    every_weeks: int | None = None
    ended_at: datetime | None = None
    note: str | None = None

    @property
    def rank(self) -> tuple[int, int]:
        """The greater decides where two run at once."""
        return _RANK[self.kind], self.id


@dataclass(frozen=True, slots=True)
class Segment:
    """A time in which the same person is on call, or nobody."""

    user_id: str | None
    since: datetime
    until: datetime
    note: str | None = None


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def times(shift: Shift, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the shift runs between two moments, each time whole; a weekly one by the clock on the wall.

    A time that begins in the hour the clocks skip begins an hour later by the clock, which is the same instant as
    for whoever it follows: so no gap opens between two shifts that meet.
    """
    if shift.every_weeks is None:
        yield from _cut(shift, shift.starts_at, shift.ends_at, since, until)
        return
    period = WEEK * shift.every_weeks
    first, last = _wall(shift.starts_at, zone), _wall(shift.ends_at, zone)
    number = max(0, (since - shift.ends_at) // period - 1)
    while (start := _instant(first + number * period, zone)) < until:
        yield from _cut(shift, start, _instant(last + number * period, zone), since, until)
        number += 1


def _cut(
    shift: Shift, start: datetime, end: datetime, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    end = end if shift.ended_at is None else min(end, shift.ended_at)
    if start < end and start < until and end > since:
        yield start, end


def timeline(shifts: Sequence[Shift], zone: ZoneInfo, since: datetime, until: datetime) -> list[Segment]:
    """Return who is on call between two moments, without a gap; times of nobody are segments too.

    Of several shifts at once the take-over decides, then the single shift, then the weekly one; of one kind the
    newest. The first segment begins where its shift did, be that before `since`.
    """
    spans = [(start, end, shift) for shift in shifts for start, end in times(shift, zone, since, until)]
    edges = {since, until, *(edge for start, end, _shift in spans for edge in (start, end) if since < edge < until)}
    ordered = sorted(edges)
    found: list[Segment] = []
    for left, right in pairwise(ordered):
        running = [span for span in spans if span[0] <= left < span[1]]
        start, _end, shift = max(running, key=lambda span: span[2].rank, default=(left, right, None))
        user_id, note = (shift.user_id, shift.note) if shift else (None, None)
        if found and found[-1].user_id == user_id:
            found[-1] = Segment(user_id, found[-1].since, right, note or found[-1].note)
        else:
            found.append(Segment(user_id, start if not found else left, right, note))
    return found


def on_call(shifts: Sequence[Shift], zone: ZoneInfo, now: datetime) -> Segment | None:
    """Return the duty of whoever is on call at that moment; None where nobody is."""
    first = timeline(shifts, zone, now, now + HORIZON)[0]
    return first if first.user_id else None


def after_takes(shifts: Sequence[Shift], now: datetime) -> datetime:
    """Return when a take-over that is written now is preceded by all that were written before.

    Whoever waited for somebody else's take-over may have begun before it.
    """
    return max([now, *(shift.starts_at for shift in shifts if shift.kind is ShiftKind.TAKE)])


def next_duty(shifts: Sequence[Shift], zone: ZoneInfo, now: datetime) -> Segment | None:
    """Return the first duty after that moment of somebody else than whoever has it then."""
    line = timeline(shifts, zone, now, now + HORIZON)
    return next((duty for duty in line[1:] if duty.user_id and duty.user_id != line[0].user_id), None)


def order(now: str | None, following: str | None, others: Sequence[str], *, first: str | None = None) -> list[str]:
    """Return who is paged, in this order, before the channel: at most two people.

    `first` was named by whoever passed the alert on. Then whoever is on call, then the next on the rota, then the
    others with the role in the order given; where nobody is on call now, the others come before the next one.
    """
    rota = (now, following, *others) if now else (*others, following)
    wanted = [user for user in (first, *rota) if user]
    return list(dict.fromkeys(wanted))[:PEOPLE]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a round: whom, and when."""

    number: int
    targets: tuple[str, ...]
    due_at: datetime


def plan(people: Sequence[str], owners: Sequence[str], now: datetime, route: str) -> list[Step]:
    """Plan a round: each person, then the channel, then every owner who was not among them, five minutes apart.

    Without people the channel and the owners are told at once.
    """
    rest = tuple(f"user:{owner}" for owner in owners if owner not in people)
    channel = f"route:{route}"
    if not people:
        return [Step(1, (channel, *rest), now)]
    groups = [*((f"user:{user}",) for user in people), (channel,), *((rest,) if rest else ())]
    return [Step(number, targets, now + STEP * (number - 1)) for number, targets in enumerate(groups, 1)]


def judge_shift(starts: datetime, ends: datetime, every: timedelta | None, now: datetime) -> Refused | None:
    """Judge what a manager puts into the rota."""
    if ends <= starts:
        return _bad("ends", "ends_before_it_starts", "The shift would end before it starts.", starts=starts, ends=ends)
    if every is not None:
        return _judge_repetition(ends - starts, every)
    if ends <= now:
        return _bad("ends", "over", "The shift would be over already.", ends=ends, now=now)
    if ends - starts > LONGEST_SHIFT:
        return _bad("ends", "too_long", "One shift lasts at most 92 days.", starts=starts, ends=ends)
    return None


def _judge_repetition(length: timedelta, every: timedelta) -> Refused | None:
    if every % WEEK or not WEEK <= every <= WEEK * MOST_WEEKS:
        detail = f"A shift repeats every 1 to {MOST_WEEKS} whole weeks."
        return _bad("every", "not_weeks", detail, days=every / timedelta(days=1))
    if length > every:
        return _bad(
            "ends", "overlaps_itself", "The shift would still run when it comes again.",
            days=length / timedelta(days=1), every_days=every / timedelta(days=1),
        )  # fmt: skip
    return None


def judge_take(length: timedelta) -> Refused | None:
    """Judge for how long somebody takes over."""
    if not timedelta(0) < length <= LONGEST_TAKE:
        detail = "Being on call is taken over for at most 7 days; a manager sets longer shifts."
        return _bad("length", "too_long", detail, hours=length / timedelta(hours=1))
    return None


def _bad(field: str, code: str, detail: str, **figures: datetime | float) -> Refused:
    shown: dict[str, Any] = {
        name: found.isoformat() if isinstance(found, datetime) else found for name, found in figures.items()
    }
    return refused(
        Kind.INVALID, code, detail, layer=LAYER, field=field,
        remedy="`/oncall` shows the rota; for example `/oncall take 4h`.", **shown,
    )  # fmt: skip
