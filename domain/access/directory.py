"""What Slack's directory is compared with: who holds roles here, and what user groups gave."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from domain.access.rules import GROUP, Given
from domain.access.service import BY_PROGRAM
from domain.access.tables import Person, RoleGrant
from domain.identity import Role

JOB = "access.directory"
"""The slots in which a worker reads Slack's directory; what came of each stands on its row."""
OK = "ok"


@dataclass(frozen=True, slots=True)
class Account:
    """A person as they are known here."""

    user_id: str
    is_active: bool


_MATTERING = (
    select(Person.user_id, Person.deactivated_at)
    .where(
        or_(
            Person.user_id.in_(select(RoleGrant.user_id).where(RoleGrant.revoked_at.is_(None))),
            Person.deactivated_at.is_not(None),
        )
    )
    .order_by(Person.user_id)
)  # fmt: skip


def accounts(connection: Connection) -> list[Account]:
    """List whose accounts matter: everybody with a role, and whoever was found deactivated; by id."""
    return [Account(row.user_id, row.deactivated_at is None) for row in connection.execute(_MATTERING)]


def account(connection: Connection, user_id: str) -> Account | None:
    """Return one of the accounts that matter; None for anybody else's."""
    row = connection.execute(_MATTERING.where(Person.user_id == user_id)).one_or_none()
    return None if row is None else Account(row.user_id, row.deactivated_at is None)


def given_by_groups(connection: Connection) -> list[Given]:
    """List the newest grant of each person, role and group."""
    newest = (
        select(func.max(RoleGrant.id))
        .where(RoleGrant.source.startswith(GROUP))
        .group_by(RoleGrant.user_id, RoleGrant.role, RoleGrant.source)
    )
    rows = connection.execute(select(RoleGrant.__table__).where(RoleGrant.id.in_(newest)).order_by(RoleGrant.id))
    return [
        Given(
            row.user_id, Role.from_word(row.role), row.source, is_active=row.revoked_at is None,
            by_hand=row.revoked_by not in BY_PROGRAM,
        )
        for row in rows
    ]  # fmt: skip
