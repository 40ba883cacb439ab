"""Redis stopped, emptied or hanging, the database stopped and started, two schedulers, and the end by SIGTERM."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.slack_double import SlackDouble
from domain.act import Priority
from tests.conftest import PrivatePostgres
from tests.servers import RedisServer
from tests.workers.harness import Stage, stage
from tests.workers.slack import OWNER, wait_for
from tests.workers.test_kills import assert_every_slot_ran_once, ticks_of


@pytest.fixture
def redis_stage(sqlite_url: str, private_redis: RedisServer, double: SlackDouble) -> Iterator[Stage]:
    """Processes on SQLite and a Redis server of their own."""
    with stage(sqlite_url, double, redis_url=private_redis.url) as made:
        yield made


def _done(made: Stage) -> list[Any]:
    return [tick for tick in ticks_of(made) if tick.state == "done"]


def test_without_redis_messages_go_out_and_slots_run(redis_stage: Stage, private_redis: RedisServer) -> None:
    """Stopped before the start, hanging later, emptied at last: the rows are enough all the while."""
    private_redis.stop()
    processes = [redis_stage.start("worker"), redis_stage.start("scheduler")]
    redis_stage.wait_state(redis_stage.queue("without", priority=Priority.SWITCH))
    wait_for(lambda: len(_done(redis_stage)) >= 2)
    redis_stage.wait_seen("worker", redis="ConnectionError")
    private_redis.start()
    wait_for(lambda: any(tick.enqueued_at for tick in ticks_of(redis_stage)))
    private_redis.pause()
    redis_stage.wait_state(redis_stage.queue("hanging", priority=Priority.SWITCH))
    private_redis.resume()
    private_redis.flush()
    done = len(_done(redis_stage))
    wait_for(lambda: len(_done(redis_stage)) >= done + 2)
    for process in reversed(processes):
        process.stop()
    assert_every_slot_ran_once(redis_stage)


def test_the_database_goes_and_comes_back(
    private_postgres: PrivatePostgres, redis_url: str, double: SlackDouble
) -> None:
    """Processes that run meanwhile go on by themselves; what was queued before arrives once."""
    with stage(private_postgres.url, double, redis_url=redis_url) as made:
        worker, scheduler = made.start("worker"), made.start("scheduler")
        made.wait_state(made.queue("before"))
        wait_for(lambda: _done(made))
        waiting = made.queue("meanwhile")
        made.database.close()
        private_postgres.stop()
        wait_for(lambda: "database_away" in worker.said() and "database_away" in scheduler.said())
        private_postgres.start()
        made.wait_state(waiting)
        done = len(_done(made))
        wait_for(lambda: len(_done(made)) > done)
        made.wait_state(made.queue("after"))
        scheduler.stop()
        worker.stop()
        assert len(made.double.messages("governance")) == 3
        assert_every_slot_ran_once(made)


def test_two_schedulers_claim_every_slot_once(pg_url: str, redis_url: str, double: SlackDouble) -> None:
    """Each slot is one row and one run, whoever was first."""
    with stage(pg_url, double, redis_url=redis_url) as made:
        schedulers = [made.start("scheduler"), made.start("scheduler")]
        worker = made.start("worker")
        wait_for(
            lambda: len({row.process_id for row in made.rows("process_heartbeat") if row.kind == "scheduler"}) == 2
        )
        done = len(_done(made))
        wait_for(lambda: len(_done(made)) >= done + 2)
        for process in (*schedulers, worker):
            process.stop()
        assert_every_slot_ran_once(made)


def test_a_worker_alone_starts_its_own_redis_sees_slack_and_ends_in_time(sqlite_url: str, double: SlackDouble) -> None:
    """Nothing but a directory is needed; its evidence is what the runbook reads; the audit is sealed meanwhile."""
    with stage(sqlite_url, double) as made:
        worker = made.start("worker")
        seen = made.wait_seen("worker", redis="ok").seen
        wait_for(lambda: made.wait_seen("worker").seen.get("slack"))
        made.run_op("killswitch.engage", reason="drill")
        wait_for(lambda: made.double.messages("oncall"))
        wait_for(lambda: made.rows("audit_event") and not made.rows("audit_unsealed"))
        assert worker.stop() < 10
        assert seen["redis"] == "ok"
        assert made.rows("process_heartbeat")[0].seen["slack"] == "ok"


def test_what_a_dead_bot_left_in_the_inbox_is_run_and_answered_directly(
    sqlite_url: str, redis_url: str, double: SlackDouble
) -> None:
    """One row was acknowledged, one was not: the first is done late, the second never; both senders are told."""
    from domain.clock import system_clock
    from domain.inbox import service as inbox

    with stage(sqlite_url, double, redis_url=redis_url) as made:
        rows = [
            inbox.record(
                made.database, trigger_id=f"T{number}", operation="killswitch.engage", params={"reason": word},
                user_id=OWNER, said=f"/killswitch engage {word}", now=system_clock(),
            )
            for number, word in enumerate(("late", "never"))
        ]  # fmt: skip
        assert rows[0] is not None
        assert inbox.confirm_acknowledged(made.database, rows[0], system_clock())
        worker = made.start("worker")
        wait_for(lambda: {row.state for row in made.rows("inbox")} == {"done", "refused"})
        wait_for(lambda: len(made.double.dms(OWNER)) >= 2)
        worker.stop()
        reasons = [row.reason for row in made.rows("go_live_history")]
        assert reasons.count("late") == 1
        assert "never" not in reasons
