"""Telling people, once a day for each cap, that it is nearly or wholly used."""

from decimal import Decimal

from sqlalchemy import func, select

from domain.act import Act, Priority
from domain.alerts.service import raise_alert
from domain.money import dollars, from_cents
from domain.risk import books
from domain.risk.books import Book
from domain.risk.results import CapWarning
from domain.risk.rules import COUNTED, DAILY, GLOBAL, REACHED_AT, UNITS, Used, marked, times, warnings
from domain.risk.tables import RiskReservation

WARNED = "route:governance"
NAMES = {
    "max_daily_loss": "today's loss", "max_daily_exposure": "today's exposure", "max_open_risk": "open risk",
    "max_actions_per_day": "today's actions",
}  # fmt: skip


def amount_of(cap: str, figure: int) -> Decimal | int:
    """Return a figure of a cap in dollars, or as a count."""
    return figure if cap in COUNTED else from_cents(figure)


def in_words(cap: str, figure: int) -> str:
    """Show a figure of a cap to a reader: dollars, or a count."""
    return f"{figure:,}" if cap in COUNTED else dollars(from_cents(figure))


def warn(act: Act, book: Book, used: Used) -> None:
    """Say what a booking brought a cap to, where nobody was told today; a reached loss cap is an alert.

    The book is locked, so two bookings cannot both be the one that tells.
    """
    due = warnings(book.caps, used, book.warned)
    if not due:
        return
    books.mark_warned(act, book, marked(book.warned, due))
    for cap, percent in due:
        _tell(act, book, used, cap, percent)


def _tell(act: Act, book: Book, used: Used, cap: str, percent: int) -> None:
    limit = book.caps.limit(cap)
    assert limit is not None
    if cap == "max_daily_loss" and percent == REACHED_AT:
        whose = "All engines together" if book.engine == GLOBAL else book.engine
        raise_alert(
            act, f"risk:loss:{book.engine}:{book.day.isoformat()}",
            f"{whose} reached the loss cap of the day: nothing more is reserved today", severity="critical",
            route="governance",
            facts=(
                ("Lost today", f"{in_words(cap, used.loss)} of {in_words(cap, limit)}"),
                ("Goes on", "settling, voiding, everything that reserves nothing"),
                ("What lifts it", "midnight, or a manager's yes to `/risk raise`"),
            ),
        )  # fmt: skip
        return
    unit = UNITS.get(book.engine)
    card = CapWarning(
        engine=book.engine, cap=cap, percent=percent, used=amount_of(cap, used.of(cap)),
        limit=amount_of(cap, limit), day=book.day, at=act.now, is_daily=cap in DAILY,
        unit=unit.noun if unit else None, units=times([(book.caps, used)], unit) if unit else None,
        reservations=_open_reservations(act, book.engine),
    )  # fmt: skip
    act.post(
        WARNED, "cap_warning", card, thing=f"cap:{book.engine}:{cap}:{book.day.isoformat()}", priority=Priority.APPROVAL
    )


def _open_reservations(act: Act, engine: str) -> int:
    query = select(func.count()).select_from(RiskReservation).where(RiskReservation.state == "OPEN")
    if engine != GLOBAL:
        query = query.where(RiskReservation.engine == engine)
    return act.connection.scalar(query) or 0
