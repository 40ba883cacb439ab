"""What was half done when the kill switch was pressed: claimed steps, whose callers are told to finish and stop.

The engagement's row of the history keeps which steps they were, so that the card can say what became of them however
claims lapse or are handed back afterwards.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from domain.act import Act, Priority
from domain.followup.tables import FollowupTask
from domain.identity import is_slack_user
from domain.leads.tables import Lead
from domain.prime_law.results import FinishNow, UnderWay, UnderWayStep
from domain.prime_law.tables import GoLiveHistory

ENGAGED = "engage"
STEPS = "steps_under_way"
"""Where the history's detail keeps the ids."""


def claimed_now(act: Act) -> Sequence[Any]:
    """Return every open step that somebody holds at this moment, by holder."""
    return act.connection.execute(
        select(
            FollowupTask.id, FollowupTask.channel, FollowupTask.claimed_by, FollowupTask.lead_id, Lead.seller_name,
            Lead.market, Lead.province,
        )
        .join(Lead, Lead.lead_id == FollowupTask.lead_id)
        .where(
            FollowupTask.claimed_by.is_not(None), FollowupTask.lease_until > act.now,
            FollowupTask.completed_at.is_(None), FollowupTask.stopped_at.is_(None),
        )
        .order_by(FollowupTask.claimed_by, FollowupTask.id)
    ).all()  # fmt: skip


def tell_claimants(act: Act, claimed: Sequence[Any], reason: str | None) -> None:
    """Write to everybody who is in the middle of something: finish it, record it, begin nothing else."""
    for holder, steps in groupby(claimed, key=lambda row: row.claimed_by):
        if is_slack_user(holder):
            told = FinishNow(
                engaged_by=act.actor, engaged_at=act.now, reason=reason,
                steps=tuple(
                    UnderWayStep(
                        task_id=row.id, channel=row.channel, lead_id=row.lead_id, seller_name=row.seller_name,
                        market=row.market, province=row.province,
                    )
                    for row in steps
                ),
            )  # fmt: skip
            act.post(f"user:{holder}", "finish_now", told, priority=Priority.SWITCH)


def kept(claimed: Sequence[Any]) -> dict[str, Any] | None:
    """Return what the history keeps of them; nothing where there were none."""
    return {STEPS: [row.id for row in claimed]} if claimed else None


def under_way(connection: Connection, engaged_at: datetime) -> tuple[UnderWay, ...]:
    """Return what was under way when this engagement began, by kind, and how much of it has ended since."""
    detail = connection.scalar(
        select(GoLiveHistory.detail)
        .where(GoLiveHistory.at >= engaged_at, GoLiveHistory.action == ENGAGED)
        .order_by(GoLiveHistory.id)
        .limit(1)
    )
    steps = (detail or {}).get(STEPS)
    if not steps:
        return ()
    rows = connection.execute(
        select(FollowupTask.channel, FollowupTask.completed_at, FollowupTask.stopped_at).where(
            FollowupTask.id.in_(steps)
        )
    ).all()
    return tuple(
        UnderWay(
            channel=channel,
            count=sum(row.channel == channel for row in rows),
            ended=sum(row.channel == channel and bool(row.completed_at or row.stopped_at) for row in rows),
        )
        for channel in sorted({row.channel for row in rows})
    )
