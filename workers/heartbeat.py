"""Signs of life: one row a process, with what it last saw of the switches, Redis and Slack; used by every process."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from domain.clock import Clock
from domain.database import Database, Unavailable
from domain.prime_law.settling import position
from domain.processes.service import beat, process_id

__all__ = ["OK", "Heartbeat", "Look", "process_id"]

log = structlog.get_logger(__name__)

BEAT_SECONDS = 5.0
SWITCH_SECONDS = 0.25
"""How often the switches are looked at: a change of theirs is confirmed with a beat at once."""
AGAIN_SECONDS = 1.0
"""When a beat that was not written down is tried again."""
LOOK_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 10.0
OK = "ok"
Look = Callable[[], str]
"""Looks at something outside the database and returns `ok` or what is wrong with it."""


class Heartbeat:
    """Beats every few seconds and, in a thread of its own, looks at the world every minute.

    `evidence` is asked at every beat, so it must be quick; `looks` names what takes longer, for instance
    `{"slack": …, "redis": …}`; `note` writes down what another part of the process found out in between.
    """

    def __init__(
        self,
        database: Database,
        kind: str,
        name: str,
        clock: Clock,
        evidence: Callable[[], Mapping[str, Any]] = dict,
        *,
        looks: Mapping[str, Look] | None = None,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        """Do nothing yet."""
        self._database = database
        self._kind = kind
        self._name = name
        self._clock = clock
        self._evidence = evidence
        self._started_at = clock()
        self._looks = dict(looks or {})
        self._beat_seconds = beat_seconds
        self._seen: dict[str, Any] = {}
        self._position: tuple[int, datetime | None] | None = None
        self._switches: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._threads = [threading.Thread(target=self._beat, name="heartbeat", daemon=True)]
        if self._looks:
            self._threads.append(threading.Thread(target=self._look, name="heartbeat-look", daemon=True))

    def start(self) -> None:
        """Begin to beat."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop beating; the row stays as the last sign of life."""
        self._stop.set()
        self._wake.set()
        self._threads[0].join(self._beat_seconds)

    def note(self, name: str, said: str) -> None:
        """Write down what was found out about `name`, and show it with the next beat, which is now."""
        with self._lock:
            changed = self._seen.get(name) != said
            self._seen[name] = said
        if changed:
            self._wake.set()

    def seen(self) -> dict[str, Any]:
        """Return what was last seen."""
        with self._lock:
            return dict(self._seen)

    def _beat(self) -> None:
        due = 0.0
        while not self._stop.is_set():
            is_noted = self._wake.is_set()
            self._wake.clear()
            if self._have_switches_changed() or is_noted or time.monotonic() >= due:
                due = time.monotonic() + (self._beat_seconds if self._is_written() else AGAIN_SECONDS)
            self._wake.wait(min(SWITCH_SECONDS, self._beat_seconds))

    def _have_switches_changed(self) -> bool:
        """Look at the switches; what was seen, and since when they stand like that, goes with the next beat."""
        try:
            found = self._database.look(position)
        except Unavailable:
            return False
        except Exception:  # the beat goes on, and its age says the rest
            log.exception("heartbeat.switches_unread")
            return False
        if found == self._position:
            return False
        # Another change while the kill switch stays engaged confirms nothing anew.
        stays_engaged = self._position is not None and found[1] is not None and found[1] == self._position[1]
        at = self._switches["switches_at"] if stays_engaged else self._clock().isoformat()
        self._position, self._switches = found, {"switches": found[0], "switches_at": at}
        return True

    def _is_written(self) -> bool:
        try:
            self._beat_once()
        except Unavailable as error:
            log.warning("heartbeat.database_away", reason=str(error))
        except Exception:
            log.exception("heartbeat.failed")
        else:
            return True
        return False

    def _beat_once(self) -> None:
        seen = {**self._switches, **self._evidence(), **self.seen()}
        beat(self._database, self._kind, self._name, seen, started_at=self._started_at, now=self._clock())

    def _look(self) -> None:
        while not self._stop.is_set():
            all_well = True
            for name, look in self._looks.items():
                try:
                    said = look()
                except Exception as error:
                    log.exception("heartbeat.look_failed", at=name)
                    said = f"{type(error).__name__}: {error}"[:200]
                all_well = all_well and said == OK
                self.note(name, said)
            self._stop.wait(LOOK_SECONDS if all_well else LOOK_AGAIN_SECONDS)
