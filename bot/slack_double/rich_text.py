"""The shapes inside a rich_text block."""

from __future__ import annotations

from collections.abc import Mapping

from bot.slack_double.shapes import Shape, array, flag, integer, kind, one_of, record, string, typed

_STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
_style: Mapping[str, Shape] = {"style": record({}, dict.fromkeys(_STYLES, flag))}

_inline = typed(
    {
        "text": kind("text", {"text": string(12000)}, _style),
        "link": kind("link", {"url": string(3000)}, {"text": string(3000), "unsafe": flag, **_style}),
        "user": kind("user", {"user_id": string(255)}, _style),
        "usergroup": kind("usergroup", {"usergroup_id": string(255)}, _style),
        "channel": kind("channel", {"channel_id": string(255)}, _style),
        "team": kind("team", {"team_id": string(255)}, _style),
        "emoji": kind("emoji", {"name": string(255)}, {"unicode": string(100), "skin_tone": integer(1, 6), **_style}),
        "broadcast": kind("broadcast", {"range": one_of("here", "channel", "everyone")}, _style),
        "color": kind("color", {"value": string(7, pattern="#[0-9a-fA-F]{6}")}, _style),
        "date": kind(
            "date",
            {"timestamp": integer(0, 10**10), "format": string(500)},
            {"url": string(3000), "fallback": string(500), **_style},
        ),
    }
)
_inlines = array(_inline, 1000, least=0)
_section = kind("rich_text_section", {"elements": _inlines}, {})
_border: Mapping[str, Shape] = {"border": integer(0, 1)}
_parts = typed(
    {
        "rich_text_section": _section,
        "rich_text_quote": kind("rich_text_quote", {"elements": _inlines}, _border),
        "rich_text_preformatted": kind("rich_text_preformatted", {"elements": _inlines}, _border),
        "rich_text_list": kind(
            "rich_text_list",
            {"style": one_of("bullet", "ordered"), "elements": array(_section, 1000)},
            {"indent": integer(0, 8), "offset": integer(0, 10**6), **_border},
        ),
    }
)


def rich_text(optional: Mapping[str, Shape]) -> Shape:
    """A rich_text object: a block where `optional` allows a block_id, a table's cell where it does not."""
    return kind("rich_text", {"elements": array(_parts, 1000)}, optional)
