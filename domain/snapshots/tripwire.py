"""The tripwires' part: how each stands; of a week, what watches and what cannot act yet."""

from collections.abc import Sequence

from domain.act import Act
from domain.regression import views
from domain.regression.results import TripwireState
from domain.snapshots.parts import Part, Week
from domain.snapshots.results import SnapshotLine, WeekPart

MOST_NAMED = 2
RIGHT = {"armed": True, "warned": False, "tripped": False}
"""Whether a tripwire that stands so is as it should be; off and learning only say how it is."""


def _read(act: Act) -> Sequence[SnapshotLine]:
    return [_line(item) for item in views.snapshot(act).items]


def _line(item: TripwireState) -> SnapshotLine:
    parts = [_learned(item)] if item.enabled and not item.can_act else []
    if item.baseline_rate is not None and item.kind == "rate":
        parts.append(f"usually {item.baseline_rate:.0%}".replace("%", " %"))
    if item.is_stale and item.last_event_at is not None:
        parts.append(f"last event {item.last_event_at.isoformat()}")
    return SnapshotLine(
        name=f"{item.domain}.{item.metric}", value=item.state, ok=RIGHT.get(item.state), beside="; ".join(parts)
    )


def _learned(item: TripwireState) -> str:
    about = f", about {item.ready_about:%B}" if item.ready_about else ""
    return f"{item.learned:,} of {item.needs:,}{about}"


def _week(act: Act, _week: Week) -> WeekPart:
    found = views.snapshot(act)
    learning = [item for item in found.items if item.enabled and not item.can_act]
    parts = [f"{found.armed + found.warned} {'tripwire' if found.armed + found.warned == 1 else 'tripwires'} armed"]
    if found.tripped:
        parts.append(f"{found.tripped} tripped")
    if learning:
        named = ", ".join(f"{item.domain}.{item.metric} {_learned(item)}" for item in learning[:MOST_NAMED])
        parts.append(f"{len(learning)} still learning ({named})")
    if found.off:
        parts.append(f"{found.off} off")
    return WeekPart(watching="; ".join(parts))


TRIPWIRE = Part("tripwire", "Tripwires", _read, _week)
