"""What delivery looks like from outside."""

from datetime import datetime

from domain.outcomes import Result


class StuckMessage(Result):
    """One message a person must decide about."""

    outbox_id: int
    state: str
    """`held`: it may have arrived, and Slack cannot be asked. `dead`: Slack refuses it."""
    destination: str
    channel: str
    card: str
    thing: str | None
    error: str
    cure: str
    attempts: int
    created_at: datetime
    attempted_at: datetime | None


class PausedLane(Result):
    """A channel that Slack asked to leave alone, or could not be reached at."""

    channel: str
    paused_until: datetime


class DeliveryList(Result):
    """What waits and what is stuck."""

    items: tuple[StuckMessage, ...]
    total: int
    queued: int
    oldest_queued_at: datetime | None = None
    paused: tuple[PausedLane, ...] = ()


class DeliveryRetried(Result):
    """Messages that are tried again."""

    outbox_ids: tuple[int, ...]
    still_stuck: int


class DeliveryDropped(Result):
    """A message that is not sent."""

    outbox_id: int
    destination: str
    card: str
    still_stuck: int


class DeliveryFailed(Result):
    """What became of a message that could not be sent (internal)."""

    outbox_id: int
    changed: bool


class RouteLine(Result):
    """Which channel one kind of message goes to."""

    kind: str
    meaning: str
    channel: str
    is_default: bool
    changed_by: str | None = None
    updated_at: datetime | None = None
    version: int = 0


class RouteList(Result):
    """Every route."""

    items: tuple[RouteLine, ...]


class RouteChanged(Result):
    """A route that goes somewhere else from now on."""

    kind: str
    meaning: str
    channel: str
    before: str
    changed: bool
    changed_by: str
    version: int
    audit_id: int | None = None


class RouteTest(Result):
    """A test message: posted to the route's channel as the card `route_test`, and the answer to who asked for it."""

    kind: str
    meaning: str
    channel: str
    asked_by: str
    at: datetime


class Pruned(Result):
    """How many old rows were taken out (internal)."""

    pruned: int
