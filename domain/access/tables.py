"""People and the roles they were given."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId


class Person(Base):
    """Someone who holds or held a role, by Slack user id."""

    __tablename__ = "person"

    user_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str | None]
    first_seen_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]


class RoleGrant(Base):
    """A role, from when to when, by whom and why; never deleted."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_active",
            "user_id",
            "role",
            "source",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            sqlite_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[RowId]
    user_id: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(64))
    """`grant` (a person gave it), `settings` (VALHALLA_OWNERS), `workspace` (its primary owner) or `group:S…`."""
    granted_by: Mapped[str] = mapped_column(String(64))
    granted_at: Mapped[datetime]
    reason: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(64))
