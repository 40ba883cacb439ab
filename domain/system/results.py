"""What Valhalla says about itself."""

from datetime import datetime

from domain.alerts.results import AlertCard
from domain.approvals.results import ApprovalLine
from domain.followup.results import Step
from domain.oncall.results import RotaView
from domain.outcomes import Refused, Result
from domain.prime_law.results import GoLiveView
from domain.runbook.results import Check


class HelpLine(Result):
    """One thing that can be done."""

    operation: str
    command: str
    usage: str
    summary: str
    example: str


class HelpView(Result):
    """What the asker may do, by command; `topic` narrows it."""

    role: str | None
    topic: str | None
    items: tuple[HelpLine, ...]
    elsewhere: int = 0
    """How many more there are that the asker's role does not include."""


class HomeDue(Result):
    """The reader's steps, in short; without any number to call."""

    due: int
    late: int
    is_capped: bool = False
    stopped: Refused | None = None
    """Prime Law's refusal where nothing can be claimed now."""
    yours: tuple[Step, ...] = ()
    now: tuple[Step, ...] = ()


class HomeView(Result):
    """The Home tab of one person; a part is None where the role does not include it."""

    role: str | None
    as_of: datetime
    switches: GoLiveView | None = None
    to_decide: tuple[ApprovalLine, ...] = ()
    to_decide_total: int | None = None
    asked: tuple[ApprovalLine, ...] = ()
    asked_total: int = 0
    due: HomeDue | None = None
    alerts: tuple[AlertCard, ...] = ()
    alerts_total: int | None = None
    oncall: RotaView | None = None
    """Who is on call; None for a stranger."""
    may: tuple[HelpLine, ...] = ()
    elsewhere: int = 0
    """How many more things another role can do."""


class DoctorView(Result):
    """What is wrong and how to mend it, as recorded by the processes."""

    ok: bool
    checks: tuple[Check, ...]
