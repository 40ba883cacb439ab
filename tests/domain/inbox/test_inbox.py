"""The inbox: recorded once, run once, never behind its sender's back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.database import Unavailable
from domain.inbox import rules, service
from domain.inbox.rules import Fate, Open
from domain.outcomes import Done, PendingApproval, Refused
from tests.support import ONCALL, OPERATOR, STRANGER, World, at_once

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
LEASE = timedelta(seconds=15)


def _record(world: World, trigger: str = "T1", *, user: str = OPERATOR, operation: str = "test.govern") -> int | None:
    return service.record(
        world.database, trigger_id=trigger, operation=operation, params={"thing": "ladder"}, user_id=user,
        said="/test ladder", now=world.clock(), channel="C1", response_url="https://example.org/r",
    )  # fmt: skip


def _acknowledged(world: World, trigger: str = "T1", **more: Any) -> int:
    row_id = _record(world, trigger, **more)
    assert row_id is not None
    assert service.confirm_acknowledged(world.database, row_id, world.clock())
    return row_id


def _state(world: World) -> str:
    return str(world.rows("inbox")[-1].state)


def _cards(world: World, card: str) -> list[Any]:
    return world.rows("outbox", "card = :card", card=card)


class TestRunning:
    def test_a_second_delivery_is_the_same_one(self, world: World) -> None:
        """However often Slack sends it."""
        assert _record(world) is not None
        assert _record(world) is None
        assert world.count("inbox") == 1

    def test_an_acknowledged_row_runs_and_is_done(self, world: World) -> None:
        """Its sender is whoever sent it, its key the trigger id."""
        outcome = service.run_row(world.gate, _acknowledged(world), "me")
        assert isinstance(outcome, Done)
        assert (_state(world), world.acts()) == ("done", 1)
        assert [row.key for row in world.rows("idempotency_key")] == ["slack:T1"]

    def test_a_row_without_acknowledgement_does_not_run(self, world: World) -> None:
        """Slack may have told its sender that it failed."""
        row_id = _record(world)
        assert row_id is not None
        assert service.run_row(world.gate, row_id, "me") is None
        assert world.acts() == 0

    def test_of_many_runners_one_runs_it(self, world: World) -> None:
        """Compare and set."""
        row_id = _acknowledged(world)
        outcomes = at_once(*[lambda: service.run_row(world.gate, row_id, "me")] * 4)
        assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
        assert world.acts() == 1

    def test_a_refusal_ends_the_row(self, world: World) -> None:
        """With its code for whoever looks."""
        outcome = service.run_row(world.gate, _acknowledged(world, user=STRANGER), "me")
        assert isinstance(outcome, Refused)
        assert (_state(world), world.rows("inbox")[0].detail) == ("refused", "role")

    def test_a_request_for_approval_is_done(self, world: World) -> None:
        """What was asked for is under way."""
        outcome = service.run_row(world.gate, _acknowledged(world, user=ONCALL, operation="test.policy_set"), "me")
        assert isinstance(outcome, PendingApproval)
        assert _state(world) == "done"

    def test_a_runner_that_lost_its_row_answers_nobody(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """The database went away after the act: the sweep answers, not this runner."""
        row_id = _acknowledged(world)

        def away(*_arguments: Any) -> bool:
            raise Unavailable("gone")

        monkeypatch.setattr(service, "finish", away)
        assert service.run_row(world.gate, row_id, "me") is None
        assert _state(world) == "running"


class TestSweep:
    def test_what_was_never_acknowledged_is_refused_and_its_sender_told(self, world: World) -> None:
        """Two seconds after it came; a late acknowledgement changes nothing."""
        row_id = _record(world)
        assert row_id is not None
        world.clock.advance(seconds=1.9)
        assert service.sweep(world.gate, "sweep") == 0
        world.clock.advance(seconds=0.2)
        assert service.sweep(world.gate, "sweep") == 1
        (card,) = _cards(world, "not_run")
        assert (card.destination, card.payload["state"], card.payload["said"]) == (
            f"user:{OPERATOR}", "refused", "/test ladder",
        )  # fmt: skip
        assert not service.confirm_acknowledged(world.database, row_id, world.clock())
        assert service.run_row(world.gate, row_id, "me") is None
        assert world.acts() == 0

    def test_what_a_dead_process_left_before_it_began_is_run_and_answered(self, world: World) -> None:
        """Once, after the lease, by a direct message."""
        _acknowledged(world)
        world.clock.advance(seconds=14)
        assert service.sweep(world.gate, "sweep") == 0
        world.clock.advance(seconds=2)
        assert service.sweep(world.gate, "sweep") == 1
        assert service.sweep(world.gate, "sweep") == 0
        (card,) = _cards(world, "late_answer")
        assert card.payload["operation"] == "test.govern"
        assert card.payload["outcome"]["done"]["deed"]
        assert (_state(world), world.acts()) == ("done", 1)

    def test_what_a_dead_process_did_already_is_answered_and_not_repeated(self, world: World) -> None:
        """It died between its commit and the end of the row."""
        row_id = _acknowledged(world)
        row = service.begin(world.database, row_id, "dead", now=world.clock(), lease=world.settings.lease)
        assert row is not None
        world.gate.run(service._call(row))
        world.clock.advance(seconds=16)
        assert service.sweep(world.gate, "sweep") == 1
        assert (_state(world), world.acts(), len(_cards(world, "late_answer"))) == ("done", 1, 1)

    def test_what_waited_too_long_is_not_done_any_more(self, world: World) -> None:
        """Ten minutes: by then the world has moved on, and the sender is told."""
        _acknowledged(world)
        world.clock.advance(minutes=11)
        assert service.sweep(world.gate, "sweep") == 1
        assert (_state(world), world.acts()) == ("expired", 0)
        assert _cards(world, "not_run")[0].payload["state"] == "expired"

    def test_what_was_done_before_a_long_outage_is_answered_even_then(self, world: World) -> None:
        """“Not done” would be a lie."""
        row_id = _acknowledged(world)
        row = service.begin(world.database, row_id, "dead", now=world.clock(), lease=world.settings.lease)
        assert row is not None
        world.gate.run(service._call(row))
        world.clock.advance(minutes=11)
        service.sweep(world.gate, "sweep")
        assert (_state(world), world.acts()) == ("done", 1)
        assert not _cards(world, "not_run")

    def test_two_sweeps_answer_once(self, world: World) -> None:
        """Every worker sweeps."""
        for number in range(5):
            _acknowledged(world, f"T{number}")
        world.clock.advance(seconds=16)
        at_once(*[lambda: service.sweep(world.gate, "one")] * 3)
        assert (world.acts(), len(_cards(world, "late_answer"))) == (5, 5)

    def test_has_work_says_so_before_the_sweep_takes_a_lock(self, world: World) -> None:
        """It agrees with what the sweep would do."""

        def has_work() -> bool:
            with world.database.read() as connection:
                return service.has_work(connection, world.clock(), world.settings.lease)

        _acknowledged(world)
        assert not has_work()
        world.clock.advance(seconds=15)
        assert has_work()
        service.sweep(world.gate, "sweep")
        assert not has_work()

    def test_old_rows_are_forgotten_and_open_ones_are_not(self, world: World) -> None:
        """Thirty days after they came."""
        service.run_row(world.gate, _acknowledged(world, "T1"), "me")
        _record(world, "T2")
        world.clock.advance(days=31)
        assert world.system("inbox.prune").pruned == 1
        assert [row.trigger_id for row in world.rows("inbox")] == ["T2"]


seconds = st.integers(0, 1200).map(lambda number: timedelta(seconds=number))


@given(seconds, st.none() | seconds, st.none() | st.integers(-900, 900), st.booleans())
def test_nothing_unacknowledged_is_ever_run(
    age: timedelta, acknowledged: timedelta | None, lease_left: int | None, answered: bool
) -> None:
    """Nor anything whose lease lasts, nor anything stale that was not done already."""
    row = Open(
        NOW - age,
        None if acknowledged is None else NOW - min(acknowledged, age),
        None if lease_left is None else NOW + timedelta(seconds=lease_left),
        answered,
    )
    fate = rules.fate(row, NOW, LEASE)
    if row.acknowledged_at is None:
        assert fate is (Fate.REFUSE if age >= rules.UNACKNOWLEDGED else Fate.LEAVE)
    elif row.lease_until is not None and row.lease_until > NOW:
        assert fate is Fate.LEAVE
    elif fate is Fate.RUN:
        assert age < rules.STALE or answered
    elif fate is Fate.EXPIRE:
        assert age >= rules.STALE
        assert not answered
