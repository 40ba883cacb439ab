"""The lanes of the outbox: which have something to send, who holds each, and how long it must rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from domain.database import Database, insert_into
from domain.delivery import rules
from domain.delivery.tables import Outbox, OutboxLane, Route


@dataclass(frozen=True, slots=True)
class DueLane:
    """A lane with something to send, and the destinations it serves."""

    lane: str
    destinations: tuple[str, ...]
    priority: int
    first_id: int


@dataclass(frozen=True, slots=True)
class Hold:
    """A lane held by one sender."""

    lane: str
    destinations: tuple[str, ...]
    holder: str
    lease: timedelta


def routes(connection: Connection, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the channel of every kind of message: what `route.set` said, else the settings' default."""
    rows = connection.execute(select(Route.kind, Route.channel))
    return {**defaults, **{row.kind: row.channel for row in rows}}


def _is_due(now: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Queued and due, or left `sending` by a sender that fell silent."""
    return and_(
        Outbox.state.in_(("queued", "sending")),
        or_(
            and_(Outbox.state == "queued", Outbox.not_before <= now),
            and_(Outbox.state == "sending", Outbox.attempted_at <= now - lease),
        ),
    )


def due_lanes(connection: Connection, *, now: datetime, lease: timedelta, defaults: Mapping[str, str]) -> list[DueLane]:
    """List the lanes that have something to send and may go now, the most urgent first."""
    rows = connection.execute(
        select(Outbox.destination, func.min(Outbox.priority).label("priority"), func.min(Outbox.id).label("first"))
        .where(_is_due(now, lease))
        .group_by(Outbox.destination)
    ).all()
    if not rows:
        return []
    known = routes(connection, defaults)
    found: dict[str, DueLane] = {}
    for row in rows:
        name = rules.lane_of(row.destination, known)
        lane = found.get(name, DueLane(name, (), row.priority, row.first))
        found[name] = DueLane(
            name, (*lane.destinations, row.destination), min(lane.priority, row.priority), min(lane.first_id, row.first)
        )
    states = {
        row.channel: rules.Lane(row.holder, row.lease_until, row.paused_until, row.paced_until)
        for row in connection.execute(select(OutboxLane.__table__).where(OutboxLane.channel.in_(found)))
    }
    free = [lane for lane in found.values() if rules.may_go(states.get(lane.lane), now, priority=lane.priority)]
    return sorted(free, key=lambda lane: (lane.priority, lane.first_id))


def lease_lane(database: Database, lane: DueLane, holder: str, *, now: datetime, lease: timedelta) -> Hold | None:
    """Become the one sender of a lane for a while, or return None where another is."""

    def work(connection: Connection) -> bool:
        connection.execute(insert_into(connection, OutboxLane).values(channel=lane.lane).on_conflict_do_nothing())
        taken = connection.execute(
            update(OutboxLane)
            .where(
                OutboxLane.channel == lane.lane,
                or_(
                    OutboxLane.holder.is_(None), OutboxLane.holder == holder, OutboxLane.lease_until <= now,
                    OutboxLane.lease_until > now + rules.LONGEST_LEASE,
                ),
            )
            .values(holder=holder, lease_until=now + lease)
        )  # fmt: skip
        return taken.rowcount == 1

    return Hold(lane.lane, lane.destinations, holder, lease) if database.attempt(work) else None


def release_lane(database: Database, hold: Hold) -> None:
    """Let another sender have the lane."""

    def work(connection: Connection) -> None:
        connection.execute(
            update(OutboxLane)
            .where(OutboxLane.channel == hold.lane, OutboxLane.holder == hold.holder)
            .values(holder=None, lease_until=None)
        )

    database.attempt(work)


def renew(connection: Connection, hold: Hold, now: datetime) -> rules.Lane | None:
    """Hold the lane for another lease, inside the caller's transaction; None where it was lost."""
    row = connection.execute(
        update(OutboxLane)
        .where(OutboxLane.channel == hold.lane, OutboxLane.holder == hold.holder)
        .values(lease_until=now + hold.lease)
        .returning(OutboxLane.paused_until, OutboxLane.paced_until)
    ).one_or_none()
    return None if row is None else rules.Lane(None, None, row.paused_until, row.paced_until)


def pause_lane(database: Database, lane: str, until: datetime) -> None:
    """Leave a lane alone until then; a longer pause already there stays."""

    def work(connection: Connection) -> None:
        longer = case((OutboxLane.paused_until > until, OutboxLane.paused_until), else_=until)
        connection.execute(update(OutboxLane).where(OutboxLane.channel == lane).values(paused_until=longer))

    database.attempt(work)
