"""Claiming slots, running them once, and finding those the queue lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from domain.act import Act
from domain.alerts.service import raise_alert
from domain.arrows import cross
from domain.database import Database, insert_into
from domain.delivery.results import Pruned
from domain.gate.call import system_call
from domain.gate.gate import Gate
from domain.outcomes import Done, Kind, Outcome, Refused
from domain.pruning import forget
from domain.schedules import Schedule, schedules
from domain.ticks import rules
from domain.ticks.results import Slot, TicksRecovered
from domain.ticks.tables import DONE, Tick

KEPT = timedelta(days=7)
LOOK_AT = 500
Enqueue = Callable[[str, datetime], None]
"""Puts a job's slot into the queue; raises where the queue is away."""


def key_of(job: str, slot: datetime) -> str:
    """Return the idempotency key of a slot."""
    return f"tick:{job}:{slot.isoformat()}"


def _is(job: str, slot: datetime) -> ColumnElement[bool]:
    return and_(Tick.job == job, Tick.slot == slot)


def claim(database: Database, job: str, slot: datetime, now: datetime) -> bool:
    """Make the slot's row; False where another scheduler has it already."""

    def work(connection: Connection) -> bool:
        new = insert_into(connection, Tick).values(job=job, slot=slot, state="claimed", claimed_at=now)
        return connection.scalar(new.on_conflict_do_nothing().returning(Tick.job)) is not None

    claimed = database.attempt(work)
    if claimed:
        cross("tick.claimed")
    return claimed


def claim_done(database: Database, job: str, slot: datetime, now: datetime) -> bool:
    """Claim a slot of work that is done outside the gate, by whoever claims it; False where somebody did.

    Nobody does it again where the process dies meanwhile: the next slot comes soon, and finds what is left.
    """

    def work(connection: Connection) -> bool:
        new = insert_into(connection, Tick).values(job=job, slot=slot, state="done", claimed_at=now, done_at=now)
        return connection.scalar(new.on_conflict_do_nothing().returning(Tick.job)) is not None

    return database.attempt(work)


def note(database: Database, job: str, slot: datetime, said: str) -> None:
    """Write down what came of a slot that was claimed as done."""
    database.attempt(
        lambda connection: connection.execute(update(Tick).where(_is(job, slot)).values(detail=said)).rowcount
    )


def newest(connection: Connection, job: str) -> tuple[datetime, str] | None:
    """Return the newest slot of a job of which something was written down, and what."""
    row = connection.execute(
        select(Tick.slot, Tick.detail)
        .where(Tick.job == job, Tick.detail.is_not(None))
        .order_by(Tick.slot.desc())
        .limit(1)
    ).one_or_none()
    return (row.slot, row.detail) if row else None


def mark_enqueued(database: Database, job: str, slot: datetime, now: datetime) -> None:
    """Write down that the queue has it; it may have been run meanwhile."""
    cross("tick.enqueued")
    database.attempt(
        lambda connection: (
            connection.execute(
                update(Tick).where(_is(job, slot), Tick.state == "claimed").values(state="enqueued", enqueued_at=now)
            ).rowcount
        )
    )
    cross("tick.marked")


def fire(database: Database, schedule: Schedule, enqueue: Enqueue, now: datetime) -> bool:
    """Claim the newest slot of a job and put it into the queue; False where it was claimed before.

    Raises what `enqueue` raises: the row stays claimed, and the sweep runs it.
    """
    slot = schedule.when.latest(now)
    if not claim(database, schedule.job, slot, now):
        return False
    enqueue(schedule.job, slot)
    mark_enqueued(database, schedule.job, slot, now)
    return True


def _take(gate: Gate, job: str, slot: datetime, runner: str) -> bool:
    now = gate.clock()
    free = or_(Tick.lease_until.is_(None), Tick.lease_until <= now)
    taken = gate.database.attempt(
        lambda connection: (
            connection.execute(
                update(Tick)
                .where(_is(job, slot), Tick.state != "done", free)
                .values(runner=runner, lease_until=now + gate.settings.lease)
            ).rowcount
        )
    )
    return taken == 1


def _end(database: Database, job: str, slot: datetime, runner: str, **values: Any) -> None:
    database.attempt(
        lambda connection: (
            connection.execute(
                update(Tick).where(_is(job, slot), Tick.state != "done", Tick.runner == runner).values(**values)
            ).rowcount
        )
    )


def run(gate: Gate, job: str, slot: datetime, runner: str) -> Outcome | None:
    """Run a slot through the gate; None where it is done or somebody runs it.

    Where the database gives no answer the slot stays open, and is tried again after the lease.
    """
    known = {schedule.job: schedule for schedule in schedules(gate.settings)}
    operation = known[job].operation if job in known else job
    if not _take(gate, job, slot, runner):
        return None
    outcome = gate.run(system_call(operation, key=key_of(job, slot)))
    cross("tick.acted")
    if isinstance(outcome, Refused):
        if outcome.kind is not Kind.UNAVAILABLE:
            _end(gate.database, job, slot, runner, state="done", done_at=gate.clock(), detail=outcome.code)
        return outcome
    _end(gate.database, job, slot, runner, state="done", done_at=gate.clock(), detail=None)
    return outcome


def has_work(connection: Connection, now: datetime, lease: timedelta) -> bool:
    """Whether the sweep has anything to do; cheap, and takes no lock."""
    late = and_(
        Tick.state != "done",
        Tick.claimed_at <= now - rules.look_after(lease),
        or_(Tick.lease_until.is_(None), Tick.lease_until <= now),
    )
    return connection.scalar(select(Tick.job).where(late).limit(1)) is not None


def recover(act: Act) -> TicksRecovered:
    """End slots that are not worth running any more, and say which are to be run by whoever asked."""
    rows = act.connection.execute(
        select(Tick.job, Tick.slot, Tick.claimed_at, Tick.lease_until)
        .where(Tick.state != "done")
        .order_by(Tick.claimed_at)
        .limit(LOOK_AT)
    )
    undone = [rules.Undone(row.job, row.slot, row.claimed_at, row.lease_until) for row in rows]
    intervals = [schedule.job for schedule in schedules(act.settings) if schedule.coalesces]
    plan = rules.plan(undone, intervals, act.now, act.settings.lease)
    for ticks, detail in ((plan.coalesce, "coalesced"), (plan.give_up, "given up")):
        for tick in ticks:
            act.connection.execute(
                update(Tick)
                .where(_is(tick.job, tick.slot), Tick.state != "done")
                .values(state="done", done_at=act.now, detail=detail)
            )
    for tick in plan.give_up:
        _complain(act, tick)
    return TicksRecovered(
        to_run=tuple(Slot(job=tick.job, slot=tick.slot) for tick in plan.run),
        coalesced=len(plan.coalesce), given_up=len(plan.give_up),
    )  # fmt: skip


def _complain(act: Act, tick: rules.Undone) -> None:
    act.changed("ticks", after={"given_up": tick.job, "slot": tick.slot.isoformat()})
    raise_alert(
        act, f"tick:{tick.job}", f"Scheduled work `{tick.job}` did not get done for an hour",
        facts=(("Planned for", tick.slot.isoformat()), ("What to do", "look for its error in the worker's log")),
    )  # fmt: skip


def lost(gate: Gate) -> tuple[Slot, ...]:
    """Run `ticks.recover`, and return the slots that somebody must run now."""
    outcome = gate.run(system_call("ticks.recover"))
    if isinstance(outcome, Done) and isinstance(outcome.result, TicksRecovered):
        return outcome.result.to_run
    return ()


def prune(act: Act) -> Pruned:
    """Forget slots done long ago."""
    return Pruned(pruned=len(forget(act, Tick, DONE, Tick.claimed_at < act.now - KEPT, first=Tick.claimed_at)))
