"""Open modals, their stacks and hashes, and every person's Home tab."""

from __future__ import annotations

import random
from typing import Any

from bot.slack_double.blocks import elements, view_error, with_ids
from bot.slack_double.feed import Feed
from bot.slack_double.registry import Refusal
from bot.slack_double.workspace import Workspace, new_id

JsonDict = dict[str, Any]
Values = dict[str, dict[str, JsonDict]]
STACK = 3


class Views:
    """Every open view; each change gives a view a new hash."""

    def __init__(self, workspace: Workspace, feed: Feed) -> None:
        self._workspace = workspace
        self._feed = feed
        self._views: dict[str, JsonDict] = {}
        self._owners: dict[str, str] = {}
        self._stacks: dict[str, list[str]] = {}
        self.homes: dict[str, JsonDict] = {}

    def stack(self, user: str) -> list[JsonDict]:
        """The modals a person has open, the top one last."""
        return [self._views[name] for name in self._stacks.get(user, ())]

    def owner(self, view_id: str) -> str:
        """Whose view it is; one that was closed is not found."""
        if view_id not in self._owners:
            raise Refusal("not_found")
        return self._owners[view_id]

    def get(self, view_id: str) -> JsonDict:
        """An open view."""
        self.owner(view_id)
        return self._views[view_id]

    def open(self, user: str, view: JsonDict) -> JsonDict:
        """Show a first modal, in place of any other."""
        self.check(view, "modal")
        for name in self._stacks.pop(user, []):
            self._forget(name)
        return self._show(user, view)

    def push(self, user: str, view: JsonDict) -> JsonDict:
        """Show a modal on top of those a person has open."""
        self.check(view, "modal")
        stack = self._stacks.get(user)
        if not stack:
            raise Refusal("not_found")
        if len(stack) >= STACK:
            raise Refusal("push_limit_reached")
        return self._show(user, view)

    def update(self, view: JsonDict, view_id: str | None, external_id: str | None, view_hash: str | None) -> JsonDict:
        """Change an open view, unless it changed meanwhile."""
        found = view_id or next((v["id"] for v in self._views.values() if v["external_id"] == external_id), "")
        old = self.get(found)
        if view_hash is not None and view_hash != old["hash"]:
            raise Refusal("hash_conflict")
        self.check(view, old["type"], replaces=old)
        new = self._views[found] = {**self._stored(view, old["id"]), **self._place(old)}
        new["state"]["values"] |= _kept(old, new)
        if new["type"] == "home":
            return self._keep_home(self.owner(found), new)
        self._tell("view_updated", found)
        return new

    def publish(self, user: str, view: JsonDict, view_hash: str | None) -> JsonDict:
        """Set a person's Home tab."""
        old = self.homes.get(user)
        self.check(view, "home", replaces=old)
        if view_hash is not None and (old is None or view_hash != old["hash"]):
            raise Refusal("hash_conflict")
        return self._keep_home(user, self._stored(view, old["id"] if old else new_id("V")))

    def _keep_home(self, user: str, view: JsonDict) -> JsonDict:
        self.restore_home(user, view)
        self._workspace.touch("home", user)
        self._tell("home", view["id"])
        return view

    def restore_home(self, user: str, view: JsonDict) -> None:
        """Take back a Home tab that was stored."""
        self.homes[user] = self._views[view["id"]] = view
        self._owners[view["id"]] = user

    def close(self, user: str, *, everything: bool = False) -> list[JsonDict]:
        """Close the top modal, or all of them; those closed come back, the top one first."""
        stack = self._stacks.get(user, [])
        names = stack[::-1] if everything else stack[-1:]
        closed = [self._views[name] for name in names]
        for name in names:
            self._tell("view_closed", name)
            stack.remove(name)
            self._forget(name)
        return closed

    def check(self, view: Any, wanted: str, replaces: JsonDict | None = None) -> None:
        """Refuse a view that Slack would refuse in this place."""
        if problem := view_error(view):
            raise Refusal(problem[0], *problem[1])
        if view["type"] != wanted:
            raise Refusal("invalid_arguments", f"[ERROR] must be a {wanted} view [json-pointer:/view/type]")
        external_id = view.get("external_id")
        others = (other for other in self._views.values() if replaces is None or other["id"] != replaces["id"])
        if external_id and any(other["external_id"] == external_id for other in others):
            raise Refusal("duplicate_external_id")

    def _show(self, user: str, view: JsonDict) -> JsonDict:
        stack = self._stacks.setdefault(user, [])
        shown = self._stored(view, new_id("V"))
        shown["root_view_id"] = stack[0] if stack else shown["id"]
        shown["previous_view_id"] = stack[-1] if stack else None
        self._views[shown["id"]], self._owners[shown["id"]] = shown, user
        stack.append(shown["id"])
        self._tell("view_opened", shown["id"])
        return shown

    def _stored(self, view: JsonDict, view_id: str) -> JsonDict:
        workspace = self._workspace
        return {
            "id": view_id,
            "team_id": workspace.team_id,
            "app_id": workspace.app_id,
            "app_installed_team_id": workspace.team_id,
            "bot_id": workspace.bot_id,
            "root_view_id": view_id,
            "previous_view_id": None,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "submit": None,
            "close": None,
            **view,
            "blocks": with_ids(view["blocks"]),
            "state": {"values": {}},
            "hash": f"{random.randrange(10**10):010d}.{random.getrandbits(32):08x}",
        }

    @staticmethod
    def _place(old: JsonDict) -> JsonDict:
        return {name: old[name] for name in ("root_view_id", "previous_view_id")}

    def _forget(self, view_id: str) -> None:
        del self._views[view_id], self._owners[view_id]

    def _tell(self, event: str, view_id: str) -> None:
        view = self._views[view_id]
        self._feed.publish(event, [self._owners[view_id]], lambda: {"view": view})


def _kept(old: JsonDict, new: JsonDict) -> Values:
    """What a person had typed stays where block and action keep their ids."""
    values: Values = old["state"]["values"]
    kept: Values = {}
    for block, element in elements(new["blocks"]):
        value = values.get(block["block_id"], {}).get(element["action_id"])
        if value is not None and value["type"] == element["type"]:
            kept.setdefault(block["block_id"], {})[element["action_id"]] = value
    return kept
