"""What Slack sends to an app: envelopes, and the rule that an answer must come in time."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.slack_double.faults import Faults

JsonDict = dict[str, Any]
Status = Literal["pending", "acked", "operation_timeout", "dispatch_failed"]
EnvelopeType = Literal["slash_commands", "interactive", "events_api"]
REMEMBERED = 20_000


@dataclass(slots=True)
class Envelope:
    """One payload on its way to the app, and what became of it."""

    type: EnvelopeType
    payload: JsonDict
    finish: Callable[[Envelope], None]
    retry_attempt: int | None = None
    retry_reason: str | None = None
    id: str = field(default_factory=lambda: str(uuid.UUID(int=random.getrandbits(128), version=4)))
    status: Status = "pending"
    connections: list[int] = field(default_factory=list)
    acknowledged_over: int | None = None
    response: JsonDict | None = None
    latency: float | None = None
    late_acks: list[JsonDict] = field(default_factory=list)
    sent_at: float = 0.0
    timer: asyncio.TimerHandle | None = None

    def frame(self) -> JsonDict:
        """The frame a WebSocket carries."""
        frame: JsonDict = {
            "envelope_id": self.id,
            "type": self.type,
            "payload": self.payload,
            "accepts_response_payload": self.type != "events_api",
        }
        if self.type == "events_api":
            frame |= {"retry_attempt": self.retry_attempt or 0, "retry_reason": self.retry_reason or ""}
        return frame

    def record(self) -> JsonDict:
        """What a test may want to know of it."""
        names = (
            "id",
            "type",
            "payload",
            "status",
            "connections",
            "acknowledged_over",
            "response",
            "latency",
            "retry_attempt",
            "late_acks",
        )
        return {name: getattr(self, name) for name in names}


class Carrier(Protocol):
    """A way to the app: Socket Mode, or signed requests over HTTP."""

    def carry(self, envelope: Envelope, *, copies: int) -> bool:
        """Send it off; false if there is nobody to send it to."""


class Delivery:
    """Sends envelopes by the carrier in use, strikes them with faults, and times their acknowledgement."""

    def __init__(self, faults: Faults, ack_timeout: float, on_done: Callable[[], None]) -> None:
        self.carrier: Carrier | None = None
        self._faults = faults
        self._ack_timeout = ack_timeout
        self._on_done = on_done
        self._pending: dict[str, Envelope] = {}
        self.sent: deque[Envelope] = deque(maxlen=REMEMBERED)

    def send(self, envelope: Envelope) -> None:
        """Send an envelope; its `finish` is called once, with the outcome."""
        loop = asyncio.get_running_loop()
        envelope.sent_at = loop.time()
        self.sent.append(envelope)
        self._pending[envelope.id] = envelope
        fault = self._faults.envelope(envelope.type)
        kind = fault.kind if fault else None
        if kind == "delay_envelope" and fault:
            loop.call_later(fault.seconds, self._carry, envelope, 1)
        elif kind != "drop_envelope":
            self._carry(envelope, 2 if kind == "duplicate_envelope" else 1)
        if envelope.status == "pending":
            envelope.timer = loop.call_later(self._ack_timeout, self._end, envelope, "operation_timeout")

    def _carry(self, envelope: Envelope, copies: int) -> None:
        if self._faults.is_away or self.carrier is None or not self.carrier.carry(envelope, copies=copies):
            self._end(envelope, "dispatch_failed")

    def acknowledge(self, envelope_id: str, response: JsonDict | None, connection: int | None = None) -> None:
        """Take the app's answer, over whichever connection; a second or late one is only noted."""
        envelope = self._pending.get(envelope_id)
        if envelope is not None:
            if self._faults.acknowledgement(envelope.type):
                return
            envelope.acknowledged_over = connection
            envelope.response = response or None
            envelope.latency = asyncio.get_running_loop().time() - envelope.sent_at
            self._end(envelope, "acked")
            return
        for earlier in reversed(self.sent):
            if earlier.id == envelope_id:
                earlier.late_acks.append(response or {})
                return

    def fail(self, envelope: Envelope) -> None:
        """The app could not be reached, or answered with an error."""
        self._end(envelope, "dispatch_failed")

    def abandon(self) -> None:
        """Give up on everything under way, so that nobody waits for a server that has gone."""
        for envelope in list(self._pending.values()):
            self._end(envelope, "dispatch_failed")

    def _end(self, envelope: Envelope, status: Status) -> None:
        if self._pending.pop(envelope.id, None) is None:
            return
        envelope.status = status
        if envelope.timer:
            envelope.timer.cancel()
        envelope.finish(envelope)
        self._on_done()
