"""Policies, scorecards, recommendations and events of Heimdall."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId

DOMAIN = 32
FINGERPRINT = 128


class HeimdallPolicy(Base):
    """What one domain's recommendations must reach before they are used for real, and whether they are."""

    __tablename__ = "heimdall_policy"

    domain: Mapped[str] = mapped_column(String(DOMAIN), primary_key=True)
    min_confidence_prod: Mapped[float]
    min_sandbox_trials: Mapped[int]
    min_sandbox_success_rate: Mapped[float]
    prod_use_enabled: Mapped[bool]
    scorecard_days: Mapped[int]
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    updated_at: Mapped[datetime]
    model_fingerprint: Mapped[str | None] = mapped_column(String(FINGERPRINT))
    """The model that a trial or recommendation named last."""
    prod_model_fingerprint: Mapped[str | None] = mapped_column(String(FINGERPRINT))
    """The model whose use in production was approved; None while it is not, and where none was named."""
    prod_use_since: Mapped[datetime | None]
    promoted_at: Mapped[datetime | None]
    """When it was promoted on its evidence; None where production use was switched on without."""


class HeimdallScorecard(Base):
    """The trials of one domain on one day of the business: sums that any number of writers may add to."""

    __tablename__ = "heimdall_scorecard"

    domain: Mapped[str] = mapped_column(String(DOMAIN), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    is_production: Mapped[bool] = mapped_column(primary_key=True)
    """Whether these are outcomes of real use, not of the sandbox."""
    model_fingerprint: Mapped[str] = mapped_column(String(FINGERPRINT), primary_key=True)
    """Empty where none was named."""
    bucket: Mapped[int] = mapped_column(primary_key=True)
    """Which range of confidence, by its number in `rules.BUCKETS`."""
    slot: Mapped[int] = mapped_column(primary_key=True)
    """One of a few rows that share the same trials, so that writers seldom wait for each other."""
    trials: Mapped[int]
    successes: Mapped[int]
    confidence_sum: Mapped[int] = mapped_column(BigInteger)
    """In millionths, so that the sum does not depend on the order of the trials."""
    last_at: Mapped[datetime]


class HeimdallRecommendation(Base):
    """What a model recommended; what it said never changes, only what became of it is added."""

    __tablename__ = "heimdall_recommendation"
    __table_args__ = (UniqueConstraint("correlation_id"), Index(None, "domain", "created_at"))

    id: Mapped[RowId]
    domain: Mapped[str] = mapped_column(String(DOMAIN))
    correlation_id: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    confidence: Mapped[float]
    model_fingerprint: Mapped[str | None] = mapped_column(String(FINGERPRINT))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    gate_code: Mapped[str] = mapped_column(String(64))
    """What the gate said when it was made."""
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None] = mapped_column(String(64))
    success: Mapped[bool | None]
    outcome_at: Mapped[datetime | None]
    outcome_by: Mapped[str | None] = mapped_column(String(64))


class HeimdallEvent(Base):
    """Everything that was decided or reported, append-only; `correlation_id` is the caller's own, counted once."""

    __tablename__ = "heimdall_event"
    __table_args__ = (UniqueConstraint("domain", "kind", "correlation_id"), Index(None, "domain", "at"))

    id: Mapped[RowId]
    at: Mapped[datetime]
    domain: Mapped[str] = mapped_column(String(DOMAIN))
    kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    correlation_id: Mapped[str | None] = mapped_column(String(64))
    recommendation_id: Mapped[int | None] = mapped_column(BigInteger)
    confidence: Mapped[float | None]
    success: Mapped[bool | None]
    model_fingerprint: Mapped[str | None] = mapped_column(String(FINGERPRINT))
    code: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[dict[str, Any] | None]
