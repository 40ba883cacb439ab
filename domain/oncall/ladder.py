"""Moving the ladders on: steps whose time has come, alerts whose acknowledgement is over, pages that failed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, and_, cast, exists, literal, or_, select, update

from domain.act import Act
from domain.alerts.results import AlertCard
from domain.alerts.service import begin_round, card_of, raise_alert, show
from domain.alerts.tables import Alert
from domain.delivery.tables import Outbox
from domain.oncall import pages
from domain.oncall.results import Advanced, PageFailed
from domain.oncall.rules import AGAIN_AFTER
from domain.oncall.tables import LIVE, Page

AT_ONCE = 50
"""How many alerts one look moves on; the rest come with the next look, which follows at once."""
SETTLED = ("sent", "dead", "dropped")
DRILL = "drill"
PHONE_ALERT = "page:phone"
"""One warning for the whole second way, however many pages fail; it pages nobody, so no failure feeds itself."""


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(Page.state == "planned", Page.due_at <= now)


def _message(*states: str) -> ColumnElement[bool]:
    """Whether the message of a page has come to one of these ends."""
    return exists().where(Outbox.thing == literal("page:") + cast(Page.id, String), Outbox.state.in_(states))


def _is_settled() -> ColumnElement[bool]:
    return and_(Page.state == "queued", Page.way == pages.SLACK, _message(*SETTLED))


def _is_over(now: datetime) -> ColumnElement[bool]:
    return and_(Alert.state == "acknowledged", Alert.acknowledged_until <= now)


def _is_unanswered(now: datetime) -> ColumnElement[bool]:
    """Whether a round ran out some time ago, and nobody has answered since."""
    at_work = or_(Page.state == "planned", Page.due_at > now - AGAIN_AFTER)
    return and_(
        Alert.state == "open",
        Alert.page_round > 0,
        ~exists().where(Page.alert_id == Alert.id, Page.round == Alert.page_round, at_work),
    )


def drill(act: Act) -> AlertCard:
    """Raise an alert that is none, so that everybody sees pages arrive before one is needed."""
    alert_id = raise_alert(
        act, DRILL, f"DRILL by <@{act.actor}>: nothing is wrong", severity="critical",
        facts=(("What to do", "acknowledge it where it reached you, then resolve it"),),
    )  # fmt: skip
    act.changed(f"T-{alert_id}", after={"drill": True})
    row = act.connection.execute(select(Alert.__table__).where(Alert.id == alert_id)).one()
    return card_of(act.connection, row)


def waiting(connection: Connection, now: datetime) -> list[int]:
    """Return the alerts for which something is to be done now, by id; cheap, and takes no lock."""
    found: set[int] = set()
    for what in (_is_due(now), _is_settled()):
        found.update(connection.scalars(select(Page.alert_id).where(LIVE, what).distinct().limit(AT_ONCE)))
    for over in (_is_over(now), _is_unanswered(now)):
        found.update(connection.scalars(select(Alert.id).where(over).limit(AT_ONCE)))
    return sorted(found)[:AT_ONCE]


def advance(act: Act, alert_id: int | None = None) -> Advanced:
    """Do what is due for one alert, or for all in the order of their ids; nothing due leaves no trace."""
    which = waiting(act.connection, act.now) if alert_id is None else [alert_id]
    paged = reopened = 0
    for number in which:
        alert = _locked(act, number)
        if alert is None:
            continue
        forward = _settle(act, alert)
        if alert.state == "acknowledged" and alert.acknowledged_until <= act.now:
            _reopen(act, alert)
            reopened += 1
        elif alert.state == "open":
            fired = pages.fire_due(act, alert, alert.page_round)
            if not fired and _has_run_out(act, number):
                begin_round(act, alert, "unanswered")
                fired = 1
            paged += fired
            if fired or forward:
                show(act, number)
        else:  # whoever answered it stopped its pages; where something was left, it must not be looked at for ever
            pages.stop_rows(act, number)
    if paged or reopened:
        act.changed(", ".join(f"T-{number}" for number in which), after={"paged": paged, "reopened": reopened})
    return Advanced(paged=paged, reopened=reopened)


def _has_run_out(act: Act, alert_id: int) -> bool:
    query = select(Alert.id).where(Alert.id == alert_id, _is_unanswered(act.now))
    return act.connection.scalar(query) is not None


def _locked(act: Act, alert_id: int) -> Any | None:
    return act.connection.execute(select(Alert.__table__).where(Alert.id == alert_id).with_for_update()).one_or_none()


def _reopen(act: Act, alert: Any) -> None:
    """Open an alert again whose acknowledgement is over; one that pages pages again."""
    act.connection.execute(update(Alert).where(Alert.id == alert.id).values(state="open"))
    if alert.page_round:
        begin_round(act, alert, "again")
    show(act, alert.id)


def _settle(act: Act, alert: Any) -> bool:
    """Write down what became of the messages; return whether a failed one brought the next step forward."""
    sent = _message("sent")
    rows = act.connection.execute(
        select(*Page.__table__.columns, sent.label("is_sent")).where(Page.alert_id == alert.id, _is_settled())
    ).all()
    forward = False
    for row in rows:
        if row.is_sent:
            act.connection.execute(
                update(Page).where(Page.id == row.id).values(state="sent", sent_at=act.now, ended_at=act.now)
            )
        else:
            forward = pages.fail(act, alert, row, "the message could not be delivered") or forward
    return forward


def undelivered(act: Act, thing: str | None, error: str) -> None:
    """Bring the next step forward where a page's message was refused for good."""
    number = (thing or "").removeprefix("page:")
    if number.isdigit():
        _fail(act, int(number), error)


def failed(act: Act, page_id: int, attempt: int, error: str) -> PageFailed:
    """End a page by telephone that was refused, or got no answer too often; warn, and bring the next step forward."""
    row = act.connection.execute(select(Page.attempts, Page.state).where(Page.id == page_id)).one_or_none()
    if row is None or row.state != "sending" or row.attempts != attempt:
        return PageFailed(page_id=page_id, changed=False)
    if not _fail(act, page_id, error):
        return PageFailed(page_id=page_id, changed=False)
    act.changed(f"page {page_id}", after={"state": "failed", "error": error})
    raise_alert(
        act, PHONE_ALERT, "Pages do not get through to VALHALLA_PAGE_URL",
        facts=(
            ("It says", error),
            ("What happened then", "the next step of the ladder was told at once"),
            ("What to do", "check the address and the secret; resolve this when a page came through"),
        ),
    )  # fmt: skip
    return PageFailed(page_id=page_id, changed=True)


def _fail(act: Act, page_id: int, error: str) -> bool:
    alert_id = act.connection.scalar(select(Page.alert_id).where(Page.id == page_id))
    alert = _locked(act, alert_id) if alert_id is not None else None
    if alert is None:
        return False
    row = act.connection.execute(select(Page.__table__).where(Page.id == page_id).with_for_update()).one()
    if row.state not in {"queued", "sending"}:
        return False
    pages.fail(act, alert, row, error)
    if alert.state == "open":
        show(act, alert.id)
    return True


def person_gone(act: Act, user_id: str) -> None:
    """Bring the next step forward wherever the last one told was somebody who works here no more."""
    open_rounds = act.connection.execute(
        select(Page.alert_id)
        .join(Alert, and_(Alert.id == Page.alert_id, Alert.page_round == Page.round, Alert.state == "open"))
        .where(Page.target == f"user:{user_id}", Page.state.in_(pages.FIRED))
        .distinct()
        .order_by(Page.alert_id)
    )
    for alert_id in open_rounds.scalars().all():
        alert = _locked(act, alert_id)
        if alert is None or alert.state != "open":
            continue
        fired = act.connection.execute(
            select(Page.__table__)
            .where(Page.alert_id == alert_id, Page.round == alert.page_round, Page.fired_at.is_not(None))
            .order_by(Page.step.desc())
        ).all()
        if fired and {row.target for row in fired if row.step == fired[0].step} == {f"user:{user_id}"}:
            pages.hasten(act, alert_id, alert.page_round)
            if pages.fire_due(act, alert, alert.page_round):
                show(act, alert_id)
