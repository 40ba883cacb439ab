"""What tripwires look like from outside."""

from datetime import datetime

from domain.outcomes import Result
from domain.policies.results import Temporary


class TripwirePolicy(Result):
    """One tripwire's figures, and who set them."""

    domain: str
    metric: str
    method: str
    kind: str
    better: str
    max_drop_fraction: float
    warn_n: int
    act_n: int
    warn_after: int
    act_after: int
    reference_rate: float | None = None
    floor: float | None = None
    action: str
    throttles: str | None = None
    enabled: bool
    window_events: int
    baseline_events: int
    min_events_to_enforce: int
    version: int
    changed_by: str
    reason: str
    updated_at: datetime
    temporary: tuple[Temporary, ...] = ()


class TripwirePolicies(Result):
    """Every tripwire's figures."""

    items: tuple[TripwirePolicy, ...]


class PolicyChanged(Result):
    """A tripwire's figures as they are now, and which of them changed."""

    policy: TripwirePolicy
    changed: tuple[str, ...]
    created: bool = False
    until: datetime | None = None
    state: str
    audit_id: int | None = None


class Trial(Result):
    """An engine at a share of its caps after a release, and what was measured since."""

    share: int
    """Percent of the caps."""
    engine: str
    hold_id: int
    alert_id: int | None
    """Whose card tells of it."""
    since: datetime
    ends_at: datetime
    """When it ends by itself at the latest."""
    needs: int | None
    """After how many events since then it may end sooner; None where its time alone ends it."""
    least: float | None
    """The rate that these must be better than: on the wrong side of it they show a drop."""
    usual: float
    events: int = 0
    """Events since the release, by the time they happened at; those before it were chosen by the alarm."""
    successes: float = 0.0
    shown: int = 0
    """At how many events the card was edited last."""
    ended_at: datetime | None = None
    ended_why: str | None = None
    """its time, measured, resumed, tripped or released."""


class TripwireState(Result):
    """How one tripwire stands."""

    domain: str
    metric: str
    kind: str
    state: str
    """off, learning, armed, warned or tripped."""
    enabled: bool
    action: str
    throttles: str | None = None
    is_throttled: bool = False
    """Whether its own hold is in force."""
    baseline_rate: float | None = None
    """What is normal: of a number, the share above its usual middle; of a volume, events a week."""
    middle: float | None = None
    """Of a number: its usual middle."""
    floor: float | None = None
    learned: int
    needs: int
    """How much must be learned before it can act: events, or hours of a volume."""
    can_act: bool
    ready_about: datetime | None = None
    recent_rate: float | None = None
    recent_events: int = 0
    score: float = 0.0
    """The R that is reached now."""
    warn_n: int
    act_n: int
    events: int
    per_day: float | None = None
    last_event_at: datetime | None = None
    is_stale: bool = False
    days_old: int | None = None
    """Whole days since its last event; None where there was none."""
    """Whether its newest event is too old to say anything about today."""
    warned_at: datetime | None = None
    tripped_at: datetime | None = None
    alert_id: int | None = None
    since_alarm_events: int = 0
    since_alarm_successes: float = 0
    released_at: datetime | None = None
    trial: Trial | None = None
    """The trial share in force since the release."""
    waiting: bool = False
    """Whether events wait that were not looked at yet."""
    version: int
    policy_version: int


class TripwireStates(Result):
    """How tripwires stand; one, or all."""

    items: tuple[TripwireState, ...]
    as_of: datetime


class TripwireSnapshot(Result):
    """How all tripwires stand, counted."""

    as_of: datetime
    off: int
    learning: int
    armed: int
    warned: int
    tripped: int
    is_throttled: bool
    throttled_engines: tuple[str, ...]
    items: tuple[TripwireState, ...]


class PartLine(Result):
    """One market's or source's events since the dip began."""

    by: str
    name: str
    events: int
    successes: int


class ChangeLine(Result):
    """Something somebody changed shortly before."""

    at: datetime
    what: str
    by: str


class Waiting(Result):
    """What an alarm in the night keeps waiting."""

    held: int
    due: int
    next_due_at: datetime | None = None


class TripCard(Result):
    """What an alert of a tripwire says (cards, 4); it is kept with the alert and edited in place."""

    domain: str
    metric: str
    kind: str
    better: str
    cause: str
    action: str
    """What it did: THROTTLE, KILL_SWITCH, or WARN where it only warned."""
    engine: str | None = None
    is_warning: bool = False
    usual: float
    now: float
    events: int
    successes: float
    began_at: datetime | None = None
    tripped_at: datetime
    n: float | None = None
    per_day: float | None = None
    middle: float | None = None
    floor: float | None = None
    waiting: Waiting | None = None
    where: PartLine | None = None
    elsewhere: PartLine | None = None
    changes: tuple[ChangeLine, ...] = ()
    act_n: int
    warn_n: int
    policy_version: int
    since_events: int = 0
    since_successes: float = 0
    released_at: datetime | None = None
    released_by: str | None = None
    approved_by: str | None = None
    release_reason: str | None = None
    trial: Trial | None = None
    """The trial share it was released to, also after its end."""
    kill_switch_engaged: bool = False


class TripwireReleased(Result):
    """A tripwire was released: its own hold is lifted, or became a trial share, and it begins clean."""

    domain: str
    metric: str
    action: str
    engine: str | None = None
    lifted: bool
    """Whether a hold of its own was in force."""
    others: tuple[str, ...] = ()
    """What else still holds the engine, by source."""
    kill_switch_engaged: bool
    since_events: int
    since_successes: float
    usual: float
    state: str
    released_at: datetime
    released_by: str
    approved_by: str | None = None
    reason: str
    trial: Trial | None = None
    audit_id: int | None = None


class Evaluated(Result):
    """What the program's own sweep did."""

    evaluated: int
    tripped: int
    warned: int
    again: bool = False
    """Whether more is left that needs another pass."""
