"""How tripwires stand, for people: one row each, nothing counted over history."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from domain.act import Act
from domain.outcomes import Kind, Refused, refused
from domain.regression import arrivals, policies, rules
from domain.regression.memory import Memory
from domain.regression.results import Trial, TripwireSnapshot, TripwireState, TripwireStates
from domain.regression.rules import LAYER, MetricKind, State
from domain.regression.tables import RegressionPolicy, RegressionState
from domain.risk.tables import RiskHold

NOT_WATCHED = "`/tripwire policies` lists those there are; `/tripwire set DOMAIN METRIC` makes one."


def source_of(domain: str, metric: str) -> str:
    """Return the name under which a tripwire's hold is placed, and lifted."""
    return f"tripwire:{domain}.{metric}"


def pace(state: Row[Any], memory: Memory, now: datetime) -> float | None:
    """Return about how many events come a day; None where too little time has passed to say."""
    if memory.hours is not None:
        return memory.hours.expected_week / 7 or None
    if state.first_event_at is None or state.last_event_at is None or state.events < 2:  # noqa: PLR2004
        return None
    days = (min(state.last_event_at, now) - state.first_event_at) / timedelta(days=1)
    return state.events / days if days >= 0.25 else None  # noqa: PLR2004 - a quarter of a day says nothing


def no_such(domain: str, metric: str | None) -> Refused:
    """Return that nothing of this name is watched."""
    name = f"{domain}.{metric}" if metric else domain
    return refused(Kind.NOT_FOUND, "no_such_tripwire", f"Nothing watches {name}.", layer=LAYER, remedy=NOT_WATCHED)


def named(connection: Connection, domain: str | None, metric: str | None) -> list[tuple[str, str]]:
    """Return the tripwires a call means: one, a domain's, or all."""
    query = select(RegressionPolicy.domain, RegressionPolicy.metric)
    if domain is not None:
        query = query.where(RegressionPolicy.domain == domain)
    if metric is not None:
        query = query.where(RegressionPolicy.metric == metric)
    return sorted((row.domain, row.metric) for row in connection.execute(query))


def states(act: Act, domain: str | None = None, metric: str | None = None) -> TripwireStates | Refused:
    """Return how one tripwire stands, a domain's, or all."""
    names = named(act.connection, domain, metric)
    if not names and domain is not None:
        return no_such(domain, metric)
    return TripwireStates(items=collect(act.connection, names, act.now), as_of=act.now)


def snapshot(act: Act) -> TripwireSnapshot:
    """Return how all stand, counted."""
    items = collect(act.connection, named(act.connection, None, None), act.now)
    counts = {state.value: sum(item.state == state.value for item in items) for state in State}
    engines = sorted({item.throttles for item in items if item.is_throttled and item.throttles})
    return TripwireSnapshot(
        as_of=act.now, **counts, is_throttled=bool(engines), throttled_engines=tuple(engines), items=items
    )


def collect(connection: Connection, names: list[tuple[str, str]], now: datetime) -> tuple[TripwireState, ...]:
    """Return how these stand, in their order."""
    if not names:
        return ()
    wanted = set(names)
    query = select(RegressionPolicy.__table__)
    rows = {(row.domain, row.metric): row for row in connection.execute(query)}
    kept = {(row.domain, row.metric): row for row in connection.execute(select(RegressionState.__table__))}
    waiting = set(arrivals.waiting(connection))
    query = select(RiskHold.id, RiskHold.source, RiskHold.share).where(RiskHold.lifted_at.is_(None))
    found = connection.execute(query).all()
    stops, unlifted = {row.source for row in found if row.share is None}, {row.id for row in found}
    return tuple(
        _state(
            rows[name],
            kept[name],
            now,
            is_waiting=name in waiting,
            is_held=source_of(*name) in stops,
            trial=_trial(kept[name], unlifted, now),
        )
        for name in names
        if name in wanted and name in kept
    )


def _trial(state: Row[Any], holds: set[int], now: datetime) -> Trial | None:
    """Return the trial share that is in force still."""
    trial = None if state.trial is None else Trial.model_validate(state.trial)
    return trial if trial is not None and trial.hold_id in holds and trial.ends_at > now else None


def _state(
    row: Row[Any], state: Row[Any], now: datetime, *, is_waiting: bool, is_held: bool, trial: Trial | None
) -> TripwireState:  # fmt: skip
    policy, memory = policies.policy_of(row), Memory.from_json(state.memory)
    stands = rules.state_of(
        policy, memory, is_tripped=state.tripped_at is not None, is_warned=state.warned_at is not None
    )
    learned, needs = rules.learned(policy, memory), rules.needs(policy)
    per_day = pace(state, memory, now)
    last = state.last_event_at
    return TripwireState(
        domain=row.domain, metric=row.metric, kind=row.kind, state=stands.value, enabled=row.enabled,
        action=row.action, throttles=row.throttles, is_throttled=is_held, baseline_rate=_baseline(policy, memory),
        middle=memory.ranks.middle if memory.ranks else None, floor=row.floor, learned=learned, needs=needs,
        can_act=learned >= needs, ready_about=_ready(policy, learned, needs, per_day, now),
        recent_rate=memory.recent.rate if memory.recent.n >= 1 else None, recent_events=int(memory.recent.n),
        score=max(memory.score.r, memory.under.r), warn_n=row.warn_n, act_n=row.act_n, events=state.events,
        per_day=per_day, last_event_at=last,
        is_stale=last is not None and now - last > timedelta(days=rules.STALE_DAYS),
        days_old=None if last is None else max((now - last).days, 0), warned_at=state.warned_at,
        tripped_at=state.tripped_at, alert_id=state.alert_id, since_alarm_events=int(memory.after.n),
        since_alarm_successes=memory.after.s, released_at=state.released_at, trial=trial,
        waiting=is_waiting, version=state.version,
        policy_version=row.version,
    )  # fmt: skip


def _baseline(policy: rules.Policy, memory: Memory) -> float | None:
    if policy.kind is MetricKind.VOLUME:
        return memory.hours.expected_week if memory.hours and memory.hours.expected_week else None
    if policy.kind is MetricKind.MEAN:
        return memory.ranks.above if memory.ranks else None
    return memory.base.rate if memory.base.n >= 1 else None


def _ready(policy: rules.Policy, learned: int, needs: int, per_day: float | None, now: datetime) -> datetime | None:
    """Return about when it has learned enough, at the pace so far."""
    if learned >= needs:
        return None
    if policy.kind is MetricKind.VOLUME:
        return now + timedelta(hours=needs - learned)
    return now + timedelta(days=min((needs - learned) / per_day, 3_650)) if per_day else None
