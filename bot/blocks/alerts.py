"""Alerts: one card for each, and the list."""

from collections.abc import Callable, Mapping

from bot.blocks import kit, tripwire
from bot.blocks.kit import Block, Rendered
from bot.blocks.oncall import paged
from bot.blocks.text import audit_number, count, quoted, value, when, who, words
from domain.alerts.results import AlertCard, AlertList

MOST_LISTED = 15
CARDS: Mapping[str, Callable[[AlertCard, str], Rendered]] = {"tripwire": tripwire.alert}
"""Alerts that say more: their card's name, and how it is made from the alert and the line of its state."""


def alert(card: AlertCard) -> Rendered:
    """Return the card of an alert in any state; some have a card of their own."""
    own = CARDS.get(str((card.extra or {}).get("card")))
    if own is not None:
        return own(card, state_line(card))
    head = words(card.headline)
    return kit.message(
        f"RESOLVED: {head}" if card.state == "resolved" else f"ALERT: {head}",
        kit.lines(state_line(card), _times(card)),
        kit.facts([(words(name), value(shown)) for name, shown in card.facts]),
        kit.actions(*_buttons(card)),
        kit.context(words(card.severity), f"alert T-{card.alert_id}", audit_number(card.audit_id)),
    )


def _times(card: AlertCard) -> str | None:
    return f"Seen {card.times:,} times, last {when(card.last_at)}" if card.times > 1 else None


def state_line(card: AlertCard) -> str:
    """Return how an alert stands: who was paged and who is next, who acknowledged until when, who resolved it."""
    opened = f"Opened {when(card.opened_at)}"
    if card.state == "resolved":
        said = f": {quoted(card.note)}" if card.note else ""
        return f"{opened}. Resolved by {who(card.resolved_by)}, {when(card.resolved_at)}{said}"
    if card.state == "acknowledged":
        then = "pages again at {} if still open" if card.pages else "open again after {}"
        until = f"; {then.format(when(card.acknowledged_until))}" if card.acknowledged_until else ""
        return f"{opened}. Acknowledged by {who(card.acknowledged_by)} {when(card.acknowledged_at)}{until}"
    told = paged(card.paged)
    before = (
        f"OPEN; {who(card.acknowledged_by)} acknowledged {when(card.acknowledged_at)}, and it is not resolved"
        if card.acknowledged_by
        else "OPEN, nobody has acknowledged"
    )
    return f"{opened}. {before}{f'. {told}' if told else ''}"


def _buttons(card: AlertCard) -> list[Block]:
    which, about = {"alert_id": card.alert_id}, f"T-{card.alert_id}: {words(card.headline)}"
    if card.state == "resolved":
        return []
    ack = kit.button("Acknowledge", "alerts.ack", which, style="primary", about=about)
    resolve = kit.button("Resolve…", "alerts.resolve", which, form=True, about=about)
    more = kit.overflow(
        [
            kit.choice("Pass to…", "alerts.pass", which, form=True),
            kit.choice("Acknowledge until…", "alerts.ack", which, form=True),
        ],
    )
    return [resolve, more] if card.state == "acknowledged" else [ack, resolve, more]


def listing(found: AlertList) -> Rendered:
    """Return the alerts that are not resolved, the gravest first."""
    if not found.items:
        return kit.message(
            "No alert is open.",
            kit.lines("New ones come to the on-call channel."),
            kit.actions(kit.button("Show the runbook", "runbook.status")),
        )
    still_open = sum(card.state == "open" for card in found.items)
    blocks = [block for card in found.items[:MOST_LISTED] for block in alert_line(card)]
    more = len(found.items) - MOST_LISTED
    return kit.message(
        f"{count(len(found.items), 'alert')}, {still_open} not acknowledged.",
        blocks,
        kit.lines(f"and {more} more" if more > 0 else None),
    )


def alert_line(card: AlertCard) -> list[Block]:
    """Return one alert in a list, with its buttons."""
    text = f"*T-{card.alert_id}  {words(card.headline)}*\n{words(card.severity)} · {state_line(card)}"
    return [kit.section(text), *kit.actions(*_buttons(card))]
