"""What the demo's offers have reserved, as data: one deposit an offer, and what became of it."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Deposit:
    """One reservation of WHOLESALE: how long before now, for what, and when it was settled or voided, if at all."""

    made: timedelta
    about: str
    amount: str = "100"
    ended: timedelta | None = None
    """How long before now it came to an end; None: it is open."""
    lost: str | None = None
    """What was lost in the end; None: it was given back."""


LASTS_HOURS = 7 * 24
"""As long as an offer is good for."""
DEPOSITS = (
    Deposit(timedelta(days=5, hours=2), "offer in Kitchener", ended=timedelta(days=3), lost="0"),
    Deposit(timedelta(days=4, hours=3), "offer in Red Deer"),
    Deposit(timedelta(days=3, hours=4), "offer in Hamilton", ended=timedelta(days=1, hours=2), lost="60"),
    Deposit(timedelta(days=2, hours=5), "offer in Moncton", ended=timedelta(days=1)),
    Deposit(timedelta(days=1, hours=6), "offer in Guelph"),
    Deposit(timedelta(days=1, hours=3), "offer in Laval"),
    Deposit(timedelta(hours=2), "offer in Barrie"),
)
"""Four are open, 400 of the 500 that WHOLESALE may have at risk: one more fits, and a second one is refused."""
