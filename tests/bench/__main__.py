"""`make bench [ROWS="a b"]`: run rows, print them, write `build/bench.json`."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import command_roundtrip, kill_latency, reserve_throughput, tripwire, worker
from tests.bench.rows import Row

ROWS: dict[str, Callable[[], Row]] = {
    "command_roundtrip": command_roundtrip.run,
    "worker_throughput": worker.throughput,
    "worker_gated": worker.gated,
    "kill_latency": kill_latency.run,
    "reserve_throughput": reserve_throughput.run,
    "kpi_ingest": tripwire.ingest,
    "tripwire_cost": tripwire.cost,
    "tripwire_latency": tripwire.latency,
}
OUTPUT = Path("build/bench.json")


def main() -> int:
    """Run the rows that are named, or all of them."""
    names = sys.argv[1:] or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.stderr.write(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}\n")
        return 2
    results = []
    for name in names:
        result = ROWS[name]().result()
        results.append(result)
        shown = "  ".join(f"{key} {value}" for key, value in result.items() if key != "name")
        sys.stdout.write(f"{name}: {shown}\n")
        sys.stdout.flush()
    OUTPUT.parent.mkdir(exist_ok=True)
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    written = {"commit": head.stdout.strip() or None, "machine": machine, "results": results}
    OUTPUT.write_text(json.dumps(written, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
