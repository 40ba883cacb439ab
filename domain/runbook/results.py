"""What the runbook says."""

from datetime import datetime
from enum import StrEnum

from domain.outcomes import Result


class Severity(StrEnum):
    """How much a failed check weighs."""

    BLOCKER = "BLOCKER"
    WARN = "WARN"
    INFO = "INFO"


class Check(Result):
    """One check, its finding, how old the evidence is, and the cure."""

    name: str
    severity: Severity
    ok: bool
    detail: str
    evidence_at: datetime | None = None
    cure: str = ""


class Statement(Result):
    """One of the statements that people sign."""

    statement: str
    meaning: str
    good_for_days: int
    signed_by: str | None = None
    signed_at: datetime | None = None
    valid_until: datetime | None = None
    is_valid: bool = False


class RunbookStatus(Result):
    """All checks, sorted into what blocks, what warns and what is merely said."""

    ok_to_enable_go_live: bool
    blockers: tuple[Check, ...]
    warnings: tuple[Check, ...]
    info: tuple[Check, ...]
    passed: tuple[Check, ...]
    statements: tuple[Statement, ...]
    checked_at: datetime


class Markdown(Result):
    """The runbook as a document."""

    markdown: str


class Attested(Result):
    """A statement was signed."""

    statement: Statement


class Watched(Result):
    """What broke and what was mended since the checks were last looked at."""

    broken: tuple[str, ...]
    mended: tuple[str, ...]
