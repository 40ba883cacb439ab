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


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; outside the main thread somebody else has to set it."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)
    return stop


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
