"""What the person acting reads: messages printed as they arrive, and waiting for what an act brings."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bot.demo import tour
from bot.demo.controls import Numbered, Numbers
from bot.demo.rendering import Words, message_lines, readable
from bot.demo.screen import Screen
from bot.demo.watching import Arrival, Watcher
from bot.demo.workspace import Away, CannotDo, Workspace

JsonDict = dict[str, Any]
POLL = 0.03
WATCH = 0.2
QUIET = 0.35
"""Seconds without anything new after which an answer counts as whole."""
PATIENCE = 6.0
LONGEST_WAIT = 60.0
LAST_SHOWN = 8


class Reader:
    """Prints what one person sees; looks from the prompt's thread and from one of its own."""

    def __init__(
        self,
        workspace: Workspace,
        screen: Screen,
        user: str,
        is_outstanding: Callable[[], bool],
        stopping: threading.Event,
    ) -> None:
        """`is_outstanding` tells whether Valhalla still has something to say; `stopping` ends every wait."""
        self.user = user
        self.words = Words()
        self.numbers = Numbers()
        self._workspace = workspace
        self._screen = screen
        self._is_outstanding = is_outstanding
        self._stopping = stopping
        self._watcher = Watcher(workspace)
        self._looking = threading.Lock()
        self._since_act: list[str] = []
        self._last_at = time.monotonic()
        self._offered: set[str] = set()
        self._hinted: set[str] = set()

    def start(self) -> None:
        """Learn the names, take what is there as seen, and watch from now on."""
        people = {user["id"]: user["name"] for user in self._workspace.read("users")}
        channels = {c["id"]: c["name"] for c in self._workspace.read("channels") if not c.get("is_im")}
        self.words = Words(people=people, channels=channels, width=self._screen.width, bold=self._screen.bold)
        self._watcher.look(self.user)
        threading.Thread(target=self._watch, name="demo-watch", daemon=True).start()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH):
            try:
                self.look()
                self._hint_at_form()
            except (Away, CannotDo):
                continue

    def _hint_at_form(self) -> None:
        """Somebody sits at the prompt while a form has opened: say so."""
        view = self.open_form() if self._screen.is_asking else None
        if view is not None and view["hash"] not in self._hinted and self._screen.is_terminal:
            self._hinted.add(view["hash"])
            self._screen.show(f"The form “{view['title']['text']}” has opened: press Enter to fill it in.")

    def look(self) -> None:
        """Print what has arrived since the last look."""
        with self._looking:
            for arrival in self._watcher.look(self.user):
                self._print(arrival)

    def _print(self, arrival: Arrival) -> None:
        if arrival.person not in {None, self.user}:
            name = self.words.people.get(str(arrival.person), "somebody")
            text = readable(str(arrival.message.get("text", "")).split("\n")[0], self.words)
            self._screen.show(f"── a direct message to {name} (`as {name}`, `dms`): {text}")
            return
        lines = self._lines(arrival)
        self._since_act += lines
        self._last_at = time.monotonic()
        self._screen.show(lines)

    def _lines(self, arrival: Arrival) -> list[str]:
        channel, ts = arrival.channel, arrival.message["ts"]
        where = "direct message" if channel.get("is_im") else f"#{channel['name']}"
        self.numbers.begin(channel["id"], ts)
        notes = [word for word, holds in (("in the thread", arrival.is_reply), ("edited", arrival.is_edit)) if holds]
        return message_lines(
            arrival.message, where, self.words, lambda control: self.numbers.give(channel["id"], ts, control),
            note=", ".join(notes),
        )  # fmt: skip

    def print_last(self, channel: JsonDict, messages: list[JsonDict], nothing: str) -> None:
        """Print the last messages of a conversation again, or what to do where there are none."""
        if not messages:
            self._screen.show(nothing)
        for message in messages[-LAST_SHOWN:]:
            self._screen.show(self._lines(Arrival(channel, message, is_edit="edited" in message)))

    # -- waiting ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Somebody is about to act: what arrives from now on may be the answer."""
        self.look()
        self._since_act = []

    def settle(self) -> None:
        """Wait until the answer has come and nothing more follows for a moment, or a form has opened."""
        began = time.monotonic()
        while not self._stopping.is_set():
            self.look()
            now = time.monotonic()
            if self._since_act and now - self._last_at > QUIET:
                return
            if self.open_form() is not None:
                return
            if now - began > PATIENCE:
                if not self._since_act:
                    self._screen.show(tour.NO_ANSWER_YET)
                return
            time.sleep(POLL)

    def wait_for(self, words: str) -> None:
        """Wait for something new, or for a message with these words, also among what the last act brought."""
        deadline = time.monotonic() + LONGEST_WAIT
        start = len(self._since_act)
        while time.monotonic() < deadline and not self._stopping.is_set():
            self.look()
            said = " ".join(" ".join(self._since_act).split()).lower()
            if words.lower() in said if words else len(self._since_act) > start:
                return
            time.sleep(POLL)
        self._screen.show(f"Nothing with {words!r} has come." if words else "Nothing has come.")

    def button(self, words: str) -> Numbered | None:
        """Return the newest button that begins so, once Valhalla has said what it still has to say.

        What is decided by then has no button any more, and what was just asked has one.
        """
        deadline = time.monotonic() + LONGEST_WAIT / 3
        while True:
            is_more_to_come = self._is_outstanding()  # asked before looking: what is sent meanwhile is seen then
            self.look()
            found = self.numbers.labelled(words)
            if not is_more_to_come or time.monotonic() > deadline or self._stopping.is_set():
                return found
            time.sleep(POLL)

    def wait_for_rest(self) -> None:
        """Wait until Valhalla has said what it still has to say, and a moment longer."""
        began = quiet_since = time.monotonic()
        while time.monotonic() - began < LONGEST_WAIT / 2 and not self._stopping.is_set():
            with suppress(Away, CannotDo):
                self.look()
            if self._is_outstanding():
                quiet_since = time.monotonic()
            if time.monotonic() - max(quiet_since, self._last_at) > QUIET:
                return
            time.sleep(POLL)

    # -- forms --------------------------------------------------------------------------------------------------

    def open_form(self) -> JsonDict | None:
        """Return the form that has opened for the person acting and was not offered yet."""
        views = self._workspace.read("views", user=self.user)
        top: JsonDict | None = views[-1] if views else None
        return top if top is not None and top["hash"] not in self._offered else None

    def take_form(self) -> JsonDict | None:
        """Return that form once."""
        view = self.open_form()
        if view is not None:
            self._offered.add(view["hash"])
        return view
