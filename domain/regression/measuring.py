"""What the events since a release say of it: whether its trial has shown enough to end before its time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.regression import detector
from domain.regression.detector import Better
from domain.regression.memory import Memory
from domain.regression.rules import Arrival, Cause, MetricKind, Policy, goods_of, is_usable

MEASURES_NOTHING: Mapping[str, Any] = {"needs": None, "least": None, "events": 0, "successes": 0.0, "shown": 0}
"""Of a trial whose metric means another thing since: its time alone ends it."""
SHOWN_EACH = 10
"""A trial's card is edited at every tenth of the events that it shows, at each one to begin with."""


def least(policy: Policy, cause: str, usual: float) -> float | None:
    """Return the rate that events since a release must be better than to show no drop; None where they cannot show it.

    Of a drop the level that the policy calls one; of a floor the floor itself. A volume has no rate, and neither has a
    number without ranks.
    """
    if policy.kind is MetricKind.VOLUME or (policy.kind is MetricKind.MEAN and cause != Cause.DROP):
        return None
    return usual if cause == Cause.FLOOR else detector.worsened(usual, policy.max_drop_fraction, policy.better)


def measured(
    policy: Policy, memory: Memory, arrivals: Sequence[Arrival], since: datetime
) -> tuple[int, float]:  # fmt: skip
    """Count the events that happened since a release, and the good ones of them."""
    usable = [arrival for arrival in arrivals if arrival.at >= since and is_usable(policy, arrival)]
    return len(usable), float(sum(goods_of(policy, memory, usable)))


def has_shown_enough(better: Better, needs: int | None, least: float | None, events: int, successes: float) -> bool:
    """Whether a trial has measured enough, and its rate is better than the one that would be a drop."""
    if needs is None or least is None or events < max(needs, 1):
        return False
    rate = successes / events
    return rate > least if better is Better.HIGHER else rate < least


def is_worth_showing(shown: int, events: int) -> bool:
    """Whether a trial's card is so far behind that it is edited: every event at first, then every tenth part."""
    return events - shown >= max(1, shown // SHOWN_EACH)
