"""Delivery: messages that could not be sent, and which channel gets which kind."""

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import audit_number, count, cut, place, safe, when, who, words
from domain.delivery.results import (
    DeliveryDropped,
    DeliveryList,
    DeliveryRetried,
    PausedLane,
    RouteChanged,
    RouteLine,
    RouteList,
    RouteTest,
    StuckMessage,
)

MOST_LISTED = 12
LAYER = "Delivery"


def listing(found: DeliveryList) -> Rendered:
    """Return what is stuck, each with its cure and what can be done about it, and what waits."""
    if not found.items:
        return kit.message(
            "Every message was delivered." if not found.queued else "No message is stuck.",
            kit.facts(_queue(found)) if found.queued else None,
            kit.lines(*(_paused(lane) for lane in found.paused)),
            kit.actions(kit.button("Show the channels", "route.list"), kit.button("Look again", "delivery.list")),
            kit.context(LAYER),
        )
    more = found.total - min(MOST_LISTED, len(found.items))
    return kit.message(
        f"{count(found.total, 'message is', 'messages are')} stuck.",
        [block for item in found.items[:MOST_LISTED] for block in _item(item)],
        kit.lines(f"and {more:,} more" if more > 0 else None),
        kit.facts(_queue(found)),
        kit.lines(*(_paused(lane) for lane in found.paused)),
        kit.actions(kit.button("Look again", "delivery.list")),
        kit.context(LAYER),
    )


def _queue(found: DeliveryList) -> list[tuple[str, str]]:
    oldest = f", the oldest since {when(found.oldest_queued_at)}" if found.oldest_queued_at else ""
    return [("On its way", f"{found.queued:,}{oldest}")]


def _paused(lane: PausedLane) -> str:
    return f"*Paused*  {place(lane.channel)} until {when(lane.paused_until)}"


def _item(item: StuckMessage) -> list[Block]:
    which, about = {"outbox_id": item.outbox_id}, f"{words(item.card)} {item.outbox_id}"
    state = "it may have arrived, and Slack cannot be asked" if item.state == "held" else "Slack refuses it"
    text = (
        f"*{item.outbox_id}  {words(item.card)} for {place(item.destination)}*: {state}\n"
        f"Written {when(item.created_at)}, tried {count(item.attempts, 'time')}: {cut(safe(item.error), 200)}\n"
        f"Cure: {words(item.cure)}"
    )
    drop = kit.confirm("Drop this message?", f"{about} is then not sent. What it tells of stays as it is.", "Drop")
    return [
        kit.section(text),
        *kit.actions(
            kit.button("Try again", "delivery.retry", which, about=about),
            kit.button("Drop", "delivery.drop", which, confirm=drop, about=about),
        ),
    ]


def retried(done: DeliveryRetried) -> Rendered:
    """Return which messages are tried again."""
    return kit.message(
        f"{count(len(done.outbox_ids), 'message is', 'messages are')} tried again.",
        kit.lines(_still(done.still_stuck)),
        kit.actions(kit.button("Show what is stuck", "delivery.list")),
        kit.context(LAYER),
    )


def dropped(done: DeliveryDropped) -> Rendered:
    """Return that a message is not sent."""
    return kit.message(
        f"Dropped: {words(done.card)} for {place(done.destination)} is not sent.",
        kit.lines(_still(done.still_stuck)),
        kit.actions(kit.button("Show what is stuck", "delivery.list")),
        kit.context(LAYER, f"message {done.outbox_id}"),
    )


def _still(stuck: int) -> str:
    return f"{count(stuck, 'message is', 'messages are')} still stuck." if stuck else "Nothing else is stuck."


def routes(found: RouteList) -> Rendered:
    """Return which channel gets which kind of message."""
    if not found.items:
        return kit.message("No kind of message has a channel.", kit.lines("`/valhalla route KIND #channel` sets one."))
    return kit.message(
        "Which channel gets what",
        [block for line in found.items for block in _route(line)],
        kit.context(LAYER, "a test message says whether a channel can be written to"),
    )


def _route(line: RouteLine) -> list[Block]:
    since = f", set by {who(line.changed_by)} {when(line.updated_at)}" if line.changed_by else ""
    origin = "the settings' default" if line.is_default else f"version {line.version}{since}"
    which = {"kind": line.kind}
    return [
        kit.section(f"*{words(line.kind)}*  {place(line.channel)}\n{words(line.meaning)} · {origin}"),
        *kit.actions(
            kit.button("Change…", "route.set", which, form=True, about=words(line.kind)),
            kit.button("Test", "route.test", which, about=words(line.kind)),
        ),
    ]


def route_changed(done: RouteChanged) -> Rendered:
    """Return where a kind of message goes from now on."""
    head = f"{words(done.kind).capitalize()} messages go to {place(done.channel)}" + (
        " now." if done.changed else " already."
    )
    before = f"Before: {place(done.before)}. Changed by {who(done.changed_by)}." if done.changed else "Nothing changed."
    tested = "A test message is on its way there. If it cannot be posted, `/valhalla delivery` says why."
    return kit.message(
        head,
        kit.lines(words(done.meaning), before),
        kit.lines(tested if done.changed else None),
        kit.actions(
            kit.button("Show what is stuck", "delivery.list") if done.changed else None,
            kit.button("Test it", "route.test", {"kind": done.kind}),
            kit.button("Change…", "route.set", {"kind": done.kind}, form=True),
        ),
        kit.context(LAYER, f"version {done.version}", audit_number(done.audit_id)),
    )


def route_test(test: RouteTest) -> Rendered:
    """Return the test message that stands in the channel."""
    return kit.message(
        f"TEST: {words(test.kind)} messages arrive here.",
        kit.lines(f"{who(test.asked_by)} asked for this test, {when(test.at)}. {words(test.meaning)}"),
        kit.context(LAYER),
    )


def route_tested(test: RouteTest) -> Rendered:
    """Return the answer to who asked for a test."""
    return kit.message(
        f"A test message is on its way to {place(test.channel)}.",
        kit.lines("If it does not arrive, `/valhalla delivery` says why."),
        kit.actions(kit.button("Show what is stuck", "delivery.list")),
        kit.context(LAYER, words(test.kind)),
    )
