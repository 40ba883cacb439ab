"""What a week held: every part's findings, and what the program counts by itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, TextClause, func, select

from domain.act import Act
from domain.audit.tables import REFUSED, AuditEvent
from domain.outcomes import Kind
from domain.prime_law.tables import GoLiveHistory
from domain.review import rules
from domain.snapshots.metrics import weekly
from domain.snapshots.parts import Calls, Part, Week
from domain.snapshots.results import Denied, Stop, Weekly, WeekPart

DENIALS = (Kind.REFUSED.value, Kind.PRIME_LAW.value, Kind.NOT_ALLOWED.value)
"""The kinds of refusal that a rule made; a slip of the pen and a thing that is not there are none."""
CONTRACT_TARGET, RESPONSE_TARGET = 0.25, 0.6


def of(act: Act, parts: Iterable[Part], week: Week) -> WeekPart:
    """Put together what every part brings."""
    parts = tuple(parts)
    found = [part.week(act, week) for part in parts if part.week is not None]
    counted = tuple(part.counts_calls for part in parts if part.counts_calls is not None)
    lines = _lines(act, week, [line for one in found for line in one.lines], counted)
    own = refusals(act, week.since, week.until, but=counted)
    return WeekPart(
        broke=tuple(item for one in found for item in one.broke),
        denied=rules.grouped([*own, *(item for one in found for item in one.denied)]),
        drifted=tuple(item for one in found for item in one.drifted),
        stopped=tuple(item for one in found for item in one.stopped),
        money="; ".join(one.money for one in found if one.money),
        watching="; ".join(one.watching for one in found if one.watching),
        changes=sum(one.changes for one in found), lines=lines,
    )  # fmt: skip


def refusals(act: Act, since: datetime, until: datetime, *, but: Sequence[Calls] = ()) -> tuple[Denied, ...]:
    """Count the audit's refusals by reason; only what a rule denied."""
    code, layer = AuditEvent.after["code"].as_string(), AuditEvent.after["layer"].as_string()
    rows = act.connection.execute(
        select(AuditEvent.operation, code.label("code"), layer.label("layer"), func.count().label("number"))
        .where(*_denied(since, until), *(AuditEvent.correlation_id.not_in(calls(since, until)) for calls in but))
        .group_by(AuditEvent.operation, code, layer)
    )
    return rules.grouped(
        Denied(count=row.number, text=f"{row.layer}: {(row.code or '').replace('_', ' ')} ({row.operation})")
        for row in rows
    )


def _denied(since: datetime, until: datetime) -> tuple[ColumnElement[bool] | TextClause, ...]:
    return (
        REFUSED, AuditEvent.at >= since, AuditEvent.at < until,
        AuditEvent.after["kind"].as_string().in_(DENIALS),
    )  # fmt: skip


def _lines(act: Act, week: Week, given: Sequence[Weekly], counted: Sequence[Calls]) -> tuple[Weekly, ...]:
    own = (
        weekly(act, week, "WHOLESALE", "offer_generated", title="Offers", unit="count"),
        weekly(act, week, "WHOLESALE", "contract_rate", title="Contract rate", target=CONTRACT_TARGET),
        weekly(act, week, "BUYER_MATCH", "response_rate", title="Buyer response", target=RESPONSE_TARGET),
    )
    merged: dict[str, Weekly] = {line.title: line for line in own}
    for line in given:
        merged[line.title] = (
            _sum(merged[line.title], line) if line.title == "Denials" and line.title in merged else line
        )
    denials = tuple(
        (monday, float(sum(one.count for one in refusals(act, since, until, but=counted))))
        for monday, since, until in week.starts
    )
    ours = Weekly(title="Denials", unit="count", points=denials, more_is_better=False)
    merged["Denials"] = _sum(ours, merged["Denials"]) if "Denials" in merged else ours
    return tuple(merged[title] for title in rules.ORDER if title in merged)


def _sum(one: Weekly, other: Weekly) -> Weekly:
    points = tuple(
        (monday, (value or 0) + (more or 0))
        for (monday, value), (_, more) in zip(one.points, other.points, strict=True)
    )
    return one.model_copy(update={"points": points})


def live(act: Act, week: Week, stopped: Sequence[Stop]) -> str:
    """Say how long production was on in the week, and what was stopped of that."""
    history = act.connection.execute(
        select(GoLiveHistory.at, GoLiveHistory.go_live_enabled)
        .where(GoLiveHistory.at <= act.now)
        .order_by(GoLiveHistory.id)
    )
    return rules.live([(row.at, bool(row.go_live_enabled)) for row in history], week, stopped)
