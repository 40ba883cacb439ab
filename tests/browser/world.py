"""The demo behind the page: what a test finds there when it begins, brought about without the page."""

import signal
import sqlite3
from contextlib import closing
from typing import Any

import psutil

from bot.demo.controls import controls_of
from bot.demo.workspace import Away, CannotDo, Workspace
from tests.bot.demo.running import Demo, wait_until

JsonDict = dict[str, Any]
SECONDS = 30.0


class World:
    """One running demo. Its methods bring about a state, and do nothing where it is there already."""

    def __init__(self, demo: Demo) -> None:
        """Take a demo that has said where it is."""
        self.demo = demo
        self.address = f"http://127.0.0.1:{demo.port}"
        self.workspace = Workspace(self.address)

    def close(self) -> None:
        """Close the connections."""
        self.workspace.close()

    def settles(self) -> None:
        """Wait until the bot is connected and what the week left has arrived."""
        wait_until(lambda: self.workspace.connections() > 0, "the bot is connected")
        unsent = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')"
        wait_until(lambda: not self.ask(unsent)[0][0], "every message of the week has been sent")
        self.card("followups", "LATE")

    # -- reading ------------------------------------------------------------------------------------------------

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Read the demo's database."""
        with closing(sqlite3.connect(f"file:{self.demo.data / 'valhalla.db'}?mode=ro", uri=True, timeout=5)) as found:
            return found.execute(query).fetchall()

    @property
    def is_engaged(self) -> bool:
        """Whether the kill switch is engaged."""
        return bool(self.ask("SELECT kill_switch_engaged FROM go_live_state")[0][0])

    @property
    def is_live(self) -> bool:
        """Whether production is on."""
        return bool(self.ask("SELECT go_live_enabled FROM go_live_state")[0][0])

    def messages(self, channel: str, viewer: str = "bryan") -> list[JsonDict]:
        """Return what somebody sees in a channel."""
        found: list[JsonDict] = self.workspace.read("messages", channel=channel, viewer=viewer)
        return found

    def card(self, channel: str, start: str) -> JsonDict:
        """Wait for a card in a channel; return the newest whose text has these words."""

        def fitting() -> list[JsonDict]:
            return [message for message in self.messages(channel) if start in message["text"]]

        wait_until(lambda: bool(fitting()), f"a card {start!r} in #{channel}", SECONDS)
        return fitting()[-1]

    @property
    def happenings(self) -> list[JsonDict]:
        """What the panel can make happen; nothing where there is no panel."""
        try:
            answer = self.workspace._client.get("/demo/actions")
            return list(answer.json()) if answer.is_success else []
        except ValueError:
            return []

    def closes_forms(self, who: str) -> None:
        """Close what an earlier test left open: a form belongs to its person, whatever window he looks through."""
        for view in reversed(self.workspace.read("views", user=who)):
            self.workspace.act("close", user=who, view_id=view["id"])

    # -- acting -------------------------------------------------------------------------------------------------

    def types(self, who: str, text: str, channel: str = "general") -> None:
        """Type a command as somebody."""
        outcome = self.workspace.act("command", user=who, channel=channel, text=text)
        assert outcome["status"] == "ok", outcome

    def approves(self, who: str, start: str) -> None:
        """Press Approve on the newest request of these words."""
        card = self.card("governance", f"APPROVAL WANTED: {start}")
        approve = next(c for block in card["blocks"] for c in controls_of(block) if c.label.startswith("Approve"))
        place = {"channel": "governance", "ts": card["ts"], "action_id": approve.action_id, "value": approve.value}
        self.workspace.act("click", user=who, **place)

    def is_clear(self) -> None:
        """The kill switch is not engaged."""
        if self.is_engaged:
            self.types("dana", "/killswitch release the test before is over")
            self.approves("marc", "release")
            wait_until(lambda: not self.is_engaged, "the kill switch is released", SECONDS)

    def engaged(self) -> None:
        """The kill switch is engaged."""
        if not self.is_engaged:
            self.types("alice", "/killswitch engage before the test")
            wait_until(lambda: self.is_engaged, "the kill switch is engaged", SECONDS)

    def off(self) -> None:
        """Production is off, by go-live alone."""
        self.is_clear()
        if self.is_live:
            self.types("bryan", "/golive disable before the test")
            wait_until(lambda: not self.is_live, "go-live is off", SECONDS)

    def live(self) -> None:
        """Production is on."""
        self.is_clear()
        if not self.is_live:
            self.types("dana", "/golive enable ready for the test")
            self.approves("marc", "go live")
            wait_until(lambda: self.is_live, "go-live is on", SECONDS)

    def happens(self, what: str) -> str:
        """Make something of the panel happen; return what it said."""
        answer = self.workspace._client.post(f"/demo/actions/{what}", json={}, timeout=SECONDS)
        assert answer.is_success, answer.text
        return str(answer.json()["text"])

    def goes_away(self) -> None:
        """End the workspace's process; whoever keeps the demo starts it again."""
        for child in self.demo.children():
            try:
                is_workspace = "bot.slack_double" in child.cmdline()
            except psutil.Error:
                continue
            if is_workspace:
                child.send_signal(signal.SIGTERM)

    def is_back(self) -> bool:
        """Whether workspace and bot are connected."""
        try:
            return self.workspace.connections() > 0
        except (Away, CannotDo):
            return False
