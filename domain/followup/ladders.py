"""Creating, showing and ending ladders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, text, update

from domain.act import Act
from domain.database import insert_into
from domain.followup.judging import judge_failures
from domain.followup.overdue import refresh
from domain.followup.results import ClaimOver, LadderCreated, LadderStopped, LadderView, PastStep
from domain.followup.rows import LEAD, OPEN, Loaded, load, open_at, seller_of, shown, step_of
from domain.followup.rules import LAYER, STEPS, Lateness, is_held, lateness
from domain.followup.tables import FollowupLadder, FollowupTask
from domain.followup.window import Asked, LeadFacts, moved_into, window_of
from domain.leads import service as leads
from domain.leads.rules import ConsentBasis, ContactKind
from domain.leads.tables import Lead
from domain.outcomes import Button, Kind, Refused, refused

HAS_OPEN_LADDER = exists().where(FollowupLadder.lead_id == Lead.lead_id, FollowupLadder.ended_at.is_(None))
_INSERT_STEPS = insert(FollowupTask).returning(FollowupTask.id)
"""Asking for the ids back is what makes it one statement for all six on both databases."""


@dataclass(frozen=True, slots=True)
class NewLadder:
    """What a caller asks for."""

    lead: leads.NewLead
    arrived_at: datetime
    correlation_id: str
    consent: ConsentBasis | None = None
    evidence: str | None = None


def create(act: Act, new: NewLadder) -> LadderCreated | Refused:
    """Create a lead's ladder; a lead that has an open one keeps it, and the answer says so."""
    found = _identify(act, new)
    if isinstance(found, Refused):
        return found
    usable = [key for key in new.lead.contacts if key[0].value not in found.wrong]
    if new.consent is not None:
        leads.record_consent(act, usable, new.consent, evidence=new.evidence, at=new.arrived_at)
    for other in found.joined:
        _end_merged(act, other, found.lead_id)
    lead = act.connection.execute(select(Lead.lead_id, Lead.assignee, Lead.source, *LEAD).where(
        Lead.lead_id == found.lead_id)).one()  # fmt: skip
    ladder_id = _insert_ladder(act, lead.lead_id, new)
    if ladder_id is not None:
        _insert_steps(act, ladder_id, lead, new)
        act.kpi(
            "WHOLESALE.ladder_created", event_id=str(ladder_id), success=True, source=lead.source, market=lead.market
        )
    act.changed(
        found.lead_id,
        after={"ladder_id": ladder_id, "created": ladder_id is not None, "asked_for": new.lead.lead_id,
               "same_as": list(found.joined), "arrived_at": new.arrived_at},
    )  # fmt: skip
    return _created(act, new, found, created=ladder_id is not None)


def _identify(act: Act, new: NewLadder) -> leads.Identified | Refused:
    for _attempt in range(leads.ATTEMPTS):
        found = leads.look_up(act, new.lead, HAS_OPEN_LADDER)
        if found.suppressed:
            return refused(
                Kind.REFUSED, "suppressed", f"{new.lead.lead_id} asked us to stop, so there is no ladder.", layer=LAYER,
                remedy="There is no way round it: only the person can take it back, and a second person records that.",
                lead_id=new.lead.lead_id,
            )  # fmt: skip
        recorded = leads.record(act, new.lead, found)
        if recorded is not None:
            return recorded
    return refused(
        Kind.CONFLICT, "busy", "Others are recording the same seller at this moment.", layer=LAYER, remedy="Try again."
    )


def _insert_ladder(act: Act, lead_id: str, new: NewLadder) -> int | None:
    """Insert the ladder, unless the lead has an open one; whoever comes second at the same moment waits here."""
    found: int | None = act.connection.scalar(
        insert_into(act.connection, FollowupLadder)
        .values(
            lead_id=lead_id, arrived_at=new.arrived_at, created_at=act.now, created_by=act.actor,
            correlation_id=new.correlation_id,
        )
        .on_conflict_do_nothing(index_elements=["lead_id"], index_where=text("ended_at IS NULL"))
        .returning(FollowupLadder.id)
    )  # fmt: skip
    return found


def _insert_steps(act: Act, ladder_id: int, lead: Any, new: NewLadder) -> None:
    """Insert the six steps in one statement, each moved to the next opening of the contact window."""
    phone = next((value for kind, value in new.lead.contacts if kind is ContactKind.PHONE), None)
    facts = LeadFacts(lead.lead_id, lead.lead_province, lead.market, lead.postal_code, phone, score=lead.score)
    planned = [(plan, new.arrived_at + plan.after) for plan in STEPS]
    openings = window_of(act).openings([Asked(facts, plan.channel, at) for plan, at in planned])
    rows = []
    for (plan, at), opening in zip(planned, openings, strict=True):
        due = moved_into(opening, at)
        rows.append(
            {
                "ladder_id": ladder_id, "lead_id": lead.lead_id, "step": plan.step, "channel": plan.channel.value,
                "due_at": due, "sla_from": due, "province": lead.lead_province, "source": lead.source,
                "assignee": lead.assignee, "generation": 0,
            }
        )  # fmt: skip
    act.connection.execute(_INSERT_STEPS, rows)


def _created(act: Act, new: NewLadder, found: leads.Identified, *, created: bool) -> LadderCreated:
    ladder = act.connection.execute(
        select(FollowupLadder.__table__).where(
            FollowupLadder.lead_id == found.lead_id, FollowupLadder.ended_at.is_(None)
        )
    ).one_or_none()
    if ladder is None:  # it ended between the two statements
        ladder = _newest(act, found.lead_id)
    steps = _steps_of(act, ladder.id)
    openings = open_at(act, steps)
    return LadderCreated(
        lead_id=found.lead_id, ladder_id=ladder.id, created=created, is_open=ladder.ended_at is None,
        seller=seller_of(steps[0].row), arrived_at=ladder.arrived_at, created_by=ladder.created_by,
        steps=tuple(shown(act, one, opening) for one, opening in zip(steps, openings, strict=True)),
        same_as=found.joined, asked_for=new.lead.lead_id, not_used=found.wrong,
        has_consent=any(consent.is_good(act.now) for consent in steps[0].reach.consents),
    )  # fmt: skip


def _newest(act: Act, lead_id: str) -> Any:
    newest = select(func.max(FollowupTask.ladder_id)).where(FollowupTask.lead_id == lead_id).scalar_subquery()
    return act.connection.execute(select(FollowupLadder.__table__).where(FollowupLadder.id == newest)).one_or_none()


def _steps_of(act: Act, ladder_id: int) -> list[Loaded]:
    steps = select(FollowupTask.__table__).where(FollowupTask.ladder_id == ladder_id).subquery()
    return sorted(load(act, steps), key=lambda one: one.row.step)


def show(act: Act, asked_for: str) -> LadderView | Refused:
    """Show a lead's newest ladder."""
    lead_id = leads.resolve(act, asked_for)
    ladder = _newest(act, lead_id) if lead_id else None
    if lead_id is None or ladder is None:
        return _unknown(asked_for, is_lead=lead_id is not None)
    steps = _steps_of(act, ladder.id)
    known = act.connection.execute(
        select(
            select(func.count(func.distinct(FollowupTask.ladder_id)))
            .where(FollowupTask.lead_id == lead_id)
            .scalar_subquery()
            .label("ladders"),
            Lead.stage,
        ).where(Lead.lead_id == lead_id)
    ).one()
    return LadderView(
        seller=seller_of(steps[0].row), asked_for=asked_for, stage=known.stage, ladder_id=ladder.id,
        arrived_at=ladder.arrived_at, created_by=ladder.created_by, ended_at=ladder.ended_at,
        ended_why=ladder.ended_why, earlier_ladders=known.ladders - 1, as_of=act.now,
        steps=tuple(_past(act, one) for one in steps),
    )  # fmt: skip


def _past(act: Act, one: Loaded) -> PastStep:
    row = one.row
    is_open = row.completed_at is None and row.stopped_at is None
    held = is_open and is_held(row.claimed_by, row.lease_until, act.now)
    state = "done" if row.completed_at else "stopped" if row.stopped_at else "claimed" if held else "open"
    step = shown(act, one, open_at(act, [one])[0]) if is_open else step_of(row, act.now)
    return PastStep.model_validate(
        {
            "step": step, "state": state, "claimed_by": row.claimed_by if held else None,
            "lease_until": row.lease_until if held else None, "completed_at": row.completed_at,
            "completed_by": row.completed_by, "outcome": row.outcome, "note": row.note, "stopped_at": row.stopped_at,
            "stopped_why": row.stopped_why,
        }
    )  # fmt: skip


def _unknown(asked_for: str, *, is_lead: bool) -> Refused:
    return refused(
        Kind.NOT_FOUND, "no_ladder" if is_lead else "no_such_lead",
        f"{asked_for} has no ladder." if is_lead else f"There is no lead {asked_for}.", layer=LAYER,
        remedy="`/followup create LEAD PROVINCE phone=…` makes one.",
        buttons=(
            Button(label="Create a ladder…", operation="followup.create", params={"lead_id": asked_for}, form=True),
        ),
    )  # fmt: skip


def lock_open_ladder(act: Act, lead_id: str) -> Any | None:
    """Lock a lead's open ladder; everything that writes several steps of it does so first."""
    return act.connection.execute(
        select(FollowupLadder.__table__)
        .where(FollowupLadder.lead_id == lead_id, FollowupLadder.ended_at.is_(None))
        .with_for_update()
    ).one_or_none()


def stop(act: Act, asked_for: str, reason: str) -> LadderStopped | Refused:
    """Stop a lead's open ladder: nothing more of it is done."""
    lead_id = leads.resolve(act, asked_for)
    ladder = lock_open_ladder(act, lead_id) if lead_id else None
    if lead_id is None or ladder is None:
        newest = _newest(act, lead_id) if lead_id else None
        if newest is None:
            return _unknown(asked_for, is_lead=lead_id is not None)
        return refused(
            Kind.CONFLICT, "already_ended", f"The ladder of {asked_for} has ended: {newest.ended_why}.", layer=LAYER,
            remedy="There is nothing to stop.", ended_at=newest.ended_at.isoformat(),
        )  # fmt: skip
    lead = act.connection.execute(select(Lead.lead_id, *LEAD).where(Lead.lead_id == lead_id)).one()
    ended = end(act, ladder.id, lead, why="stopped", words=reason)
    act.changed(lead_id, before={"ladder_id": ladder.id, "open_steps": ended.steps}, after={"ended_why": "stopped"})
    if ended.was_late:
        refresh(act)
    return LadderStopped(
        seller=seller_of(lead), asked_for=asked_for, ladder_id=ladder.id, stopped_steps=ended.steps,
        stopped_by=act.actor, stopped_at=act.now, reason=reason, told=ended.told,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """What ending a ladder took with it."""

    steps: int
    was_late: bool
    told: tuple[str, ...]


def end(
    act: Act, ladder_id: int, lead: Any, *, why: str, words: str | None = None, may_not_contact: bool = False
) -> Ended:
    """End a ladder whose row is locked: stop its open steps and tell whoever is at work on one."""
    stopped = act.connection.execute(
        update(FollowupTask)
        .where(FollowupTask.ladder_id == ladder_id, *OPEN)
        .values(stopped_at=act.now, stopped_why=(words or why)[:200])
        .returning(
            FollowupTask.id, FollowupTask.step, FollowupTask.channel, FollowupTask.sla_from, FollowupTask.source,
            FollowupTask.claimed_by, FollowupTask.lease_until, FollowupTask.sla_judged_at,
        )
    ).all()  # fmt: skip
    act.connection.execute(
        update(FollowupLadder)
        .where(FollowupLadder.id == ladder_id, FollowupLadder.ended_at.is_(None))
        .values(ended_at=act.now, ended_why=why)
    )
    unjudged = [row for row in stopped if row.sla_judged_at is None]
    judge_failures(act, unjudged, market=lead.market)
    told = _tell(act, stopped, lead, words or why, may_not_contact=may_not_contact)
    late = any(lateness(row.sla_from, act.now) is not Lateness.ON_TIME for row in stopped)
    return Ended(len(stopped), late, told)


def _tell(act: Act, stopped: Sequence[Any], lead: Any, reason: str, *, may_not_contact: bool) -> tuple[str, ...]:
    told = []
    for row in stopped:
        if row.claimed_by == act.actor or not is_held(row.claimed_by, row.lease_until, act.now):
            continue
        message = ClaimOver(
            task_id=row.id, step=row.step, channel=row.channel, seller=seller_of(lead), why="stopped", by=act.actor,
            at=act.now, reason=reason, may_not_contact=may_not_contact,
        )  # fmt: skip
        act.post(f"user:{row.claimed_by}", "claim_over", message, thing=f"claim:{row.id}:{row.claimed_by}")
        told.append(row.claimed_by)
    return tuple(dict.fromkeys(told))


def _end_merged(act: Act, other: str, kept: str) -> None:
    """End the open ladder of a name that turned out to be another lead, which has its own."""
    ladder = lock_open_ladder(act, other)
    if ladder is None:
        return
    lead = act.connection.execute(select(Lead.lead_id, *LEAD).where(Lead.lead_id == other)).one()
    if end(act, ladder.id, lead, why="merged", words=f"the same seller as {kept}").was_late:
        refresh(act)
