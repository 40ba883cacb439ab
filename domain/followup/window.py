"""The seam of the contact engine: when a step may run. What asks it does not change when the engine comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.act import Act
from domain.leads.rules import Channel

UNCHECKED = "contact window not checked"


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What the engine decides from."""

    lead_id: str
    province: str
    market: str
    postal_code: str | None = None
    phone: str | None = None
    email: str | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: may this lead be contacted on this channel at this instant."""

    facts: LeadFacts
    channel: Channel
    at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """The answer; the next opening is None where nobody can name one."""

    allowed: bool
    next_at: datetime | None = None
    note: str = ""
    """What a card says beside the step."""
    why: str = ""
    """Why not, where it is not allowed."""
    remedy: str = ""


class ContactWindow(Protocol):
    """Says when steps may run; asked for many at once, so that a list costs what one costs."""

    def openings(self, asked: Sequence[Asked]) -> Sequence[Opening]:
        """Answer each question, in the order asked."""


class Unchecked:
    """Before the engine exists: every step may act in development, none in production (spec/5, last paragraph)."""

    def __init__(self, *, is_production: bool) -> None:
        """Know where the program runs."""
        self._answer = (
            Opening(
                allowed=False, note=UNCHECKED, why="contact hours cannot be checked yet, so nobody may be contacted",
                remedy="The contact engine must be in before production can contact anybody.",
            )
            if is_production
            else Opening(allowed=True, note=UNCHECKED)
        )  # fmt: skip

    def openings(self, asked: Sequence[Asked]) -> Sequence[Opening]:
        """Give the one answer to all."""
        return [self._answer] * len(asked)


def window_of(act: Act) -> ContactWindow:
    """Return what this act asks; the one place where the engine is put in."""
    return Unchecked(is_production=act.settings.is_production)


def moved_into(opening: Opening, wanted: datetime) -> datetime:
    """Return when a step planned for `wanted` is due: then, or at the next opening where there is one."""
    return wanted if opening.allowed or opening.next_at is None else opening.next_at
