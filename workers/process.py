"""What every long-running process shares: waiting for signals, and ending in time."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 8.0
LOOK_SECONDS = 0.1


class Stop:
    """What SIGTERM and SIGINT ask for; outside the main thread nobody asks."""

    def __init__(self) -> None:
        """Listen to both signals from now on."""
        self._asked = False
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def wait(self) -> None:
        """Wait until somebody asks.

        It looks again and again: a signal that another thread is given, or that comes right before a wait begins, wakes
        nobody who waits without an end, and a lock must not be taken where a signal may interrupt its holder.
        """
        while not self._asked:
            time.sleep(LOOK_SECONDS)


def drain(stops: Sequence[Callable[[], None]]) -> bool:
    """Call every stop at once and wait for them; False where one of them did not end in time."""
    threads = [threading.Thread(target=stop, daemon=True) for stop in stops]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + DRAIN_SECONDS
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return not any(thread.is_alive() for thread in threads)


def leave(*, drained: bool) -> int:
    """Return 0; where something still hangs, end the process at once: its leases pass, and others take over."""
    if not drained:
        log.warning("process.not_drained")
        sys.stderr.flush()
        os._exit(0)
    return 0
