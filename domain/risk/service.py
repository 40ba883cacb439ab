"""What other engines ask of Risk Guard."""

from domain.risk.holds import lift_hold, place_hold

__all__ = ["lift_hold", "place_hold"]
