"""What a worker gets through: no-op messages, and production operations through the whole gate."""

import subprocess
import sys
from contextlib import ExitStack

from tests.bench.rows import Row, pairs
from tests.bench.world import go_live, open_gate, postgres, redis_server, workplace

NOOPS = 6_000
GATED = 3_000


def _rate(kind: str, redis_url: str, count: int, database_url: str = "-") -> float:
    """Empty a queue of `count` messages in a process of its own; return messages a second."""
    command = [sys.executable, "-m", "tests.bench.queue_drain", kind, redis_url, str(count), database_url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[-1])


def throughput() -> Row:
    """A no-op actor under all our middleware, against bare Dramatiq."""
    with ExitStack() as stack:
        server = stack.enter_context(redis_server(stack.enter_context(workplace())))

        def measured(kind: str) -> float:
            server.flush()
            return _rate(kind, server.url, NOOPS)

        mine, others = pairs(lambda: measured("noop_ours"), lambda: measured("noop_bare"))
    return Row("worker_throughput", "messages/s", mine, others)


def gated() -> Row:
    """A no-op production operation through the gate, against a hand-written transaction that writes the same rows."""
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        server, url = stack.enter_context(redis_server(folder)), stack.enter_context(postgres(folder))
        gate = open_gate(url)
        go_live(gate)
        gate.database.close()

        def measured(kind: str) -> float:
            server.flush()
            return _rate(kind, server.url, GATED, url)

        mine, others = pairs(lambda: measured("gated_ours"), lambda: measured("gated_bare"))
    return Row("worker_gated", "operations/s", mine, others)
