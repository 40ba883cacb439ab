"""What a message may hold: text, blocks, attachments and metadata, checked as Slack checks them."""

from __future__ import annotations

import json
from typing import Any

from bot.slack_double.backend import Backend
from bot.slack_double.blocks import message_error, slack_files
from bot.slack_double.registry import JsonDict, Refusal

POST_TEXT = 40_000
UPDATE_TEXT = 4_000
ATTACHMENTS = 100
METADATA_BYTES = 8_000
_ATTACHMENT_FIELDS = frozenset({"color", "fallback", "text", "blocks", "title", "footer", "ts", "mrkdwn_in"})


def check_content(backend: Backend, args: JsonDict, *, text_limit: int = POST_TEXT, is_edit: bool = False) -> None:
    """Refuse content that Slack would refuse; an edit may change the metadata alone."""
    given = [name for name in ("text", "blocks", "attachments") if args.get(name)]
    if not given and not (is_edit and "metadata" in args):
        raise Refusal("no_text")
    text = args.get("text", "")
    if not isinstance(text, str):
        raise Refusal("invalid_arguments", "[ERROR] must be of type text [json-pointer:/text]")
    if len(text) > text_limit:
        raise Refusal("msg_too_long")
    if args.get("blocks") is not None:
        check_blocks(backend, args["blocks"])
    if args.get("attachments") is not None:
        _check_attachments(backend, args["attachments"])
    if args.get("metadata"):
        _check_metadata(args["metadata"])


def check_blocks(backend: Backend, blocks: Any) -> None:
    """Refuse blocks that are badly formed, or that show a file that is not there yet."""
    if problem := message_error(blocks):
        raise Refusal(problem[0], *problem[1])
    check_files(backend, blocks, "invalid_blocks")


def check_files(backend: Backend, blocks: Any, error: str) -> None:
    """Refuse images of files whose upload is not complete."""
    for name in slack_files(blocks):
        file = backend.files.files.get(name)
        if file is None or not file.is_complete:
            raise Refusal(error, "[ERROR] invalid slack file [json-pointer:/blocks]")


def _check_attachments(backend: Backend, attachments: Any) -> None:
    if not isinstance(attachments, list) or not all(isinstance(entry, dict) for entry in attachments):
        raise Refusal("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise Refusal("too_many_attachments")
    for entry in attachments:
        if not set(entry) <= _ATTACHMENT_FIELDS:
            raise Refusal("invalid_attachments")
        if "blocks" in entry:
            check_blocks(backend, entry["blocks"])


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refusal("invalid_metadata_format")
    event_type, payload = metadata["event_type"], metadata["event_payload"]
    if not isinstance(event_type, str) or not event_type or not isinstance(payload, dict):
        raise Refusal("invalid_metadata_schema")
    if not all(_is_plain(value) for value in payload.values()):
        raise Refusal("invalid_metadata_schema")
    if len(json.dumps(metadata)) > METADATA_BYTES:
        raise Refusal("metadata_too_large")


def _is_plain(value: Any, depth: int = 0) -> bool:
    """A word, a number, a flag, or a flat list or object of them."""
    if isinstance(value, str | int | float | bool):
        return True
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inside is not None and depth == 0 and all(_is_plain(entry, 1) for entry in inside)
