"""What the inbox tells people."""

from datetime import datetime
from typing import Any

from domain.outcomes import Result


class NotRun(Result):
    """The card `not_run`: what was sent was not done, and why."""

    operation: str
    said: str
    received_at: datetime
    state: str
    """`refused`: it was never acknowledged. `expired`: it waited too long."""
    why: str


class LateAnswer(Result):
    """The card `late_answer`: what became of something sent to a process that died."""

    operation: str
    said: str
    received_at: datetime
    outcome: dict[str, Any]
    """One key: `done` (with `audit_id` beside it), `pending`, `held` or `refused`; its value is that model's JSON."""


class InboxRecovered(Result):
    """What the sweep found (internal)."""

    refused: int
    expired: int
    to_run: tuple[int, ...]


class InboxAnswered(Result):
    """Whether a late answer was left for the sender (internal)."""

    row_id: int
    answered: bool
