"""What a chart shows, said without drawing it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat, model_validator

from domain.outcomes import Result

LONGEST_ALT = 2_000
"""Slack's limit of an image's alt text."""
MOST_PANELS = 9
MOST_SERIES = 6
MOST_POINTS = 2_000
DAY = "2026-11-24"


def _moment(given: Any) -> Any:
    """Read a day back as a day and an instant as an instant; pydantic alone takes midnight for a day."""
    if not isinstance(given, str):
        return given
    return date.fromisoformat(given) if len(given) == len(DAY) else datetime.fromisoformat(given)


def _aware(given: date | datetime) -> date | datetime:
    if isinstance(given, datetime) and given.tzinfo is None:
        raise ValueError("a point in time needs its zone")
    return given


Moment = Annotated[datetime | date, BeforeValidator(_moment), AfterValidator(_aware)]
"""An aware instant, or a business day."""
Unit = Literal["percent", "dollars", "count"]
"""What the numbers are: `percent` takes rates 0-1 and shows 0-100 %, `dollars` whole or broken dollars."""
Label = Annotated[str, Field(max_length=80)]
Points = Annotated[tuple[tuple[Moment, FiniteFloat | None], ...], Field(max_length=MOST_POINTS)]
"""Where and how high, in order of time; None is a gap: nothing was measured."""


class Series(Result):
    """One line through points."""

    label: Label
    points: Points


class Line(Result):
    """A level to compare with, drawn across."""

    label: Label
    y: FiniteFloat


class Shade(Result):
    """A stretch of time that stands out."""

    start: Moment
    end: Moment
    label: Label = ""


class Mark(Result):
    """One moment that stands out."""

    at: Moment
    label: Label
    y: FiniteFloat | None = None
    """On the line at this height; None: a line from bottom to top."""


class Panel(Result):
    """One small picture of a chart that has several."""

    title: Label
    series: Annotated[tuple[Series, ...], Field(min_length=1, max_length=MOST_SERIES)]
    lines: tuple[Line, ...] = ()
    unit: Unit = "count"


class Chart(Result):
    """One picture: either series on one pair of axes, or up to nine panels beside each other.

    Raises pydantic's `ValidationError` on anything that cannot be drawn or that says nothing to who cannot see it:
    no alt text, no series and no panels, both, naive times, NaN, more than Slack or an eye takes.
    """

    title: Annotated[str, Field(min_length=1, max_length=150)]
    alt: Annotated[str, Field(min_length=1, max_length=LONGEST_ALT, pattern=r"\S")]
    """The finding in a sentence: "Success above 82 % on 24 of 28 days, lowest 79 % on 9 November"."""
    series: Annotated[tuple[Series, ...], Field(max_length=MOST_SERIES)] = ()
    lines: tuple[Line, ...] = ()
    shaded: tuple[Shade, ...] = ()
    marks: tuple[Mark, ...] = ()
    unit: Unit = "count"
    panels: Annotated[tuple[Panel, ...], Field(max_length=MOST_PANELS)] = ()

    @model_validator(mode="after")
    def _shows_one_kind(self) -> Self:
        if bool(self.series) == bool(self.panels):
            raise ValueError("a chart has series, or panels, and not both")
        if self.panels and (self.lines or self.shaded or self.marks):
            raise ValueError("the lines of panels belong into the panels")
        return self


class Picture(Result):
    """A chart that Slack has: what a card shows, and says to who cannot see it."""

    file_id: str
    alt: str
