"""Approvals as pure functions: when a request ends by itself, and who may decide it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendar import next_working_noon
from domain.canonical import digest
from domain.identity import Role
from domain.operation import ApprovalRule, Checked
from domain.outcomes import Kind, Refused, refused

LAYER = "Approvals"
SEEN_LENGTH = 12


def expires_at(rule: ApprovalRule[Any], now: datetime, zone: ZoneInfo) -> datetime:
    """72 h (1 h for a release), never before noon of the next working day except a release (spec/2)."""
    end = now + rule.expires
    return max(end, next_working_noon(now, zone)) if rule.until_working_noon else end


def seal(
    *,
    operation: str,
    target: str,
    params: Mapping[str, object],
    requester: str,
    bindings: Mapping[str, str],
    decider_role: str,
    created_at: datetime,
    expires: datetime,
    reason: str | None,
    wanted: Mapping[str, object],
) -> str:
    """Return the hash that the request, its audit entry and every button of its card must agree on."""
    return digest([operation, target, params, requester, bindings, decider_role, created_at, expires, reason, wanted])


def seen(sealed: str) -> str:
    """Return the part of the seal a button carries."""
    return sealed[:SEEN_LENGTH]


def judge_decider(
    *,
    decider: str,
    requester: str,
    role: Role | None,
    needed: Role,
    held_since: datetime | None,
    requested_at: datetime,
) -> Refused | None:
    """Four eyes: another person, of the needed role, who held it already when the request was made."""
    if decider == requester:
        return refused(
            Kind.NOT_ALLOWED, "own_request", "You asked for this yourself: a second person must decide.",
            layer=LAYER, remedy="Another manager can approve it; you can withdraw it.", requester=requester,
        )  # fmt: skip
    if role is None or role < needed:
        has = role.word if role else None
        return refused(
            Kind.NOT_ALLOWED, "role", f"Deciding this needs {needed.with_article}; you are "
            f"{role.with_article if role else 'without a role here'}.",
            layer=LAYER, remedy=f"Those named under “Can decide” hold the role {needed.word}.",
            needs=needed.word, has=has,
        )  # fmt: skip
    if held_since is None or held_since > requested_at:
        return refused(
            Kind.NOT_ALLOWED, "became_manager_later",
            f"You became {needed.with_article} after this was asked, so you cannot decide it.",
            layer=LAYER, remedy="Someone who held the role before can, or it is asked again.",
            role_since=held_since.isoformat() if held_since else None, requested_at=requested_at.isoformat(),
        )  # fmt: skip
    return None


def judge_bindings(then: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Return both sets of figures where something the request was bound to has changed, else None."""
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    if not changed:
        return None
    before = ", ".join(f"{name} {then.get(name, 'absent')}" for name in changed)
    after = ", ".join(f"{name} {now.get(name, 'absent')}" for name in changed)
    return f"Then: {before}. Now: {after}."


def failing(gates: Sequence[Checked]) -> tuple[Checked, ...]:
    """Return the gates that do not hold."""
    return tuple(gate for gate in gates if not gate.ok)


def then_and_now(then: Sequence[Checked], now: Sequence[Checked]) -> str:
    """Say of gates that do not hold any more what each was when it was asked, and what it is."""
    asked = {gate.name: gate.figure for gate in then}
    both = [gate for gate in now if gate.figure and asked.get(gate.name)]
    others = "; ".join(f"{gate.name}: {gate.detail}" for gate in now if gate not in both)
    if not both:
        return others
    was, is_now = "; ".join(asked[gate.name] for gate in both), "; ".join(gate.detail for gate in both)
    return f"Then: {was}. Now: {is_now}." + (f" And {others}." if others else "")
