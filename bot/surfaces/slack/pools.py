"""The process's own threads, one pool a purpose, so that nothing slow can starve what must be quick."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import structlog

log = structlog.get_logger()
T = TypeVar("T")


class Pools:
    """Recording, reading, working, answering, and a way past all of them for the switches."""

    def __init__(self) -> None:
        """Start no thread before it is needed."""
        self._recorders = ThreadPoolExecutor(8, "record")
        self._readers = ThreadPoolExecutor(8, "read")
        self._workers = ThreadPoolExecutor(16, "work")
        self._urgent = ThreadPoolExecutor(4, "urgent")
        self._answerers = ThreadPoolExecutor(8, "answer")

    def record(self, job: Callable[[], T]) -> "Future[T]":
        """Record what came in."""
        return self._recorders.submit(job)

    def read(self, job: Callable[[], T]) -> "Future[T]":
        """Answer a question."""
        return self._readers.submit(job)

    def work(self, job: Callable[[], None]) -> None:
        """Carry out an operation."""
        self._workers.submit(_logged, job)

    def urgent(self, job: Callable[[], None]) -> None:
        """Switches and forms, which must not wait behind work."""
        self._urgent.submit(_logged, job)

    def answer(self, job: Callable[[], None]) -> None:
        """Speak to Slack."""
        self._answerers.submit(_logged, job)

    def close(self) -> None:
        """Wait for what runs, and take nothing more."""
        for pool in (self._recorders, self._readers, self._urgent, self._workers, self._answerers):
            pool.shutdown(wait=True)


def _logged(job: Callable[[], None]) -> None:
    """Run a job whose result nobody waits for; its failure must not vanish with its future."""
    try:
        job()
    except Exception:
        log.exception("background_job_failed")
