"""The right weekday, the right hour of the business's clock, and what the sentences say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import is_working_day
from domain.review import rules
from domain.snapshots.results import Denied, Finding, Stop, Weekly

TORONTO = ZoneInfo("America/Toronto")
ZONES = st.sampled_from([TORONTO, ZoneInfo("America/St_Johns"), ZoneInfo("America/Vancouver"), ZoneInfo("UTC")])
NOWS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def local(text: str, zone: ZoneInfo = TORONTO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


class TestWhenTheReviewIsDue:
    @pytest.mark.parametrize(
        ("monday", "due"),
        [
            ("2026-11-30", "2026-11-30T09:00"),  # an ordinary Monday, in winter time
            ("2026-10-12", "2026-10-13T09:00"),  # Thanksgiving: Tuesday
            ("2026-05-18", "2026-05-19T09:00"),  # Victoria Day
            ("2024-07-01", "2024-07-02T09:00"),  # Canada Day on a Monday
            ("2026-03-09", "2026-03-09T09:00"),  # the day after the clocks went forward
            ("2026-11-02", "2026-11-02T09:00"),  # the day after they went back
            ("2023-12-25", "2023-12-27T09:00"),  # Christmas and Boxing Day: Wednesday
        ],
    )
    def test_monday_at_nine_or_the_next_working_day(self, monday: str, due: str) -> None:
        """A minute before, it is the review of another week; at nine it is this one's."""
        since = local(due)
        assert rules.review_due(since, TORONTO) == (date.fromisoformat(monday), since.astimezone(UTC))
        assert rules.review_due(since - timedelta(minutes=1), TORONTO)[0] < date.fromisoformat(monday)

    def test_the_hour_is_the_business_s_and_not_utc_s(self) -> None:
        """Nine in Toronto is 13:00 UTC in summer and 14:00 in winter; in Vancouver it is three hours later."""
        assert rules.review_due(local("2026-07-06T09:00"), TORONTO)[1].hour == 13
        assert rules.review_due(local("2026-11-30T09:00"), TORONTO)[1].hour == 14
        vancouver = ZoneInfo("America/Vancouver")
        assert rules.review_due(local("2026-11-30T09:00"), vancouver)[0] == date(2026, 11, 23)

    @given(NOWS, ZONES)
    def test_there_is_one_a_week_on_a_working_day_at_nine(self, now: datetime, zone: ZoneInfo) -> None:
        """Whatever the moment: due since nine of a working day, at or after its Monday, and never in the future."""
        monday, due = rules.review_due(now, zone)
        here = due.astimezone(zone)
        assert due <= now
        assert monday.weekday() == 0
        assert (here.hour, here.minute) == (9, 0)
        assert is_working_day(here.date())
        assert timedelta() <= here.date() - monday < timedelta(days=7)
        assert not any(is_working_day(monday + timedelta(days=n)) for n in range((here.date() - monday).days))

    @given(NOWS, ZONES)
    def test_no_week_is_skipped_and_none_comes_twice(self, now: datetime, zone: ZoneInfo) -> None:
        """Eight days later it is the next Monday's, or the one after a holiday's."""
        first, later = rules.review_due(now, zone)[0], rules.review_due(now + timedelta(days=7), zone)[0]
        assert later - first in {timedelta(days=0), timedelta(days=7), timedelta(days=14)}


class TestTheSpotCheck:
    @pytest.mark.parametrize(
        ("now", "is_due"),
        [
            ("2026-11-24T09:00", True), ("2026-11-24T08:59", False), ("2026-11-24T23:59", True),
            ("2026-11-28T09:00", False),  # Saturday
            ("2026-11-30T09:00", False),  # Monday: the review's day
            ("2026-10-12T09:00", False),  # Thanksgiving
            ("2026-10-13T09:00", False),  # its Tuesday is the review's day
            ("2026-10-14T09:00", True),
        ],
    )  # fmt: skip
    def test_each_working_day_at_nine_but_the_review_s(self, now: str, is_due: bool) -> None:
        found = rules.check_due(local(now), TORONTO)
        assert (found is not None) is is_due


def test_it_is_asked_again_at_noon_or_an_hour_after_it_came_late() -> None:
    """Noon of the day it was due."""
    due = local("2026-11-30T09:00")
    assert rules.asked_again_at(due, due, TORONTO) == local("2026-11-30T12:00")
    late = local("2026-11-30T16:00")
    assert rules.asked_again_at(due, late, TORONTO) == late + timedelta(hours=1)


def test_the_week_is_from_midnight_to_midnight_of_the_business() -> None:
    """A week in which the clocks go back has an hour more; the four weeks follow each other without a gap."""
    week = rules.week_before(date(2026, 11, 2), TORONTO)
    assert (week.monday, week.sunday) == (date(2026, 10, 26), date(2026, 11, 1))
    assert week.until - week.since == timedelta(days=7, hours=1)
    assert week.starts[-1][1:] == (week.since, week.until)
    for (_, _, end), (_, start, _) in zip(week.starts[:-1], week.starts[1:], strict=True):
        assert end == start


@pytest.mark.parametrize(
    ("monday", "said"),
    [
        (date(2026, 11, 23), "23 to 29 November"),
        (date(2026, 11, 30), "30 November to 6 December"),
        (date(2026, 12, 28), "28 December to 3 January"),
    ],
)
def test_the_days_are_said_as_people_say_them(monday: date, said: str) -> None:
    assert rules.days_of(monday) == said


def test_what_is_to_be_repaired_is_named() -> None:
    """The headline names two things at most, and the same thing once."""
    offers, sla, copy = (Finding(text="x", short=short) for short in ("Alberta offers", "follow-ups", "the copy"))
    assert rules.to_repair([Finding(text="over")]) == "Nothing to repair."
    throttled = Finding(text="throttled", short="WHOLESALE IS THROTTLED: no new offers. Contract rate fell.")
    assert rules.to_repair([throttled]).endswith("no new offers. Contract rate fell.")
    assert not rules.to_repair([throttled]).endswith("..")
    assert rules.to_repair([offers, offers]) == "One thing to repair: Alberta offers."
    assert rules.to_repair([offers, sla, copy]) == "Three things to repair: Alberta offers, follow-ups and 1 more."


def test_denials_are_grouped_by_reason() -> None:
    found = rules.grouped([Denied(count=1, text="a"), Denied(count=3, text="b"), Denied(count=4, text="a")])
    assert [(one.count, one.text) for one in found] == [(5, "a"), (3, "b")]


def line(*values: float | None, title: str = "Contract rate", **more: Any) -> Weekly:
    points = tuple((date(2026, 11, 2) + timedelta(days=7 * n), value) for n, value in enumerate(values))
    return Weekly(title=title, points=points, **more)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.94, 0.93, 0.92, 0.91), "Contract rate down three weeks in a row"),
        ((0.3, 0.2, 0.25, 0.33), "Contract rate up two weeks in a row"),
        ((0.3, 0.3, 0.3, 0.33), "Contract rate up"),
        ((0.3, 0.3, 0.3, 0.3), "Contract rate unchanged"),
        ((None, None, None, 0.3), ""),
        ((0.3, 0.2, 0.1, None), ""),
        ((None, None, None, None), ""),
        ((0.4, None, 0.3, 0.2), "Contract rate down two weeks in a row"),
    ],
)
def test_the_alt_text_states_the_finding(values: tuple[float | None, ...], said: str) -> None:
    """As many weeks in a row as there are, and nothing where nothing was measured."""
    assert rules.said_of(line(*values)) == said


def test_the_chart_has_its_lines_in_order_and_says_what_changed() -> None:
    """Nothing measured, no chart."""
    lines = [line(1, 2, 3, 2, title="Loss", unit="dollars"), line(0.9, 0.8, 0.7, 0.6), line(3, 3, 3, 3, title="Offers")]
    made = rules.chart(lines)
    assert made is not None
    assert [panel.title for panel in made.panels] == ["Offers", "Contract rate", "Loss"]
    assert made.alt == "Loss down; Contract rate down three weeks in a row"
    assert rules.chart([line(None, None)]) is None


WEEK = rules.week_before(date(2026, 11, 30), TORONTO)


def hours(count: int) -> datetime:
    """Some hours into the week; negative: before it."""
    return WEEK.since + timedelta(hours=count)


SPANS = st.tuples(st.integers(-300, 300), st.none() | st.integers(1, 300)).map(
    lambda given: (hours(given[0]), hours(given[0] + given[1]) if given[1] is not None else None)
)


class TestHowLongItWasLive:
    def said(self, *history: tuple[int, bool], stops: tuple[tuple[int, int | None], ...] = ()) -> str:
        """The sentence, with hours into the week for its times."""
        found = rules.live(
            [(hours(at), on) for at, on in history], WEEK,
            [Stop(what="X", since=hours(a), until=None if b is None else hours(b)) for a, b in stops],
        )  # fmt: skip
        for hour in range(-200, 200):
            found = found.replace(hours(hour).isoformat(), str(hour))
        return found

    def test_the_whole_week(self) -> None:
        assert self.said() == "Not live all week."
        assert self.said((-100, True)) == "Live all week."
        assert self.said((-100, True), (-50, False)) == "Not live all week."
        assert self.said((-100, True), (-50, True)) == "Live all week."  # a switch that changes nothing of it
        assert self.said((200, True)) == "Not live all week."

    def test_a_change_within_it(self) -> None:
        assert self.said((5, True), (30, False)) == "At first not live; live since 5; not live since 30."
        assert self.said((-5, True), (30, False)) == "At first live; not live since 30."

    def test_a_stop_that_ended_before_it_went_live_is_no_exception(self) -> None:
        assert self.said((5, True), stops=((1, 5),)) == "At first not live; live since 5."

    def test_only_what_overlaps_is_named(self) -> None:
        """Begun before it went live; ended after it was switched off; both; in two parts; in no part."""
        assert self.said((5, True), stops=((1, 9),)) == "At first not live; live since 5 except X 5 to 9."
        assert (
            self.said((-9, True), (5, False), stops=((1, None),)) == "At first live; not live since 5 except X 1 to 5."
        )
        assert self.said((-9, True), (5, False), (8, True), stops=((1, None),)) == (
            "At first live; not live since 5; live since 8 except X 1 to 5; X 8 until now."
        )
        assert self.said((-9, True), stops=((-7, -5), (-3, 2), (167, 190), (190, None))) == (
            "Live all week except X -3 to 2; X 167 to 190."
        )

    @given(stop=SPANS, spans=st.lists(SPANS, max_size=5), minutes=st.integers(-60_000, 60_000))
    def test_a_moment_is_named_exactly_where_it_was_stopped_and_live(
        self, stop: rules.Span, spans: list[rules.Span], minutes: int
    ) -> None:
        """Whatever the spans; no part is empty."""
        moment = WEEK.since + timedelta(minutes=minutes)

        def covers(span: rules.Span) -> bool:
            return span[0] <= moment and (span[1] is None or moment < span[1])

        found = rules.overlaps(stop, spans)
        assert any(map(covers, found)) == (covers(stop) and any(map(covers, spans)))
        assert all(until is None or since < until for since, until in found)
