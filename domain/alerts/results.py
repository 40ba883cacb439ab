"""What alerts look like from outside."""

from datetime import datetime
from typing import Any

from domain.oncall.results import PageLine
from domain.outcomes import Result


class AlertCard(Result):
    """One alert in any state."""

    alert_id: int
    severity: str
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    state: str
    times: int
    opened_at: datetime
    last_at: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    note: str | None = None
    extra: dict[str, Any] | None = None
    """Of an alert with a card of its own: the card's name and what it says."""
    pages: bool = False
    """Whether it wakes people until somebody acknowledges."""
    paged: tuple[PageLine, ...] = ()
    """While it is open: who was paged, and who is next."""
    audit_id: int | None = None


class AlertList(Result):
    """Alerts that are not resolved, the gravest first."""

    items: tuple[AlertCard, ...]
