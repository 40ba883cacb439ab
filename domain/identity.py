"""Who calls, by which way, and what each role includes (spec/5, "Roles")."""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Role(IntEnum):
    """Each role includes the ones before it; nobody has none of them by accident."""

    AUDITOR = 1
    OPERATOR = 2
    ONCALL = 3
    MANAGER = 4
    OWNER = 5

    @property
    def word(self) -> str:
        """The role as people write it."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> "Role":
        """Return the role of that name; raises `ValueError` for any other word."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            raise ValueError(f"{word!r} is not a role") from None

    @property
    def with_article(self) -> str:
        """`an operator`, `a manager`, `someone on call`."""
        if self is Role.ONCALL:
            return "someone on call"
        return f"{'an' if self.word[0] in 'aeiou' else 'a'} {self.word}"


class Surface(StrEnum):
    """The way a call came in."""

    SLACK = "slack"
    HTTP = "http"
    CLI = "cli"
    WORKER = "worker"
    SYSTEM = "system"


SYSTEM_ACTOR = "system"
_SLACK_USER = re.compile(r"[UW][A-Z0-9]+")


def is_slack_user(user_id: str) -> bool:
    """Whether it is the id of a person in Slack, as against the program or an API key."""
    return _SLACK_USER.fullmatch(user_id) is not None


def mention(user_id: str) -> str:
    """Name whoever it is in a sentence: a person by a mention, the program and an API key by what they are."""
    if is_slack_user(user_id):
        return f"<@{user_id}>"
    return "Valhalla itself" if user_id == SYSTEM_ACTOR else user_id


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a Slack user id (or `system`), the surface, and whom the caller says it acts for."""

    user_id: str
    surface: Surface
    claimed_actor: str | None = None

    @property
    def is_system(self) -> bool:
        """Whether this is the program itself."""
        return self.user_id == SYSTEM_ACTOR and self.surface in {Surface.SYSTEM, Surface.WORKER}


SYSTEM = Caller(SYSTEM_ACTOR, Surface.SYSTEM)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the access tables say of a person at this moment."""

    user_id: str
    role: Role | None
    deactivated: bool = False

    def at_least(self, role: Role | None) -> bool:
        """Whether the person may do what `role` may; `None` asks for nothing."""
        if role is None:
            return not self.deactivated
        return self.role is not None and not self.deactivated and self.role >= role
