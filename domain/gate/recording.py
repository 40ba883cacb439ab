"""Step five of the gate: audit, KPI, outbox and chart rows of one act, in as few statements as there are kinds."""

import json
from typing import Any

from sqlalchemy import insert, text

from domain.act import Act, Entry, Kpi, Message
from domain.audit.rules import content_hash
from domain.audit.tables import AuditEvent
from domain.canonical import stable
from domain.charts import service as charts
from domain.delivery.tables import Outbox
from domain.kpi.rules import Reported
from domain.kpi.storing import ONE, one, store

_AUDIT = insert(AuditEvent).returning(AuditEvent.id, sort_by_parameter_order=True)
_OUTBOX = insert(Outbox)
_COLUMNS = ("at", "actor", "claimed_actor", "surface", "operation", "target", "outcome", "reason", "correlation_id",
            "before", "after", "hash")  # fmt: skip
_JSON = ("before", "after")
_VALUES = ", ".join(f"CAST(:a_{name} AS jsonb)" if name in _JSON else f":a_{name}" for name in _COLUMNS)
_BOTH = text(
    f"WITH entry AS (INSERT INTO audit_event ({', '.join(_COLUMNS)}) VALUES ({_VALUES}) RETURNING id),"  # noqa: S608
    f" {ONE.removeprefix('WITH ').removesuffix('count(*) FROM new')}id FROM entry"
)
"""An act's entry and its one event in one round trip, which is what most acts leave (PostgreSQL)."""


def record(act: Act) -> int | None:
    """Write what the act left behind; return the id of its own audit entry, None where it has none."""
    if len(act.entries) == len(act.kpis) == 1 and act.connection.dialect.name == "postgresql":
        ids = _record_both(act, act.entries[0], act.kpis[0])
    else:
        ids = _record_apart(act)
    if act.messages:
        act.connection.execute(_OUTBOX, [_outbox_row(act, message, ids) for message in act.messages])
    for thing in sorted(act.charts):
        charts.leave(act.connection, thing, act.charts[thing], now=act.now, correlation_id=act.correlation_id)
    return ids.get(id(act.entry))


def _record_both(act: Act, entry: Entry, kpi: Kpi) -> dict[int, int]:
    row = _audit_row(act, entry)
    for name in _JSON:
        row[name] = None if row[name] is None else json.dumps(row[name])
    event = one(_reported(kpi), act.correlation_id, act.now, act.actor)
    event_id = act.connection.scalar(_BOTH, {**{f"a_{name}": value for name, value in row.items()}, **event})
    return {id(entry): int(event_id or 0)}


def _record_apart(act: Act) -> dict[int, int]:
    ids = _record_entries(act)
    if act.kpis:
        store(
            act.connection, [_reported(kpi) for kpi in act.kpis], recorded_at=act.now, actor=act.actor,
            correlation_id=act.correlation_id,
        )  # fmt: skip
    return ids


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
