"""The Monday reviews, and what was escalated on them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId

_UNDONE = text("done_at IS NULL")


class Review(Base):
    """One review; `body` is its frozen card (`results.ReviewCard`) without the decision."""

    __tablename__ = "review"

    monday: Mapped[date] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    posted_at: Mapped[datetime]
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    body: Mapped[dict[str, Any]]
    asked_again_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    what: Mapped[str | None] = mapped_column(String(64))


class ReviewItemRow(Base):
    """Something that was escalated; undone it comes back on every next review."""

    __tablename__ = "review_item"
    __table_args__ = (Index("ix_review_item_undone", "id", postgresql_where=_UNDONE, sqlite_where=_UNDONE),)

    id: Mapped[RowId]
    monday: Mapped[date] = mapped_column(ForeignKey("review.monday"))
    text: Mapped[str]
    to: Mapped[str] = mapped_column(String(64))
    by: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(64))
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(String(64))
