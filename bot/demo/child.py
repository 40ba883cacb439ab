"""One process of the demo: started in a session of its own, logged to a file, ended politely and then not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from workers.embedded_redis import end_with_parent

LOG_LIMIT = 2_000_000
TAIL = 5


class Child:
    """A command that is kept running; its log goes on where it stopped."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path
    ) -> None:
        """Start nothing yet."""
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; on Linux the kernel ends it when the calling *thread* ends, so that must be one that stays."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.old"))
        self.started_at = time.time()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent() if sys.platform == "linux" else None,  # noqa: PLW1509 - two system calls
            )

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def wait(self, deadline: float) -> bool:
        """Wait until it has ended, at most until `deadline` (monotonic); False where it has not."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(deadline - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired:
            return False
        return True

    def crash(self) -> None:
        """Kill it as an accident would, for whoever keeps it running to notice."""
        self._signal(signal.SIGKILL)

    def kill(self) -> None:
        """End it, and whatever of its session is left, at once."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def ending(self) -> str:
        """Say how it ended."""
        code = self._process.returncode if self._process is not None else None
        if code is None:
            return "runs"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"

    def tail(self) -> str:
        """Return the last lines of its log, on one line."""
        with suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()
            return " | ".join(line.strip() for line in lines[-TAIL:] if line.strip())
        return ""

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            # The session's group, by the number of its first process, which is not reaped while others use it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
