"""Placing holds and trial shares on an engine, lifting each on its own, and what is in force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from domain.act import Act
from domain.database import insert_into
from domain.risk.results import HoldLine
from domain.risk.rules import FULL_SPEED, GLOBAL, engine_name
from domain.risk.tables import RiskEvent, RiskHold

FOLLOWUPS = "WHOLESALE"
"""The engine whose hold, or GLOBAL's, may stop follow-ups too."""


def place_hold(act: Act, engine: str, *, source: str, reason: str, followups: bool = False) -> int:
    """Stop an engine on behalf of `source`; return the hold's id.

    One hold is in force for each engine and source: a second call returns the first one's id, and can only widen it
    to the follow-ups. A trial share of the same source gives way. Locks neither the engine's policy nor its books.

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
    _check_source(source)
    while True:
        hold_id = _insert(act, name, source=source, reason=reason, followups=followups)
        if hold_id is not None:
            _remember(act, "HOLD", name, hold_id, reason=reason, source=source, followups=followups)
            return hold_id
        existing = hold_of(act, name, source)
        if existing is not None and existing.share is not None:
            lift(act, existing)
        elif existing is not None:  # else it was lifted between the two statements
            return _widened(act, existing, reason) if followups and not existing.followups else int(existing.id)


def place_share(act: Act, engine: str, *, source: str, reason: str, share: int, ends_at: datetime) -> int:
    """Limit an engine on behalf of `source` in place of whatever that source has on it; return the hold's id.

    In the transaction that lifts a stopping hold, so that nobody sees the engine without either.

    Args:
        act: The act that places it.
        engine: Whose; of `GLOBAL`, the caps over all engines together.
        source: As of `place_hold`.
        reason: Why, for everybody who is limited by it.
        share: The percent of its caps it acts at, 1 to 100.
        ends_at: When it ends by itself, whether or not anybody is there to see it.

    Raises:
        ValueError: An engine, source or share of another form.
    """
    name = engine_name(engine)
    _check_source(source)
    if not 1 <= share <= FULL_SPEED:
        raise ValueError(f"{share} is not a share from 1 to 100 percent")
    while True:
        hold_id = _insert(act, name, source=source, reason=reason, followups=False, share=share, ends_at=ends_at)
        if hold_id is not None:
            _remember(act, "SHARE", name, hold_id, reason=reason, source=source, share=share, until=ends_at.isoformat())
            return hold_id
        existing = hold_of(act, name, source)
        if existing is not None:
            lift(act, existing)


def _check_source(source: str) -> None:
    if source.partition(":")[0] not in {"tripwire", "person"} or not source.partition(":")[2]:
        raise ValueError(f"{source!r} is neither tripwire:DOMAIN.metric nor person:USERID")


def _insert(act: Act, engine: str, **values: Any) -> int | None:
    """Return the new hold's id, or None where its source has one on this engine that was not lifted."""
    found: int | None = act.connection.scalar(
        insert_into(act.connection, RiskHold)
        .values(engine=engine, placed_by=act.actor, placed_at=act.now, correlation_id=act.correlation_id, **values)
        .on_conflict_do_nothing()
        .returning(RiskHold.id)
    )
    return found


def hold_of(act: Act, engine: str, source: str) -> Row[Any] | None:
    """Return the hold or trial share of one source on an engine that was not lifted, locked."""
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
    """Lift the hold or trial share that `source` has on an engine, and no other; return whether there was one.

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
    """Return the holds that stop engines now, oldest first; on these engines, or all."""
    query = select(RiskHold.__table__).where(RiskHold.lifted_at.is_(None), RiskHold.share.is_(None))
    query = query.order_by(RiskHold.id)
    return act.connection.execute(query if engines is None else query.where(RiskHold.engine.in_(engines))).all()


def shares_in_force(act: Act, engine: str | None = None) -> Sequence[Row[Any]]:
    """Return the trial shares that limit engines now, the strictest first; on one engine, or all."""
    query = select(RiskHold.__table__).where(RiskHold.lifted_at.is_(None), RiskHold.ends_at > act.now)
    query = query.order_by(RiskHold.share, RiskHold.id)
    return act.connection.execute(query if engine is None else query.where(RiskHold.engine == engine)).all()


def hold_line(row: Row[Any]) -> HoldLine:
    """Return a hold or trial share as it is shown."""
    kind, _, name = row.source.partition(":")
    return HoldLine(
        hold_id=row.id, engine=row.engine, source=row.source, person=name if kind == "person" else None,
        reason=row.reason, followups=row.followups, placed_at=row.placed_at, share=row.share, ends_at=row.ends_at,
    )  # fmt: skip


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
