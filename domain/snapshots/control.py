"""The control part: switches, what waits for people, what is open."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from domain.act import Act
from domain.alerts.tables import Alert
from domain.approvals.alone import unsigned
from domain.approvals.rows import open_requests
from domain.held.tables import HeldWork
from domain.identity import SYSTEM_ACTOR, mention
from domain.policies.tables import PolicyVersion
from domain.prime_law import service as prime_law
from domain.prime_law.tables import GoLiveHistory
from domain.runbook import service as runbook
from domain.snapshots.parts import Part, Week
from domain.snapshots.results import Finding, SnapshotLine, Stop, WeekPart

MOST_NAMED = 3
TRIPWIRE = "tripwire:"
"""How the alert of a trip begins its key."""


def _read(act: Act) -> Sequence[SnapshotLine]:
    return (*_switches(act), *_waiting(act), _runbook(act))


def _switches(act: Act) -> Sequence[SnapshotLine]:
    view = prime_law.view(act)
    since = view.go_live_changed_at.isoformat() if view.go_live_changed_at else ""
    engaged = view.engaged_at.isoformat() if view.engaged_at else ""
    return (
        SnapshotLine(name="Go-live", value="on" if view.go_live_enabled else "off", beside=since),
        SnapshotLine(
            name="Kill switch", value="engaged" if view.kill_switch_engaged else "clear",
            beside=f"{mention(view.engaged_by or SYSTEM_ACTOR)}, {engaged}" if view.kill_switch_engaged else "",
            ok=not view.kill_switch_engaged,
        ),
    )  # fmt: skip


def _waiting(act: Act) -> Sequence[SnapshotLine]:
    requests, alone = open_requests(act), unsigned(act)
    held = act.connection.execute(
        select(func.count().label("total"), func.min(HeldWork.held_at).label("oldest")).where(HeldWork.state == "held")
    ).one()
    alerts = act.connection.execute(
        select(func.count().label("total"), func.min(Alert.opened_at).label("oldest")).where(Alert.state != "resolved")
    ).one()
    quiet = act.connection.scalar(select(func.count()).select_from(Alert).where(Alert.state == "acknowledged")) or 0
    return (
        SnapshotLine(
            name="Approvals waiting", value=f"{len(requests):,}",
            beside=f"the oldest since {requests[0].created_at.isoformat()}" if requests else "",
        ),
        SnapshotLine(name="Held work", value=f"{held.total:,}", beside=_oldest(held.oldest)),
        SnapshotLine(
            name="Alerts open", value=f"{alerts.total:,}", ok=not alerts.total,
            beside=f"{quiet:,} acknowledged; {_oldest(alerts.oldest)}" if alerts.total else "",
        ),
        SnapshotLine(name="Break glass not signed off", value=f"{len(alone):,}", ok=not alone),
    )  # fmt: skip


def _oldest(at: datetime | None) -> str:
    return f"the oldest since {at.isoformat()}" if at else ""


def _runbook(act: Act) -> SnapshotLine:
    found = runbook.status(act)
    checks = (*found.blockers, *found.warnings, *found.info, *found.passed)
    named = ", ".join(check.name for check in (*found.blockers, *found.warnings)[:MOST_NAMED])
    return SnapshotLine(
        name="Runbook", value=f"{len(found.passed):,} of {len(checks):,} green",
        beside=named, ok=not found.blockers and not found.warnings,
    )  # fmt: skip


def _week(act: Act, week: Week) -> WeekPart:
    engaged = _engagements(act, week)
    broke = tuple(
        Finding(
            text=f"kill switch engaged {start.isoformat()}" + (f" to {end.isoformat()}" if end else ", and still is"),
            short="" if end else "the kill switch",
        )
        for start, end in engaged
    )
    changes = act.connection.scalar(
        select(func.count())
        .select_from(PolicyVersion)
        .where(PolicyVersion.changed_at >= week.since, PolicyVersion.changed_at < week.until)
    )
    stopped = tuple(Stop(what="everything", since=start, until=end) for start, end in engaged)
    return WeekPart(broke=(*broke, *_alerts(act, week)), stopped=stopped, changes=changes or 0)


def _alerts(act: Act, week: Week) -> tuple[Finding, ...]:
    """Return the alerts of a week; those of trips are the tripwires' own findings."""
    rows = act.connection.execute(
        select(Alert.headline, Alert.state, Alert.opened_at, Alert.resolved_at)
        .where(
            Alert.opened_at >= week.since,
            Alert.opened_at < week.until,
            Alert.severity != "info",
            ~Alert.dedup_key.startswith(TRIPWIRE),
        )
        .order_by(Alert.id)
    )
    return tuple(
        Finding(
            text=f"{row.headline}, {for_how_long(row.resolved_at - row.opened_at)}" if row.resolved_at
            else f"{row.headline}; still open",
            short="" if row.resolved_at else row.headline,
        )
        for row in rows
    )  # fmt: skip


def for_how_long(length: timedelta) -> str:
    """Return a length of time as a finding of a week says it: `for 32 h`."""
    hours = length.total_seconds() / 3600
    return f"for {round(hours)} h" if hours >= 1 else f"for {max(1, round(hours * 60))} min"


def _engagements(act: Act, week: Week) -> list[tuple[datetime, datetime | None]]:
    """Return when the kill switch was engaged within the week, and until when."""
    rows = act.connection.execute(
        select(GoLiveHistory.at, GoLiveHistory.kill_switch_engaged)
        .where(GoLiveHistory.at < act.now)
        .order_by(GoLiveHistory.id)
    )
    found: list[tuple[datetime, datetime | None]] = []
    start: datetime | None = None
    for row in rows:
        if row.kill_switch_engaged and start is None:
            start = row.at
        elif not row.kill_switch_engaged and start is not None:
            found.append((start, row.at))
            start = None
    if start is not None:
        found.append((start, None))
    return [one for one in found if one[0] < week.until and (one[1] is None or one[1] >= week.since)]


CONTROL = Part("control", "Control", _read, _week)
