"""The ASGI application: Web API, Socket Mode link, response and upload addresses, and control routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from bot.slack_double.backend import Backend
from bot.slack_double.control import Control
from bot.slack_double.responses import Responses
from bot.slack_double.server import LOCAL_HOSTS
from bot.slack_double.transport import KnowsItsTransport
from bot.slack_double.web_api import WebApi, with_faults


def make_application(backend: Backend, control: Control, pages: Sequence[BaseRoute]) -> ASGIApp:
    """Everything the double serves; `pages` come last."""

    async def link(websocket: WebSocket) -> None:
        if backend.faults.is_away:
            await websocket.close()
            return
        await backend.socket_mode.endpoint(websocket)

    async def upload(request: Request) -> Any:
        content = await request.body()

        async def act() -> Response:
            file = backend.files.receive(request.path_params["ticket"], content)
            if file is None:
                return PlainTextResponse("upload failed: unknown address or wrong length", 400)
            return PlainTextResponse(f"OK - {file.size}")

        return await with_faults(backend, "files.upload", act)

    routes: list[BaseRoute] = [
        Route("/api/{method}", WebApi(backend).endpoint, methods=["GET", "POST"]),
        Route("/response/{name}", Responses(backend).endpoint, methods=["POST"]),
        Route("/upload/{ticket}", upload, methods=["POST"]),
        WebSocketRoute("/link/", link),
        *control.routes(),
        *pages,
    ]
    # Only this machine's own names are answered, so that no web page can reach in under a name of its own.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=list(LOCAL_HOSTS))
    return KnowsItsTransport(Starlette(routes=routes, middleware=[hosts]))
