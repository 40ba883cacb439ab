"""Faults on request: what goes wrong, with which method, and how many times."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "drop_before",
    "drop_after",
    "delay_before",
    "delay_after",
    "http_error",
    "ratelimited",
    "refuse",
    "duplicate_envelope",
    "delay_envelope",
    "drop_envelope",
    "drop_ack",
    "away",
]
_LATE: frozenset[str] = frozenset({"drop_after", "delay_after"})
_ENVELOPE: frozenset[str] = frozenset({"duplicate_envelope", "delay_envelope", "drop_envelope"})
_ACK: frozenset[str] = frozenset({"drop_ack"})
EARLY: frozenset[str] = frozenset(get_args(Kind)) - _LATE - _ENVELOPE - _ACK - {"away"}


@dataclass(slots=True)
class Fault:
    """One thing that will go wrong.

    `method` is a Web API method, `response_url`, `files.upload`, an envelope type (`slash_commands`,
    `interactive`, `events_api`) or `*`. `times` counts down; None means until cleared.
    `drop_ack` leaves an acknowledgement unread, as where its connection is just being closed.
    `drop_before` and `drop_after` close the connection without an answer, before or after acting;
    `away` refuses every connection, the WebSocket ones too, until it is cleared.
    """

    kind: Kind
    method: str = "*"
    times: int | None = 1
    seconds: float = 0.0
    status: int = 500
    error: str = "internal_error"
    retry_after: int = 1

    def concerns(self, method: str, kinds: frozenset[str]) -> bool:
        """Whether it strikes here."""
        return self.kind in kinds and self.method in ("*", method) and self.times != 0


class Faults:
    """The faults in force; safe to change from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.is_away = False
        self.on_away: Callable[[], None] = lambda: None

    def add(self, kind: Kind, method: str = "*", *, times: int | None = 1, **details: Any) -> Fault:
        """Put a fault in force."""
        if kind not in get_args(Kind):
            raise ValueError(f"no fault {kind}; there are {', '.join(get_args(Kind))}")
        fault = Fault(kind, method, times, **details)
        with self._lock:
            self._faults.append(fault)
            self.is_away = self.is_away or kind == "away"
        if kind == "away":
            self.on_away()
        return fault

    def clear(self, kind: Kind | None = None) -> None:
        """Lift every fault, or every fault of one kind."""
        with self._lock:
            self._faults = [fault for fault in self._faults if kind not in (None, fault.kind)]
            self.is_away = any(fault.kind == "away" for fault in self._faults)

    def in_force(self) -> list[dict[str, Any]]:
        """Every fault that can still strike."""
        with self._lock:
            return [asdict(fault) for fault in self._faults if fault.times != 0]

    def _take(self, method: str, kinds: frozenset[str]) -> Fault | None:
        if not self._faults:
            return None
        with self._lock:
            fault = next((fault for fault in self._faults if fault.concerns(method, kinds)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
            return fault

    def early(self, method: str) -> Fault | None:
        """The fault that strikes before this call acts, counted down."""
        return self._take(method, EARLY)

    def late(self, method: str) -> Fault | None:
        """The fault that strikes after this call has acted, counted down."""
        return self._take(method, _LATE)

    def envelope(self, kind: str) -> Fault | None:
        """The fault that strikes the delivery of an envelope of this type, counted down."""
        return self._take(kind, _ENVELOPE)

    def acknowledgement(self, kind: str) -> Fault | None:
        """The fault that strikes the acknowledgement of an envelope of this type, counted down."""
        return self._take(kind, _ACK)
