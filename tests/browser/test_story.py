"""The whole story by mouse and keyboard: stop, ask, approve, go live, do the day's work, be late."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser import desk
from tests.browser.conftest import Seat
from tests.browser.desk import answer, approve, button, enter, newest, own
from tests.browser.world import World

pytestmark = desk.MARKS

AT_ONCE = 5.0
"""Seconds, on a machine that does other things as well; on a quiet one it is a tenth of that."""
NUMBER = re.compile(r"555\D0166")


def test_the_kill_switch_is_seen_in_both_channels_at_once(world: World, seat: Seat) -> None:
    world.is_clear()
    dana, alice = seat("dana", "governance"), seat("alice", "oncall")
    maria = seat("maria", "general")
    enter(maria, "/killswitch engage drill")
    since = time.monotonic()
    for page in (dana, alice):
        card = newest(page, "“drill”")
        expect(card).to_contain_text("KILL SWITCH ENGAGED. Nothing new goes out.")
        expect(card).to_contain_text("@maria")
        expect(button(card, "Ask to release…")).to_be_visible()
    assert time.monotonic() - since < AT_ONCE
    expect(answer(maria, "KILL SWITCH ENGAGED")).to_contain_text("Only visible to you")


def test_go_live_names_what_blocks_it(world: World, seat: Seat) -> None:
    world.off()
    world.engaged()
    dana = seat("dana")
    enter(dana, "/golive enable ready")
    refusal = answer(dana, "kill switch clear: engaged")
    expect(refusal).to_contain_text("What lifts it")


def test_nobody_decides_alone_and_a_second_manager_releases(world: World, seat: Seat) -> None:
    world.engaged()
    dana = seat("dana", "governance")
    enter(dana, "/killswitch release over")
    expect(answer(dana, "waits for a second person")).to_contain_text("ASKED")
    asked = newest(dana, "APPROVAL WANTED: release the kill switch")
    expect(asked).to_contain_text("“over”")
    expect(asked).to_contain_text("not @dana, who asked")

    approve(dana, "APPROVAL WANTED: release")
    answer(dana, "You asked for this yourself: a second person must decide")
    maria = seat("maria", "governance")
    approve(maria, "APPROVAL WANTED: release")
    answer(maria, "you are an operator")
    expect(own(maria).filter(has_text="You asked for this yourself")).to_have_count(0)
    expect(own(dana).filter(has_text="you are an operator")).to_have_count(0)
    assert world.is_engaged

    marc = seat("marc", "governance")
    button(newest(marc, "APPROVAL WANTED: release"), "Approve…").click()
    desk.dialog(marc).locator(".dialog-foot .button").first.click()
    expect(marc.locator("dialog")).to_have_count(0)
    assert world.is_engaged, "saying no to the question does nothing"
    approve(marc, "APPROVAL WANTED: release")
    for page in (dana, maria, marc):
        decided = newest(page, "APPROVED: the kill switch is released")
        expect(decided).to_contain_text(re.compile(r"@dana asked, today .*“over”"))
        expect(decided).to_contain_text(re.compile(r"@marc approved, today \d+:\d\d"))
        expect(button(decided, "Approve…")).to_have_count(0)
        expect(button(decided, "Engage the kill switch")).to_be_visible()
        expect(newest(page, "KILL SWITCH RELEASED")).to_contain_text("@marc approved it")
    assert not world.is_engaged


def test_a_statement_that_ran_out_is_signed_again(world: World, seat: Seat) -> None:
    world.off()
    if not world.happenings:
        pytest.skip("this demo has no panel that lets a signature run out")
    world.happens("signature")
    dana = seat("dana")
    enter(dana, "/golive checklist")
    list_ = answer(dana, "NOT READY: 1 blocker")
    button(list_.locator(".block-section", has_text="too old"), "Sign…").click()
    expect(desk.dialog(dana).get_by_role("heading", name="Sign a statement")).to_be_visible()
    button(desk.dialog(dana), "Sign").click()
    signed = answer(dana, "SIGNED:")
    button(signed, "Show the checklist").click()
    answer(dana, "READY: nothing stands in the way of go-live.")


def test_prime_law_refuses_a_ladder_and_says_what_lifts_it(world: World, seat: Seat) -> None:
    world.off()
    maria = seat("maria", "followups")
    enter(maria, "/followup create L-500 AB Calgary phone=403-555-0142")
    refusal = answer(maria, "NOT DONE: /followup create")
    expect(refusal).to_contain_text("Go-live is off: nothing in production can act.")
    expect(refusal).to_contain_text(re.compile(r"What lifts it\s+A manager asks with /golive enable REASON"))
    expect(refusal).to_contain_text(re.compile(r"Prime Law · ref [0-9A-F]+"))


def test_two_managers_go_live(world: World, seat: Seat) -> None:
    world.off()
    dana, marc = seat("dana", "governance"), seat("marc", "governance")
    enter(dana, "/golive enable ready for the week")
    expect(newest(marc, "APPROVAL WANTED: go live")).to_contain_text("“ready for the week”")
    approve(marc, "APPROVAL WANTED: go live")
    for page in (dana, marc):
        expect(newest(page, "GO-LIVE IS ON. Production acts.")).to_contain_text("@marc approved it")
    maria = seat("maria", "followups")
    enter(maria, "/followup create L-501 AB Calgary phone=403-555-0143")
    answer(maria, "LADDER CREATED: lead L-501")


def test_claim_shows_the_number_to_her_alone_and_an_outcome_ends_the_step(world: World, seat: Seat) -> None:
    world.live()
    maria, omar = seat("maria", "followups"), seat("omar", "followups")
    enter(maria, "/due")
    due = answer(maria, "DUE FOR YOU")
    first = due.locator(".block-section", has_text="Ruth Cardinal")
    expect(first).to_contain_text(re.compile(r"LATE \d+"))
    assert not NUMBER.search(due.inner_text()), "before the claim nobody has the number"
    due.get_by_role("button", name=re.compile("^Claim .*Ruth Cardinal")).click()
    mine = answer(maria, re.compile(r"Yours: .*Ruth Cardinal"))
    expect(mine).to_contain_text(NUMBER)
    expect(mine.locator("blockquote")).not_to_be_empty()
    enter(omar, "/due all")
    answer(omar, "DUE FOR THE TEAM")
    assert not NUMBER.search(omar.locator("body").inner_text())
    button(mine, "No answer").click()
    answer(maria, re.compile(r"RECORDED: no answer.*Ruth Cardinal", re.IGNORECASE))
    enter(maria, "/due")
    answer(maria, re.compile(r"DUE FOR YOU.*as of", re.DOTALL))
    expect(own(maria).last.filter(has_text="DUE FOR YOU")).not_to_contain_text("Ruth Cardinal")


def test_what_is_late_arrives_as_one_card_and_goes_as_it_is_done(world: World, seat: Seat) -> None:
    if not world.happenings:
        pytest.skip("this demo has no panel that lets an hour pass")
    world.live()
    maria, omar = seat("maria", "followups"), seat("omar", "followups")
    before = desk.messages(omar).filter(has_text=re.compile(r"FOLLOW-UPS? (IS|ARE) LATE")).count()
    world.happens("hour")
    card = newest(omar, re.compile(r"\d+ FOLLOW-UPS ARE LATE"))
    expect(card).to_contain_text("@maria")
    expect(card).to_contain_text("Samir Said")
    assert desk.messages(omar).filter(has_text=re.compile(r"FOLLOW-UPS? (IS|ARE) LATE")).count() == max(before, 1)
    enter(maria, "/due")
    due = answer(maria, "Samir Said")
    due.get_by_role("button", name=re.compile("^Claim .*Samir Said")).click()
    mine = answer(maria, re.compile(r"Yours: .*Samir Said"))
    button(mine, "Not interested").click()
    answer(maria, re.compile(r"RECORDED: .*Samir Said"))
    expect(card).not_to_contain_text("Samir Said")
