"""Cutting a connection below HTTP, which ASGI itself has no word for."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEY = "slack_double.transport"


class KnowsItsTransport:
    """Wraps the application and notes each connection's transport, which uvicorn keeps on the sender."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on."""
        scope[_KEY] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._app(scope, receive, send)


def abort(scope: Scope) -> None:
    """Drop the connection on the floor."""
    transport: Any = scope[_KEY]
    if not isinstance(transport, asyncio.WriteTransport):
        transport.close()
        return
    transport.abort()


class Dropped:
    """An answer that never comes: the connection is cut instead."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Cut the connection, and wait until the server has seen it go."""
        abort(scope)
        message: Message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await receive()
