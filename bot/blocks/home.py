"""The Home tab: the switches, what waits for the reader, what is due, what is wrong, and what the role can do."""

from datetime import datetime
from typing import Any

from bot.blocks import kit, oncall, refusals
from bot.blocks.alerts import alert_line
from bot.blocks.approvals import request_line
from bot.blocks.followup import step_line
from bot.blocks.kit import Block, Rendered
from bot.blocks.prime_law import engage_button, state_headline
from bot.blocks.sellers import title
from bot.blocks.text import count, when, who, words
from domain.followup.results import Step
from domain.outcomes import Done, Outcome, Refused
from domain.prime_law.results import GoLiveView
from domain.system.results import HelpLine, HomeDue, HomeView

MOST_BLOCKS = 100
WORKS = frozenset({"operator", "oncall", "manager", "owner"})


def home(view: HomeView) -> Rendered:
    """Return the tab as a message, for whoever types `/valhalla home`."""
    return kit.message(_headline(view), _blocks(view)[1:])


def home_view(result: Outcome, prefix: str = "") -> dict[str, Any]:
    """Return the tab as Slack takes it; where it could not be read, it says why and how to look again."""
    if isinstance(result, Done) and isinstance(result.result, HomeView):
        blocks = _blocks(result.result)
    else:
        blocks = _unreadable(result)
    return {"type": "home", "blocks": kit.with_prefix(blocks[:MOST_BLOCKS], prefix)}


def _unreadable(result: Outcome) -> list[Block]:
    shown = refusals.refused("system.home", result).blocks if isinstance(result, Refused) else []
    return [*shown, *kit.actions(kit.button("Refresh", "system.home"))]


def _headline(view: HomeView) -> str:
    return state_headline(view.switches) if view.switches else "You have no role here yet."


def _blocks(view: HomeView) -> list[Block]:
    last = [*kit.actions(_refresh()), kit.context(_role(view), f"as of {when(view.as_of)}")]
    if view.role is None or view.switches is None:
        return [kit.headline(_headline(view)), *_stranger(view), *last]
    return [
        kit.headline(_headline(view)), *_switches(view.switches, works=view.role in WORKS),
        *_to_decide(view), *_asked(view), *_due(view.due, view.as_of), *_alerts(view), *_oncall(view), *_may(view),
        kit.divider(), *last,
    ]  # fmt: skip


def _refresh() -> Block:
    return kit.button("Refresh", "system.home")


def _role(view: HomeView) -> str:
    return f"your role: {words(view.role)}" if view.role else "no role yet"


def _title(text: str) -> list[Block]:
    return [kit.divider(), kit.section(f"*{text}*")]


def _stranger(view: HomeView) -> list[Block]:
    if view.asked:
        return [
            *kit.lines("You have asked for access. A manager decides; you get a direct message then."),
            *(block for line in view.asked for block in request_line(line, mine=True, can_withdraw=False)),
        ]
    return [
        *kit.lines(
            "Valhalla governs what this team does with sellers and buyers.",
            "Ask for access and say what for; a manager decides, and you are told here what to do first.",
        ),
        *kit.actions(kit.button("Ask for access…", "access.request", form=True, style="primary")),
    ]


def _switches(view: GoLiveView, *, works: bool) -> list[Block]:
    said = None
    if view.kill_switch_engaged and view.engaged_by:
        said = f"Engaged by {who(view.engaged_by)}, {when(view.engaged_at)}"
    elif view.changed_by:
        said = f"Last change by {who(view.changed_by)}, {when(view.changed_at)}"
    rows = [
        ("Go-live", "on" if view.go_live_enabled else "off"),
        ("Kill switch", "ENGAGED" if view.kill_switch_engaged else "clear"),
    ]
    engage = engage_button() if works and not view.kill_switch_engaged else None
    return [*kit.facts(rows), *kit.lines(said), *kit.actions(kit.button("Show the switches", "golive.state"), engage)]


def _to_decide(view: HomeView) -> list[Block]:
    total = view.to_decide_total
    if total is None:
        return []
    if not total:
        empty = "New requests appear here as soon as somebody asks; you also get each directly."
        return [*_title("Nothing waits for your decision."), *kit.lines(empty)]
    head = f"{count(total, 'request waits', 'requests wait')} for your decision"
    lines = [block for line in view.to_decide for block in request_line(line, mine=False)]
    return [*_title(head), *lines, *_more(total - len(view.to_decide), "approvals.list", "Show all requests")]


def _asked(view: HomeView) -> list[Block]:
    if not view.asked_total:
        return []
    lines = [block for line in view.asked for block in request_line(line, mine=True, can_withdraw=view.role in WORKS)]
    rest = view.asked_total - len(view.asked)
    head = f"You asked; {count(view.asked_total, 'request waits', 'requests wait')} for others"
    return [*_title(head), *lines, *_more(rest, "approvals.mine", "Show all of mine")]


def _more(rest: int, operation: str, label: str) -> list[Block]:
    return [*kit.lines(f"and {rest} more"), *kit.actions(kit.button(label, operation))] if rest > 0 else []


def _due(due: HomeDue | None, as_of: datetime) -> list[Block]:
    if due is None:
        return []
    open_all = kit.actions(
        kit.button("Show what is due", "followup.due"),
        kit.button("All of the team", "followup.due", {"scope": "all"}, about="what is due"),
    )
    stopped = (
        f"*Nothing can be claimed now*  {words(due.stopped.detail)} {words(due.stopped.remedy)}"
        if due.stopped
        else None
    )
    if not (due.due or due.yours):
        empty = "New steps appear here when their time comes; until then, take one of the team's."
        return [*_title("Nothing is due for you."), *kit.lines(stopped, empty), *open_all]
    plus = "+" if due.is_capped else ""
    late = f", {due.late:,} of them late" if due.late else ""
    lines = [block for step in due.yours for block in _yours(step)]
    for step in due.now:
        lines += step_line(step, as_of, with_assignee=False, can_claim=due.stopped is None)
    return [*_title(f"Due for you: {due.due:,}{plus}{late}"), *kit.lines(stopped), *lines, *open_all]


def _yours(step: Step) -> list[Block]:
    record = kit.button(
        "Record what happened…", "followup.complete", {"task_id": step.task_id}, form=True, about=title(step)
    )
    return [kit.section(f"*YOURS*  {title(step)}"), *kit.actions(record)]


def _alerts(view: HomeView) -> list[Block]:
    total = view.alerts_total
    if total is None:
        return []
    if not total:
        return [
            *_title("No alert is open."),
            *kit.lines("New ones come to the on-call channel. Is everything ready? The runbook says."),
            *kit.actions(kit.button("Show the runbook", "runbook.status")),
        ]
    lines = [block for card in view.alerts for block in alert_line(card)]
    head = count(total, "alert is", "alerts are") + " not resolved"
    return [*_title(head), *lines, *_more(total - len(view.alerts), "alerts.list", "Show all alerts")]


def _oncall(view: HomeView) -> list[Block]:
    if view.oncall is None:
        return []
    may = view.role in {"oncall", "manager", "owner"}
    return [
        *_title(oncall.headline(view.oncall)),
        *oncall.body(view.oncall),
        *kit.actions(kit.button("Show the rota", "oncall.show"), oncall.take_over() if may else None),
    ]


def _may(view: HomeView) -> list[Block]:
    more = f"{count(view.elsewhere, 'more thing needs', 'more things need')} another role"
    return [
        *_title(f"What you can do as {words(view.role or '')}"),
        *kit.lines(_commands(view.may)),
        *kit.actions(kit.button("Show each with an example", "system.help")),
        *([kit.context(more)] if view.elsewhere else []),
    ]


def _commands(lines: tuple[HelpLine, ...]) -> str:
    """Return each command once, with the summary of its first line."""
    first: dict[str, str] = {}
    for line in sorted(lines, key=lambda line: line.command):
        first.setdefault(line.command, line.summary)
    return "\n".join(f"`/{words(command)}`  {words(summary)}" for command, summary in first.items())
