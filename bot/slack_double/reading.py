"""Reading the workspace as a person sees it, and what the server has recorded."""

from __future__ import annotations

from typing import Any

from bot.slack_double.backend import Backend

JsonDict = dict[str, Any]


class Reading:
    """Everything that can be looked at; names and ids will both do."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def messages(self, channel: str, viewer: str | None = None) -> list[JsonDict]:
        """A conversation, oldest first: with the ephemerals `viewer` sees, or without any."""
        workspace, messages = self._backend.workspace, self._backend.messages
        place = workspace.channel(channel)
        if viewer is None:
            shown = messages.conversation(place.id).between(None, None, inclusive=True)
        else:
            person = workspace.user(viewer)
            # Who cannot see a conversation sees nothing in it.
            shown = messages.shown_to(person.id, place.id) if place.is_visible_to(person.id) else []
        return [messages.as_slack(message) for message in shown]

    def thread(self, channel: str, ts: str, viewer: str | None = None) -> list[JsonDict]:
        """A message and its replies, oldest first."""
        workspace = self._backend.workspace
        place = workspace.channel(channel)
        person = workspace.user(viewer).id if viewer else None
        if person is not None and not place.is_visible_to(person):
            return []
        return [self._backend.messages.as_slack(m) for m in self._backend.messages.thread(place.id, ts, person)]

    def dms(self, user: str) -> list[JsonDict]:
        """A person's direct messages with the bot, oldest first."""
        person = self._backend.workspace.user(user)
        place = next((c for c in self._backend.workspace.channels.values() if c.is_im and person.id in c.members), None)
        return self.messages(place.id, person.id) if place else []

    def views(self, user: str) -> list[JsonDict]:
        """The modals a person has open, the top one last."""
        return self._backend.views.stack(self._backend.workspace.user(user).id)

    def home(self, user: str) -> JsonDict | None:
        """A person's Home tab."""
        return self._backend.views.homes.get(self._backend.workspace.user(user).id)

    def channels(self, viewer: str | None = None) -> list[JsonDict]:
        """The conversations a person can see, or all."""
        workspace = self._backend.workspace
        person = workspace.user(viewer).id if viewer else ""
        shown = [c for c in workspace.channels.values() if viewer is None or c.is_visible_to(person)]
        return [c.as_slack(person) | {"members": list(c.members)} for c in shown]

    def users(self) -> list[JsonDict]:
        """Everybody, the bot too."""
        team = self._backend.workspace.team_id
        return [user.as_slack(team, with_email=True) for user in self._backend.workspace.users.values()]

    def calls(self, method: str | None = None) -> list[JsonDict]:
        """The Web API calls received, oldest first, without their tokens."""
        return [call.record() for call in self._backend.calls if method in (None, call.method)]

    def envelopes(self, envelope_type: str | None = None) -> list[JsonDict]:
        """The envelopes sent and what became of each, oldest first."""
        return [envelope.record() for envelope in self._backend.delivery.sent if envelope_type in (None, envelope.type)]

    def faults(self) -> list[JsonDict]:
        """The faults in force."""
        return self._backend.faults.in_force()

    def status(self) -> JsonDict:
        """The time, the open connections and what the token may do."""
        return {
            "now": self._backend.now().isoformat(),
            "connections": self._backend.socket_mode.connections,
            "scopes": sorted(self._backend.scopes),
            "token_error": self._backend.dead_token_error,
            "changes": self._backend.feed.count,
        }
