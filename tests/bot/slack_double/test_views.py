"""Modals and the Home tab: opening, stacking, submitting, updating, closing."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.slack_double import CannotAct, SlackDouble
from tests.bot.slack_double.conftest import actions, bolt, button, error_of, field, modal

JsonDict = dict[str, Any]
REASON = field("reason", {"type": "plain_text_input", "action_id": "text", "min_length": 3})
AMOUNT = field(
    "amount",
    {"type": "number_input", "action_id": "n", "is_decimal_allowed": False, "max_value": "10"},
    optional=True,
)
HOME = {"type": "home", "blocks": [actions(button("go", value="1"))]}


def trigger(double: SlackDouble, user: str = "alice") -> str:
    """A fresh trigger id; whether the command itself fails does not matter."""
    return str(double.command(user, "general", "/gov").trigger_id)


def opened(double: SlackDouble, client: WebClient, view: JsonDict) -> str:
    """Open a modal for Alice."""
    return str(client.views_open(trigger_id=trigger(double), view=view)["view"]["id"])


class TestWebApi:
    def test_open_and_update(self, client: WebClient, double: SlackDouble) -> None:
        """An update by hash works once, by id always, by external id too."""
        view = client.views_open(trigger_id=trigger(double), view=modal(external_id="golive-1"))["view"]
        title = {"type": "plain_text", "text": "New"}
        new = client.views_update(view_id=view["id"], hash=view["hash"], view=modal(title=title))["view"]
        assert new["hash"] != view["hash"]
        assert error_of(client.views_update, view_id=view["id"], hash=view["hash"], view=modal()) == "hash_conflict"
        client.views_update(view_id=view["id"], view=modal(external_id="golive-1"))
        client.views_update(external_id="golive-1", view=modal(external_id="golive-1", title=title))
        assert double.views("alice")[0]["title"]["text"] == "New"
        assert double.views("bob") == []

    def test_refusals(self, client: WebClient, double: SlackDouble) -> None:
        """A closed view is not found, an external id is unique, and a bad view is told where."""
        view_id = opened(double, client, modal(external_id="x"))
        duplicate: JsonDict = {"trigger_id": trigger(double, "bob"), "view": modal(external_id="x")}
        assert error_of(client.views_open, **duplicate) == "duplicate_external_id"
        assert error_of(client.views_open, trigger_id=trigger(double), view=modal(colour=1)) == "invalid_arguments"
        assert error_of(client.api_call, api_method="views.update", json={"view": modal()}) == "invalid_arguments"
        double.close("alice", view_id)
        assert error_of(client.views_update, view_id=view_id, view=modal()) == "not_found"

    def test_stack_of_three(self, client: WebClient, double: SlackDouble) -> None:
        """Three modals can lie on one another; the root and the previous one are named."""
        first = opened(double, client, modal())
        second = client.views_push(trigger_id=trigger(double), view=modal())["view"]
        third = client.views_push(trigger_id=trigger(double), view=modal())["view"]
        assert (third["root_view_id"], third["previous_view_id"]) == (first, second["id"])
        assert error_of(client.views_push, trigger_id=trigger(double), view=modal()) == "push_limit_reached"
        with pytest.raises(CannotAct, match="not the topmost"):
            double.submit("alice", first)

    def test_publish(self, client: WebClient, double: SlackDouble) -> None:
        """A Home tab is one person's; a stale hash conflicts."""
        first = client.views_publish(user_id="U0ALICE", view=HOME)["view"]
        client.views_publish(user_id="U0ALICE", view=HOME, hash=first["hash"])
        assert error_of(client.views_publish, user_id="U0ALICE", view=HOME, hash=first["hash"]) == "hash_conflict"
        assert error_of(client.views_publish, user_id="U0NOBODY", view=HOME) == "user_not_found"
        assert error_of(client.views_publish, user_id="U0ALICE", view=modal()) == "invalid_arguments"
        assert double.home("bob") is None
        client.views_update(view_id=first["id"], view={"type": "home", "blocks": [{"type": "divider"}]})
        assert (double.home("alice") or {})["blocks"][0]["type"] == "divider"

    def test_home_tab_can_be_off(self) -> None:
        """A manifest without the Home tab refuses it."""
        with SlackDouble(manifest={"features": {}}) as double:
            user = double.add_user("alice")["id"]
            client = WebClient(token="xoxb-double", base_url=double.base_url)
            assert error_of(client.views_publish, user_id=user, view=HOME) == "not_enabled"


class TestSubmitting:
    @pytest.fixture
    def acks(self, double: SlackDouble) -> Iterator[JsonDict]:
        """What the app acknowledges a submission with; a test sets it."""
        said: JsonDict = {}

        def register(app: App) -> None:
            @app.command("/gov")
            def gov(ack: Ack) -> None:
                ack()

            @app.view("form")
            def form(ack: Ack, view: JsonDict) -> None:
                said["values"] = view["state"]["values"]
                ack(**said["ack"])

            @app.view_closed("form")
            def closed(ack: Ack, body: JsonDict) -> None:
                said["is_cleared"] = body["is_cleared"]
                ack()

        with bolt(double, register):
            yield said

    def test_client_checks_first(self, double: SlackDouble, client: WebClient, acks: JsonDict) -> None:
        """Slack's client sends nothing while a required field is empty or a value is out of bounds."""
        view_id = opened(double, client, modal(REASON, AMOUNT, callback_id="form"))
        empty = double.submit("alice", view_id)
        assert (empty.status, empty.errors) == ("incomplete", {"reason": "Please complete this required field."})
        wrong = double.submit("alice", view_id, {"reason": "ab", "amount": "11"})
        assert set(wrong.errors) == {"reason", "amount"}
        assert double.envelopes("interactive") == []
        with pytest.raises(ValueError, match="no field colour"):
            double.submit("alice", view_id, {"colour": "red"})
        with pytest.raises(CannotAct):
            double.submit("bob", view_id)
        acks["ack"] = {}
        assert double.submit("alice", view_id, {"reason": "drill", "amount": "3"}).is_ok
        assert acks["values"]["reason"]["text"] == {"type": "plain_text_input", "value": "drill"}
        assert acks["values"]["amount"]["n"] == {"type": "number_input", "value": "3"}
        assert double.views("alice") == []

    def test_errors(self, double: SlackDouble, client: WebClient, acks: JsonDict) -> None:
        """The app's errors keep the modal open; errors elsewhere than at inputs are no answer."""
        view_id = opened(double, client, modal(REASON, callback_id="form"))
        acks["ack"] = {"response_action": "errors", "errors": {"reason": "Say more"}}
        outcome = double.submit("alice", view_id, {"reason": "drill"})
        assert (outcome.status, outcome.errors) == ("errors", {"reason": "Say more"})
        acks["ack"] = {"response_action": "errors", "errors": {"other": "Say more"}}
        assert double.submit("alice", view_id, {"reason": "drill"}).status == "invalid_response"
        assert len(double.views("alice")) == 1

    def test_update_push_and_clear(self, double: SlackDouble, client: WebClient, acks: JsonDict) -> None:
        """An ack can change the modal, lay another on it, or close all."""
        view_id = opened(double, client, modal(callback_id="form"))
        acks["ack"] = {"response_action": "update", "view": modal(REASON, callback_id="form")}
        updated = double.submit("alice", view_id).view
        assert updated is not None
        assert updated["blocks"][0]["block_id"] == "reason"
        acks["ack"] = {"response_action": "push", "view": modal(callback_id="form")}
        pushed = double.submit("alice", view_id, {"reason": "drill"}).view
        assert pushed is not None
        assert [view["id"] for view in double.views("alice")] == [view_id, pushed["id"]]
        acks["ack"] = {"response_action": "push", "view": modal(colour=1)}
        assert double.submit("alice", pushed["id"]).status == "invalid_response"
        acks["ack"] = {"response_action": "clear"}
        double.submit("alice", pushed["id"])
        assert double.views("alice") == []

    def test_close(self, double: SlackDouble, client: WebClient, acks: JsonDict) -> None:
        """The app hears of a dismissed modal if it asked to."""
        view_id = opened(double, client, modal(callback_id="form", notify_on_close=True))
        assert double.close("alice", view_id).is_ok
        assert acks["is_cleared"] is False

    def test_what_was_entered_survives_an_update(self, double: SlackDouble, client: WebClient, acks: JsonDict) -> None:
        """Inputs that keep their ids keep their values."""
        view_id = opened(double, client, modal(REASON, callback_id="form"))
        acks["ack"] = {"response_action": "errors", "errors": {"reason": "x"}}
        double.submit("alice", view_id, {"reason": "drill"})
        client.views_update(view_id=view_id, view=modal(REASON, AMOUNT, callback_id="form"))
        acks["ack"] = {}
        double.submit("alice", view_id)
        assert acks["values"]["reason"]["text"]["value"] == "drill"


class TestHome:
    def test_opened_and_pressed(self, double: SlackDouble) -> None:
        """Opening the tab tells the app, which publishes; its buttons work."""
        pressed: list[JsonDict] = []

        def register(app: App) -> None:
            @app.event("app_home_opened")
            def publish(event: JsonDict, client: WebClient) -> None:
                client.views_publish(user_id=event["user"], view=HOME)

            @app.action("go")
            def go(ack: Ack, body: JsonDict) -> None:
                pressed.append(body)
                ack()

            @app.shortcut("kill_switch")
            def kill_switch(ack: Ack) -> None:
                ack()

        with bolt(double, register):
            assert double.open_home("alice").is_ok
            home = double.wait_for(lambda: double.home("alice")) or {}
            assert double.click_view("alice", home["id"], "go").is_ok
            assert double.shortcut("alice", "kill_switch").is_ok
        assert pressed[0]["view"]["id"] == home["id"]
        assert pressed[0]["container"]["type"] == "view"
