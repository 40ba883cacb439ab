"""Reading every part, and freezing what was read under a number."""

from collections.abc import Sequence
from datetime import date

from domain.act import Act
from domain.database import insert_into
from domain.snapshots.metrics import metrics
from domain.snapshots.parts import NAMES, Part
from domain.snapshots.results import MetricsView, Overview, PartView
from domain.snapshots.tables import Snapshot


def overview(act: Act, parts: Sequence[Part], name: str | None = None) -> Overview:
    """Return how everything stands, or one part; a part whose engine is not there is named as that."""
    there = {part.name: part for part in parts}
    wanted = [name] if name else list(NAMES)
    return Overview(
        part=name, as_of=act.now, not_there=tuple(one for one in wanted if one not in there),
        items=tuple(
            PartView(name=one, title=there[one].title, lines=tuple(there[one].read(act)))
            for one in wanted
            if one in there
        ),
    )  # fmt: skip


def freeze(act: Act, parts: Sequence[Part], kind: str, day: date) -> tuple[int, Overview, MetricsView] | None:
    """Keep how everything stands under a number, once for each kind and day; None where somebody has."""
    found, figures = overview(act, parts), metrics(act)
    number = act.connection.scalar(
        insert_into(act.connection, Snapshot)
        .values(
            kind=kind, day=day, frozen_at=act.now,
            body={"overview": found.to_json(), "metrics": figures.to_json()},
        )
        .on_conflict_do_nothing()
        .returning(Snapshot.id)
    )  # fmt: skip
    return None if number is None else (number, found, figures)
