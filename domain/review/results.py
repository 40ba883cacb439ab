"""What the reviews look like from outside."""

from datetime import date, datetime
from enum import StrEnum

from domain.outcomes import Result
from domain.snapshots.results import Denied, Finding, SnapshotLine


class Decision(StrEnum):
    """What people decide about a week."""

    CONTINUE = "continue"
    PAUSE = "pause"
    ESCALATE = "escalate"


class Unsigned(Result):
    """What an owner did alone and nobody signed off yet."""

    break_glass_id: int
    at: datetime
    actor: str
    done: str


class ReviewItem(Result):
    """Something that was escalated: what, to whom, by when."""

    item_id: int
    monday: date
    """Of the review it was decided on."""
    text: str
    to: str
    by: datetime
    asked_by: str
    done_at: datetime | None = None
    done_by: str | None = None


class ReviewCard(Result):
    """One Monday review, before and after its decision."""

    monday: date
    week: date
    """The Monday of the week it is about."""
    days: str
    repair: str
    live: str
    """How long production was on, and what was stopped; times as ISO 8601."""
    broke: tuple[Finding, ...]
    denied: tuple[Denied, ...]
    drifted: tuple[Finding, ...]
    money: str = ""
    watching: str = ""
    approvals: int = 0
    unsigned: tuple[Unsigned, ...] = ()
    undone: tuple[ReviewItem, ...] = ()
    met: int
    judged: int
    changes: int
    snapshot_id: int
    frozen_at: datetime
    due_at: datetime
    is_late: bool = False
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None
    what: str | None = None
    """What was paused."""
    item: ReviewItem | None = None
    """What was escalated."""
    is_current: bool = True
    audit_id: int | None = None


class ReviewAgain(Result):
    """An undecided review is asked about again."""

    monday: date
    days: str
    repair: str
    posted_at: datetime
    can_decide: tuple[str, ...]


class SpotCheck(Result):
    """The short look of a working day."""

    day: date
    snapshot_id: int
    frozen_at: datetime
    due_at: datetime
    is_late: bool = False
    switches: tuple[SnapshotLine, ...]
    late: int
    broken: int
    denied: tuple[Denied, ...]
    since: datetime
    """Since when refusals are counted."""
    alert: str | None = None
    """The oldest alert that is open."""
    alert_id: int | None = None
    alert_since: datetime | None = None
    alerts: int = 0


class CadenceRun(Result):
    """What was posted."""

    review: date | None = None
    asked_again: date | None = None
    spot_check: date | None = None


class ItemDone(Result):
    """Something that was escalated is done."""

    item: ReviewItem
    already: bool = False
    audit_id: int | None = None
