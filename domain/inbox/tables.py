"""What Slack sent that changes something, recorded before it is acknowledged."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId

_OPEN = text("state IN ('received', 'running')")
DONE = text("state NOT IN ('received', 'running')")
"""What may be forgotten; said in these very words, so that SQLite finds its index."""


class Inbox(Base):
    """One command, click or form; `trigger_id` is what makes a second delivery the same one."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index("ix_inbox_open", "received_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_inbox_done", "received_at", postgresql_where=DONE, sqlite_where=DONE),
    )

    id: Mapped[RowId]
    trigger_id: Mapped[str] = mapped_column(String(255), unique=True)
    operation: Mapped[str] = mapped_column(String(64))
    params: Mapped[dict[str, Any]]
    user_id: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str | None] = mapped_column(String(64))
    response_url: Mapped[str | None]
    said: Mapped[str]
    """What the person typed or pressed, for messages about it."""
    state: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    runner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    detail: Mapped[str | None]
