"""Roles that user groups give, and people whose Slack account is deactivated."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import directory
from domain.access.rules import Follow, Given, Group, follow
from domain.identity import Role
from tests.domain.oncall.test_ladder import alarm, told
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, World

PEOPLE = ("UA", "UB", "UC")
CREW = "group:S1"
roles = st.sampled_from([Role.OPERATOR, Role.ONCALL])
groups = st.builds(
    lambda role, number, members: Group(role, f"S{number}", f"crew{number}", frozenset(members)),
    roles, st.integers(1, 2), st.sets(st.sampled_from(PEOPLE)),
)  # fmt: skip
grants = st.builds(
    lambda user, role, number, active, hand: Given(
        user, role, f"group:S{number}", is_active=active, by_hand=hand and not active
    ),
    st.sampled_from(PEOPLE), roles, st.integers(1, 2), st.booleans(), st.booleans(),
)  # fmt: skip


def by_role(found: list[Group]) -> list[Group]:
    """One group a role, as the settings have it."""
    return list({group.role: group for group in found}.values())


@given(st.lists(groups), st.lists(grants))
def test_after_following_every_member_has_the_role_and_nobody_else(found: list[Group], given_: list[Given]) -> None:
    """But those from whom a person took it; and following again finds nothing more."""
    read = by_role(found)
    newest = {(grant.user_id, grant.role, grant.source): grant for grant in given_}
    changes = follow(read, given_, {group.role: group.id for group in read})
    after = dict(newest)
    for change in changes:
        key = (change.user_id, change.role, change.source)
        after[key] = Given(*key, is_active=change.is_member, by_hand=False)
    active = {key for key, grant in after.items() if grant.is_active}
    refused = {key for key, grant in newest.items() if grant.by_hand}
    members = {(user, group.role, group.source) for group in read for user in group.members}
    assert active == members - refused
    assert follow(read, list(after.values()), {group.role: group.id for group in read}) == []


@given(st.lists(grants))
def test_a_group_that_could_not_be_read_changes_nothing(given_: list[Given]) -> None:
    assert follow([], given_, {Role.OPERATOR: None, Role.ONCALL: None}) == []


def joins(world: World, user: str, role: str = "oncall", *, member: bool = True, source: str = CREW) -> Any:
    """Let a person come into the group, or leave it."""
    return world.system(
        "access.follow", user=user, role=role, source=source, handle="crew", is_member=member
    )  # fmt: skip


def active(world: World, user: str) -> list[tuple[str, str]]:
    """Which roles a person holds, and from where."""
    rows = world.rows("role_grant", "user_id = :user AND revoked_at IS NULL", user=user)
    return [(row.role, row.source) for row in rows]


def test_a_member_gets_the_role_once_and_is_greeted(world: World) -> None:
    assert joins(world, "UNEW").changed
    assert not joins(world, "UNEW").changed
    assert active(world, "UNEW") == [("oncall", CREW)]
    (welcome,) = world.rows("outbox", "card = 'welcome'")
    assert welcome.payload["granted_by"] == "the user group @crew"
    world.done("UNEW", "oncall.take", length="1h")


def test_leaving_takes_what_the_group_gave_and_nothing_else(world: World) -> None:
    """A grant of a manager's stays, and with it what the person holds."""
    joins(world, ONCALL)
    assert joins(world, ONCALL, member=False).changed
    assert active(world, ONCALL) == [("oncall", "grant")]
    joins(world, "UNEW", "operator")
    world.done("UNEW", "alerts.list")
    joins(world, "UNEW", "operator", member=False)
    assert active(world, "UNEW") == []
    assert world.refused("UNEW", "alerts.list").code == "role"
    assert joins(world, "UNEW", "operator").changed


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_a_group_makes_no_manager(world: World, role: str) -> None:
    from domain.gate.call import system_call

    outcome = world.gate.run(
        system_call("access.follow", user="UNEW", role=role, source=CREW, handle="crew", is_member=True)
    )
    assert getattr(outcome, "code", None) == "not_by_group"
    assert active(world, "UNEW") == []


def test_what_a_manager_took_away_the_group_does_not_give_again(world: World) -> None:
    """Until a manager gives it back."""
    joins(world, "UNEW")
    world.done(MANAGER, "access.revoke", user="UNEW")
    assert not joins(world, "UNEW").changed
    assert active(world, "UNEW") == []
    with world.database.read() as connection:
        (known,) = directory.given_by_groups(connection)
    assert (known.is_active, known.by_hand) == (False, True)
    world.done(MANAGER, "access.grant", user="UNEW", role="oncall")
    assert active(world, "UNEW") == [("oncall", "grant")]


def test_leaving_with_the_same_role_from_elsewhere_ends_no_request(world: World) -> None:
    """Nothing was lost, so nothing goes with it."""
    joins(world, ONCALL)
    request = world.pending(ONCALL, "killswitch.release", reason="over") if _engaged(world) else None
    assert request is not None
    joins(world, ONCALL, member=False)
    assert world.approval(request.approval_id).status == "pending"
    world.done(MANAGER, "access.revoke", user=ONCALL)
    assert world.approval(request.approval_id).status == "withdrawn"


def _engaged(world: World) -> bool:
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    return True


def test_a_deactivated_account_loses_everything_by_itself(world: World) -> None:
    """Roles, requests, claims and the turn on call; written into the audit with why."""
    _engaged(world)
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    world.done(ONCALL, "oncall.take", length="4h")
    joins(world, ONCALL)
    gone = world.system("access.account", user=ONCALL, is_active=False)
    assert (gone.changed, set(gone.roles), gone.requests_withdrawn) == (True, {"oncall"}, 1)
    assert active(world, ONCALL) == []
    assert world.approval(request.approval_id).status == "withdrawn"
    assert world.done(MANAGER, "oncall.show").now is None
    (entry,) = world.audit("access.account")
    assert (entry.target, entry.reason, entry.actor) == (ONCALL, "deactivated in Slack", "system")
    before = world.snapshot()
    assert not world.system("access.account", user=ONCALL, is_active=False).changed
    assert world.snapshot() == before
    assert not joins(world, ONCALL).changed
    assert world.refused(ONCALL, "alerts.list").code == "deactivated"


def test_active_again_a_person_can_be_given_roles_and_a_group_gives_its_own(world: World) -> None:
    joins(world, "UNEW")
    world.system("access.account", user="UNEW", is_active=False)
    assert world.system("access.account", user="UNEW", is_active=True).changed
    assert active(world, "UNEW") == []
    assert joins(world, "UNEW").changed
    world.done(MANAGER, "access.grant", user="UNEW", role="operator")
    assert len(active(world, "UNEW")) == 2


def test_an_owner_of_the_settings_stays_named_and_can_do_nothing(world: World) -> None:
    from domain.access.service import bootstrap_owners

    world.fire(OWNER)
    bootstrap_owners(world.database, (OWNER,), world.clock)
    assert world.system("access.account", user=OWNER, is_active=False).changed
    assert active(world, OWNER) == [("owner", "settings")]
    assert world.refused(OWNER, "golive.state").code == "deactivated"
    assert OWNER not in world.managers()
    assert SECOND in world.managers()


def test_whoever_was_paged_and_is_gone_is_followed_by_the_next_at_once(world: World) -> None:
    """Nobody waits five minutes for somebody who works here no more."""
    world.hire("UBEN", Role.ONCALL)
    world.done(ONCALL, "oncall.take", length="4h")
    world.done(
        MANAGER, "oncall.set", user="UBEN", starts=(world.clock() + timedelta(hours=4)).isoformat(),
        ends=(world.clock() + timedelta(hours=8)).isoformat(),
    )  # fmt: skip
    alarm(world)
    assert told(world) == [f"user:{ONCALL}"]
    world.clock.advance(seconds=30)
    world.system("access.account", user=ONCALL, is_active=False)
    assert told(world) == [f"user:{ONCALL}", "user:UBEN"]
    world.done(MANAGER, "access.revoke", user="UBEN")
    assert told(world)[-1] == "route:oncall"


def test_rules_know_what_a_change_is() -> None:
    group = Group(Role.ONCALL, "S1", "crew", frozenset({"UA"}))
    old = Given("UB", Role.ONCALL, "group:S0", is_active=True, by_hand=False)
    assert follow([group], [old], {Role.ONCALL: "S1"}) == [
        Follow("UA", Role.ONCALL, CREW, "crew", is_member=True),
        Follow("UB", Role.ONCALL, "group:S0", "", is_member=False),
    ]  # fmt: skip
    assert follow([], [old], {}) == [Follow("UB", Role.ONCALL, "group:S0", "", is_member=False)]
