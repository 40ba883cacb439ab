"""The messages of every conversation: posts, edits, threads, and what only one person sees."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.slack_double.blocks import with_ids
from bot.slack_double.feed import Feed
from bot.slack_double.workspace import Channel, Workspace

JsonDict = dict[str, Any]
EPHEMERALS_KEPT = 1_000


@dataclass(slots=True)
class Message:
    """One message; `viewer` is set on an ephemeral, which nobody else sees."""

    channel: str
    ts: str
    user: str
    text: str = ""
    is_bot: bool = True
    blocks: list[JsonDict] = field(default_factory=list)
    attachments: list[JsonDict] = field(default_factory=list)
    files: list[JsonDict] = field(default_factory=list)
    metadata: JsonDict | None = None
    thread_ts: str | None = None
    is_broadcast: bool = False
    edited: JsonDict | None = None
    viewer: str | None = None
    is_tombstone: bool = False

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread under another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(slots=True)
class Conversation:
    """The messages of one conversation, by ts, with an index of its threads."""

    messages: dict[str, Message] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=dict)
    ephemerals: dict[str, Message] = field(default_factory=dict)
    last_ts: str = ""

    def add(self, message: Message) -> None:
        """Take a message in, at the place its ts gives it."""
        self.last_ts = max(self.last_ts, message.ts)
        if message.viewer is not None:
            self.ephemerals[message.ts] = message
            if len(self.ephemerals) > EPHEMERALS_KEPT:
                del self.ephemerals[next(iter(self.ephemerals))]
            return
        self.messages[message.ts] = message
        insort(self.order, message.ts)
        if message.is_reply and message.thread_ts:
            insort(self.replies.setdefault(message.thread_ts, []), message.ts)

    def remove(self, message: Message) -> None:
        """Forget a message."""
        if message.viewer is not None:
            self.ephemerals.pop(message.ts, None)
            return
        del self.messages[message.ts]
        self.order.remove(message.ts)
        if message.is_reply and message.thread_ts:
            self.replies[message.thread_ts].remove(message.ts)

    def between(self, oldest: str | None, latest: str | None, *, inclusive: bool) -> list[Message]:
        """Top-level messages between two stamps, oldest first."""
        low = (bisect_left if inclusive else bisect_right)(self.order, oldest) if oldest else 0
        high = (bisect_right if inclusive else bisect_left)(self.order, latest) if latest else len(self.order)
        found = (self.messages[ts] for ts in self.order[low:high])
        return [message for message in found if not message.is_reply or message.is_broadcast]


class Messages:
    """All messages of the workspace, told to the feed as they change."""

    def __init__(self, workspace: Workspace, feed: Feed) -> None:
        self._workspace = workspace
        self._feed = feed
        self._conversations: dict[str, Conversation] = {}

    def conversation(self, channel: str) -> Conversation:
        """The messages of one conversation."""
        return self._conversations.setdefault(channel, Conversation())

    def all(self) -> list[Message]:
        """Every lasting message, for storage."""
        return [message for held in self._conversations.values() for message in held.messages.values()]

    def find(self, channel: str, ts: str) -> Message | None:
        """A lasting message by its stamp."""
        return self.conversation(channel).messages.get(ts)

    def seen_by(self, viewer: str, channel: str, ts: str) -> Message | None:
        """A message by its stamp as this person sees it, ephemerals to him included."""
        held = self.conversation(channel)
        ephemeral = held.ephemerals.get(ts)
        return ephemeral if ephemeral and ephemeral.viewer == viewer else held.messages.get(ts)

    def post(self, channel: Channel, at: datetime, user: str, **content: Any) -> Message:
        """A new message, or a new ephemeral where `viewer` is given."""
        held = self.conversation(channel.id)
        content["blocks"] = with_ids(content.get("blocks") or [])
        message = Message(channel.id, next_ts(at, held.last_ts), user, **content)
        held.add(message)
        self._changed(message, "ephemeral" if message.viewer else "message")
        return message

    def edit(self, message: Message, at: datetime, editor: str, **content: Any) -> None:
        """Change a message's content and stamp it as edited."""
        if "blocks" in content:
            content["blocks"] = with_ids(content["blocks"] or [])
        for name, value in content.items():
            setattr(message, name, value)
        message.edited = {"user": editor, "ts": next_ts(at, "")}
        self._changed(message, "message_changed")

    def delete(self, message: Message) -> None:
        """Remove a message; one with replies leaves a tombstone for its thread."""
        held = self.conversation(message.channel)
        if held.replies.get(message.ts):
            message.text, message.blocks, message.attachments = "This message was deleted.", [], []
            message.metadata, message.files, message.is_tombstone = None, [], True
        else:
            held.remove(message)
        self._changed(message, "message_deleted")

    def _changed(self, message: Message, event: str) -> None:
        if message.viewer is None:
            self._workspace.touch("message", f"{message.channel}/{message.ts}")
        channel = self._workspace.channels[message.channel]
        audience = [message.viewer] if message.viewer else None if channel.kind == "public_channel" else channel.members
        self._feed.publish(event, audience, lambda: {"channel": channel.id, "message": self.as_slack(message)})

    def as_slack(self, message: Message, *, with_metadata: bool = True) -> JsonDict:
        """The message as the Web API shows it."""
        shown: JsonDict = {
            "type": "message",
            "ts": message.ts,
            "user": message.user,
            "text": message.text,
            "team": self._workspace.team_id,
        }
        if message.is_bot:
            shown |= {"bot_id": self._workspace.bot_id, "app_id": self._workspace.app_id}
        for name in ("blocks", "attachments", "files", "edited", "thread_ts"):
            if value := getattr(message, name):
                shown[name] = value
        if message.is_tombstone:
            shown["subtype"] = "tombstone"
        elif message.is_broadcast:
            shown["subtype"] = "thread_broadcast"
        if message.metadata and with_metadata:
            shown["metadata"] = message.metadata
        if message.viewer:
            shown |= {"is_ephemeral": True}
        return shown | self._thread_figures(message)

    def _thread_figures(self, message: Message) -> JsonDict:
        held = self.conversation(message.channel)
        replies = held.replies.get(message.ts)
        if not replies or message.viewer:
            return {}
        writers = list(dict.fromkeys(held.messages[ts].user for ts in replies))
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": writers,
            "reply_users_count": len(writers),
            "latest_reply": replies[-1],
        }

    def shown_to(self, viewer: str, channel: str) -> list[Message]:
        """What this person sees in a conversation, oldest first, ephemerals to him included."""
        held = self.conversation(channel)
        mine = [message for message in held.ephemerals.values() if message.viewer == viewer and not message.is_reply]
        return sorted([*held.between(None, None, inclusive=True), *mine], key=lambda message: message.ts)

    def thread(self, channel: str, ts: str, viewer: str | None = None) -> list[Message]:
        """A message and its replies, oldest first, with the ephemerals `viewer` sees there."""
        held = self.conversation(channel)
        found = [held.messages[at] for at in (ts, *held.replies.get(ts, ())) if at in held.messages]
        if viewer is not None:
            found += [m for m in held.ephemerals.values() if m.viewer == viewer and m.thread_ts == ts]
        return sorted(found, key=lambda message: message.ts)


def next_ts(at: datetime, after: str) -> str:
    """A message stamp for this moment, later than the one before it."""
    micros = round(at.timestamp() * 1_000_000)
    if after:
        seconds, fraction = after.split(".")
        micros = max(micros, int(seconds) * 1_000_000 + int(fraction) + 100)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
