"""Where the demo keeps its data, the lock that keeps a second one away, and the settings of its processes."""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.demo.cast import APP_TOKEN, BOT_TOKEN, BRYAN, CHANNELS
from domain.settings import Settings
from domain.start import StartError
from workers.embedded_redis import EmbeddedRedis

if sys.platform != "win32":
    import fcntl

HOST = "127.0.0.1"
_OWN = ("valhalla.db*", "telling.db*", "workspace.db*", "manifest.json", "*.log", "*.log.old")
_OWN_REDIS = "redis"
_NOT_HERE = "The demo runs on Linux and macOS; on Windows use WSL, or set Slack and Redis up as in the README."


class Place:
    """The demo's folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder where it is not there."""
        if sys.platform == "win32":
            raise StartError(_NOT_HERE)
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = self.folder / "valhalla.db"
        self.telling = self.folder / "telling.db"
        """Where the week is written before it is whole: half a story is never found again."""
        self.workspace = self.folder / "workspace.db"
        self.manifest = self.folder / "manifest.json"
        self._lock_file = self.folder / "demo.lock"
        self._lock: int | None = None

    def take(self) -> None:
        """Keep other demos away from this data; raises `StartError` where one is running."""
        self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.read(self._lock, 200).decode(errors="replace").strip()
            os.close(self._lock)
            raise StartError(
                f"A demo is running on this data already ({who or 'starting'}): end it, or set VALHALLA_DATA_DIR."
            ) from None

    def note(self, address: str) -> None:
        """Write down who holds the data, for whoever comes second."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, f"process {os.getpid()}, {address}\n".encode(), 0)

    def release(self) -> None:
        """Let others in."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def log(self, name: str) -> Path:
        """Return the log of one process."""
        return self.folder / f"{name}.log"

    def empty(self) -> None:
        """Take out what the demo has made, and nothing else."""
        if not EmbeddedRedis.wait_until_gone(self.folder):
            raise StartError(f"A process still uses {self.folder / _OWN_REDIS}: end it, then try --reset again.")
        for pattern in _OWN:
            for file in self.folder.glob(pattern):
                file.unlink()
        redis = self.folder / _OWN_REDIS
        for file in sorted(redis.rglob("*"), reverse=True) if redis.is_dir() else ():
            file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()


def free_port(port: int) -> int:
    """Return the port, or any free one for 0; raises `StartError` with one line where it is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except (OSError, OverflowError):
            raise StartError(
                f"Port {port} on this machine is not free: run `valhalla demo --port {_other(port)}`."
            ) from None
        return int(probe.getsockname()[1])


def _other(port: int) -> int:
    return port + 1 if 0 < port < 65_000 else 8420  # noqa: PLR2004 - ports end at 65,535


def settings_of(place: Place, port: int, *, database: Path | None = None) -> Mapping[str, str]:
    """Return every setting of the demo's processes, so that no `.env` or environment of this machine is read."""
    return {
        "SLACK_API_URL": f"http://{HOST}:{port}/api/",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "DATABASE_URL": f"sqlite:///{database or place.database}",
        "VALHALLA_ENV": "development",
        "VALHALLA_OWNERS": BRYAN.user_id,
        "VALHALLA_DATA_DIR": str(place.folder),
        "VALHALLA_DUAL_CONTROL": "on",
        "VALHALLA_COMMAND_PREFIX": "",
        **{f"VALHALLA_CHANNEL_{name.upper()}": name for name in CHANNELS if name != "general"},
    }


_NOT_INHERITED = ("SLACK_", "VALHALLA_", "DATABASE_URL", "REDIS_URL")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
"""Everything the demo talks to is on this machine."""
_INHERITED = ("VALHALLA_BUSINESS_TZ", "VALHALLA_BUSINESS_NAME", "VALHALLA_LEASE_SECONDS", "VALHALLA_SOCKET_CONNECTIONS")


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the demo's processes: the machine's, without its Valhalla and Slack."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or not (name.startswith(_NOT_INHERITED) or name.lower() in _PROXIES)
    }
    return {**kept, **settings, "PYTHONUNBUFFERED": "1"}


def read_settings(settings: Mapping[str, str]) -> Settings:
    """Return the same settings for use in this process."""
    return Settings(_env_file=None, **settings)  # type: ignore[arg-type]
