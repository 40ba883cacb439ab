"""The queue's actors: thin, given ids only, and harmless when a message comes twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from dramatiq import Actor, Broker, Message, actor

from domain.gate import Call, Gate
from domain.gate.call import new_correlation_id
from domain.identity import Caller, Surface
from domain.outcomes import Kind, Outcome, Refused
from domain.ticks import service as ticks

log = structlog.get_logger(__name__)

TICK_LIMIT_MS = 60_000
PERFORM_LIMIT_MS = 30_000
RETRIES = 3
MIN_BACKOFF_MS = 500
MAX_BACKOFF_MS = 30_000


class TryAgainError(Exception):
    """The database gave no answer: the message comes again after a while."""


@dataclass(frozen=True, slots=True)
class Actors:
    """What may be put into the queue."""

    tick_run: Actor[..., None]
    perform: Actor[..., None]

    def enqueue_tick(self, job: str, slot: datetime) -> Message[None]:
        """Put a job's slot into the queue."""
        return self.tick_run.send(job, slot.isoformat())

    def enqueue_operation(
        self,
        name: str,
        params: dict[str, Any],
        *,
        key: str,
        actor_id: str,
        correlation_id: str | None = None,
        hold_seconds: float | None = None,
    ) -> Message[None]:
        """Put one call of an operation into the queue; `key` is what makes a second delivery harmless.

        Where Prime Law stops it, it waits for `hold_seconds`, or as long as VALHALLA_HOLD_SECONDS says.
        """
        return self.perform.send(
            name, params, key=key, actor=actor_id, correlation_id=correlation_id or new_correlation_id(),
            hold_seconds=hold_seconds,
        )  # fmt: skip


def declare(broker: Broker, gate: Gate, runner: str) -> Actors:
    """Declare the actors on this broker; they act through this gate."""

    def tick_run(job: str, slot: str) -> None:
        _raise_if_away(ticks.run(gate, job, datetime.fromisoformat(slot), runner))

    def perform(
        name: str, params: dict[str, Any], *, key: str, actor: str, correlation_id: str, hold_seconds: float | None
    ) -> None:
        wait = gate.settings.hold_seconds if hold_seconds is None else hold_seconds
        hold_until = gate.clock() + timedelta(seconds=wait)
        caller = Caller(actor, Surface.WORKER)
        outcome = gate.run(Call(name, params, caller, key=key, correlation_id=correlation_id, hold_until=hold_until))
        _raise_if_away(outcome)
        log.info("operation.performed", operation=name, outcome=type(outcome).__name__.lower())

    options: dict[str, Any] = {
        "broker": broker, "max_retries": RETRIES, "min_backoff": MIN_BACKOFF_MS, "max_backoff": MAX_BACKOFF_MS,
    }  # fmt: skip
    return Actors(
        tick_run=actor(actor_name="tick.run", queue_name="ticks", time_limit=TICK_LIMIT_MS, **options)(tick_run),
        perform=actor(actor_name="operation.perform", queue_name="operations", time_limit=PERFORM_LIMIT_MS, **options)(
            perform
        ),
    )


def _raise_if_away(outcome: Outcome | None) -> None:
    if isinstance(outcome, Refused) and outcome.kind is Kind.UNAVAILABLE:
        raise TryAgainError(outcome.detail)
