"""What the workspace's page asks for at once: who and what is there, and a conversation piece by piece."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from bot.slack_double.backend import Backend
from bot.slack_double.reading import Reading

JsonDict = dict[str, Any]
MOST_MESSAGES = 300
TOUR = "tour"
_SAID_OF_COMMANDS = ("command", "description", "usage_hint")
_SAID_OF_SHORTCUTS = ("name", "type", "callback_id", "description")


class Overview:
    """Reads for the page.

    `manifest` is the app's own, for what its commands and shortcuts say of themselves; `begins_as` names who one acts
    as in a browser that remembers nobody.
    """

    def __init__(
        self, backend: Backend, reading: Reading, manifest: JsonDict | None, begins_as: str | None = None
    ) -> None:
        self._backend = backend
        self._reading = reading
        self._begins_as = begins_as
        self._features: JsonDict = (manifest or {}).get("features", {})

    def workspace(self, viewer: str | None = None) -> JsonDict:
        """Everybody and everything `viewer` can see; without one, the people to choose from."""
        workspace = self._backend.workspace
        return {
            "team": workspace.team_domain,
            "bot": workspace.bot_user_id,
            "now": self._backend.now().timestamp(),
            "users": self._reading.users(),
            "channels": self._reading.channels(viewer) if viewer else [],
            "groups": [{"id": g.id, "handle": g.handle, "users": list(g.users)} for g in workspace.groups.values()],
            "commands": self._described("slash_commands", _SAID_OF_COMMANDS),
            "shortcuts": self._described("shortcuts", _SAID_OF_SHORTCUTS),
            "has_home_tab": self._backend.settings.manifest.has_home_tab,
            "has_messages_tab": self._backend.settings.manifest.has_messages_tab,
            "ack_timeout": self._backend.settings.ack_timeout,
            "begins_as": self._begins_as,
            "tour": self._tour(),
        }

    def _tour(self) -> JsonDict | None:
        """The first message of the bot in a public channel whose first block says by its id that it is a tour."""
        workspace = self._backend.workspace
        for channel in workspace.channels.values():
            if channel.kind != "public_channel":
                continue
            for message in self._backend.messages.shown_to(workspace.bot_user_id, channel.id):
                if message.blocks and message.blocks[0].get("block_id") == TOUR:
                    return {"channel": channel.id, "ts": message.ts}
        return None

    def _described(self, feature: str, names: tuple[str, ...]) -> list[JsonDict]:
        return [{name: entry.get(name, "") for name in names} for entry in self._features.get(feature, ())]

    def history(self, channel: str, viewer: str, before: str = "", limit: str = "") -> JsonDict:
        """The latest messages of a conversation, or the latest `before` a stamp, oldest first.

        `@bot` is the viewer's direct messages with the bot, whether or not there are any yet.
        """
        workspace = self._backend.workspace
        person = workspace.user(viewer)
        if channel == "@bot":
            mine = (c for c in workspace.channels.values() if c.is_im and person.id in c.members)
            place = next(mine, None)
        else:
            place = workspace.channel(channel)
        if place is None or not place.is_visible_to(person.id):
            return {"messages": [], "has_earlier": False}
        shown = self._backend.messages.shown_to(person.id, place.id)
        end = bisect_left(shown, before, key=lambda message: message.ts) if before else len(shown)
        start = max(0, end - min(int(limit or MOST_MESSAGES), MOST_MESSAGES))
        messages = [self._backend.messages.as_slack(message) for message in shown[start:end]]
        return {"messages": messages, "has_earlier": start > 0}
