"""What the models of the demo have tried before it begins, as data: four weeks, a batch a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

OFFER_MODEL = "offer-2026-11"
WEEKS = 28
"""How many days of trials there are, today among them."""
RECENT = 7


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial; `is_real`: of a recommendation whose outcome is known, and None: nobody knows it yet."""

    domain: str
    confidence: float
    success: bool | None
    model: str | None = None
    is_real: bool = False


WEAK_DAYS = frozenset({9, 13, 18, 24})
"""How many days ago the offers' model was right two times in three only."""
_SURE = cycle((0.92, 0.93, 0.94, 0.93, 0.95, 0.92, 0.93))


def batch(days_ago: int) -> Iterator[Tried]:
    """Return what was tried on one day: WHOLESALE_OFFER is right 12 times in 14 this week, the others try less."""
    if days_ago >= RECENT:
        wrong = days_ago in WEAK_DAYS
        yield from (
            Tried("WHOLESALE_OFFER", next(_SURE), not (wrong and number == 0), OFFER_MODEL) for number in range(3)
        )
        return
    for number in range(14):
        is_real = number >= 12 or (number == 0 and days_ago in {2, 5})  # noqa: PLR2004 - the last two are of real leads
        yield Tried("WHOLESALE_OFFER", next(_SURE), number > 1, OFFER_MODEL, is_real=is_real)
    yield Tried("WHOLESALE_OFFER", 0.94 if days_ago % 2 else 0.88, None, OFFER_MODEL, is_real=True)
    yield from (Tried("BUYER_MATCH", 0.91, number != days_ago) for number in range(2))
    yield Tried("FOLLOWUP_NEXT_ACTION", 0.87, days_ago % 3 != 0)
