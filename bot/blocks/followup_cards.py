"""Follow-ups for channels and direct messages: late ones, hand-overs, ended claims, the promise in figures."""

from bot.blocks import kit
from bot.blocks.kit import Rendered
from bot.blocks.sellers import assignee, channel, named, outcome, rate, seller
from bot.blocks.text import audit_number, count, quoted, span, value, when, who, words
from domain.followup.results import ClaimOver, HandOver, OverdueCard, OverdueGroup, OverdueStep, SlaLine, SlaView

LAYER = "Follow-up"
MOST_GROUPS = 12
MOST_LINES = 12


def overdue(card: OverdueCard) -> Rendered:
    """Return the live card of late follow-ups, from the first until none is late any more."""
    if card.is_over:
        return _none_late(card, "NO FOLLOW-UP IS LATE ANY MORE")
    more = len(card.groups) - MOST_GROUPS
    return kit.message(
        f"{count(card.late, 'FOLLOW-UP IS', 'FOLLOW-UPS ARE')} LATE{_broken(card)}",
        kit.lines(f"Since {when(card.opened_at)}", _acting_is_off(card)),
        *(kit.lines(*_group(group)) for group in card.groups[:MOST_GROUPS]),
        kit.lines(f"and {more} more people" if more > 0 else None),
        kit.actions(kit.button("Show what is due", "followup.due", {"scope": "all"}, style="primary")),
        kit.context(
            LAYER,
            f"episode {card.episode}",
            "late: open past 30 min",
            "broken: past 2 h, which counts against the 90 % target",
        ),
    )


def overdue_yours(card: OverdueCard) -> Rendered:
    """Return the same for one assignee, directly: the late steps that are his."""
    if card.is_over:
        return _none_late(card, "NONE OF YOUR FOLLOW-UPS IS LATE ANY MORE")
    steps = [line for group in card.groups for line in _steps(group)]
    return kit.message(
        f"{count(card.late, 'FOLLOW-UP OF YOURS IS', 'FOLLOW-UPS OF YOURS ARE')} LATE{_broken(card)}",
        kit.lines(*steps, _acting_is_off(card)),
        kit.actions(kit.button("Show what is due", "followup.due", {"scope": "mine"}, style="primary")),
        kit.context(LAYER, "late: open past 30 min", "broken: past 2 h, which counts against the 90 % target"),
    )


def _none_late(card: OverdueCard, headline: str) -> Rendered:
    lasted = f" It lasted {span(card.ended_at - card.opened_at)}." if card.ended_at else ""
    return kit.message(
        headline,
        kit.lines(f"From {when(card.opened_at)} to {when(card.ended_at)}; at most {card.worst:,} at once.{lasted}"),
        kit.context(LAYER, f"episode {card.episode}"),
    )


def _broken(card: OverdueCard) -> str:
    return f", {card.broken:,} of them past the 2 h promise" if card.broken else ""


def _acting_is_off(card: OverdueCard) -> str | None:
    return "Production is off or stopped: nobody can claim any of them now." if card.acting_is_off else None


def _group(group: OverdueGroup) -> list[str]:
    broken = f", {group.broken:,} broken" if group.broken else ""
    head = f"*{assignee(group.assignee)}*  {group.late:,} late{broken}, the oldest since {when(group.oldest)}"
    return [head, *_steps(group)]


def _steps(group: OverdueGroup) -> list[str]:
    more = [f"and {group.more:,} more"] if group.more else []
    return [*(_late(step) for step in group.steps), *more]


def _late(step: OverdueStep) -> str:
    state = "BROKEN" if step.is_broken else "LATE"
    about = named(step.seller_name, step.lead_id, step.market, step.province)
    return f"{state}  {channel(step.channel)}, step {step.step}  {about}, since {when(step.sla_from)}"


def handover(card: HandOver) -> Rendered:
    """Return the card of a seller who is interested, for the deals channel."""
    rows = [
        ("Recorded by", who(card.recorded_by)),
        ("Score", value(card.score)) if card.score is not None else None,
        ("Source", words(card.source)) if card.source else None,
        ("Arrived", when(card.arrived_at)),
        ("Was followed up by", assignee(card.assignee)) if card.assignee else None,
    ]
    about = seller(card.seller)
    return kit.message(
        f"INTERESTED: {about}. Who takes it?",
        kit.lines(f"{channel(card.channel)}, step {card.step}, {when(card.interested_at)}", *_about(card)),
        kit.facts([row for row in rows if row]),
        kit.actions(kit.button("Show the ladder", "followup.show", {"lead_id": card.seller.lead_id}, about=about)),
        kit.context(LAYER, f"lead {words(card.seller.lead_id)}", audit_number(card.audit_id)),
    )


def _about(card: HandOver) -> list[str | None]:
    address = card.seller.property_address
    return [f"Property: {words(address)}" if address else None, quoted(card.note) if card.note else None]


def claim_over(card: ClaimOver) -> Rendered:
    """Return the direct message to whoever holds a step that is not theirs to do any more."""
    about = f"{channel(card.channel)}, step {card.step}, {seller(card.seller)}"
    if card.may_not_contact:
        head = f"STOP: do not contact {seller(card.seller)}. They asked us to stop."
    else:
        head = f"Not yours any more: {about}"
    did = f"recorded “{outcome(card.outcome)}”" if card.why == "completed" else "stopped it"
    said = f": {quoted(card.reason)}" if card.reason else ""
    hang_up = "If you are talking to them now, apologise and hang up." if card.may_not_contact else None
    return kit.message(
        head,
        kit.lines(f"{who(card.by)} {did}, {when(card.at)}{said}", hang_up, "What you did can still be recorded."),
        kit.actions(kit.button("Show what is due", "followup.due", {"scope": "mine"})),
        kit.context(LAYER, f"F-{card.task_id}"),
    )


def sla(view: SlaView) -> Rendered:
    """Return how well the promise was kept, by person, channel, province and source."""
    total = view.total
    head = (
        f"{rate(total.rate_2h)} within 2 h in {count(view.days, 'day')} (target {rate(view.target)})"
        if total.rate_2h is not None
        else f"No follow-up was due in {count(view.days, 'day')}."
    )
    rows = [
        ("Within 2 h", f"{rate(total.rate_2h)}   {total.within_2h:,} of {total.count:,}"),
        ("Within 30 min", f"{rate(total.rate_30m)}   {total.within_30m:,} of {total.count:,}"),
        ("Late now", f"{total.overdue_now:,}, {total.broken_now:,} of them broken"),
    ]
    return kit.message(
        head,
        kit.facts(rows),
        kit.lines(*_table("By person", view.by_assignee, is_person=True)),
        kit.lines(*_table("By channel", view.by_channel)),
        kit.lines(*_table("By province", view.by_province)),
        kit.lines(*_table("By source", view.by_source)),
        kit.actions(kit.button("Show what is due", "followup.due", {"scope": "all"})),
        kit.context(LAYER, f"since {when(view.since)}", f"as of {when(view.as_of)}"),
    )


def _table(title: str, rows: tuple[SlaLine, ...], *, is_person: bool = False) -> list[str]:
    if not rows:
        return []
    more = len(rows) - MOST_LINES
    shown = [_line(row, is_person=is_person) for row in rows[:MOST_LINES]]
    return [f"*{title}*", *shown, *([f"and {more} more"] if more > 0 else [])]


def _line(row: SlaLine, *, is_person: bool) -> str:
    name = assignee(row.name) if is_person else words(row.name or "none given")
    late = f", {row.overdue_now:,} late now" if row.overdue_now else ""
    return f"{name}  {rate(row.rate_2h)} of {row.count:,}{late}"
