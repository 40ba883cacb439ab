"""What the sender does to the rows of a lane it holds: take the next one, say what became of it.

Every function here is one short transaction of its own, so that none is open while Slack is called.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from domain.act import Form
from domain.charts.results import Picture
from domain.charts.service import picture
from domain.database import Database, insert_into
from domain.delivery import rules
from domain.delivery.lanes import Hold, renew
from domain.delivery.tables import CardMessage, Outbox, OutboxLane

LIVE = ("queued", "sending")
LOOK_AT = 20
"""How many due rows of a lane are looked at to find one whose turn it is."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row to be sent now, or to be asked about first."""

    outbox_id: int
    attempt: int
    """The fence: a write about another attempt changes nothing."""
    lane: str
    destination: str
    channel: str
    """Where it goes: the channel of the thing's message, or the lane's."""
    ts: str | None
    """The message to edit; None: a new message."""
    thread_ts: str | None
    card: str
    payload: dict[str, Any]
    thing: str | None
    form: Form
    priority: int
    correlation_id: str
    asks_first: bool
    """Whether an earlier attempt got no answer, so that the history must be read before anything is posted."""
    is_repeat_possible: bool
    attempted_at: datetime
    shows_chart: bool = True
    """Whether it is sent with the chart of its thing; not where Slack refused the message with it."""
    picture: Picture | None = None
    """The chart it is sent with."""

    @property
    def is_edit(self) -> bool:
        """Whether it changes a message that is there; doing that twice is harmless."""
        return self.ts is not None


def take(database: Database, hold: Hold, now: datetime) -> Job | None:
    """Take the next row of the lane: it is `sending` when this returns (one to be asked about stays `queued`).

    None: nothing is due, the lane is paused or out of pace, or it was lost to another sender.
    """
    return database.attempt(lambda connection: _take(connection, hold, now))


def _take(connection: Connection, hold: Hold, now: datetime) -> Job | None:
    lane = renew(connection, hold, now)
    if lane is None or (lane.paused_until is not None and lane.paused_until > now):
        return None
    _recover(connection, hold, now)
    rows = connection.execute(
        select(Outbox.__table__)
        .where(Outbox.destination.in_(hold.destinations), Outbox.state == "queued", Outbox.not_before <= now)
        .order_by(Outbox.priority, Outbox.id)
        .limit(LOOK_AT)
    ).all()
    for row in rows:
        if not rules.may_go(lane, now, priority=row.priority):
            return None
        job = _job_for(connection, hold, row, now)
        if job is not None:
            return job
    return None


def _recover(connection: Connection, hold: Hold, now: datetime) -> None:
    """Queue again what a silent sender left; where it was a new message, nobody knows whether it arrived."""
    connection.execute(
        update(Outbox)
        .where(
            Outbox.destination.in_(hold.destinations),
            Outbox.state == "sending",
            Outbox.attempted_at <= now - hold.lease,
        )
        .values(state="queued", not_before=now, is_outcome_unknown=Outbox.ts.is_(None))
    )


def _job_for(connection: Connection, hold: Hold, row: Row[Any], now: datetime) -> Job | None:
    siblings, message = [row], None
    if row.thing is not None:
        same = (Outbox.thing == row.thing, Outbox.destination == row.destination, Outbox.state.in_(LIVE))
        siblings = list(connection.execute(select(Outbox.__table__).where(*same).order_by(Outbox.id)))
        message = connection.execute(
            select(CardMessage.__table__).where(
                CardMessage.thing == row.thing, CardMessage.destination == row.destination
            )
        ).one_or_none()
    step = rules.next_step(
        _waiting(row, now), [_waiting(other, now) for other in siblings],
        shown=message.outbox_id if message else None, has_message=message is not None,
    )  # fmt: skip
    if isinstance(step, rules.Wait):
        _set(connection, row.id, not_before=now + rules.WAIT_FOR_CARD)
        return None
    if isinstance(step, rules.Superseded):
        _set(connection, row.id, state="sent", sent_at=now, error=f"superseded by {step.by}")
        return None
    chosen = next(other for other in siblings if other.id == step.id)
    job = _make_job(hold, chosen, message, now, asks_first=isinstance(step, rules.Ask))
    return job if job.asks_first else _begin(connection, job, now)


def _waiting(row: Row[Any], now: datetime) -> rules.Waiting:
    return rules.Waiting(
        id=row.id, form=Form(row.form), is_due=row.not_before <= now, is_outcome_unknown=row.is_outcome_unknown,
        is_sending=row.state == "sending",
    )  # fmt: skip


def _make_job(hold: Hold, row: Row[Any], message: Row[Any] | None, now: datetime, *, asks_first: bool) -> Job:
    target = message.channel if message else rules.target_of(hold.lane)
    form = Form(row.form)
    return Job(
        outbox_id=row.id, attempt=row.attempts, lane=hold.lane, destination=row.destination,
        channel=(row.channel or target) if asks_first else target,
        ts=message.ts if message and form is Form.CARD and not asks_first else None,
        thread_ts=message.ts if message and form is Form.THREAD else None,
        card=row.card, payload=row.payload, thing=row.thing, form=form, priority=row.priority,
        correlation_id=row.correlation_id, asks_first=asks_first, is_repeat_possible=row.is_repeat_possible,
        attempted_at=row.attempted_at or now,
    )  # fmt: skip


def _set(connection: Connection, outbox_id: int, **values: Any) -> None:
    connection.execute(update(Outbox).where(Outbox.id == outbox_id).values(**values))


def _mine(job: Job) -> ColumnElement[bool]:
    return and_(Outbox.id == job.outbox_id, Outbox.attempts == job.attempt, Outbox.state.in_(LIVE))


def _begin(connection: Connection, job: Job, now: datetime) -> Job | None:
    begun = connection.execute(
        update(Outbox)
        .where(_mine(job))
        .values(
            state="sending", attempts=job.attempt + 1, attempted_at=now, channel=job.channel, ts=job.ts,
            is_outcome_unknown=False, is_repeat_possible=job.is_repeat_possible,
        )
    )  # fmt: skip
    if begun.rowcount != 1:
        return None
    # Read after the row says `sending`: whoever uploads a chart later finds the row under way, and waits for it.
    shows = job.shows_chart and job.thing is not None and job.form is Form.CARD
    return replace(
        job, attempt=job.attempt + 1, attempted_at=now, asks_first=False,
        picture=picture(connection, job.thing) if shows and job.thing is not None else None,
    )  # fmt: skip


def begin_again(database: Database, hold: Hold, job: Job, now: datetime) -> Job | None:
    """Begin another attempt at a row that is taken already (asked about, or refused in a way that can be mended).

    `job` says how it is sent this time: without `ts` it is a new message, and the old one is forgotten. None: the
    lane was lost, so nothing may be sent.
    """

    def work(connection: Connection) -> Job | None:
        if renew(connection, hold, now) is None:
            return None
        if job.thing is not None and job.form is Form.CARD and job.ts is None:
            connection.execute(
                delete(CardMessage).where(CardMessage.thing == job.thing, CardMessage.destination == job.destination)
            )
        return _begin(connection, job, now)

    return database.attempt(work)


def mark_sent(database: Database, job: Job, channel: str, ts: str, now: datetime) -> bool:
    """Write down where the message stands, and that older versions of the card are not needed any more."""

    def work(connection: Connection) -> bool:
        done = connection.execute(
            update(Outbox)
            .where(_mine(job))
            .values(
                state="sent", sent_at=now, channel=channel, ts=ts, is_outcome_unknown=False, error=None,
                is_repeat_possible=job.is_repeat_possible,
            )
        )  # fmt: skip
        if done.rowcount != 1:
            return False
        _pace(connection, job, now)
        if job.thing is not None and job.form is Form.CARD:
            _show(connection, job, channel, ts)
            _supersede(connection, job, now)
        return True

    return database.attempt(work)


def _pace(connection: Connection, job: Job, now: datetime) -> None:
    before = connection.scalar(select(OutboxLane.paced_until).where(OutboxLane.channel == job.lane))
    connection.execute(
        update(OutboxLane)
        .where(OutboxLane.channel == job.lane)
        .values(paced_until=rules.paced(before, now, is_edit=job.is_edit))
    )


def _show(connection: Connection, job: Job, channel: str, ts: str) -> None:
    new = insert_into(connection, CardMessage).values(
        thing=job.thing, destination=job.destination, channel=channel, ts=ts, outbox_id=job.outbox_id,
        file_id=job.picture.file_id if job.picture is not None else None,
    )  # fmt: skip
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[CardMessage.thing, CardMessage.destination],
            set_={name: new.excluded[name] for name in ("channel", "ts", "outbox_id", "file_id")},
            where=CardMessage.outbox_id <= job.outbox_id,
        )
    )


def _supersede(connection: Connection, job: Job, now: datetime) -> None:
    connection.execute(
        update(Outbox)
        .where(
            Outbox.thing == job.thing,
            Outbox.destination == job.destination,
            Outbox.form == Form.CARD.value,
            Outbox.id < job.outbox_id,
            Outbox.state.in_(("queued", "held", "dead")),
        )
        .values(state="sent", sent_at=now, error=f"superseded by {job.outbox_id}", is_outcome_unknown=False)
    )


def put_back(database: Database, job: Job, *, until: datetime, error: str | None = None, unknown: bool = False) -> bool:
    """Queue the row again; `unknown`: nobody knows whether this attempt arrived."""

    def work(connection: Connection) -> bool:
        values: dict[str, Any] = {"state": "queued", "not_before": until, "error": error}
        if unknown:
            values["is_outcome_unknown"] = True
        return connection.execute(update(Outbox).where(_mine(job)).values(**values)).rowcount == 1

    return database.attempt(work)
