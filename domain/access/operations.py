"""The operations of access."""

from typing import Annotated

from domain.access import service
from domain.access.results import AccessList, Deactivated, Followed, Granted, Revoked
from domain.access.rules import GIVEN_BY_MANAGERS, Follow
from domain.act import Act
from domain.identity import Role
from domain.operation import ApprovalRule, ExecutionClass, Http, Operation, Slash
from domain.outcomes import Kind, Refused, refused
from domain.parameters import Arg, Flag, Input, NoParams, Params, Reason, RoleName, Text, UserId


class Grant(Params):
    """Whom to give which role, and why."""

    user: UserId
    role: RoleName
    reason: Reason | None = None


class Revoke(Params):
    """From whom to take a role (all of them where none is named)."""

    user: UserId
    role: RoleName | None = None
    reason: Reason | None = None


class RequestAccess(Params):
    """Which role you need, and what for."""

    reason: Annotated[Reason, Arg("what you need it for", "I start calling on Monday", Input.LONG_TEXT, rest=True)]
    role: Annotated[RoleName, Arg("a role: auditor, operator or oncall", "operator", keyword=True)] = Role.OPERATOR


class FollowGroup(Params):
    """One person who came into a user group or left it (the program's own)."""

    user: UserId
    role: RoleName
    source: Annotated[Text, Arg("the source of the grant", "group:S0123")]
    handle: Annotated[Text, Arg("the group's handle", "crew")]
    is_member: Flag


class Account(Params):
    """One person's account, and whether it is active (the program's own)."""

    user: UserId
    is_active: Flag


class Adopt(Params):
    """The primary owner of the workspace (the program's own)."""

    user: UserId


def _follow(act: Act, params: FollowGroup) -> Followed | Refused:
    return service.follow(
        act, Follow(params.user, params.role, params.source, params.handle, is_member=params.is_member)
    )


def _account(act: Act, params: Account) -> Deactivated:
    return (service.reactivate if params.is_active else service.deactivate)(act, params.user)


def _owner(_act: Act, params: Grant) -> Role:
    return Role.OWNER if params.role is Role.OWNER else Role.MANAGER


def _request(act: Act, params: RequestAccess) -> Granted | Refused:
    if params.role not in GIVEN_BY_MANAGERS:
        return refused(
            Kind.NOT_ALLOWED, "not_by_request", f"The role {params.role.word} cannot be asked for here.",
            layer="Access", remedy="Ask an owner in person.", field="role",
        )  # fmt: skip
    return service.accept_request(act, params.role)


OPERATIONS = (
    Operation(
        name="access.list",
        summary="Show who holds which role",
        params=NoParams,
        result=AccessList,
        run=lambda act, _params: service.everybody(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("access", "list", default=True),
        http=Http("GET", "access"),
        example="/access",
    ),
    Operation(
        name="access.request",
        summary="Ask for a role",
        params=RequestAccess,
        result=Granted,
        run=_request,
        role=None,
        klass=ExecutionClass.GOVERN,
        target=lambda params: params.role.word,
        is_target_personal=True,
        approval=ApprovalRule(
            wanted=lambda act, params: service.wanted_grant(act.actor, params.role),
            binds=lambda act, _params: service.bindings(act, act.actor),
            needed=lambda _act, params: params.role in GIVEN_BY_MANAGERS,
        ),
        slack=Slash("access", "request"),
        example="/access request I start calling on Monday",
    ),
    Operation(
        name="access.grant",
        summary="Give someone a role",
        params=Grant,
        result=Granted,
        run=lambda act, params: service.grant(act, params.user, params.role),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"{params.role.word} {params.user}",
        approval=ApprovalRule(
            wanted=lambda _act, params: service.wanted_grant(params.user, params.role),
            binds=lambda act, params: service.bindings(act, params.user),
            needed=lambda act, params: service.grant_needs_approval(act, params.role),
            decider=_owner,
            owner_alone=lambda _act, _params: True,
        ),
        slack=Slash("access", "grant"),
        http=Http("POST", "access/grant"),
        is_setup=True,
        example="/access grant @maria operator starts on Monday",
    ),
    Operation(
        name="access.revoke",
        summary="Take a role away, at once",
        params=Revoke,
        result=Revoked,
        run=lambda act, params: service.revoke(act, params.user, params.role),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: params.user,
        slack=Slash("access", "revoke"),
        http=Http("POST", "access/revoke"),
        example="/access revoke @maria",
    ),
    Operation(
        name="access.follow",
        summary="Give or take what a user group of Slack gives",
        params=FollowGroup,
        result=Followed,
        run=_follow,
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
    Operation(
        name="access.account",
        summary="Take everything from a deactivated account, or let one that is active again be given roles",
        params=Account,
        result=Deactivated,
        run=_account,
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
    Operation(
        name="access.adopt",
        summary="Make the workspace's primary owner the owner here, where nobody is",
        params=Adopt,
        result=Granted,
        run=lambda act, params: service.adopt(act, params.user),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
)
