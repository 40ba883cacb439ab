"""Telling somebody once that there is room again."""

from datetime import timedelta

from sqlalchemy import select, update

from domain.act import Act, Priority
from domain.database import insert_into
from domain.delivery.results import Pruned
from domain.identity import is_slack_user
from domain.money import from_cents
from domain.outcomes import Kind, Refused, refused
from domain.pruning import forget
from domain.risk import views
from domain.risk.results import RoomAppeared, Watching
from domain.risk.rules import GLOBAL
from domain.risk.tables import RiskWatch

LIVES = timedelta(days=3)
KEPT = timedelta(days=90)
BATCH = 1_000
TOLD, TOO_LONG = "told", "too long"


def watch(act: Act, engine: str, amount: int) -> Watching | Refused:
    """Remember that the caller wants to hear once; asked again for the same engine, the newest amount counts."""
    if engine == GLOBAL:
        return refused(
            Kind.INVALID, "global_is_no_engine", "GLOBAL is the caps over all engines, not an engine that acts.",
            layer="input", field="engine", remedy="Name the engine you want room of; `/risk` lists them.",
        )  # fmt: skip
    if engine not in {line.engine for line in views.snapshot(act).items}:
        return refused(
            Kind.NOT_FOUND, "no_policy", f"There is no engine {engine} with caps, so it never has room.",
            layer="Risk Guard", field="engine", remedy="`/risk policies` lists the engines.",
        )  # fmt: skip
    if not is_slack_user(act.actor):
        return refused(
            Kind.REFUSED, "not_a_person", "Only a person in Slack can be told in a direct message.", layer="Risk Guard",
            remedy="A program asks again, or reads `risk.snapshot`.",
        )  # fmt: skip
    values = {"amount": amount, "created_at": act.now, "expires_at": act.now + LIVES}
    waiting = act.connection.scalar(
        select(RiskWatch.id).where(
            RiskWatch.engine == engine, RiskWatch.user_id == act.actor, RiskWatch.ended_at.is_(None)
        )
    )
    act.connection.execute(
        insert_into(act.connection, RiskWatch)
        .values(engine=engine, user_id=act.actor, **values)
        .on_conflict_do_update(
            index_elements=["engine", "user_id"], index_where=RiskWatch.ended_at.is_(None), set_=values
        )
    )
    act.changed(engine, after={"watches": str(from_cents(amount))})
    return Watching(engine=engine, amount=from_cents(amount), expires_at=act.now + LIVES, already=waiting is not None)


def tell_due(act: Act) -> int:
    """Tell everybody whose room is there now, once each, and forget who waited too long; return how many were told."""
    waiting = act.connection.execute(
        select(RiskWatch.__table__)
        .where(RiskWatch.ended_at.is_(None))
        .order_by(RiskWatch.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    if not waiting:
        return 0
    room = {line.engine: line for line in views.snapshot(act).items}
    told, ended = [], []
    for row in waiting:
        line = room.get(row.engine)
        if row.expires_at <= act.now:
            ended.append(row.id)
        elif line is not None and line.acts and (line.most is None or line.most >= from_cents(row.amount)):
            told.append(row.id)
            card = RoomAppeared(
                engine=row.engine, amount=from_cents(row.amount), most=line.most, at=act.now, asked_at=row.created_at
            )
            act.post(f"user:{row.user_id}", "room_appeared", card, priority=Priority.REPLY)
    for why, ids in ((TOLD, told), (TOO_LONG, ended)):
        if ids:
            act.connection.execute(
                update(RiskWatch).where(RiskWatch.id.in_(ids)).values(ended_at=act.now, ended_why=why)
            )
    if told or ended:
        act.changed("watches", after={TOLD: told, TOO_LONG: ended})
    return len(told)


def prune(act: Act) -> Pruned:
    """Forget who was told, or waited too long, long ago."""
    return Pruned(pruned=len(forget(act, RiskWatch, RiskWatch.ended_at < act.now - KEPT, first=RiskWatch.ended_at)))
