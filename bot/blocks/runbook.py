"""The runbook: what blocks, what warns, each with its cure, and the statements to sign."""

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import count, day, when, who, words
from domain.runbook.results import Attested, Check, Markdown, RunbookStatus, Statement


def status(found: RunbookStatus) -> Rendered:
    """Return the whole runbook, worst first."""
    blocking = len(found.blockers)
    head = (
        "READY: nothing stands in the way of go-live."
        if found.ok_to_enable_go_live
        else f"NOT READY: {count(blocking, 'blocker')} before go-live."
    )
    return kit.message(
        head,
        *(kit.lines(_check(check, "BLOCKS")) for check in found.blockers),
        kit.lines(*(_check(check, "WARNS") for check in found.warnings)),
        kit.lines(*(_check(check, "NOTE") for check in found.info)),
        kit.lines("*Statements people sign*"),
        *(_statement(item) for item in found.statements),
        kit.lines(_passed(found.passed)),
        kit.actions(
            kit.button("Ask to go live…", "golive.enable", form=True, style="primary")
            if found.ok_to_enable_go_live
            else None,
            kit.button("Check again", "runbook.status"),
        ),
        kit.context("Runbook", f"checked {when(found.checked_at)}"),
    )


def _check(check: Check, word: str) -> str:
    seen = f" (as of {when(check.evidence_at)})" if check.evidence_at else ""
    cure = f"\n        Cure: {words(check.cure)}" if check.cure else ""
    return f"*{word}*  {words(check.name)}: {words(check.detail)}{seen}{cure}"


def _passed(passed: tuple[Check, ...]) -> str | None:
    return f"*Passed ({len(passed)})*  {', '.join(words(check.name) for check in passed)}" if passed else None


def _statement(item: Statement) -> Block:
    if item.is_valid:
        state = f"signed by {who(item.signed_by)}, good until {day(item.valid_until)}"
    elif item.signed_at:
        state = f"too old: signed by {who(item.signed_by)}, {day(item.signed_at)}"
    else:
        state = "not signed"
    sign = kit.button(
        "Sign again…" if item.is_valid else "Sign…", "golive.attest", {"statement": item.statement}, form=True,
        about=words(item.meaning),
    )  # fmt: skip
    return kit.section(f"{words(item.meaning)}\n{state} · good for {item.good_for_days} days", sign)


def markdown(found: Markdown) -> Rendered:
    """Return the runbook as a document to copy."""
    return kit.message("The runbook as a document", kit.preformatted(found.markdown), kit.context("Runbook"))


def attested(done: Attested) -> Rendered:
    """Return that a statement was signed."""
    item = done.statement
    return kit.message(
        f"SIGNED: {words(item.meaning)}.",
        kit.lines(f"By {who(item.signed_by)}, {when(item.signed_at)}; good until {day(item.valid_until)}"),
        kit.actions(kit.button("Show the checklist", "golive.checklist")),
        kit.context("Runbook", f"good for {item.good_for_days} days"),
    )
