"""Step five of the gate: what one act leaves behind, in as few statements as there are kinds of rows."""

import json
from typing import Any

from sqlalchemy import TextClause, insert, text

from domain.act import Act, Answer, Entry, Kpi, Message
from domain.audit.rules import content_hash
from domain.audit.tables import AuditEvent
from domain.canonical import stable
from domain.charts import service as charts
from domain.delivery.tables import Outbox
from domain.gate.tables import IdempotencyKey
from domain.kpi.rules import Reported
from domain.kpi.storing import ONE, one, store

_AUDIT = insert(AuditEvent).returning(AuditEvent.id, sort_by_parameter_order=True)
_OUTBOX = insert(Outbox)
_KEY = insert(IdempotencyKey)
_COLUMNS = ("at", "actor", "claimed_actor", "surface", "operation", "target", "outcome", "reason", "correlation_id",
            "before", "after", "hash")  # fmt: skip
_JSON = ("before", "after")
_VALUES = ", ".join(f"CAST(:a_{name} AS jsonb)" if name in _JSON else f":a_{name}" for name in _COLUMNS)
_ENTRY = f"entry AS (INSERT INTO audit_event ({', '.join(_COLUMNS)}) VALUES ({_VALUES}) RETURNING id)"  # noqa: S608 - our names
_ANSWER = (
    "kept AS (INSERT INTO idempotency_key (actor, operation, key, params_hash, created_at, outcome)"
    " SELECT :a_actor, :k_operation, :k_key, :k_params_hash, :a_at,"
    " CAST(:k_outcome AS jsonb) || jsonb_build_object('audit_id', id) FROM entry)"
)


def _together(*parts: str) -> TextClause:
    return text(f"WITH {', '.join((_ENTRY, *parts))} SELECT id FROM entry")  # noqa: S608


_TOGETHER = {
    (False, False): _together(), (False, True): _together(_ANSWER),
    (True, False): _together(ONE), (True, True): _together(ONE, _ANSWER),
}  # fmt: skip
"""An act's one entry, with an event or none, with its answer or none, in one round trip (PostgreSQL)."""


def record(act: Act) -> int | None:
    """Write what the act left behind; return the id of its own audit entry, None where it has none."""
    is_usual = len(act.entries) == 1 and act.entries[0] is act.entry and len(act.kpis) <= 1
    if is_usual and act.connection.dialect.name == "postgresql":
        ids = {id(act.entry): _record_together(act)}
    else:
        ids = _record_apart(act)
    if act.messages:
        act.connection.execute(_OUTBOX, [_outbox_row(act, message, ids) for message in act.messages])
    for thing in sorted(act.charts):
        charts.leave(act.connection, thing, act.charts[thing], now=act.now, correlation_id=act.correlation_id)
    return ids.get(id(act.entry))


def _record_together(act: Act) -> int:
    row = _audit_row(act, act.entry)
    values = {f"a_{name}": _json(value) if name in _JSON else value for name, value in row.items()}
    for kpi in act.kpis:
        values |= one(_reported(kpi), act.correlation_id, act.now, act.actor)
    if act.answer is not None:
        values |= {f"k_{name}": value for name, value in _kept(act.answer).items()}
        values["k_outcome"] = _json(act.answer.outcome)
    return int(act.connection.scalar(_TOGETHER[bool(act.kpis), act.answer is not None], values) or 0)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _record_apart(act: Act) -> dict[int, int]:
    ids = _record_entries(act)
    if act.kpis:
        store(
            act.connection, [_reported(kpi) for kpi in act.kpis], recorded_at=act.now, actor=act.actor,
            correlation_id=act.correlation_id,
        )  # fmt: skip
    if act.answer is not None:
        outcome = {**act.answer.outcome, "audit_id": ids.get(id(act.entry))}
        kept = {**_kept(act.answer), "outcome": outcome, "actor": act.actor, "created_at": act.now}
        act.connection.execute(_KEY, kept)
    return ids


def _kept(answer: Answer) -> dict[str, Any]:
    return {"operation": answer.operation, "key": answer.key, "params_hash": answer.params_hash}


def _record_entries(act: Act) -> dict[int, int]:
    if not act.entries:
        return {}
    rows = [_audit_row(act, entry) for entry in act.entries]
    ids = act.connection.scalars(_AUDIT, rows).all()
    return {id(entry): event_id for entry, event_id in zip(act.entries, ids, strict=True)}


def _audit_row(act: Act, entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "at": act.now,
        "actor": entry.actor,
        "claimed_actor": entry.claimed_actor,
        "surface": entry.surface,
        "operation": entry.operation,
        "target": entry.target[:128],
        "outcome": entry.outcome,
        "reason": entry.reason,
        "correlation_id": act.correlation_id,
        "before": stable(entry.before),
        "after": stable(entry.after),
    }
    row["hash"] = content_hash(row)
    return row


def _reported(kpi: Kpi) -> Reported:
    return Reported(
        kpi.domain, kpi.metric, kpi.event_id, kpi.success, kpi.value, kpi.occurred_at, kpi.source, kpi.market, None,
        kpi.detail,
    )  # fmt: skip


def _outbox_row(act: Act, message: Message, ids: dict[int, int]) -> dict[str, Any]:
    payload = message.payload.to_json()
    if "audit_id" in type(message.payload).model_fields and message.entry is not None:
        # What no entry of its own stands behind goes on naming the one it named.
        payload["audit_id"] = ids.get(id(message.entry), payload.get("audit_id"))
    return {
        "destination": message.destination, "card": message.card, "payload": payload, "thing": message.thing,
        "form": message.form.value, "priority": int(message.priority), "state": "queued", "attempts": 0,
        "created_at": act.now, "not_before": act.now, "is_outcome_unknown": False, "is_repeat_possible": False,
        "correlation_id": act.correlation_id,
    }  # fmt: skip
