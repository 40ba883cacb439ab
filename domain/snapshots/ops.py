"""The operations part: follow-ups against their promise, and the evidence they stand on."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from domain.act import Act
from domain.followup import sla
from domain.followup.results import SlaLine
from domain.followup.rows import OPEN
from domain.followup.rules import TARGET
from domain.followup.tables import FollowupTask
from domain.leads.tables import DnclCopy, LeadSource
from domain.snapshots.metrics import weekly
from domain.snapshots.parts import Part, Week
from domain.snapshots.results import Finding, SnapshotLine, WeekPart

MOST_PEOPLE = 5
COPY_GOOD_FOR = timedelta(days=31)
"""How old a copy of the do-not-call list may be (Unsolicited Telecommunications Rules)."""
COPY_OLD = timedelta(days=24)
DAYS = 7


def _read(act: Act) -> Sequence[SnapshotLine]:
    week = sla.snapshot(act, DAYS)
    due = act.connection.scalar(
        select(func.count()).select_from(FollowupTask).where(*OPEN, FollowupTask.due_at <= act.now)
    )
    total = week.total
    return (
        SnapshotLine(name="Follow-ups due", value=f"{due or 0:,}"),
        SnapshotLine(
            name="Late now", value=f"{total.overdue_now:,}", ok=not total.overdue_now,
            beside=f"{total.broken_now:,} past the 2 h promise",
        ),
        SnapshotLine(
            name="Within 2 h, 7 days", value=percent(total.rate_2h), beside=f"target {percent(TARGET)}",
            ok=None if total.rate_2h is None else total.rate_2h >= TARGET,
        ),
        *(_person(line) for line in week.by_assignee[:MOST_PEOPLE]),
        *_sources(act),
    )  # fmt: skip


def percent(rate: float | None) -> str:
    """Return a rate as people read it."""
    return "nothing to count" if rate is None else f"{rate * 100:.1f} %".replace(".0 %", " %")


def _person(line: SlaLine) -> SnapshotLine:
    name = f"<@{line.name}>" if line.name and line.name.isalnum() and line.name.isupper() else line.name or "of nobody"
    late = f", {line.overdue_now:,} late now" if line.overdue_now else ""
    return SnapshotLine(name=f"  {name}", value=percent(line.rate_2h), beside=f"of {line.count:,}{late}")


def _sources(act: Act) -> Sequence[SnapshotLine]:
    rows = act.connection.execute(
        select(LeadSource.state, func.count().label("count")).group_by(LeadSource.state).order_by(LeadSource.state)
    ).all()
    if not rows:
        return ()
    return (SnapshotLine(name="Lead sources", value=", ".join(f"{row.count:,} {row.state}" for row in rows)),)


def _week(act: Act, week: Week) -> WeekPart:
    line = weekly(act, week, "WHOLESALE", "followup_sla", title="Follow-ups within 2 h", target=TARGET)
    return WeekPart(drifted=(*_promise(line.points), *_copies(act)), lines=(line,))


def _promise(points: Sequence[tuple[object, float | None]]) -> Sequence[Finding]:
    now, before = points[-1][1], points[-2][1] if len(points) > 1 else None
    if now is None or (now >= TARGET and (before is None or now >= before)):
        return ()
    was = f", was {percent(before)}" if before is not None else ""
    text = f"follow-ups within 2 h: {percent(now)}{was} (target {percent(TARGET)})"
    return (Finding(text=text, short="follow-ups" if now < TARGET else ""),)


def _copies(act: Act) -> Sequence[Finding]:
    newest = select(func.max(DnclCopy.copied_at).label("at")).group_by(DnclCopy.area_code).subquery()
    oldest = act.connection.scalar(select(func.min(newest.c.at)))
    if oldest is None or act.now - oldest < COPY_OLD:
        return ()
    days = (act.now - oldest).days
    short = "the do-not-call copy" if act.now - oldest >= COPY_GOOD_FOR else ""
    return (Finding(text=f"do-not-call copy {days} of {COPY_GOOD_FOR.days} days old", short=short),)


OPS = Part("ops", "Operations", _read, _week)
