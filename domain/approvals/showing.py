"""A request where people see it: its card and the copies of it, edited to what its row says, and its line in lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from domain.access.people import holders
from domain.act import Act, Form, Priority
from domain.approvals import rules
from domain.approvals.results import ApprovalCard, ApprovalLine, TakenBack
from domain.approvals.tables import Approval
from domain.delivery.tables import Outbox
from domain.identity import Role, is_slack_user
from domain.operation import Checked, Wanted

GOVERNANCE = "route:governance"
DIRECT = "user:"
WITHDRAWS = Role.OPERATOR
"""The role `approvals.withdraw` asks for."""


def deciders(act: Act, row: Row[Any]) -> tuple[str, ...]:
    role = Role.from_word(row.decider_role)
    return tuple(user for user in holders(act.connection, role, before=row.created_at) if user != row.requester)


def card_of(act: Act, row: Row[Any]) -> ApprovalCard:
    """Return the card of a request as its row stands."""
    return ApprovalCard(
        approval_id=row.id, operation=row.operation, target=row.target, params=row.params,
        wanted=Wanted.model_validate(row.wanted),
        requester=row.requester, reason=row.reason, created_at=row.created_at, expires_at=row.expires_at,
        status=row.status, gates=tuple(Checked.model_validate(gate) for gate in row.gates), bound_to=row.bindings,
        can_decide=deciders(act, row), seen=rules.seen(row.seal), decided_by=row.decided_by,
        decided_at=row.decided_at, note=row.note, outcome_detail=row.outcome_detail, replaced_by=row.replaced_by,
    )  # fmt: skip


def line_of(row: Row[Any]) -> ApprovalLine:
    """Return one request as lists show it."""
    return ApprovalLine(
        approval_id=row.id, operation=row.operation, what=row.wanted["what"], requester=row.requester,
        reason=row.reason, status=row.status, created_at=row.created_at, expires_at=row.expires_at,
        seen=rules.seen(row.seal),
    )  # fmt: skip


def first_show(act: Act, approval_id: int) -> None:
    """Post the card of a new request: to everybody, and a copy to each who can decide and to whoever asked."""
    row = act.connection.execute(select(Approval.__table__).where(Approval.id == approval_id)).one()
    card = card_of(act, row).model_copy(update={"can_withdraw": act.standing.at_least(WITHDRAWS)})
    people = (*card.can_decide, card.requester)
    _post(act, card, [GOVERNANCE, *(f"{DIRECT}{user}" for user in people if is_slack_user(user))])


def take_back(act: Act, operation: str, target: str, *, since: datetime, end: TakenBack) -> int | None:
    """Edit the card of what was approved and is so no more: it names the end, and offers no way back.

    `since` is when what ends began: a request decided before that brought something else, whose card is left as it
    is. Returns the request's number; None where what ends was not asked for (an owner alone, a policy). The row of the
    request is not locked and stays as it was decided; the caller holds the lock of what ends, so the edit comes after
    the card of the decision.
    """
    approval_id = act.connection.scalar(
        select(Approval.id)
        .where(
            Approval.operation == operation, Approval.target == target, Approval.status == "approved",
            Approval.decided_at >= since,
        )
        .order_by(Approval.id.desc())
        .limit(1)
    )  # fmt: skip
    if approval_id is not None:
        show(act, approval_id, taken_back=end)
    return approval_id


def show(act: Act, approval_id: int, *, taken_back: TakenBack | None = None) -> None:
    """Edit the card of a request, and every copy that was posted, to what its row says now."""
    row = act.connection.execute(select(Approval.__table__).where(Approval.id == approval_id)).one()
    posted = act.connection.scalars(
        select(Outbox.destination)
        .where(
            Outbox.thing == thing_of(approval_id), Outbox.form == Form.CARD.value,
            Outbox.destination.startswith(DIRECT),
            # A copy that could not be delivered is not tried again with every change.
            Outbox.state.not_in(("dead", "dropped")),
        )
        .distinct()
    )  # fmt: skip
    card = card_of(act, row).model_copy(update={"taken_back": taken_back})
    _post(act, card, [GOVERNANCE, *sorted(posted)])


def _post(act: Act, card: ApprovalCard, destinations: Sequence[str]) -> None:
    for destination in destinations:
        own = "requester" if destination == f"{DIRECT}{card.requester}" else "decider"
        copy = card.model_copy(update={"reader": own if destination.startswith(DIRECT) else None})
        act.post(destination, "approval", copy, thing=thing_of(card.approval_id), priority=Priority.APPROVAL)


def tell(act: Act, row: Row[Any]) -> None:
    """Say what became of a request where it is heard: an edit of a message notifies nobody.

    It goes into the thread of the card, and to whoever asked, unless what was approved tells them something itself.
    """
    ended = act.connection.execute(select(Approval.__table__).where(Approval.id == row.id)).one()
    card = card_of(act, ended)
    direct = f"{DIRECT}{row.requester}"
    act.post(
        GOVERNANCE, "decision", card, thing=thing_of(row.id), form=Form.THREAD, priority=Priority.APPROVAL,
    )  # fmt: skip
    is_told = any(message.destination == direct and message.thing is None for message in act.messages)
    if is_slack_user(row.requester) and not is_told:
        own = card.model_copy(update={"reader": "requester"})
        act.post(direct, "decision", own, priority=Priority.APPROVAL)


def thing_of(approval_id: int) -> str:
    return f"approval:{approval_id}"
