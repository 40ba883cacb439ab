"""The rules alone: how sure a rate is, calibration, windows, the gate, the Friday."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import comb
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import is_working_day, stands_for
from domain.heimdall import rules
from domain.heimdall.rules import Gate, Score, Tally, Terms

TORONTO = ZoneInfo("America/Toronto")
NOON = datetime(2026, 11, 27, 17, tzinfo=UTC)
SEED = Terms("WHOLESALE_OFFER", 0.92, 75, 0.82, False, 7, 1)
LIVE = Terms("WHOLESALE_OFFER", 0.92, 75, 0.82, True, 7, 2, prod_use_since=NOON, promoted_at=NOON)


def tally(successes: int, trials: int, says: float = 0.93) -> Tally:
    return Tally(trials, successes, round(trials * says * rules.MILLION))


class TestBeta:
    """The distribution of a rate, against sums that are exact."""

    @given(a=st.integers(1, 60), b=st.integers(1, 60), x=st.integers(1, 99))
    def test_for_whole_numbers_it_is_a_sum_of_binomial_terms(self, a: int, b: int, x: int) -> None:
        """I_x(a, b) is the chance of at least a successes in a + b - 1 draws, here in exact fractions."""
        p, n = Fraction(x, 100), a + b - 1
        exact = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(a, n + 1))
        assert rules.beta_cdf(x / 100, a, b) == pytest.approx(float(exact), abs=1e-12)

    @pytest.mark.parametrize(
        ("x", "a", "b", "known"),
        [
            (0.5, 0.5, 0.5, 0.5),  # the arcsine law
            (0.25, 0.5, 0.5, 1 / 3),
            (0.3, 1, 1, 0.3),  # uniform
            (0.3, 2.5, 1, 0.3**2.5),
            (0.9, 1, 3.5, 1 - 0.1**3.5),
            (0.0, 3, 4, 0.0),
            (1.0, 3, 4, 1.0),
        ],
    )
    def test_values_known_in_closed_form(self, x: float, a: float, b: float, known: float) -> None:
        assert rules.beta_cdf(x, a, b) == pytest.approx(known, abs=1e-12)

    @given(share=st.floats(0.001, 0.999), successes=st.integers(0, 5_000), failures=st.integers(0, 5_000))
    def test_the_quantile_undoes_the_distribution(self, share: float, successes: int, failures: int) -> None:
        value = rules.beta_quantile(share, successes + 1, failures + 1)
        assert rules.beta_cdf(value, successes + 1, failures + 1) == pytest.approx(share, abs=1e-6)

    def test_it_settles_for_very_many_trials(self) -> None:
        """A million trials: the interval is that of the normal law."""
        low, high = rules.interval(820_000, 1_000_000)
        assert (low, high) == pytest.approx((0.819246, 0.820752), abs=2e-6)

    @given(trials=st.integers(1, 400), data=st.data())
    def test_the_rate_is_inside_and_more_trials_say_more(self, trials: int, data: st.DataObject) -> None:
        successes = data.draw(st.integers(0, trials))
        low, high = rules.interval(successes, trials)
        assert 0 <= low < high <= 1
        assert low <= (successes + 1) / (trials + 2) <= high
        tenfold = rules.interval(successes * 10, trials * 10)
        assert tenfold[1] - tenfold[0] < high - low

    def test_as_on_the_card(self) -> None:
        """75 of 87 is what the card of the specification shows."""
        said = rules.how_sure(tally(75, 87), 0.82)
        assert said == "between 77 % and 92 %; about 5 chances in 6 that it really is above 82 %"

    def test_without_a_trial_nothing_is_known(self) -> None:
        assert rules.how_sure(Tally(), 0.82) == "nothing is known: there is no trial"


class TestWords:
    """Figures as people read them."""

    @pytest.mark.parametrize(
        ("probability", "said"),
        [
            (0.5, "about 1 chance in 2"), (5 / 6, "about 5 chances in 6"), (0.82, "about 5 chances in 6"),
            (0.1, "about 1 chance in 10"), (0.95, "about 19 chances in 20"), (0.97, "about 97 chances in 100"),
            (0.9999, "more than 99 chances in 100"), (0.001, "less than 1 chance in 100"),
            (0.07, "about 7 chances in 100"),
        ],
    )  # fmt: skip
    def test_chances(self, probability: float, said: str) -> None:
        assert rules.chances(probability) == said

    @given(st.floats(0, 1))
    def test_chances_are_near_what_they_say(self, probability: float) -> None:
        said = rules.chances(probability)
        if said.startswith("about"):
            _, hits, _, _, of = said.split()
            assert abs(int(hits) / int(of) - probability) <= 0.06
        else:
            assert probability >= 0.995 or probability <= 0.005

    @pytest.mark.parametrize(
        ("successes", "says", "said"),
        [
            (75, 0.93, "it is about 7 points too sure of itself"),
            (87, 0.93, "it is about 7 points too unsure of itself"),
            (81, 0.94, "it is about as sure of itself as it should be"),
        ],
    )
    def test_calibration(self, successes: int, says: float, said: str) -> None:
        assert rules.calibration(tally(successes, 87, says)) == said

    def test_what_is_not_all_is_not_shown_as_all(self) -> None:
        assert rules.percent(0.99999, 1) == "99.9 %"
        assert rules.percent(0.00001) == "1 %"
        assert rules.percent(1.0) == "100 %"
        assert rules.percent(0.8621, 1) == "86.2 %"
        assert (rules.threshold(0.825), rules.confidence(0.92), rules.confidence(1)) == ("82.5 %", ".92", "1")

    def test_the_finding_of_a_chart(self) -> None:
        """The sentence of the specification's card, from 28 days."""
        start = date(2026, 10, 31)
        lows = {9: 79, 3: 80, 15: 81, 20: 82}
        days = [
            rules.Day(start + timedelta(days=n), Tally(100, lows.get((start + timedelta(days=n)).day, 90)))
            for n in range(28)
        ]
        assert rules.finding(days, 0.82) == "Success above 82 % on 24 of 28 days, lowest 79 % on 9 November"
        assert rules.finding([rules.Day(start, Tally())], 0.82) == "No trial in 1 days"
        some = [*days[:2], rules.Day(start, Tally())]
        assert "2 of 2 days (1 without a trial)" in rules.finding(some, 0.82)


class TestBuckets:
    """Ranges of confidence."""

    @given(st.floats(0, 1))
    def test_every_confidence_is_in_its_range(self, confidence: float) -> None:
        low, high = rules.bucket_range(rules.bucket_of(confidence))
        assert low <= confidence <= high
        assert confidence < high or confidence == 1.0


ONE = Tally(1, 1, 930_000)


class TestWindows:
    """Days of the business, whatever the clocks do."""

    @given(
        days=st.integers(1, 90),
        minute=st.integers(0, 2 * 365 * 24 * 60),
        age=st.integers(0, 120 * 24 * 60),
    )
    def test_a_trial_counts_for_exactly_as_many_days_as_the_scorecard_has(
        self, days: int, minute: int, age: int
    ) -> None:
        """Over midnight and both changes of the clocks: counted while fewer than `days` midnights have passed."""
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
        now = start + timedelta(minutes=age)
        then, today = rules.business_day(start, TORONTO), rules.business_day(now, TORONTO)
        score = Score(then, is_production=False, model="", bucket=5, tally=ONE)
        midnights = (today - then).days
        expected = 1 if midnights < days else 0
        assert rules.counted([score], today, days, None).trials == expected

    def test_a_gate_that_passes_at_23_59_passes_at_00_01(self) -> None:
        """Failure 17, as a rule: the same trials on either side of midnight, in summer, winter and at the changes."""
        for month, day in ((3, 8), (11, 1), (7, 1), (12, 31)):
            before = datetime(2026, month, day, 23, 59, tzinfo=TORONTO)
            today = rules.business_day(before, TORONTO)
            tomorrow = rules.business_day(before.astimezone(UTC) + timedelta(minutes=2), TORONTO)
            assert tomorrow == today + timedelta(days=1)
            score = Score(today, is_production=False, model="", bucket=5, tally=tally(75, 87))
            for at in (today, tomorrow):
                assert rules.counted([score], at, 7, None).trials == 87

    @given(
        st.lists(
            st.tuples(st.integers(0, 40), st.integers(1, 50), st.sampled_from(["", "a", "b"])), max_size=30
        ),
        st.integers(1, 40), st.sampled_from([None, "a", "b"]),
    )  # fmt: skip
    def test_a_window_is_the_sum_of_its_days(
        self, rows: list[tuple[int, int, str]], days: int, model: str | None
    ) -> None:
        today = date(2026, 11, 27)
        scores = [
            Score(today - timedelta(days=age), False, named, 1, Tally(n, 0, 0))
            for age, n, named in rows
        ]  # fmt: skip
        expected = sum(n for age, n, named in rows if age < days and named in ("", model))
        assert rules.counted(scores, today, days, model).trials == expected
        assert sum(day.tally.trials for day in rules.series(scores, today, days, model)) == expected

    def test_trials_of_another_model_are_no_evidence(self) -> None:
        today = date(2026, 11, 27)
        scores = [
            Score(today, False, named, 1, ONE) for named in ("", "a", "b")
        ]  # fmt: skip
        assert rules.counted(scores, today, 7, "a").trials == 2
        assert rules.counted(scores, today, 7, None).trials == 1


class TestGate:
    """The codes of the specification, in its order."""

    @pytest.mark.parametrize(
        ("terms", "found", "confidence", "used", "code"),
        [
            (SEED, tally(75, 87), 0.99, False, Gate.PROD_USE_DISABLED),
            (LIVE, tally(75, 87), 0.9199, False, Gate.CONFIDENCE),
            (LIVE, tally(75, 87), float("nan"), False, Gate.CONFIDENCE),
            (LIVE, tally(71, 87), 0.92, False, Gate.RATE),
            (LIVE, tally(75, 87), 0.92, True, Gate.ALREADY_USED),
            (LIVE, tally(75, 87), 0.92, False, Gate.PASS),
            (LIVE, tally(41, 50), 0.92, False, Gate.PASS),
            (LIVE, Tally(), 0.92, False, Gate.PASS),
        ],
    )
    def test_the_deciding_code(
        self, terms: Terms, found: Tally, confidence: float, used: bool, code: Gate
    ) -> None:  # fmt: skip
        verdict = rules.judge(terms, found, confidence, used=used)
        assert verdict.code is code
        assert verdict.passes is (code is Gate.PASS)

    def test_too_few_trials_refuse_without_a_promotion_and_warn_after_one(self) -> None:
        """spec/2: after promotion too few trials is a warning."""
        few = tally(74, 74)
        switched_on = Terms("X", 0.92, 75, 0.82, True, 7, 2, prod_use_since=NOON)
        assert rules.judge(switched_on, few, 0.95, used=False).code is Gate.TRIALS
        promoted = rules.judge(LIVE, few, 0.95, used=False)
        assert (promoted.code, promoted.warnings) == (Gate.PASS, ("insufficient_sandbox_trials",))

    def test_every_code_that_refuses_is_named(self) -> None:
        verdict = rules.judge(SEED, tally(1, 10), 0.5, used=True)
        assert [reason.value for reason in verdict.reasons] == [
            "prod_use_disabled", "confidence_below_threshold", "insufficient_sandbox_trials",
            "sandbox_success_rate_below_threshold", "already_used",
        ]  # fmt: skip

    def test_production_use_is_for_the_model_that_was_approved(self) -> None:
        live = Terms("X", 0.92, 75, 0.82, True, 7, 2, model="b", prod_model="b", prod_use_since=NOON, promoted_at=NOON)
        assert rules.judge(live, tally(75, 87), 0.95, used=False, model="b").passes
        assert rules.judge(live, tally(75, 87), 0.95, used=False, model="a").code is Gate.PROD_USE_DISABLED

    @given(successes=st.integers(0, 200), more=st.integers(0, 200), confidence=st.floats(0, 1))
    def test_what_passes_reaches_every_threshold(self, successes: int, more: int, confidence: float) -> None:
        found = tally(successes, successes + more)
        terms = Terms("X", 0.92, 75, 0.82, True, 7, 2, prod_use_since=NOON)
        passes = rules.judge(terms, found, confidence, used=False).passes
        assert passes is (confidence >= 0.92 and found.trials >= 75 and (found.rate or 0) >= 0.82)


class TestDemotion:
    """What sends a domain back by itself."""

    @pytest.mark.parametrize(
        ("found", "silent_for", "cause"),
        [
            (tally(75, 87), timedelta(days=1), None),
            (tally(71, 87), timedelta(days=1), rules.Cause.RATE),
            (Tally(), timedelta(days=14) - timedelta(seconds=1), None),
            (Tally(), timedelta(days=14), rules.Cause.SILENCE),
        ],
    )
    def test_causes(self, found: Tally, silent_for: timedelta, cause: rules.Cause | None) -> None:
        now = NOON + silent_for
        assert rules.cause_to_demote(LIVE, found, NOON - timedelta(days=40), now) is cause

    def test_evidence_ends_the_silence(self) -> None:
        now = NOON + timedelta(days=60)
        assert rules.cause_to_demote(LIVE, tally(1, 1), now - timedelta(days=13), now) is None

    def test_another_model(self) -> None:
        changed = Terms("X", 0.92, 75, 0.82, True, 7, 2, model="b", prod_model="a", prod_use_since=NOON)
        assert rules.cause_to_demote(changed, tally(87, 87), NOON, NOON) is rules.Cause.MODEL

    def test_in_the_sandbox_nothing_does(self) -> None:
        assert rules.cause_to_demote(SEED, tally(0, 87), None, NOON) is None


class TestFriday:
    """The digest's day: Friday at four, on a holiday the working day after."""

    @pytest.mark.parametrize(
        ("local", "friday"),
        [
            ("2026-11-27T15:59", None), ("2026-11-27T16:00", "2026-11-27"), ("2026-11-27T23:59", "2026-11-27"),
            ("2026-11-28T16:00", None), ("2026-11-30T16:00", None), ("2026-11-26T16:00", None),
            ("2026-12-25T16:00", None), ("2026-12-28T16:00", None), ("2026-12-29T15:59", None),
            ("2026-12-29T16:00", "2026-12-25"), ("2026-12-30T16:00", None),
            ("2026-04-03T16:00", None), ("2026-04-06T16:00", "2026-04-03"),
        ],
    )  # fmt: skip
    def test_when_it_is_due(self, local: str, friday: str | None) -> None:
        """Christmas 2026 and Good Friday are Fridays; Boxing Day is a Saturday, so that Monday is one too."""
        now = datetime.fromisoformat(local).replace(tzinfo=TORONTO).astimezone(UTC)
        assert rules.digest_due(now, TORONTO) == (date.fromisoformat(friday) if friday else None)

    @given(st.dates(date(2024, 1, 1), date(2030, 12, 20)), st.integers(0, 6))
    def test_every_week_has_exactly_one(self, start: date, weekday: int) -> None:
        """Each day of that weekday is stood for by one working day, itself or the first after it."""
        nominal = start + timedelta(days=(weekday - start.weekday()) % 7)
        standing = [
            nominal + timedelta(days=n)
            for n in range(14)
            if stands_for(nominal + timedelta(days=n), weekday) == nominal
        ]
        if weekday < 5:
            assert len(standing) == 1
            assert is_working_day(standing[0])
            assert not any(is_working_day(nominal + timedelta(days=n)) for n in range((standing[0] - nominal).days))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("min_confidence_prod", 0.92, ".92"), ("min_sandbox_success_rate", 0.825, "82.5 %"),
        ("min_sandbox_trials", 75, "75"),
        ("scorecard_days", 7, "7"), ("prod_use_enabled", True, "on"), ("prod_use_enabled", False, "off"),
        ("min_sandbox_trials", None, "none"),
    ],
)  # fmt: skip
def test_each_figure_of_a_policy_is_said_in_its_own_way(name: str, value: Any, words: str) -> None:
    assert rules.shown(name, value) == words
