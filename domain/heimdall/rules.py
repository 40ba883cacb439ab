"""Heimdall as pure functions: tallies, windows, how sure a rate is, and the gate itself."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendar import stands_for

LAYER = "Heimdall"
CHARTER = ("BUYER_MATCH", "CAPITAL_ROUTE", "FOLLOWUP_NEXT_ACTION", "WHOLESALE_OFFER")
"""The domains that must have a policy before go-live (spec/2, seeds)."""
BUCKETS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Where one range of confidence ends and the next begins; below the first and from the last on are ranges too."""
MILLION = 1_000_000
SILENT_AFTER = timedelta(days=14)
"""Without evidence for so long, what is used in production goes back to the sandbox (spec/2)."""
SHOWN = (1, 7, 28)
"""The days every scorecard shows."""
LONGEST = 28
LOOKS_BACK = timedelta(days=30)
"""How far back a promotion's card looks at what would have passed."""
LEVEL = 0.95
TOLERANCE = 0.02
"""Below this, saying and delivering count as the same."""

NAMES = {
    "min_confidence_prod": "least confidence",
    "min_sandbox_trials": "least trials",
    "min_sandbox_success_rate": "least success in trials",
    "prod_use_enabled": "production use",
    "scorecard_days": "days of the scorecard",
}
"""What a person can set, in words."""


class Gate(StrEnum):
    """What the gate can answer, in the order of judgement (spec/2)."""

    PROD_USE_DISABLED = "prod_use_disabled"
    CONFIDENCE = "confidence_below_threshold"
    TRIALS = "insufficient_sandbox_trials"
    RATE = "sandbox_success_rate_below_threshold"
    ALREADY_USED = "already_used"
    PASS = "gate_pass"  # noqa: S105 - a word of the spec


class Cause(StrEnum):
    """Why something went back to the sandbox."""

    BY_HAND = "by_hand"
    RATE = "success_below_threshold"
    SILENCE = "no_evidence"
    MODEL = "model_changed"


@dataclass(frozen=True, slots=True)
class Tally:
    """Trials counted: how many, how many succeeded, and the sum of their confidence in millionths."""

    trials: int = 0
    successes: int = 0
    confidence_sum: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Count both."""
        return Tally(
            self.trials + other.trials, self.successes + other.successes, self.confidence_sum + other.confidence_sum
        )

    @property
    def rate(self) -> float | None:
        """Share of successes, 0 to 1; None without a trial."""
        return self.successes / self.trials if self.trials else None

    @property
    def says(self) -> float | None:
        """Mean confidence, 0 to 1; None without a trial."""
        return self.confidence_sum / self.trials / MILLION if self.trials else None


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the scorecard."""

    day: date
    is_production: bool
    model: str
    bucket: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Terms:
    """What a domain's policy asks for, and where the domain stands."""

    domain: str
    min_confidence_prod: float
    min_sandbox_trials: int
    min_sandbox_success_rate: float
    prod_use_enabled: bool
    scorecard_days: int
    version: int
    model: str | None = None
    prod_model: str | None = None
    prod_use_since: datetime | None = None
    promoted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer: the deciding code, every code that refuses, and what is only worth a warning."""

    code: Gate
    reasons: tuple[Gate, ...]
    warnings: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether nothing refuses."""
        return self.code is Gate.PASS


def bucket_of(confidence: float) -> int:
    """Return the number of the range a confidence is in."""
    return bisect_right(BUCKETS, confidence)


def bucket_range(bucket: int) -> tuple[float, float]:
    """Return where a range begins and ends, 0 to 1."""
    edges = (0.0, *BUCKETS, 1.0)
    return edges[bucket], edges[bucket + 1]


def business_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of a moment on the business's clock."""
    return moment.astimezone(zone).date()


def first_day(today: date, days: int) -> date:
    """Return the first of the last `days` calendar days, today among them."""
    return today - timedelta(days=days - 1)


def counted(scores: Iterable[Score], today: date, days: int, model: str | None) -> Tally:
    """Count the trials of the last `days` that say something about the model in use now.

    A trial that named another model than the last one named is no evidence for it; one that named none counts.
    """
    total = Tally()
    for score in scores:
        if first_day(today, days) <= score.day <= today and is_about(score, model):
            total += score.tally
    return total


def is_about(score: Score, model: str | None) -> bool:
    """Whether a row of the scorecard is evidence about that model."""
    return not score.model or score.model == model


def one(confidence: float, *, success: bool) -> Tally:
    """Count one trial."""
    return Tally(1, int(success), round(confidence * MILLION))


def judge(terms: Terms, tally: Tally, confidence: float, *, used: bool, model: str | None = None) -> Verdict:
    """Judge one recommendation: every gate, in the order of spec/2; the first that refuses decides.

    Once promoted on its evidence, too few trials in the window is a warning (spec/2); where production use was
    switched on without a promotion it refuses. `model` is the one that made the recommendation, where it was named:
    production use of another model is not enabled for it.
    """
    reasons: list[Gate] = []
    warnings: list[str] = []
    if not terms.prod_use_enabled or (model is not None and model != terms.prod_model):
        reasons.append(Gate.PROD_USE_DISABLED)
    if not confidence >= terms.min_confidence_prod:
        reasons.append(Gate.CONFIDENCE)
    if tally.trials < terms.min_sandbox_trials:
        if terms.prod_use_enabled and terms.promoted_at is not None:
            warnings.append(Gate.TRIALS.value)
        else:
            reasons.append(Gate.TRIALS)
    if is_under(terms, tally):
        reasons.append(Gate.RATE)
    if used:
        reasons.append(Gate.ALREADY_USED)
    return Verdict(reasons[0] if reasons else Gate.PASS, tuple(reasons), tuple(warnings))


def is_under(terms: Terms, tally: Tally) -> bool:
    """Whether the rate of success is under the threshold; without a trial there is no rate."""
    return tally.rate is not None and tally.rate < terms.min_sandbox_success_rate


def cause_to_demote(terms: Terms, tally: Tally, last_at: datetime | None, now: datetime) -> Cause | None:
    """Return why what is used in production must go back by itself, or None."""
    if not terms.prod_use_enabled:
        return None
    if terms.model != terms.prod_model:
        return Cause.MODEL
    if is_under(terms, tally):
        return Cause.RATE
    newest = max((moment for moment in (last_at, terms.prod_use_since) if moment is not None), default=None)
    return Cause.SILENCE if newest is None or now - newest >= SILENT_AFTER else None


# -- how sure a rate is ---------------------------------------------------------------------------------------


def interval(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Return between which rates the true one lies with the given chance, every rate being as likely before.

    The central interval of the Beta(successes + 1, failures + 1) distribution, exact for any number of trials
    (Bayes 1763; Gelman et al., Bayesian Data Analysis, section 2.1). Without trials: what says nothing, (0.025, 0.975).
    """
    a, b = successes + 1, trials - successes + 1
    tail = (1 - level) / 2
    return beta_quantile(tail, a, b), beta_quantile(1 - tail, a, b)


def chance_above(successes: int, trials: int, threshold: float) -> float:
    """Return the chance that the true rate is above `threshold`, by the same distribution."""
    return 1 - beta_cdf(threshold, successes + 1, trials - successes + 1)


def beta_quantile(share: float, a: float, b: float) -> float:
    """Return below which value that share of a Beta(a, b) distribution lies; by halving, to 1e-12."""
    low, high = 0.0, 1.0
    while high - low > 1e-12:  # noqa: PLR2004 - far finer than anything that is shown
        middle = (low + high) / 2
        if beta_cdf(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), for a, b > 0.

    By its continued fraction (DLMF 8.17.22) evaluated with Lentz's method, on the side where it converges fast.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)
    log_front = a * math.log(x) + b * math.log1p(-x) - math.lgamma(a) - math.lgamma(b) + math.lgamma(a + b)
    return math.exp(log_front) / a * _continued_fraction(x, a, b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Return 1/(1 + d1/(1 + d2/(1 + …))); raises `ArithmeticError` where it does not settle."""
    tiny = 1e-300
    numerator, denominator = 1.0, 1 - (a + b) * x / (a + 1)
    denominator = 1 / (denominator if abs(denominator) > tiny else tiny)
    value = denominator
    steps = 1_000 + 10 * math.isqrt(int(a + b))
    for m in range(1, steps):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            denominator = 1 + term * denominator
            denominator = 1 / (denominator if abs(denominator) > tiny else tiny)
            numerator = 1 + term / numerator
            numerator = numerator if abs(numerator) > tiny else tiny
            change = numerator * denominator
            value *= change
        if abs(change - 1) < 1e-15:  # noqa: PLR2004 - the last digit
            return value
    raise ArithmeticError(f"I_{x}({a}, {b}) did not settle")


def chances(probability: float) -> str:
    """Say a probability as people do: `about 5 chances in 6`."""
    if probability >= 0.995:  # noqa: PLR2004 - what rounds to certainty is not said to be one
        return "more than 99 chances in 100"
    if probability <= 0.005:  # noqa: PLR2004
        return "less than 1 chance in 100"
    within = range(2, 11) if 0.1 <= probability <= 0.9 else (20, 100)  # noqa: PLR2004 - small numbers are pictured best
    hits, of = min(
        ((round(probability * count), count) for count in within),
        key=lambda pair: (round(abs(pair[0] / pair[1] - probability), 9), pair[1]),
    )
    return f"about {hits} chance{'s' if hits != 1 else ''} in {of}"


def percent(share: float, digits: int = 0) -> str:
    """Return `86 %` or `86.2 %`; what is not all is never shown as 100, nor what is not none as 0."""
    shown = f"{share * 100:.{digits}f}"
    step = 10**-digits
    if share < 1 and float(shown) >= 100:  # noqa: PLR2004
        shown = f"{100 - step:.{digits}f}"
    if share > 0 and float(shown) <= 0:
        shown = f"{step:.{digits}f}"
    return f"{shown} %"


def threshold(share: float) -> str:
    """Return a threshold without digits it does not have: `82 %`, `82.5 %`."""
    return f"{round(share * 100, 4):g} %"


def confidence(share: float) -> str:
    """Return a confidence as it is typed: `.92`."""
    return f"{share:.6f}".rstrip("0").rstrip(".").removeprefix("0") or "0"


def shown(name: str, value: Any) -> str:
    """Return a figure of a policy in words."""
    if value is None:
        return "none"
    if name == "prod_use_enabled":
        return "on" if value else "off"
    if name == "min_confidence_prod":
        return confidence(value)
    return threshold(value) if name == "min_sandbox_success_rate" else str(value)


def how_sure(tally: Tally, least: float) -> str:
    """Say between what the true rate lies, and how likely it is above the threshold."""
    if not tally.trials:
        return "nothing is known: there is no trial"
    low, high = interval(tally.successes, tally.trials)
    above = chances(chance_above(tally.successes, tally.trials, least))
    return f"between {percent(low)} and {percent(high)}; {above} that it really is above {threshold(least)}"


def calibration(tally: Tally) -> str:
    """Say by how much a model is surer of itself than it should be."""
    if tally.rate is None or tally.says is None:
        return "nothing to compare yet"
    gap = tally.says - tally.rate
    if abs(gap) < TOLERANCE:
        return "it is about as sure of itself as it should be"
    points = max(1, round(abs(gap) * 100))
    word = "point" if points == 1 else "points"
    return f"it is about {points} {word} too {'sure' if gap > 0 else 'unsure'} of itself"


# -- a series of days -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Day:
    """One day's trials."""

    day: date
    tally: Tally


def series(scores: Sequence[Score], today: date, days: int, model: str | None) -> tuple[Day, ...]:
    """Return every one of the last `days`, oldest first, those without a trial too."""
    by_day: dict[date, Tally] = {}
    for score in scores:
        if is_about(score, model):
            by_day[score.day] = by_day.get(score.day, Tally()) + score.tally
    start = first_day(today, days)
    return tuple(Day(day, by_day.get(day, Tally())) for day in (start + timedelta(days=n) for n in range(days)))


def finding(days: Sequence[Day], least: float) -> str:
    """Say what a chart of these days shows: the text a reader gets who cannot see it (spec/cards, 2)."""
    known = [(found.tally.rate, found.day) for found in days if found.tally.rate is not None]
    if not known:
        return f"No trial in {len(days)} days"
    above = sum(rate > least for rate, _ in known)
    lowest, day = min(known, key=lambda pair: (pair[0], -pair[1].toordinal()))
    gaps = len(days) - len(known)
    without = f" ({gaps} without a trial)" if gaps else ""
    head = f"Success above {threshold(least)} on {above} of {len(known)} days{without}"
    return f"{head}, lowest {percent(lowest)} on {day.day} {day:%B}"


# -- the Friday digest ------------------------------------------------------------------------------------------

FRIDAY = 4
DIGEST_HOUR = 16


def digest_due(now: datetime, zone: ZoneInfo) -> date | None:
    """Return the Friday whose digest is to be posted on the day of `now`, once its hour has come; else None.

    On a holiday it is the next working day (spec/2).
    """
    today = business_day(now, zone)
    friday = stands_for(today, FRIDAY)
    return friday if friday is not None and now >= at_hour(today, DIGEST_HOUR, zone) else None


def at_hour(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return that hour of a day of the business, in UTC."""
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
