"""The tables of tripwire-detector.md, out of our own rules: `make detector`, some minutes on two cores.

What the tables do not say was settled by trying: how a full baseline forgets (`Baseline.add`), and that the published
delays are those of the detector as it is seeded by default (it looks for a drop of 30 %), 1,000 events after it was
armed (a stream with an alarm before that is drawn again), followed for 10,000 events after the change at most; a
stream without an alarm until then counts as 10,000. Baselines are drawn: s0 successes of 1,000 at the rate p, so the
figures are means over baselines ("effective").

A delay holds where it is within 10 % of the published one; as many streams are run as make 10 % more than twice its
own standard error. An ARL0 holds where it is within 3 standard errors: of the difference of two means of 400 run
lengths, since how many the published ones were made of is not known; the distance in our own errors alone is printed
beside it. What does not hold is printed as missed, and the exit code is 1.
"""

import math
import random
import statistics
import sys
import time
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import accumulate, product

from domain.regression.detector import DEFAULT_DROP, Baseline, Better, Score, follow_rate
from domain.regression.window import compare, drop_of, exact

RATES = (0.25, 0.40, 0.60, 0.90)
DROPS = (0.2, 0.3, 0.5)
THRESHOLDS = (10_000, 100_000)
DELAYS = {
    (0.25, 10_000): (517, 236, 105), (0.25, 100_000): (1_218, 390, 161),
    (0.40, 10_000): (293, 142, 64), (0.40, 100_000): (651, 215, 92),
    (0.60, 10_000): (171, 82, 37), (0.60, 100_000): (316, 120, 52),
    (0.90, 10_000): (52, 27, 13), (0.90, 100_000): (72, 37, 17),
}  # fmt: skip
RUNS_BETWEEN = {
    (0.25, 10_000): 8_300, (0.40, 10_000): 9_600, (0.60, 10_000): 10_200, (0.90, 10_000): 14_600,
    (0.25, 100_000): 64_300, (0.40, 100_000): 74_900, (0.60, 100_000): 94_900, (0.90, 100_000): 144_200,
}  # fmt: skip
FALSE_TRIPS = {
    0.25: (0.29, 0.24, 0.17), 0.40: (0.22, 0.15, 0.089), 0.60: (0.12, 0.058, 0.023), 0.90: (0.0039, 0.0003, 0.00001),
}  # fmt: skip
BETWEEN_FALSE_TRIPS = {
    0.25: (38, 47, 65), 0.40: (52, 76, 118), 0.60: (95, 175, 400),
}  # fmt: skip
WINDOW_DROPS = (0.15, 0.20, 0.25)
BASELINE = 1_000
BEFORE_THE_CHANGE = 1_000
FOLLOWED = 10_000
TOLERANCE = 0.10
ERRORS = 3.0
RUNS = 400
LEAST_STREAMS, MOST_STREAMS = 2_000, 12_000
PART = 500
"""Streams of one piece of work."""
CHUNK = 4_000


@cache
def _binomial(n: int, p: float) -> tuple[float, ...]:
    """Return the distribution function of Bin(n, p)."""
    mass = [math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
                     + k * math.log(p) + (n - k) * math.log(1 - p)) for k in range(n + 1)]  # fmt: skip
    return tuple(accumulate(mass))


def _armed(rng: random.Random, p: float) -> Baseline:
    """Draw a baseline of 1,000 events."""
    return Baseline(BASELINE, bisect_left(_binomial(BASELINE, p), rng.random()))


def _run(rng: random.Random, score: Score, base: Baseline, p: float, limit: float, most: int) -> int | None:
    """Follow a stream at the rate `p`; return after how many events it alarmed, None where it did not."""
    draw, done, chunk = rng.random, 0, 64
    while done < most:
        count = min(chunk, most - done)
        outcomes = [draw() < p for _ in range(count)]
        followed = follow_rate(score, base, outcomes, 0, limit, DEFAULT_DROP, Better.HIGHER)
        if followed.reached:
            return done + followed.until
        done += count
        chunk = min(chunk * 2, CHUNK)
    return None


def delays(p: float, drop: float, limit: float, seed: int, count: int) -> list[float]:
    """Return how long alarms took, in events from the change on."""
    rng = random.Random(seed)
    found: list[float] = []
    while len(found) < count:
        score, base = Score(), _armed(rng, p)
        if _run(rng, score, base, p, limit, BEFORE_THE_CHANGE) is not None:
            continue
        found.append(_run(rng, score, base, p * (1 - drop), limit, FOLLOWED) or FOLLOWED)
    return found


def runs_between(p: float, limit: float, seed: int, count: int) -> list[float]:
    """Return events from the arming to the first alarm where nothing changes."""
    rng = random.Random(seed)
    return [float(_run(rng, Score(), _armed(rng, p), p, limit, sys.maxsize) or 0) for _ in range(count)]


def false_trip(p: float, drop: float) -> float:
    """Return the exact probability that the window rule trips at one look, nothing being changed."""
    now, before = _binomial(50, p), _binomial(200, p)
    total = 0.0
    threshold = exact(drop)
    for b in range(1, 201):
        for w in range(51):
            fall = drop_of(_share(b, 200), _share(w, 50), Better.HIGHER)
            if fall is not None and fall >= threshold:
                total += _mass(before, b) * _mass(now, w)
    return total


@cache
def _share(part: int, whole: int) -> Fraction:
    return Fraction(part, whole)


def _mass(distribution: Sequence[float], k: int) -> float:
    return distribution[k] - (distribution[k - 1] if k else 0.0)


def window_runs(p: float, drop: float, seed: int, count: int) -> list[float]:
    """Return looks until the window rule trips, nothing being changed; it looks at every event from the 250th on."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        values: list[float] = [int(rng.random() < p) for _ in range(250)]
        looks = 1
        while True:
            compared = compare(values, 50, 200, 50, drop, Better.HIGHER)
            if compared is not None and compared.tripped:
                break
            values = [*values[1:], int(rng.random() < p)]
            looks += 1
        found.append(float(looks))
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a table: what was published, what we measured, and whether that holds."""

    name: str
    published: float
    ours: float
    error: float
    holds: bool
    more: str = ""

    def line(self) -> str:
        """Return it for a terminal."""
        off = self.ours / self.published - 1
        return (
            f"  {self.name:44} published {self.published:>11,.5g}  ours {self.ours:>11,.5g}"
            f" ± {self.error:<8,.3g} {off:+6.1%}  {'holds' if self.holds else 'MISSED'}{self.more}"
        )


def _seed(*parts: float) -> int:
    return zlib.crc32(repr(parts).encode())


def _mean(values: Sequence[float]) -> tuple[float, float]:
    return statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))


def _delay_cell(pool: ProcessPoolExecutor, p: float, limit: int, place: int) -> Cell:
    published = DELAYS[p, limit][place]
    values: list[float] = []
    part = 0
    while True:
        wanted = LEAST_STREAMS if not values else PART * 2
        works = [
            pool.submit(delays, p, DROPS[place], limit, _seed(p, limit, place, part + each), PART)
            for each in range(wanted // PART)
        ]
        part += len(works)
        for work in works:
            values += work.result()
        mean, error = _mean(values)
        if 2.5 * error <= TOLERANCE * published or len(values) >= MOST_STREAMS:
            break
    name = f"delay p={p:.2f} N={limit:,} drop={DROPS[place]:.0%}"
    late = sum(value >= FOLLOWED for value in values) / len(values)
    more = f"  ({late:.1%} without an alarm)" if late else ""
    return Cell(name, published, mean, error, abs(mean / published - 1) <= TOLERANCE, more)


def _between_cell(pool: ProcessPoolExecutor, p: float, limit: int) -> Cell:
    size = 10
    works = [pool.submit(runs_between, p, limit, _seed(p, limit, 99, each), size) for each in range(RUNS // size)]
    mean, error = _mean([value for work in works for value in work.result()])
    published = RUNS_BETWEEN[p, limit]
    both = math.hypot(error, published / math.sqrt(RUNS))
    distance = abs(mean - published)
    more = f"  {distance / both:.1f} errors of the difference, {distance / error:.1f} of ours alone"
    return Cell(f"ARL0 p={p:.2f} N={limit:,}", published, mean, error, distance <= ERRORS * both, more)


def _window_cells(pool: ProcessPoolExecutor) -> list[Cell]:
    cells = []
    for p, shares in FALSE_TRIPS.items():
        for drop, published in zip(WINDOW_DROPS, shares, strict=True):
            ours = false_trip(p, drop)
            digit = 10 ** (math.floor(math.log10(published)) - (1 if published >= 0.001 else 0))
            name = f"window: false trip p={p:.2f} threshold={drop:.2f}"
            cells.append(Cell(name, published, ours, 0.0, abs(ours - published) <= digit * 0.51))
    for p, runs in BETWEEN_FALSE_TRIPS.items():
        for drop, between in zip(WINDOW_DROPS, runs, strict=True):
            works = [pool.submit(window_runs, p, drop, _seed(p, drop, 77, each), 100) for each in range(4)]
            mean, error = _mean([value for work in works for value in work.result()])
            both = math.hypot(error, between / math.sqrt(RUNS))
            name = f"window: looks between, p={p:.2f} threshold={drop:.2f}"
            cells.append(Cell(name, between, mean, error, abs(mean - between) <= ERRORS * both))
    return cells


def main() -> int:
    """Measure every figure, print it beside the published one, and say what does not hold."""
    started = time.monotonic()
    cells: list[Cell] = []

    def show(cell: Cell) -> None:
        cells.append(cell)
        sys.stdout.write(cell.line() + "\n")
        sys.stdout.flush()

    with ProcessPoolExecutor(max_workers=2) as pool:
        sys.stdout.write("The fixed window\n")
        for cell in _window_cells(pool):
            show(cell)
        sys.stdout.write(
            f"Events from the change to the alarm: {BEFORE_THE_CHANGE:,} events after arming, at most {FOLLOWED:,}\n"
        )
        for n, p, place in product(THRESHOLDS, RATES, range(len(DROPS))):
            show(_delay_cell(pool, p, n, place))
        sys.stdout.write(f"Events between false alarms, over drawn baselines: {RUNS} runs each\n")
        for n, p in product(THRESHOLDS, RATES):
            show(_between_cell(pool, p, n))
    missed = [cell.name for cell in cells if not cell.holds]
    took = time.monotonic() - started
    sys.stdout.write(f"{len(cells) - len(missed)} of {len(cells)} figures hold, in {took:.0f} s.\n")
    if missed:
        sys.stdout.write(f"Missed: {', '.join(missed)}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
