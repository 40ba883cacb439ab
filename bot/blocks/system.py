"""Help and the doctor."""

from itertools import groupby

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import count, safe, words
from domain.runbook.results import Check
from domain.system.results import DoctorView, HelpLine, HelpView


def help_view(view: HelpView) -> Rendered:
    """Return what the asker may do, by command, each with an example."""
    topic = f" about “{safe(view.topic)}”" if view.topic else ""
    if not view.items:
        return _nothing(view, topic)
    role = f"Your role: {words(view.role)}." if view.role else ""
    grouped = groupby(sorted(view.items, key=lambda line: line.command), key=lambda line: line.command)
    return kit.message(
        f"What you can do here{topic}" if view.role else "You have no role here yet.",
        kit.lines(role, "Every command also works without its words: a form asks for what is missing."),
        *(_command(command, list(items)) for command, items in grouped),
        kit.actions(*_ask_for_access(view)),
        kit.context(_elsewhere(view)) if view.elsewhere else None,
    )


def _command(command: str, items: list[HelpLine]) -> Block:
    said = [f"*`/{words(command)}`*"]
    for line in items:
        example = f"   e.g. `{words(line.example)}`" if line.example and line.example != line.usage else ""
        said.append(f"`{words(line.usage)}`  {words(line.summary)}{example}")
    return kit.section("\n".join(said))


def _elsewhere(view: HelpView) -> str:
    return f"{count(view.elsewhere, 'more thing needs', 'more things need')} another role"


def _ask_for_access(view: HelpView) -> list[Block]:
    return [] if view.role else [kit.button("Ask for access…", "access.request", form=True, style="primary")]


def _nothing(view: HelpView, topic: str) -> Rendered:
    return kit.message(
        f"Nothing you can do{topic} was found.",
        kit.lines(f"{_elsewhere(view)}." if view.elsewhere else None, "`/valhalla help` lists everything."),
        kit.actions(kit.button("Show everything", "system.help"), *_ask_for_access(view)),
    )


def doctor(view: DoctorView) -> Rendered:
    """Return what is wrong and how to mend it, as the processes recorded it."""
    wrong = [check for check in view.checks if not check.ok and check.severity != "INFO"]
    notes = [check for check in view.checks if not check.ok and check.severity == "INFO"]
    good = [check for check in view.checks if check.ok]
    return kit.message(
        "All is well." if view.ok else f"{count(len(wrong), 'thing is', 'things are')} wrong.",
        kit.lines(*(_wrong(check) for check in wrong)),
        kit.lines(*(f"*Note*  {words(check.name)}: {words(check.detail)}" for check in notes)),
        kit.lines(f"*Well ({len(good)})*  {', '.join(words(check.name) for check in good)}" if good else None),
        kit.actions(kit.button("Look again", "system.doctor")),
        kit.context("as the processes last recorded it"),
    )


def _wrong(check: Check) -> str:
    cure = f"\n        Cure: {words(check.cure)}" if check.cure else ""
    return f"*{words(check.severity.value)}*  {words(check.name)}: {words(check.detail)}{cure}"
