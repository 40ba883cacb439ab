"""Giving room back: settled with a loss, voided, or ended by time."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row, insert, select, update

from domain.act import Act
from domain.alerts.service import raise_alert
from domain.identity import mention
from domain.money import dollars, from_cents
from domain.outcomes import Button, Kind, Refused, refused
from domain.risk import books
from domain.risk.books import Book
from domain.risk.caps import warn
from domain.risk.results import Closed
from domain.risk.rules import LAYER, said
from domain.risk.tables import RiskEvent, RiskReservation

EXPIRE_BATCH = 200
NAMED = 5


def settle(act: Act, reservation_id: int, loss: int, *, over: bool = False) -> Closed | Refused:
    """Free a reservation's room and book its loss, once; of an expired one only the loss.

    Always booked, whatever the caps and switches say: it happened.

    Args:
        act: The act it is a part of.
        reservation_id: Which.
        loss: What was lost, in whole cents; 0 where nothing was.
        over: Said where more was lost than was reserved.
    """
    locked = _locked(act, reservation_id)
    if isinstance(locked, Refused):
        return locked
    row, both = locked
    if row.state not in {"OPEN", "EXPIRED"}:
        return _closed_already(row, "settled")
    if loss > row.amount and not over:
        return _over(row, loss)
    freed = row.amount if row.state == "OPEN" else 0
    books.change(act, row.engine, settled=freed, open_risk=-freed, loss=loss)
    _close(act, row, "SETTLED", realized_loss=loss)
    event: dict[str, Any] = {"realized_loss": loss, "detail": {"was_expired": True} if not freed else None}
    _remember(act, row, "SETTLE", both[1], **event)
    warn(act, [(book, book.used.with_loss(loss, freed=freed)) for book in both])
    act.changed(
        f"R-{row.id}", before={"state": row.state}, after={"state": "SETTLED", "realized_loss": from_cents(loss)}
    )
    return Closed(
        reservation_id=row.id, engine=row.engine, amount=from_cents(row.amount), state="SETTLED",
        realized_loss=from_cents(loss), freed=from_cents(freed), was_expired=not freed, is_over=loss > row.amount,
    )  # fmt: skip


def void(act: Act, reservation_id: int) -> Closed | Refused:
    """Free a reservation's room without a loss; on the day it was booked its exposure too, never its action."""
    locked = _locked(act, reservation_id)
    if isinstance(locked, Refused):
        return locked
    row, both = locked
    if row.state != "OPEN":
        return _closed_already(row, "voided")
    back = {book.engine: row.amount if row.day == book.day else 0 for book in both}
    for book in both:
        books.change_one(act, book.engine, voided=row.amount, open_risk=-row.amount, exposure=-back[book.engine])
    _close(act, row, "VOIDED")
    _remember(act, row, "VOID", both[1])
    act.changed(f"R-{row.id}", before={"state": "OPEN"}, after={"state": "VOIDED"})
    return Closed(
        reservation_id=row.id, engine=row.engine, amount=from_cents(row.amount), state="VOIDED",
        freed=from_cents(row.amount), exposure_given_back=from_cents(back[row.engine]),
    )  # fmt: skip


def _locked(act: Act, reservation_id: int) -> tuple[Row[Any], tuple[Book, Book]] | Refused:
    """Lock both books and then the reservation, whose engine never changes."""
    engine = act.connection.scalar(select(RiskReservation.engine).where(RiskReservation.id == reservation_id))
    if engine is None:
        return refused(
            Kind.NOT_FOUND, "no_such_reservation", f"There is no reservation R-{reservation_id}. Nothing was booked.",
            layer=LAYER, remedy="`/risk open` lists the open ones.",
        )  # fmt: skip
    locked = books.lock(act, engine)
    assert locked is not None  # what was reserved has books
    row = act.connection.execute(
        select(RiskReservation.__table__).where(RiskReservation.id == reservation_id).with_for_update()
    ).one()
    return row, locked.both


def _closed_already(row: Row[Any], what: str) -> Refused:
    state = row.state.lower()
    by = f" by {mention(row.closed_by)}" if row.closed_by else ""
    at = row.closed_at or row.expired_at
    lost = "" if row.realized_loss is None else f" with a loss of {dollars(from_cents(row.realized_loss))}"
    remedy = "`/risk settle` still books a loss of it." if row.state == "EXPIRED" else "It frees its room once only."
    return refused(
        Kind.CONFLICT, f"already_{state}", f"R-{row.id} is {state} already{by}{lost}: it cannot be {what} again.",
        layer=LAYER, remedy=remedy, state=row.state, at=at.isoformat() if at else None,
        amount=str(from_cents(row.amount)),
    )  # fmt: skip


def _over(row: Row[Any], loss: int) -> Refused:
    params = {"reservation_id": row.id, "realized_loss": str(from_cents(loss)), "over": True}
    return refused(
        Kind.REFUSED, "over_reserved",
        f"R-{row.id} reserved {dollars(from_cents(row.amount))}, and {dollars(from_cents(loss))} is more. "
        "Nothing was booked.",
        layer=LAYER, remedy="Say `over=yes` where it really was lost: it is booked whatever the caps say.",
        buttons=(Button(label="Book it all the same…", operation="risk.settle", params=params, form=True),),
        field="realized_loss", reserved=str(from_cents(row.amount)), realized_loss=str(from_cents(loss)),
    )  # fmt: skip


def _close(act: Act, row: Row[Any], state: str, **values: Any) -> None:
    act.connection.execute(
        update(RiskReservation)
        .where(RiskReservation.id == row.id)
        .values(state=state, closed_by=act.actor, closed_at=act.now, **values)
    )


def _remember(act: Act, row: Row[Any], kind: str, book: Book, **values: Any) -> None:
    act.connection.execute(
        insert(RiskEvent).values(
            at=act.now, day=book.day, engine=row.engine, kind=kind, amount=row.amount, reservation_id=row.id,
            actor=act.actor, reason=act.entry.reason, correlation_id=act.correlation_id, **values,
        )
    )  # fmt: skip


def expire_due(act: Act) -> int:
    """End a batch of the reservations whose time has passed, with an alert; return how many."""
    due = act.connection.execute(
        select(RiskReservation.id, RiskReservation.engine)
        .where(RiskReservation.state == "OPEN", RiskReservation.expires_at <= act.now)
        .order_by(RiskReservation.expires_at, RiskReservation.id)
        .limit(EXPIRE_BATCH)
    ).all()
    ended = 0
    for engine, rows in groupby(sorted(due, key=lambda row: (row.engine, row.id)), key=lambda row: row.engine):
        ended += _expire(act, engine, [row.id for row in rows])
    if ended:
        act.changed("reservations", after={"expired": ended})
    return ended


def _expire(act: Act, engine: str, ids: Sequence[int]) -> int:
    """End those of one engine that are open still, under the locks of its books."""
    locked = books.lock(act, engine)
    assert locked is not None
    rows = act.connection.execute(
        select(RiskReservation.__table__)
        .where(RiskReservation.id.in_(ids), RiskReservation.state == "OPEN")
        .order_by(RiskReservation.id)
        .with_for_update()
    ).all()
    if not rows:
        return 0
    amount = sum(row.amount for row in rows)
    books.change(act, engine, expired=amount, open_risk=-amount)
    act.connection.execute(
        update(RiskReservation)
        .where(RiskReservation.id.in_([row.id for row in rows]))
        .values(state="EXPIRED", expired_at=act.now)
    )
    act.connection.execute(
        insert(RiskEvent),
        [
            {"at": act.now, "day": locked.own.day, "engine": engine, "kind": "EXPIRE", "amount": row.amount,
             "reservation_id": row.id, "actor": act.actor, "correlation_id": act.correlation_id}
            for row in rows
        ],
    )  # fmt: skip
    _alert(act, engine, rows, amount)
    return len(rows)


def _alert(act: Act, engine: str, rows: Sequence[Row[Any]], amount: int) -> None:
    named = ", ".join(
        f"R-{row.id} ({said(row.about) if row.about else mention(row.created_by)}, {dollars(from_cents(row.amount))})"
        for row in rows[:NAMED]
    )
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    count = "A reservation" if len(rows) == 1 else f"{len(rows)} reservations"
    raise_alert(
        act, f"risk:expired:{engine}", f"{count} of {engine} ended unsettled: what came of it?", route="governance",
        facts=(
            ("Which", f"{named}{more}"),
            ("Freed", f"{dollars(from_cents(amount))} of open risk"),
            ("What to do", "`/risk settle ID realized_loss=` still books a loss"),
        ),
    )  # fmt: skip
