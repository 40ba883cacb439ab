"""Heimdall's own record: one row for everything that was decided or reported."""

from typing import Any

from sqlalchemy import insert

from domain.act import Act
from domain.canonical import stable
from domain.heimdall.tables import HeimdallEvent


def note(
    act: Act, domain: str, kind: str, *, code: str | None = None, model: str | None = None,
    recommendation_id: int | None = None, confidence: float | None = None, success: bool | None = None,
    detail: dict[str, Any] | None = None,
) -> int:  # fmt: skip
    """Write down one decision or report; return its number."""
    number: int | None = act.connection.scalar(
        insert(HeimdallEvent)
        .values(
            at=act.now, domain=domain, kind=kind, actor=act.actor, code=code, model_fingerprint=model,
            recommendation_id=recommendation_id, confidence=confidence, success=success,
            detail=stable(detail) if detail is not None else None, correlation_id=None,
        )
        .returning(HeimdallEvent.id)
    )  # fmt: skip
    assert number is not None
    return number
