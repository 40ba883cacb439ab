"""Writing events: each once, in one statement, and those of guarded metrics left for their tripwire."""

import json
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from domain.kpi.rules import Reported
from domain.kpi.tables import KpiEvent
from domain.leads.tables import LeadSource
from domain.regression import arrivals
from domain.regression.arrivals import New

KEY = ("domain", "metric", "event_id")
_KEY = itemgetter(0, 1, 2)
LINES_AT_ONCE = 1_000
COPY_FROM = 100
"""From so many rows on, PostgreSQL is given a copy to insert from."""
_RETURNED = (
    KpiEvent.domain, KpiEvent.metric, KpiEvent.occurred_at, KpiEvent.success, KpiEvent.value, KpiEvent.source
)  # fmt: skip
_INSERT = {
    "postgresql": postgres_insert(KpiEvent).on_conflict_do_nothing(index_elements=KEY).returning(*_RETURNED),
    "sqlite": sqlite_insert(KpiEvent).on_conflict_do_nothing(index_elements=KEY).returning(*_RETURNED),
}
_EACH = ("domain", "metric", "event_id", "success", "value", "occurred_at", "source", "market", "correlation_id",
         "detail")  # fmt: skip
_ON_TRIAL = select(LeadSource.name).where(LeadSource.state == "trial")
"""A new source feeds its own figures only: a poor one throttles nothing but itself (spec/2, Leads)."""
_STAGE = text(
    "CREATE TEMPORARY TABLE IF NOT EXISTS kpi_arriving (domain text, metric text, event_id text, success boolean,"
    " value double precision, occurred_at timestamptz, source text, market text, correlation_id text, detail jsonb)"
    " ON COMMIT DELETE ROWS"
)
_EMPTIED = text("DELETE FROM kpi_arriving")
_COPY = f"COPY kpi_arriving ({', '.join(_EACH)}) FROM STDIN"
_INTO = f"new AS (INSERT INTO kpi_event ({', '.join(_EACH)}, recorded_at, actor)"
_AND_QUEUE = (
    " ON CONFLICT (domain, metric, event_id) DO NOTHING"
    " RETURNING domain, metric, occurred_at, success, value, source),"
    " queued AS (INSERT INTO regression_arrival (domain, metric, events, recorded_at)"
    " SELECT domain, metric, jsonb_agg(jsonb_build_array("
    "(extract(epoch FROM occurred_at) * 1000000)::bigint, success::int, value)), :recorded_at"
    " FROM new JOIN regression_policy USING (domain, metric)"
    " WHERE source IS NULL OR source NOT IN (SELECT name FROM lead_source WHERE state = 'trial')"
    " GROUP BY domain, metric)"
)
_COUNTED = "SELECT count(*) FROM new"
_FROM_STAGE = text(
    f"WITH {_INTO} SELECT domain, metric, event_id, success, value, occurred_at, source, market,"  # noqa: S608 - our names
    f" coalesce(correlation_id, :own), detail, :recorded_at, :actor FROM kpi_arriving{_AND_QUEUE} {_COUNTED}"
)
ONE = (
    f"{_INTO} VALUES (:domain, :metric, :event_id, :success, :value, :occurred_at, :source, :market,"
    f" :correlation_id, CAST(:detail AS jsonb), :recorded_at, :actor){_AND_QUEUE}"
)
"""One event, written and left for its tripwire: the parts of a statement's WITH."""
_ONE = text(f"WITH {ONE} {_COUNTED}")


def store(
    connection: Connection, events: Sequence[Reported], *, recorded_at: datetime, actor: str, correlation_id: str
) -> int:
    """Write events that are not there yet, and leave the new ones of guarded metrics for the sweep.

    Args:
        connection: In the transaction of the act that reports or emits them.
        events: What happened.
        recorded_at: The act's time.
        actor: Whose act it is.
        correlation_id: The act's own, of events that have none.

    Returns:
        How many were new.
    """
    if not events:
        return 0
    # One order for everybody: two bulks with the same events would wait for each other crosswise.
    ordered = sorted(events, key=_KEY)
    constant = {"recorded_at": recorded_at, "actor": actor}
    if connection.dialect.name == "postgresql" and len(ordered) >= COPY_FROM:
        return _copy(connection, ordered, constant | {"own": correlation_id})
    rows = [
        {**event._asdict(), "correlation_id": event.correlation_id or correlation_id, **constant} for event in ordered
    ]
    if connection.dialect.name == "postgresql" and len(rows) == 1:
        return int(connection.scalar(_ONE, one(ordered[0], rows[0]["correlation_id"], recorded_at, actor)) or 0)
    new = [New(*row) for row in connection.execute(_INSERT[connection.dialect.name], rows)]
    guarded = arrivals.guarded(connection)
    watched = [event for event in new if (event.domain, event.metric) in guarded]
    if watched:
        on_trial = frozenset(connection.scalars(_ON_TRIAL))
        arrivals.queue(connection, (event for event in watched if event.source not in on_trial), recorded_at)
    return len(new)


def one(event: Reported, correlation_id: str, recorded_at: datetime, actor: str) -> dict[str, Any]:
    """Return what `ONE` writes of an event."""
    detail = None if event.detail is None else json.dumps(event.detail)
    return {
        **event._asdict(), "detail": detail, "correlation_id": event.correlation_id or correlation_id,
        "recorded_at": recorded_at, "actor": actor,
    }  # fmt: skip


def _copy(connection: Connection, events: Sequence[Reported], constant: dict[str, Any]) -> int:
    connection.execute(_STAGE)
    connection.execute(_EMPTIED)
    raw = connection.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
        for first in range(0, len(events), LINES_AT_ONCE):
            copy.write("".join([_line(event) for event in events[first : first + LINES_AT_ONCE]]))
    return int(connection.scalar(_FROM_STAGE, constant) or 0)


def _line(event: Reported) -> str:
    """Return an event in PostgreSQL's text format."""
    domain, metric, event_id, success, value, at, source, market, correlation_id, detail = event
    return (
        f"{domain}\t{metric}\t{_text(event_id)}\t{_NULL if success is None else success}\t"
        f"{_NULL if value is None else repr(value)}\t{at.isoformat()}\t{_text(source)}\t{_text(market)}\t"
        f"{_text(correlation_id)}\t{_NULL if detail is None else _text(json.dumps(detail))}\n"
    )


_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _text(value: str | None) -> str:
    if value is None:
        return _NULL
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)
