"""A small schema language that checks JSON and names every problem by its JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any


class Problems(list[str]):
    """The problems found so far, worded as Slack words them in `response_metadata.messages`."""

    def add(self, pointer: str, message: str) -> None:
        """Note one problem at the place `pointer` names."""
        self.append(f"[ERROR] {message} [json-pointer:{pointer}]")


Shape = Callable[[Any, str, Problems], None]


def string(most: int, least: int = 1, pattern: str | None = None) -> Shape:
    """Text of `least` to `most` characters, matching `pattern` where one is given."""
    compiled = re.compile(pattern) if pattern else None

    def check(value: Any, pointer: str, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.add(pointer, "must be a string")
        elif len(value) < least:
            problems.add(pointer, f"must be more than {least - 1} characters")
        elif len(value) > most:
            problems.add(pointer, f"must be less than {most + 1} characters")
        elif compiled and not compiled.fullmatch(value):
            problems.add(pointer, "failed to match the expected format")

    return check


def integer(least: int, most: int) -> Shape:
    """A whole number from `least` to `most`."""

    def check(value: Any, pointer: str, problems: Problems) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            problems.add(pointer, "must be an integer")
        elif not least <= value <= most:
            problems.add(pointer, f"must be between {least} and {most}")

    return check


def flag(value: Any, pointer: str, problems: Problems) -> None:
    """True or false."""
    if not isinstance(value, bool):
        problems.add(pointer, "must be a boolean")


def one_of(*allowed: str) -> Shape:
    """One of a few words."""

    def check(value: Any, pointer: str, problems: Problems) -> None:
        if value not in allowed:
            problems.add(pointer, f"must be a valid enum value: {', '.join(allowed)}")

    return check


def array(item: Shape, most: int, least: int = 1) -> Shape:
    """A list of `least` to `most` items of one shape."""

    def check(value: Any, pointer: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.add(pointer, "must be an array")
            return
        if len(value) < least:
            problems.add(pointer, f"no fewer than {least} items allowed")
        if len(value) > most:
            problems.add(pointer, f"no more than {most} items allowed")
        for index, entry in enumerate(value):
            item(entry, f"{pointer}/{index}", problems)

    return check


def record(required: Mapping[str, Shape], optional: Mapping[str, Shape], *rules: Shape) -> Shape:
    """An object with these fields and no others; `rules` check it as a whole once its fields are right."""
    fields = {**required, **optional}

    def check(value: Any, pointer: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add(pointer, "must be an object")
            return
        before = len(problems)
        for name in required:
            if name not in value:
                problems.add(pointer, f"missing required field: {name}")
        for name, entry in value.items():
            if name in fields:
                fields[name](entry, f"{pointer}/{name}", problems)
            else:
                problems.add(pointer, f"invalid additional property: {name}")
        if len(problems) == before:
            for rule in rules:
                rule(value, pointer, problems)

    return check


def kind(name: str, required: Mapping[str, Shape], optional: Mapping[str, Shape], *rules: Shape) -> Shape:
    """A record whose `type` is `name`."""
    return record({"type": one_of(name), **required}, optional, *rules)


def typed(shapes: Mapping[str, Shape]) -> Shape:
    """An object checked by the shape its own `type` names."""

    def check(value: Any, pointer: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add(pointer, "must be an object")
            return
        name = value.get("type")
        shape = shapes.get(name) if isinstance(name, str) else None
        if name is None:
            problems.add(pointer, "missing required field: type")
        elif shape is None:
            problems.add(f"{pointer}/type", f"unsupported type: {name}")
        else:
            shape(value, pointer, problems)

    return check


def exactly_one(*names: str) -> Shape:
    """A rule: just one of these fields is present."""

    def check(value: Any, pointer: str, problems: Problems) -> None:
        present = [name for name in names if name in value]
        if len(present) != 1:
            problems.add(pointer, f"exactly one of these fields is required: {', '.join(names)}")

    return check
