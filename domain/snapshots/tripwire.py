"""The tripwires' part: how each stands; of a week, what watches and what cannot act yet."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from domain.act import Act
from domain.alerts.tables import Alert
from domain.regression import views
from domain.regression.results import Trial, TripCard, TripwireState
from domain.regression.rules import MetricKind
from domain.regression.words import UNITS, name_of, percent, unit
from domain.snapshots.control import TRIPWIRE as TRIPS
from domain.snapshots.control import for_how_long
from domain.snapshots.parts import Part, Week
from domain.snapshots.results import Finding, SnapshotLine, WeekPart

MOST_NAMED = 2
RIGHT = {"armed": True, "warned": False, "tripped": False}
"""Whether a tripwire that stands so is as it should be; off and learning only say how it is."""


def _read(act: Act) -> Sequence[SnapshotLine]:
    return [_line(item) for item in views.snapshot(act).items]


def _line(item: TripwireState) -> SnapshotLine:
    parts = [_learned(item)] if item.enabled and not item.can_act else []
    if item.baseline_rate is not None and item.kind == "rate":
        parts.append(f"usually {item.baseline_rate:.0%}".replace("%", " %"))
    if item.trial is not None:
        parts.append(_trial(item.trial, UNITS.get(item.metric, "events"), item.kind))
    if item.is_stale and item.last_event_at is not None:
        parts.append(f"last event {item.last_event_at.isoformat()}")
    return SnapshotLine(
        name=f"{item.domain}.{item.metric}", value=item.state, ok=RIGHT.get(item.state), beside="; ".join(parts)
    )


def _learned(item: TripwireState) -> str:
    about = f", about {item.ready_about:%B}" if item.ready_about else ""
    return f"{item.learned:,} of {item.needs:,}{about}"


def _trial(trial: Trial, noun: str, kind: str) -> str:
    """Say a trial share and what was measured since: `trial share of 25 %, 33 % of 21 offers`."""
    has_rate = trial.events and kind != MetricKind.VOLUME.value
    rate = f"{percent(trial.successes / trial.events)} of " if has_rate else ""
    return f"at a trial share of {trial.share} %, {rate}{trial.events:,} {noun}"


def _trips(act: Act, week: Week) -> tuple[Finding, ...]:
    """Say what each tripwire stopped in a week, for how long, and how what it stopped acts now."""
    rows = act.connection.execute(
        select(Alert.headline, Alert.state, Alert.opened_at, Alert.resolved_at, Alert.extra)
        .where(Alert.opened_at >= week.since, Alert.opened_at < week.until, Alert.dedup_key.startswith(TRIPS))
        .order_by(Alert.id)
    )
    return tuple(_trip(row) for row in rows)


def _trip(row: Row[Any]) -> Finding:
    card = TripCard.model_validate((row.extra or {})["detail"])
    what = row.headline
    if card.engine is not None:
        name = name_of(card.metric)
        what = f"{name if name[:2].isupper() else name[:1].lower() + name[1:]} throttled {card.engine}"
    if row.resolved_at is None:
        return Finding(text=f"{what}; still does" if card.engine else f"{what}; still open", short=row.headline)
    now = ""
    if card.trial is not None and card.trial.ended_at is None:
        now = f"; now {_trial(card.trial, unit(card), card.kind)}"
    return Finding(text=f"{what} {for_how_long(row.resolved_at - row.opened_at)}{now}")


def _week(act: Act, week: Week) -> WeekPart:
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
    return WeekPart(broke=_trips(act, week), watching="; ".join(parts))


TRIPWIRE = Part("tripwire", "Tripwires", _read, _week)
