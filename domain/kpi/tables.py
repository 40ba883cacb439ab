"""Facts about the business, as they happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId


class KpiEvent(Base):
    """One success, failure or value of a metric; unique by domain, metric and event id."""

    __tablename__ = "kpi_event"
    __table_args__ = (UniqueConstraint("domain", "metric", "event_id"), Index(None, "domain", "metric", "occurred_at"))

    id: Mapped[RowId]
    domain: Mapped[str] = mapped_column(String(64))
    metric: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[str] = mapped_column(String(128))
    success: Mapped[bool | None]
    value: Mapped[float | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(64))
    market: Mapped[str | None] = mapped_column(String(64))
    correlation_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any] | None]
