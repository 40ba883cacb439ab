"""What follows from an alarm: the hold or the kill switch, and the alert that answers the four questions of the night.

Is it real, is it stopped, does it need me now, what did we change (cards, 4).
"""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, update

from domain.act import Act, Entry
from domain.alerts.service import raise_alert, resolve_by_itself
from domain.audit.tables import AuditEvent
from domain.followup.tables import FollowupTask
from domain.gate.reading import state_of
from domain.held.tables import HeldWork
from domain.kpi.tables import KpiEvent
from domain.policies.tables import PolicyVersion
from domain.prime_law import service as prime_law
from domain.regression import policies
from domain.regression.detector import Better
from domain.regression.memory import Memory
from domain.regression.parts import Part, worst_part
from domain.regression.results import ChangeLine, PartLine, TripCard, Waiting
from domain.regression.rules import Action, MetricKind, Signal
from domain.regression.tables import RegressionState
from domain.regression.views import pace, source_of
from domain.regression.words import headline, reason
from domain.risk.service import place_hold

CARD = "tripwire"
LOOK_BACK = timedelta(days=3)
MOST_CHANGES = 3
MOST_EVENTS = 5_000
"""Events of the dip that are looked at to say where it is: the newest ones, by the index."""
CHANGING = ("route.set", "source.set", "source.pause", "heimdall.promote", "market.resume", "golive.enable")
"""What may have moved a metric beside policies, whose history says more."""


def trip(act: Act, row: Row[Any], state: Row[Any], memory: Memory, signal: Signal) -> None:
    """Stop what the policy says, and raise the alert; the caller holds the state's lock."""
    if state.warned_at is not None and state.alert_id is not None:
        resolve_by_itself(act, state.alert_id, "It went on: the tripwire acted, and has an alert of its own.")
    card = card_of(act, row, state, memory, signal, is_warning=False)
    name = policies.key_of(row.domain, row.metric)
    entry = Entry(
        actor=act.actor, surface=act.caller.surface.value, operation="regression.evaluate", target=name,
        reason=reason(card), before={"state": "armed"},
        after={"state": "tripped", "action": row.action, "engine": row.throttles, "usual": card.usual, "now": card.now},
    )  # fmt: skip
    act.entries.append(entry)
    inner = replace(act, entry=entry)
    if card.action == Action.THROTTLE.value and card.engine is not None:
        hold_id = place_hold(inner, card.engine, source=source_of(row.domain, row.metric), reason=reason(card))
        entry.after = {**(entry.after or {}), "hold": hold_id}
    elif card.action == Action.KILL_SWITCH.value:
        _engage(act, card)
        card = card.model_copy(update={"kill_switch_engaged": True})
    alert_id = raise_alert(
        inner, source_of(row.domain, row.metric)[:128], headline(card), severity="critical",
        extra={"card": CARD, "detail": card.to_json()},
    )  # fmt: skip
    _write(
        act,
        row,
        version=state.version + 1,
        tripped_at=act.now,
        warned_at=None,
        trip=card.to_json(),
        alert_id=alert_id,
        shown=card.to_json(),
        chart_wanted=True,
    )


def _engage(act: Act, card: TripCard) -> None:
    """Engage the kill switch as the program, with an entry of its own; Prime Law's lock is held alone already."""
    entry = Entry(
        actor=act.actor, surface=act.caller.surface.value, operation="killswitch.engage", target="kill switch",
        reason=reason(card),
    )  # fmt: skip
    act.entries.append(entry)
    prime_law.engage(replace(act, entry=entry), reason(card))
    act.prime = state_of(act.connection)


def warn(act: Act, row: Row[Any], memory: Memory, signal: Signal) -> None:
    """Say that a metric may be falling; nothing is stopped."""
    state = policies.lock_state(act.connection, row.domain, row.metric)
    assert state is not None
    card = card_of(act, row, state, memory, signal, is_warning=True)
    alert_id = raise_alert(
        act, f"tripwire-warning:{row.domain}.{row.metric}"[:128], headline(card), severity="warning",
        extra={"card": CARD, "detail": card.to_json()},
    )  # fmt: skip
    _write(act, row, warned_at=act.now, alert_id=alert_id, shown=card.to_json(), chart_wanted=True)
    act.entries.append(
        Entry(
            actor=act.actor, surface=act.caller.surface.value, operation="regression.evaluate",
            target=policies.key_of(row.domain, row.metric), reason=reason(card), after={"state": "warned"},
        )
    )  # fmt: skip


def warning_over(act: Act, state: Row[Any]) -> None:
    """Take a warning back: the score has fallen again."""
    if state.alert_id is not None:
        resolve_by_itself(act, state.alert_id, "It is over: what came since speaks against a drop.")
    _write(act, state, warned_at=None, alert_id=None)


def _write(act: Act, row: Row[Any], **values: Any) -> None:
    act.connection.execute(
        update(RegressionState)
        .where(RegressionState.domain == row.domain, RegressionState.metric == row.metric)
        .values(**values)
    )


# -- the card --------------------------------------------------------------------------------------------


def card_of(act: Act, row: Row[Any], state: Row[Any], memory: Memory, signal: Signal, *, is_warning: bool) -> TripCard:
    """Return everything the alert says, read once: at the alarm."""
    where, elsewhere = _where(act, row, signal)
    return TripCard(
        domain=row.domain, metric=row.metric, kind=row.kind, better=row.better, cause=signal.cause.value,
        action=Action.WARN.value if is_warning else row.action,
        engine=row.throttles if row.action == Action.THROTTLE.value else None, is_warning=is_warning,
        usual=signal.usual, now=_now(row, signal), events=signal.events, successes=signal.successes,
        began_at=signal.began, tripped_at=act.now, n=signal.n, per_day=pace(state, memory, act.now),
        middle=memory.ranks.middle if memory.ranks else None, floor=row.floor, waiting=_waiting(act), where=where,
        elsewhere=elsewhere, changes=_changes(act, row, signal), act_n=row.act_n, warn_n=row.warn_n,
        policy_version=row.version, since_events=int(memory.after.n), since_successes=memory.after.s,
    )  # fmt: skip


def _now(row: Row[Any], signal: Signal) -> float:
    """Return the rate since the dip began; of a volume, what a week would bring at this pace."""
    if row.kind == MetricKind.VOLUME.value:
        return signal.successes / max(signal.events, 1) * 168
    return signal.successes / max(signal.events, 1)


def _where(act: Act, row: Row[Any], signal: Signal) -> tuple[PartLine | None, PartLine | None]:
    """Say which market or source explains most of the dip: of its newest events, at most so many."""
    if row.kind != MetricKind.RATE.value or signal.events < 1:
        return None, None
    newest = (
        select(KpiEvent.market, KpiEvent.source, KpiEvent.success)
        .where(
            KpiEvent.domain == row.domain,
            KpiEvent.metric == row.metric,
            KpiEvent.success.is_not(None),
            KpiEvent.occurred_at <= (signal.until or act.now),
        )
        .order_by(KpiEvent.occurred_at.desc())
        .limit(min(signal.events, MOST_EVENTS))
    )
    events = act.connection.execute(newest).all()
    parts: list[Part] = []
    for by in ("market", "source"):
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for event in events:
            name = getattr(event, by)
            if name:
                sums[name][0] += 1
                sums[name][1] += int(event.success)
        if len(sums) > 1:
            parts += [Part(by, name, count, good) for name, (count, good) in sorted(sums.items())]
    worst = worst_part(parts, signal.usual, Better(row.better))
    if worst is None:
        return None, None
    good = sum(int(event.success) for event in events)
    rest = PartLine(
        by=worst.by, name="everywhere else", events=len(events) - worst.events, successes=good - worst.successes
    )
    return PartLine(by=worst.by, name=worst.name, events=worst.events, successes=worst.successes), rest


def _changes(act: Act, row: Row[Any], signal: Signal) -> tuple[ChangeLine, ...]:
    """Return what somebody changed in the days before the dip began, the newest first."""
    end = signal.began or act.now
    since, until = end - LOOK_BACK, min(end + timedelta(hours=1), act.now)
    own = (PolicyVersion.kind == policies.KIND) & (PolicyVersion.key == policies.key_of(row.domain, row.metric))
    versions = act.connection.execute(
        select(PolicyVersion.changed_at, PolicyVersion.kind, PolicyVersion.key, PolicyVersion.changes,
               PolicyVersion.changed_by)
        .where(PolicyVersion.changed_at >= since, PolicyVersion.changed_at <= until, ~own,
               PolicyVersion.changed_by != "settings")
        .order_by(PolicyVersion.changed_at.desc())
        .limit(MOST_CHANGES)
    )  # fmt: skip
    lines = [
        ChangeLine(at=each.changed_at, what=_change(each.kind, each.key, each.changes), by=each.changed_by)
        for each in versions
    ]
    audited = act.connection.execute(
        select(AuditEvent.at, AuditEvent.operation, AuditEvent.target, AuditEvent.actor)
        .where(
            AuditEvent.operation.in_(CHANGING), AuditEvent.outcome == "done", AuditEvent.at >= since,
            AuditEvent.at <= until,
        )
        .order_by(AuditEvent.id.desc())
        .limit(MOST_CHANGES)
    )  # fmt: skip
    lines += [
        ChangeLine(at=each.at, what=f"{each.operation.replace('.', ' ')} {each.target}", by=each.actor)
        for each in audited
    ]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True)[:MOST_CHANGES])


def _change(kind: str, key: str, changes: dict[str, Any]) -> str:
    shown = [f"{name.replace('_', ' ')} {_said(was)} → {_said(now)}" for name, (was, now) in sorted(changes.items())]
    more = f" and {len(shown) - 2} more" if len(shown) > 2 else ""  # noqa: PLR2004
    return f"{kind} {key}: {', '.join(shown[:2])}{more}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)


def _waiting(act: Act) -> Waiting:
    """Say what waits for people now: held actions and due steps; and when the next step falls due."""
    is_open: ColumnElement[bool] = FollowupTask.completed_at.is_(None) & FollowupTask.stopped_at.is_(None)
    held = act.connection.scalar(select(func.count()).select_from(HeldWork).where(HeldWork.state == "held")) or 0
    due = select(FollowupTask.id).where(is_open, FollowupTask.sla_from <= act.now).limit(1_000).subquery()
    return Waiting(
        held=held, due=act.connection.scalar(select(func.count()).select_from(due)) or 0,
        next_due_at=act.connection.scalar(
            select(func.min(FollowupTask.sla_from)).where(is_open, FollowupTask.sla_from > act.now)
        ),
    )  # fmt: skip
