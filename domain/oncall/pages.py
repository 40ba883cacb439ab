"""The pages of one alert: planning a round, telling whoever's turn it is, stopping. The alert's row must be locked."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from domain.access.people import holders
from domain.act import Act, Priority
from domain.alerts.tables import Alert
from domain.delivery.results import Pruned
from domain.delivery.tables import CardMessage
from domain.identity import Role
from domain.oncall import rota, rules
from domain.oncall.results import PageCard, PageLine
from domain.oncall.tables import Page
from domain.pruning import forget

CARD = "page"
SLACK, PHONE = "slack", "phone"
FIRED = ("queued", "sending", "sent", "failed")
KEPT = timedelta(days=90)


def thing_of(page_id: int) -> str:
    """Return what the message of a page is about."""
    return f"page:{page_id}"


def is_person(target: str) -> bool:
    """Whether a page goes to a person, as against a channel."""
    return target.startswith("user:")


def begin(act: Act, alert: Any, why: str, *, first: str | None = None) -> int:
    """Begin a round of an alert's ladder, in place of the one that may be under way; tell the first at once.

    Args:
        act: The act in whose transaction it is done.
        alert: The alert's row, locked.
        why: `opened`, `passed`, `again`, or `unanswered` where the round before ran out.
        first: Who is told first, where somebody passed it on.

    Returns:
        The number of the round, now on the alert's row.
    """
    stop_rows(act, alert.id)
    number: int = alert.page_round + 1
    people = rota.to_page(act, first=first)
    steps = rules.plan(people, holders(act.connection, Role.OWNER), act.now, alert.route)
    ways = (SLACK, PHONE) if act.settings.page_url else (SLACK,)
    rows = [
        {
            "alert_id": alert.id, "round": number, "step": step.number, "why": why, "way": way, "target": target,
            "said_by": act.actor if first is not None and step.number == 1 else None, "due_at": step.due_at,
            "state": "planned", "key": uuid4().hex, "attempts": 0,
        }
        for step in steps
        for target in step.targets
        for way in (ways if is_person(target) else (SLACK,))
    ]  # fmt: skip
    act.connection.execute(insert(Page), rows)
    fire_due(act, alert, number)
    return number


def _planned(act: Act, alert_id: int, number: int) -> Sequence[Any]:
    return act.connection.execute(
        select(Page.__table__)
        .where(Page.alert_id == alert_id, Page.round == number, Page.state == "planned")
        .order_by(Page.step, Page.id)
    ).all()


def fire_due(act: Act, alert: Any, number: int) -> int:
    """Tell everybody whose turn has come; return how many steps that were.

    A step none of whose people may be paged any more is skipped, and the next one's turn comes at once.
    """
    fired = 0
    while rows := _planned(act, alert.id, number):
        step = [row for row in rows if row.step == rows[0].step]
        if step[0].due_at > act.now:
            break
        if _fire(act, alert, step, following=next((row for row in rows if row.step != step[0].step), None)):
            fired += 1
        else:
            hasten(act, alert.id, number)
    return fired


def _fire(act: Act, alert: Any, step: Sequence[Any], *, following: Any | None) -> bool:
    told = False
    before = lines(act.connection, alert.id, alert_round=step[0].round)
    for row in step:
        if is_person(row.target) and not rota.may_be_paged(act.connection, row.target.removeprefix("user:")):
            _set(act, row.id, state="skipped", ended_at=act.now, error="may not be on call any more")
            continue
        told = True
        _set(act, row.id, state="queued", fired_at=act.now, not_before=act.now)
        if row.way == SLACK:
            shown = _card(alert, row, following=following, before=before)
            act.post(row.target, CARD, shown, thing=thing_of(row.id), priority=Priority.SWITCH)
    return told


def _card(
    alert: Any, row: Any, *, following: Any | None = None, before: tuple[PageLine, ...] = (), **over: Any
) -> PageCard:
    return PageCard(
        page_id=row.id, alert_id=alert.id, severity=alert.severity, headline=alert.headline,
        facts=tuple((name, value) for name, value in alert.facts), opened_at=alert.opened_at, why=row.why,
        to_channel=not is_person(row.target), next_target=following.target if following else None,
        next_at=following.due_at if following else None, said_by=row.said_by,
        before=tuple(line for line in before if line.state != "planned"), **over,
    )  # fmt: skip


def _set(act: Act, page_id: int, **values: Any) -> None:
    act.connection.execute(update(Page).where(Page.id == page_id).values(**values))


def hasten(act: Act, alert_id: int, number: int) -> None:
    """Let the next step be due now, and those after it five minutes apart."""
    rows = _planned(act, alert_id, number)
    for place, (_step, members) in enumerate(groupby(rows, key=lambda row: row.step)):
        ids = [row.id for row in members]
        due = act.now + rules.STEP * place
        act.connection.execute(update(Page).where(Page.id.in_(ids), Page.due_at > due).values(due_at=due))


def fail(act: Act, alert: Any, row: Any, error: str) -> bool:
    """End a page that could not be delivered; return whether that brought the next step forward.

    It does once a step: what fails after the next one was told brings nobody more.
    """
    _set(act, row.id, state="failed", ended_at=act.now, error=error)
    if alert.state != "open" or row.round != alert.page_round:
        return False
    later = select(Page.id).where(
        Page.alert_id == alert.id, Page.round == row.round, Page.step > row.step, Page.fired_at.is_not(None)
    )
    if act.connection.scalar(later.limit(1)) is not None:
        return False
    hasten(act, alert.id, row.round)
    return fire_due(act, alert, row.round) > 0


def stop_rows(act: Act, alert_id: int) -> None:
    """Page nobody more: what is planned, and what the pager has not taken yet."""
    act.connection.execute(
        update(Page).where(Page.alert_id == alert_id, Page.state == "planned").values(state="stopped", ended_at=act.now)
    )
    act.connection.execute(
        update(Page)
        .where(Page.alert_id == alert_id, Page.way == PHONE, Page.state == "queued")
        .values(state="stopped", ended_at=act.now)
    )


def stop(act: Act, alert: Any, over: str) -> None:
    """Page nobody more, and let the messages of this round say why there is nothing to do any more."""
    told = act.connection.execute(
        select(Page.__table__)
        .where(
            Page.alert_id == alert.id, Page.round == alert.page_round, Page.way == SLACK, Page.fired_at.is_not(None),
            Page.state != "failed",
        )
        .order_by(Page.id)
    ).all()  # fmt: skip
    stop_rows(act, alert.id)
    for row in told:
        shown = _card(alert, row, over=over, over_by=act.actor, over_at=act.now)
        act.post(row.target, CARD, shown, thing=thing_of(row.id), priority=Priority.SWITCH)


def lines(connection: Connection, alert_id: int, *, alert_round: int) -> tuple[PageLine, ...]:
    """Return who was paged in a round, and who is next: for the alert's card."""
    if not alert_round:
        return ()
    rows = connection.execute(
        select(Page.__table__)
        .where(Page.alert_id == alert_id, Page.round == alert_round, Page.state.in_((*FIRED, "planned")))
        .order_by(Page.step, Page.id)
    ).all()
    planned = [row.step for row in rows if row.state == "planned"]
    shown = [row for row in rows if row.state != "planned" or row.step == min(planned)]
    grouped = groupby(shown, key=lambda row: (row.step, row.target))
    return tuple(_line(list(members)) for _key, members in grouped)


def _line(rows: Sequence[Any]) -> PageLine:
    failed = [row for row in rows if row.state == "failed"]
    reached = "failed" if len(failed) == len(rows) else "paged"
    at: datetime = rows[0].fired_at or rows[0].due_at
    return PageLine(
        target=rows[0].target, at=at, state="planned" if rows[0].state == "planned" else reached, ways=_ways(rows),
        failed=_ways(failed), error=failed[0].error if failed else None, said_by=rows[0].said_by,
    )  # fmt: skip


def _ways(rows: Iterable[Any]) -> tuple[str, ...]:
    return tuple(row.way for row in rows)


def prune(act: Act) -> Pruned:
    """Forget pages that ended long ago, and where their messages stand; the alert and the audit stay.

    Kept are the pages of an alert that is not resolved, for its card and its ladder, and the last one by telephone,
    by which the runbook knows whether that way works.
    """
    by_phone = select(func.max(Page.id)).where(Page.way == PHONE, Page.state.in_(("sent", "failed")))
    last = act.connection.scalar(by_phone)
    gone = forget(
        act, Page, Page.ended_at < act.now - KEPT, Page.id != (last or 0),
        exists().where(Alert.id == Page.alert_id, Alert.state == "resolved"), first=Page.ended_at,
    )  # fmt: skip
    things = [thing_of(page_id) for (page_id,) in gone]
    if things:
        act.connection.execute(delete(CardMessage).where(CardMessage.thing.in_(things)))
    return Pruned(pruned=len(gone))
