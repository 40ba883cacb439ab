"""Working days of the business (Monday to Friday, without Ontario's public holidays)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

LONGEST_BREAK = 14
SATURDAY = 5


@cache
def _holidays(year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays("CA", subdiv="ON", years=year, language="en_CA"))


def is_holiday(day: date) -> bool:
    """Whether it is a public holiday, whatever the weekday."""
    return day in _holidays(day.year)


def is_working_day(day: date) -> bool:
    """Whether people are expected at work."""
    return day.weekday() < SATURDAY and not is_holiday(day)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day of the business begins, in UTC."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def next_working_noon(now: datetime, zone: ZoneInfo) -> datetime:
    """Return noon, business time, of the first working day after the day of `now`."""
    day = now.astimezone(zone).date()
    for offset in range(1, LONGEST_BREAK):
        candidate = day + timedelta(days=offset)
        if is_working_day(candidate):
            return datetime.combine(candidate, time(12), tzinfo=zone).astimezone(now.tzinfo)
    raise AssertionError("two weeks without a working day")


def working_days_on(now: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same time of the business clock so many working days (1 or more) after the day of `now`."""
    local = now.astimezone(zone)
    day = local.date()
    for _ in range(days):
        day = next(
            each for each in (day + timedelta(days=on) for on in range(1, LONGEST_BREAK)) if is_working_day(each)
        )
    return datetime.combine(day, local.time(), tzinfo=zone).astimezone(now.tzinfo)


def stands_for(day: date, weekday: int) -> date | None:
    """Return which day of that weekday (0 = Monday) a working day stands for: itself, or one that was a holiday.

    What comes every Friday comes on the first working day from Friday on; None where `day` is not it.
    """
    if not is_working_day(day):
        return None
    for back in range(LONGEST_BREAK):
        candidate = day - timedelta(days=back)
        if candidate.weekday() == weekday:
            return candidate
        if is_working_day(candidate - timedelta(days=1)):
            return None
    return None
