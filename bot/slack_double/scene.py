"""Setting the scene: who is there, what happens outside the bot, what time it is, and what goes wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bot.slack_double.backend import Backend
from bot.slack_double.socket_mode import Reason

JsonDict = dict[str, Any]


class Scene:
    """Everything that happens to the workspace without a person acting through the bot."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._workspace = backend.workspace

    def add_user(self, name: str, **details: Any) -> JsonDict:
        """A new person: real_name, tz, email, is_primary_owner, is_restricted, deleted, id."""
        return asdict(self._workspace.add_user(name, **details))

    def add_channel(self, name: str, members: list[str] | None = None, **details: Any) -> JsonDict:
        """A new channel: is_private, is_archived, id; `bot` among the members puts the bot in."""
        details.setdefault("created", int(self._backend.now().timestamp()))
        return asdict(self._workspace.add_channel(name, members or (), **details))

    def add_group(self, handle: str, users: list[str] | None = None, **details: Any) -> JsonDict:
        """A new user group: name, disabled, id."""
        return asdict(self._workspace.add_group(handle, users or (), **details))

    def join(self, user: str, channel: str) -> None:
        """A user, or the bot, is put into a channel; the bot hears of it if it is there."""
        person, place = self._workspace.user(user), self._workspace.channel(channel)
        if self._workspace.set_membership(place, person.id, member=True):
            self._tell_membership(place.id, person.id)
            if self._backend.is_member(place):
                kind = "G" if place.is_private else "C"
                self._backend.events.emit("member_joined_channel", user=person.id, channel=place.id, channel_type=kind)

    def leave(self, user: str, channel: str) -> None:
        """A user, or the bot, is taken out of a channel."""
        person, place = self._workspace.user(user), self._workspace.channel(channel)
        if self._workspace.set_membership(place, person.id, member=False):
            self._tell_membership(place.id, person.id)

    def _tell_membership(self, channel: str, user: str) -> None:
        shown = self._workspace.channels[channel].as_slack(user)
        self._backend.feed.publish("membership", None, lambda: {"channel": shown, "user": user})

    def archive(self, channel: str, *, is_archived: bool = True) -> None:
        """Archive a channel, or bring it back."""
        place = self._workspace.channel(channel)
        place.is_archived = is_archived
        self._workspace.touch("channel", place.id)

    def deactivate(self, user: str, *, deleted: bool = True) -> None:
        """Deactivate a user, or bring him back; an app that subscribed hears of it."""
        person = self._workspace.user(user)
        person.deleted = deleted
        self._workspace.touch("user", person.id)
        shown = person.as_slack(self._workspace.team_id, with_email=False)
        self._backend.events.emit("user_change", user=shown)

    def set_group_users(self, group: str, users: list[str]) -> None:
        """Change who is in a user group; the bot hears of it."""
        found = self._workspace.group(group)
        new = [self._workspace.user(user).id for user in users]
        added = [user for user in new if user not in found.users]
        removed = [user for user in found.users if user not in new]
        found.users = new
        self._workspace.touch("group", found.id)
        now = int(self._backend.now().timestamp())
        self._backend.events.emit(
            "subteam_members_changed",
            subteam_id=found.id,
            team_id=self._workspace.team_id,
            date_previous_update=now,
            date_update=now,
            added_users=added,
            added_users_count=len(added),
            removed_users=removed,
            removed_users_count=len(removed),
        )

    def emit(self, event_type: str, fields: JsonDict | None = None) -> str | None:
        """Send any event the app has subscribed to; its envelope's id, or None if it has not."""
        envelope = self._backend.events.emit(event_type, **(fields or {}))
        return envelope.id if envelope else None

    def advance(self, seconds: float) -> str:
        """Move the double's time on; the new time."""
        self._backend.advance(seconds)
        return self._backend.now().isoformat()

    def grant_scopes(self, scopes: list[str]) -> None:
        """Grant the bot token further scopes."""
        self._backend.scopes.update(scopes)

    def revoke_scopes(self, scopes: list[str]) -> None:
        """Take scopes from the bot token."""
        self._backend.scopes.difference_update(scopes)

    def kill_token(self, error: str = "token_revoked") -> None:
        """Refuse every call from now on: token_revoked, account_inactive, token_expired, invalid_auth."""
        self._backend.dead_token_error = error

    def restore_token(self) -> None:
        """The tokens are good again."""
        self._backend.dead_token_error = None

    def set_user_groups(self, *, available: bool) -> None:
        """Whether the workspace's plan has user groups."""
        self._backend.has_user_groups = available

    def add_fault(self, kind: Any, method: str = "*", **details: Any) -> JsonDict:
        """Put a fault in force; `away` also cuts the open connections."""
        return asdict(self._backend.faults.add(kind, method, **details))

    def clear_faults(self, kind: Any = None) -> None:
        """Lift every fault, or every one of a kind."""
        self._backend.faults.clear(kind)

    def set_rate(self, method: str, per_minute: float, burst: int) -> None:
        """Give one method another rate."""
        self._backend.limits.set(method, per_minute, burst)

    def switch_rates(self, *, enabled: bool) -> None:
        """Switch the rate limits on or off."""
        self._backend.limits.enabled = enabled

    def disconnect(
        self, reason: Reason = "warning", connection: int | None = None, *, close_after: float = 0.0
    ) -> None:
        """Tell a Socket Mode connection, or all, to go."""
        self._backend.socket_mode.disconnect(reason, connection, close_after=close_after)

    def sever(self, connection: int | None = None) -> None:
        """Cut a Socket Mode connection, or all, without a word."""
        self._backend.socket_mode.sever(connection)
