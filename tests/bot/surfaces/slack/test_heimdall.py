"""A promotion from the first word to the way back, as people in Slack live it."""

from collections.abc import Iterator

import pytest

from tests.bot.surfaces.slack.desk import Desk, fields, find, labels, spoken
from tests.domain.heimdall.factories import OFFER, policy, scored, trial
from tests.support import MANAGER, ONCALL, OPERATOR


@pytest.fixture
def story(desk: Desk) -> Iterator[Desk]:
    """Production is on, and WHOLESALE_OFFER has the week of the specification's card behind it."""
    desk.switches(live=True)
    scored(desk, 87, 75)
    scored(desk, 254, 214, days_ago=10)
    with desk.relay():
        yield desk


def test_asked_approved_used_demoted_refused(story: Desk) -> None:
    """Ivan asks, Dana approves with a button, a recommendation is used, on-call demotes, the next use is refused."""
    made = spoken(
        story.type(OPERATOR, "/heimdall recommend WHOLESALE_OFFER confidence=.95 payload='{\"offer\": 255000}'")
    )
    assert "RC-1 is recorded: it may not be used for real now." in made
    refused = story.type(OPERATOR, "/heimdall use RC-1")
    assert "WHOLESALE_OFFER is in the sandbox" in spoken(refused)
    assert labels(refused) == ["Ask to promote…", "Evidence"]

    asked = spoken(story.type(OPERATOR, "/heimdall promote WHOLESALE_OFFER Two clean weeks; I want it live for Monday"))
    assert "ASKED: use WHOLESALE_OFFER's recommendations in production" in asked
    card = story.card("governance", "APPROVAL WANTED")
    said = spoken(card)
    for line in (
        "86.2 %   75 of 87 in 7 days   needs 82 %",
        "87   28 days: 341, 84.8 %   needs 75",
        "Says 93 %, delivers",
        "between 77 % and 92 %; about 5 chances in 6 that it really is above 82 %",
        "*Does not change*  MAO, caps, contact rules",
        "bound to policy v1 and the scorecard of",
    ):
        assert line in said
    _, button, _ = find(card, "Approve…")
    assert button["confirm"]["confirm"]["text"] == "Use in production"
    assert button["confirm"]["deny"]["text"] == "Not yet"
    assert button["confirm"]["text"]["text"].startswith("From now on WHOLESALE_OFFER's recommendations may be used")

    evidence = spoken(story.press_for_answer(MANAGER, card, "Evidence", "governance"))
    assert "WHOLESALE_OFFER: in the sandbox; it would pass" in evidence
    answer = story.press_for_answer(MANAGER, card, "Approve…", "governance")
    assert "WHOLESALE_OFFER is used in production" in spoken(answer)
    decided = story.card("governance", "APPROVED: WHOLESALE_OFFER is used in production since")
    assert decided["ts"] == card["ts"]
    assert labels(decided) == ["Demote…", "Evidence", "Audit entry"]
    entry = spoken(story.press_for_answer(MANAGER, decided, "Audit entry", "governance"))
    assert "heimdall.promote" in entry or "approvals.approve" in entry

    used = story.type(OPERATOR, "/heimdall use RC-1")
    assert "RC-1 passed every gate" in spoken(used)
    assert "255000" in spoken(used)
    assert "It was used already" in spoken(story.type(OPERATOR, "/heimdall use RC-1"))
    counted = story.press_for_answer(OPERATOR, used, "It was right")
    assert "Recorded: RC-1 turned out right. It counts as a trial." in spoken(counted)

    form = story.press_for_form(ONCALL, decided, "Demote…", "governance")
    assert fields(form)["domain"] == OFFER
    back = story.submit(ONCALL, form, "governance", reason="offers in Alberta are off")
    assert "WHOLESALE_OFFER IS BACK IN THE SANDBOX" in spoken(back)
    assert "offers in Alberta are off" in spoken(story.card("oncall", "IS BACK IN THE SANDBOX"))
    assert "offers in Alberta are off" in spoken(story.card("governance", "IS BACK IN THE SANDBOX"))

    story.type(OPERATOR, "/heimdall recommend WHOLESALE_OFFER confidence=.99")
    assert "WHOLESALE_OFFER is in the sandbox" in spoken(story.type(OPERATOR, "/heimdall use RC-2"))
    assert not policy(story).prod_use_enabled


def test_not_done_shows_both_figures(story: Desk) -> None:
    """What came in between the question and the click is on the card, with a button to ask again."""
    story.type(OPERATOR, "/heimdall promote WHOLESALE_OFFER two clean weeks")
    card = story.card("governance", "APPROVAL WANTED")
    for number in range(8):
        trial(story, success=number == 0)
    story.press_for_answer(MANAGER, card, "Approve…", "governance")
    failed = story.card("governance", "NOT DONE")
    assert "approved, but WHOLESALE_OFFER had changed since it was asked" in spoken(failed)
    assert "Then: 75 of 87 (86.2 %). Now: 76 of 95 (80.0 %), under 82 %." in spoken(failed)
    assert labels(failed) == ["Ask again…"]


def test_a_demotion_by_itself_tells_both_channels(story: Desk) -> None:
    """Nobody pressed anything."""
    story.type(OPERATOR, "/heimdall promote WHOLESALE_OFFER two clean weeks")
    story.press_for_answer(MANAGER, story.card("governance", "APPROVAL WANTED"), "Approve…", "governance")
    for _ in range(5):
        trial(story, success=False)
    for channel in ("oncall", "governance"):
        card = spoken(story.card(channel, "IS BACK IN THE SANDBOX: success fell under 82 %"))
        assert "success fell to 81.5 % (75 of 92 in 7 days), under 82 %" in card


def test_everything_that_can_be_typed(story: Desk) -> None:
    """Each command answers; a missing word opens a form; what is none is explained with an example."""
    assert "4 domains in production" in spoken(story.type(OPERATOR, "/heimdall"))
    assert "WHOLESALE_OFFER" in spoken(story.type(OPERATOR, "/heimdall scorecard"))
    assert "86.2 %" in spoken(story.type(OPERATOR, "/heimdall scorecard wholesale_offer"))
    assert "Counted: a success" in spoken(
        story.type(OPERATOR, "/heimdall trial WHOLESALE_OFFER confidence=93% success=yes")
    )
    assert "is not between 0 and 1" in spoken(
        story.type(OPERATOR, "/heimdall trial WHOLESALE_OFFER confidence=7.0 success=yes")
    )
    assert "is not a finite number" in spoken(
        story.type(OPERATOR, "/heimdall trial WHOLESALE_OFFER confidence=NaN success=yes")
    )
    changed = spoken(story.type(MANAGER, "/heimdall set WHOLESALE_OFFER min_confidence_prod=.94 two bad weeks"))
    assert "Least confidence: .92 → .94" in changed or ".92 → .94" in changed
    assert "v2" in spoken(story.type(MANAGER, "/heimdall policies"))
    form = story.type_for_form(OPERATOR, "/heimdall trial WHOLESALE_OFFER")
    assert set(fields(form)) >= {"domain", "confidence", "success"}
