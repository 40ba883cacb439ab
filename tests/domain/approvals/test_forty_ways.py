"""Ways to approve one's own request, or an altered, stale, replayed, expired or superseded one: all fail.

Each way opens its own request and tries; the table says with which word it ends, and how often the thing asked for
may have been done at all (0, or 1 where a lawful decision is part of the way).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from domain.approvals import rules
from domain.gate import Call
from domain.gate.call import system_call
from domain.identity import Caller, Role, Surface
from domain.operation import Checked
from domain.outcomes import Done, Kind, Outcome, PendingApproval, Refused, refused
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, STRANGER, World, at_once

POLICY, RELEASE, GRANT = "test.policy_set", "killswitch.release", "access.grant"
Attack = Callable[[World], Outcome | list[Outcome]]


@dataclass(frozen=True)
class Way:
    """One way, how it must end, and how often the thing was done in the end."""

    name: str
    attack: Attack
    ends: str
    acts: int = 0


WAYS: list[Way] = []


def way(ends: str, *, acts: int = 0) -> Callable[[Attack], Attack]:
    """Put a way into the table, under its function's name."""

    def add(attack: Attack) -> Attack:
        WAYS.append(Way(attack.__name__.replace("_", " "), attack, ends, acts))
        return attack

    return add


def word(outcome: Outcome) -> str:
    """How an outcome ended, in one word."""
    if isinstance(outcome, Refused):
        return outcome.code
    if isinstance(outcome, Done):
        return str(getattr(outcome.result, "status", "done"))
    return "pending"


# -- the scenes ------------------------------------------------------------------------------------


def ask(world: World, user: str = MANAGER, **more: Any) -> int:
    """Ask for the test's policy; return the request."""
    return world.pending(user, POLICY, **more).approval_id


def ask_release(world: World, user: str = MANAGER) -> int:
    """Engage, and ask for the release."""
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    return world.pending(user, RELEASE, reason="over").approval_id


def ask_owner(world: World) -> int:
    """Let the owner ask to make someone an owner, which an owner must approve; there is a second owner."""
    world.switches(ever_live=True)
    world.hire("UOWNER2", Role.OWNER)
    return world.pending(OWNER, GRANT, user="UNEW", role="owner").approval_id


def alter(world: World, approval_id: int, column: str, value: Any) -> None:
    """Change a row of a request behind the gate's back."""
    cast = " AS JSONB" if not world.is_sqlite else ""
    is_json = isinstance(value, dict)
    what = f"CAST(:value{cast})" if is_json and cast else ":value"
    changed = world.execute(
        f"UPDATE approval SET {column} = {what} WHERE id = :id",
        value=json.dumps(value) if is_json else value, id=approval_id,
    )  # fmt: skip
    assert changed == 1


def move(world: World, approval_id: int, column: str, **span: float) -> None:
    """Move a time of a request's row."""
    moment = getattr(world.approval(approval_id), column)
    world_clock = world.clock.now
    world.clock.now = moment
    moved = world.clock.advance(**span)
    world.clock.now = world_clock
    alter(world, approval_id, column, moved.replace(tzinfo=None).isoformat(" ", "microseconds") if world.is_sqlite
          else moved)  # fmt: skip


# -- one's own request -----------------------------------------------------------------------------


@way("own_request")
def own_request_in_slack(world: World) -> Outcome:
    return world.approve(MANAGER, ask(world))


@way("own_request")
def own_request_as_an_owner(world: World) -> Outcome:
    return world.approve(OWNER, ask(world, OWNER))


@way("own_request")
def own_release_of_the_kill_switch(world: World) -> Outcome:
    return world.approve(MANAGER, ask_release(world))


@way("wrong_surface")
def own_request_at_the_console_as_the_local_owner(world: World) -> Outcome:
    return world.approve(OWNER, ask(world, OWNER), surface=Surface.CLI)


@way("wrong_surface")
def own_request_over_http(world: World) -> Outcome:
    return world.approve(MANAGER, ask(world), surface=Surface.HTTP)


@way("wrong_surface")
def another_ones_request_over_http(world: World) -> Outcome:
    return world.approve(SECOND, ask(world), surface=Surface.HTTP)


@way("wrong_surface")
def another_ones_request_at_the_console(world: World) -> Outcome:
    return world.approve(OWNER, ask(world), surface=Surface.CLI)


@way("wrong_surface")
def own_request_by_a_worker(world: World) -> Outcome:
    return world.approve(MANAGER, ask(world), surface=Surface.WORKER)


@way("wrong_surface")
def a_person_who_says_he_is_the_system(world: World) -> Outcome:
    return world.approve(SECOND, ask(world), surface=Surface.SYSTEM)


@way("internal")
def the_program_itself(world: World) -> Outcome:
    approval_id = ask(world)
    return world.gate.run(system_call("approvals.approve", approval_id=approval_id, seen=world.seen(approval_id)))


@way("role")
def somebody_called_system_in_slack(world: World) -> Outcome:
    return world.approve("system", ask(world))


@way("own_request")
def asked_at_the_console_and_approved_in_slack(world: World) -> Outcome:
    return world.approve(OWNER, ask(world, OWNER, surface=Surface.CLI))


@way("own_request")
def asked_over_http_and_approved_in_slack(world: World) -> Outcome:
    return world.approve(MANAGER, ask(world, surface=Surface.HTTP))


@way("own_request")
def after_another_joined_the_request(world: World) -> Outcome:
    approval_id = ask(world)
    assert world.pending(SECOND, POLICY).joined
    return world.approve(MANAGER, approval_id)


@way("own_request")
def after_joining_ones_own_request(world: World) -> Outcome:
    approval_id = ask(world, key="a")
    assert ask(world, key="b") == approval_id
    return world.approve(MANAGER, approval_id, key="c")


@way("own_request")
def with_another_actor_claimed(world: World) -> Outcome:
    approval_id = ask(world)
    caller = Caller(MANAGER, Surface.SLACK, claimed_actor=SECOND)
    params = {"approval_id": approval_id, "seen": world.seen(approval_id)}
    return world.gate.run(Call("approvals.approve", params, caller))


@way("own_request")
def after_being_made_a_manager(world: World) -> Outcome:
    approval_id = ask(world, ONCALL)
    world.clock.advance(minutes=1)
    world.done(OWNER, GRANT, user=ONCALL, role="manager")
    return world.approve(ONCALL, approval_id)


@way("own_request")
def after_superseding_anothers_request(world: World) -> Outcome:
    ask(world, SECOND, amount="1")
    return world.approve(MANAGER, ask(world, amount="2"))


@way("own_request")
def a_strangers_own_access_request_once_a_manager(world: World) -> Outcome:
    approval_id = world.pending(STRANGER, "access.request", reason="I start on Monday").approval_id
    world.hire(STRANGER, Role.MANAGER)
    return world.approve(STRANGER, approval_id)


@way("own_request")
def rejecting_ones_own_request(world: World) -> Outcome:
    approval_id = ask(world)
    return world.run(MANAGER, "approvals.reject", approval_id=approval_id, reason="no", seen=world.seen(approval_id))


# -- who may not decide ----------------------------------------------------------------------------


def _by(user: str) -> Attack:
    def attack(world: World) -> Outcome:
        return world.approve(user, ask(world))

    attack.__name__ = f"by_{user.lower()}"
    return attack


for _user in (ONCALL, OPERATOR, AUDITOR, STRANGER):
    way("role")(_by(_user))


@way("became_manager_later")
def by_someone_made_manager_after_the_request(world: World) -> Outcome:
    approval_id = ask(world)
    world.clock.advance(seconds=1)
    world.done(OWNER, GRANT, user=ONCALL, role="manager")
    return world.approve(ONCALL, approval_id)


@way("became_manager_later")
def by_a_manager_who_was_none_for_a_moment(world: World) -> Outcome:
    approval_id = ask(world)
    world.clock.advance(seconds=1)
    world.done(OWNER, "access.revoke", user=SECOND)
    world.done(OWNER, GRANT, user=SECOND, role="manager")
    return world.approve(SECOND, approval_id)


@way("deactivated")
def by_a_deactivated_manager(world: World) -> Outcome:
    approval_id = ask(world)
    world.deactivate(SECOND)
    return world.approve(SECOND, approval_id)


@way("role")
def by_a_manager_revoked_meanwhile(world: World) -> Outcome:
    approval_id = ask(world)
    world.done(OWNER, "access.revoke", user=SECOND)
    return world.approve(SECOND, approval_id)


@way("role")
def by_a_manager_demoted_meanwhile(world: World) -> Outcome:
    approval_id = ask(world)
    world.hire(SECOND, Role.ONCALL)
    world.done(OWNER, "access.revoke", user=SECOND, role="manager")
    return world.approve(SECOND, approval_id)


@way("role")
def by_a_manager_where_an_owner_is_needed(world: World) -> Outcome:
    return world.approve(SECOND, ask_owner(world))


@way("became_manager_later")
def by_a_manager_made_owner_after_an_owners_request(world: World) -> Outcome:
    approval_id = ask_owner(world)
    world.clock.advance(seconds=1)
    world.hire(SECOND, Role.OWNER, since=world.clock())
    return world.approve(SECOND, approval_id)


# -- the requester has changed ---------------------------------------------------------------------


@way("already_withdrawn")
def of_a_requester_who_was_revoked(world: World) -> Outcome:
    approval_id = ask(world, ONCALL)
    world.done(MANAGER, "access.revoke", user=ONCALL)
    return world.approve(MANAGER, approval_id)


@way("failed")
def of_a_requester_whose_role_is_gone(world: World) -> Outcome:
    approval_id = ask(world, ONCALL)
    world.fire(ONCALL)
    return world.approve(MANAGER, approval_id)


@way("failed")
def of_a_requester_who_was_demoted(world: World) -> Outcome:
    approval_id = ask(world, ONCALL)
    world.fire(ONCALL)
    world.hire(ONCALL, Role.OPERATOR)
    return world.approve(MANAGER, approval_id)


@way("failed")
def of_a_requester_who_was_deactivated(world: World) -> Outcome:
    approval_id = ask(world, ONCALL)
    world.deactivate(ONCALL)
    return world.approve(MANAGER, approval_id)


@way("failed")
def of_a_stranger_who_was_deactivated(world: World) -> Outcome:
    approval_id = world.pending(STRANGER, "access.request", reason="let me in").approval_id
    world.hire(STRANGER, Role.AUDITOR)
    world.fire(STRANGER)
    world.deactivate(STRANGER)
    return world.approve(MANAGER, approval_id)


# -- the row was altered ---------------------------------------------------------------------------


def _altered(column: str, value: Any) -> Attack:
    def attack(world: World) -> Outcome:
        approval_id = ask(world)
        alter(world, approval_id, column, value)
        return world.approve(SECOND, approval_id)

    attack.__name__ = f"altered_{column}"
    return attack


for _column, _value in (
    ("params", {"thing": "thing", "amount": "1000000"}),
    ("target", "another thing"),
    ("operation", RELEASE),
    ("requester", ONCALL),
    ("bindings", {"policy": "8"}),
    ("decider_role", "operator"),
    ("seal", "f" * 64),
    ("reason", "a better reason"),
    ("wanted", {"what": "nothing", "if_approved": "nothing", "way_back": "-", "done": "-", "unchanged": "-"}),
    ("correlation_id", "0" * 32),
):
    way("altered")(_altered(_column, _value))


@way("altered")
def altered_operation_to_one_that_does_not_exist(world: World) -> Outcome:
    approval_id = ask(world)
    alter(world, approval_id, "operation", "test.no_such_thing")
    return world.approve(SECOND, approval_id)


@way("altered")
def own_request_with_the_requester_altered(world: World) -> Outcome:
    approval_id = ask(world)
    alter(world, approval_id, "requester", SECOND)
    return world.approve(MANAGER, approval_id)


@way("altered")
def altered_parameters_with_a_matching_seal(world: World) -> Outcome:
    approval_id = ask(world)
    alter(world, approval_id, "params", {"thing": "thing", "amount": "1000000"})
    row = world.approval(approval_id)
    sealed = rules.seal(
        operation=row.operation, target=row.target, params=row.params, requester=row.requester, bindings=row.bindings,
        decider_role=row.decider_role, created_at=row.created_at, expires=row.expires_at, reason=row.reason,
        wanted=row.wanted,
    )  # fmt: skip
    alter(world, approval_id, "seal", sealed)
    return world.approve(SECOND, approval_id)


@way("altered")
def altered_bindings_to_what_they_are_now(world: World) -> Outcome:
    approval_id = ask(world)
    world.facts.bindings = {"policy": "8"}
    alter(world, approval_id, "bindings", {"policy": "8"})
    return world.approve(SECOND, approval_id)


@way("altered")
def expired_with_the_expiry_altered(world: World) -> Outcome:
    approval_id = ask(world)
    world.clock.advance(days=10)
    move(world, approval_id, "expires_at", days=30)
    return world.approve(SECOND, approval_id)


@way("altered")
def a_late_manager_with_the_time_of_asking_altered(world: World) -> Outcome:
    approval_id = ask(world)
    world.clock.advance(minutes=5)
    world.done(OWNER, GRANT, user=ONCALL, role="manager")
    move(world, approval_id, "created_at", minutes=10)
    return world.approve(ONCALL, approval_id)


@way("altered")
def an_owners_request_with_the_deciding_role_altered(world: World) -> Outcome:
    approval_id = ask_owner(world)
    alter(world, approval_id, "decider_role", "manager")
    return world.approve(SECOND, approval_id)


@way("altered")
def with_its_audit_entry_missing(world: World) -> Outcome:
    approval_id = ask(world)
    world.refused(STRANGER, POLICY)  # SQLite would give the id of a removed last row again
    world.unguard("audit_event")
    assert world.execute("DELETE FROM audit_event WHERE outcome = 'pending'") == 1
    return world.approve(SECOND, approval_id)


@way("altered")
def with_the_audit_entry_of_another_request(world: World) -> Outcome:
    approval_id = ask(world)
    other = ask(world, thing="other")
    alter(world, approval_id, "correlation_id", world.approval(other).correlation_id)
    return world.approve(SECOND, approval_id)


def _reopened(verb: str) -> Attack:
    def attack(world: World) -> Outcome:
        approval_id = ask(world)
        if verb == "approved":
            assert word(world.approve(SECOND, approval_id)) == "approved"
        elif verb == "failed":
            world.facts.bindings = {"policy": "8"}
            assert word(world.approve(SECOND, approval_id)) == "failed"
            world.facts.bindings = {"policy": "7"}
        elif verb == "rejected":
            world.done(SECOND, "approvals.reject", approval_id=approval_id, reason="no", seen=world.seen(approval_id))
        elif verb == "withdrawn":
            world.done(MANAGER, "approvals.withdraw", approval_id=approval_id)
        else:
            world.done(OWNER, POLICY, break_glass="nobody is there")
        alter(world, approval_id, "status", "pending")
        return world.approve(SECOND, approval_id)

    attack.__name__ = f"{verb.replace(' ', '_')}_and_set_back_to_pending"
    return attack


for _verb, _acts in (("approved", 1), ("failed", 0), ("rejected", 0), ("withdrawn", 0), ("done alone", 1)):
    way("altered", acts=_acts)(_reopened(_verb))


# -- the click -------------------------------------------------------------------------------------


@way("stale_card")
def with_the_card_of_the_superseded_request(world: World) -> Outcome:
    old = ask(world, amount="1")
    new = ask(world, amount="2")
    return world.approve(SECOND, new, seen=world.seen(old))


@way("stale_card")
def with_the_card_of_another_request(world: World) -> Outcome:
    other = ask(world, thing="other")
    return world.approve(SECOND, ask(world), seen=world.seen(other))


@way("stale_card")
def without_a_card(world: World) -> Outcome:
    return world.run(SECOND, "approvals.approve", approval_id=ask(world))


@way("stale_card")
def with_a_card_nobody_has_seen(world: World) -> Outcome:
    return world.approve(SECOND, ask(world), seen="0" * 12)


@way("stale_card")
def with_a_part_of_the_card(world: World) -> Outcome:
    approval_id = ask(world)
    return world.approve(SECOND, approval_id, seen=world.seen(approval_id)[:4])


@way("no_such_approval")
def a_request_that_is_not_there(world: World) -> Outcome:
    approval_id = ask(world)
    return world.run(SECOND, "approvals.approve", approval_id=approval_id + 1, seen=world.seen(approval_id))


# -- the request has ended -------------------------------------------------------------------------


@way("already_superseded")
def superseded_by_other_parameters(world: World) -> Outcome:
    old = ask(world, amount="1")
    ask(world, amount="2")
    return world.approve(SECOND, old)


@way("already_superseded")
def superseded_because_a_binding_changed(world: World) -> Outcome:
    old = ask(world)
    world.facts.bindings = {"policy": "8"}
    assert ask(world) != old
    return world.approve(SECOND, old)


@way("already_superseded")
def superseded_by_the_one_who_would_approve_it(world: World) -> Outcome:
    old = ask(world, amount="1")
    ask(world, SECOND, amount="2")
    return world.approve(SECOND, old)


@way("already_rejected")
def rejected(world: World) -> Outcome:
    approval_id = ask(world)
    world.done(OWNER, "approvals.reject", approval_id=approval_id, reason="no", seen=world.seen(approval_id))
    return world.approve(SECOND, approval_id)


@way("already_withdrawn")
def withdrawn(world: World) -> Outcome:
    approval_id = ask(world)
    world.done(MANAGER, "approvals.withdraw", approval_id=approval_id)
    return world.approve(SECOND, approval_id)


@way("expired")
def expired_exactly_now(world: World) -> Outcome:
    approval_id = ask_release(world)
    world.clock.advance(hours=1)
    return world.approve(SECOND, approval_id)


@way("expired")
def expired_by_a_second(world: World) -> Outcome:
    approval_id = ask(world)
    world.clock.advance(hours=72, seconds=1)
    return world.approve(SECOND, approval_id)


@way("already_expired")
def expired_and_swept(world: World) -> Outcome:
    approval_id = ask_release(world)
    world.clock.advance(hours=1)
    world.system("approvals.expire")
    return world.approve(SECOND, approval_id)


@way("already_expired")
def expired_under_the_first_click_and_the_clock_set_back(world: World) -> Outcome:
    approval_id = ask_release(world)
    world.clock.advance(hours=1)
    assert word(world.approve(SECOND, approval_id)) == "expired"
    world.clock.advance(hours=-1)
    return world.approve(SECOND, approval_id)


@way("already_approved", acts=1)
def approved_already_by_the_same_person(world: World) -> Outcome:
    approval_id = ask(world)
    world.approve(SECOND, approval_id)
    return world.approve(SECOND, approval_id)


@way("already_approved", acts=1)
def approved_already_by_another(world: World) -> Outcome:
    approval_id = ask(world)
    world.approve(OWNER, approval_id)
    return world.approve(SECOND, approval_id)


@way("already_failed")
def failed_already_and_good_again(world: World) -> Outcome:
    approval_id = ask(world)
    world.facts.bindings = {"policy": "8"}
    assert word(world.approve(SECOND, approval_id)) == "failed"
    world.facts.bindings = {"policy": "7"}
    return world.approve(SECOND, approval_id)


@way("approved", acts=1)
def replayed_with_the_same_key(world: World) -> Outcome:
    approval_id = ask(world)
    world.approve(SECOND, approval_id, key="trigger")
    again = world.approve(SECOND, approval_id, key="trigger")
    assert isinstance(again, Done)
    assert again.replayed
    return again


@way("already_approved", acts=1)
def replayed_with_another_key(world: World) -> Outcome:
    approval_id = ask(world)
    world.approve(SECOND, approval_id, key="trigger")
    return world.approve(SECOND, approval_id, key="other")


@way("key_reused", acts=1)
def a_key_of_one_request_used_on_another(world: World) -> Outcome:
    first, other = ask(world), ask(world, thing="other")
    world.approve(SECOND, first, key="trigger")
    return world.approve(SECOND, other, key="trigger")


@way("already_approved", acts=1)
def joined_and_approved_twice(world: World) -> Outcome:
    approval_id = ask(world)
    assert ask(world, ONCALL) == approval_id
    world.approve(SECOND, approval_id)
    return world.approve(OWNER, approval_id)


# -- the world has changed -------------------------------------------------------------------------


@way("failed")
def after_a_binding_changed(world: World) -> Outcome:
    approval_id = ask(world)
    world.facts.bindings = {"policy": "8"}
    return world.approve(SECOND, approval_id)


@way("failed")
def after_a_binding_appeared(world: World) -> Outcome:
    approval_id = ask(world)
    world.facts.bindings = {"policy": "7", "model": "m2"}
    return world.approve(SECOND, approval_id)


@way("failed")
def after_a_binding_vanished(world: World) -> Outcome:
    approval_id = ask(world)
    world.facts.bindings = {}
    return world.approve(SECOND, approval_id)


@way("failed")
def after_a_gate_ceased_to_hold(world: World) -> Outcome:
    approval_id = ask(world)
    world.facts.gates = [Checked(name="scorecard", ok=False, detail=".80 of .82")]
    return world.approve(SECOND, approval_id)


@way("failed")
def where_the_operation_itself_refuses(world: World) -> Outcome:
    approval_id = ask(world)
    world.facts.refuses = refused(Kind.REFUSED, "cap_reached", "The cap is reached.", layer="Risk Guard")
    return world.approve(SECOND, approval_id)


@way("failed")
def after_the_kill_switch_was_engaged_again(world: World) -> Outcome:
    approval_id = ask_release(world)
    world.done(ONCALL, "killswitch.engage", reason="another thing")
    return world.approve(SECOND, approval_id)


@way("failed")
def after_go_live_changed_under_a_release(world: World) -> Outcome:
    world.switches(live=True)
    world.make_ready()
    approval_id = ask_release(world)
    world.done(OPERATOR, "golive.disable", reason="evening")
    return world.approve(SECOND, approval_id)


@way("failed")
def a_production_act_after_the_kill_switch_was_engaged(world: World) -> Outcome:
    world.switches(live=True)
    approval_id = world.pending(MANAGER, "test.send_above_cap").approval_id
    world.done(OPERATOR, "killswitch.engage", reason="stop")
    return world.approve(SECOND, approval_id)


@way("failed")
def go_live_after_the_worker_died(world: World) -> Outcome:
    world.make_ready()
    approval_id = world.pending(MANAGER, "golive.enable", reason="ready").approval_id
    world.clock.advance(minutes=2)
    return world.approve(SECOND, approval_id)


@way("failed")
def a_grant_to_someone_whose_role_has_changed(world: World) -> Outcome:
    world.switches(ever_live=True)
    approval_id = world.pending(OWNER, GRANT, user=OPERATOR, role="manager").approval_id
    world.done(MANAGER, "access.revoke", user=OPERATOR)
    return world.approve(SECOND, approval_id)


# -- at the same moment ----------------------------------------------------------------------------


@way("already_approved|approved", acts=1)
def two_managers_at_once(world: World) -> list[Outcome]:
    approval_id = ask(world)
    return at_once(lambda: world.approve(SECOND, approval_id), lambda: world.approve(OWNER, approval_id))


@way("already_approved|approved", acts=1)
def one_manager_on_two_sockets_at_once(world: World) -> list[Outcome]:
    approval_id = ask(world)
    return at_once(*[lambda: world.approve(SECOND, approval_id)] * 2)


@way("approved", acts=1)
def one_click_delivered_twice_at_once(world: World) -> list[Outcome]:
    approval_id = ask(world)
    return at_once(*[lambda: world.approve(SECOND, approval_id, key="trigger")] * 4)


@way("already_approved|approved", acts=1)
def four_releases_at_once(world: World) -> list[Outcome]:
    approval_id = ask_release(world)
    return at_once(*[lambda: world.approve(SECOND, approval_id), lambda: world.approve(OWNER, approval_id)] * 2)


@way("own_request|role")
def both_who_may_not_at_once(world: World) -> list[Outcome]:
    approval_id = ask(world)
    return at_once(lambda: world.approve(MANAGER, approval_id), lambda: world.approve(ONCALL, approval_id))


# -- breaking the glass ----------------------------------------------------------------------------


def _break(world: World, user: str, approval_id: int, name: str = POLICY, **more: Any) -> Outcome:
    more.setdefault("reason", "nobody is there")
    return world.run(user, "approvals.break_glass", approval_id=approval_id, type_the_operation=name, **more)


@way("role")
def break_glass_by_a_manager(world: World) -> Outcome:
    return _break(world, SECOND, ask(world))


@way("wrong_surface")
def break_glass_over_http_on_the_request(world: World) -> Outcome:
    return _break(world, OWNER, ask(world), surface=Surface.HTTP)


@way("owner_only")
def break_glass_over_http_on_the_operation(world: World) -> Outcome:
    return world.run(OWNER, POLICY, surface=Surface.HTTP, break_glass="alone")


@way("owner_only")
def break_glass_by_a_worker(world: World) -> Outcome:
    return world.run(OWNER, POLICY, surface=Surface.WORKER, break_glass="alone")


@way("owner_only")
def break_glass_by_a_manager_on_the_operation(world: World) -> Outcome:
    return world.run(MANAGER, POLICY, break_glass="alone")


@way("not_confirmed")
def break_glass_with_the_wrong_name_typed(world: World) -> Outcome:
    return _break(world, OWNER, ask(world), RELEASE)


@way("missing")
def break_glass_without_a_reason(world: World) -> Outcome:
    return world.run(OWNER, "approvals.break_glass", approval_id=ask(world), type_the_operation=POLICY)


@way("bad_value")
def break_glass_with_an_empty_reason(world: World) -> Outcome:
    return _break(world, OWNER, ask(world), reason="   ")


@way("altered")
def break_glass_on_an_altered_request(world: World) -> Outcome:
    approval_id = ask(world)
    alter(world, approval_id, "params", {"thing": "thing", "amount": "1000000"})
    return _break(world, OWNER, approval_id)


@way("expired")
def break_glass_on_an_expired_request(world: World) -> Outcome:
    approval_id = ask(world)
    world.clock.advance(days=9)
    return _break(world, OWNER, approval_id)


@way("already_rejected")
def break_glass_on_a_rejected_request(world: World) -> Outcome:
    approval_id = ask(world)
    world.done(SECOND, "approvals.reject", approval_id=approval_id, reason="no", seen=world.seen(approval_id))
    return _break(world, OWNER, approval_id)


@way("already_superseded", acts=1)
def break_glass_twice_on_one_request(world: World) -> Outcome:
    approval_id = ask(world)
    assert isinstance(_break(world, OWNER, approval_id), Done)
    return _break(world, OWNER, approval_id)


@way("already_superseded", acts=1)
def approved_after_an_owner_did_it_alone(world: World) -> Outcome:
    approval_id = ask(world)
    assert isinstance(_break(world, OWNER, approval_id), Done)
    return world.approve(SECOND, approval_id)


@way("kill_switch_engaged")
def break_glass_on_production_while_the_kill_switch_is_engaged(world: World) -> Outcome:
    world.switches(live=True)
    approval_id = world.pending(MANAGER, "test.send_above_cap").approval_id
    world.done(OPERATOR, "killswitch.engage", reason="stop")
    return _break(world, OWNER, approval_id, "test.send_above_cap")


@way("own_break_glass", acts=1)
def sign_off_of_ones_own_break_glass(world: World) -> Outcome:
    world.done(OWNER, POLICY, break_glass="nobody is there")
    return world.run(OWNER, "approvals.signoff", break_glass_id="B-1")


@way("already_signed", acts=1)
def sign_off_twice(world: World) -> Outcome:
    world.done(OWNER, POLICY, break_glass="nobody is there")
    world.done(MANAGER, "approvals.signoff", break_glass_id="B-1")
    return world.run(SECOND, "approvals.signoff", break_glass_id="B-1")


# -- the table -------------------------------------------------------------------------------------


def test_there_are_far_more_than_forty_ways() -> None:
    """Each way has its own name, and there are at least forty."""
    names = [each.name for each in WAYS]
    assert len(set(names)) == len(names)
    assert len(names) >= 40


def times_done(world: World) -> int:
    """How often anything that was asked for happened: deeds, releases, go-live, roles given by approval."""
    history = [row for row in world.rows("go_live_history") if row.action in {"release", "enable"}]
    new = world.count("role_grant", "user_id IN ('UNEW', 'USTRANGER') AND revoked_at IS NULL AND granted_by <> 'test'")
    return world.acts() + len(history) + new


@pytest.mark.parametrize("each", WAYS, ids=[each.name.replace(" ", "-") for each in WAYS])
def test_this_way_fails(world: World, each: Way) -> None:
    """It ends as the table says, nothing of its target changed, and the audit has no second `done`."""
    found = each.attack(world)
    outcomes = found if isinstance(found, list) else [found]
    assert not any(isinstance(outcome, PendingApproval) for outcome in outcomes)
    assert {word(outcome) for outcome in outcomes} == set(each.ends.split("|")), outcomes
    assert times_done(world) == each.acts
    done = [
        row
        for row in world.audit(outcome="done")
        if row.operation in {POLICY, "test.send_above_cap", RELEASE, "golive.enable"}
        or (row.operation == GRANT and row.target.endswith("UNEW"))
    ]
    assert len(done) == each.acts
    approved = [row for row in world.rows("approval") if row.status == "approved"]
    assert len(approved) <= each.acts
    assert not [row for row in world.rows("approval") if row.status == "deciding"]
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            assert outcome.detail
            assert outcome.layer
