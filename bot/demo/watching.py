"""What has arrived in the workspace since the last look: new messages, edits and replies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.demo.workspace import Workspace

JsonDict = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that is new, or reads otherwise than before."""

    channel: JsonDict
    message: JsonDict
    is_edit: bool = False
    is_reply: bool = False

    @property
    def person(self) -> str | None:
        """Whose direct message it is, None in a channel."""
        return str(self.channel["user"]) if self.channel.get("is_im") else None

    def is_for(self, viewer: str) -> bool:
        """Whether it is shown to this person alone."""
        return self.person == viewer or bool(self.message.get("is_ephemeral"))


class Watcher:
    """Remembers what was seen; to be called by one thread at a time."""

    def __init__(self, workspace: Workspace) -> None:
        """Begin knowing nothing: the first look finds everything."""
        self._workspace = workspace
        self._seen: dict[tuple[str, str], str] = {}
        self._replies: dict[tuple[str, str], int] = {}
        self._last: tuple[int, str] | None = None
        self._bots: frozenset[str] = frozenset()

    def look(self, viewer: str) -> list[Arrival]:
        """Return what this person's screen would show that was not seen before; nothing changed costs one request."""
        changes = int(self._workspace.read("status")["changes"])
        if (changes, viewer) == self._last:
            return []
        if not self._bots:
            self._bots = frozenset(user["id"] for user in self._workspace.read("users") if user["is_bot"])
        found = [
            arrival
            for channel in self._workspace.read("channels")
            for arrival in self._in_channel(self._with_person(channel), viewer)
        ]
        self._last = (changes, viewer)
        return sorted(found, key=lambda arrival: _moment(arrival.message))

    def _in_channel(self, channel: JsonDict, viewer: str) -> Iterator[Arrival]:
        # Direct messages of everybody are read as nobody: an ephemeral there is its owner's alone, and rare.
        asked = {"channel": channel["id"]} if channel.get("user") != viewer and channel.get("is_im") else {
            "channel": channel["id"], "viewer": viewer
        }  # fmt: skip
        for message in self._workspace.read("messages", **asked):
            yield from self._arrived(channel, message, is_reply=False)
            place, count = (channel["id"], message["ts"]), int(message.get("reply_count", 0))
            if count != self._replies.get(place, 0):
                self._replies[place] = count
                for reply in self._workspace.read("thread", ts=message["ts"], **asked)[1:]:
                    yield from self._arrived(channel, reply, is_reply=True)

    def _arrived(self, channel: JsonDict, message: JsonDict, *, is_reply: bool) -> Iterator[Arrival]:
        place = (channel["id"], message["ts"])
        version = str(message.get("edited", {}).get("ts", ""))
        known = self._seen.get(place)
        if known == version:
            return
        self._seen[place] = version
        yield Arrival(channel, message, is_edit=known is not None, is_reply=is_reply)

    def _with_person(self, channel: JsonDict) -> JsonDict:
        """Name the person of a direct conversation, whoever reads it (the bot is a member of every one)."""
        if not channel.get("is_im"):
            return channel
        person = next((member for member in channel["members"] if member not in self._bots), "")
        return {**channel, "user": person}


def _moment(message: JsonDict) -> float:
    return float(message.get("edited", {}).get("ts") or message["ts"])
