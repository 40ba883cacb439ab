"""Who holds which role since when; read by approvals and by the access operations."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from domain.access.tables import Person, RoleGrant
from domain.identity import Role


def words_from(role: Role) -> list[str]:
    """Return the words of `role` and every role that includes it."""
    return [other.word for other in Role if other >= role]


def held_since(connection: Connection, user_id: str, role: Role) -> datetime | None:
    """Since when the person holds `role` or more without a break, None where he does not."""
    return connection.scalar(
        select(func.min(RoleGrant.granted_at)).where(
            RoleGrant.user_id == user_id, RoleGrant.role.in_(words_from(role)), RoleGrant.revoked_at.is_(None)
        )
    )


def holders(connection: Connection, role: Role, *, before: datetime | None = None) -> tuple[str, ...]:
    """List who holds `role` or more (and already did `before` that time), by user id."""
    query = (
        select(RoleGrant.user_id)
        .join(Person, Person.user_id == RoleGrant.user_id)
        .where(RoleGrant.role.in_(words_from(role)), RoleGrant.revoked_at.is_(None), Person.deactivated_at.is_(None))
        .distinct()
        .order_by(RoleGrant.user_id)
    )
    if before is not None:
        query = query.where(RoleGrant.granted_at <= before)
    return tuple(connection.scalars(query))
