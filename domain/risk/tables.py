"""Caps, what was used of them each day, what is reserved, what was decided, and what stops or limits an engine."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, Cents, RowId

_CURRENT = text("NOT is_closed")
_OPEN = text("state = 'OPEN'")
_IN_FORCE = text("lifted_at IS NULL")
_WAITING = text("ended_at IS NULL")
_ENDED = text("ended_at IS NOT NULL")
DENIED = text("kind = 'DENY'")
"""Said in these very words by whoever counts denials, so that both databases find the index of them."""
BOOKED = "open_risk = opening + reserved - settled - voided - expired"


class RiskPolicy(Base):
    """The caps of one engine, or of all together (`GLOBAL`); None where a cap was said to be `uncapped`."""

    __tablename__ = "risk_policy"

    engine: Mapped[str] = mapped_column(String(32), primary_key=True)
    enabled: Mapped[bool]
    max_daily_loss: Mapped[Cents | None]
    max_daily_exposure: Mapped[Cents | None]
    max_open_risk: Mapped[Cents | None]
    max_actions_per_day: Mapped[int | None]
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    updated_at: Mapped[datetime]


class RiskLedger(Base):
    """One engine's business day. The newest is open and is the row everybody books on; a closed one never changes.

    `open_risk` goes over midnight: it is the next day's `opening`. `exposure`, `loss` and `actions` are of the day.
    """

    __tablename__ = "risk_ledger"
    __table_args__ = (
        Index("uq_risk_ledger_current", "engine", unique=True, postgresql_where=_CURRENT, sqlite_where=_CURRENT),
        CheckConstraint(BOOKED, name="booked"),
        CheckConstraint("open_risk >= 0 AND exposure >= 0 AND loss >= 0 AND actions >= 0", name="not_negative"),
    )

    engine: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    opening: Mapped[Cents]
    reserved: Mapped[Cents] = mapped_column(default=0)
    settled: Mapped[Cents] = mapped_column(default=0)
    """Reserved amounts that were freed by settling; the loss is apart."""
    voided: Mapped[Cents] = mapped_column(default=0)
    expired: Mapped[Cents] = mapped_column(default=0)
    open_risk: Mapped[Cents]
    exposure: Mapped[Cents] = mapped_column(default=0)
    loss: Mapped[Cents] = mapped_column(default=0)
    actions: Mapped[int] = mapped_column(default=0)
    warned: Mapped[int] = mapped_column(default=0)
    """Which warnings went out today: a bit for each, at full speed and at a trial share (`rules.marked`)."""
    is_closed: Mapped[bool] = mapped_column(default=False)


class RiskReservation(Base):
    """Room that somebody took: OPEN until it is SETTLED, VOIDED or EXPIRED."""

    __tablename__ = "risk_reservation"
    __table_args__ = (
        UniqueConstraint("correlation_id"),
        Index("ix_risk_reservation_open", "engine", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_risk_reservation_due", "expires_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    id: Mapped[RowId]
    engine: Mapped[str] = mapped_column(String(32))
    amount: Mapped[Cents]
    state: Mapped[str] = mapped_column(String(8))
    day: Mapped[date]
    """The business day it was booked on."""
    about: Mapped[str | None] = mapped_column(String(128))
    """What it is for, in words: an offer, a deal."""
    correlation_id: Mapped[str | None] = mapped_column(String(64))
    """The caller's own id of what it reserves for: once for each."""
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    expired_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(64))
    closed_at: Mapped[datetime | None]
    realized_loss: Mapped[Cents | None]


class RiskEvent(Base):
    """One decision: RESERVE, DENY, SETTLE, VOID, EXPIRE, HOLD, SHARE, RESUME; append-only."""

    __tablename__ = "risk_event"
    __table_args__ = (
        Index(None, "day", "engine"),
        Index(None, "reservation_id"),
        Index("ix_risk_event_denied", "at", postgresql_where=DENIED, sqlite_where=DENIED),
    )

    id: Mapped[RowId]
    at: Mapped[datetime]
    day: Mapped[date]
    engine: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(8))
    amount: Mapped[Cents | None]
    realized_loss: Mapped[Cents | None]
    reservation_id: Mapped[int | None] = mapped_column(ForeignKey("risk_reservation.id"))
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("risk_hold.id"))
    code: Mapped[str | None] = mapped_column(String(32))
    """Of a denial: the cap or rule that denied."""
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str | None]
    correlation_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any] | None]


class RiskHold(Base):
    """What stops an engine, or limits it to a trial share, until it is lifted: at most one for each engine and source.

    A trial share is in force until `ends_at` at the latest, whether or not anybody has written `lifted_at` since.
    """

    __tablename__ = "risk_hold"
    __table_args__ = (
        Index("uq_risk_hold_in_force", "engine", "source", unique=True, postgresql_where=_IN_FORCE,
              sqlite_where=_IN_FORCE),
    )  # fmt: skip

    id: Mapped[RowId]
    engine: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(128))
    """`tripwire:DOMAIN.metric` or `person:USERID`."""
    reason: Mapped[str]
    followups: Mapped[bool]
    """Whether claims of follow-up steps stop too."""
    share: Mapped[int | None]
    """The percent of its caps the engine acts at meanwhile; None where it is stopped."""
    ends_at: Mapped[datetime | None]
    """When a trial share ends by itself; None where only people lift it."""
    placed_by: Mapped[str] = mapped_column(String(64))
    placed_at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(String(64))
    lifted_at: Mapped[datetime | None]
    correlation_id: Mapped[str] = mapped_column(String(64))


class RiskWatch(Base):
    """Somebody who wants to hear once when an engine has room for an amount."""

    __tablename__ = "risk_watch"
    __table_args__ = (
        Index("uq_risk_watch_waiting", "engine", "user_id", unique=True, postgresql_where=_WAITING,
              sqlite_where=_WAITING),
        Index("ix_risk_watch_ended", "ended_at", postgresql_where=_ENDED, sqlite_where=_ENDED),
    )  # fmt: skip

    id: Mapped[RowId]
    engine: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(64))
    amount: Mapped[Cents]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(16))
    """`told` or `too long`."""
