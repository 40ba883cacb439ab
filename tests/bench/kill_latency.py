"""From pressing the kill switch to the last act in any process, with four busy workers."""

import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from sqlalchemy import text

from domain.database import Database, migrate
from domain.gate import Call, Gate
from domain.identity import Caller, Surface
from domain.outcomes import Done
from tests.bench.rows import Row, percentile
from tests.bench.world import OWNER, go_live, open_gate, postgres, workplace

PROCESSES = 4
PRESSES = 60
WARM_UP = 0.15
SETTLE = 0.3
READY_SECONDS = 30
SLOT = 16
"""Bytes a process has in the shared memory: the time of its last act, and how many it has done."""


@contextmanager
def _busy(url: str, memory: SharedMemory, bulk: int) -> Iterator[None]:
    kinds = ["act"] * PROCESSES + ["bulk"] * bulk
    processes = [
        subprocess.Popen([sys.executable, "-m", "tests.bench.busy", kind, url, memory.name, str(place)])
        for place, kind in enumerate(kinds)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(15)


def _last_acts(memory: SharedMemory) -> list[float]:
    assert memory.buf is not None
    return [struct.unpack_from("d", memory.buf, place * SLOT)[0] for place in range(PROCESSES)]


def _wait_until_busy(memory: SharedMemory, since: float) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while min(_last_acts(memory)) < since:
        if time.monotonic() > deadline:
            raise TimeoutError("the workers are not busy")
        time.sleep(0.01)


def _press(gate: Gate, memory: SharedMemory) -> float:
    """Engage once; return the seconds from the press to the last act anywhere (or to the engage's own end)."""
    go_live(gate)
    _wait_until_busy(memory, time.monotonic())
    time.sleep(WARM_UP)
    pressed = time.monotonic()
    outcome = gate.run(Call("killswitch.engage", {"reason": "bench"}, Caller(OWNER, Surface.CLI)))
    engaged = time.monotonic()
    assert isinstance(outcome, Done), outcome
    time.sleep(SETTLE)
    return max(*_last_acts(memory), engaged) - pressed


def _round_trips(database: Database, count: int = 200) -> list[float]:
    taken = []
    with database.read() as connection:
        for _ in range(count):
            started = time.perf_counter()
            connection.execute(text("SELECT 1"))
            taken.append(time.perf_counter() - started)
    return taken


def _measure(url: str, folder: Path, *, bulk: int) -> tuple[list[float], list[float]]:
    gate = open_gate(url)
    go_live(gate)
    memory = SharedMemory(create=True, size=SLOT * (PROCESSES + bulk))
    try:
        with _busy(url, memory, bulk):
            latencies = [_press(gate, memory) for _ in range(PRESSES)]
        return latencies, _round_trips(gate.database)
    finally:
        gate.database.close()
        memory.close()
        with suppress(FileNotFoundError):
            memory.unlink()


def run() -> Row:
    """Measure on PostgreSQL, and beside it on SQLite under a bulk import."""
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        latencies, trips = _measure(stack.enter_context(postgres(folder)), folder, bulk=0)
        file = f"sqlite:///{folder / 'v.db'}"
        migrate(file)
        embedded, _ = _measure(file, folder, bulk=1)
    worst = percentile(latencies, 0.99)
    trip = statistics.median(trips)
    beside = {
        "presses": PRESSES, "p50_ms": round(statistics.median(latencies) * 1_000, 1),
        "p99_ms": round(worst * 1_000, 1), "sqlite_p50_ms": round(statistics.median(embedded) * 1_000, 1),
        "sqlite_p99_ms": round(percentile(embedded, 0.99) * 1_000, 1),
    }  # fmt: skip
    return Row("kill_latency", "s (p99)", [worst] * 5, [trip] * 5, beside)
