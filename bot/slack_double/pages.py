"""The workspace in a browser: the page's files, and the two readings only the page needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.slack_double.overview import Overview

FOLDER = Path(__file__).with_name("page")
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# The last two: where a browser knows them, a script that tried to make HTML out of a string is stopped.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    # Kept, but asked about every time: after an update nobody sees half of the old page.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    etag: str


@cache
def _files() -> dict[str, _File]:
    """Every file of the page by its name, read once."""
    found: dict[str, _File] = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in MEDIA_TYPES:
            content = path.read_bytes()
            found[path.name] = _File(content, MEDIA_TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:20]}"')
    return found


async def _serve(request: Request) -> Response:
    file = _files().get(request.path_params.get("name", "index.html"))
    if file is None:
        return PlainTextResponse("There is no such file.", 404, headers=HEADERS)
    headers = HEADERS | {"ETag": file.etag}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)


async def _favicon(request: Request) -> Response:
    request.path_params["name"] = "mark.svg"
    return await _serve(request)


def _reading(read: Callable[..., Any]) -> Callable[[Request], Any]:
    """Serve a reading, its arguments taken from the query."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(read(**dict(request.query_params)), headers={"Cache-Control": "no-store"})
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def page_routes(overview: Overview) -> list[BaseRoute]:
    """The routes of the page, for the application."""
    return [
        Route("/", _serve, methods=["GET"]),
        Route("/favicon.ico", _favicon, methods=["GET"]),
        Route("/page/workspace", _reading(overview.workspace), methods=["GET"]),
        Route("/page/history", _reading(overview.history), methods=["GET"]),
        Route("/page/{name}", _serve, methods=["GET"]),
    ]
