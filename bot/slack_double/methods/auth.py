"""auth.test and apps.connections.open."""

from __future__ import annotations

from bot.slack_double.backend import Backend
from bot.slack_double.registry import JsonDict, method


@method("auth.test", tier="special")
def auth_test(backend: Backend, _args: JsonDict) -> JsonDict:
    """Who the token belongs to."""
    workspace = backend.workspace
    return {
        "url": f"https://{workspace.team_domain}.slack.com/",
        "team": workspace.team_domain,
        "user": workspace.bot_name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", tier="tier3", caller="app")
def apps_connections_open(backend: Backend, _args: JsonDict) -> JsonDict:
    """A link for one Socket Mode connection, good once."""
    address = backend.server_url.replace("http://", "ws://")
    return {"url": f"{address}/link/?ticket={backend.tickets.new_link()}&app_id={backend.workspace.app_id}"}
