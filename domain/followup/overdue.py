"""The live cards of late follow-ups, kept true by the sweep and by whoever finishes a late step.

One card for the channel, grouped by assignee, and one for each assignee directly, each with episodes of its own.
Promises that are broken are an alert to the managers, which is over when none is open any more::

    no episode ──a step is late──► episode n, a new message ──something changed──► the same message, edited
                                        └──none is late any more──► edited to say so, and the episode is over
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update

from domain.act import Act, Priority
from domain.alerts.service import raise_alert, resolve_by_itself
from domain.canonical import digest
from domain.database import insert_into
from domain.followup.results import OverdueCard, OverdueGroup, OverdueStep
from domain.followup.rows import OPEN
from domain.followup.rules import LATE_AFTER, PROMISE
from domain.followup.tables import FollowupTask, LiveCard
from domain.identity import is_slack_user, mention
from domain.leads.tables import Lead

NAME = "followups:overdue"
LISTED = 50
"""How many of the oldest late steps are named on the card; all are counted."""
LISTED_EACH = 5
NAMED = 5
"""How many people the alert to the managers names."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a live card stands: its row's name, where it is posted, and as which card."""

    name: str
    destination: str
    card: str


_CHANNEL = _Place(NAME, "route:followups", "overdue")


def _direct(user_id: str) -> _Place:
    return _Place(f"{NAME}:{user_id}", f"user:{user_id}", "overdue_yours")


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
    """Make the live cards true, in this transaction; return whether anything changed.

    The channel's row is locked before the steps are counted, so of two that refresh at once the second sees what the
    first did; whoever holds it may change the rows of the people, too.
    """
    card = _locked(act)
    found = _look(act)
    if card is None:
        if not found.late:
            return False
        if not _insert(act):  # somebody else made the row meanwhile: it is locked now, and what we saw may be old
            return refresh(act)
    if not _follow(act, _CHANNEL, card, found):
        return False
    _tell_assignees(act, found)
    return True


def _tell_assignees(act: Act, found: Shown) -> None:
    """Keep the card of each person true who has late steps, or had some when it was last looked."""
    theirs = {
        group.assignee: replace(found, late=group.late, broken=group.broken, groups=(group,))
        for group in found.groups
        if group.assignee is not None and is_slack_user(group.assignee)
    }
    rows = act.connection.execute(select(LiveCard.__table__).where(LiveCard.name.startswith(f"{NAME}:"))).all()
    known = {row.name.removeprefix(f"{NAME}:"): row for row in rows}
    none = replace(found, late=0, broken=0, groups=())
    for user_id in sorted(theirs.keys() | known.keys()):
        _follow(act, _direct(user_id), known.get(user_id), theirs.get(user_id, none))


def _locked(act: Act) -> Any | None:
    return act.connection.execute(
        select(LiveCard.__table__).where(LiveCard.name == NAME).with_for_update()
    ).one_or_none()


def _insert(act: Act, name: str = NAME) -> bool:
    made = act.connection.scalar(
        insert_into(act.connection, LiveCard)
        .values(name=name, episode=0, is_open=False, digest="", updated_at=act.now)
        .on_conflict_do_nothing()
        .returning(LiveCard.name)
    )
    return made is not None


def _follow(act: Act, place: _Place, card: Any | None, found: Shown) -> bool:
    """Post or edit one card where it says something else than what is true; return whether it did."""
    is_open = card is not None and card.is_open
    if (not is_open and not found.late) or (card is not None and is_open and card.digest == found.digest):
        return False
    if card is None and place is not _CHANNEL:
        _insert(act, place.name)
    _write(act, place, card, found)
    return True


def _write(act: Act, place: _Place, card: Any | None, found: Shown) -> None:
    state: Mapping[str, Any] = (card.state or {}) if card is not None and card.is_open else {}
    episode = (card.episode if card is not None else 0) + (0 if state else 1)
    opened_at = datetime.fromisoformat(state["opened_at"]) if state else act.now
    worst = max(found.late, int(state.get("worst", 0)))
    is_over = not found.late
    told = {} if place is not _CHANNEL else _escalated(act, found, state)
    act.connection.execute(
        update(LiveCard)
        .where(LiveCard.name == place.name)
        .values(
            episode=episode, is_open=not is_over, digest=found.digest, updated_at=act.now,
            state={"opened_at": opened_at.isoformat(), "worst": worst, **told},
        )
    )  # fmt: skip
    shown = OverdueCard(
        episode=episode, late=found.late, broken=found.broken, opened_at=opened_at, groups=found.groups,
        is_over=is_over, ended_at=act.now if is_over else None, worst=worst, acting_is_off=found.acting_is_off,
    )  # fmt: skip
    act.post(place.destination, place.card, shown, thing=f"{place.name}:{episode}", priority=Priority.DIGEST)


def _escalated(act: Act, found: Shown, state: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the managers of promises that are broken and still open; return what they were told, for the next time.

    While acting is off nobody could keep a promise, so nobody is told.
    """
    alert_id, told = state.get("alert_id"), int(state.get("told", 0))
    if found.broken > told and not found.acting_is_off:
        worst = [group for group in found.groups if group.broken]
        names = ", ".join(f"{_whose(group.assignee)} {group.broken:,}" for group in worst[:NAMED])
        more = f" and {len(worst) - NAMED} more people" if len(worst) > NAMED else ""
        alert_id = raise_alert(
            act, "followups:broken", "Follow-ups are past their 2 h promise, and still open", route="governance",
            facts=(
                ("How many", f"{found.broken:,} past 2 h, {found.late:,} late in all"),
                ("Whose", f"{names}{more}"),
                ("What to do", "`/due all` lists them; they count against the 90 % target until they are done"),
            ),
        )  # fmt: skip
    elif alert_id is not None and not found.broken:
        resolve_by_itself(act, alert_id, "None is past its promise any more.")
        return {}
    return {"alert_id": alert_id, "told": max(told, found.broken)} if alert_id is not None else {}


def _whose(assignee: str | None) -> str:
    return "nobody's" if assignee is None else mention(assignee)


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
