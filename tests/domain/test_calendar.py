"""Working days: what ends after some of them keeps its time of the day, over weekends, holidays and clock changes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.calendar import working_days_on

TORONTO = ZoneInfo("America/Toronto")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-25T11:20", "2026-11-30T11:20"),  # Wednesday: Thursday, Friday, Monday
        ("2026-11-28T03:00", "2026-12-02T03:00"),  # a Saturday counts from Monday on
        ("2026-12-23T18:00", "2026-12-30T18:00"),  # Christmas, Boxing Day's Monday and a weekend between
        ("2026-10-29T11:20", "2026-11-03T11:20"),  # the clocks go back between
    ],
)
def test_three_working_days_on(start: str, end: str) -> None:
    """The same time of the business clock."""
    began = datetime.fromisoformat(start).replace(tzinfo=TORONTO).astimezone(UTC)
    ended = working_days_on(began, 3, TORONTO).astimezone(TORONTO)
    assert ended.strftime("%Y-%m-%dT%H:%M") == end
