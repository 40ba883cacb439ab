"""What held work looks like from outside."""

from datetime import datetime

from domain.outcomes import Result


class HeldItem(Result):
    """One action that waits."""

    held_id: int
    operation: str
    target: str
    actor: str
    reason: str
    held_at: datetime
    not_after: datetime


class HeldList(Result):
    """What waits, oldest first."""

    items: tuple[HeldItem, ...]
    total: int


class HeldDecided(Result):
    """What became of one."""

    held_id: int
    operation: str
    state: str
    detail: str = ""


class HeldExpired(Result):
    """How many were too old to run."""

    expired: int
