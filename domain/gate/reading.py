"""The one statement that says who calls and how the switches stand."""

from sqlalchemy import Connection, bindparam, case, func, select

from domain.access.tables import Person, RoleGrant
from domain.identity import Caller, Role, Standing
from domain.prime_law.rules import PrimeState
from domain.prime_law.tables import GoLiveState

_RANK = (
    select(func.max(case({role.word: role.value for role in Role}, value=RoleGrant.role, else_=0)))
    .where(RoleGrant.user_id == bindparam("user_id"), RoleGrant.revoked_at.is_(None))
    .scalar_subquery()
)
_DEACTIVATED = (
    select(Person.deactivated_at).where(Person.user_id == bindparam("user_id")).scalar_subquery()
)
_STANDING = select(_RANK.label("rank"), _DEACTIVATED.label("deactivated_at"))
_STATE = (
    GoLiveState.go_live_enabled,
    GoLiveState.kill_switch_engaged,
    GoLiveState.version,
    GoLiveState.changed_by,
    GoLiveState.changed_at,
    GoLiveState.reason,
    GoLiveState.engaged_by,
    GoLiveState.engaged_at,
    GoLiveState.first_enabled_at,
    GoLiveState.overridden,
)
_BOTH = select(_RANK, _DEACTIVATED, *_STATE).where(GoLiveState.id == 1)


def standing_of(connection: Connection, user_id: str) -> Standing:
    """Return a person's role as the tables say it now."""
    row = connection.execute(_STANDING, {"user_id": user_id}).one()
    return Standing(user_id, Role(row.rank) if row.rank else None, row.deactivated_at is not None)


def standing_and_state(connection: Connection, caller: Caller) -> tuple[Standing, PrimeState]:
    """Return the caller's role and Prime Law's state in one round trip; the row of the state always exists."""
    row = connection.execute(_BOTH, {"user_id": caller.user_id}).one()
    rank, deactivated_at, *switches, overridden = tuple(row)
    standing = Standing(caller.user_id, Role(rank) if rank else None, deactivated_at is not None)
    return standing, PrimeState(*switches, overridden=tuple(overridden or ()))  # type: ignore[misc]
