"""What being on call looks like from outside."""

from datetime import datetime

from domain.outcomes import Result


class Duty(Result):
    """A time in which one person is on call without a break."""

    user_id: str
    since: datetime
    until: datetime | None = None
    """None: as far ahead as the rota was looked at."""
    note: str | None = None


class ShiftLine(Result):
    """One shift of the rota."""

    shift_id: int
    user_id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    """Of a weekly shift: its present or next time."""
    every_weeks: int | None = None
    note: str | None = None
    set_by: str
    counts: bool = True
    """Whether its person may be on call now."""


class RotaView(Result):
    """Who is on call, who is next, and what the last one handed over."""

    now: Duty | None
    next: Duty | None
    pages: tuple[str, ...]
    """Who would be paged now, in this order, before the channel."""
    hand_over: str | None = None
    hand_over_by: str | None = None
    hand_over_at: datetime | None = None
    shifts: tuple[ShiftLine, ...] = ()
    by_phone: bool = False
    as_of: datetime


class Taken(Result):
    """Somebody took over: the answer, and the card in the channel and to whoever was relieved."""

    shift_id: int
    user_id: str
    since: datetime
    until: datetime
    instead_of: str | None = None
    note: str | None = None
    audit_id: int | None = None


class ShiftSet(Result):
    """A shift was put into the rota: the answer, and the card to whoever has it."""

    shift: ShiftLine
    audit_id: int | None = None


class ShiftRemoved(Result):
    """A shift was taken out of the rota."""

    shift: ShiftLine
    removed_by: str
    audit_id: int | None = None


class PageLine(Result):
    """Whom one step of a ladder reached or will reach, and by which ways; a line of the alert's card."""

    target: str
    at: datetime
    state: str
    """`planned`, `paged` or `failed`."""
    ways: tuple[str, ...]
    failed: tuple[str, ...] = ()
    """The ways that failed."""
    error: str | None = None
    said_by: str | None = None
    """Who passed the alert on to them."""


class PageCard(Result):
    """One page: a direct message, or a message to the on-call channel; edited once nobody need look any more."""

    page_id: int
    alert_id: int
    severity: str
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    opened_at: datetime
    why: str
    """`opened`, `passed` or `again`."""
    to_channel: bool = False
    next_target: str | None = None
    next_at: datetime | None = None
    before: tuple[PageLine, ...] = ()
    """Who was paged before, without an answer."""
    said_by: str | None = None
    """Who passed it on."""
    over: str | None = None
    """`acknowledged`, `passed` or `resolved`: there is nothing to do any more."""
    over_by: str | None = None
    over_at: datetime | None = None


class Advanced(Result):
    """What a look at the ladders did (internal)."""

    paged: int = 0
    reopened: int = 0


class PageFailed(Result):
    """What became of a page that could not be delivered (internal)."""

    page_id: int
    changed: bool
