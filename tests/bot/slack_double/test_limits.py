"""Rate limits: counts, Retry-After, switching off."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack_double import SlackDouble
from tests.bot.slack_double.conftest import START, client_of, peopled


@pytest.fixture
def double() -> Iterator[SlackDouble]:
    """A double with its rate limits on and its time standing still."""
    with peopled(SlackDouble(clock=lambda: START)) as running:
        yield running


def retry_after(client: WebClient, channel: str) -> int:
    """Post until refused; the Retry-After of the refusal."""

    def post_often() -> None:
        for _ in range(6):
            client.chat_postMessage(channel=channel, text="x")

    with pytest.raises(SlackApiError) as raised:
        post_often()
    assert raised.value.response.status_code == 429
    assert raised.value.response["error"] == "ratelimited"
    return int(raised.value.response.headers["Retry-After"])


class TestPosting:
    def test_one_a_second_and_channel_after_a_short_burst(self, client: WebClient, double: SlackDouble) -> None:
        """A burst passes, then one a second; another channel is not concerned."""
        wait = retry_after(client, "C0GENERAL")
        posted = len(double.messages("general"))
        assert (wait, posted) == (1, 4)
        client.chat_postMessage(channel="C0DEALS", text="x")
        double.advance(wait)
        client.chat_postMessage(channel="C0GENERAL", text="x")
        assert retry_after(client, "C0GENERAL") == 1
        assert len(double.messages("general")) == posted + 1

    def test_can_be_set_and_switched_off(self, client: WebClient, double: SlackDouble) -> None:
        """A test chooses its own rate, or none."""
        double.limits.set("chat.postMessage", per_minute=1, burst=1)
        assert retry_after(client, "C0GENERAL") == 60
        double.limits.enabled = False
        client.chat_postMessage(channel="C0GENERAL", text="x")


class TestTiers:
    def test_second_tier(self, client: WebClient, double: SlackDouble) -> None:
        """Twenty calls a minute of usergroups.list, and its count is its own."""
        for _ in range(20):
            client.usergroups_list()
        with pytest.raises(SlackApiError) as raised:
            client.usergroups_list()
        assert raised.value.response.headers["Retry-After"] == "3"
        client.users_info(user="U0ALICE")
        double.advance(3)
        client.usergroups_list()


def test_time_is_the_clocks_and_what_it_was_advanced_by() -> None:
    """The double has no time of its own."""
    double = SlackDouble(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    double.advance(90)
    assert double.now() == datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)


def test_client_is_the_real_one(double: SlackDouble) -> None:
    """The fixtures' client has no retries that would hide a refusal."""
    assert client_of(double).retry_handlers == []
