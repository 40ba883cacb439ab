"""Block Kit's limits, without a server."""

import copy
from typing import Any

import pytest

from bot.slack_double import message_error, view_error
from tests.bot.slack_double.conftest import actions, button, field, modal, section

JsonDict = dict[str, Any]


def plain(text: str) -> JsonDict:
    return {"type": "plain_text", "text": text}


def option(value: str, **more: Any) -> JsonDict:
    return {"text": plain("Option"), "value": value, **more}


def confirm(**more: Any) -> JsonDict:
    return {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n"), **more}


IMAGE = {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "A chart"}
SELECT = {"type": "static_select", "action_id": "s", "options": [option("a"), option("b")]}
TEXT_INPUT = {"type": "plain_text_input", "action_id": "t"}
CELL = {"type": "raw_text", "text": "x"}
GOOD: list[JsonDict] = [
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    section("x" * 3000),
    {"type": "section", "fields": [plain("x" * 2000)] * 2},
    section("x", accessory=button("a", value="v" * 2000, style="danger", confirm=confirm(style="danger"))),
    section("x", accessory=IMAGE),
    {"type": "context", "elements": [IMAGE, plain("x")]},
    actions(*[button(str(n)) for n in range(25)]),
    actions(SELECT, {"type": "users_select", "action_id": "u", "placeholder": plain("Who")}),
    actions({"type": "overflow", "action_id": "o", "options": [option(str(n)) for n in range(5)]}),
    actions({"type": "datepicker", "initial_date": "2026-11-24"}, {"type": "timepicker", "initial_time": "09:30"}),
    actions({"type": "datetimepicker", "initial_date_time": 1_795_000_000}),
    actions({"type": "checkboxes", "options": [option("a")], "initial_options": [option("a")]}),
    actions({"type": "radio_buttons", "options": [option("a", description=plain("d"))]}),
    {**IMAGE, "title": plain("t")},
    field("b", TEXT_INPUT),
    {"type": "markdown", "text": "**x**"},
    {"type": "table", "rows": [[CELL] * 20] * 100},
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"bold": True}}]}
        ],
    },
]
BAD: dict[str, tuple[JsonDict, str]] = {
    "unknown block": ({"type": "nonsense"}, "/blocks/0/type"),
    "file block": ({"type": "file", "external_id": "x", "source": "remote"}, "/blocks/0/type"),
    "unknown field": ({"type": "divider", "colour": "red"}, "invalid additional property: colour"),
    "header over 150": ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text"),
    "header in mrkdwn": ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/blocks/0/text/type"),
    "empty section": ({"type": "section"}, "text or fields"),
    "empty text": (section(""), "more than 0"),
    "section over 3000": (section("x" * 3001), "less than 3001"),
    "11 fields": ({"type": "section", "fields": [plain("x")] * 11}, "no more than 10"),
    "field over 2000": ({"type": "section", "fields": [plain("x" * 2001)]}, "/blocks/0/fields/0/text"),
    "11 context elements": ({"type": "context", "elements": [plain("x")] * 11}, "no more than 10"),
    "26 buttons": (actions(*[button(str(n)) for n in range(26)]), "no more than 25"),
    "no buttons": (actions(), "no fewer than 1"),
    "button text": (actions({**button("a"), "text": plain("x" * 76)}), "less than 76"),
    "button value": (actions(button("a", value="x" * 2001)), "less than 2001"),
    "button label": (actions(button("a", accessibility_label="x" * 76)), "less than 76"),
    "button style": (actions(button("a", style="default")), "valid enum"),
    "action_id": (actions(button("a" * 256)), "less than 256"),
    "block_id": ({"type": "divider", "block_id": "x" * 256}, "less than 256"),
    "same action_id": (actions(button("a"), button("a")), "already exists"),
    "confirm title": (actions(button("a", confirm=confirm(title=plain("x" * 101)))), "less than 101"),
    "confirm without deny": (
        actions(button("a", confirm={k: v for k, v in confirm().items() if k != "deny"})),
        "missing required field: deny",
    ),
    "text input in actions": (actions(TEXT_INPUT), "unsupported type"),
    "6 overflow options": (
        actions({"type": "overflow", "options": [option(str(n)) for n in range(6)]}),
        "no more than 5",
    ),
    "101 options": (actions({**SELECT, "options": [option(str(n)) for n in range(101)]}), "no more than 100"),
    "option value": (actions({**SELECT, "options": [option("x" * 151)]}), "less than 151"),
    "select without options": (actions({"type": "static_select"}), "exactly one"),
    "foreign initial option": (actions({**SELECT, "initial_option": option("z")}), "initial option"),
    "11 checkboxes": (
        actions({"type": "checkboxes", "options": [option(str(n)) for n in range(11)]}),
        "no more than 10",
    ),
    "no such date": (actions({"type": "datepicker", "initial_date": "24.11.2026"}), "expected format"),
    "image without alt_text": ({k: v for k, v in IMAGE.items() if k != "alt_text"}, "missing required field: alt_text"),
    "image on this machine": ({**IMAGE, "image_url": "http://127.0.0.1/x.png"}, "downloading image failed"),
    "two images in one": ({**IMAGE, "slack_file": {"id": "F1"}}, "exactly one"),
    "markdown over 12000": ({"type": "markdown", "text": "x" * 12_001}, "less than 12001"),
    "101 rows": ({"type": "table", "rows": [[CELL]] * 101}, "no more than 100"),
    "21 columns": ({"type": "table", "rows": [[CELL] * 21]}, "no more than 20"),
    "response_url_enabled": (
        actions({"type": "channels_select", "response_url_enabled": True}),
        "inputs of modals only",
    ),
}


class TestMessages:
    @pytest.mark.parametrize("block", GOOD, ids=lambda block: block["type"])
    def test_accepts(self, block: JsonDict) -> None:
        """What is just within the limits passes, and is left as it was."""
        before = copy.deepcopy(block)
        assert message_error([block]) is None
        assert block == before

    @pytest.mark.parametrize(("block", "words"), BAD.values(), ids=BAD.keys())
    def test_refuses(self, block: JsonDict, words: str) -> None:
        """What is just beyond is refused, and the place is named."""
        problem = message_error([block])
        assert problem is not None
        error, messages = problem
        assert error == "invalid_blocks"
        assert any(words in message for message in messages)

    def test_fifty_blocks(self) -> None:
        """A message holds 50 blocks."""
        assert message_error([{"type": "divider"}] * 50) is None
        assert message_error([{"type": "divider"}] * 51) == (
            "invalid_blocks",
            ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"],
        )

    def test_block_ids_are_unique(self) -> None:
        """Two blocks may not share an id."""
        problem = message_error([{"type": "divider", "block_id": "x"}] * 2)
        assert problem is not None
        assert "block_id x already exists" in problem[1][0]

    def test_totals(self) -> None:
        """All text together is limited, markdown together too, and tables to one."""
        assert message_error([section("x" * 2640)] * 5) is None
        assert message_error([section("x" * 2641)] * 5) == ("msg_blocks_too_long", [])
        assert message_error([{"type": "markdown", "text": "x" * 6001}] * 2) is not None
        assert message_error([{"type": "table", "rows": [[CELL]]}] * 2) is not None

    def test_not_even_blocks(self) -> None:
        """Something that is no list of objects has an error of its own."""
        assert message_error({"type": "divider"}) == ("invalid_blocks_format", [])


class TestViews:
    def test_accepts(self) -> None:
        """A modal with every kind of input passes."""
        inputs: list[JsonDict] = [
            TEXT_INPUT,
            {"type": "number_input", "is_decimal_allowed": False},
            {"type": "email_text_input"},
        ]
        inputs += [{"type": "url_text_input"}, SELECT, {"type": "datepicker"}]
        inputs += [{"type": "multi_static_select", "options": [option("a")], "max_selected_items": 1}]
        view = modal(*[field(str(n), element) for n, element in enumerate(inputs)], private_metadata="x" * 3000)
        assert view_error(view) is None

    @pytest.mark.parametrize(
        ("view", "words"),
        [
            (modal(title=plain("x" * 25)), "/view/title/text"),
            (modal(private_metadata="x" * 3001), "/view/private_metadata"),
            (modal(*[{"type": "divider"}] * 101), "no more than 100"),
            (modal(callback_id="x" * 256), "/view/callback_id"),
            (modal(colour="red"), "invalid additional property: colour"),
            ({"type": "modal", "title": plain("x"), "blocks": [field("b", TEXT_INPUT)]}, "submit"),
            ({"type": "home", "title": plain("x"), "blocks": [{"type": "divider"}]}, "title"),
            (modal(field("b", {**TEXT_INPUT, "min_length": 5, "max_length": 4})), "must not be above"),
            (modal(field("b", {"type": "number_input"})), "is_decimal_allowed"),
            (modal(field("b", {**TEXT_INPUT, "max_length": 3001})), "between 1 and 3000"),
            (modal(*[field(n, {**TEXT_INPUT, "focus_on_load": True}) for n in "ab"]), "focus_on_load"),
            ("nonsense", "must be an object"),
        ],
    )
    def test_refuses(self, view: JsonDict, words: str) -> None:
        """A view's mistakes are invalid_arguments, as at Slack."""
        problem = view_error(view)
        assert problem is not None
        assert problem[0] == "invalid_arguments"
        assert any(words in message for message in problem[1])

    def test_whole_view(self) -> None:
        """A view is at most 250 kB."""
        fields = [{"type": "plain_text", "text": "x" * 2000}] * 10
        view = modal(*[{"type": "section", "fields": fields}] * 13)
        assert view_error(view) == ("view_too_large", [])
