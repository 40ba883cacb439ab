"""The one `followup_sla` of each step: kept, broken, or none because Prime Law held it back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update

from domain.act import Act
from domain.followup.rows import stops_since
from domain.followup.rules import PROMISE, sla_verdict
from domain.followup.tables import FollowupTask

METRIC = "WHOLESALE.followup_sla"


def emit(act: Act, task_id: int, *, success: bool, at: datetime, source: str | None, market: str | None) -> None:
    """Emit the event of a step; its id is the step's, so a second one would be the same event."""
    act.kpi(METRIC, event_id=str(task_id), success=success, occurred_at=at, source=source, market=market)


def judge_failures(act: Act, rows: Sequence[Any], *, market: str | None = None) -> tuple[int, int]:
    """Emit the failures of those steps whose two hours have passed; return how many failed and were excused.

    `rows` have `id`, `sla_from`, `source`, and `market` where it is not given; they were not judged before.
    """
    broken = [row for row in rows if act.now > row.sla_from + PROMISE]
    if not broken:
        return 0, 0
    stops = stops_since(act, min(row.sla_from for row in broken))
    failed = 0
    for row in broken:
        if sla_verdict(row.sla_from, act.now, stops) is False:
            failed += 1
            emit(
                act, row.id, success=False, at=row.sla_from + PROMISE, source=row.source,
                market=market or row.market,
            )  # fmt: skip
    act.connection.execute(
        update(FollowupTask).where(FollowupTask.id.in_(sorted(row.id for row in broken))).values(sla_judged_at=act.now)
    )
    return failed, len(broken) - failed
