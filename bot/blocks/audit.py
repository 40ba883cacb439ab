"""The audit: its newest entries, and what a check of the whole log found."""

from bot.blocks import kit
from bot.blocks.kit import Rendered
from bot.blocks.text import count, cut, quoted, when, who, words
from domain.audit.results import AuditLine, AuditList, Verification

MOST_LISTED = 30


def listing(found: AuditList) -> Rendered:
    """Return the newest entries first."""
    days = {name: day.isoformat() for name, day in (("from", found.first), ("to", found.last)) if day is not None}
    of = f", {_days(found)}" if days else ""
    if not found.items and days:
        return kit.message(
            f"No entry of the audit{of}.",
            kit.actions(kit.button("Newest entries", "audit.list")),
        )
    if not found.items:
        return kit.message(
            "No entry is in the audit yet.", kit.lines("The first thing anybody does here writes the first one.")
        )
    shown = found.items[:MOST_LISTED]
    last = shown[-1].audit_id
    has_more = len(found.items) > MOST_LISTED or found.next_cursor is not None
    older = kit.button("Older entries", "audit.list", {"limit": MOST_LISTED, "cursor": last, **days})
    return kit.message(
        f"{count(len(shown), 'entry', 'entries')} of the audit{of}, newest first.",
        *(kit.section(_line(line)) for line in shown),
        kit.actions(older if has_more else None, kit.button("Verify the whole log", "audit.verify")),
    )


def _days(found: AuditList) -> str:
    words = [f"from {found.first.isoformat()}"] if found.first else []
    return " ".join([*words, f"to {found.last.isoformat()}"] if found.last else words)


def _line(line: AuditLine) -> str:
    claimed = f" (said to be for {who(line.claimed_actor)})" if line.claimed_actor else ""
    target = f" {cut(words(line.target), 120)}" if line.target else ""
    said = f": {quoted(line.reason, 120)}" if line.reason else ""
    return (
        f"*{line.audit_id:,}*  {when(line.at)}  {who(line.actor)}{claimed}  `{words(line.operation)}`{target}, "
        f"{words(line.outcome)}{said}"
    )


def verification(found: Verification) -> Rendered:
    """Return whether anything was changed or taken out."""
    rows = [("Sealed entries", f"{found.sealed:,}"), ("Not sealed yet", f"{found.unsealed:,}")]
    if found.ok:
        return kit.message(
            "The audit is whole: nothing was changed or taken out.",
            kit.facts(rows),
            kit.lines("Keep the last link elsewhere; a later check can be held against it."),
            kit.lines(f"`{words(found.head)}`" if found.head else None),
            kit.context("Audit"),
        )
    return kit.message(
        "THE AUDIT WAS ALTERED.",
        kit.lines(f"*First break*  {words(found.first_break or 'unknown')}"),
        kit.facts(rows),
        kit.lines("Stop and tell an owner: compare with the last backup before anything else is decided."),
        kit.context("Audit"),
    )
