"""The Web API over HTTP: reading a call, its token, scope, rate and faults, and answering as Slack does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.slack_double import methods
from bot.slack_double.backend import Backend, Call
from bot.slack_double.faults import Fault
from bot.slack_double.registry import REGISTRY, Method, Refusal
from bot.slack_double.transport import Dropped

JsonDict = dict[str, Any]
Act = Callable[[], Awaitable[Response]]
# Bolt adds team_id to every call of the client it hands to a listener.
_ALWAYS_ALLOWED = frozenset({"token", "pretty", "team_id"})

methods.load()


async def with_faults(backend: Backend, method: str, act: Act) -> Any:
    """Act, struck by whatever faults are in force for this method."""
    if backend.faults.is_away:
        return Dropped()
    early = backend.faults.early(method)
    if early is not None:
        if early.kind != "delay_before":
            return struck(backend, method, early)
        await asyncio.sleep(early.seconds)
    answer = await act()
    late = backend.faults.late(method)
    if late is None:
        return answer
    await asyncio.sleep(late.seconds)
    return Dropped() if late.kind == "drop_after" else answer


def struck(backend: Backend, method: str, fault: Fault) -> Any:
    """The answer of a call that was struck before it acted."""
    body: JsonDict = {"ok": False, "error": fault.error}
    status, headers = 200, {}
    if fault.kind == "ratelimited":
        body, status, headers = (
            {"ok": False, "error": "ratelimited"},
            429,
            {"Retry-After": str(fault.retry_after)},
        )
    elif fault.kind == "http_error":
        body, status = {}, fault.status
    elif fault.kind == "drop_before":
        body, status = {}, 0
    _log(backend, method, {}, body, status)
    if fault.kind == "drop_before":
        return Dropped()
    if fault.kind == "http_error":
        return PlainTextResponse("<html><body>Something went wrong</body></html>", status, media_type="text/html")
    return JSONResponse(body, status, headers)


def _log(backend: Backend, method: str, args: JsonDict, response: JsonDict, status: int) -> None:
    backend.calls.append(Call(method, args, response, status, backend.now()))
    backend.feed.wake()


class WebApi:
    """Serves /api/METHOD."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def endpoint(self, request: Request) -> Any:
        """Serve one call."""
        name = request.path_params["method"]
        body = await request.body()

        async def act() -> Response:
            return self._answer(name, request, body)

        return await with_faults(self._backend, name, act)

    def _answer(self, name: str, request: Request, body: bytes) -> Response:
        backend = self._backend
        args: JsonDict = {}
        status, headers = 200, {"X-OAuth-Scopes": ",".join(sorted(backend.scopes))}
        try:
            args, token = _read(request, body)
            response = {"ok": True} | self._call(name, args, token)
        except Refusal as refusal:
            response = refusal.body()
            if refusal.error == "ratelimited":
                status, headers["Retry-After"] = 429, str(response.pop("retry_after"))
        _log(backend, name, args, response, status)
        return JSONResponse(response, status, headers)

    def _call(self, name: str, args: JsonDict, token: str | None) -> JsonDict:
        called = REGISTRY.get(name)
        if called is None:
            raise Refusal("unknown_method", req_method=name)
        self._authorise(called, token)
        wait = self._backend.limits.retry_after(called, str(args.get("channel")), self._backend.now())
        if wait is not None:
            raise Refusal("ratelimited", retry_after=wait)
        return called.run(self._backend, called.read(args))

    def _authorise(self, called: Method, token: str | None) -> None:
        settings = self._backend.settings
        if not token:
            raise Refusal("not_authed")
        if token not in (settings.bot_token, settings.app_token):
            raise Refusal("invalid_auth")
        if self._backend.dead_token_error:
            raise Refusal(self._backend.dead_token_error)
        if (token == settings.app_token) != (called.caller == "app"):
            raise Refusal("not_allowed_token_type")
        if called.scope:
            self._backend.need(called.scope)


def _read(request: Request, body: bytes) -> tuple[JsonDict, str | None]:
    """The arguments and the token; a JSON body may not carry the token."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    args: JsonDict = dict(request.query_params)
    token = args.get("token")
    if media_type == "application/json":
        args |= _json_object(body)
    elif media_type == "application/x-www-form-urlencoded":
        args |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        token = args.get("token", token)
    elif body:
        raise Refusal("invalid_post_type")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = bearer
    return {name: value for name, value in args.items() if name not in _ALWAYS_ALLOWED}, token


def _json_object(body: bytes) -> JsonDict:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(parsed, dict):
        raise Refusal("json_not_object")
    return parsed
