"""Production actions of workers that met Prime Law."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId

_HELD = text("state = 'held'")


class HeldWork(Base):
    """One action: held → run / dropped / expired."""

    __tablename__ = "held_work"
    __table_args__ = (
        UniqueConstraint("actor", "operation", "key"),
        Index("ix_held_work_held", "not_after", postgresql_where=_HELD, sqlite_where=_HELD),
    )

    id: Mapped[RowId]
    operation: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(128))
    params: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(255))
    """The idempotency key the action came with; the same action is held once."""
    correlation_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    held_at: Mapped[datetime]
    not_after: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    detail: Mapped[str | None]
