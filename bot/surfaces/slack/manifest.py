"""The Slack app's manifest, derived from the registry and the settings."""

from typing import Any

from bot.surfaces.slack.grammar import ALIASES
from domain.operation import Registry
from domain.settings import Settings
from domain.system.operations import usage

BOT_SCOPES = (
    "commands",
    "chat:write",
    "chat:write.public",
    "channels:read",
    "channels:join",
    "groups:read",
    "im:write",
    "users:read",
    # History is read for one thing alone: whether a message whose answer was lost did arrive (spec/5, "outbox").
    "channels:history",
    "groups:history",
    "im:history",
)
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


def manifest(registry: Registry, settings: Settings) -> dict[str, Any]:
    """Return the manifest to paste where a Slack app is made."""
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Valhalla",
            "description": "Governs a wholesaling team: switches, approvals, follow-ups, audit",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "valhalla", "always_online": True},
            "slash_commands": slash_commands(registry, settings.command_prefix),
        },
        "oauth_config": {"scopes": {"bot": list(BOT_SCOPES)}},
        "settings": {
            "interactivity": {"is_enabled": True},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }
