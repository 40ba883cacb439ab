"""Which processes live, and what they saw of the world outside the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base


class ProcessHeartbeat(Base):
    """The last sign of life of one process; `seen` is the evidence the runbook reads."""

    __tablename__ = "process_heartbeat"

    process_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    host: Mapped[str] = mapped_column(String(128))
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    seen: Mapped[dict[str, Any]]
