"""Holding what Prime Law stopped, and what a manager decides about it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from domain.act import Act, Entry
from domain.alerts.service import raise_alert
from domain.approvals import asking
from domain.gate.idempotency import finish_held
from domain.gate.reading import standing_of
from domain.held.results import HeldDecided, HeldExpired, HeldItem, HeldList
from domain.held.tables import HeldWork
from domain.identity import SYSTEM_ACTOR, Caller, Surface, mention
from domain.operation import AnyOperation
from domain.outcomes import Done, Held, Kind, PendingApproval, Refused, refused
from domain.parameters import Params

LAYER = "Held work"
EXPIRE_BATCH = 500


def hold(
    act: Act, key: str | None, operation: AnyOperation, params: Params, stopped: Refused, *, not_after: datetime
) -> Held:
    """Keep a worker's production action until a manager runs or drops it, once per idempotency key."""
    if key is not None:
        existing = act.connection.scalar(
            select(HeldWork.id).where(
                HeldWork.actor == act.actor, HeldWork.operation == operation.name, HeldWork.key == key
            )
        )
        if existing is not None:
            return Held(held_id=existing, operation=operation.name)
    held_id = act.connection.scalar(
        insert(HeldWork)
        .values(
            operation=operation.name, target=operation.target_of(params, act.actor),
            params=params.model_dump(mode="json"), actor=act.actor, key=key,
            correlation_id=act.correlation_id, reason=stopped.detail, held_at=act.now,
            not_after=not_after, state="held",
        )
        .returning(HeldWork.id)
    )  # fmt: skip
    assert held_id is not None
    act.changed(operation.target_of(params, act.actor), after={"held_id": held_id, "because": stopped.code})
    return Held(held_id=held_id, operation=operation.name)


def waiting(act: Act, limit: int = 50) -> HeldList:
    """List what waits, oldest first."""
    total = act.connection.scalar(select(func.count()).select_from(HeldWork).where(HeldWork.state == "held")) or 0
    rows = act.connection.execute(
        select(HeldWork.__table__).where(HeldWork.state == "held").order_by(HeldWork.id).limit(limit)
    )
    items = tuple(
        HeldItem(
            held_id=row.id, operation=row.operation, target=row.target, actor=row.actor, reason=row.reason,
            held_at=row.held_at, not_after=row.not_after,
        )
        for row in rows
    )  # fmt: skip
    return HeldList(items=items, total=total)


def _locked(act: Act, held_id: int) -> Row[Any] | Refused:
    row = act.connection.execute(
        select(HeldWork.__table__).where(HeldWork.id == held_id).with_for_update()
    ).one_or_none()
    if row is None:
        return refused(
            Kind.NOT_FOUND, "no_such_held_work", f"There is no held action {held_id}.", layer=LAYER,
            remedy="`/held` lists what waits.",
        )  # fmt: skip
    if row.state != "held":
        by = f" by {mention(row.decided_by)}" if row.decided_by else ""
        return refused(
            Kind.CONFLICT, f"already_{row.state}", f"Held action {held_id} was already {row.state}{by}.", layer=LAYER
        )
    if row.not_after <= act.now:
        _end(act, row, "expired")
        return refused(
            Kind.CONFLICT, "too_old", f"Held action {held_id} is too old to run and was dropped.", layer=LAYER,
            remedy="Do it afresh.", not_after=row.not_after.isoformat(),
        )  # fmt: skip
    return row


def _end(act: Act, row: Row[Any], state: str, detail: str | None = None) -> None:
    act.connection.execute(
        update(HeldWork)
        .where(HeldWork.id == row.id)
        .values(state=state, decided_by=act.actor, decided_at=act.now, detail=detail)
    )


def run(act: Act, held_id: int) -> HeldDecided | Refused:
    """Carry out a held action for whom it was held; every gate judges it again."""
    row = _locked(act, held_id)
    if isinstance(row, Refused):
        return row
    operation = act.registry[row.operation]
    params = operation.params.model_validate(row.params, context={"now": act.now, "zone": act.settings.zone})
    standing = standing_of(act.connection, row.actor)
    if row.actor != SYSTEM_ACTOR and not standing.at_least(operation.role):
        return refused(
            Kind.NOT_ALLOWED, "role", f"<@{row.actor}> no longer holds the role `{operation.name}` needs.",
            layer="Access", remedy="Drop it.",
        )  # fmt: skip
    entry = Entry(
        actor=row.actor, surface=Surface.WORKER.value, operation=operation.name, target=row.target,
        after={"held_id": row.id, "run_by": act.actor},
    )  # fmt: skip
    inner = replace(act, caller=Caller(row.actor, Surface.WORKER), standing=standing, entry=entry)
    outcome = _carry_out(inner, operation, params)
    if isinstance(outcome, Refused):
        return outcome
    if row.key is not None:
        finish_held(act, actor=row.actor, operation=row.operation, key=row.key, outcome=outcome)
    detail = f"it waits for approval A-{outcome.approval_id}" if isinstance(outcome, PendingApproval) else ""
    entry.outcome = "pending" if detail else "done"
    act.entries.append(entry)
    _end(act, row, "run", detail or None)
    act.changed(f"held:{row.id}", before={"state": "held"}, after={"state": "run", "operation": row.operation})
    return HeldDecided(held_id=row.id, operation=row.operation, state="run", detail=detail)


def _carry_out(inner: Act, operation: AnyOperation, params: Params) -> Done | PendingApproval | Refused:
    rule = operation.approval
    if rule is not None and inner.settings.dual_control and rule.needed(inner, params):
        return asking.request(inner, operation, params, rule)
    result = operation.run(inner, params)
    return result if isinstance(result, Refused) else Done(operation=operation.name, result=result)


def drop(act: Act, held_id: int) -> HeldDecided | Refused:
    """Decide that a held action is not done."""
    row = _locked(act, held_id)
    if isinstance(row, Refused):
        return row
    _end(act, row, "dropped")
    act.changed(f"held:{row.id}", before={"state": "held"}, after={"state": "dropped", "operation": row.operation})
    return HeldDecided(held_id=row.id, operation=row.operation, state="dropped")


def expire_due(act: Act) -> HeldExpired:
    """End what is too old to run, and show it in an alert."""
    due = act.connection.scalars(
        select(HeldWork.id)
        .where(HeldWork.state == "held", HeldWork.not_after <= act.now)
        .order_by(HeldWork.id)
        .limit(EXPIRE_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    expired = len(due)
    if expired:
        act.connection.execute(update(HeldWork).where(HeldWork.id.in_(due)).values(state="expired", decided_at=act.now))
        act.changed("held work", after={"expired": expired})
        raise_alert(
            act, "held:expired", f"{expired} held actions were too old to run and were dropped",
            facts=(("What to do", "do them afresh where they are still wanted"),),
        )  # fmt: skip
    return HeldExpired(expired=expired)
