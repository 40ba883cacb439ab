"""Tripwires' policies: reading, changing, and taking back what was set for a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, tuple_, update

from domain.act import Act
from domain.database import insert_into
from domain.operation import Checked, Wanted
from domain.outcomes import Kind, Refused, refused
from domain.policies import service as history
from domain.policies.results import Temporary
from domain.policies.rules import changed_meanwhile, judge_until
from domain.regression import changing, rules
from domain.regression.changing import Fault
from domain.regression.detector import Better
from domain.regression.measuring import MEASURES_NOTHING
from domain.regression.memory import Memory
from domain.regression.results import PolicyChanged, TripwirePolicies, TripwirePolicy
from domain.regression.rules import LAYER, Action, Method, MetricKind, Policy
from domain.regression.tables import RegressionPolicy, RegressionState
from domain.risk.views import caps_now

KIND = "regression"
LONGEST_NAME = 100
"""Of a domain and a metric with the point between them: a hold is placed, and an alert raised, under it."""
FIELDS = tuple(each.name for each in fields(Policy))
_TYPES = {"method": Method, "kind": MetricKind, "better": Better, "action": Action}


def key_of(domain: str, metric: str) -> str:
    """Return a policy's name in the history."""
    return f"{domain}.{metric}"


def policy_of(row: Any) -> Policy:
    """Return a row's figures as the rules take them."""
    return make({name: getattr(row, name) for name in FIELDS})


def make(figures: Mapping[str, Any]) -> Policy:
    """Return figures (plain JSON) as the rules take them."""
    return Policy(**_typed(figures))


def _typed(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _TYPES[name](value) if name in _TYPES else value for name, value in figures.items()}


def figures_of(policy: Policy) -> dict[str, Any]:
    """Return a policy's figures as plain JSON."""
    return {name: value.value if name in _TYPES else value for name, value in asdict(policy).items()}


def row_of(connection: Connection, domain: str, metric: str, *, lock: bool = False) -> Row[Any] | None:
    """Return a policy's row."""
    query = select(RegressionPolicy.__table__).where(
        RegressionPolicy.domain == domain, RegressionPolicy.metric == metric
    )
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def lock_state(connection: Connection, domain: str, metric: str, *, skip: bool = False) -> Row[Any] | None:
    """Return a tripwire's state, locked; None where it is not there, or somebody has it and `skip` is said."""
    return connection.execute(
        select(RegressionState.__table__)
        .where(RegressionState.domain == domain, RegressionState.metric == metric)
        .with_for_update(skip_locked=skip)
    ).one_or_none()


def shown(connection: Connection, row: Row[Any]) -> TripwirePolicy:
    """Return a policy as it is shown."""
    values = {name: getattr(row, name) for name in FIELDS}
    return TripwirePolicy(
        domain=row.domain, metric=row.metric, **values, version=row.version, changed_by=row.changed_by,
        reason=row.reason, updated_at=row.updated_at,
        temporary=history.temporary(connection, KIND, key_of(row.domain, row.metric)),
    )  # fmt: skip


def listed(act: Act) -> TripwirePolicies:
    """Return every policy."""
    rows = act.connection.execute(
        select(RegressionPolicy.__table__).order_by(RegressionPolicy.domain, RegressionPolicy.metric)
    ).all()
    return TripwirePolicies(items=tuple(shown(act.connection, row) for row in rows))


def planned(row: Row[Any] | None, changes: Mapping[str, Any]) -> Policy:
    """Return the policy as it would be."""
    before = policy_of(row) if row is not None else Policy()
    return replace(before, **_typed(changes))


def loosens(act: Act, domain: str, metric: str, changes: Mapping[str, Any], until: datetime | None) -> tuple[str, ...]:
    """Name what a change loosens; a new tripwire loosens nothing unless a rate is stated for it."""
    row = row_of(act.connection, domain, metric)
    return _loosened(act, row, planned(row, changes), changes, until)


def _loosened(
    act: Act, row: Row[Any] | None, after: Policy, named: Collection[str], until: datetime | None
) -> tuple[str, ...]:
    """Name what is looser than what is, or than what would be once what was set for a time has gone back."""
    if row is None:
        return ("reference_rate",) if after.reference_rate is not None else ()
    before, then = figures_of(policy_of(row)), figures_of(after)
    went_back = {one.field: one.base for one in _put_off(act, row, named, until)}
    sooner = history.brought_forward(act.connection, KIND, key_of(row.domain, row.metric), named, until)
    pairs = (
        (before, then), ({**before, **went_back}, then), (before, {**then, **{one.field: one.base for one in sooner}}),
    )  # fmt: skip
    return tuple(dict.fromkeys(name for was, now in pairs for name in changing.loosened(was, now)))


def _put_off(act: Act, row: Row[Any], named: Collection[str], until: datetime | None) -> tuple[Temporary, ...]:
    return history.put_off(act.connection, KIND, key_of(row.domain, row.metric), named, until)


def bindings(act: Act, domain: str, metric: str) -> dict[str, str]:
    """Return the policy's version, locked when it is decided."""
    row = row_of(act.connection, domain, metric, lock=act.approved_by is not None)
    return {"policy": f"v{row.version}" if row is not None else "none"}


def gates(act: Act, domain: str, metric: str, changes: Mapping[str, Any]) -> tuple[Checked, ...]:
    """Return whether the policy would make sense."""
    row = row_of(act.connection, domain, metric)
    found = _wrong(act, row, domain, metric, planned(row, changes))
    detail = f"`{found.field}`: {found.detail}" if found else "it makes sense"
    return (Checked(name="policy", ok=found is None, waivable=False, detail=detail),)


def wanted(act: Act, domain: str, metric: str, changes: Mapping[str, Any], until: datetime | None) -> Wanted:
    """Return the words of a request to loosen a tripwire."""
    row = row_of(act.connection, domain, metric)
    before = figures_of(policy_of(row) if row is not None else Policy())
    after = figures_of(planned(row, changes))
    changed = history.changed_fields(before, after)
    loose = loosens(act, domain, metric, changes, until)
    facts = [
        (name.replace("_", " "), f"{_said(was)} → {_said(now)}{' (looser)' if name in loose else ''}")
        for name, (was, now) in sorted(changed.items())
    ]
    if row is not None:
        facts += [
            (
                f"{one.field.replace('_', ' ')} without this",
                f"back to {_said(one.base)} by itself, {one.until.isoformat()}",
            )
            for one in _put_off(act, row, changes, until)
        ]
    name = key_of(domain, metric)
    off = "enabled" in loose
    until_then = f" until {until.isoformat()}" if until else ""
    return Wanted(
        what=f"{'switch off' if off else 'loosen'} the tripwire on {name}{until_then}",
        facts=tuple(facts),
        if_approved=f"{name} is no longer watched" if off else f"{name} is watched by the new figures, at once",
        does_not_change="a hold that is in force stays; other tripwires stay as they are",
        way_back=f"`/tripwire set {domain} {metric} …`, at once where it tightens",
        done=f"the tripwire on {name} is {'off' if off else 'looser'}{until_then}",
        unchanged=f"the tripwire on {name} stays as it is",
        approve_label="Switch it off" if off else "Loosen it",
    )  # fmt: skip


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def set_policy(
    act: Act, domain: str, metric: str, changes: Mapping[str, Any], *, reason: str, until: datetime | None
) -> PolicyChanged | Refused:
    """Change a tripwire, or make one; what it learned stays unless what is watched changes."""
    row = row_of(act.connection, domain, metric, lock=True)
    after = planned(row, changes)
    if (found := _wrong(act, row, domain, metric, after)) is not None:
        return _faulty(found)
    if refusal := judge_until(until, act.now, name=key_of(domain, metric), is_new=row is None):
        return refusal
    if not act.may_loosen and _loosened(act, row, after, changes, until):
        return changed_meanwhile(key_of(domain, metric), LAYER)
    before = figures_of(policy_of(row)) if row is not None else None
    changed = _write(act, row, domain, metric, after, reason=reason, until=until, named=changes)
    if changed is None:  # somebody else made this tripwire meanwhile
        return set_policy(act, domain, metric, changes, reason=reason, until=until)
    act.changed(key_of(domain, metric), before=before, after=figures_of(after))
    return _changed(act, domain, metric, changed, created=row is None, until=until)


def _wrong(act: Act, row: Row[Any] | None, domain: str, metric: str, after: Policy) -> Fault | None:
    return _too_long(row, domain, metric) or changing.fault(after) or _stops_nothing(act, row, after)


def _stops_nothing(act: Act, row: Row[Any] | None, after: Policy) -> Fault | None:
    """Say where a tripwire is given an engine that is not there: it would hold nothing, and look like protection."""
    if after.throttles is None or (row is not None and row.throttles == after.throttles):
        return None
    engines = caps_now(act).keys()
    if after.throttles in engines:
        return None
    return Fault(
        "throttles", f"{after.throttles} is no engine that has caps, so a throttle of it would stop nothing",
        f"Name one of {', '.join(sorted(engines))}; `/risk set` makes a new one.",
    )  # fmt: skip


def _too_long(row: Row[Any] | None, domain: str, metric: str) -> Fault | None:
    """Say where a new tripwire's name has no room in the names of its hold and its alerts."""
    if row is not None or len(key_of(domain, metric)) <= LONGEST_NAME:
        return None
    return Fault(
        "metric",
        f"“{key_of(domain, metric)}” is longer than {LONGEST_NAME} characters",
        "Report it under a shorter name.",
    )


def _faulty(found: Fault) -> Refused:
    return refused(
        Kind.INVALID, "bad_value", f"`{found.field}`: {found.detail}.", layer=LAYER, field=found.field,
        remedy=found.remedy, **dict(found.figures),
    )  # fmt: skip


def _changed(
    act: Act, domain: str, metric: str, changed: Sequence[str], *, created: bool, until: datetime | None
) -> PolicyChanged:
    row = row_of(act.connection, domain, metric)
    state = lock_state(act.connection, domain, metric)
    assert row is not None
    assert state is not None
    stands = rules.state_of(
        policy_of(row), Memory.from_json(state.memory), is_tripped=state.tripped_at is not None,
        is_warned=state.warned_at is not None,
    )  # fmt: skip
    return PolicyChanged(
        policy=shown(act.connection, row), changed=tuple(changed), created=created, until=until, state=stands.value
    )


def _write(
    act: Act,
    row: Row[Any] | None,
    domain: str,
    metric: str,
    after: Policy,
    *,
    reason: str,
    until: datetime | None,
    named: Collection[str] = (),
) -> Sequence[str] | None:
    """Write the next version, its history, and what it means for what was learned.

    None where somebody else made this tripwire meanwhile; then nothing was written.
    """
    before = policy_of(row) if row is not None else None
    version = row.version + 1 if row is not None else 1
    values = {
        **figures_of(after), "version": version, "changed_by": act.actor, "reason": reason, "updated_at": act.now
    }  # fmt: skip
    if row is None:
        new = insert_into(act.connection, RegressionPolicy).values(domain=domain, metric=metric, **values)
        if act.connection.scalar(new.on_conflict_do_nothing().returning(RegressionPolicy.domain)) is None:
            return None
        act.connection.execute(
            insert(RegressionState).values(
                domain=domain, metric=metric, version=1, memory=rules.fresh(after).to_json(), events=0
            )
        )
    else:
        act.connection.execute(
            update(RegressionPolicy)
            .where(RegressionPolicy.domain == domain, RegressionPolicy.metric == metric)
            .values(**values)
        )
    changes = history.remember(
        act, KIND, key_of(domain, metric), version=version, before=figures_of(before) if before else None,
        after=figures_of(after), reason=reason, until=until, named=named,
    )  # fmt: skip
    if before is not None:
        _adapt(act, domain, metric, before, after)
    return sorted(changes)


def _adapt(act: Act, domain: str, metric: str, before: Policy, after: Policy) -> None:
    """Let the memory follow its policy: begin anew, take a stated rate, or begin clean where it is switched on."""
    state = lock_state(act.connection, domain, metric)
    assert state is not None
    memory, trial = Memory.from_json(state.memory), state.trial
    if any(getattr(before, name) != getattr(after, name) for name in changing.RELEARN):
        memory = rules.fresh(after)
        trial = trial and {**trial, **MEASURES_NOTHING}
    elif after.reference_rate is not None and after.reference_rate != before.reference_rate:
        rules.told(after, memory)
    elif after.enabled and not before.enabled:
        memory.score.restart()
        memory.under.restart()
        memory.began = memory.under_began = None
    else:
        return
    act.connection.execute(
        update(RegressionState)
        .where(RegressionState.domain == domain, RegressionState.metric == metric)
        .values(memory=memory.to_json(), trial=trial, version=RegressionState.version + 1)
    )


def revert(act: Act, keys: Sequence[str]) -> int:
    """Take back what is due of these tripwires; return how many changed."""
    names = sorted(tuple(key.split(".", 1)) for key in keys)
    rows = act.connection.execute(
        select(RegressionPolicy.__table__)
        .where(tuple_(RegressionPolicy.domain, RegressionPolicy.metric).in_(names))
        .order_by(RegressionPolicy.domain, RegressionPolicy.metric)
        .with_for_update()
    ).all()
    count = 0
    for row in rows:
        due = history.take_due(act, KIND, key_of(row.domain, row.metric))
        if due:
            after = make({**figures_of(policy_of(row)), **due})
            _write(act, row, row.domain, row.metric, after, reason=history.WENT_BACK, until=None, named=due)
            count += 1
    if count:
        act.changed("policies", after={"reverted": list(keys)})
    return count
