"""One field of a form: the element that fits a parameter, what it starts with, and what was entered."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from bot.blocks import kit
from bot.blocks.kit import Block
from bot.blocks.text import cut_plain, label, plain
from domain.identity import Role
from domain.parameters import LONGEST_TEXT, Input, Parameter

ENTERED = "value"
"""The action id of every field; the block's id is the parameter's name."""
MOST_OPTIONS = 100
_SHORT = 255
_PERSON = re.compile(r"<?@?(?P<id>[UW][A-Z0-9]+)(\|[^>]*)?>?")
_CHANNEL = re.compile(r"<?#?(?P<id>[CG][A-Z0-9]{2,})(\|[^>]*)?>?")
_ROLES = re.compile(r"a role: (?P<roles>[a-z]+(?:, [a-z]+)*(?: or [a-z]+)?)")
LABELS = {
    "type_the_operation": "Type the operation's name",
    "approval_id": "Request",
    "break_glass_id": "Use of break glass",
    "alert_id": "Alert",
    "shift_id": "Shift",
    "length": "For how long",
    "held_id": "Held action",
    "reservation_id": "Reservation",
    "hold_id": "Hold",
    "user": "Person",
    "until": "Until when",
}
NUMBER_SIGNS = {"approval_id": "A-", "break_glass_id": "B-", "alert_id": "T-", "reservation_id": "R-", "hold_id": "H-"}


def named(parameter: Parameter) -> str:
    """Return a parameter's name as a form shows it."""
    return LABELS.get(parameter.name) or label(parameter.name)


def field(parameter: Parameter, given: Any) -> Block:
    """Return the input block of a parameter; what was typed before is kept where the element can hold it."""
    arg = parameter.arg
    made: Block = {
        "type": "input",
        "block_id": parameter.name,
        "optional": not parameter.required,
        "label": kit.plain_text(named(parameter), 2_000),
        "hint": kit.plain_text(f"{label(arg.expects)}, for example {arg.example}", 2_000),
        "element": {**_element(parameter, given), "action_id": ENTERED},
    }
    if arg.labels:  # the choices say it better
        del made["hint"]
    return made


def _element(parameter: Parameter, given: Any) -> Block:
    choices = choices_of(parameter)
    if choices:
        return _select(choices, as_text(given), dict(parameter.arg.labels))
    make: Callable[[str], Block] = {
        Input.USER: lambda text: _picker("users_select", "initial_user", _PERSON, text),
        Input.CHANNEL: lambda text: _picker("channels_select", "initial_channel", _CHANNEL, text),
        Input.FLAG: _flag,
        Input.LONG_TEXT: lambda text: _typed(text, LONGEST_TEXT, multiline=True),
    }.get(parameter.arg.input, lambda text: _typed(text, _SHORT))
    return make(as_text(given))


def choices_of(parameter: Parameter) -> tuple[str, ...]:
    """Return the values to choose from; roles are listed in what their argument expects."""
    match = _ROLES.match(parameter.arg.expects)
    if match:
        known = {role.word for role in Role}
        return tuple(word for word in re.split(r", | or ", match["roles"]) if word in known)
    return parameter.choices[:MOST_OPTIONS]


def as_text(given: Any) -> str:
    """Return a value as somebody would have typed it."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Role):
        return given.word
    return plain(str(given.value if isinstance(given, Enum) else given))


def _option(text: str, shown: str | None = None) -> Block:
    return {"text": kit.plain_text(shown or text, 75), "value": text[:150]}


def _select(choices: tuple[str, ...], given: str, labels: Mapping[str, str]) -> Block:
    options = [_option(choice, labels.get(choice)) for choice in choices]
    made: Block = {"type": "static_select", "options": options}
    matching = [option for option in options if option["value"].lower() == given.strip().lower()]
    return {**made, "initial_option": matching[0]} if matching else made


def _flag(given: str) -> Block:
    options = [_option("yes"), _option("no")]
    known = {"true": 0, "yes": 0, "on": 0, "1": 0, "false": 1, "no": 1, "off": 1, "0": 1}
    made: Block = {"type": "static_select", "options": options}
    place = known.get(given.strip().lower())
    return made if place is None else {**made, "initial_option": options[place]}


def _picker(kind: str, initial: str, pattern: re.Pattern[str], given: str) -> Block:
    match = pattern.fullmatch(given.strip())
    return {"type": kind, **({initial: match["id"]} if match else {})}


def _typed(given: str, most: int, *, multiline: bool = False) -> Block:
    made: Block = {"type": "plain_text_input", "max_length": most}
    if multiline:
        made["multiline"] = True
    return {**made, "initial_value": cut_plain(given, most)} if given.strip() else made


def entered(state: Mapping[str, Any]) -> str | None:
    """Return what was entered into one field of a submitted form; None where it was left empty."""
    option = state.get("selected_option")
    found = option.get("value") if isinstance(option, Mapping) else None
    for name in ("value", "selected_user", "selected_channel", "selected_conversation"):
        found = found or state.get(name)
    return str(found) if found and str(found).strip() else None
