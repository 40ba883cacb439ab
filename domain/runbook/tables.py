"""Statements that people signed."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId


class Attestation(Base):
    """One signed statement; the newest of each kind counts until it is too old."""

    __tablename__ = "attestation"
    __table_args__ = (Index(None, "statement", "at"),)

    id: Mapped[RowId]
    statement: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    note: Mapped[str | None]


class RunbookState(Base):
    """How one check stood when it was last looked at while production was on."""

    __tablename__ = "runbook_state"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    ok: Mapped[bool]
    since: Mapped[datetime]
    """Since when it stands like that."""
    broke: Mapped[bool]
    """Whether it held before, so that its failing is news."""
    alert_id: Mapped[int | None]
    """The alert that was raised about it."""
