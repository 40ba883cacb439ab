"""Handing claims and tasks back when somebody may not work any more."""

from sqlalchemy import update

from domain.act import Act
from domain.followup.tables import FollowupTask


def release_claims_of(act: Act, user_id: str) -> int:
    """Give back every open step a person holds or is assigned; return how many."""
    still_open = (FollowupTask.completed_at.is_(None), FollowupTask.stopped_at.is_(None))
    claimed = act.connection.execute(
        update(FollowupTask)
        .where(FollowupTask.claimed_by == user_id, *still_open)
        .values(claimed_by=None, lease_until=None, generation=FollowupTask.generation + 1)
    ).rowcount
    act.connection.execute(
        update(FollowupTask).where(FollowupTask.assignee == user_id, *still_open).values(assignee=None)
    )
    return claimed
