"""The demo behind the page: what a test finds there when it begins, brought about without the page."""

import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
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

    def approves(self, who: str, start: str, until: Callable[[], bool]) -> None:
        """Press Approve on each request of these words as it appears, until it has helped."""
        pressed: set[tuple[str, str]] = set()

        def has_helped() -> bool:
            for card in self.messages("governance"):
                if until():
                    return True
                self._press_approve(who, card if f"APPROVAL WANTED: {start}" in card["text"] else {}, pressed)
            return until()

        wait_until(has_helped, f"{who} has approved: {start}", SECONDS)

    def _press_approve(self, who: str, card: JsonDict, pressed: set[tuple[str, str]]) -> None:
        controls = [control for block in card.get("blocks", ()) for control in controls_of(block)]
        for approve in (one for one in controls if one.label.startswith("Approve")):
            key = (card["ts"], str(approve.value))
            if key not in pressed:
                pressed.add(key)
                place = {"channel": "governance", "ts": card["ts"], "action_id": approve.action_id}
                with suppress(CannotDo):  # the card was decided just now
                    self.workspace.act("click", user=who, value=approve.value, **place)

    def _is_asked(self, operation: str) -> bool:
        """Whether a request of this kind waits for a decision."""
        return bool(self.ask(f"SELECT 1 FROM approval WHERE operation = '{operation}' AND status = 'pending'"))

    def is_clear(self) -> None:
        """The kill switch is not engaged."""
        if self.is_engaged:
            if not self._is_asked("killswitch.release"):
                self.types("dana", "/killswitch release the test before is over")
            self.approves("marc", "release", lambda: not self.is_engaged)

    def engaged(self) -> None:
        """The kill switch is engaged, and nobody has asked yet to release it."""
        if self._is_asked("killswitch.release"):
            self.is_clear()
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
            if not self._is_asked("golive.enable"):
                self.types("dana", "/golive enable ready for the test")
            self.approves("marc", "go live", lambda: self.is_live)

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
