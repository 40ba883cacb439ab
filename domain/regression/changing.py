"""What a change of a policy may be: which fields make it watch less closely, and what contradicts itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made_of
from typing import Any

from domain.regression.detector import Better
from domain.regression.rules import Action, Method, MetricKind, Policy

_WEIGHT = {Action.WARN: 0, Action.THROTTLE: 1, Action.KILL_SWITCH: 2}
_MORE_IS_LOOSER = ("max_drop_fraction", "warn_n", "act_n", "warn_after", "act_after", "min_events_to_enforce")
_ANY_CHANGE = ("method", "kind", "better", "throttles", "window_events", "baseline_events", "reference_rate")
RELEARN = ("method", "kind", "better")
"""What makes everything learned so far say nothing about the metric any more."""


def loosened(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields whose change makes the tripwire watch less closely, or differently.

    `enabled` off, larger drops and thresholds, a weaker action, a lower floor; and whatever changes what is watched.
    """
    found = [name for name in _MORE_IS_LOOSER if after[name] > before[name]]
    found += [name for name in _ANY_CHANGE if after[name] != before[name]]
    if before["enabled"] and not after["enabled"]:
        found.append("enabled")
    if _WEIGHT[Action(after["action"])] < _WEIGHT[Action(before["action"])]:
        found.append("action")
    if _floor_is_looser(before["floor"], after["floor"], Better(after["better"])):
        found.append("floor")
    return tuple(sorted(found))


def _floor_is_looser(before: float | None, after: float | None, better: Better) -> bool:
    if before is None:
        return False
    return after is None or (after < before if better is Better.HIGHER else after > before)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a policy cannot be as it was asked for."""

    field: str
    detail: str
    remedy: str = ""
    figures: Mapping[str, Any] = made_of(default_factory=dict)


def fault(policy: Policy) -> Fault | None:  # noqa: PLR0911 - one return per rule
    """Return the first thing that contradicts itself in a policy."""
    if policy.act_n < policy.warn_n:
        return Fault("act_n", "it would act before it warns", "`act_n` must be at least `warn_n`.",
                     {"warn_n": policy.warn_n, "act_n": policy.act_n})  # fmt: skip
    if policy.act_after < policy.warn_after:
        return Fault("act_after", "it would act before it warns", "`act_after` must be at least `warn_after`.",
                     {"warn_after": policy.warn_after, "act_after": policy.act_after})  # fmt: skip
    if policy.action is Action.THROTTLE and policy.throttles is None:
        return Fault("throttles", "a throttle stops an engine, and none is named", "for example `throttles=WHOLESALE`")
    if policy.reference_rate is not None and policy.kind is not MetricKind.RATE:
        return Fault("reference_rate", "only a rate can be stated", "Leave it out, or set `kind=rate`.")
    if policy.reference_rate is not None and not 0 < policy.reference_rate < 1:
        return Fault("reference_rate", "a rate of 0 or 1 can only be missed", "Give one between 0 and 1.")
    if policy.floor is not None and policy.kind is MetricKind.RATE and not 0 < policy.floor < 1:
        return Fault("floor", "a rate's floor lies between 0 and 1", "for example `floor=0.9`")
    if policy.kind is MetricKind.VOLUME and policy.method is Method.WINDOW:
        return Fault("method", "a volume is counted by the hour, not in a window of events", "Use `method=sr`.")
    if policy.method is Method.WINDOW and policy.min_events_to_enforce > policy.baseline_events:
        return Fault("min_events_to_enforce", "the window is compared with fewer events, so it would never act",
                     "`min_events_to_enforce` is at most `baseline_events`.",
                     {"min_events_to_enforce": policy.min_events_to_enforce,
                      "baseline_events": policy.baseline_events})  # fmt: skip
    return None
