"""A volume's hours: scored as each is over, also where nothing arrived since (tripwire-detector.md)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from domain.regression import detector, volume
from domain.regression.detector import Score
from domain.regression.memory import Memory
from domain.regression.rules import Absorbed, Action, Arrival, Cause, MetricKind, Policy, Signal, can_act

HourOf = Callable[[datetime], int]
"""Hours since 1970 on the business's clock."""


def by_hours(policy: Policy, memory: Memory, usable: Sequence[Arrival], found: Absorbed, hour_of: HourOf) -> None:
    hours = memory.hours = memory.hours or volume.Hours()
    for index, arrival in enumerate(usable):
        hour = hour_of(arrival.at)
        if hours.hour is None:
            hours.hour = hour
        if hour > hours.hour and _close_hours(policy, memory, hour, found, index, arrival.at):
            return
        hours.count += hour >= hours.since


def close_hours(policy: Policy, memory: Memory, now_hour: int, now: datetime) -> Absorbed:
    """Score the hours that are over though nothing arrived since; silence is the gravest drop."""
    found = Absorbed()
    if policy.kind is MetricKind.VOLUME and memory.hours is not None and memory.hours.hour is not None:
        _close_hours(policy, memory, now_hour, found, 0, now)
    return found


def _close_hours(policy: Policy, memory: Memory, until: int, found: Absorbed, index: int, at: datetime) -> bool:
    hours = memory.hours
    assert hours is not None
    theta = volume.factor(policy.drop, policy.better)
    for hour, count in volume.closed_hours(hours, until):
        place = hour % volume.HOURS
        was_able = can_act(policy, memory)
        for score, cause, scored in (
            (memory.score, Cause.VOLUME, volume.take_hour(memory.score, hours, place, count, theta)),
            (memory.under, Cause.FLOOR, _hour_under_floor(policy, memory, place, count, theta)),
        ):
            if scored and was_able and _notes(policy, score, cause, memory, found, index, at):
                return True
        if memory.score.k == 0:
            memory.began = None
        elif memory.began is None:
            memory.began = at
        if not was_able and can_act(policy, memory):
            memory.score.restart()
            hours.dip.clear()
    return False


def _hour_under_floor(policy: Policy, memory: Memory, place: int, count: int, theta: float) -> bool:
    """Score an hour against the floor (events a week), spread over the week as it usually is."""
    hours = memory.hours
    if policy.floor is None or hours is None or not hours.expected_week:
        return False
    total, weeks = hours.usual(place)
    expected = policy.floor * (total / weeks if weeks else 0.0) / hours.expected_week
    step = volume.floor_step(expected, count, theta)
    memory.under.r = min((1 + memory.under.r) * 2.718281828459045 ** min(step, 500.0), detector.LARGEST_SCORE)
    memory.under.k += 1
    memory.under.s += count
    memory.under.c += step
    if memory.under.c <= 0:
        memory.under.c, memory.under.k, memory.under.s = 0.0, 0, 0
    return True


def _notes(
    policy: Policy, score: Score, cause: Cause, memory: Memory, found: Absorbed, index: int, at: datetime
) -> bool:
    if not policy.enabled or score.r < policy.warn_n:
        return False
    usual = memory.hours.expected_week if memory.hours else 0.0
    signal = Signal(cause, score.r, usual, score.k, score.s, memory.began or at, index)
    if score.r >= policy.act_n and policy.action is not Action.WARN:
        found.alarm = signal
        return True
    found.warning = found.warning or signal
    return False
