"""A tripwire with real processes: events recorded, counted by the worker, read in Slack, released by two people."""

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.slack_double import SlackDouble
from domain.clock import system_clock
from domain.gate import Call
from domain.identity import Caller, Surface
from domain.outcomes import Done, PendingApproval, Refused
from tests.workers.harness import Stage, stage
from tests.workers.slack import OWNER, wait_for

NAME = {"domain": "WHOLESALE", "metric": "contract_rate"}
SECOND, ASKER = "USECOND1", "UASKER01"


@pytest.fixture(params=["postgresql", "sqlite"])
def acting(request: pytest.FixtureRequest, double: SlackDouble) -> Iterator[Stage]:
    """Processes on either database, with production on and three people."""
    url = request.getfixturevalue("pg_url" if request.param == "postgresql" else "sqlite_url")
    with stage(url, double, redis_url=request.getfixturevalue("redis_url")) as made:
        for user, role in ((SECOND, "manager"), (ASKER, "oncall")):
            double.add_user(user.lower(), id=user)
            run(made, OWNER, "access.grant", user=user, role=role, break_glass="test")
        run(made, OWNER, "golive.enable", reason="test", break_glass="test")
        yield made


def run(made: Stage, user: str, name: str, /, break_glass: str | None = None, **params: Any) -> Any:
    """Run an operation that must act."""
    outcome = call(made, user, name, break_glass=break_glass, **params)
    assert isinstance(outcome, Done), outcome
    return outcome.result


def call(made: Stage, user: str, name: str, /, break_glass: str | None = None, **params: Any) -> Any:
    """Run an operation; return whatever comes."""
    surface = Surface.CLI if break_glass else Surface.SLACK
    return made.gate.run(Call(name, params, Caller(user, surface), break_glass_reason=break_glass))


class Rate:
    """Events of the contract rate, every minute, until now."""

    def __init__(self) -> None:
        self.rng = random.Random(4)
        self.number = 0

    def events(self, p: float, count: int) -> list[dict[str, Any]]:
        now = system_clock()
        made = []
        for place in range(count):
            self.number += 1
            at = now - timedelta(seconds=count - place)
            made.append(
                {**NAME, "event_id": f"e{self.number}", "success": self.rng.random() < p, "occurred_at": at.isoformat()}
            )
        return made


def counted(made: Stage) -> bool:
    """Whether nothing waits to be counted."""
    return not made.rows("regression_arrival")


def state(made: Stage) -> Any:
    """How the tripwire stands."""
    (item,) = run(made, OWNER, "regression.state", **NAME).items
    return item


def arm(made: Stage, rate: Rate) -> None:
    """Switch it on and let it learn; the worker that runs counts."""
    run(made, OWNER, "regression.policy_set", **NAME, enabled=True, reason="test")
    run(made, OWNER, "kpi.record", events=rate.events(0.41, 1_200))
    wait_for(lambda: state(made).state == "armed", what="an armed tripwire")


def test_a_drop_is_read_in_slack_within_a_second_holds_its_engine_and_is_released(acting: Stage) -> None:
    """The whole story: report, hold, card with its chart, refusal, request, approval, card again."""
    worker = acting.start("worker")
    rate = Rate()
    arm(acting, rate)
    reported = time.monotonic()
    run(acting, OWNER, "kpi.record", events=rate.events(0.08, 300))
    text = wait_for(
        lambda: "".join(each for each in acting.texts("oncall") if "WHOLESALE IS THROTTLED" in each),
        what=lambda: f"the alarm\n{acting.logs()}",
    )
    assert time.monotonic() - reported < 5  # how fast it really is, `make bench` measures
    for words in (
        "no new offers. Contract rate fell.", "OPEN, nobody has acknowledged", "→ about", "about once in",
        "sending offers and new WHOLESALE reserves", "Changed shortly before", "acts at 100,000",
    ):  # fmt: skip
        assert words in text
    refusal = call(acting, OWNER, "risk.reserve", engine="WHOLESALE", amount="10")
    assert isinstance(refusal, Refused)
    assert "Contract rate fell" in refusal.detail + str(refusal.figures)
    wait_for(
        lambda: any("image" in str(message.get("blocks")) for message in acting.double.messages("oncall")),
        what=lambda: f"the chart\n{acting.logs()}",
    )
    asked = call(acting, ASKER, "regression.release", **NAME, reason="the template is back")
    assert isinstance(asked, PendingApproval)
    approve(acting, asked.approval_id)
    wait_for(lambda: any("RELEASED: WHOLESALE may act again" in each for each in acting.texts("oncall")))
    assert len([each for each in acting.texts("oncall") if "contract_rate" in each]) == 1  # one message, edited
    run(acting, OWNER, "risk.reserve", engine="WHOLESALE", amount="10")
    time.sleep(0.5)
    assert state(acting).state == "armed"
    worker.stop()


def approve(made: Stage, approval_id: int) -> None:
    """Press *Approve* as the second manager."""
    from domain.approvals import rules

    (row,) = [row for row in made.rows("approval") if row.id == approval_id]
    run(made, SECOND, "approvals.approve", approval_id=approval_id, seen=rules.seen(row.seal))


def test_a_worker_killed_while_it_counts_loses_nothing_and_counts_nothing_twice(acting: Stage) -> None:
    """Killed with the events counted and not committed: the next life counts them, once, and the alarm comes."""
    worker = acting.start("worker", die_on="tripwire.counted")
    rate = Rate()
    run(acting, OWNER, "regression.policy_set", **NAME, enabled=True, reason="test")
    run(acting, OWNER, "kpi.record", events=rate.events(0.41, 1_200))
    worker.wait_died()
    wait_for(lambda: counted(acting), what=lambda: f"the next life\n{acting.logs()}")
    assert state(acting).events == 1_200
    run(acting, OWNER, "kpi.record", events=rate.events(0.08, 300))
    wait_for(lambda: state(acting).state == "tripped", what=lambda: f"the alarm\n{acting.logs()}")
    assert state(acting).events == 1_500
    assert len([row for row in acting.rows("alert") if row.severity == "critical"]) == 1
    worker.stop()


def test_what_was_recorded_without_any_worker_is_counted_when_one_starts(acting: Stage) -> None:
    """Nobody was there: the events waited in the database."""
    rate = Rate()
    run(acting, OWNER, "regression.policy_set", **NAME, enabled=True, reason="test")
    run(acting, OWNER, "kpi.record", events=rate.events(0.41, 1_200))
    run(acting, OWNER, "kpi.record", events=rate.events(0.08, 300))
    assert state(acting).waiting
    worker = acting.start("worker")
    wait_for(lambda: state(acting).state == "tripped", what=lambda: f"the alarm\n{acting.logs()}")
    worker.stop()
