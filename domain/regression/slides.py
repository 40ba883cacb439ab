"""Slides too slow for the score, which follows them: the recent rate against the one of the last release."""

from domain.regression import detector
from domain.regression.detector import Better
from domain.regression.memory import RECENT, Memory
from domain.regression.rules import Cause, Method, MetricKind, Policy, Signal


def slide(policy: Policy, memory: Memory) -> Signal | None:
    """Compare the recent rate with the one frozen at the last release: once a day, for slides the score follows.

    It is one where the recent rate is worse by `max_drop_fraction` and that is rarer than once in `act_n` looks.
    """
    reference, recent = memory.reference, memory.recent
    is_watched = policy.enabled and policy.kind is MetricKind.RATE and policy.method is Method.SR
    if not is_watched or reference is None or recent.n < min(policy.act_after, RECENT / 2):
        return None
    bound = detector.worsened(reference.rate, policy.max_drop_fraction, policy.better)
    is_worse = recent.rate <= bound if policy.better is Better.HIGHER else recent.rate >= bound
    score = detector.slide_score(reference, recent, policy.better)
    if not is_worse or score < detector.standard_errors_for(policy.act_n):
        return None
    return Signal(Cause.SLIDE, None, reference.rate, int(recent.n), recent.s, None, 0)
