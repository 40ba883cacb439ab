"""The books of GLOBAL and of one engine: locking them in the one order, opening a new day, and booking on both.

Whoever books holds the lock of both current rows until the commit, GLOBAL's first; PostgreSQL lets them come to it in
the order of their arrival. A row that was current when the statement began, and was closed while it waited, is not
returned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select, text, true, update

from domain.act import Act
from domain.database import BOOKS, UtcDateTime, insert_into
from domain.policies.tables import PolicyRevert
from domain.risk.rules import FULL_SPEED, GLOBAL, Caps, Used, day_of, shared
from domain.risk.tables import RiskHold, RiskLedger, RiskPolicy

KIND = "risk"
"""The name under which the history of these policies is kept."""

_HOLDS = (
    select(func.count())
    .select_from(RiskHold)
    .where(RiskHold.lifted_at.is_(None), RiskHold.share.is_(None), RiskHold.engine.in_((GLOBAL, bindparam("engine"))))
    .scalar_subquery()
)
_SHARE = (
    select(func.min(RiskHold.share))
    .where(
        RiskHold.lifted_at.is_(None),
        RiskHold.ends_at > bindparam("now", type_=UtcDateTime()),
        RiskHold.engine == RiskLedger.engine,
    )
    .correlate(RiskLedger)
    .scalar_subquery()
)
"""The strictest trial share of each book's own engine; a share whose time has passed limits nothing."""
_OVERDUE = (
    select(func.count())
    .select_from(PolicyRevert)
    .where(
        PolicyRevert.kind == KIND,
        PolicyRevert.key.in_((GLOBAL, bindparam("engine"))),
        PolicyRevert.until <= bindparam("now", type_=UtcDateTime()),
    )
    .scalar_subquery()
)
"""Caps that were set for a time which is over, and that nothing has set back yet."""
BOOK = (
    RiskLedger.engine, RiskLedger.day, RiskLedger.opening, RiskLedger.open_risk, RiskLedger.exposure, RiskLedger.loss,
    RiskLedger.actions, RiskLedger.warned, RiskPolicy.enabled, RiskPolicy.max_daily_loss,
    RiskPolicy.max_daily_exposure, RiskPolicy.max_open_risk, RiskPolicy.max_actions_per_day, RiskPolicy.version,
    RiskPolicy.changed_by, RiskPolicy.updated_at,
)  # fmt: skip
GLOBAL_FIRST = (case((RiskLedger.engine == GLOBAL, 0), else_=1), RiskLedger.engine)
_TURN = (
    select(func.pg_advisory_xact_lock(BOOKS).label("come")).cte("turn").prefix_with("MATERIALIZED")
)  # fmt: skip
_TAKE_TURN = select(func.pg_advisory_xact_lock(BOOKS))
_READ = (
    select(*BOOK, _HOLDS.label("holds"), _SHARE.label("share"), _OVERDUE.label("overdue"))
    .outerjoin(RiskPolicy, RiskPolicy.engine == RiskLedger.engine)
    .where(~RiskLedger.is_closed, RiskLedger.engine.in_((GLOBAL, bindparam("engine"))))
    .order_by(*GLOBAL_FIRST)
    .with_for_update(of=RiskLedger)
)
_LOCK = {"sqlite": _READ, "postgresql": _READ.join(_TURN, true())}
"""The turn is waited for before the rows are locked, and locked rows are read as they are then."""
_CURRENT = (
    select(RiskLedger.day, RiskLedger.open_risk, RiskLedger.is_closed)
    .where(RiskLedger.engine == bindparam("engine"))
    .order_by(RiskLedger.day.desc())
    .limit(1)
    .with_for_update()
)
BOTH = 2

_BOOK_BOTH = """
UPDATE risk_ledger
SET reserved = reserved + :amount, open_risk = open_risk + :amount, exposure = exposure + :amount, actions = actions + 1
WHERE NOT is_closed AND engine IN ('GLOBAL', :engine)
  AND NOT EXISTS (
    SELECT 1 FROM risk_hold WHERE risk_hold.lifted_at IS NULL AND (
      (risk_hold.engine = 'GLOBAL'
       AND (risk_hold.share IS NULL OR (risk_hold.share < :global_share AND risk_hold.ends_at > :now)))
      OR (risk_hold.engine = :engine
          AND (risk_hold.share IS NULL OR (risk_hold.share < :share AND risk_hold.ends_at > :now)))))
  AND (SELECT count(*) FROM risk_policy WHERE (risk_policy.engine = 'GLOBAL' AND risk_policy.version = :global_version)
       OR (risk_policy.engine = :engine AND risk_policy.version = :version)) = 2
"""
_RESERVATION = "(engine, amount, state, day, about, correlation_id, created_by, created_at, expires_at)"
_RESERVATION_VALUES = ":engine, :amount, 'OPEN', :day, :about, :own_id, :actor, :now, :expires_at"
_EVENT = "(at, day, engine, kind, amount, reservation_id, actor, correlation_id)"
_TIMES = (bindparam("now", type_=UtcDateTime()), bindparam("expires_at", type_=UtcDateTime()))
_DAY = bindparam("day", type_=RiskLedger.day.type)
_ALL_AT_ONCE = text(f"""
WITH booked AS ({_BOOK_BOTH} RETURNING risk_ledger.engine),
made AS (
  INSERT INTO risk_reservation {_RESERVATION}
  SELECT {_RESERVATION_VALUES} WHERE (SELECT count(*) FROM booked) = 2 RETURNING id)
INSERT INTO risk_event {_EVENT}
SELECT :now, :day, :engine, 'RESERVE', :amount, made.id, :actor, :correlation_id FROM made
RETURNING id, reservation_id
""").bindparams(*_TIMES, _DAY)  # noqa: S608 - constants of this module
"""PostgreSQL: both books, the reservation and its event in one statement, so that the lock is held for one trip."""
_FIRST = text(_BOOK_BOTH).bindparams(_TIMES[0])
_SECOND = text(
    f"INSERT INTO risk_reservation {_RESERVATION} VALUES ({_RESERVATION_VALUES}) RETURNING id"  # noqa: S608
).bindparams(*_TIMES, _DAY)
_THIRD = text(
    f"INSERT INTO risk_event {_EVENT} VALUES"  # noqa: S608
    " (:now, :day, :engine, 'RESERVE', :amount, :reservation_id, :actor, :correlation_id) RETURNING id"
).bindparams(_TIMES[0], _DAY)


@dataclass(frozen=True, slots=True)
class Book:
    """One locked book: the day that is open, what is used, and the policy beside it (None where there is none)."""

    engine: str
    day: date
    used: Used
    warned: int
    caps: Caps
    enabled: bool
    version: int | None
    changed_by: str | None
    changed_at: datetime | None
    holds: int
    """How many holds were in force on it or on GLOBAL when the statement began."""
    share: int
    """The percent of its caps that counts: the strictest trial share in force on it then."""

    @property
    def limits(self) -> Caps:
        """The caps as they count now."""
        return shared(self.caps, self.share)


@dataclass(frozen=True, slots=True)
class Books:
    """GLOBAL's book and the engine's, both locked until the transaction ends."""

    all: Book
    own: Book
    is_overdue: bool = False
    """Whether a cap of one of them goes back by itself, and its time was over when the statement began."""

    @property
    def both(self) -> tuple[Book, Book]:
        """In the order in which they are judged."""
        return self.all, self.own


def lock(act: Act, engine: str) -> Books | None:
    """Lock both books of an engine, GLOBAL's first, with today's (or a later) day open on both.

    Returns None for an engine that never had a policy; then there is no book of it.
    """
    today = day_of(act.now, act.settings.zone)
    statement = _LOCK[act.connection.dialect.name]
    while True:
        rows = act.connection.execute(statement, {"engine": engine, "now": act.now}).all()
        if len(rows) == BOTH and rows[1].day >= max(rows[0].day, today):
            return Books(_book(rows[0]), _book(rows[1]), is_overdue=bool(rows[0].overdue))
        if len(rows) < BOTH and not _has_policy(act, engine):
            return None
        if act.connection.dialect.name == "postgresql":  # where no row was there, nobody waited for the turn either
            act.connection.execute(_TAKE_TURN)
        _open_day(act, engine, _open_day(act, GLOBAL, today))  # an engine's day is never ahead of GLOBAL's


def _has_policy(act: Act, engine: str) -> bool:
    return act.connection.scalar(select(RiskPolicy.version).where(RiskPolicy.engine == engine)) is not None


def _book(row: Any) -> Book:
    caps = Caps(row.max_daily_loss, row.max_daily_exposure, row.max_open_risk, row.max_actions_per_day)
    used = Used(row.loss, row.exposure, row.open_risk, row.actions)
    return Book(
        row.engine,
        row.day,
        used,
        row.warned,
        caps,
        bool(row.enabled),
        row.version,
        row.changed_by,
        row.updated_at,
        row.holds,
        FULL_SPEED if row.share is None else row.share,
    )


def _open_day(act: Act, engine: str, today: date) -> date:
    """Make sure that the current row of a book is of today or later, and return its day; open risk goes along."""
    while True:
        row = act.connection.execute(_CURRENT, {"engine": engine}).one_or_none()
        if row is not None and row.is_closed:  # somebody closed it while we waited; the newest is another now
            continue
        if row is not None and row.day >= today:
            return row.day  # type: ignore[no-any-return]
        if row is not None:
            act.connection.execute(
                update(RiskLedger)
                .where(RiskLedger.engine == engine, RiskLedger.day == row.day)
                .values(is_closed=True)
            )  # fmt: skip
        opening = row.open_risk if row is not None else 0
        act.connection.execute(
            insert_into(act.connection, RiskLedger)
            .values(
                engine=engine, day=today, opening=opening, open_risk=opening, reserved=0, settled=0, voided=0,
                expired=0, exposure=0, loss=0, actions=0, warned=0, is_closed=False,
            )
            .on_conflict_do_nothing()
        )  # fmt: skip


def book_reservation(act: Act, books: Books, values: Mapping[str, Any]) -> tuple[int, int] | None:
    """Book on both and write the reservation and its event; return (reservation id, event id).

    None where a hold or a stricter trial share was placed, or a policy changed, since the books were read: then nothing
    was written, and it is to be judged again.
    """
    given = {
        "global_version": books.all.version, "version": books.own.version, "now": act.now, "day": books.own.day,
        "actor": act.actor, "correlation_id": act.correlation_id, "global_share": books.all.share,
        "share": books.own.share, **values,
    }  # fmt: skip
    connection = act.connection
    if connection.dialect.name == "postgresql":
        row = connection.execute(_ALL_AT_ONCE, given).one_or_none()
        return None if row is None else (row.reservation_id, row.id)
    if connection.execute(_FIRST, given).rowcount != BOTH:
        return None
    reservation_id = connection.scalar(_SECOND, given)
    return int(reservation_id), int(connection.scalar(_THIRD, {**given, "reservation_id": reservation_id}))


def change(act: Act, engine: str, **deltas: int) -> None:
    """Add to columns of both locked books at once."""
    act.connection.execute(
        update(RiskLedger)
        .where(~RiskLedger.is_closed, RiskLedger.engine.in_((GLOBAL, engine)))
        .values({name: getattr(RiskLedger, name) + delta for name, delta in deltas.items()})
    )


def change_one(act: Act, engine: str, **deltas: int) -> None:
    """Add to columns of one locked book."""
    act.connection.execute(
        update(RiskLedger)
        .where(~RiskLedger.is_closed, RiskLedger.engine == engine)
        .values({name: getattr(RiskLedger, name) + delta for name, delta in deltas.items()})
    )


def mark_warned(act: Act, book: Book, warned: int) -> None:
    """Remember on a locked book which warnings went out."""
    act.connection.execute(
        update(RiskLedger).where(~RiskLedger.is_closed, RiskLedger.engine == book.engine).values(warned=warned)
    )
