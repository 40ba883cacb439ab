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
    go_live_changed_at: datetime | None = None
    """Since when go-live is on or off; None: it was never on."""
    reason: str | None = None
    engaged_by: str | None = None
    engaged_at: datetime | None = None
    was_ever_live: bool = False


class HeldCount(Result):
    """How many actions of one kind wait."""

    operation: str
    count: int
    oldest_at: datetime


class Reached(Result):
    """Which processes have seen an engagement of the kill switch."""

    processes: int
    """Those that lived when it was pressed and still do."""
    confirmed: int
    seconds: float | None = None
    """From the press to the last confirmation so far."""

    @property
    def is_complete(self) -> bool:
        """Whether every one of them has."""
        return self.confirmed == self.processes


class UnderWay(Result):
    """Steps of one channel that somebody was doing when the kill switch was pressed."""

    channel: str
    count: int
    ended: int = 0
    """How many of them were recorded or stopped since."""


class KillSwitchCard(Result):
    """One engagement of the kill switch, from the press to its release."""

    engaged_by: str
    engaged_at: datetime
    reasons: tuple[str, ...]
    """What was said about it, in the order it was said; empty while nobody gave a reason."""
    go_live_enabled: bool
    version: int
    held: tuple[HeldCount, ...] = ()
    reached: Reached | None = None
    """None until it was looked at, and where no process gives signs of life."""
    under_way: tuple[UnderWay, ...] = ()
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


class Settled(Result):
    """Whether the kill switch's card was edited (internal)."""

    edited: bool


class ReasonAsked(Result):
    """A direct message to whoever engaged without saying why."""

    engaged_at: datetime


class UnderWayStep(Result):
    """One step that its holder was doing; without the number to call."""

    task_id: int
    channel: str
    lead_id: str
    seller_name: str | None
    market: str
    province: str


class FinishNow(Result):
    """A direct message to whoever was in the middle of something when the kill switch was pressed."""

    engaged_by: str
    engaged_at: datetime
    reason: str | None
    steps: tuple[UnderWayStep, ...]
