"""The scores of rates and of ranks on their way through what arrived, and against a floor (tripwire-detector.md)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from domain.regression import detector
from domain.regression.detector import Baseline, Followed, Score
from domain.regression.memory import RECENT, Memory
from domain.regression.rules import Absorbed, Action, Arrival, Cause, MetricKind, Policy, Signal, goods_of, sign_of


def _limit(policy: Policy, score: Score, *, may_act: bool) -> float:
    """Return the R at which the next thing happens."""
    if not policy.enabled:
        return inf
    if score.r < policy.warn_n:
        return policy.warn_n
    return policy.act_n if may_act and policy.action is not Action.WARN else inf


@dataclass(slots=True)
class _Track:
    """One of a metric's scores on its way through what arrived."""

    score: Score
    cause: Cause
    usual: Callable[[], float]
    began: datetime | None
    warning: Signal | None = None
    alarm: Signal | None = None

    def step(self, policy: Policy, followed: Followed, at: Sequence[Arrival], *, may_act: bool) -> bool:
        """Note where the dip began and what was reached; return whether it is an alarm."""
        if self.score.k == 0:
            self.began = None
        elif followed.began is not None:
            self.began = at[followed.began].at
        if not followed.reached:
            return False
        signal = Signal(
            self.cause, self.score.r, self.usual(), self.score.k, self.score.s, self.began, followed.until,
            at[followed.until - 1].at,
        )  # fmt: skip
        if may_act and policy.action is not Action.WARN and self.score.r >= policy.act_n:
            self.alarm = signal
            return True
        self.warning = signal
        return False


def by_rate(policy: Policy, memory: Memory, usable: Sequence[Arrival], found: Absorbed) -> None:
    outcomes = goods_of(policy, memory, usable)
    main = _Track(memory.score, Cause.DROP, lambda: memory.base.rate, memory.began)
    at = 0
    while at < len(outcomes):
        learning = memory.base.n < policy.act_after
        limit = _limit(policy, memory.score, may_act=not learning)
        if learning:
            followed = detector.learn_rate(
                memory.score, memory.base, outcomes, at, warn_after=policy.warn_after, act_after=policy.act_after,
                limit=limit, drop=policy.drop, better=policy.better,
            )  # fmt: skip
        else:
            followed = detector.follow_rate(memory.score, memory.base, outcomes, at, limit, policy.drop, policy.better)
        at = followed.until
        if main.step(policy, followed, usable, may_act=not learning):
            break
        if learning and memory.base.n >= policy.act_after:
            memory.score.restart()
            main.began = None
            memory.reference = Baseline(memory.base.n, memory.base.s)
    memory.began = main.began
    seen = outcomes[:at]
    memory.recent.add(len(seen), sum(seen), RECENT)
    under = None
    if policy.floor is not None:
        usual = memory.base.rate if memory.base.n >= policy.warn_after else policy.floor
        ratios = detector.floor_ratios(policy.floor, usual, policy.better)
        under = _follow_floor(policy, memory, usable[:at], seen, seen, ratios)
    _settle(found, main, under)


def _follow_floor(
    policy: Policy, memory: Memory, usable: Sequence[Arrival], kinds: Sequence[int], goods: Sequence[int],
    ratios: detector.Ratios,
) -> _Track:  # fmt: skip
    floor = policy.floor if policy.kind is MetricKind.RATE else 0.5
    track = _Track(memory.under, Cause.FLOOR, lambda: floor or 0.0, memory.under_began)
    at = 0
    while at < len(kinds):
        limit = _limit(policy, memory.under, may_act=True)
        followed = detector.follow_fixed(memory.under, kinds, goods, at, limit, ratios)
        at = followed.until
        if track.step(policy, followed, usable, may_act=True):
            break
    memory.under_began = track.began
    return track


def _settle(found: Absorbed, *tracks: _Track | None) -> None:
    """Take the earliest alarm, and the earliest warning where there is none."""
    given = [track for track in tracks if track is not None]
    alarms = [track.alarm for track in given if track.alarm is not None]
    warnings = [track.warning for track in given if track.warning is not None]
    found.alarm = min(alarms, key=lambda signal: signal.after, default=None)
    found.warning = min(warnings, key=lambda signal: signal.after, default=None)


def by_ranks(policy: Policy, memory: Memory, usable: Sequence[Arrival], found: Absorbed) -> None:
    main = _Track(memory.score, Cause.DROP, lambda: memory.ranks.above if memory.ranks else 0.5, memory.began)
    at = 0
    while at < len(usable):
        until = len(usable)
        if not memory.is_frozen:
            had_ranks = memory.ranks is not None
            until = _learn_values(policy, memory, usable, at)
            if not had_ranks:  # these made the ranks, or are too few for any
                at = until
                _freeze_at(policy, memory, main)
                continue
        assert memory.ranks is not None
        part = usable[:until]
        ranks = memory.ranks
        kinds = [detector.rank(ranks.edges, arrival.value or 0.0) for arrival in part]
        goods = goods_of(policy, memory, part)
        may_act = memory.is_frozen
        while at < until:
            limit = _limit(policy, memory.score, may_act=may_act)
            followed = detector.follow_fixed(memory.score, kinds, goods, at, limit, ranks.ratios)
            if main.step(policy, followed, usable, may_act=may_act):
                until = followed.until
            at = followed.until
        if main.alarm is not None:
            break
        _freeze_at(policy, memory, main)
    memory.began = main.began
    seen = usable[:at]
    goods = goods_of(policy, memory, seen)
    memory.recent.add(len(seen), sum(goods), RECENT)
    under = None
    if policy.floor is not None:
        sign = sign_of(policy)
        over = [int(sign * (arrival.value or 0.0) >= sign * policy.floor) for arrival in seen]
        under = _follow_floor(policy, memory, seen, over, over, detector.rate_ratios(0.5, policy.drop))
    _settle(found, main, under)


def _learn_values(policy: Policy, memory: Memory, usable: Sequence[Arrival], at: int) -> int:
    """Put values into the sample up to the next count at which it is frozen; return the index after them."""
    kept = len(memory.sample)
    goal = policy.warn_after if kept < policy.warn_after else policy.act_after
    until = min(len(usable), at + max(goal - kept, 0))
    memory.sample += [arrival.value or 0.0 for arrival in usable[at:until]]
    memory.base.n = len(memory.sample)
    if memory.ranks is None and len(memory.sample) >= policy.warn_after:
        memory.ranks = detector.freeze(memory.sample, policy.drop, policy.better)
    return until


def _freeze_at(policy: Policy, memory: Memory, main: _Track) -> None:
    """Freeze the baseline for good once it has `act_after` values; the score starts at zero then."""
    if memory.is_frozen or len(memory.sample) < policy.act_after:
        return
    memory.ranks = detector.freeze(memory.sample, policy.drop, policy.better)
    memory.is_frozen = True
    memory.sample = []
    memory.score.restart()
    main.began = None
