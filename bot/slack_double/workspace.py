"""Who and what is in the workspace: users, channels, direct messages and user groups."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

JsonDict = dict[str, Any]
Touch = Callable[[str, str], None]


class NotInWorkspace(ValueError):
    """A name or id that is nobody's and nothing's here."""


@dataclass(slots=True)
class User:
    """A person, or a bot."""

    id: str
    name: str
    real_name: str
    tz: str = "America/Toronto"
    deleted: bool = False
    is_restricted: bool = False
    is_bot: bool = False
    is_primary_owner: bool = False
    email: str | None = None

    def as_slack(self, team_id: str, *, with_email: bool) -> JsonDict:
        """The user as users.info shows it."""
        profile: JsonDict = {"real_name": self.real_name, "display_name": self.name}
        if with_email and self.email:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": team_id,
            "name": self.name,
            "real_name": self.real_name,
            "tz": self.tz,
            "deleted": self.deleted,
            "is_primary_owner": self.is_primary_owner,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": False,
            "is_stranger": False,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "profile": profile,
        }


@dataclass(slots=True)
class Channel:
    """A public or private channel, or one person's direct messages with the bot."""

    id: str
    name: str
    is_private: bool = False
    is_archived: bool = False
    is_im: bool = False
    members: list[str] = field(default_factory=list)
    created: int = 0

    @property
    def kind(self) -> str:
        """The conversation type, as `types` arguments name it."""
        return "im" if self.is_im else "private_channel" if self.is_private else "public_channel"

    @property
    def scope(self) -> str:
        """The family of scopes that covers this conversation."""
        return {"im": "im", "private_channel": "groups", "public_channel": "channels"}[self.kind]

    def is_visible_to(self, user: str) -> bool:
        """Whether this user can see the conversation at all."""
        return self.kind == "public_channel" or user in self.members

    def as_slack(self, viewer: str) -> JsonDict:
        """The conversation as conversations.info shows it to `viewer`."""
        shown: JsonDict = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.is_archived,
            "is_im": self.is_im,
            "is_private": self.is_private or self.is_im,
        }
        if self.is_im:
            return shown | {"user": next((member for member in self.members if member != viewer), viewer)}
        return shown | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_mpim": False,
            "is_general": False,
            "is_member": viewer in self.members,
        }


@dataclass(slots=True)
class UserGroup:
    """A user group, mentioned by its handle."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)
    disabled: bool = False

    def as_slack(self, team_id: str) -> JsonDict:
        """The group as usergroups.list shows it, members left out."""
        return {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "handle": self.handle,
            "name": self.name,
            "date_delete": int(self.disabled),
        }


def new_id(prefix: str) -> str:
    """A fresh id in Slack's style."""
    return f"{prefix}{random.getrandbits(40):010X}"


@dataclass(slots=True)
class Workspace:
    """The team, its bot, and everybody and everything in it."""

    touch: Touch
    bot_name: str = "valhalla"
    team_id: str = "T0DOUBLE01"
    team_domain: str = "double"
    app_id: str = "A0DOUBLE01"
    bot_id: str = "B0DOUBLE01"
    bot_user_id: str = "U0DOUBLE01"
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    groups: dict[str, UserGroup] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.users[self.bot_user_id] = User(self.bot_user_id, self.bot_name, self.bot_name, is_bot=True)

    def add_user(self, name: str, **details: Any) -> User:
        """A new person."""
        user = User(
            details.pop("id", None) or new_id("U"),
            name,
            details.pop("real_name", None) or name.title(),
            **details,
        )
        self.users[user.id] = user
        self.touch("user", user.id)
        return user

    def add_channel(self, name: str, members: Iterable[str] = (), **details: Any) -> Channel:
        """A new channel with these members, given by name or id."""
        name = name.removeprefix("#")
        if any(channel.name == name for channel in self.channels.values()):
            raise ValueError(f"there is a channel #{name} already")
        ids = [self.user(member).id for member in members]
        channel = Channel(details.pop("id", None) or new_id("C"), name, members=ids, **details)
        self.channels[channel.id] = channel
        self.touch("channel", channel.id)
        return channel

    def add_group(self, handle: str, users: Iterable[str] = (), **details: Any) -> UserGroup:
        """A new user group."""
        ids = [self.user(member).id for member in users]
        group = UserGroup(
            details.pop("id", None) or new_id("S"),
            handle,
            details.pop("name", None) or handle,
            ids,
            **details,
        )
        self.groups[group.id] = group
        self.touch("group", group.id)
        return group

    def user(self, reference: str) -> User:
        """The user with this id, name or @name; `bot` is the bot itself."""
        if reference == "bot":
            return self.users[self.bot_user_id]
        found = self.users.get(reference) or self._named(self.users, reference.removeprefix("@"), "name")
        if not isinstance(found, User):
            raise NotInWorkspace(f"no user {reference}")
        return found

    def channel(self, reference: str) -> Channel:
        """The conversation with this id, name or #name."""
        found = self.channels.get(reference) or self._named(self.channels, reference.removeprefix("#"), "name")
        if not isinstance(found, Channel):
            raise NotInWorkspace(f"no channel {reference}")
        return found

    def group(self, reference: str) -> UserGroup:
        """The user group with this id or handle."""
        found = self.groups.get(reference) or self._named(self.groups, reference.removeprefix("@"), "handle")
        if not isinstance(found, UserGroup):
            raise NotInWorkspace(f"no user group {reference}")
        return found

    @staticmethod
    def _named(things: dict[str, Any], name: str, attribute: str) -> Any:
        return next((thing for thing in things.values() if getattr(thing, attribute) == name), None)

    def direct_messages(self, user: str) -> Channel:
        """The conversation between this user and the bot, opened if there is none."""
        for channel in self.channels.values():
            if channel.is_im and user in channel.members:
                return channel
        channel = Channel(new_id("D"), "", is_im=True, members=[user, self.bot_user_id])
        self.channels[channel.id] = channel
        self.touch("channel", channel.id)
        return channel

    def set_membership(self, channel: Channel, user: str, *, member: bool) -> bool:
        """Put a user into a channel or take him out; whether that changed anything."""
        if (user in channel.members) == member:
            return False
        channel.members.append(user) if member else channel.members.remove(user)
        self.touch("channel", channel.id)
        return True
