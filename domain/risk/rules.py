"""Caps and bookings as pure functions of plain values: amounts in whole cents, days as the business counts them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LAYER = "Risk Guard"
GLOBAL = "GLOBAL"
"""The caps over all engines together; not an engine that acts."""
ENGINES = (GLOBAL, "WHOLESALE", "CAPITAL", "NOTIFY")
"""Those that Valhalla comes with (spec/2); more can be added."""
TTL = timedelta(hours=72)
"""How long a reservation lives where nobody says otherwise (spec/2)."""
UNCAPPED = "uncapped"
WARN_AT, REACHED_AT = 80, 100
"""Percent of a cap at which people hear of it."""
EVENING = time(18)
FULL_SPEED = 100
"""Percent of its caps an engine has where no trial share is in force."""
_ENGINE = re.compile(r"[A-Z][A-Z0-9_]{0,31}")


def engine_name(text: str) -> str:
    """Return an engine's one name, whatever the spelling; raises `ValueError` where none can have it."""
    name = text.strip().upper()
    if not _ENGINE.fullmatch(name):
        raise ValueError("is not an engine's name: a letter, then letters, digits and _")
    return name


def said(text: str) -> str:
    """Return a user's words for a sentence of ours: no mention in them notifies anybody."""
    return text.replace("<", "‹").replace(">", "›")


@dataclass(frozen=True, slots=True)
class Caps:
    """The caps of one engine; None where there is none. All but the last in cents."""

    max_daily_loss: int | None = None
    max_daily_exposure: int | None = None
    max_open_risk: int | None = None
    max_actions_per_day: int | None = None

    def limit(self, cap: str) -> int | None:
        """Return one of them by name."""
        return getattr(self, cap)  # type: ignore[no-any-return]


CAPS: tuple[str, ...] = tuple(item.name for item in fields(Caps))
COUNTED = frozenset({"max_actions_per_day"})
"""Caps that count acts, not cents."""
WARNINGS: Mapping[tuple[str, int], int] = {
    (cap, percent): 1 << place
    for place, (cap, percent) in enumerate((cap, percent) for cap in CAPS for percent in (WARN_AT, REACHED_AT))
}
"""The bit of each warning in `risk_ledger.warned`; those of a trial share follow, and then the share's percent."""
_BITS = len(WARNINGS)
_FULL_SPEED_BITS = (1 << _BITS) - 1
DAILY = frozenset({"max_daily_loss", "max_daily_exposure", "max_actions_per_day"})
"""Caps that are empty again at midnight."""


def part(cap: str, limit: int | None, share: int) -> int | None:
    """Return what a cap counts at a trial share in percent: rounded down, of acts never under one."""
    if limit is None:
        return None
    return min(limit, max(limit * share // FULL_SPEED, 1 if cap in COUNTED else 0))


def shared(caps: Caps, share: int) -> Caps:
    """Return the caps as they count at a trial share in percent; one that is uncapped stays so."""
    return Caps(**{cap: part(cap, caps.limit(cap), share) for cap in CAPS})


def enough(needs: int, share: int) -> int:
    """Return the smallest cap of which a share in percent is `needs`."""
    return -(-needs * FULL_SPEED // share)


@dataclass(frozen=True, slots=True)
class Used:
    """What is used of the caps: open risk at this moment, the rest today. All but the last in cents."""

    loss: int = 0
    exposure: int = 0
    open_risk: int = 0
    actions: int = 0

    def of(self, cap: str) -> int:
        """Return what is used of a cap."""
        return (self.loss, self.exposure, self.open_risk, self.actions)[CAPS.index(cap)]

    def with_reserved(self, amount: int) -> "Used":
        """Return it with one more reservation."""
        return Used(self.loss, self.exposure + amount, self.open_risk + amount, self.actions + 1)

    def with_loss(self, loss: int, *, freed: int) -> "Used":
        """Return it with one reservation settled."""
        return Used(self.loss + loss, self.exposure, self.open_risk - freed, self.actions)


@dataclass(frozen=True, slots=True)
class Full:
    """A cap without room for what was asked."""

    cap: str
    limit: int
    used: int
    needed: int


def needed(cap: str, amount: int) -> int:
    """Return how much of a cap a reservation takes; of the loss cap, what it may lose at most."""
    return 1 if cap in COUNTED else amount


def full(caps: Caps, used: Used, amount: int) -> Full | None:
    """Return the first cap that has no room for `amount`, or None where it may be reserved.

    Of the loss cap: today's realized loss and this amount together must not be over it (spec/2).
    """
    for cap in CAPS:
        limit, needs = caps.limit(cap), needed(cap, amount)
        if limit is not None and used.of(cap) + needs > limit:
            return Full(cap, limit, used.of(cap), needs)
    return None


def room(caps: Caps, used: Used, cap: str) -> int | None:
    """Return what is left of a cap, never under 0; None where there is no cap."""
    limit = caps.limit(cap)
    return None if limit is None else max(limit - used.of(cap), 0)


def tightest(caps: Sequence[tuple[Caps, Used]]) -> int | None:
    """Return the largest amount that could be reserved now under all of these, in cents; None where nothing caps it."""
    left = [
        found for one, used in caps for cap in CAPS if cap not in COUNTED
        for found in (room(one, used, cap),) if found is not None
    ]  # fmt: skip
    if any(room(one, used, "max_actions_per_day") == 0 for one, used in caps):
        return 0
    return min(left, default=None)


@dataclass(frozen=True, slots=True)
class Unit:
    """What an engine's user counts in: its name and what one of it reserves, in cents."""

    noun: str
    amount: int


UNITS: Mapping[str, Unit] = {"WHOLESALE": Unit("offer", 100_00)}
"""An offer reserves its deposit, 100 where no policy says another (spec/2, Offer Strategy)."""


def times(caps: Sequence[tuple[Caps, Used]], unit: Unit) -> int | None:
    """Return how often a unit could be reserved one after the other under all of these; None where nothing caps it.

    Of the loss cap it is one at a time: a reservation that loses nothing leaves it as it was.
    """
    counts = []
    for one, used in caps:
        for cap in CAPS:
            left = room(one, used, cap)
            if left is None:
                continue
            if cap == "max_daily_loss":
                if left < unit.amount:
                    return 0
            else:
                counts.append(left // needed(cap, unit.amount))
    return min(counts, default=None)


@dataclass(frozen=True, slots=True)
class Due:
    """A warning that is due: a cap, the percent of it that is used, and the trial share that makes it this small."""

    cap: str
    percent: int
    share: int
    """In percent; `FULL_SPEED` where the policy's own figure is what counts."""


def warnings(caps: Caps, used: Used, warned: int, share: int = FULL_SPEED) -> tuple[Due, ...]:
    """Return the warnings that are due now and did not go out today, the highest of each cap.

    Compared is what binds now: at a trial share, its part of a cap. Whoever heard of that part has not heard of the
    whole cap, nor of another share's part.
    """
    found = []
    for cap in CAPS:
        limit = part(cap, caps.limit(cap), share)
        if limit is None:
            continue
        binding = FULL_SPEED if limit == caps.limit(cap) else share
        for percent in (REACHED_AT, WARN_AT):
            if used.of(cap) * 100 >= limit * percent:
                if not _given(warned, binding) & WARNINGS[cap, percent]:
                    found.append(Due(cap, percent, binding))
                break
    return tuple(found)


def _given(warned: int, share: int) -> int:
    """Return the warnings that went out today at a share; only the newest trial share is remembered."""
    if share == FULL_SPEED:
        return warned & _FULL_SPEED_BITS
    return warned >> _BITS & _FULL_SPEED_BITS if warned >> 2 * _BITS == share else 0


def marked(warned: int, given: Sequence[Due]) -> int:
    """Return `warned` with these; who heard that a cap is reached need not hear that it is nearly so."""
    for due in given:
        bits = _given(warned, due.share) | WARNINGS[due.cap, due.percent] | WARNINGS[due.cap, WARN_AT]
        if due.share == FULL_SPEED:
            warned |= bits
        else:
            warned = warned & _FULL_SPEED_BITS | bits << _BITS | due.share << 2 * _BITS
    return warned


def loosens(before: Caps | None, after: Caps, *, was_enabled: bool, enabled: bool) -> bool:
    """Whether a change lets more happen than before: it enables, or raises a cap; a mixed change loosens.

    An engine without a policy does nothing, so a new one loosens where it is enabled.
    """
    if enabled and not was_enabled:
        return True
    return before is not None and any(is_higher(before.limit(cap), after.limit(cap)) for cap in CAPS)


def is_higher(before: int | None, after: int | None) -> bool:
    """Whether a cap lets more through than before; no cap is the highest."""
    if before is None:
        return False
    return after is None or after > before


def day_of(now: datetime, zone: ZoneInfo) -> date:
    """Return the business day of a moment."""
    return now.astimezone(zone).date()


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the daily caps are empty again, in UTC."""
    return _at(day_of(now, zone) + timedelta(days=1), time(0), now, zone)


def this_evening(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the evening until which more room is usually asked for: today's, or tomorrow's from 17:00 on."""
    local = now.astimezone(zone)
    is_late = local.time() >= time(EVENING.hour - 1)
    return _at(local.date() + timedelta(days=int(is_late)), EVENING, now, zone)


def _at(day: date, clock: time, now: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(now.tzinfo)
