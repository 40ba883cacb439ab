"""The chart of an alert: eight weeks, what was usual, the dip shaded, the alarm marked; an edit after the text.

It is read outside the transaction of the alarm, which holds locks: the alarm leaves `chart_wanted`, and the sweep
draws it a moment later.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Row, case, cast, func, select, update

from domain.act import Act
from domain.charts.results import Chart, Line, Mark, Series, Shade
from domain.kpi.service import half_hour
from domain.kpi.tables import KpiEvent
from domain.outcomes import Result
from domain.regression.results import TripCard
from domain.regression.rules import MetricKind
from domain.regression.tables import RegressionState
from domain.regression.words import level, name_of, percent, subject, verb

DAYS = 56
WEEK = 7
LEAST = 5
"""A week with fewer events says nothing, and is a gap."""
MOST_EVENTS = 200_000
"""The newest events that are read; what is older is not shown."""
HALF_HOUR = 1_800


class Drawn(Result):
    """How many charts were left to be drawn."""

    drawn: int


def is_wanted(connection: Connection) -> bool:
    """Whether an alert waits for its chart; cheap."""
    return connection.scalar(select(RegressionState.metric).where(RegressionState.chart_wanted).limit(1)) is not None


def draw(act: Act) -> Drawn:
    """Have every alert that wants one show its chart."""
    rows = act.connection.execute(
        select(RegressionState.__table__)
        .where(RegressionState.chart_wanted)
        .order_by(RegressionState.domain, RegressionState.metric)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        if row.alert_id is not None and row.shown is not None:
            act.chart(f"alert:{row.alert_id}", chart_of(act, row))
        act.connection.execute(
            update(RegressionState)
            .where(RegressionState.domain == row.domain, RegressionState.metric == row.metric)
            .values(chart_wanted=False)
        )
    return Drawn(drawn=len(rows))


def chart_of(act: Act, row: Row[Any]) -> Chart:
    """Return what the chart of a tripwire's alert shows."""
    card = TripCard.model_validate(row.shown)
    zone = act.settings.zone
    last = card.tripped_at.astimezone(zone).date()
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counts = _counts(act, card, days[0] - timedelta(days=WEEK))
    points = tuple((day, _figure(card, counts, day)) for day in days)
    usual = card.usual / WEEK if card.kind == MetricKind.VOLUME.value else card.usual
    began = card.began_at.astimezone(zone).date() if card.began_at else last
    is_share = card.kind != MetricKind.VOLUME.value
    since = f" since {card.began_at.astimezone(zone):%-d %B}" if card.began_at else ""
    shown = f"{percent(usual)}" if is_share else f"{usual:,.0f} a day"
    return Chart(
        title=f"{subject(card)}, 8 weeks ({'each day with the six before it' if is_share else 'a day'})",
        alt=f"{name_of(card.metric)} {verb(card)} from {level(card).replace(' → ', ' to ')}{since}",
        series=(Series(label=subject(card)[:80], points=points),),
        lines=(Line(label=f"usual {shown}", y=usual),),
        shaded=(Shade(start=max(min(began, last), days[0]), end=last, label="the dip"),),
        marks=(Mark(at=last, label="warning" if card.is_warning else "alarm"),),
        unit="percent" if is_share else "count",
    )


def _counts(act: Act, card: TripCard, first: date) -> dict[date, tuple[int, int]]:
    """Return events and good ones of each business day, of the newest events at most."""
    since = datetime.combine(first, datetime.min.time(), tzinfo=act.settings.zone).astimezone(UTC)
    good: Any = cast(KpiEvent.success, Integer)
    if card.kind == MetricKind.MEAN.value and card.middle is not None:
        above = KpiEvent.value > card.middle if card.better == "higher" else KpiEvent.value < card.middle
        good = case((above, 1), else_=0)
    newest = (
        select(half_hour(act.connection, KpiEvent.occurred_at).label("slot"), good.label("good"))
        .where(
            KpiEvent.domain == card.domain, KpiEvent.metric == card.metric, KpiEvent.occurred_at >= since,
            KpiEvent.occurred_at <= act.now,
        )
        .order_by(KpiEvent.occurred_at.desc())
        .limit(MOST_EVENTS)
        .subquery()
    )  # fmt: skip
    rows = act.connection.execute(
        select(newest.c.slot, func.count().label("events"), func.sum(newest.c.good).label("good")).group_by(
            newest.c.slot
        )
    )
    sums: dict[date, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in rows:
        day = datetime.fromtimestamp(int(row.slot) * HALF_HOUR, UTC).astimezone(act.settings.zone).date()
        count, fine = sums[day]
        sums[day] = count + row.events, fine + int(row.good or 0)
    return sums


def _figure(card: TripCard, counts: dict[date, tuple[int, int]], day: date) -> float | None:
    if card.kind == MetricKind.VOLUME.value:
        return float(counts[day][0])
    week = [counts[day - timedelta(days=back)] for back in range(WEEK)]
    events = sum(count for count, _good in week)
    return sum(good for _count, good in week) / events if events >= LEAST else None
