"""A worker process that empties a queue and prints how many messages a second it took.

`python -m tests.bench.queue_drain KIND REDIS_URL COUNT DATABASE_URL`, with KIND one of `noop_ours`, `noop_bare`,
`gated_ours`, `gated_bare`.
"""

import hashlib
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import dramatiq
import psycopg
import structlog
from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker

from tests.bench.world import OWNER, open_gate
from tests.servers import libpq_url
from workers.actors import declare
from workers.broker import make_broker

THREADS = 8
PRIME = 0x56414C01
DEADLINE = 120.0


class Counter:
    """Counts what was done, and says when all of it was."""

    def __init__(self, wanted: int) -> None:
        """Wait for `wanted`."""
        self._lock = threading.Lock()
        self._left = wanted
        self.all_done = threading.Event()

    def one(self) -> None:
        """Count one."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.all_done.set()


def _noop(broker: Broker, counter: Counter) -> Callable[[int], None]:
    actor = dramatiq.actor(broker=broker, actor_name="bench.noop", queue_name="bench")(lambda _number: counter.one())
    return lambda number: _send(actor, number)


def _send(actor: Any, /, *arguments: Any, **named: Any) -> None:
    actor.send(*arguments, **named)


def _gated_ours(broker: Broker, counter: Counter, database_url: str) -> Callable[[int], None]:
    gate = open_gate(database_url)
    gate.before_commit = lambda _act: counter.one()
    actors = declare(broker, gate, "bench")
    mark = uuid4().hex
    return lambda number: _send(
        actors.perform, "bench.noop", {"label": "a"}, key=f"{mark}-{number}", actor=OWNER, correlation_id=mark,
        hold_seconds=60,
    )  # fmt: skip


def _gated_bare(broker: Broker, counter: Counter, database_url: str) -> Callable[[int], None]:
    """An actor whose author wrote the same rows by hand: switches read under the lock, key, audit entry."""
    local, address, mark = threading.local(), libpq_url(database_url), uuid4().hex

    def act(number: int) -> None:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(address)
        now = datetime.now(UTC)
        entry = {
            "at": now.isoformat(), "actor": OWNER, "surface": "worker", "operation": "bench.noop", "target": "a",
            "outcome": "done", "correlation_id": mark,
        }  # fmt: skip
        content = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()
        with local.connection.transaction(), local.connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (PRIME,))
            cursor.execute("SELECT go_live_enabled, kill_switch_engaged FROM go_live_state WHERE id = 1")
            live, engaged = cursor.fetchone()
            if not live or engaged:
                return
            cursor.execute(
                "INSERT INTO idempotency_key (actor, operation, key, params_hash, created_at, outcome)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (OWNER, "bench.noop", f"{mark}-{number}", content, now, json.dumps({"done": {"label": "a"}})),
            )
            if cursor.rowcount == 0:
                return
            cursor.execute(
                "INSERT INTO audit_event (at, actor, surface, operation, target, outcome, correlation_id, hash)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (now, OWNER, "worker", "bench.noop", "a", "done", mark, content),
            )
        counter.one()

    actor = dramatiq.actor(broker=broker, actor_name="bench.bare", queue_name="bench")(act)
    return lambda number: _send(actor, number)


def main() -> None:
    """Fill the queue, then time how long a worker takes to empty it."""
    kind, redis_url, count_text, database_url = sys.argv[1:]
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    count, is_ours = int(count_text), kind.endswith("_ours")
    counter = Counter(count)
    broker: Broker = make_broker(redis_url) if is_ours else RedisBroker(url=redis_url)  # type: ignore[no-untyped-call]
    if kind.startswith("noop"):
        send = _noop(broker, counter)
    else:
        send = (_gated_ours if is_ours else _gated_bare)(broker, counter, database_url)
    for number in range(count):
        send(number)
    worker = dramatiq.Worker(broker, worker_threads=THREADS, worker_timeout=100)
    started = time.perf_counter()
    worker.start()
    if not counter.all_done.wait(DEADLINE):
        raise TimeoutError("the queue was not emptied")
    sys.stdout.write(f"{count / (time.perf_counter() - started)}\n")
    sys.stdout.flush()
    worker.stop()


if __name__ == "__main__":
    main()
