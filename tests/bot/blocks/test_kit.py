"""The kit: whatever goes in, Slack takes what comes out; what is pressed is read back."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import kit, text
from bot.blocks.kit import parse_press
from bot.blocks.press import Pressed, action_id, compact, option_value
from bot.slack_double.blocks import message_error
from domain.outcomes import Button
from tests.bot.blocks.checks import check_message, mentions

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}\.[a-z][a-z0-9_]{0,12}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10), lambda inner: st.lists(inner, max_size=3)
)
PARAMS = st.dictionaries(st.text(max_size=10), JSON, max_size=3)
BLOCKS = st.one_of(
    st.text(max_size=4_000).map(lambda said: kit.section(text.safe(said))),
    st.text(max_size=4_000).map(lambda said: kit.section(text.words(said))),
    st.text(max_size=12_000).map(kit.quote),
    st.text(max_size=300).map(lambda said: kit.context(text.safe(said), None)),
    st.just(kit.divider()),
    st.lists(st.text(max_size=900), max_size=9).map(
        lambda said: kit.facts([(text.safe(one), text.safe(one)) for one in said])
    ),
    st.text(max_size=200).map(lambda said: kit.actions(kit.button(said, "a.b", {"x": said}, about=said))),
)


@settings(max_examples=60)
@given(st.text(max_size=400), st.lists(BLOCKS, max_size=80))
def test_slack_takes_any_message(head: str, blocks: list[Any]) -> None:
    message = kit.message(text.safe(head) or "-", *blocks)
    check_message(message)
    assert not mentions(message) - {f"<@{name}>" for name in re.findall(r"<@([UW][A-Z0-9]+)>", message.fallback)}


def test_a_message_that_is_too_long_says_so_and_keeps_its_buttons_and_its_last_line() -> None:
    row = kit.actions(kit.button("Go", "a.b"))
    message = kit.message("Head", [kit.section("x" * 2_900)] * 9, row, kit.context("last"))
    assert message_error(message.blocks) is None
    assert message.blocks[-3:] == [kit.context("There is more than fits here."), *row, kit.context("last")]
    short = kit.message("Head", kit.section("x"), row, kit.context("last"))
    assert kit.context("There is more than fits here.") not in short.blocks


def test_a_message_of_too_many_blocks_is_cut() -> None:
    message = kit.message("Head", [kit.divider()] * 60, kit.context("last"))
    assert message_error(message.blocks) is None
    assert message.blocks[-2:] == [kit.context("There is more than fits here."), kit.context("last")]


@given(NAMES, PARAMS, st.booleans(), st.none() | st.integers(0, 9_999))
def test_buttons_are_read_back(name: str, params: dict[str, Any], form: bool, place: int | None) -> None:
    made = kit.button("Go…", name, params, form=form, place=place)
    assert parse_press(made["action_id"], made["value"]) == Pressed("form" if form else "do", name, params)


@given(NAMES, PARAMS, st.booleans(), st.none() | st.integers(0, 9_999))
def test_menus_are_read_back_or_refused_when_they_are_made(
    name: str, params: dict[str, Any], form: bool, place: int | None
) -> None:
    try:
        choice = kit.choice("Go…", name, params, form=form)
    except ValueError:
        assert len(f"{'form' if form else 'do'}:{name}|{compact(params)}") > 150
        return
    menu = kit.overflow([choice], place=place)
    assert parse_press(menu["action_id"], choice["value"]) == Pressed("form" if form else "do", name, params)


@given(st.text(max_size=40), st.none() | st.text(max_size=40))
def test_anything_else_is_a_value_error(made_up: str, value: str | None) -> None:
    try:
        pressed = parse_press(made_up, value)
    except ValueError:
        return
    assert pressed.kind in {"do", "form"}


@pytest.mark.parametrize(
    ("pressed", "value"),
    [
        ("do:a.b", "[1]"), ("do:a.b", "{"), ("do:a.b", "1"), ("do:a.b:x", "{}"), ("do:ab", "{}"), ("do:", "{}"),
        ("go:a.b", "{}"), ("do:A.B", "{}"), ("do:a.b\n", "{}"), ("menu", None), ("menu", "do:a.b"),
        ("menu:x", "do:a.b|{}"), ("menu", "do:a.b|[]"), ("menu", "do:a.b:1|{}"), ("do:a.b", "[" * 1_900),
        ("do:a.b", json.dumps({"x": "y" * 3_000})),
    ],
)  # fmt: skip
def test_malformed_presses(pressed: str, value: str | None) -> None:
    with pytest.raises(ValueError, match=r"button|menu"):
        parse_press(pressed, value)


def test_an_empty_value_is_no_parameters() -> None:
    assert parse_press("do:golive.state", None) == Pressed("do", "golive.state", {})
    assert parse_press("form:golive.enable:3", "") == Pressed("form", "golive.enable", {})


def test_many_lines_are_several_paragraphs() -> None:
    """None is lost at a section's end; as long as they fit, they stand together."""
    many = [f"{number} {'x' * 495}" for number in range(10, 22)]
    made = kit.lines(None, *many, "")
    assert [block["text"]["text"].count("\n") for block in made] == [5, 5]
    assert "\n".join(block["text"]["text"] for block in made).split("\n") == many
    assert len(made[0]["text"]["text"]) <= 3_000
    assert kit.lines("a", None, "b") == [kit.section("a\nb")]
    assert kit.lines(None, "") == []


def test_a_form_that_is_offered_carries_what_fits() -> None:
    """What was typed at length is left out of it, the rest is not; a button that acts carries all or is absent."""
    typed = {"lead_id": "L1", "reason": "é" * 2_000, "note": "n" * 900}
    offer = Button(label="Open it again…", operation="a.b", params=typed, form=True)
    made = kit.offered(offer)
    assert made is not None
    assert parse_press(made["action_id"], made["value"]).params == {"lead_id": "L1", "note": "n" * 900}
    assert kit.offered(offer.model_copy(update={"label": "Do it", "form": False})) is None


def test_what_cannot_be_carried_is_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="carries too much"):
        kit.button("Go", "a.b", {"x": "y" * 2_000})
    with pytest.raises(ValueError, match="does not fit"):
        option_value("a.b", {"x": "y" * 200})
    with pytest.raises(ValueError, match="cannot be read back"):
        action_id("No Such")


def test_repeated_buttons_get_ids_of_their_own() -> None:
    row = kit.actions(*(kit.button("Go", "a.b", {"n": n}) for n in range(7)), None)
    assert [len(block["elements"]) for block in row] == [5, 2]
    names = [element["action_id"] for block in row for element in block["elements"]]
    assert len(set(names)) == 7
    assert {parse_press(name, "{}").operation for name in names} == {"a.b"}


def test_a_form_button_ends_in_an_ellipsis_once() -> None:
    assert kit.button("Sign", "a.b", form=True)["text"]["text"] == "Sign…"
    assert kit.button("Sign…", "a.b", form=True)["text"]["text"] == "Sign…"


def test_a_headline_with_a_mention_or_a_command_is_bold_and_any_other_large() -> None:
    assert kit.headline("NOT DONE: `/golive`")["text"]["text"] == "*NOT DONE: `/golive`*"
    assert kit.headline("GO &lt;now&gt;")["text"] == {"type": "plain_text", "text": "GO <now>"}
    assert kit.headline("<@U1> is in")["text"]["text"] == "*<@U1> is in*"
    assert kit.headline("x" * 151)["type"] == "section"


def test_fallback_says_everything_in_its_order() -> None:
    message = kit.message("Head", kit.lines("one", None, "two"), kit.facts([("a", "b")]), kit.quote("<@U9>\n*x*"))
    j = text.JOINER
    assert message.fallback == f"*Head*\none\ntwo\n*a*: b\n&lt;@U9&gt;\n{j}*{j}x{j}*{j}"
    assert kit.Rendered("only this").fallback == "only this"


class TestCharts:
    """Where a card shows its chart."""

    BUTTONS = kit.actions(kit.button("Go", "killswitch.engage"))

    def test_it_stands_where_the_card_keeps_the_place(self) -> None:
        """Nothing stands there without a chart."""
        card = kit.message("Head", kit.section("above"), kit.CHART, kit.section("below"), self.BUTTONS)
        assert [block["type"] for block in card.blocks] == ["header", "section", "section", "actions"]
        shown = card.with_chart("F1", "Rising").blocks
        assert [block["type"] for block in shown] == ["header", "section", "image", "section", "actions"]
        assert shown[2] == {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "Rising"}
        assert card.with_prefix("v-").with_chart("F1", "Rising").blocks[2]["type"] == "image"

    def test_a_card_without_a_place_shows_it_above_its_buttons(self) -> None:
        """And above the small last line."""
        card = kit.message("Head", kit.section("above"), self.BUTTONS, kit.context("small"))
        assert [block["type"] for block in card.with_chart("F1", "Rising").blocks] == [
            "header", "section", "image", "actions", "context",
        ]  # fmt: skip

    def test_a_card_cut_to_what_slack_takes_still_shows_it(self) -> None:
        """Within the limit, and never below the buttons; its words are in the text alone too."""
        many = [kit.section(str(number)) for number in range(80)]
        card = kit.message("Head", *many, kit.CHART, self.BUTTONS, kit.context("small"))
        blocks = card.with_chart("F1", "x" * 3_000).blocks
        assert len(blocks) <= 49
        assert [block["type"] for block in blocks[-3:]] == ["image", "actions", "context"]
        assert len(blocks[-3]["alt_text"]) <= 2_000
        assert "Chart: Rising" in kit.message("Head").with_chart("F1", "Rising").fallback
