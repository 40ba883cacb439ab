"""Writing events: each once, in one statement, and those of guarded metrics left for their tripwire."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from domain.kpi.tables import KpiEvent
from domain.leads.tables import LeadSource
from domain.regression import arrivals
from domain.regression.arrivals import New

KEY = ("domain", "metric", "event_id")
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
_FROM_STAGE = (
    f"INSERT INTO kpi_event ({', '.join(_EACH)}, recorded_at, actor)"  # noqa: S608 - names of ours alone
    f" SELECT {', '.join(_EACH)}, :recorded_at, :actor FROM kpi_arriving"
    " ON CONFLICT (domain, metric, event_id) DO NOTHING"
)
_QUIETLY = text(_FROM_STAGE)
_RETURNING = text(f"{_FROM_STAGE} RETURNING domain, metric, occurred_at, success, value, source")


def store(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write events that are not there yet, and leave the new ones of guarded metrics for the sweep.

    Args:
        connection: In the transaction of the act that reports or emits them.
        rows: Every column of `kpi_event` but `id`; all of one `recorded_at` and `actor`.

    Returns:
        How many were new.
    """
    if not rows:
        return 0
    guarded = arrivals.guarded(connection)
    # One order for everybody: two bulks with the same events would wait for each other crosswise.
    ordered = sorted(rows, key=lambda row: (row["domain"], row["metric"], row["event_id"]))
    watched = any((row["domain"], row["metric"]) in guarded for row in ordered)
    if connection.dialect.name == "postgresql" and len(ordered) >= COPY_FROM:
        count, new = _copy(connection, ordered, watched=watched)
    else:
        new = [New(*row) for row in connection.execute(_INSERT[connection.dialect.name], ordered)]
        count = len(new)
    if watched:
        on_trial = frozenset(connection.scalars(_ON_TRIAL))
        mine = (event for event in new if (event.domain, event.metric) in guarded and event.source not in on_trial)
        arrivals.queue(connection, mine, rows[0]["recorded_at"])
    return count


def _copy(connection: Connection, rows: Sequence[Mapping[str, Any]], *, watched: bool) -> tuple[int, list[New]]:
    connection.execute(_STAGE)
    connection.execute(_EMPTIED)
    raw = connection.connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
        for part in _lines(rows):
            copy.write(part)
    constant = {"recorded_at": rows[0]["recorded_at"], "actor": rows[0]["actor"]}
    if watched:
        new = [New(*row) for row in connection.execute(_RETURNING, constant)]
        count = len(new)
    else:
        count, new = connection.execute(_QUIETLY, constant).rowcount, []
    return count, new


def _lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the rows in PostgreSQL's text format, a thousand at a time."""
    part: list[str] = []
    for row in rows:
        success, value, detail = row["success"], row["value"], row["detail"]
        part.append(
            f"{row['domain']}\t{row['metric']}\t{_text(row['event_id'])}\t"
            f"{_NULL if success is None else success}\t{_NULL if value is None else repr(value)}\t"
            f"{row['occurred_at'].isoformat()}\t{_text(row['source'])}\t{_text(row['market'])}\t"
            f"{_text(row['correlation_id'])}\t{_NULL if detail is None else _text(json.dumps(detail))}\n"
        )
        if len(part) == 1_000:  # noqa: PLR2004
            yield "".join(part)
            part.clear()
    yield "".join(part)


_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _text(value: str | None) -> str:
    if value is None:
        return _NULL
    return value if value.isalnum() else value.translate(_ESCAPES)
