"""Where a dip comes from: the market or source that explains most of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.regression.detector import Better

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
