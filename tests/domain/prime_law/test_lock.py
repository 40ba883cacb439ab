"""Prime Law's lock: when the engage returns, nothing acts any more (spec/5)."""

import threading

import pytest

from domain.act import Act
from domain.database import PrimeMode
from domain.outcomes import Done, Kind, Outcome, Refused
from tests.support import OPERATOR, PATIENCE, STRANGER, Pause, World, at_once

ACTING = ("test.prod_exec", "test.sandbox_exec")


@pytest.mark.parametrize("operation", ACTING)
def test_engage_returns_only_after_the_acting_transaction_ended(world: World, operation: str) -> None:
    """An act paused before its commit holds the engage up; once it returns, the act counts and no other follows."""
    world.switches(live=True)
    pause = Pause(world, operation)
    returned = threading.Event()
    order: list[str] = []

    def engage() -> Outcome:
        pause.wait()
        outcome = world.run(OPERATOR, "killswitch.engage", reason="stop")
        order.append("engaged")
        returned.set()
        return outcome

    def watch() -> None:
        pause.wait()
        # The engage cannot return while the act is open, so this times out, well within the act's own limit.
        try:
            assert not returned.wait(0.3)
            order.append("released")
        finally:
            pause.go_on.set()

    act, engaged, _ = at_once(lambda: world.run(OPERATOR, operation), engage, watch)
    assert isinstance(act, Done)
    assert isinstance(engaged, Done)
    assert order == ["released", "engaged"]
    assert world.acts() == 1
    refusal = world.refused(OPERATOR, operation)
    assert refusal.code == "kill_switch_engaged"
    assert world.acts() == 1


@pytest.mark.parametrize("operation", ["test.prod_exec_down", "test.govern", "test.observe_only"])
def test_engage_does_not_wait_for_what_may_act_anyway(postgres_world: World, operation: str) -> None:
    """↓, G and O take no lock: the engage returns while such a transaction is still open."""
    world = postgres_world
    act, engaged = Pause(world, operation).until_another_ends(
        lambda: world.run(OPERATOR, operation), lambda: world.run(OPERATOR, "killswitch.engage", reason="stop")
    )
    assert isinstance(act, Done)
    assert isinstance(engaged, Done)


def test_an_act_that_waited_for_an_engage_reads_the_new_state(postgres_world: World) -> None:
    """What began while the engage was open is judged by the state the engage left."""
    world = postgres_world
    world.switches(live=True)
    engaged, late = Pause(world, "killswitch.engage").until_another_waits(
        lambda: world.run(OPERATOR, "killswitch.engage"), lambda: world.run(OPERATOR, "test.prod_exec")
    )
    assert isinstance(engaged, Done)
    assert isinstance(late, Refused)
    assert late.code == "kill_switch_engaged"
    assert world.acts() == 0


def test_an_act_that_hangs_is_ended_by_its_timeout(postgres_world: World) -> None:
    """A transaction that dawdles before its commit is ended after a second, and the engage goes on.

    It is judged once more, by the state the engage left: it never acts.
    """
    world = postgres_world
    world.switches(live=True)
    act, engaged = Pause(world, "test.prod_exec").until_another_ends(
        lambda: world.run(OPERATOR, "test.prod_exec"), lambda: world.run(OPERATOR, "killswitch.engage", reason="stop")
    )
    assert isinstance(engaged, Done)
    assert isinstance(act, Refused)
    assert act.code == "kill_switch_engaged"
    assert world.acts() == 0


def test_an_act_that_is_too_slow_is_tried_once_more_and_then_given_up(postgres_world: World) -> None:
    """Its statement is ended after a second; the second time it is said, and nothing is written."""
    world = postgres_world
    world.switches(live=True)
    slow = [True]
    tries: list[int] = []

    def dawdle(act: Act) -> None:
        tries.append(1)
        if slow[0]:
            act.connection.exec_driver_sql("SELECT pg_sleep(30)")

    world.gate.before_commit = dawdle
    assert world.refused(OPERATOR, "test.prod_exec").kind is Kind.UNAVAILABLE
    assert (len(tries), world.acts()) == (2, 0)
    slow[0] = False
    world.done(OPERATOR, "test.prod_exec")
    assert world.acts() == 1


def test_engage_is_not_starved_by_many_acting_clients(world: World) -> None:
    """Many clients acting without a pause do not keep the engage waiting, and none acts after it returned."""
    world.switches(live=True)
    stop = threading.Event()
    clients = 4 if world.is_sqlite else 16  # SQLite's lock is not fair; it promises correctness alone
    running = threading.Barrier(clients + 1)
    late: list[int] = []
    engaged = threading.Event()

    def client() -> None:
        running.wait(PATIENCE)
        while not stop.is_set():
            was_engaged = engaged.is_set()
            outcome = world.run(OPERATOR, "test.prod_exec")
            if isinstance(outcome, Done) and was_engaged:
                late.append(1)
            if isinstance(outcome, Refused) and outcome.kind is Kind.PRIME_LAW:
                return

    def engage() -> Outcome:
        running.wait(PATIENCE)
        try:
            outcome = world.run(OPERATOR, "killswitch.engage", reason="stop")
            engaged.set()
            return outcome
        finally:
            stop.set()

    outcome = at_once(engage, *[client] * clients)[0]
    assert isinstance(outcome, Done)
    count = world.acts()
    assert not late
    assert world.acts() == count
    changed = world.audit("killswitch.engage", "done")[0].id
    after = [row for row in world.audit("test.prod_exec", "done") if row.id > changed]
    assert after == []


def test_a_stranger_takes_no_lock(postgres_world: World) -> None:
    """Who may not engage is refused without waiting for the acting transactions, and makes nobody wait."""
    world = postgres_world
    world.switches(live=True)
    act, refused = Pause(world, "test.prod_exec").until_another_ends(
        lambda: world.run(OPERATOR, "test.prod_exec"), lambda: world.run(STRANGER, "killswitch.engage", reason="me!")
    )
    assert isinstance(act, Done)
    assert isinstance(refused, Refused)
    assert refused.code == "role"


def test_every_acting_class_shares_the_lock_and_every_switch_takes_it_alone(light_world: World) -> None:
    """S and P without ↓ share it, what changes a switch excludes, nothing else touches it."""
    for operation in light_world.registry.values():
        is_switch = operation.name.startswith(("killswitch.", "golive.")) and operation.name not in {
            "golive.state", "golive.checklist", "golive.attest", "killswitch.settle",
        }  # fmt: skip
        is_switch |= operation.name == "risk.pause"  # one engine's switch: nothing that acts may commit after it
        if is_switch:
            assert operation.prime_mode is PrimeMode.EXCLUSIVE, operation.name
        elif operation.klass in {"SANDBOX_EXEC", "PROD_EXEC"} and not operation.reduces:
            assert operation.prime_mode is PrimeMode.SHARED, operation.name
        else:
            assert operation.prime_mode is PrimeMode.NONE, operation.name
