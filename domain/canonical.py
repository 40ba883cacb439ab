"""One way to write a value as text, so that equal things have equal hashes on every machine and database."""

import hashlib
import json
import math
from datetime import UTC, datetime
from enum import Enum
from types import NoneType
from typing import Any

from pydantic import BaseModel

_PLAIN = frozenset({str, int, bool, NoneType})


def stable(value: Any) -> Any:  # noqa: PLR0911 - one return per kind of value
    """Return plain JSON values without floats, which databases print each in their own way."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, BaseModel):
        return stable(value.model_dump(mode="python"))
    if isinstance(value, dict):
        return {str(key): stable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [stable(item) for item in value]
    if isinstance(value, Enum):
        return value.name.lower() if isinstance(value.value, int) else value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if isinstance(value, int | str) else str(value)


def text_of(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces."""
    return json.dumps(stable(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(*values: Any) -> str:
    """Return the SHA-256 of the canonical text, in hex."""
    return hashlib.sha256(text_of(list(values)).encode()).hexdigest()


DEEPEST = 20


def keepable(thing: Any, deeper: int = DEEPEST) -> None:
    """Check that plain JSON of a caller's can be kept by every database, and read back by every reader.

    Raises `ValueError` with the reason: PostgreSQL takes neither NUL nor half a surrogate pair.
    """
    if deeper == 0:
        raise ValueError("is nested too deeply")
    if isinstance(thing, str) and ("\x00" in thing or any("\ud800" <= sign <= "\udfff" for sign in thing)):
        raise ValueError("holds signs that are no text")
    if isinstance(thing, float) and not math.isfinite(thing):
        raise ValueError("holds a number that is too large")
    for inner in (
        [*thing.keys(), *thing.values()] if isinstance(thing, dict) else thing if isinstance(thing, list) else ()
    ):
        keepable(inner, deeper - 1)
