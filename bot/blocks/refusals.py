"""What the caller sees when something waits or was refused: the five parts of a refusal, in their order."""

import re
from collections.abc import Mapping
from typing import Any

from bot.blocks import kit, risk_cards
from bot.blocks.approvals import can_decide
from bot.blocks.kit import Rendered
from bot.blocks.text import label, safe, value, when, words
from domain.operation import AnyOperation
from domain.outcomes import Held, Kind, PendingApproval, Refused

MOST_FIGURES = 5
_AFTERTHOUGHT = re.compile(r" \(|[;:] ")
"""Where a summary begins to explain what it has said."""
FIGURE_NAMES = {
    "go_live_enabled": "Go-live", "kill_switch_engaged": "Kill switch", "needs": "Needs", "has": "You have",
    "since": "Since", "state": "State",
}  # fmt: skip
SWITCH_WORDS = {"go_live_enabled": ("off", "on"), "kill_switch_engaged": ("clear", "engaged")}
HIDDEN_FIGURES = frozenset({"blockers", "details", "execution_class", "cause", "status", "decided_by"})
"""Said in the sentence already, or of use to programs alone."""


def act_of(operation: AnyOperation | str) -> str:
    """Name what was tried: as it is typed, or in words where it is a button only."""
    if isinstance(operation, str):
        return f"`{safe(operation)}`"
    if operation.slack is not None:
        verb = "" if operation.slack.default or not operation.slack.verb else f" {operation.slack.verb}"
        return f"`/{operation.slack.command}{verb}`"
    summary = _AFTERTHOUGHT.split(operation.summary, maxsplit=1)[0]
    return words(summary[:1].lower() + summary[1:])


def refused(operation: AnyOperation | str, refusal: Refused) -> Rendered:
    """Return what did not happen, the figures, why, what lifts it, the reference, with the buttons that ask for it."""
    if "denial" in refusal.figures:
        return risk_cards.denied(operation, refusal)
    if refusal.kind is Kind.INVALID:
        head = f"NOT DONE: {act_of(operation)}. What was typed does not fit."
    else:
        head = f"NOT DONE: {act_of(operation)}"
    return kit.message(
        head,
        kit.lines(words(refusal.detail)),
        kit.facts(_figures(refusal.figures)),
        kit.lines(f"*What lifts it*  {words(refusal.remedy)}" if refusal.remedy else None),
        kit.actions(*(kit.offered(given, place=number) for number, given in enumerate(refusal.buttons))),
        kit.context(words(refusal.layer), f"ref {words(refusal.reference)}" if refusal.reference else None),
        text=f"{head.removesuffix('.')}. {words(refusal.detail)}",
    )


def _figures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = {
        name: figure
        for name, figure in figures.items()
        if name not in HIDDEN_FIGURES and not isinstance(figure, Mapping) and figure is not None
    }
    first = list(shown.items())[:MOST_FIGURES]
    return [(FIGURE_NAMES.get(name, label(words(name))), _figure(name, figure)) for name, figure in first]


def _figure(name: str, figure: Any) -> str:
    if name in SWITCH_WORDS and isinstance(figure, bool):
        return SWITCH_WORDS[name][figure]
    if name in {"requester", "decider"}:
        return words(f"<@{figure}>")
    return value(figure)


def pending(waiting: PendingApproval) -> Rendered:
    """Return that a second person must decide, who may, and until when."""
    which = {"approval_id": waiting.approval_id}
    what = words(waiting.headline or waiting.operation)
    head = (
        f"ASKED ALREADY: {what}. Your request joined A-{waiting.approval_id}."
        if waiting.joined
        else f"ASKED: {what}. A-{waiting.approval_id} waits for a second person."
    )
    take_back = kit.button("Withdraw", "approvals.withdraw", which, about=f"A-{waiting.approval_id}")
    return kit.message(
        head,
        kit.lines(
            can_decide(waiting.can_decide),
            f"*Expires*  {when(waiting.expires_at)}" if waiting.expires_at else None,
            "Nothing has changed so far. You hear of the decision here.",
        ),
        kit.actions(None if waiting.joined else take_back, kit.button("Show my requests", "approvals.mine")),
        kit.context(
            f"Approval A-{waiting.approval_id}", f"ref {words(waiting.reference)}" if waiting.reference else None
        ),
    )


def held(operation: AnyOperation | str, kept: Held) -> Rendered:
    """Return that an action waits for a manager, since the switches say no."""
    return kit.message(
        f"HELD: {act_of(operation)}. It is not lost, and it does not run by itself.",
        kit.lines("A manager runs or drops it once the switches allow it: `/held`."),
        kit.actions(kit.button("Show what waits", "held.list")),
        kit.context("Prime Law", f"held action {kept.held_id}"),
    )
