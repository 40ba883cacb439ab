"""Socket Mode: N connections, staggered, each able to take every envelope."""

import logging
import time
from threading import Event, Thread

import structlog
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_bolt.adapter.socket_mode.internals import build_headers, send_response
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web import WebClient

from bot.surfaces.slack.listeners import AFTER

log = structlog.get_logger()
STAGGER = 1.0
"""Seconds between two connections, so that Slack does not refresh both at once."""
CONCURRENCY = 24
RETRY = 2.0


class Connection(SocketModeHandler):
    """Bolt's handler, which also says when an acknowledgement is on its way."""

    def handle(self, client: BaseSocketModeClient, req: SocketModeRequest) -> None:
        """Dispatch one envelope, acknowledge it, then run what waits for that."""
        started = time.time()
        request = BoltRequest(mode="socket_mode", body=req.payload, headers=build_headers(req))
        response = self.app.dispatch(request)
        send_response(client, req, response, started)
        after = request.context.get(AFTER)
        if after is not None and response.status == 200:  # noqa: PLR2004
            after()


class SocketMode:
    """The process's connections: opened one after the other, and kept."""

    def __init__(self, app: App, web_client: WebClient, app_token: str, connections: int) -> None:
        """Open nothing yet."""
        self.wanted = connections
        self._stop = Event()
        self._connections = [self._build(app, web_client, app_token) for _ in range(connections)]
        self._opener = Thread(target=self._open_all, name="socket-opener", daemon=True)

    @staticmethod
    def _build(app: App, web_client: WebClient, app_token: str) -> Connection:
        connection = Connection(
            app, app_token, web_client=web_client, concurrency=CONCURRENCY, ping_interval=5,
            receive_buffer_size=16_384, logger=logging.getLogger("slack_sdk.socket_mode"),
        )  # fmt: skip
        if web_client.base_url.startswith("http://"):
            connection.client.proxy = None  # the built-in client does not honour NO_PROXY for a local server
        return connection

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._opener.start()

    def connected(self) -> int:
        """Count the connections that are open now."""
        return sum(1 for connection in self._connections if connection.client.is_connected())

    def close(self) -> None:
        """Close every connection."""
        self._stop.set()
        for connection in self._connections:
            connection.client.close()

    def _open_all(self) -> None:
        for place, connection in enumerate(self._connections):
            if place and self._stop.wait(STAGGER):
                return
            self._open(connection)

    def _open(self, connection: Connection) -> None:
        """Connect, again and again until it works; after that the client reconnects by itself."""
        while not self._stop.is_set():
            try:
                connection.client.connect()
            except Exception as error:  # noqa: BLE001 - the SDK raises whatever its transport raised
                log.warning("socket_not_connected", error=type(error).__name__)
                self._stop.wait(RETRY)
            else:
                return
