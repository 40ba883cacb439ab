"""What tests of the Slack surface share: the bot in this process, a double in front of it, a relay behind it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, Self, TypeVar
from unittest.mock import patch

from slack_sdk import WebClient

from bot.blocks.cards import render_card
from bot.slack_api import SlackApi
from bot.slack_double import Outcome, SlackDouble
from bot.surfaces.slack import socket_mode
from bot.surfaces.slack.answers import Answers
from bot.surfaces.slack.grammar import Grammar
from bot.surfaces.slack.listeners import build_app
from bot.surfaces.slack.manifest import manifest
from bot.surfaces.slack.receiver import Receiver
from bot.surfaces.slack.socket_mode import SocketMode
from domain.clock import system_clock
from domain.inbox import service as inbox
from tests.support import (
    AUDITOR,
    MANAGER,
    ONCALL,
    OPERATOR,
    OWNER,
    SECOND,
    STRANGER,
    MovingClock,
    World,
)
from workers.relay import Relay

PEOPLE = (OWNER, MANAGER, SECOND, ONCALL, OPERATOR, AUDITOR, STRANGER)
MARIA = "UMARIA"
CHANNELS = ("general", "governance", "oncall", "followups", "deals")
PATIENCE = 15.0
"""How long a test waits before it fails; nothing waits this long where all is well."""
Message = dict[str, Any]
T = TypeVar("T")


class RunningClock(MovingClock):
    """The machine's clock, and ahead of it by as much as a test has moved it."""

    def __init__(self) -> None:
        super().__init__(system_clock())
        self._begun = self.now

    def __call__(self) -> datetime:
        return self.now + (system_clock() - self._begun)


class Desk(World):
    """A world with Slack in front of it: people type, press and read; what they did is in its tables."""

    def __init__(
        self, url: str, *, connections: int = 1, double: dict[str, Any] | None = None, **settings: Any
    ) -> None:
        super().__init__(url, **settings)
        self.clock = self.gate.clock = RunningClock()
        self.staff()
        asked: dict[str, Any] = {"rate_limits": False, "manifest": manifest(self.registry, self.settings)}
        asked["ack_timeout"] = 10.0  # a busy machine may be slow; tests that need Slack's haste say so
        self.double = SlackDouble(**asked | (double or {})).start()
        for user in (*PEOPLE, MARIA):
            self.double.add_user(user[1:].lower(), id=user)
        for channel in CHANNELS:
            self.double.add_channel(channel, [*PEOPLE, MARIA, "bot"])
        self.receiver, self.sockets = self.bot(connections)
        self.double.wait_connected(connections)

    def bot(self, connections: int) -> tuple[Receiver, SocketMode]:
        """Start a bot, wired as its process wires it."""
        client = WebClient(token="xoxb-double", base_url=self.double.base_url, timeout=3)
        answers = Answers(SlackApi("xoxb-double", self.double.base_url, timeout=3))
        grammar = Grammar(self.registry, prefix=self.settings.command_prefix)
        receiver = Receiver(self.gate, grammar, answers, self.clock, "test")
        with patch.object(socket_mode, "STAGGER", 0.0):
            sockets = SocketMode(build_app(client, receiver), client, "xapp-double", connections)
        sockets.start()
        return receiver, sockets

    def close(self) -> None:
        """Stop the bot, the double and the database."""
        self.sockets.close()
        self.receiver.close()
        self.double.stop()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def relay(self) -> Iterator[None]:
        """A sender that runs meanwhile, so that cards arrive."""
        relay = Relay(self.gate, SlackApi("xoxb-double", self.double.base_url), render_card, "test-relay")
        relay.start()
        try:
            yield
        finally:
            relay.stop()

    def sweep(self) -> None:
        """Do what the worker's sweep does to the inbox."""
        inbox.sweep(self.gate, "test-sweep")

    # -- waiting --------------------------------------------------------------------------------------------

    def wait(self, check: Callable[[], T], what: str = "it") -> T:
        """Look again and again until `check` gives something true; fail where it never does."""
        deadline = time.monotonic() + PATIENCE
        while not (found := check()):
            assert time.monotonic() < deadline, f"{what} did not come"
            time.sleep(0.01)
        return found

    def settled(self) -> list[Any]:
        """Wait until nothing that was sent is open any more; return the rows of the inbox."""
        self.wait(
            lambda: not self.count("inbox", "state IN ('received', 'running')"), "the end of everything in the inbox"
        )
        return self.rows("inbox")

    # -- reading --------------------------------------------------------------------------------------------

    def answers(self, user: str, channel: str = "general") -> list[Message]:
        """What only this person sees there, and what he was answered directly, oldest first; no cards."""
        only_his = [message for message in self.double.messages(channel, user) if message.get("is_ephemeral")]
        return only_his + [message for message in self.double.dms(user) if not message.get("metadata")]

    def answer_to(self, user: str, act: Callable[[], Outcome], channel: str = "general") -> Message:
        """Do something and return what comes back to this person alone."""
        before = {message["ts"] for message in self.answers(user, channel)}
        outcome = act()
        assert outcome.status == "ok", outcome
        if outcome.message:
            return outcome.message
        return self.wait(
            lambda: [item for item in self.answers(user, channel) if item["ts"] not in before], f"an answer to {user}"
        )[0]

    def card(self, channel: str, words: str) -> Message:
        """Wait for the newest message of a channel that says these words."""
        return self.wait(
            lambda: [item for item in self.double.messages(channel) if words in spoken(item)], f"“{words}” in {channel}"
        )[-1]

    def form(self, user: str) -> dict[str, Any]:
        """Wait for the form that opened before this person."""
        return self.wait(lambda: self.double.views(user), f"a form for {user}")[-1]

    def close_forms(self, user: str) -> None:
        """Dismiss whatever form is open before this person."""
        for view in reversed(self.double.views(user)):
            self.double.close(user, view["id"])

    # -- acting ---------------------------------------------------------------------------------------------

    def type(self, user: str, line: str, channel: str = "general") -> Message:
        """Type a command; return its answer, wherever it comes."""
        return self.answer_to(user, lambda: self.double.command(user, channel, line), channel)

    def type_for_form(self, user: str, line: str) -> dict[str, Any]:
        """Type a command that lacks something; return the form that opens."""
        outcome = self.double.command(user, "general", line)
        assert outcome.status == "ok", outcome
        return self.form(user)

    def press(self, user: str, message: Message, label: str, channel: str = "general") -> Outcome:
        """Press the button, or choose the menu's line, with this label."""
        block, element, option = find(message, label)
        return self.double.click(
            user, channel, message["ts"], element["action_id"], block_id=block["block_id"],
            value=option["value"] if option else element.get("value"),
        )  # fmt: skip

    def press_for_answer(self, user: str, message: Message, label: str, channel: str = "general") -> Message:
        """Press a button; return what comes back to this person alone."""
        return self.answer_to(user, lambda: self.press(user, message, label, channel), channel)

    def press_for_form(self, user: str, message: Message, label: str, channel: str = "general") -> dict[str, Any]:
        """Press a button that opens a form; return the form."""
        assert self.press(user, message, label, channel).status == "ok"
        return self.form(user)

    def submit(self, user: str, view: dict[str, Any], channel: str = "general", **values: Any) -> Message:
        """Fill in a form and submit it; return what comes back to this person alone."""
        return self.answer_to(user, lambda: self.double.submit(user, view["id"], values), channel)

    def plant(self, action_id: str, value: str, channel: str = "general") -> Message:
        """Post a message with one button that nothing of ours would make."""
        button = {
            "type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": "Press"},
        }  # fmt: skip
        client = WebClient(token="xoxb-double", base_url=self.double.base_url)
        blocks = [{"type": "actions", "elements": [button]}]
        message: Message = client.chat_postMessage(channel=self.place(channel), text="planted", blocks=blocks)[
            "message"
        ]
        return next(item for item in self.double.messages(channel) if item["ts"] == message["ts"])

    def place(self, channel: str) -> str:
        """The id of a channel."""
        return str(next(item["id"] for item in self.double.channels() if item["name"] == channel))

    def press_planted(self, user: str, action_id: str, value: str) -> Message:
        """Press a button that nothing of ours would make; return the answer."""
        return self.press_for_answer(user, self.plant(action_id, value), "Press")


def find(message: Message, label: str) -> tuple[Message, Message, Message | None]:
    """Find a button, or a menu's line, by its label: the block, the element and the line."""
    shown = []
    for block in message["blocks"]:
        for element in [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])]:
            if element.get("type") == "button":
                shown.append(element["text"]["text"])
                if element["text"]["text"] == label:
                    return block, element, None
            for option in element.get("options", ()):
                shown.append(option["text"]["text"])
                if option["text"]["text"] == label:
                    return block, element, option
    raise AssertionError(f"there is no {label!r} among {shown}: {message['text']}")


def labels(message: Message) -> list[str]:
    """The labels of every button of a message."""
    return [
        element["text"]["text"]
        for block in message.get("blocks", ())
        for element in block.get("elements", ())
        if element.get("type") == "button"
    ]


def spoken(message: Message) -> str:
    """Every text of a message in one line."""
    words: list[str] = [message["text"]]

    def collect(thing: Any) -> None:
        if isinstance(thing, dict):
            if isinstance(thing.get("text"), str):
                words.append(thing["text"])
            for value in thing.values():
                collect(value)
        elif isinstance(thing, list):
            for value in thing:
                collect(value)

    collect(message.get("blocks", []))
    return " | ".join(words)


def fields(view: dict[str, Any]) -> dict[str, Any]:
    """What a form shows in its fields before anybody touches it."""
    found: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            option = element.get("initial_option") or {}
            found[block["block_id"]] = (
                element.get("initial_value") or element.get("initial_user") or element.get("initial_channel")
                or option.get("value")
            )  # fmt: skip
    return found


@contextmanager
def desks(url: str, *, connections: int = 1, **options: Any) -> Iterator[Desk]:
    """A desk that is closed at the end, whatever happens."""
    with ExitStack() as stack:
        yield stack.enter_context(Desk(url, connections=connections, **options))
