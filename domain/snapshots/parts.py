"""What a part of the snapshot is; `domain.registry.PARTS` lists them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.act import Act
from domain.snapshots.results import SnapshotLine, WeekPart

NAMES = ("control", "risk", "heimdall", "tripwire", "ops")
"""The parts there are or will be, in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the business, Monday to Monday, and the weeks before it that a line is drawn through."""

    monday: date
    since: datetime
    until: datetime
    before: datetime
    """When the week before began."""
    starts: tuple[tuple[date, datetime, datetime], ...]
    """Each week of the small lines, the oldest first: its Monday, its beginning, its end."""

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)


Calls = Callable[[datetime, datetime], Any]
"""A query for the correlation ids of calls between two moments."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: a feature's own lines, and what it brings to the Monday review."""

    name: str
    """One of `NAMES`: the word after `/snapshot`."""
    title: str
    read: Callable[[Act], Sequence[SnapshotLine]]
    week: Callable[[Act, Week], WeekPart] | None = None
    counts_calls: Calls | None = None
    """Whose refusals `week` counts by itself: the audit's of the same calls are left out."""
