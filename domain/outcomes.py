"""What comes back from an operation: done, pending or refused. A refusal is a result, not an exception."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Result(BaseModel):
    """Base of every result and card: frozen, typed, and able to be stored as JSON and read back."""

    model_config = ConfigDict(frozen=True, ser_json_timedelta="float")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: amounts as decimal strings, times as ISO 8601 in UTC."""
        return self.model_dump(mode="json")


class Kind(StrEnum):
    """The families of refusal; each surface maps a family once (HTTP status, exit code, where it is shown)."""

    INVALID = "invalid_input"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    REFUSED = "refused"
    PRIME_LAW = "prime_law"
    UNAVAILABLE = "unavailable"


class Button(Result):
    """An operation a reader may press: its label, its name, and the parameters it starts with."""

    label: str
    operation: str
    params: dict[str, Any] = Field(default_factory=dict)
    form: bool = False
    style: Literal["primary", "danger"] | None = None
    confirm: str | None = None


class Refused(Result):
    """What did not happen, the figures compared, why, and who or what lifts it (principle 5)."""

    kind: Kind
    code: str
    layer: str
    detail: str
    figures: dict[str, Any] = Field(default_factory=dict)
    remedy: str = ""
    buttons: tuple[Button, ...] = ()
    field: str | None = None
    reference: str = ""


class PendingApproval(Result):
    """The operation waits for a second person."""

    approval_id: int
    operation: str
    joined: bool = False
    """Whether the same request was open already."""
    headline: str = ""
    can_decide: tuple[str, ...] = ()
    expires_at: datetime | None = None
    reference: str = ""


class Done(BaseModel):
    """The operation acted (or read); `result` is the operation's own result model."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    operation: str
    result: Result
    audit_id: int | None = None
    replayed: bool = False
    remark: str | None = None
    """What the caller should know of how it was done, where it was not done as it was asked for."""


class Held(Result):
    """A worker's production action met Prime Law: it is kept, and a manager decides about it later."""

    held_id: int
    operation: str


Outcome = Done | PendingApproval | Refused | Held
"""What the gate returns."""


def refused(
    kind: Kind,
    code: str,
    detail: str,
    *,
    layer: str,
    remedy: str = "",
    buttons: tuple[Button, ...] = (),
    field: str | None = None,
    **figures: Any,
) -> Refused:
    """Build a refusal; keyword arguments left over are the figures that were compared."""
    plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in figures.items()}
    return Refused(
        kind=kind, code=code, layer=layer, detail=detail, figures=plain, remedy=remedy, buttons=buttons, field=field
    )
