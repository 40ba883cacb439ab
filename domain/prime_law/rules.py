"""Prime Law as pure functions: what each execution class may do in each state of the switches (spec/1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.operation import ExecutionClass
from domain.outcomes import Button, Kind, Refused, refused

LAYER = "Prime Law"


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
        since=state.changed_at.isoformat() if state.changed_at else None,
        **figures,
    )


def _by(user_id: str | None) -> str:
    return f" by <@{user_id}>" if user_id else ""


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

