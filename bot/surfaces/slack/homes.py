"""Home tabs: published when they are opened, and again after what their owner, or anybody else, did meanwhile.

::

    opened ──► publish            did something, opened lately ──a moment later──► publish
    (a second publication that is asked for before the first one has read anything is the same one)

    every few seconds, while any tab was opened lately: has anybody acted? ──► follow those tabs, one after the other
    (a tab that would say what it says is let be; nothing depends on it, so nothing is kept and nothing is retried)
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread, Timer
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)
THREADS = 4
PATIENCE = 5.0
"""Seconds the end waits for the tab that just follows."""
LATELY = 600.0
"""Seconds after its opening in which a tab follows what its owner does."""
DEBOUNCE = 1.0
"""Seconds after the first of several acts at which the tab shows them all."""
FOLLOW_EVERY = 5.0
"""Seconds between two looks whether anybody acted."""
MOST_FOLLOWED = 30
"""How many tabs follow the acts of others, the latest opened first: a bound on what a busy day costs."""
EVENTS_KEPT = 620.0
"""Seconds an event is remembered: Slack sends it again at once, after a minute and after five."""
MOST = 5_000
T = TypeVar("T")
Publish = Callable[[str], None]
"""Reads what is so for a person and sets the tab to it."""
Newest = Callable[[], int]
"""Reads which act is the newest; raises where that cannot be read."""


class Homes:
    """The tabs this process keeps; at most one publication of a tab at a time, the last one newest."""

    def __init__(self, publish: Publish, *, follow: Publish | None = None, newest: Newest | None = None) -> None:
        """Publish nothing yet; `follow` publishes where the tab would say something else than it does."""
        self._publish = publish
        self._follow = follow
        self._newest = newest
        self._follower: Thread | None = None
        self._ending = Event()
        self._pool = ThreadPoolExecutor(THREADS, "home")
        self._lock = Lock()
        self._events: OrderedDict[str, float] = OrderedDict()
        self._opened: OrderedDict[str, tuple[float, Lock]] = OrderedDict()
        self._waiting: set[str] = set()
        self._timers: dict[str, Timer] = {}

    def opened(self, user_id: str, event_id: str) -> None:
        """Show the tab to whoever opened it; an event that comes again shows nothing again."""
        now = time.monotonic()
        with self._lock:
            _forget(self._events, lambda at: at <= now - EVENTS_KEPT)
            if event_id in self._events:
                return
            self._events[event_id] = now
            _, turn = self._opened.pop(user_id, (now, Lock()))
            self._opened[user_id] = (now, turn)
            _forget(self._opened, lambda seen: seen[0] <= now - LATELY)
            if self._follower is None and self._newest is not None:
                self._follower = Thread(target=self._keep_following, name="home-follow", daemon=True)
                self._follower.start()
        self.refresh(user_id)

    def touched(self, user_id: str) -> None:
        """Show what he did a moment later, where he opened his tab lately."""
        with self._lock:
            seen = self._opened.get(user_id)
            if seen is None or seen[0] <= time.monotonic() - LATELY or user_id in self._timers:
                return
            timer = Timer(DEBOUNCE, self._later, args=(user_id,))
            timer.daemon = True
            self._timers[user_id] = timer
            timer.start()

    def refresh(self, user_id: str) -> None:
        """Publish it now."""
        with self._lock:
            if user_id in self._waiting:
                return
            self._waiting.add(user_id)
            _, turn = self._opened.get(user_id) or (0.0, Lock())
        try:
            self._pool.submit(self._show, user_id, turn)
        except RuntimeError:  # the process ends just now
            log.info("home.closing")

    def close(self) -> None:
        """Publish what was asked for, and nothing more."""
        self._ending.set()
        with self._lock:
            timers, follower = list(self._timers.values()), self._follower
        for timer in timers:
            timer.cancel()
        self._pool.shutdown(wait=True)
        if follower is not None:
            follower.join(PATIENCE)

    def _keep_following(self) -> None:
        """Let tabs follow what others did; once more a round later, for a lower number may be committed after it."""
        seen: int | None = None
        is_settled = False
        while not self._ending.wait(FOLLOW_EVERY):
            tabs = self._lately()
            if not tabs or self._newest is None:
                continue
            try:
                newest = self._newest()
            except Exception as error:
                log.info("home.not_followed", reason=str(error))
                continue
            if newest == seen and is_settled:
                continue
            is_settled, seen = newest == seen, newest
            for user_id, turn in tabs:
                self._follow_one(user_id, turn)

    def _lately(self) -> list[tuple[str, Lock]]:
        since = time.monotonic() - LATELY
        with self._lock:
            newest_first = reversed(self._opened.items())
            return [(user_id, turn) for user_id, (at, turn) in newest_first if at > since][:MOST_FOLLOWED]

    def _follow_one(self, user_id: str, turn: Lock) -> None:
        if self._follow is None or self._ending.is_set():
            return
        with turn:
            try:
                self._follow(user_id)
            except Exception:
                log.exception("home.failed", user_id=user_id)

    def _later(self, user_id: str) -> None:
        with self._lock:
            self._timers.pop(user_id, None)
        self.refresh(user_id)

    def _show(self, user_id: str, turn: Lock) -> None:
        with turn:
            with self._lock:
                self._waiting.discard(user_id)
            try:
                self._publish(user_id)
            except Exception:
                log.exception("home.failed", user_id=user_id)


def _forget(kept: "OrderedDict[str, T]", is_old: Callable[[T], bool]) -> None:
    """Drop what is too old, and the oldest where there is too much."""
    while kept and (len(kept) > MOST or is_old(next(iter(kept.values())))):
        kept.popitem(last=False)
