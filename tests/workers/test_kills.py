"""The process is killed on every arrow of the outbox and of the ticks; nothing is lost and nothing comes twice."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from bot.slack_double import SlackDouble
from domain import arrows
from domain.act import Priority
from domain.charts import service as charts
from domain.charts.results import Chart, Series
from domain.clock import system_clock
from tests.workers.entry import JOB
from tests.workers.harness import Stage, stage
from tests.workers.slack import wait_for

AROUND_SLACK = ("outbox.sending", "outbox.posted")
AROUND_THE_QUEUE = ("tick.claimed", "tick.enqueued")


@pytest.fixture
def postgres_stage(pg_url: str, redis_url: str, double: SlackDouble) -> Iterator[Stage]:
    """Processes on PostgreSQL and a Redis server."""
    with stage(pg_url, double, redis_url=redis_url) as made:
        yield made


@pytest.fixture
def sqlite_stage(sqlite_url: str, redis_url: str, double: SlackDouble) -> Iterator[Stage]:
    """The same on SQLite."""
    with stage(sqlite_url, double, redis_url=redis_url) as made:
        yield made


def _sent_once(made: Stage, arrow: str) -> None:
    """A worker dies on the arrow with a card of five; the next life finishes the work."""
    cards = [made.queue(f"<{number}>", thing=f"thing:{number}", priority=Priority.SWITCH) for number in range(3)]
    worker = made.start("worker", die_on=arrow)
    worker.wait_died()
    for outbox_id in cards:
        made.wait_state(outbox_id)
    edited = made.queue("edited", thing="thing:0", priority=Priority.SWITCH)
    made.wait_state(edited)
    worker.stop()
    posted = [message["metadata"]["event_payload"]["outbox_id"] for message in made.double.messages("governance")]
    assert sorted(posted) == sorted([edited, *cards[1:]])


def _ticked_once(made: Stage, arrow: str) -> None:
    """A scheduler (or the worker) dies on the arrow; every slot claimed is run exactly once."""
    dies = {"worker": arrow if arrow == "tick.acted" else None, "scheduler": arrow if arrow != "tick.acted" else None}
    processes = [made.start(kind, die_on=die_on) for kind, die_on in dies.items()]
    for process in processes:
        if dies[process.kind]:
            process.wait_died()
    slots = {row.slot for row in ticks_of(made)}
    assert slots
    wait_for(lambda: all(row.state == "done" for row in ticks_of(made) if row.slot in slots))
    for process in reversed(processes):
        process.stop()
    assert_every_slot_ran_once(made)


def ticks_of(made: Stage) -> list[Any]:
    """The slots of the test's own job; a worker has slots of its own in the same table."""
    return [row for row in made.rows("tick") if row.job == JOB]


def assert_every_slot_ran_once(made: Stage) -> None:
    """As many runs as slots that are done; each run left one KPI event."""
    ticks = ticks_of(made)
    done = [tick for tick in ticks if tick.state == "done"]
    runs = [row for row in made.rows("kpi_event") if row.metric == "ticked"]
    assert all(tick.detail is None for tick in done)
    assert len(done) <= len(runs) <= len(ticks)
    keys = [row.key for row in made.rows("idempotency_key") if row.operation == "test.tick"]
    assert len(keys) == len(runs)


@pytest.mark.parametrize("arrow", arrows.OUTBOX)
def test_a_message_is_sent_once_wherever_the_sender_dies(postgres_stage: Stage, arrow: str) -> None:
    """On PostgreSQL, on every arrow."""
    _sent_once(postgres_stage, arrow)


@pytest.mark.parametrize("arrow", AROUND_SLACK)
def test_a_message_is_sent_once_on_sqlite_too(sqlite_stage: Stage, arrow: str) -> None:
    """On SQLite, on the two arrows around the call of Slack."""
    _sent_once(sqlite_stage, arrow)


@pytest.mark.parametrize("arrow", arrows.TICK)
def test_a_slot_runs_once_wherever_a_process_dies(postgres_stage: Stage, arrow: str) -> None:
    """On PostgreSQL, on every arrow."""
    _ticked_once(postgres_stage, arrow)


@pytest.mark.parametrize("arrow", AROUND_THE_QUEUE)
def test_a_slot_runs_once_on_sqlite_too(sqlite_stage: Stage, arrow: str) -> None:
    """On SQLite, on the two arrows around the queue."""
    _ticked_once(sqlite_stage, arrow)


def _shown_once(made: Stage, arrow: str) -> None:
    """A worker dies on the arrow with a chart; the next life has both cards of the thing show it."""
    points = tuple((date(2026, 11, day), float(day)) for day in range(1, 8))
    chart = Chart(title="Offers", alt="Rising", series=(Series(label="offers", points=points),))
    ids = [made.queue("words", to=to, thing="thing:1") for to in ("route:governance", "route:oncall")]
    made.database.attempt(
        lambda connection: charts.leave(connection, "thing:1", chart, now=system_clock(), correlation_id="c")
    )
    worker = made.start("worker", die_on=arrow)
    worker.wait_died()
    row = wait_for(lambda: next((row for row in made.rows("chart") if row.state == "shown"), None))
    for outbox_id in ids:
        made.wait_state(outbox_id)
    worker.stop()
    assert row is not None
    for channel in ("governance", "oncall"):
        (message,) = made.double.messages(channel)
        files = [block["slack_file"]["id"] for block in message["blocks"] if block["type"] == "image"]
        assert files == [row.file_id]
    assert len(made.double.calls("files.completeUploadExternal")) == (2 if arrow == "chart.completed" else 1)


@pytest.mark.parametrize("arrow", arrows.CHART)
def test_a_chart_is_shown_wherever_the_worker_dies(postgres_stage: Stage, arrow: str) -> None:
    """On PostgreSQL, on every arrow; one upload too many only where nobody can know that it was completed."""
    _shown_once(postgres_stage, arrow)


@pytest.mark.parametrize("arrow", ["chart.uploading", "chart.completed"])
def test_a_chart_is_shown_on_sqlite_too(sqlite_stage: Stage, arrow: str) -> None:
    """On SQLite, on the two arrows around the completion."""
    _shown_once(sqlite_stage, arrow)
