"""A tripwire's figures in words, for headlines, reasons and approvals; pure."""

from domain.regression.results import TripCard
from domain.regression.rules import Action, Cause, MetricKind

UNITS = {
    "contract_rate": "offers", "offer_accept_rate": "offers", "match_success": "matches", "followup_sla": "follow-ups",
    "response_rate": "buyers asked", "reserve_allowed": "reserves", "contact_in_window": "contacts",
}  # fmt: skip
"""What an event of a metric is; others are events."""


def unit(card: TripCard) -> str:
    """Return what is counted."""
    return "hours" if card.kind == MetricKind.VOLUME.value else UNITS.get(card.metric, "events")


def name_of(metric: str) -> str:
    """Return a metric as the first word of a sentence: `contract_rate` → `Contract rate`."""
    shown = metric.replace("_", " ")
    shown = " ".join({"sla": "SLA", "roi": "ROI", "mao": "MAO"}.get(each, each) for each in shown.split())
    return shown[:1].upper() + shown[1:]


def percent(rate: float) -> str:
    """Return `41 %`; below one percent with a decimal."""
    return f"{rate * 100:.0f} %" if rate >= 0.0095 or rate == 0 else f"{rate * 100:.1f} %"  # noqa: PLR2004


def verb(card: TripCard) -> str:
    """Return what the metric did."""
    if card.cause == Cause.FLOOR.value:
        return "is under its floor" if card.better == "higher" else "is over its ceiling"
    if card.cause == Cause.SLIDE.value:
        return "slid" if card.better == "higher" else "crept up"
    return "fell" if card.better == "higher" else "rose"


def level(card: TripCard) -> str:
    """Return what is normal and what is now: `41 % → about 25 %`."""
    if card.kind == MetricKind.VOLUME.value:
        return f"{card.usual:,.0f} a week → about {card.now:,.0f}"
    if card.kind == MetricKind.MEAN.value and card.cause == Cause.WINDOW.value:
        return f"{card.usual:,.4g} → {card.now:,.4g}"
    return f"{percent(card.usual)} → about {percent(card.now)}"


def counted(card: TripCard) -> str:
    """Return the events behind the figure: `48 of 190 offers`."""
    if card.kind == MetricKind.VOLUME.value:
        return f"{card.successes:,.0f} in {card.events:,} hours"
    if card.kind == MetricKind.MEAN.value and card.cause == Cause.WINDOW.value:
        return f"{card.events:,} {unit(card)}"
    return f"{card.successes:,.0f} of {card.events:,} {unit(card)}"


def subject(card: TripCard) -> str:
    """Return what the figures are of."""
    if card.kind == MetricKind.MEAN.value and card.cause != Cause.WINDOW.value:
        side = "above" if card.better == "higher" else "below"
        return f"{name_of(card.metric)} {side} its usual middle"
    return name_of(card.metric)


def sooner(card: TripCard, needs: int | None, least: float | None) -> str:
    """Say when a trial share ends before its time; empty where its time alone ends it."""
    if needs is None or least is None:
        return ""
    side = "more" if card.better == "higher" else "less"
    return f", or sooner: after {needs:,} {unit(card)} that show no drop ({side} than {least * 100:.3g} %)"


def headline(card: TripCard) -> str:
    """Return what is true now."""
    what = f"{name_of(card.metric)} {verb(card)}."
    if card.is_warning:
        return f"A WARNING, nothing is stopped. {what}"
    if card.action == Action.KILL_SWITCH.value:
        return f"KILL SWITCH ENGAGED by a tripwire: nothing new goes out. {what}"
    stops = "no new offers" if card.engine == "WHOLESALE" else "no new reserves"
    return f"{card.engine} IS THROTTLED: {stops}. {what}"


def reason(card: TripCard) -> str:
    """Return why, in one line, for everybody who is stopped by it."""
    return f"{subject(card)} {verb(card)}: {level(card)} ({counted(card)} since the dip began)"
