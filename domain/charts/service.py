"""What becomes of a chart: left by an act, taken by a worker, uploaded, shown. Each function is one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, update

from domain.charts import rules
from domain.charts.results import Chart, Picture
from domain.charts.tables import DONE, ChartRow
from domain.database import Database, insert_into
from domain.delivery.results import Pruned
from domain.delivery.tables import CardMessage, Outbox
from domain.pruning import forget

if TYPE_CHECKING:
    from domain.act import Act

TO_DRAW = ("queued", "drawing", "uploading")
LIVE = ("queued", "sending")
CARD = "card"


@dataclass(frozen=True, slots=True)
class Work:
    """One chart that is ours for a while."""

    thing: str
    version: int
    attempt: int
    """The fence: with the version, a write about another attempt changes nothing."""
    chart: dict[str, Any]
    correlation_id: str


def leave(connection: Connection, thing: str, chart: Chart, *, now: datetime, correlation_id: str) -> None:
    """Have the thing's cards show this chart; the same chart again changes nothing."""
    before = connection.execute(
        select(ChartRow.spec, ChartRow.state, ChartRow.uploaded_at).where(ChartRow.thing == thing).with_for_update()
    ).one_or_none()
    spec = chart.to_json()
    if before is not None and before.spec == spec and before.state != "failed":
        return
    fresh = {
        "spec": spec, "state": "queued", "attempts": 0, "completions": 0, "showings": 0, "asked_at": now,
        "not_before": rules.first_try(now, before.uploaded_at if before is not None else None), "error": None,
        "correlation_id": correlation_id,
    }  # fmt: skip
    new = insert_into(connection, ChartRow).values(thing=thing, version=1, **fresh)
    connection.execute(
        new.on_conflict_do_update(index_elements=[ChartRow.thing], set_={**fresh, "version": ChartRow.version + 1})
    )


def picture(connection: Connection, thing: str) -> Picture | None:
    """Return the file the cards of a thing show; None: it has no chart, or none that is uploaded."""
    row = connection.execute(
        select(ChartRow.file_id, ChartRow.file_alt).where(ChartRow.thing == thing, ChartRow.file_id.is_not(None))
    ).one_or_none()
    return None if row is None else Picture(file_id=row.file_id, alt=row.file_alt or "")


def due(connection: Connection, now: datetime) -> bool:
    """Whether there is anything to do; cheap, and takes no lock."""
    open_ = ChartRow.state.not_in(("shown", "failed"))
    return connection.scalar(select(ChartRow.thing).where(open_, ChartRow.not_before <= now).limit(1)) is not None


def take(database: Database, now: datetime, lease: timedelta) -> Work | None:
    """Take the chart that has waited longest: it is `drawing`, and ours until the lease has passed."""
    return database.attempt(lambda connection: _take(connection, now, lease))


def _take(connection: Connection, now: datetime, lease: timedelta) -> Work | None:
    row = connection.execute(
        select(ChartRow.__table__)
        .where(ChartRow.state.in_(TO_DRAW), ChartRow.not_before <= now)
        .order_by(ChartRow.not_before, ChartRow.thing)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    if rules.is_given_up(now, row.asked_at, row.completions):
        said = row.error or "Slack never said that the upload was complete"
        _set(connection, row.thing, state="failed", error=said)
        return None
    _set(connection, row.thing, state="drawing", attempts=row.attempts + 1, not_before=now + lease)
    return Work(row.thing, row.version, row.attempts + 1, row.spec, row.correlation_id)


def _set(connection: Connection, thing: str, **values: Any) -> None:
    connection.execute(update(ChartRow).where(ChartRow.thing == thing).values(**values))


def _mine(work: Work) -> ColumnElement[bool]:
    return and_(
        ChartRow.thing == work.thing, ChartRow.version == work.version, ChartRow.attempts == work.attempt,
        ChartRow.state.in_(TO_DRAW),
    )  # fmt: skip


def _write(database: Database, work: Work, **values: Any) -> bool:
    """Write about this attempt; False where a newer chart or another worker has taken its place."""
    return database.attempt(
        lambda connection: connection.execute(update(ChartRow).where(_mine(work)).values(**values)).rowcount == 1
    )


def begin_completing(database: Database, work: Work) -> bool:
    """Write down that the upload is about to be completed; only while this is True may it be."""
    return _write(database, work, state="uploading", completions=ChartRow.completions + 1)


def not_completed(database: Database, work: Work, *, until: datetime, error: str) -> bool:
    """Put it back after an answer that says: nothing was completed."""
    fewer = case((ChartRow.completions > 0, ChartRow.completions - 1), else_=0)
    return _write(database, work, state="queued", completions=fewer, not_before=until, error=error)


def put_back(database: Database, work: Work, *, until: datetime, error: str) -> bool:
    """Have it tried again then."""
    return _write(database, work, state="queued", not_before=until, error=error)


def fail(database: Database, work: Work, error: str) -> bool:
    """Give it up: its cards stay as they are."""
    return _write(database, work, state="failed", error=error)


def uploaded(database: Database, work: Work, file_id: str, now: datetime) -> bool:
    """Write down which file it is; every card sent from now on shows it."""
    return _write(
        database, work, state="uploaded", file_id=file_id, file_alt=Chart.model_validate(work.chart).alt,
        uploaded_at=now, not_before=now, showings=0, error=None,
    )  # fmt: skip


def show(database: Database, now: datetime) -> str | None:
    """Compare the cards of one uploaded chart with it, and order those that show another file to be edited.

    Return the thing; None where no chart is due.
    """
    return database.attempt(lambda connection: _show(connection, now))


def _show(connection: Connection, now: datetime) -> str | None:
    row = connection.execute(
        select(ChartRow.__table__)
        .where(ChartRow.state == "uploaded", ChartRow.not_before <= now)
        .order_by(ChartRow.not_before, ChartRow.thing)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    behind = _behind(connection, row)
    # A card under way was begun before the upload or after it: which one, is seen when it has arrived.
    is_under_way = bool(
        connection.scalar(
            select(func.count())
            .select_from(Outbox)
            .where(Outbox.thing == row.thing, Outbox.form == CARD, Outbox.state.in_(LIVE))
        )
    )
    if not behind and not is_under_way:
        _set(connection, row.thing, state="shown")
    elif behind and row.showings >= rules.MOST_SHOWINGS:
        _set(connection, row.thing, state="failed", file_id=None, file_alt=None, error="Slack shows it on no card")
    else:
        ordered = _order(connection, behind, now)
        _set(
            connection, row.thing, not_before=now + rules.show_again(row.showings),
            showings=row.showings + (1 if ordered else 0),
        )  # fmt: skip
    return str(row.thing)


def _behind(connection: Connection, row: Any) -> list[int]:
    """Return the outbox ids of the sent cards that show something else."""
    found = connection.execute(
        select(CardMessage.outbox_id, CardMessage.file_id)
        .join(Outbox, Outbox.id == CardMessage.outbox_id)
        .where(CardMessage.thing == row.thing, Outbox.state == "sent")
        .order_by(CardMessage.outbox_id)
    )
    return [message.outbox_id for message in found if message.file_id != row.file_id]


def _order(connection: Connection, behind: list[int], now: datetime) -> bool:
    """Have these cards sent again as edits of themselves; one that a newer version overtakes shows it there."""
    if not behind:
        return False
    connection.execute(
        update(Outbox)
        .where(Outbox.id.in_(behind), Outbox.state == "sent")
        .values(state="queued", created_at=now, not_before=now, is_outcome_unknown=False, error=None)
    )
    return True


def prune(act: "Act") -> Pruned:
    """Forget charts with nothing left to do: after a week where no card shows them, and after three months at all.

    A card that is edited later than that has its words alone. What waits to be delivered keeps its chart.
    """
    waiting = exists().where(Outbox.thing == ChartRow.thing, Outbox.state.in_((*LIVE, "held", "dead")))
    shown = exists().where(CardMessage.thing == ChartRow.thing, CardMessage.file_id == ChartRow.file_id)
    old = or_(ChartRow.asked_at < act.now - rules.KEPT, ~shown)
    gone = forget(
        act, ChartRow, DONE, ChartRow.asked_at < act.now - rules.KEPT_UNSHOWN, ~waiting, old, first=ChartRow.asked_at
    )
    return Pruned(pruned=len(gone))
