"""Text for Slack: escaping, mentions, dates, spans of time, and cutting that breaks nothing."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

COMMANDS = (
    "access", "alerts", "approvals", "audit", "buyer", "caps", "contact", "due", "export", "followup", "golive",
    "heimdall", "held", "kill", "killswitch", "kpi", "lead", "liquidity", "market", "offer", "oncall", "review", "risk",
    "runbook", "snapshot", "source", "tripwire", "valhalla",
)  # fmt: skip
"""Every slash command there is or will be, so that a prefix is put before these words alone."""

_NAMES = "|".join(sorted(COMMANDS, key=len, reverse=True))
_COMMAND = re.compile(rf"(?<![\w/.:-])/(?={_NAMES})(?P<name>{_NAMES})(?![\w/-])")
_CODE_COMMAND = re.compile(rf"(?<=`)/(?P<name>{_NAMES})(?![\w/-])")
_NO_PERSON = {"system": "Valhalla", "settings": "the settings", "workspace": "owning the workspace in Slack"}
_PERSON = re.compile(r"[UW][A-Z0-9]+")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
_OURS = re.compile(r"&lt;(?P<mention>@[UW][A-Z0-9]+|#[CG][A-Z0-9]+)&gt;")
_PIECE = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|.", re.DOTALL)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_FORMATTING = re.compile(r"[*_~`]")
_CODE_MARK = re.compile("(?<!\u2060)`")
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
JOINER = "\u2060"
"""Stands beside a sign that would begin formatting; it has no width and is not a space."""
ELLIPSIS = "…"


def with_prefix(text: str, prefix: str) -> str:
    """Turn `/golive` into `/vh-golive` wherever a known command is named."""
    return _COMMAND.sub(rf"/{prefix}\g<name>", text) if prefix else text


def with_prefix_in_code(text: str, prefix: str) -> str:
    """Do the same where the command stands in back-ticks only, as ours do and the words of users never."""
    return _CODE_COMMAND.sub(rf"/{prefix}\g<name>", text) if prefix else text


def escaped(text: str) -> str:
    """Escape the three signs Slack reads."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> str:
    """Drop what cannot be shown: control characters, halves of surrogates, signs that turn the direction of text."""
    return "".join(
        character
        for character in text
        if character in "\n\t" or (unicodedata.category(character) not in {"Cc", "Cs"} and character not in _BIDI)
    )


def words(text: str) -> str:
    """Make mrkdwn of a text of the domain: its mentions of people and channels live, nothing else does."""
    return _OURS.sub(r"<\g<mention>>", escaped(plain(text)))


def safe(text: str) -> str:
    """Make mrkdwn of what a user wrote, on one line: no mention, no link, no formatting."""
    one_line = " ".join(plain(text).split())
    return _FORMATTING.sub(rf"{JOINER}\g<0>{JOINER}", escaped(one_line))


def quoted(text: str, most: int = 700) -> str:
    """Return a user's words in quotation marks."""
    return f"“{cut(safe(text), most)}”"


def who(user_id: str | None) -> str:
    """Mention a person; name the program and the settings as what they are."""
    if not user_id:
        return "nobody"
    if _PERSON.fullmatch(user_id):
        return f"<@{user_id}>"
    return _NO_PERSON.get(user_id) or cut(safe(user_id), 80)


def place(destination: str) -> str:
    """Name where a message goes: a channel, a person, or a kind of message."""
    kind, _, name = destination.rpartition(":")
    if kind == "user" or (not kind and _PERSON.fullmatch(name)):
        return who(name)
    if kind == "route":
        return f"the {safe(name)} channel"
    return f"<#{name}>" if _CHANNEL.fullmatch(name) else f"#{safe(name.removeprefix('#'))}"


def people(user_ids: Sequence[str], most: int = 10) -> str:
    """Mention several people, or say how many more there are."""
    shown = ", ".join(who(user_id) for user_id in user_ids[:most])
    more = len(user_ids) - most
    return f"{shown} and {more} more" if more > 0 else shown


def when(moment: datetime | None, *, missing: str = "unknown") -> str:
    """Show a moment in each reader's own clock; notifications and exports show UTC."""
    if moment is None:
        return missing
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} {{time}}|{utc:%Y-%m-%d %H:%M} UTC>"


def day(moment: datetime | None, *, missing: str = "unknown") -> str:
    """Show the day of a moment."""
    if moment is None:
        return missing
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}}|{utc:%Y-%m-%d}>"


def span(length: timedelta) -> str:
    """Say a length of time in its two largest units: `26 min`, `2 h 5 min`, `3 d 4 h`."""
    seconds = max(0, int(length.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 item`, `1,200 items`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def audit_number(audit_id: int | None) -> str | None:
    """Name an entry of the audit, or say nothing."""
    return f"audit {audit_id:,}" if audit_id else None


def cut(text: str, most: int) -> str:
    """Shorten mrkdwn to `most` characters, never inside `<…>` or an entity."""
    if len(text) <= most:
        return text
    kept: list[str] = []
    left = most - len(ELLIPSIS)
    for piece in _PIECE.findall(text):
        if len(piece) > left:
            break
        kept.append(piece)
        left -= len(piece)
    return "".join(kept).rstrip() + ELLIPSIS


def cut_plain(text: str, most: int) -> str:
    """Shorten plain text to `most` characters."""
    return text if len(text) <= most else text[: most - len(ELLIPSIS)].rstrip() + ELLIPSIS


def listed(items: Iterable[str], *, most: int = 5) -> str:
    """Join items with commas and say how many were left out."""
    everything = list(items)
    more = len(everything) - most
    shown = ", ".join(everything[:most])
    return f"{shown} and {more} more" if more > 0 else shown


def label(name: str) -> str:
    """Turn `max_daily_loss` into `Max daily loss`."""
    spaced = name.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def value(thing: Any) -> str:
    """Show a figure: yes and no for flags, the reader's clock for times, nothing for None."""
    if thing is None or thing == "":
        return "none"
    if isinstance(thing, bool):
        return "yes" if thing else "no"
    if isinstance(thing, int | float | Decimal):
        return f"{thing:,}"
    if isinstance(thing, list | tuple):
        return listed(value(item) for item in thing)
    moment = thing if isinstance(thing, datetime) else _instant(str(thing))
    return when(moment) if moment else words(str(thing))


def _instant(text: str) -> datetime | None:
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def unmarked(mrkdwn: str) -> str:
    """Return mrkdwn as plain text: dates as their UTC fallback, mentions as names, no entities, no code marks."""

    def spoken(match: re.Match[str]) -> str:
        inside = match[0][1:-1]
        if "|" in inside:
            return inside.split("|", 1)[1]
        return inside

    text = _CODE_MARK.sub("", re.sub(r"<[^<>]*>", spoken, mrkdwn)).replace(JOINER, "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
