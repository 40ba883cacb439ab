"""Builders of Block Kit blocks, and the one place where Slack's limits are enforced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot.blocks.press import VALUE_LIMIT, Pressed, action_id, compact, option_value, parse_press
from bot.blocks.text import cut, cut_plain, safe, unmarked, with_prefix_in_code, words
from domain.outcomes import Button

__all__ = ["CHART", "Block", "Pressed", "Rendered", "Style", "message", "parse_press"]

Block = dict[str, Any]
Style = Literal["primary", "danger"] | None

MOST_BLOCKS = 48
"""Under Slack's 50, so that a sender can add a chart and a line of its own."""
MOST_TEXT = 11_500
MOST_NOTIFICATION = 1_000
MOST_FALLBACK = 3_900
_SECTION, _FIELD, _HEADER, _LABEL, _PLAIN_ID = 3_000, 600, 150, 75, 255
_ROWS = 5
_CONTEXT, _ELEMENTS, _OPTIONS = 10, 5, 5
_ALT = 2_000
CHART: Block = {"type": "chart"}
"""Where a card's chart goes, among the blocks given to `message`; it is never sent, and nothing stands there without
a chart. A card without the place shows its chart above its buttons."""


@dataclass(frozen=True)
class Rendered:
    """A whole message: what notifications and screen readers say, and the blocks."""

    text: str
    blocks: list[Block] = field(default_factory=list)
    chart_at: int | None = None
    """Before which block a chart goes; None: above the buttons and the last line."""

    def with_chart(self, file_id: str, alt: str) -> "Rendered":
        """Return it with an uploaded picture, in the place its card keeps for one."""
        image = {"type": "image", "slack_file": {"id": file_id}, "alt_text": cut_plain(alt, _ALT)}
        at = len(self.blocks) - len(_tail(self.blocks)) if self.chart_at is None else self.chart_at
        return replace(self, blocks=[*self.blocks[:at], image, *self.blocks[at:]], chart_at=None)

    @property
    def fallback(self) -> str:
        """The message as text alone, for a place that shows no blocks."""
        lines = [line for block in self.blocks for line in _spoken(block)]
        return cut("\n".join(lines) or self.text, MOST_FALLBACK)

    def with_prefix(self, prefix: str) -> "Rendered":
        """Return it with the configured prefix before every command it names."""
        if not prefix:
            return self
        return replace(self, text=with_prefix_in_code(self.text, prefix), blocks=with_prefix(self.blocks, prefix))


def with_prefix(blocks: list[Block], prefix: str) -> list[Block]:
    """Return blocks with the configured prefix before every command they name."""
    return [_prefixed(block, prefix) for block in blocks] if prefix else blocks


def _prefixed(thing: Any, prefix: str) -> Any:
    if isinstance(thing, list):
        return [_prefixed(item, prefix) for item in thing]
    if not isinstance(thing, dict):
        return thing
    made = {name: _prefixed(inner, prefix) for name, inner in thing.items()}
    if isinstance(thing.get("text"), str):
        made["text"] = with_prefix_in_code(thing["text"], prefix)
    return made


def _spoken(block: Block) -> list[str]:
    kind = block["type"]
    if kind == "header":
        return [f"*{safe(block['text']['text'])}*"]
    if kind == "section":
        lines = [block["text"]["text"]] if "text" in block else []
        fields = [item["text"] for item in block.get("fields", ())]
        return lines + [f"{left}: {right}" for left, right in zip(fields[::2], fields[1::2], strict=False)]
    if kind == "context":
        return [" ".join(item["text"] for item in block["elements"])]
    if kind == "image":
        return [f"Chart: {safe(block['alt_text'])}"]
    if kind == "rich_text":
        return [safe(line) for text in _texts(block) for line in text.split("\n")]
    return []


def _texts(thing: Any) -> list[str]:
    if isinstance(thing, list):
        return [text for item in thing for text in _texts(item)]
    if not isinstance(thing, dict):
        return []
    own = [inner for name, inner in thing.items() if name == "text" and isinstance(inner, str)]
    return own + [text for inner in thing.values() for text in _texts(inner)]


def mrkdwn(text: str, most: int = _SECTION) -> Block:
    """Return a text object; `verbatim`, so that Slack finds no links or mentions of its own in it."""
    return {"type": "mrkdwn", "text": cut(text, most) or " ", "verbatim": True}


def plain_text(text: str, most: int) -> Block:
    """Return a plain text object."""
    return {"type": "plain_text", "text": cut_plain(text, most) or " "}


def headline(text: str) -> Block:
    """Return the first block: large where it is plain words, bold where it mentions people, times or commands."""
    if "<" not in text and "`" not in text and len(unmarked(text)) <= _HEADER:
        return {"type": "header", "text": plain_text(unmarked(text), _HEADER)}
    return section(f"*{cut(text.replace('*', ''), _SECTION - 2)}*")


def section(text: str, accessory: Block | None = None) -> Block:
    """Return a paragraph of mrkdwn."""
    made: Block = {"type": "section", "text": mrkdwn(text)}
    return made if accessory is None else {**made, "accessory": accessory}


def lines(*texts: str | None) -> list[Block]:
    """Return the given lines that say something as one paragraph; as several where one would be cut."""
    paragraphs: list[str] = []
    for text in texts:
        if text and paragraphs and len(paragraphs[-1]) + len(text) < _SECTION:
            paragraphs[-1] += f"\n{text}"
        elif text:
            paragraphs.append(text)
    return [section(text) for text in paragraphs]


def and_more(items: Sequence[object], shown: int) -> str | None:
    """Return how many of a list were left out after those that are shown; None where all are."""
    more = len(items) - shown
    return f"and {more} more" if more > 0 else None


def facts(rows: Sequence[tuple[str, str]]) -> list[Block]:
    """Return names beside values (mrkdwn both), aligned in two columns, five rows to a block."""
    made: list[Block] = []
    for start in range(0, len(rows), _ROWS):
        cells = [
            mrkdwn(text, _FIELD)
            for name, shown in rows[start : start + _ROWS]
            for text in (f"*{cut(name, _FIELD - 2)}*", shown)
        ]
        made.append({"type": "section", "fields": cells})
    return made


def context(*parts: str | None) -> Block:
    """Return the small last line, its parts set apart by dots."""
    said = [part for part in parts if part]
    return {"type": "context", "elements": [mrkdwn(" · ".join(said))]}


def divider() -> Block:
    """Return a line across."""
    return {"type": "divider"}


def quote(text: str) -> Block:
    """Return a user's words as typed elements, in which nothing can be formatting or a mention."""
    return _rich("rich_text_quote", text)


def preformatted(text: str) -> Block:
    """Return a text as it is, in equal widths."""
    return _rich("rich_text_preformatted", text)


def _rich(kind: str, text: str) -> Block:
    inside = {"type": "text", "text": cut_plain(text, 9_000) or " "}
    return {"type": "rich_text", "elements": [{"type": kind, "elements": [inside]}]}


def confirm(title: str, text: str, yes: str, no: str = "Not yet", *, danger: bool = False) -> Block:
    """Return the dialog that asks before a button acts; it names the act."""
    made: Block = {
        "title": plain_text(title, 100), "text": mrkdwn(text, 300), "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
    }  # fmt: skip
    return {**made, "style": "danger"} if danger else made


def button(
    label: str,
    operation: str,
    params: Mapping[str, Any] | None = None,
    *,
    form: bool = False,
    place: int | None = None,
    style: Style = None,
    confirm: Block | None = None,
    about: str = "",
) -> Block:
    """Return a button; `about` tells repeated ones apart when read aloud.

    One that opens a form gets its “…” and carries what fits into it, the shortest values first. Raises `ValueError`
    where one that acts cannot carry all.
    """
    shown = label if not form or label.endswith("…") else f"{label}…"
    carried = compact(_fitting(params or {}) if form else params or {})
    if len(carried) > VALUE_LIMIT:
        raise ValueError(f"the button {label!r} carries too much")
    made: Block = {
        "type": "button", "text": plain_text(shown, _LABEL), "value": carried,
        "action_id": action_id(operation, form=form, place=place),
    }  # fmt: skip
    more = {"style": style, "confirm": confirm, "accessibility_label": _aloud(label, about)}
    return {**made, **{name: given for name, given in more.items() if given}}


def _aloud(label: str, about: str) -> str:
    return cut_plain(f"{label.rstrip('…')} {unmarked(about)}", _LABEL) if about else ""


def offered(given: Button, *, place: int | None = None) -> Block | None:
    """Return a button the domain offers, for example on a refusal; none where it acts and cannot carry all."""
    if not given.form and len(compact(given.params)) > VALUE_LIMIT:
        return None
    asks = confirm("Are you sure?", words(given.confirm), given.label.rstrip("…")) if given.confirm else None
    return button(
        given.label, given.operation, given.params, form=given.form, place=place, style=given.style, confirm=asks
    )


def _fitting(params: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(params)
    while len(compact(kept)) > VALUE_LIMIT:
        del kept[max(kept, key=lambda name: len(compact({name: kept[name]})))]
    return kept


def choice(label: str, operation: str, params: Mapping[str, Any] | None = None, *, form: bool = False) -> Block:
    """Return one line of an overflow menu."""
    shown = label if not form or label.endswith("…") else f"{label}…"
    return {"text": plain_text(shown, _LABEL), "value": option_value(operation, params or {}, form=form)}


def overflow(choices: Sequence[Block], *, place: int | None = None) -> Block:
    """Return the menu of what only some may press."""
    return {
        "type": "overflow", "action_id": "menu" if place is None else f"menu:{place}",
        "options": list(choices[:_OPTIONS]),
    }  # fmt: skip


def actions(*elements: Block | None) -> list[Block]:
    """Return a row of buttons, ids made unique within it; no row where there is none."""
    given = [element for element in elements if element is not None]
    seen: set[str] = set()
    kept: list[Block] = []
    for number, element in enumerate(given):
        name = element["action_id"]
        unique = name if name not in seen else f"{name}:{number}"
        seen.add(unique)
        kept.append({**element, "action_id": unique})
    rows = [kept[start : start + _ELEMENTS] for start in range(0, len(kept), _ELEMENTS)]
    return [{"type": "actions", "elements": row} for row in rows]


def message(head: str, *blocks: Block | Sequence[Block] | None, text: str | None = None) -> Rendered:
    """Put a message together under its headline (mrkdwn), cut to what Slack takes.

    `text` replaces the headline in the notification where that must say more.
    """
    flat: list[Block] = [headline(head)]
    for block in blocks:
        if isinstance(block, dict):
            flat.append(block)
        elif block is not None:
            flat.extend(block)
    chart_at = flat.index(CHART) if CHART in flat else None
    fit = fitted([block for block in flat if block is not CHART])
    if chart_at is not None and chart_at > len(fit) - len(_tail(fit)):
        chart_at = None
    return Rendered(cut(text or head, MOST_NOTIFICATION), fit, chart_at)


def fitted(blocks: list[Block]) -> list[Block]:
    """Leave out blocks from the middle until the rest fits; the last buttons and the last line stay."""
    if len(blocks) <= MOST_BLOCKS and weight(blocks) <= MOST_TEXT:
        return blocks
    tail = _tail(blocks)
    note = context("There is more than fits here.")
    room, places = MOST_TEXT - weight([*tail, note]), MOST_BLOCKS - len(tail) - 1
    kept: list[Block] = []
    for block in blocks[: len(blocks) - len(tail)]:
        room -= weight(block)
        if room < 0 or len(kept) == places:
            break
        kept.append(block)
    return [*kept, note, *tail]


def _tail(blocks: list[Block]) -> list[Block]:
    kept: list[Block] = []
    for block in reversed(blocks):
        if block["type"] not in {"actions", "context"} or len(kept) == 2:  # noqa: PLR2004 - the buttons, the last line
            break
        kept.insert(0, block)
    return kept


def weight(thing: Any) -> int:
    """Count the characters of text in blocks, as Slack seems to."""
    return sum(len(text) for text in _texts(thing))
