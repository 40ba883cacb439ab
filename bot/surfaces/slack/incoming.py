"""What Slack sends, read into one shape: a command, a pressed button, a submitted form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from bot.blocks.forms import form_operation, read_form, read_private
from bot.blocks.kit import parse_press

LONGEST_SAID = 500


class Source(StrEnum):
    """How the person said it; it decides where the answer goes."""

    COMMAND = "command"
    PRESS = "press"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person said."""

    source: Source
    user_id: str
    trigger_id: str
    """What makes a second delivery of the same envelope the same."""
    key: str
    """What makes a second attempt the same act: the trigger id, or the id of the form that was submitted."""
    said: str
    """What was typed or pressed, for messages about it."""
    channel: str | None = None
    response_url: str | None = None
    view: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: whether it acts or opens a form, and what it carries."""

    incoming: Incoming
    operation: str
    opens_form: bool
    params: dict[str, Any] = field(default_factory=dict)


def _said(text: str) -> str:
    """Keep what was typed for messages about it, without what a database or a reader could trip over."""
    shown = "".join(character if character.isprintable() else " " for character in text).strip()
    return shown if len(shown) <= LONGEST_SAID else f"{shown[: LONGEST_SAID - 1]}…"


def read_command(body: Mapping[str, Any]) -> Incoming:
    """Read a slash command's payload."""
    return Incoming(
        source=Source.COMMAND, user_id=body["user_id"], trigger_id=body["trigger_id"],
        key=body["trigger_id"], said=_said(f"{body['command']} {body.get('text') or ''}"),
        channel=body.get("channel_id"), response_url=body.get("response_url"),
    )  # fmt: skip


def read_click(body: Mapping[str, Any]) -> Incoming:
    """Read who clicked where, whatever it was."""
    option = body["actions"][0].get("selected_option") or {}
    label = (option.get("text") or body["actions"][0].get("text") or {}).get("text", "a button")
    return Incoming(
        source=Source.PRESS, user_id=body["user"]["id"], trigger_id=body["trigger_id"],
        key=body["trigger_id"], said=_said(f"[{label}]"),
        channel=(body.get("channel") or {}).get("id"), response_url=body.get("response_url"),
    )  # fmt: skip


def is_in_home(body: Mapping[str, Any]) -> bool:
    """Whether it was pressed in the Home tab."""
    return (body.get("view") or {}).get("type") == "home"


def read_press(body: Mapping[str, Any]) -> Press:
    """Read a click's payload; raises `ValueError` where the button is none of ours."""
    action = body["actions"][0]
    option = action.get("selected_option") or {}
    value = option.get("value") if option else action.get("value")
    pressed = parse_press(action["action_id"], value or "")
    return Press(read_click(body), pressed.operation, pressed.kind == "form", pressed.params)


def read_submitter(body: Mapping[str, Any]) -> Incoming:
    """Read who submitted a form, whatever is in it."""
    view = body["view"]
    try:
        kept = read_private(view)
    except ValueError:
        kept = {}
    return Incoming(
        source=Source.FORM, user_id=body["user"]["id"],
        # Without one, a form that is submitted again after an error must not be taken for a second delivery; the
        # key still keeps it from being done twice.
        trigger_id=body.get("trigger_id") or f"{view['id']}:{uuid4().hex}", key=f"view:{view['id']}",
        said=_said(f"the form “{view['title']['text']}”"), channel=kept.get("channel"),
        response_url=kept.get("response_url"), view=view,
    )  # fmt: skip


def read_submission(body: Mapping[str, Any]) -> tuple[Incoming, str, dict[str, Any]]:
    """Read a submitted form: who, which operation, which raw parameters; raises `ValueError` where none of ours."""
    view = body["view"]
    return read_submitter(body), form_operation(view), read_form(view)
