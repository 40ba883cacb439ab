"""Socket Mode: WebSocket connections, envelopes to one of them or to all, and disconnect notices."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any, Literal

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.slack_double.delivery import Delivery, Envelope
from bot.slack_double.tickets import Tickets
from bot.slack_double.transport import abort

JsonDict = dict[str, Any]
Reason = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]
MOST_CONNECTIONS = 10
_CLOSE = ""


class Connection:
    """One WebSocket; frames leave in order through a queue, so that nobody waits to send."""

    def __init__(self, number: int, websocket: WebSocket) -> None:
        self.number = number
        self.websocket = websocket
        self._frames: asyncio.Queue[str] = asyncio.Queue()

    def send(self, frame: JsonDict) -> None:
        """Queue a frame."""
        self._frames.put_nowait(json.dumps(frame))

    def close(self) -> None:
        """Close once everything queued has left."""
        self._frames.put_nowait(_CLOSE)

    async def write(self) -> None:
        """Send what is queued until told to close."""
        while (frame := await self._frames.get()) != _CLOSE:
            await self.websocket.send_text(frame)
        await self.websocket.close()


class SocketMode:
    """The open connections of the app."""

    def __init__(self, delivery: Delivery, tickets: Tickets, app_id: str, *, fanout: bool) -> None:
        self.fanout = fanout
        self._delivery = delivery
        self._tickets = tickets
        self._app_id = app_id
        self._connections: dict[int, Connection] = {}
        self._numbers = itertools.count(1)
        self._turn = 0

    @property
    def connections(self) -> list[int]:
        """The numbers of the open connections."""
        return list(self._connections)

    def carry(self, envelope: Envelope, *, copies: int) -> bool:
        """Send to the next connection in turn, or to every one where the server fans out."""
        numbers = self.connections
        if not numbers:
            return False
        self._turn += 1
        chosen = numbers if self.fanout else [numbers[self._turn % len(numbers)]]
        frame = envelope.frame()
        for number in chosen * copies:
            envelope.connections.append(number)
            self._connections[number].send(frame)
        return True

    def disconnect(self, reason: Reason, number: int | None = None, *, close_after: float = 0.0) -> None:
        """Tell a connection, or all of them, to go, and close it a while later."""
        for connection in self._chosen(number):
            connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "double"}})
            # A connection told to go gets no further envelopes, though its acknowledgements still count.
            if reason != "warning":
                self._connections.pop(connection.number, None)
            asyncio.get_running_loop().call_later(close_after, self._close, connection)

    def _close(self, connection: Connection) -> None:
        self._connections.pop(connection.number, None)
        connection.close()

    def sever(self, number: int | None = None) -> None:
        """Cut a connection, or all of them, without a word."""
        for connection in self._chosen(number):
            self._connections.pop(connection.number, None)
            abort(connection.websocket.scope)

    def _chosen(self, number: int | None) -> list[Connection]:
        return [held for held in self._connections.values() if number in (None, held.number)]

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one connection from its greeting to its end."""
        if not self._tickets.use_link(websocket.query_params.get("ticket", "")):
            await websocket.close()
            return
        await websocket.accept()
        connection = Connection(next(self._numbers), websocket)
        writer = asyncio.create_task(connection.write())
        if len(self._connections) >= MOST_CONNECTIONS:
            connection.send({"type": "disconnect", "reason": "too_many_websockets"})
            connection.close()
        else:
            self._connections[connection.number] = connection
            connection.send(self._hello())
        try:
            await self._read(connection)
        finally:
            self._connections.pop(connection.number, None)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _hello(self) -> JsonDict:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {"host": "double", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._app_id},
        }

    async def _read(self, connection: Connection) -> None:
        """Take acknowledgements; what arrives after its close was sent is read by nobody, as RFC 6455 allows."""
        try:
            while True:
                frame = _parsed(await connection.websocket.receive_text())
                if frame is not None:
                    answer = frame.get("payload")
                    self._delivery.acknowledge(str(frame.get("envelope_id")), answer, connection.number)
        except WebSocketDisconnect:
            return


def _parsed(text: str) -> JsonDict | None:
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) else None
