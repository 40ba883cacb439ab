"""Block Kit validation for messages, modals and the Home tab, as strict as Slack's own."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

from bot.slack_double.elements import (
    ACTIONS_ELEMENTS,
    INPUT_ELEMENTS,
    SECTION_ACCESSORIES,
    identifier,
    image_element,
    image_fields,
    plain,
    text_object,
)
from bot.slack_double.rich_text import rich_text
from bot.slack_double.shapes import (
    Problems,
    Shape,
    array,
    exactly_one,
    flag,
    kind,
    one_of,
    record,
    string,
    typed,
)

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT_TOTAL = 13_200
MARKDOWN_TOTAL = 12_000
VIEW_BYTES = 250_000

_id: Mapping[str, Shape] = {"block_id": identifier}


def _section_says_something(value: Any, pointer: str, problems: Problems) -> None:
    if "text" not in value and "fields" not in value:
        problems.add(pointer, "missing required field: text or fields")


def _numeric(value: Any, pointer: str, problems: Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.add(pointer, "must be a number")


_cell = typed(
    {
        "raw_text": kind("raw_text", {"text": string(3000)}, {}),
        "raw_number": kind("raw_number", {"value": _numeric}, {"text": string(3000)}),
        "rich_text": rich_text({}),
    }
)
_column = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag})
_BLOCKS: Mapping[str, Shape] = {
    "header": kind("header", {"text": plain(150)}, _id),
    "divider": kind("divider", {}, _id),
    "section": kind(
        "section",
        {},
        {
            "text": text_object(3000),
            "fields": array(text_object(2000), 10),
            "accessory": typed(SECTION_ACCESSORIES),
            "expand": flag,
            **_id,
        },
        _section_says_something,
    ),
    "context": kind(
        "context",
        {
            "elements": array(
                typed({"image": image_element, "mrkdwn": text_object(3000), "plain_text": text_object(3000)}),
                10,
            )
        },
        _id,
    ),
    "actions": kind("actions", {"elements": array(typed(ACTIONS_ELEMENTS), 25)}, _id),
    "image": kind(
        "image",
        {"alt_text": string(2000)},
        {"title": plain(2000), **image_fields, **_id},
        exactly_one("image_url", "slack_file"),
    ),
    "input": kind(
        "input",
        {"label": plain(2000), "element": typed(INPUT_ELEMENTS)},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag, **_id},
    ),
    "rich_text": rich_text(_id),
    "markdown": kind("markdown", {"text": string(MARKDOWN_TOTAL)}, _id),
    "table": kind(
        "table",
        {"rows": array(array(_cell, 20), 100)},
        {"column_settings": array(_column, 20), **_id},
    ),
}
# A file block appears only in messages that Slack itself makes, so an app that sends one is refused.
_MESSAGE = array(typed(_BLOCKS), MESSAGE_BLOCKS, least=0)
_VIEW_ONLY = array(
    typed({name: shape for name, shape in _BLOCKS.items() if name not in ("table", "markdown")}), VIEW_BLOCKS
)
_view_fields: Mapping[str, Shape] = {
    "private_metadata": string(3000, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}
_VIEW = typed(
    {
        "modal": kind(
            "modal",
            {"title": plain(24), "blocks": _VIEW_ONLY},
            {
                **_view_fields,
                "submit": plain(24),
                "close": plain(24),
                "clear_on_close": flag,
                "notify_on_close": flag,
                "submit_disabled": flag,
            },
        ),
        "home": kind("home", {"blocks": _VIEW_ONLY}, _view_fields),
    }
)


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every interactive element with the block that holds it."""
    for block in blocks:
        found = [*block.get("elements", ())] if block["type"] == "actions" else []
        found += [block[name] for name in ("accessory", "element") if name in block]
        yield from ((block, element) for element in found if element["type"] != "image")


def slack_files(value: Any) -> Iterator[str]:
    """The id of every uploaded file that blocks show as an image."""
    if isinstance(value, dict):
        if isinstance(value.get("slack_file"), dict):
            yield str(value["slack_file"].get("id") or value["slack_file"].get("url"))
        for entry in value.values():
            yield from slack_files(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from slack_files(entry)


def text_total(value: Any) -> int:
    """How many characters of text blocks hold together."""
    if isinstance(value, list):
        return sum(map(text_total, value))
    if not isinstance(value, dict):
        return 0
    return sum(len(v) if k == "text" and isinstance(v, str) else text_total(v) for k, v in value.items())


def _unique_ids(blocks: list[dict[str, Any]], pointer: str, problems: Problems) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        name = block.get("block_id")
        if name is not None and name in seen:
            problems.add(f"{pointer}/{index}/block_id", f"block_id {name} already exists")
        seen.add(str(name))
    actions: set[tuple[int, str]] = set()
    for block, element in elements(blocks):
        action = element.get("action_id")
        if action is not None and (id(block), action) in actions:
            problems.add(pointer, f"action_id {action} already exists in this block")
        actions.add((id(block), str(action)))
    if sum(bool(element.get("focus_on_load")) for _, element in elements(blocks)) > 1:
        problems.add(pointer, "only one element can have focus_on_load")


def message_error(blocks: Any) -> tuple[str, list[str]] | None:
    """What is wrong with a message's blocks: Slack's error name and its messages, or None."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return "invalid_blocks_format", []
    problems = Problems()
    _MESSAGE(blocks, "/blocks", problems)
    if not problems:
        _unique_ids(blocks, "/blocks", problems)
        _message_totals(blocks, problems)
    if problems:
        return "invalid_blocks", problems
    return ("msg_blocks_too_long", []) if text_total(blocks) > MESSAGE_TEXT_TOTAL else None


def _message_totals(blocks: list[dict[str, Any]], problems: Problems) -> None:
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_TOTAL:
        problems.add("/blocks", f"markdown text must be less than {MARKDOWN_TOTAL + 1} characters in all")
    if sum(block["type"] == "table" for block in blocks) > 1:
        problems.add("/blocks", "only one table is allowed")
    for _, element in elements(blocks):
        if element.get("response_url_enabled"):
            problems.add("/blocks", "response_url_enabled is for inputs of modals only")


def view_error(view: Any) -> tuple[str, list[str]] | None:
    """What is wrong with a view: Slack's error name and its messages, or None."""
    problems = Problems()
    _VIEW(view, "/view", problems)
    if not problems:
        _unique_ids(view["blocks"], "/view/blocks", problems)
        _view_rules(view, problems)
    if problems:
        return "invalid_arguments", problems
    return ("view_too_large", []) if len(json.dumps(view).encode()) > VIEW_BYTES else None


def _view_rules(view: dict[str, Any], problems: Problems) -> None:
    inputs = any(block["type"] == "input" for block in view["blocks"])
    if view["type"] == "modal" and inputs and "submit" not in view:
        problems.add("/view", "missing required field: submit")
    for block, element in elements(view["blocks"]):
        if element.get("response_url_enabled") and (view["type"], block["type"]) != ("modal", "input"):
            problems.add("/view/blocks", "response_url_enabled is for inputs of modals only")


def _made_up_id() -> str:
    return f"{random.getrandbits(24):06x}"


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks as Slack stores them: a block_id and action_id made up wherever none was given."""
    stored: list[dict[str, Any]] = json.loads(json.dumps(blocks))
    for block in stored:
        block.setdefault("block_id", _made_up_id())
    for _, element in elements(stored):
        element.setdefault("action_id", _made_up_id())
    return stored
