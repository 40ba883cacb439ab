"""conversations.* and users.conversations: which conversations there are and who is in them."""

from __future__ import annotations

from bot.slack_double.backend import Backend
from bot.slack_double.methods.paging import page
from bot.slack_double.registry import JsonDict, Refusal, method
from bot.slack_double.workspace import Channel

_TYPES = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def _readable(backend: Backend, channel_id: str) -> Channel:
    channel = backend.conversation(channel_id)
    backend.need(f"{channel.scope}:read")
    return channel


def _wanted(backend: Backend, args: JsonDict) -> list[Channel]:
    types = (args.get("types") or "public_channel").replace(" ", "").split(",")
    if not set(types) <= set(_TYPES):
        raise Refusal("invalid_types")
    for kind in types:
        backend.need(f"{_TYPES[kind]}:read")
    visible = (c for c in backend.workspace.channels.values() if c.is_visible_to(backend.workspace.bot_user_id))
    wanted = (channel for channel in visible if channel.kind in types)
    return [channel for channel in wanted if not (args.get("exclude_archived") and channel.is_archived)]


def _listed(backend: Backend, channels: list[Channel], args: JsonDict) -> JsonDict:
    shown, cursor = page(channels, args)
    return {
        "channels": [channel.as_slack(backend.workspace.bot_user_id) for channel in shown],
        "response_metadata": {"next_cursor": cursor},
    }


@method(
    "conversations.list",
    tier="tier2",
    text="types cursor",
    flags="exclude_archived",
    numbers="limit",
)
def conversations_list(backend: Backend, args: JsonDict) -> JsonDict:
    """The conversations the bot can see."""
    return _listed(backend, _wanted(backend, args), args)


@method(
    "users.conversations",
    tier="tier3",
    text="user types cursor",
    flags="exclude_archived",
    numbers="limit",
)
def users_conversations(backend: Backend, args: JsonDict) -> JsonDict:
    """The conversations a user is in: the bot, unless another is named."""
    user = args.get("user") or backend.workspace.bot_user_id
    if user not in backend.workspace.users:
        raise Refusal("user_not_found")
    return _listed(backend, [channel for channel in _wanted(backend, args) if user in channel.members], args)


@method(
    "conversations.info",
    tier="tier3",
    required="channel",
    text="channel",
    flags="include_num_members include_locale",
)
def conversations_info(backend: Backend, args: JsonDict) -> JsonDict:
    """One conversation."""
    channel = _readable(backend, args["channel"])
    shown = channel.as_slack(backend.workspace.bot_user_id)
    if args.get("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


@method("conversations.members", tier="tier4", required="channel", text="channel cursor", numbers="limit")
def conversations_members(backend: Backend, args: JsonDict) -> JsonDict:
    """Who is in a conversation."""
    shown, cursor = page(_readable(backend, args["channel"]).members, args)
    return {"members": list(shown), "response_metadata": {"next_cursor": cursor}}


@method("conversations.join", tier="tier3", scope="channels:join", required="channel", text="channel")
def conversations_join(backend: Backend, args: JsonDict) -> JsonDict:
    """Put the bot into a public channel."""
    channel = backend.conversation(args["channel"])
    if channel.kind != "public_channel":
        raise Refusal("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refusal("is_archived")
    bot = backend.workspace.bot_user_id
    joined = backend.workspace.set_membership(channel, bot, member=True)
    if joined:
        backend.feed.publish("membership", None, lambda: {"channel": channel.as_slack(bot), "user": bot})
    answer: JsonDict = {"channel": channel.as_slack(bot)}
    return answer if joined else answer | {"warning": "already_in_channel"}


@method(
    "conversations.open",
    tier="tier3",
    scope="im:write",
    text="users channel",
    flags="return_im prevent_creation",
)
def conversations_open(backend: Backend, args: JsonDict) -> JsonDict:
    """Open the direct messages of one user."""
    workspace = backend.workspace
    if args.get("channel"):
        channel = backend.conversation(args["channel"])
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = [name for name in (args.get("users") or "").split(",") if name]
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("not_supported", "[ERROR] the double has no group direct messages [json-pointer:/users]")
    user = workspace.users.get(users[0])
    if user is None:
        raise Refusal("user_not_found")
    if user.deleted or user.is_bot:
        raise Refusal("user_disabled" if user.deleted else "cannot_dm_bot")
    before = len(workspace.channels)
    channel = workspace.direct_messages(user.id)
    is_old = len(workspace.channels) == before
    shown = channel.as_slack(workspace.bot_user_id) if args.get("return_im") else {"id": channel.id}
    return {"channel": shown, "no_op": is_old, "already_open": is_old}
