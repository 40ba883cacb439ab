"""Taking room: judged under the locks of both books, booked on both or on neither."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select

from domain.act import Act
from domain.identity import mention
from domain.money import from_cents
from domain.outcomes import Kind, Refused, refused
from domain.risk import books, denials, policies, views
from domain.risk.books import Book, Books
from domain.risk.caps import warn
from domain.risk.holds import in_force, shares_in_force
from domain.risk.results import Reserved
from domain.risk.rules import FULL_SPEED, GLOBAL, LAYER, TTL, UNITS, Full, Unit, engine_name, full, times
from domain.risk.tables import RiskEvent, RiskReservation

ATTEMPTS = 3
ALLOWED = "RISK.reserve_allowed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What room is asked for: cents of an engine, until when, what for, and under which id of the caller's."""

    engine: str
    amount: int
    expires_at: datetime
    about: str | None = None
    correlation_id: str | None = None
    unit: Unit | None = None


def reserve(
    act: Act,
    engine: str,
    amount: int,
    *,
    expires_at: datetime | None = None,
    about: str | None = None,
    correlation_id: str | None = None,
    unit: Unit | None = None,
) -> Reserved | Refused:
    """Take room under GLOBAL's caps and the engine's, or say which cap has none; a denial is a decision too.

    For operations that act: they hold Prime Law's lock, which a pause waits for. Call it as late as the operation can,
    since every other reservation waits for its commit.

    Args:
        act: The act it is a part of.
        engine: Whose room, in any spelling; `GLOBAL` is not an engine to act on.
        amount: Whole cents, over 0.
        expires_at: When it ends by itself; 72 hours from now where not given.
        about: What it is for, as people know it, `O-2029 Kitchener`.
        correlation_id: The caller's own id: the same one reserves once, and is answered with what it reserved.
        unit: What the engine's user counts in; `rules.UNITS` where not given.
    """
    name = _acting_engine(engine, amount)
    if isinstance(name, Refused):
        return name
    asked = Asked(name, amount, expires_at or act.now + TTL, about, correlation_id, unit or UNITS.get(name))
    for _attempt in range(ATTEMPTS):
        locked = books.lock(act, name)
        if locked is None:
            return _deny(act, asked, "no_policy", denials.no_policy(name))
        if correlation_id is not None and (earlier := _earlier(act, correlation_id)) is not None:
            return _again(act, asked, earlier)
        if locked.is_overdue:
            policies.go_back(act, name)
            continue
        decided = _decide(act, asked, locked)
        if decided is not None:
            return decided
    return refused(
        Kind.CONFLICT, "busy", f"{name}'s caps change all the time; nothing was reserved.", layer=LAYER,
        remedy="Try again.",
    )  # fmt: skip


def _acting_engine(engine: str, amount: int) -> str | Refused:
    """Return the name of an engine that acts, or what is wrong with what was asked."""
    try:
        name = engine_name(engine)
    except ValueError as error:
        return refused(
            Kind.INVALID, "bad_value", f"`engine` {error}.", layer="input", field="engine", remedy="`/risk` lists them."
        )
    if name == GLOBAL:
        return refused(
            Kind.INVALID, "global_is_no_engine", "GLOBAL is the caps over all engines, not an engine that acts.",
            layer="input", field="engine", remedy="Name the engine that acts; `/risk` lists them.",
        )  # fmt: skip
    if amount <= 0:
        return refused(
            Kind.INVALID, "bad_value", f"`amount` {from_cents(amount)} is not over 0. Nothing was reserved.",
            layer="input", field="amount", remedy="for example `100`", amount=str(from_cents(amount)),
        )  # fmt: skip
    return name


def _earlier(act: Act, correlation_id: str) -> Row[Any] | None:
    return act.connection.execute(
        select(RiskReservation.__table__).where(RiskReservation.correlation_id == correlation_id)
    ).one_or_none()


def _again(act: Act, asked: Asked, row: Row[Any]) -> Reserved | Refused:
    """Answer a repeated correlation id: with the same reservation, or that it was used for another."""
    act.changed(f"R-{row.id}", after={"again": True, "correlation_id": asked.correlation_id})
    if (row.engine, row.amount, row.created_by) != (asked.engine, asked.amount, act.actor):
        return refused(
            Kind.CONFLICT, "correlation_id_used",
            f"This correlation id reserved {from_cents(row.amount)} of {row.engine} for {mention(row.created_by)} "
            f"before (R-{row.id}). Nothing more was reserved.", layer=LAYER, field="correlation_id",
            remedy="Use an id of your own for each thing you reserve for.", reservation_id=row.id, engine=row.engine,
            amount=str(from_cents(row.amount)),
        )  # fmt: skip
    return Reserved(
        reservation_id=row.id, engine=row.engine, amount=from_cents(row.amount), state=row.state,
        expires_at=row.expires_at, already=True,
    )  # fmt: skip


def _decide(act: Act, asked: Asked, locked: Books) -> Reserved | Refused | None:
    """Judge GLOBAL and then the engine, and book; None where something changed between the two."""
    for book in locked.both:
        if book.version is None:
            return _deny(act, asked, "no_policy", denials.no_policy(book.engine))
        if not book.enabled:
            return _deny(act, asked, "disabled", denials.disabled(book.engine, asked.engine), book)
    if locked.own.holds and (holds := in_force(act, (GLOBAL, asked.engine))):
        return _deny(act, asked, "on_hold", denials.on_hold(asked.engine, holds), locked.own)
    for book in locked.both:
        over = full(book.limits, book.used, asked.amount)
        if over is not None:
            share = next(iter(shares_in_force(act, book.engine)), None) if book.share < FULL_SPEED else None
            if book.share < FULL_SPEED and (share is None or share.share != book.share):
                return None
            denial = denials.of_cap(act, locked, book, over, asked.engine, asked.amount, asked.unit, share)
            return _deny(act, asked, over.cap, denial, book, over)
    return _book(act, asked, locked)


def _deny(
    act: Act, asked: Asked, code: str, denial: Refused, book: Book | None = None, over: Full | None = None
) -> Refused:
    """Write the denial down, as a decision and as an event; the refusal is committed with both."""
    detail = {"engine": book.engine, "limit": over.limit, "used": over.used} if book and over else None
    if detail is not None and book is not None and book.share < FULL_SPEED:
        detail["share"] = book.share
    event_id = act.connection.scalar(
        insert(RiskEvent)
        .values(
            at=act.now, day=book.day if book else views.today(act), engine=asked.engine, kind="DENY",
            amount=asked.amount, code=code, actor=act.actor, correlation_id=act.correlation_id, detail=detail,
        )
        .returning(RiskEvent.id)
    )  # fmt: skip
    act.kpi(ALLOWED, event_id=f"E{event_id}", success=False, source=asked.engine)
    return denial


def _book(act: Act, asked: Asked, locked: Books) -> Reserved | None:
    made = books.book_reservation(
        act, locked,
        {"engine": asked.engine, "amount": asked.amount, "about": asked.about, "own_id": asked.correlation_id,
         "expires_at": asked.expires_at},
    )  # fmt: skip
    if made is None:
        return None
    reservation_id, event_id = made
    after = [(book, book.used.with_reserved(asked.amount)) for book in locked.both]
    warn(act, after)
    act.kpi(ALLOWED, event_id=f"E{event_id}", success=True, source=asked.engine)
    act.changed(
        f"R-{reservation_id}",
        after={"engine": asked.engine, "amount": from_cents(asked.amount), "expires_at": asked.expires_at},
    )
    own, own_used = after[1]
    left = times([(book.limits, used) for book, used in after], asked.unit) if asked.unit else None
    return Reserved(
        reservation_id=reservation_id, engine=asked.engine, amount=from_cents(asked.amount), state="OPEN",
        expires_at=asked.expires_at, caps=views.cap_lines(own.caps, own_used, own.share),
        unit=asked.unit.noun if asked.unit else None, units=left,
    )  # fmt: skip


def lives_for(now: datetime, hours: int | None) -> datetime:
    """Return when a reservation of so many hours ends."""
    return now + (timedelta(hours=hours) if hours is not None else TTL)
