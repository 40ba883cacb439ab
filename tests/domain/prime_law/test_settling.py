"""The kill switch's card while it settles: who has seen it, when it is edited, and when it is left alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from domain.outcomes import Done
from domain.prime_law import rules, service
from domain.prime_law.rules import Reach, Witness, may_edit, reach
from domain.prime_law.tables import GoLiveState
from domain.processes.tables import ProcessHeartbeat
from tests.support import MANAGER, ONCALL, OPERATOR, START, Pause, World, at_once

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def witness(
    epoch: int | None, after: float | None = None, *, started: timedelta = -HOUR, silent: float = 0.0
) -> Witness:
    """A process as it is two seconds after the press, that saw this epoch so many seconds after it."""
    now = START + 2 * SECOND
    saw = None if after is None else START + timedelta(seconds=after)
    return Witness(START + started, now - timedelta(seconds=silent), epoch, saw)


class TestReach:
    """Who counts and what is said of them: pure."""

    @pytest.mark.parametrize(
        ("witnesses", "found"),
        [
            ([], Reach(0, 0, None)),
            ([witness(3, 0.1), witness(3, 0.2)], Reach(2, 2, 0.2)),
            ([witness(3, 0.1), witness(2, -60)], Reach(2, 1, 0.1)),
            ([witness(3, 0.1), witness(None)], Reach(2, 1, 0.1)),
            ([witness(5, 0.4)], Reach(1, 1, 0.4)),
            ([witness(2, -60)], Reach(1, 0, None)),
            ([witness(3, None)], Reach(1, 1, None)),
            ([witness(3, -0.5)], Reach(1, 1, 0.0)),
            ([witness(3, 0.1), witness(2, -60, silent=16)], Reach(1, 1, 0.1)),
            ([witness(3, 0.1), witness(2, -60, silent=14)], Reach(2, 1, 0.1)),
            ([witness(3, 0.1), witness(3, 1.9, started=1.5 * SECOND)], Reach(1, 1, 0.1)),
        ],
        ids=[
            "nobody", "everybody", "one is behind", "one says nothing", "a later epoch", "none", "no time",
            "its clock is slow", "a dead one", "a silent one", "one that started after",
        ],
    )  # fmt: skip
    def test_who_counts(self, witnesses: list[Witness], found: Reach) -> None:
        """Alive at the press and still; confirmed where its epoch is the engagement's or a later one."""
        assert reach(witnesses, epoch=3, engaged_at=START, now=START + 2 * SECOND) == found

    @pytest.mark.parametrize(
        ("since", "edited", "may"),
        [
            (1, None, True),
            (3, 1, True),
            (60, 1, True),
            (61, 29, False),
            (61, 30, True),
            (3600, 1, False),
            (3600, None, True),
        ],
    )
    def test_when_it_may_be_edited(self, since: int, edited: int | None, may: bool) -> None:
        """As often as something changes in the first minute, then every half minute."""
        now = START + since * SECOND
        edited_at = None if edited is None else now - edited * SECOND
        assert may_edit(START, edited_at, now) is may


def process(world: World, name: str, *, saw: tuple[int, datetime] | None = None) -> None:
    """A process that has been living for an hour, and what it last saw of the switches."""
    seen = {"switches": saw[0], "switches_at": saw[1].isoformat()} if saw else {}
    with world.database.write() as connection:
        known = connection.scalar(select(ProcessHeartbeat.pid).where(ProcessHeartbeat.process_id == name))
        if known is None:
            connection.execute(
                insert(ProcessHeartbeat).values(
                    process_id=name, kind="worker", host="test", pid=1, started_at=world.clock() - HOUR,
                    seen_at=world.clock(), seen=seen,
                )
            )  # fmt: skip
        else:
            connection.execute(
                update(ProcessHeartbeat)
                .where(ProcessHeartbeat.process_id == name)
                .values(seen=seen, seen_at=world.clock())
            )


def confirm(world: World, *names: str, after: float) -> None:
    """Let processes see the switches as they are, so long after the press."""
    with world.database.read() as connection:
        state = connection.execute(select(GoLiveState.version, GoLiveState.engaged_at)).one()
    for name in names:
        process(world, name, saw=(state.version, state.engaged_at + timedelta(seconds=after)))


def cards(world: World, destination: str = "route:governance") -> list[dict[str, Any]]:
    """Every version of the card in one channel."""
    return [row.payload for row in world.rows("outbox") if row.card == "kill_switch" and row.destination == destination]


def settle(world: World) -> bool:
    """Do what the sweep does; say whether the card was edited."""
    with world.database.read() as connection:
        due = service.unsettled(connection, world.clock()) is not None
    edited: bool = world.system("killswitch.settle").edited
    assert edited is due
    return edited


@pytest.fixture
def engaged(world: World) -> World:
    """Three processes live, and an operator has pressed."""
    for name in ("a", "b", "c"):
        process(world, name, saw=(1, world.clock() - HOUR))
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    return world


class TestSettling:
    """The card through its first minute and after; on both databases."""

    def test_the_first_card_waits_for_nobody(self, engaged: World) -> None:
        """At the press nobody can have confirmed anything, so nothing is said of it."""
        assert [card["reached"] for card in cards(engaged)] == [None]

    def test_it_says_how_far_it_reached(self, engaged: World) -> None:
        """First some, then all, with the time of the last one; in both channels."""
        engaged.clock.advance(seconds=1)
        confirm(engaged, "a", after=0.1)
        assert settle(engaged)
        confirm(engaged, "b", "c", after=0.24)
        assert settle(engaged)
        for destination in ("route:governance", "route:oncall"):
            assert [card["reached"] for card in cards(engaged, destination)[1:]] == [
                {"processes": 3, "confirmed": 1, "seconds": 0.1},
                {"processes": 3, "confirmed": 3, "seconds": 0.24},
            ]

    def test_nothing_changed_nothing_posted(self, engaged: World) -> None:
        """However often it is looked at."""
        confirm(engaged, "a", "b", "c", after=0.2)
        assert settle(engaged)
        before = engaged.snapshot(but=("process_heartbeat",))
        for _ in range(5):
            engaged.clock.advance(seconds=2)
            confirm(engaged, "a", "b", "c", after=0.2)
            assert not settle(engaged)
        assert engaged.snapshot(but=("process_heartbeat",)) == before

    def test_it_is_no_act(self, engaged: World) -> None:
        """No audit entry, and the card goes on naming the entry of the press."""
        audited = engaged.audit()
        confirm(engaged, "a", after=0.1)
        assert settle(engaged)
        assert engaged.audit() == audited
        first, second = cards(engaged)
        assert second["audit_id"] == first["audit_id"] == engaged.audit("killswitch.engage")[-1].id

    def test_held_work_is_counted(self, engaged: World) -> None:
        """What waits in the queue is on the card as it comes and goes."""
        assert settle(engaged)
        engaged.held(OPERATOR, "test.prod_exec", key="1")
        assert settle(engaged)
        engaged.held(OPERATOR, "test.prod_exec", key="2")
        assert settle(engaged)
        assert [[kind["count"] for kind in card["held"]] for card in cards(engaged)] == [[], [], [1], [2]]

    def test_once_complete_it_stays(self, engaged: World) -> None:
        """Processes that come, go or look again later change nothing of what was reached."""
        confirm(engaged, "a", "b", "c", after=0.2)
        assert settle(engaged)
        engaged.clock.advance(seconds=30)
        process(engaged, "a")
        confirm(engaged, "b", after=29)
        assert not settle(engaged)

    def test_a_dead_process_is_not_waited_for(self, engaged: World) -> None:
        """Silent for fifteen seconds, it does not count any more."""
        engaged.clock.advance(seconds=1)
        confirm(engaged, "a", "b", after=0.2)
        assert settle(engaged)
        engaged.clock.advance(seconds=16)
        confirm(engaged, "a", "b", after=0.2)
        assert settle(engaged)
        assert cards(engaged)[-1]["reached"] == {"processes": 2, "confirmed": 2, "seconds": 0.2}

    def test_after_the_first_minute_it_is_edited_less(self, engaged: World) -> None:
        """Every half minute at most, while work goes on being held."""
        settle(engaged)
        engaged.clock.advance(seconds=61)
        for name in ("a", "b", "c"):
            process(engaged, name, saw=(1, engaged.clock() - HOUR))
        engaged.held(OPERATOR, "test.prod_exec", key="1")
        assert settle(engaged)
        engaged.held(OPERATOR, "test.prod_exec", key="2")
        engaged.clock.advance(seconds=10)
        assert not settle(engaged)
        engaged.clock.advance(seconds=20)
        assert settle(engaged)

    def test_another_reason_keeps_what_was_reached(self, engaged: World) -> None:
        """A card that is edited for another cause says it too, and needs no second edit."""
        confirm(engaged, "a", "b", "c", after=0.2)
        assert settle(engaged)
        engaged.done(ONCALL, "killswitch.explain", reason="40 texts")
        assert cards(engaged)[-1]["reached"]["confirmed"] == 3
        assert not settle(engaged)

    def test_pressed_again_it_counts_from_the_first_press(self, engaged: World) -> None:
        """A later press is another epoch of the same engagement; who saw the first one has confirmed."""
        confirm(engaged, "a", "b", "c", after=0.2)
        engaged.clock.advance(seconds=5)
        engaged.done(ONCALL, "killswitch.engage", reason="again")
        assert cards(engaged)[-1]["reached"] == {"processes": 3, "confirmed": 3, "seconds": 0.2}

    def test_it_stops_at_the_release(self, engaged: World) -> None:
        """The last version is the release's."""
        request = engaged.pending(ONCALL, "killswitch.release", reason="over")
        assert isinstance(engaged.approve(MANAGER, request.approval_id), Done)
        confirm(engaged, "a", "b", "c", after=0.2)
        assert not settle(engaged)
        assert cards(engaged)[-1]["is_engaged"] is False

    def test_nobody_is_there(self, world: World) -> None:
        """Without any sign of life nothing is said of it."""
        world.done(OPERATOR, "killswitch.engage", reason="drill")
        assert not settle(world)
        assert [card["reached"] for card in cards(world)] == [None]

    def test_a_clear_switch_is_left_alone(self, world: World) -> None:
        """Nothing to do, and nothing written."""
        before = world.snapshot()
        assert not settle(world)
        assert world.snapshot() == before

    def test_odd_signs_of_life(self, engaged: World) -> None:
        """What a process wrote that is no epoch or no time is not counted, and breaks nothing."""
        with engaged.database.write() as connection:
            for name, seen in (
                ("a", {"switches": "2", "switches_at": "x"}),
                ("b", {"switches": 99, "switches_at": "x"}),
                ("c", {"switches": 99}),
            ):
                connection.execute(
                    update(ProcessHeartbeat).where(ProcessHeartbeat.process_id == name).values(seen=seen)
                )
        assert settle(engaged)
        assert cards(engaged)[-1]["reached"] == {"processes": 3, "confirmed": 2, "seconds": None}


class TestAtOnce:
    """Two sweeps, and a release in the middle of an edit."""

    def test_two_sweeps_edit_once(self, engaged: World) -> None:
        """Two processes find the same change at the same moment: one edit in each channel."""
        confirm(engaged, "a", "b", "c", after=0.2)
        edited = at_once(*[lambda: engaged.system("killswitch.settle").edited for _ in range(4)])
        assert edited.count(True) == 1
        assert len(cards(engaged)) == 2

    def test_an_edit_never_comes_after_a_release(self, postgres_world: World) -> None:
        """A release that commits while an edit is prepared: the edit is not made, the card says released."""
        world = postgres_world
        process(world, "a", saw=(1, world.clock() - HOUR))
        world.done(OPERATOR, "killswitch.engage", reason="drill")
        request = world.pending(ONCALL, "killswitch.release", reason="over")
        confirm(world, "a", after=0.2)
        released, edited = Pause(world, "approvals.approve").until_another_ends(
            lambda: world.approve(MANAGER, request.approval_id), lambda: world.system("killswitch.settle").edited
        )
        assert isinstance(released, Done)
        assert edited is False
        assert cards(world)[-1]["is_engaged"] is False


def test_the_window_is_three_signs_of_life() -> None:
    """A process that beats every five seconds is not lost by one beat that came late."""
    from workers.heartbeat import BEAT_SECONDS

    assert timedelta(seconds=3 * BEAT_SECONDS) == rules.ALIVE
