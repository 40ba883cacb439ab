"""The sender: finds lanes with something to say and has threads drain them, one lane at a time.

It needs the database and Slack, nothing else. A lane is held for a handful of rows and then given back, so that no
lane starves another; nothing here sleeps while it holds one.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog

from bot.slack_api import SlackApi
from domain.arrows import cross
from domain.database import Unavailable
from domain.delivery import lanes, service
from domain.delivery.lanes import DueLane, Hold
from domain.gate import Gate
from workers.sender import Render, Sender, SenderStopped

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.1
THREADS = 4
ROWS_AT_ONCE = 10
STOPPED_FOR = timedelta(seconds=30)
OnStopped = Callable[[str], None]


def slack_timeout(lease: timedelta) -> float:
    """Return how long one call may take: well within the lease, so that the row is still ours when it ends."""
    return min(10.0, lease.total_seconds() * 0.6)


class Relay:
    """The threads that send; `start` it once, `stop` it to drain what is under way."""

    def __init__(
        self,
        gate: Gate,
        slack: SlackApi,
        render: Render,
        holder: str,
        *,
        on_stopped: OnStopped = lambda _reason: None,
        threads: int = THREADS,
    ) -> None:
        """Hold what sending needs; `on_stopped` is told when Slack takes nothing with this token."""
        self._gate = gate
        self._database = gate.database
        self._sender = Sender(gate, slack, render)
        self._holder = holder
        self._on_stopped = on_stopped
        self._lease = gate.settings.lease
        self._stop = threading.Event()
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._silent_until = 0.0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="relay")
        self._free = threading.Semaphore(threads)
        self._dispatcher = threading.Thread(target=self._dispatch, name="relay-dispatch", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._dispatcher.start()

    def stop(self) -> None:
        """Send nothing more, and wait for what is under way."""
        self._stop.set()
        self._dispatcher.join()
        self._pool.shutdown(wait=True)

    # -- finding lanes --------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while not self._stop.is_set():
            try:
                self._hand_out()
            except Unavailable as error:
                log.warning("relay.database_away", reason=str(error))
                self._stop.wait(1.0)
            except Exception:
                log.exception("relay.failed")
                self._stop.wait(1.0)
            self._stop.wait(POLL_SECONDS)

    def _hand_out(self) -> None:
        if time.monotonic() < self._silent_until:
            return
        for lane in self._due():
            if not self._claim(lane):
                continue
            if not self._free.acquire(blocking=False):
                self._release(lane)
                return
            self._pool.submit(self._drain, lane)

    def _due(self) -> list[DueLane]:
        now, defaults = self._gate.clock(), self._gate.settings.default_routes
        return self._database.look(
            lambda connection: lanes.due_lanes(connection, now=now, lease=self._lease, defaults=defaults)
        )

    def _claim(self, lane: DueLane) -> bool:
        with self._lock:
            if lane.lane in self._busy:
                return False
            self._busy.add(lane.lane)
            return True

    def _release(self, lane: DueLane) -> None:
        with self._lock:
            self._busy.discard(lane.lane)

    # -- draining one ---------------------------------------------------------------------------------------

    def _drain(self, lane: DueLane) -> None:
        try:
            hold = lanes.lease_lane(self._database, lane, self._holder, now=self._gate.clock(), lease=self._lease)
            if hold is not None:
                self._drain_held(hold)
        except SenderStopped as stopped:
            self._fall_silent(str(stopped))
        except Unavailable as error:
            log.warning("relay.database_away", reason=str(error), lane=lane.lane)
        except Exception:
            log.exception("relay.lane_failed", lane=lane.lane)
        finally:
            self._release(lane)
            self._free.release()

    def _drain_held(self, hold: Hold) -> None:
        cross("outbox.queued")
        try:
            for _row in range(ROWS_AT_ONCE):
                if self._stop.is_set() or time.monotonic() < self._silent_until:
                    return
                job = service.take(self._database, hold, self._gate.clock())
                if job is None:
                    return
                with structlog.contextvars.bound_contextvars(correlation_id=job.correlation_id):
                    self._sender.handle(hold, job)
        finally:
            lanes.release_lane(self._database, hold)

    def _fall_silent(self, reason: str) -> None:
        wait = min(STOPPED_FOR, 2 * self._lease)
        self._silent_until = time.monotonic() + wait.total_seconds()
        log.error("relay.stopped", reason=reason, seconds=wait.total_seconds())
        self._on_stopped(reason)
