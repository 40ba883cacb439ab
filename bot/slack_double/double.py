"""The double as one object: everything a test may do with it, from any thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from starlette.routing import BaseRoute

from bot.slack_double.acting import Acted, Outcome
from bot.slack_double.application import make_application
from bot.slack_double.backend import Backend, Manifest, Settings
from bot.slack_double.control import Control
from bot.slack_double.faults import Faults
from bot.slack_double.limits import RateLimits
from bot.slack_double.overview import Overview
from bot.slack_double.pages import page_routes
from bot.slack_double.people import People
from bot.slack_double.reading import Reading
from bot.slack_double.scene import Scene
from bot.slack_double.server import LoopbackServer
from bot.slack_double.socket_mode import Reason
from bot.slack_double.storage import Storage

JsonDict = dict[str, Any]
Result = TypeVar("Result")


def _forget(_kind: str, _name: str) -> None:
    """Keep nothing: what a double without a state file does with a change."""


def _nothing() -> None:
    """Write nothing: what it does at its end."""


class SlackDouble:
    """A strict local Slack.

    Keyword arguments beside those below are the fields of `Settings`:

    - `clock` gives the time as an aware UTC datetime; `advance` moves on from there
    - `bot_token` and `app_token` are those the app will use
    - `ack_timeout` is in real seconds; `fanout` sends each envelope to every connection
    - `rate_limits=False` switches them off
    - `request_url` and `signing_secret` switch from Socket Mode to signed HTTP requests

    `manifest` (an app manifest as a dict) sets scopes, commands, shortcuts, events and tabs; `state` names
    a SQLite file that keeps the workspace; `pages` are further routes to serve; `begins_as` is the name of
    whoever one acts as in a browser that remembers nobody.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: str | Path | None = None,
        pages: Sequence[BaseRoute] = (),
        manifest: JsonDict | None = None,
        scopes: Sequence[str] | None = None,
        begins_as: str | None = None,
        **settings: Any,
    ) -> None:
        storage = Storage(Path(state)) if state is not None else None
        asked = Manifest.read(manifest) if manifest is not None else Manifest()
        self._backend = Backend(Settings(manifest=asked, **settings), storage.touch if storage else _forget)
        if scopes is not None:
            self._backend.scopes = set(scopes)
        if storage is not None:
            storage.load(self._backend)
        self._people, self._reading = People(self._backend), Reading(self._backend)
        self._scene = Scene(self._backend)
        control = Control(self._backend, self._people, self._reading, self._scene)
        own_page = page_routes(Overview(self._backend, self._reading, manifest, begins_as))
        application = make_application(self._backend, control, [*pages, *own_page])
        flush = storage.flush if storage is not None else _nothing
        self._server = LoopbackServer(application, host, port, self._backend.close, flush)
        self._backend.faults.on_away = self.sever

    # --- running -----------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Serve from a thread of its own; it is listening when this returns."""
        self._server.start()
        self._backend.server_url = self._server.url
        return self

    def serve(self, announce: Callable[[str], None]) -> None:
        """Serve in the calling thread until interrupted; `announce` is told the address."""
        listener = self._server.listen()
        self._backend.server_url = self._server.url
        announce(self.base_url)
        self._server.serve(listener)

    def stop(self) -> None:
        """Stop serving and write the state."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """What a WebClient takes as its base_url."""
        return f"{self._server.url}/api/"

    @property
    def control_url(self) -> str:
        """Where the control routes begin."""
        return f"{self._server.url}/control/"

    @property
    def bot_user_id(self) -> str:
        """The bot's own user id."""
        return self._backend.workspace.bot_user_id

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self._backend.workspace.team_id

    @property
    def faults(self) -> Faults:
        """Faults on request."""
        return self._backend.faults

    @property
    def limits(self) -> RateLimits:
        """The rate limits."""
        return self._backend.limits

    # --- setting the scene: see Scene --------------------------------------------------------------------

    def add_user(self, name: str, **details: Any) -> JsonDict:
        """A new person: real_name, tz, email, is_restricted, deleted, id."""
        return self._server.call(partial(self._scene.add_user, name, **details))

    def add_channel(self, name: str, members: Sequence[str] = (), **details: Any) -> JsonDict:
        """A new channel: is_private, is_archived, id; `bot` among the members puts the bot in."""
        return self._server.call(partial(self._scene.add_channel, name, list(members), **details))

    def add_group(self, handle: str, users: Sequence[str] = (), **details: Any) -> JsonDict:
        """A new user group: name, disabled, id."""
        return self._server.call(partial(self._scene.add_group, handle, list(users), **details))

    def join(self, user: str, channel: str) -> None:
        """A user, or the bot, is put into a channel."""
        self._server.call(partial(self._scene.join, user, channel))

    def leave(self, user: str, channel: str) -> None:
        """A user, or the bot, is taken out of a channel."""
        self._server.call(partial(self._scene.leave, user, channel))

    def archive(self, channel: str, *, is_archived: bool = True) -> None:
        """Archive a channel, or bring it back."""
        self._server.call(partial(self._scene.archive, channel, is_archived=is_archived))

    def deactivate(self, user: str, *, deleted: bool = True) -> None:
        """Deactivate a user, or bring him back."""
        self._server.call(partial(self._scene.deactivate, user, deleted=deleted))

    def set_group_users(self, group: str, users: Sequence[str]) -> None:
        """Change who is in a user group."""
        self._server.call(partial(self._scene.set_group_users, group, list(users)))

    def set_user_groups(self, *, available: bool) -> None:
        """Whether the workspace's plan has user groups."""
        self._server.call(partial(self._scene.set_user_groups, available=available))

    def emit(self, event_type: str, **fields: Any) -> str | None:
        """Send any event the app has subscribed to; its envelope's id."""
        return self._server.call(partial(self._scene.emit, event_type, fields))

    def advance(self, seconds: float) -> None:
        """Move the double's time on."""
        self._server.call(partial(self._scene.advance, seconds))

    def now(self) -> datetime:
        """The double's time."""
        return self._backend.now()

    def grant_scopes(self, *scopes: str) -> None:
        """Grant the bot token further scopes."""
        self._server.call(partial(self._scene.grant_scopes, list(scopes)))

    def revoke_scopes(self, *scopes: str) -> None:
        """Take scopes from the bot token."""
        self._server.call(partial(self._scene.revoke_scopes, list(scopes)))

    def kill_token(self, error: str = "token_revoked") -> None:
        """Every call is refused from now on."""
        self._server.call(partial(self._scene.kill_token, error))

    def restore_token(self) -> None:
        """The tokens are good again."""
        self._server.call(self._scene.restore_token)

    def disconnect(
        self, reason: Reason = "warning", connection: int | None = None, *, close_after: float = 0.0
    ) -> None:
        """Tell a Socket Mode connection, or all, to go."""
        self._server.call(partial(self._scene.disconnect, reason, connection, close_after=close_after))

    def sever(self, connection: int | None = None) -> None:
        """Cut a Socket Mode connection, or all, without a word."""
        self._server.call(partial(self._scene.sever, connection))

    # --- acting as people: see People --------------------------------------------------------------------

    def _act(self, act: Callable[[], Acted]) -> Outcome:
        return self._server.call(act).result()

    def command(self, user: str, channel: str, text: str) -> Outcome:
        """Type a slash command and wait for what comes back."""
        return self._act(partial(self._people.command, user, channel, text))

    def fire(self, user: str, channel: str, text: str) -> Acted:
        """Type a slash command and do not wait; cheap enough for a load generator."""
        acted: Acted = Acted()

        def run() -> None:
            try:
                self._people.command(user, channel, text, acted)
            except Exception as error:
                acted.set_exception(error)

        self._server.post(run)
        return acted

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = None,
        confirm: bool = True,
    ) -> Outcome:
        """Use an element of a message: `value` tells like buttons apart, or is what to choose or enter."""
        choice: JsonDict = {"block_id": block_id, "value": value, "confirm": confirm}
        return self._act(partial(self._people.click, user, channel, ts, action_id, **choice))

    def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = None,
        confirm: bool = True,
    ) -> Outcome:
        """Use an element of an open modal or of the Home tab."""
        choice: JsonDict = {"block_id": block_id, "value": value, "confirm": confirm}
        return self._act(partial(self._people.click_view, user, view_id, action_id, **choice))

    def submit(self, user: str, view_id: str, values: dict[str, Any] | None = None) -> Outcome:
        """Fill in a modal by block_id and submit it."""
        return self._act(partial(self._people.submit, user, view_id, values))

    def close(self, user: str, view_id: str) -> Outcome:
        """Dismiss a modal."""
        return self._act(partial(self._people.close, user, view_id))

    def open_home(self, user: str) -> Outcome:
        """Open the bot's Home tab."""
        return self._act(partial(self._people.open_home, user))

    def shortcut(self, user: str, callback_id: str) -> Outcome:
        """Use a global shortcut."""
        return self._act(partial(self._people.shortcut, user, callback_id))

    def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Outcome:
        """Use a shortcut on a message."""
        return self._act(partial(self._people.message_shortcut, user, channel, ts, callback_id))

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> JsonDict:
        """Write a plain message."""
        return self._server.call(partial(self._people.say, user, channel, text, thread_ts))

    # --- reading: see Reading ----------------------------------------------------------------------------

    def messages(self, channel: str, viewer: str | None = None) -> list[JsonDict]:
        """A conversation, oldest first: with the ephemerals `viewer` sees, or without any."""
        return self._server.call(partial(self._reading.messages, channel, viewer))

    def thread(self, channel: str, ts: str, viewer: str | None = None) -> list[JsonDict]:
        """A message and its replies, oldest first."""
        return self._server.call(partial(self._reading.thread, channel, ts, viewer))

    def dms(self, user: str) -> list[JsonDict]:
        """A person's direct messages with the bot, oldest first."""
        return self._server.call(partial(self._reading.dms, user))

    def views(self, user: str) -> list[JsonDict]:
        """The modals a person has open, the top one last."""
        return self._server.call(partial(self._reading.views, user))

    def home(self, user: str) -> JsonDict | None:
        """A person's Home tab."""
        return self._server.call(partial(self._reading.home, user))

    def channels(self, viewer: str | None = None) -> list[JsonDict]:
        """The conversations a person can see, or all."""
        return self._server.call(partial(self._reading.channels, viewer))

    def users(self) -> list[JsonDict]:
        """Everybody, the bot too."""
        return self._server.call(self._reading.users)

    def calls(self, method: str | None = None) -> list[JsonDict]:
        """The Web API calls received, oldest first, without their tokens."""
        return self._server.call(partial(self._reading.calls, method))

    def envelopes(self, envelope_type: str | None = None) -> list[JsonDict]:
        """The envelopes sent and what became of each, oldest first."""
        return self._server.call(partial(self._reading.envelopes, envelope_type))

    def connections(self) -> list[int]:
        """The numbers of the open Socket Mode connections."""
        return self._server.call(lambda: self._backend.socket_mode.connections)

    # --- waiting -----------------------------------------------------------------------------------------

    def wait_for(self, check: Callable[[], Result], timeout: float = 3.0) -> Result:
        """Look again after every change until `check` gives something true; TimeoutError if it never does."""
        feed, deadline = self._backend.feed, time.monotonic() + timeout
        while True:
            count = feed.count
            if found := check():
                return found
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"nothing came within {timeout} s")
            feed.wait(count, remaining)

    def wait_connected(self, connections: int = 1, timeout: float = 5.0) -> None:
        """Wait until so many Socket Mode connections are open."""
        self.wait_for(lambda: len(self.connections()) >= connections, timeout)
