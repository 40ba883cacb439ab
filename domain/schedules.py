"""What runs by itself and when: each job an internal operation, every few seconds or at an hour of named weekdays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.settings import Settings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEK = 7


class Day(StrEnum):
    """Weekdays by name: their numbers mean different days to different libraries."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


EVERY_DAY = tuple(Day)


@dataclass(frozen=True, slots=True)
class Every:
    """At every multiple of so many seconds since the epoch, whoever counts."""

    seconds: int

    def latest(self, now: datetime) -> datetime:
        """Return the newest slot that is not after `now`."""
        passed = int((now - EPOCH).total_seconds())
        return EPOCH + timedelta(seconds=passed - passed % self.seconds)


@dataclass(frozen=True, slots=True)
class At:
    """At an hour and minute of the clock in a named zone, on named weekdays."""

    hour: int
    minute: int
    zone: str
    days: tuple[Day, ...] = EVERY_DAY

    def latest(self, now: datetime) -> datetime:
        """Return the newest slot that is not after `now`; a time the clocks skip comes with the shift after it."""
        zone = ZoneInfo(self.zone)
        for day in self._days_back(now.astimezone(zone).date()):
            slot = datetime.combine(day, time(self.hour, self.minute), tzinfo=zone).astimezone(UTC)
            if slot <= now:
                return slot
        raise AssertionError("a week without one of its days")

    def _days_back(self, day: date) -> Iterator[date]:
        for back in range(WEEK + 2):
            found = day - timedelta(days=back)
            if tuple(Day)[found.weekday()] in self.days:
                yield found


@dataclass(frozen=True, slots=True)
class Schedule:
    """One job: its name, what it runs, and when."""

    job: str
    operation: str
    when: Every | At

    @property
    def coalesces(self) -> bool:
        """Whether only the newest of several missed slots is worth running."""
        return isinstance(self.when, Every)


PRUNING = Every(300)
"""Old rows go in small batches: a batch a day would fall behind, and all at once would hold the lock for long."""


def schedules(settings: Settings) -> tuple[Schedule, ...]:
    """Return every job; the clock times are the business's."""
    zone = settings.business_tz
    return (
        Schedule("followup.sweep", "followup.sweep", Every(30)),
        Schedule("approvals.expire", "approvals.expire", Every(30)),
        Schedule("held.expire", "held.expire", Every(60)),
        Schedule("risk.expire", "risk.expire", Every(30)),
        Schedule("policy.revert", "policy.revert", Every(30)),
        Schedule("cadence.run", "cadence.run", Every(60)),
        Schedule("regression.sweep", "regression.sweep", Every(60)),
        Schedule("heimdall.watch", "heimdall.watch", Every(60)),
        Schedule("heimdall.evolution", "heimdall.evolution", Every(300)),
        Schedule("idempotency.prune", "idempotency.prune", PRUNING),
        Schedule("ticks.prune", "ticks.prune", PRUNING),
        Schedule("outbox.prune", "outbox.prune", PRUNING),
        Schedule("inbox.prune", "inbox.prune", PRUNING),
        Schedule("page.prune", "page.prune", PRUNING),
        Schedule("chart.prune", "chart.prune", PRUNING),
        Schedule("watch.prune", "watch.prune", PRUNING),
        Schedule("processes.prune", "processes.prune", At(3, 50, zone)),
    )
