"""The one statement that says who calls and how the switches stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, literal_column, select

from domain.access.tables import Person, RoleGrant
from domain.gate.tables import IdempotencyKey
from domain.identity import Caller, Role, Standing
from domain.prime_law.rules import PrimeState
from domain.prime_law.tables import GoLiveState

# Constants are written out: each would be one more value to bind at every call.
_RANKS: Sequence[tuple[ColumnElement[bool], ColumnElement[Any]]] = [
    (RoleGrant.role == literal_column(f"'{role.word}'"), literal_column(str(role.value))) for role in Role
]
_ONLY = GoLiveState.id == literal_column("1")
_RANK = (
    select(func.max(case(*_RANKS)))
    .where(RoleGrant.user_id == bindparam("user_id"), RoleGrant.revoked_at.is_(None))
    .scalar_subquery()
)
_DEACTIVATED = select(Person.deactivated_at).where(Person.user_id == bindparam("user_id")).scalar_subquery()
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
    GoLiveState.go_live_changed_at,
    GoLiveState.overridden,
)
_BOTH = select(_RANK, _DEACTIVATED, *_STATE).where(_ONLY)
_WITH_KEY = (
    select(_RANK, _DEACTIVATED, *_STATE, IdempotencyKey.params_hash, IdempotencyKey.created_at, IdempotencyKey.outcome)
    .select_from(GoLiveState)
    .outerjoin(
        IdempotencyKey,
        (IdempotencyKey.actor == bindparam("user_id"))
        & (IdempotencyKey.operation == bindparam("operation"))
        & (IdempotencyKey.key == bindparam("key")),
    )
    .where(_ONLY)
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered under an idempotency key."""

    params_hash: str
    created_at: datetime
    outcome: Mapping[str, Any] | None


def standing_of(connection: Connection, user_id: str) -> Standing:
    """Return a person's role as the tables say it now."""
    row = connection.execute(_STANDING, {"user_id": user_id}).one()
    return Standing(user_id, Role(row.rank) if row.rank else None, row.deactivated_at is not None)


def standing_and_state(connection: Connection, caller: Caller) -> tuple[Standing, PrimeState]:
    """Return the caller's role and Prime Law's state in one round trip; the row of the state always exists."""
    return _read(caller, tuple(connection.execute(_BOTH, {"user_id": caller.user_id}).one()))


def standing_state_and_answer(
    connection: Connection, caller: Caller, operation: str, key: str
) -> tuple[Standing, PrimeState, Kept | None]:
    """Return the same, and what was answered under this idempotency key, still in one round trip."""
    names = {"user_id": caller.user_id, "operation": operation, "key": key}
    *both, params_hash, created_at, outcome = tuple(connection.execute(_WITH_KEY, names).one())
    kept = Kept(params_hash, created_at, outcome) if params_hash is not None else None
    return (*_read(caller, tuple(both)), kept)


def _read(caller: Caller, columns: tuple[Any, ...]) -> tuple[Standing, PrimeState]:
    rank, deactivated_at, *switches, overridden = columns
    standing = Standing(caller.user_id, Role(rank) if rank else None, deactivated_at is not None)
    return standing, PrimeState(*switches, overridden=tuple(overridden or ()))  # type: ignore[misc]


def state_of(connection: Connection) -> PrimeState:
    """Return Prime Law's state alone."""
    *switches, overridden = tuple(connection.execute(select(*_STATE).where(_ONLY)).one())
    return PrimeState(*switches, overridden=tuple(overridden or ()))  # type: ignore[misc]
