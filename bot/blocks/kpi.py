"""KPI events: what was recorded, and a metric over time or by where it comes from."""

from bot.blocks import kit
from bot.blocks.kit import Rendered
from bot.blocks.text import audit_number, count, label, listed, safe, when, words
from domain.kpi.results import KpiSeries, Recorded, SeriesPoint
from domain.regression.words import name_of, percent

MOST_DAYS = 14
MOST_LINES = 15
NOUNS = {"source": "sources", "market": "markets", "assignee": "assignees"}


def recorded(found: Recorded) -> Rendered:
    """Return how much is new."""
    head = f"{count(found.recorded, 'event is', 'events are')} recorded."
    if not found.recorded:
        head = "Nothing new: it was recorded already."
    known = f"{count(found.repeated, 'was', 'were')} known already and counted once." if found.repeated else None
    return kit.message(
        head,
        kit.lines(f"*Metrics*  {listed(words(name) for name in found.metrics)}", known if found.recorded else None),
        kit.context(
            "KPI", f"event {safe(found.event_id)}" if found.event_id else None, audit_number(found.audit_id)
        ),
    )  # fmt: skip


def series(found: KpiSeries) -> Rendered:
    """Return a metric by day or by where it comes from."""
    over = f"over {count(found.days, 'day')}"
    name = name_of(found.metric)
    if not found.total.count:
        return kit.message(
            f"{name}: nothing {over}.", kit.lines(f"Its last event was {when(found.last_event_at)}."), _last(found)
        )
    shown = found.points[-MOST_DAYS:] if found.by == "day" else found.points[:MOST_LINES]
    rows = [(_point_name(point), _figure(point)) for point in shown if point.count or found.by == "day"]
    more = len(found.points) - len(shown)
    note = f"The last {MOST_DAYS} of {found.days} days." if found.by == "day" and more > 0 else (
        f"and {more} more {NOUNS.get(found.by, '')}" if more > 0 else None
    )  # fmt: skip
    others = [each for each in ("day", "source", "market", "assignee") if each != found.by]
    which = {"domain": found.domain, "metric": found.metric, "days": found.days}
    return kit.message(
        f"{name}: {_figure(found.total)} {over}.",
        kit.facts(rows),
        kit.lines(note),
        kit.actions(*(kit.button(f"By {each}", "kpi.series", {**which, "by": each}) for each in others)),
        _last(found),
    )


def _point_name(point: SeriesPoint) -> str:
    return f"{point.day:%a %d %b}" if point.day is not None else safe(label(point.name) or "none")


def _figure(point: SeriesPoint) -> str:
    if not point.count:
        return "none"
    if point.rate is not None:
        return f"{percent(point.rate)} ({point.successes:,} of {point.count:,})"
    return f"{point.mean or 0:,.4g} on average of {point.count:,}"


def _last(found: KpiSeries) -> kit.Block:
    return kit.context(f"KPI · {words(found.domain)}.{words(found.metric)}", f"as of {when(found.as_of)}")
