"""Claiming a step for twenty minutes, and handing claims back when somebody may not work any more."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from domain.act import Act
from domain.followup.results import Blocked, Claimed
from domain.followup.rows import OPEN, Loaded, blocked, claimed, load, open_at
from domain.followup.rules import LAYER, LEASE, is_held
from domain.followup.tables import FollowupTask
from domain.outcomes import Button, Kind, Refused, refused
from domain.risk.service import refuse_followups

ATTEMPTS = 3
_KINDS = {"claimed": Kind.CONFLICT}


def release_claims_of(act: Act, user_id: str) -> int:
    """Give back every open step a person holds or is assigned; return how many."""
    released = act.connection.execute(
        update(FollowupTask)
        .where(FollowupTask.claimed_by == user_id, *OPEN)
        .values(claimed_by=None, lease_until=None, generation=FollowupTask.generation + 1)
    ).rowcount
    act.connection.execute(update(FollowupTask).where(FollowupTask.assignee == user_id, *OPEN).values(assignee=None))
    return released


def one_step(act: Act, task_id: int) -> Loaded | Refused:
    """Load one step with its lead, or say that there is none."""
    found = load(act, select(FollowupTask.__table__).where(FollowupTask.id == task_id).subquery())
    return found[0] if found else no_such_step(task_id)


def no_such_step(task_id: int) -> Refused:
    """There is no step of that number."""
    return refused(
        Kind.NOT_FOUND, "no_such_step", f"There is no follow-up step F-{task_id}.", layer=LAYER,
        remedy="`/due` lists what is due.",
    )  # fmt: skip


def claim(act: Act, task_id: int) -> Claimed | Refused:
    """Make a step the caller's for twenty minutes; two people never hold one.

    The update asks for the generation that was judged, so whoever comes second changes nothing and is told who was
    first. A hold of Risk Guard may stop claims: a person's pause takes Prime Law's lock alone, so no claim that was
    judged before it commits after it.
    """
    if (paused := refuse_followups(act)) is not None:
        return paused
    for _attempt in range(ATTEMPTS):
        one = one_step(act, task_id)
        if isinstance(one, Refused):
            return one
        opening = open_at(act, [one])[0]
        refusal = _judge(act, one.row, blocked(act, one, opening))
        if refusal is not None:
            return refusal
        row = one.row
        if row.claimed_by == act.actor and is_held(row.claimed_by, row.lease_until, act.now):
            act.changed(f"F-{task_id}", after={"claimed_by": act.actor, "again": True})
            again = claimed(act, one, opening, lease_until=row.lease_until, generation=row.generation)
            return again.model_copy(update={"already_yours": True})
        lease_until, generation = act.now + LEASE, row.generation + 1
        if _take(act, row, lease_until):
            act.changed(
                f"F-{task_id}", before={"claimed_by": row.claimed_by, "generation": row.generation},
                after={"claimed_by": act.actor, "generation": generation, "lease_until": lease_until,
                       "lead": row.lead_id, "window": opening.note},
            )  # fmt: skip
            return claimed(act, one, opening, lease_until=lease_until, generation=generation)
    return refused(
        Kind.CONFLICT, "busy", f"F-{task_id} changes all the time; nothing was claimed.", layer=LAYER,
        remedy="Look at `/due` again.",
    )  # fmt: skip


def _take(act: Act, row: Any, lease_until: datetime) -> bool:
    taken = act.connection.execute(
        update(FollowupTask)
        .where(FollowupTask.id == row.id, FollowupTask.generation == row.generation, *OPEN)
        .values(claimed_by=act.actor, lease_until=lease_until, generation=FollowupTask.generation + 1)
    )
    return taken.rowcount == 1


def _judge(act: Act, row: Any, hindered: Blocked | None) -> Refused | None:
    name = f"F-{row.id}"
    if row.completed_at is not None:
        return refused(
            Kind.CONFLICT, "already_done", f"{name} was done by <@{row.completed_by}>: {row.outcome}.", layer=LAYER,
            remedy="`/due` lists what is due.", completed_at=row.completed_at.isoformat(), outcome=row.outcome,
        )  # fmt: skip
    if row.stopped_at is not None:
        return refused(
            Kind.CONFLICT, "stopped", f"{name} was stopped: {row.stopped_why}.", layer=LAYER,
            remedy="Nothing more is to be done on this ladder.", stopped_at=row.stopped_at.isoformat(),
        )  # fmt: skip
    if hindered is not None:
        return _hindered(row, hindered)
    if row.due_at > act.now:
        return refused(
            Kind.REFUSED, "not_due", f"{name} is not due yet.", layer=LAYER,
            remedy="It can be claimed from that time on.", due_at=row.due_at.isoformat(),
        )  # fmt: skip
    return None


def _hindered(row: Any, hindered: Blocked) -> Refused:
    figures: dict[str, Any] = {}
    if hindered.claimed_by and hindered.until:
        figures = {"claimed_by": hindered.claimed_by, "lease_until": hindered.until.isoformat()}
    elif hindered.until:
        figures = {"next_at": hindered.until.isoformat()}
    called = Button(label="Record the call…", operation="followup.complete", params={"task_id": row.id}, form=True)
    return refused(
        _KINDS.get(hindered.code, Kind.REFUSED), hindered.code, f"F-{row.id} cannot be claimed: {hindered.detail}.",
        layer=LAYER, remedy=hindered.remedy, buttons=(called,) if hindered.may_call_instead else (),
        lead_id=row.lead_id, **figures,
    )  # fmt: skip
