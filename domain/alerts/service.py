"""Raising, acknowledging and resolving alerts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, select, update

from domain.act import Act, Priority
from domain.alerts.results import AlertCard, AlertList
from domain.alerts.tables import Alert
from domain.database import insert_into
from domain.identity import mention
from domain.oncall import pages as ladder
from domain.oncall.rota import refuse_unless_may
from domain.outcomes import Kind, Refused, refused

LAYER = "Alerts"
ACKNOWLEDGED_FOR = timedelta(hours=4)
LONGEST_ACKNOWLEDGED = timedelta(days=7)
CRITICAL = "critical"
SEVERITIES = ("critical", "warning", "info")


def raise_alert(
    act: Act,
    dedup_key: str,
    headline: str,
    *,
    severity: str = "warning",
    facts: Sequence[tuple[str, str]] = (),
    route: str = "oncall",
    pages: bool | None = None,
    extra: dict[str, Any] | None = None,
) -> int:
    """Open an alert, or count once more on the one that is open for `dedup_key`; return its id.

    One that `pages` wakes whoever is on call, step by step until somebody acknowledges (`domain.oncall`); a critical
    one does unless told otherwise, and one that becomes critical begins then. `extra` is what an alert with a card of
    its own says: `{"card": its name, "detail": its typed result as JSON}`.
    """
    connection = act.connection
    new_id = connection.scalar(
        insert_into(connection, Alert)
        .values(
            dedup_key=dedup_key, severity=severity, headline=headline, facts=[list(fact) for fact in facts],
            route=route, state="open", times=1, opened_at=act.now, last_at=act.now,
            correlation_id=act.correlation_id, extra=extra,
        )
        .on_conflict_do_nothing()
        .returning(Alert.id)
    )  # fmt: skip
    alert_id = new_id if new_id is not None else _count_again(act, dedup_key, headline, severity, facts)
    if new_id is None and alert_id is not None and extra is not None:
        act.connection.execute(update(Alert).where(Alert.id == alert_id).values(extra=extra))
    if alert_id is None:  # resolved between the two statements: then it is a new alert
        return raise_alert(
            act, dedup_key, headline, severity=severity, facts=facts, route=route, pages=pages, extra=extra
        )
    if severity == CRITICAL if pages is None else pages:
        _begin_to_page(act, alert_id)
    show(act, alert_id)
    return alert_id


def _count_again(
    act: Act, dedup_key: str, headline: str, severity: str, facts: Sequence[tuple[str, str]]
) -> int | None:
    """Count on the open alert; one that becomes critical is open again, whoever looks at the warning it was."""
    values: dict[str, Any] = {"headline": headline, "facts": [list(fact) for fact in facts]}
    if severity == CRITICAL:
        values["severity"] = CRITICAL
        values["state"] = case((Alert.severity == CRITICAL, Alert.state), else_="open")
    return act.connection.scalar(
        update(Alert)
        .where(Alert.dedup_key == dedup_key, Alert.state != "resolved")
        .values(times=Alert.times + 1, last_at=act.now, **values)
        .returning(Alert.id)
    )


def _begin_to_page(act: Act, alert_id: int) -> None:
    """Begin the ladder of an alert that this transaction has written, unless it was begun before."""
    row = act.connection.execute(select(Alert.__table__).where(Alert.id == alert_id)).one()
    if row.state == "open" and not row.page_round:
        begin_round(act, row, "opened")


def begin_round(act: Act, row: Any, why: str, *, first: str | None = None) -> None:
    """Begin a round of pages of an alert, whose row must be locked."""
    number = ladder.begin(act, row, why, first=first)
    act.connection.execute(update(Alert).where(Alert.id == row.id).values(page_round=number))


def card_of(connection: Connection, row: Row[Any]) -> AlertCard:
    """Return the card of an alert as its row and its pages stand."""
    return AlertCard(
        alert_id=row.id, severity=row.severity, headline=row.headline,
        facts=tuple((name, value) for name, value in row.facts), state=row.state, times=row.times,
        opened_at=row.opened_at, last_at=row.last_at, acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at, acknowledged_until=row.acknowledged_until,
        resolved_by=row.resolved_by, resolved_at=row.resolved_at, note=row.note, extra=row.extra,
        pages=row.page_round > 0,
        paged=ladder.lines(connection, row.id, alert_round=row.page_round) if row.state == "open" else (),
    )  # fmt: skip


def show(act: Act, alert_id: int, *, priority: Priority = Priority.SWITCH) -> AlertCard:
    """Post an alert's message, or edit it to what the row says now."""
    row = act.connection.execute(select(Alert.__table__).where(Alert.id == alert_id)).one()
    card = card_of(act.connection, row)
    act.post(f"route:{row.route}", "alert", card, thing=f"alert:{alert_id}", priority=priority)
    return card


def _locked(act: Act, alert_id: int) -> Row[Any] | Refused:
    row = act.connection.execute(select(Alert.__table__).where(Alert.id == alert_id).with_for_update()).one_or_none()
    if row is None:
        return refused(
            Kind.NOT_FOUND, "no_such_alert", f"There is no alert T-{alert_id}.", layer=LAYER,
            remedy="`/alerts` lists the open ones.",
        )  # fmt: skip
    if row.state == "resolved":
        return refused(
            Kind.CONFLICT, "already_resolved", f"T-{alert_id} was already resolved by {mention(row.resolved_by)}.",
            layer=LAYER, resolved_at=row.resolved_at.isoformat(),
        )  # fmt: skip
    return row


def acknowledge(act: Act, alert_id: int, until: datetime | None = None) -> AlertCard | Refused:
    """Say that somebody looks at it; it is quiet until then (four hours), and pages again if it is still open.

    What somebody else looks at is taken over only by saying until when: a late press of an old button is no take-over.
    """
    row = _locked(act, alert_id)
    if isinstance(row, Refused):
        return row
    if until is None and row.state == "acknowledged" and row.acknowledged_by != act.actor:
        return refused(
            Kind.CONFLICT, "already_acknowledged",
            f"{mention(row.acknowledged_by)} looks at T-{alert_id} already. Nothing changed.", layer=LAYER,
            acknowledged_at=row.acknowledged_at.isoformat(), until=row.acknowledged_until.isoformat(),
            remedy=f"`/alerts pass T-{alert_id} @someone` hands it over; `/alerts ack T-{alert_id} until=…` takes it.",
        )  # fmt: skip
    until = until or act.now + ACKNOWLEDGED_FOR
    if not act.now < until <= act.now + LONGEST_ACKNOWLEDGED:
        return refused(
            Kind.INVALID, "until_out_of_range", "An alert is acknowledged until a time within the next 7 days.",
            layer=LAYER, field="until", until=until.isoformat(), now=act.now.isoformat(),
            remedy="Leave `until=` out for four hours, or resolve it where it is over.",
        )  # fmt: skip
    act.connection.execute(
        update(Alert)
        .where(Alert.id == alert_id)
        .values(
            state="acknowledged", acknowledged_by=act.actor, acknowledged_at=act.now,
            acknowledged_until=until,
        )
    )  # fmt: skip
    ladder.stop(act, row, "acknowledged")
    act.changed(
        f"T-{alert_id}", before={"state": row.state, "acknowledged_by": row.acknowledged_by},
        after={"state": "acknowledged", "until": until.isoformat()},
    )  # fmt: skip
    return show(act, alert_id)


def pass_on(act: Act, alert_id: int, user_id: str) -> AlertCard | Refused:
    """Hand an alert to another person, and page them first; from there the ladder goes on as ever."""
    row = _locked(act, alert_id)
    if isinstance(row, Refused):
        return row
    refusal = refuse_unless_may(act, user_id)
    if refusal is not None:
        return refusal
    act.connection.execute(update(Alert).where(Alert.id == alert_id).values(state="open"))
    ladder.stop(act, row, "passed")
    begin_round(act, row, "passed", first=user_id)
    act.changed(
        f"T-{alert_id}", before={"state": row.state, "acknowledged_by": row.acknowledged_by},
        after={"state": "open", "passed_to": user_id},
    )  # fmt: skip
    return show(act, alert_id)


def resolve(act: Act, alert_id: int, note: str | None) -> AlertCard | Refused:
    """Say that it is over."""
    row = _locked(act, alert_id)
    if isinstance(row, Refused):
        return row
    act.connection.execute(
        update(Alert)
        .where(Alert.id == alert_id)
        .values(state="resolved", resolved_by=act.actor, resolved_at=act.now, note=note)
    )
    ladder.stop(act, row, "resolved")
    act.changed(f"T-{alert_id}", before={"state": row.state}, after={"state": "resolved"})
    return show(act, alert_id)


def resolve_by_itself(act: Act, alert_id: int, note: str) -> bool:
    """Resolve an alert whose cause is gone; return whether it was open still."""
    row = _locked(act, alert_id)
    if isinstance(row, Refused):
        return False
    act.connection.execute(
        update(Alert)
        .where(Alert.id == alert_id)
        .values(state="resolved", resolved_by=act.actor, resolved_at=act.now, note=note)
    )
    ladder.stop(act, row, "resolved")
    show(act, alert_id)
    return True


def unresolved(act: Act) -> AlertList:
    """List what is open or acknowledged, the gravest and newest first."""
    rank = case({severity: place for place, severity in enumerate(SEVERITIES)}, value=Alert.severity, else_=9)
    rows = act.connection.execute(
        select(Alert.__table__).where(Alert.state != "resolved").order_by(rank, Alert.id.desc()).limit(50)
    )
    return AlertList(items=tuple(card_of(act.connection, row) for row in rows.all()))
