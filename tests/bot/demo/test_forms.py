"""Forms filled in at the prompt."""

from collections.abc import Iterable
from typing import Any

import pytest

from bot.demo import forms
from bot.demo.rendering import Words

WORDS = Words(people={"U0DANA": "dana"}, channels={"C0DEALS": "deals"})
JsonDict = dict[str, Any]


def _input(name: str, element: JsonDict, **more: Any) -> JsonDict:
    return {"type": "input", "block_id": name, "label": {"text": name.title()}, "element": element, **more}


def _view(*blocks: JsonDict) -> JsonDict:
    return {"id": "V1", "hash": "h", "title": {"text": "Ask"}, "submit": {"text": "Ask"}, "blocks": list(blocks)}


def _options(*labels: str) -> list[JsonDict]:
    return [{"text": {"text": label}, "value": label.lower()} for label in labels]


TEXT = {"type": "plain_text_input", "action_id": "a"}


def _fill(view: JsonDict, typed: Iterable[str], **more: Any) -> tuple[JsonDict, list[str]]:
    answers, said = iter(typed), []

    def ask(prompt: str) -> str | None:
        said.append(prompt)
        return next(answers, None)

    given = {"errors": {}, "kept": {}, **more}
    return forms.fill(view, WORDS, ask, said.extend, **given), said


def test_what_must_be_there_is_asked_again() -> None:
    values, said = _fill(_view(_input("reason", TEXT)), ["", "  over "])
    assert values == {"reason": "over"}
    assert "  ✗ this field must be filled in" in said


def test_enter_keeps_the_default_and_an_empty_optional_field() -> None:
    view = _view(_input("reason", {**TEXT, "initial_value": "drill"}), _input("note", TEXT, optional=True))
    values, said = _fill(view, ["", ""])
    assert values == {}
    assert said == ["  Reason [drill]: ", "  Note (optional): "]


def test_a_default_can_be_cleared() -> None:
    view = _view(_input("note", {**TEXT, "initial_value": "drill"}, optional=True))
    assert _fill(view, ["clear"])[0] == {"note": None}


def test_choices_are_listed_and_taken_by_number_or_words() -> None:
    element = {"type": "static_select", "action_id": "a", "options": _options("Operator", "On call")}
    for typed in ("2", "on call", "ON"):
        values, said = _fill(_view(_input("role", element)), [typed])
        assert values == {"role": "on call"}
        assert "    2) On call" in said
    values, said = _fill(_view(_input("role", element)), ["3", "o", "1"])
    assert values == {"role": "operator"}
    assert said.count("  ✗ choose one of 1 to 2") == 2


def test_people_and_channels_are_named() -> None:
    view = _view(
        _input("user", {"type": "users_select", "action_id": "a"}),
        _input("where", {"type": "multi_conversations_select", "action_id": "a"}),
    )
    values, said = _fill(view, ["nobody", "@dana", "#deals, C0DEALS"])
    assert values == {"user": "U0DANA", "where": ["C0DEALS", "C0DEALS"]}
    assert "  ✗ nobody here is called 'nobody'" in said


def test_a_time_is_written_as_one_reads_it() -> None:
    view = _view(_input("at", {"type": "datetimepicker", "action_id": "a"}))
    values, said = _fill(view, ["tomorrow", "2026-11-27 14:00"])
    assert isinstance(values["at"], int)
    assert any("for example 2026-11-27 14:00" in line for line in said)


def test_only_what_was_wrong_is_asked_again_and_the_rest_is_kept() -> None:
    view = _view(_input("reason", TEXT), _input("amount", TEXT))
    values, said = _fill(view, ["500"], errors={"amount": "is not a number"}, kept={"reason": "over", "amount": "x"})
    assert values == {"reason": "over", "amount": "500"}
    assert said == ["  ✗ Amount: is not a number", "  Amount: "]


@pytest.mark.parametrize("typed", [["cancel"], []])
def test_a_form_can_be_left(typed: list[str]) -> None:
    with pytest.raises(forms.Cancelled):
        _fill(_view(_input("reason", TEXT)), typed)
