"""Messages that cannot be sent: who is told, and what a person decides about them."""

from typing import Any

from sqlalchemy import Row, func, select, update

from domain.access.people import holders
from domain.act import Act, Priority
from domain.alerts.results import AlertCard
from domain.alerts.service import raise_alert
from domain.alerts.tables import Alert
from domain.delivery import rules
from domain.delivery.lanes import routes
from domain.delivery.results import (
    DeliveryDropped,
    DeliveryFailed,
    DeliveryList,
    DeliveryRetried,
    PausedLane,
    StuckMessage,
)
from domain.delivery.service import LIVE
from domain.delivery.tables import Outbox, OutboxLane
from domain.identity import Role
from domain.oncall import ladder, pages
from domain.outcomes import Kind, Refused, refused

LAYER = "Delivery"
STUCK = ("held", "dead")
ALERT_CARD = "alert"
LONGEST_LIST = 50


def listed(act: Act) -> DeliveryList:
    """List what is stuck, with the cure of each, and how much waits."""
    connection = act.connection
    known = routes(connection, act.settings.default_routes)
    rows = connection.execute(
        select(Outbox.__table__).where(Outbox.state.in_(STUCK)).order_by(Outbox.id).limit(LONGEST_LIST)
    )
    items = tuple(_stuck(row, known) for row in rows)
    queued = connection.execute(
        select(func.count().label("total"), func.min(Outbox.created_at).label("oldest")).where(Outbox.state.in_(LIVE))
    ).one()
    paused = connection.execute(
        select(OutboxLane.channel, OutboxLane.paused_until)
        .where(OutboxLane.paused_until > act.now)
        .order_by(OutboxLane.channel)
    )
    return DeliveryList(
        items=items, total=_count(act), queued=queued.total, oldest_queued_at=queued.oldest,
        paused=tuple(PausedLane(channel=row.channel, paused_until=row.paused_until) for row in paused),
    )  # fmt: skip


def _stuck(row: Row[Any], known: dict[str, str]) -> StuckMessage:
    return StuckMessage(
        outbox_id=row.id, state=row.state, destination=row.destination,
        channel=rules.target_of(rules.lane_of(row.destination, known)), card=row.card, thing=row.thing,
        error=row.error or "", cure=rules.cure(row.state, row.error), attempts=row.attempts,
        created_at=row.created_at, attempted_at=row.attempted_at,
    )  # fmt: skip


def _count(act: Act) -> int:
    return act.connection.scalar(select(func.count()).select_from(Outbox).where(Outbox.state.in_(STUCK))) or 0


def _not_stuck(outbox_id: int) -> Refused:
    return refused(
        Kind.NOT_FOUND, "not_stuck", f"Message {outbox_id} is not among those that are stuck.", layer=LAYER,
        remedy="`/valhalla delivery` lists them.",
    )  # fmt: skip


def retry(act: Act, outbox_id: int | None) -> DeliveryRetried | Refused:
    """Try a stuck message again, or all of them; one that may have arrived is marked as possibly repeated."""
    which = Outbox.state.in_(STUCK) if outbox_id is None else (Outbox.id == outbox_id) & Outbox.state.in_(STUCK)
    rows = act.connection.execute(select(Outbox.id, Outbox.state).where(which).order_by(Outbox.id).with_for_update())
    states = {row.id: row.state for row in rows}
    if not states and outbox_id is not None:
        return _not_stuck(outbox_id)
    for state in STUCK:
        ids = [found for found, was in states.items() if was == state]
        again: dict[str, Any] = {"state": "queued", "not_before": act.now, "is_outcome_unknown": False, "error": None}
        if state == "held":
            again["is_repeat_possible"] = True
        if ids:
            act.connection.execute(update(Outbox).where(Outbox.id.in_(ids)).values(**again))
    act.changed(
        f"message {outbox_id}" if outbox_id is not None else "every stuck message",
        before={str(found): was for found, was in states.items()}, after={"state": "queued", "count": len(states)},
    )  # fmt: skip
    return DeliveryRetried(outbox_ids=tuple(states), still_stuck=_count(act))


def drop(act: Act, outbox_id: int) -> DeliveryDropped | Refused:
    """Decide that a stuck message is not sent."""
    row = act.connection.execute(
        update(Outbox)
        .where(Outbox.id == outbox_id, Outbox.state.in_(STUCK))
        .values(state="dropped", is_outcome_unknown=False)
        .returning(Outbox.destination, Outbox.card, Outbox.error)
    ).one_or_none()
    if row is None:
        return _not_stuck(outbox_id)
    act.changed(f"message {outbox_id}", before={"error": row.error}, after={"state": "dropped", "card": row.card})
    return DeliveryDropped(outbox_id=outbox_id, destination=row.destination, card=row.card, still_stuck=_count(act))


def fail(act: Act, outbox_id: int, attempt: int, state: str, error: str) -> DeliveryFailed:
    """End a row as `dead` or `held`, and tell somebody by the next way, in one transaction."""
    row = act.connection.execute(
        update(Outbox)
        .where(Outbox.id == outbox_id, Outbox.attempts == attempt, Outbox.state.in_(LIVE))
        .values(state=state, error=error)
        .returning(Outbox.destination, Outbox.card, Outbox.payload, Outbox.thing)
    ).one_or_none()
    if row is None:
        return DeliveryFailed(outbox_id=outbox_id, changed=False)
    act.changed(f"message {outbox_id}", after={"state": state, "error": error, "destination": row.destination})
    _tell(act, row, state, error)
    return DeliveryFailed(outbox_id=outbox_id, changed=True)


def _tell(act: Act, row: Row[Any], state: str, error: str) -> None:
    key = f"delivery:{row.destination}"
    if row.card == pages.CARD and state == "dead":
        ladder.undelivered(act, row.thing, error)
    is_alert = row.card == ALERT_CARD
    about = select(Alert.dedup_key).where(Alert.id == row.payload.get("alert_id"))
    is_about_itself = is_alert and act.connection.scalar(about) == key
    next_way = rules.escalate(row.destination, is_alert=is_alert, is_about_itself=is_about_itself)
    known = routes(act.connection, act.settings.default_routes)
    channel = rules.target_of(rules.lane_of(row.destination, known))
    place = f"<@{channel}>" if row.destination.startswith("user:") else f"#{channel}"
    if next_way.raise_alert:
        said = "cannot be delivered" if state == "dead" else "may not have arrived, and Slack cannot be asked"
        raise_alert(
            act, key, f"Messages to {place} {said}", severity="critical" if is_alert else "warning",
            facts=(
                ("Slack says", error),
                ("What to do", rules.cure(state, error)),
                ("Then", "`/valhalla delivery` shows what is stuck; retry or drop it there"),
            ),
            route=rules.ONCALL,
        )  # fmt: skip
    if next_way.tell_owners:
        card = AlertCard.model_validate(row.payload)
        for owner in holders(act.connection, Role.OWNER):
            act.post(f"user:{owner}", ALERT_CARD, card, thing=row.thing, priority=Priority.SWITCH)
