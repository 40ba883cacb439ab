"""Messages as text: what a person reads in the terminal."""

from datetime import UTC
from typing import Any

import pytest

from bot.demo.controls import Control, Numbers
from bot.demo.rendering import Words, body_lines, message_lines, readable

WORDS = Words(people={"U0MARIA": "maria"}, channels={"C0DEALS": "deals"}, zone=UTC)
JsonDict = dict[str, Any]


def _button(label: str, value: str = "{}", **more: Any) -> JsonDict:
    return {"type": "button", "action_id": f"do:{label}", "text": {"type": "plain_text", "text": label},
            "value": value, **more}  # fmt: skip


def _section(text: str, **more: Any) -> JsonDict:
    return {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": text}, **more}


def _lines(*blocks: JsonDict) -> list[str]:
    numbers = Numbers()
    return list(body_lines({"blocks": list(blocks)}, WORDS, lambda control: numbers.give("C1", "1.0", control)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U0MARIA> in <#C0DEALS>", "@maria in #deals"),
        ("<@U0NEW|nina>, <@U0WHO>", "@nina, @U0WHO"),
        ("*Stops*  claims, _all_ of ~them~", "Stops  claims, all of them"),
        ("a * b * c, snake_case_name and 2*3*4", "a * b * c, snake_case_name and 2*3*4"),
        ("type `/due *all*` or `a_b_c`", "type `/due *all*` or `a_b_c`"),
        ("R&amp;D &lt;now&gt; &amp;lt;", "R&D <now> &lt;"),
        ("<https://example.org|the site> <https://example.org>", "the site (https://example.org) https://example.org"),
        ("<tel:+14035550166|(403) 555-0166>", "(403) 555-0166"),
        ("<!date^1795532400^{date_short_pretty} {time}|then>", "Tue 24 Nov 15:00"),
        ("<!date^soon^{time}|then>", "then"),
        ("<!date^1795532400^{unheard_of}|then>", "then"),
        ("<!here> <!subteam^S1|@crew>", "@here @crew"),
        ("“\u2060*\u2060not bold\u2060*\u2060”", "“*not bold*”"),
    ],
)  # fmt: skip
def test_text_reads_as_in_slack(text: str, shown: str) -> None:
    assert readable(text, WORDS) == shown


def test_a_persons_own_brackets_are_no_mention() -> None:
    assert readable("&lt;@U0MARIA&gt;", WORDS) == "<@U0MARIA>"


def test_a_card_is_shown_block_by_block() -> None:
    shown = _lines(
        {"type": "header", "text": {"type": "plain_text", "text": "KILL SWITCH ENGAGED"}},
        _section("<@U0MARIA>: “drill”"),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Held*"}, {"type": "mrkdwn", "text": "17"}]},
        {"type": "image", "alt_text": "Success above 82 % on 24 of 28 days"},
        {"type": "actions", "block_id": "a", "elements": [_button("Release…"), _button("Show")]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Prime Law · state 41"}]},
    )
    assert shown == [
        "KILL SWITCH ENGAGED",
        "@maria: “drill”",
        "Held                    17",
        "[chart: Success above 82 % on 24 of 28 days]",
        "[1] Release…  [2] Show",
        "Prime Law · state 41",
    ]


def test_the_options_of_a_menu_have_numbers_of_their_own() -> None:
    options = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("Withdraw", "Ask…")]
    assert _lines(_section("x", accessory={"type": "overflow", "action_id": "menu", "options": options})) == [
        "x", "▾[1] Withdraw  ▾[2] Ask…",
    ]  # fmt: skip


def test_typed_words_are_shown_as_they_were_typed() -> None:
    typed = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "*no* <@U0MARIA>"}]}
    assert _lines({"type": "rich_text", "block_id": "r", "elements": [typed]}) == ["> *no* <@U0MARIA>"]


def test_long_lines_break_and_labels_do_not() -> None:
    narrow = Words(width=42)
    blocks = [{"type": "actions", "block_id": "a", "elements": [_button(f"Label number {n}") for n in range(4)]}]
    numbers = Numbers()
    shown = list(body_lines({"blocks": blocks}, narrow, lambda control: numbers.give("C", "1.0", control)))
    assert shown == ["[1] Label number 0  [2] Label number 1", "[3] Label number 2  [4] Label number 3"]


def test_the_head_says_where_who_when_and_what_changed() -> None:
    message = {"user": "U0MARIA", "ts": "1795532400.000100", "text": "hello", "is_ephemeral": True}
    assert message_lines(message, "#deals", WORDS, lambda _control: 0, note="edited") == [
        "── #deals · maria 15:00  (edited, only you see this) ──", "  hello", "",
    ]  # fmt: skip


def test_an_edited_card_keeps_the_numbers_of_what_stays() -> None:
    numbers = Numbers()
    approve, reject = Control("b1", "do:approve", "Approve…", "1"), Control("b1", "form:reject", "Reject…", "1")
    assert [numbers.give("C", "1.0", control) for control in (approve, reject)] == [1, 2]
    numbers.begin("C", "1.0")
    again = Control("b2", "form:reject", "Reject…", "1")
    assert numbers.give("C", "1.0", again) == 2
    found = numbers.find(2)
    assert found is not None
    assert found.control.block_id == "b2"
    assert numbers.labelled("approve") is None
    assert numbers.labelled("reject") == found


def test_the_newest_message_is_meant_by_a_label() -> None:
    numbers = Numbers()
    for ts in ("1.0", "3.0", "2.0"):
        numbers.give("C", ts, Control("b", "do:claim", "Claim", ts))
    found = numbers.labelled("CLAIM")
    assert found is not None
    assert found.ts == "3.0"
