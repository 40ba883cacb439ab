"""Charts to be drawn, uploaded and shown: one row a thing, the newest chart of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base

_OPEN = text("state NOT IN ('shown', 'failed')")
DONE = text("state IN ('shown', 'failed')")
"""What nothing is left to do about; said in these very words, so that SQLite finds its index."""


class ChartRow(Base):
    """The newest chart of a thing, and how far it has come."""

    __tablename__ = "chart"
    __table_args__ = (
        Index("ix_chart_open", "not_before", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_chart_done", "asked_at", postgresql_where=DONE, sqlite_where=DONE),
    )

    thing: Mapped[str] = mapped_column(String(128), primary_key=True)
    version: Mapped[int]
    """Counts up with every new chart of the thing."""
    spec: Mapped[dict[str, Any]]
    """`charts.results.Chart` as JSON."""
    state: Mapped[str] = mapped_column(String(16))
    """queued, drawing, uploading, uploaded, shown or failed."""
    attempts: Mapped[int]
    """Counts up whenever somebody takes it, and fences late writers off."""
    completions: Mapped[int]
    """How often an upload was completed without anybody writing it down."""
    showings: Mapped[int]
    """How often its cards were ordered to show it."""
    asked_at: Mapped[datetime]
    not_before: Mapped[datetime]
    """When somebody may take it: while one has it, the end of the lease."""
    file_id: Mapped[str | None] = mapped_column(String(64))
    """The file the thing's cards show: this chart's, or the one before until this one is uploaded."""
    file_alt: Mapped[str | None]
    uploaded_at: Mapped[datetime | None]
    error: Mapped[str | None]
    correlation_id: Mapped[str] = mapped_column(String(64))
