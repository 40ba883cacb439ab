"""A double with two people, three channels and a clock of its own, and the real SDK against it."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack_double import SlackDouble

START = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
JsonDict = dict[str, Any]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own warnings, and any proxy of this machine, stay out of the tests."""
    monkeypatch.setenv("SKIP_SLACK_SDK_WARNING", "1")
    monkeypatch.delenv("VALHALLA_ENV", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)


def peopled(double: SlackDouble) -> SlackDouble:
    """Alice and Bob; #general has both and the bot, #deals is public without the bot, #secret is Bob's."""
    double.add_user("alice", id="U0ALICE", email="alice@example.com")
    double.add_user("bob", id="U0BOB")
    double.add_channel("general", ["alice", "bob", "bot"], id="C0GENERAL")
    double.add_channel("deals", ["alice"], id="C0DEALS")
    double.add_channel("secret", ["bob"], id="C0SECRET", is_private=True)
    return double


@pytest.fixture
def double() -> Iterator[SlackDouble]:
    """A running double whose time stands still until it is advanced, without rate limits."""
    with peopled(SlackDouble(clock=lambda: START, rate_limits=False, ack_timeout=0.5)) as running:
        yield running


def client_of(double: SlackDouble, **options: Any) -> WebClient:
    """The real SDK, pointed at a double, without retries."""
    known: JsonDict = {"token": "xoxb-double", "base_url": double.base_url, "timeout": 3, "retry_handlers": []}
    return WebClient(**known | options)


@pytest.fixture
def client(double: SlackDouble) -> WebClient:
    """The real SDK, pointed at the double."""
    return client_of(double)


def close_at_once(double: SlackDouble, handler: SocketModeHandler) -> None:
    """Close Bolt's built-in client without waiting for its time-outs: 3 s on the socket, 1 s on its queue."""
    handler.client.closed = True
    handler.client.auto_reconnect_enabled = False
    handler.client.enqueue_message("")
    double.sever()
    # Its reading thread and ours may both see the end and close the socket; whoever comes second trips over that.
    with suppress(AttributeError):
        handler.close()  # type: ignore[no-untyped-call]  # the same
    handler.close()  # type: ignore[no-untyped-call]  # the same


@contextmanager
def bolt(double: SlackDouble, register: Callable[[App], None], connections: int = 1) -> Iterator[App]:
    """A real Bolt app in Socket Mode, connected to the double."""
    pool = ThreadPoolExecutor(16)
    app = App(client=client_of(double), signing_secret="double", listener_executor=pool)
    register(app)
    handlers = [SocketModeHandler(app, app_token="xapp-double") for _ in range(connections)]
    for handler in handlers:
        handler.connect()  # type: ignore[no-untyped-call]  # Bolt's adapters are not annotated
    double.wait_connected(connections)
    try:
        yield app
    finally:
        for handler in handlers:
            close_at_once(double, handler)
        pool.shutdown()


def refused(call: Callable[..., Any], **args: Any) -> JsonDict:
    """The answer of a call that has to be refused."""
    with pytest.raises(SlackApiError) as raised:
        call(**args)
    answer: JsonDict = raised.value.response.data
    return answer


def error_of(call: Callable[..., Any], **args: Any) -> str:
    """The error of a call that has to be refused."""
    return str(refused(call, **args)["error"])


def section(text: str, **more: Any) -> JsonDict:
    """A section block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str, **more: Any) -> JsonDict:
    """A button element."""
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go"}, **more}


def actions(*elements: JsonDict, **more: Any) -> JsonDict:
    """An actions block."""
    return {"type": "actions", "elements": list(elements), **more}


def field(block_id: str, element: JsonDict, **more: Any) -> JsonDict:
    """An input block."""
    label = {"type": "plain_text", "text": block_id}
    return {"type": "input", "block_id": block_id, "label": label, "element": element, **more}


def modal(*blocks: JsonDict, **more: Any) -> JsonDict:
    """A modal with a submit button."""
    title = {"type": "plain_text", "text": "Title"}
    return {"type": "modal", "title": title, "submit": title, "blocks": list(blocks) or [{"type": "divider"}], **more}
