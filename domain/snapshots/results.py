"""What a snapshot looks like from outside."""

from datetime import date, datetime

from domain.charts.results import Unit
from domain.outcomes import Result


class SnapshotLine(Result):
    """One figure with what it is compared with."""

    name: str
    value: str
    """In words or figures, with mentions as `<@U…>` and times as ISO 8601."""
    beside: str = ""
    ok: bool | None = None
    """Whether it is as it should be; None: it only says how it is."""


class PartView(Result):
    """One part of the whole."""

    name: str
    title: str
    lines: tuple[SnapshotLine, ...]


class Overview(Result):
    """How everything stands, or one part of it."""

    part: str | None = None
    items: tuple[PartView, ...]
    not_there: tuple[str, ...] = ()
    """Parts that come with engines that are not there."""
    as_of: datetime


class Metric(Result):
    """One success metric against its target, over a stretch of days."""

    name: str
    label: str
    value: float | None
    """None: nothing was measured."""
    before: float | None = None
    """The same of as many days before."""
    target: float
    unit: Unit = "percent"
    met: bool | None
    """None where there is nothing to judge."""
    count: int = 0
    """How many events it was counted from."""
    no_data: str = ""
    """Why there is none, and what brings it."""


class MetricsView(Result):
    """The success metrics of some days."""

    days: int
    items: tuple[Metric, ...]
    met: int
    judged: int
    as_of: datetime


class Finding(Result):
    """One thing the Monday review names."""

    text: str
    short: str = ""
    """What is to be repaired, in two or three words; empty where nothing is."""


class Denied(Result):
    """Refusals for one reason."""

    count: int
    text: str


class Weekly(Result):
    """One small line of the review: a value for each of some weeks, by the week's Monday."""

    title: str
    unit: Unit = "percent"
    points: tuple[tuple[date, float | None], ...]
    target: float | None = None
    more_is_better: bool | None = None
    """None: neither is better."""


class Stop(Result):
    """What was stopped, and from when to when."""

    what: str
    since: datetime
    until: datetime | None = None
    """None: it is stopped still."""


class WeekPart(Result):
    """What one part brings to the Monday review."""

    broke: tuple[Finding, ...] = ()
    denied: tuple[Denied, ...] = ()
    drifted: tuple[Finding, ...] = ()
    stopped: tuple[Stop, ...] = ()
    money: str = ""
    watching: str = ""
    lines: tuple[Weekly, ...] = ()
    changes: int = 0
    """How many settings people changed."""
