"""The success metrics against their targets (spec/2): what has no events yet says what brings them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select

from domain.act import Act
from domain.charts.results import Unit
from domain.followup import sla
from domain.kpi.tables import KpiEvent
from domain.risk.tables import RiskHold
from domain.runbook import service as runbook
from domain.snapshots.parts import Week
from domain.snapshots.results import Metric, MetricsView, Weekly

DAYS = 7
TRIPWIRES = "tripwire:"


@dataclass(frozen=True, slots=True)
class Rate:
    """A metric that is a share of events."""

    name: str
    label: str
    domain: str
    metric: str
    target: float
    comes_with: str


RATES: Sequence[Rate] = (
    Rate("contact_in_window", "Contacts in window", "MARKET", "contact_in_window", 1.0, "the first contacts"),
    Rate("followup_sla", "Follow-ups within 2 h", "WHOLESALE", "followup_sla", 0.9, "the first follow-ups"),
    Rate("buyer_response", "Buyer response", "BUYER_MATCH", "response_rate", 0.6, "buyers"),
    Rate("offer_accept", "Offers accepted", "WHOLESALE", "offer_accept_rate", 0.4, "offers"),
    Rate("contract_rate", "Contract rate", "WHOLESALE", "contract_rate", 0.25, "offers"),
)
LIQUIDITY_TARGET = 100.0


def metrics(act: Act, days: int = DAYS) -> MetricsView:
    """Return every success metric of the last `days`, beside as many days before."""
    since, before = act.now - timedelta(days=days), act.now - timedelta(days=2 * days)
    now_counts = counted(act.connection, since, act.now)
    old_counts = counted(act.connection, before, since)
    items = (
        *(_rate(act, one, days, now_counts, old_counts) for one in RATES),
        _liquidity(), _runbook(act), _throttling(act, since),
    )  # fmt: skip
    judged = [item for item in items if item.met is not None]
    return MetricsView(
        days=days, items=items, met=sum(bool(item.met) for item in judged), judged=len(judged), as_of=act.now
    )


Counts = Mapping[tuple[str, str], tuple[int, int]]


def counted(connection: Connection, since: datetime, until: datetime) -> Counts:
    """Count each metric's events and successes of a stretch of time: one walk of the index."""
    rows = connection.execute(
        select(
            KpiEvent.domain, KpiEvent.metric, func.count().label("total"),
            func.count(case((KpiEvent.success.is_(True), 1))).label("good"),
        )
        .where(
            KpiEvent.domain.in_({one.domain for one in RATES}), KpiEvent.metric.in_({one.metric for one in RATES}),
            KpiEvent.occurred_at >= since, KpiEvent.occurred_at < until, KpiEvent.success.is_not(None),
        )
        .group_by(KpiEvent.domain, KpiEvent.metric)
    )  # fmt: skip
    return {(row.domain, row.metric): (row.good, row.total) for row in rows}


def _share(found: tuple[int, int]) -> float | None:
    good, total = found
    return good / total if total else None


def _rate(act: Act, one: Rate, days: int, now: Counts, old: Counts) -> Metric:
    found, before = now.get((one.domain, one.metric), (0, 0)), old.get((one.domain, one.metric), (0, 0))
    value, count = _share(found), found[1]
    if one.name == "followup_sla":  # what is open and late now counts too: a thousand late steps are not 100 %
        total = sla.snapshot(act, days).total
        value, count = total.rate_2h, total.count
    met = (
        None
        if value is None
        else (value >= one.target if one.name in {"contact_in_window", "followup_sla"} else value > one.target)
    )
    return Metric(
        name=one.name, label=one.label, value=value, before=_share(before), target=one.target, met=met, count=count,
        no_data="" if value is not None else f"no data yet: comes with {one.comes_with}",
    )  # fmt: skip


def _liquidity() -> Metric:
    return Metric(
        name="liquidity", label="Liquidity per market", value=None, target=LIQUIDITY_TARGET, unit="count", met=None,
        no_data="no data yet: comes with buyers",
    )  # fmt: skip


def _runbook(act: Act) -> Metric:
    found = runbook.status(act)
    total = sum(len(some) for some in (found.blockers, found.warnings, found.info, found.passed))
    value = len(found.passed) / total if total else None
    return Metric(
        name="runbook", label="Runbook green", value=value, target=1.0, met=None if value is None else value >= 1.0,
        count=total,
    )  # fmt: skip


def _throttling(act: Act, since: datetime) -> Metric:
    """Count the holds of tripwires that were in force within the days: whether somebody saw them is another thing."""
    number = act.connection.scalar(
        select(func.count())
        .select_from(RiskHold)
        .where(
            RiskHold.source.startswith(TRIPWIRES), RiskHold.share.is_(None),
            (RiskHold.lifted_at.is_(None)) | (RiskHold.lifted_at >= since),
        )
    )  # fmt: skip
    count = number or 0
    return Metric(
        name="throttling", label="Throttles", value=count, target=0.0, unit="count", met=count == 0, count=count
    )


def weekly(
    act: Act, week: Week, domain: str, metric: str, *, title: str, target: float | None = None, unit: Unit = "percent"
) -> Weekly:
    """Return a metric's share of successes in each week of the small lines (`count`: how many events)."""
    points: list[tuple[Any, float | None]] = []
    for monday, since, until in week.starts:
        row = act.connection.execute(
            select(func.count().label("total"), func.count(case((KpiEvent.success.is_(True), 1))).label("good")).where(
                KpiEvent.domain == domain, KpiEvent.metric == metric, KpiEvent.occurred_at >= since,
                KpiEvent.occurred_at < until,
            )
        ).one()  # fmt: skip
        share = None if not row.total else row.good / row.total
        points.append((monday, float(row.total) if unit == "count" else share))
    return Weekly(title=title, unit=unit, points=tuple(points), target=target, more_is_better=True)
