"""The Slack app's manifest, derived from the registry and the settings."""

from typing import Any
from urllib.parse import urlsplit

from bot.surfaces.slack.grammar import ALIASES
from domain.operation import Registry
from domain.settings import Settings, SettingsError
from domain.system.operations import usage

BOT_SCOPES = (
    "commands",
    "chat:write",
    "chat:write.public",
    "channels:read",
    "channels:join",
    "groups:read",
    "im:write",
    # Whose account is deactivated, and which user groups give roles.
    "users:read",
    # Charts are uploaded and shown on cards.
    "files:write",
    "usergroups:read",
    # History is read for one thing alone: whether a message whose answer was lost did arrive (spec/5, "outbox").
    "channels:history",
    "groups:history",
    "im:history",
)
BOT_EVENTS = ("app_home_opened", "user_change")
PATH = "/slack/events"
"""Where HTTP mode takes commands, interactions and events alike."""
LONGEST_HINT = 1_000


def slash_commands(registry: Registry, prefix: str) -> list[dict[str, Any]]:
    """List every command once, with its verbs as the hint, and the aliases of those that exist."""
    hints: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for operation in registry.public():
        for slash in operation.typed():
            line = usage(operation, slash).split(" ", 1)
            hints.setdefault(slash.command, [])
            if slash.default or slash.command not in words:
                words[slash.command] = operation.summary
            if len(line) > 1:
                hints[slash.command].append(line[1])
    for alias, command in ALIASES.items():
        if command in hints:
            hints[alias], words[alias] = hints[command], words[command]
    return [
        {
            "command": f"/{prefix}{command}",
            "description": words[command],
            "usage_hint": (" | ".join(lines) or "no words needed")[:LONGEST_HINT],
            "should_escape": True,
        }
        for command, lines in sorted(hints.items())
    ]


def _request_url(http: str) -> str:
    """Return where Slack sends everything, given where it reaches the bot; raises `SettingsError`."""
    found = urlsplit(http.strip())
    if found.scheme not in {"http", "https"} or not found.hostname or found.query or found.fragment:
        raise SettingsError(f"--http {http!r} is not an address like https://bot.example.org")
    return f"{http.strip().rstrip('/').removesuffix(PATH)}{PATH}"


def manifest(registry: Registry, settings: Settings, *, http: str | None = None) -> dict[str, Any]:
    """Return the manifest to paste where a Slack app is made; `http` is where Slack reaches `valhalla bot --http`.

    Raises `SettingsError` where `http` is no address.
    """
    where = {"request_url": _request_url(http)} if http is not None else {}
    commands = slash_commands(registry, settings.command_prefix)
    if where:
        commands = [{**command, "url": where["request_url"]} for command in commands]
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Valhalla",
            "description": "Governs a wholesaling team: switches, approvals, follow-ups, audit",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "valhalla", "always_online": True},
            "slash_commands": commands,
        },
        "oauth_config": {"scopes": {"bot": list(BOT_SCOPES)}},
        "settings": {
            "event_subscriptions": {**where, "bot_events": list(BOT_EVENTS)},
            "interactivity": {"is_enabled": True, **where},
            "org_deploy_enabled": False,
            "socket_mode_enabled": http is None,
            "token_rotation_enabled": False,
        },
    }
