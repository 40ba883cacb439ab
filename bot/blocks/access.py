"""Access: who holds which role, and greetings."""

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import audit_number, count, day, listed, who, words
from domain.access.results import AccessList, Granted, Holder, Revoked, Welcome

MOST_LISTED = 60
FIRST_THINGS: dict[str, tuple[str, ...]] = {
    "auditor": (
        "`/golive` shows whether production is on, and since when",
        "`/audit` shows the newest entries of the audit; `/audit verify` checks that none was changed",
        "`/runbook` shows every check before go-live with its evidence",
    ),
    "operator": (
        "`/due` shows what is due for you; claim it, then do it",
        "`/killswitch engage` stops everything at once; you may press it, with or without a reason",
        "`/valhalla help` lists what you can do",
    ),
    "oncall": (
        "`/alerts` shows what is open; *Acknowledge* says that you look at it",
        "`/killswitch engage` stops everything at once; `/killswitch release REASON` asks to start again",
        "`/oncall` shows whose turn it is; `/oncall take 4h` makes it yours",
    ),
    "manager": (
        "`/approvals` shows what waits for your decision; requests also come to you",
        "`/golive checklist` shows what stands between here and go-live",
        "`/access grant @someone operator` lets somebody in",
    ),
    "owner": (
        "`/valhalla doctor` says what is wrong and how to mend it",
        "`/access grant @someone manager` makes sure that a second person can approve",
        "`/golive checklist` shows what stands between here and go-live",
    ),
}


def _article(role: str) -> str:
    if role == "oncall":
        return "on call"
    return f"{'an' if role[:1] in 'aeiou' else 'a'} {words(role)}"


def welcome(greeting: Welcome) -> Rendered:
    """Return the direct message to someone who got a role: three things to do in it."""
    first = FIRST_THINGS.get(greeting.role, FIRST_THINGS["operator"])
    return kit.message(
        f"Welcome: you are {_article(greeting.role)} now.",
        kit.lines(f"{who(greeting.granted_by)} gave you the role. Three things to do first:"),
        kit.lines(*(f"{number}. {thing}" for number, thing in enumerate(first, 1))),
        kit.actions(kit.button("Show what I can do", "system.help")),
        kit.context("Access"),
    )


def listing(found: AccessList) -> Rendered:
    """Return everybody who holds a role, the highest first."""
    if not found.items:
        return kit.message(
            "Nobody holds a role yet.",
            kit.lines("An owner is named by the setting VALHALLA_OWNERS; then `/access grant @someone operator`."),
        )
    roles = list(dict.fromkeys(holder.role for holder in found.items))
    rows = [
        (words(role).capitalize(), _holders([holder for holder in found.items if holder.role == role]))
        for role in roles
    ]
    return kit.message(
        f"{count(len(found.items), 'person holds', 'people hold')} a role.",
        *(kit.lines(f"*{role}*\n{shown}") for role, shown in rows),
        kit.actions(
            kit.button("Give a role…", "access.grant", form=True),
            kit.button("Take a role away…", "access.revoke", form=True),
        ),
        kit.context("Access", "a role includes those below it"),
    )


def _holders(holders: list[Holder]) -> str:
    return listed((f"{who(holder.user_id)} since {day(holder.since)}" for holder in holders), most=MOST_LISTED // 2)


def granted(given: Granted) -> Rendered:
    """Return what whoever gave a role sees."""
    role = _article(given.role)
    head = f"{who(given.user_id)} is {role} now." if given.changed else f"{who(given.user_id)} was {role} already."
    then = "They were greeted in a direct message with three things to do." if given.changed else "Nothing changed."
    return kit.message(head, kit.lines(then), kit.actions(_take(given.user_id, given.role)), _last(given.audit_id))


def _take(user_id: str, role: str) -> Block:
    params = {"user": user_id, "role": role}
    return kit.button("Take it away…", "access.revoke", params, form=True, about=f"the role {role}")


def revoked(taken: Revoked) -> Rendered:
    """Return what was taken away, and what went with it."""
    rows = [
        ("Tasks handed back", f"{taken.tasks_released:,}"),
        ("Requests withdrawn", f"{taken.requests_withdrawn:,}"),
    ]
    return kit.message(
        f"{who(taken.user_id)} is no longer {listed([_article(role) for role in taken.roles])}.",
        kit.facts(rows),
        kit.lines("*Way back*  `/access grant`, by a manager"),
        _last(taken.audit_id),
    )


def _last(audit_id: int | None) -> Block:
    return kit.context("Access", audit_number(audit_id))
