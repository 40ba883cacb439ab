"""Setting caps, for good or for a time, with their history; and what an approver reads before a cap is loosened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select, update

from domain.act import Act, Entry
from domain.database import insert_into
from domain.identity import SYSTEM, mention
from domain.money import dollars, from_cents, to_cents
from domain.operation import Wanted
from domain.outcomes import Kind, Refused, refused
from domain.policies import service as history
from domain.policies.results import FieldChange, Temporary
from domain.policies.rules import changed_meanwhile, judge_until
from domain.risk import views
from domain.risk.books import KIND
from domain.risk.results import PolicyLine, PolicyList, PolicySet, Uncapped
from domain.risk.rules import CAPS, COUNTED, GLOBAL, LAYER, UNCAPPED, Caps, Used, is_higher, loosens, said
from domain.risk.tables import RiskLedger, RiskPolicy

NEEDED = ("max_daily_loss", "max_daily_exposure", "max_open_risk")
"""Caps a new engine must be given in words, be it `uncapped`."""
MEANINGS = {
    "enabled": "Enabled", "max_daily_loss": "Loss a day", "max_daily_exposure": "Exposure a day",
    "max_open_risk": "Open risk", "max_actions_per_day": "Actions a day",
}  # fmt: skip
NAMED = 3
Given = Decimal | int | Uncapped | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be set: only what is given changes."""

    engine: str
    given: Mapping[str, Given]
    enabled: bool | None
    until: datetime | None
    reason: str
    raises_only: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """The fields that are said, changed or not."""
        return (
            *(cap for cap in CAPS if self.given.get(cap) is not None),
            *(["enabled"] if self.enabled is not None else []),
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """An engine's policy as plain values."""

    caps: Caps
    enabled: bool


def _figures(policy: Policy) -> dict[str, Any]:
    """Return a policy as plain JSON, as its history keeps it."""
    shown = {cap: _shown(cap, policy.caps.limit(cap)) for cap in CAPS}
    return {
        "enabled": policy.enabled,
        **{cap: str(value) if cap not in COUNTED else value for cap, value in shown.items()},
    }


def _shown(cap: str, limit: int | None) -> Any:
    if limit is None:
        return UNCAPPED
    return limit if cap in COUNTED else from_cents(limit)


def _limit(cap: str, given: Given) -> int | None:
    if given is None or given == UNCAPPED:
        return None
    return int(given) if cap in COUNTED else to_cents(Decimal(given))


def _from_figures(figures: Mapping[str, Any]) -> Policy:
    return Policy(Caps(**{cap: _limit(cap, figures[cap]) for cap in CAPS}), bool(figures["enabled"]))


def _of_row(row: Row[Any] | None) -> Policy | None:
    return None if row is None else Policy(views.caps_of(row), bool(row.enabled))


def read(act: Act, engine: str) -> Row[Any] | None:
    """Return an engine's policy as it is, without a lock."""
    return act.connection.execute(select(RiskPolicy.__table__).where(RiskPolicy.engine == engine)).one_or_none()


def _locked(act: Act, engine: str) -> Row[Any] | None:
    """Lock an engine's current book and then its policy: what is being reserved now is committed before it changes."""
    act.connection.execute(
        select(RiskLedger.day).where(RiskLedger.engine == engine, ~RiskLedger.is_closed).with_for_update()
    )
    return act.connection.execute(
        select(RiskPolicy.__table__).where(RiskPolicy.engine == engine).with_for_update()
    ).one_or_none()


def _after(before: Policy | None, change: Change) -> Policy:
    base = before or Policy(Caps(), enabled=False)
    limits = {
        cap: _limit(cap, change.given[cap]) if change.given.get(cap) is not None else base.caps.limit(cap)
        for cap in CAPS
    }  # fmt: skip
    return Policy(Caps(**limits), base.enabled if change.enabled is None else change.enabled)


def judge(act: Act, change: Change, before: Policy | None) -> Refused | None:
    """Return why a change cannot be made at all, whoever asks."""
    if before is None and (refusal := _judge_new(change)) is not None:
        return refusal
    if refusal := judge_until(change.until, act.now, name=change.engine, is_new=before is None):
        return refusal
    if before is None:
        return None
    if change.raises_only:
        return _judge_raise(act, change, before)
    return None


def _judge_new(change: Change) -> Refused | None:
    engine = change.engine
    if change.raises_only:
        return refused(
            Kind.NOT_FOUND, "no_policy", f"{engine} has no caps that could be raised.", layer=LAYER, field="engine",
            remedy="`/risk policies` lists the engines.",
        )  # fmt: skip
    missing = [cap for cap in NEEDED if change.given.get(cap) is None]
    if missing:
        listed = ", ".join(f"`{cap}`" for cap in missing)
        return refused(
            Kind.INVALID, "cap_missing", f"{engine} is new, so each of its caps must be said; missing: {listed}.",
            layer="input", field=missing[0], remedy=f"An amount, or `{UNCAPPED}` where there shall be no cap.",
        )  # fmt: skip
    return None


def _judge_raise(act: Act, change: Change, before: Policy) -> Refused | None:
    given = {cap: value for cap, value in change.given.items() if value is not None}
    if not given:
        return refused(
            Kind.INVALID, "missing", "No cap is named, so there is nothing to raise.", layer="input",
            remedy="for example `max_open_risk=1000`", field="max_open_risk",
        )  # fmt: skip
    after, longer = _after(before, change), {one.field for one in _put_off(act, change)}
    for cap in given:
        was, now = before.caps.limit(cap), after.caps.limit(cap)
        if not is_higher(was, now) and not (was == now and cap in longer):
            return refused(
                Kind.INVALID, "not_higher",
                f"`{cap}` of {change.engine} is {_shown(cap, was)}, and {_shown(cap, now)} is not more.",
                layer="input", field=cap, remedy="Tighten with `/risk set`, which needs nobody's approval.",
                cap=cap, limit=str(_shown(cap, was)), asked=str(_shown(cap, now)),
            )  # fmt: skip
    return None


def needs_approval(act: Act, change: Change) -> bool:
    """Whether a second person is needed: it loosens, and could be made at all."""
    before = _of_row(read(act, change.engine))
    if judge(act, change, before) is not None:
        return False
    return _loosens(act, change, before, _after(before, change))


def _loosens(act: Act, change: Change, before: Policy | None, after: Policy) -> bool:
    """Whether it lets more happen than is, or than would be once what was set for a time has gone back."""
    if before is None:
        return loosens(None, after.caps, was_enabled=False, enabled=after.enabled)
    went_back = {one.field: one.base for one in _put_off(act, change)}
    sooner = history.brought_forward(act.connection, KIND, change.engine, change.named, change.until)
    pairs = (
        (before, after),
        (_from_figures({**_figures(before), **went_back}), after),
        (before, _from_figures({**_figures(after), **{one.field: one.base for one in sooner}})),
    )
    return any(loosens(one.caps, then.caps, was_enabled=one.enabled, enabled=then.enabled) for one, then in pairs)


def _put_off(act: Act, change: Change) -> tuple[Temporary, ...]:
    return history.put_off(act.connection, KIND, change.engine, change.named, change.until)


def _restated(act: Act, change: Change) -> tuple[Temporary, ...]:
    return history.restated(act.connection, KIND, change.engine, change.named, change.until)


def binds(act: Act, engine: str) -> dict[str, str]:
    """Return what a request to loosen is bound to: the policy's version, locked when it is decided."""
    row = read(act, engine) if act.approved_by is None else _locked(act, engine)
    return {"policy": f"v{row.version}" if row else "none yet"}


def set_policy(act: Act, change: Change) -> PolicySet | Refused:
    """Set what is given, at once, as a new version; with `until` it goes back by itself."""
    row = _locked(act, change.engine)
    before = _of_row(row)
    refusal = judge(act, change, before)
    if refusal is not None:
        return refusal
    after = _after(before, change)
    if before == after and not _restated(act, change):
        act.changed(change.engine, after={"changed": False})
        return _answer(act, change, (), changed=False)
    if not act.may_loosen and _loosens(act, change, before, after):
        return changed_meanwhile(change.engine, LAYER)
    changes = _write(act, change.engine, row, after, change.reason, until=change.until, named=change.named)
    if changes is None:  # somebody else made this policy meanwhile
        return set_policy(act, change)
    shown = {field: now for field, (_was, now) in changes.items()}
    was = {field: was for field, (was, _now) in changes.items()} if row is not None else None
    set_up = {"set_up": True} if (act.entry.after or {}).get("set_up") else {}
    act.changed(change.engine, before=was, after={**shown, "until": change.until, **set_up})
    listed = tuple(FieldChange(field=field, before=was, after=now) for field, (was, now) in sorted(changes.items()))
    return _answer(act, change, listed, changed=True)


def _answer(act: Act, change: Change, changes: tuple[FieldChange, ...], *, changed: bool) -> PolicySet:
    row = read(act, change.engine)
    assert row is not None
    return PolicySet(
        engine=change.engine, policy=_line(act, row, views.holds_by_engine(act), views.shares_by_engine(act)),
        changes=changes, changed=changed, until=change.until, changed_by=act.actor, approved_by=act.approved_by,
    )  # fmt: skip


def _write(
    act: Act,
    engine: str,
    row: Row[Any] | None,
    after: Policy,
    reason: str,
    *,
    until: datetime | None = None,
    named: Sequence[str] = (),
) -> dict[str, list[Any]] | None:
    """Write the next version and its history; None where somebody else made this policy meanwhile."""
    before = _of_row(row)
    version = row.version + 1 if row is not None else 1
    values = {
        "enabled": after.enabled, **{cap: after.caps.limit(cap) for cap in CAPS}, "version": version,
        "changed_by": act.actor, "reason": reason, "updated_at": act.now,
    }  # fmt: skip
    if row is None:
        new = insert_into(act.connection, RiskPolicy).values(engine=engine, **values)
        if act.connection.scalar(new.on_conflict_do_nothing().returning(RiskPolicy.engine)) is None:
            return None
    else:
        act.connection.execute(update(RiskPolicy).where(RiskPolicy.engine == engine).values(**values))
    return history.remember(
        act, KIND, engine, version=version, before=_figures(before) if before else None, after=_figures(after),
        reason=reason, until=until, named=named,
    )  # fmt: skip


def revert(act: Act, engines: Sequence[str]) -> int:
    """Take back what was set for a time and is over; return how many policies changed."""
    changed = 0
    for engine in sorted(engines, key=lambda name: (name != GLOBAL, name)):
        row = _locked(act, engine)
        due = history.take_due(act, KIND, engine)
        before = _of_row(row)
        if row is None or before is None or not due:
            continue
        _write(act, engine, row, _from_figures({**_figures(before), **due}), history.WENT_BACK, named=tuple(due))
        changed += 1
    return changed


def go_back(act: Act, engine: str) -> None:
    """Take back what was set for a time and is over before anything is judged by it, whether or not the sweep runs.

    An entry of its own says that nobody did it: the time was up.
    """
    entry = Entry(
        actor=SYSTEM.user_id, surface=act.caller.surface.value, operation="policy.revert", target=engine,
        reason=history.WENT_BACK,
    )  # fmt: skip
    changed = revert(replace(act, caller=SYSTEM, entry=entry), (GLOBAL, engine))
    if changed:
        entry.after = {"reverted": changed}
        act.entries.append(entry)


def listed(act: Act) -> PolicyList:
    """List every engine's caps, GLOBAL first."""
    holds, trials = views.holds_by_engine(act), views.shares_by_engine(act)
    rows = act.connection.execute(select(RiskPolicy.__table__).order_by(*views.GLOBAL_FIRST)).all()
    return PolicyList(items=tuple(_line(act, row, holds, trials) for row in rows))


def _line(act: Act, row: Row[Any], holds: Mapping[str, Any], trials: Mapping[str, Any]) -> PolicyLine:
    return PolicyLine(
        engine=row.engine, enabled=row.enabled, max_daily_loss=views.capped(row.max_daily_loss),
        max_daily_exposure=views.capped(row.max_daily_exposure), max_open_risk=views.capped(row.max_open_risk),
        max_actions_per_day=UNCAPPED if row.max_actions_per_day is None else row.max_actions_per_day,  # type: ignore[arg-type]
        version=row.version, changed_by=row.changed_by, reason=row.reason, updated_at=row.updated_at,
        temporary=history.temporary(act.connection, KIND, row.engine), holds=holds.get(row.engine, ()),
        trials=trials.get(row.engine, ()),
    )  # fmt: skip


# -- what an approver reads -----------------------------------------------------------------------------------


def wanted(act: Act, change: Change) -> Wanted:
    """Return the words of a request to loosen: each field before → after, beside what is used and what holds it."""
    engine = change.engine
    before = _of_row(read(act, engine))
    after = _after(before, change)
    changes = history.changed_fields(_figures(before) if before else None, _figures(after))
    used = views.used_now(act).get(engine, Used())
    facts = [(MEANINGS[field], _arrow(field, was, now)) for field, (was, now) in changes.items()]
    facts += [
        (f"{MEANINGS[cap]} now", f"{_in_words(cap, used.of(cap))} of {_in_words(cap, before.caps.limit(cap))}")
        for cap in changes if before and cap in CAPS
    ]  # fmt: skip
    if before:
        facts += [
            (
                f"{MEANINGS[one.field]} without this",
                f"back to {_word(one.field, one.base)} by itself, {one.until.isoformat()}",
            )
            for one in _put_off(act, change)
        ]
    if "max_open_risk" in changes:
        facts.append(("Held by", _holders(act, engine)))
    if change.until:
        facts.append(("Until", change.until.isoformat()))
    moves = [f"{MEANINGS[field].lower()} {_arrow(field, was, now)}" for field, (was, now) in changes.items()]
    moves += [
        f"{MEANINGS[one.field].lower()} {_word(one.field, _figures(after)[one.field])} until {_end(change.until)}, "
        f"not only until {one.until.isoformat()}"
        for one in _restated(act, change)
        if one.field not in changes
    ]
    what = ", ".join(moves)
    for_a_time = "for a time, then back" if change.until else "until somebody sets them again"
    return Wanted(
        what=f"{'raise' if change.raises_only else 'loosen'} the caps of {engine}: {what}",
        facts=tuple(facts),
        if_approved=f"{engine} may use them at once, {for_a_time}",
        does_not_change="holds, which are lifted on their own"
        + ("" if engine == GLOBAL else "; GLOBAL's caps, which count too"),
        way_back="by itself, or `/risk set` at once" if change.until else "`/risk set`, at once, by a manager",
        done=f"{engine}: {what}",
        unchanged=f"the caps of {engine} stay as they were",
        approve_label="Raise the caps" if change.raises_only else "Loosen the caps",
    )


def _arrow(field: str, was: Any, now: Any) -> str:
    return f"{_word(field, was)} → {_word(field, now)}" if was is not None else _word(field, now)


def _end(until: datetime | None) -> str:
    return until.isoformat() if until else "somebody sets it again"


def _word(field: str, value: Any) -> str:
    """Show a field of the history: a switch, a count, dollars, or that there is no cap."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if field in COUNTED or value == UNCAPPED else dollars(Decimal(value))


def _in_words(cap: str, limit: int | None) -> str:
    return _word(cap, _shown(cap, limit))


def _holders(act: Act, engine: str) -> str:
    found = views.reservations(act, engine, limit=NAMED)
    if not found.total:
        return "nothing is open"
    named = ", ".join(
        f"R-{one.reservation_id} {dollars(one.amount)} {f'({said(one.about)}) ' if one.about else ''}"
        f"by {mention(one.created_by)}"
        for one in found.items
    )
    more = f" and {found.total - len(found.items)} more" if found.total > len(found.items) else ""
    return f"{found.total} open, {dollars(found.amount)} in all: {named}{more}"
