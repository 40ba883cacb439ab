"""Scheduled work: one row per job and scheduled time, whoever schedules."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base

_OPEN = text("state <> 'done'")
DONE = text("state = 'done'")
"""What may be forgotten; said in these very words, so that SQLite finds its index."""


class Tick(Base):
    """One slot of a job: claimed → enqueued → done."""

    __tablename__ = "tick"
    __table_args__ = (
        Index("ix_tick_open", "claimed_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_tick_done", "claimed_at", postgresql_where=DONE, sqlite_where=DONE),
    )

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    claimed_at: Mapped[datetime]
    enqueued_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    runner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    detail: Mapped[str | None]
