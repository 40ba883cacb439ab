"""Answers to an interaction, by acknowledgement or response_url, put where it happened."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.slack_double.backend import Backend
from bot.slack_double.content import check_content
from bot.slack_double.messages import Message
from bot.slack_double.registry import JsonDict, Refusal
from bot.slack_double.tickets import ResponseUrl
from bot.slack_double.web_api import with_faults

_CONTENT = ("text", "blocks", "attachments", "metadata")
_FIELDS = frozenset(
    {
        *_CONTENT,
        *("response_type", "replace_original", "delete_original", "thread_ts"),
        *("unfurl_links", "unfurl_media", "mrkdwn", "parse", "link_names"),
    }
)


def answer(backend: Backend, ticket: ResponseUrl, body: JsonDict) -> Message | None:
    """Do what an answer asks: post, replace or delete; the message it made or changed comes back."""
    unknown = set(body) - _FIELDS
    if unknown:
        raise Refusal("invalid_arguments", *(f"[ERROR] unknown argument: {name}" for name in sorted(unknown)))
    original = _original(backend, ticket)
    if body.get("delete_original"):
        if original is None:
            raise Refusal("message_not_found")
        backend.messages.delete(original)
        return None
    check_content(backend, body)
    content = {name: body[name] for name in _CONTENT if body.get(name) is not None}
    if body.get("replace_original") and original is not None:
        replaced = {"blocks": [], "attachments": [], **content}
        backend.messages.edit(original, backend.now(), backend.workspace.bot_user_id, **replaced)
        return original
    return _post(backend, ticket, body, content)


def _original(backend: Backend, ticket: ResponseUrl) -> Message | None:
    if ticket.message_ts is None:
        return None
    found = backend.messages.seen_by(ticket.user, ticket.channel, ticket.message_ts)
    return found if found and found.user == backend.workspace.bot_user_id else None


def _post(backend: Backend, ticket: ResponseUrl, body: JsonDict, content: JsonDict) -> Message:
    response_type = body.get("response_type", "ephemeral")
    if response_type not in ("ephemeral", "in_channel"):
        raise Refusal("invalid_arguments", "[ERROR] invalid response_type [json-pointer:/response_type]")
    return backend.messages.post(
        backend.workspace.channels[ticket.channel],
        backend.now(),
        backend.workspace.bot_user_id,
        thread_ts=body.get("thread_ts"),
        viewer=ticket.user if response_type == "ephemeral" else None,
        **content,
    )


class Responses:
    """Serves /response/NAME, the addresses handed out as response_url."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def endpoint(self, request: Request) -> Any:
        """Serve one answer."""
        body = await request.body()

        async def act() -> Response:
            return self._answer(request.path_params["name"], body)

        return await with_faults(self._backend, "response_url", act)

    def _answer(self, name: str, body: bytes) -> Response:
        try:
            ticket = self._backend.tickets.use_response(name)
        except Refusal as refusal:
            return JSONResponse(refusal.body(), 404)
        try:
            answer(self._backend, ticket, _parsed(body))
        except Refusal as refusal:
            return JSONResponse(refusal.body(), 404 if refusal.error == "message_not_found" else 400)
        return PlainTextResponse("ok")


def _parsed(body: bytes) -> JsonDict:
    try:
        parsed = json.loads(body)
    except ValueError:
        raise Refusal("invalid_payload") from None
    if not isinstance(parsed, dict):
        raise Refusal("invalid_payload")
    return parsed
