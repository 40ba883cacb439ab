"""Whether this call was made before, and what it was answered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, tuple_, update

from domain.act import Act, Answer
from domain.canonical import digest
from domain.gate.call import Call
from domain.gate.reading import Kept
from domain.gate.tables import IdempotencyKey
from domain.operation import AnyOperation
from domain.outcomes import Done, Held, Kind, Outcome, PendingApproval, refused
from domain.parameters import Params

KEPT = timedelta(days=7)
PRUNED_AT_ONCE = 2_000

_MINE = (
    (IdempotencyKey.actor == bindparam("b_actor"))
    & (IdempotencyKey.operation == bindparam("b_operation"))
    & (IdempotencyKey.key == bindparam("b_key"))
)
_REPLACE = update(IdempotencyKey).where(_MINE).values(outcome=bindparam("b_outcome", type_=IdempotencyKey.outcome.type))
_FORGET = delete(IdempotencyKey).where(_MINE)


def lock_name(call: Call, operation: AnyOperation) -> bytes | None:
    """Return what two calls with the same key have in common, or None for a call without one.

    The gate locks it before it reads what was answered: two calls with one key at the same moment, and the second
    waits for the first one's commit.
    """
    return None if call.key is None else f"{call.caller.user_id}\n{operation.name}\n{call.key}".encode()


def answered(act: Act, call: Call, operation: AnyOperation, params: Params, kept: Kept | None) -> Outcome | None:
    """Return the stored answer where this call was answered, None where it is new."""
    if kept is None:
        return None
    if kept.created_at <= act.now - KEPT:  # too old to count, and not pruned yet
        act.connection.execute(_FORGET, _names(call.caller.user_id, operation.name, call.key))
        return None
    if kept.params_hash != digest(params):
        return refused(
            Kind.CONFLICT, "key_reused", "This idempotency key was used before with other parameters.",
            layer="idempotency", remedy="Use a new key for a new call.",
        )  # fmt: skip
    return _restore(operation, kept.outcome)


def keep(act: Act, key: str, operation: AnyOperation, params: Params, outcome: Done | PendingApproval | Held) -> None:
    """Leave the answer to be kept under the key; a refusal is not kept, so that a retry is judged afresh."""
    act.answer = Answer(operation.name, key, digest(params), _stored_form(outcome))


def finish_held(act: Act, *, actor: str, operation: str, key: str, outcome: Done | PendingApproval) -> None:
    """Put what a held action came to in the place of “held”, so that its redelivery is answered and acts no more."""
    act.connection.execute(_REPLACE, {**_names(actor, operation, key), "b_outcome": _stored_form(outcome)})


def _names(actor: str, operation: str, key: str | None) -> dict[str, Any]:
    return {"b_actor": actor, "b_operation": operation, "b_key": key}


def _stored_form(outcome: Done | PendingApproval | Held) -> dict[str, Any]:
    if isinstance(outcome, Held):
        return {"held": outcome.to_json()}
    if isinstance(outcome, Done):
        return {"done": outcome.result.to_json()}
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
        audit_id=stored.get("audit_id"),
        replayed=True,
    )


def prune(act: Act, *, before: datetime) -> int:
    """Forget a batch of keys made before that time; return how many."""
    names = (IdempotencyKey.actor, IdempotencyKey.operation, IdempotencyKey.key)
    old = select(*names).where(IdempotencyKey.created_at < before).limit(PRUNED_AT_ONCE)
    return act.connection.execute(delete(IdempotencyKey).where(tuple_(*names).in_(old))).rowcount
