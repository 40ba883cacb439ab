"""chat.*: posting, editing, deleting, ephemerals and permalinks."""

from __future__ import annotations

from bot.slack_double.backend import Backend
from bot.slack_double.content import POST_TEXT, UPDATE_TEXT, check_content
from bot.slack_double.messages import Message
from bot.slack_double.registry import JsonDict, Refusal, method
from bot.slack_double.workspace import Channel

_POST_TEXT_ARGS = "channel text thread_ts parse username icon_emoji icon_url"
_CONTENT = ("text", "blocks", "attachments", "metadata")


def _destination(backend: Backend, name: str) -> Channel:
    """Where a post goes: a channel by id or #name, or the direct messages of a user."""
    workspace = backend.workspace
    if name in workspace.users:
        return _dm(backend, name)
    plain = name.removeprefix("#")
    found = workspace.channels.get(name) or next((c for c in workspace.channels.values() if c.name == plain), None)
    if found is None or not found.is_visible_to(workspace.bot_user_id):
        raise Refusal("channel_not_found")
    if found.is_im:
        return _dm(backend, next(member for member in found.members if member != workspace.bot_user_id))
    if not backend.is_member(found) and "chat:write.public" not in backend.scopes:
        raise Refusal("not_in_channel")
    return _open(found)


def _dm(backend: Backend, user_id: str) -> Channel:
    user = backend.workspace.users[user_id]
    if user.is_bot:
        raise Refusal("cannot_dm_bot")
    if user.deleted:
        raise Refusal("user_disabled")
    if not backend.settings.manifest.has_messages_tab:
        raise Refusal("messages_tab_disabled")
    return backend.workspace.direct_messages(user_id)


def _open(channel: Channel) -> Channel:
    if channel.is_archived:
        raise Refusal("is_archived")
    return channel


def check_thread(backend: Backend, channel: Channel, thread_ts: str | None) -> None:
    """A thread hangs under a message that is there and is not itself a reply."""
    if thread_ts is None:
        return
    parent = backend.messages.find(channel.id, thread_ts)
    if parent is None:
        raise Refusal("thread_not_found")
    if parent.is_reply:
        raise Refusal("cannot_reply_to_message")


@method(
    "chat.postMessage",
    tier="post",
    scope="chat:write",
    required="channel",
    text=_POST_TEXT_ARGS,
    flags="reply_broadcast unfurl_links unfurl_media link_names mrkdwn as_user",
    documents="blocks attachments metadata",
)
def chat_post_message(backend: Backend, args: JsonDict) -> JsonDict:
    """Post a message."""
    if args.keys() & {"username", "icon_emoji", "icon_url"}:
        backend.need("chat:write.customize")
    channel = _destination(backend, args["channel"])
    check_content(backend, args)
    check_thread(backend, channel, args.get("thread_ts"))
    message = backend.messages.post(
        channel,
        backend.now(),
        backend.workspace.bot_user_id,
        thread_ts=args.get("thread_ts"),
        is_broadcast=bool(args.get("reply_broadcast") and args.get("thread_ts")),
        **{name: args[name] for name in _CONTENT if name in args},
    )
    return {"channel": channel.id, "ts": message.ts, "message": backend.messages.as_slack(message)}


def _own(backend: Backend, channel_id: str, ts: str, error: str) -> Message:
    """A message of the bot's own, by the id of its channel: names do not work here, nor do ephemerals."""
    channel = backend.conversation(channel_id)
    message = backend.messages.find(channel.id, ts)
    if message is None or message.is_tombstone:
        raise Refusal("message_not_found")
    if message.user != backend.workspace.bot_user_id:
        raise Refusal(error)
    _open(channel)
    return message


@method(
    "chat.update",
    tier="tier3",
    scope="chat:write",
    required="channel ts",
    text="channel ts text parse",
    flags="reply_broadcast link_names as_user",
    documents="blocks attachments metadata",
)
def chat_update(backend: Backend, args: JsonDict) -> JsonDict:
    """Change a message; what is left out stays as it was."""
    message = _own(backend, args["channel"], args["ts"], "cant_update_message")
    check_content(backend, args, text_limit=UPDATE_TEXT, is_edit=True)
    content = {name: args[name] for name in _CONTENT if name in args}
    backend.messages.edit(message, backend.now(), backend.workspace.bot_user_id, **content)
    shown = backend.messages.as_slack(message)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown}


@method("chat.delete", tier="tier3", scope="chat:write", required="channel ts", text="channel ts", flags="as_user")
def chat_delete(backend: Backend, args: JsonDict) -> JsonDict:
    """Delete a message."""
    message = _own(backend, args["channel"], args["ts"], "cant_delete_message")
    backend.messages.delete(message)
    return {"channel": message.channel, "ts": message.ts}


@method(
    "chat.postEphemeral",
    tier="tier4",
    scope="chat:write",
    required="channel user",
    text=_POST_TEXT_ARGS + " user",
    flags="link_names as_user",
    documents="blocks attachments",
)
def chat_post_ephemeral(backend: Backend, args: JsonDict) -> JsonDict:
    """Show one person a message in a channel he and the bot are in."""
    channel = _destination(backend, args["channel"])
    if not backend.is_member(channel):
        raise Refusal("not_in_channel")
    if args["user"] not in channel.members:
        raise Refusal("user_not_in_channel")
    check_content(backend, args, text_limit=POST_TEXT)
    check_thread(backend, channel, args.get("thread_ts"))
    message = backend.messages.post(
        channel,
        backend.now(),
        backend.workspace.bot_user_id,
        thread_ts=args.get("thread_ts"),
        viewer=args["user"],
        **{name: args[name] for name in _CONTENT if name in args},
    )
    return {"message_ts": message.ts}


@method("chat.getPermalink", tier="special", required="channel message_ts", text="channel message_ts")
def chat_get_permalink(backend: Backend, args: JsonDict) -> JsonDict:
    """The address of a message."""
    channel = backend.conversation(args["channel"])
    if backend.messages.find(channel.id, args["message_ts"]) is None:
        raise Refusal("message_not_found")
    stamp = "p" + args["message_ts"].replace(".", "")
    address = f"https://{backend.workspace.team_domain}.slack.com/archives/{channel.id}/{stamp}"
    return {"channel": channel.id, "permalink": address}
