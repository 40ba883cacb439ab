"""Prime Law's one row, and every change it ever went through."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId


class GoLiveState(Base):
    """The switches as they are now; one row, `id` 1."""

    __tablename__ = "go_live_state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    go_live_enabled: Mapped[bool]
    kill_switch_engaged: Mapped[bool]
    version: Mapped[int]
    """The switch epoch: one more at every change of either switch; approvals bind to it."""
    changed_by: Mapped[str | None] = mapped_column(String(64))
    changed_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    engaged_by: Mapped[str | None] = mapped_column(String(64))
    engaged_at: Mapped[datetime | None]
    first_enabled_at: Mapped[datetime | None]
    go_live_changed_at: Mapped[datetime | None]
    """Since when go-live is on or off; None: it was never on."""
    overridden: Mapped[list[Any] | None]
    """The runbook blockers that were overridden when go-live was enabled by break glass."""


class GoLiveHistory(Base):
    """One row per change of a switch, append-only."""

    __tablename__ = "go_live_history"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[RowId]
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None]
    go_live_enabled: Mapped[bool]
    kill_switch_engaged: Mapped[bool]
    version: Mapped[int]
    detail: Mapped[dict[str, Any] | None]
