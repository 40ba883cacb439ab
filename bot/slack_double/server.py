"""Running the application on a loopback address, in a thread of its own or in the calling one."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

import uvicorn
from starlette.types import ASGIApp

Result = TypeVar("Result")
LOCAL_HOSTS = ("127.0.0.1", "localhost")
GRACE = 1
TICK = 0.01
BACKLOG = 1_024


class MayNotRun(RuntimeError):
    """The double refuses to start here."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What to call when the loop begins, when it is about to end, and when nothing more can come in."""

    begun: Callable[[], None]
    ending: Callable[[], None]
    ended: Callable[[], None]


class _Uvicorn(uvicorn.Server):
    """Uvicorn with shorter waits, since tests start and stop many servers, and with word of beginning and end."""

    def __init__(self, config: uvicorn.Config, hooks: Hooks) -> None:
        super().__init__(config)
        self._hooks = hooks

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        self._hooks.begun()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        """Look out for the end."""
        # A signal handler sets the flag, so there is no event to wait for.
        while not self.should_exit:  # noqa: ASYNC110
            await asyncio.sleep(TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection, giving what is under way a moment to end."""
        self._hooks.ending()
        for listener in [*self.servers, *(sockets or ())]:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = time.monotonic() + GRACE
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < deadline:  # noqa: ASYNC110 the same
            await asyncio.sleep(TICK)
        for task in self.server_state.tasks:
            task.cancel()
        self._hooks.ended()


class LoopbackServer:
    """Serves one application on this machine, and runs work on its event loop for other threads."""

    def __init__(
        self, app: ASGIApp, host: str, port: int, ending: Callable[[], None], ended: Callable[[], None]
    ) -> None:
        if host not in LOCAL_HOSTS:
            raise MayNotRun(f"the Slack double serves this machine only, not {host}")
        self._app = app
        self._host = host
        self._wanted_port = port
        self._hooks = Hooks(self._begun, ending, ended)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread: int | None = None
        self._thread: threading.Thread | None = None
        self._server: _Uvicorn | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"http://{self._host}:{self.port}"

    def listen(self) -> socket.socket:
        """Take the port; refused in production, whatever else was asked for."""
        if os.environ.get("VALHALLA_ENV") == "production":
            raise MayNotRun("the Slack double does not start when VALHALLA_ENV=production")
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._wanted_port))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            raise MayNotRun(f"the Slack double cannot have port {self._wanted_port}: {error.strerror}") from error
        self.port = int(listener.getsockname()[1])
        config = uvicorn.Config(
            self._app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            date_header=False,
            server_header=False,
            http="httptools",
            ws="websockets-sansio",
        )
        self._server = _Uvicorn(config, self._hooks)
        return listener

    def _begun(self) -> None:
        self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()

    def serve(self, listener: socket.socket) -> None:
        """Serve in the calling thread until interrupted."""
        if self._server is not None:
            self._server.run(sockets=[listener])
        self._loop = None

    def start(self) -> None:
        """Serve from a thread of its own; it is listening when this returns."""
        listener = self.listen()
        self._thread = threading.Thread(target=self.serve, args=(listener,), name="slack-double", daemon=True)
        self._thread.start()
        while self._server is not None and not self._server.started:
            if not self._thread.is_alive():
                raise MayNotRun("the Slack double did not start; see the log")
            time.sleep(0.001)

    def stop(self) -> None:
        """Stop serving."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._server = self._thread = None

    def post(self, act: Callable[[], None]) -> None:
        """Have something done on the loop, and do not wait."""
        if self._loop is None:
            raise MayNotRun("the Slack double is not running")
        self._loop.call_soon_threadsafe(act)

    def call(self, act: Callable[[], Result]) -> Result:
        """Have something done on the loop, and wait for it; before the start it is simply done."""
        if self._loop is None or threading.get_ident() == self._loop_thread:
            return act()
        result: Future[Result] = Future()

        def run() -> None:
            try:
                result.set_result(act())
            except Exception as error:
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result(30)
