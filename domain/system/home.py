"""The Home tab: what one person needs to see first, read in a handful of statements."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from domain.access.people import held_since
from domain.act import Act
from domain.alerts.service import unresolved
from domain.approvals import rules
from domain.approvals.results import ApprovalLine
from domain.approvals.rows import open_requests
from domain.approvals.showing import line_of
from domain.followup.due import due
from domain.identity import Role
from domain.oncall import rota
from domain.outcomes import Refused
from domain.prime_law import service as prime_law
from domain.system.results import HelpLine, HomeDue, HomeView

MOST_SHOWN = 5
MOST_DUE = 3


def home(act: Act, may: tuple[HelpLine, ...], elsewhere: int) -> HomeView:
    """Return the tab of the reader; `may` is what the role can do, `elsewhere` how much more there is."""
    role = act.standing.role
    requests = [row for row in open_requests(act) if row.expires_at > act.now]
    to_decide = _decidable(act, requests)
    asked = [row for row in requests if row.requester == act.actor]
    alerts = unresolved(act).items if act.standing.at_least(Role.ONCALL) else None
    return HomeView(
        role=role.word if role else None, as_of=act.now, switches=prime_law.view(act) if role else None,
        to_decide=_lines(to_decide), to_decide_total=len(to_decide) if act.standing.at_least(Role.MANAGER) else None,
        asked=_lines(asked), asked_total=len(asked), due=_due(act),
        alerts=alerts[:MOST_SHOWN] if alerts else (), alerts_total=None if alerts is None else len(alerts),
        oncall=rota.view(act) if role else None,
        may=may if role else (), elsewhere=elsewhere,
    )  # fmt: skip


def _lines(rows: list[Row[Any]]) -> tuple[ApprovalLine, ...]:
    return tuple(line_of(row) for row in rows[:MOST_SHOWN])


def _decidable(act: Act, requests: list[Row[Any]]) -> list[Row[Any]]:
    """Keep those that the reader may decide: another's, with the role, held since before it was asked."""
    since: dict[Role, datetime | None] = {}
    kept = []
    for row in requests:
        needed = Role.from_word(row.decider_role)
        if row.requester == act.actor or not act.standing.at_least(needed):
            continue
        if needed not in since:
            since[needed] = held_since(act.connection, act.actor, needed)
        refusal = rules.judge_decider(
            decider=act.actor, requester=row.requester, role=act.standing.role, needed=needed,
            held_since=since[needed], requested_at=row.created_at,
        )  # fmt: skip
        if refusal is None:
            kept.append(row)
    return kept


def _due(act: Act) -> HomeDue | None:
    if not act.standing.at_least(Role.OPERATOR):
        return None
    found = due(act, "mine", limit=MOST_SHOWN, cursor=None)
    if isinstance(found, Refused):  # only for a cursor, and there is none
        return None
    return HomeDue(
        due=found.due, late=found.late, is_capped=found.is_capped, stopped=found.stopped,
        # Without the numbers: a tab stays as it is long after the claim has passed.
        yours=tuple(claimed.step for claimed in found.yours[:MOST_DUE]), now=found.now[:MOST_DUE],
    )  # fmt: skip
