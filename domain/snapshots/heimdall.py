"""Heimdall's part: which domains are in production, and what their trials say."""

from collections.abc import Sequence

from domain.act import Act
from domain.heimdall import digest
from domain.heimdall.results import SnapshotLine as DomainLine
from domain.snapshots.parts import Part, Week
from domain.snapshots.results import SnapshotLine, WeekPart


def _read(act: Act) -> Sequence[SnapshotLine]:
    return [_line(item) for item in digest.snapshot(act).items]


def _line(item: DomainLine) -> SnapshotLine:
    success = "no trials" if item.success_rate is None else f"{100 * item.success_rate:.1f} % of {item.trials:,} trials"
    needs = f"needs {100 * item.min_sandbox_success_rate:g} % and {item.min_sandbox_trials:,}"
    return SnapshotLine(
        name=item.domain, value="in production" if item.prod_use_enabled else "in the sandbox",
        beside=f"{success} in {item.scorecard_days} days; {needs}",
        ok=not item.reasons if item.prod_use_enabled else None,
    )  # fmt: skip


def _week(act: Act, _week: Week) -> WeekPart:
    live = [item.domain for item in digest.snapshot(act).items if item.prod_use_enabled]
    return WeekPart(watching=f"AI in production: {', '.join(live)}" if live else "no AI in production")


HEIMDALL = Part("heimdall", "Heimdall", _read, _week)
