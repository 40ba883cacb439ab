"""Starts every process of the demo in order, keeps them running, and ends them all."""

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import func, select

from bot.demo.cast import MARIA
from bot.demo.child import Child
from bot.demo.happenings import Happenings
from bot.demo.panel import Panel
from bot.demo.place import HOST, Place, environment_of, read_settings, settings_of
from bot.demo.seed import seed
from bot.demo.welcome import post_tour
from bot.demo.workspace import Workspace
from bot.surfaces.slack.manifest import manifest
from domain.clock import system_clock
from domain.database import Database, Unavailable, migrate
from domain.delivery.tables import Outbox
from domain.gate import Gate
from domain.inbox.tables import Inbox
from domain.processes.tables import ProcessHeartbeat
from domain.registry import build_registry
from domain.start import StartError
from workers.embedded_redis import EmbeddedRedis

READY_SECONDS = 40.0
STOP_SECONDS = 12.0
"""How long a process may take to end by itself; the worker drains for eight."""
REDIS_SECONDS = 10.0
POLL = 0.05
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 30.0
"""A process that ran so long is started again at once when it dies."""
WORKSPACE = "workspace"
PROCESSES = ("worker", "scheduler", "bot")
CLI = ("-m", "bot.cli")
Say = Callable[[str], None]


class Supervisor:
    """All processes of the demo, managed by one thread that lives as long as they do."""

    def __init__(self, place: Place, port: int, say: Say) -> None:
        """Start nothing yet; `say` is told, in one line each, what is worth knowing."""
        self.address = f"http://{HOST}:{port}"
        self.workspace = Workspace(self.address)
        self._place = place
        self._port = port
        self._say = say
        self._settings = settings_of(place, port)
        self._database = Database(self._settings["DATABASE_URL"])
        self._children: dict[str, Child] = {}
        self._failures: dict[str, int] = {}
        self._retry_at: dict[str, float] = {}
        self._ready, self._stopping = threading.Event(), threading.Event()
        self._problem: BaseException | None = None
        self._registry = build_registry()
        gate = Gate(self._database, self._registry, read_settings(self._settings), system_clock)
        self._happenings = Happenings(gate, self.workspace, EmbeddedRedis(place.folder).url, self.crash)
        self._panel = Panel(self._happenings.all(), self._is_at_work)
        # One thread starts, restarts and ends every process: the kernel ends them with the thread that started them.
        self._keeper = threading.Thread(target=self._keep, name="demo-keeper", daemon=True)

    def start(self, stopping: threading.Event) -> bool:
        """Start everything; return once all is ready, False where `stopping` was set meanwhile.

        Raises what went wrong, mostly a `StartError`; then nothing is left running.
        """
        self._keeper.start()
        while not self._ready.wait(POLL):
            if stopping.is_set():
                self.stop()
                return False
        if self._problem is not None:
            self.stop()
            raise self._problem
        return True

    def stop(self) -> None:
        """End every process, the last one started first; return when nothing is left."""
        self._stopping.set()
        self._keeper.join()
        self._database.close()
        self.workspace.close()

    def pids(self) -> Mapping[str, int | None]:
        """Return the process id of each."""
        return {name: child.pid for name, child in self._children.items()}

    def crash(self, name: str) -> int | None:
        """Kill a process as an accident would; return the id it had, None where it was not running."""
        child = self._children.get(name)
        pid = child.pid if child else None
        if child is not None and pid is not None:
            child.crash()
        return pid

    def _is_at_work(self) -> bool:
        return self._ready.is_set() and self._problem is None and not self._stopping.is_set()

    def is_outstanding(self) -> bool:
        """Whether something a person did is still being worked on, or a message is still to be sent."""
        now = datetime.now(UTC)
        try:
            with self._database.read() as connection:
                taken = connection.scalar(
                    select(func.count()).select_from(Inbox).where(Inbox.state.in_(("received", "running")))
                )
                unsent = connection.scalar(
                    select(func.count())
                    .select_from(Outbox)
                    .where(Outbox.state.in_(("queued", "sending")), Outbox.not_before <= now)
                )
        except Unavailable:
            return True
        return bool(taken or unsent)

    # -- the keeper's thread ------------------------------------------------------------------------------------

    def _keep(self) -> None:
        try:
            self._start_all()
            self._ready.set()
            while not self._stopping.wait(POLL):
                for child in self._children.values():
                    self._restart(child)
        except BaseException as error:  # told to whoever called start()
            self._problem = error
        finally:
            self._end_all()
            self._ready.set()

    def _start_all(self) -> None:
        """Start what does not need each other at once: most of a start is Python importing modules."""
        self._write_manifest()
        self._panel.start()
        self._launch(WORKSPACE, self._workspace_command())
        self._tell_the_week()
        self._wait(WORKSPACE, self.workspace.is_ready)
        if self._stopping.is_set():
            return
        self.workspace.settle_in()
        post_tour(self.workspace)
        for name in PROCESSES:
            self._launch(name, (*CLI, name))
        self._wait("worker", lambda: self._is_seen("worker"))
        self._wait("scheduler", lambda: self._is_seen("scheduler"))
        self._wait("bot", lambda: self.workspace.connections() > 0)

    def _workspace_command(self) -> tuple[str, ...]:
        return (
            "-m", "bot.slack_double", "--host", HOST, "--port", str(self._port), "--state", str(self._place.workspace),
            "--manifest", str(self._place.manifest), "--bot-token", self._settings["SLACK_BOT_TOKEN"],
            "--app-token", self._settings["SLACK_APP_TOKEN"], "--panel", self._panel.address,
            "--begins-as", MARIA.name,
        )  # fmt: skip

    def _write_manifest(self) -> None:
        """Write the app's manifest, whose scopes and commands the workspace enforces as Slack would."""
        made = manifest(self._registry, read_settings(self._settings))
        self._place.manifest.write_text(json.dumps(made, indent=2), encoding="utf-8")

    def _tell_the_week(self) -> None:
        """Bring the database to head; where there is none yet, fill a new one and put it there whole."""
        if self._place.database.exists():
            migrate(self._settings["DATABASE_URL"])
            return
        for leftover in self._place.folder.glob(f"{self._place.telling.name}*"):
            leftover.unlink()
        self._say("Telling the week before today …")
        seed(read_settings(settings_of(self._place, self._port, database=self._place.telling)), datetime.now(UTC))
        self._place.telling.replace(self._place.database)

    def _launch(self, name: str, command: tuple[str, ...]) -> None:
        if self._stopping.is_set():
            return
        child = Child(name, (sys.executable, *command), self._place.log(name), self._environment(), self._place.folder)
        self._children[name] = child
        child.start()

    def _wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait until a process that was launched is ready; raises `StartError` where it ends or takes too long."""
        child = self._children.get(name)
        deadline = time.monotonic() + READY_SECONDS
        while child is not None and not is_ready():
            if not child.is_running:
                raise StartError(f"The {name} {child.ending()} at its start: {child.tail() or child.log}")
            if time.monotonic() > deadline:
                raise StartError(f"The {name} is not ready after {READY_SECONDS:.0f} s: see {child.log}")
            if self._stopping.wait(POLL):
                return

    def _environment(self) -> dict[str, str]:
        return environment_of(self._settings)

    def _is_seen(self, kind: str) -> bool:
        """Whether a process of this kind has beaten since it was started."""
        since = datetime.fromtimestamp(self._children[kind].started_at, tz=UTC)
        query = select(func.count()).where(ProcessHeartbeat.kind == kind, ProcessHeartbeat.seen_at >= since)
        with self._database.read() as connection:
            return bool(connection.scalar(query))

    def _restart(self, child: Child) -> None:
        """Start a process again that has died, later each time it dies at once."""
        if child.is_running:
            return
        now = time.monotonic()
        if child.name not in self._retry_at:
            child.kill()  # whatever of its session is left
            ran = time.time() - child.started_at
            failures = 0 if ran > STEADY_SECONDS else self._failures.get(child.name, 0)
            pause = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
            self._failures[child.name] = failures + 1
            self._retry_at[child.name] = now + pause
            self._say(f"The {child.name} {child.ending()}; it is started again in {pause:g} s ({child.log}).")
        elif now >= self._retry_at[child.name]:
            del self._retry_at[child.name]
            child.start()

    def _end_all(self) -> None:
        """Ask every process to end, the last one first; the workspace only when nobody can talk to it any more.

        The embedded Redis goes by itself when its last user has gone.
        """
        self._happenings.close()
        self._panel.stop()
        workspace = self._children.get(WORKSPACE)
        others = [child for child in reversed(self._children.values()) if child is not workspace]
        for group in (others, [workspace] if workspace else []):
            for child in group:
                child.terminate()
            deadline = time.monotonic() + STOP_SECONDS
            for child in group:
                child.wait(deadline)
                child.kill()
        if others:
            EmbeddedRedis.wait_until_gone(self._place.folder, REDIS_SECONDS)
