"""Steps of follow-up ladders, and the live card that shows the late ones."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId

_OPEN = text("completed_at IS NULL AND stopped_at IS NULL")
_CLAIMED = text("completed_at IS NULL AND stopped_at IS NULL AND claimed_by IS NOT NULL")
_DONE = text("completed_at IS NOT NULL")
_GIVEN_UP = text("completed_at IS NULL AND stopped_at IS NOT NULL AND sla_judged_at IS NOT NULL")
_UNJUDGED = text("completed_at IS NULL AND stopped_at IS NULL AND sla_judged_at IS NULL")


class FollowupLadder(Base):
    """One ladder of a lead; at most one of them is open."""

    __tablename__ = "followup_ladder"
    __table_args__ = (
        Index(
            "uq_followup_ladder_open",
            "lead_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[RowId]
    lead_id: Mapped[str] = mapped_column(String(64), ForeignKey("lead.lead_id"))
    arrived_at: Mapped[datetime]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(32))
    taken_by: Mapped[str | None] = mapped_column(String(64))
    taken_at: Mapped[datetime | None]
    correlation_id: Mapped[str] = mapped_column(String(64))


class FollowupTask(Base):
    """One step: due, claimed by lease and generation, completed once or stopped."""

    __tablename__ = "followup_task"
    __table_args__ = (
        UniqueConstraint("ladder_id", "step"),
        # Late first, then by the end of the promise: both are the order of `sla_from`.
        Index("ix_followup_task_sla", "sla_from", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_followup_task_assignee", "assignee", "sla_from", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_followup_task_province", "province", "sla_from", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_followup_task_claimed", "claimed_by", postgresql_where=_CLAIMED, sqlite_where=_CLAIMED),
        Index("ix_followup_task_unjudged", "sla_from", postgresql_where=_UNJUDGED, sqlite_where=_UNJUDGED),
        Index("ix_followup_task_completed", "completed_at", postgresql_where=_DONE, sqlite_where=_DONE),
        Index("ix_followup_task_done_by", "completed_by", "completed_at", postgresql_where=_DONE, sqlite_where=_DONE),
        Index("ix_followup_task_given_up", "stopped_at", postgresql_where=_GIVEN_UP, sqlite_where=_GIVEN_UP),
        Index(None, "lead_id"),
    )

    id: Mapped[RowId]
    ladder_id: Mapped[int] = mapped_column(ForeignKey("followup_ladder.id"))
    lead_id: Mapped[str] = mapped_column(String(64), ForeignKey("lead.lead_id"))
    step: Mapped[int]
    channel: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[datetime]
    sla_from: Mapped[datetime]
    province: Mapped[str] = mapped_column(String(2))
    source: Mapped[str | None] = mapped_column(String(64))
    assignee: Mapped[str | None] = mapped_column(String(64))
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    generation: Mapped[int]
    completed_at: Mapped[datetime | None]
    completed_by: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str | None] = mapped_column(String(16))
    answered_in: Mapped[int | None]
    """Seconds from `sla_from` to the completion, so that figures need no arithmetic of times in SQL."""
    note: Mapped[str | None]
    stopped_at: Mapped[datetime | None]
    stopped_why: Mapped[str | None] = mapped_column(String(200))
    sla_judged_at: Mapped[datetime | None]
    """When its one `followup_sla` was emitted, or it was excused because acting was off."""


class LiveCard(Base):
    """A card that a sweep keeps true: which message it is now and what it last showed."""

    __tablename__ = "live_card"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    episode: Mapped[int]
    is_open: Mapped[bool]
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[dict[str, Any] | None]
    updated_at: Mapped[datetime]
