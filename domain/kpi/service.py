"""Recording what is reported, and reading a metric back."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, String, cast, func, select

from domain.act import Act
from domain.kpi.results import KpiSeries, Recorded, SeriesPoint
from domain.kpi.rules import Reported
from domain.kpi.storing import store
from domain.kpi.tables import KpiEvent
from domain.outcomes import Kind, Refused, refused

HALF_HOUR = 1_800
"""Days of the business begin at a whole half-hour of UTC, in every zone there is."""
MOST_PARTS = 30


def record(act: Act, events: list[Reported], *, is_single: bool) -> Recorded:
    """Write reported events, each once; a bulk is one entry of the audit."""
    new = store(act.connection, events, recorded_at=act.now, actor=act.actor, correlation_id=act.correlation_id)
    metrics = tuple(sorted({f"{event.domain}.{event.metric}" for event in events}))
    act.changed(
        metrics[0] if len(metrics) == 1 else f"{len(metrics)} metrics",
        after={"recorded": new, "repeated": len(events) - new, "metrics": list(metrics[:20])},
    )
    return Recorded(
        recorded=new, repeated=len(events) - new, metrics=metrics, event_id=events[0].event_id if is_single else None
    )


@dataclass(slots=True)
class _Sums:
    """What a point is made of."""

    count: int = 0
    successes: int = 0
    judged: int = 0
    total: float = 0.0
    valued: int = 0
    newest: datetime | None = field(default=None)

    def add(self, row: Any) -> None:
        self.count += row.count
        self.judged += row.judged or 0
        self.successes += row.successes or 0
        self.valued += row.valued or 0
        self.total += row.total or 0.0

    def point(self, name: str, day: date | None = None) -> SeriesPoint:
        return SeriesPoint(
            name=name, day=day, count=self.count, successes=self.successes,
            rate=self.successes / self.judged if self.judged else None,
            mean=self.total / self.valued if self.valued else None,
        )  # fmt: skip


def series(act: Act, domain: str, metric: str, by: str, days: int) -> KpiSeries | Refused:
    """Read the last `days` business days of a metric, today included."""
    today = act.now.astimezone(act.settings.zone).date()
    first = today - timedelta(days=days - 1)
    since = datetime.combine(first, time(), tzinfo=act.settings.zone).astimezone(UTC)
    newest = act.connection.scalar(
        select(func.max(KpiEvent.occurred_at)).where(KpiEvent.domain == domain, KpiEvent.metric == metric)
    )
    if newest is None:
        return refused(
            Kind.NOT_FOUND, "no_such_metric", f"Nothing was ever recorded of {domain}.{metric}.", layer="KPI",
            remedy="`/tripwire policies` lists the metrics that are watched.",
        )  # fmt: skip
    rows = _rows(act, domain, metric, by, since)
    total = _Sums()
    for _key, row in rows:
        total.add(row)
    points = _by_day(act, rows, first, today) if by == "day" else _by_name(rows)
    return KpiSeries(
        domain=domain, metric=metric, by=by, days=days, since=since, as_of=act.now,
        is_rate=total.valued <= total.judged,
        points=points, total=total.point("total"), last_event_at=newest,
    )  # fmt: skip


def _rows(act: Act, domain: str, metric: str, by: str, since: datetime) -> list[tuple[Any, Any]]:
    key = _key(act, by)
    query = (
        select(
            key.label("key"), func.count().label("count"), func.count(KpiEvent.success).label("judged"),
            func.sum(cast(KpiEvent.success, Integer)).label("successes"),
            func.count(KpiEvent.value).label("valued"), func.sum(KpiEvent.value).label("total"),
        )
        .where(
            KpiEvent.domain == domain, KpiEvent.metric == metric, KpiEvent.occurred_at >= since,
            KpiEvent.occurred_at <= act.now + timedelta(minutes=5),
        )
        .group_by("key")
    )  # fmt: skip
    return [(row.key, row) for row in act.connection.execute(query)]


def _key(act: Act, by: str) -> ColumnElement[Any]:
    if by == "source":
        return func.coalesce(KpiEvent.source, "none")
    if by == "market":
        return func.coalesce(KpiEvent.market, "none")
    if by == "assignee":
        return func.coalesce(KpiEvent.detail["assignee"].as_string(), cast(KpiEvent.actor, String))
    return half_hour(act.connection, KpiEvent.occurred_at)


def half_hour(connection: Connection, at: Any) -> ColumnElement[Any]:
    """Return the half-hours since 1970 of a column of times, as the database counts them."""
    if connection.dialect.name == "postgresql":
        seconds: ColumnElement[Any] = func.extract("epoch", at)
        return cast(func.floor(seconds / HALF_HOUR), Integer)
    return cast(func.strftime("%s", at), Integer).op("/")(HALF_HOUR)


def _by_day(act: Act, rows: Iterable[tuple[Any, Any]], first: date, today: date) -> tuple[SeriesPoint, ...]:
    sums: dict[date, _Sums] = defaultdict(_Sums)
    for key, row in rows:
        moment = datetime.fromtimestamp(int(key) * HALF_HOUR, UTC)
        sums[moment.astimezone(act.settings.zone).date()].add(row)
    span = [first + timedelta(days=day) for day in range((today - first).days + 1)]
    return tuple(sums[day].point(day.isoformat(), day) for day in span)


def _by_name(rows: Iterable[tuple[Any, Any]]) -> tuple[SeriesPoint, ...]:
    found = []
    for key, row in rows:
        sums = _Sums()
        sums.add(row)
        found.append(sums.point(str(key)))
    return tuple(sorted(found, key=lambda point: (-point.count, point.name))[:MOST_PARTS])
