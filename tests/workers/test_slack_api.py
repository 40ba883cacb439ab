"""Every way a call of Slack can end, as one of the typed outcomes."""

from typing import Any

import pytest

from bot.slack_api import Absent, Answer, Away, Posted, RateLimited, Refused, SlackApi, Unknown, said
from bot.slack_double import SlackDouble
from bot.slack_outcomes import posted
from tests.workers.slack import OWNER, Scene, ago


@pytest.fixture
def api(double: SlackDouble) -> SlackApi:
    """A client of the double, with little patience."""
    return SlackApi("xoxb-double", double.base_url, timeout=0.5)


@pytest.mark.parametrize(
    ("fault", "details", "expected"),
    [
        ("drop_before", {}, Unknown),
        ("drop_after", {}, Unknown),
        ("delay_before", {"seconds": 0.8}, Unknown),
        ("http_error", {"status": 500}, Unknown),
        ("http_error", {"status": 502}, Unknown),
        ("refuse", {"error": "internal_error"}, Unknown),
        ("refuse", {"error": "fatal_error"}, Unknown),
        ("refuse", {"error": "is_archived"}, Refused),
        ("ratelimited", {"retry_after": 7}, RateLimited),
    ],
)
def test_a_failure_is_one_of_a_few_outcomes(
    api: SlackApi, double: SlackDouble, fault: Any, details: dict[str, Any], expected: type
) -> None:
    """None is an exception, and none is tried again by itself."""
    double.faults.add(fault, "chat.postMessage", **details)
    outcome = api.post("governance", "words")
    assert isinstance(outcome, expected)
    assert len(double.calls("chat.postMessage")) <= 1
    if isinstance(outcome, RateLimited):
        assert outcome.retry_after == 7


def test_nobody_there_is_certain_and_everything_else_in_doubt() -> None:
    """A refused connection carried nothing."""
    assert isinstance(SlackApi("xoxb-double", "http://127.0.0.1:9/api/").post("governance", "words"), Away)


def test_a_missing_scope_is_named(api: SlackApi, double: SlackDouble) -> None:
    """So that somebody can mend it."""
    double.revoke_scopes("chat:write")
    outcome = api.post("governance", "words")
    assert isinstance(outcome, Refused)
    assert (outcome.error, outcome.needed) == ("missing_scope", "chat:write")
    assert "chat:write" in said(outcome)


def test_a_message_is_found_by_its_id_alone(api: SlackApi, double: SlackDouble) -> None:
    """On any page of the history, and not because of its words."""
    sent = api.post("governance", "words", outbox_id=1)
    double.join(OWNER, "governance")
    for number in range(250):
        double.say(OWNER, "governance", f"chatter {number}")
    assert isinstance(sent, Posted)
    assert api.find("governance", 1, since=ago(60)) == sent
    assert api.find("governance", 2, since=ago(60)) == Absent()


def test_a_message_is_found_without_its_metadata(api: SlackApi, double: SlackDouble) -> None:
    """A server whose history gives none still gives the blocks, and the last one is marked."""
    blocks = [{"type": "divider"}, {"type": "divider"}]
    api.post("governance", "words", blocks, outbox_id=7)
    marked = double.messages("governance")[-1]["blocks"]
    again = api.call("chat.postMessage", channel="oncall", text="words", blocks=marked)
    assert isinstance(again, Answer)
    assert "metadata" not in again.data["message"]
    assert api.find("oncall", 7, since=ago(60)) == Posted(again.data["channel"], again.data["ts"])
    assert api.find("oncall", 8, since=ago(60)) == Absent()


def test_a_server_that_takes_ids_alone_gets_them(api: SlackApi, double: SlackDouble) -> None:
    """A channel's name and a person's id are looked up where they are refused, and the message is posted once."""
    for place in ("governance", OWNER):
        double.faults.add("refuse", "chat.postMessage", error="channel_not_found")
        sent = api.post(place, "words")
        assert isinstance(sent, Posted)
        assert sent.channel == api.conversation(place)
    assert len(double.messages("governance")) == 1
    double.faults.add("refuse", "chat.postMessage", error="channel_not_found")
    assert api.post("nowhere", "words") == Refused("channel_not_found")


def test_what_another_server_does_not_know_stands_in_nobodys_way(api: SlackApi, double: SlackDouble) -> None:
    """Go-live does not wait for methods that are not there; a channel that is not there is still said."""
    double.faults.add("refuse", "users.conversations", times=None, error="unknown_method")
    assert api.trouble(["nowhere"]) == "#nowhere: channel_not_found"
    double.faults.add("refuse", "conversations.info", times=None, error="unknown_method")
    assert api.trouble(["governance"]) is None
    double.faults.add("refuse", "conversations.list", times=None, error="unknown_method")
    assert api.trouble(["nowhere"]) is None


def test_an_answer_without_its_channel_is_one_all_the_same() -> None:
    """It stands where it was sent; without its time nobody knows whether it stands at all."""
    assert posted(Answer({"ts": "1.2"}), "C1") == Posted("C1", "1.2")
    assert posted(Answer({}), "C1", "1.2") == Posted("C1", "1.2")
    assert isinstance(posted(Answer({}), "C1"), Unknown)


def test_what_stands_in_the_way_is_said_in_one_line(api: SlackApi, double: SlackDouble) -> None:
    """The token, its scopes, each channel."""
    assert api.trouble(["governance", "#oncall"]) is None
    double.add_channel("secret", is_private=True)
    assert api.trouble(["governance", "secret"]) == "#secret: channel_not_found"
    double.archive("oncall")
    assert "oncall" in (api.trouble(["oncall"]) or "")
    double.revoke_scopes("im:write")
    assert api.trouble([]) == "the token lacks im:write"
    double.kill_token("account_inactive")
    assert api.trouble([]) == "auth.test: account_inactive"


def test_an_answer_through_its_address_is_given_once(api: SlackApi, double: SlackDouble) -> None:
    """An address nobody knows is refused, one that is lost in doubt."""
    url = double.base_url.replace("/api/", "/response/nothing")
    assert isinstance(api.respond(url, {"text": "words"}), Refused)
    double.faults.add("drop_before", "response_url")
    assert isinstance(api.respond(url, {"text": "words"}), Unknown)


def test_nobody_calls_slack_inside_a_transaction(light_scene: Scene, api: SlackApi) -> None:
    """The lock would be held for as long as Slack takes."""
    with light_scene.database.write(), pytest.raises(RuntimeError, match="inside a write transaction"):
        api.auth_test()
    with light_scene.database.write(), pytest.raises(RuntimeError, match="inside a write transaction"):
        api.respond("http://127.0.0.1:9/", {})
    assert isinstance(api.auth_test(), Answer)
