"""Forms: made from parameters, filled with what was typed, read back as raw parameters."""

import json
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.blocks.forms import form_errors, form_operation, form_view, read_form, read_private
from bot.slack_double.blocks import view_error
from bot.slack_double.forms import state_of
from domain.followup.operations import OPERATIONS as FOLLOWUP
from domain.operation import AnyOperation
from domain.outcomes import Kind, Refused
from domain.parameters import Params, parse
from domain.registry import build_registry
from domain.runbook.rules import STATEMENTS
from tests.bot.blocks.samples import AT, HOSTILE

_BUILT = build_registry()
REGISTRY = build_registry(*[operation for operation in FOLLOWUP if operation.name not in _BUILT])
ALL = REGISTRY.public()
PROBLEM = Refused(
    kind=Kind.INVALID, code="bad_value", layer="input", detail="`reason` is empty. Expected a reason.",
    remedy="for example `drill is over`", field="reason",
)  # fmt: skip


def view_of(name: str, prefill: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return form_view(REGISTRY[name], prefill or {}, **{"private": {}, **more})


def submitted(view: dict[str, Any], entered: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the view as Slack sends it: untouched fields hold what they began with."""
    values = state_of(view["blocks"], {})
    for name, said in (entered or {}).items():
        values[name]["value"] = {"type": "plain_text_input", "value": said}
    return {**view, "state": {"values": values}}


def field(view: dict[str, Any], name: str) -> dict[str, Any]:
    return next(block for block in view["blocks"] if block.get("block_id") == name)


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_slack_takes_the_form_of_every_operation(operation: AnyOperation) -> None:
    names = list(operation.params.model_fields)
    for prefill in ({}, dict.fromkeys(names, HOSTILE), dict.fromkeys(names, "12"), {"unknown": "x"}):
        view = form_view(operation, prefill, private={"channel": "C1"}, first_line=HOSTILE, problem=PROBLEM)
        assert view_error(view) is None
        assert form_operation(view) == operation.name
        assert read_private(view) == {"channel": "C1"}
        assert set(read_form(submitted(view))) <= set(names)
        assert operation.summary[0] in view["blocks"][0]["text"]["text"]


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_titles_are_whole(operation: AnyOperation) -> None:
    view = form_view(operation, {}, private={})
    assert not view["title"]["text"].endswith("…")
    assert not view["submit"]["text"].endswith("…")
    assert re.fullmatch(r"[A-Z][a-z]+( [\w'’-]+)*", view["title"]["text"]), "a title is words a person would say"
    assert view["title"]["text"].rpartition(" ")[2] not in {"a", "an", "the", "of", "to", "for", "and", "with", "in"}
    assert re.fullmatch(r"(?!The$)[A-Z][a-z]+( [a-z]+)*", view["submit"]["text"])


@pytest.mark.parametrize(
    ("name", "title", "submit"),
    [
        ("followup.create", "Create a lead's ladder", "Create"),
        ("followup.complete", "Record the outcome", "Record"),
        ("followup.claim", "Claim a step", "Claim"),
        ("followup.show", "Show a lead's ladder", "Show"),
        ("route.set", "Choose a channel", "Use it"),
        ("held.run", "Run a held action now", "Run"),
    ],
)
def test_titles_are_what_a_person_would_say(name: str, title: str, submit: str) -> None:
    view = view_of(name)
    assert (view["title"]["text"], view["submit"]["text"]) == (title, submit)


def test_a_form_says_what_is_expected_and_keeps_what_was_typed() -> None:
    view = view_of("killswitch.release", {"reason": "the templates\nare fixed"})
    assert view["title"]["text"] == "Ask to release"
    assert view["submit"]["text"] == "Ask"
    assert view["blocks"][0]["text"]["text"] == "*Ask to release the kill switch*"
    assert field(view, "reason") == {
        "type": "input", "block_id": "reason", "optional": False, "label": {"type": "plain_text", "text": "Reason"},
        "hint": {"type": "plain_text", "text": "A reason in your own words, for example drill is over"},
        "element": {
            "type": "plain_text_input", "multiline": True, "max_length": 500, "action_id": "value",
            "initial_value": "the templates\nare fixed",
        },
    }  # fmt: skip


def test_hidden_parameters_and_known_ids_travel_unseen() -> None:
    known, kept = {"approval_id": 318, "seen": "0f3a"}, {"channel": "C1", "response_url": "u"}
    view = view_of("approvals.reject", known, private=kept)
    assert [block["block_id"] for block in view["blocks"] if block["type"] == "input"] == ["reason"]
    assert "Request: A-318" in view["blocks"][0]["text"]["text"]
    assert json.loads(view["private_metadata"]) == {**kept, "carried": known}
    assert read_form(submitted(view, {"reason": "not yet"})) == {**known, "reason": "not yet"}
    assert read_private(view) == kept


def test_an_id_that_is_wrong_or_missing_is_asked_for() -> None:
    wrong = Refused(kind=Kind.INVALID, code="bad_value", layer="input", detail="no", field="alert_id")
    assert field(view_of("alerts.resolve", {"alert_id": "foo"}, problem=wrong), "alert_id")["optional"] is False
    assert field(view_of("alerts.resolve"), "alert_id")["element"]["type"] == "plain_text_input"


def test_choices_people_and_channels_have_their_own_elements() -> None:
    grant = view_of("access.grant", {"user": "<@U123|maria>", "role": "MANAGER"})
    assert field(grant, "user")["element"] == {"type": "users_select", "action_id": "value", "initial_user": "U123"}
    role = field(grant, "role")["element"]
    assert [option["value"] for option in role["options"]] == ["auditor", "operator", "oncall", "manager", "owner"]
    assert role["initial_option"]["value"] == "manager"
    asked = field(view_of("access.request"), "role")["element"]
    assert [option["value"] for option in asked["options"]] == ["auditor", "operator", "oncall"]
    assert asked["initial_option"]["value"] == "operator"
    route = view_of("route.set", {"kind": "oncall", "channel": "#oncall"})
    assert field(route, "channel")["element"] == {"type": "channels_select", "action_id": "value"}
    assert field(route, "kind")["element"]["initial_option"]["value"] == "oncall"


def test_a_choice_is_called_what_it_means() -> None:
    statement = field(view_of("golive.attest", {"statement": "consent_basis"}), "statement")
    shown = {option["value"]: option["text"]["text"] for option in statement["element"]["options"]}
    assert shown == {name: meaning for name, (meaning, _days) in STATEMENTS.items()}
    assert statement["element"]["initial_option"]["value"] == "consent_basis"
    assert "hint" not in statement


def test_what_is_chosen_is_read_back() -> None:
    view = submitted(view_of("access.grant", {"user": "U123", "role": "operator", "reason": "starts on Monday"}))
    raw = read_form(view)
    assert raw == {"user": "U123", "role": "operator", "reason": "starts on Monday"}
    assert isinstance(parse(REGISTRY["access.grant"].params, raw, now=AT, zone=ZoneInfo("UTC")), Params)


def test_an_empty_field_is_no_parameter() -> None:
    view = submitted(view_of("killswitch.engage"))
    assert read_form(view) == {}
    assert read_form(submitted(view_of("killswitch.engage"), {"reason": "  "})) == {}


def test_what_stands_in_the_way_is_said_first() -> None:
    view = view_of("golive.enable", first_line="Go-live is off: `/golive` says why.", problem=PROBLEM, prefix="vh-")
    said = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
    assert said == [
        "*Ask to switch production on*",
        "Go-live is off: `/vh-golive` says why.",
        "*Not done*  `reason` is empty. Expected a reason.\nfor example `drill is over`",
    ]


def test_errors_stand_beside_their_field_or_the_first() -> None:
    view = view_of("approvals.break_glass", {"approval_id": 3})
    said = "reason is empty. Expected a reason. for example drill is over"
    assert form_errors(view, [PROBLEM]) == {"reason": said}
    elsewhere = PROBLEM.model_copy(update={"field": "type_the_operation"})
    assert form_errors(view, [elsewhere]) == {"type_the_operation": said}
    assert form_errors(view, [PROBLEM.model_copy(update={"field": None})]) == {"reason": said}
    assert form_errors(view_of("golive.state"), [PROBLEM]) == {}
    assert form_errors(view, [PROBLEM, elsewhere]) == {"reason": said, "type_the_operation": said}
    again = PROBLEM.model_copy(update={"detail": "it is said twice"})
    assert form_errors(view, [PROBLEM, again]) == {"reason": said}


def test_what_cannot_be_carried_and_what_is_not_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="more than Slack takes"):
        view_of("golive.enable", private={"x": "y" * 3_000})
    with pytest.raises(ValueError, match="own word"):
        view_of("golive.enable", private={"carried": 1})
    with pytest.raises(ValueError, match="none of ours"):
        form_operation({"callback_id": "other"})
    with pytest.raises(ValueError, match="not JSON"):
        read_form({"private_metadata": "{"})
    with pytest.raises(ValueError, match="not an object"):
        read_form({"private_metadata": "[]"})


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(ALL), st.data())
def test_whatever_was_typed_slack_takes_the_form(operation: AnyOperation, data: st.DataObject) -> None:
    names = [name for name in operation.params.model_fields if not name.endswith("_id")]
    prefill = {name: data.draw(st.text(max_size=700) | st.none() | st.booleans() | st.integers()) for name in names}
    hidden = {"seen"}
    visible = {name: said for name, said in prefill.items() if name not in hidden}
    assert view_error(form_view(operation, visible, private={})) is None


def test_the_form_behind_ask_to_release_offers_a_trial_share() -> None:
    """In words a newcomer understands, both optional: left empty, full speed is back at once."""
    view = form_view(REGISTRY["regression.release"], {"domain": "WHOLESALE", "metric": "contract_rate"}, private={})
    fields = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    assert [fields[name]["optional"] for name in ("share", "until", "reason")] == [True, True, False]
    assert fields["share"]["hint"]["text"] == (
        "Begin at a trial share of its caps, 1% to 100%; empty: full speed at once, for example 25%"
    )
    assert view["title"]["text"] == "Ask to release"
