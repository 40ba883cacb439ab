"""What a tripwire makes of events: pure functions of its policy, its memory and what arrived (tripwire-detector.md)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_of
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Any, NamedTuple

from domain.regression import detector, volume, window
from domain.regression.detector import Baseline, Better, Followed, Score
from domain.regression.memory import RECENT, Memory

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


HourOf = Callable[[datetime], int]
"""Hours since 1970 on the business's clock."""


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


def absorb(
    policy: Policy, memory: Memory, arrivals: Sequence[Arrival], *, is_tripped: bool, hour_of: HourOf
) -> Absorbed:
    """Take events into the memory, in the order of their time; return what they raise.

    After an alarm, and while it is tripped, events only measure what the rate is now. Events of another kind than the
    policy's are not counted.
    """
    ordered = sorted(arrivals, key=lambda arrival: arrival.at)
    usable = [arrival for arrival in ordered if _is_usable(policy, arrival)]
    found = Absorbed(taken=len(usable))
    if not usable:
        return found
    found.first_at, found.last_at = usable[0].at, usable[-1].at
    if is_tripped:
        _measure(policy, memory, usable)
    elif policy.method is Method.WINDOW:
        _by_window(policy, memory, usable, found)
    elif policy.kind is MetricKind.VOLUME:
        _by_hours(policy, memory, usable, found, hour_of)
    else:
        (_by_rate if policy.kind is MetricKind.RATE else _by_ranks)(policy, memory, usable, found)
    if found.alarm is not None:
        _measure(policy, memory, usable[found.alarm.after :])
    return found


def _is_usable(policy: Policy, arrival: Arrival) -> bool:
    if policy.kind is MetricKind.VOLUME:
        return True
    return (arrival.success if policy.kind is MetricKind.RATE else arrival.value) is not None


def _goods(policy: Policy, memory: Memory, arrivals: Sequence[Arrival]) -> list[int]:
    """Return 1 for each success; of numbers, for each on the good side of the usual middle."""
    if policy.kind is MetricKind.RATE:
        return [arrival.success or 0 for arrival in arrivals]
    if policy.kind is MetricKind.VOLUME or memory.ranks is None:
        return [1] * len(arrivals)
    sign, middle = _sign(policy), memory.ranks.middle
    return [int(sign * (arrival.value or 0.0) > sign * middle) for arrival in arrivals]


def _sign(policy: Policy) -> int:
    return 1 if policy.better is Better.HIGHER else -1


def _measure(policy: Policy, memory: Memory, arrivals: Sequence[Arrival]) -> None:
    goods = _goods(policy, memory, arrivals)
    memory.after.add(len(goods), sum(goods), inf)


# -- rates and ranks -------------------------------------------------------------------------------------

Follow = Callable[[int, float], Followed]


def _limit(policy: Policy, score: Score, *, may_act: bool) -> float:
    """Return the R at which the next thing happens."""
    if not policy.enabled:
        return inf
    if score.r < policy.warn_n:
        return policy.warn_n
    return policy.act_n if may_act and policy.action is not Action.WARN else inf


@dataclass(slots=True)
class _Track:
    """One of a metric's scores on its way through what arrived."""

    score: Score
    cause: Cause
    usual: Callable[[], float]
    began: datetime | None
    warning: Signal | None = None
    alarm: Signal | None = None

    def step(self, policy: Policy, followed: Followed, at: Sequence[Arrival], *, may_act: bool) -> bool:
        """Note where the dip began and what was reached; return whether it is an alarm."""
        if self.score.k == 0:
            self.began = None
        elif followed.began is not None:
            self.began = at[followed.began].at
        if not followed.reached:
            return False
        signal = Signal(
            self.cause, self.score.r, self.usual(), self.score.k, self.score.s, self.began, followed.until,
            at[followed.until - 1].at,
        )  # fmt: skip
        if may_act and policy.action is not Action.WARN and self.score.r >= policy.act_n:
            self.alarm = signal
            return True
        self.warning = signal
        return False


def _by_rate(policy: Policy, memory: Memory, usable: Sequence[Arrival], found: Absorbed) -> None:
    outcomes = _goods(policy, memory, usable)
    main = _Track(memory.score, Cause.DROP, lambda: memory.base.rate, memory.began)
    at = 0
    while at < len(outcomes):
        learning = memory.base.n < policy.act_after
        limit = _limit(policy, memory.score, may_act=not learning)
        if learning:
            followed = detector.learn_rate(
                memory.score, memory.base, outcomes, at, warn_after=policy.warn_after, act_after=policy.act_after,
                limit=limit, drop=policy.drop, better=policy.better,
            )  # fmt: skip
        else:
            followed = detector.follow_rate(memory.score, memory.base, outcomes, at, limit, policy.drop, policy.better)
        at = followed.until
        if main.step(policy, followed, usable, may_act=not learning):
            break
        if learning and memory.base.n >= policy.act_after:
            memory.score.restart()
            main.began = None
            memory.reference = Baseline(memory.base.n, memory.base.s)
    memory.began = main.began
    seen = outcomes[:at]
    memory.recent.add(len(seen), sum(seen), RECENT)
    under = None
    if policy.floor is not None:
        usual = memory.base.rate if memory.base.n >= policy.warn_after else policy.floor
        ratios = detector.floor_ratios(policy.floor, usual, policy.better)
        under = _follow_floor(policy, memory, usable[:at], seen, seen, ratios)
    _settle(found, main, under)


def _follow_floor(
    policy: Policy, memory: Memory, usable: Sequence[Arrival], kinds: Sequence[int], goods: Sequence[int],
    ratios: detector.Ratios,
) -> _Track:  # fmt: skip
    floor = policy.floor if policy.kind is MetricKind.RATE else 0.5
    track = _Track(memory.under, Cause.FLOOR, lambda: floor or 0.0, memory.under_began)
    at = 0
    while at < len(kinds):
        limit = _limit(policy, memory.under, may_act=True)
        followed = detector.follow_fixed(memory.under, kinds, goods, at, limit, ratios)
        at = followed.until
        if track.step(policy, followed, usable, may_act=True):
            break
    memory.under_began = track.began
    return track


def _settle(found: Absorbed, *tracks: _Track | None) -> None:
    """Take the earliest alarm, and the earliest warning where there is none."""
    given = [track for track in tracks if track is not None]
    alarms = [track.alarm for track in given if track.alarm is not None]
    warnings = [track.warning for track in given if track.warning is not None]
    found.alarm = min(alarms, key=lambda signal: signal.after, default=None)
    found.warning = min(warnings, key=lambda signal: signal.after, default=None)


def _by_ranks(policy: Policy, memory: Memory, usable: Sequence[Arrival], found: Absorbed) -> None:
    main = _Track(memory.score, Cause.DROP, lambda: memory.ranks.above if memory.ranks else 0.5, memory.began)
    at = 0
    while at < len(usable):
        until = len(usable)
        if not memory.is_frozen:
            had_ranks = memory.ranks is not None
            until = _learn_values(policy, memory, usable, at)
            if not had_ranks:  # these made the ranks, or are too few for any
                at = until
                _freeze_at(policy, memory, main)
                continue
        assert memory.ranks is not None
        part = usable[:until]
        ranks = memory.ranks
        kinds = [detector.rank(ranks.edges, arrival.value or 0.0) for arrival in part]
        goods = _goods(policy, memory, part)
        may_act = memory.is_frozen
        while at < until:
            limit = _limit(policy, memory.score, may_act=may_act)
            followed = detector.follow_fixed(memory.score, kinds, goods, at, limit, ranks.ratios)
            if main.step(policy, followed, usable, may_act=may_act):
                until = followed.until
            at = followed.until
        if main.alarm is not None:
            break
        _freeze_at(policy, memory, main)
    memory.began = main.began
    seen = usable[:at]
    goods = _goods(policy, memory, seen)
    memory.recent.add(len(seen), sum(goods), RECENT)
    under = None
    if policy.floor is not None:
        sign = _sign(policy)
        over = [int(sign * (arrival.value or 0.0) >= sign * policy.floor) for arrival in seen]
        under = _follow_floor(policy, memory, seen, over, over, detector.rate_ratios(0.5, policy.drop))
    _settle(found, main, under)


def _learn_values(policy: Policy, memory: Memory, usable: Sequence[Arrival], at: int) -> int:
    """Put values into the sample up to the next count at which it is frozen; return the index after them."""
    kept = len(memory.sample)
    goal = policy.warn_after if kept < policy.warn_after else policy.act_after
    until = min(len(usable), at + max(goal - kept, 0))
    memory.sample += [arrival.value or 0.0 for arrival in usable[at:until]]
    memory.base.n = len(memory.sample)
    if memory.ranks is None and len(memory.sample) >= policy.warn_after:
        memory.ranks = detector.freeze(memory.sample, policy.drop, policy.better)
    return until


def _freeze_at(policy: Policy, memory: Memory, main: _Track) -> None:
    """Freeze the baseline for good once it has `act_after` values; the score starts at zero then."""
    if memory.is_frozen or len(memory.sample) < policy.act_after:
        return
    memory.ranks = detector.freeze(memory.sample, policy.drop, policy.better)
    memory.is_frozen = True
    memory.sample = []
    memory.score.restart()
    main.began = None


# -- volume ----------------------------------------------------------------------------------------------


def _by_hours(policy: Policy, memory: Memory, usable: Sequence[Arrival], found: Absorbed, hour_of: HourOf) -> None:
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


# -- the fixed window ------------------------------------------------------------------------------------


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


# -- slow slides -----------------------------------------------------------------------------------------


def slide(policy: Policy, memory: Memory) -> Signal | None:
    """Compare the recent rate with the one frozen at the last release: once a day, for slides the score follows.

    It is one where the recent rate is worse by `max_drop_fraction` and that is rarer than once in `act_n` looks.
    """
    reference, recent = memory.reference, memory.recent
    is_watched = policy.enabled and policy.kind is MetricKind.RATE and policy.method is Method.SR
    if not is_watched or reference is None or recent.n < min(policy.act_after, RECENT / 2):
        return None
    bound = detector.worsened(reference.rate, policy.max_drop_fraction, policy.better)
    is_worse = recent.rate <= bound if policy.better is Better.HIGHER else recent.rate >= bound
    score = detector.slide_score(reference, recent, policy.better)
    if not is_worse or score < detector.standard_errors_for(policy.act_n):
        return None
    return Signal(Cause.SLIDE, None, reference.rate, int(recent.n), recent.s, None, 0)


def is_warning_over(policy: Policy, memory: Memory) -> bool:
    """Whether neither score is near its warning any more."""
    return max(memory.score.r, memory.under.r) < policy.warn_n / OVER


# -- the trial after a release ---------------------------------------------------------------------------

MEASURES_NOTHING: Mapping[str, Any] = {"needs": None, "least": None, "events": 0, "successes": 0.0, "shown": 0}
"""Of a trial whose metric means another thing since: its time alone ends it."""
SHOWN_EACH = 10
"""A trial's card is edited at every tenth of the events that it shows, at each one to begin with."""


def least(policy: Policy, cause: str, usual: float) -> float | None:
    """Return the rate that events since a release must be better than to show no drop; None where they cannot show it.

    Of a drop the level that the policy calls one; of a floor the floor itself. A volume has no rate, and neither has a
    number without ranks.
    """
    if policy.kind is MetricKind.VOLUME or (policy.kind is MetricKind.MEAN and cause != Cause.DROP):
        return None
    return usual if cause == Cause.FLOOR else detector.worsened(usual, policy.max_drop_fraction, policy.better)


def measured(
    policy: Policy, memory: Memory, arrivals: Sequence[Arrival], since: datetime
) -> tuple[int, float]:  # fmt: skip
    """Count the events that happened since a release, and the good ones of them."""
    usable = [arrival for arrival in arrivals if arrival.at >= since and _is_usable(policy, arrival)]
    return len(usable), float(sum(_goods(policy, memory, usable)))


def has_shown_enough(better: Better, needs: int | None, least: float | None, events: int, successes: float) -> bool:
    """Whether a trial has measured enough, and its rate is better than the one that would be a drop."""
    if needs is None or least is None or events < max(needs, 1):
        return False
    rate = successes / events
    return rate > least if better is Better.HIGHER else rate < least


def is_worth_showing(shown: int, events: int) -> bool:
    """Whether a trial's card is so far behind that it is edited: every event at first, then every tenth part."""
    return events - shown >= max(1, shown // SHOWN_EACH)


# -- policies --------------------------------------------------------------------------------------------

_WEIGHT = {Action.WARN: 0, Action.THROTTLE: 1, Action.KILL_SWITCH: 2}
_MORE_IS_LOOSER = ("max_drop_fraction", "warn_n", "act_n", "warn_after", "act_after", "min_events_to_enforce")
_ANY_CHANGE = ("method", "kind", "better", "throttles", "window_events", "baseline_events", "reference_rate")
RELEARN = ("method", "kind", "better")
"""What makes everything learned so far say nothing about the metric any more."""


def loosened(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields whose change makes the tripwire watch less closely, or differently.

    `enabled` off, larger drops and thresholds, a weaker action, a lower floor; and whatever changes what is watched.
    """
    found = [name for name in _MORE_IS_LOOSER if after[name] > before[name]]
    found += [name for name in _ANY_CHANGE if after[name] != before[name]]
    if before["enabled"] and not after["enabled"]:
        found.append("enabled")
    if _WEIGHT[Action(after["action"])] < _WEIGHT[Action(before["action"])]:
        found.append("action")
    if _floor_is_looser(before["floor"], after["floor"], Better(after["better"])):
        found.append("floor")
    return tuple(sorted(found))


def _floor_is_looser(before: float | None, after: float | None, better: Better) -> bool:
    if before is None:
        return False
    return after is None or (after < before if better is Better.HIGHER else after > before)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a policy cannot be as it was asked for."""

    field: str
    detail: str
    remedy: str = ""
    figures: Mapping[str, Any] = made_of(default_factory=dict)


def fault(policy: Policy) -> Fault | None:  # noqa: PLR0911 - one return per rule
    """Return the first thing that contradicts itself in a policy."""
    if policy.act_n < policy.warn_n:
        return Fault("act_n", "it would act before it warns", "`act_n` must be at least `warn_n`.",
                     {"warn_n": policy.warn_n, "act_n": policy.act_n})  # fmt: skip
    if policy.act_after < policy.warn_after:
        return Fault("act_after", "it would act before it warns", "`act_after` must be at least `warn_after`.",
                     {"warn_after": policy.warn_after, "act_after": policy.act_after})  # fmt: skip
    if policy.action is Action.THROTTLE and policy.throttles is None:
        return Fault("throttles", "a throttle stops an engine, and none is named", "for example `throttles=WHOLESALE`")
    if policy.reference_rate is not None and policy.kind is not MetricKind.RATE:
        return Fault("reference_rate", "only a rate can be stated", "Leave it out, or set `kind=rate`.")
    if policy.reference_rate is not None and not 0 < policy.reference_rate < 1:
        return Fault("reference_rate", "a rate of 0 or 1 can only be missed", "Give one between 0 and 1.")
    if policy.floor is not None and policy.kind is MetricKind.RATE and not 0 < policy.floor < 1:
        return Fault("floor", "a rate's floor lies between 0 and 1", "for example `floor=0.9`")
    if policy.kind is MetricKind.VOLUME and policy.method is Method.WINDOW:
        return Fault("method", "a volume is counted by the hour, not in a window of events", "Use `method=sr`.")
    if policy.method is Method.WINDOW and policy.min_events_to_enforce > policy.baseline_events:
        return Fault("min_events_to_enforce", "the window is compared with fewer events, so it would never act",
                     "`min_events_to_enforce` is at most `baseline_events`.",
                     {"min_events_to_enforce": policy.min_events_to_enforce,
                      "baseline_events": policy.baseline_events})  # fmt: skip
    return None


# -- where it comes from ---------------------------------------------------------------------------------

LEAST_PART = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One market's or source's events since the dip began."""

    by: str
    name: str
    events: int
    successes: int


def worst_part(parts: Sequence[Part], usual: float, better: Better) -> Part | None:
    """Return the part that explains most of the dip: the one furthest from what was usual, in events."""
    sign = 1 if better is Better.HIGHER else -1

    def missing(part: Part) -> float:
        return sign * (usual * part.events - part.successes)

    worst = max((part for part in parts if part.events >= LEAST_PART), key=missing, default=None)
    return worst if worst is not None and missing(worst) > 0 else None
