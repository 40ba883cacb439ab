"""What a button or menu carries: the operation, whether it acts or opens a form, and its parameters."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_OPERATION = r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+"
_ACTION = re.compile(rf"(?P<kind>do|form):(?P<operation>{_OPERATION})(?::\d{{1,4}})?", re.ASCII)
_MENU = re.compile(r"menu(?::\d{1,4})?", re.ASCII)
_CHOICE = re.compile(rf"(?P<kind>do|form):(?P<operation>{_OPERATION})\|(?P<params>.*)", re.ASCII | re.DOTALL)
VALUE_LIMIT = 2000
OPTION_LIMIT = 150


@dataclass(frozen=True, slots=True)
class Pressed:
    """What somebody pressed."""

    kind: Literal["do", "form"]
    operation: str
    params: dict[str, Any] = field(default_factory=dict)


def compact(params: Mapping[str, Any]) -> str:
    """Return parameters as the shortest JSON."""
    return json.dumps(dict(params), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def action_id(operation: str, *, form: bool = False, place: int | None = None) -> str:
    """Return the id of a button; `place` keeps it unique within its block."""
    made = f"{'form' if form else 'do'}:{operation}" + ("" if place is None else f":{place}")
    if not _ACTION.fullmatch(made):
        raise ValueError(f"{made!r} cannot be read back")
    return made


def option_value(operation: str, params: Mapping[str, Any], *, form: bool = False) -> str:
    """Return the value of a menu's choice; raises `ValueError` where Slack would not take it."""
    made = f"{'form' if form else 'do'}:{operation}|{compact(params)}"
    if len(made) > OPTION_LIMIT or not _CHOICE.fullmatch(made):
        raise ValueError(f"{made[:60]!r}… does not fit into a menu")
    return made


def parse_press(action_id: str, value: str | None) -> Pressed:
    """Read what was pressed; raises `ValueError` on anything that none of our buttons carries."""
    if _MENU.fullmatch(action_id):
        choice = _CHOICE.fullmatch(value or "")
        if choice is None:
            raise ValueError("the menu's choice is malformed")
        return _pressed(choice, choice["params"])
    action = _ACTION.fullmatch(action_id)
    if action is None:
        raise ValueError("the button is none of ours")
    return _pressed(action, value or "{}")


def _pressed(match: re.Match[str], raw: str) -> Pressed:
    if len(raw) > VALUE_LIMIT:
        raise ValueError("the button carries too much")
    try:
        params = json.loads(raw)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError("the button's value is not JSON") from error
    if not isinstance(params, dict):
        raise ValueError("the button's value is not an object")  # noqa: TRY004 - every malformed press is one error
    return Pressed("form" if match["kind"] == "form" else "do", match["operation"], params)
