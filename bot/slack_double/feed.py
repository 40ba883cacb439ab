"""The live feed: what changed, who may see it, and whoever is waiting to hear of it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

JsonDict = dict[str, Any]
REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened; nobody but the `audience` sees it, and everybody does if there is none."""

    id: int
    event: str
    audience: Collection[str] | None
    body: JsonDict

    def is_for(self, viewer: str | None) -> bool:
        """Whether this viewer may see it; no viewer means the whole workspace is watched."""
        return viewer is None or self.audience is None or viewer in self.audience


class Feed:
    """Keeps the latest changes for those who come late, and wakes those who wait."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque(maxlen=REMEMBERED)
        self._followers: set[asyncio.Queue[Change | None]] = set()
        self._count = 0
        self._woken = threading.Condition()
        self._waiting = 0
        self._is_watched = False

    @property
    def count(self) -> int:
        """How many changes there have been."""
        return self._count

    def publish(self, event: str, audience: Collection[str] | None, body: Callable[[], JsonDict]) -> None:
        """Tell everybody who follows or waits."""
        self._count += 1
        # A body is worth making only if somebody may read it; a server under a load generator has no reader.
        if self._is_watched:
            change = Change(self._count, event, None if audience is None else frozenset(audience), body())
            self._changes.append(change)
            for follower in self._followers:
                follower.put_nowait(change)
        self.wake()

    def follow(self, after: int = 0) -> asyncio.Queue[Change | None]:
        """A queue of changes, beginning with those remembered since `after`."""
        self._is_watched = True
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        for change in self._changes:
            if after and change.id > after:
                queue.put_nowait(change)
        self._followers.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[Change | None]) -> None:
        """Stop following."""
        self._followers.discard(queue)

    def close(self) -> None:
        """Tell every follower that there is no more to come."""
        for follower in self._followers:
            follower.put_nowait(None)
        self.wake()

    def wake(self) -> None:
        """Let those who wait look again."""
        if self._waiting:
            with self._woken:
                self._woken.notify_all()

    def wait(self, count: int, timeout: float) -> None:
        """Block the calling thread until something has changed since `count`, for `timeout` seconds at most.

        It comes back every 50 ms in any case, since what is waited for may lie outside the feed.
        """
        with self._woken:
            self._waiting += 1
            try:
                if self._count == count and timeout > 0:
                    self._woken.wait(min(timeout, 0.05))
            finally:
                self._waiting -= 1
