"""What Valhalla says about itself."""

from domain.outcomes import Result
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


class DoctorView(Result):
    """What is wrong and how to mend it, as recorded by the processes."""

    ok: bool
    checks: tuple[Check, ...]
