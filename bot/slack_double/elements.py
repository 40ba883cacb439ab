"""The shapes of Block Kit's composition objects and elements, with Slack's limits."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.slack_double.shapes import (
    Problems,
    Shape,
    array,
    exactly_one,
    flag,
    integer,
    kind,
    one_of,
    record,
    string,
    typed,
)

identifier = string(255)
DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
TIME = r"([01]\d|2[0-3]):[0-5]\d"
URL = r"(?s)[a-zA-Z][a-zA-Z0-9+.-]*:.+"


def text_object(most: int, *kinds: str) -> Shape:
    """A text object of at most `most` characters; of both kinds unless one is named."""
    shapes = {
        "plain_text": kind("plain_text", {"text": string(most)}, {"emoji": flag}),
        "mrkdwn": kind("mrkdwn", {"text": string(most)}, {"verbatim": flag}),
    }
    return typed({name: shapes[name] for name in kinds or tuple(shapes)})


def plain(most: int) -> Shape:
    """A plain_text object."""
    return text_object(most, "plain_text")


def reachable_image(value: Any, pointer: str, problems: Problems) -> None:
    """An http address Slack's own servers could fetch: not this machine, not a private network."""
    string(3000, pattern=r"https?://\S+")(value, pointer, problems)
    host = urlsplit(value).hostname if isinstance(value, str) else None
    try:
        private = host == "localhost" or not ipaddress.ip_address(host or "").is_global
    except ValueError:
        private = host == "localhost"
    if private:
        problems.add(pointer, "downloading image failed")


slack_file = record({}, {"id": identifier, "url": string(3000)}, exactly_one("id", "url"))
image_fields: Mapping[str, Shape] = {"image_url": reachable_image, "slack_file": slack_file}
image_element = kind("image", {"alt_text": string(2000)}, image_fields, exactly_one("image_url", "slack_file"))

confirm = record(
    {"title": plain(100), "text": text_object(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def option(text: Shape, *, with_url: bool = False) -> Shape:
    """One choice of a menu or a group of boxes."""
    optional: dict[str, Shape] = {"description": text_object(75)}
    if with_url:
        optional["url"] = string(3000, pattern=URL)
    return record({"text": text, "value": string(150)}, optional)


def _initial_among_options(value: Any, pointer: str, problems: Problems) -> None:
    groups = value.get("option_groups") or [value]
    known = {choice["value"] for group in groups for choice in group.get("options", ())}
    initial = list(value.get("initial_options") or ())
    if "initial_option" in value:
        initial.append(value["initial_option"])
    for choice in initial:
        if choice["value"] not in known:
            problems.add(pointer, "initial option does not match any of the options")


def _interactive(name: str, required: Mapping[str, Shape], optional: Mapping[str, Shape], *rules: Shape) -> Shape:
    return kind(name, required, {"action_id": identifier, "confirm": confirm, **optional}, *rules)


_focusable: Mapping[str, Shape] = {"placeholder": plain(150), "focus_on_load": flag}
_menu_option = option(plain(75))
_menu_options: Mapping[str, Shape] = {
    "options": array(_menu_option, 100),
    "option_groups": array(record({"label": plain(75), "options": array(_menu_option, 100)}, {}), 100),
}
_box_option = option(text_object(75))
_filter = record(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 4),
        "exclude_bot_users": flag,
        "exclude_external_shared_channels": flag,
    },
)


def _menu(name: str, *rules: Shape, **optional: Shape) -> Shape:
    return _interactive(name, {}, {**_focusable, **optional}, *rules)


button = _interactive(
    "button",
    {"text": plain(75)},
    {
        "value": string(2000),
        "url": string(3000, pattern=URL),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
)
_several = {"max_selected_items": integer(1, 100)}
_one_source = exactly_one("options", "option_groups")
_people = string(255, pattern=r"[UW][A-Z0-9]+")
_conversation = string(255, pattern=r"[CDG][A-Z0-9]+")
_conversations_extra: Mapping[str, Shape] = {"filter": _filter, "default_to_current_conversation": flag}

SINGLE_MENUS: Mapping[str, Shape] = {
    "static_select": _menu(
        "static_select", _one_source, _initial_among_options, initial_option=_menu_option, **_menu_options
    ),
    "users_select": _menu("users_select", initial_user=_people),
    "channels_select": _menu("channels_select", initial_channel=_conversation, response_url_enabled=flag),
    "conversations_select": _menu(
        "conversations_select",
        initial_conversation=_conversation,
        response_url_enabled=flag,
        **_conversations_extra,
    ),
}
MULTI_MENUS: Mapping[str, Shape] = {
    "multi_static_select": _menu(
        "multi_static_select",
        _one_source,
        _initial_among_options,
        initial_options=array(_menu_option, 100),
        **_menu_options,
        **_several,
    ),
    "multi_users_select": _menu("multi_users_select", initial_users=array(_people, 100), **_several),
    "multi_channels_select": _menu("multi_channels_select", initial_channels=array(_conversation, 100), **_several),
    "multi_conversations_select": _menu(
        "multi_conversations_select",
        initial_conversations=array(_conversation, 100),
        **_conversations_extra,
        **_several,
    ),
}
PICKERS: Mapping[str, Shape] = {
    "datepicker": _menu("datepicker", initial_date=string(10, pattern=DATE)),
    "timepicker": _menu("timepicker", initial_time=string(5, pattern=TIME), timezone=string(100)),
    "datetimepicker": _interactive(
        "datetimepicker", {}, {"initial_date_time": integer(10**9, 10**10 - 1), "focus_on_load": flag}
    ),
}
BOXES: Mapping[str, Shape] = {
    "checkboxes": _interactive(
        "checkboxes",
        {"options": array(_box_option, 10)},
        {"initial_options": array(_box_option, 10), "focus_on_load": flag},
        _initial_among_options,
    ),
    "radio_buttons": _interactive(
        "radio_buttons",
        {"options": array(_box_option, 10)},
        {"initial_option": _box_option, "focus_on_load": flag},
        _initial_among_options,
    ),
}
BUTTONS: Mapping[str, Shape] = {
    "button": button,
    "overflow": _interactive("overflow", {"options": array(option(plain(75), with_url=True), 5)}, {}),
}


def _least_below_most(least: str, most: str) -> Shape:
    def check(value: Any, pointer: str, problems: Problems) -> None:
        if least in value and most in value and float(value[least]) > float(value[most]):
            problems.add(pointer, f"{least} must not be above {most}")

    return check


def _typing(name: str, required: Mapping[str, Shape], *rules: Shape, **optional: Shape) -> Shape:
    dispatch = record({}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 2)})
    fields = {"action_id": identifier, "dispatch_action_config": dispatch, **_focusable, **optional}
    return kind(name, required, fields, *rules)


_NUMBER = r"-?\d+(\.\d+)?"
_number = string(100, pattern=_NUMBER)
TYPED_INPUTS: Mapping[str, Shape] = {
    "plain_text_input": _typing(
        "plain_text_input",
        {},
        _least_below_most("min_length", "max_length"),
        initial_value=string(3000),
        multiline=flag,
        min_length=integer(0, 3000),
        max_length=integer(1, 3000),
    ),
    "number_input": _typing(
        "number_input",
        {"is_decimal_allowed": flag},
        _least_below_most("min_value", "max_value"),
        initial_value=_number,
        min_value=_number,
        max_value=_number,
    ),
    "email_text_input": _typing("email_text_input", {}, initial_value=string(3000)),
    "url_text_input": _typing("url_text_input", {}, initial_value=string(3000, pattern=URL)),
}

SECTION_ACCESSORIES: Mapping[str, Shape] = {
    **BUTTONS,
    **SINGLE_MENUS,
    **MULTI_MENUS,
    **BOXES,
    "datepicker": PICKERS["datepicker"],
    "timepicker": PICKERS["timepicker"],
    "image": image_element,
}
ACTIONS_ELEMENTS: Mapping[str, Shape] = {**BUTTONS, **SINGLE_MENUS, **PICKERS, **BOXES}
INPUT_ELEMENTS: Mapping[str, Shape] = {
    **TYPED_INPUTS,
    **SINGLE_MENUS,
    **MULTI_MENUS,
    **PICKERS,
    **BOXES,
}
