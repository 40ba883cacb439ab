"""Whether this call was made before, and what it was answered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from domain.act import Act
from domain.canonical import digest
from domain.gate.call import Call
from domain.gate.tables import IdempotencyKey
from domain.operation import AnyOperation
from domain.outcomes import Done, Held, Kind, Outcome, PendingApproval, refused
from domain.parameters import Params

KEPT = timedelta(days=7)

_VALUES: dict[str, Any] = {
    name: bindparam(f"v_{name}") for name in ("actor", "operation", "key", "params_hash", "created_at")
}
_KEY = IdempotencyKey.key
_CLAIM = {
    "postgresql": postgres_insert(IdempotencyKey).values(_VALUES).on_conflict_do_nothing().returning(_KEY),
    "sqlite": sqlite_insert(IdempotencyKey).values(_VALUES).on_conflict_do_nothing().returning(_KEY),
}
_MINE = (
    (IdempotencyKey.actor == bindparam("b_actor"))
    & (IdempotencyKey.operation == bindparam("b_operation"))
    & (IdempotencyKey.key == bindparam("b_key"))
)
_STORED = select(IdempotencyKey.params_hash, IdempotencyKey.created_at, IdempotencyKey.outcome).where(_MINE)
_FINISH = update(IdempotencyKey).where(_MINE).values(outcome=bindparam("b_outcome", type_=IdempotencyKey.outcome.type))
_RELEASE = delete(IdempotencyKey).where(_MINE)
_FORGET = _RELEASE.where(IdempotencyKey.created_at <= bindparam("b_before"))


def claim(act: Act, call: Call, operation: AnyOperation, params: Params) -> Outcome | None:
    """Claim the key for this call; return the stored answer where it was answered, None where it is new.

    Two calls with one key at the same moment: the second waits here for the first one's commit.
    """
    assert call.key is not None
    hashed = digest(params)
    claimed = act.connection.scalar(
        _CLAIM[act.connection.dialect.name],
        {
            "v_actor": call.caller.user_id, "v_operation": operation.name, "v_key": call.key,
            "v_params_hash": hashed, "v_created_at": act.now,
        },
    )  # fmt: skip
    if claimed is not None:
        return None
    stored = act.connection.execute(_STORED, _names(call, operation)).one_or_none()
    if stored is None or stored.created_at <= act.now - KEPT:  # forgotten meanwhile, or to be forgotten now
        act.connection.execute(_FORGET, {**_names(call, operation), "b_before": act.now - KEPT})
        return claim(act, call, operation, params)
    if stored.params_hash != hashed:
        return refused(
            Kind.CONFLICT, "key_reused", "This idempotency key was used before with other parameters.",
            layer="idempotency", remedy="Use a new key for a new call.",
        )  # fmt: skip
    return _restore(operation, stored.outcome)


def finish(act: Act, call: Call, operation: AnyOperation, outcome: Done | PendingApproval | Held) -> None:
    """Keep the answer under the key."""
    act.connection.execute(_FINISH, {**_names(call, operation), "b_outcome": _stored_form(outcome)})


def finish_held(act: Act, *, actor: str, operation: str, key: str, outcome: Done | PendingApproval) -> None:
    """Put what a held action came to in the place of “held”, so that its redelivery is answered and acts no more."""
    names = {"b_actor": actor, "b_operation": operation, "b_key": key}
    act.connection.execute(_FINISH, {**names, "b_outcome": _stored_form(outcome)})


def release(act: Act, call: Call, operation: AnyOperation) -> None:
    """Give the key back: a refusal is not kept, so that a retry is judged afresh."""
    act.connection.execute(_RELEASE, _names(call, operation))


def _names(call: Call, operation: AnyOperation) -> dict[str, Any]:
    return {"b_actor": call.caller.user_id, "b_operation": operation.name, "b_key": call.key}


def _stored_form(outcome: Done | PendingApproval | Held) -> dict[str, Any]:
    if isinstance(outcome, Held):
        return {"held": outcome.to_json()}
    if isinstance(outcome, Done):
        return {"done": outcome.result.to_json(), "audit_id": outcome.audit_id}
    return {"pending": outcome.to_json()}


def _restore(operation: AnyOperation, stored: Mapping[str, Any] | None) -> Outcome:
    if stored is None:  # claimed and committed without an answer: only a bug could do that
        raise RuntimeError(f"idempotency key of {operation.name} has no outcome")
    if "held" in stored:
        return Held.model_validate(stored["held"])
    if "pending" in stored:
        return PendingApproval.model_validate(stored["pending"])
    return Done(
        operation=operation.name,
        result=operation.result.model_validate(stored["done"]),
        audit_id=stored["audit_id"],
        replayed=True,
    )


def prune(act: Act, *, before: datetime) -> int:
    """Forget keys made before that time; return how many."""
    return act.connection.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < before)).rowcount

