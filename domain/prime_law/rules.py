"""Prime Law as pure functions: what each execution class may do in each state of the switches (spec/1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.identity import mention
from domain.operation import ExecutionClass
from domain.outcomes import Button, Kind, Refused, refused

LAYER = "Prime Law"
ALIVE = timedelta(seconds=15)
"""A process that was silent for three of its signs of life does not count."""
SETTLING = timedelta(minutes=1)
"""How long after the press the card follows every change."""
FOLLOW_EVERY = timedelta(seconds=30)
"""How often it is edited at most after that, while the switch stays engaged."""


@dataclass(frozen=True, slots=True)
class PrimeState:
    """The switches, and who set them."""

    go_live_enabled: bool
    kill_switch_engaged: bool
    version: int
    changed_by: str | None = None
    changed_at: datetime | None = None
    reason: str | None = None
    engaged_by: str | None = None
    engaged_at: datetime | None = None
    first_enabled_at: datetime | None = None
    go_live_changed_at: datetime | None = None
    overridden: tuple[str, ...] = ()

    @property
    def was_ever_live(self) -> bool:
        """Whether go-live was enabled at least once; until then an owner sets up alone (spec/5)."""
        return self.first_enabled_at is not None

    @property
    def allows_production(self) -> bool:
        """Whether PROD_EXEC may act."""
        return self.go_live_enabled and not self.kill_switch_engaged


@dataclass(frozen=True, slots=True)
class Stop:
    """A span of time in which production could not act; `until` None means it lasts."""

    since: datetime
    until: datetime | None


def may_act(state: PrimeState, klass: ExecutionClass, *, reduces: bool) -> bool:
    """Apply the table of spec/1: observing, governing and ↓ always; sandbox without the kill switch; production
    with go-live and without the kill switch.
    """
    if reduces or klass in {ExecutionClass.OBSERVE_ONLY, ExecutionClass.GOVERN}:
        return True
    if state.kill_switch_engaged:
        return False
    return klass is ExecutionClass.SANDBOX_EXEC or state.go_live_enabled


def refusal(state: PrimeState, klass: ExecutionClass, *, reduces: bool) -> Refused | None:
    """Return why the class may not act now and what would lift it, or None where it may."""
    if may_act(state, klass, reduces=reduces):
        return None
    figures: dict[str, Any] = {
        "execution_class": klass.value,
        "go_live_enabled": state.go_live_enabled,
        "kill_switch_engaged": state.kill_switch_engaged,
        "state": state.version,
    }
    if state.kill_switch_engaged:
        also = "" if state.go_live_enabled or klass is ExecutionClass.SANDBOX_EXEC else " Go-live is off as well."
        return refused(
            Kind.PRIME_LAW,
            "kill_switch_engaged",
            f"The kill switch is engaged{_by(state.engaged_by)}.{also}",
            layer=LAYER,
            remedy="Two people release it: one asks with `/killswitch release REASON`, a manager approves.",
            buttons=(Button(label="Ask to release…", operation="killswitch.release", form=True),),
            since=state.engaged_at.isoformat() if state.engaged_at else None,
            **figures,
        )
    return refused(
        Kind.PRIME_LAW,
        "go_live_off",
        "Go-live is off: nothing in production can act.",
        layer=LAYER,
        remedy="A manager asks with `/golive enable REASON` and another approves; `/golive` says what is missing.",
        buttons=(Button(label="Show go-live", operation="golive.state"),),
        since=state.go_live_changed_at.isoformat() if state.go_live_changed_at else None,
        **figures,
    )


def _by(user_id: str | None) -> str:
    return f" by {mention(user_id)}" if user_id else ""


@dataclass(frozen=True, slots=True)
class Witness:
    """One process, as its last sign of life shows it."""

    started_at: datetime
    seen_at: datetime
    epoch: int | None
    """The switch epoch it last saw; None where it says nothing of it."""
    saw_at: datetime | None
    """When it first saw the switches in that position."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of the processes that lived at the press have seen it, and how long the last one took."""

    processes: int
    confirmed: int
    seconds: float | None


def reach(witnesses: Sequence[Witness], *, epoch: int, engaged_at: datetime, now: datetime) -> Reach:
    """Count who lives and has seen the engagement of that epoch.

    Whoever started after the press began under the engaged switch, so it need not confirm anything.
    """
    alive = [one for one in witnesses if now - one.seen_at <= ALIVE and one.started_at <= engaged_at]
    confirmed = [one for one in alive if one.epoch is not None and one.epoch >= epoch]
    took = [max((one.saw_at - engaged_at).total_seconds(), 0.0) for one in confirmed if one.saw_at is not None]
    return Reach(len(alive), len(confirmed), round(max(took), 3) if took else None)


def may_edit(engaged_at: datetime, edited_at: datetime | None, now: datetime) -> bool:
    """Whether the card may be edited now, given that it would say something else."""
    return edited_at is None or now - engaged_at <= SETTLING or now - edited_at >= FOLLOW_EVERY


def was_stopped(stops: Sequence[Stop], start: datetime, end: datetime) -> bool:
    """Whether production was stopped at any moment from `start` to `end`."""
    return any(stop.since < end and (stop.until is None or stop.until > start) for stop in stops)


def stops_from(changes: Sequence[tuple[datetime, bool]], *, initially_allowed: bool) -> tuple[Stop, ...]:
    """Turn the history (time, production allowed from then on), oldest first, into the spans without production."""
    stops: list[Stop] = []
    since: datetime | None = None if initially_allowed else datetime.min.replace(tzinfo=UTC)
    for at, allowed in changes:
        if allowed and since is not None:
            stops.append(Stop(since, at))
            since = None
        elif not allowed and since is None:
            since = at
    if since is not None:
        stops.append(Stop(since, None))
    return tuple(stops)
