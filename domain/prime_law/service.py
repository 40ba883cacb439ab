"""Changing the switches; every change is a row of the history and an epoch more."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from domain.act import Act, Priority
from domain.audit.service import set_up_entries
from domain.gate.reading import state_of
from domain.held.tables import HeldWork
from domain.identity import mention
from domain.operation import Checked, Wanted
from domain.outcomes import Kind, Refused, refused
from domain.prime_law import settling, under_way
from domain.prime_law.results import GoLiveCard, GoLiveView, HeldCount, KillSwitchCard, ReasonAsked, Settled
from domain.prime_law.rules import LAYER, PrimeState, may_edit
from domain.prime_law.tables import GoLiveHistory, GoLiveState
from domain.runbook.service import blockers

ANNOUNCED = ("route:governance", "route:oncall")
KILL_SWITCH_CHECK = "kill switch clear"


def view(act: Act) -> GoLiveView:
    """Return the switches as this call's transaction read them."""
    state = act.prime
    return GoLiveView(
        go_live_enabled=state.go_live_enabled, kill_switch_engaged=state.kill_switch_engaged, version=state.version,
        changed_by=state.changed_by, changed_at=state.changed_at, reason=state.reason, engaged_by=state.engaged_by,
        engaged_at=state.engaged_at, was_ever_live=state.was_ever_live, go_live_changed_at=state.go_live_changed_at,
    )  # fmt: skip


def _change(
    act: Act,
    action: str,
    *,
    reason: str | None,
    detail: dict[str, Any] | None = None,
    kept_reason: str | None = None,
    **values: Any,
) -> int:
    """Write the new state and its history row; return the new epoch. `kept_reason` stands where none is given."""
    before = {"go_live_enabled": act.prime.go_live_enabled, "kill_switch_engaged": act.prime.kill_switch_engaged}
    after = {**before, **{name: values[name] for name in before if name in values}}
    version = act.prime.version + 1
    act.connection.execute(
        update(GoLiveState)
        .where(GoLiveState.id == 1)
        .values(version=version, changed_by=act.actor, changed_at=act.now, reason=reason or kept_reason, **values)
    )
    _history(act, action, reason=reason, version=version, detail=detail, **after)
    act.changed(
        action, before={**before, "version": act.prime.version}, after={**after, "version": version, **(detail or {})}
    )
    return version


def _history(act: Act, action: str, **values: Any) -> None:
    act.connection.execute(
        insert(GoLiveHistory).values(at=act.now, action=action, actor=act.actor, approved_by=act.approved_by, **values)
    )


def engage(act: Act, reason: str | None) -> KillSwitchCard:
    """Engage at once, reason or not; pressed again, it stays engaged and the new reason is added."""
    already = act.prime.kill_switch_engaged
    engaged_by = act.prime.engaged_by if already and act.prime.engaged_by else act.actor
    engaged_at = act.prime.engaged_at if already and act.prime.engaged_at else act.now
    claimed = () if already else under_way.claimed_now(act)
    version = _change(
        act, "engage", reason=reason, detail=under_way.kept(claimed),
        kept_reason=act.prime.reason if already else None, kill_switch_engaged=True,
        engaged_by=engaged_by, engaged_at=engaged_at,
    )  # fmt: skip
    state = replace(act.prime, kill_switch_engaged=True, version=version, engaged_by=engaged_by, engaged_at=engaged_at)
    card = engaged_card(act.connection, state, act.now, already_engaged=already)
    _announce(act, card)
    under_way.tell_claimants(act, claimed, reason)
    if reason is None and not already:
        act.post(f"user:{act.actor}", "reason_asked", ReasonAsked(engaged_at=engaged_at), priority=Priority.SWITCH)
    return card


def engaged_card(
    connection: Connection, state: PrimeState, now: datetime, *, already_engaged: bool = True
) -> KillSwitchCard:
    """Return the card of the engagement that lasts; of a new one nobody can have confirmed anything yet."""
    engaged_at = state.engaged_at or now
    return KillSwitchCard(
        engaged_by=state.engaged_by or "", engaged_at=engaged_at, reasons=_reasons(connection, engaged_at),
        go_live_enabled=state.go_live_enabled, version=state.version, held=held_in(connection),
        reached=settling.reached(connection, engaged_at, now) if already_engaged else None,
        under_way=under_way.under_way(connection, engaged_at),
        already_engaged=already_engaged,
    )  # fmt: skip


def _announce(act: Act, card: KillSwitchCard) -> None:
    for destination in ANNOUNCED:
        act.post(destination, "kill_switch", card, thing=settling.thing_of(card.engaged_at), priority=Priority.SWITCH)


def _reasons(connection: Connection, engaged_at: datetime) -> tuple[str, ...]:
    rows = connection.scalars(
        select(GoLiveHistory.reason)
        .where(
            GoLiveHistory.at >= engaged_at,
            GoLiveHistory.action.in_(("engage", "explain")),
            GoLiveHistory.reason.is_not(None),
        )
        .order_by(GoLiveHistory.id)
    )
    return tuple(reason for reason in rows if reason)


def explain(act: Act, reason: str) -> KillSwitchCard | Refused:
    """Add a reason to the engagement that lasts."""
    state = act.prime
    if not state.kill_switch_engaged or state.engaged_at is None or state.engaged_by is None:
        return refused(
            Kind.CONFLICT, "not_engaged", "The kill switch is not engaged, so there is nothing to explain.",
            layer=LAYER, remedy="`/golive` shows the switches.",
        )  # fmt: skip
    _history(
        act, "explain", reason=reason, version=state.version, go_live_enabled=state.go_live_enabled,
        kill_switch_engaged=True, detail=None,
    )  # fmt: skip
    act.connection.execute(update(GoLiveState).where(GoLiveState.id == 1).values(reason=reason))
    act.changed("engage", after={"reason": reason})
    card = engaged_card(act.connection, state, act.now)
    _announce(act, card)
    return card


def settle(act: Act) -> Settled:
    """Edit the card of the engagement that lasts, where it would say something else now.

    The state's row is locked meanwhile, so that no edit can come after the card of a release; where a change of the
    switches has that lock, the next time is soon enough. Nothing of this is an act, so nothing is audited.
    """
    held = act.connection.scalar(
        select(GoLiveState.version).where(GoLiveState.id == 1).with_for_update(skip_locked=True)
    )
    if held is None:
        return Settled(edited=False)
    card = unsettled(act.connection, act.now)
    if card is not None:
        _announce(act, card)
    return Settled(edited=card is not None)


def unsettled(connection: Connection, now: datetime) -> KillSwitchCard | None:
    """Return what the card should say, where it says something else; None too while the switch is clear."""
    state = state_of(connection)
    if not state.kill_switch_engaged or state.engaged_at is None:
        return None
    shown, edited_at = settling.last_shown(connection, state.engaged_at)
    if not may_edit(state.engaged_at, edited_at, now):
        return None
    card = engaged_card(connection, state, now)
    if shown is None:
        return card
    if shown.reached is not None and shown.reached.is_complete:
        card = card.model_copy(update={"reached": shown.reached})
    card = card.model_copy(update={"already_engaged": shown.already_engaged, "audit_id": shown.audit_id})
    return None if card == shown else card


def release(act: Act, reason: str) -> KillSwitchCard | Refused:
    """Clear the kill switch; go-live stays as it is, and held work stays held."""
    state = act.prime
    refusal = judge_release(act)
    if refusal is not None or state.engaged_at is None:
        return refusal or _not_engaged()
    detail = {"overridden": list(act.overridden)} if act.overridden else None
    version = _change(act, "release", reason=reason, detail=detail, kill_switch_engaged=False)
    card = KillSwitchCard(
        engaged_by=state.engaged_by or "", engaged_at=state.engaged_at,
        reasons=_reasons(act.connection, state.engaged_at), go_live_enabled=state.go_live_enabled, version=version,
        held=held_counts(act), under_way=under_way.under_way(act.connection, state.engaged_at),
        is_engaged=False, released_at=act.now, requested_by=act.actor,
        released_by=act.approved_by, release_reason=reason,
        overridden=act.overridden,
    )  # fmt: skip
    _announce(act, card)
    return card


def _not_engaged() -> Refused:
    return refused(
        Kind.CONFLICT, "not_engaged", "The kill switch is not engaged, so there is nothing to release.", layer=LAYER,
        remedy="`/golive` shows the switches.",
    )  # fmt: skip


def judge_release(act: Act) -> Refused | None:
    """Return why there is nothing to release."""
    return None if act.prime.kill_switch_engaged else _not_engaged()


def release_gates(act: Act) -> tuple[Checked, ...]:
    """The gates of a release: something to release, and while go-live is on, a clear runbook.

    The switch's own check does not count, nor does a blocker overridden when go-live was enabled.
    """
    engaged = Checked(
        name="kill switch", ok=act.prime.kill_switch_engaged, waivable=False,
        detail="engaged" if act.prime.kill_switch_engaged else "it is not engaged, so there is nothing to release",
    )  # fmt: skip
    if not act.prime.go_live_enabled:
        return (engaged,)
    return (engaged, *_open_blockers(act, but=(KILL_SWITCH_CHECK, *act.prime.overridden)))


def enable_gates(act: Act) -> tuple[Checked, ...]:
    """The gates of go-live: it is off, and the runbook has no blocker."""
    off = not act.prime.go_live_enabled
    first = Checked(name="go-live", ok=off, waivable=False, detail="off" if off else "it is on already")
    return (first, *_open_blockers(act, but=()))


def _open_blockers(act: Act, *, but: tuple[str, ...]) -> tuple[Checked, ...]:
    return tuple(
        Checked(name=check.name, ok=False, detail=check.detail) for check in blockers(act) if check.name not in but
    )


def enable(act: Act, reason: str) -> GoLiveCard | Refused:
    """Switch production on; never against a blocker that nobody overrode, whoever calls this."""
    failed = [gate for gate in enable_gates(act) if not gate.ok and not (act.is_break_glass and gate.waivable)]
    if failed:
        return refused(
            Kind.REFUSED, "blocked", "; ".join(f"{gate.name}: {gate.detail}" for gate in failed), layer="Runbook",
            remedy="`/golive checklist` shows each with its cure.", blockers=[gate.name for gate in failed],
        )  # fmt: skip
    first = act.prime.first_enabled_at or act.now
    overridden = [text.split(":", 1)[0] for text in act.overridden]
    detail = {"overridden": list(act.overridden)} if act.overridden else None
    version = _change(
        act, "enable", reason=reason, detail=detail, go_live_enabled=True, go_live_changed_at=act.now,
        first_enabled_at=first, overridden=overridden,
    )  # fmt: skip
    return _announce_go_live(act, enabled=True, version=version, reason=reason)


def enabled_at(act: Act) -> datetime | None:
    """Return when go-live was enabled last."""
    newest = select(GoLiveHistory.at).where(GoLiveHistory.action == "enable").order_by(GoLiveHistory.id.desc()).limit(1)
    return act.connection.scalar(newest)


def disable(act: Act, reason: str) -> GoLiveCard:
    """Switch production off, at once."""
    if not act.prime.go_live_enabled:
        act.changed("disable", after={"changed": False})
        return GoLiveCard(
            go_live_enabled=False, kill_switch_engaged=act.prime.kill_switch_engaged, version=act.prime.version,
            at=act.now, requested_by=act.actor, reason=reason, changed=False,
        )  # fmt: skip
    version = _change(act, "disable", reason=reason, go_live_enabled=False, go_live_changed_at=act.now, overridden=None)
    return _announce_go_live(act, enabled=False, version=version, reason=reason)


def _announce_go_live(act: Act, *, enabled: bool, version: int, reason: str) -> GoLiveCard:
    card = GoLiveCard(
        go_live_enabled=enabled, kill_switch_engaged=act.prime.kill_switch_engaged, version=version, at=act.now,
        requested_by=act.actor, approved_by=act.approved_by, reason=reason, overridden=act.overridden,
    )  # fmt: skip
    for destination in ANNOUNCED:
        act.post(destination, "go_live", card, thing=f"golive:{version}", priority=Priority.SWITCH)
    return card


def held_counts(act: Act) -> tuple[HeldCount, ...]:
    """Count the held work by kind, most first."""
    return held_in(act.connection)


def held_in(connection: Connection) -> tuple[HeldCount, ...]:
    """Do the same on any connection."""
    rows = connection.execute(
        select(HeldWork.operation, func.count(), func.min(HeldWork.held_at))
        .where(HeldWork.state == "held")
        .group_by(HeldWork.operation)
        .order_by(func.count().desc(), HeldWork.operation)
    )
    return tuple(HeldCount(operation=operation, count=count, oldest_at=oldest) for operation, count, oldest in rows)


def wanted_release(act: Act) -> Wanted:
    """Return the words of a release request."""
    live = act.prime.go_live_enabled
    held = sum(count.count for count in held_counts(act))
    since = act.prime.engaged_at
    return Wanted(
        what="release the kill switch",
        facts=(
            ("Engaged by", mention(act.prime.engaged_by) if act.prime.engaged_by else "unknown"),
            ("Since", since.isoformat() if since else "unknown"),
            ("Held in the queue", f"{held}; none of it runs by itself"),
        ),
        if_approved="production resumes at once, since go-live is on" if live
        else "trials may run again; production stays off, since go-live is off",
        does_not_change="go-live stays as it is; held work stays held until a manager runs or drops it",
        way_back="`/killswitch engage`, at once, by anyone who works here",
        done="the kill switch is released" + ("; production acts again" if live else "; go-live is still off"),
        unchanged="the kill switch stays engaged",
        approve_label="Release the kill switch",
    )  # fmt: skip


def wanted_enable(act: Act) -> Wanted:
    """Return the words of a go-live request; it lists what an owner set up alone."""
    alone = set_up_entries(act)
    facts = [("Runbook", "no blockers")]
    if alone:
        facts.append(("Set up by an owner alone", "\n".join(alone)))
    return Wanted(
        what="go live",
        facts=tuple(facts),
        if_approved="ladders, claims, reserves and offers act for real, at once",
        does_not_change="caps, contact rules, MAO",
        way_back="`/golive disable` or `/killswitch engage`, at once, by anyone who works here",
        done="go-live is on; production acts",
        unchanged="go-live stays off",
        approve_label="Go live",
    )
