"""What can be pressed in a message, and the number a person presses it by."""

from dataclasses import dataclass, field
from typing import Any

JsonDict = dict[str, Any]
_BUTTONS = {"button"}
_WITH_OPTIONS = {"overflow", "static_select", "radio_buttons"}


@dataclass(frozen=True, slots=True)
class Control:
    """One thing to press: a button, or one option of a menu."""

    block_id: str
    action_id: str
    label: str
    value: str | None = None
    is_option: bool = False
    confirm: JsonDict | None = field(default=None, compare=False, hash=False)


def controls_of(block: JsonDict) -> list[Control]:
    """Return what can be pressed in one block, in its order."""
    elements = list(block.get("elements", ())) if block["type"] == "actions" else []
    elements += [block["accessory"]] if "accessory" in block else []
    return [control for element in elements for control in _controls(block["block_id"], element)]


def _controls(block_id: str, element: JsonDict) -> list[Control]:
    common = {"block_id": block_id, "action_id": element.get("action_id", ""), "confirm": element.get("confirm")}
    if element["type"] in _BUTTONS:
        return [Control(label=element["text"]["text"], value=element.get("value"), **common)]
    if element["type"] in _WITH_OPTIONS:
        return [
            Control(label=option["text"]["text"], value=option["value"], is_option=True, **common)
            for option in element.get("options", ())
        ]
    return []


@dataclass(frozen=True, slots=True)
class Numbered:
    """A control in its message."""

    number: int
    channel: str
    ts: str
    control: Control


class Numbers:
    """Gives every button a number once; a card that is edited keeps the numbers of what stays on it."""

    def __init__(self) -> None:
        """Begin at one."""
        self._by_number: dict[int, Numbered] = {}
        self._by_place: dict[tuple[str, str, str, str | None, str], int] = {}
        self._shown: dict[tuple[str, str], set[int]] = {}

    def begin(self, channel: str, ts: str) -> None:
        """A message is printed (again): only what is on it now counts as shown."""
        self._shown[channel, ts] = set()

    def give(self, channel: str, ts: str, control: Control) -> int:
        """Return the number of a control of this message, a new one where it has none."""
        place = (channel, ts, control.action_id, control.value, control.label)
        number = self._by_place.setdefault(place, len(self._by_place) + 1)
        # Block ids may change with an edit: the newest is what can be pressed.
        self._by_number[number] = Numbered(number, channel, ts, control)
        self._shown.setdefault((channel, ts), set()).add(number)
        return number

    def find(self, number: int) -> Numbered | None:
        """Return what this number stands for."""
        return self._by_number.get(number)

    def labelled(self, words: str) -> Numbered | None:
        """Return the control of the newest message whose label begins so, whatever its case."""
        wanted = words.strip().lower()
        shown = [self._by_number[number] for numbers in self._shown.values() for number in numbers]
        found = [item for item in shown if item.control.label.lower().startswith(wanted)]
        return max(found, key=lambda item: (float(item.ts), -item.number), default=None) if wanted else None
