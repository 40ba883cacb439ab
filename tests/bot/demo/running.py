"""The demo as a process: started by its command, typed into through a pipe, watched line by line."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

DEADLINE = 90.0
"""Generous: a whole start takes five seconds on a quiet machine."""
COMMAND = (sys.executable, "-m", "bot.cli", "demo")


def environment(data: Path) -> dict[str, str]:
    """Return the environment of a newcomer, with the data somewhere else."""
    return {**os.environ, "VALHALLA_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}


class Demo:
    """A running `valhalla demo`."""

    def __init__(self, data: Path, port: int, *options: str) -> None:
        """Start it in a folder of its own, with nothing but the data directory set."""
        self.data = data / "demo"
        self.port = port
        self._process = subprocess.Popen(
            [*COMMAND, "--port", str(port), *options], env=environment(data), cwd=data, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._lines: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "".join(self._lines)

    def types(self, text: str) -> None:
        """Type lines."""
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def sees(self, pattern: str, seconds: float = DEADLINE) -> None:
        """Wait until the output matches."""
        wait_until(lambda: re.search(pattern, self.output) is not None, f"{pattern!r} in:\n{self.output}", seconds)

    def sends(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self._process.send_signal(number)

    def ends(self) -> int:
        """Close the input and wait for the end; return the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(DEADLINE)
        self._reading.join(DEADLINE)
        return code

    def children(self) -> list[psutil.Process]:
        """Return every process below it."""
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def child(self, kind: str) -> int | None:
        """Return the process id of one kind of child."""
        found = [one for one in self.children() if _is_kind(one, kind)]
        return found[0].pid if found else None

    def everything(self) -> set[int]:
        """Return the ids of all its processes, the embedded Redis included."""
        redis = {int(file.read_text()) for file in (self.data / "redis").glob("*.pid")}
        return {child.pid for child in self.children()} | redis

    def discard(self) -> None:
        """End it whatever happened, and close the pipes."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reading.join(DEADLINE)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _is_kind(process: psutil.Process, kind: str) -> bool:
    try:
        return process.cmdline()[-2:] == ["bot.cli", kind]
    except psutil.Error:
        return False


def wait_until(check: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Look again and again until `check` holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is over and only waits to be noticed does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
