"""users.* and usergroups.*: who is who."""

from __future__ import annotations

from bot.slack_double.backend import Backend
from bot.slack_double.methods.paging import page
from bot.slack_double.registry import JsonDict, Refusal, method
from bot.slack_double.workspace import User


def _shown(backend: Backend, user: User) -> JsonDict:
    return user.as_slack(backend.workspace.team_id, with_email="users:read.email" in backend.scopes)


@method("users.info", tier="tier4", scope="users:read", required="user", text="user", flags="include_locale")
def users_info(backend: Backend, args: JsonDict) -> JsonDict:
    """One user."""
    user = backend.workspace.users.get(args["user"])
    if user is None:
        raise Refusal("user_not_found")
    return {"user": _shown(backend, user)}


@method(
    "users.list",
    tier="tier2",
    scope="users:read",
    text="cursor",
    flags="include_locale",
    numbers="limit",
)
def users_list(backend: Backend, args: JsonDict) -> JsonDict:
    """Every user, the deactivated ones too."""
    shown, cursor = page(list(backend.workspace.users.values()), args)
    return {
        "members": [_shown(backend, user) for user in shown],
        "response_metadata": {"next_cursor": cursor},
    }


def _need_user_groups(backend: Backend) -> None:
    if not backend.has_user_groups:
        raise Refusal("plan_upgrade_required")


@method(
    "usergroups.list",
    tier="tier2",
    scope="usergroups:read",
    flags="include_users include_count include_disabled",
)
def usergroups_list(backend: Backend, args: JsonDict) -> JsonDict:
    """The user groups, with their members where asked for."""
    _need_user_groups(backend)
    shown = []
    for group in backend.workspace.groups.values():
        if group.disabled and not args.get("include_disabled"):
            continue
        entry = group.as_slack(backend.workspace.team_id)
        if args.get("include_users"):
            entry["users"] = list(group.users)
        if args.get("include_count"):
            entry["user_count"] = len(group.users)
        shown.append(entry)
    return {"usergroups": shown}


@method(
    "usergroups.users.list",
    tier="tier2",
    scope="usergroups:read",
    required="usergroup",
    text="usergroup",
    flags="include_disabled",
)
def usergroups_users_list(backend: Backend, args: JsonDict) -> JsonDict:
    """The members of one user group."""
    _need_user_groups(backend)
    group = backend.workspace.groups.get(args["usergroup"])
    if group is None or (group.disabled and not args.get("include_disabled")):
        raise Refusal("no_such_subteam")
    return {"users": list(group.users)}
