"""The program's real processes, between a database, a Redis and the double."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bot.slack_double import SlackDouble
from tests.servers import temporary_folder
from tests.support import OWNER, World

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
BOT_TOKEN, APP_TOKEN = "xoxb-1234-recognisable", "xapp-1-A0-recognisable"
T = TypeVar("T")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process: this one's, without any setting of ours, and what is given."""
    ours = ("VALHALLA_", "SLACK_", "DATABASE_URL", "REDIS_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    made = {"VALHALLA_DATA_DIR": str(folder), "VALHALLA_OWNERS": OWNER, "VALHALLA_LEASE_SECONDS": "1"}
    return kept | made | more


class Company(World):
    """A world whose operations are carried out by real processes."""

    def __init__(self, url: str, redis_url: str, double: SlackDouble) -> None:
        super().__init__(url)
        self.double = double
        self.folder = temporary_folder("vh-c-")
        self.arrow = self.folder / "arrow"
        self.environment = environment(
            self.folder, DATABASE_URL=url, REDIS_URL=redis_url, SLACK_API_URL=double.base_url,
            SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN, TEST_DIE_ON=str(self.arrow),
        )  # fmt: skip
        self._processes: list[subprocess.Popen[bytes]] = []

    def begin(self, kind: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a process."""
        with (self.folder / f"{kind}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.bot.killable", kind],
                cwd=ROOT, env=self.environment | more, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End it as an operator would; it must end well, in time."""
        process.send_signal(signal.SIGTERM)
        try:
            self.wait(lambda: process.poll() is not None, "the end of a process")
        except AssertionError:
            process.send_signal(signal.SIGUSR1)
            self.wait(lambda: "most recent call first" in self.logs(), "what its threads do")
            raise AssertionError(f"it does not end\n{self.logs()[-12_000:]}") from None
        assert process.returncode == 0

    def die_on(self, arrow: str) -> None:
        """Let the next process that crosses this arrow die on it."""
        part = self.arrow.with_suffix(".part")
        part.write_text(arrow)
        part.rename(self.arrow)

    def wait(self, check: Callable[[], T], what: str) -> T:
        """Look again and again until `check` gives something true; fail where it never does."""
        deadline = time.monotonic() + PATIENCE
        while not (found := check()):
            assert time.monotonic() < deadline, f"{what} did not come\n{self.logs()[-6000:]}"
            time.sleep(0.02)
        return found

    def logs(self) -> str:
        """What the processes said."""
        return "\n".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        """End what still runs, and remove everything."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def company(url: str, redis_url: str, double: SlackDouble) -> Iterator[Company]:
    """A company that is closed at the end, whatever happens."""
    made = Company(url, redis_url, double)
    try:
        yield made
    finally:
        made.close()
