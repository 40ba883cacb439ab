"""The fixed-window rule, for those who want it: exact, no float at the threshold (tripwire-detector.md).

The last `window_events` against the `baseline_events` before them: it trips where the mean is worse by
`max_drop_fraction` of itself, or more. It forgets what it saw, and trips on noise; `sr` is the better method.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from domain.regression.detector import Better

_ANY_SUM = Context(prec=800)
"""More digits than a sum of a window of the largest and the smallest floats has: nothing is rounded."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides as exact means."""

    before: Fraction
    now: Fraction
    tripped: bool


def exact(fraction: float) -> Fraction:
    """Return a threshold as it was written: 0.2 is one fifth."""
    return Fraction(Decimal(str(fraction)))


def drop_of(before: Fraction, now: Fraction, better: Better) -> Fraction | None:
    """Return how much worse `now` is as a fraction of `before`; None where `before` is 0."""
    if before == 0:
        return None
    worse = before - now if better is Better.HIGHER else now - before
    return worse / abs(before)


def compare(
    values: Sequence[float], window: int, baseline: int, least: int, max_drop: float, better: Better
) -> Compared | None:
    """Compare the newest `window` values with up to `baseline` before them; None where there are too few of either."""
    earlier = values[max(0, len(values) - window - baseline) : max(0, len(values) - window)]
    if len(values) < window or len(earlier) < max(least, 1):
        return None
    now = _mean(values[len(values) - window :])
    before = _mean(earlier)
    drop = drop_of(before, now, better)
    return Compared(before, now, drop is not None and drop >= exact(max_drop))


def _mean(values: Sequence[float]) -> Fraction:
    if all(isinstance(value, int) for value in values):
        return Fraction(sum(int(value) for value in values), len(values))
    total = Decimal(0)
    for value in values:
        total = _ANY_SUM.add(total, _written(value))
    return Fraction(total) / len(values)


@lru_cache(maxsize=8_192)
def _written(value: float) -> Decimal:
    """Return a value as it was written: 0.4 is two fifths, not the float nearest to it."""
    return Decimal(repr(value))
