"""What somebody must look at."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId

_OPEN = text("state <> 'resolved'")
_ACKNOWLEDGED = text("state = 'acknowledged'")


class Alert(Base):
    """One condition, from the first sign of it until it is resolved; one message, edited in place."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("uq_alert_open", "dedup_key", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index(
            "ix_alert_acknowledged", "acknowledged_until", postgresql_where=_ACKNOWLEDGED, sqlite_where=_ACKNOWLEDGED
        ),
    )

    id: Mapped[RowId]
    dedup_key: Mapped[str] = mapped_column(String(128))
    severity: Mapped[str] = mapped_column(String(16))
    headline: Mapped[str]
    facts: Mapped[list[Any]]
    route: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    times: Mapped[int]
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    acknowledged_by: Mapped[str | None] = mapped_column(String(64))
    acknowledged_at: Mapped[datetime | None]
    acknowledged_until: Mapped[datetime | None]
    page_round: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    """How often its ladder of pages was begun; 0: it pages nobody (`domain.oncall`)."""
    resolved_by: Mapped[str | None] = mapped_column(String(64))
    resolved_at: Mapped[datetime | None]
    note: Mapped[str | None]
    correlation_id: Mapped[str] = mapped_column(String(64))
    extra: Mapped[dict[str, Any] | None]
