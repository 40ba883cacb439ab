"""The control plane by mouse: a promotion judged on sight, a cap that is full, a metric that falls and its release."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import desk
from tests.browser.conftest import Seat
from tests.browser.desk import answer, approve, button, dialog, enter, field, newest
from tests.browser.world import World

pytestmark = desk.MARKS

CHART = 30_000
"""Milliseconds a chart may take to follow its card on a machine that does other things as well."""


def test_a_promotion_is_judged_on_sight(world: World, seat: Seat) -> None:
    """Each figure beside what it must reach, how sure that is, the chart with its finding, and the way back."""
    leo = seat("leo", "governance")
    enter(leo, "/heimdall promote WHOLESALE_OFFER two clean weeks")
    answer(leo, "waits for a second person")
    dana = seat("dana", "governance")
    card = newest(dana, "APPROVAL WANTED: use WHOLESALE")
    for words in (
        "“two clean weeks”", "needs 82 %", "needs 75", re.compile(r"Says 9\d %, delivers"), "How sure is that?",
        "chances in", "would have passed", "Does not change", "Way back", "not @leo, who asked",
    ):  # fmt: skip
        expect(card).to_contain_text(words)
    expect(card.locator("img[alt^='Success above 82 % on']")).to_be_visible(timeout=CHART)
    button(card, "Approve…").click()
    asked = dialog(dana)
    expect(asked).to_contain_text("may be used for real offers")
    button(asked, "Use in production").click()
    approved = newest(dana, "APPROVED: WHOLESALE")
    expect(approved).to_contain_text("off → on")
    expect(button(approved, "Demote…")).to_be_visible()


def test_a_full_cap_names_what_holds_the_room(world: World, seat: Seat) -> None:
    """The fifth deposit fits, the sixth is refused with the five and with what lifts it."""
    world.live()
    leo = seat("leo", "general")
    enter(leo, "/risk reserve WHOLESALE 100")
    answer(leo, "R-")
    enter(leo, "/risk reserve WHOLESALE 100")
    denied = answer(leo, "WHOLESALE has no room for another open offer")
    for words in ("Open now: $500 of $500", "It is full because of 5 open reservations", "What lifts it", "by itself"):
        expect(denied).to_contain_text(words)
    button(denied, "Ask for more room…").click()
    expect(dialog(leo).get_by_role("heading", name="Ask for more room")).to_be_visible()
    leo.keyboard.press("Escape")


def test_a_metric_falls_and_is_released(world: World, seat: Seat) -> None:
    """From the panel's button to the throttle, its chart, the acknowledgement, and the release by another manager."""
    if not world.happenings:
        pytest.skip("this demo has no panel that lets a metric fall")
    alice = seat("alice", "oncall")
    world.happens("contracts")
    card = newest(alice, "WHOLESALE IS THROTTLED: no new offers. Contract rate fell.")
    for words in (
        "OPEN, nobody has acknowledged",
        "Paged @alice",
        "41 % → about",
        "Seen by chance",
        "Stops",
        "Goes on",
    ):
        expect(card).to_contain_text(words)
    expect(card.locator("img[alt^='Contract rate fell']")).to_be_visible(timeout=CHART)
    button(card, "Acknowledge").click()
    expect(card).to_contain_text("Acknowledged by @alice")
    button(card, "Ask to release…").click()
    field(alice, "Reason").fill("a slow week at the county office")
    dialog(alice).locator(".modal-submit").click()
    marc = seat("marc", "governance")
    approve(marc, "a slow week at the county office")
    expect(newest(alice, "Full speed is back at once")).to_contain_text("@marc approved it")
    enter(alice, "/tripwire")
    expect(answer(alice, "WHOLESALE.contract_rate")).to_contain_text("ARMED  WHOLESALE.contract_rate")
