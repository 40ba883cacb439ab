"""The control routes: acting as people, reading, watching live and setting the scene, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.slack_double.acting import Outcome
from bot.slack_double.backend import Backend
from bot.slack_double.feed import Change
from bot.slack_double.people import People
from bot.slack_double.reading import Reading
from bot.slack_double.scene import Scene

JsonDict = dict[str, Any]
Action = Callable[..., Any]
HEARTBEAT = 15.0
UPLOADED = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}


class Control:
    """Serves /control/..."""

    def __init__(self, backend: Backend, people: People, reading: Reading, scene: Scene) -> None:
        self._backend = backend
        acts: list[Action] = [people.command, people.click, people.click_view, people.submit, people.close]
        acts += [people.open_home, people.shortcut, people.message_shortcut, people.say]
        acts += [scene.add_user, scene.add_channel, scene.add_group, scene.join, scene.leave, scene.archive]
        acts += [scene.deactivate, scene.set_group_users, scene.set_user_groups, scene.emit, scene.advance]
        acts += [scene.grant_scopes, scene.revoke_scopes, scene.kill_token, scene.restore_token]
        acts += [scene.add_fault, scene.clear_faults, scene.set_rate, scene.switch_rates]
        acts += [scene.disconnect, scene.sever]
        reads: list[Action] = [reading.messages, reading.thread, reading.dms, reading.views, reading.home]
        reads += [reading.channels, reading.users, reading.calls, reading.envelopes]
        reads += [reading.faults, reading.status]
        self._actions = {act.__name__: act for act in acts}
        self._readings = {read.__name__: read for read in reads}

    def routes(self) -> list[BaseRoute]:
        """The routes, for the application."""
        return [
            Route("/control/events", self._events, methods=["GET"]),
            Route("/control/{verb}", self._read, methods=["GET"]),
            Route("/control/{verb}", self._act, methods=["POST"]),
            Route("/files/{file}", self._file, methods=["GET"]),
        ]

    async def _act(self, request: Request) -> Response:
        """Run an action; only JSON is taken, so that no strange web page can act through a browser."""
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"error": "send application/json"}, 415)
        try:
            given = json.loads(await request.body() or b"{}")
            result = _called(self._actions, request.path_params["verb"], given)
            if isinstance(result, Future):
                result = await asyncio.wrap_future(result)
        except LookupError as error:
            return JSONResponse({"error": str(error)}, 404)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(result.as_json() if isinstance(result, Outcome) else {"result": result})

    async def _read(self, request: Request) -> Response:
        try:
            result = _called(self._readings, request.path_params["verb"], dict(request.query_params))
        except LookupError as error:
            return JSONResponse({"error": str(error)}, 404)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"result": result})

    async def _events(self, request: Request) -> Response:
        viewer = request.query_params.get("viewer")
        after = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
        try:
            stream = self._stream(viewer and self._backend.workspace.user(viewer).id, int(after))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def _stream(self, viewer: str | None, after: int) -> AsyncIterator[str]:
        queue = self._backend.feed.follow(after)
        try:
            yield f": following from {self._backend.feed.count}\n\n"
            while True:
                try:
                    change = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if change is None:
                    return
                if change.is_for(viewer):
                    yield _server_sent(change)
        finally:
            self._backend.feed.leave(queue)

    async def _file(self, request: Request) -> Response:
        file = self._backend.files.files.get(request.path_params["file"])
        if file is None or file.content is None:
            return JSONResponse({"error": "file_not_found"}, 404)
        # What somebody uploaded is shown, and never run or taken for something else.
        return Response(file.content, media_type=file.media_type, headers=UPLOADED)


def _called(actions: dict[str, Action], verb: str, given: Any) -> Any:
    if verb not in actions:
        raise LookupError(f"no {verb} here; there are {', '.join(sorted(actions))}")
    if not isinstance(given, dict):
        raise TypeError("send a JSON object")
    return actions[verb](**given)


def _server_sent(change: Change) -> str:
    return f"id: {change.id}\nevent: {change.event}\ndata: {json.dumps(change.body)}\n\n"
