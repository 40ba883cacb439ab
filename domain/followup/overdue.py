"""The one live card of late follow-ups: kept true by the sweep and by whoever finishes a late step.

::

    no episode ──a step is late──► episode n, a new message ──something changed──► the same message, edited
                                        └──none is late any more──► edited to say so, and the episode is over
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update

from domain.act import Act, Priority
from domain.canonical import digest
from domain.database import insert_into
from domain.followup.results import OverdueCard, OverdueGroup, OverdueStep
from domain.followup.rows import OPEN
from domain.followup.rules import LATE_AFTER, PROMISE
from domain.followup.tables import FollowupTask, LiveCard
from domain.leads.tables import Lead

NAME = "followups:overdue"
LISTED = 50
"""How many of the oldest late steps are named on the card; all are counted."""
LISTED_EACH = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What the card says at this moment, without anything that changes by itself."""

    late: int
    broken: int
    groups: tuple[OverdueGroup, ...]
    acting_is_off: bool

    @property
    def digest(self) -> str:
        """Equal for equal cards."""
        return digest(self.late, self.broken, self.groups, self.acting_is_off)


def refresh(act: Act) -> bool:
    """Make the live card true, in this transaction; return whether anything changed.

    Its row is locked before the steps are counted, so of two that refresh at once the second sees what the first did.
    """
    card = _locked(act)
    found = _look(act)
    if card is None and not found.late:
        return False
    if card is None:
        return _write(act, None, found, inserted=_insert(act))
    if (not card.is_open and not found.late) or (card.is_open and card.digest == found.digest):
        return False
    return _write(act, card, found)


def _locked(act: Act) -> Any | None:
    return act.connection.execute(
        select(LiveCard.__table__).where(LiveCard.name == NAME).with_for_update()
    ).one_or_none()


def _insert(act: Act) -> bool:
    made = act.connection.scalar(
        insert_into(act.connection, LiveCard)
        .values(name=NAME, episode=0, is_open=False, digest="", updated_at=act.now)
        .on_conflict_do_nothing()
        .returning(LiveCard.name)
    )
    return made is not None


def _write(act: Act, card: Any | None, found: Shown, *, inserted: bool = True) -> bool:
    if not inserted:  # somebody else made the row meanwhile: it is locked now, and what they saw may be old
        return refresh(act)
    state: Mapping[str, Any] = (card.state or {}) if card is not None and card.is_open else {}
    episode = (card.episode if card is not None else 0) + (0 if state else 1)
    opened_at = datetime.fromisoformat(state["opened_at"]) if state else act.now
    worst = max(found.late, int(state.get("worst", 0)))
    is_over = not found.late
    act.connection.execute(
        update(LiveCard)
        .where(LiveCard.name == NAME)
        .values(
            episode=episode, is_open=not is_over, digest=found.digest, updated_at=act.now,
            state={"opened_at": opened_at.isoformat(), "worst": worst},
        )
    )  # fmt: skip
    shown = OverdueCard(
        episode=episode, late=found.late, broken=found.broken, opened_at=opened_at, groups=found.groups,
        is_over=is_over, ended_at=act.now if is_over else None, worst=worst, acting_is_off=found.acting_is_off,
    )  # fmt: skip
    act.post("route:followups", "overdue", shown, thing=f"{NAME}:{episode}", priority=Priority.DIGEST)
    return True


def _look(act: Act) -> Shown:
    """Count the late steps by assignee and name the oldest ones: two statements on the index of open steps."""
    late = (*OPEN, FollowupTask.sla_from < act.now - LATE_AFTER)
    is_broken = FollowupTask.sla_from < act.now - PROMISE
    counted = act.connection.execute(
        select(
            FollowupTask.assignee, func.count().label("late"), func.count(case((is_broken, 1))).label("broken"),
            func.min(FollowupTask.sla_from).label("oldest"),
        )
        .where(*late)
        .group_by(FollowupTask.assignee)
    ).all()  # fmt: skip
    named = _oldest(act, late) if counted else ()
    groups = tuple(_group(act, row, named) for row in sorted(counted, key=lambda row: (row.oldest, row.assignee or "")))
    return Shown(
        late=sum(group.late for group in groups), broken=sum(group.broken for group in groups), groups=groups,
        acting_is_off=not act.prime.allows_production,
    )  # fmt: skip


def _oldest(act: Act, late: Sequence[Any]) -> Sequence[Any]:
    oldest = (
        select(
            FollowupTask.id, FollowupTask.step, FollowupTask.channel, FollowupTask.lead_id, FollowupTask.province,
            FollowupTask.sla_from, FollowupTask.assignee,
        )
        .where(*late)
        .order_by(FollowupTask.sla_from, FollowupTask.id)
        .limit(LISTED)
        .subquery()
    )  # fmt: skip
    return act.connection.execute(
        select(*oldest.c, Lead.seller_name, Lead.market)
        .join_from(oldest, Lead, Lead.lead_id == oldest.c.lead_id)
        .order_by(oldest.c.sla_from, oldest.c.id)
    ).all()


def _group(act: Act, counted: Any, named: Sequence[Any]) -> OverdueGroup:
    mine = [row for row in named if row.assignee == counted.assignee][:LISTED_EACH]
    return OverdueGroup(
        assignee=counted.assignee, late=counted.late, broken=counted.broken, oldest=counted.oldest,
        steps=tuple(_step(act, row) for row in mine), more=counted.late - len(mine),
    )  # fmt: skip


def _step(act: Act, row: Any) -> OverdueStep:
    return OverdueStep(
        task_id=row.id, step=row.step, channel=row.channel, lead_id=row.lead_id, seller_name=row.seller_name,
        market=row.market, province=row.province, sla_from=row.sla_from,
        is_broken=row.sla_from < act.now - PROMISE,
    )  # fmt: skip
