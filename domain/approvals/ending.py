"""How a request ends: its last state is written, its card is edited, and whoever asked is told."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update

from domain.act import Act
from domain.approvals.rows import OPEN
from domain.approvals.showing import show, tell
from domain.approvals.tables import Approval


def end(
    act: Act, row: Row[Any], status: str, *, detail: str | None = None, note: str | None = None, by: str | None = None
) -> None:
    """Write a request's last state, edit its card, and tell whoever asked."""
    close(act, row, status, detail=detail, note=note, by=by)
    if act.actor != row.requester:
        tell(act, row)
    show(act, row.id)


def close(
    act: Act, row: Row[Any], status: str, *, detail: str | None = None, note: str | None = None, by: str | None = None
) -> None:
    act.connection.execute(
        update(Approval)
        .where(Approval.id == row.id)
        .values(status=status, decided_at=act.now, decided_by=by, outcome_detail=detail, note=note)
    )


def withdraw_all(act: Act, rows: Sequence[Row[Any]]) -> int:
    """End the locked requests of someone who lost a role; return how many."""
    for row in rows:
        end(act, row, "withdrawn", detail="its requester no longer holds the role", by=act.actor)
    return len(rows)


def expire_due(act: Act) -> int:
    """End every request whose time has passed; return how many."""
    rows = act.connection.execute(
        select(Approval.__table__)
        .where(Approval.status.in_(OPEN), Approval.expires_at <= act.now)
        .order_by(Approval.id)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        end(act, row, "expired")
    return len(rows)
