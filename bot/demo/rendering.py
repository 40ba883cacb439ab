"""Messages as readable text: blocks, mentions, dates and numbered buttons; pure functions."""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from bot.demo.controls import Control, controls_of

JsonDict = dict[str, Any]
WIDTH = 100
_ENTITY = re.compile(r"<([^<>]+)>")
_CODE = re.compile(r"(`[^`\n]+`)")
# A word joiner (\u2060) beside a sign is how Valhalla keeps a person's own signs from being formatting.
_MARK = re.compile(r"(?<![\w\u2060*_~])([*_~])(?=[^\s\u2060])(?P<inside>[^\n]*?[^\s\u2060])\1(?![\w\u2060*_~])")
_INVISIBLE = str.maketrans("", "", "\u2060\u200b")
_DATE_FORMATS: Mapping[str, str] = {
    "date_num": "%Y-%m-%d", "date_slash": "%Y/%m/%d", "date": "%B %-d, %Y", "date_pretty": "%B %-d, %Y",
    "date_short": "%b %-d, %Y", "date_short_pretty": "%a %-d %b", "date_long": "%A, %B %-d, %Y",
    "date_long_pretty": "%A, %B %-d, %Y", "date_long_full": "%A, %B %-d, %Y", "time": "%H:%M", "time_secs": "%H:%M:%S",
}  # fmt: skip


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """What ids mean to a reader, in which zone he reads times, and how wide his screen is."""

    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    """None: the zone of this machine."""
    width: int = WIDTH
    bold: Callable[[str], str] = _as_it_is

    def person(self, user_id: str) -> str:
        """Name a person as @name."""
        return f"@{self.people.get(user_id, user_id)}"

    def channel(self, channel_id: str) -> str:
        """Name a channel as #name."""
        return f"#{self.channels.get(channel_id, channel_id)}"

    def moment(self, stamp: float) -> datetime:
        """Return a stamp as a time of the reader's clock."""
        return datetime.fromtimestamp(stamp, tz=UTC).astimezone(self.zone)


def readable(text: str, words: Words) -> str:
    """Turn mrkdwn into plain text: mentions as names, dates in the reader's clock, links as their labels."""
    shown = _ENTITY.sub(lambda match: _entity(match[1], words), text)
    for escaped, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(escaped, sign)
    pieces = _CODE.split(shown)
    pieces[::2] = [_MARK.sub(lambda match: _marked(match, words), piece) for piece in pieces[::2]]
    return "".join(pieces).translate(_INVISIBLE)


def _marked(match: re.Match[str], words: Words) -> str:
    return words.bold(match["inside"]) if match[1] == "*" else match["inside"]


def _entity(inside: str, words: Words) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return words.person(target[1:]) if target[1:] in words.people or not label else f"@{label}"
    if target.startswith("#"):
        return words.channel(target[1:]) if target[1:] in words.channels or not label else f"#{label}"
    if target.startswith("!date^"):
        return _date(target, label, words)
    if target.startswith("!subteam^"):
        return label or "@group"
    if target.startswith("!"):
        return f"@{target[1:]}"
    return _link(target, label)


def _link(target: str, label: str) -> str:
    if target.startswith(("tel:", "mailto:")):
        return label or target.partition(":")[2]
    return f"{label} ({target})" if label and label != target else target


def _date(target: str, fallback: str, words: Words) -> str:
    parts = target.split("^")
    try:
        moment = words.moment(int(parts[1]))
        return re.sub(r"\{(\w+)\}", lambda match: moment.strftime(_DATE_FORMATS[match[1]]), parts[2])
    except (IndexError, ValueError, KeyError):
        return fallback


def message_lines(
    message: JsonDict, where: str, words: Words, number: Callable[[Control], int], *, note: str = ""
) -> list[str]:
    """Return a message as lines: where and when, then its blocks, buttons numbered by `number`."""
    writer = words.person(message.get("user", "")).removeprefix("@")
    at = words.moment(float(message["ts"]))
    marks = [mark for mark in (note, "only you see this" if message.get("is_ephemeral") else "") if mark]
    tail = f"  ({', '.join(marks)})" if marks else ""
    head = words.bold(f"── {where} · {writer} {at:%H:%M}{tail} ──")
    body = list(body_lines(message, words, number))
    return [head, *(f"  {line}".rstrip() for line in body), ""]


def body_lines(message: JsonDict, words: Words, number: Callable[[Control], int]) -> Iterator[str]:
    """Return what a message says, line by line."""
    blocks = message.get("blocks") or []
    if not blocks:
        yield from wrapped(readable(message.get("text", ""), words), words)
    yield from block_lines(blocks, words, number)
    for attachment in message.get("attachments", ()):
        yield from wrapped(readable(attachment.get("text") or attachment.get("fallback") or "", words), words)
        yield from block_lines(attachment.get("blocks") or [], words, number)
    for file in message.get("files", ()):
        yield f"[file: {file.get('title') or file.get('name')}]"


def block_lines(blocks: list[JsonDict], words: Words, number: Callable[[Control], int]) -> Iterator[str]:
    """Return blocks line by line, each with its buttons under it."""
    for block in blocks:
        yield from _block(block, words)
        found = controls_of(block)
        if found:
            yield from wrapped("  ".join(_numbered(control, number) for control in found), words)


def _numbered(control: Control, number: Callable[[Control], int]) -> str:
    # A label never breaks over a line: the spaces in it are made hard until the wrapping is done.
    mark = "▾" if control.is_option else ""
    return f"{mark}[{number(control)}] {control.label}".replace(" ", "\u00a0")


def wrapped(text: str, words: Words) -> Iterator[str]:
    """Break long lines at spaces; what stands indented stays so."""
    for line in text.split("\n"):
        room = max(words.width - 2, 20)
        pieces = textwrap.wrap(
            line, room, break_on_hyphens=False, break_long_words=False, drop_whitespace=True,
            subsequent_indent=line[: len(line) - len(line.lstrip())],
        )  # fmt: skip
        yield from (piece.replace("\u00a0", " ") for piece in pieces or [""])


def _block(block: JsonDict, words: Words) -> Iterator[str]:
    kind = block["type"]
    if kind == "header":
        yield from (words.bold(line) for line in wrapped(block["text"]["text"], words))
    elif kind == "section":
        yield from _section(block, words)
    elif kind == "context":
        said = [readable(item["text"], words) for item in block["elements"] if "text" in item]
        yield from wrapped(" ".join(said), words)
    elif kind == "divider":
        yield "─" * 20
    elif kind == "image":
        yield from wrapped(f"[chart: {block['alt_text']}]", words)
    elif kind == "rich_text":
        yield from _rich(block["elements"], words)
    elif kind == "markdown":
        yield from wrapped(block["text"], words)
    elif kind == "table":
        yield from (" | ".join(_cell(cell, words) for cell in row) for row in block["rows"])


def _section(block: JsonDict, words: Words) -> Iterator[str]:
    if "text" in block:
        yield from wrapped(readable(block["text"]["text"], words), words)
    fields = [readable(item["text"], words).replace("\n", " ") for item in block.get("fields", ())]
    for left, right in zip(fields[::2], [*fields[1::2], ""], strict=False):
        yield from wrapped(f"{left:<22}  {right}".rstrip(), words)
    if block.get("accessory", {}).get("type") == "image":
        yield f"[chart: {block['accessory']['alt_text']}]"


def _cell(cell: JsonDict, words: Words) -> str:
    if cell["type"] == "rich_text":
        return " ".join(_rich(cell["elements"], words))
    return str(cell.get("text", cell.get("value", "")))


def _rich(elements: list[JsonDict], words: Words) -> Iterator[str]:
    for element in elements:
        if element["type"] == "rich_text_list":
            for item in element["elements"]:
                yield f"• {_inline(item['elements'], words)}"
            continue
        text = _inline(element["elements"], words)
        if element["type"] == "rich_text_quote":
            yield from (f"> {line}" for line in wrapped(text, words))
        elif element["type"] == "rich_text_preformatted":
            yield from text.split("\n")
        else:
            yield from wrapped(text, words)


def _inline(elements: list[JsonDict], words: Words) -> str:
    return "".join(_rich_piece(piece, words) for piece in elements)


def _rich_piece(piece: JsonDict, words: Words) -> str:
    kind = piece["type"]
    if kind == "user":
        return words.person(piece["user_id"])
    if kind == "channel":
        return words.channel(piece["channel_id"])
    if kind == "emoji":
        return f":{piece['name']}:"
    if kind == "link":
        return str(piece.get("text") or piece["url"])
    return str(piece.get("text", ""))
