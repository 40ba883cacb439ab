"""Being on call as people live it in Slack: paged, answering where the page stands, passing on, taking over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.identity import Role
from tests.bot.surfaces.slack.desk import Desk, Message, fields, labels, spoken
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, SECOND


@pytest.fixture
def watch(desk: Desk) -> Iterator[Desk]:
    """Whoever is on call by role has taken over; messages go out meanwhile."""
    with desk.relay():
        assert "ON CALL NOW" in spoken(desk.type(ONCALL, "/oncall take 4h quiet so far"))
        yield desk


def page(desk: Desk, user: str, words: str) -> Message:
    """A direct message to somebody that begins with these words."""
    return (
        desk.wait(
            lambda: next((item for item in desk.double.dms(user) if item["text"].startswith(words)), None),
            f"{words} to {user}",
        )
        or {}
    )


def _said(desk: Desk, words: str) -> Message:
    """The message of the on-call channel that says these words."""
    return (
        desk.wait(lambda: next((item for item in desk.double.messages("oncall") if words in spoken(item)), None), words)
        or {}
    )


def test_a_page_is_answered_where_it_stands(watch: Desk) -> None:
    """One press in the direct message; the page and the card in the channel say so, and the page has no button left."""
    watch.type(MANAGER, "/oncall drill")
    paged = page(watch, ONCALL, "PAGE: DRILL")
    assert labels(paged) == ["Acknowledge", "Pass to…", "Resolve…"]
    watch.press(ONCALL, paged, "Acknowledge", _channel(watch, ONCALL))
    over = page(watch, ONCALL, "NO LONGER YOURS TO ANSWER")
    assert over["ts"] == paged["ts"]
    assert labels(over) == []
    assert f"Acknowledged by <@{ONCALL}>" in spoken(_said(watch, "pages again at"))


def _channel(desk: Desk, user: str) -> str:
    """The id of somebody's direct messages with the bot."""
    mine = [item for item in desk.double.channels() if item["is_im"] and user in item["members"]]
    return str(mine[0]["id"])


def test_passed_on_by_a_form_the_other_person_is_paged(watch: Desk) -> None:
    """Whoever may not acknowledge cannot be named, and the answer says what would change that."""
    watch.type(MANAGER, "/oncall drill")
    card = watch.card("oncall", "ALERT: DRILL")
    view = watch.press_for_form(ONCALL, card, "Pass to…", "oncall")
    assert set(fields(view)) == {"user"}
    refused = watch.answer_to(ONCALL, lambda: watch.double.submit(ONCALL, view["id"], {"user": OPERATOR}), "oncall")
    assert "may not be on call" in spoken(refused)
    view = watch.press_for_form(ONCALL, card, "Pass to…", "oncall")
    watch.answer_to(ONCALL, lambda: watch.double.submit(ONCALL, view["id"], {"user": SECOND}), "oncall")
    assert "passed it on to you" in spoken(page(watch, SECOND, "PAGE: DRILL"))
    assert "NO LONGER YOURS" in page(watch, ONCALL, "NO LONGER YOURS")["text"]


def test_acknowledged_until_a_time_that_is_typed(watch: Desk) -> None:
    watch.type(MANAGER, "/oncall drill")
    until = (datetime.now(UTC) + timedelta(minutes=40)).replace(microsecond=0)
    answer = spoken(watch.type(ONCALL, f"/alerts ack T-1 until={until:%Y-%m-%dT%H:%M}Z"))
    assert f"<!date^{int(until.replace(second=0).timestamp())}^" in answer
    assert "pages again at" in answer


def test_the_rota_is_shown_set_and_removed(watch: Desk) -> None:
    """By a manager, in the times of the business; everybody with a role reads it."""
    watch.hire(OPERATOR, Role.ONCALL)
    line = f"/oncall set <@{OPERATOR}> starts=2027-01-04T09:00 ends=2027-01-11T09:00 every=2w the first week"
    assert "IN THE ROTA" in spoken(watch.type(MANAGER, line))
    shown = spoken(watch.type(AUDITOR, "/oncall"))
    assert f"ON CALL: <@{ONCALL}>" in shown
    assert "quiet so far" in shown
    assert f"<@{OPERATOR}>" in shown
    assert "every 2 weeks" in shown
    assert "OUT OF THE ROTA" in spoken(watch.type(MANAGER, "/oncall remove 2"))
    assert "is not in the rota" in spoken(watch.type(MANAGER, "/oncall remove 2"))
