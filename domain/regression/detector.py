"""Shiryaev-Roberts scores of constant state: pure, no window, constant time per event (tripwire-detector.md).

For each event of likelihood ratio L (how much better a drop explains it than no drop)::

    R  = (1 + R) · L          the alarm's score: for a known baseline, events between false alarms are N or more
    C += ln L; k += 1; s += success        the current dip; it is over when C <= 0

A rate's baseline follows the dips that were none (`follow_rate`); a fixed one does not (`follow_fixed`): a floor, or
the ranks of a numeric metric among its baseline. Everything here is exact arithmetic on counts and one float a score.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_BASELINE = 5_000
"""A baseline remembers so many events at most."""
LARGEST_SCORE = 1e250
DROP_BOUNDS = (0.15, 0.5)
DEFAULT_DROP = 0.3
DECILES = 10


class Better(StrEnum):
    """Which direction is good."""

    HIGHER = "higher"
    LOWER = "lower"


Ratios = tuple[float, ...]
"""The likelihood ratio of each kind of event: of a rate, on failure and on success."""


@dataclass(slots=True)
class Score:
    """R, and the current dip: its log-likelihood ratio, its events and its successes."""

    r: float = 0.0
    c: float = 0.0
    k: int = 0
    s: int = 0

    def restart(self) -> None:
        """Forget everything, as after a release."""
        self.r, self.c, self.k, self.s = 0.0, 0.0, 0, 0


@dataclass(slots=True)
class Baseline:
    """What is normal: events and successes, each event worth half as much every time the cap was reached."""

    n: float = 0
    s: float = 0

    @property
    def rate(self) -> float:
        """The rate, never 0 and never 1."""
        return (self.s + 0.5) / (self.n + 1)

    def add(self, events: float, successes: float, most: float = MOST_BASELINE) -> None:
        """Take events in; beyond `most`, half of all of it is forgotten, as often as it takes.

        Of the ways to cap it, this is the one whose run lengths are those of tripwire-detector.md (`make detector`);
        one that fades a little at every event runs about a tenth longer between false alarms at N = 100,000.
        """
        self.n += events
        self.s += successes
        while self.n > most:
            self.n /= 2
            self.s /= 2


@dataclass(frozen=True, slots=True)
class Followed:
    """How far a score went: the index after the last event taken, and where the current dip began in these events."""

    until: int
    reached: bool
    began: int | None
    """None where the dip began before these events."""


def bounded_drop(max_drop_fraction: float | None) -> float:
    """Return the drop that is looked for: the policy's, within the bounds of what can be told from noise."""
    if max_drop_fraction is None:
        return DEFAULT_DROP
    return min(max(max_drop_fraction, DROP_BOUNDS[0]), DROP_BOUNDS[1])


def ratios_between(p: float, changed: float) -> Ratios:
    """Return the likelihood ratios of failure and success for a rate of `changed` against one of `p`."""
    return (1 - changed) / (1 - p), changed / p


def worsened(p: float, drop: float, better: Better) -> float:
    """Return the rate that is looked for: worse than `p` by the fraction `drop` of it."""
    return p * (1 - drop) if better is Better.HIGHER else min(p * (1 + drop), (1 + p) / 2)


def rate_ratios(p: float, drop: float, better: Better = Better.HIGHER) -> Ratios:
    """Return the ratios of a rate's events for a change by the fraction `drop`."""
    return ratios_between(p, worsened(p, drop, better))


def floor_ratios(floor: float, usual: float, better: Better = Better.HIGHER) -> Ratios:
    """Return the ratios for a rate under its floor: the floor is normal, and as far below as `usual` is above, a drop.

    The distance is at least a twentieth of the floor's distance from its end, and at most half of it.
    """
    end = floor if better is Better.HIGHER else 1 - floor
    distance = usual - floor if better is Better.HIGHER else floor - usual
    step = min(max(distance, end / 20), end / 2)
    return ratios_between(floor, floor - step if better is Better.HIGHER else floor + step)


def follow_rate(
    score: Score, baseline: Baseline, outcomes: Sequence[int], start: int, limit: float, drop: float, better: Better
) -> Followed:
    """Take outcomes from `start` on until R reaches `limit`; a dip that is over goes into the baseline."""
    r, c, k, s = score.r, score.c, score.k, score.s
    fail, success = rate_ratios(baseline.rate, drop, better)
    fail_step, success_step = math.log(fail), math.log(success)
    began: int | None = None
    until, reached = len(outcomes), False
    for i in range(start, len(outcomes)):
        if k == 0:
            began = i
        k += 1
        if outcomes[i]:
            r = (1.0 + r) * success
            c += success_step
            s += 1
        else:
            r = (1.0 + r) * fail
            c += fail_step
        if r >= limit:
            until, reached = i + 1, True
            break
        if c <= 0.0:
            baseline.add(k, s)
            fail, success = rate_ratios(baseline.rate, drop, better)
            fail_step, success_step = math.log(fail), math.log(success)
            c, k, s = 0.0, 0, 0
            began = None
    score.r, score.c, score.k, score.s = min(r, LARGEST_SCORE), c, k, s
    return Followed(until, reached, began)


def learn_rate(
    score: Score, baseline: Baseline, outcomes: Sequence[int], start: int, *, warn_after: int, act_after: int,
    limit: float, drop: float, better: Better,
) -> Followed:  # fmt: skip
    """Take outcomes straight into the baseline until it has `act_after`; from `warn_after` on, score beside it.

    At `act_after` the score starts at zero.
    """
    began: int | None = None
    for i in range(start, len(outcomes)):
        if baseline.n >= act_after:
            score.restart()
            return Followed(i, reached=False, began=None)
        x = outcomes[i]
        if baseline.n >= warn_after:
            ratio = rate_ratios(baseline.rate, drop, better)[x]
            if score.k == 0:
                began = i
            score.r = min((1 + score.r) * ratio, LARGEST_SCORE)
            score.c += math.log(ratio)
            score.k += 1
            score.s += x
            if score.c <= 0:
                score.c, score.k, score.s, began = 0.0, 0, 0, None
        baseline.n += 1
        baseline.s += x
        if score.r >= limit:
            return Followed(i + 1, reached=True, began=began)
    if baseline.n >= act_after:
        score.restart()
        began = None
    return Followed(len(outcomes), reached=False, began=began)


def follow_fixed(
    score: Score, kinds: Sequence[int], good: Sequence[int], start: int, limit: float, ratios: Ratios
) -> Followed:
    """Take events of these kinds against a baseline that does not move; `good` says which count as successes."""
    steps = [math.log(ratio) for ratio in ratios]
    began: int | None = None
    for i in range(start, len(kinds)):
        if score.k == 0:
            began = i
        score.r = min((1 + score.r) * ratios[kinds[i]], LARGEST_SCORE)
        score.c += steps[kinds[i]]
        score.k += 1
        score.s += good[i]
        if score.r >= limit:
            return Followed(i + 1, reached=True, began=began)
        if score.c <= 0:
            score.c, score.k, score.s, began = 0.0, 0, 0, None
    return Followed(len(kinds), reached=False, began=began)


@dataclass(frozen=True, slots=True)
class Ranks:
    """A numeric baseline, frozen: edges between its tenths, and how much likelier each is after a drop."""

    edges: tuple[float, ...]
    middle: float
    ratios: Ratios
    above: float
    """The share of the baseline above its middle."""


def freeze(sample: Sequence[float], drop: float, better: Better) -> Ranks:
    """Freeze a baseline of numbers into its tenths; raises `ValueError` on an empty one.

    The drop that is looked for is half a shift of every value by the fraction `drop` of itself, half a turn of the
    odds between the tenths below and above the middle: the first finds it soonest, the second finds it around zero.
    Only ranks are compared, so that no single value, however large, raises an alarm or prevents one.
    """
    if not sample:
        raise ValueError("there is no baseline to freeze")
    sign = 1.0 if better is Better.HIGHER else -1.0
    ordered = sorted(sample)
    count = len(ordered)
    edges = tuple(sorted({ordered[min(count * part // DECILES, count - 1)] for part in range(1, DECILES)}))
    middle = ordered[(count - 1) // 2]
    places = len(edges) + 1
    normal, shifted = [0.5] * places, [0.5] * places
    for value in ordered:
        normal[rank(edges, value)] += 1
        shifted[rank(edges, value - sign * drop * abs(value))] += 1
    total = count + 0.5 * places
    before = [each / total for each in normal]
    tilted = [each * (1 - drop if sign * (place - (places - 1) / 2) > 0 else 1 + drop)
              for place, each in enumerate(before)]  # fmt: skip
    turned = [each / sum(tilted) for each in tilted]
    after = [0.5 * each / total + 0.5 * turn for each, turn in zip(shifted, turned, strict=True)]
    above = sum(sign * value > sign * middle for value in ordered) / count
    return Ranks(edges, middle, tuple(now / was for now, was in zip(after, before, strict=True)), above)


def rank(edges: Sequence[float], value: float) -> int:
    """Return which tenth of the baseline a value falls into, from 0; a value on an edge belongs above it."""
    low, high = 0, len(edges)
    while low < high:
        centre = (low + high) // 2
        if value < edges[centre]:
            high = centre
        else:
            low = centre + 1
    return low


def slide_score(reference: Baseline, recent: Baseline, better: Better) -> float:
    """Return how many standard errors the recent rate is worse than the reference's; 0 where nothing is known."""
    if reference.n < 1 or recent.n < 1:
        return 0.0
    pooled = (reference.s + recent.s + 0.5) / (reference.n + recent.n + 1)
    error = math.sqrt(pooled * (1 - pooled) * (1 / reference.n + 1 / recent.n))
    difference = reference.rate - recent.rate
    return (difference if better is Better.HIGHER else -difference) / error


def standard_errors_for(n: float) -> float:
    """Return how many standard errors are as rare as once in `n` looks (an upper bound of the normal tail)."""
    return math.sqrt(2 * math.log(n))
