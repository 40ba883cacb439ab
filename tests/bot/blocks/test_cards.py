"""Cards: their words are the design, so the important ones are compared as a whole."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import domain
from bot.blocks.cards import CARDS, render_card
from bot.blocks.kit import Rendered
from domain.approvals.results import ApprovalCard
from domain.oncall.results import PageCard
from domain.outcomes import Result
from domain.prime_law.results import Reached
from tests.bot.blocks import samples
from tests.bot.blocks.checks import check_message, mentions, presses, says
from tests.bot.blocks.samples import AT, LATER, shown

ALL = [(name, card) for name, cards in samples.CARDS.items() for card in cards]
EXPIRES = "2026-11-24 16:42"


def render(name: str, card: Result) -> Rendered:
    return render_card(name, card.to_json())


@pytest.mark.parametrize(("name", "card"), ALL)
def test_slack_takes_every_card(name: str, card: Result) -> None:
    check_message(render(name, card))


def test_every_card_has_a_sample() -> None:
    assert set(samples.CARDS) == set(CARDS)


def test_every_card_that_the_domain_posts_is_known() -> None:
    import re

    posted: set[str] = set()
    for path in Path(domain.__file__).parent.rglob("*.py"):
        posted |= set(re.findall(r"\.post\(\s*f?\"[^\"]*\",\s*\"(\w+)\"", path.read_text()))
        posted |= set(re.findall(r"\.post\(\s*destination,\s*\"(\w+)\"", path.read_text()))
    assert {"kill_switch", "approval", "welcome", "alert", "question"} <= posted
    assert posted <= set(CARDS)


def test_a_card_nobody_knows_and_a_payload_of_another_card_are_errors() -> None:
    with pytest.raises(KeyError):
        render_card("no_such_card", {})
    with pytest.raises(ValidationError):
        render_card("approval", samples.kill_switch().to_json())


def test_a_payload_may_be_json_text() -> None:
    card = samples.kill_switch()
    assert render_card("kill_switch", json.dumps(card.to_json())) == render("kill_switch", card)


def test_kill_switch_engaged() -> None:
    message = render("kill_switch", samples.kill_switch())
    assert message.text == "KILL SWITCH ENGAGED by <@U1>. Nothing new goes out."
    assert says(message) == [
        "*KILL SWITCH ENGAGED. Nothing new goes out.*",
        f"<@U1>, {shown(AT)}: “Texts going out in Quebec without the opt-out line”",
        "*Held in the queue*: 17: 12 claims, 5 offers. None of it runs by itself later",
        "*Stops*  claims and contacts, offers, reserves, AI trials and AI use",
        "*Goes on*  reading, recording outcomes, settling, opt-outs, policies, approvals",
        "Go-live is still ON: releasing this switch resumes production.",
        "[[ Ask to release… ]] [ Show the 17 items ] [ Add to the reason… ]",
        "Prime Law · state 41 · audit 48,207",
    ]


def test_kill_switch_without_a_reason_says_who_was_asked() -> None:
    lines = says(render("kill_switch", samples.kill_switch(reasons=(), held=())))
    assert lines[1] == f"<@U1>, {shown(AT)}: no reason given yet; <@U1> has been asked"
    assert "*Held in the queue*: nothing" in lines
    assert "[[ Ask to release… ]] [ Add to the reason… ]" in lines


def test_kill_switch_released() -> None:
    assert says(render("kill_switch", samples.released())) == [
        "*KILL SWITCH RELEASED. Production acts again.*",
        f"<@U1> engaged it, {shown(AT)}: “Texts going out in Quebec without the opt-out line”",
        "<@U2> asked for the release: “templates fixed”",
        f"<@U3> approved it, {shown(samples.released().released_at or AT)}",
        "*Engaged for*: 2 h 5 min",
        "*Still held*: 17: 12 claims, 5 offers. None of it runs by itself later",
        "Held actions do not run by themselves: a manager runs or drops each.",
        "[ Show the 17 items ]",
        "Prime Law · state 42 · audit 48,207",
    ]


def test_approval_wanted() -> None:
    message = render("approval", samples.approval())
    until = shown(samples.approval().expires_at)
    assert message.text == f"APPROVAL WANTED: release the kill switch (<@U2> asks; expires {until})"
    assert says(message) == [
        "*APPROVAL WANTED: release the kill switch*",
        f"<@U2> asks, {shown(AT)}: “the templates are fixed”",
        "*Engaged by*: <@U1>",
        f"*Since*: {shown(AT)}",
        "*Held in the queue*: 17; none of it runs by itself",
        "*If approved*  production resumes at once, since go-live is on",
        "*Does not change*  go-live stays as it is; held work stays held until a manager runs or drops it",
        "*Way back*  `/killswitch engage`, at once, by anyone who works here",
        "*Can decide*  <@U3>, <@U4> (not <@U2>, who asked)",
        f"*Expires*  {until}",
        "[[ Approve… ]] [! Reject… ] [▾ Ask a question… · Withdraw · Break glass (owner)…]",
        "Approval A-318 · killswitch.release · bound to switches 41; if that changes it must be asked again",
    ]


def test_approve_carries_what_was_seen_and_its_dialog_names_the_act() -> None:
    message = render("approval", samples.approval())
    approve = next(block for block in message.blocks if block["type"] == "actions")["elements"][0]
    assert json.loads(approve["value"]) == {"approval_id": 318, "seen": "0f3a0f3a0f3a"}
    assert approve["action_id"] == "do:approvals.approve"
    assert approve["confirm"]["confirm"]["text"] == "Release the kill switch"
    assert approve["confirm"]["text"]["text"] == "From now on: production resumes at once, since go-live is on."
    assert approve["accessibility_label"] == "Approve A-318: release the kill switch"


def test_approval_that_nobody_else_can_decide() -> None:
    lines = says(render("approval", samples.approval(can_decide=())))
    assert "Nobody else can decide: add a manager, or an owner may break glass." in lines


def test_approved() -> None:
    assert says(render("approval", samples.approval("approved", note="fine, but look at Alberta"))) == [
        "*APPROVED: the kill switch is released; production acts again*",
        f"<@U2> asked, {shown(AT)}: “the templates are fixed”",
        f"<@U3> approved, {shown(LATER)} (26 min later): “fine, but look at Alberta”",
        "*Engaged by*: <@U1>",
        f"*Since*: {shown(AT)}",
        "*Held in the queue*: 17; none of it runs by itself",
        "*What it means*  production resumes at once, since go-live is on",
        "*Did not change*  go-live stays as it is; held work stays held until a manager runs or drops it",
        "*Way back*  `/killswitch engage`, at once, by anyone who works here",
        "[! Engage the kill switch ]",
        "Approval A-318 · killswitch.release · audit 48,212",
    ]


def test_failed_shows_both_sets_of_figures() -> None:
    card = samples.approval("failed", outcome_detail="Then: switches 41. Now: switches 43.")
    message = render("approval", card)
    assert says(message)[:3] == [
        "*NOT DONE: <@U3> approved, but it no longer held. The kill switch stays engaged.*",
        "Then: switches 41. Now: switches 43.",
        f"<@U2> asked, {shown(AT)}: “the templates are fixed”",
    ]
    assert [(press.kind, press.operation) for press in presses(message.blocks)] == [("form", "killswitch.release")]


@pytest.mark.parametrize(
    ("card", "headline", "buttons"),
    [
        (samples.approval("rejected", note="no"), "REJECTED: the kill switch stays engaged", ["killswitch.release"]),
        (samples.approval("expired"), "EXPIRED: the kill switch stays engaged", ["killswitch.release"]),
        (samples.approval("withdrawn"), "WITHDRAWN: the kill switch stays engaged", ["killswitch.release"]),
        (
            samples.approval("withdrawn", outcome_detail="its requester no longer holds the role"),
            "WITHDRAWN: the kill switch stays engaged",
            [],
        ),
        (
            samples.approval("superseded", decided_by=None, decided_at=None, replaced_by=319),
            "REPLACED: it was asked again as A-319. This request no longer counts: release the kill switch",
            [],
        ),
        (
            samples.approval("superseded", decided_by="U5", outcome_detail="an owner broke glass"),
            "CLOSED: the kill switch is released; production acts again",
            [],
        ),
    ],
)
def test_a_decided_card_keeps_no_button_that_cannot_work(card: ApprovalCard, headline: str, buttons: list[str]) -> None:
    message = render("approval", card)
    assert message.text == headline
    assert [press.operation for press in presses(message.blocks)] == buttons


def test_break_glass_waits_for_a_signature_and_then_shows_it() -> None:
    waiting = says(render("break_glass", samples.break_glass()))
    assert waiting == [
        "*BREAK GLASS: <@U5> acted alone; go-live is on; production acts*",
        f"<@U5>, {shown(AT)}: “Dana and Marc are on a plane”",
        "Waiting for a second manager's sign-off: <@U3>",
        "*Overridden*: worker seen: never seen",
        "[[ Sign off… ]]",
        "Break glass B-3 · golive.enable · audit 48,300",
    ]
    signed = says(render("break_glass", samples.break_glass(signed_off_by="U3", signed_off_at=LATER, note="agreed")))
    assert f"<@U3> signed it off, {shown(LATER)}: “agreed”" in signed
    assert not any("Sign off…" in line for line in signed)


def test_alert_open_acknowledged_resolved() -> None:
    assert says(render("alert", samples.alert())) == [
        "*ALERT: 3 held actions were too old to run and were dropped*",
        f"Opened {shown(AT)}. OPEN, nobody has acknowledged",
        "*What to do*: do them afresh where they are still wanted",
        "[[ Acknowledge ]] [ Resolve… ] [▾ Pass to… · Acknowledge until…]",
        "warning · alert T-77 · audit 48,190",
    ]
    acknowledged = samples.alert(state="acknowledged", acknowledged_by="U3", acknowledged_at=AT)
    pressed = [press.operation for press in presses(render("alert", acknowledged).blocks)]
    assert pressed == ["alerts.resolve", "alerts.pass", "alerts.ack"]
    resolved = samples.alert(state="resolved", resolved_by="U3", resolved_at=LATER)
    assert presses(render("alert", resolved).blocks) == []


def test_alert_says_who_was_paged_and_who_is_next() -> None:
    at, then = shown(AT), shown(AT + timedelta(minutes=5))
    said = says(render("alert", samples.alert(pages=True, paged=samples.PAGED)))
    assert said[1] == f"Opened {at}. OPEN, nobody has acknowledged. Paged <@U1> {at} (Slack, phone); <@U2> at {then}"
    said = says(render("alert", samples.alert(pages=True, paged=samples.FAILED)))
    assert said[1] == (
        f"Opened {at}. OPEN, nobody has acknowledged. Passed on by <@U3>. Paged <@U1> {at} (NOT REACHED by Slack: "
        f"user_disabled); <@U2> {at} (Slack, not by phone: HTTP 404); the oncall channel at {shown(LATER)}"
    )


def test_alert_that_pages_says_when_it_pages_again() -> None:
    known = {"state": "acknowledged", "acknowledged_by": "U1", "acknowledged_at": AT, "acknowledged_until": LATER}
    said = says(render("alert", samples.alert(pages=True, **known)))
    assert said[1] == (
        f"Opened {shown(AT)}. Acknowledged by <@U1> {shown(AT)}; pages again at {shown(LATER)} if still open"
    )
    said = says(render("alert", samples.alert(**known)))
    assert said[1].endswith(f"; open again after {shown(LATER)}")
    said = says(render("alert", samples.alert(pages=True, paged=samples.PAGED, **{**known, "state": "open"})))
    assert "OPEN; <@U1> acknowledged" in said[1]


def test_page() -> None:
    assert says(render("page", samples.page())) == [
        "*PAGE: WHOLESALE is throttled*",
        f"Open since {shown(AT)}",
        f"If nobody acknowledges, <@U2> is told at {shown(LATER)}.",
        "*Contract rate*: 41 % → about 25 %",
        "[[ Acknowledge ]] [ Pass to… ] [ Resolve… ]",
        "On call · critical · alert T-77",
    ]


def test_a_page_that_is_over_has_no_button_and_says_by_whom() -> None:
    message = render("page", samples.page(over="acknowledged", over_by="U3", over_at=LATER))
    assert message.text == "NO LONGER YOURS TO ANSWER: WHOLESALE is throttled"
    assert says(message)[1] == f"Acknowledged by <@U3>, {shown(LATER)}. You need not do anything."
    assert presses(message.blocks) == []


def test_only_a_page_to_the_channel_calls_everybody_there() -> None:
    """And nothing that somebody wrote does."""
    calls = mentions(render("page", samples.page(to_channel=True, headline=samples.HOSTILE)))
    assert "<!here>" in calls
    assert not calls & {"<!channel>", "<!everyone>"}
    for name, cards in samples.CARDS.items():
        for card in cards:
            is_call = isinstance(card, PageCard) and card.to_channel and card.over is None
            assert ("<!here>" in mentions(render(name, card))) is is_call


def test_overdue_groups_by_person() -> None:
    assert says(render("overdue", samples.overdue())) == [
        "*3 FOLLOW-UPS ARE LATE, 1 of them past the 2 h promise*",
        f"Since {shown(AT)}",
        f"*<@U2>*  2 late, 1 broken, the oldest since {shown(AT)}",
        f"BROKEN  CALL, step 2  Ruth Cardinal, Calgary AB, since {shown(AT)}",
        "and 1 more",
        f"*nobody*  1 late, the oldest since {shown(AT)}",
        f"BROKEN  CALL, step 2  Ruth Cardinal, Calgary AB, since {shown(AT)}",
        "[[ Show what is due ]]",
        "Follow-up · episode 4 · late: open past 30 min · broken: past 2 h, which counts against the 90 % target",
    ]


def test_overdue_tells_the_assignee_what_is_late_of_theirs() -> None:
    card = samples.overdue(groups=samples.overdue().groups[:1], late=2)
    assert says(render("overdue_yours", card)) == [
        "*2 FOLLOW-UPS OF YOURS ARE LATE, 1 of them past the 2 h promise*",
        f"BROKEN  CALL, step 2  Ruth Cardinal, Calgary AB, since {shown(AT)}",
        "and 1 more",
        "[[ Show what is due ]]",
        "Follow-up · late: open past 30 min · broken: past 2 h, which counts against the 90 % target",
    ]


def test_late_answer_is_the_answer_with_a_line_about_being_late() -> None:
    message = render("late_answer", samples.late(done=samples.kill_switch().to_json(), audit_id=5))
    assert message.text == "KILL SWITCH ENGAGED by <@U1>. Nothing new goes out."
    assert says(message)[1] == (
        f"The answer to “/killswitch engage” of {shown(AT)} comes late: the program that took it stopped, and another "
        "finished it. It was done once."
    )
    assert says(message)[-1] == "Prime Law · state 41 · audit 5"


def test_nothing_a_user_wrote_mentions_anybody() -> None:
    for name, card in (
        ("kill_switch", samples.kill_switch(reasons=(samples.HOSTILE,))),
        ("approval", samples.approval("rejected", reason=samples.HOSTILE, note=samples.HOSTILE)),
        ("question", samples.QUESTION.model_copy(update={"text": samples.HOSTILE})),
        ("handover", samples.HAND_OVER),
    ):
        assert mentions(render(name, card)) <= {"<@U1>", "<@U2>", "<@U3>"}


def test_the_prefix_is_in_commands_and_not_in_the_words_of_users() -> None:
    card = samples.approval(reason="typed /golive enable and `/golive enable`")
    said = "\n".join(says(render_card("approval", card.to_json(), prefix="vh-")))
    assert "`/vh-killswitch engage`" in said
    assert "typed /golive enable" in said
    assert "/vh-golive" not in said


def test_kill_switch_reached_everywhere() -> None:
    said = says(render("kill_switch", samples.kill_switch(reached=Reached(processes=6, confirmed=6, seconds=0.2))))
    assert said[2] == "*Reached everywhere*: 0.2 s   6 of 6 processes have refused or confirmed"
    assert said[3].startswith("*Held in the queue*: 17")


@pytest.mark.parametrize(
    ("reached", "said"),
    [
        (Reached(processes=6, confirmed=6, seconds=0.01), "*Reached everywhere*: under 0.1 s   6 of 6 processes have"),
        (Reached(processes=1, confirmed=1, seconds=2.0), "*Reached everywhere*: 2.0 s   1 of 1 process has"),
        (Reached(processes=6, confirmed=6), "*Reached everywhere*: 6 of 6 processes have"),
        (Reached(processes=6, confirmed=4, seconds=2.0), "*Reached so far*: 4 of 6 processes have"),
        (Reached(processes=1, confirmed=0), "*Reached so far*: 0 of 1 process has"),
    ],
)
def test_kill_switch_says_how_far_it_reached(reached: Reached, said: str) -> None:
    assert any(line.startswith(said) for line in says(render("kill_switch", samples.kill_switch(reached=reached))))


def test_a_deciders_own_copy_has_no_withdraw() -> None:
    said = says(render("approval", samples.approval(reader="decider")))
    assert "[[ Approve… ]] [! Reject… ] [▾ Ask a question… · Break glass (owner)…]" in said


def test_a_requesters_own_copy_has_withdraw_and_no_approve() -> None:
    said = says(render("approval", samples.approval(reader="requester")))
    assert [line for line in said if line.startswith("[")] == ["[ Withdraw ]"]
    stranger = says(render("approval", samples.approval(reader="requester", can_withdraw=False)))
    assert not [line for line in stranger if line.startswith("[")]


def test_only_the_card_and_the_requesters_copy_offer_to_ask_again() -> None:
    for reader, offered in ((None, True), ("requester", True), ("decider", False)):
        pressed = presses(render("approval", samples.approval("rejected", reader=reader)).blocks)
        assert bool(pressed) is offered


def test_promotion_wanted() -> None:
    """Card 2 of the specification, line by line; the chart's place is under the figures."""
    message = render("approval", samples.promotion())
    until = shown(samples.promotion().expires_at)
    bound = f"bound to policy v7 and the scorecard of {shown(AT)}; if either changes it must be asked again"
    assert says(message) == [
        "*APPROVAL WANTED: use WHOLESALE\u2060_\u2060OFFER's recommendations in production*",
        f"<@U2> asks, {shown(AT)}: “Two clean weeks; I want it live for Monday's batch”",
        "*Success in trials*: 86.2 %   75 of 87 in 7 days   needs 82 %",
        "*Trials*: 87   28 days: 341, 84.8 %   needs 75",
        "*Says 93 %, delivers*: 86 %   it is about 7 points too sure of itself",
        "*How sure is that?*  between 77 % and 92 %; about 5 chances in 6 that it really is above 82 %",
        "*If approved*  recommendations with confidence .92 or more may be used for offers, at once",
        "*The last 30 days*  131 would have passed; of 112 with a known outcome 97 succeeded (86.6 %)",
        "*Does not change*  MAO, caps, contact rules",
        "*Way back*  Demote, at once, by anyone on call; by itself if success falls under 82 %",
        "*Can decide*  <@U3>, <@U4> (not <@U2>, who asked)",
        f"*Expires*  {until}",
        "[[ Approve… ]] [! Reject… ] [ Evidence ] [▾ Ask a question… · Withdraw · Break glass (owner)…]",
        f"Approval A-318 · heimdall.promote · {bound} (trials that keep it passing are no change)",
    ]
    chart = message.with_chart("F1", "Success above 82 % on 24 of 28 days").blocks
    assert [block["type"] for block in chart][2:5] == ["section", "image", "section"]


def test_the_dialog_of_a_promotion_names_the_act_and_what_would_have_qualified() -> None:
    """As the specification has it."""
    message = render("approval", samples.promotion())
    asks = next(block for block in message.blocks if block["type"] == "actions")["elements"][0]["confirm"]
    assert asks["text"]["text"] == (
        "From now on WHOLESALE_OFFER's recommendations may be used for real offers. "
        "131 in the last 30 days would have qualified."
    )
    assert (asks["confirm"]["text"], asks["deny"]["text"]) == ("Use in production", "Not yet")


def test_promotion_approved() -> None:
    """Card 3: the state of the world first, before → after and the evidence for good, one way back."""
    watched = "back to the sandbox by itself under 82 %, without evidence for 14 days, or when the model changes"
    assert says(render("approval", samples.promotion("approved", note="Fine, but look at Alberta on Monday"))) == [
        f"*APPROVED: WHOLESALE_OFFER is used in production since {shown(LATER)}*",
        f"<@U2> asked, {shown(AT)}: “Two clean weeks; I want it live for Monday's batch”",
        f"<@U3> approved, {shown(LATER)} (26 min later): “Fine, but look at Alberta on Monday”",
        "*Changed*: production use   off → on   (policy v7 → v8)",
        "*Decided on*: 86.2 %   of 87 trials   needs 82 % and 75",
        f"Watched from now on: {watched}",
        "[! Demote… ] [ Evidence ] [ Audit entry ]",
        "Approval A-318 · heimdall.promote · audit 48,212",
    ]


def test_promotion_taken_back() -> None:
    """Card 3 after a demotion: since when, by whom and why, the evidence for good, and no button that cannot work."""
    back = shown(samples.TAKEN_BACK.at)
    assert says(render("approval", samples.promotion("approved", taken_back=samples.TAKEN_BACK))) == [
        f"*NO LONGER: WHOLESALE_OFFER is back in the sandbox since {back}*",
        f"<@U4>, {back}: “offers in Alberta are off”",
        f"<@U2> asked, {shown(AT)}: “Two clean weeks; I want it live for Monday's batch”",
        f"<@U3> approved, {shown(LATER)} (26 min later)",
        "*Changed*: production use   off → on   (policy v7 → v8)",
        "*Decided on*: 86.2 %   of 87 trials   needs 82 % and 75",
        "[ Evidence ] [ Audit entry ]",
        "Approval A-318 · heimdall.promote · audit 48,212",
    ]
    by_itself = says(render("approval", samples.promotion("approved", taken_back=samples.BY_ITSELF)))
    assert by_itself[1] == f"By itself, {back}: success fell to 79.3 % (69 of 87 in 7 days), under 82 %"


def test_go_live_taken_back() -> None:
    """Nothing left to switch off."""
    end = samples.TAKEN_BACK.model_copy(update={"now": "production is off"})
    said = says(render("approval", samples.approval("approved", operation="golive.enable", taken_back=end)))
    assert said[0] == f"*NO LONGER: production is off since {shown(end.at)}*"
    assert not any("Switch go-live off" in line for line in said)


def test_promotion_that_came_to_nothing() -> None:
    """Rejected, expired and not done: the headline is what is true now, with *Ask again…*."""
    until = shown(samples.promotion().expires_at)
    rejected = says(
        render("approval", samples.promotion("rejected", note="Alberta drags it; bring it back without AB"))
    )
    assert rejected[0] == "*REJECTED: WHOLESALE\u2060_\u2060OFFER stays in the sandbox*"
    assert rejected[2] == f"<@U3> rejected, {shown(LATER)} (26 min later): “Alberta drags it; bring it back without AB”"
    expired = says(render("approval", samples.promotion("expired")))
    assert expired[0] == f"*EXPIRED: nobody decided on WHOLESALE_OFFER by {until}. Nothing changed.*"
    detail = "Then: 75 of 87 (86.2 %). Now: 76 of 95 (80.0 %), under 82 %."
    failed = says(render("approval", samples.promotion("failed", outcome_detail=detail)))
    assert failed[0] == "*NOT DONE: <@U3> approved, but WHOLESALE_OFFER had changed since it was asked*"
    assert failed[1] == detail
    for said in (rejected, expired, failed):
        assert "[ Ask again… ]" in said


def test_demoted_by_itself() -> None:
    """What is true, by what figure, what stops, what goes on, the way back."""
    card = samples.DEMOTED
    assert says(render("demoted", card)) == [
        "*WHOLESALE\u2060_\u2060OFFER IS BACK IN THE SANDBOX: success fell under 82 %*",
        f"By itself, {shown(LATER)}: success fell to 79.3 % (69 of 87 in 7 days), under 82 %",
        "*Success, 7 days*: 86.2 %   75 of 87 trials   between 77 % and 92 %   needs 82 %",
        f"*Was in production*: 26 min, since {shown(AT)}",
        "*Stops*  use of its recommendations, at once; 3 recommendations not used yet cannot be used any more",
        "*Goes on*  its trials, recommendations and outcomes, and everything people do themselves",
        "*Way back*  more trials that succeed; any operator asks, a manager decides",
        "[ Evidence ] [ Ask to promote… ]",
        "Heimdall · policy v9 · audit 48,213",
    ]


def test_friday_digest() -> None:
    """Each domain's week; a button for the one that would pass."""
    said = says(render("evolution", samples.EVOLUTION))
    assert (
        said[0] == "*AI EVOLUTION, 18 November to 24 November: 1 in production; WHOLESALE\u2060_\u2060OFFER would pass*"
    )
    assert "*WHOLESALE_OFFER*  in the sandbox; it would pass" in said
    assert "86.2 % of 87 trials, the week before 84.0 %   needs 82 % and 75" in said
    assert "*BUYER_MATCH*  in the sandbox; it would not pass: too few trials" in said
    assert "*CAPITAL_ROUTE*  in production" in said
    assert said[-2] == "[ Ask to promote WHOLESALE_OFFER… ] [ Show all domains ]"


def test_the_monday_review() -> None:
    message = render("review", samples.review())
    waiting = f"*Waiting*  2 approvals; break-glass of {day_shown(AT)} not signed off; "
    waiting += "from 23 November: “second dialer for QC”, <@U6>, not done"
    assert message.text == "MONDAY REVIEW, 23 to 29 November. One thing to repair: Alberta offers."
    assert says(message) == [
        "*MONDAY REVIEW, 23 to 29 November. One thing to repair: Alberta offers.*",
        f"Live all week except everything {shown(AT)}.  *No decision yet*",
        "*Broke*  1    contract rate throttled WHOLESALE for 32 h",
        "*Denied*  14    12 × WHOLESALE open risk full (500); 2 × no copy for 867",
        "*Drifted*  1    follow-ups within 2 h: 91.2 %, was 94 % (target 90 %)",
        "*Money*  loss $0 of 250 a day at worst",
        "*Watching*  5 tripwires armed; 2 still learning",
        waiting,
        "[ Sign off… ]",
        "[ Done: second dialer for QC ]",
        "*Decide:*",
        "[[ Continue… ]] [ Pause… ] [ Escalate… ] [ Targets: 6 of 8 met ] [ 9 changes last week ]",
        f"Snapshot S-48, frozen {shown(AT)} · today's figures: `/snapshot`",
    ]


def day_shown(moment: datetime) -> str:
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}}|{moment:%Y-%m-%d}>"


def test_the_review_s_chart_stands_between_what_happened_and_what_waits() -> None:
    blocks = render("review", samples.review()).with_chart("F1", "Contract rate up").blocks
    at = next(place for place, block in enumerate(blocks) if block["type"] == "image")
    assert "*Drifted*" in blocks[at - 1]["text"]["text"]
    assert "*Money*" in blocks[at + 1]["text"]["text"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decision": "continue", "note": "all good"}, ["*CONTINUE* by <@U3>", "“all good”"]),
        ({"decision": "pause", "what": "WHOLESALE"}, ["*PAUSED* by <@U3>", "Paused: *WHOLESALE*"]),
        ({"decision": "escalate", "item": samples.ITEM}, ["*ESCALATED* by <@U3>", "To <@U6>, by", "second dialer"]),
        ({"is_current": False}, ["*No decision was made*"]),
    ],
)  # fmt: skip
def test_a_decided_review_says_so_and_keeps_no_dead_button(changes: dict[str, Any], said: list[str]) -> None:
    if "decision" in changes:
        changes = {**changes, "decided_by": "U3", "decided_at": LATER}
    message = render("review", samples.review(**changes))
    lines = "\n".join(says(message))
    assert all(words in lines for words in said), lines
    assert not [pressed for pressed in presses(message.blocks) if pressed.operation == "review.decide"]


def test_a_review_that_comes_late_says_so() -> None:
    assert any("It comes late: it was due" in line for line in says(render("review", samples.review(is_late=True))))


def test_what_was_under_way_is_counted_and_its_callers_are_told() -> None:
    said = says(render("kill_switch", samples.kill_switch(under_way=samples.UNDER_WAY)))
    assert any("2 calls, 1 text: finish and record; 2 not recorded yet" in line for line in said)
    ended = tuple(item.model_copy(update={"ended": item.count}) for item in samples.UNDER_WAY)
    assert any("all recorded since" in line for line in says(render("kill_switch", samples.released(under_way=ended))))
    told = render("finish_now", samples.finish_now())
    assert told.text == "KILL SWITCH ENGAGED. Finish your call and record it; do not start another."
    assert "Record it…" in str(told.blocks)


def test_the_question_at_noon() -> None:
    assert says(render("review_again", samples.AGAIN)) == [
        "*STILL UNDECIDED: the Monday review of 23 to 29 November*",
        "Nothing to repair.",
        f"It stands there since {shown(AT)}.",
        "*Can decide*  <@U3>",
        "[[ Continue… ]] [ Pause… ] [ Escalate… ] [ Show the review ]",
        "Monday review",
    ]


def test_what_was_escalated() -> None:
    asked = "<@U3> asked on the Monday review of 23 November: “second dialer for QC”"
    assert says(render("review_item", samples.ITEM)) == [
        f"*YOURS until {shown(LATER)}: escalated on the Monday review*",
        asked,
        "Until it is done it comes back on every Monday review.",
        "[[ It is done ]]",
        "Monday review · item 3",
    ]
    done = samples.ITEM.model_copy(update={"done_at": LATER, "done_by": "U6"})
    assert says(render("review_item", done)) == [
        "*DONE: what was escalated to you*", asked, f"Done by <@U6>, {shown(LATER)}", "Monday review · item 3",
    ]  # fmt: skip


def test_somebody_took_over() -> None:
    assert says(render("oncall_taken", samples.TAKEN.model_copy(update={"note": "watch Alberta"}))) == [
        f"*ON CALL NOW: <@U2>, until {shown(LATER)}*",
        f"Took over {shown(AT)}, for 26 min",
        "Instead of <@U1>, who is not paged until then.",
        "“watch Alberta”",
        "After that the rota goes on by itself.",
        "[ Show who is on call ]",
        "On call · shift 13 · audit 3",
    ]


def test_a_tripwire_that_was_released() -> None:
    card = samples.trip_alert(
        samples.trip(
            since_events=21, since_successes=7, released_at=LATER, released_by="U2", approved_by="U3",
            release_reason="the template is right again",
        ),
        state="resolved", resolved_by="U2", resolved_at=LATER,
    )  # fmt: skip
    assert says(render("alert", card))[:6] == [
        "*RELEASED: WHOLESALE may act again. Contract rate is watched again from zero.*",
        f"<@U2> asked for the release, {shown(LATER)}: “the template is right again”; <@U3> approved it",
        "It stood for 26 min",
        "*Contract rate*: 41 % → about 25 %    48 of 190 offers",
        "*Since the alarm*: 33 %    7 of 21 offers, measured after it",
        "Full speed is back at once. If the drop goes on, it trips again, on new events alone.",
    ]


def test_a_spot_check_that_found_something() -> None:
    card = samples.spot_check(late=1, broken=0, alerts=1, alert="Contract rate fell", alert_since=AT)
    said = says(render("spot_check", card))
    assert said[0] == "*SPOT CHECK, Tuesday 24 November: 1 follow-up late, 1 alert open*"
    assert "*Late*  1 follow-up, 0 of them past the 2 h promise" in said
    assert f"*Oldest alert*  Contract rate fell, since {shown(AT)}" in said
    assert "[ Show how everything stands ] [ Show what is due ] [ Show the alerts ]" in said


def test_what_was_rejected_can_be_asked_again_whatever_it_was() -> None:
    """The form carries what fits: a request of more than a button holds still has a card."""
    asked = {"reason": "x" * 1_990, "domain": "WHOLESALE", "act_n": None}
    (again,) = presses(render("approval", samples.approval("rejected", note="not yet", params=asked)).blocks)
    assert (again.kind, again.params) == ("form", {"domain": "WHOLESALE"})


def test_a_tripwire_at_three_in_the_morning() -> None:
    """Is it real, is it stopped, does it need me now, what did we change: each has its line."""
    said = says(render("alert", samples.trip_alert()))
    began = "<!date^1793202120^{date_short_pretty}|2026-10-28>"
    menu = "[▾ Pause follow-ups too… · Pass to… · Kill switch… · Show the tripwire]"
    assert said[:9] == [
        "*WHOLESALE IS THROTTLED: no new offers. Contract rate fell.*",
        f"Opened {shown(AT)}. OPEN, nobody has acknowledged",
        f"*Contract rate*: 41 % → about 25 %    48 of 190 offers since the dip began, {began}",
        "*Seen by chance*: about once in 109,000 offers: 40 years at 7 a day",
        f"*Nothing is waiting*: until {shown(LATER)}: the next follow-up falls due then",
        "*Stops*  sending offers and new WHOLESALE reserves",
        "*Goes on*  follow-ups, calls, outcomes, settlements, CAPITAL",
        "*Where*  Alberta 9 of 74; everywhere else 39 of 116",
        "*Changed shortly before*",
    ]
    assert said[-2:] == [
        f"[[ Acknowledge ]] [ Ask to release… ] [ Look closer ] {menu}",
        "Tripwire · WHOLESALE.contract_rate, policy v3, acts at 100,000 · alert T-77 · audit 48,190",
    ]


def test_a_release_to_a_trial_share_says_the_share_the_rate_since_and_when_full_speed_returns() -> None:
    """Card 4, after release."""
    found = samples.RELEASED_TO_A_SHARE
    message = render("alert", samples.trip_alert(found, state="resolved", resolved_at=LATER))
    said = says(message)
    assert said[0] == (
        "*RELEASED: WHOLESALE acts at a trial share of 25 % of its caps. Contract rate is watched again from zero.*"
    )
    assert "*Trial share*: 25 % of the caps of WHOLESALE" in said
    assert "*Measured since*: 33 % of 21 offers (was 41 %)" in said
    assert (
        f"*Full speed returns*: {shown(LATER)}, or sooner: after 50 offers that show no drop (more than 32.8 %)" in said
    )
    assert "If the drop goes on, it trips again, on new events alone." in said
    assert next((one.operation, one.params) for one in presses(message.blocks)) == (
        "risk.resume", {"engine": "WHOLESALE", "hold_id": 9}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("why", "head", "then"),
    [
        ("its time", "RELEASED: the trial share of WHOLESALE is over.", "its time was up"),
        ("measured", "RELEASED: the trial share of WHOLESALE is over.", "it shows no drop"),
        ("resumed", "RELEASED: the trial share of WHOLESALE is over.", "a manager approved"),
        ("tripped", "TRIPPED AGAIN: the trial share of WHOLESALE is over.", "its hold took the share's place"),
    ],
)
def test_a_trial_share_that_is_over_says_how_it_ended_and_offers_nothing(why: str, head: str, then: str) -> None:
    trial = samples.trial(ended_at=LATER, ended_why=why, events=50, successes=20.0)
    found = samples.RELEASED_TO_A_SHARE.model_copy(update={"trial": trial})
    message = render("alert", samples.trip_alert(found, state="resolved", resolved_at=LATER))
    said = says(message)
    assert said[0].startswith(f"*{head}")
    assert "*Measured since*: 40 % of 50 offers (was 41 %)" in said
    (line,) = [line for line in said if line.startswith("*Then*")]
    assert then in line
    assert shown(LATER) in line
    assert "risk.resume" not in {one.operation for one in presses(message.blocks)}
