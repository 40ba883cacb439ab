"""What a benchmark row is, and how pairs are run and summed up."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PAIRS = 5


@dataclass
class Row:
    """One line of `build/bench.json`: medians of both sides, their ratio, and how far the pairs lay apart."""

    name: str
    unit: str
    ours: list[float]
    peer: list[float]
    beside: dict[str, Any] = field(default_factory=dict)

    def result(self) -> dict[str, Any]:
        """Return the row as it is written; `spread` is (largest - smallest) / median of the pairs' ratios."""
        ratios = [mine / other for mine, other in zip(self.ours, self.peer, strict=True)]
        ours, peer = statistics.median(self.ours), statistics.median(self.peer)
        return {
            "name": self.name, "ours": round(ours, 6), "peer": round(peer, 6), "unit": self.unit,
            "ratio": round(ours / peer, 4), "pairs": len(ratios),
            "spread": round((max(ratios) - min(ratios)) / statistics.median(ratios), 4), **self.beside,
        }  # fmt: skip


def pairs(ours: Callable[[], float], peer: Callable[[], float], count: int = PAIRS) -> tuple[list[float], list[float]]:
    """Measure both sides in turn, `count` times, after one round that does not count."""
    ours()
    peer()
    mine, others = [], []
    for _ in range(count):
        mine.append(ours())
        others.append(peer())
    return mine, others


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
