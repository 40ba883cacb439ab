"""What was already answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base


class IdempotencyKey(Base):
    """One call by its caller, operation and key; refusals are not kept."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "created_at"),)

    actor: Mapped[str] = mapped_column(String(64), primary_key=True)
    operation: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    params_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    outcome: Mapped[dict[str, Any] | None]
