"""Requests that wait for a second person, and what an owner did alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId

_OPEN = text("status IN ('pending', 'deciding')")


class Approval(Base):
    """One request; `seal` covers everything that is decided about, and is repeated in the audit."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("uq_approval_open", "operation", "target", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_approval_open_expiry", "expires_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    id: Mapped[RowId]
    operation: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(128))
    params: Mapped[dict[str, Any]]
    requester: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str | None]
    wanted: Mapped[dict[str, Any]]
    bindings: Mapped[dict[str, Any]]
    gates: Mapped[list[Any]]
    decider_role: Mapped[str] = mapped_column(String(16))
    seal: Mapped[str] = mapped_column(String(64))
    correlation_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    outcome_detail: Mapped[str | None]
    replaced_by: Mapped[int | None]


class BreakGlass(Base):
    """An owner acted alone; it stays open until another manager signs it off."""

    __tablename__ = "break_glass"

    id: Mapped[RowId]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    operation: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(128))
    params: Mapped[dict[str, Any]]
    reason: Mapped[str]
    overridden: Mapped[list[Any]]
    approval_id: Mapped[int | None]
    done: Mapped[str]
    signed_off_by: Mapped[str | None] = mapped_column(String(64))
    signed_off_at: Mapped[datetime | None]
    note: Mapped[str | None]
