"""Direct messages to somebody whose press or command was not run, or was run late."""

from typing import Any

from bot.blocks import kit
from bot.blocks.kit import Rendered
from bot.blocks.replies import model_of, render_outcome
from bot.blocks.text import quoted, when, words
from domain.inbox.results import LateAnswer, NotRun
from domain.outcomes import Done, Held, Outcome, PendingApproval, Refused


def not_run(card: NotRun) -> Rendered:
    """Return that something was not done, and why."""
    return kit.message(
        f"NOT DONE: {quoted(card.said, 200)}",
        kit.lines(
            f"You sent it {when(card.received_at)}. It was not run: {words(card.why)}.",
            "Nothing was changed. Send it again if you still want it.",
        ),
        kit.context("Inbox", words(card.operation), words(card.state)),
    )


def late_answer(card: LateAnswer) -> Rendered:
    """Return what became of something that was run late, as it would have been answered at once."""
    answer = _answer(card)
    intro = kit.lines(
        f"The answer to {quoted(card.said, 200)} of {when(card.received_at)} comes late: the program that took it "
        "stopped, and another finished it. It was done once."
        if "done" in card.outcome
        else f"The answer to {quoted(card.said, 200)} of {when(card.received_at)} comes late: the program that took "
        "it stopped, and another finished it."
    )
    return Rendered(answer.text, kit.fitted([*answer.blocks[:1], *intro, *answer.blocks[1:]]))


def _answer(card: LateAnswer) -> Rendered:
    outcome = _outcome(card.operation, card.outcome)
    if outcome is None:
        return kit.message(f"Done: {words(card.operation)}.", kit.lines("`/audit` shows the entry."))
    return render_outcome(card.operation, outcome)


def _outcome(operation: str, stored: dict[str, Any]) -> Outcome | None:
    """Read the stored outcome back; None where it was done and its result has no message of its own."""
    if "pending" in stored:
        return PendingApproval.model_validate(stored["pending"])
    if "held" in stored:
        return Held.model_validate(stored["held"])
    if "refused" in stored:
        return Refused.model_validate(stored["refused"])
    model = model_of(operation)
    if model is None:
        return None
    result = model.model_validate(stored["done"])
    return Done(operation=operation, result=result, audit_id=stored.get("audit_id"))
