"""What Risk Guard looks like from outside: amounts are CAD, `uncapped` where there is no cap."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from domain.outcomes import Result
from domain.policies.results import FieldChange, Temporary

Uncapped = Literal["uncapped"]
CapValue = Decimal | Uncapped
CountValue = int | Uncapped


class HoldLine(Result):
    """One thing that stops an engine, or limits it to a share of its caps."""

    hold_id: int
    engine: str
    source: str
    person: str | None = None
    """Whose it is, where a person placed it."""
    reason: str
    followups: bool
    placed_at: datetime
    share: int | None = None
    """The percent of its caps the engine acts at; None where it is stopped."""
    ends_at: datetime | None = None
    """When a trial share ends by itself."""


class PolicyLine(Result):
    """One engine's caps."""

    engine: str
    enabled: bool
    max_daily_loss: CapValue
    max_daily_exposure: CapValue
    max_open_risk: CapValue
    max_actions_per_day: CountValue
    version: int
    changed_by: str
    reason: str
    updated_at: datetime
    temporary: tuple[Temporary, ...] = ()
    holds: tuple[HoldLine, ...] = ()
    trials: tuple[HoldLine, ...] = ()
    """Trial shares in force: these caps count at the first one's."""


class PolicyList(Result):
    """Every engine's caps."""

    items: tuple[PolicyLine, ...]


class PolicySet(Result):
    """An engine's caps were set."""

    engine: str
    policy: PolicyLine
    changes: tuple[FieldChange, ...]
    changed: bool = True
    until: datetime | None = None
    changed_by: str
    approved_by: str | None = None
    audit_id: int | None = None


class CapLine(Result):
    """One cap and what is used of it."""

    cap: str
    limit: CapValue | CountValue
    """What counts now: the policy's figure, or a trial share of it."""
    at_full_speed: Decimal | int | None = None
    """What the policy says, where a trial share makes it less."""
    used: Decimal | int
    room: Decimal | int | None
    """None where there is no cap."""
    share: float | None
    """0 to 1 and more."""


class EngineLine(Result):
    """How one engine stands."""

    engine: str
    enabled: bool
    is_throttled: bool
    """Whether a hold is in force on it."""
    acts: bool
    """Whether a reservation could be made now, caps aside."""
    holds: tuple[HoldLine, ...] = ()
    trials: tuple[HoldLine, ...] = ()
    """Trial shares in force, the strictest first: it is the one that counts."""
    day: date
    caps: tuple[CapLine, ...]
    current_net_loss: Decimal
    daily_limit: CapValue
    open_risk: Decimal
    exposure: Decimal
    actions: int
    reservations: int
    """How many are open."""
    next_expiry: datetime | None = None
    most: Decimal | None = None
    """The largest amount that GLOBAL and the engine have room for; None where nothing caps it."""
    unit: str | None = None
    """What its users count in."""
    unit_amount: Decimal | None = None
    units: int | None = None
    """How many more of it there is room for."""
    version: int


class RiskSnapshot(Result):
    """All engines, and GLOBAL's figures on top."""

    as_of: datetime
    day: date
    current_net_loss: Decimal
    daily_limit: CapValue
    is_throttled: bool
    items: tuple[EngineLine, ...]


class LedgerLine(Result):
    """One engine's business day: `opening + reserved - settled - voided - expired = closing`."""

    engine: str
    day: date
    opening: Decimal
    reserved: Decimal
    settled: Decimal
    voided: Decimal
    expired: Decimal
    closing: Decimal
    exposure: Decimal
    realized_loss: Decimal
    actions: int
    denied: int
    is_closed: bool


class Ledger(Result):
    """One business day of every engine."""

    day: date
    items: tuple[LedgerLine, ...]


class ReservationLine(Result):
    """One reservation."""

    reservation_id: int
    engine: str
    amount: Decimal
    state: str
    about: str | None = None
    correlation_id: str | None = None
    created_by: str
    created_at: datetime
    expires_at: datetime
    realized_loss: Decimal | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None


class ReservationList(Result):
    """Open reservations, oldest first."""

    engine: str | None = None
    items: tuple[ReservationLine, ...]
    total: int
    amount: Decimal
    """Of all of them."""
    as_of: datetime


class Reserved(Result):
    """Room was taken."""

    allowed: Literal[True] = True
    reservation_id: int
    engine: str
    amount: Decimal
    state: str
    expires_at: datetime
    already: bool = False
    """Whether this correlation id had reserved before: then nothing more was booked."""
    caps: tuple[CapLine, ...] = ()
    """The engine's, after it."""
    unit: str | None = None
    units: int | None = None
    audit_id: int | None = None


class Closed(Result):
    """A reservation was settled or voided."""

    reservation_id: int
    engine: str
    amount: Decimal
    state: str
    realized_loss: Decimal | None = None
    freed: Decimal
    """How much open risk it gave back; nothing where it had expired."""
    exposure_given_back: Decimal = Decimal(0)
    was_expired: bool = False
    is_over: bool = False
    """Whether more was lost than was reserved."""
    audit_id: int | None = None


class Expired(Result):
    """How many reservations ended by themselves, and how many people heard that there is room."""

    expired: int
    told: int


class Paused(Result):
    """A hold is in force, or was lifted."""

    hold: HoldLine
    is_lifted: bool = False
    already: bool = False
    engine_enabled: bool
    others: tuple[HoldLine, ...] = ()
    """What still stops the engine beside it."""
    requested_by: str
    approved_by: str | None = None
    reason: str
    at: datetime
    audit_id: int | None = None


class RoomHolder(Result):
    """One reservation that holds room, or took of today's."""

    reservation_id: int
    amount: Decimal
    about: str | None = None
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    yours: bool = False
    is_open: bool = True


class OtherRoom(Result):
    """What the other of the two books has left of the same cap."""

    engine: str
    used: Decimal | int
    limit: CapValue | CountValue


class CapDenial(Result):
    """A denial by a cap with everything its card says (cards, 8)."""

    engine: str
    """Whose cap it is; GLOBAL's may deny every engine."""
    asked_engine: str
    cap: str
    amount: Decimal
    used: Decimal | int
    limit: Decimal | int
    unit: str | None = None
    holders: tuple[RoomHolder, ...] = ()
    others: int = 0
    """How many more than are named."""
    others_amount: Decimal = Decimal(0)
    others_since: datetime | None = None
    frees_itself_at: datetime | None = None
    """When the next of them ends by itself, or the day does."""
    frees_itself: int | None = None
    """Which reservation that is; None where it is the day."""
    deciders: tuple[str, ...] = ()
    other: OtherRoom | None = None
    trial: HoldLine | None = None
    """The trial share that makes the cap this small."""
    at_full_speed: Decimal | int | None = None
    """What the policy says of the cap, where a trial share makes it less."""
    is_by_trial: bool = False
    """Whether there would be room at full speed."""
    policy_version: int
    changed_by: str
    changed_at: datetime
    ask_cap: str
    """What the request for more room is prefilled with."""
    ask_until: datetime
    can_watch: bool = False


class CapWarning(Result):
    """A cap is nearly or wholly used."""

    engine: str
    cap: str
    percent: int
    used: Decimal | int
    limit: Decimal | int
    """What counts now: the policy's figure, or a trial share of it."""
    day: date
    at: datetime
    is_daily: bool
    unit: str | None = None
    units: int | None = None
    """How many more there is room for under all caps as they count now."""
    reservations: int = 0
    trial: HoldLine | None = None
    """The trial share that makes the cap this small."""
    at_full_speed: Decimal | int | None = None
    """What the policy says of the cap, where a trial share makes it less."""
    audit_id: int | None = None


class Watching(Result):
    """Somebody hears once when there is room."""

    engine: str
    amount: Decimal
    expires_at: datetime
    already: bool = False


class RoomAppeared(Result):
    """There is room again."""

    engine: str
    amount: Decimal
    most: Decimal | None
    at: datetime
    asked_at: datetime
