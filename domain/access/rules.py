"""Who may give which role, and when a second person is needed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.identity import Role
from domain.outcomes import Kind, Refused, refused

LAYER = "Access"
GIVEN_BY_MANAGERS = frozenset({Role.AUDITOR, Role.OPERATOR, Role.ONCALL})


def may_change(actor_role: Role | None, role: Role) -> Refused | None:
    """Managers give and take auditor, operator and oncall; owners the rest."""
    if role in GIVEN_BY_MANAGERS or actor_role is Role.OWNER:
        return None
    has = actor_role.word if actor_role else None
    return refused(
        Kind.NOT_ALLOWED, "owner_needed", f"Only an owner can make or unmake {role.with_article}.", layer=LAYER,
        remedy="Ask an owner to do it.", has=has, needs=Role.OWNER.word,
    )  # fmt: skip


def needs_second_person(role: Role, *, managers: int, is_setup_over: bool) -> bool:
    """Making a manager or owner needs approval once two people hold manager or above and the set-up is over."""
    return role not in GIVEN_BY_MANAGERS and managers > 1 and is_setup_over


GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Group:
    """A user group of Slack as it was read just now, and the role it gives."""

    role: Role
    id: str
    handle: str
    members: frozenset[str]
    """User ids; none where the group is switched off."""

    @property
    def source(self) -> str:
        """The source of the grants it gives."""
        return f"{GROUP}{self.id}"


@dataclass(frozen=True, slots=True)
class Given:
    """A grant that a group once gave."""

    user_id: str
    role: Role
    source: str
    is_active: bool
    by_hand: bool
    """Whether a person ended it, as against the group."""


@dataclass(frozen=True, slots=True)
class Follow:
    """One difference between a group and the grants: somebody came or went."""

    user_id: str
    role: Role
    source: str
    handle: str
    is_member: bool


def follow(groups: Iterable[Group], given: Iterable[Given], configured: Mapping[Role, str | None]) -> list[Follow]:
    """Return what to do so that the grants of groups are what the groups say, person by person.

    Args:
        groups: The groups that were read; one that could not be read is left out, and its grants stay.
        given: The newest grant of each person, role and source among those that groups gave.
        configured: The id of each role's group as far as it is known; None where the role has a group whose id
            could not be found out, whose grants stay.

    Returns:
        What to do. What a person took away by hand the group does not give again: a manager does.
    """
    read = {(group.role, group.source): group for group in groups}
    newest = {(grant.user_id, grant.role, grant.source): grant for grant in given}
    found = []
    for (role, source), group in read.items():
        for user_id in sorted(group.members):
            known = newest.get((user_id, role, source))
            if known is None or not (known.is_active or known.by_hand):
                found.append(Follow(user_id, role, source, group.handle, is_member=True))
    for grant in newest.values():
        group_now = read.get((grant.role, grant.source))
        if group_now is None and _may_be_unread(grant, configured):
            continue
        is_member = group_now is not None and grant.user_id in group_now.members
        if grant.is_active and not is_member:
            handle = group_now.handle if group_now else ""
            found.append(Follow(grant.user_id, grant.role, grant.source, handle, is_member=False))
    return found


def _may_be_unread(grant: Given, configured: Mapping[Role, str | None]) -> bool:
    """Whether the grant's group is still set for its role, and was only not read just now."""
    if grant.role not in configured:
        return False
    known = configured[grant.role]
    return known is None or f"{GROUP}{known}" == grant.source
