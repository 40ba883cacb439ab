"""Slots: claimed once, run once, coalesced, and given up in the end."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.outcomes import Done
from domain.schedules import EPOCH, At, Day, Every, Schedule, schedules
from domain.ticks import rules, service
from domain.ticks.rules import Undone
from tests.support import World, at_once

times = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
HELD = Schedule("held.expire", "held.expire", Every(60))
DAILY = Schedule("ticks.prune", "ticks.prune", At(3, 20, "America/Toronto"))


class TestSlots:
    @given(times, st.integers(1, 7200))
    def test_an_interval_slot_is_the_multiple_before_now(self, now: datetime, every: int) -> None:
        """Whoever counts, and however late he is."""
        slot = Every(every).latest(now)
        assert slot <= now < slot + timedelta(seconds=every)
        assert (slot - EPOCH).total_seconds() % every == 0

    @given(times, st.integers(0, 23), st.integers(0, 59), st.sets(st.sampled_from(Day), min_size=1))
    def test_a_clock_slot_is_the_newest_of_its_days(
        self, now: datetime, hour: int, minute: int, days: set[Day]
    ) -> None:
        """Also across the changes of the clocks."""
        zone = ZoneInfo("America/Toronto")
        when = At(hour, minute, zone.key, tuple(sorted(days)))
        slot = when.latest(now)
        assert slot <= now
        assert now - slot <= timedelta(days=7, hours=2)
        assert when.latest(slot) == slot

    def test_every_job_has_its_own_name_and_an_operation(self, light_world: World) -> None:
        """And every operation is one of the program's own."""
        planned = schedules(light_world.settings)
        assert len({schedule.job for schedule in planned}) == len(planned)
        internal = {operation.name for operation in light_world.registry.internal()}
        assert {schedule.operation for schedule in planned} <= internal


class TestFiring:
    def test_of_two_schedulers_one_claims_a_slot(self, world: World) -> None:
        """And one puts it into the queue."""
        queue: list[tuple[str, datetime]] = []

        def fire() -> bool:
            return service.fire(world.database, HELD, lambda job, slot: queue.append((job, slot)), world.clock())

        assert sorted(at_once(fire, fire, fire)) == [False, False, True]
        assert queue == [("held.expire", HELD.when.latest(world.clock()))]
        assert [row.state for row in world.rows("tick")] == ["enqueued"]

    def test_where_the_queue_is_away_the_row_is_enough(self, world: World) -> None:
        """It stays claimed, and the sweep finds it after some seconds."""

        def away(_job: str, _slot: datetime) -> None:
            raise ConnectionError("gone")

        with pytest.raises(ConnectionError):
            service.fire(world.database, HELD, away, world.clock())
        assert service.lost(world.gate) == ()
        world.clock.advance(seconds=5)
        (slot,) = service.lost(world.gate)
        assert isinstance(service.run(world.gate, slot.job, slot.slot, "sweep"), Done)
        assert [(row.state, row.detail) for row in world.rows("tick")] == [("done", None)]


class TestRunning:
    def test_a_slot_runs_once_however_many_try(self, world: World) -> None:
        """The queue and the sweep at the same moment."""
        slot = HELD.when.latest(world.clock())
        service.claim(world.database, "held.expire", slot, world.clock())
        outcomes = at_once(*[lambda: service.run(world.gate, "held.expire", slot, "me")] * 4)
        assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
        assert service.run(world.gate, "held.expire", slot, "late") is None

    def test_a_slot_nobody_claimed_does_not_run(self, world: World) -> None:
        """A message from another time, or from nowhere."""
        assert service.run(world.gate, "held.expire", NOW, "me") is None

    def test_a_job_that_no_longer_exists_ends(self, world: World) -> None:
        """Its refusal is kept, and it is not tried for ever."""
        service.claim(world.database, "no.such.job", NOW, world.clock())
        service.run(world.gate, "no.such.job", NOW, "me")
        assert [(row.state, row.detail) for row in world.rows("tick")] == [("done", "unknown_operation")]

    def test_a_runner_that_died_is_followed_after_its_lease(self, world: World) -> None:
        """Its operation's key makes a repetition harmless."""
        slot = HELD.when.latest(world.clock())
        service.claim(world.database, "held.expire", slot, world.clock())
        assert service._take(world.gate, "held.expire", slot, "dead")
        world.clock.advance(seconds=14)
        assert service.lost(world.gate) == ()
        world.clock.advance(seconds=2)
        (found,) = service.lost(world.gate)
        assert isinstance(service.run(world.gate, found.job, found.slot, "sweep"), Done)


class TestSweep:
    def test_missed_slots_of_an_interval_job_are_one_run(self, world: World) -> None:
        """After an hour without a worker nobody needs sixty sweeps."""
        for minute in range(5):
            service.claim(world.database, "held.expire", NOW + timedelta(minutes=minute), world.clock())
        world.clock.advance(seconds=10)
        assert [slot.slot for slot in service.lost(world.gate)] == [NOW + timedelta(minutes=4)]
        assert sorted(row.detail or "" for row in world.rows("tick")) == ["", *["coalesced"] * 4]

    def test_missed_slots_of_the_clock_all_run(self, world: World) -> None:
        """Each day is its own."""
        for day in (22, 23):
            service.claim(world.database, "processes.prune", datetime(2026, 11, day, 8, 50, tzinfo=UTC), world.clock())
        world.clock.advance(seconds=10)
        assert len(service.lost(world.gate)) == 2

    def test_what_did_not_succeed_for_an_hour_is_given_up_with_an_alert(self, world: World) -> None:
        """Somebody looks at it, and nothing tries for ever."""
        service.claim(world.database, "ticks.prune", NOW, world.clock())
        world.clock.advance(minutes=61)
        assert service.lost(world.gate) == ()
        assert world.rows("tick")[0].detail == "given up"
        assert "ticks.prune" in world.rows("alert")[0].headline

    def test_old_slots_are_forgotten(self, world: World) -> None:
        """A week after they were done."""
        slot = HELD.when.latest(world.clock())
        service.claim(world.database, "held.expire", slot, world.clock())
        service.run(world.gate, "held.expire", slot, "me")
        service.claim(world.database, "ticks.prune", slot, world.clock())
        world.clock.advance(days=8)
        assert world.system("ticks.prune").pruned == 1
        assert [row.job for row in world.rows("tick")] == ["ticks.prune"]


undone = st.builds(
    Undone,
    job=st.sampled_from(["interval", "daily"]),
    slot=st.integers(0, 50).map(lambda number: NOW - timedelta(minutes=number)),
    claimed_at=st.integers(0, 7200).map(lambda number: NOW - timedelta(seconds=number)),
    lease_until=st.none() | st.integers(-60, 60).map(lambda number: NOW + timedelta(seconds=number)),
)


@given(st.lists(undone, max_size=12, unique_by=lambda tick: (tick.job, tick.slot)))
def test_the_plan_never_touches_a_held_slot_nor_decides_twice(ticks: list[Undone]) -> None:
    """And the newest slot of an interval job is never coalesced away."""
    plan = rules.plan(ticks, ["interval"], NOW, timedelta(seconds=15))
    decided = [*plan.run, *plan.coalesce, *plan.give_up]
    assert len(decided) == len(set(decided))
    assert all(tick.lease_until is None or tick.lease_until <= NOW for tick in decided)
    intervals = [tick for tick in ticks if tick.job == "interval"]
    if intervals:
        assert max(intervals, key=lambda tick: tick.slot) not in plan.coalesce
    assert all(tick.job == "interval" for tick in plan.coalesce)
