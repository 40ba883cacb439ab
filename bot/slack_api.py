"""Slack's Web API as this program uses it: every call ends in one of a few typed outcomes, never in an exception.

What matters for posting is what is known afterwards: `Refused`, `RateLimited` and `Away` mean that nothing was done;
`Unknown` means that Slack may have acted and the answer was lost. No call is retried here, and none may be made
inside a write transaction.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.slack_outcomes import (
    Absent,
    Announced,
    Answer,
    Away,
    Failure,
    Posted,
    RateLimited,
    Refused,
    Unknown,
    failure,
    header,
    lost,
    posted,
    responded,
    said,
    uploaded,
)
from domain.database import in_transaction

__all__ = [
    "EVENT_TYPE",
    "SCOPES",
    "Absent",
    "Announced",
    "Answer",
    "Away",
    "Failure",
    "Posted",
    "RateLimited",
    "Refused",
    "SlackApi",
    "Unknown",
    "said",
]

EVENT_TYPE = "valhalla_outbox"
TIMEOUT = 10.0
PAGE = 200
HISTORY_PAGES = 10
LIST_PAGES = 20
LIST_PAGE = 1_000
MARK = "outbox-"
"""Before the outbox id in the last block's id, for a server whose history gives no metadata."""
LONGEST_FILE_ALT = 1_000
_BYTES = {"Content-Type": "application/octet-stream"}
NOT_FOUND = "channel_not_found"
UNKNOWN_METHOD = "unknown_method"
SCOPES = (
    "chat:write", "im:write", "channels:read", "groups:read", "channels:join", "channels:history", "groups:history",
    "im:history",
)  # fmt: skip
"""The scopes that sending needs; the manifest asks for at least these."""
Blocks = Sequence[Mapping[str, Any]]


class SlackApi:
    """The calls the program makes; safe to share between threads."""

    def __init__(self, token: str, base_url: str, *, timeout: float = TIMEOUT) -> None:
        """Connect to nothing yet."""
        self.timeout = timeout
        self._client = WebClient(token=token, base_url=base_url, timeout=max(1, int(timeout)), retry_handlers=[])
        self._client.timeout = timeout  # type: ignore[assignment] # declared whole seconds, used as seconds
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def call(self, method: str, **arguments: Any) -> Answer | Failure:
        """Call any method with JSON-able arguments; None is left out."""
        _forbid_in_transaction()
        given = {
            name: json.dumps(value) if isinstance(value, dict | list | tuple) else value
            for name, value in arguments.items()
            if value is not None
        }
        try:
            response = self._client.api_call(method, params=given)
        except SlackApiError as error:
            return failure(error.response)
        except (URLError, HTTPException, OSError) as error:
            return lost(error)
        scopes = (header(response.headers, "x-oauth-scopes") or "").replace(" ", "")
        data = response.data if isinstance(response.data, dict) else {}
        return Answer(data, frozenset(scopes.split(",")) if scopes else frozenset())

    # -- messages -------------------------------------------------------------------------------------------

    def post(
        self,
        channel: str,
        text: str,
        blocks: Blocks | None = None,
        *,
        outbox_id: int | None = None,
        thread_ts: str | None = None,
    ) -> Posted | Failure:
        """Post a new message; with `outbox_id` in its metadata, so that it can be found again.

        Slack takes a channel's name and a person's id; a server that takes ids of conversations alone gets those.
        """
        message = {
            "text": text, "blocks": _listed(_marked(blocks, outbox_id)), "thread_ts": thread_ts,
            "metadata": _metadata(outbox_id), "unfurl_links": False, "unfurl_media": False,
        }  # fmt: skip
        answer = self.call("chat.postMessage", channel=channel, **message)
        if isinstance(answer, Refused) and answer.error == NOT_FOUND:
            place = self.conversation(channel)
            if isinstance(place, str) and place != channel:
                channel, answer = place, self.call("chat.postMessage", channel=place, **message)
        return posted(answer, channel)

    def update(
        self, channel: str, ts: str, text: str, blocks: Blocks | None = None, *, outbox_id: int | None = None
    ) -> Posted | Failure:
        """Change a message of ours to this; doing it twice does nothing more."""
        answer = self.call(
            "chat.update", channel=channel, ts=ts, text=text, blocks=list(_marked(blocks, outbox_id) or ()),
            metadata=_metadata(outbox_id),
        )  # fmt: skip
        return posted(answer, channel, ts)

    def ephemeral(self, channel: str, user: str, text: str, blocks: Blocks | None = None) -> Answer | Failure:
        """Show one person a message that is not kept."""
        return self.call("chat.postEphemeral", channel=channel, user=user, text=text, blocks=_listed(blocks))

    def respond(self, response_url: str, body: Mapping[str, Any]) -> Answer | Failure:
        """Answer an interaction through its address; at most once, so never retried."""
        _forbid_in_transaction()
        client = WebhookClient(response_url, timeout=max(1, int(self.timeout)), retry_handlers=[])
        try:
            response = client.send_dict(dict(body))
        except (URLError, HTTPException, OSError) as error:
            return lost(error)
        return responded(response)

    def find(
        self, channel: str, outbox_id: int, *, since: datetime, thread_ts: str | None = None
    ) -> Posted | Absent | Failure:
        """Look for the message with this outbox id; `channel` is an id, a user's id or a name."""
        place = self.conversation(channel)
        if not isinstance(place, str):
            return place
        method = "conversations.replies" if thread_ts else "conversations.history"
        cursor: str | None = None
        for _page in range(HISTORY_PAGES):
            answer = self.call(
                method, channel=place, ts=thread_ts, oldest=f"{since.timestamp():.6f}", inclusive=True,
                include_all_metadata=True, limit=PAGE, cursor=cursor,
            )  # fmt: skip
            if not isinstance(answer, Answer):
                return answer
            for message in answer.data.get("messages", ()):
                if _outbox_id(message) == outbox_id:
                    return Posted(place, str(message["ts"]))
            cursor = (answer.data.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return Absent()
        return Refused("too_much_history")

    # -- files ----------------------------------------------------------------------------------------------

    def announce_file(self, name: str, length: int, alt: str) -> Announced | Failure:
        """Say that a file of so many bytes comes, and get the address to send it to."""
        answer = self.call("files.getUploadURLExternal", filename=name, length=length, alt_txt=alt[:LONGEST_FILE_ALT])
        if not isinstance(answer, Answer):
            return answer
        file_id, url = str(answer.data.get("file_id") or ""), str(answer.data.get("upload_url") or "")
        return Announced(file_id, url) if file_id and url else Unknown("no address in the answer")

    def send_file(self, announced: Announced, content: bytes) -> Answer | Failure:
        """Send an announced file's bytes; nobody sees them before `complete_file`."""
        _forbid_in_transaction()
        try:
            response = httpx.post(announced.upload_url, content=content, timeout=self.timeout, headers=_BYTES)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Unknown(f"{type(error).__name__}: {error}"[:120])
        return uploaded(response.status_code, response.headers, response.text)

    def complete_file(self, file_id: str, title: str) -> Answer | Failure:
        """End an upload without sharing it in a channel: blocks may show the file from now on."""
        return self.call("files.completeUploadExternal", files=[{"id": file_id, "title": title}])

    # -- places ---------------------------------------------------------------------------------------------

    def conversation(self, channel: str) -> str | Failure:
        """Return the id of a conversation given by its id, a user's id or a channel's name."""
        name = channel.removeprefix("#")
        if _is_id(name, "CGD"):
            return name
        if (known := self._ids.get(name)) is not None:
            return known
        found = self.open_dm(name) if _is_id(name, "UW") else self._named(name)
        if isinstance(found, str):
            with self._lock:
                self._ids[name] = found
        return found

    def open_dm(self, user: str) -> str | Failure:
        """Return the id of the direct messages with a person."""
        answer = self.call("conversations.open", users=user)
        return str(answer.data["channel"]["id"]) if isinstance(answer, Answer) else answer

    def _named(self, name: str) -> str | Failure:
        """Look among the bot's own channels first: a large workspace has too many others."""
        missing = Refused(NOT_FOUND)
        for method, types in (
            ("users.conversations", "public_channel,private_channel"),
            ("conversations.list", "public_channel"),
        ):
            for page in self.pages(method, types=types, exclude_archived=True):
                if isinstance(page, Refused) and page.error == UNKNOWN_METHOD:
                    missing = page  # another server than Slack's; the next method may be one it knows
                    break
                if not isinstance(page, Answer):
                    return page
                missing = Refused(NOT_FOUND)
                for channel in page.data.get("channels", ()):
                    if channel.get("name") == name:
                        return str(channel["id"])
        return missing

    def pages(self, method: str, **arguments: Any) -> Iterator[Answer | Failure]:
        """Call a method that lists, page by page; what is no `Answer` is the last."""
        cursor: str | None = None
        for _page in range(LIST_PAGES):
            answer = self.call(method, **arguments, limit=LIST_PAGE, cursor=cursor)
            yield answer
            if not isinstance(answer, Answer):
                return
            cursor = (answer.data.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return

    def join(self, channel: str) -> Answer | Failure:
        """Put the bot into a public channel."""
        place = self.conversation(channel)
        return self.call("conversations.join", channel=place) if isinstance(place, str) else place

    # -- evidence -------------------------------------------------------------------------------------------

    def auth_test(self) -> Answer | Failure:
        """Ask whose token it is, and what it may do."""
        return self.call("auth.test")

    def trouble(self, channels: Sequence[str]) -> str | None:
        """Return what stands in the way of sending to these channels, in one line; None: nothing."""
        who = self.auth_test()
        if not isinstance(who, Answer):
            return f"auth.test: {said(who)}"
        missing = sorted(set(SCOPES) - who.scopes)
        if missing and who.scopes:
            return f"the token lacks {', '.join(missing)}"
        for channel in dict.fromkeys(channels):
            problem = self._trouble_in(channel)
            if problem is not None:
                return f"#{channel.removeprefix('#')}: {problem}"
        return None

    def _trouble_in(self, channel: str) -> str | None:
        place = self.conversation(channel)
        answer = self.call("conversations.info", channel=place) if isinstance(place, str) else place
        if isinstance(answer, Refused) and answer.error == UNKNOWN_METHOD:
            return None  # what another server than Slack's cannot say stands in nobody's way
        if not isinstance(answer, Answer):
            return said(answer)
        info = answer.data.get("channel") or {}
        if info.get("is_archived"):
            return "is_archived"
        if info.get("is_member") or not info.get("is_private"):
            return None  # a public channel is joined when the first message needs it
        return "not_in_channel"


def _forbid_in_transaction() -> None:
    if in_transaction():
        raise RuntimeError("Slack was called inside a write transaction")


def _listed(blocks: Blocks | None) -> list[Mapping[str, Any]] | None:
    return list(blocks) if blocks else None


def _is_id(name: str, initials: str) -> bool:
    return len(name) > 1 and name[0] in initials and name.isalnum() and name.upper() == name


def _marked(blocks: Blocks | None, outbox_id: int | None) -> Blocks | None:
    if not blocks or outbox_id is None:
        return blocks
    return [*blocks[:-1], {**blocks[-1], "block_id": f"{MARK}{outbox_id}"}]


def _metadata(outbox_id: int | None) -> dict[str, Any] | None:
    return None if outbox_id is None else {"event_type": EVENT_TYPE, "event_payload": {"outbox_id": outbox_id}}


def _outbox_id(message: Mapping[str, Any]) -> int | None:
    metadata = message.get("metadata") or {}
    found = (metadata.get("event_payload") or {}).get("outbox_id") if metadata.get("event_type") == EVENT_TYPE else None
    marks = [str(block.get("block_id") or "") for block in message.get("blocks") or () if isinstance(block, Mapping)]
    for text in (str(found), *(mark.removeprefix(MARK) for mark in marks if mark.startswith(MARK))):
        if text.isdigit():
            return int(text)
    return None
