"""What a tripwire makes of what arrives: pure, on memories that go through JSON as they do in their row."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.regression import hours, measuring, rules
from domain.regression.absorbing import absorb
from domain.regression.changing import loosened
from domain.regression.detector import Better
from domain.regression.memory import Memory
from domain.regression.parts import Part, worst_part
from domain.regression.rules import (
    Absorbed,
    Action,
    Arrival,
    Cause,
    Method,
    MetricKind,
    Policy,
    State,
    fresh,
    state_of,
)
from domain.regression.slides import slide

START = datetime(2026, 9, 7, 13, tzinfo=UTC)
GUARD = Policy(enabled=True, action=Action.THROTTLE, throttles="WHOLESALE", max_drop_fraction=0.3)


def hour_of(at: datetime) -> int:
    return int(at.timestamp()) // 3_600


def stored(memory: Memory) -> Memory:
    """As it comes back from its row."""
    return Memory.from_json(json.loads(json.dumps(memory.to_json(), allow_nan=False)))


class Stream:
    """A tripwire fed event by event or batch by batch."""

    def __init__(self, policy: Policy, *, seed: int = 1) -> None:
        self.policy, self.memory = policy, fresh(policy)
        self.rng = random.Random(seed)
        self.at = START
        self.is_tripped = False
        self.warned = 0

    def events(self, count: int, make: Callable[[], Any], step: timedelta = timedelta(minutes=30)) -> list[Arrival]:
        made = []
        for _ in range(count):
            self.at += step
            given = make()
            is_flag = isinstance(given, bool)
            made.append(Arrival(self.at, int(given) if is_flag else None, None if is_flag else given))
        return made

    def feed(self, arrivals: list[Arrival], size: int = 500) -> Absorbed:
        """Feed in batches; stop at the first alarm."""
        found = Absorbed()
        for first in range(0, len(arrivals), size):
            self.memory = stored(self.memory)
            found = absorb(
                self.policy, self.memory, arrivals[first : first + size], is_tripped=self.is_tripped, hour_of=hour_of
            )
            self.warned += found.warning is not None
            if found.alarm is not None:
                self.is_tripped = True
                return found
        return found

    def rate(self, count: int, p: float, size: int = 500) -> Absorbed:
        return self.feed(self.events(count, lambda: self.rng.random() < p), size)

    def values(self, count: int, make: Callable[[random.Random], float]) -> Absorbed:
        return self.feed(self.events(count, lambda: make(self.rng)))


def test_it_learns_then_guards_and_trips_on_a_drop() -> None:
    """The whole way: learning, armed, an alarm with its figures."""
    stream = Stream(GUARD)
    stream.rate(999, 0.41)
    assert rules.learned(GUARD, stream.memory) == 999
    assert not rules.can_act(GUARD, stream.memory)
    stream.rate(201, 0.41)
    assert rules.can_act(GUARD, stream.memory)
    found = stream.rate(600, 0.25)
    assert found.alarm is not None
    assert found.alarm.cause is Cause.DROP
    assert found.alarm.n is not None
    assert found.alarm.n >= 100_000
    assert found.alarm.usual == pytest.approx(0.41, abs=0.04)
    assert found.alarm.successes / found.alarm.events < 0.33
    assert found.alarm.began is not None
    assert stream.memory.after.n == found.taken - found.alarm.after


def test_failure_39_no_event_without_a_number_counts_and_one_of_another_kind_changes_nothing() -> None:
    """A value in a rate's stream, a flag in a number's: not counted."""
    stream = Stream(GUARD)
    stream.rate(300, 0.4)
    before = stream.memory.to_json()
    found = stream.values(5, lambda _rng: 3.0)
    assert found.taken == 0
    assert stream.memory.to_json() == before


def test_failure_40_with_nothing_changed_it_hardly_ever_trips() -> None:
    """24 % false trips per look before; here none in 60 streams of 1,000 events at a rate of 30 %."""
    trips = 0
    for seed in range(60):
        stream = Stream(GUARD, seed=seed)
        stream.rate(2_000, 0.3)
        trips += stream.is_tripped
    assert trips <= 1


def test_failure_35_a_steady_decline_trips() -> None:
    """From .95 to .40 over 10,000 events, so slowly that each dip could pass for none: the daily comparison sees it."""
    policy = replace(GUARD, max_drop_fraction=0.3)
    stream = Stream(policy)
    stream.rate(1_500, 0.95)
    seen: list[Cause] = []
    for part in range(50):
        found = stream.rate(200, 0.95 - 0.55 * part / 50)
        signal = found.alarm or slide(policy, stream.memory)
        if signal is not None:
            seen.append(signal.cause)
            break
    assert seen


def test_a_slide_too_slow_for_the_score_is_seen_against_the_frozen_reference() -> None:
    """The score's own baseline follows a slow slide; the reference of the last release does not."""
    stream = Stream(GUARD)
    stream.rate(1_000, 0.5)
    assert stream.memory.reference is not None
    stream.memory.recent.n, stream.memory.recent.s = 2_000, 2_000 * 0.33
    signal = slide(GUARD, stored(stream.memory))
    assert signal is not None
    assert signal.cause is Cause.SLIDE
    stream.memory.restart(0, slid=True)
    assert slide(GUARD, stream.memory) is None
    assert stream.memory.reference.rate == pytest.approx(0.33, abs=0.001)


def test_failure_37_a_metric_that_always_succeeds_cannot_be_below_what_it_measures() -> None:
    """A metric needs failures to be watched: one that falls from always to nine in ten is seen."""
    stream = Stream(GUARD)
    stream.rate(1_200, 1.0)
    assert not stream.is_tripped
    assert stream.rate(400, 0.9).alarm is not None


@pytest.mark.parametrize(("better", "was", "now"), [("higher", -0.10, -0.16), ("lower", 0.20, 0.31)])
def test_failure_38_negative_and_rising_is_bad_numbers_trip(better: str, was: float, now: float) -> None:
    """The policy says which direction is bad; the other one never trips."""
    policy = replace(GUARD, kind=MetricKind.MEAN, better=Better(better))
    stream = Stream(policy)
    stream.values(1_200, lambda rng: rng.gauss(was, 0.08))
    assert not stream.is_tripped
    assert stream.memory.is_frozen
    assert stream.values(800, lambda rng: rng.gauss(now, 0.08)).alarm is not None
    other = Stream(policy)
    other.values(1_200, lambda rng: rng.gauss(was, 0.08))
    assert other.values(800, lambda rng: rng.gauss(2 * was - now, 0.08)).alarm is None


def test_a_rate_that_must_not_rise_trips_on_a_rise_alone() -> None:
    """`better=lower`."""
    policy = replace(GUARD, better=Better.LOWER)
    stream = Stream(policy)
    stream.rate(1_200, 0.2)
    assert stream.rate(600, 0.35).alarm is not None
    other = Stream(policy)
    other.rate(1_200, 0.2)
    assert other.rate(600, 0.1).alarm is None


def test_a_floor_is_kept_from_the_first_event() -> None:
    """“SLA 90 %+”: it needs no baseline; at 95 % it is quiet."""
    policy = replace(GUARD, floor=0.9)
    low = Stream(policy)
    found = low.rate(900, 0.80)
    assert found.alarm is not None
    assert found.alarm.cause is Cause.FLOOR
    assert found.alarm.usual == 0.9
    high = Stream(policy)
    assert high.rate(900, 0.95).alarm is None


def test_a_stated_rate_guards_from_the_first_day() -> None:
    """`reference_rate` counts as `act_after` events."""
    policy = replace(GUARD, reference_rate=0.4)
    stream = Stream(policy)
    assert state_of(policy, stream.memory, is_tripped=False, is_warned=False) is State.ARMED
    assert stream.rate(400, 0.2).alarm is not None


def test_a_warning_comes_before_the_alarm_and_nothing_but_warnings_while_it_learns() -> None:
    """warn_n at 200 events; act only at 1,000."""
    stream = Stream(GUARD)
    stream.rate(400, 0.6)
    found = stream.rate(300, 0.1, size=20)
    assert found.alarm is None
    assert stream.warned >= 1


def test_what_is_off_learns_and_never_warns() -> None:
    """Off means nothing is done, not that nothing is known."""
    policy = replace(GUARD, enabled=False)
    stream = Stream(policy)
    stream.rate(1_200, 0.4)
    stream.rate(800, 0.1)
    assert not stream.is_tripped
    assert stream.warned == 0
    assert rules.can_act(policy, stream.memory)


def test_volume_falls_silent() -> None:
    """Twenty events an hour for five weeks and Thanksgiving, counted by the hour of the week; then nothing at all."""
    policy = replace(GUARD, kind=MetricKind.VOLUME)
    stream = Stream(policy)
    for _hour in range(24 * 7 * 5 + 24):
        count = max(0, round(stream.rng.gauss(20, 4)))
        start = stream.at
        stream.feed([Arrival(start + timedelta(minutes=60 * each / (count + 1)), 1, None) for each in range(count)])
        stream.at = start + timedelta(hours=1)
    assert not stream.is_tripped
    assert rules.can_act(policy, stream.memory)
    quiet = stored(stream.memory)
    found = hours.close_hours(policy, quiet, hour_of(stream.at) + 6, stream.at + timedelta(hours=6))
    assert found.alarm is not None
    assert found.alarm.cause is Cause.VOLUME
    rising = replace(policy, better=Better.LOWER)
    assert hours.close_hours(rising, stored(stream.memory), hour_of(stream.at) + 6, stream.at).alarm is None


def _working_hours(stream: Stream, how_many: int, *, off: frozenset[date] = frozenset()) -> Any:
    """Feed twelve events in each hour of nine to five from Monday to Friday, but for the days off."""
    found = None
    for _hour in range(how_many):
        if stream.at.weekday() < 5 and 9 <= stream.at.hour < 17 and stream.at.date() not in off:
            stream.feed([Arrival(stream.at + timedelta(minutes=each), 1, None) for each in range(12)])
        stream.at += timedelta(hours=1)
        found = hours.close_hours(stream.policy, stream.memory, hour_of(stream.at), stream.at)
        if found.alarm is not None:
            return found.alarm
    return None


def test_a_volume_is_silent_on_a_holiday_and_nobody_is_woken() -> None:
    """Nothing on Christmas and Boxing Day: neither an alarm nor a part of what is usual; nothing on the 29th: one."""
    christmas = frozenset({date(2026, 12, 25), date(2026, 12, 26)})
    stream = Stream(replace(GUARD, kind=MetricKind.VOLUME))
    stream.at = datetime(2026, 11, 23, tzinfo=UTC)
    assert _working_hours(stream, 24 * 39, off=christmas) is None
    assert stream.at.date() == date(2027, 1, 1)
    place = hour_of(datetime(2026, 12, 25, 10, tzinfo=UTC)) % 168
    assert stream.memory.hours is not None
    total, weeks = stream.memory.hours.usual(place)
    assert total == 12 * weeks
    assert _working_hours(stream, 24 * 5, off=frozenset({date(2027, 1, 4), date(2027, 1, 5)})) is not None


def test_what_comes_in_the_rest_of_the_hour_of_a_release_belongs_to_no_hour() -> None:
    """That hour is half dip, half released; the next one begins with its own first event."""
    stream = Stream(replace(GUARD, kind=MetricKind.VOLUME))
    stream.at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    stream.feed([Arrival(stream.at, 1, None)])
    stream.memory.restart(hour_of(stream.at) + 1)
    stream.feed([Arrival(stream.at + timedelta(minutes=30 + each), 1, None) for each in range(7)])
    assert stream.memory.hours is not None
    assert stream.memory.hours.count == 0
    stream.feed([Arrival(stream.at + timedelta(minutes=61 + each), 1, None) for each in range(3)])
    assert stream.memory.hours.count == 3


def test_the_fixed_window_trips_where_it_says_and_forgets_at_a_release() -> None:
    """`method=window`; after a restart the same events are not there any more."""
    policy = replace(GUARD, method=Method.WINDOW, max_drop_fraction=0.2)
    stream = Stream(policy)
    values = [True, False] * 100 + [True, True, False, False, False] * 10
    arrivals = [Arrival(START + timedelta(minutes=n), int(each), None) for n, each in enumerate(values)]
    found = stream.feed(arrivals)
    assert found.alarm is not None
    assert found.alarm.cause is Cause.WINDOW
    stream.memory.restart(0)
    assert stream.memory.window == []


EVENTS = st.lists(
    st.tuples(st.integers(0, 3_000), st.one_of(st.none(), st.integers(0, 1)), st.one_of(st.none(), st.floats(-9, 9))),
    max_size=120,
)  # fmt: skip


@given(EVENTS, st.randoms(), st.sampled_from(list(MetricKind)), st.sampled_from(list(Method)))
def test_the_order_within_a_batch_makes_no_difference(
    raw: list[tuple[int, int | None, float | None]], rng: random.Random, kind: MetricKind, method: Method
) -> None:
    """Events of a batch are taken by the time they happened at."""
    policy = replace(GUARD, kind=kind, method=method, warn_after=20, act_after=50)
    unique = {minute: Arrival(START + timedelta(minutes=minute), success, value) for minute, success, value in raw}
    arrivals = list(unique.values())
    first, second = fresh(policy), fresh(policy)
    absorb(policy, first, arrivals, is_tripped=False, hour_of=hour_of)
    rng.shuffle(arrivals)
    absorb(policy, second, arrivals, is_tripped=False, hour_of=hour_of)
    assert first.to_json() == second.to_json()


@given(EVENTS, st.sampled_from(list(MetricKind)), st.sampled_from(list(Method)))
def test_a_memory_is_of_constant_size_and_comes_back_as_it_was(
    raw: list[tuple[int, int | None, float | None]], kind: MetricKind, method: Method
) -> None:
    """Whatever arrives: it fits into its row, holds no NaN, and reads back the same."""
    policy = replace(GUARD, kind=kind, method=method, warn_after=20, act_after=50)
    memory = fresh(policy)
    for _ in range(12):
        arrivals = [Arrival(START + timedelta(minutes=minute), success, value) for minute, success, value in raw]
        absorb(policy, memory, arrivals, is_tripped=False, hour_of=hour_of)
    assert len(json.dumps(memory.to_json(), allow_nan=False)) < 20_000
    assert stored(memory).to_json() == memory.to_json()
    assert len(memory.sample) <= policy.act_after
    assert len(memory.window) <= policy.window_events + policy.baseline_events


FIGURES: dict[str, Any] = {
    "method": "sr", "kind": "rate", "better": "higher", "max_drop_fraction": 0.2, "warn_n": 10_000, "act_n": 100_000,
    "warn_after": 200, "act_after": 1_000, "reference_rate": None, "floor": 0.9, "action": "THROTTLE",
    "throttles": "WHOLESALE", "enabled": True, "window_events": 50, "baseline_events": 200, "min_events_to_enforce": 50,
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "loosens"),
    [
        ("enabled", False, True), ("max_drop_fraction", 0.3, True), ("max_drop_fraction", 0.15, False),
        ("act_n", 200_000, True), ("act_n", 50_000, False), ("warn_after", 300, True), ("action", "WARN", True),
        ("action", "KILL_SWITCH", False), ("floor", None, True), ("floor", 0.8, True), ("floor", 0.95, False),
        ("reference_rate", 0.4, True), ("throttles", "CAPITAL", True), ("method", "window", True),
        ("better", "lower", True),
    ],
)  # fmt: skip
def test_what_loosens_a_tripwire(field: str, value: Any, *, loosens: bool) -> None:
    """Spec/3: loosening needs approval; a mixed change loosens."""
    after = {**FIGURES, field: value}
    assert (field in loosened(FIGURES, after)) is loosens
    mixed = {**after, "act_n": 50_000} if field != "act_n" else after
    assert bool(loosened(FIGURES, mixed)) is loosens


def test_a_weaker_floor_of_a_rising_is_bad_metric_is_a_higher_one() -> None:
    """The ceiling."""
    ceiling = {**FIGURES, "better": "lower", "floor": 0.1}
    assert loosened(ceiling, {**ceiling, "floor": 0.2}) == ("floor",)
    assert loosened(ceiling, {**ceiling, "floor": 0.05}) == ()


def test_the_part_that_explains_most_of_a_dip() -> None:
    """In events missing, not in percent of a handful."""
    parts = [Part("market", "AB", 74, 9), Part("market", "ON", 116, 39), Part("source", "x", 4, 0)]
    worst = worst_part(parts, 0.41, Better.HIGHER)
    assert worst is not None
    assert worst.name == "AB"
    assert worst_part([Part("market", "ON", 100, 45)], 0.41, Better.HIGHER) is None


# -- the trial after a release ---------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(-500, 500), st.booleans()), max_size=80))
def test_only_what_happened_since_the_release_is_measured(given_events: list[tuple[int, bool]]) -> None:
    """By the time it happened, in whatever order it came."""
    arrivals = [Arrival(START + timedelta(minutes=minute), int(good), None) for minute, good in given_events]
    since = [good for minute, good in given_events if minute >= 0]
    assert measuring.measured(GUARD, Memory(), arrivals, START) == (len(since), float(sum(since)))


@given(
    st.integers(1, 200), st.integers(0, 300), st.floats(0.05, 0.95), st.sampled_from(list(Better)),
    st.floats(0, 1),
)  # fmt: skip
def test_a_trial_is_over_only_with_enough_events_that_show_no_drop(
    needs: int, events: int, usual: float, better: Better, rate: float
) -> None:
    """Never under the number, never on the wrong side of the level that is a drop."""
    policy = replace(GUARD, better=better)
    least = measuring.least(policy, Cause.DROP.value, usual)
    assert least is not None
    good = float(round(rate * events))
    if measuring.has_shown_enough(better, needs, least, events, good):
        assert events >= needs
        assert good / events > usual * 0.7 - 1e-9 if better is Better.HIGHER else good / events < least
    usual_came = measuring.has_shown_enough(better, needs, least, max(events, needs), usual * max(events, needs))
    assert usual_came


def test_what_has_no_rate_ends_by_its_time_alone() -> None:
    """A volume, a number without ranks; of a floor it is the floor itself."""
    volume, mean = replace(GUARD, kind=MetricKind.VOLUME), replace(GUARD, kind=MetricKind.MEAN)
    assert measuring.least(volume, Cause.VOLUME.value, 50) is None
    assert measuring.least(mean, Cause.WINDOW.value, 0.1) is None
    assert measuring.least(mean, Cause.DROP.value, 0.5) == pytest.approx(0.35)
    assert measuring.least(GUARD, Cause.FLOOR.value, 0.9) == 0.9
    assert not measuring.has_shown_enough(Better.HIGHER, None, None, 10_000, 10_000)


@given(st.integers(0, 5_000))
def test_a_card_is_edited_at_once_at_first_and_never_more_than_a_tenth_behind(shown: int) -> None:
    """Few edits however many events: each shows a tenth more than the one before."""
    assert not measuring.is_worth_showing(shown, shown)
    assert measuring.is_worth_showing(shown, shown + max(1, shown // 10))
    assert shown < 20 or not measuring.is_worth_showing(shown, shown + 1)
