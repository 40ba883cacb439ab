"""Asking: a request is opened, joined by whoever asks for the same, or superseded by one for something else."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select, update

from domain.act import Act
from domain.approvals import rules
from domain.approvals.ending import close, end
from domain.approvals.rows import open_request
from domain.approvals.showing import deciders, first_show, show, thing_of
from domain.approvals.tables import Approval
from domain.database import insert_into
from domain.operation import AnyOperation, ApprovalRule, Checked, Wanted
from domain.outcomes import Kind, PendingApproval, Refused, refused
from domain.parameters import Params


def request(act: Act, operation: AnyOperation, params: Params, rule: ApprovalRule[Any]) -> PendingApproval | Refused:
    """Open a request, or join the one that asks for the same; other parameters supersede it."""
    gates = rule.gates(act, params)
    if failed := rules.failing(gates):
        return blocked(operation, rule, failed)
    open_one = open_request(act, operation.name, operation.target_of(params, act.actor))
    if open_one is not None and open_one.expires_at <= act.now:  # nobody has swept yet
        end(act, open_one, "expired")
        open_one = None
    if open_one is not None:
        if _asks_for_the_same(act, open_one, params, rule):
            return _joined(act, open_one)
        close(act, open_one, "superseded", detail="it was asked again, and not for the same")
    wanted = rule.wanted(act, params)
    approval_id = _insert(act, operation, params, rule, wanted, gates)
    if approval_id is None:  # another request for this target was committed meanwhile
        return request(act, operation, params, rule)
    if open_one is not None:
        act.connection.execute(update(Approval).where(Approval.id == open_one.id).values(replaced_by=approval_id))
        show(act, open_one.id)
    return _pending(act, approval_id, joined=False)


def _asks_for_the_same(act: Act, row: Row[Any], params: Params, rule: ApprovalRule[Any]) -> bool:
    """Whether an open request wants this very thing of the world as it is now.

    The reason is the requester's words about the request, not a part of what is asked for.
    """
    same = _without_reason(row.params) == _without_reason(params.model_dump(mode="json"))
    return same and row.bindings == rule.binds(act, params)


def _without_reason(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in {"reason", "note"}}


def blocked(operation: AnyOperation, rule: ApprovalRule[Any], failed: tuple[Checked, ...]) -> Refused:
    """Return the refusal of a request whose gates do not hold, with every one named."""
    firm = tuple(gate for gate in failed if not gate.waivable)
    if firm:
        return refused(
            Kind.CONFLICT, "nothing_to_do", f"{operation.summary}: {firm[0].detail}.", layer=rules.LAYER,
            remedy=rule.cure,
        )  # fmt: skip
    listed = "\n".join(f"• {gate.name}: {gate.detail}" for gate in failed)
    count = "One thing" if len(failed) == 1 else f"{len(failed)} things"
    return refused(
        Kind.REFUSED, "blocked", f"{count} must be put right first:\n{listed}", layer=rule.layer, remedy=rule.cure,
        blockers=[gate.name for gate in failed], details={gate.name: gate.detail for gate in failed},
    )  # fmt: skip


def _joined(act: Act, row: Row[Any]) -> PendingApproval:
    act.changed(row.target, after={"approval_id": row.id, "joined": True})
    return _pending(act, row.id, joined=True)


def _pending(act: Act, approval_id: int, *, joined: bool) -> PendingApproval:
    row = act.connection.execute(select(Approval.__table__).where(Approval.id == approval_id)).one()
    return PendingApproval(
        approval_id=approval_id, operation=row.operation, joined=joined, headline=row.wanted["what"],
        can_decide=deciders(act, row), expires_at=row.expires_at,
    )  # fmt: skip


def _insert(
    act: Act,
    operation: AnyOperation,
    params: Params,
    rule: ApprovalRule[Any],
    wanted: Wanted,
    gates: tuple[Checked, ...],
) -> int | None:
    bindings = rule.binds(act, params)
    expires = rules.expires_at(rule, act.now, act.settings.zone)
    raw = params.model_dump(mode="json")
    sealed_parts: dict[str, Any] = {
        "operation": operation.name, "target": operation.target_of(params, act.actor), "params": raw,
        "requester": act.actor, "bindings": bindings, "decider_role": rule.decider(act, params).word,
        "created_at": act.now,
        "reason": act.entry.reason, "wanted": wanted.to_json(),
    }  # fmt: skip
    sealed = rules.seal(**sealed_parts, expires=expires)
    approval_id: int | None = act.connection.scalar(
        insert_into(act.connection, Approval)
        .values(
            **sealed_parts, expires_at=expires, seal=sealed,
            gates=[gate.to_json() for gate in gates], correlation_id=act.correlation_id, status="pending",
        )
        .on_conflict_do_nothing()
        .returning(Approval.id)
    )  # fmt: skip
    if approval_id is None:
        return None
    after = {"approval_id": approval_id, "seal": sealed, "params": raw}
    act.changed(operation.target_of(params, act.actor), after=after)
    first_show(act, approval_id)
    if (chart := rule.chart(act, params)) is not None:
        act.chart(thing_of(approval_id), chart)
    return approval_id
