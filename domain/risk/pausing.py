"""A person's pause of an engine, and the request to let it act again, or at full speed again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from domain.act import Act, Priority
from domain.operation import Checked, Wanted
from domain.outcomes import Kind, Refused, refused
from domain.risk import holds
from domain.risk.denials import placed_by
from domain.risk.holds import FOLLOWUPS
from domain.risk.results import Paused
from domain.risk.rules import GLOBAL, said
from domain.risk.tables import RiskHold, RiskPolicy

ANNOUNCED = ("route:governance", "route:oncall")
PERSON = "person:"


def pause(act: Act, engine: str, reason: str, *, followups: bool) -> Paused | Refused:
    """Hold an engine at once; its operation takes Prime Law's lock alone, so that nothing that acts is under way."""
    if (missing := _unknown(act, engine)) is not None:
        return missing
    if followups and engine not in {GLOBAL, FOLLOWUPS}:
        return refused(
            Kind.INVALID, "bad_value", f"Follow-ups belong to {FOLLOWUPS}, not to {engine}. Nothing was paused.",
            layer="input", field="followups", remedy=f"`/risk pause {FOLLOWUPS} followups=yes REASON`",
        )  # fmt: skip
    source = f"{PERSON}{act.actor}"
    before = holds.hold_of(act, engine, source)
    hold_id = holds.place_hold(act, engine, source=source, reason=reason, followups=followups)
    row = _hold(act, hold_id)
    already = before is not None and before.followups == row.followups
    card = _card(act, row, reason=reason, already=already)
    act.changed(
        f"{engine} H-{hold_id}", after={"source": source, "followups": row.followups, "already": before is not None}
    )
    if not already:
        _announce(act, card)
    return card


def _unknown(act: Act, engine: str) -> Refused | None:
    if _enabled(act, engine) is not None:
        return None
    return refused(
        Kind.NOT_FOUND, "no_policy", f"There is no engine {engine} with caps, so it does nothing anyway.",
        layer="Risk Guard", field="engine", remedy="`/risk policies` lists the engines.",
    )  # fmt: skip


def _enabled(act: Act, engine: str) -> bool | None:
    return act.connection.scalar(select(RiskPolicy.enabled).where(RiskPolicy.engine == engine))


def _hold(act: Act, hold_id: int) -> Row[Any]:
    return act.connection.execute(select(RiskHold.__table__).where(RiskHold.id == hold_id)).one()


def _card(act: Act, row: Row[Any], *, reason: str, already: bool = False, is_lifted: bool = False) -> Paused:
    others = [hold for hold in holds.in_force(act, [row.engine, GLOBAL]) if hold.id != row.id]
    return Paused(
        hold=holds.hold_line(row), is_lifted=is_lifted, already=already,
        engine_enabled=bool(_enabled(act, row.engine)), others=tuple(holds.hold_line(hold) for hold in others),
        requested_by=act.actor, approved_by=act.approved_by, reason=reason, at=act.now,
    )  # fmt: skip


def _announce(act: Act, card: Paused) -> None:
    for destination in ANNOUNCED:
        act.post(destination, "risk_hold", card, thing=f"hold:{card.hold.hold_id}", priority=Priority.SWITCH)


def _meant(act: Act, engine: str, hold_id: int | None) -> Sequence[Row[Any]]:
    """Return what a request can mean: a person's hold or a trial share that it names, or all there are.

    A trial share that is not named is meant only where nothing stops the engine.
    """
    stopping, trials = holds.in_force(act, [engine]), holds.shares_in_force(act, engine)
    found = [hold for hold in stopping if hold.source.startswith(PERSON)]
    found += trials if hold_id is not None or not stopping else []
    return [hold for hold in found if hold_id in (None, hold.id)]


def resume_gates(act: Act, engine: str, hold_id: int | None) -> tuple[Checked, ...]:
    """There is exactly one hold that the request means; a tripwire's is released as a tripwire, its trial is not."""
    return (_gate(act, engine, hold_id, _meant(act, engine, hold_id)),)


def _gate(act: Act, engine: str, hold_id: int | None, meant: Sequence[Row[Any]]) -> Checked:
    if len(meant) == 1:
        return Checked(name="hold", ok=True, detail=f"H-{meant[0].id}", waivable=False)
    if meant:
        named = ", ".join(f"H-{hold.id} ({placed_by(hold)})" for hold in meant)
        what = f"{len(meant)} {'people hold' if meant[0].share is None else 'trial shares limit'} {engine}"
        detail = f"{what}, and each is lifted on its own: say hold_id= of {named}"
    elif wires := [hold for hold in holds.in_force(act, [engine]) if not hold.source.startswith(PERSON)]:
        name = wires[0].source.partition(":")[2]
        detail = f"{engine} is held by the {name} tripwire, which is released on its own, not by resuming"
    else:
        which = f"H-{hold_id} of {engine}" if hold_id is not None else f"{engine}"
        detail = f"nobody holds {which}, so there is nothing to resume"
    return Checked(name="hold", ok=False, detail=detail, waivable=False)


def resume_binds(act: Act, engine: str, hold_id: int | None) -> dict[str, str]:
    """Return what a request is bound to: the very hold, as wide as it is."""
    found = [f"H-{hold.id}{' with follow-ups' if hold.followups else ''}" for hold in _meant(act, engine, hold_id)]
    return {"hold": ", ".join(found) or "none"}


def wanted_resume(act: Act, engine: str, hold_id: int | None) -> Wanted:
    """Return the words of a request to lift a hold: whose it is, and what else stops the engine."""
    hold = next(iter(_meant(act, engine, hold_id)), None)
    if hold is None:  # lifted since the gates were judged: whoever carries it out is told
        return _wanted_to_act(
            engine, (("Held by", "nobody any more"),), if_approved="nothing is lifted", done=f"{engine} is not held",
            unchanged=f"{engine} stays as it is",
        )  # fmt: skip
    if hold.share is not None:
        return _wanted_full_speed(act, hold)
    others = [one for one in holds.in_force(act, [engine, GLOBAL]) if one.id != hold.id]
    enabled = bool(_enabled(act, engine))
    still = [f"H-{one.id} ({placed_by(one)})" for one in others] + ([] if enabled else [f"{engine} is disabled"])
    acts = "all engines act" if engine == GLOBAL else f"{engine} acts"
    return _wanted_to_act(
        engine,
        (
            ("Held by", placed_by(hold)),
            ("Since", hold.placed_at.isoformat()),
            ("Because", said(hold.reason)),
            ("Stopped meanwhile", "reserves, offers" + (" and claims of follow-ups" if hold.followups else "")),
            ("Still stops it after", "; ".join(still) or "nothing"),
        ),
        if_approved=f"this hold is lifted{'; the rest stays' if still else f', and {acts} at once'}",
        done=f"{engine} is no longer held by {placed_by(hold)}" + (f"; {len(still)} more stop it" if still else ""),
        unchanged=f"{engine} stays on hold",
    )


def _wanted_to_act(
    engine: str, facts: tuple[tuple[str, str], ...], *, if_approved: str, done: str, unchanged: str
) -> Wanted:
    return Wanted(
        what=f"let {engine} act again", facts=facts, if_approved=if_approved,
        does_not_change="caps, other holds, whether the engine is enabled",
        way_back=f"`/risk pause {engine}`, at once, by anyone who works here", done=done, unchanged=unchanged,
        approve_label="Let it act again",
    )  # fmt: skip


def _wanted_full_speed(act: Act, hold: Row[Any]) -> Wanted:
    """Return the words of a request to end a trial share: what it is, and what else stops or limits the engine."""
    engine, share = hold.engine, f"trial share of {hold.share} %"
    others = [f"H-{one.id} ({placed_by(one)})" for one in holds.in_force(act, [engine, GLOBAL])]
    others += [
        f"H-{one.id}: {one.share} % ({placed_by(one)})"
        for one in holds.shares_in_force(act, engine)
        if one.id != hold.id
    ]
    return Wanted(
        what=f"let {engine} act at full speed again",
        facts=(
            ("Now", f"a {share}, after {placed_by(hold)}"),
            ("Since", hold.placed_at.isoformat()),
            ("Ends by itself", f"{hold.ends_at.isoformat()} at the latest"),
            ("Because", said(hold.reason)),
            ("Still stops or limits it after", "; ".join(others) or "nothing"),
        ),
        if_approved=f"the {share} ends, and the caps of {engine} count in full at once",
        does_not_change="what the policy says of the caps, holds, whether the engine is enabled",
        way_back=f"`/risk pause {engine}`, at once, by anyone who works here; the tripwire trips again on new events",
        done=f"the {share} of {engine} is over" + (f"; {len(others)} more stop or limit it" if others else ""),
        unchanged=f"{engine} stays at its {share}",
        approve_label="Full speed",
    )


def resume(act: Act, engine: str, reason: str, hold_id: int | None) -> Paused | Refused:
    """Lift one person's hold or one trial share, and nothing else."""
    meant = _meant(act, engine, hold_id)
    gate = _gate(act, engine, hold_id, meant)
    if not gate.ok:
        return refused(
            Kind.CONFLICT, "nothing_to_do", f"Nothing was lifted: {gate.detail}.", layer="Risk Guard",
            remedy="`/risk` shows what holds each engine.",
        )  # fmt: skip
    (hold,) = meant
    locked = holds.hold_of(act, engine, hold.source)
    if locked is None or (locked.id, locked.followups) != (hold.id, hold.followups):  # or the tripwire tripped again
        return refused(
            Kind.CONFLICT, "changed_meanwhile", "Somebody lifted or widened this hold just now. Nothing was lifted.",
            layer="Risk Guard", remedy="`/risk` shows what holds each engine; ask again where it is to be lifted.",
        )  # fmt: skip
    holds.lift(act, locked)
    card = _card(act, locked, reason=reason, is_lifted=True)
    act.changed(f"{engine} H-{hold.id}", before={"in_force": True}, after={"in_force": False})
    _announce(act, card)
    return card
