"""The panel “Make things happen”: a few addresses on this machine alone, behind a word nobody can guess.

The local workspace passes `/demo/actions` on to it, so that the page has one address for everything.
"""

import json
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
NOT_YET = "Still starting: try again in a moment."


class CannotHappen(Exception):
    """It cannot be made to happen just now; the message says why."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One button: what it is called, what it does, under which heading, and the doing, which tells what was done."""

    id: str
    label: str
    help: str
    group: str
    happen: Callable[[], str]

    def listed(self) -> dict[str, str]:
        """Return it as the page takes it."""
        return {"id": self.id, "label": self.label, "help": self.help, "group": self.group}


class Panel:
    """Serves the happenings, one at a time, from when `is_open` says so."""

    def __init__(self, happenings: Sequence[Happening], is_open: Callable[[], bool]) -> None:
        """Take a free port; answer nobody yet."""
        self._happenings = {one.id: one for one in happenings}
        self._is_open = is_open
        self._one_at_a_time = threading.Lock()
        self._word = secrets.token_urlsafe(16)
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="demo-panel", daemon=True)

    @property
    def address(self) -> str:
        """Where it answers, for the workspace."""
        return f"http://{HOST}:{self._server.server_port}/{self._word}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        """Return status and JSON of one request."""
        asked = path.strip("/").split("/")
        if not secrets.compare_digest(asked[0], self._word) or asked[1:2] != ["actions"]:
            return 404, {"error": "There is nothing here."}
        match (method, *asked[2:]):
            case ("GET",):
                return 200, [one.listed() for one in self._happenings.values()]
            case ("POST", str(name)) if name in self._happenings:
                return self._make_happen(self._happenings[name])
        return 404, {"error": "Nothing of that name can be made to happen."}

    def _make_happen(self, happening: Happening) -> tuple[int, Any]:
        if not self._is_open():
            return 503, {"error": NOT_YET}
        try:
            with self._one_at_a_time:
                return 200, {"text": happening.happen()}
        except CannotHappen as problem:
            return 409, {"error": str(problem)}
        except Exception as error:
            return 500, {"error": f"That did not work ({type(error).__name__}: {error})."}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        panel = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 30.0

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                status, body = panel.answer(self.command, self.path)
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_said: Any) -> None:
                """Say nothing: the terminal is the demo's."""

        return Handler
