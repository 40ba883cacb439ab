"""What was recorded, and a metric as a series that a chart can be drawn from."""

from datetime import date, datetime

from domain.outcomes import Result


class Recorded(Result):
    """How many events are new, and how many were known already."""

    recorded: int
    repeated: int
    metrics: tuple[str, ...]
    """`DOMAIN.metric` of each, in alphabetical order."""
    event_id: str | None = None
    """Of a single event: its id, which makes it one event however often it is reported."""
    audit_id: int | None = None


class SeriesPoint(Result):
    """One day, source, market or assignee."""

    name: str
    day: date | None = None
    count: int
    """Events with a success or failure, or with a value."""
    successes: int = 0
    rate: float | None = None
    """Of a rate: successes of all; None where there is none."""
    mean: float | None = None
    """Of a numeric metric: the mean value."""


class KpiSeries(Result):
    """A metric over some days, by day or by where it comes from."""

    domain: str
    metric: str
    by: str
    days: int
    since: datetime
    as_of: datetime
    is_rate: bool
    points: tuple[SeriesPoint, ...]
    """By day: every business day of the span, oldest first; else the largest first."""
    total: SeriesPoint
    last_event_at: datetime | None = None
