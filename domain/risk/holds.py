"""Placing holds on an engine, lifting each on its own, and what is in force."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update

from domain.act import Act
from domain.database import insert_into
from domain.risk.rules import GLOBAL, engine_name
from domain.risk.tables import RiskEvent, RiskHold

FOLLOWUPS = "WHOLESALE"
"""The engine whose hold, or GLOBAL's, may stop follow-ups too."""


def place_hold(act: Act, engine: str, *, source: str, reason: str, followups: bool = False) -> int:
    """Stop an engine on behalf of `source`; return the hold's id.

    One hold is in force for each engine and source: a second call returns the first one's id, and can only widen it
    to the follow-ups. Locks neither the engine's policy nor its books.

    Args:
        act: The act that places it; the business day of its time stands on the event.
        engine: Whose; `GLOBAL` stops all. Any spelling of the name.
        source: `tripwire:DOMAIN.metric` or `person:USERID`.
        reason: Why, for everybody who is stopped by it.
        followups: Whether claims of follow-up steps stop too (of WHOLESALE or GLOBAL).

    Raises:
        ValueError: An engine or source of another form.
    """
    name = engine_name(engine)
    if source.partition(":")[0] not in {"tripwire", "person"} or not source.partition(":")[2]:
        raise ValueError(f"{source!r} is neither tripwire:DOMAIN.metric nor person:USERID")
    while True:
        hold_id: int | None = act.connection.scalar(
            insert_into(act.connection, RiskHold)
            .values(
                engine=name, source=source, reason=reason, followups=followups, placed_by=act.actor, placed_at=act.now,
                correlation_id=act.correlation_id,
            )
            .on_conflict_do_nothing()
            .returning(RiskHold.id)
        )  # fmt: skip
        if hold_id is not None:
            _remember(act, "HOLD", name, hold_id, reason=reason, source=source, followups=followups)
            return hold_id
        existing = hold_of(act, name, source)
        if existing is not None:  # else it was lifted between the two statements
            return _widened(act, existing, reason) if followups and not existing.followups else int(existing.id)


def hold_of(act: Act, engine: str, source: str) -> Row[Any] | None:
    """Return the hold of one source that is in force on an engine, locked."""
    return act.connection.execute(
        select(RiskHold.__table__)
        .where(RiskHold.engine == engine, RiskHold.source == source, RiskHold.lifted_at.is_(None))
        .with_for_update()
    ).one_or_none()


def _widened(act: Act, hold: Row[Any], reason: str) -> int:
    act.connection.execute(update(RiskHold).where(RiskHold.id == hold.id).values(followups=True))
    _remember(act, "HOLD", hold.engine, hold.id, reason=reason, source=hold.source, followups=True)
    return int(hold.id)


def lift_hold(act: Act, engine: str, *, source: str) -> bool:
    """Lift the hold that `source` has on an engine, and no other; return whether there was one.

    Enables nothing. Raises `ValueError` for a name that no engine can have.
    """
    name = engine_name(engine)
    hold = hold_of(act, name, source)
    if hold is None:
        return False
    lift(act, hold)
    return True


def lift(act: Act, hold: Row[Any]) -> None:
    """Lift a locked hold."""
    act.connection.execute(
        update(RiskHold).where(RiskHold.id == hold.id).values(lifted_at=act.now, lifted_by=act.actor)
    )
    _remember(
        act, "RESUME", hold.engine, hold.id, reason=act.entry.reason, source=hold.source, followups=hold.followups
    )


def _remember(act: Act, kind: str, engine: str, hold_id: int, *, reason: str | None, **detail: Any) -> None:
    act.connection.execute(
        insert(RiskEvent).values(
            at=act.now, day=act.now.astimezone(act.settings.zone).date(), engine=engine, kind=kind, hold_id=hold_id,
            actor=act.actor, reason=reason, correlation_id=act.correlation_id, detail=detail,
        )
    )  # fmt: skip


def in_force(act: Act, engines: Sequence[str] | None = None) -> Sequence[Row[Any]]:
    """Return the holds in force, oldest first; on these engines, or all."""
    query = select(RiskHold.__table__).where(RiskHold.lifted_at.is_(None)).order_by(RiskHold.id)
    return act.connection.execute(query if engines is None else query.where(RiskHold.engine.in_(engines))).all()


def stopping_followups(act: Act) -> Row[Any] | None:
    """Return the hold that stops claims of follow-up steps, the oldest one, or None.

    An acting operation that asks holds Prime Law's lock, and a pause takes it alone: none of them commits after it.
    """
    return act.connection.execute(
        select(RiskHold.__table__)
        .where(RiskHold.lifted_at.is_(None), RiskHold.followups, RiskHold.engine.in_((GLOBAL, FOLLOWUPS)))
        .order_by(RiskHold.id)
        .limit(1)
    ).one_or_none()
