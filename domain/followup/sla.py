"""How well the promise is kept, and the sweep that finds where it was not."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, func, literal, select, union_all

from domain.act import Act
from domain.followup.judging import judge_failures
from domain.followup.overdue import refresh
from domain.followup.results import SlaLine, SlaView, Swept
from domain.followup.rows import OPEN
from domain.followup.rules import LATE_AFTER, PROMISE, TARGET, share
from domain.followup.tables import FollowupTask
from domain.leads.tables import Lead

BATCH = 1_000
"""How many broken promises one run of the sweep counts; a full batch asks to be run again at once."""
_BY = (FollowupTask.assignee, FollowupTask.channel, FollowupTask.province, FollowupTask.source)
_NAMES = ("assignee", "channel", "province", "source")
_COUNTS = ("count", "within_30m", "within_2h", "overdue_now", "broken_now")


def snapshot(act: Act, days: int) -> SlaView:
    """Return the figures of the last `days`; what is open and late now counts against the promise."""
    since = act.now - timedelta(days=days)
    rows = act.connection.execute(_counted(act, since)).all()
    everything = _lines(rows, lambda _row: None)
    by = {name: _lines(rows, lambda row, name=name: getattr(row, name)) for name in _NAMES}  # type: ignore[misc]
    return SlaView(
        days=days, since=since, as_of=act.now, target=TARGET,
        total=everything[0] if everything else _line(None, [0] * len(_COUNTS)),
        by_assignee=by["assignee"], by_channel=by["channel"], by_province=by["province"], by_source=by["source"],
    )  # fmt: skip


def _counted(act: Act, since: Any) -> Any:
    """Count in SQL what was done, given up too late, and is open and late: three indexes, one statement."""
    late, promise = int(LATE_AFTER.total_seconds()), int(PROMISE.total_seconds())
    none = literal(0)
    done = select(
        *_BY, func.count(), func.count(case((FollowupTask.answered_in <= late, 1))),
        func.count(case((FollowupTask.answered_in <= promise, 1))), none, none,
    ).where(FollowupTask.completed_at >= since)  # fmt: skip
    given_up = select(*_BY, func.count(), none, none, none, none).where(
        FollowupTask.stopped_at >= since, FollowupTask.completed_at.is_(None), FollowupTask.sla_judged_at.is_not(None)
    )
    is_broken = FollowupTask.sla_from < act.now - PROMISE
    waiting = select(
        *_BY, func.count(), none, none, func.count(), func.count(case((is_broken, 1)))
    ).where(and_(*OPEN), FollowupTask.sla_from < act.now - LATE_AFTER)  # fmt: skip
    parts = [part.group_by(*_BY) for part in (done, given_up, waiting)]
    labels = (*_NAMES, *_COUNTS)
    named = [
        select(*(column.label(label) for column, label in zip(part.subquery().c, labels, strict=True)))
        for part in parts
    ]
    return union_all(*named)


def _lines(rows: Sequence[Any], name_of: Callable[[Any], str | None]) -> tuple[SlaLine, ...]:
    sums: dict[str | None, list[int]] = defaultdict(lambda: [0] * len(_COUNTS))
    for row in rows:
        line = sums[name_of(row)]
        for place, name in enumerate(_COUNTS):
            line[place] += getattr(row, name)
    lines = [_line(name, counts) for name, counts in sums.items()]
    return tuple(sorted(lines, key=lambda line: (-line.count, line.name or "")))


def _line(name: str | None, counts: Sequence[int]) -> SlaLine:
    values = dict(zip(_COUNTS, counts, strict=True))
    count = values["count"]
    return SlaLine(
        name=name, **values, rate_30m=share(values["within_30m"], count), rate_2h=share(values["within_2h"], count)
    )


def sweep(act: Act) -> Swept:
    """Count the promises broken since the last run, and keep the live card true; nothing new leaves no trace.

    A step counted once is marked and leaves the index this reads, so the cost does not grow with history.
    """
    broken = act.connection.execute(
        select(FollowupTask.id, FollowupTask.sla_from, FollowupTask.source, Lead.market)
        .join(Lead, Lead.lead_id == FollowupTask.lead_id)
        .where(*OPEN, FollowupTask.sla_judged_at.is_(None), FollowupTask.sla_from < act.now - PROMISE)
        .order_by(FollowupTask.sla_from)
        .limit(BATCH)
        .with_for_update(of=FollowupTask, skip_locked=True)
    ).all()
    failed, excused = judge_failures(act, broken)
    changed = refresh(act)
    if broken or changed:
        act.changed("followups", after={"failed": failed, "excused": excused, "card_changed": changed})
    return Swept(failed=failed, excused=excused, card_changed=changed, more=len(broken) == BATCH)
