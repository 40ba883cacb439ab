"""What access looks like from outside."""

from datetime import datetime

from domain.outcomes import Result


class Holder(Result):
    """A person and the roles they hold."""

    user_id: str
    role: str
    since: datetime
    granted_by: str
    source: str


class AccessList(Result):
    """Everybody who holds a role, the highest first."""

    items: tuple[Holder, ...]


class Granted(Result):
    """A role was given."""

    user_id: str
    role: str
    granted_by: str
    changed: bool = True
    audit_id: int | None = None


class Revoked(Result):
    """A role was taken away, and what went with it."""

    user_id: str
    roles: tuple[str, ...]
    revoked_by: str
    tasks_released: int = 0
    requests_withdrawn: int = 0
    audit_id: int | None = None


class Welcome(Result):
    """A direct message to someone who got a role."""

    user_id: str
    role: str
    granted_by: str


class Followed(Result):
    """What following a user group did for one person (internal)."""

    user_id: str
    role: str
    is_member: bool
    changed: bool


class Deactivated(Result):
    """What an account that was deactivated, or is active again, led to (internal)."""

    user_id: str
    changed: bool
    roles: tuple[str, ...] = ()
    tasks_released: int = 0
    requests_withdrawn: int = 0
