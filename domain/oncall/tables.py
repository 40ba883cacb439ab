"""Shifts of the rota, and pages."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId
from domain.database.base import BigId

_VALID = text("ended_at IS NULL")
_ENDED = text("ended_at IS NOT NULL")
LIVE = text("state IN ('planned', 'queued', 'sending')")
"""What can still change; said in these very words, so that SQLite finds the index of such rows."""


class OncallShift(Base):
    """A time in which somebody is on call: taken over, set once, or repeating every so many weeks; never deleted."""

    __tablename__ = "oncall_shift"
    __table_args__ = (Index("ix_oncall_shift_valid", "ends_at", postgresql_where=_VALID, sqlite_where=_VALID),)

    id: Mapped[RowId]
    user_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    """`take`, `once` or `weekly`."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """Of a weekly shift: the end of its first time."""
    every_weeks: Mapped[int | None]
    note: Mapped[str | None]
    set_by: Mapped[str] = mapped_column(String(64))
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was taken out of the rota."""
    ended_by: Mapped[str | None] = mapped_column(String(64))


class Page(Base):
    """One person (or the channel) told by one way, as a step of one round of an alert's ladder."""

    __tablename__ = "page"
    __table_args__ = (
        Index("uq_page_once", "alert_id", "round", "step", "target", "way", unique=True),
        Index("ix_page_live", "due_at", postgresql_where=LIVE, sqlite_where=LIVE),
        Index("ix_page_target", "target", "fired_at"),
        Index("ix_page_ended", "ended_at", postgresql_where=_ENDED, sqlite_where=_ENDED),
    )

    id: Mapped[RowId]
    alert_id: Mapped[int] = mapped_column(BigId)
    round: Mapped[int]
    step: Mapped[int]
    why: Mapped[str] = mapped_column(String(16))
    """`opened`, `passed` or `again`."""
    way: Mapped[str] = mapped_column(String(16))
    """`slack` or `phone` (the webhook)."""
    target: Mapped[str] = mapped_column(String(128))
    """`user:U1` or `route:oncall`."""
    said_by: Mapped[str | None] = mapped_column(String(64))
    """Who passed the alert on to this person."""
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64))
    """What a receiver recognises a repetition by."""
    attempts: Mapped[int]
    fired_at: Mapped[datetime | None]
    """When it was its turn."""
    not_before: Mapped[datetime | None]
    attempted_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None]
