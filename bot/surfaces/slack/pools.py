"""The process's own threads, one pool a purpose, so that nothing slow can starve what must be quick."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)
T = TypeVar("T")

RECORDERS = 8
"""How many commands and clicks are recorded at the same time."""


class Pools:
    """Recording, confirming, reading, working, forms, answering, and a way past all of them for the switches."""

    def __init__(self) -> None:
        """Start no thread before it is needed."""
        self._recorders = ThreadPoolExecutor(RECORDERS, "record")
        self._confirmers = ThreadPoolExecutor(8, "confirm")
        self._readers = ThreadPoolExecutor(8, "read")
        self._workers = ThreadPoolExecutor(16, "work")
        self._switchers = ThreadPoolExecutor(4, "switch")
        self._openers = ThreadPoolExecutor(8, "form")
        self._answerers = ThreadPoolExecutor(8, "answer")

    def record(self, job: Callable[[], T]) -> "Future[T]":
        """Record what came in."""
        return self._recorders.submit(job)

    def confirm(self, job: Callable[[], None]) -> None:
        """Write down what was acknowledged, before anything that takes long."""
        self._confirmers.submit(_logged, job)

    def read(self, job: Callable[[], T]) -> "Future[T]":
        """Answer a question."""
        return self._readers.submit(job)

    def work(self, job: Callable[[], None]) -> None:
        """Carry out an operation."""
        self._workers.submit(_logged, job)

    def switch(self, job: Callable[[], None]) -> None:
        """Change a switch, which must not wait behind anything."""
        self._switchers.submit(_logged, job)

    def open_form(self, job: Callable[[], None]) -> None:
        """Open a form while its trigger lives."""
        self._openers.submit(_logged, job)

    def answer(self, job: Callable[[], None]) -> None:
        """Speak to Slack."""
        self._answerers.submit(_logged, job)

    def close(self) -> None:
        """Wait for what runs, and take nothing more; a pool is closed before those it hands its jobs to."""
        for pool in (
            self._recorders, self._confirmers, self._openers, self._readers, self._switchers, self._workers,
            self._answerers,
        ):  # fmt: skip
            pool.shutdown(wait=True)


def _logged(job: Callable[[], None]) -> None:
    """Run a job whose result nobody waits for; its failure must not vanish with its future."""
    try:
        job()
    except Exception:
        log.exception("job.failed")
