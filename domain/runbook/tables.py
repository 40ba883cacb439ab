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
