"""What the program knows about its own scheduled work (internal)."""

from datetime import datetime

from domain.outcomes import Result


class Slot(Result):
    """One job at one scheduled time."""

    job: str
    slot: datetime


class TicksRecovered(Result):
    """What the sweep found."""

    to_run: tuple[Slot, ...]
    coalesced: int
    given_up: int
