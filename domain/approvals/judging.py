"""Whether a request can still be decided, by this person, with this click; and whether it is what was asked for."""

from typing import Any

from sqlalchemy import Row, select

from domain.access.people import held_since
from domain.act import Act
from domain.approvals import rules
from domain.approvals.ending import end
from domain.approvals.rows import OPEN
from domain.audit.tables import AuditEvent
from domain.identity import Role, mention
from domain.outcomes import Kind, Refused, refused

DECISIONS = ("approvals.approve", "approvals.reject", "approvals.withdraw")


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
    return None if _is_unaltered(act, row) else altered(row)


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


def altered(row: Row[Any]) -> Refused:
    return refused(
        Kind.CONFLICT, "altered", f"A-{row.id} is not what was asked for: its row was changed. Nothing was done.",
        layer=rules.LAYER, remedy="Reject it, ask again, and run `/audit verify`.",
    )  # fmt: skip
