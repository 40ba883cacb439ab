"""The queue's actors on a real server: ids only, bounded retries, harmless when they come twice."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker

from tests.support import OPERATOR, World
from tests.workers.slack import wait_for
from workers.actors import MAX_BACKOFF_MS, RETRIES, Actors, declare
from workers.broker import make_broker


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A gate with the tests' operations, and people."""
    world = World(sqlite_url)
    world.staff()
    yield world
    world.close()


@pytest.fixture
def broker(redis_url: str) -> Iterator[RedisBroker]:
    """A broker on an empty server."""
    broker = make_broker(redis_url)
    yield broker
    broker.close()
    broker.client.close()


@contextmanager
def working(broker: RedisBroker, world: World) -> Iterator[Actors]:
    """The actors, and a worker that runs them meanwhile."""
    actors = declare(broker, world.gate, "me")
    worker = Worker(broker, worker_threads=2, worker_timeout=50)
    worker.start()
    try:
        yield actors
    finally:
        worker.stop(timeout=5_000)


def test_an_operation_sent_twice_acts_once(world: World, broker: RedisBroker) -> None:
    """Its key is what recognises the second delivery."""
    world.switches(live=True)
    with working(broker, world) as actors:
        for _ in range(2):
            actors.enqueue_operation("test.prod_exec", {"thing": "ladder"}, key="k1", actor_id=OPERATOR)
        actors.enqueue_operation("test.prod_exec", {"thing": "ladder"}, key="k2", actor_id=OPERATOR)
        wait_for(lambda: world.acts() == 2)
        broker.join("operations", timeout=10_000)
    assert world.acts() == 2


def test_what_prime_law_stops_is_held_for_as_long_as_was_said(world: World, broker: RedisBroker) -> None:
    """It runs by itself never."""
    with working(broker, world) as actors:
        actors.enqueue_operation("test.prod_exec", {"thing": "ladder"}, key="k1", actor_id=OPERATOR, hold_seconds=60)
        wait_for(lambda: world.count("held_work") == 1)
    (held,) = world.rows("held_work")
    assert (held.not_after - held.held_at).total_seconds() == 60
    assert world.acts() == 0


def test_every_actor_states_its_limits(world: World, broker: RedisBroker) -> None:
    """The defaults would go on for a month."""
    actors = declare(broker, world.gate, "me")
    for actor in (actors.tick_run, actors.perform):
        assert actor.options["max_retries"] == RETRIES <= 5
        assert actor.options["max_backoff"] == MAX_BACKOFF_MS <= 60_000
        assert actor.options["time_limit"] <= 60_000
    assert [actor.actor_name for actor in (actors.tick_run, actors.perform)] == ["tick.run", "operation.perform"]
