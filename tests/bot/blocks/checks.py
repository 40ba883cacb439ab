"""What every message must satisfy, whoever made it."""

import re
from collections.abc import Iterator
from typing import Any

from bot.blocks.kit import Rendered, parse_press
from bot.blocks.press import Pressed
from bot.slack_double.blocks import elements, message_error

_SPECIAL = re.compile(r"<[^<>]*>")
_ALLOWED = re.compile(
    r"<(!here|@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!date\^\d+\^[^|<>^]+\|[0-9: UTC-]+|tel:\+\d+\|[0-9() -]+)>"
)
_BARE = re.compile(r"&(?!amp;|lt;|gt;)")


def mrkdwn_texts(thing: Any) -> Iterator[str]:
    """Yield every text that Slack reads as mrkdwn."""
    if isinstance(thing, list):
        for item in thing:
            yield from mrkdwn_texts(item)
    elif isinstance(thing, dict):
        if thing.get("type") == "mrkdwn":
            assert thing["verbatim"] is True, "Slack would look for links and mentions of its own"
            yield thing["text"]
        for inner in thing.values():
            yield from mrkdwn_texts(inner)


def mentions(message: Rendered) -> set[str]:
    """Return everything in angle brackets that could notify somebody."""
    found = [part for text in (message.text, *mrkdwn_texts(message.blocks)) for part in _SPECIAL.findall(text)]
    return {part for part in found if part.startswith(("<@", "<!", "<#")) and not part.startswith("<!date^")}


def check_message(message: Rendered) -> None:
    """Fail unless Slack would take the message and nothing in it is a mention that we did not mean."""
    assert message_error(message.blocks) is None
    assert message.text.strip()
    assert len(message.text) <= 4_000
    assert len(message.fallback) <= 4_000
    for text in (message.text, message.fallback, *mrkdwn_texts(message.blocks)):
        for part in _SPECIAL.findall(text):
            assert _ALLOWED.fullmatch(part), part
        rest = _SPECIAL.sub("", text)
        assert "<" not in rest
        assert ">" not in rest
        assert not _BARE.search(rest), text
    for pressed in presses(message.blocks):
        assert pressed.operation
    for _, element in elements(message.blocks):
        if element["type"] == "button":
            opens = element["action_id"].startswith("form:")
            label = element["text"]["text"]
            assert label.endswith("…") or not opens, f"{label} opens a form"


def presses(blocks: list[dict[str, Any]]) -> list[Pressed]:
    """Read back everything that can be pressed in blocks."""
    found = []
    for _, element in elements(blocks):
        if element["type"] == "overflow":
            found += [parse_press(element["action_id"], option["value"]) for option in element["options"]]
        else:
            found.append(parse_press(element["action_id"], element["value"]))
    return found


def says(message: Rendered) -> list[str]:
    """Return what a message says, line by line, and its buttons in brackets, in their order."""
    shown: list[str] = []
    for block in message.blocks:
        if block["type"] == "actions":
            shown.append(" ".join(_button(element) for element in block["elements"]))
        else:
            shown += Rendered("", [block]).fallback.split("\n")
    return shown


def _button(element: dict[str, Any]) -> str:
    if element["type"] == "overflow":
        return "[▾ " + " · ".join(option["text"]["text"] for option in element["options"]) + "]"
    label = element["text"]["text"]
    return {"primary": f"[[ {label} ]]", "danger": f"[! {label} ]"}.get(element.get("style", ""), f"[ {label} ]")
