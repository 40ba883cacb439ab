"""The program's processes as real subprocesses, for tests that kill, stop and start them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from bot.slack_double import SlackDouble
from tests.workers.slack import LEASE, OWNER, Scene, wait_for

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 10.0
"""How long a process has to end after SIGTERM."""


class Process:
    """One subprocess of a stage; `die_on` names the arrow on which its first life ends."""

    def __init__(self, stage: "Stage", kind: str, *, die_on: str | None = None, **environment: str) -> None:
        self.kind = kind
        self.log = stage.folder / f"{kind}-{uuid4().hex[:6]}.log"
        self.mark = stage.folder / f"died-{uuid4().hex[:6]}"
        extra = {"TEST_DIE_ON": json.dumps({"arrow": die_on, "mark": str(self.mark)})} if die_on else {}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.workers.entry", kind],
                cwd=ROOT, env=stage.environment | extra | environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def has_died(self) -> bool:
        """Whether its first life has ended on its arrow."""
        return self.mark.exists()

    def wait_died(self) -> None:
        """Wait for that."""
        wait_for(lambda: self.has_died, what=lambda: f"death of {self.kind}\n{self.said()}")

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> float:
        """End it as an operator would; it must end with 0 in time. Return the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.kind} did not end in {END_SECONDS} s:\n{self.said()}") from None
        assert code == 0, f"{self.kind} ended with {code}:\n{self.said()}"
        return time.monotonic() - started

    def kill(self) -> None:
        """End it and its child as a power cut would."""
        family = []
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for child in family:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self.process.wait()


class Stage(Scene):
    """A database, a Redis, the double, and the processes between them."""

    def __init__(self, url: str, double: SlackDouble, *, redis_url: str | None = None, **settings: Any) -> None:
        # A short name: the embedded Redis has its socket in it.
        self.folder = Path(tempfile.mkdtemp(prefix="vh-s-", dir="/tmp"))
        super().__init__(url, double, VALHALLA_DATA_DIR=self.folder, **settings)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VALHALLA_", "SLACK_"))}
        self.environment = kept | {
            "DATABASE_URL": url, "SLACK_BOT_TOKEN": "xoxb-double", "SLACK_APP_TOKEN": "xapp-double",
            "SLACK_API_URL": double.base_url, "VALHALLA_OWNERS": OWNER, "VALHALLA_LEASE_SECONDS": str(LEASE),
            "VALHALLA_DATA_DIR": str(self.folder),
        }  # fmt: skip
        if redis_url is not None:
            self.environment["REDIS_URL"] = redis_url
        self._processes: list[Process] = []

    def start(self, kind: str, *, die_on: str | None = None, **environment: str) -> Process:
        """Start a process."""
        process = Process(self, kind, die_on=die_on, **environment)
        self._processes.append(process)
        return process

    def wait_seen(self, kind: str, *, redis: str | None = None) -> Any:
        """Wait until a process of this kind has beaten (and has seen this of Redis)."""
        return wait_for(
            lambda: next(
                (
                    row
                    for row in self.rows("process_heartbeat")
                    if row.kind == kind and (redis is None or str(row.seen.get("redis")).startswith(redis))
                ),
                None,
            ),
            what=lambda: f"a heartbeat of a {kind}\n{self.logs()}",
        )

    def logs(self) -> str:
        """What the processes said last."""
        return "\n".join(f"--- {process.kind}\n{process.said()}" for process in self._processes)

    def close(self) -> None:
        """End what still runs, and remove everything."""
        for process in self._processes:
            if process.process.poll() is None:
                process.kill()
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def stage(url: str, double: SlackDouble, **options: Any) -> Iterator[Stage]:
    """A stage, whose logs are shown where the test fails."""
    made = Stage(url, double, **options)
    try:
        yield made
    finally:
        sys.stderr.write(made.logs())
        made.close()
