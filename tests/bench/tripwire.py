"""Reports in bulk, what an evaluation costs as history grows, and how fast an alarm is read in Slack."""

import logging
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import psycopg
import structlog

from bot.blocks.cards import render_card
from bot.slack_api import SlackApi
from bot.slack_double import SlackDouble
from domain.gate import Call, Gate
from domain.gate.call import system_call
from domain.identity import Caller, Surface
from domain.outcomes import Done
from domain.regression.results import Evaluated
from tests.bench.rows import Row, pairs, percentile
from tests.bench.world import OWNER, open_gate, postgres, workplace
from tests.servers import libpq_url
from workers.relay import Relay
from workers.sweep import Sweep

BULK = 5_000
BULKS = 4
EVENTS = 1_000
MANY, FEW = 10_000_000, 10_000
TRIPS = 40
CONSOLE = Caller(OWNER, Surface.CLI)
CHANNELS = ("governance", "oncall", "followups", "deals")
COLUMNS = ("domain", "metric", "event_id", "success", "value", "occurred_at", "recorded_at", "actor", "source",
           "market", "correlation_id", "detail")  # fmt: skip
_number = count()


def _done(gate: Gate, operation: str, /, **params: Any) -> Any:
    outcome = gate.run(Call(operation, params, CONSOLE, break_glass_reason=params.pop("break_glass", None)))
    assert isinstance(outcome, Done), outcome
    return outcome.result


def _events(domain: str, metric: str, size: int, p: float, rng: random.Random) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [
        {
            "domain": domain, "metric": metric, "event_id": f"b{next(_number)}", "success": rng.random() < p,
            "occurred_at": (now - timedelta(seconds=size - place)).isoformat(), "source": "county-list",
            "market": "Calgary",
        }
        for place in range(size)
    ]  # fmt: skip


def ingest() -> Row:
    """Events a second through `kpi.record`, 5,000 a call, against a bare COPY of the same columns into the table.

    Ours reads and checks every field, refuses repeated ids, writes the audit and, the metric being guarded, leaves
    the events for its tripwire.
    """
    rng = random.Random(1)
    with ExitStack() as stack:
        url = stack.enter_context(postgres(stack.enter_context(workplace())))
        gate = open_gate(url)
        connection = stack.enter_context(psycopg.connect(libpq_url(url), autocommit=False))

        def ours() -> float:
            bulks = [_events("WHOLESALE", "contract_rate", BULK, 0.4, rng) for _ in range(BULKS)]
            started = time.perf_counter()
            for events in bulks:
                _done(gate, "kpi.record", events=events)
            return BULK * BULKS / (time.perf_counter() - started)

        def copied() -> float:
            bulks = [_events("WHOLESALE", "contract_rate", BULK, 0.4, rng) for _ in range(BULKS)]
            now = datetime.now(UTC)
            started = time.perf_counter()
            for events in bulks:
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY kpi_event ({', '.join(COLUMNS)}) FROM STDIN") as copy,
                ):
                    for event in events:
                        row = {**event, "value": None, "recorded_at": now, "actor": OWNER, "correlation_id": "c",
                               "detail": None}  # fmt: skip
                        copy.write_row([row[name] for name in COLUMNS])
                connection.commit()
            return BULK * BULKS / (time.perf_counter() - started)

        mine, others = pairs(ours, copied)
        gate.database.close()
    return Row("kpi_ingest", "events/s", mine, others, {"bulk": BULK})


def _fill(url: str, rows: int) -> None:
    """Record history in one statement, of the guarded metric, over the last year."""
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO kpi_event (domain, metric, event_id, success, occurred_at, recorded_at, actor, correlation_id,"
            " source, market) SELECT 'WHOLESALE', 'contract_rate', 'h' || n, n %% 5 < 2,"
            " now() - interval '365 days' * (1 - n::float8 / %s), now(), 'bench', 'bench', 's', 'm'"
            " FROM generate_series(1, %s) AS n",
            (rows, rows),
        )
        connection.execute("VACUUM ANALYZE kpi_event")


def _ingested_and_evaluated(gate: Gate, rng: random.Random) -> float:
    events = _events("WHOLESALE", "contract_rate", EVENTS, 0.4, rng)
    started = time.perf_counter()
    _done(gate, "kpi.record", events=events)
    outcome = gate.run(system_call("regression.sweep"))
    taken = time.perf_counter() - started
    assert isinstance(outcome, Done)
    assert isinstance(outcome.result, Evaluated)
    assert outcome.result.evaluated >= 1
    return taken


def cost() -> Row:
    """Record 1,000 events and evaluate them: onto ten million recorded ones, and onto ten thousand."""
    rng = random.Random(2)
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        gates = []
        for name, rows in (("many", MANY), ("few", FEW)):
            (folder / name).mkdir(mode=0o711)
            url = stack.enter_context(postgres(folder / name))
            _fill(url, rows)
            gate = open_gate(url)
            _done(gate, "regression.policy_set", domain="WHOLESALE", metric="contract_rate", enabled=True,
                  act_n=10**9, warn_n=10**9, reason="bench", break_glass="bench")  # fmt: skip
            gates.append(gate)
        many, few = gates
        mine, others = pairs(lambda: _ingested_and_evaluated(many, rng), lambda: _ingested_and_evaluated(few, rng), 9)
        for gate in gates:
            gate.database.close()
    return Row("tripwire_cost", "s", mine, others, {"events": EVENTS, "recorded": MANY})


@contextmanager
def _working(gate: Gate, double: SlackDouble) -> Iterator[None]:
    """Run a worker's sweep and sender, as `valhalla worker` does."""
    slack = SlackApi("xoxb-double", double.base_url, timeout=5)
    relay = Relay(gate, slack, partial(render_card), "bench")
    sweep = Sweep(gate, "bench")
    relay.start()
    sweep.start()
    try:
        yield
    finally:
        sweep.stop()
        relay.stop()


def _arm(gate: Gate, rng: random.Random) -> None:
    _done(gate, "regression.policy_set", domain="WHOLESALE", metric="contract_rate", enabled=True, reason="bench")
    _done(gate, "kpi.record", events=_events("WHOLESALE", "contract_rate", 1_200, 0.41, rng))
    gate.run(system_call("regression.sweep"))


def _read(double: SlackDouble, before: int) -> float:
    """Wait for the alarm's text in the on-call channel; return when it was there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        messages = double.messages("oncall")
        if any("IS THROTTLED" in message["text"] for message in messages[before:]):
            return time.perf_counter()
        time.sleep(0.005)
    raise TimeoutError("the alarm's text never came")


def _trip(gate: Gate, double: SlackDouble, rng: random.Random) -> tuple[float, float]:
    """Report what trips it; return seconds until the text is in Slack, and of the report alone."""
    events = _events("WHOLESALE", "contract_rate", 400, 0.08, rng)
    before = len(double.messages("oncall"))
    started = time.perf_counter()
    _done(gate, "kpi.record", events=events)
    reported = time.perf_counter()
    return _read(double, before) - started, reported - started


def latency() -> Row:
    """From the call that trips to the alert's text in Slack, p95; and its parts measured alone."""
    rng = random.Random(3)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with ExitStack() as stack:
        url = stack.enter_context(postgres(stack.enter_context(workplace())))
        double = stack.enter_context(SlackDouble(rate_limits=False))
        double.add_user("owner", id=OWNER)
        for name in CHANNELS:
            double.add_channel(name, ["bot"])
        gate = open_gate(url)
        _arm(gate, rng)
        whole: list[float] = []
        reports: list[float] = []
        with _working(gate, double):
            for _ in range(TRIPS):
                took, reported = _trip(gate, double, rng)
                whole.append(took)
                reports.append(reported)
                _done(gate, "regression.release", domain="WHOLESALE", metric="contract_rate", reason="bench",
                      break_glass="bench")  # fmt: skip
        parts = [_parts(gate, double, rng) for _ in range(5)]
        gate.database.close()
    alone = [sum(part.values()) for part in parts]
    worst = percentile(whole, 0.95)
    beside = {
        "trips": TRIPS, "p50_ms": round(statistics.median(whole) * 1_000, 1), "p95_ms": round(worst * 1_000, 1),
        "report_p50_ms": round(statistics.median(reports) * 1_000, 1),
        **{f"{name}_alone_ms": round(statistics.median(part[name] for part in parts) * 1_000, 1) for name in parts[0]},
    }  # fmt: skip
    return Row("tripwire_latency", "s (p95)", [worst] * 5, [statistics.median(alone)] * 5, beside)


def _parts(gate: Gate, double: SlackDouble, rng: random.Random) -> dict[str, float]:
    """Measure the report, the evaluation that trips, and one message to Slack, each alone."""
    events = _events("WHOLESALE", "contract_rate", 400, 0.08, rng)
    started = time.perf_counter()
    _done(gate, "kpi.record", events=events)
    reported = time.perf_counter()
    outcome = gate.run(system_call("regression.sweep"))
    evaluated = time.perf_counter()
    assert isinstance(outcome, Done)
    slack = SlackApi("xoxb-double", double.base_url, timeout=5)
    before = len(double.messages("oncall"))
    relay_started = time.perf_counter()
    relay = Relay(gate, slack, partial(render_card), "bench-alone")
    relay.start()
    try:
        sent = _read(double, before) - relay_started
    finally:
        relay.stop()
    _done(gate, "regression.release", domain="WHOLESALE", metric="contract_rate", reason="bench", break_glass="bench")
    return {"report": reported - started, "evaluate": evaluated - reported, "send": sent}
