"""The scores as pure functions: what the formulas say, and what no stream of events may do to them."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.regression.detector import (
    MOST_BASELINE,
    Baseline,
    Better,
    Score,
    bounded_drop,
    floor_ratios,
    follow_fixed,
    follow_rate,
    freeze,
    learn_rate,
    rank,
    rate_ratios,
    slide_score,
    standard_errors_for,
)

OUTCOMES = st.lists(st.integers(0, 1), max_size=400)
RATE = st.floats(0.02, 0.98)
DROP = st.floats(0.15, 0.5)
NEVER = math.inf


def plain(outcomes: list[int], n0: float, s0: float, drop: float) -> tuple[float, float, int, int, float, float]:
    """The loop of tripwire-detector.md, written down as it stands there, with log R."""
    log_r, c, k, s = -math.inf, 0.0, 0, 0
    for success in outcomes:
        p = (s0 + 0.5) / (n0 + 1)
        step = math.log(1 - drop) if success else math.log(1 + drop * p / (1 - p))
        log_r = step + (math.log1p(math.exp(log_r)) if log_r > -math.inf else 0.0)
        c += step
        k += 1
        s += success
        if c <= 0:
            n0, s0 = n0 + k, s0 + s
            if n0 > MOST_BASELINE:
                s0, n0 = s0 / 2, n0 / 2
            c, k, s = 0.0, 0, 0
    return log_r, c, k, s, n0, s0


@given(OUTCOMES, st.integers(200, 5_000), RATE, DROP)
def test_following_a_rate_is_the_loop_of_the_specification(
    outcomes: list[int], n0: int, rate: float, drop: float
) -> None:
    """R, C, k, s and the baseline after any stream."""
    score, base = Score(), Baseline(n0, rate * n0)
    follow_rate(score, base, outcomes, 0, NEVER, drop, Better.HIGHER)
    log_r, c, k, s, n, good = plain(outcomes, n0, rate * n0, drop)
    assert score.r == pytest.approx(math.exp(log_r), rel=1e-9)
    assert (score.k, score.s) == (k, s)
    assert score.c == pytest.approx(c, abs=1e-9)
    assert base.n == pytest.approx(n)
    assert base.s == pytest.approx(good)


@given(OUTCOMES, st.integers(0, 400), RATE, DROP, st.sampled_from(list(Better)))
def test_in_how_many_pieces_events_come_makes_no_difference(
    outcomes: list[int], cut: int, rate: float, drop: float, better: Better
) -> None:
    """One call or two: the same state, so a batch is worth its events."""
    whole, base = Score(), Baseline(1_000, 1_000 * rate)
    follow_rate(whole, base, outcomes, 0, NEVER, drop, better)
    parts, other = Score(), Baseline(1_000, 1_000 * rate)
    follow_rate(parts, other, outcomes[:cut], 0, NEVER, drop, better)
    follow_rate(parts, other, outcomes[cut:], 0, NEVER, drop, better)
    assert whole == parts
    assert base == other


@given(RATE, DROP, st.sampled_from(list(Better)))
def test_where_nothing_changed_no_event_is_worth_anything_on_average(rate: float, drop: float, better: Better) -> None:
    """E[L] = 1: that is what makes R's threshold the mean number of events between false alarms."""
    fail, success = rate_ratios(rate, drop, better)
    assert (1 - rate) * fail + rate * success == pytest.approx(1)
    assert (success < 1 < fail) == (better is Better.HIGHER)


@given(st.floats(0.05, 0.95), RATE, st.sampled_from(list(Better)))
def test_on_its_floor_a_rate_is_worth_nothing_either(floor: float, usual: float, better: Better) -> None:
    """The floor is what is normal for its score."""
    fail, success = floor_ratios(floor, usual, better)
    assert (1 - floor) * fail + floor * success == pytest.approx(1)


@given(st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=300), DROP, st.sampled_from(list(Better)))
def test_the_ranks_of_a_frozen_baseline_are_worth_nothing_on_average(
    sample: list[float], drop: float, better: Better
) -> None:
    """Over the baseline's own (smoothed) distribution, whatever the values are: ties, negatives, huge ones."""
    ranks = freeze(sample, drop, better)
    places = len(ranks.edges) + 1
    counts = [0.5] * places
    for each in sample:
        counts[rank(ranks.edges, each)] += 1
    total = sum(counts)
    assert sum(number / total * ratio for number, ratio in zip(counts, ranks.ratios, strict=True)) == pytest.approx(1)
    assert all(ratio > 0 for ratio in ranks.ratios)
    assert places <= 10


@given(OUTCOMES, RATE)
def test_a_baseline_never_remembers_more_than_its_cap(outcomes: list[int], rate: float) -> None:
    """Constant state: the rate stays within (0, 1), the count at most 5,000 and never under half of that."""
    base = Baseline(MOST_BASELINE, MOST_BASELINE * rate)
    follow_rate(Score(), base, outcomes * 3, 0, NEVER, 0.3, Better.HIGHER)
    assert MOST_BASELINE / 2 <= base.n <= MOST_BASELINE
    assert 0 < base.rate < 1


def test_a_limit_stops_the_score_at_the_event_that_reached_it() -> None:
    """Events after the alarm are not in its figures."""
    score, base = Score(), Baseline(1_000, 410)
    followed = follow_rate(score, base, [0] * 500, 0, 100_000, 0.3, Better.HIGHER)
    assert followed.reached
    assert followed.until == score.k < 500
    assert score.r >= 100_000
    assert followed.began == 0
    assert base == Baseline(1_000, 410)  # the dip never went into it


def test_while_it_learns_every_event_is_the_baseline_and_the_score_starts_at_zero_after() -> None:
    """tripwire-detector.md, Learning."""
    rng = random.Random(7)
    outcomes = [int(rng.random() < 0.25) for _ in range(1_000)]
    score, base = Score(), Baseline()
    first = learn_rate(
        score, base, outcomes[:150], 0, warn_after=200, act_after=1_000, limit=NEVER, drop=0.2, better=Better.HIGHER
    )
    assert (base.n, score, first.reached) == (150, Score(), False)
    learn_rate(
        score, base, outcomes[150:999], 0, warn_after=200, act_after=1_000, limit=NEVER, drop=0.2, better=Better.HIGHER
    )
    assert base.n == 999
    assert score.r > 0
    learn_rate(
        score, base, outcomes[999:], 0, warn_after=200, act_after=1_000, limit=NEVER, drop=0.2, better=Better.HIGHER
    )
    assert (base.n, base.s) == (1_000, sum(outcomes))
    assert score == Score()


def test_the_drop_that_is_looked_for_is_bounded() -> None:
    """[.15, .5], else .30."""
    assert [bounded_drop(each) for each in (0.05, 0.2, 0.9, None)] == [0.15, 0.2, 0.5, 0.3]


@pytest.mark.parametrize(("better", "factor"), [(Better.HIGHER, 0.7), (Better.LOWER, 1.3)])
def test_heavy_tails_are_compared_by_rank(better: Better, factor: float) -> None:
    """A change of 30 % in a log-normal is found in the bad direction, and never in the good one."""
    rng = random.Random(3)
    ranks = freeze([rng.lognormvariate(0, 1) for _ in range(1_000)], 0.3, better)

    def events_to_alarm(scale: float) -> int:
        score = Score()
        values = [rng.lognormvariate(0, 1) * scale for _ in range(3_000)]
        kinds = [rank(ranks.edges, each) for each in values]
        followed = follow_fixed(score, kinds, [0] * len(kinds), 0, 100_000, ranks.ratios)
        return followed.until if followed.reached else 0

    assert 0 < events_to_alarm(factor) < 1_500
    assert events_to_alarm(1 / factor) == 0


def test_one_huge_value_raises_no_alarm_and_hides_none() -> None:
    """Ranks, never a mean."""
    rng = random.Random(5)
    ranks = freeze([rng.gauss(0.1, 0.05) for _ in range(1_000)], 0.3, Better.HIGHER)
    score = Score()
    values = [rng.gauss(0.04, 0.05) if each % 10 else 1e12 for each in range(600)]
    kinds = [rank(ranks.edges, each) for each in values]
    assert follow_fixed(score, kinds, [0] * 600, 0, 100_000, ranks.ratios).reached


def test_a_slide_is_measured_in_standard_errors() -> None:
    """30 % of 40 % over 2,000 events is beyond doubt; of 100 it is not; better is never worse."""
    needed = standard_errors_for(100_000)
    assert slide_score(Baseline(1_000, 400), Baseline(2_000, 560), Better.HIGHER) > needed
    assert slide_score(Baseline(1_000, 400), Baseline(100, 28), Better.HIGHER) < needed
    assert slide_score(Baseline(1_000, 400), Baseline(2_000, 1_040), Better.HIGHER) < 0
    assert slide_score(Baseline(1_000, 50), Baseline(2_000, 220), Better.LOWER) > needed
    assert slide_score(Baseline(1, 1), Baseline(1, 0), Better.HIGHER) > 0
    assert (
        slide_score(Baseline(), Baseline(1, 0), Better.HIGHER)
        == slide_score(Baseline(1, 1), Baseline(), Better.HIGHER)
        == 0
    )
    assert slide_score(Baseline(), Baseline(10, 1), Better.HIGHER) == 0
