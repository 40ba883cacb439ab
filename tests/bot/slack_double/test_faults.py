"""Faults on request: what was done, and what the caller saw."""

import time
from http.client import RemoteDisconnected
from typing import Any
from urllib.error import URLError

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack_double import SlackDouble
from tests.bot.slack_double.conftest import bolt, client_of, error_of

LOST = (URLError, RemoteDisconnected, ConnectionResetError)


def post(client: WebClient) -> Any:
    return client.chat_postMessage(channel="C0GENERAL", text="x")


class TestWebApi:
    def test_dropped_before_acting(self, client: WebClient, double: SlackDouble) -> None:
        """Nothing was done, and the caller does not know; the next call works."""
        double.faults.add("drop_before", "chat.postMessage")
        with pytest.raises(LOST):
            post(client)
        assert double.messages("general") == []
        post(client)

    def test_dropped_after_acting(self, client: WebClient, double: SlackDouble) -> None:
        """The message is there though the caller saw the same as if it were not."""
        double.faults.add("drop_after", "chat.postMessage")
        with pytest.raises(LOST):
            post(client)
        assert [m["text"] for m in double.messages("general")] == ["x"]
        assert [call["response"]["ok"] for call in double.calls("chat.postMessage")] == [True]

    def test_late_answer(self, double: SlackDouble) -> None:
        """An answer that comes too late is one more unknown outcome."""
        double.faults.add("delay_after", "chat.postMessage", seconds=0.3)
        with pytest.raises((TimeoutError, URLError)):
            post(client_of(double, timeout=0.1))
        assert len(double.messages("general")) == 1

    def test_late_act(self, client: WebClient, double: SlackDouble) -> None:
        """A delay before acting holds the call up, no more."""
        double.faults.add("delay_before", "auth.test", seconds=0.1)
        begun = time.monotonic()
        client.auth_test()
        assert time.monotonic() - begun >= 0.1

    def test_server_error(self, client: WebClient, double: SlackDouble) -> None:
        """A 502 comes with a page instead of JSON."""
        double.faults.add("http_error", status=502)
        with pytest.raises(SlackApiError) as raised:
            post(client)
        assert raised.value.response.status_code == 502
        assert "non-JSON" in raised.value.response["error"]

    def test_ratelimited(self, client: WebClient, double: SlackDouble) -> None:
        """A 429 says how long to wait."""
        double.faults.add("ratelimited", retry_after=7)
        with pytest.raises(SlackApiError) as raised:
            post(client)
        assert raised.value.response.headers["Retry-After"] == "7"

    def test_counted_and_for_one_method(self, client: WebClient, double: SlackDouble) -> None:
        """A fault strikes its own method, as often as asked for."""
        double.faults.add("refuse", "chat.postMessage", times=2, error="channel_not_found")
        client.auth_test()
        assert [error_of(post, client=client) for _ in range(2)] == ["channel_not_found"] * 2
        post(client)
        assert double.faults.in_force() == []

    def test_until_cleared(self, client: WebClient, double: SlackDouble) -> None:
        """times=None strikes until it is cleared."""
        double.faults.add("refuse", times=None, error="fatal_error")
        assert [error_of(client.auth_test) for _ in range(3)] == ["fatal_error"] * 3
        double.faults.clear()
        client.auth_test()

    def test_away(self, client: WebClient, double: SlackDouble) -> None:
        """Slack is away: every call is cut off, and commands fail, but the control side goes on."""
        double.faults.add("away")
        with pytest.raises(LOST):
            client.auth_test()
        assert double.command("alice", "general", "/gov").status == "dispatch_failed"
        double.faults.clear()
        client.auth_test()

    def test_no_such_fault(self, double: SlackDouble) -> None:
        """A slip in a fault's name is told."""
        with pytest.raises(ValueError, match="no fault"):
            double.faults.add("explode")  # type: ignore[arg-type]  # that is the test


class TestEnvelopes:
    def test_duplicate_delay_and_loss(self, double: SlackDouble) -> None:
        """An envelope comes twice, late, or not at all."""
        seen: list[str] = []

        def register(app: App) -> None:
            @app.command("/gov")
            def gov(ack: Ack, command: dict[str, Any]) -> None:
                seen.append(command["text"])
                ack()

        with bolt(double, register):
            double.faults.add("duplicate_envelope", "slash_commands")
            assert double.command("alice", "general", "/gov twice").is_ok
            double.wait_for(lambda: seen == ["twice"] * 2)
            assert len(double.wait_for(lambda: double.envelopes("slash_commands")[0]["late_acks"])) == 1
            double.faults.add("delay_envelope", seconds=0.2)
            late = double.command("alice", "general", "/gov late")
            assert late.latency is not None
            assert late.latency >= 0.2
            double.faults.add("drop_envelope")
            assert double.command("alice", "general", "/gov lost").status == "operation_timeout"
            assert seen == ["twice", "twice", "late"]
            double.faults.add("drop_ack")
            assert double.command("alice", "general", "/gov unread").status == "operation_timeout"
            assert seen[-1] == "unread"

    def test_away_cuts_connections_until_slack_is_back(self, client: WebClient, double: SlackDouble) -> None:
        """The app's connection is gone while Slack is away, and none can be had until then."""
        with bolt(double, lambda _: None):
            double.faults.add("away")
            double.wait_for(lambda: double.connections() == [])
            with pytest.raises(LOST):
                client.auth_test()
        double.faults.clear()
        with bolt(double, lambda _: None):
            assert len(double.connections()) == 1
