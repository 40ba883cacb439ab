"""The history of every policy, and the fields that go back by themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, Json, RowId


class PolicyVersion(Base):
    """One version of one policy: who made it, why, and each field that changed, as it was and as it is."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("kind", "key", "version"), Index(None, "changed_at"))

    id: Mapped[RowId]
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(128))
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    changes: Mapped[dict[str, Any]]
    """`{field: [before, after]}`, in plain JSON."""
    until: Mapped[datetime | None]


class PolicyRevert(Base):
    """One field of one policy that goes back to `base` when `until` has come."""

    __tablename__ = "policy_revert"
    __table_args__ = (Index(None, "until"),)

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    base: Mapped[Any] = mapped_column(Json, nullable=True)
    until: Mapped[datetime]
