"""A plain terminal in which one acts as anybody in the local workspace."""

import threading
from collections.abc import Callable
from typing import Any

from bot.demo import forms, tour
from bot.demo.cast import MARIA
from bot.demo.controls import Control, Numbered
from bot.demo.reading import Reader
from bot.demo.rendering import readable
from bot.demo.screen import Screen
from bot.demo.workspace import Away, CannotDo, Workspace

JsonDict = dict[str, Any]
NEVER = threading.Event()
_SAID_BY_SLACK = {
    "dispatch_failed": tour.NO_BOT,
    "operation_timeout": "Slack would say: this did not respond in time. It may still have been done: look first.",
    "unknown_command": "There is no such command here; `/valhalla help` lists them.",
    "cancelled": "Not done.",
}


class Terminal:
    """One person at a time, in one channel at a time."""

    def __init__(
        self,
        workspace: Workspace,
        screen: Screen,
        *,
        is_outstanding: Callable[[], bool] = lambda: False,
        stopping: threading.Event = NEVER,
    ) -> None:
        """`is_outstanding` tells whether Valhalla still has something to say; `stopping` ends every wait."""
        self._workspace = workspace
        self._screen = screen
        self._stopping = stopping
        self._reader = Reader(workspace, screen, MARIA.user_id, is_outstanding, stopping)
        self._channel = "general"
        self._verbs: dict[str, Callable[[str], None]] = {
            "as": self._be, "in": self._go, "read": self._read, "dms": self._dms, "who": self._who,
            "wait": self._reader.wait_for, "press": self._press_words, "say": self._say,
            "help": lambda _rest: self._screen.show(tour.HELP), "tour": lambda _rest: self._screen.show(tour.TOUR),
        }  # fmt: skip

    def run(self) -> bool:
        """Take lines until `quit` or the end of the input; at its end, wait for what is still to come.

        False where there was not a single line, so that nobody sits here.
        """
        was_used = False
        self._reader.start()
        self._screen.show(tour.TOUR)
        self._summary()
        while not self._stopping.is_set():
            line = self._screen.ask(self._prompt())
            if line is None:
                self._reader.wait_for_rest()
                return was_used
            was_used = True
            if line.strip().lower() in {"quit", "exit"}:
                return True
            self._take(line.strip())
        return True

    def _prompt(self) -> str:
        return f"{self._reader.words.people.get(self._reader.user, self._reader.user)} #{self._channel}> "

    def _summary(self) -> None:
        counted = []
        for channel in self._workspace.read("channels"):
            if not channel.get("is_im"):
                count = len(self._workspace.read("messages", channel=channel["id"]))
                counted.append(f"#{channel['name']} {count}")
        self._screen.show(f"\nMessages: {' · '.join(counted)}.  `read #governance` shows them, `help` what to type.\n")

    def _take(self, line: str) -> None:
        try:
            if line:
                self._obey(line)
            self._fill_open_form()
        except CannotDo as problem:
            self._screen.show(f"That cannot be done: {problem}.")
        except Away:
            self._screen.show("The workspace gives no answer just now; it is started again by itself. Try again.")

    def _obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        if line.startswith("/"):
            self._reader.begin()
            self._after(self._workspace.act("command", user=self._reader.user, channel=self._channel, text=line))
        elif line.strip("[]").isdecimal():
            self._press(self._reader.numbers.find(int(line.strip("[]"))), tour.NO_SUCH_NUMBER)
        elif verb.lower() in self._verbs:
            self._verbs[verb.lower()](rest.strip())
        else:
            self._screen.show(tour.NOT_UNDERSTOOD)

    # -- acting -------------------------------------------------------------------------------------------------

    def _press_words(self, words: str) -> None:
        self._press(self._reader.button(words), f"No button on the screen begins with {words!r}.")

    def _press(self, found: Numbered | None, nothing: str) -> None:
        if found is None:
            self._screen.show(nothing)
            return
        control = found.control
        if control.confirm is not None and not self._confirms(control):
            self._screen.show("Not done.")
            return
        self._reader.begin()
        try:
            outcome = self._workspace.act(
                "click", user=self._reader.user, channel=found.channel, ts=found.ts, action_id=control.action_id,
                block_id=control.block_id, value=control.value,
            )  # fmt: skip
        except CannotDo as problem:
            self._screen.show(f"[{found.number}] {control.label}: cannot be pressed any more ({problem}).")
            return
        self._after(outcome)

    def _confirms(self, control: Control) -> bool:
        asked = control.confirm or {}
        yes, no = asked["confirm"]["text"], asked["deny"]["text"]
        text = readable(asked["text"]["text"], self._reader.words)
        self._screen.show([self._screen.bold(f"  {asked['title']['text']}"), f"  {text}"])
        typed = self._screen.ask(f"  y = {yes}, n = {no}: ")
        return (typed or "").strip().lower() in {"y", "yes", yes.lower()}

    def _after(self, outcome: JsonDict) -> None:
        """Wait for the answer, or say what Slack itself would."""
        status = outcome["status"]
        if status == "ok":
            self._reader.settle()
            return
        problems = "; ".join(outcome.get("problems") or ())
        self._screen.show(_SAID_BY_SLACK.get(status) or f"Slack refused the answer ({status}): {problems}")

    def _fill_open_form(self) -> None:
        while (view := self._reader.take_form()) is not None:
            self._screen.show(forms.intro(view, self._reader.words))
            if view.get("submit") is None:
                self._workspace.act("close", user=self._reader.user, view_id=view["id"])
            else:
                self._fill(view)

    def _fill(self, view: JsonDict) -> None:
        """Ask for the fields until the form is taken or closed; what was entered well is kept meanwhile."""
        errors: dict[str, str] = {}
        values: JsonDict = {}
        person = {"user": self._reader.user, "view_id": view["id"]}
        while True:
            try:
                values = forms.fill(
                    view, self._reader.words, self._screen.ask, self._screen.show, errors=errors, kept=values
                )
            except forms.Cancelled:
                self._workspace.act("close", **person)
                self._screen.show("  The form is closed; nothing was sent.")
                return
            self._reader.begin()
            outcome = self._workspace.act("submit", **person, values=values)
            if outcome["status"] not in {"errors", "incomplete"}:
                self._after(outcome)
                return
            errors = outcome["errors"]

    # -- looking around -----------------------------------------------------------------------------------------

    def _be(self, name: str) -> None:
        wanted = name.removeprefix("@").lower()
        people = self._reader.words.people
        found = next((user for user, known in people.items() if known == wanted and wanted != "valhalla"), None)
        if found is None:
            self._screen.show("Nobody here is called that:")
            self._who("")
            return
        self._reader.user = found
        self._reader.look()

    def _go(self, name: str) -> None:
        channels = self._reader.words.channels.values()
        if name.removeprefix("#") not in channels:
            self._screen.show(f"The channels are {', '.join(f'#{known}' for known in channels)}.")
            return
        self._channel = name.removeprefix("#")

    def _read(self, name: str) -> None:
        wanted = name.removeprefix("#") or self._channel
        found = next((c for c in self._workspace.read("channels") if c.get("name") == wanted), None)
        if found is None:
            self._screen.show(f"There is no channel #{wanted}.")
            return
        messages = self._workspace.read("messages", channel=found["id"], viewer=self._reader.user)
        self._reader.print_last(found, messages, tour.EMPTY_CHANNEL)

    def _dms(self, _rest: str) -> None:
        messages = self._workspace.read("dms", user=self._reader.user)
        own = next((c for c in self._workspace.read("channels", viewer=self._reader.user) if c.get("is_im")), None)
        self._reader.print_last(own or {"id": "", "is_im": True}, messages, tour.EMPTY_DMS)

    def _who(self, _rest: str) -> None:
        self._screen.show(list(tour.people()))

    def _say(self, text: str) -> None:
        if text:
            self._workspace.act("say", user=self._reader.user, channel=self._channel, text=text)
            self._reader.look()
