"""What the kill switch's card is edited from: who has seen the switch, and what the card says already."""

from datetime import UTC, datetime

from sqlalchemy import Connection, select

from domain.delivery.tables import Outbox
from domain.prime_law import rules
from domain.prime_law.results import KillSwitchCard, Reached
from domain.prime_law.tables import GoLiveHistory, GoLiveState
from domain.processes.tables import ProcessHeartbeat

ENGAGED = "engage"


def position(connection: Connection) -> tuple[int, datetime | None]:
    """Return the switch epoch, and since when the kill switch is engaged; one cheap statement."""
    row = connection.execute(
        select(GoLiveState.version, GoLiveState.kill_switch_engaged, GoLiveState.engaged_at).where(GoLiveState.id == 1)
    ).one()
    return row.version, row.engaged_at if row.kill_switch_engaged else None


def thing_of(engaged_at: datetime) -> str:
    """Return what the card of an engagement is about: the engagement itself."""
    return f"killswitch:{int(engaged_at.timestamp() * 1000)}"


def last_shown(connection: Connection, engaged_at: datetime) -> tuple[KillSwitchCard | None, datetime | None]:
    """Return what was last posted of an engagement, and when."""
    row = connection.execute(
        select(Outbox.payload, Outbox.created_at)
        .where(Outbox.thing == thing_of(engaged_at), Outbox.card == "kill_switch")
        .order_by(Outbox.id.desc())
        .limit(1)
    ).one_or_none()
    return (KillSwitchCard.model_validate(row.payload), row.created_at) if row else (None, None)


def reached(connection: Connection, engaged_at: datetime, now: datetime) -> Reached | None:
    """Return who has seen the engagement of that moment, None where nobody gives signs of life."""
    epoch = connection.scalar(
        select(GoLiveHistory.version)
        .where(GoLiveHistory.at >= engaged_at, GoLiveHistory.action == ENGAGED)
        .order_by(GoLiveHistory.id)
        .limit(1)
    )
    rows = connection.execute(
        select(ProcessHeartbeat.started_at, ProcessHeartbeat.seen_at, ProcessHeartbeat.seen).where(
            ProcessHeartbeat.seen_at >= now - rules.ALIVE
        )
    )
    witnesses = [rules.Witness(row.started_at, row.seen_at, *_saw(row.seen)) for row in rows]
    found = rules.reach(witnesses, epoch=epoch or 0, engaged_at=engaged_at, now=now)
    if not found.processes:
        return None
    return Reached(processes=found.processes, confirmed=found.confirmed, seconds=found.seconds)


def _saw(seen: dict[str, object]) -> tuple[int | None, datetime | None]:
    epoch, at = seen.get("switches"), seen.get("switches_at")
    if not isinstance(epoch, int):
        return None, None
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        return epoch, None
    return epoch, moment if moment.tzinfo else moment.replace(tzinfo=UTC)
