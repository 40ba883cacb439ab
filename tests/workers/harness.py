"""The program's processes as real subprocesses, for tests that kill, stop and start them."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from bot.slack_double import SlackDouble
from tests.servers import temporary_folder
from tests.workers.slack import LEASE, OWNER, Scene, wait_for

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 10.0
"""How long a process has to end after SIGTERM."""


class Forge:
    """The process that forks all others: one a test process, so that the imports are paid for once."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.entry"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        assert self._say() == "ready"
        atexit.register(self.close)

    def make(self, order: dict[str, Any]) -> int:
        """Make a process; return its pid."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self._say())

    def _say(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        """End it; what it made goes on."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()


@cache
def forge() -> Forge:
    """The one of this test process."""
    return Forge()


class Process:
    """One process of a stage; `die_on` names the arrow on which its first life ends."""

    process: subprocess.Popen[bytes] | None = None
    """For subclasses that start a program of their own."""

    def __init__(self, stage: "Stage", kind: str, *, die_on: str | None = None, **environment: str) -> None:
        self.kind = kind
        name = uuid4().hex[:6]
        self.log, self.mark, self.exit = (stage.folder / f"{kind}-{name}.{end}" for end in ("log", "died", "exit"))
        extra = {"TEST_DIE_ON": json.dumps({"arrow": die_on, "mark": str(self.mark)})} if die_on else {}
        self.pid = forge().make(
            {
                "kind": kind, "log": str(self.log), "exit": str(self.exit),
                "environment": stage.environment | extra | environment,
            }
        )  # fmt: skip

    @property
    def has_died(self) -> bool:
        """Whether its first life has ended on its arrow."""
        return self.mark.exists()

    @property
    def has_ended(self) -> bool:
        """Whether it has come to its end by itself."""
        return self._code() is not None

    def _code(self) -> int | None:
        if self.process is not None:
            return self.process.poll()
        said = self.exit.read_text() if self.exit.exists() else ""
        return int(said) if said else None

    def _pid(self) -> int:
        return self.pid if self.process is None else self.process.pid

    def wait_died(self) -> None:
        """Wait for its first life to end."""
        wait_for(lambda: self.has_died, what=lambda: f"death of {self.kind}\n{self.said()}")

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def stop(self) -> float:
        """End it as an operator would; it must end with 0 in time. Return the seconds it took."""
        started = time.monotonic()
        os.kill(self._pid(), signal.SIGTERM)
        wait_for(lambda: self.has_ended, seconds=END_SECONDS, what=lambda: f"end of {self.kind}\n{self.said()}")
        code = self._code()
        assert code == 0, f"{self.kind} ended with {code}:\n{self.said()}"
        return time.monotonic() - started

    def kill(self) -> None:
        """End it and its child as a power cut would."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._pid())
            family = [process, *process.children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            psutil.wait_procs(family, timeout=5)
        if self.process is not None:
            self.process.wait()


class Stage(Scene):
    """A database, a Redis, the double, and the processes between them."""

    def __init__(self, url: str, double: SlackDouble, *, redis_url: str | None = None, **settings: Any) -> None:
        self.folder = temporary_folder("vh-s-")
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
            if not process.has_ended:
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
