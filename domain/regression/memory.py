"""Everything a tripwire remembers of its metric: of constant size, kept as one row, read and written as plain JSON."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from domain.regression.detector import Baseline, Ranks, Score
from domain.regression.volume import Hours

RECENT = 2_000
"""The recent rate remembers about so many events."""


@dataclass(slots=True)
class Memory:
    """The detector's state, between two evaluations."""

    base: Baseline = field(default_factory=Baseline)
    """What is normal; of a numeric metric, only how many values it was learned from."""
    score: Score = field(default_factory=Score)
    began: datetime | None = None
    """When the score's dip began."""
    under: Score = field(default_factory=Score)
    """The score against the floor."""
    under_began: datetime | None = None
    recent: Baseline = field(default_factory=Baseline)
    reference: Baseline | None = None
    """Frozen when it was armed and at each release, for slides too slow for the score."""
    after: Baseline = field(default_factory=Baseline)
    """Events after the alarm: what the rate really is."""
    sample: list[float] = field(default_factory=list)
    """The values a numeric baseline is learned from, until it is frozen."""
    ranks: Ranks | None = None
    is_frozen: bool = False
    hours: Hours | None = None
    window: list[float] = field(default_factory=list)
    """The newest events, for the fixed-window method alone."""

    def restart(self, next_hour: int, *, slid: bool = False) -> None:
        """Begin clean after a release: what was seen never trips it again; what is normal stays.

        A volume is counted again from `next_hour` on (hours since 1970 on the business's clock): its hours while it was
        tripped were not. After a slide the level that was released is the new reference.
        """
        self.score.restart()
        self.under.restart()
        self.began = self.under_began = None
        level = self.recent if slid else self.base
        self.reference = Baseline(level.n, level.s)
        self.recent, self.after = Baseline(), Baseline()
        self.window.clear()
        if self.hours is not None:
            self.hours.restart(next_hour)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        made = asdict(self)
        for name in ("began", "under_began"):
            made[name] = made[name].isoformat() if made[name] else None
        return made

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Memory":
        """Read it back."""
        found = cls()
        for name, kind in (
            ("base", Baseline), ("recent", Baseline), ("after", Baseline), ("reference", Baseline), ("score", Score),
            ("under", Score), ("hours", Hours), ("ranks", Ranks),
        ):  # fmt: skip
            if kept.get(name) is not None:
                setattr(found, name, kind(**kept[name]))
        for name in ("began", "under_began"):
            setattr(found, name, datetime.fromisoformat(kept[name]) if kept.get(name) else None)
        found.sample = list(kept.get("sample", ()))
        found.window = list(kept.get("window", ()))
        found.is_frozen = bool(kept.get("is_frozen"))
        if found.hours is not None:
            found.hours.dip = {int(place): held for place, held in found.hours.dip.items()}
        if found.ranks is not None:
            found.ranks = Ranks(
                tuple(found.ranks.edges), found.ranks.middle, tuple(found.ranks.ratios), found.ranks.above
            )
        return found
