"""Recording what came of a step, once, and everything that follows from it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from domain.act import Act
from domain.followup import judging
from domain.followup.claims import no_such_step, one_step
from domain.followup.ladders import Ended, end, lock_open_ladder
from domain.followup.overdue import refresh
from domain.followup.results import ClaimOver, Completed, HandOver
from domain.followup.rows import OPEN, Loaded, seller_of, stops_since
from domain.followup.rules import (
    EFFECTS,
    FARTHEST_CALLBACK,
    LAYER,
    PROMISE,
    Effect,
    FollowupOutcome,
    Lateness,
    OpenStep,
    callback_step,
    ends_ladder,
    is_held,
    lateness,
    moved_by_callback,
    sla_verdict,
)
from domain.followup.tables import FollowupLadder, FollowupTask
from domain.followup.window import Asked, moved_into, window_of
from domain.leads import service as leads
from domain.leads.rules import Channel
from domain.outcomes import Kind, Refused, refused


@dataclass(frozen=True, slots=True)
class Report:
    """What the caller says came of a step."""

    task_id: int
    outcome: FollowupOutcome
    callback_at: datetime | None = None
    note: str | None = None


@dataclass(slots=True)
class Followed:
    """What followed from an outcome."""

    why: str | None = None
    ended: Ended | None = None
    suppressed: int = 0
    retired: bool = False
    callback_at: datetime | None = None
    handed_over: bool = False


def complete(act: Act, report: Report) -> Completed | Refused:
    """Record an outcome once, whoever holds the step and whether it was stopped: what happened, happened."""
    ladder = _lock_ladder(act, report.task_id)
    one = one_step(act, report.task_id) if ladder is not None else None
    if ladder is None or one is None or isinstance(one, Refused):
        return no_such_step(report.task_id)
    refusal = _judge(act, one.row, report)
    if refusal is not None:
        return refusal
    holder = _record(act, one.row, report)
    followed = _follow(act, one, ladder, report)
    _judge_promise(act, one.row)
    act.kpi(
        "WHOLESALE.followup_completed", event_id=str(report.task_id), success=True, source=one.row.source,
        market=one.row.market,
    )  # fmt: skip
    told = _tell(act, one, report, holder)
    was_late = one.row.stopped_at is None and lateness(one.row.sla_from, act.now) is not Lateness.ON_TIME
    if was_late or (followed.ended is not None and followed.ended.was_late) or followed.callback_at is not None:
        refresh(act)
    return _answer(act, one.row, report, followed, told)


def _lock_ladder(act: Act, task_id: int) -> Any | None:
    ladder_id = select(FollowupTask.ladder_id).where(FollowupTask.id == task_id).scalar_subquery()
    return act.connection.execute(
        select(FollowupLadder.__table__).where(FollowupLadder.id == ladder_id).with_for_update()
    ).one_or_none()


def _judge(act: Act, row: Any, report: Report) -> Refused | None:
    if row.completed_at is not None:
        return refused(
            Kind.CONFLICT, "already_done",
            f"F-{row.id} was recorded already by <@{row.completed_by}>: {row.outcome}. Nothing was changed.",
            layer=LAYER, remedy=f"`/followup show {row.lead_id}` shows the ladder.", completed_by=row.completed_by,
            completed_at=row.completed_at.isoformat(), outcome=row.outcome,
        )  # fmt: skip
    if EFFECTS[report.outcome].needs_time == (report.callback_at is not None):
        return _judge_time(act, report)
    if report.callback_at is not None:
        return refused(
            Kind.INVALID, "no_time_wanted", f"`at` goes with `callback`, not with `{report.outcome}`.", layer="input",
            remedy="Leave it out.", field="at",
        )  # fmt: skip
    return refused(
        Kind.INVALID, "missing", "`at` is missing: when are they to be called back?", layer="input",
        remedy="for example `at=2026-11-27T14:00`", field="at",
    )  # fmt: skip


def _judge_time(act: Act, report: Report) -> Refused | None:
    at = report.callback_at
    if at is None or act.now < at <= act.now + FARTHEST_CALLBACK:
        return None
    return refused(
        Kind.INVALID, "bad_value", "`at` must be a time to come, within 90 days.", layer="input",
        remedy="for example `at=2026-11-27T14:00`", field="at", at=at.isoformat(), now=act.now.isoformat(),
    )  # fmt: skip


def _record(act: Act, row: Any, report: Report) -> str | None:
    """Write the outcome; return who else holds the step now.

    The ladder is locked, so nobody else completes it; a claim may have come in since it was read, hence `RETURNING`.
    """
    written = act.connection.execute(
        update(FollowupTask)
        .where(FollowupTask.id == row.id, FollowupTask.completed_at.is_(None))
        .values(
            completed_at=act.now, completed_by=act.actor, outcome=report.outcome.value, note=report.note,
            answered_in=_answered_in(act, row), sla_judged_at=func.coalesce(FollowupTask.sla_judged_at, act.now),
        )
        .returning(FollowupTask.claimed_by, FollowupTask.lease_until)
    ).one()  # fmt: skip
    act.changed(
        f"F-{row.id}", before={"claimed_by": row.claimed_by, "lead": row.lead_id},
        after={"outcome": report.outcome.value, "completed_at": act.now, "note": report.note},
    )  # fmt: skip
    is_others = written.claimed_by != act.actor and is_held(written.claimed_by, written.lease_until, act.now)
    return str(written.claimed_by) if is_others else None


def _answered_in(act: Act, row: Any) -> int:
    return max(0, -int(-(act.now - row.sla_from).total_seconds() // 1))


def _judge_promise(act: Act, row: Any) -> None:
    """Emit the step's one `followup_sla`, unless it has one, was stopped, or was held back by Prime Law."""
    if row.sla_judged_at is not None or row.stopped_at is not None:
        return
    verdict = sla_verdict(row.sla_from, act.now, stops_since(act, min(row.sla_from, act.now)))
    if verdict is not None:
        at = act.now if verdict else row.sla_from + PROMISE
        judging.emit(act, row.id, success=verdict, at=at, source=row.source, market=row.market)


def _follow(act: Act, one: Loaded, ladder: Any, report: Report) -> Followed:
    effect = EFFECTS[report.outcome]
    followed = Followed()
    if effect.suppresses:
        followed.suppressed = leads.suppress(act, one.row.merged_into or one.row.lead_id, one.reach, "asked to stop")
    used = one.reach.contact(Channel(one.row.channel))
    rest = one.reach
    if effect.retires_number and used is not None:
        leads.retire(act, used)
        followed.retired = True
        kept = tuple(other for other in rest.contacts if other.contact_id != used.contact_id)
        rest = replace(rest, contacts=kept)
    has_another = rest.contact(Channel.CALL) is not None
    if ladder.ended_at is None:
        _continue(act, one, ladder, report, followed, has_another_number=has_another)
    if effect.suppresses:
        _end_newer(act, one, followed)
    if effect.hands_over and ladder.ended_why != FollowupOutcome.ASKED_TO_STOP and not one.reach.is_suppressed:
        _hand_over(act, one.row, ladder, report)
        followed.handed_over = True
    _set_stage(act, one.row, ladder, effect)
    return followed


def _set_stage(act: Act, row: Any, ladder: Any, effect: Effect) -> None:
    """Say how far the lead has come; a late report on an ended ladder says so only where it ends things itself."""
    is_news = effect.ends_ladder or ladder.ended_at is None
    if is_news and ladder.ended_why != FollowupOutcome.ASKED_TO_STOP and row.stage != effect.stage:
        leads.set_stage(act, row.merged_into or row.lead_id, effect.stage)


def _continue(
    act: Act, one: Loaded, ladder: Any, report: Report, followed: Followed, *, has_another_number: bool
) -> None:
    """End the ladder, move it, or let it run on."""
    if ends_ladder(report.outcome, has_another_number=has_another_number):
        followed.why = report.outcome.value
        followed.ended = end(
            act, ladder.id, one.row, why=followed.why, may_not_contact=EFFECTS[report.outcome].suppresses
        )
        return
    left = _open_steps(act, ladder.id)
    if report.callback_at is not None:
        followed.callback_at = _call_back(act, one, left, report.callback_at)
    elif not left:
        followed.why = "all done"
        followed.ended = end(act, ladder.id, one.row, why=followed.why)


def _end_newer(act: Act, one: Loaded, followed: Followed) -> None:
    """End the ladder the same seller has now, where the step was one of an earlier ladder or of another name."""
    newer = lock_open_ladder(act, one.row.merged_into or one.row.lead_id)
    if newer is not None:
        followed.why = FollowupOutcome.ASKED_TO_STOP.value
        followed.ended = end(act, newer.id, one.row, why=followed.why, may_not_contact=True)


def _open_steps(act: Act, ladder_id: int) -> list[OpenStep]:
    rows = act.connection.execute(
        select(
            FollowupTask.id, FollowupTask.step, FollowupTask.due_at, FollowupTask.claimed_by, FollowupTask.lease_until
        ).where(FollowupTask.ladder_id == ladder_id, *OPEN)
    )
    return [OpenStep(row.id, row.step, row.due_at, is_held(row.claimed_by, row.lease_until, act.now)) for row in rows]


def _call_back(act: Act, one: Loaded, left: list[OpenStep], wanted: datetime) -> datetime:
    """Make the next step the call the lead asked for, at their time, moved into the contact window.

    The lead named the time, so the promise starts there as well. Where no step is left one is added.
    """
    window = window_of(act)
    at = moved_into(window.openings([Asked(one.facts, Channel.CALL, wanted)])[0], wanted)
    called = callback_step(left)
    if called is None:
        _add_call(act, one.row, at)
        return at
    for task_id, due in sorted(moved_by_callback(left, at).items()):
        channel = {"channel": Channel.CALL.value} if task_id == called.task_id else {}
        act.connection.execute(
            update(FollowupTask)
            .where(FollowupTask.id == task_id, *OPEN)
            .values(due_at=due, sla_from=due, generation=FollowupTask.generation + 1, claimed_by=None,
                    lease_until=None, **channel)
        )  # fmt: skip
    return at


def _add_call(act: Act, row: Any, at: datetime) -> None:
    newest = select(func.max(FollowupTask.step)).where(FollowupTask.ladder_id == row.ladder_id).scalar_subquery()
    act.connection.execute(
        insert(FollowupTask).values(
            ladder_id=row.ladder_id, lead_id=row.lead_id, step=newest + 1, channel=Channel.CALL.value, due_at=at,
            sla_from=at, province=row.province, source=row.source, assignee=row.assignee, generation=0,
        )
    )  # fmt: skip


def _hand_over(act: Act, row: Any, ladder: Any, report: Report) -> None:
    card = HandOver(
        ladder_id=ladder.id, task_id=row.id, seller=seller_of(row), step=row.step, channel=row.channel,
        interested_at=act.now, recorded_by=act.actor, assignee=row.assignee, note=report.note, score=row.score,
        source=row.source, arrived_at=ladder.arrived_at,
    )  # fmt: skip
    act.post("route:deals", "handover", card, thing=f"handover:{ladder.id}")


def _tell(act: Act, one: Loaded, report: Report, holder: str | None) -> tuple[str, ...]:
    if holder is None:
        return ()
    row = one.row
    message = ClaimOver(
        task_id=row.id, step=row.step, channel=row.channel, seller=seller_of(row), why="completed", by=act.actor,
        at=act.now, outcome=report.outcome.value, may_not_contact=EFFECTS[report.outcome].suppresses,
    )  # fmt: skip
    act.post(f"user:{holder}", "claim_over", message, thing=f"claim:{row.id}:{holder}")
    return (holder,)


def _answer(act: Act, row: Any, report: Report, followed: Followed, told: tuple[str, ...]) -> Completed:
    ended = followed.ended
    return Completed(
        task_id=row.id, step=row.step, channel=row.channel, seller=seller_of(row), outcome=report.outcome.value,
        note=report.note, completed_at=act.now, completed_by=act.actor, in_time=act.now <= row.sla_from + PROMISE,
        answered_in=_answered_in(act, row), ladder_ended=ended is not None, ended_why=followed.why,
        stopped_steps=ended.steps if ended else 0, suppressed=followed.suppressed, number_retired=followed.retired,
        callback_at=followed.callback_at, handed_over=followed.handed_over, was_stopped=row.stopped_at is not None,
        told=tuple(dict.fromkeys((*told, *(ended.told if ended else ())))),
    )  # fmt: skip
