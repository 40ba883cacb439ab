"""What a person can enter into elements, and the checks Slack's own client makes."""

from __future__ import annotations

import re
from typing import Any

from bot.slack_double.blocks import elements
from bot.slack_double.elements import DATE, TIME
from bot.slack_double.workspace import NotInWorkspace, Workspace

JsonDict = dict[str, Any]
Values = dict[str, dict[str, JsonDict]]

STATE_FIELDS = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_FORMATS = {
    "email_text_input": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "Please enter a valid email address"),
    "url_text_input": (r"https?://\S+", "Please enter a valid URL"),
    "datepicker": (DATE, "Please choose a date"),
    "timepicker": (TIME, "Please choose a time"),
}


class CannotEnter(ValueError):
    """A value this element would not take."""


def initial(element: JsonDict) -> JsonDict:
    """The state of an element nobody has touched."""
    field = STATE_FIELDS[element["type"]]
    given = element.get("initial_" + field.removeprefix("selected_"))
    empty: list[str] | None = [] if field.endswith("s") else None
    return {"type": element["type"], field: empty if given is None else given}


def state_of(blocks: list[JsonDict], entered: Values) -> Values:
    """The state of every stateful element: what was entered, or else what it began with."""
    values: Values = {}
    for block, element in elements(blocks):
        if element["type"] in STATE_FIELDS:
            known = entered.get(block["block_id"], {}).get(element["action_id"])
            values.setdefault(block["block_id"], {})[element["action_id"]] = known or initial(element)
    return values


def entered(workspace: Workspace, element: JsonDict, value: Any) -> JsonDict:
    """The state of an element after a person has entered or chosen `value`."""
    kind = element["type"]
    field = STATE_FIELDS.get(kind, "selected_option")
    if field.endswith("s"):
        wanted = value if isinstance(value, list) else [value]
        if len(wanted) > element.get("max_selected_items", 100):
            raise CannotEnter(f"at most {element['max_selected_items']} can be chosen")
        return {"type": kind, field: [_chosen(workspace, element, one) for one in wanted]}
    if value is None or value == "":
        return {"type": kind, field: None}
    return {"type": kind, field: _chosen(workspace, element, value)}


def _chosen(workspace: Workspace, element: JsonDict, value: Any) -> Any:
    kind = element["type"]
    if "options" in element or "option_groups" in element:
        return _option(element, value)
    try:
        if kind.endswith("users_select"):
            return workspace.user(value).id
        if kind.endswith(("channels_select", "conversations_select")):
            return workspace.channel(value).id
    except NotInWorkspace as error:
        raise CannotEnter(str(error)) from None
    if kind == "number_input":
        return _number(element, str(value))
    if kind == "datetimepicker":
        return int(value)
    return _text(element, value)


def _option(element: JsonDict, value: Any) -> JsonDict:
    groups = element.get("option_groups") or [element]
    for group in groups:
        for option in group["options"]:
            if option["value"] == value:
                return {name: option[name] for name in ("text", "value") if name in option}
    raise CannotEnter(f"there is no option {value!r}")


def _text(element: JsonDict, value: Any) -> str:
    if not isinstance(value, str):
        raise CannotEnter("only text can be typed here")
    pattern, complaint = _FORMATS.get(element["type"], (None, ""))
    if pattern and not re.fullmatch(pattern, value):
        raise CannotEnter(complaint)
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(value) < least:
        raise CannotEnter(f"Please use at least {least} characters")
    if len(value) > most:
        raise CannotEnter(f"Please use at most {most} characters")
    return value


def _number(element: JsonDict, value: str) -> str:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, value):
        raise CannotEnter("Please enter a number")
    if "min_value" in element and float(value) < float(element["min_value"]):
        raise CannotEnter(f"Please enter a number of at least {element['min_value']}")
    if "max_value" in element and float(value) > float(element["max_value"]):
        raise CannotEnter(f"Please enter a number of at most {element['max_value']}")
    return value


def fill(workspace: Workspace, view: JsonDict, given: dict[str, Any]) -> tuple[Values, dict[str, str]]:
    """Enter values into a modal, by block_id; the state, and what the client complains of, by block_id."""
    values = state_of(view["blocks"], view["state"]["values"])
    errors: dict[str, str] = {}
    blocks = {block["block_id"]: (block, element) for block, element in elements(view["blocks"])}
    for block_id, value in given.items():
        if block_id not in blocks:
            raise CannotEnter(f"the view has no field {block_id}")
        element = blocks[block_id][1]
        try:
            values[block_id][element["action_id"]] = entered(workspace, element, value)
        except CannotEnter as error:
            errors[block_id] = str(error)
    for block_id, (block, element) in blocks.items():
        is_needed = block["type"] == "input" and not block.get("optional", False)
        if is_needed and not values[block_id][element["action_id"]][STATE_FIELDS[element["type"]]]:
            errors.setdefault(block_id, "Please complete this required field.")
    return values, errors
