"""Taking what arrived into a tripwire's memory, in the order of its time; what that raises (tripwire-detector.md)."""

from collections.abc import Sequence
from math import inf

from domain.regression import window
from domain.regression.hours import HourOf, by_hours
from domain.regression.memory import Memory
from domain.regression.rules import (
    Absorbed,
    Action,
    Arrival,
    Cause,
    Method,
    MetricKind,
    Policy,
    Signal,
    goods_of,
    is_usable,
)
from domain.regression.tracks import by_ranks, by_rate


def absorb(
    policy: Policy, memory: Memory, arrivals: Sequence[Arrival], *, is_tripped: bool, hour_of: HourOf
) -> Absorbed:
    """Take events into the memory, in the order of their time; return what they raise.

    After an alarm, and while it is tripped, events only measure what the rate is now. Events of another kind than the
    policy's are not counted.
    """
    ordered = sorted(arrivals, key=lambda arrival: arrival.at)
    usable = [arrival for arrival in ordered if is_usable(policy, arrival)]
    found = Absorbed(taken=len(usable))
    if not usable:
        return found
    found.first_at, found.last_at = usable[0].at, usable[-1].at
    if is_tripped:
        _measure(policy, memory, usable)
    elif policy.method is Method.WINDOW:
        _by_window(policy, memory, usable, found)
    elif policy.kind is MetricKind.VOLUME:
        by_hours(policy, memory, usable, found, hour_of)
    else:
        (by_rate if policy.kind is MetricKind.RATE else by_ranks)(policy, memory, usable, found)
    if found.alarm is not None:
        _measure(policy, memory, usable[found.alarm.after :])
    return found


def _measure(policy: Policy, memory: Memory, arrivals: Sequence[Arrival]) -> None:
    goods = goods_of(policy, memory, arrivals)
    memory.after.add(len(goods), sum(goods), inf)


def _by_window(policy: Policy, memory: Memory, usable: Sequence[Arrival], found: Absorbed) -> None:
    most = policy.window_events + policy.baseline_events
    for index, arrival in enumerate(usable):
        is_rate = policy.kind is MetricKind.RATE
        memory.window.append(int(arrival.success or 0) if is_rate else float(arrival.value or 0.0))
        del memory.window[:-most]
        compared = window.compare(
            memory.window, policy.window_events, policy.baseline_events, policy.min_events_to_enforce,
            policy.max_drop_fraction, policy.better,
        )  # fmt: skip
        if compared is None or not compared.tripped or not policy.enabled:
            continue
        newest = memory.window[-policy.window_events :]
        began = usable[max(0, index - policy.window_events + 1)].at
        signal = Signal(
            Cause.WINDOW, None, float(compared.before), len(newest), float(sum(newest)), began, index + 1, arrival.at
        )
        if policy.action is Action.WARN:
            found.warning = found.warning or signal
            continue
        found.alarm = signal
        return
