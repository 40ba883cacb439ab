"""When what is due, and what the review's sentences are, from plain values and the time."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.calendar import LONGEST_BREAK, is_working_day, stands_for
from domain.charts.results import Chart, Line, Panel, Series
from domain.snapshots.parts import Week
from domain.snapshots.results import Denied, Finding, Stop, Weekly

MONDAY = 0
WEEK = timedelta(days=7)
AT, AGAIN = time(9), time(12)
WEEKS_DRAWN = 4
LATE_AFTER = timedelta(minutes=10)
SOON = timedelta(hours=1)
"""How long a review that came after noon may stand before it is asked about again."""
ORDER = ("Offers", "Contract rate", "Follow-ups within 2 h", "Buyer response", "Denials", "Loss")
"""The small lines of the review (cards, 7)."""
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """Return an hour of the business's clock as an instant; an hour the clocks skip comes with the shift after it."""
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)


def review_due(now: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """Return the newest Monday whose review is due, and since when: 09:00 of the first working day from it on."""
    today = now.astimezone(zone).date()
    for back in range(2 * LONGEST_BREAK):
        day = today - timedelta(days=back)
        monday = stands_for(day, MONDAY)
        if monday is not None and (since := at(day, AT, zone)) <= now:
            return monday, since
    raise AssertionError("four weeks without a review")


def asked_again_at(due_at: datetime, posted_at: datetime, zone: ZoneInfo) -> datetime:
    """Return when an undecided review is asked about again: noon of its day, or an hour after it came late."""
    noon = at(due_at.astimezone(zone).date(), AGAIN, zone)
    return noon if posted_at < noon else posted_at + SOON


def check_due(now: datetime, zone: ZoneInfo) -> tuple[date, datetime] | None:
    """Return today's spot check where it is due: on working days from 09:00, but not on the review's own day."""
    today = now.astimezone(zone).date()
    since = at(today, AT, zone)
    if not is_working_day(today) or stands_for(today, MONDAY) is not None or since > now:
        return None
    return today, since


def is_late(due_at: datetime, posted_at: datetime) -> bool:
    """Whether it came so late that it says so."""
    return posted_at - due_at > LATE_AFTER


def week_before(monday: date, zone: ZoneInfo) -> Week:
    """Return the week that the review of a Monday is about, midnight to midnight of the business's clock."""

    def start(back: int) -> datetime:
        return at(monday - back * WEEK, time(0), zone)

    starts = tuple((monday - back * WEEK, start(back), start(back - 1)) for back in range(WEEKS_DRAWN, 0, -1))
    return Week(monday=monday - WEEK, since=start(1), until=start(0), before=start(2), starts=starts)


def days_of(monday: date) -> str:
    """Return `23 to 29 November`, `30 November to 6 December`."""
    sunday = monday + timedelta(days=6)
    first = f"{monday.day}" if monday.month == sunday.month else f"{monday.day} {monday:%B}"
    return f"{first} to {sunday.day} {sunday:%B}"


def number(count: int, noun: str) -> str:
    """Return `one thing`, `three things`."""
    said = NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"
    return f"{said} {noun if count == 1 else noun + 's'}"


def to_repair(findings: Iterable[Finding]) -> str:
    """Return the headline's second sentence: what is to be repaired, by name."""
    names = list(dict.fromkeys(found.short for found in findings if found.short))
    if not names:
        return "Nothing to repair."
    said = number(len(names), "thing")
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""  # noqa: PLR2004 - two are named
    named = ", ".join(name.rstrip(".") for name in names[:2])
    return f"{said[:1].upper()}{said[1:]} to repair: {named}{more}."


Span = tuple[datetime, datetime | None]
"""From when to when; None: still."""


def live(history: Sequence[tuple[datetime, bool]], week: Week, stopped: Iterable[Stop]) -> str:
    """Say how long production was on in a week, and what was stopped of that time.

    `history` is every change of the switches up to now, the oldest first: when, and whether go-live was on after it. A
    stop is an exception from being live, so of each only what overlaps the live time is named.
    """
    spans = _live_spans(history)
    was_on = any(since < week.since and (until is None or until >= week.since) for since, until in spans)
    changes = sorted(
        (moment, on)
        for since, until in spans
        for moment, on in ((since, True), (until, False))
        if moment is not None and week.since <= moment < week.until
    )
    if not changes:
        said = "Live all week" if was_on else "Not live all week"
    else:
        turns = (f"{'live' if on else 'not live'} since {moment.isoformat()}" for moment, on in changes)
        said = f"At first {'live' if was_on else 'not live'}; {'; '.join(turns)}"
    within = [
        f"{stop.what} {since.isoformat()} {f'to {until.isoformat()}' if until else 'until now'}"
        for stop in stopped
        for since, until in overlaps((stop.since, stop.until), spans)
        if since < week.until and (until is None or until > week.since)
    ]
    return f"{said} except {'; '.join(within)}." if within else f"{said}."


def _live_spans(history: Sequence[tuple[datetime, bool]]) -> list[Span]:
    """Return when production was on."""
    spans: list[Span] = []
    since: datetime | None = None
    for moment, on in history:
        if on and since is None:
            since = moment
        elif not on and since is not None:
            spans.append((since, moment))
            since = None
    return spans if since is None else [*spans, (since, None)]


def overlaps(one: Span, others: Iterable[Span]) -> list[Span]:
    """Return the parts of one span of time that lie within others; a moment is no part."""
    found: list[Span] = []
    for since, until in others:
        start = max(one[0], since)
        ends = [end for end in (one[1], until) if end is not None]
        end = min(ends) if ends else None
        if end is None or start < end:
            found.append((start, end))
    return found


def grouped(denied: Iterable[Denied]) -> tuple[Denied, ...]:
    """Return refusals by reason, the most frequent first."""
    sums: dict[str, int] = {}
    for one in denied:
        sums[one.text] = sums.get(one.text, 0) + one.count
    return tuple(Denied(count=count, text=text) for text, count in sorted(sums.items(), key=lambda x: (-x[1], x[0])))


def _run(values: Sequence[float | None]) -> int:
    """Count how many weeks in a row, up to the last, went up (positive) or down (negative)."""
    known = [value for value in values if value is not None]
    if len(known) < 2 or values[-1] is None or known[-1] == known[-2]:  # noqa: PLR2004 - two make a direction
        return 0
    sign = 1 if known[-1] > known[-2] else -1
    count = 0
    for after, before in zip(reversed(known), reversed(known[:-1]), strict=False):
        if (after - before) * sign <= 0:
            break
        count += 1
    return sign * count


def said_of(line: Weekly) -> str:
    """Return what a small line shows, in a few words: `Contract rate up three weeks in a row`."""
    values = [value for _, value in line.points]
    run = _run(values)
    if not any(value is not None for value in values):
        return ""
    if run == 0:
        known = sum(value is not None for value in values)
        return f"{line.title} unchanged" if values[-1] is not None and known > 1 else ""
    way = "up" if run > 0 else "down"
    weeks = f" {number(abs(run), 'week')} in a row" if abs(run) > 1 else ""
    return f"{line.title} {way}{weeks}"


def chart(lines: Sequence[Weekly]) -> Chart | None:
    """Return the six small lines with their finding in words; None where nothing was ever measured."""
    measured = [line for line in lines if any(value is not None for _, value in line.points)]
    if not measured:
        return None
    said = [words for words in map(said_of, measured) if words]
    changed = [words for words in said if not words.endswith("unchanged")] or said
    alt = "; ".join(changed) if changed else "One week of figures so far: no direction yet"
    panels = tuple(
        Panel(
            title=line.title, unit=line.unit, series=(Series(label=line.title, points=line.points),),
            lines=(Line(label="target", y=line.target),) if line.target is not None else (),
        )
        for line in sorted(lines, key=lambda line: ORDER.index(line.title) if line.title in ORDER else len(ORDER))
    )  # fmt: skip
    return Chart(title=f"The last {number(WEEKS_DRAWN, 'week')}", alt=alt, panels=panels[:9])
