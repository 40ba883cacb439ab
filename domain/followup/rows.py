"""The statements and foldings that several operations of the ladder share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select, union_all

from domain.act import Act
from domain.followup.results import Blocked, Claimed, Seller, Step
from domain.followup.rules import (
    LATE_AFTER,
    PROMISE,
    STEPS,
    Hindrance,
    Lateness,
    hindrance,
    is_held,
    lateness,
    minutes,
)
from domain.followup.tables import FollowupTask
from domain.followup.window import Asked, LeadFacts, Opening, window_of
from domain.followup.words import reminder, words_for
from domain.leads.rules import Channel, Reach
from domain.leads.service import REACH, join_reach, reach_of
from domain.leads.tables import Lead
from domain.prime_law.rules import Stop, stops_from
from domain.prime_law.tables import GoLiveHistory

OPEN = (FollowupTask.completed_at.is_(None), FollowupTask.stopped_at.is_(None))
LEAD = (
    Lead.seller_name, Lead.market, Lead.language, Lead.property_address, Lead.postal_code, Lead.score,
    Lead.province.label("lead_province"), Lead.merged_into, Lead.stage,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """A step with its lead's row and every way to reach the lead."""

    row: Any
    reach: Reach

    @property
    def facts(self) -> LeadFacts:
        """What the contact engine decides from."""
        row = self.row
        phone = self.reach.contact(Channel.CALL)
        email = self.reach.contact(Channel.EMAIL)
        return LeadFacts(
            row.lead_id, row.lead_province, row.market, row.postal_code, phone.value if phone else None,
            email.value if email else None, row.score,
        )  # fmt: skip


def seller_of(row: Any) -> Seller:
    """Return who a row of a step or a lead is about."""
    return Seller(
        lead_id=row.lead_id, seller_name=row.seller_name, market=row.market, province=row.lead_province,
        language=row.language, property_address=row.property_address,
    )  # fmt: skip


def load(act: Act, steps: Any) -> list[Loaded]:
    """Run a query for steps (a subquery of `followup_task`'s columns) joined with lead and reach, in their order."""
    of_steps = select(*steps.c, *LEAD, *REACH).join_from(steps, Lead, Lead.lead_id == steps.c.lead_id)
    query = join_reach(of_steps, func.coalesce(Lead.merged_into, Lead.lead_id))
    rows = act.connection.execute(query.order_by(steps.c.sla_from, steps.c.id)).all()
    return [
        Loaded(same[0], reach_of(same))
        for same in (list(group) for _id, group in groupby(rows, key=lambda row: row.id))
    ]


def open_at(act: Act, loaded: Sequence[Loaded]) -> Sequence[Opening]:
    """Ask the contact window about each step, all at once."""
    asked = [Asked(one.facts, Channel(one.row.channel), act.now) for one in loaded]
    return window_of(act).openings(asked) if asked else ()


def blocked(act: Act, one: Loaded, opening: Opening) -> Blocked | None:
    """Return why the caller cannot do a step now, None where he can."""
    row = one.row
    if row.claimed_by != act.actor and is_held(row.claimed_by, row.lease_until, act.now):
        return Blocked(
            code="claimed", claimed_by=row.claimed_by, until=row.lease_until,
            detail=f"<@{row.claimed_by}> has it for another {minutes(row.lease_until - act.now)} min",
            remedy="It is free again when that time has passed.",
        )  # fmt: skip
    found = hindrance(one.reach, Channel(row.channel), act.now)
    if found is not None:
        may_call = found.code is Hindrance.NO_CONSENT
        return Blocked(code=found.code.value, detail=found.detail, remedy=found.remedy, may_call_instead=may_call)
    if not opening.allowed:
        return Blocked(code="window", detail=opening.why, remedy=opening.remedy, until=opening.next_at)
    return None


def step_of(row: Any, now: datetime, **more: Any) -> Step:
    """Return a step as anybody may see it; what is done or stopped is not late."""
    is_open = row.completed_at is None and row.stopped_at is None
    return Step(
        task_id=row.id, ladder_id=row.ladder_id, step=row.step, of=max(len(STEPS), row.step), channel=row.channel,
        seller=seller_of(row), due_at=row.due_at, sla_from=row.sla_from, late_from=row.sla_from + LATE_AFTER,
        promise_ends=row.sla_from + PROMISE, assignee=row.assignee,
        lateness=(lateness(row.sla_from, now) if is_open else Lateness.ON_TIME).value, **more,
    )  # fmt: skip


def shown(act: Act, one: Loaded, opening: Opening) -> Step:
    """Return a step with what stands in its way."""
    channel = Channel(one.row.channel)
    consent = one.reach.consent(channel, act.now) if channel is not Channel.CALL else None
    return step_of(
        one.row, act.now, window=opening.note, blocked=blocked(act, one, opening),
        note=getattr(one.row, "last_note", None),
        consent=consent.basis if consent else None, consent_until=consent.expires_at if consent else None,
    )  # fmt: skip


def claimed(act: Act, one: Loaded, opening: Opening, *, lease_until: datetime, generation: int) -> Claimed:
    """Return a claimed step with the number and the words; no number where it may not be used any more."""
    row = one.row
    channel = Channel(row.channel)
    contact = None if one.reach.is_suppressed else one.reach.contact(channel)
    words = words_for(
        row.step, channel, language=row.language, province=row.lead_province, business=act.settings.business_name,
        seller=row.seller_name, address=row.property_address,
    )  # fmt: skip
    return Claimed(
        step=shown(act, one, opening), claimed_by=act.actor, lease_until=lease_until, generation=generation,
        number=contact.value if contact else None, words=words,
        reminder=reminder(row.language) if channel is Channel.CALL else "",
    )  # fmt: skip


def stops_since(act: Act, start: datetime) -> tuple[Stop, ...]:
    """Return the spans since `start` in which production could not act, from the history of the switches."""
    columns = (
        GoLiveHistory.id, GoLiveHistory.at, GoLiveHistory.go_live_enabled, GoLiveHistory.kill_switch_engaged,
    )  # fmt: skip
    before = (
        select(*columns)
        .where(GoLiveHistory.at <= start)
        .order_by(GoLiveHistory.at.desc(), GoLiveHistory.id.desc())
        .limit(1)
        .subquery()
    )
    both = union_all(select(*before.c), select(*columns).where(GoLiveHistory.at > start)).subquery()
    changes: Iterable[Any] = act.connection.execute(select(*both.c).order_by(both.c.id))
    return stops_from(
        [(row.at, row.go_live_enabled and not row.kill_switch_engaged) for row in changes], initially_allowed=False
    )
