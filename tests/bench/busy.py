"""A busy process for `kill_latency`: acts through the gate as fast as it can, and notes when it last did.

`python -m tests.bench.busy KIND DATABASE_URL MEMORY PLACE`, with KIND `act` or `bulk` (imports events in batches).
"""

import signal
import struct
import sys
import threading
import time
from datetime import UTC, datetime
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from uuid import uuid4

from sqlalchemy import insert

from domain.gate import Call, Gate
from domain.identity import Caller, Surface
from domain.kpi.tables import KpiEvent
from domain.outcomes import Done
from tests.bench.world import OWNER, open_gate

SLOT = 16
THREADS = 2
PAUSE = 0.005
BATCH = 100


def _act(gate: Gate, memory: SharedMemory, offset: int, stop: threading.Event) -> None:
    assert memory.buf is not None
    while not stop.is_set():
        outcome = gate.run(Call("bench.noop", {"label": "a"}, Caller(OWNER, Surface.WORKER), key=uuid4().hex))
        if isinstance(outcome, Done):
            struct.pack_into("d", memory.buf, offset, time.monotonic())
        else:
            stop.wait(PAUSE)


def _import_in_bulk(gate: Gate, stop: threading.Event) -> None:
    """Write batches with a pause between them, as a bulk import has to on SQLite."""
    while not stop.is_set():
        now = datetime.now(UTC)
        rows = [
            {
                "domain": "BENCH", "metric": "bulk", "event_id": uuid4().hex, "success": True, "occurred_at": now,
                "recorded_at": now, "actor": OWNER, "correlation_id": "bench",
            }
            for _ in range(BATCH)
        ]  # fmt: skip
        with gate.database.write() as connection:
            connection.execute(insert(KpiEvent), rows)
        stop.wait(PAUSE)


def main() -> None:
    """Be busy until ended."""
    kind, url, name, place = sys.argv[1:]
    memory = SharedMemory(name=name)
    resource_tracker.unregister(memory._name, "shared_memory")  # type: ignore[attr-defined]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    gate = open_gate(url)
    if kind == "bulk":
        _import_in_bulk(gate, stop)
    else:
        threads = [threading.Thread(target=_act, args=(gate, memory, int(place) * SLOT, stop)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    memory.close()


if __name__ == "__main__":
    main()
