"""The append-only log and the chain that seals it.

Triggers of the first migration keep both append-only, and put every new event into `audit_unsealed`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId
from domain.database.base import BigId

REFUSED = text("outcome = 'refused'")
"""Said in these very words by whoever counts refusals, so that both databases find the index of them."""


class AuditEvent(Base):
    """Who did what to what, when, why and with which outcome; `hash` covers every other column but `id`."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "operation", "id"),
        Index(None, "correlation_id"),
        Index("ix_audit_event_refused", "at", postgresql_where=REFUSED, sqlite_where=REFUSED),
    )

    id: Mapped[RowId]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    claimed_actor: Mapped[str | None] = mapped_column(String(64))
    surface: Mapped[str] = mapped_column(String(16))
    operation: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(128))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None]
    correlation_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    hash: Mapped[str] = mapped_column(String(64))


class AuditChain(Base):
    """One link per event in the order of sealing."""

    __tablename__ = "audit_chain"

    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("audit_event.id"), unique=True)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditUnsealed(Base):
    """Events without a link yet: written with the event, deleted with the link."""

    __tablename__ = "audit_unsealed"

    event_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
