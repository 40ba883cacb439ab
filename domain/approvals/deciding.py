"""Deciding: a request is approved and carried out, rejected, withdrawn or asked about, under the lock of its row."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, update

from domain.act import Act, Entry, Form, Priority
from domain.approvals import rules
from domain.approvals.ending import end
from domain.approvals.judging import altered, judge_decision, judge_open
from domain.approvals.results import Decided, Question
from domain.approvals.rows import locked
from domain.approvals.showing import thing_of
from domain.approvals.tables import Approval
from domain.gate.reading import standing_of
from domain.identity import Caller, Surface
from domain.operation import AnyOperation, Checked
from domain.outcomes import Kind, Refused, refused
from domain.parameters import Params
from domain.prime_law import rules as prime_law


def reject(act: Act, approval_id: int, seen: str | None, reason: str) -> Decided | Refused:
    """End a request with a reason."""
    row = locked(act, approval_id)
    refusal = judge_decision(act, row, approval_id, seen)
    if refusal is not None and refusal.code != "altered":  # an altered request must still be rejectable
        return refusal
    assert row is not None
    end(act, row, "rejected", note=reason, by=act.actor)
    act.changed(f"A-{row.id}", before={"status": "pending"}, after={"status": "rejected"})
    return Decided(approval_id=row.id, status="rejected", headline=f"Rejected: {row.wanted['unchanged']}")


def withdraw(act: Act, approval_id: int) -> Decided | Refused:
    """End one's own request."""
    row = locked(act, approval_id)
    refusal = judge_open(act, row, approval_id)
    if refusal is not None or row is None:
        return refusal or _altered_never()
    if row.requester != act.actor:
        return refused(
            Kind.NOT_ALLOWED, "not_yours", f"A-{row.id} is <@{row.requester}>'s request, so only they can withdraw it.",
            layer=rules.LAYER, remedy="A manager can reject it instead.",
        )  # fmt: skip
    end(act, row, "withdrawn", by=act.actor)
    act.changed(f"A-{row.id}", before={"status": "pending"}, after={"status": "withdrawn"})
    return Decided(approval_id=row.id, status="withdrawn", headline=f"Withdrawn: {row.wanted['unchanged']}")


def approve(act: Act, approval_id: int, seen: str | None, note: str | None) -> Decided | Refused:
    """Decide a request and carry it out, in this transaction; what no longer holds ends it as failed."""
    row = locked(act, approval_id)
    refusal = judge_decision(act, row, approval_id, seen)
    if refusal is not None or row is None:
        return refusal or _altered_never()
    if not _compare_and_set_deciding(act, row.id):
        return judge_open(act, locked(act, approval_id), approval_id) or altered(row)
    operation = act.registry[row.operation]
    params = operation.params.model_validate(row.params, context={"now": act.now, "zone": act.settings.zone})
    inner = _act_of_requester(act, row, operation)
    why_not = _judge_again(inner, row, operation, params)
    if why_not is None:
        result = operation.run(inner, params)
        why_not = result.detail if isinstance(result, Refused) else None
    if why_not is not None:
        return _not_done(act, inner, row, why_not, note)
    end(act, row, "approved", note=note, by=act.actor)
    act.entries.append(inner.entry)
    act.changed(f"A-{row.id}", before={"status": "pending"}, after={"status": "approved", "operation": row.operation})
    return Decided(approval_id=row.id, status="approved", headline=row.wanted["done"])


def _altered_never() -> Refused:
    raise AssertionError("a request that is not there was not refused")


def _compare_and_set_deciding(act: Act, approval_id: int) -> bool:
    changed = act.connection.execute(
        update(Approval).where(Approval.id == approval_id, Approval.status == "pending").values(status="deciding")
    )
    return changed.rowcount == 1


def _act_of_requester(act: Act, row: Row[Any], operation: AnyOperation) -> Act:
    """The act that was asked for is the requester's; it shares this transaction and its messages."""
    surface = Surface(act.caller.surface)
    entry = Entry(
        actor=row.requester, surface=surface.value, operation=operation.name, target=row.target, reason=row.reason,
        after={"approval_id": row.id, "approved_by": act.actor},
    )  # fmt: skip
    standing = standing_of(act.connection, row.requester)
    caller = Caller(row.requester, surface)
    return replace(act, caller=caller, standing=standing, entry=entry, approved_by=act.actor)


def _judge_again(inner: Act, row: Row[Any], operation: AnyOperation, params: Params) -> str | None:
    """Judge role, Prime Law, bindings and gates afresh; return what no longer holds."""
    if not inner.standing.at_least(operation.role):
        return f"<@{row.requester}> no longer holds the role it needs."
    stopped = prime_law.refusal(inner.prime, operation.klass, reduces=operation.reduces)
    if stopped is not None:
        return stopped.detail
    rule = operation.approval
    assert rule is not None
    changed = rules.judge_bindings(row.bindings, rule.binds(inner, params))
    if changed is not None:
        return changed
    failed = rules.failing(rule.gates(inner, params))
    return rules.then_and_now([Checked.model_validate(gate) for gate in row.gates], failed) or None


def _not_done(act: Act, inner: Act, row: Row[Any], why: str, note: str | None) -> Decided:
    end(act, row, "failed", detail=why, note=note, by=act.actor)
    inner.entry.outcome = "failed"
    inner.entry.after = {**(inner.entry.after or {}), "detail": why}
    act.entries.append(inner.entry)
    act.changed(f"A-{row.id}", before={"status": "pending"}, after={"status": "failed", "detail": why})
    return Decided(approval_id=row.id, status="failed", headline=f"Not done: {row.wanted['unchanged']}", detail=why)


def ask(act: Act, approval_id: int, text: str) -> Question | Refused:
    """Put a question to the requester under the card."""
    row = locked(act, approval_id)
    refusal = judge_open(act, row, approval_id)
    if refusal is not None or row is None:
        return refusal or _altered_never()
    question = Question(approval_id=row.id, asked_by=act.actor, requester=row.requester, text=text)
    act.post(
        "route:governance", "question", question, thing=thing_of(row.id), form=Form.THREAD,
        priority=Priority.APPROVAL,
    )  # fmt: skip
    act.changed(f"A-{row.id}", after={"question": text})
    return question
