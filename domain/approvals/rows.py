"""The rows of requests: read and locked, one or many, always in the order of their numbers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from domain.act import Act
from domain.approvals.tables import Approval

OPEN = ("pending", "deciding")


def open_request(act: Act, operation: str, target: str) -> Row[Any] | None:
    return act.connection.execute(
        select(Approval.__table__)
        .where(Approval.operation == operation, Approval.target == target, Approval.status.in_(OPEN))
        .with_for_update()
    ).one_or_none()


def locked(act: Act, approval_id: int) -> Row[Any] | None:
    """Lock a request's row until the transaction ends."""
    return act.connection.execute(
        select(Approval.__table__).where(Approval.id == approval_id).with_for_update()
    ).one_or_none()


def locked_requests_of(act: Act, user_id: str) -> Sequence[Row[Any]]:
    """Lock every open request of someone who is about to lose a role; approvals are locked before grants."""
    return act.connection.execute(
        select(Approval.__table__)
        .where(Approval.requester == user_id, Approval.status.in_(OPEN))
        .order_by(Approval.id)
        .with_for_update()
    ).all()


def requested_operation(act: Act, approval_id: int) -> str | None:
    """Return which operation a request would carry out, read without a lock."""
    return act.connection.scalar(select(Approval.operation).where(Approval.id == approval_id))


def open_requests(act: Act, *, of: str | None = None) -> list[Row[Any]]:
    """List open requests, oldest first; of one person where given."""
    query = select(Approval.__table__).where(Approval.status.in_(OPEN)).order_by(Approval.id)
    if of is not None:
        query = query.where(Approval.requester == of)
    return list(act.connection.execute(query))
