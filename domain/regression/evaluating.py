"""Counting what arrived, once, under the lock of the metric's one row; and acting on what that shows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from domain.act import Act
from domain.arrows import cross
from domain.database import PrimeMode
from domain.regression import absorbing, arrivals, hours, policies, rules, slides, trials, tripping, window
from domain.regression.memory import Memory
from domain.regression.results import Evaluated
from domain.regression.rules import Absorbed, Action, MetricKind, Policy, Signal
from domain.regression.tables import RegressionPolicy, RegressionState
from domain.settings import Settings

STOPS = {Action.KILL_SWITCH: "killswitch.engage", Action.THROTTLE: "risk.pause"}
"""What stops as each action does, and so takes Prime Law's lock as it must: when it commits, nothing acts any more that
has not seen it."""
GRACE = timedelta(minutes=5)
"""How long after its end an hour is counted: events come late."""
Name = tuple[str, str]


def local_hour(at: datetime, settings: Settings) -> int:
    """Return the hours since 1970 on the business's clock."""
    local = at.astimezone(settings.zone).replace(tzinfo=UTC)
    return int(local.timestamp()) // 3_600


def due(connection: Connection, now: datetime, settings: Settings) -> list[Name]:
    """Return the metrics for which something waits, or whose clock does (a day, hours, a trial), in lock order."""
    today = now.astimezone(settings.zone).date()
    timed = connection.execute(
        select(RegressionState.domain, RegressionState.metric)
        .join(
            RegressionPolicy,
            (RegressionPolicy.domain == RegressionState.domain) & (RegressionPolicy.metric == RegressionState.metric),
        )
        .where(
            RegressionState.tripped_at.is_(None),
            RegressionPolicy.enabled,
            RegressionState.events > 0,
            or_(
                RegressionState.compared_on.is_(None),
                RegressionState.compared_on < today,
                RegressionPolicy.kind == MetricKind.VOLUME.value,
            ),
        )
    )
    ended = trials.over(connection, now)
    return sorted({*arrivals.waiting(connection), *((row.domain, row.metric) for row in timed), *ended})


def would_stop(act: Act, names: Sequence[Name]) -> str | None:
    """Return as what what waits would stop an engine or everything, None where it stops nothing.

    Read without a lock, so that Prime Law's is taken seldom.
    """
    for domain, metric in names:
        row = policies.row_of(act.connection, domain, metric)
        if row is None or row.action not in STOPS or not row.enabled:
            continue
        state = act.connection.execute(
            select(RegressionState.__table__).where(RegressionState.domain == domain, RegressionState.metric == metric)
        ).one()
        if state.tripped_at is not None:
            continue
        _ids, found = arrivals.peek(act.connection, domain, metric)
        _memory, absorbed, slid = _look(act, policies.policy_of(row), state, found)
        if (absorbed.alarm or slid) is not None:
            return STOPS[Action(row.action)]
    return None


def evaluate(act: Act, names: Sequence[Name], *, skip: bool) -> Evaluated:
    """Count what waits for these metrics; a metric whose row somebody has is left to him where `skip` is said."""
    done = tripped = warned = 0
    again = False
    for domain, metric in sorted(names):
        outcome = _evaluate_one(act, domain, metric, skip=skip)
        if outcome is None:
            again = True
            continue
        done += 1
        tripped += outcome.alarm is not None
        warned += outcome.warning is not None
    return Evaluated(evaluated=done, tripped=tripped, warned=warned, again=again)


def _look(
    act: Act, policy: Policy, state: Row[Any], found: Sequence[rules.Arrival]
) -> tuple[Memory, Absorbed, Signal | None]:
    """Take events into a copy of the memory, then what the clock asks for."""
    memory = Memory.from_json(state.memory)
    is_tripped = state.tripped_at is not None
    absorbed = absorbing.absorb(
        policy, memory, found, is_tripped=is_tripped, hour_of=lambda at: local_hour(at, act.settings)
    )
    if is_tripped or absorbed.alarm is not None:
        return memory, absorbed, None
    closed = hours.close_hours(policy, memory, local_hour(act.now - GRACE, act.settings), act.now)
    absorbed.alarm, absorbed.warning = closed.alarm, absorbed.warning or closed.warning
    today = act.now.astimezone(act.settings.zone).date()
    is_new_day = state.compared_on is None or state.compared_on < today
    slid = slides.slide(policy, memory) if is_new_day and absorbed.alarm is None else None
    return memory, absorbed, slid


def _evaluate_one(act: Act, domain: str, metric: str, *, skip: bool) -> Absorbed | None:
    """Count and act; None where it must be tried again: the row is taken, or Prime Law's lock is needed first."""
    state = policies.lock_state(act.connection, domain, metric, skip=skip)
    row = policies.row_of(act.connection, domain, metric)
    if state is None or row is None:
        return None
    policy = policies.policy_of(row)
    ids, found = arrivals.peek(act.connection, domain, metric)
    memory, absorbed, slid = _look(act, policy, state, found)
    if slid is not None:
        if policy.action is Action.WARN:
            absorbed.warning = slid
        else:
            absorbed.alarm = slid
    if absorbed.alarm is not None and policy.action in STOPS and act.prime_mode is not PrimeMode.EXCLUSIVE:
        return None
    cross("tripwire.counted")
    if ids:
        arrivals.drop(act.connection, ids)
    _keep(act, state, memory, absorbed, moved=bool(ids))
    if absorbed.alarm is not None:
        tripping.trip(act, row, state, memory, absorbed.alarm)
    elif state.tripped_at is None:
        _warn(act, row, state, memory, policy, absorbed)
    if state.trial is not None:
        is_warned = absorbed.warning is not None or absorbed.alarm is not None or state.warned_at is not None
        trials.follow(act, state, policy, memory, found, is_warned=is_warned)
    return absorbed


def _keep(act: Act, state: Row[Any], memory: Memory, absorbed: Absorbed, *, moved: bool) -> None:
    kept = memory.to_json()
    today = act.now.astimezone(act.settings.zone).date()
    if not moved and kept == state.memory and state.compared_on == today:
        return
    newest = max((at for at in (state.last_event_at, absorbed.last_at) if at is not None), default=None)
    oldest = min((at for at in (state.first_event_at, absorbed.first_at) if at is not None), default=None)
    act.connection.execute(
        update(RegressionState)
        .where(RegressionState.domain == state.domain, RegressionState.metric == state.metric)
        .values(
            memory=kept, events=state.events + absorbed.taken, first_event_at=oldest, last_event_at=newest,
            compared_on=today,
        )
    )  # fmt: skip


def _warn(act: Act, row: Row[Any], state: Row[Any], memory: Memory, policy: Policy, absorbed: Absorbed) -> None:
    if absorbed.warning is not None and state.warned_at is None:
        tripping.warn(act, row, memory, absorbed.warning)
    elif state.warned_at is not None and _is_over(policy, memory):
        tripping.warning_over(act, state)


def _is_over(policy: Policy, memory: Memory) -> bool:
    if policy.method is rules.Method.SR:
        return rules.is_warning_over(policy, memory) and slides.slide(policy, memory) is None
    compared = window.compare(
        memory.window, policy.window_events, policy.baseline_events, policy.min_events_to_enforce,
        policy.max_drop_fraction, policy.better,
    )  # fmt: skip
    return compared is None or not compared.tripped
