"""What the audit looks like from outside."""

from datetime import date, datetime
from typing import Any

from domain.outcomes import Result


class AuditLine(Result):
    """One entry."""

    audit_id: int
    at: datetime
    actor: str
    claimed_actor: str | None
    surface: str
    operation: str
    target: str
    outcome: str
    reason: str | None
    correlation_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class AuditList(Result):
    """The newest entries first."""

    items: tuple[AuditLine, ...]
    next_cursor: int | None = None
    first: date | None = None
    """The business day from which entries were asked for; None: from the beginning."""
    last: date | None = None
    """The business day up to and with which they were asked for; None: up to now."""


class Verification(Result):
    """What a check of the whole log found."""

    ok: bool
    sealed: int
    unsealed: int
    first_break: str | None = None
    """Where the chain or an entry is not what it was, in words; None where nothing is wrong."""
    head: str | None = None
    """The last link's hash: keep it elsewhere, and a later check can be held against it."""


class Sealed(Result):
    """How many entries one run of the sealer linked."""

    sealed: int
