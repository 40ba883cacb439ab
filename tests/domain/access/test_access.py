"""Who gives which role, when a second person is needed, and what goes with a role that is taken."""

from typing import Any

import pytest

from domain.access import rules
from domain.access.service import bootstrap_owners
from domain.identity import Role
from domain.outcomes import Done, PendingApproval, Refused
from tests.domain.approvals.test_forty_ways import word
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, STRANGER, Pause, World, at_once

GRANT, REVOKE = "access.grant", "access.revoke"


def role_of(world: World, user: str) -> str | None:
    """The highest role a person holds."""
    found = [item.role for item in world.done(AUDITOR, "access.list").items if item.user_id == user]
    return found[0] if found else None


@pytest.mark.parametrize("actor", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_who_may_change_which_role(actor: Role, role: Role) -> None:
    """Owners change every role; for a manager's the rule itself says auditor, operator, oncall."""
    refusal = rules.may_change(actor, role)
    assert (refusal is None) == (actor is Role.OWNER or role <= Role.ONCALL)
    assert rules.may_change(None, Role.MANAGER) is not None


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("managers", [0, 1, 2, 5])
@pytest.mark.parametrize("is_setup_over", [False, True])
def test_when_a_second_person_is_needed(role: Role, managers: int, is_setup_over: bool) -> None:
    """For manager and owner, once two people hold manager or above and the set-up is over; else never."""
    expected = role >= Role.MANAGER and managers >= 2 and is_setup_over
    assert rules.needs_second_person(role, managers=managers, is_setup_over=is_setup_over) is expected


@pytest.mark.parametrize("role", ["auditor", "operator", "oncall"])
def test_a_manager_gives_and_takes_the_lower_roles_at_once(world: World, role: str) -> None:
    """Without approval even when live; greeted in a direct message; taken away again at once."""
    world.switches(live=True)
    granted = world.done(MANAGER, GRANT, user="<@UNEW|maria>", role=role, reason="starts on Monday")
    assert (granted.user_id, granted.role, granted.granted_by, granted.changed) == ("UNEW", role, MANAGER, True)
    (welcome,) = [row for row in world.rows("outbox") if row.card == "welcome"]
    assert (welcome.destination, welcome.payload["role"]) == ("user:UNEW", role)
    assert role_of(world, "UNEW") == role
    world.done(MANAGER, REVOKE, user="UNEW")
    assert role_of(world, "UNEW") is None
    assert world.refused("UNEW", "golive.state").code == "role"


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_a_manager_makes_no_manager_and_unmakes_none(world: World, role: str) -> None:
    """Only an owner does; nobody is even asked, during set-up or after."""
    for live in (False, True):
        world.switches(live=live)
        assert world.refused(MANAGER, GRANT, user="UNEW", role=role).code == "owner_needed"
        assert world.count("approval") == 0
    assert world.refused(MANAGER, REVOKE, user=SECOND).code == "owner_needed"
    assert world.refused(MANAGER, REVOKE, user=OWNER).code == "owner_needed"
    assert world.refused(MANAGER, REVOKE, user=OWNER, role="owner").code == "owner_needed"
    assert role_of(world, SECOND) == "manager"


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_an_owner_makes_managers_alone_until_go_live(world: World, role: str) -> None:
    """During set-up at once; once go-live was enabled a second person approves."""
    world.done(OWNER, GRANT, user="UONE", role=role)
    world.switches(live=False, ever_live=True)
    request = world.run(OWNER, GRANT, user="UTWO", role=role)
    assert isinstance(request, PendingApproval)
    assert role_of(world, "UTWO") is None


def test_an_owner_without_a_second_manager_makes_the_first_one_alone(world: World) -> None:
    """Where nobody else could approve, the first manager is made at once even when live."""
    for user in (MANAGER, SECOND):
        world.fire(user)
    world.switches(live=True)
    world.done(OWNER, GRANT, user="UNEW", role="manager")
    assert isinstance(world.run(OWNER, GRANT, user="UTWO", role="manager"), PendingApproval)


def test_a_manager_is_approved_by_a_manager_and_an_owner_by_an_owner(world: World) -> None:
    """The approved grant is the requester's, the role is there and the greeting goes out."""
    world.switches(live=True)
    world.hire("UOWNER2", Role.OWNER)
    manager = world.pending(OWNER, GRANT, user="UONE", role="manager")
    assert set(manager.can_decide) == {MANAGER, SECOND, "UOWNER2"}
    assert word(world.approve(MANAGER, manager.approval_id)) == "approved"
    assert role_of(world, "UONE") == "manager"
    owner = world.pending(OWNER, GRANT, user="UTWO", role="owner")
    assert owner.can_decide == ("UOWNER2",)
    refusal = world.approve(SECOND, owner.approval_id)
    assert isinstance(refusal, Refused)
    assert refusal.figures["needs"] == "owner"
    assert word(world.approve("UOWNER2", owner.approval_id)) == "approved"
    assert role_of(world, "UTWO") == "owner"
    assert [row.destination for row in world.rows("outbox") if row.card == "welcome"] == ["user:UONE", "user:UTWO"]


def test_granted_twice_is_one_grant(world: World) -> None:
    """A second grant of the same role changes nothing and greets nobody; at the same moment too."""
    outcomes = at_once(*[lambda: world.run(MANAGER, GRANT, user="UNEW", role="operator")] * 3)
    assert sorted(outcome.result.changed for outcome in outcomes) == [False, False, True]
    assert world.count("role_grant", "user_id = 'UNEW'") == 1
    assert len([row for row in world.rows("outbox") if row.card == "welcome"]) == 1


def test_a_strangers_request_names_role_and_person(world: World) -> None:
    """Each stranger's request is his own, is decided by a manager, and gives what was asked."""
    first = world.pending(STRANGER, "access.request", reason="I call from Monday", role="oncall")
    other = world.pending("UOTHER", "access.request", reason="me too", role="oncall")
    assert first.approval_id != other.approval_id
    assert word(world.approve(SECOND, first.approval_id)) == "approved"
    assert (role_of(world, STRANGER), role_of(world, "UOTHER")) == ("oncall", None)


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_nobody_asks_to_be_manager(world: World, role: str) -> None:
    """The request for access stops at oncall; nobody is asked."""
    refusal = world.refused(STRANGER, "access.request", reason="let me", role=role)
    assert (refusal.code, refusal.field) == ("not_by_request", "role")
    assert world.count("approval") == 0


def test_access_is_never_given_without_an_approver(world: World) -> None:
    """Neither an owner's break glass nor dual control off turns a stranger's request into a role."""
    world.hire(STRANGER, Role.OWNER)
    world.refused(STRANGER, "access.request", reason="me", break_glass="me")
    assert world.count("role_grant", "user_id = 'USTRANGER'") == 1


def test_revoking_hands_claims_and_tasks_back_and_withdraws_requests(world: World) -> None:
    """At once: the claim is free with a new generation, the task has no assignee, the request is withdrawn."""
    at = world.clock()
    world.put("lead", lead_id="L1")
    world.put("followup_ladder", id=1, lead_id="L1", ended_at=None)
    for step, (claimed, assignee, done) in enumerate(
        [(OPERATOR, OPERATOR, None), (None, OPERATOR, None), (ONCALL, ONCALL, None), (OPERATOR, OPERATOR, at)]
    ):
        world.put(
            "followup_task", ladder_id=1, lead_id="L1", step=step, assignee=assignee, claimed_by=claimed,
            lease_until=at if claimed else None, generation=1, completed_at=done,
        )  # fmt: skip
    request = world.pending(OPERATOR, "access.request", reason="promote me", role="oncall")
    revoked = world.done(MANAGER, REVOKE, user=OPERATOR)
    assert (revoked.roles, revoked.tasks_released, revoked.requests_withdrawn) == (("operator",), 1, 1)
    told = [(row.claimed_by, row.assignee, row.generation) for row in world.rows("followup_task")]
    assert told == [(None, None, 2), (None, None, 1), (ONCALL, ONCALL, 1), (OPERATOR, OPERATOR, 1)]
    assert world.approval(request.approval_id).status == "withdrawn"


def test_who_keeps_a_working_role_keeps_his_tasks(world: World) -> None:
    """Demoted to operator, one goes on working; the higher role is gone at once."""
    world.hire(SECOND, Role.OPERATOR)
    revoked = world.done(OWNER, REVOKE, user=SECOND, role="manager")
    assert (revoked.roles, revoked.tasks_released) == (("manager",), 0)
    assert role_of(world, SECOND) == "operator"
    assert world.refused(SECOND, "golive.attest", statement="counsel_asked").code == "role"


def test_revoking_what_is_not_held_is_not_found(world: World) -> None:
    """A stranger, and a role somebody does not hold."""
    assert world.refused(OWNER, REVOKE, user=STRANGER).code == "no_such_grant"
    assert world.refused(OWNER, REVOKE, user=OPERATOR, role="oncall").code == "no_such_grant"


def test_revoked_and_granted_again_counts_from_the_second_time(world: World) -> None:
    """A role has no memory: since is the new grant."""
    world.done(OWNER, REVOKE, user=SECOND)
    now = world.clock.advance(days=1)
    world.done(OWNER, GRANT, user=SECOND, role="manager")
    found = {item.user_id: item for item in world.done(AUDITOR, "access.list").items}
    assert found[SECOND].since == now


def test_the_list_shows_everybodys_highest_role_the_highest_first(world: World) -> None:
    """Two grants of one person are one line."""
    world.hire(OPERATOR, Role.ONCALL)
    items = world.done(AUDITOR, "access.list").items
    assert [(item.user_id, item.role) for item in items] == [
        (OWNER, "owner"), (MANAGER, "manager"), (SECOND, "manager"), (ONCALL, "oncall"), (OPERATOR, "oncall"),
        (AUDITOR, "auditor"),
    ]  # fmt: skip


def test_the_settings_make_and_unmake_owners(empty_world: World) -> None:
    """VALHALLA_OWNERS says who is an owner by settings; twice the same changes nothing; each change is audited."""
    world = empty_world
    bootstrap_owners(world.database, ("UA", "UB"), world.clock)
    before = world.snapshot()
    bootstrap_owners(world.database, ("UB", "UA"), world.clock)
    assert world.snapshot() == before
    assert [item.role for item in world.done("UA", "access.list").items] == ["owner", "owner"]
    world.clock.advance(days=1)
    bootstrap_owners(world.database, ("UB", "UC"), world.clock)
    assert [item.user_id for item in world.done("UB", "access.list").items] == ["UB", "UC"]
    assert world.refused("UA", "golive.state").code == "role"
    assert [(row.target, row.after) for row in world.audit("access.bootstrap")] == [
        ("owner UA", {"owner": True}), ("owner UB", {"owner": True}), ("owner UC", {"owner": True}),
        ("owner UA", {"owner": False}),
    ]  # fmt: skip
    bootstrap_owners(world.database, (), world.clock)
    assert world.managers() == ()
    assert world.system("audit.seal").sealed > 0
    world.hire(AUDITOR, Role.AUDITOR)
    assert world.done(AUDITOR, "audit.verify").ok


def test_the_settings_leave_what_people_gave_alone(world: World) -> None:
    """An owner by grant stays an owner whatever the settings say; an owner by settings cannot be revoked here."""
    bootstrap_owners(world.database, ("USET",), world.clock)
    assert role_of(world, OWNER) == "owner"
    refusal = world.refused(OWNER, REVOKE, user="USET")
    assert (refusal.code, "VALHALLA_OWNERS" in refusal.remedy) == ("owner_by_settings", True)
    assert role_of(world, "USET") == "owner"


def test_many_processes_starting_at_once_make_each_owner_once(world: World) -> None:
    """Every process bootstraps when it starts."""
    at_once(*[lambda: bootstrap_owners(world.database, ("UA", "UB"), world.clock)] * 4)
    assert world.count("role_grant", "source = 'settings'") == 2
    assert len(world.audit("access.bootstrap")) == 2


def test_revoke_and_approve_of_the_decider_at_once_leave_no_later_decision(world: World) -> None:
    """Revoked, a manager decides nothing any more; before it, the decision counts once."""
    request = world.pending(ONCALL, "test.policy_set")
    approved, revoked = at_once(
        lambda: world.approve(SECOND, request.approval_id), lambda: world.run(OWNER, REVOKE, user=SECOND)
    )
    assert isinstance(revoked, Done)
    assert word(approved) in {"approved", "role", "became_manager_later"}
    assert world.acts() == (word(approved) == "approved")
    assert world.refused(SECOND, "approvals.list").code == "role"


def test_two_managers_at_once_are_not_both_made_by_one_owner(postgres_world: World) -> None:
    """Whoever comes second finds two people there already, so a second person is asked."""
    world = postgres_world
    for user in (MANAGER, SECOND):
        world.fire(user)
    world.switches(live=True)
    first, second = Pause(world, GRANT).until_another_waits(
        lambda: world.run(OWNER, GRANT, user="UONE", role="manager"),
        lambda: world.run(OWNER, GRANT, user="UTWO", role="owner"),
    )
    assert isinstance(first, Done)
    assert isinstance(second, Refused)
    assert (second.code, role_of(world, "UTWO")) == ("changed_meanwhile", None)
    assert isinstance(world.run(OWNER, GRANT, user="UTWO", role="owner"), PendingApproval)


@pytest.mark.parametrize("account", [False, True])
def test_who_is_sent_away_is_not_promoted_at_the_same_moment(postgres_world: World, *, account: bool) -> None:
    """The request is bound to the role the person held; it waits for the revoke that is under way, and fails."""
    world = postgres_world
    world.switches(live=True)
    asked = world.pending(OWNER, GRANT, user=OPERATOR, role="manager")
    name = "access.account" if account else REVOKE

    def leave() -> Any:
        if account:
            return world.system(name, user=OPERATOR, is_active=False)
        return world.run(OWNER, REVOKE, user=OPERATOR)

    Pause(world, name).until_another_waits(leave, lambda: world.approve(MANAGER, asked.approval_id))
    assert world.approval(asked.approval_id).status == "failed"
    assert role_of(world, OPERATOR) is None
