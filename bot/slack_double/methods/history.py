"""conversations.history and conversations.replies."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack_double.backend import Backend
from bot.slack_double.messages import Message
from bot.slack_double.methods.paging import page
from bot.slack_double.registry import JsonDict, Refusal, method
from bot.slack_double.workspace import Channel

_TEXT = "channel cursor latest oldest"
_FLAGS = "inclusive include_all_metadata"


def _readable(backend: Backend, channel_id: str) -> Channel:
    channel = backend.conversation(channel_id)
    backend.need(f"{channel.scope}:history")
    if not backend.is_member(channel):
        raise Refusal("not_in_channel")
    return channel


def _shown(backend: Backend, messages: Sequence[Message], args: JsonDict, cursor: str) -> JsonDict:
    """A page of messages; metadata comes only when it was asked for."""
    with_metadata = bool(args.get("include_all_metadata"))
    return {
        "messages": [backend.messages.as_slack(message, with_metadata=with_metadata) for message in messages],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


@method("conversations.history", tier="tier3", required="channel", text=_TEXT, flags=_FLAGS, numbers="limit")
def conversations_history(backend: Backend, args: JsonDict) -> JsonDict:
    """A page of messages, newest first.

    Pages begin at `latest`, but at `oldest` where that alone is given, as Slack documents it.
    """
    channel = _readable(backend, args["channel"])
    oldest, latest = args.get("oldest"), args.get("latest")
    held = backend.messages.conversation(channel.id)
    found = held.between(oldest, latest, inclusive=bool(args.get("inclusive")))
    forward = oldest not in (None, "0") and latest is None
    shown, cursor = page(found if forward else found[::-1], args)
    answer = _shown(backend, shown[::-1] if forward else shown, args, cursor)
    return answer | {"pin_count": 0}


@method(
    "conversations.replies",
    tier="tier3",
    required="channel ts",
    text=_TEXT + " ts",
    flags=_FLAGS,
    numbers="limit",
)
def conversations_replies(backend: Backend, args: JsonDict) -> JsonDict:
    """A thread: its first message, then a page of replies, oldest first."""
    channel = _readable(backend, args["channel"])
    parent = backend.messages.find(channel.id, args["ts"])
    if parent is None:
        raise Refusal("thread_not_found")
    thread = backend.messages.thread(channel.id, parent.thread_ts or parent.ts)
    oldest, latest, inclusive = args.get("oldest"), args.get("latest"), bool(args.get("inclusive"))
    replies = [m for m in thread[1:] if _is_between(m.ts, oldest, latest, inclusive=inclusive)]
    shown, cursor = page(replies, args, default=1_000)
    return _shown(backend, [*thread[:1], *shown], args, cursor)


def _is_between(ts: str, oldest: str | None, latest: str | None, *, inclusive: bool) -> bool:
    if inclusive:
        return (oldest is None or ts >= oldest) and (latest is None or ts <= latest)
    return (oldest is None or ts > oldest) and (latest is None or ts < latest)
