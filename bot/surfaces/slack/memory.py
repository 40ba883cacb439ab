"""Which envelopes this process has seen in the last minute."""

import time
from collections import OrderedDict
from threading import Event, Lock

REMEMBERED = 60.0
"""Seconds a trigger id is remembered, so that two sockets do not answer twice."""


class Memory:
    """A trigger id is first once; later deliveries get the event that the first one's acknowledgement sets."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._lock = Lock()
        self._seen: OrderedDict[str, tuple[float, Event]] = OrderedDict()

    def first(self, trigger_id: str) -> Event | None:
        """Return None for the first delivery, or the event to wait for."""
        now = time.monotonic()
        with self._lock:
            while self._seen:
                oldest = next(iter(self._seen))
                if self._seen[oldest][0] > now:
                    break
                del self._seen[oldest]
            known = self._seen.get(trigger_id)
            if known is not None:
                return known[1]
            self._seen[trigger_id] = (now + REMEMBERED, Event())
            return None

    def done(self, trigger_id: str) -> None:
        """Say that the first delivery is acknowledged."""
        with self._lock:
            known = self._seen.get(trigger_id)
        if known is not None:
            known[1].set()
