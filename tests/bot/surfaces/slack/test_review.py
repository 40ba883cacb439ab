"""The Monday review as people use it: read, decided with a form, escalated, and its chart seen."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.slack_api import SlackApi
from tests.bot.surfaces.slack.desk import Desk, fields, labels, spoken
from tests.support import MANAGER, OPERATOR, SECOND
from workers.charting import Charting


@pytest.fixture
def review(desk: Desk) -> Iterator[Desk]:
    """The review of 30 November stands in the governance channel."""
    desk.type(MANAGER, "/killswitch engage drill")
    desk.clock.now = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
    with desk.relay():
        desk.system("cadence.run")
        yield desk


def test_it_is_decided_with_one_line(review: Desk) -> None:
    """Continue asks for a note alone; the same message says what was decided, and keeps no dead button."""
    card = review.card("governance", "MONDAY REVIEW")
    assert [label for label in labels(card) if label.endswith("…")] == ["Continue…", "Pause…", "Escalate…"]
    view = review.press_for_form(MANAGER, card, "Continue…", "governance")
    assert set(fields(view)) == {"note"}
    review.submit(MANAGER, view, "governance", note="all is well")
    decided = review.card("governance", "all is well")
    assert decided["ts"] == card["ts"]
    assert "Continue…" not in labels(decided)


def test_pause_asks_what_and_does_it(review: Desk) -> None:
    """All is the kill switch; a second press is told who decided."""
    review.run(SECOND, "killswitch.release", reason="over")
    card = review.card("governance", "MONDAY REVIEW")
    view = review.press_for_form(MANAGER, card, "Pause…", "governance")
    assert set(fields(view)) == {"what", "note"}
    review.submit(MANAGER, view, "governance", what="all", note="Alberta first")
    assert "Alberta first" in spoken(review.card("governance", "PAUSED"))
    assert review.rows("go_live_state")[0].kill_switch_engaged
    again = spoken(review.type(SECOND, "/review decide continue fine"))
    assert "decided already" in again


def test_escalate_asks_to_whom_and_by_when(review: Desk) -> None:
    """Whoever it goes to is told directly, and says when it is done."""
    card = review.card("governance", "MONDAY REVIEW")
    view = review.press_for_form(MANAGER, card, "Escalate…", "governance")
    assert set(fields(view)) == {"to", "by", "note"}
    asked = spoken(
        review.type(MANAGER, f"/review decide escalate to=<@{OPERATOR}> by=2026-12-04T17:00 note=second dialer for QC")
    )
    assert "ESCALATED" in asked
    told = review.wait(lambda: [one for one in review.double.dms(OPERATOR) if "YOURS" in spoken(one)], "the item")[0]
    assert "second dialer for QC" in spoken(told)
    assert "comes back on no review" in spoken(review.type(OPERATOR, "/review done 1"))
    review.wait(lambda: [one for one in review.double.dms(OPERATOR) if "DONE" in spoken(one)], "the item, done")


def test_its_chart_comes_after_its_words(review: Desk) -> None:
    """The denials and the rest as a picture with a finding in words."""
    card = review.card("governance", "MONDAY REVIEW")
    charting = Charting(review.gate, SlackApi("xoxb-double", review.double.base_url))
    charting.start()
    try:
        shown = review.wait(
            lambda: [
                block
                for message in review.double.messages("governance")
                if message["ts"] == card["ts"]
                for block in message["blocks"]
                if block["type"] == "image"
            ],
            "the chart",
        )
    finally:
        charting.stop()
    assert shown[0]["alt_text"]


def test_review_shows_it_to_the_reader(review: Desk) -> None:
    """To whoever may read; without one there is a way to look."""
    assert "MONDAY REVIEW" in spoken(review.type(OPERATOR, "/review"))
    assert "no data yet: comes with offers" in spoken(review.type(OPERATOR, "/snapshot metrics"))
    assert "Kill switch" in spoken(review.type(OPERATOR, "/snapshot control"))
