"""What was recorded and not looked at yet: written with the events, so that none is lost."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from domain.regression.rules import Arrival
from domain.regression.tables import RegressionArrival, RegressionPolicy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ROWS_AT_ONCE = 500
EVENTS_AT_ONCE = 50_000
_GUARDED = select(RegressionPolicy.domain, RegressionPolicy.metric)
_QUEUE = insert(RegressionArrival)


class New(NamedTuple):
    """One event that was recorded just now, for the first time."""

    domain: str
    metric: str
    at: datetime
    success: bool | None
    value: float | None
    source: str | None = None


def guarded(connection: Connection) -> frozenset[tuple[str, str]]:
    """Return the domain and metric of every tripwire; there are few."""
    return frozenset((row.domain, row.metric) for row in connection.execute(_GUARDED))


def queue(connection: Connection, new: Iterable[New], now: datetime) -> None:
    """Leave events of guarded metrics for the sweep: one row for each metric."""
    found: dict[tuple[str, str], list[list[Any]]] = defaultdict(list)
    for event in new:
        packed = [(event.at - EPOCH) // MICROSECOND, event.success if event.success is None else int(event.success)]
        found[event.domain, event.metric].append([*packed, event.value])
    rows = [
        {"domain": domain, "metric": metric, "events": events, "recorded_at": now}
        for (domain, metric), events in sorted(found.items())
    ]
    if rows:
        connection.execute(_QUEUE, rows)


def waiting(connection: Connection) -> Sequence[tuple[str, str]]:
    """Return the metrics for which something waits, in the order their rows are locked in."""
    rows = connection.execute(
        select(RegressionArrival.domain, RegressionArrival.metric)
        .distinct()
        .order_by(RegressionArrival.domain, RegressionArrival.metric)
    )
    return [(row.domain, row.metric) for row in rows]


def has_any(connection: Connection) -> bool:
    """Whether anything waits; cheap."""
    return connection.scalar(select(RegressionArrival.id).limit(1)) is not None


def peek(connection: Connection, domain: str, metric: str) -> tuple[list[int], list[Arrival]]:
    """Return what waits for one metric, oldest first, and the ids of its rows; a bounded number of them."""
    rows = connection.execute(
        select(RegressionArrival.id, RegressionArrival.events)
        .where(RegressionArrival.domain == domain, RegressionArrival.metric == metric)
        .order_by(RegressionArrival.id)
        .limit(ROWS_AT_ONCE)
    )
    ids: list[int] = []
    found: list[Arrival] = []
    for row in rows:
        ids.append(row.id)
        found += [Arrival(EPOCH + at * MICROSECOND, success, value) for at, success, value in row.events]
        if len(found) >= EVENTS_AT_ONCE:
            break
    return ids, found


def drop_all(connection: Connection, domain: str, metric: str) -> None:
    """Delete whatever waits for one metric, however much it is."""
    connection.execute(
        delete(RegressionArrival).where(RegressionArrival.domain == domain, RegressionArrival.metric == metric)
    )


def drop(connection: Connection, ids: Sequence[int]) -> None:
    """Delete rows whose events were counted."""
    connection.execute(delete(RegressionArrival).where(RegressionArrival.id.in_(ids)))
