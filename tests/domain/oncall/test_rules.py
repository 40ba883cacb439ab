"""The rule of the rota, tried with any shifts at any time, and against a second, simple way to say it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.oncall import rules
from domain.oncall.rules import HORIZON, STEP, WEEK, Shift, ShiftKind

TORONTO = ZoneInfo("America/Toronto")
START = datetime(2026, 10, 20, 12, tzinfo=UTC)
"""Twelve days before the clocks go back."""
PEOPLE = ("UA", "UB", "UC")
moments = st.integers(0, 60 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@st.composite
def some_shifts(draw: st.DrawFn) -> list[Shift]:
    found = []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        kind = draw(st.sampled_from(list(ShiftKind)))
        every = draw(st.integers(1, 4)) if kind is ShiftKind.WEEKLY else None
        longest = 7 * 24 * 60 * every if every else 10 * 24 * 60
        starts = draw(moments)
        ends = starts + timedelta(minutes=draw(st.integers(1, longest)))
        ended = draw(st.one_of(st.none(), moments))
        found.append(Shift(number, draw(st.sampled_from(PEOPLE)), kind, starts, ends, every, ended))
    return found


def runs(shift: Shift, moment: datetime) -> bool:
    """Say in the simplest way whether a shift runs: look at the clock on the wall of each repetition."""
    if shift.ended_at is not None and moment >= shift.ended_at:
        return False
    if shift.every_weeks is None:
        return shift.starts_at <= moment < shift.ends_at
    wall = [end.astimezone(TORONTO).replace(tzinfo=None) for end in (shift.starts_at, shift.ends_at)]
    for number in range(40):
        start, end = ((end + number * shift.every_weeks * WEEK).replace(tzinfo=TORONTO).astimezone(UTC) for end in wall)
        if start <= moment < end:
            return True
    return False


def simple(shifts: list[Shift], moment: datetime) -> str | None:
    """Say who is on call: the newest running take-over, else the newest single shift, else the newest weekly one."""
    for kind in (ShiftKind.TAKE, ShiftKind.ONCE, ShiftKind.WEEKLY):
        running = [shift for shift in shifts if shift.kind is kind and runs(shift, moment)]
        if running:
            return max(running, key=lambda shift: shift.id).user_id
    return None


@given(some_shifts(), moments)
def test_who_is_on_call_is_what_the_simple_way_says(shifts: list[Shift], moment: datetime) -> None:
    found = rules.on_call(shifts, TORONTO, moment)
    assert (found.user_id if found else None) == simple(shifts, moment)


@given(some_shifts(), moments, st.integers(0, 30 * 24 * 60))
def test_a_duty_lasts_until_it_says_and_no_longer(shifts: list[Shift], moment: datetime, later: int) -> None:
    found = rules.on_call(shifts, TORONTO, moment)
    if found is None:
        return
    assert found.since <= moment < found.until
    at = moment + timedelta(minutes=later)
    if at < found.until:
        assert simple(shifts, at) == found.user_id
    if found.until < moment + HORIZON:
        assert simple(shifts, found.until) != found.user_id


@given(some_shifts(), moments)
def test_the_next_is_the_first_other_person_after(shifts: list[Shift], moment: datetime) -> None:
    now = simple(shifts, moment)
    following = rules.next_duty(shifts, TORONTO, moment)
    line = rules.timeline(shifts, TORONTO, moment, moment + HORIZON)
    assert line[0].until > moment
    assert all(left.until == right.since for left, right in pairwise(line))
    others = [duty for duty in line[1:] if duty.user_id not in (None, now)]
    if now is None:
        others = [duty for duty in line[1:] if duty.user_id]
    assert following == (others[0] if others else None)
    if following:
        assert simple(shifts, following.since) == following.user_id


@given(some_shifts(), moments, st.integers(1, 7 * 24 * 60))
def test_a_take_over_overrides_everything_until_it_is_over(shifts: list[Shift], moment: datetime, minutes: int) -> None:
    """And then the rota goes on as if it had not been."""
    ends = moment + timedelta(minutes=minutes)
    taken = [*shifts, Shift(99, "UTAKER", ShiftKind.TAKE, moment, ends)]
    for at in (moment, moment + timedelta(minutes=minutes) / 2, ends - timedelta(seconds=1)):
        found = rules.on_call(taken, TORONTO, at)
        assert found is not None
        assert found.user_id == "UTAKER"
    after = rules.on_call(taken, TORONTO, ends)
    assert (after.user_id if after else None) == simple(shifts, ends)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(1, 7 * 24), st.integers(1, 8), moments)
def test_a_weekly_shift_keeps_its_hour_when_the_clocks_change(
    hour: int, minute: int, hours: int, every: int, at: datetime
) -> None:
    starts = datetime(2026, 10, 26, hour, minute, tzinfo=TORONTO)
    shift = Shift(
        1, "UA", ShiftKind.WEEKLY, starts.astimezone(UTC), (starts + timedelta(hours=hours)).astimezone(UTC), every
    )
    for start, _end in rules.times(shift, TORONTO, at, at + timedelta(days=200)):
        wall = start.astimezone(TORONTO)
        # 02:30 of the night in which the clocks go forward is no time of day: it is an hour later then.
        skipped = wall.utcoffset() != (wall - timedelta(hours=3)).utcoffset() and hour == 2
        assert (wall.hour, wall.minute) == (hour, minute) or skipped
        assert wall.weekday() == 0


def test_two_weeks_in_turn_meet_without_a_gap_on_the_night_of_the_change() -> None:
    """Alice's week ends on Sunday 1 November at 01:30 of the clock on the wall, which comes twice; Ben's begins."""
    edge = datetime(2026, 11, 1, 1, 30, tzinfo=TORONTO)
    week = timedelta(days=7)
    alice = Shift(1, "UA", ShiftKind.WEEKLY, (edge - week).astimezone(UTC), edge.astimezone(UTC), 2)
    ben = Shift(2, "UB", ShiftKind.WEEKLY, edge.astimezone(UTC), (edge + week).astimezone(UTC), 2)
    line = rules.timeline([alice, ben], TORONTO, START + timedelta(days=5), START + timedelta(days=120))
    assert {duty.user_id for duty in line} == {"UA", "UB"}
    assert [duty.user_id for duty in line] == [("UA", "UB")[place % 2] for place in range(len(line))]
    assert len(line) > 10


@given(
    st.sampled_from([None, *PEOPLE]), st.sampled_from([None, *PEOPLE]), st.lists(st.sampled_from(PEOPLE), unique=True),
    st.sampled_from([None, *PEOPLE]),
)  # fmt: skip
def test_nobody_is_paged_twice_and_the_one_on_call_comes_first(
    now: str | None, following: str | None, others: list[str], first: str | None
) -> None:
    found = rules.order(now, following, others, first=first)
    assert len(found) == len(set(found)) <= 2
    wanted = [user for user in (first, now) if user]
    assert found[: len(dict.fromkeys(wanted))] == list(dict.fromkeys(wanted))
    if not (now or following or others or first):
        assert found == []
    if not now and others and not first:
        assert found[0] == others[0]


def test_the_plan_is_people_channel_owners_five_minutes_apart() -> None:
    steps = rules.plan(["UA", "UB"], ["UO", "UA"], START, "oncall")
    assert [(step.targets, step.due_at - START) for step in steps] == [
        (("user:UA",), timedelta(0)), (("user:UB",), STEP), (("route:oncall",), 2 * STEP), (("user:UO",), 3 * STEP),
    ]  # fmt: skip
    (only,) = rules.plan([], ["UO"], START, "oncall")
    assert (only.targets, only.due_at) == (("route:oncall", "user:UO"), START)
    assert [step.targets for step in rules.plan(["UO"], ["UO"], START, "oncall")] == [("user:UO",), ("route:oncall",)]
