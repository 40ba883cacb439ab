"""How much happens: the Poisson form of the score, hour by hour of the week, of constant state (tripwire-detector.md).

An hour's expectation comes from the same hour of earlier weeks. It is known from few counts, so the likelihoods are
those of a Poisson rate that is itself uncertain (gamma): with S events in W earlier weeks, c now and a change to θ of
the usual rate, L = ((W+1)/(W+θ))^(S+½) · (θ·(W+1)/(W+θ))^c.

A public holiday is no weekday like the others: its hours are neither learned nor scored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from domain.calendar import is_holiday
from domain.regression.detector import LARGEST_SCORE, Better, Score

FIRST_DAY = date(1970, 1, 1)
HOURS = 168
LEAST_WEEKS = 2
"""Weeks every hour of the week needs before anything is said of it."""
MOST_WEEKS = 8
MOST_GAP = 24 * 28
"""Hours without a look that are made up for; a longer gap is a program that did not run."""


@dataclass(slots=True)
class Hours:
    """What is usual for each hour of the week, and the hour that is not over."""

    sums: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    weeks: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    hour: int | None = None
    """The open hour: hours since 1970 in the business's clock."""
    since: int = 0
    """The first hour that counts: after a release, the first whole one."""
    count: int = 0
    dip: dict[int, list[float]] = field(default_factory=dict)
    """Of the current dip: what its hours would add, so that a dip that was none goes into the usual."""

    def restart(self, hour: int) -> None:
        """Count from this hour on, as after a release: what was not counted before it is no silence."""
        self.hour, self.since, self.count = hour, hour, 0
        self.dip.clear()

    def usual(self, place: int) -> tuple[float, float]:
        """Return events and weeks of one hour of the week."""
        return self.sums[place], self.weeks[place]

    def add(self, place: int, count: float, weeks: float = 1.0) -> None:
        """Take hours in; older weeks fade beyond the cap."""
        self.sums[place] += count
        self.weeks[place] += weeks
        if self.weeks[place] > MOST_WEEKS:
            self.sums[place] *= MOST_WEEKS / self.weeks[place]
            self.weeks[place] = MOST_WEEKS

    @property
    def expected_week(self) -> float:
        """Return the events of a usual week."""
        return sum(total / weeks for total, weeks in zip(self.sums, self.weeks, strict=True) if weeks)


def factor(drop: float, better: Better) -> float:
    """Return what the rate is multiplied with by the change that is looked for."""
    return 1 - drop if better is Better.HIGHER else 1 + drop


def hour_step(total: float, weeks: float, count: int, theta: float) -> float:
    """Return the log-likelihood ratio of an hour with `count` events for a change of its rate to `theta`."""
    known = math.log((weeks + 1) / (weeks + theta))
    return (total + 0.5) * known + count * (math.log(theta) + known)


def floor_step(expected: float, count: int, theta: float) -> float:
    """Return the same against a rate that is known: the floor's."""
    return count * math.log(theta) - (theta - 1) * expected


def closed_hours(hours: Hours, until: int) -> Sequence[tuple[int, int]]:
    """Close every hour before `until`; return `(hour, count)` of each, the empty ones too, without holidays."""
    if hours.hour is None or until <= hours.hour:
        return ()
    first, count = hours.hour, hours.count
    hours.hour, hours.count = until, 0
    empty = [(hour, 0) for hour in range(max(first + 1, until - MOST_GAP), until)]
    return [each for each in [(first, count), *empty] if not is_holiday(FIRST_DAY + timedelta(hours=each[0]))]


def take_hour(score: Score, hours: Hours, place: int, count: int, theta: float) -> bool:
    """Score one hour that is over; return whether it could be scored: an hour seen too seldom is only learned."""
    total, weeks = hours.usual(place)
    if weeks < LEAST_WEEKS:
        hours.add(place, count)
        return False
    step = hour_step(total, weeks, count, theta)
    score.r = min((1 + score.r) * math.exp(min(step, 500.0)), LARGEST_SCORE)
    score.c += step
    score.k += 1
    score.s += count
    held = hours.dip.setdefault(place, [0.0, 0.0])
    held[0] += count
    held[1] += 1
    if score.c <= 0:
        for each, (counted, seen) in hours.dip.items():
            hours.add(each, counted, seen)
        hours.dip.clear()
        score.c, score.k, score.s = 0.0, 0, 0
    return True
