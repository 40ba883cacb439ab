"""What other engines ask of Risk Guard: room, giving it back, holds, trial shares, whether follow-ups stop."""

from domain.act import Act
from domain.outcomes import Refused
from domain.risk.closing import settle, void
from domain.risk.denials import followups_paused, with_again
from domain.risk.holds import lift_hold, place_hold, place_share, stopping_followups
from domain.risk.reserving import reserve
from domain.risk.views import snapshot

__all__ = [
    "lift_hold", "place_hold", "place_share", "refuse_followups", "reserve", "settle", "snapshot", "void", "with_again",
]  # fmt: skip


def refuse_followups(act: Act) -> Refused | None:
    """Return why no follow-up step may be claimed now, or None; the caller's operation acts, or only shows it."""
    hold = stopping_followups(act)
    return None if hold is None else followups_paused(hold)
