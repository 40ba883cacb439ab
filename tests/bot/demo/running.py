"""The demo as a process: started by its command, typed into through a pipe, watched line by line."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

DEADLINE = 270.0
"""Generous: a whole start takes five seconds on a quiet machine."""
COMMAND = (sys.executable, "-m", "bot.cli", "demo")


def environment(data: Path, browser: str = "") -> dict[str, str]:
    """Return the environment of a newcomer, with the data and the browser somewhere else."""
    return {**os.environ, "VALHALLA_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1", "BROWSER": browser}


def _take_terminal() -> None:
    """Make standard input the terminal of this session, so that what is typed there can interrupt."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Demo:
    """A running `valhalla demo`."""

    def __init__(self, data: Path, port: int, *options: str, browser: str = "", at_terminal: bool = False) -> None:
        """Start it in a folder of its own, with nothing but the data directory and perhaps a browser set."""
        self.data = data / "demo"
        self.port = port
        here, there = os.openpty() if at_terminal else (None, None)
        self._process = subprocess.Popen(
            [*COMMAND, "--port", str(port), *options], env=environment(data, browser), cwd=data, text=True,
            stdin=subprocess.PIPE if there is None else there, stdout=subprocess.PIPE if there is None else there,
            stderr=subprocess.STDOUT, start_new_session=at_terminal,
            preexec_fn=_take_terminal if at_terminal else None,  # noqa: PLW1509 - one system call
        )  # fmt: skip
        if here is None or there is None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._keyboard, self._screen = self._process.stdin, self._process.stdout
        else:
            os.close(there)
            self._keyboard, self._screen = os.fdopen(os.dup(here), "w"), os.fdopen(here)
        self._lines: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with suppress(OSError):  # a terminal whose program has gone cannot be read
            self._lines.extend(iter(self._screen.readline, ""))

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "".join(self._lines)

    def types(self, text: str) -> None:
        """Type lines."""
        self._keyboard.write(text)
        self._keyboard.flush()

    def sees(self, pattern: str, seconds: float = DEADLINE) -> None:
        """Wait until the output matches."""
        try:
            wait_until(lambda: re.search(pattern, self.output) is not None, f"{pattern!r}", seconds)
        except AssertionError as missing:
            raise AssertionError(f"{missing}, in:\n{self.output}") from None

    def sends(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self._process.send_signal(number)

    def ends(self) -> int:
        """Close the input and wait for the end; return the exit code."""
        self._keyboard.close()
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
        for pipe in (self._keyboard, self._screen):
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
