"""A way past the queue on SQLite, whose write lock is not fair.

Whoever must not wait puts up a sign beside the database file; other writers see it before they begin and stand back
for a moment. The sign is a courtesy: nothing is wrong where it is missed, and one left by a dead process goes stale.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STALE_SECONDS = 2.0
STEP_SECONDS = 0.005
LONGEST_WAIT = 1.0


class WaitingRoom:
    """The sign beside one SQLite file; None for a database that needs none."""

    def __init__(self, file: str | None) -> None:
        """Stand beside `file`; without one, nobody ever waits."""
        self._sign = Path(f"{file}-urgent") if file else None

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Put up the sign while the block runs."""
        if self._sign is None:
            yield
            return
        with suppress(OSError):
            self._sign.touch()
        try:
            yield
        finally:
            with suppress(OSError):
                self._sign.unlink(missing_ok=True)

    def stand_back(self) -> None:
        """Wait while the sign is up, though never long."""
        if self._sign is None:
            return
        deadline = time.monotonic() + LONGEST_WAIT
        while self._is_up() and time.monotonic() < deadline:
            time.sleep(STEP_SECONDS)

    def _is_up(self) -> bool:
        assert self._sign is not None
        try:
            return time.time() - self._sign.stat().st_mtime < STALE_SECONDS
        except OSError:
            return False
