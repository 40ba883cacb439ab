"""Acting alone: an owner breaks the glass, and another manager signs it off (spec/5, "The owner alone")."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, insert, select, update

from domain.access.people import holders
from domain.act import Act, Entry, Priority
from domain.approvals import rules
from domain.approvals.asking import blocked
from domain.approvals.ending import end
from domain.approvals.results import BreakGlassCard
from domain.approvals.rows import open_request
from domain.approvals.tables import BreakGlass
from domain.canonical import stable
from domain.identity import Role, Surface
from domain.operation import AnyOperation, Checked, Wanted
from domain.outcomes import Done, Kind, Outcome, Refused, refused
from domain.parameters import Params
from domain.prime_law import rules as prime_law

UNBROKEN = "It needed nobody else: no glass was broken, and nothing waits for a sign-off."


@dataclass(frozen=True, slots=True)
class Need:
    """Whether an act needs somebody else."""

    second: bool
    """Another person must approve it."""
    gates: bool
    """Its gates must hold even so."""
    is_alone: bool
    """It would, but is an owner's set-up change while go-live was never enabled (spec/5)."""


def need(act: Act, operation: AnyOperation, params: Params) -> Need:
    """Judge whether somebody else has to approve an act."""
    rule = operation.approval
    if rule is None or not rule.needed(act, params):
        return Need(second=False, gates=False, is_alone=False)
    is_alone = _may_set_up(act) and rule.owner_alone(act, params)
    return Need(second=act.settings.dual_control and not is_alone, gates=True, is_alone=is_alone)


def _may_set_up(act: Act) -> bool:
    return act.standing.at_least(Role.OWNER) and not act.prime.was_ever_live


def without_a_second(act: Act, operation: AnyOperation, params: Params, judged: Need) -> Done | Refused:
    """Do what nobody else has to approve."""
    act.is_alone = judged.is_alone
    rule = operation.approval
    if rule is not None and judged.gates and (failed := rules.failing(rule.gates(act, params))):
        return blocked(operation, rule, failed)
    if _may_set_up(act) and (act.is_alone or operation.is_setup):
        act.entry.after = {"set_up": True}
    result = operation.run(act, params)
    return result if isinstance(result, Refused) else Done(operation=operation.name, result=result)


def break_glass(act: Act, operation: AnyOperation, params: Params, reason: str) -> Outcome:
    """Let an owner act alone: allowed, loudly announced, audited, and open until another manager signs it off.

    Where nobody else has to approve and no gate stands in the way, no glass is broken: it is the ordinary act, and its
    answer says so.
    """
    rule = operation.approval
    if rule is None:
        return refused(
            Kind.INVALID, "nothing_to_break", f"`{operation.name}` needs no approval, so there is no glass to break.",
            layer=rules.LAYER, remedy="Run it without break_glass.",
        )  # fmt: skip
    if not act.standing.at_least(Role.OWNER) or act.caller.surface not in {Surface.SLACK, Surface.CLI}:
        return refused(
            Kind.NOT_ALLOWED, "owner_only", "Only an owner may break glass, in Slack or at the local console.",
            layer=rules.LAYER, remedy="Ask for an approval instead.",
            has=act.standing.role.word if act.standing.role else None,
        )  # fmt: skip
    judged = need(act, operation, params)
    failed = rules.failing(rule.gates(act, params)) if judged.second or judged.gates else ()
    if not judged.second and not failed:
        act.is_break_glass = False
        done = without_a_second(act, operation, params, judged)
        return done.model_copy(update={"remark": UNBROKEN}) if isinstance(done, Done) else done
    if firm := tuple(gate for gate in failed if not gate.waivable):
        return blocked(operation, rule, firm)
    return _act_alone(act, operation, params, reason, failed)


def _act_alone(
    act: Act, operation: AnyOperation, params: Params, reason: str, failed: tuple[Checked, ...]
) -> Done | Refused:
    rule = operation.approval
    assert rule is not None
    wanted = rule.wanted(act, params)
    act.overridden = tuple(f"{gate.name}: {gate.detail}" for gate in failed)
    act.is_break_glass = True
    open_one = open_request(act, operation.name, operation.target_of(params, act.actor))
    result = operation.run(act, params)
    if isinstance(result, Refused):
        return result
    if open_one is not None:
        end(act, open_one, "superseded", detail="an owner broke glass", by=act.actor)
    break_glass_id = _insert_break_glass(act, operation, params, wanted, reason, open_one)
    act.entry.after = {
        **(act.entry.after or {}), "break_glass": break_glass_id, "overridden": list(act.overridden),
        **({"approval_id": open_one.id} if open_one is not None else {}),
    }  # fmt: skip
    show_break_glass(act, break_glass_id)
    return Done(operation=operation.name, result=result)


def break_glass_on_request(act: Act, operation: AnyOperation, params: Params, reason: str) -> Outcome:
    """Do alone what an open request asks for; the audit gets an entry of the operation beside the click's."""
    if operation.is_target_personal:
        return refused(
            Kind.CONFLICT, "about_its_requester", "It is about whoever asks, so nobody can do it in their place.",
            layer=rules.LAYER, remedy="Approve it, or give the role with `/access grant`.",
        )  # fmt: skip
    entry = Entry(
        actor=act.actor, surface=act.caller.surface.value, operation=operation.name,
        target=operation.target_of(params, act.actor),
        reason=reason,
    )  # fmt: skip
    inner = replace(act, entry=entry)
    stopped = prime_law.refusal(act.prime, operation.klass, reduces=operation.reduces)
    outcome = stopped or break_glass(inner, operation, params, reason)
    if isinstance(outcome, Done):
        act.entries.append(entry)
        is_broken = outcome.remark is None
        open_one = None if is_broken else open_request(act, operation.name, entry.target)
        if open_one is not None:
            end(act, open_one, "superseded", detail="an owner did it, who needed nobody else", by=act.actor)
        after = {"break_glass": is_broken, "operation": operation.name}
        act.changed(operation.target_of(params, act.actor), after=after)
    return outcome


def _insert_break_glass(
    act: Act, operation: AnyOperation, params: Params, wanted: Wanted, reason: str, open_one: Row[Any] | None
) -> int:
    break_glass_id: int | None = act.connection.scalar(
        insert(BreakGlass)
        .values(
            at=act.now, actor=act.actor, operation=operation.name, target=operation.target_of(params, act.actor),
            params=stable(params), reason=reason, overridden=list(act.overridden),
            approval_id=open_one.id if open_one is not None else None, done=wanted.done,
        )
        .returning(BreakGlass.id)
    )  # fmt: skip
    assert break_glass_id is not None
    return break_glass_id


def show_break_glass(act: Act, break_glass_id: int) -> None:
    """Announce a use of break glass, or edit the announcement once it is signed off."""
    row = act.connection.execute(select(BreakGlass.__table__).where(BreakGlass.id == break_glass_id)).one()
    act.post(
        "route:governance", "break_glass", break_glass_card(act, row), thing=f"break_glass:{break_glass_id}",
        priority=Priority.SWITCH,
    )  # fmt: skip


def break_glass_card(act: Act, row: Row[Any]) -> BreakGlassCard:
    """Return the card of one use."""
    signers = holders(act.connection, Role.MANAGER)
    return BreakGlassCard(
        break_glass_id=row.id, at=row.at, actor=row.actor, operation=row.operation, done=row.done, reason=row.reason,
        overridden=tuple(row.overridden), can_sign_off=tuple(user for user in signers if user != row.actor),
        signed_off_by=row.signed_off_by, signed_off_at=row.signed_off_at, note=row.note,
    )  # fmt: skip


def sign_off(act: Act, break_glass_id: int, note: str | None) -> BreakGlassCard | Refused:
    """Let another manager put a name under what an owner did alone."""
    row = act.connection.execute(
        select(BreakGlass.__table__).where(BreakGlass.id == break_glass_id).with_for_update()
    ).one_or_none()
    if row is None:
        return refused(
            Kind.NOT_FOUND, "no_such_break_glass", f"There is no break-glass use {break_glass_id}.",
            layer=rules.LAYER, remedy="`/approvals` lists those that wait for a signature.",
        )  # fmt: skip
    if row.actor == act.actor:
        return refused(
            Kind.NOT_ALLOWED, "own_break_glass", "You broke the glass yourself: another manager must sign it off.",
            layer=rules.LAYER,
        )  # fmt: skip
    if row.signed_off_at is not None:
        return refused(
            Kind.CONFLICT, "already_signed", f"<@{row.signed_off_by}> has signed it off already. Nothing changed.",
            layer=rules.LAYER, signed_off_at=row.signed_off_at.isoformat(),
        )  # fmt: skip
    act.connection.execute(
        update(BreakGlass)
        .where(BreakGlass.id == break_glass_id)
        .values(signed_off_by=act.actor, signed_off_at=act.now, note=note)
    )
    act.changed(f"break_glass:{break_glass_id}", before={"signed_off_by": None}, after={"signed_off_by": act.actor})
    show_break_glass(act, break_glass_id)
    fresh = act.connection.execute(select(BreakGlass.__table__).where(BreakGlass.id == break_glass_id)).one()
    return break_glass_card(act, fresh)


def unsigned(act: Act) -> list[Row[Any]]:
    """List the uses of break glass that wait for a signature, oldest first."""
    query = select(BreakGlass.__table__).where(BreakGlass.signed_off_at.is_(None)).order_by(BreakGlass.id)
    return list(act.connection.execute(query))
