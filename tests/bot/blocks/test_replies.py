"""Replies: one for every operation, and the five parts of a refusal."""

from typing import Any

import pytest

from bot.blocks.cards import render_card
from bot.blocks.replies import REPLIES, model_of, render_outcome
from domain.followup.operations import OPERATIONS as FOLLOWUP
from domain.operation import AnyOperation
from domain.outcomes import Button, Done, Held, Kind, Outcome, PendingApproval, Refused, Result
from domain.parameters import describe
from domain.registry import build_registry
from domain.review.results import ReviewCard
from tests.bot.blocks import samples
from tests.bot.blocks.checks import check_message, presses, says
from tests.bot.blocks.samples import AT, LATER, PENDING, shown

_BUILT = build_registry()
_LATER = [operation for operation in FOLLOWUP if operation.name not in _BUILT]
REGISTRY = build_registry(*_LATER)
PUBLIC = REGISTRY.public()
ALL = [(name, result) for name, results in samples.REPLIES.items() for result in results]


def reply(name: str, result: Result, **more: Any) -> Any:
    return render_outcome(name, Done(operation=name, result=result, audit_id=4711), **more)


@pytest.mark.parametrize(("name", "result"), ALL)
def test_slack_takes_every_reply(name: str, result: Result) -> None:
    check_message(reply(name, result))


@pytest.mark.parametrize("operation", PUBLIC, ids=lambda operation: operation.name)
def test_every_public_operation_has_a_reply_of_its_own_result(operation: AnyOperation) -> None:
    assert model_of(operation.name) is operation.result
    assert operation.name in samples.REPLIES


def test_every_reply_has_a_sample() -> None:
    assert set(samples.REPLIES) == set(REPLIES)


@pytest.mark.parametrize(("name", "result"), ALL)
def test_every_button_carries_parameters_that_its_operation_takes(name: str, result: Result) -> None:
    for pressed in presses(reply(name, result).blocks):
        operation = REGISTRY.get(pressed.operation)
        assert operation is not None, f"nobody can do {pressed.operation}"
        assert not operation.internal
        assert set(pressed.params) <= {parameter.name for parameter in describe(operation.params)}
        if pressed.kind == "do":
            from zoneinfo import ZoneInfo

            from domain.parameters import parse

            assert not isinstance(parse(operation.params, pressed.params, now=AT, zone=ZoneInfo("UTC")), Refused)


def test_the_audit_number_is_put_where_the_card_shows_it() -> None:
    assert says(reply("killswitch.engage", samples.kill_switch(audit_id=None)))[-1].endswith("audit 4,711")


def test_pressed_again_the_switch_says_that_it_was_engaged_already() -> None:
    said = says(reply("killswitch.engage", samples.kill_switch(already_engaged=True)))
    assert said[1] == "It was engaged already and stays so; what was said now was added to the reasons."
    assert said[1] not in says(reply("killswitch.engage", samples.kill_switch()))


def test_pending() -> None:
    message = render_outcome(REGISTRY["killswitch.release"], PENDING)
    assert message.text == "ASKED: release the kill switch. A-318 waits for a second person."
    assert says(message) == [
        "*ASKED: release the kill switch. A-318 waits for a second person.*",
        "*Can decide*  <@U3>, <@U4>",
        f"*Expires*  {shown(LATER)}",
        "Nothing has changed so far. You hear of the decision here.",
        "[ Withdraw ] [ Show my requests ]",
        "Approval A-318 · ref 7F3K",
    ]


def test_joined_to_a_request_of_somebody_else() -> None:
    message = render_outcome("killswitch.release", PENDING.model_copy(update={"joined": True, "can_decide": ()}))
    assert message.text == "ASKED ALREADY: release the kill switch. Your request joined A-318."
    assert "Nobody else can decide: add a manager, or an owner may break glass." in says(message)
    assert "[ Show my requests ]" in says(message)


REFUSAL = Refused(
    kind=Kind.PRIME_LAW, code="kill_switch_engaged", layer="Prime Law", detail="The kill switch is engaged by <@U1>.",
    figures={
        "execution_class": "PROD_EXEC", "go_live_enabled": True, "kill_switch_engaged": True, "state": 41,
        "since": AT.isoformat(),
    },
    remedy="Two people release it: one asks with `/killswitch release REASON`, a manager approves.",
    buttons=(Button(label="Ask to release…", operation="killswitch.release", form=True),), reference="7F3K",
)  # fmt: skip


def test_refused_has_its_five_parts() -> None:
    message = render_outcome(REGISTRY["held.run"], REFUSAL, prefix="vh-")
    assert message.text == "NOT DONE: `/vh-held run`. The kill switch is engaged by <@U1>."
    assert says(message) == [
        "*NOT DONE: `/vh-held run`*",
        "The kill switch is engaged by <@U1>.",
        "*Go-live*: on",
        "*Kill switch*: engaged",
        "*State*: 41",
        f"*Since*: {shown(AT)}",
        "*What lifts it*  Two people release it: one asks with `/vh-killswitch release REASON`, a manager approves.",
        "[ Ask to release… ]",
        "Prime Law · ref 7F3K",
    ]


def test_a_refusal_of_hostile_input_mentions_nobody() -> None:
    refusal = Refused(
        kind=Kind.INVALID, code="bad_value", layer="input", detail=f"`user` “{samples.HOSTILE}” does not fit",
        figures={"given": samples.HOSTILE, "many": ["<!here>"] * 40, "nothing": None, "map": {"a": 1}},
        remedy="<!channel>",
    )  # fmt: skip
    check_message(render_outcome("access.grant", refusal))
    check_message(render_outcome("<!channel>", refusal))


def test_held() -> None:
    message = render_outcome("followup.claim", Held(held_id=3, operation="followup.claim"))
    check_message(message)
    assert message.text == "HELD: `followup.claim`. It is not lost, and it does not run by itself."


@pytest.mark.parametrize("name", [name for name in REPLIES if name.endswith(".list") or name == "approvals.mine"])
def test_an_empty_list_says_what_to_do_next(name: str) -> None:
    empty = [result for result in samples.REPLIES[name] if not getattr(result, "items", None)]
    assert empty
    for result in empty:
        message = reply(name, result)
        assert len(says(message)) >= 2
        assert presses(message.blocks) or "`/" in message.fallback or name == "audit.list"


def test_a_long_list_says_how_many_more_there_are() -> None:
    assert "and 885 more" in says(reply("held.list", samples.REPLIES["held.list"][0]))


def test_due() -> None:
    view = samples.due()
    late, text = samples.LATE_STEP, samples.TEXT_STEP
    assert says(reply("followup.due", view)) == [
        "*DUE FOR YOU: 3 now, 1 of them late. 1 step is yours now. 1 step waits.*",
        "Your week: 93.4 % of 76 within 2 h (target 90 %)",
        "*LATE 42 min*  CALL, step 2 of 6  Ruth Cardinal, Calgary AB",
        f"due {shown(AT)} · 2 h promise ends {shown(late.promise_ends)} · contact window not checked",
        "“Inherited, wants it gone by Christmas”",
        "[[ Claim ]] [▾ Stop…]",
        "*due for 1 h 12 min*  TEXT, step 3 of 6  Ruth Cardinal, Calgary AB",
        (
            f"due {shown(AT)} · 2 h promise ends {shown(text.promise_ends)} · may be texted: they asked us, until "
            f"<!date^{int(LATER.timestamp())}^{{date_short_pretty}}|2026-11-24> · contact window not checked"
        ),
        "[ Claim ] [▾ Stop…]",
        f"*YOURS*  CALL, step 2 of 6  Ruth Cardinal, Calgary AB   yours until {shown(LATER)}",
        (
            f"<tel:+12045550142|(204) 555-0142> · due {shown(AT)} · 2 h promise ends {shown(late.promise_ends)} · "
            "contact window not checked"
        ),
        "If they ask us to stop: apologise, hang up and press “Asked us to stop”.",
        "Say:",
        "Hello Ruth, this is … calling for Northern Door Homes about 12 Elm Street. Are you thinking of selling it?",
        "[[ Interested ]] [ No answer ] [ Call back… ] [ Not interested ] [ Wrong number ]",
        "[! Asked us to stop ] [▾ Left a voicemail · Sold already · With a note…]",
        "*Waiting*",
        "TEXT, step 3 of 6  lead L2, QC".replace("step 3", "step 2"),
        f"*no consent on record: cannot be texted* (until {shown(LATER)})",
        "Record the consent.",
        "[ Next 10 ] [ All of the team ] [ Refresh ]",
        f"Follow-up · as of {shown(view.as_of)}",
    ]


def test_nothing_can_be_claimed_while_acting_is_off() -> None:
    message = reply("followup.due", samples.due(stopped=samples.STOPPED))
    assert "followup.claim" not in {press.operation for press in presses(message.blocks)}
    assert "*Nothing can be claimed now*  The kill switch is engaged by <@U1>. Two people release it." in says(message)


def test_a_number_that_may_not_be_used_is_not_followed_by_words_to_say() -> None:
    message = reply("followup.claim", samples.CLAIMED.model_copy(update={"number": None}))
    assert "no number may be used any more" in message.fallback
    assert "Say:" not in says(message)
    assert "555" not in message.fallback


def test_due_shows_numbers_of_claimed_steps_alone() -> None:
    assert "555" not in reply("followup.due", samples.due(yours=())).fallback


def test_help_is_grouped_by_command_and_shows_the_prefix() -> None:
    said = says(reply("system.help", samples.HELP, prefix="vh-"))
    assert said == [
        "*What you can do here*",
        "Your role: operator.",
        "Every command also works without its words: a form asks for what is missing.",
        "*`/vh-golive`*",
        "`/vh-golive`  Show the switches",
        "*`/vh-killswitch`*",
        (
            "`/vh-killswitch engage [REASON]`  Stop everything that acts, at once   "
            "e.g. `/vh-killswitch engage texts without opt-out in QC`"
        ),
        "3 more things need another role",
    ]


def test_the_runbook_offers_each_cure_and_each_signature() -> None:
    message = reply("runbook.status", samples.runbook())
    assert message.text == "NOT READY: 1 blocker before go-live."
    assert "        Cure: start `valhalla worker`" in says(message)
    signing = [press.params["statement"] for press in presses(message.blocks) if press.operation == "golive.attest"]
    assert signing == ["kill_switch_drill", "counsel_asked", "dncl_registered"]


OUTCOMES: list[Outcome] = [PENDING, REFUSAL, Held(held_id=1, operation="held.run")]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
@pytest.mark.parametrize("operation", PUBLIC, ids=lambda operation: operation.name)
def test_every_outcome_of_every_operation_can_be_shown(operation: AnyOperation, outcome: Outcome) -> None:
    check_message(render_outcome(operation, outcome))
    assert isinstance(outcome, PendingApproval | Refused | Held)


@pytest.mark.parametrize(
    ("name", "shown_of_forty"),
    [
        ("regression.policies", 12), ("regression.state", 12), ("heimdall.policies", 12), ("heimdall.scorecard", 12),
        ("approvals.list", 10),
    ],
)  # fmt: skip
def test_a_long_list_says_how_much_is_left_out(name: str, shown_of_forty: int) -> None:
    found: Any = samples.REPLIES[name][0]
    many = found.model_copy(update={"items": found.items[:1] * 40})
    said = says(reply(name, many))
    assert f"and {40 - shown_of_forty} more" in said
    few = found.model_copy(update={"items": found.items[:1] * 2})
    assert not [line for line in says(reply(name, few)) if line.startswith("and ")]


def test_a_changed_charter_shows_its_evidence_and_when_it_goes_back() -> None:
    said = says(reply("heimdall.policy_set", samples.REPLIES["heimdall.policy_set"][1]))
    assert f"Goes back by itself, {shown(LATER)}" in said
    assert "[ Evidence ]" in said


def test_every_tripwire_shows_its_rule_and_who_set_it() -> None:
    said = says(reply("regression.policies", samples.REPLIES["regression.policies"][0]))
    assert (
        "*WHOLESALE.contract_rate*  on · rate: a drop of 20 %, acts at 100,000, warns at 10,000; holds WHOLESALE"
        in said
    )
    assert f"Max drop fraction goes back to 0.15, {shown(LATER)}" in said
    assert len([line for line in said if line.startswith(f"v3 by <@U3>, {shown(AT)}: “")]) == 2


def test_a_shift_that_was_taken_out_says_what_it_was_and_how_it_comes_back() -> None:
    said = says(reply("oncall.remove", samples.REPLIES["oncall.remove"][0]))
    assert said[1:4] == [
        f"It was {shown(AT)} to {shown(LATER)}",
        "*Way back*  `/oncall set`",
        "[ Show who is on call ]",
    ]


def test_a_scorecard_says_how_sure_and_how_it_went_over_28_days() -> None:
    said = says(reply("heimdall.scorecard", samples.REPLIES["heimdall.scorecard"][0]))
    assert said[1] == "*Success, 7 days*: 86.2 %   75 of 87 trials   between 77 % and 92 %   needs 82 %"
    assert "*28 days*  Success above 82 % on 24 of 28 days, lowest 79 % on 9 November" in said
    assert "*Says 93 %, delivers 86 %*  it is about 7 points too sure of itself" in said
    assert "says 90 % to 95 %: delivers 85 % (40 trials)" in said


def test_a_recommendation_that_may_be_used_asks_how_it_turned_out() -> None:
    said = says(reply("heimdall.require", samples.REPLIES["heimdall.require"][0]))
    assert said[0] == "*RC-12 passed every gate: act on it now. It cannot be used again.*"
    assert said[-2:] == ["[ It was right ] [ It was wrong ]", "Heimdall · RC-12 · audit 4,711"]


def test_a_tripwire_that_was_changed_says_its_rule_and_what_holds_it_back() -> None:
    said = says(reply("regression.policy_set", samples.REPLIES["regression.policy_set"][0]))
    assert said[1:4] == [
        "rate: a drop of 20 %, acts at 100,000, warns at 10,000; holds WHOLESALE",
        "It is on and still learning: it cannot act yet.",
        f"The changed fields go back by themselves, {shown(LATER)}.",
    ]


def test_heimdalls_snapshot_says_as_of_when() -> None:
    found = samples.REPLIES["heimdall.snapshot"][0]
    assert says(reply("heimdall.snapshot", found))[-1] == f"Heimdall · as of {shown(samples.LATER)}"


def test_a_page_of_some_days_of_the_audit_says_which_and_keeps_them_for_the_next() -> None:
    page, none = (reply("audit.list", result) for result in samples.REPLIES["audit.list"][-2:])
    assert says(page)[0] == "*1 entry of the audit, from 2026-11-23 to 2026-11-29, newest first.*"
    older = presses(page.blocks)[0]
    assert older.params == {"limit": 30, "cursor": 1, "from": "2026-11-23", "to": "2026-11-29"}
    assert says(none)[0] == "*No entry of the audit, to 2026-11-29.*"


def test_last_weeks_changes_open_last_weeks_entries() -> None:
    """The week that the review is about, Monday to Sunday, whenever the button is pressed."""
    card = next(one for one in samples.CARDS["review"] if isinstance(one, ReviewCard))
    pressed = next(
        one for one in presses(render_card("review", card.to_json()).blocks) if one.operation == "audit.list"
    )
    assert (pressed.params["from"], pressed.params["to"]) == ("2026-11-23", "2026-11-29")
