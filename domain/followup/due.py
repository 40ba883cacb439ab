"""What is due: one statement for the page, one for the figures, both on the index of open steps."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, tuple_, union_all

from domain.act import Act
from domain.followup.results import Claimed, DueView, Share, Step
from domain.followup.rows import OPEN, Loaded, claimed, load, open_at, shown
from domain.followup.rules import LATE_AFTER, LAYER, PROMISE, TARGET, is_held, share
from domain.followup.tables import FollowupTask
from domain.operation import ExecutionClass
from domain.outcomes import Kind, Refused, refused
from domain.prime_law import rules as prime_law
from domain.risk.service import refuse_followups

COUNTED_TO = 100
"""Counting stops here: how much more than a hundred is due changes nothing that a person does next."""
MOST_CLAIMED = 20
WEEK = timedelta(days=7)
TASK = tuple(FollowupTask.__table__.c)
_EARLIER = FollowupTask.__table__.alias("earlier")


def due(act: Act, scope: str, *, limit: int, cursor: str | None) -> DueView | Refused:
    """Return the reader's list."""
    after = None
    if cursor is not None:
        after = _position(cursor)
        if after is None:
            return refused(
                Kind.INVALID, "bad_value", "`cursor` is not one that a page before gave.", layer=LAYER, field="cursor",
                remedy="Leave it out for the first page.",
            )  # fmt: skip
    loaded = load(act, _page(act, scope, limit + 1, after))
    openings = dict(zip((one.row.id for one in loaded), open_at(act, loaded), strict=True))
    mine, page = _split(act, loaded)
    more = len(page) > limit
    steps = [shown(act, one, openings[one.row.id]) for one in page[:limit]]
    count, late, week = _figures(act, scope)
    return DueView(
        scope=scope, as_of=act.now, due=min(count, COUNTED_TO), late=min(late, COUNTED_TO),
        is_capped=count > COUNTED_TO, week=week,
        stopped=prime_law.refusal(act.prime, ExecutionClass.PROD_EXEC, reduces=False) or refuse_followups(act),
        yours=tuple(_claimed(act, one, openings[one.row.id]) for one in mine),
        now=tuple(step for step in steps if step.blocked is None),
        waiting=tuple(step for step in steps if step.blocked is not None),
        next_cursor=_cursor(steps[-1]) if more else None,
    )  # fmt: skip


def _split(act: Act, loaded: Sequence[Loaded]) -> tuple[list[Loaded], list[Loaded]]:
    mine = [
        one for one in loaded
        if one.row.claimed_by == act.actor and is_held(one.row.claimed_by, one.row.lease_until, act.now)
    ]  # fmt: skip
    return mine, [one for one in loaded if one not in mine]


def _claimed(act: Act, one: Loaded, opening: Any) -> Claimed:
    return claimed(act, one, opening, lease_until=one.row.lease_until, generation=one.row.generation)


def _cursor(step: Step) -> str:
    return f"{int(step.sla_from.timestamp() * 1_000_000)}.{step.task_id}"


def _position(cursor: str) -> tuple[datetime, int] | None:
    micros, _, task_id = cursor.partition(".")
    if not (micros.isdigit() and task_id.isdigit() and len(cursor) <= 40):  # noqa: PLR2004
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(micros)), int(task_id)
    except OverflowError:
        return None


def _branches(act: Act, scope: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions whose union is the scope, each an equality on the front of one index."""
    if scope == "all":
        return (literal(True),)
    if scope == "mine":
        return (FollowupTask.assignee == act.actor, FollowupTask.assignee.is_(None))
    return (FollowupTask.province == scope,)


def _is_due(act: Act) -> tuple[ColumnElement[bool], ...]:
    # No step is due before its promise starts, so the second condition bounds the walk along the index.
    return (*OPEN, FollowupTask.due_at <= act.now, FollowupTask.sla_from <= act.now)


def _page(act: Act, scope: str, rows: int, after: tuple[datetime, int] | None) -> Any:
    """Return the page as a subquery: the reader's claims in front, then what is due, the oldest promise first."""
    held = and_(FollowupTask.claimed_by == act.actor, FollowupTask.lease_until > act.now)
    not_held = or_(
        FollowupTask.claimed_by.is_(None), FollowupTask.claimed_by != act.actor, FollowupTask.lease_until <= act.now
    )
    parts: list[Any] = []
    for branch in _branches(act, scope):
        part = select(*TASK).where(branch, *_is_due(act), not_held)
        if after is not None:
            part = part.where(tuple_(FollowupTask.sla_from, FollowupTask.id) > tuple_(*map(literal, after)))
        parts.append(_first(part, rows))
    due = union_all(*(select(*part.c) for part in parts)).subquery()
    page = _first(select(*due.c), rows, due.c)
    if after is not None:
        return _with_notes(select(*page.c).subquery())
    mine = _first(select(*TASK).where(held, *OPEN), MOST_CLAIMED)
    return _with_notes(union_all(select(*mine.c), select(*page.c)).subquery())


def _first(query: Select[Any], rows: int, columns: Any = FollowupTask) -> Any:
    return query.order_by(columns.sla_from, columns.id).limit(rows).subquery()


def _with_notes(steps: Any) -> Any:
    """Add what was last noted on each step's ladder."""
    noted = (
        select(_EARLIER.c.note)
        .where(_EARLIER.c.ladder_id == steps.c.ladder_id, _EARLIER.c.note.is_not(None))
        .order_by(_EARLIER.c.step.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(*steps.c, noted.label("last_note")).subquery()


def _figures(act: Act, scope: str) -> tuple[int, int, Share]:
    """Count what is due and late in the scope, to a hundred, and the reader's own week."""
    parts = [
        select(FollowupTask.sla_from)
        .where(branch, *_is_due(act))
        .order_by(FollowupTask.sla_from)
        .limit(COUNTED_TO + 1)
        .subquery()
        for branch in _branches(act, scope)
    ]
    counted = union_all(*(select(part.c.sla_from) for part in parts)).subquery()
    is_late = counted.c.sla_from < act.now - LATE_AFTER
    promise = int(PROMISE.total_seconds())
    week = and_(FollowupTask.completed_by == act.actor, FollowupTask.completed_at >= act.now - WEEK)
    kept = func.count(case((FollowupTask.answered_in <= promise, 1)))
    done = select(func.count().label("done"), kept.label("kept")).where(week).subquery()
    broken = (
        select(func.count())
        .where(FollowupTask.assignee == act.actor, *OPEN, FollowupTask.sla_from < act.now - PROMISE)
        .scalar_subquery()
    )
    totals = select(func.count().label("due"), func.count(case((is_late, 1))).label("late")).select_from(counted)
    total = totals.subquery()
    row = act.connection.execute(
        select(total.c.due, total.c.late, done.c.done, done.c.kept, broken.label("broken")).select_from(
            total.join(done, literal(True))
        )
    ).one()
    count = row.done + row.broken
    return row.due, row.late, Share(count=count, within_2h=row.kept, rate=share(row.kept, count), target=TARGET)
