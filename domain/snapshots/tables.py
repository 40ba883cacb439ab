"""Frozen snapshots."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId


class Snapshot(Base):
    """How everything stood at one moment; its id is the number (S-48). One for each kind and business day."""

    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("kind", "day"),)

    id: Mapped[RowId]
    kind: Mapped[str] = mapped_column(String(16))
    """`review` or `spot_check`."""
    day: Mapped[date]
    """The Monday it is about, or the day of the check."""
    frozen_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    """`results.Overview` and `results.MetricsView` as JSON."""
