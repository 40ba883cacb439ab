"""Commands and buttons through the real Bolt in Socket Mode."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient
from websockets.sync.client import ClientConnection, connect

from bot.slack_double import CannotAct, SlackDouble
from tests.bot.slack_double.conftest import START, actions, bolt, button, error_of, modal, peopled, section

JsonDict = dict[str, Any]


def _just_ack(ack: Ack) -> None:
    ack()


def echo(app: App) -> None:
    """An app with one command and one button."""

    @app.command("/gov")
    def gov(ack: Ack, command: JsonDict) -> None:
        if command["text"] == "nothing":
            ack()
        elif command["text"] == "public":
            ack(text="for all", response_type="in_channel")
        elif command["text"] == "broken":
            ack(text="x", blocks=[{"type": "nonsense"}])
        else:
            ack(text=command["text"], blocks=[section("x"), actions(button("go", value="7"))])

    @app.action("go")
    def go(ack: Ack, respond: Respond, body: JsonDict) -> None:
        ack()
        respond(text=f"done {body['actions'][0]['value']}", replace_original=True)

    app.action("pick")(_just_ack)
    app.action("like")(_just_ack)


@pytest.fixture
def app(double: SlackDouble) -> Iterator[App]:
    """The app, connected."""
    with bolt(double, echo) as running:
        yield running


@contextmanager
def link(client: WebClient) -> Iterator[ClientConnection]:
    """A bare connection, its greeting already read."""
    with connect(client.apps_connections_open(app_token="xapp-double")["url"], proxy=None) as connection:
        assert received(connection)["type"] == "hello"
        yield connection


def received(connection: ClientConnection) -> JsonDict:
    """The next frame."""
    frame: JsonDict = json.loads(connection.recv(timeout=2))
    return frame


@pytest.mark.usefixtures("app")
class TestCommands:
    def test_acknowledgement_is_seen_by_one(self, double: SlackDouble) -> None:
        """What the ack says is an ephemeral for the caller, and the outcome tells its message."""
        outcome = double.command("alice", "general", "/gov engage")
        assert outcome.is_ok
        assert outcome.message is not None
        assert outcome.message["text"] == "engage"
        assert [m["text"] for m in double.messages("general", "alice")] == ["engage"]
        assert double.messages("general", "bob") == []
        (envelope,) = double.envelopes("slash_commands")
        assert (envelope["id"], envelope["status"]) == (outcome.envelope_id, "acked")
        assert envelope["payload"]["trigger_id"] == outcome.trigger_id

    def test_in_channel_and_empty(self, double: SlackDouble) -> None:
        """An in_channel answer is for all; an empty ack shows nothing."""
        assert double.command("alice", "general", "/gov nothing").message is None
        double.command("alice", "general", "/gov public")
        assert [m["text"] for m in double.messages("general", "bob")] == ["for all"]

    def test_unusable_acknowledgement(self, double: SlackDouble) -> None:
        """Blocks that Slack would refuse are no answer."""
        outcome = double.command("alice", "general", "/gov broken")
        assert outcome.status == "invalid_response"
        assert "unsupported type: nonsense" in outcome.problems[1]

    def test_escaping(self, double: SlackDouble) -> None:
        """Known mentions are resolved; signs arrive as entities."""
        double.add_group("oncall", ["alice"], id="S0ONCALL")
        outcome = double.command("alice", "general", "/gov @bob #deals @oncall @nobody a<b & c")
        assert outcome.message is not None
        mentions = "<@U0BOB|bob> <#C0DEALS|deals> <!subteam^S0ONCALL|@oncall> @nobody"
        assert outcome.message["text"] == f"{mentions} a&lt;b &amp; c"

    def test_works_where_the_bot_is_not(self, double: SlackDouble) -> None:
        """A command works in any conversation its caller sees, and in none he does not."""
        assert double.command("bob", "secret", "/gov x").is_ok
        assert double.command("alice", "@bot", "/gov x").is_ok
        assert double.envelopes()[-1]["payload"]["channel_name"] == "directmessage"
        with pytest.raises(CannotAct):
            double.command("alice", "secret", "/gov x")

    def test_fire_does_not_wait(self, double: SlackDouble) -> None:
        """Many commands are under way at once."""
        fired = [double.fire("alice", "general", f"/gov {n}") for n in range(20)]
        assert {acted.result(2).status for acted in fired} == {"ok"}


class TestCommandsUnconnected:
    def test_nobody_is_connected(self, double: SlackDouble) -> None:
        """With no connection the command fails for its caller."""
        assert double.command("alice", "general", "/gov x").status == "dispatch_failed"

    def test_manifest_knows_the_commands(self) -> None:
        """A command that is not in the manifest is unknown, and should_escape is the manifest's."""
        manifest = {"features": {"slash_commands": [{"command": "/gov", "should_escape": False}]}}
        with peopled(SlackDouble(manifest=manifest, ack_timeout=0.5)) as double, bolt(double, echo):
            assert double.command("alice", "general", "/other x").status == "unknown_command"
            outcome = double.command("alice", "general", "/gov @bob & co")
            assert outcome.message is not None
            assert outcome.message["text"] == "@bob & co"


@pytest.mark.usefixtures("app")
class TestClicks:
    def test_ephemeral_button(self, double: SlackDouble) -> None:
        """The caller presses a button of his ephemeral, which the app replaces; nobody else can press it."""
        shown = double.command("alice", "general", "/gov x").message
        assert shown is not None
        with pytest.raises(CannotAct, match="sees no message"):
            double.click("bob", "general", shown["ts"], "go")
        assert double.click("alice", "general", shown["ts"], "go").is_ok
        double.wait_for(lambda: [m["text"] for m in double.messages("general", "alice")] == ["done 7"])
        payload = double.envelopes("interactive")[-1]["payload"]
        assert payload["container"]["is_ephemeral"] is True
        assert "message" not in payload
        with pytest.raises(CannotAct, match="0 elements"):
            double.click("alice", "general", shown["ts"], "go")

    def test_elements_of_a_message(self, double: SlackDouble) -> None:
        """A choice has to be among the options, and is remembered in the state."""
        options = [{"text": {"type": "plain_text", "text": n}, "value": n} for n in "ab"]
        select: JsonDict = {"type": "static_select", "action_id": "pick", "options": options}
        row = actions(select, button("like", value="1"), block_id="row")
        ask = {k: {"type": "plain_text", "text": "x"} for k in ("title", "text", "confirm", "deny")}
        more = actions(button("like", value="2", confirm=ask), block_id="more")
        ts = _post(double, [row, more])
        double.click("alice", "general", ts, "pick", value="b")
        payload = double.envelopes("interactive")[-1]["payload"]
        assert payload["actions"][0]["selected_option"]["value"] == "b"
        assert payload["message"]["ts"] == ts
        assert payload["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "b"
        with pytest.raises(ValueError, match="no option 'z'"):
            double.click("alice", "general", ts, "pick", value="z")
        with pytest.raises(CannotAct, match="2 elements"):
            double.click("alice", "general", ts, "like")
        assert double.click("alice", "general", ts, "like", value="2", confirm=False).status == "cancelled"
        double.click("alice", "general", ts, "like", block_id="row")
        assert double.envelopes("interactive")[-1]["payload"]["actions"][0]["block_id"] == "row"


def _post(double: SlackDouble, blocks: list[JsonDict]) -> str:
    client = WebClient(token="xoxb-double", base_url=double.base_url)
    return str(client.chat_postMessage(channel="C0GENERAL", text="x", blocks=blocks)["ts"])


class TestTickets:
    def test_trigger_lives_three_seconds_and_once(self, client: WebClient, double: SlackDouble) -> None:
        """A trigger id opens one view, soon."""
        first = double.command("alice", "general", "/gov x").trigger_id
        late = double.command("alice", "general", "/gov x").trigger_id
        assert client.views_open(trigger_id=str(first), view=modal())["ok"]
        assert error_of(client.views_open, trigger_id=first, view=modal()) == "exchanged_trigger_id"
        assert error_of(client.views_open, trigger_id="nonsense", view=modal()) == "invalid_trigger_id"
        double.advance(3.1)
        assert error_of(client.views_open, trigger_id=late, view=modal()) == "expired_trigger_id"

    def test_response_url_takes_five_answers_in_half_an_hour(self, double: SlackDouble) -> None:
        """Used up, and expired, each with its error."""
        respond = WebhookClient(str(double.command("alice", "general", "/gov x").response_url))
        assert {respond.send(text="x").status_code for _ in range(5)} == {200}
        sixth = respond.send(text="x")
        assert (sixth.status_code, json.loads(sixth.body)["error"]) == (404, "used_url")
        assert len(double.messages("general", "alice")) == 5
        late = WebhookClient(str(double.command("alice", "general", "/gov x").response_url))
        double.advance(1801)
        assert json.loads(late.send(text="x").body)["error"] == "expired_url"

    def test_response_url_of_a_click(self, double: SlackDouble) -> None:
        """It edits or deletes the message that held the button, or adds one for all."""
        ts = _post(double, [actions(button("go"))])
        respond = WebhookClient(str(double.click("alice", "general", ts, "go").response_url))
        respond.send(text="changed", replace_original=True)
        respond.send(text="added", response_type="in_channel")
        assert [m["text"] for m in double.messages("general", "bob")] == ["changed", "added"]
        respond.send(delete_original=True)
        assert [m["text"] for m in double.messages("general", "bob")] == ["added"]
        assert respond.send(text="x", blocks=[{"type": "nonsense"}]).status_code == 400


class TestConnections:
    def test_one_after_the_other(self, client: WebClient, double: SlackDouble) -> None:
        """Each envelope goes to one connection, in turn; an ack counts from any."""
        with link(client) as one, link(client) as two:
            first, second = double.fire("alice", "general", "/gov 1"), double.fire("alice", "general", "/gov 2")
            frames = [received(one), received(two)]
            for frame in frames:
                one.send(json.dumps({"envelope_id": frame["envelope_id"]}))
            assert {first.result(2).status, second.result(2).status} == {"ok"}
            assert {frame["payload"]["text"] for frame in frames} == {"1", "2"}
            assert frames[0]["accepts_response_payload"] is True

    def test_no_acknowledgement(self, client: WebClient, double: SlackDouble) -> None:
        """Without an ack in time the caller sees a timeout; one that comes after all is only noted."""
        with link(client) as connection:
            outcome = double.command("alice", "general", "/gov x")
            assert (outcome.status, outcome.latency) == ("operation_timeout", None)
            connection.send(json.dumps({"envelope_id": outcome.envelope_id, "payload": {"text": "late"}}))
            double.wait_for(lambda: double.envelopes()[0]["late_acks"])
        assert double.messages("general", "alice") == []

    def test_fan_out(self) -> None:
        """A server that fans out sends each envelope to all; the second ack is only noted."""
        with peopled(SlackDouble(clock=lambda: START, fanout=True)) as double:
            client = WebClient(base_url=double.base_url)
            with link(client) as one, link(client) as two:
                fired = double.fire("alice", "general", "/gov x")
                names = {received(one)["envelope_id"], received(two)["envelope_id"]}
                assert len(names) == 1
                for connection in (one, two):
                    connection.send(json.dumps({"envelope_id": names.copy().pop(), "payload": {"text": "hi"}}))
                assert fired.result(2).is_ok
                double.wait_for(lambda: double.envelopes()[0]["late_acks"] == [{"text": "hi"}])
                assert len(double.messages("general", "alice")) == 1

    def test_a_link_is_good_once(self, client: WebClient) -> None:
        """A link cannot be used again."""
        url = client.apps_connections_open(app_token="xapp-double")["url"]
        with connect(url, proxy=None), pytest.raises(Exception, match="403"):
            connect(url, proxy=None)

    def test_ten_connections(self, client: WebClient, double: SlackDouble) -> None:
        """The eleventh is told that there are too many."""
        with ExitStack() as held:
            for _ in range(10):
                held.enter_context(link(client))
            url = client.apps_connections_open(app_token="xapp-double")["url"]
            eleventh = held.enter_context(connect(url, proxy=None))
            assert received(eleventh)["reason"] == "too_many_websockets"
            assert len(double.connections()) == 10

    def test_disconnect(self, client: WebClient, double: SlackDouble) -> None:
        """A connection is told to go, and then closed."""
        with link(client) as connection:
            double.disconnect("refresh_requested")
            assert received(connection) | {"debug_info": None} == {
                "type": "disconnect",
                "reason": "refresh_requested",
                "debug_info": None,
            }
            with pytest.raises(Exception, match="received 1000"):
                connection.recv(timeout=2)
        assert double.connections() == []

    def test_bolt_comes_back(self, double: SlackDouble) -> None:
        """The real client connects again after a notice."""
        with bolt(double, echo):
            before = double.connections()
            double.disconnect("warning")
            double.wait_for(lambda: double.connections() not in ([], before), timeout=5)
            assert double.command("alice", "general", "/gov again").is_ok


class TestEvents:
    def test_membership_and_groups(self, double: SlackDouble) -> None:
        """The bot hears of who joins its channels and of changed groups, and acknowledges by itself."""
        heard: list[JsonDict] = []
        done = threading.Event()

        def register(app: App) -> None:
            @app.event("member_joined_channel")
            def joined(event: JsonDict) -> None:
                heard.append(event)

            @app.event("subteam_members_changed")
            def changed(event: JsonDict) -> None:
                heard.append(event)
                done.set()

        double.add_user("carol", id="U0CAROL")
        double.add_group("oncall", ["alice"], id="S0ONCALL")
        with bolt(double, register):
            double.join("carol", "deals")  # the bot is not there, and hears nothing
            double.join("carol", "general")
            double.wait_for(lambda: heard)
            double.set_group_users("oncall", ["bob"])
            assert done.wait(2)
        assert (heard[0]["user"], heard[0]["channel"]) == ("U0CAROL", "C0GENERAL")
        assert (heard[1]["added_users"], heard[1]["removed_users"]) == (["U0BOB"], ["U0ALICE"])

    def test_told_again_when_not_acknowledged(self) -> None:
        """An event comes again with the same id and the reason."""
        double = peopled(SlackDouble(clock=lambda: START, ack_timeout=0.1, event_retry_delays=(0, 0)))
        with double:
            client = WebClient(base_url=double.base_url)
            with link(client) as connection:
                double.emit("member_joined_channel", user="U0BOB", channel="C0GENERAL")
                frames = [received(connection) for _ in range(3)]
        assert [f["retry_attempt"] for f in frames] == [0, 1, 2]
        assert [f["retry_reason"] for f in frames] == ["", "timeout", "timeout"]
        assert len({f["payload"]["event_id"] for f in frames}) == 1

    def test_only_what_was_subscribed_to(self, double: SlackDouble) -> None:
        """An event nobody asked for is not sent."""
        assert double.emit("reaction_added", user="U0BOB") is None
