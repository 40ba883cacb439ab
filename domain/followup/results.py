"""What follow-ups look like from outside; a phone number or an e-mail address is in `Claimed` and nowhere else."""

from datetime import datetime
from typing import Literal

from domain.outcomes import Refused, Result


class Seller(Result):
    """Who a step is about, without any way to reach them."""

    lead_id: str
    seller_name: str | None = None
    market: str = "ALL"
    """A town or region, `ALL` where none was given."""
    province: str
    language: str = "en"
    property_address: str | None = None


class Blocked(Result):
    """Why a step cannot be done now, and what lifts it."""

    code: Literal["claimed", "suppressed", "no_number", "no_consent", "window"]
    detail: str
    remedy: str = ""
    claimed_by: str | None = None
    until: datetime | None = None
    """When it lifts by itself: the end of another's claim, or the next opening of the contact window."""
    may_call_instead: bool = False
    """Whether a text that may not be sent may be done as a call (*Call instead*)."""


class Step(Result):
    """One step as anybody here may see it."""

    task_id: int
    ladder_id: int
    step: int
    of: int = 6
    channel: Literal["SMS", "CALL"]
    seller: Seller
    due_at: datetime
    sla_from: datetime
    late_from: datetime
    promise_ends: datetime
    lateness: Literal["on_time", "late", "broken"]
    assignee: str | None = None
    """A Slack user id, or a name as it was typed."""
    window: str = ""
    """What is known of the contact hours (“contact window not checked”)."""
    consent: str | None = None
    """For a text: why it may be sent (`express`, `inquiry`, …)."""
    consent_until: datetime | None = None
    note: str | None = None
    """What was last noted on this ladder."""
    blocked: Blocked | None = None


class Claimed(Result):
    """A step that is the reader's for 20 minutes: the number and the words, for nobody else."""

    step: Step
    claimed_by: str
    lease_until: datetime
    generation: int
    number: str | None
    """E.164; None where it may not be used any more (wrong, or the person asked us to stop)."""
    words: str
    """What to send or say."""
    reminder: str = ""
    already_yours: bool = False
    """Whether it was the reader's before this call; the claim was not made longer."""


class Share(Result):
    """How many of some steps were done within the promise."""

    count: int
    within_2h: int
    rate: float | None
    """`within_2h` / `count`; None where there was nothing to do."""
    target: float


class DueView(Result):
    """What is due: late first, then by the end of the promise; what cannot be done now is apart."""

    scope: str
    """`mine` (the reader's steps and those of nobody), `all`, or a province."""
    as_of: datetime
    stopped: Refused | None = None
    """Prime Law's refusal where acting is off: nothing below can be claimed now."""
    due: int
    """How many steps are due in this scope, at most `counted_to`."""
    late: int
    """How many of those are late (the broken ones among them)."""
    is_capped: bool = False
    """Whether there are more than `due` says."""
    week: Share
    """The reader's own last seven days."""
    yours: tuple[Claimed, ...] = ()
    """Steps the reader has claimed, on the first page only."""
    now: tuple[Step, ...] = ()
    waiting: tuple[Step, ...] = ()
    next_cursor: str | None = None
    """The `cursor` of the next page; None where this is the last."""


class LadderCreated(Result):
    """A ladder was created, or was open already."""

    lead_id: str
    ladder_id: int
    created: bool
    """False where this lead has an open ladder already: nothing was added."""
    is_open: bool = True
    seller: Seller
    arrived_at: datetime
    created_by: str
    steps: tuple[Step, ...]
    same_as: tuple[str, ...] = ()
    """Other names that turned out to be this lead (the same phone, e-mail or property)."""
    asked_for: str
    """The name the caller used."""
    not_used: tuple[str, ...] = ()
    """Kinds of given contacts (`phone`, `email`) that are never used again, since they were reported wrong."""
    has_consent: bool = False
    audit_id: int | None = None


class PastStep(Result):
    """One step of a ladder with what became of it."""

    step: Step
    state: Literal["open", "claimed", "done", "stopped"]
    claimed_by: str | None = None
    lease_until: datetime | None = None
    completed_at: datetime | None = None
    completed_by: str | None = None
    outcome: str | None = None
    note: str | None = None
    stopped_at: datetime | None = None
    stopped_why: str | None = None


class LadderView(Result):
    """A lead's newest ladder, step by step."""

    seller: Seller
    asked_for: str
    stage: str
    ladder_id: int
    arrived_at: datetime
    created_by: str
    ended_at: datetime | None = None
    ended_why: str | None = None
    """`interested`, `not_interested`, `sold`, `wrong_number`, `asked_to_stop`, `stopped`, `merged`, `all done`."""
    steps: tuple[PastStep, ...]
    earlier_ladders: int = 0
    as_of: datetime


class Completed(Result):
    """What was recorded of a step, and everything that followed from it."""

    task_id: int
    step: int
    channel: str
    seller: Seller
    outcome: str
    note: str | None = None
    completed_at: datetime
    completed_by: str
    in_time: bool
    """Whether it was done within two hours."""
    answered_in: int
    """Seconds from the start of its promise."""
    ladder_ended: bool = False
    ended_why: str | None = None
    stopped_steps: int = 0
    suppressed: int = 0
    """How many contacts of the person are never used again, on any channel."""
    number_retired: bool = False
    callback_at: datetime | None = None
    handed_over: bool = False
    was_stopped: bool = False
    """Whether the step had been stopped before: what happened is recorded all the same."""
    told: tuple[str, ...] = ()
    """Who held one of these steps and was told in a direct message."""
    audit_id: int | None = None


class LadderStopped(Result):
    """A ladder was stopped."""

    seller: Seller
    asked_for: str
    ladder_id: int
    stopped_steps: int
    stopped_by: str
    stopped_at: datetime
    reason: str
    told: tuple[str, ...] = ()
    audit_id: int | None = None


class HandOver(Result):
    """A seller is interested: a card for the deals channel."""

    ladder_id: int
    task_id: int
    seller: Seller
    step: int
    channel: str
    interested_at: datetime
    recorded_by: str
    assignee: str | None = None
    note: str | None = None
    score: float | None = None
    source: str | None = None
    arrived_at: datetime
    audit_id: int | None = None


class ClaimOver(Result):
    """A direct message to whoever holds a step that is not theirs to do any more."""

    task_id: int
    step: int
    channel: str
    seller: Seller
    why: Literal["completed", "stopped"]
    by: str
    at: datetime
    outcome: str | None = None
    reason: str | None = None
    may_not_contact: bool = False
    """Whether the person asked us to stop: hang up if you are talking to them."""


class OverdueStep(Result):
    """A late step in the live card."""

    task_id: int
    step: int
    channel: str
    lead_id: str
    seller_name: str | None
    market: str
    province: str
    sla_from: datetime
    is_broken: bool


class OverdueGroup(Result):
    """One person's late steps, the oldest first; `more` are not listed."""

    assignee: str | None
    """A Slack user id, a name as typed, or None for the steps of nobody."""
    late: int
    """All of them, the broken ones included."""
    broken: int
    oldest: datetime
    steps: tuple[OverdueStep, ...]
    more: int = 0


class OverdueCard(Result):
    """One episode of late follow-ups, from the first late step until none is late any more."""

    episode: int
    late: int
    """Open past 30 minutes, the broken ones included."""
    broken: int
    """Open past 2 hours."""
    opened_at: datetime
    groups: tuple[OverdueGroup, ...]
    is_over: bool = False
    ended_at: datetime | None = None
    worst: int = 0
    """The most that were late at once in this episode."""
    acting_is_off: bool = False
    """Whether Prime Law holds production back, so that nobody can claim any of them."""


class SlaLine(Result):
    """The figures of one assignee, channel, province, source, or of all."""

    name: str | None
    count: int
    """Steps done in the period, given up after their promise was broken, or open and late now."""
    within_30m: int
    within_2h: int
    overdue_now: int
    """Open and late now (the broken ones among them)."""
    broken_now: int
    rate_30m: float | None
    rate_2h: float | None


class SlaView(Result):
    """How well the promise was kept."""

    days: int
    since: datetime
    as_of: datetime
    target: float
    total: SlaLine
    by_assignee: tuple[SlaLine, ...]
    by_channel: tuple[SlaLine, ...]
    by_province: tuple[SlaLine, ...]
    by_source: tuple[SlaLine, ...]


class Swept(Result):
    """What one run of the sweep did."""

    failed: int = 0
    """Steps whose broken promise was counted in this run."""
    excused: int = 0
    """Steps that Prime Law had held back."""
    card_changed: bool = False
    more: bool = False
    """Whether the batch was full, so that it should run again at once."""
