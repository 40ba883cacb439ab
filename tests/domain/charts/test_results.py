"""What a chart must say before anybody draws it."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.charts.results import LONGEST_ALT, Chart, Line, Mark, Panel, Series, Shade

DAY = date(2026, 11, 9)
ONE = Series(label="success a day", points=((DAY, 0.79),))


def chart(**more: Any) -> Chart:
    """A small chart."""
    return Chart(**{"title": "Success", "alt": "Lowest 79 % on 9 November", "series": (ONE,), **more})


class TestWhatIsRefused:
    @pytest.mark.parametrize("alt", ["", "   ", "x" * (LONGEST_ALT + 1)])
    def test_a_chart_says_its_finding_in_words_that_fit(self, alt: str) -> None:
        """Nothing, blanks and more than Slack takes are no alt text."""
        with pytest.raises(ValidationError):
            chart(alt=alt)
        assert len(chart(alt="x" * LONGEST_ALT).alt) == LONGEST_ALT

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
    def test_a_point_is_a_number(self, bad: float) -> None:
        """What cannot be drawn is refused where it is said, not where it is drawn."""
        with pytest.raises(ValidationError):
            Series(label="x", points=((DAY, bad),))
        with pytest.raises(ValidationError):
            Line(label="x", y=bad)

    def test_an_instant_has_a_zone(self) -> None:
        """A naive time would be drawn under somebody's other day."""
        with pytest.raises(ValidationError):
            Series(label="x", points=((datetime(2026, 11, 9, 12), 1.0),))  # noqa: DTZ001 - that is the point

    def test_it_has_series_or_panels(self) -> None:
        """Neither says nothing, both are two charts; the lines of panels are in the panels."""
        panel = Panel(title="Offers", series=(ONE,))
        for wrong in (
            {"series": ()}, {"panels": (panel,)}, {"series": (), "panels": (panel,), "lines": (Line(label="x", y=1),)},
            {"series": (), "panels": (panel,) * 10},
        ):  # fmt: skip
            with pytest.raises(ValidationError):
                chart(**wrong)
        assert len(chart(series=(), panels=(panel,) * 6).panels) == 6


moments = st.one_of(
    st.dates(min_value=date(2000, 1, 1)),
    st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))]),
    ),
)
points = st.lists(st.tuples(moments, st.one_of(st.none(), st.floats(-1e9, 1e9))), max_size=5).map(tuple)


@given(points, moments, moments)
def test_a_chart_is_read_back_as_it_was(some: Any, start: Any, end: Any) -> None:
    """Days stay days and instants stay instants, midnight too, however they are stored."""
    made = chart(
        series=(Series(label="x", points=some),), shaded=(Shade(start=start, end=end, label="dip"),),
        marks=(Mark(at=end, label="alarm"),),
    )  # fmt: skip
    back = Chart.model_validate(made.to_json())
    assert back == made
    kinds = [type(at) for at, _ in made.series[0].points]
    assert [type(at) for at, _ in back.series[0].points] == kinds
