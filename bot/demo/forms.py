"""Filling in a form that opened, field by field, as Slack's client would have it filled."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.demo.rendering import Words, block_lines

JsonDict = dict[str, Any]
Ask = Callable[[str], str | None]
Show = Callable[[list[str]], None]
CANCEL = "cancel"
KEEP = "clear"
"""Typed to leave a field empty that has a default."""


class Unreadable(ValueError):
    """What was typed does not fit the field; the message says what does."""


class Cancelled(Exception):
    """The form is to be closed without sending it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form."""

    block: JsonDict

    @property
    def id(self) -> str:
        """The block's id, by which values and errors are keyed."""
        return str(self.block["block_id"])

    @property
    def label(self) -> str:
        """What the field is called."""
        return str(self.block["label"]["text"])

    @property
    def is_optional(self) -> bool:
        """Whether it may stay empty."""
        return bool(self.block.get("optional"))

    @property
    def element(self) -> JsonDict:
        """The element that takes the value."""
        found: JsonDict = self.block["element"]
        return found

    @property
    def is_several(self) -> bool:
        """Whether it takes a list."""
        kind = str(self.element["type"])
        return kind.startswith("multi_") or kind == "checkboxes"

    def options(self) -> list[tuple[str, str]]:
        """Return label and value of every choice."""
        groups = self.element.get("option_groups") or [self.element]
        return [(o["text"]["text"], o["value"]) for group in groups for o in group.get("options", ())]

    def default(self, words: Words) -> str:
        """Return what stands in the field at first, as a person would type it."""
        element = self.element
        if "initial_option" in element:
            return str(element["initial_option"]["text"]["text"])
        if "initial_options" in element:
            return ", ".join(option["text"]["text"] for option in element["initial_options"])
        if "initial_user" in element:
            return words.person(element["initial_user"])
        for name in ("initial_channel", "initial_conversation"):
            if name in element:
                return words.channel(element[name])
        if "initial_date_time" in element:
            return f"{words.moment(element['initial_date_time']):%Y-%m-%d %H:%M}"
        return str(element.get("initial_value") or element.get("initial_date") or element.get("initial_time") or "")


def fields_of(view: JsonDict) -> list[Field]:
    """Return the inputs of a form, in their order."""
    return [Field(block) for block in view["blocks"] if block["type"] == "input"]


def intro(view: JsonDict, words: Words) -> list[str]:
    """Return the form's title and what it says above its fields."""
    said = [block for block in view["blocks"] if block["type"] != "input"]
    sends = view["submit"]["text"] if view.get("submit") else None
    how = f"Enter keeps what stands in [brackets]; `{CANCEL}` closes the form." if sends else ""
    lines = [words.bold(f"── form: {view['title']['text']} ──"), *block_lines(said, words, lambda _control: 0), how]
    return [line for line in lines if line]


def fill(
    view: JsonDict, words: Words, ask: Ask, show: Show, *, errors: Mapping[str, str], kept: Mapping[str, Any]
) -> JsonDict:
    """Ask for every field (with `errors`: for those alone) and return the values by block id.

    Raises `Cancelled` where the person closes the form or the input ends.
    """
    values = dict(kept)
    for field in fields_of(view):
        if errors and field.id not in errors:
            continue
        if field.id in errors:
            show([f"  ✗ {field.label}: {errors[field.id]}"])
        _fill_one(field, words, ask, show, values)
    return values


def _fill_one(field: Field, words: Words, ask: Ask, show: Show, values: JsonDict) -> None:
    show(list(_explained(field)))
    default = field.default(words)
    while True:
        optional, standing = " (optional)" if field.is_optional else "", f" [{default}]" if default else ""
        typed = ask(f"  {field.label}{optional}{standing}: ")
        if typed is None or typed.strip().lower() == CANCEL:
            raise Cancelled
        typed = typed.strip()
        if not typed and (default or field.is_optional):
            return  # what stands there is sent as it is
        try:
            values[field.id] = None if typed == KEEP else read_value(field, typed, words)
        except Unreadable as problem:
            show([f"  ✗ {problem}"])
            continue
        if typed or field.is_optional:
            return


def _explained(field: Field) -> Iterator[str]:
    if hint := field.block.get("hint", {}).get("text"):
        yield f"  {hint}"
    for number, (label, _value) in enumerate(field.options(), start=1):
        yield f"    {number}) {label}"


def read_value(field: Field, typed: str, words: Words) -> Any:
    """Return what the element takes for what was typed; raises `Unreadable`."""
    if not typed:
        raise Unreadable("this field must be filled in")
    kind = field.element["type"]
    if field.is_several:
        return [_one(field, part.strip(), words) for part in typed.split(",") if part.strip()]
    if kind == "datetimepicker":
        try:
            moment = datetime.fromisoformat(typed)
        except ValueError:
            raise Unreadable("write a date and a time, for example 2026-11-27 14:00") from None
        return int(moment.replace(tzinfo=words.zone).timestamp())
    return _one(field, typed, words)


def _one(field: Field, typed: str, words: Words) -> str:
    kind = field.element["type"]
    options = field.options()
    if options:
        return _choice(options, typed)
    if kind.endswith("users_select"):
        return _known(words.people, typed.removeprefix("@"), "nobody here is called")
    if kind.endswith(("channels_select", "conversations_select")):
        return _known(words.channels, typed.removeprefix("#"), "no channel here is called")
    return typed


def _choice(options: list[tuple[str, str]], typed: str) -> str:
    if typed.isdigit() and 1 <= int(typed) <= len(options):
        return options[int(typed) - 1][1]
    for label, value in options:
        if typed.lower() in {label.lower(), value.lower()}:
            return value
    begun = [value for label, value in options if label.lower().startswith(typed.lower())]
    if len(begun) == 1:
        return begun[0]
    raise Unreadable(f"choose one of 1 to {len(options)}")


def _known(names: Mapping[str, str], typed: str, problem: str) -> str:
    for identity, name in names.items():
        if typed in {identity, name}:
            return identity
    raise Unreadable(f"{problem} {typed!r}")
