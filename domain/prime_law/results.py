"""What the switches look like from outside."""

from datetime import datetime

from domain.outcomes import Result


class GoLiveView(Result):
    """The switches as they are."""

    go_live_enabled: bool
    kill_switch_engaged: bool
    version: int
    changed_by: str | None = None
    changed_at: datetime | None = None
    reason: str | None = None
    engaged_by: str | None = None
    engaged_at: datetime | None = None
    was_ever_live: bool = False


class HeldCount(Result):
    """How many actions of one kind wait."""

    operation: str
    count: int
    oldest_at: datetime


class KillSwitchCard(Result):
    """One engagement of the kill switch, from the press to its release."""

    engaged_by: str
    engaged_at: datetime
    reasons: tuple[str, ...]
    """What was said about it, in the order it was said; empty while nobody gave a reason."""
    go_live_enabled: bool
    version: int
    held: tuple[HeldCount, ...] = ()
    already_engaged: bool = False
    is_engaged: bool = True
    released_at: datetime | None = None
    requested_by: str | None = None
    released_by: str | None = None
    release_reason: str | None = None
    overridden: tuple[str, ...] = ()
    audit_id: int | None = None


class GoLiveCard(Result):
    """Go-live was switched."""

    go_live_enabled: bool
    kill_switch_engaged: bool
    version: int
    at: datetime
    requested_by: str
    approved_by: str | None = None
    reason: str | None = None
    overridden: tuple[str, ...] = ()
    changed: bool = True
    """Whether anything changed: it may have been so already."""
    audit_id: int | None = None


class ReasonAsked(Result):
    """A direct message to whoever engaged without saying why."""

    engaged_at: datetime
