"""What becomes of slots that are not done: pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

GIVE_UP = timedelta(hours=1)
LOOK_AFTER = timedelta(seconds=4)
"""How long the queue has to run a slot before the sweep does."""


@dataclass(frozen=True, slots=True)
class Undone:
    """A slot that is claimed or enqueued."""

    job: str
    slot: datetime
    claimed_at: datetime
    lease_until: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the sweep does with them."""

    run: tuple[Undone, ...]
    coalesce: tuple[Undone, ...]
    give_up: tuple[Undone, ...]


def look_after(lease: timedelta) -> timedelta:
    """Return how long the queue is given: less where leases are short."""
    return min(LOOK_AFTER, lease)


def plan(undone: Sequence[Undone], interval_jobs: Iterable[str], now: datetime, lease: timedelta) -> Plan:
    """Run what has waited long enough, only the newest slot of an interval job, and nothing for ever."""
    intervals = frozenset(interval_jobs)
    newest: dict[str, datetime] = {}
    for tick in undone:
        newest[tick.job] = max(newest.get(tick.job, tick.slot), tick.slot)
    free = [tick for tick in undone if tick.lease_until is None or tick.lease_until <= now]
    old = [tick for tick in free if tick.job in intervals and tick.slot < newest[tick.job]]
    rest = [tick for tick in free if tick not in old]
    given_up = [tick for tick in rest if now - tick.claimed_at >= GIVE_UP]
    due = [tick for tick in rest if tick not in given_up and now - tick.claimed_at >= look_after(lease)]
    return Plan(tuple(due), tuple(old), tuple(given_up))
