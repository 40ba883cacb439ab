"""Who may give which role, and when a second person is needed."""

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
