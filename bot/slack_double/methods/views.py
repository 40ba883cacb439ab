"""views.*: modals and the Home tab."""

from __future__ import annotations

from bot.slack_double.backend import Backend
from bot.slack_double.content import check_files
from bot.slack_double.registry import JsonDict, Refusal, method


@method("views.open", tier="tier4", required="view trigger_id", text="trigger_id", documents="view")
def views_open(backend: Backend, args: JsonDict) -> JsonDict:
    """Open a modal for whoever's interaction gave the trigger."""
    check_files(backend, args["view"], "invalid_arguments")
    backend.views.check(args["view"], "modal")
    return {"view": backend.views.open(backend.tickets.use_trigger(args["trigger_id"]), args["view"])}


@method("views.push", tier="tier4", required="view trigger_id", text="trigger_id", documents="view")
def views_push(backend: Backend, args: JsonDict) -> JsonDict:
    """Push a modal onto those that are open."""
    check_files(backend, args["view"], "invalid_arguments")
    backend.views.check(args["view"], "modal")
    return {"view": backend.views.push(backend.tickets.use_trigger(args["trigger_id"]), args["view"])}


@method("views.update", tier="tier4", required="view", text="view_id external_id hash", documents="view")
def views_update(backend: Backend, args: JsonDict) -> JsonDict:
    """Change an open modal."""
    if not args.get("view_id") and not args.get("external_id"):
        raise Refusal("invalid_arguments", "[ERROR] missing required field: view_id or external_id")
    check_files(backend, args["view"], "invalid_arguments")
    return {"view": backend.views.update(args["view"], args.get("view_id"), args.get("external_id"), args.get("hash"))}


@method("views.publish", tier="tier4", required="view user_id", text="user_id hash", documents="view")
def views_publish(backend: Backend, args: JsonDict) -> JsonDict:
    """Set a user's Home tab."""
    if not backend.settings.manifest.has_home_tab:
        raise Refusal("not_enabled")
    user = backend.workspace.users.get(args["user_id"])
    if user is None or user.is_bot or user.deleted:
        raise Refusal("user_not_found")
    check_files(backend, args["view"], "invalid_arguments")
    return {"view": backend.views.publish(user.id, args["view"], args.get("hash"))}
