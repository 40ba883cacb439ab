"""What becomes of a row that nobody finished: pure functions of its times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from domain.outcomes import Done, Held, Outcome, PendingApproval

UNACKNOWLEDGED = timedelta(seconds=2)
"""After this a row whose acknowledgement is not recorded is never run."""
STALE = timedelta(minutes=10)
"""After this what was pressed is not begun any more: the world has moved on."""
_NAMESPACE = UUID("6f0c9a52-6d0e-4f4c-8f7d-3f1b1f0c9d11")


class Fate(StrEnum):
    """What the sweep does with an open row."""

    LEAVE = "leave"
    REFUSE = "refuse"
    RUN = "run"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Open:
    """An open row's times; `was_answered`: its operation has committed, so that running it only repeats the answer."""

    received_at: datetime
    acknowledged_at: datetime | None
    lease_until: datetime | None
    was_answered: bool = False


def fate(row: Open, now: datetime, lease: timedelta) -> Fate:
    """Decide about one open row."""
    if row.acknowledged_at is None:
        return Fate.REFUSE if now - row.received_at >= UNACKNOWLEDGED else Fate.LEAVE
    due = row.lease_until or row.acknowledged_at + lease
    if due > now:
        return Fate.LEAVE
    if now - row.received_at >= STALE and not row.was_answered:
        return Fate.EXPIRE
    return Fate.RUN


def key_of(trigger_id: str) -> str:
    """Return the idempotency key of what came with a trigger id."""
    return f"slack:{trigger_id}"


def correlation_of(trigger_id: str) -> str:
    """Return the correlation id: the same however often the row is run."""
    return uuid5(_NAMESPACE, trigger_id).hex


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain JSON: one key says which kind it is."""
    if isinstance(outcome, Done):
        return {"done": outcome.result.to_json(), "audit_id": outcome.audit_id}
    if isinstance(outcome, PendingApproval):
        return {"pending": outcome.to_json()}
    if isinstance(outcome, Held):
        return {"held": outcome.to_json()}
    return {"refused": outcome.to_json()}


def final_state(outcome: Outcome) -> str:
    """Return the state a row ends in."""
    return "done" if isinstance(outcome, Done | PendingApproval | Held) else "refused"
