"""The rows of the outbox as two senders would use them, with the time in the test's hands."""

from datetime import timedelta
from typing import Any

import pytest

from domain.act import Act, Priority
from domain.delivery import lanes, service
from domain.delivery.lanes import DueLane, Hold
from domain.delivery.results import RouteTest
from domain.delivery.service import Job
from tests.support import MANAGER, OWNER, World

LEASE = timedelta(seconds=15)
DEFAULTS = {"governance": "governance", "oncall": "oncall"}


def _post(world: World, kind: str = "governance") -> None:
    world.done(MANAGER, "route.test", kind=kind)


def _due(world: World) -> list[DueLane]:
    with world.database.read() as connection:
        return lanes.due_lanes(connection, now=world.clock(), lease=LEASE, defaults=DEFAULTS)


def _lease(world: World, holder: str = "one") -> Hold | None:
    return lanes.lease_lane(world.database, _due(world)[0], holder, now=world.clock(), lease=LEASE)


def _take(world: World, hold: Hold) -> Job:
    job = service.take(world.database, hold, world.clock())
    assert job is not None
    return job


def test_a_lane_has_one_holder_until_its_lease_has_passed(world: World) -> None:
    """A second sender gets it only then; the first one's writes are void after that."""
    _post(world)
    first = _lease(world)
    assert first is not None
    lane = DueLane(first.lane, first.destinations, 2, 1)
    assert lanes.lease_lane(world.database, lane, "two", now=world.clock(), lease=LEASE) is None
    old = _take(world, first)
    world.clock.advance(seconds=16)
    second = lanes.lease_lane(world.database, lane, "two", now=world.clock(), lease=LEASE)
    assert second is not None
    taken = _take(world, second)
    assert taken.asks_first
    assert service.begin_again(world.database, first, old, world.clock()) is None
    again = service.begin_again(world.database, second, taken, world.clock())
    assert again is not None
    assert not service.mark_sent(world.database, old, "C1", "1.1", world.clock())
    assert service.mark_sent(world.database, again, "C1", "2.2", world.clock())
    assert [(row.state, row.ts) for row in world.rows("outbox")] == [("sent", "2.2")]


def test_a_released_lane_is_free_at_once(world: World) -> None:
    """Nobody waits for the lease of a sender that has ended well."""
    _post(world)
    hold = _lease(world)
    assert hold is not None
    lanes.release_lane(world.database, hold)
    assert _lease(world, "two") is not None


def test_a_clock_set_back_keeps_no_lane_leased(world: World) -> None:
    """The holder died, and its lease and pace are an hour ahead of the clock as it is now: another sender goes on."""
    _post(world)
    first = _lease(world)
    assert first is not None
    for number in range(3):
        _post(world)
        assert service.mark_sent(world.database, _take(world, first), "C1", f"1.{number}", world.clock())
    world.clock.advance(hours=-1)
    _post(world)
    defaults = dict[str, str]()
    with world.database.read() as connection:
        assert lanes.due_lanes(connection, now=world.clock(), lease=LEASE, defaults=defaults)
    second = _lease(world, "two")
    assert second is not None
    assert _take(world, second).outbox_id
    assert service.take(world.database, first, world.clock()) is None


def test_a_paused_lane_is_not_due_until_the_pause_is_over(world: World) -> None:
    """The other lanes are."""
    _post(world)
    _post(world, "oncall")
    hold = _lease(world)
    assert hold is not None
    lanes.release_lane(world.database, hold)
    lanes.pause_lane(world.database, hold.lane, world.clock() + timedelta(seconds=30))
    lanes.pause_lane(world.database, hold.lane, world.clock() + timedelta(seconds=3))
    assert [lane.lane for lane in _due(world)] == ["oncall"]
    world.clock.advance(seconds=31)
    assert {lane.lane for lane in _due(world)} == {"governance", "oncall"}


def test_the_most_urgent_lane_comes_first(world: World) -> None:
    """Whichever waited longer."""
    _post(world, "oncall")
    world.done(OWNER, "killswitch.engage", reason="drill")
    world.execute("DELETE FROM outbox WHERE destination = 'route:oncall' AND card = 'kill_switch'")
    assert [(lane.lane, lane.priority) for lane in _due(world)] == [("governance", Priority.SWITCH), ("oncall", 2)]


def test_an_edit_left_sending_is_done_again_without_asking(world: World) -> None:
    """Editing twice is harmless, so nobody has to be asked."""
    _card(world, "first")
    hold = _lease(world)
    assert hold is not None
    service.mark_sent(world.database, _take(world, hold), "C1", "1.1", world.clock())
    _card(world, "second")
    edit = _take(world, hold)
    assert (edit.channel, edit.ts) == ("C1", "1.1")
    world.clock.advance(seconds=16)
    again = _lease(world, "two")
    assert again is not None
    job = _take(world, again)
    assert (job.asks_first, job.ts, job.attempt) == (False, "1.1", 2)


def test_a_version_in_back_off_keeps_older_ones_back(world: World) -> None:
    """Otherwise the thing would show yesterday's state for a moment."""
    _card(world, "first")
    _card(world, "second")
    world.execute("UPDATE outbox SET not_before = :later WHERE id = 2", later=str(world.clock() + timedelta(hours=1)))
    hold = _lease(world)
    assert hold is not None
    assert service.take(world.database, hold, world.clock()) is None


@pytest.mark.parametrize("unknown", [True, False])
def test_a_row_put_back_waits_and_remembers_whether_it_may_have_arrived(world: World, unknown: bool) -> None:
    """Only then is Slack asked first."""
    _post(world)
    hold = _lease(world)
    assert hold is not None
    job = _take(world, hold)
    service.put_back(world.database, job, until=world.clock() + timedelta(seconds=3), unknown=unknown)
    assert service.take(world.database, hold, world.clock()) is None
    world.clock.advance(seconds=4)
    assert _take(world, hold).asks_first is unknown


def _card(world: World, words: str) -> None:
    """Leave one version of a card about one thing."""

    def leave(act: Act, params: Any) -> RouteTest:
        card = RouteTest(kind="oncall", meaning=words, channel="oncall", asked_by=params.user, at=act.now)
        act.post("route:governance", "route_test", card, thing="thing:1")
        return card

    from domain.gate.recording import record

    with world.act() as act:
        leave(act, type("P", (), {"user": OWNER}))
        record(act)
