"""What policies' histories look like from outside."""

from datetime import datetime
from typing import Any

from domain.outcomes import Result


class FieldChange(Result):
    """One field as it was and as it is."""

    field: str
    before: Any = None
    after: Any = None


class PolicyChange(Result):
    """One version of one policy."""

    kind: str
    key: str
    version: int
    changed_at: datetime
    changed_by: str
    reason: str
    changes: tuple[FieldChange, ...]
    until: datetime | None = None


class Temporary(Result):
    """A field that goes back by itself: to what, and when."""

    field: str
    base: Any = None
    until: datetime


class PoliciesReverted(Result):
    """How many policies went back by themselves."""

    reverted: int
