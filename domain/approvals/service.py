"""Asking and deciding: every way an approval's row changes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from domain.access.people import held_since, holders
from domain.act import Act, Entry, Form, Priority
from domain.approvals import rules
from domain.approvals.results import ApprovalCard, ApprovalLine, Decided, Question, TakenBack
from domain.approvals.tables import Approval
from domain.audit.tables import AuditEvent
from domain.database import insert_into
from domain.delivery.tables import Outbox
from domain.gate.reading import standing_of
from domain.identity import Caller, Role, Surface, is_slack_user, mention
from domain.operation import AnyOperation, ApprovalRule, Checked, Wanted
from domain.outcomes import Kind, PendingApproval, Refused, refused
from domain.parameters import Params
from domain.prime_law import rules as prime_law

OPEN = ("pending", "deciding")
GOVERNANCE = "route:governance"
DIRECT = "user:"
WITHDRAWS = Role.OPERATOR
"""The role `approvals.withdraw` asks for."""
DECISIONS = ("approvals.approve", "approvals.reject", "approvals.withdraw")


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
        _close(act, open_one, "superseded", detail="it was asked again, and not for the same")
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


def open_request(act: Act, operation: str, target: str) -> Row[Any] | None:
    return act.connection.execute(
        select(Approval.__table__)
        .where(Approval.operation == operation, Approval.target == target, Approval.status.in_(OPEN))
        .with_for_update()
    ).one_or_none()


def _joined(act: Act, row: Row[Any]) -> PendingApproval:
    act.changed(row.target, after={"approval_id": row.id, "joined": True})
    return _pending(act, row.id, joined=True)


def _pending(act: Act, approval_id: int, *, joined: bool) -> PendingApproval:
    row = act.connection.execute(select(Approval.__table__).where(Approval.id == approval_id)).one()
    return PendingApproval(
        approval_id=approval_id, operation=row.operation, joined=joined, headline=row.wanted["what"],
        can_decide=_deciders(act, row), expires_at=row.expires_at,
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
    _first_show(act, approval_id)
    if (chart := rule.chart(act, params)) is not None:
        act.chart(_thing(approval_id), chart)
    return approval_id


def _deciders(act: Act, row: Row[Any]) -> tuple[str, ...]:
    role = Role.from_word(row.decider_role)
    return tuple(user for user in holders(act.connection, role, before=row.created_at) if user != row.requester)


def card_of(act: Act, row: Row[Any]) -> ApprovalCard:
    """Return the card of a request as its row stands."""
    return ApprovalCard(
        approval_id=row.id, operation=row.operation, target=row.target, params=row.params,
        wanted=Wanted.model_validate(row.wanted),
        requester=row.requester, reason=row.reason, created_at=row.created_at, expires_at=row.expires_at,
        status=row.status, gates=tuple(Checked.model_validate(gate) for gate in row.gates), bound_to=row.bindings,
        can_decide=_deciders(act, row), seen=rules.seen(row.seal), decided_by=row.decided_by,
        decided_at=row.decided_at, note=row.note, outcome_detail=row.outcome_detail, replaced_by=row.replaced_by,
    )  # fmt: skip


def line_of(row: Row[Any]) -> ApprovalLine:
    """Return one request as lists show it."""
    return ApprovalLine(
        approval_id=row.id, operation=row.operation, what=row.wanted["what"], requester=row.requester,
        reason=row.reason, status=row.status, created_at=row.created_at, expires_at=row.expires_at,
        seen=rules.seen(row.seal),
    )  # fmt: skip


def _first_show(act: Act, approval_id: int) -> None:
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
            Outbox.thing == _thing(approval_id), Outbox.form == Form.CARD.value, Outbox.destination.startswith(DIRECT),
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
        act.post(destination, "approval", copy, thing=_thing(card.approval_id), priority=Priority.APPROVAL)


def _thing(approval_id: int) -> str:
    return f"approval:{approval_id}"


def locked(act: Act, approval_id: int) -> Row[Any] | None:
    """Lock a request's row until the transaction ends."""
    return act.connection.execute(
        select(Approval.__table__).where(Approval.id == approval_id).with_for_update()
    ).one_or_none()


def end(
    act: Act, row: Row[Any], status: str, *, detail: str | None = None, note: str | None = None, by: str | None = None
) -> None:
    """Write a request's last state, edit its card, and tell whoever asked."""
    _close(act, row, status, detail=detail, note=note, by=by)
    if act.actor != row.requester:
        _tell(act, row)
    show(act, row.id)


def _tell(act: Act, row: Row[Any]) -> None:
    """Say what became of a request where it is heard: an edit of a message notifies nobody.

    It goes into the thread of the card, and to whoever asked, unless what was approved tells them something itself.
    """
    ended = act.connection.execute(select(Approval.__table__).where(Approval.id == row.id)).one()
    card = card_of(act, ended)
    direct = f"{DIRECT}{row.requester}"
    act.post(
        GOVERNANCE, "decision", card, thing=_thing(row.id), form=Form.THREAD, priority=Priority.APPROVAL,
    )  # fmt: skip
    is_told = any(message.destination == direct and message.thing is None for message in act.messages)
    if is_slack_user(row.requester) and not is_told:
        own = card.model_copy(update={"reader": "requester"})
        act.post(direct, "decision", own, priority=Priority.APPROVAL)


def _close(
    act: Act, row: Row[Any], status: str, *, detail: str | None = None, note: str | None = None, by: str | None = None
) -> None:
    act.connection.execute(
        update(Approval)
        .where(Approval.id == row.id)
        .values(status=status, decided_at=act.now, decided_by=by, outcome_detail=detail, note=note)
    )


def judge_open(act: Act, row: Row[Any] | None, approval_id: int) -> Refused | None:
    """Return why a request cannot be decided or withdrawn any more."""
    if row is None:
        return refused(
            Kind.NOT_FOUND, "no_such_approval", f"There is no approval A-{approval_id}.", layer=rules.LAYER,
            remedy="`/approvals` lists the open ones.",
        )  # fmt: skip
    if row.status not in OPEN:
        by = f" by {mention(row.decided_by)}" if row.decided_by else ""
        instead = f" It was replaced by A-{row.replaced_by}." if row.replaced_by else ""
        return refused(
            Kind.CONFLICT, f"already_{row.status}",
            f"A-{row.id} was already {row.status}{by}. Nothing changed.{instead}",
            layer=rules.LAYER, status=row.status, decided_by=row.decided_by,
            decided_at=row.decided_at.isoformat() if row.decided_at else None,
        )  # fmt: skip
    if row.expires_at <= act.now:
        end(act, row, "expired")
        return refused(
            Kind.CONFLICT, "expired", f"A-{row.id} has expired. Nothing changed.", layer=rules.LAYER,
            remedy="Ask again.", expired_at=row.expires_at.isoformat(),
        )  # fmt: skip
    return None


def judge_decision(act: Act, row: Row[Any] | None, approval_id: int, seen: str | None) -> Refused | None:
    """Return why this person cannot decide this request with this click, or None."""
    refusal = judge_open(act, row, approval_id)
    if refusal is not None or row is None:
        return refusal
    needed = Role.from_word(row.decider_role)
    refusal = rules.judge_decider(
        decider=act.actor, requester=row.requester, role=act.standing.role, needed=needed,
        held_since=held_since(act.connection, act.actor, needed), requested_at=row.created_at,
    )  # fmt: skip
    if refusal is not None:
        return refusal
    if seen != rules.seen(row.seal):
        return refused(
            Kind.CONFLICT, "stale_card", f"The card you pressed does not show A-{row.id} as it is. Nothing changed.",
            layer=rules.LAYER, remedy="Press the button on the newest card; `/approvals` shows it.",
        )  # fmt: skip
    return judge_unaltered(act, row)


def judge_unaltered(act: Act, row: Row[Any]) -> Refused | None:
    """Return why nobody can act on this row: it no longer says what was asked."""
    return None if _is_unaltered(act, row) else _altered(row)


def _is_unaltered(act: Act, row: Row[Any]) -> bool:
    """Whether the row still says what was asked: by its own seal, and by the append-only audit entry of the request."""
    recomputed = rules.seal(
        operation=row.operation, target=row.target, params=row.params, requester=row.requester,
        bindings=row.bindings, decider_role=row.decider_role, created_at=row.created_at, expires=row.expires_at,
        reason=row.reason, wanted=row.wanted,
    )  # fmt: skip
    asked = act.connection.execute(
        select(AuditEvent.id, AuditEvent.after).where(
            AuditEvent.correlation_id == row.correlation_id,
            AuditEvent.operation == row.operation,
            AuditEvent.outcome == "pending",
        )
    )
    audited = [
        event.id
        for event in asked
        if (event.after or {}).get("approval_id") == row.id and event.after.get("seal") == recomputed
    ]
    return recomputed == row.seal and bool(audited) and not _was_decided(act, row, since=audited[0])


def _was_decided(act: Act, row: Row[Any], *, since: int) -> bool:
    """Whether the audit knows of a decision already, whatever the row's status says."""
    later = act.connection.execute(
        select(AuditEvent.operation, AuditEvent.target, AuditEvent.after).where(
            AuditEvent.id > since,
            AuditEvent.operation.in_((*DECISIONS, row.operation)),
            AuditEvent.outcome.in_(("done", "failed")),
        )
    )
    return any(
        event.target == f"A-{row.id}" if event.operation in DECISIONS
        else (event.after or {}).get("approval_id") == row.id
        for event in later
    )  # fmt: skip


def _altered(row: Row[Any]) -> Refused:
    return refused(
        Kind.CONFLICT, "altered", f"A-{row.id} is not what was asked for: its row was changed. Nothing was done.",
        layer=rules.LAYER, remedy="Reject it, ask again, and run `/audit verify`.",
    )  # fmt: skip


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


def locked_requests_of(act: Act, user_id: str) -> Sequence[Row[Any]]:
    """Lock every open request of someone who is about to lose a role; approvals are locked before grants."""
    return act.connection.execute(
        select(Approval.__table__)
        .where(Approval.requester == user_id, Approval.status.in_(OPEN))
        .order_by(Approval.id)
        .with_for_update()
    ).all()


def withdraw_all(act: Act, rows: Sequence[Row[Any]]) -> int:
    """End the locked requests of someone who lost a role; return how many."""
    for row in rows:
        end(act, row, "withdrawn", detail="its requester no longer holds the role", by=act.actor)
    return len(rows)


def approve(act: Act, approval_id: int, seen: str | None, note: str | None) -> Decided | Refused:
    """Decide a request and carry it out, in this transaction; what no longer holds ends it as failed."""
    row = locked(act, approval_id)
    refusal = judge_decision(act, row, approval_id, seen)
    if refusal is not None or row is None:
        return refusal or _altered_never()
    if not _compare_and_set_deciding(act, row.id):
        return judge_open(act, locked(act, approval_id), approval_id) or _altered(row)
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
        "route:governance", "question", question, thing=_thing(row.id), form=Form.THREAD,
        priority=Priority.APPROVAL,
    )  # fmt: skip
    act.changed(f"A-{row.id}", after={"question": text})
    return question


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


def requested_operation(act: Act, approval_id: int) -> str | None:
    """Return which operation a request would carry out, read without a lock."""
    return act.connection.scalar(select(Approval.operation).where(Approval.id == approval_id))


def open_requests(act: Act, *, of: str | None = None, until: datetime | None = None) -> list[Row[Any]]:
    """List open requests, oldest first; of one person where given."""
    query = select(Approval.__table__).where(Approval.status.in_(OPEN)).order_by(Approval.id)
    if of is not None:
        query = query.where(Approval.requester == of)
    if until is not None:
        query = query.where(Approval.expires_at <= until)
    return list(act.connection.execute(query))
