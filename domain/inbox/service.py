"""Recording what Slack sent, running it once, and answering late where its process died."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, and_, or_, select, update

from domain.act import Act, Priority
from domain.arrows import cross
from domain.database import Database, Unavailable, insert_into
from domain.gate.call import UNEXPECTED, Call, system_call, unexpected
from domain.gate.gate import Gate
from domain.gate.tables import IdempotencyKey
from domain.identity import Caller, Surface
from domain.inbox import rules
from domain.inbox.results import InboxAnswered, InboxRecovered, LateAnswer, NotRun
from domain.inbox.tables import Inbox
from domain.outcomes import Done, Kind, Outcome, Refused

log = structlog.get_logger(__name__)

OPEN = ("received", "running")
SWEPT_AT_ONCE = 50


def record(
    database: Database,
    *,
    trigger_id: str,
    operation: str,
    params: Mapping[str, Any],
    user_id: str,
    said: str,
    now: datetime,
    channel: str | None = None,
    response_url: str | None = None,
    urgent: bool = False,
) -> int | None:
    """Keep what Slack sent, before it is acknowledged; return the row's id, None for a second delivery.

    Raises `Unavailable`: nothing was recorded, and nothing will be done. The caller crosses the arrows up to
    `inbox.confirmed`, since the acknowledgement is its own.
    """

    def work(connection: Connection) -> int | None:
        row_id: int | None = connection.scalar(
            insert_into(connection, Inbox)
            .values(
                trigger_id=trigger_id, operation=operation, params=dict(params), user_id=user_id, channel=channel,
                response_url=response_url, said=said, state="received", received_at=now,
            )
            .on_conflict_do_nothing(index_elements=[Inbox.trigger_id])
            .returning(Inbox.id)
        )  # fmt: skip
        return row_id

    return database.attempt(work, urgent=urgent)


def confirm_acknowledged(database: Database, row_id: int, now: datetime) -> bool:
    """Write down that Slack has the acknowledgement; False where it took too long: it must not run."""
    changed = database.attempt(
        lambda connection: (
            connection.execute(
                update(Inbox)
                .where(
                    Inbox.id == row_id,
                    Inbox.state == "received",
                    Inbox.acknowledged_at.is_(None),
                    Inbox.received_at > now - rules.UNACKNOWLEDGED,
                )
                .values(acknowledged_at=now)
            ).rowcount
        )
    )
    return changed == 1


def begin(database: Database, row_id: int, runner: str, *, now: datetime, lease: timedelta) -> Row[Any] | None:
    """Become the one runner of an acknowledged row that nobody runs; None where that is not to be had."""
    row = database.attempt(
        lambda connection: connection.execute(
            update(Inbox)
            .where(
                Inbox.id == row_id,
                Inbox.acknowledged_at.is_not(None),
                or_(Inbox.state == "received", and_(Inbox.state == "running", Inbox.lease_until <= now)),
            )
            .values(state="running", runner=runner, lease_until=now + lease)
            .returning(Inbox.__table__)
        ).one_or_none()
    )
    if row is not None:
        cross("inbox.running")
    return row


def _end(connection: Connection, row_id: int, runner: str, **values: Any) -> bool:
    ended = connection.execute(
        update(Inbox).where(Inbox.id == row_id, Inbox.state == "running", Inbox.runner == runner).values(**values)
    )
    return ended.rowcount == 1


def finish(database: Database, row_id: int, runner: str, outcome: Outcome, now: datetime) -> bool:
    """Write down what became of a row; False where another runner has it by now."""
    detail = outcome.code if isinstance(outcome, Refused) else None
    done = database.attempt(
        lambda connection: _end(
            connection, row_id, runner, state=rules.final_state(outcome), finished_at=now, detail=detail
        )
    )
    cross("inbox.done")
    return done


def run_row(gate: Gate, row_id: int, runner: str) -> Outcome | None:
    """Run an acknowledged row through the gate, and return what its sender is to be told.

    None: it is not this runner's (another has it), or its end could not be written down; whoever has it, or the
    sweep, answers the sender directly.
    """
    try:
        row = begin(gate.database, row_id, runner, now=gate.clock(), lease=gate.settings.lease)
        if row is None:
            return None
        outcome = _carry_out(gate, row)
        return outcome if finish(gate.database, row_id, runner, outcome, gate.clock()) else None
    except Unavailable:
        return None


def run_late(gate: Gate, row_id: int, runner: str) -> Outcome | None:
    """Run a row whose process died; the sender is answered by a direct message in the transaction that ends it."""
    row = begin(gate.database, row_id, runner, now=gate.clock(), lease=gate.settings.lease)
    if row is None:
        return None
    outcome = _carry_out(gate, row)
    if isinstance(outcome, Refused) and outcome.kind is Kind.UNAVAILABLE and outcome.code != UNEXPECTED:
        return None  # nothing was done: tried again once the lease has passed
    gate.run(system_call("inbox.answer", row_id=row_id, runner=runner, outcome=rules.outcome_json(outcome)))
    return outcome


def _carry_out(gate: Gate, row: Row[Any]) -> Outcome:
    """Run the row's call; what nobody foresaw is logged and ends the row, since it would happen again."""
    call = _call(row)
    try:
        outcome = gate.run(call)
    except Exception:
        log.exception("operation.failed", operation=row.operation, correlation_id=call.correlation_id)
        return unexpected(call.correlation_id)
    cross("inbox.acted")
    return outcome


def _call(row: Row[Any]) -> Call:
    return Call(
        row.operation, row.params, Caller(row.user_id, Surface.SLACK), key=rules.key_of(row.trigger_id),
        correlation_id=rules.correlation_of(row.trigger_id),
    )  # fmt: skip


def answer(act: Act, row_id: int, runner: str, outcome: dict[str, Any]) -> InboxAnswered:
    """End a row that was run late, and tell its sender what became of it."""
    row = act.connection.execute(
        update(Inbox)
        .where(Inbox.id == row_id, Inbox.state == "running", Inbox.runner == runner)
        .values(
            state="refused" if "refused" in outcome else "done", finished_at=act.now,
            detail="refused" if "refused" in outcome else "answered late",
        )
        .returning(Inbox.user_id, Inbox.operation, Inbox.said, Inbox.received_at)
    ).one_or_none()  # fmt: skip
    if row is None:
        return InboxAnswered(row_id=row_id, answered=False)
    card = LateAnswer(operation=row.operation, said=row.said, received_at=row.received_at, outcome=outcome)
    act.post(f"user:{row.user_id}", "late_answer", card, priority=Priority.REPLY)
    return InboxAnswered(row_id=row_id, answered=True)


def has_work(connection: Connection, now: datetime, lease: timedelta) -> bool:
    """Whether the sweep has anything to do; cheap, and takes no lock."""
    late = or_(
        and_(Inbox.acknowledged_at.is_(None), Inbox.received_at <= now - rules.UNACKNOWLEDGED),
        and_(Inbox.lease_until.is_(None), Inbox.acknowledged_at <= now - lease),
        Inbox.lease_until <= now,
    )
    return connection.scalar(select(Inbox.id).where(Inbox.state.in_(OPEN), late).limit(1)) is not None


def recover(act: Act) -> InboxRecovered:
    """End what may not run any more, tell its senders, and say which rows are to be run by whoever asked."""
    rows = act.connection.execute(
        select(Inbox.__table__, IdempotencyKey.outcome.is_not(None).label("was_answered"))
        .outerjoin(
            IdempotencyKey,
            and_(
                IdempotencyKey.actor == Inbox.user_id,
                IdempotencyKey.operation == Inbox.operation,
                IdempotencyKey.key == "slack:" + Inbox.trigger_id,
            ),
        )
        .where(Inbox.state.in_(OPEN))
        .order_by(Inbox.received_at, Inbox.id)
        .limit(SWEPT_AT_ONCE)
    ).all()
    counts = {rules.Fate.REFUSE: 0, rules.Fate.EXPIRE: 0}
    to_run = []
    for row in rows:
        times = rules.Open(row.received_at, row.acknowledged_at, row.lease_until, bool(row.was_answered))
        fate = rules.fate(times, act.now, act.settings.lease)
        if fate is rules.Fate.RUN:
            to_run.append(row.id)
        elif fate is not rules.Fate.LEAVE and _give_up(act, row, fate):
            counts[fate] += 1
    ended = sum(counts.values())
    if ended:
        act.changed("inbox", after={"refused": counts[rules.Fate.REFUSE], "expired": counts[rules.Fate.EXPIRE]})
    return InboxRecovered(refused=counts[rules.Fate.REFUSE], expired=counts[rules.Fate.EXPIRE], to_run=tuple(to_run))


def _give_up(act: Act, row: Row[Any], fate: rules.Fate) -> bool:
    refuse = fate is rules.Fate.REFUSE
    state, why = (
        ("refused", "Slack may have said that it failed, so it was not run")
        if refuse
        else ("expired", "nobody could run it for 10 minutes, and by now it may not be what you want")
    )
    ended = act.connection.execute(
        update(Inbox)
        .where(
            Inbox.id == row.id,
            Inbox.state == row.state,
            Inbox.acknowledged_at.is_(None) if refuse else Inbox.lease_until.is_not_distinct_from(row.lease_until),
        )
        .values(state=state, finished_at=act.now, detail=why)
    )
    if ended.rowcount != 1:
        return False
    card = NotRun(operation=row.operation, said=row.said, received_at=row.received_at, state=state, why=why)
    act.post(f"user:{row.user_id}", "not_run", card, priority=Priority.REPLY)
    return True


def sweep(gate: Gate, runner: str) -> int:
    """Run `inbox.recover` and then, each through the gate, what it found; return how many rows it touched."""
    outcome = gate.run(system_call("inbox.recover"))
    if not isinstance(outcome, Done) or not isinstance(outcome.result, InboxRecovered):
        return 0
    found = outcome.result
    for row_id in found.to_run:
        run_late(gate, row_id, runner)
    return found.refused + found.expired + len(found.to_run)
