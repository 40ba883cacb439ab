"""What Heimdall looks like from outside; rates and confidence are 0 to 1."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from domain.outcomes import Result
from domain.policies.results import FieldChange, Temporary


class PolicyView(Result):
    """One domain's policy, and whether its recommendations are used for real."""

    domain: str
    min_confidence_prod: float
    min_sandbox_trials: int
    min_sandbox_success_rate: float
    prod_use_enabled: bool
    scorecard_days: int
    version: int
    changed_by: str
    reason: str
    updated_at: datetime
    model_fingerprint: str | None = None
    prod_model_fingerprint: str | None = None
    prod_use_since: datetime | None = None
    promoted_at: datetime | None = None
    temporary: tuple[Temporary, ...] = ()


class PolicyList(Result):
    """Every policy, by domain."""

    items: tuple[PolicyView, ...]


class PolicySet(Result):
    """A policy as it is now, and what changed."""

    policy: PolicyView
    changes: tuple[FieldChange, ...]
    until: datetime | None = None
    demoted: bool = False
    """Whether what was used in production does not reach the new figures, and went back to the sandbox."""
    audit_id: int | None = None


class Window(Result):
    """The trials of the last so many days, today among them."""

    days: int
    trials: int
    successes: int
    success_rate: float | None
    low: float | None = None
    """The true rate lies between `low` and `high` with 95 chances in 100."""
    high: float | None = None
    says: float | None = None
    """Mean confidence."""


class Range(Result):
    """Trials whose confidence lies in one range: what the model says, and what it delivers."""

    low: float
    high: float
    trials: int
    success_rate: float
    says: float


class DayScore(Result):
    """One day's trials."""

    day: date
    trials: int
    successes: int


class Scorecard(Result):
    """How one domain did, over several windows, and whether it would pass now."""

    domain: str
    policy: PolicyView
    gate: Window
    """The window the gate looks at."""
    windows: tuple[Window, ...]
    production: Window
    """Of the longest window: outcomes of real use alone."""
    days: tuple[DayScore, ...]
    ranges: tuple[Range, ...]
    reasons: tuple[str, ...]
    """What it does not reach yet, as codes of the gate."""
    how_sure: str
    calibration: str
    finding: str
    other_models: int = 0
    """Trials in the longest window that named another model, and do not count."""
    last_at: datetime | None = None
    approval_id: int | None = None
    """The open request to promote it."""


class ScorecardList(Result):
    """Scorecards, by domain."""

    items: tuple[Scorecard, ...]
    as_of: datetime


class SnapshotLine(Result):
    """One domain at a glance."""

    domain: str
    prod_use_enabled: bool
    prod_use_since: datetime | None = None
    trials: int
    success_rate: float | None
    scorecard_days: int
    min_sandbox_trials: int
    min_sandbox_success_rate: float
    reasons: tuple[str, ...]
    made: int
    """Recommendations made today."""
    used: int
    last_at: datetime | None = None
    approval_id: int | None = None
    can_promote: bool = False


class HeimdallSnapshot(Result):
    """Every domain at a glance."""

    items: tuple[SnapshotLine, ...]
    as_of: datetime


class TrialRecorded(Result):
    """A trial, and where its domain stands with it."""

    domain: str
    day: date
    confidence: float
    success: bool
    counted: bool = True
    """False where the same trial was reported before."""
    gate: Window
    min_sandbox_trials: int
    min_sandbox_success_rate: float
    demoted: bool = False
    audit_id: int | None = None


class Recommended(Result):
    """A recommendation that was recorded, and what the gate says of using it."""

    recommendation_id: int
    domain: str
    correlation_id: str
    confidence: float
    allowed: bool
    code: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    detail: str
    created: bool = True
    """False where the same one was recorded before."""
    demoted: bool = False
    audit_id: int | None = None


class GateAnswer(Result):
    """What the gate would say now; nothing is used by asking."""

    recommendation_id: int
    domain: str
    confidence: float
    allowed: bool
    code: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    detail: str
    model_fingerprint: str | None = None
    created_at: datetime
    used_at: datetime | None = None
    used_by: str | None = None
    success: bool | None = None


class Used(Result):
    """A recommendation that passed every gate and may be acted on, this once."""

    recommendation_id: int
    domain: str
    correlation_id: str
    code: str
    allowed: bool = True
    confidence: float
    payload: dict[str, Any] = Field(default_factory=dict)
    used_at: datetime
    used_by: str
    warnings: tuple[str, ...] = ()
    audit_id: int | None = None


class OutcomeRecorded(Result):
    """What became of a recommendation."""

    recommendation_id: int
    domain: str
    success: bool
    recorded: bool = True
    """False where the same outcome was recorded before."""
    was_used: bool
    gate: Window
    min_sandbox_success_rate: float
    demoted: bool = False
    audit_id: int | None = None


class Promoted(Result):
    """A domain whose recommendations may be used for real."""

    domain: str
    since: datetime
    version: int
    gate: Window
    model_fingerprint: str | None = None
    requested_by: str
    approved_by: str | None = None
    audit_id: int | None = None


class Demoted(Result):
    """A domain that went back to the sandbox, by hand or by itself."""

    domain: str
    at: datetime
    by: str
    cause: str
    reason: str
    changed: bool = True
    version: int
    since: datetime | None = None
    gate: Window
    min_sandbox_success_rate: float
    min_sandbox_trials: int
    last_at: datetime | None = None
    was_model: str | None = None
    model_fingerprint: str | None = None
    open_recommendations: int = 0
    """Made while it was in production, and not used: each is refused from now on."""
    audit_id: int | None = None


class Watched(Result):
    """How many domains went back to the sandbox by themselves."""

    demoted: tuple[str, ...] = ()


class DomainWeek(Result):
    """One domain's week in the Friday digest."""

    domain: str
    prod_use_enabled: bool
    trials: int
    success_rate: float | None
    before: float | None
    """The rate of the week before."""
    min_sandbox_trials: int
    min_sandbox_success_rate: float
    reasons: tuple[str, ...]
    says: float | None
    used: int
    known: int
    succeeded: int
    can_promote: bool
    approval_id: int | None = None


class Evolution(Result):
    """The Friday digest: each domain's week, and whether it would pass."""

    friday: date
    since: date
    until: date
    items: tuple[DomainWeek, ...]


class EvolutionPosted(Result):
    """Whether a digest was due, and posted."""

    posted: bool
    friday: date | None = None
