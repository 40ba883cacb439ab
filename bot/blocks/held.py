"""Held work: what Prime Law stopped, and what a manager decided about it."""

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import count, when, who, words
from domain.held.results import HeldDecided, HeldItem, HeldList

MOST_LISTED = 15


def listing(found: HeldList) -> Rendered:
    """Return what waits, oldest first; each can be run or dropped where it stands."""
    if not found.items:
        return kit.message(
            "Nothing is held back.",
            kit.lines("What a worker may not do while the switches say no waits here, for at most an hour."),
            kit.actions(kit.button("Show the switches", "golive.state")),
        )
    more = found.total - min(MOST_LISTED, len(found.items))
    return kit.message(
        f"{count(found.total, 'action waits', 'actions wait')}. None of it runs by itself.",
        kit.lines("A manager decides about each; every gate judges it again."),
        [block for item in found.items[:MOST_LISTED] for block in _item(item)],
        kit.lines(f"and {more:,} more" if more > 0 else None),
        kit.context("Prime Law", "held work"),
    )


def _item(item: HeldItem) -> list[Block]:
    which, about = {"held_id": item.held_id}, f"{words(item.operation)} {words(item.target)}"
    text = (
        f"*{item.held_id}  {about}*\n"
        f"For {who(item.actor)}, held {when(item.held_at)}; dropped by itself {when(item.not_after)}\n"
        f"{words(item.reason)}"
    )
    run = kit.confirm("Run it now?", f"{about} for {who(item.actor)}", "Run")
    drop = kit.confirm("Drop it?", f"{about} is then not done.", "Drop")
    return [
        kit.section(text),
        *kit.actions(
            kit.button("Run", "held.run", which, confirm=run, about=about),
            kit.button("Drop", "held.drop", which, confirm=drop, about=about),
        ),
    ]


def decided(answer: HeldDecided) -> Rendered:
    """Return what became of one held action."""
    done = {"run": "It was done now, for whom it was held.", "dropped": "It is not done."}.get(answer.state, "")
    return kit.message(
        f"Held action {answer.held_id} was {words(answer.state)}: {words(answer.operation)}",
        kit.lines(done, words(answer.detail)),
        kit.actions(kit.button("Show what still waits", "held.list")),
        kit.context("Prime Law", "held work"),
    )
