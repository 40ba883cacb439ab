"""What a tripwire is and has learned: pure functions of its policy and its memory (tripwire-detector.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.regression import detector, volume
from domain.regression.detector import Baseline, Better
from domain.regression.memory import Memory

LAYER = "Tripwire"
STALE_DAYS = 7
OVER = 10
"""A warning is over when the score has fallen to a tenth of what raised it."""


class Method(StrEnum):
    """How it is detected."""

    SR = "sr"
    WINDOW = "window"


class MetricKind(StrEnum):
    """What is watched: the share of successes, a number, or how much happens."""

    RATE = "rate"
    MEAN = "mean"
    VOLUME = "volume"


class Action(StrEnum):
    """What a trip does."""

    THROTTLE = "THROTTLE"
    KILL_SWITCH = "KILL_SWITCH"
    WARN = "WARN"


class State(StrEnum):
    """How a tripwire stands."""

    OFF = "off"
    LEARNING = "learning"
    ARMED = "armed"
    WARNED = "warned"
    TRIPPED = "tripped"


class Cause(StrEnum):
    """What was seen."""

    DROP = "drop"
    FLOOR = "floor"
    SLIDE = "slide"
    WINDOW = "window"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Policy:
    """One tripwire's figures; each name is the policy's field (spec/2)."""

    method: Method = Method.SR
    kind: MetricKind = MetricKind.RATE
    better: Better = Better.HIGHER
    max_drop_fraction: float = detector.DEFAULT_DROP
    warn_n: int = 10_000
    act_n: int = 100_000
    warn_after: int = 200
    act_after: int = 1_000
    reference_rate: float | None = None
    floor: float | None = None
    action: Action = Action.WARN
    throttles: str | None = None
    enabled: bool = False
    window_events: int = 50
    baseline_events: int = 200
    min_events_to_enforce: int = 50

    @property
    def drop(self) -> float:
        """The drop the score looks for."""
        return detector.bounded_drop(self.max_drop_fraction)


class Arrival(NamedTuple):
    """One event as the detector sees it."""

    at: datetime
    success: int | None
    value: float | None


class Signal(NamedTuple):
    """A warning or an alarm, with the figures it was raised on."""

    cause: Cause
    n: float | None
    """About how many events (hours, of a volume) pass between two such signals where nothing changed."""
    usual: float
    events: int
    successes: float
    began: datetime | None
    after: int
    """After how many of the events that arrived."""
    until: datetime | None = None
    """When the last of its events was."""


@dataclass(slots=True)
class Absorbed:
    """What an evaluation found."""

    taken: int = 0
    warning: Signal | None = None
    alarm: Signal | None = None
    last_at: datetime | None = None
    first_at: datetime | None = None


def fresh(policy: Policy) -> Memory:
    """Return what a tripwire knows before its first event: nothing, or the rate it was told."""
    memory = Memory()
    if policy.kind is MetricKind.VOLUME:
        memory.hours = volume.Hours()
    if policy.reference_rate is not None and policy.kind is MetricKind.RATE:
        told(policy, memory)
    return memory


def told(policy: Policy, memory: Memory) -> None:
    """Let a stated rate count as `act_after` events."""
    rate = policy.reference_rate or 0.0
    memory.base = Baseline(policy.act_after, rate * policy.act_after)
    memory.reference = Baseline(policy.act_after, rate * policy.act_after)
    memory.score.restart()
    memory.began = None


def needs(policy: Policy) -> int:
    """Return how much must be learned before it can act: events, or hours of a volume."""
    if policy.method is Method.WINDOW:
        return policy.window_events + max(policy.min_events_to_enforce, 1)
    return volume.HOURS * volume.LEAST_WEEKS if policy.kind is MetricKind.VOLUME else policy.act_after


def learned(policy: Policy, memory: Memory) -> int:
    """Return how much of that is there."""
    if policy.method is Method.WINDOW:
        return min(len(memory.window), needs(policy))
    if policy.kind is MetricKind.VOLUME:
        return int(sum(min(weeks, volume.LEAST_WEEKS) for weeks in memory.hours.weeks)) if memory.hours else 0
    if policy.kind is MetricKind.MEAN and memory.is_frozen:
        return policy.act_after
    return min(int(memory.base.n), policy.act_after)


def can_act(policy: Policy, memory: Memory) -> bool:
    """Whether it has learned enough to act."""
    return learned(policy, memory) >= needs(policy)


def state_of(policy: Policy, memory: Memory, *, is_tripped: bool, is_warned: bool) -> State:
    """Return how it stands; what is tripped stays so even where it was switched off since."""
    if is_tripped:
        return State.TRIPPED
    if not policy.enabled:
        return State.OFF
    if is_warned:
        return State.WARNED
    return State.ARMED if can_act(policy, memory) else State.LEARNING


def is_warning_over(policy: Policy, memory: Memory) -> bool:
    """Whether neither score is near its warning any more."""
    return max(memory.score.r, memory.under.r) < policy.warn_n / OVER


def is_usable(policy: Policy, arrival: Arrival) -> bool:
    if policy.kind is MetricKind.VOLUME:
        return True
    return (arrival.success if policy.kind is MetricKind.RATE else arrival.value) is not None


def goods_of(policy: Policy, memory: Memory, arrivals: Sequence[Arrival]) -> list[int]:
    """Return 1 for each success; of numbers, for each on the good side of the usual middle."""
    if policy.kind is MetricKind.RATE:
        return [arrival.success or 0 for arrival in arrivals]
    if policy.kind is MetricKind.VOLUME or memory.ranks is None:
        return [1] * len(arrivals)
    sign, middle = sign_of(policy), memory.ranks.middle
    return [int(sign * (arrival.value or 0.0) > sign * middle) for arrival in arrivals]


def sign_of(policy: Policy) -> int:
    return 1 if policy.better is Better.HIGHER else -1
