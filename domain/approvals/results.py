"""What approvals look like from outside: the card, the answers, the lists."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from domain.operation import Checked, Wanted
from domain.outcomes import Result


class TakenBack(Result):
    """The end of what an approved request had brought: its way back was taken, by a person or by the program."""

    at: datetime
    by: str
    """Who took it back; `system` where it went by itself."""
    reason: str
    now: str
    """What is true since, a sentence without its full stop."""


class ApprovalCard(Result):
    """Everything the card of one request shows, in any state."""

    approval_id: int
    operation: str
    target: str
    params: dict[str, Any] = Field(default_factory=dict)
    """What was asked for, so that it can be asked again."""
    wanted: Wanted
    requester: str
    reason: str | None
    created_at: datetime
    expires_at: datetime
    status: str
    gates: tuple[Checked, ...] = ()
    bound_to: dict[str, str] = Field(default_factory=dict)
    can_decide: tuple[str, ...] = ()
    seen: str
    """What a click on this version of the card approves."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None
    outcome_detail: str | None = None
    replaced_by: int | None = None
    reader: Literal["decider", "requester"] | None = None
    """Whose own copy it is; None: the card that everybody sees."""
    can_withdraw: bool = True
    """Whether the requester's role allows taking it back."""
    taken_back: TakenBack | None = None
    """Set once what was approved is so no more; the card then offers no way back."""
    audit_id: int | None = None


class Decided(Result):
    """The answer to Approve, Reject, Withdraw."""

    approval_id: int
    status: str
    headline: str
    detail: str = ""


class Question(Result):
    """A question to the requester, under the card."""

    approval_id: int
    asked_by: str
    requester: str
    text: str


class BreakGlassCard(Result):
    """What an owner did alone."""

    break_glass_id: int
    at: datetime
    actor: str
    operation: str
    done: str
    reason: str
    overridden: tuple[str, ...] = ()
    can_sign_off: tuple[str, ...] = ()
    signed_off_by: str | None = None
    signed_off_at: datetime | None = None
    note: str | None = None
    audit_id: int | None = None


class ApprovalLine(Result):
    """One request in a list."""

    approval_id: int
    operation: str
    what: str
    requester: str
    reason: str | None
    status: str
    created_at: datetime
    expires_at: datetime
    seen: str


class ApprovalList(Result):
    """Open requests, and break-glass uses that wait for a signature."""

    items: tuple[ApprovalLine, ...]
    unsigned: tuple[BreakGlassCard, ...] = ()
    mine: bool = False
