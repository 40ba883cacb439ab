"""Cursors: how long lists are handed out page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from bot.slack_double.registry import JsonDict, Refusal

Item = TypeVar("Item")
MOST = 1_000


def page(items: Sequence[Item], args: JsonDict, default: int = 100) -> tuple[Sequence[Item], str]:
    """The page the arguments ask for, and the cursor of the next one (empty at the end)."""
    limit = args.get("limit") or default
    if not 0 < limit <= MOST:
        raise Refusal("invalid_limit")
    start = _position(args.get("cursor") or "")
    following = start + limit
    cursor = base64.b64encode(f"next:{following}".encode()).decode() if following < len(items) else ""
    return items[start:following], cursor


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, position = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("invalid_cursor") from None
    if word != "next" or not position.isdigit():
        raise Refusal("invalid_cursor")
    return int(position)
