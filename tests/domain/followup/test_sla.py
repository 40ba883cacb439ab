"""The promise: its one event per step, its figures, and the sweep."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from domain.followup.results import SlaView
from tests.domain.followup.factories import (
    COLLEAGUE,
    call_step,
    callable_now,
    complete,
    kpis,
    ladder,
    live,
    switch,
    task,
)
from tests.support import AUDITOR, OPERATOR, World, at_once


def events(world: World) -> list[tuple[str, bool, Any]]:
    """The promise's events: which step, kept or not, when."""
    return [(row.event_id, row.success, row.occurred_at) for row in kpis(world, "followup_sla")]


def test_done_within_two_hours_is_a_success_with_the_step_as_its_id(world: World) -> None:
    live(world)
    step = callable_now(world, source="web", market="Brandon")
    world.clock.advance(hours=2)
    complete(world, step)
    assert events(world) == [(str(step), True, world.clock())]
    (row,) = kpis(world, "followup_sla")
    assert (row.source, row.market) == ("web", "Brandon")


def test_done_after_two_hours_is_a_failure_of_the_moment_they_passed(world: World) -> None:
    live(world)
    step = callable_now(world)
    promised = world.clock() + timedelta(hours=2)
    world.clock.advance(hours=2, microseconds=1)
    assert not complete(world, step).in_time
    assert events(world) == [(str(step), False, promised)]


def test_the_sweep_counts_a_broken_promise_once(world: World) -> None:
    live(world)
    step = callable_now(world)
    world.clock.advance(hours=2)
    assert world.system("followup.sweep").failed == 1  # the text of half an hour before
    world.clock.advance(microseconds=1)
    assert world.system("followup.sweep").failed == 1
    assert task(world, step).sla_judged_at == world.clock()
    assert world.system("followup.sweep").failed == 0
    complete(world, step)
    assert [event_id for event_id, _kept, _at in events(world)].count(str(step)) == 1
    assert (str(step), False, task(world, step).sla_from + timedelta(hours=2)) in events(world)


def test_a_step_stopped_before_emits_none_and_one_broken_before_its_stop_does(world: World) -> None:
    live(world)
    created = ladder(world)
    world.clock.advance(hours=2, seconds=1)
    world.done(OPERATOR, "followup.stop", lead_id="L1", reason="no")
    assert [(event_id, kept) for event_id, kept, _at in events(world)] == [(str(created.steps[0].task_id), False)]
    world.clock.advance(days=10)
    world.system("followup.sweep")
    assert len(events(world)) == 1


@pytest.mark.parametrize("completes", [True, False])
@pytest.mark.parametrize(
    ("begins", "lasts", "excused"),
    [(10, 5, True), (-10, 20, True), (119, 60, True), (-60, 60, False), (121, 60, False)],
)
def test_a_step_held_back_by_prime_law_is_judged_neither_way(
    world: World, completes: bool, begins: int, lasts: int, excused: bool
) -> None:
    live(world)
    ladder(world)
    step = world.rows("followup_task")[1].id
    start = task(world, step).sla_from
    switch(world, engaged=True, at=start + timedelta(minutes=begins))
    switch(world, at=start + timedelta(minutes=begins + lasts))
    world.clock.now = start + timedelta(hours=4)
    if completes:
        complete(world, step)
    else:
        world.system("followup.sweep")
    assert [kept for event_id, kept, _at in events(world) if event_id == str(step)] == ([] if excused else [False])
    assert task(world, step).sla_judged_at is not None


def test_before_go_live_nothing_is_judged(world: World) -> None:
    live(world)
    created = ladder(world)
    switch(world, live=False)
    complete(world, created.steps[0].task_id)
    world.clock.advance(hours=3)
    world.system("followup.sweep")
    complete(world, call_step(created))
    assert events(world) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["done", "stop", "sweep"]), st.integers(0, 5), st.integers(0, 3000)), max_size=8
    )
)
def test_each_step_emits_at_most_one_whatever_happens(light_world: World, acts: list[tuple[str, int, int]]) -> None:
    """Any order of completions, stops and sweeps, minutes apart."""
    world = light_world
    for table in ("kpi_event", "followup_task", "followup_ladder", "contact_point", "lead", "live_card"):
        world.execute(f"DELETE FROM {table}")
    live_once(world)
    steps = [step.task_id for step in ladder(world).steps]
    for act, which, minutes in acts:
        world.clock.advance(minutes=minutes)
        if act == "done":
            world.run(OPERATOR, "followup.complete", task_id=steps[which], outcome="no_answer")
        elif act == "stop":
            world.run(OPERATOR, "followup.stop", lead_id="L1", reason="no")
        else:
            world.system("followup.sweep")
    world.clock.advance(minutes=121)
    world.system("followup.sweep")
    found = events(world)
    assert len({event_id for event_id, _kept, _at in found}) == len(found)
    by_id = {event_id: kept for event_id, kept, _at in found}
    for row in world.rows("followup_task"):
        promised = row.sla_from + timedelta(hours=2)
        if row.stopped_at is not None:
            assert by_id.get(str(row.id)) is (False if row.stopped_at > promised else None)
        elif row.completed_at is not None:
            assert by_id[str(row.id)] is (row.completed_at <= promised)
        else:
            assert by_id.get(str(row.id)) is (False if world.clock() > promised else None)


def live_once(world: World) -> None:
    """Switch production on where that was not done."""
    if not world.count("go_live_history"):
        live(world)


def test_two_sweeps_at_once_count_each_step_once(world: World) -> None:
    live(world)
    for number in range(5):
        ladder(
            world,
            f"L{number}",
            phone=f"+1204555{number:04d}",
            arrived_at=(world.clock() - timedelta(days=8)).isoformat(),
        )
    swept = at_once(*[lambda: world.system("followup.sweep")] * 3)
    assert sum(one.failed for one in swept) == 30
    assert len(events(world)) == 30
    assert world.count("live_card") == 1
    assert len(world.rows("outbox", "card = 'overdue'")) == 1


def test_a_full_batch_asks_for_another_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.followup.sla.BATCH", 4)
    live(world)
    ladder(world, arrived_at=(world.clock() - timedelta(days=8)).isoformat())
    runs = [world.system("followup.sweep") for _ in range(3)]
    assert [(one.failed, one.more) for one in runs] == [(4, True), (2, False), (0, False)]


def test_a_sweep_that_finds_nothing_new_leaves_no_trace(world: World) -> None:
    live(world)
    callable_now(world)
    world.system("followup.sweep")
    world.clock.advance(hours=3)
    world.system("followup.sweep")
    before = world.snapshot()
    swept = world.system("followup.sweep")
    assert (swept.failed, swept.card_changed) == (0, False)
    assert world.snapshot() == before


def snapshot(world: World, **more: Any) -> SlaView:
    """Read the figures."""
    found = world.done(AUDITOR, "followup.sla", **more)
    assert isinstance(found, SlaView)
    return found


def test_a_thousand_late_open_steps_are_not_a_hundred_percent(world: World) -> None:
    """Failure 31: a thousand overdue open tasks and one done early: SLA 100 %."""
    live(world)
    first = ladder(world)
    complete(world, first.steps[0].task_id)
    world.execute(
        "INSERT INTO followup_task (ladder_id, lead_id, step, channel, due_at, sla_from, province, generation)"
        " SELECT ladder_id, lead_id, 10 + n, 'CALL', sla_from, sla_from, province, 0 FROM followup_task,"
        " (WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)"
        " SELECT n FROM numbers) AS thousand WHERE step = 1"
    )
    world.clock.advance(minutes=31)
    total = snapshot(world).total
    assert (total.count, total.within_2h, total.overdue_now, total.broken_now) == (1001, 1, 1000, 0)
    assert total.rate_2h == pytest.approx(1 / 1001)
    world.clock.advance(minutes=90)
    total = snapshot(world).total
    assert (total.count, total.overdue_now, total.broken_now) == (1002, 1001, 1000)  # the ladder's own call is late


def test_figures_by_assignee_channel_province_source_and_period(world: World) -> None:
    live(world)
    mine = ladder(world, owner=OPERATOR, source="web")
    other = ladder(world, "L2", phone="+14035550100", province="AB", owner=COLLEAGUE)
    complete(world, mine.steps[0].task_id)
    world.clock.advance(minutes=45)
    complete(world, other.steps[0].task_id)
    found = snapshot(world)
    by = {
        line.name: (line.count, line.within_30m, line.within_2h)
        for lines in (found.by_assignee, found.by_channel, found.by_province, found.by_source)
        for line in lines
    }
    assert by == {
        OPERATOR: (1, 1, 1), COLLEAGUE: (1, 0, 1), "SMS": (2, 1, 2), "MB": (1, 1, 1), "AB": (1, 0, 1),
        "web": (1, 1, 1), None: (1, 0, 1),
    }  # fmt: skip
    assert (found.total.count, found.total.rate_30m, found.total.rate_2h, found.target) == (2, 0.5, 1.0, 0.9)
    world.clock.advance(days=2)
    world.done(OPERATOR, "followup.stop", lead_id="L1", reason="x")
    world.done(OPERATOR, "followup.stop", lead_id="L2", reason="x")
    assert snapshot(world, days=1).total.count == 6  # broken, then given up: three steps each


def test_nothing_done_is_no_rate(world: World) -> None:
    total = snapshot(world).total
    assert (total.count, total.rate_2h, total.rate_30m) == (0, None, None)


def test_the_sweep_reads_no_history(postgres_world: World) -> None:
    """Its statements go through the indexes of what is open."""
    world = live(postgres_world)
    ladder(world, arrived_at=(world.clock() - timedelta(hours=3)).isoformat())
    world.execute(
        "INSERT INTO followup_ladder (lead_id, arrived_at, created_at, created_by, ended_at, correlation_id)"
        " SELECT lead_id, arrived_at, created_at, 'x', created_at, 'x' FROM followup_ladder, generate_series(1, 4000)"
    )
    world.execute(
        "INSERT INTO followup_task (ladder_id, lead_id, step, channel, due_at, sla_from, province, generation,"
        " completed_at, completed_by, answered_in, sla_judged_at) SELECT id, lead_id, n, 'CALL', arrived_at,"
        " arrived_at, 'MB', 0, arrived_at - interval '1 day' * id, 'U' || id, 60, arrived_at"
        " FROM followup_ladder, generate_series(1, 5) AS n WHERE ended_at IS NOT NULL"
    )
    world.execute("ANALYZE")
    seen: list[tuple[str, Any]] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
    world.system("followup.sweep")
    world.done(OPERATOR, "followup.due", scope="all")
    world.done(OPERATOR, "followup.due")
    world.done(OPERATOR, "followup.due", scope="MB")
    statements = [one for one in seen if "followup_task" in one[0] and one[0].startswith("SELECT")]
    assert len(statements) == 9  # one for broken promises, two for the card, two for each list
    with world.database.engine.connect() as connection:
        for statement, values in statements:
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))
            assert "Seq Scan on followup_task" not in plan, plan
