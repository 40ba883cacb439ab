"""Telling people, once a day for each cap, that it is nearly or wholly used."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select

from domain.act import Act, Priority
from domain.alerts.service import raise_alert
from domain.money import dollars, from_cents
from domain.risk import books
from domain.risk.books import Book
from domain.risk.holds import hold_line, shares_in_force
from domain.risk.results import CapWarning, HoldLine
from domain.risk.rules import (
    COUNTED,
    DAILY,
    FULL_SPEED,
    GLOBAL,
    REACHED_AT,
    UNITS,
    Caps,
    Due,
    Used,
    marked,
    shared,
    times,
    warnings,
)
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


@dataclass(frozen=True, slots=True)
class _Now:
    """A locked book after a booking, and what of its caps counts at this moment."""

    book: Book
    used: Used
    trial: HoldLine | None
    """The strictest trial share in force on its engine."""

    @property
    def share(self) -> int:
        """The percent of its caps that counts."""
        return FULL_SPEED if self.trial is None or self.trial.share is None else self.trial.share

    @property
    def limits(self) -> Caps:
        """The caps as they count."""
        return shared(self.book.caps, self.share)


def warn(act: Act, after: Sequence[tuple[Book, Used]]) -> None:
    """Say what a booking brought the caps to, where nobody was told today; a reached loss cap is an alert.

    The books are locked, so two bookings cannot both be the one that tells.

    Args:
        act: The act that booked.
        after: The books it booked on, GLOBAL's first, and what is used of each now.
    """
    now = [_Now(book, used, _trial(act, book)) for book, used in after]
    for one in now:
        due = warnings(one.book.caps, one.used, one.book.warned, one.share)
        if due:
            books.mark_warned(act, one.book, marked(one.book.warned, due))
        for warning in due:
            if warning.cap == "max_daily_loss" and warning.percent == REACHED_AT:
                _alert(act, one, warning)
            else:
                _tell(act, one, warning, now)


def _trial(act: Act, book: Book) -> HoldLine | None:
    """Return the trial share that limits a book now: one that did when it was locked may be over by now."""
    if book.share == FULL_SPEED:
        return None
    row = next(iter(shares_in_force(act, book.engine)), None)
    return None if row is None else hold_line(row)


def _binding(one: _Now, due: Due) -> HoldLine | None:
    """Return the trial share that makes a cap smaller than its policy says, where one does."""
    return None if due.share == FULL_SPEED else one.trial


def _thing(one: _Now, due: Due) -> str:
    """Name what a warning is about: an engine's day, or that day at a trial share."""
    trial = "" if due.share == FULL_SPEED else f":share {due.share}"
    return f"{one.book.engine}:{one.book.day.isoformat()}{trial}"


def _alert(act: Act, one: _Now, due: Due) -> None:
    """Raise the alert of a reached loss cap."""
    trial, engine = _binding(one, due), one.book.engine
    whose = "All engines together" if engine == GLOBAL else engine
    said = "the loss cap of the day: nothing more is reserved today"
    lost = f"{in_words(due.cap, one.used.loss)} of {in_words(due.cap, one.limits.max_daily_loss or 0)}"
    lifts = "midnight, or a manager's yes to `/risk raise`"
    if trial is not None and trial.ends_at is not None:
        said = f"its trial share of {trial.share} % of the loss cap of the day: nothing more is reserved meanwhile"
        lost += f", {trial.share} % of {in_words(due.cap, one.book.caps.max_daily_loss or 0)}"
        lifts = f"midnight, full speed ({trial.ends_at.isoformat()} at the latest), or a manager's yes to "
        lifts += f"`/risk resume {engine} hold_id=H-{trial.hold_id} REASON`"
    raise_alert(
        act, f"risk:loss:{_thing(one, due)}", f"{whose} reached {said}", severity="critical", route="governance",
        facts=(
            ("Lost today", lost),
            ("Goes on", "settling, voiding, everything that reserves nothing"),
            ("What lifts it", lifts),
        ),
    )  # fmt: skip


def _tell(act: Act, one: _Now, due: Due, now: Sequence[_Now]) -> None:
    """Post the card of a cap that fills up; the room it tells is what all caps leave as they count now."""
    limit, trial, engine = one.limits.limit(due.cap), _binding(one, due), one.book.engine
    assert limit is not None
    unit = UNITS.get(engine)
    card = CapWarning(
        engine=engine, cap=due.cap, percent=due.percent, used=amount_of(due.cap, one.used.of(due.cap)),
        limit=amount_of(due.cap, limit), day=one.book.day, at=act.now, is_daily=due.cap in DAILY,
        unit=unit.noun if unit else None,
        units=times([(each.limits, each.used) for each in now], unit) if unit else None,
        reservations=_open_reservations(act, engine), trial=trial,
        at_full_speed=None if trial is None else amount_of(due.cap, one.book.caps.limit(due.cap) or 0),
    )  # fmt: skip
    act.post(WARNED, "cap_warning", card, thing=f"cap:{due.cap}:{_thing(one, due)}", priority=Priority.APPROVAL)


def _open_reservations(act: Act, engine: str) -> int:
    query = select(func.count()).select_from(RiskReservation).where(RiskReservation.state == "OPEN")
    if engine != GLOBAL:
        query = query.where(RiskReservation.engine == engine)
    return act.connection.scalar(query) or 0
