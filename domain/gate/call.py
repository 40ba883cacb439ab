"""What a surface hands to the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from domain.identity import SYSTEM, Caller
from domain.outcomes import Kind, Refused, refused

UNEXPECTED = "unexpected"


def new_correlation_id() -> str:
    """Return an id that ties a call to everything it caused."""
    return uuid4().hex


def reference(correlation_id: str) -> str:
    """Return the short form people read out and logs are searched for."""
    return correlation_id[:8].upper()


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who asks for which operation, with what, and under which key a repetition is recognised."""

    operation: str
    params: Mapping[str, Any]
    caller: Caller
    key: str | None = None
    correlation_id: str = field(default_factory=new_correlation_id)
    break_glass_reason: str | None = None
    """Given by an owner who acts alone; the reason is the price."""
    hold_until: datetime | None = None
    """For a worker's production action: until when it may wait where Prime Law stops it."""


def unexpected(correlation_id: str) -> Refused:
    """Return the apology for what nobody foresaw; the log has the reference."""
    return refused(
        Kind.UNAVAILABLE, UNEXPECTED, "Something went wrong here, and nothing was changed.", layer="Valhalla",
        remedy="Try again; if it stays, tell whoever runs Valhalla the reference below.",
    ).model_copy(update={"reference": reference(correlation_id)})  # fmt: skip


def system_call(operation: str, *, key: str | None = None, **params: Any) -> Call:
    """Build a call the program makes by itself."""
    return Call(operation, params, SYSTEM, key=key)
