"""A metric with a past: what the tests of tripwires feed into a world."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.support import MANAGER, OPERATOR, World

DOMAIN, METRIC = "WHOLESALE", "contract_rate"
NAME = {"domain": DOMAIN, "metric": METRIC}


class Metric:
    """One metric of a world; each event has an id of its own, one every half hour, the last one just now."""

    def __init__(self, world: World, domain: str = DOMAIN, metric: str = METRIC) -> None:
        self.world, self.domain, self.metric = world, domain, metric
        self.rng = random.Random(11)
        self.number = 0

    def events(self, count: int, make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
        """Make events that end now."""
        made = []
        for place in range(count):
            self.number += 1
            at = self.world.clock() - timedelta(minutes=count - place)
            made.append(
                {
                    "domain": self.domain, "metric": self.metric, "event_id": f"e{self.number}",
                    "occurred_at": at.isoformat(), **make(self.number),
                }
            )  # fmt: skip
        return made

    def rate(self, p: float, count: int, **more: Any) -> list[dict[str, Any]]:
        """Make successes at the rate `p`."""
        return self.events(count, lambda _number: {"success": self.rng.random() < p, **more})

    def report(self, events: list[dict[str, Any]]) -> Any:
        """Report them, and let the sweep count them."""
        found = self.world.done(OPERATOR, "kpi.record", events=events)
        self.sweep()
        return found

    def sweep(self) -> Any:
        """Let the program's sweep run until nothing is left."""
        found = self.world.system("regression.sweep")
        for _ in range(3):
            if not self.world.count("regression_arrival"):
                return found
            found = self.world.system("regression.sweep")
        return found

    def state(self) -> Any:
        """How the tripwire stands."""
        (item,) = self.world.done(OPERATOR, "regression.state", domain=self.domain, metric=self.metric).items
        return item

    def set(self, **changes: Any) -> Any:
        """Change the tripwire as a manager whose change needs nobody else."""
        return self.world.done(
            MANAGER, "regression.policy_set", domain=self.domain, metric=self.metric,
            reason=changes.pop("reason", "a test"), **changes,
        )  # fmt: skip


def armed(world: World, p: float = 0.41) -> Metric:
    """A contract rate that is on and has learned."""
    metric = Metric(world)
    metric.set(enabled=True)
    metric.report(metric.rate(p, 1_200))
    assert metric.state().state == "armed"
    return metric


def tripped(world: World) -> Metric:
    """The same, fallen."""
    metric = armed(world)
    metric.report(metric.rate(0.1, 400))
    assert metric.state().state == "tripped"
    return metric
