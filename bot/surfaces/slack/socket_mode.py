"""Socket Mode: N connections, staggered, each able to take every envelope.

::

    connect ─► read ─┬─ an envelope ─► a thread of the pool: dispatched, acknowledged, followed up
       ▲             ├─ a notice to go ─► read on in a thread of its own until Slack closes it
       └─────────────┴─ the end

The SDK's own client is not used: after a notice it reads nothing for three seconds, so what Slack sends then is
reported as failed to its sender and done all the same.

An acknowledgement that is sent while Slack closes its connection is read by nobody, though it was sent without an
error. So a connection that was told to go carries one only where there is no other, and what a connection carried in
its last moments goes once more over another; Slack takes an acknowledgement over any connection, and once.
"""

import json
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from threading import Condition, Event, Thread
from typing import Any

import structlog
from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from bot.surfaces.slack.listeners import AFTER

log = structlog.get_logger(__name__)
STAGGER = 1.0
"""Seconds between two connections, so that Slack does not refresh both at once."""
CONCURRENCY = 32
RETRY = (0.2, 1.0, 2.0, 5.0)
"""Seconds between attempts to connect; the last one again and again."""
PATIENCE = 10.0
"""Seconds to connect, to wait for the answer to a ping, and to read on where Slack told us to go."""
PING_EVERY = 5.0
LARGEST = 4 * 1024 * 1024
ANOTHER_WAY = 1.0
"""Seconds an acknowledgement waits for a connection that takes it."""
LAST_MOMENTS = 2.5
"""Seconds before a connection's end in which what it carried may not have been read; after them Slack has given up."""
TOO_LATE = 1.5
"""Seconds after its arrival at which an envelope is not begun any more: Slack tells its sender that it failed."""
OK = 200


class SocketMode:
    """The process's connections: opened one after the other, and kept."""

    def __init__(self, app: App, web_client: WebClient, app_token: str, connections: int) -> None:
        """Open nothing yet."""
        self.wanted = connections
        self._app = app
        self._web_client = web_client
        self._app_token = app_token
        self._stop = Event()
        self._changed = Condition()
        self._links: list[ClientConnection] = []
        """The open ones, the newest first."""
        self._leaving: set[ClientConnection] = set()
        self._carried: dict[ClientConnection, deque[tuple[float, str]]] = {}
        """What each connection carried lately, and when."""
        self._pool = ThreadPoolExecutor(CONCURRENCY, "envelope")
        self._keepers = [
            Thread(target=self._keep, args=(place * STAGGER,), name=f"socket-{place}", daemon=True)
            for place in range(connections)
        ]

    def start(self) -> None:
        """Begin to connect; returns at once."""
        for keeper in self._keepers:
            keeper.start()

    def connected(self) -> int:
        """Count the connections that are open now and stay so."""
        with self._changed:
            return len(self._links) - len(self._leaving)

    def said(self) -> str:
        """Return `ok`, or how many connections are missing."""
        open_now = self.connected()
        return "ok" if open_now == self.wanted else f"{open_now} of {self.wanted} connections are open"

    def close(self) -> None:
        """Begin nothing more, let what was begun be acknowledged, then close every connection."""
        self._stop.set()
        self._pool.shutdown(wait=True)
        for link in self._open_links():
            link.close()
        for keeper in self._keepers:
            if keeper.is_alive():
                keeper.join(PATIENCE)

    # -- connections ----------------------------------------------------------------------------------------

    def _keep(self, stagger: float) -> None:
        """Hold one connection: read it to its end, then open the next."""
        if self._stop.wait(stagger):
            return
        for link in self._connections():
            if self._read(link):
                Thread(target=self._read_on, args=(link,), name="socket-leaving", daemon=True).start()
            else:
                self._forget(link)

    def _connections(self) -> Iterator[ClientConnection]:
        failures = 0
        while not self._stop.is_set():
            try:
                link = self._connect()
            except (SlackApiError, WebSocketException, HTTPException, OSError, ValueError) as error:
                log.warning("socket.not_connected", error=_reason(error))
                self._stop.wait(RETRY[min(failures, len(RETRY) - 1)])
                failures += 1
            else:
                failures = 0
                log.info("socket.connected", open=self.connected())
                yield link

    def _connect(self) -> ClientConnection:
        url = str(self._web_client.apps_connections_open(app_token=self._app_token)["url"])
        # As a context manager, since that alone means the same in every version of the library.
        link = connect(
            url, open_timeout=PATIENCE, close_timeout=1, ping_interval=PING_EVERY, ping_timeout=PATIENCE,
            max_size=LARGEST, compression=None, proxy=True if url.startswith("wss://") else None,
        ).__enter__()  # fmt: skip
        with self._changed:
            self._links.insert(0, link)
            self._carried[link] = deque()
            self._changed.notify_all()
        return link

    def _forget(self, link: ClientConnection) -> None:
        with self._changed:
            self._leaving.discard(link)
            if link in self._links:
                self._links.remove(link)
            since = time.monotonic() - LAST_MOMENTS
            unsure = [frame for at, frame in self._carried.pop(link, ()) if at > since]
        link.close()
        if unsure and not self._stop.is_set():  # not here: this thread opens the connection they may have to wait for
            Thread(target=self._carry_again, args=(unsure,), name="socket-again", daemon=True).start()

    def _open_links(self) -> list[ClientConnection]:
        with self._changed:
            return list(self._links)

    # -- reading --------------------------------------------------------------------------------------------

    def _read(self, link: ClientConnection) -> bool:
        """Take what comes until the connection ends, or Slack says that it will; return whether it said so."""
        try:
            for frame in link:
                if self._take(link, frame):
                    with self._changed:
                        self._leaving.add(link)
                    return True
        except (WebSocketException, OSError) as error:
            log.warning("socket.lost", error=_reason(error))
        return False

    def _read_on(self, link: ClientConnection) -> None:
        """Take what still comes over a connection that was told to go, until Slack closes it or has had time to."""
        until = time.monotonic() + PATIENCE
        try:
            while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
                self._take(link, link.recv(timeout=left))
        except (WebSocketException, OSError):  # its end, or the time is up
            pass
        finally:
            self._forget(link)

    def _take(self, link: ClientConnection, frame: str | bytes) -> bool:
        """Hand one frame to the pool; return whether it was a notice to go."""
        try:
            message = json.loads(frame)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            log.warning("socket.unreadable")
            return False
        if message.get("type") == "disconnect":
            log.info("socket.told_to_go", reason=str(message.get("reason")))
            return True
        if "envelope_id" in message and not self._stop.is_set():
            self._submit(link, message)
        return False

    def _submit(self, link: ClientConnection, message: dict[str, Any]) -> None:
        arrived = time.monotonic()
        try:
            self._pool.submit(self._handle, link, message, arrived)
        except RuntimeError:  # the pool was closed just now; unacknowledged, it is reported as failed
            log.info("socket.closing")

    # -- one envelope ---------------------------------------------------------------------------------------

    def _handle(self, link: ClientConnection, message: dict[str, Any], arrived: float) -> None:
        """Dispatch one envelope, acknowledge it, then run what waits for that."""
        try:
            if time.monotonic() - arrived > TOO_LATE:
                log.warning("envelope.too_late", kind=message.get("type"))
                return
            request = BoltRequest(mode="socket_mode", body=message.get("payload") or {})
            response = self._app.dispatch(request)
            if response.status != OK:
                log.warning("envelope.not_taken", kind=message.get("type"), status=response.status)
                return
            self._acknowledge(link, str(message["envelope_id"]), response)
            after = request.context.get(AFTER)
            if after is not None:
                after()
        except Exception as error:
            log.exception("envelope.failed", kind=message.get("type"), error=_reason(error))

    def _acknowledge(self, link: ClientConnection, envelope_id: str, response: BoltResponse) -> None:
        """Send the acknowledgement where the envelope came from, or over any other connection of ours."""
        answer: dict[str, Any] = {"envelope_id": envelope_id}
        if response.body:
            is_json = response.headers.get("content-type", [""])[0].startswith("application/json")
            answer["payload"] = json.loads(response.body) if is_json else {"text": response.body}
        if not self._carry(json.dumps(answer), link):
            raise ConnectionError("no connection took the acknowledgement")

    def _carry_again(self, frames: list[str]) -> None:
        """Send once more what a connection carried in its last moments."""
        for frame in frames:
            self._carry(frame)
        log.info("socket.carried_again", frames=len(frames))

    def _carry(self, frame: str, link: ClientConnection | None = None) -> bool:
        """Send a frame, over this connection if it stays, and wait a moment for one that takes it."""
        until = time.monotonic() + ANOTHER_WAY
        while not any(self._send(way, frame) for way in self._ways(link)):
            if time.monotonic() >= until or self._stop.is_set():
                return False
            with self._changed:
                self._changed.wait(0.1)
        return True

    def _ways(self, link: ClientConnection | None) -> list[ClientConnection]:
        """The open connections: this one before the others, those that were told to go at the end."""
        with self._changed:
            return sorted(self._links, key=lambda way: (way in self._leaving, way is not link))

    def _send(self, way: ClientConnection, frame: str) -> bool:
        now = time.monotonic()
        with self._changed:
            carried = self._carried.get(way)
            if carried is None:
                return False
            carried.append((now, frame))
            while carried[0][0] < now - LAST_MOMENTS:
                carried.popleft()
        try:
            way.send(frame)
        except (WebSocketException, OSError):
            return False
        return True


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error"))
    return f"{type(error).__name__}: {error}"[:200]
