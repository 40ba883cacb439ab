"""Caps and bookings as pure functions of plain values, in whole cents."""

import re

GLOBAL = "GLOBAL"
_ENGINE = re.compile(r"[A-Z][A-Z0-9_]{0,31}")


def engine_name(text: str) -> str:
    """Return an engine's one name, whatever the spelling; raises `ValueError` where none can have it."""
    name = text.strip().upper()
    if not _ENGINE.fullmatch(name):
        raise ValueError("is not an engine's name: a letter, then letters, digits and _")
    return name
