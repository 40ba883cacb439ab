"""Nothing grows for ever: what is forgotten and when, and that every table is in one of the two lists."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from domain.charts.tables import ChartRow
from domain.database import Base
from domain.gate.recording import record
from domain.oncall.tables import Page
from domain.pruning import FORGOTTEN, KEPT, forget
from domain.registry import build_registry
from domain.schedules import schedules
from tests.domain.charts.test_acts import chart
from tests.domain.oncall.test_ladder import alarm
from tests.support import MANAGER, ONCALL, OPERATOR, World, at_once

INDEXES = {
    "outbox.prune": "ix_outbox_done", "inbox.prune": "ix_inbox_done", "ticks.prune": "ix_tick_done",
    "page.prune": "ix_page_ended", "chart.prune": "ix_chart_done", "watch.prune": "ix_risk_watch_ended",
}  # fmt: skip


def test_every_table_is_forgotten_or_kept_on_purpose() -> None:
    """A table that is made and not thought of here would grow unnoticed."""
    assert set(FORGOTTEN).isdisjoint(KEPT)
    assert set(FORGOTTEN) | set(KEPT) == set(Base.metadata.tables)


def test_what_forgets_is_there_and_runs_by_itself(world: World) -> None:
    """Each is an operation of the program's own, and scheduled; the sealer has a loop of its own."""
    internal = {operation.name for operation in build_registry().internal()}
    assert set(FORGOTTEN.values()) <= internal
    assert set(FORGOTTEN.values()) - {"audit.seal"} <= {one.operation for one in schedules(world.settings)}


@pytest.mark.parametrize("operation", sorted(INDEXES))
def test_the_old_rows_are_found_by_an_index(world: World, operation: str) -> None:
    """Whatever the table has grown to, oldest first."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT") and " LIMIT " in statement and "ORDER BY" in statement:
            asked.append((statement, parameters))

    with world.database.write() as connection:
        engine = connection.engine
    event.listen(engine, "before_cursor_execute", note)
    world.system(operation)
    event.remove(engine, "before_cursor_execute", note)
    (statement, parameters), *_ = [one for one in asked if INDEXES[operation].split("_")[1] in one[0]]
    explain = "EXPLAIN QUERY PLAN " if world.is_sqlite else "EXPLAIN "
    with world.database.write() as connection:
        if not world.is_sqlite:
            for way in ("seqscan", "sort", "nestloop"):  # tables this small are read whole, whatever there is
                connection.execute(text(f"SET LOCAL enable_{way} = off"))
        plan = "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(explain + statement, parameters))
    assert INDEXES[operation] in plan, plan


def test_a_batch_is_bounded_and_takes_the_oldest(world: World) -> None:
    """What is left goes the next time."""
    for number in range(5):
        world.put("chart", thing=f"t:{number}", state="failed", asked_at=world.clock() - timedelta(days=200 - number))
    with world.act() as act:
        gone = forget(act, ChartRow, ChartRow.state == "failed", first=ChartRow.asked_at, batch=2)
    assert gone == [("t:0",), ("t:1",)]
    assert [row.thing for row in world.rows("chart")] == ["t:2", "t:3", "t:4"]


def test_what_somebody_works_on_is_left_for_the_next_time(postgres_world: World) -> None:
    """An act that leaves a new chart of the thing has its row: nobody waits, and the new chart stays."""
    world = postgres_world
    world.put("chart", thing="t:1", state="shown", asked_at=world.clock() - timedelta(days=200), version=1)
    with world.act() as act:
        act.chart("t:1", chart())
        record(act)
        (pruned,) = at_once(lambda: world.system("chart.prune").pruned)
        assert pruned == 0
    (row,) = world.rows("chart")
    assert (row.state, row.version) == ("queued", 2)


class TestPages:
    def test_three_months_after_their_end_they_are_forgotten_with_their_messages(self, world: World) -> None:
        """The alert, its card and the audit stay."""
        alert = alarm(world)
        pages = [row.id for row in world.rows("page")]
        assert pages
        for page in pages:
            world.put("card_message", thing=f"page:{page}", destination="user:U1", channel="D1", ts="1.1", outbox_id=1)
        world.put(
            "card_message", thing=f"alert:{alert}", destination="route:oncall", channel="C1", ts="1.2", outbox_id=2
        )
        world.done(ONCALL, "alerts.resolve", alert_id=alert, note="mended")
        with world.database.write() as connection:
            connection.execute(update(Page).values(state="sent", ended_at=world.clock()))
        before = world.count("audit_event")
        world.clock.advance(days=90)
        assert world.system("page.prune").pruned == 0
        world.clock.advance(seconds=1)
        assert world.system("page.prune").pruned == len(pages)
        assert world.count("page") == 0
        assert [row.thing for row in world.rows("card_message")] == [f"alert:{alert}"]
        assert (world.count("alert"), world.count("audit_event")) == (1, before)

    def test_those_of_an_alert_that_is_not_resolved_stay(self, world: World) -> None:
        """Its card names them, and its ladder may go on."""
        alarm(world)
        with world.database.write() as connection:
            connection.execute(update(Page).values(state="sent", ended_at=world.clock()))
        pages = world.count("page")
        world.clock.advance(days=200)
        assert world.system("page.prune").pruned == 0
        assert world.count("page") == pages

    def test_what_has_not_ended_stays(self, world: World) -> None:
        alert = alarm(world)
        world.done(ONCALL, "alerts.resolve", alert_id=alert, note="mended")
        world.execute("UPDATE page SET state = 'queued', ended_at = NULL")
        world.clock.advance(days=200)
        assert world.system("page.prune").pruned == 0

    def test_the_last_one_by_telephone_stays(self, world: World) -> None:
        """The runbook knows by it whether that way works."""
        alert = alarm(world)
        world.done(ONCALL, "alerts.resolve", alert_id=alert, note="mended")
        ended = world.clock()
        for number, way in enumerate(("phone", "phone", "slack")):
            world.put("page", alert_id=alert, round=9, step=number, way=way, state="sent", ended_at=ended)
        world.clock.advance(days=91)
        world.system("page.prune")
        phone = [row for row in world.rows("page") if row.way == "phone"]
        assert [row.step for row in phone] == [1]


class TestCharts:
    def put(self, world: World, thing: str, *, days: int, state: str = "shown", shown: bool = True) -> None:
        """A chart left so many days ago, on a card or on none."""
        at = world.clock() - timedelta(days=days)
        world.put("chart", thing=thing, state=state, asked_at=at, not_before=at, file_id=f"F{thing}")
        file_id = f"F{thing}" if shown else None
        world.put("card_message", thing=thing, destination="route:governance", channel="C1", ts="1", file_id=file_id)

    def left(self, world: World) -> list[str]:
        world.system("chart.prune")
        return [row.thing for row in world.rows("chart")]

    def test_one_that_a_card_shows_for_three_months(self, world: World) -> None:
        self.put(world, "a", days=89)
        self.put(world, "b", days=91)
        assert self.left(world) == ["a"]

    def test_one_that_no_card_shows_for_a_week(self, world: World) -> None:
        self.put(world, "a", days=6, shown=False)
        self.put(world, "b", days=8, shown=False)
        self.put(world, "c", days=8, shown=False, state="failed")
        self.put(world, "d", days=8)
        assert self.left(world) == ["a", "d"]

    @pytest.mark.parametrize("state", ["queued", "drawing", "uploading", "uploaded"])
    def test_one_with_something_left_to_do_stays(self, world: World, state: str) -> None:
        self.put(world, "a", days=200, state=state, shown=False)
        assert self.left(world) == ["a"]

    @pytest.mark.parametrize("state", ["queued", "sending", "held", "dead"])
    def test_one_whose_card_waits_to_be_delivered_stays(self, world: World, state: str) -> None:
        self.put(world, "a", days=200, shown=False)
        world.put("outbox", thing="a", destination="route:governance", card="approval", form="card", state=state)
        assert self.left(world) == ["a"]

    def test_the_same_chart_left_again_later_is_drawn_again(self, world: World) -> None:
        """Forgotten is not known as shown."""
        self.put(world, "a", days=91)
        assert self.left(world) == []
        with world.act() as act:
            act.chart("a", chart())
            record(act)
        assert world.rows("chart")[0].state == "queued"


def test_who_waited_for_room_long_ago_is_forgotten(world: World) -> None:
    """Told or too late; who still waits is not."""
    world.done(OPERATOR, "risk.watch", engine="WHOLESALE", amount="100")
    world.done(MANAGER, "risk.watch", engine="WHOLESALE", amount="100")
    with world.database.write() as connection:
        table = Base.metadata.tables["risk_watch"]
        connection.execute(table.update().where(table.c.user_id == OPERATOR).values(ended_at=world.clock()))
    world.clock.advance(days=91)
    assert world.system("watch.prune").pruned == 1
    with world.database.read() as connection:
        assert list(connection.scalars(select(table.c.user_id))) == [MANAGER]
