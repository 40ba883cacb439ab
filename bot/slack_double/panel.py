"""What can be made to happen around a workspace, passed on to whoever runs it: `--panel URL`."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

TIMEOUT = 30.0
AWAY = "Whoever runs this workspace gives no answer just now."
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Panel:
    """Passes `/demo/actions` on to `address`, so that the page needs to know one address only."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def routes(self) -> list[BaseRoute]:
        """The routes, for the application."""
        return [
            Route("/demo/actions", self._pass_on, methods=["GET"]),
            Route("/demo/actions/{action}", self._pass_on, methods=["POST"]),
        ]

    async def _pass_on(self, request: Request) -> Response:
        """Ask, and hand back the answer; only JSON is taken, as with acting (see `Control`)."""
        is_json = request.headers.get("content-type", "").partition(";")[0] == "application/json"
        if request.method == "POST" and not is_json:
            return JSONResponse({"error": "send application/json"}, 415)
        place = "/".join([self._address, "actions", *request.path_params.values()])
        body = b"{}" if request.method == "POST" else None
        status, answer = await asyncio.to_thread(_asked, urllib.request.Request(place, body))  # noqa: S310 given to us
        return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})


def _asked(request: urllib.request.Request) -> tuple[int, Any]:
    try:
        with _direct.open(request, timeout=TIMEOUT) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)
    except (OSError, HTTPException, ValueError):
        return 502, {"error": AWAY}
