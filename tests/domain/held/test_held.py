"""Held work: what Prime Law stops of the workers waits for a manager, and passes every gate again."""

from datetime import timedelta

import pytest

from domain.identity import Role, Surface
from domain.outcomes import Done, Kind, Refused
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, World, at_once

PROD = "test.prod_exec"


def test_a_workers_production_act_is_held_and_not_done(world: World) -> None:
    """Stopped by Prime Law, it is kept with parameters, reason and time, and shown."""
    held = world.held(OPERATOR, PROD, key="k", amount="9", thing="ladder")
    assert world.acts() == 0
    (row,) = world.rows("held_work")
    assert (row.id, row.operation, row.target, row.actor, row.state) == (held.held_id, PROD, "ladder", OPERATOR, "held")
    assert row.params == {"thing": "ladder", "amount": "9"}
    assert row.not_after == world.clock() + timedelta(hours=1)
    assert "Go-live is off" in row.reason
    listed = world.done(ONCALL, "held.list")
    assert (listed.total, listed.items[0].held_id) == (1, held.held_id)
    (entry,) = world.audit(PROD)
    assert (entry.outcome, entry.after["held_id"]) == ("pending", held.held_id)


def test_the_same_key_is_held_once(world: World) -> None:
    """A message delivered again is the same held action; another key is another."""
    first = world.held(OPERATOR, PROD, key="k")
    assert world.held(OPERATOR, PROD, key="k") == first
    assert world.held(OPERATOR, PROD, key="other") != first
    assert world.count("held_work") == 2


def test_the_same_key_at_the_same_moment_is_held_once(world: World) -> None:
    """Two workers with one message."""
    outcomes = at_once(*[lambda: world.held(OPERATOR, PROD, key="k")] * 4)
    assert len({outcome.held_id for outcome in outcomes}) == 1
    assert world.count("held_work") == 1


def test_keys_of_other_people_and_operations_are_held_beside(world: World) -> None:
    """A key means one call of one actor and one operation; nobody's action is lost to another's."""
    world.switches(engaged=True)
    a = world.held(OPERATOR, PROD, key="k")
    b = world.held(ONCALL, PROD, key="k")
    c = world.held(ONCALL, "test.send_above_cap", key="k")
    assert len({a.held_id, b.held_id, c.held_id}) == 3


@pytest.mark.parametrize("surface", [Surface.SLACK, Surface.HTTP, Surface.CLI])
def test_what_a_person_typed_is_refused_never_held(world: World, surface: Surface) -> None:
    """Even a call that says it may wait is refused unless it is a worker's."""
    later = world.clock() + timedelta(hours=1)
    assert world.refused(OPERATOR, PROD, surface=surface, hold_until=later).kind is Kind.PRIME_LAW
    assert world.count("held_work") == 0


def test_a_trial_is_refused_never_held(world: World) -> None:
    """Only production actions wait."""
    world.switches(engaged=True)
    later = world.clock() + timedelta(hours=1)
    assert world.refused(OPERATOR, "test.sandbox_exec", surface=Surface.WORKER, hold_until=later).code
    assert world.count("held_work") == 0


def test_a_worker_without_a_role_is_refused_never_held(world: World) -> None:
    """Role comes before Prime Law."""
    later = world.clock() + timedelta(hours=1)
    assert world.refused("UNOBODY", PROD, surface=Surface.WORKER, hold_until=later).code == "role"
    assert world.count("held_work") == 0


def test_release_runs_nothing(world: World) -> None:
    """After go-live and release the held action still waits, and the release card counts it."""
    world.switches(live=True)
    world.make_ready()
    world.done(OPERATOR, "killswitch.engage")
    world.held(OPERATOR, PROD)
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    world.approve(MANAGER, request.approval_id)
    assert world.acts() == 0
    assert world.count("held_work", "state = 'held'") == 1
    card = [row.payload for row in world.rows("outbox") if row.card == "kill_switch"][-1]
    assert [(count["operation"], count["count"]) for count in card["held"]] == [(PROD, 1)]


def test_run_acts_for_whom_it_was_held(world: World) -> None:
    """Once production is on a manager runs it: done by its actor, run by the manager, once."""
    held = world.held(OPERATOR, PROD, key="k", thing="ladder")
    world.switches(live=True)
    world.done(MANAGER, "held.run", held_id=held.held_id)
    assert world.acts() == 1
    (done,) = world.audit(PROD, "done")
    assert (done.actor, done.after["run_by"], done.target) == (OPERATOR, MANAGER, "ladder")
    again = world.refused(MANAGER, "held.run", held_id=held.held_id)
    assert again.code == "already_run"
    assert world.acts() == 1


def test_run_twice_at_once_acts_once(world: World) -> None:
    """Two managers press *Run*."""
    held = world.held(OPERATOR, PROD)
    world.switches(live=True)
    outcomes = at_once(
        *[lambda user=user: world.run(user, "held.run", held_id=held.held_id) for user in (MANAGER, SECOND)]
    )
    assert sorted(isinstance(outcome, Done) for outcome in outcomes) == [False, True]
    assert world.acts() == 1


def test_run_and_drop_at_once_have_one_winner(world: World) -> None:
    """Run or dropped, never both."""
    held = world.held(OPERATOR, PROD)
    world.switches(live=True)
    run, drop = at_once(
        lambda: world.run(MANAGER, "held.run", held_id=held.held_id),
        lambda: world.run(SECOND, "held.drop", held_id=held.held_id),
    )
    assert isinstance(run, Done) is not isinstance(drop, Done)
    assert world.acts() == int(isinstance(run, Done))


@pytest.mark.parametrize(("live", "engaged"), [(False, False), (True, True), (False, True)])
def test_run_passes_prime_law_again(world: World, live: bool, engaged: bool) -> None:
    """While production is stopped *Run* is refused and the action stays held."""
    held = world.held(OPERATOR, PROD)
    world.switches(live=live, engaged=engaged)
    assert world.refused(MANAGER, "held.run", held_id=held.held_id).kind is Kind.PRIME_LAW
    assert world.count("held_work", "state = 'held'") == 1


def test_run_judges_the_role_of_its_actor_again(world: World) -> None:
    """Who was revoked or deactivated meanwhile does not act from the past."""
    held = world.held(OPERATOR, PROD)
    world.switches(live=True)
    world.deactivate(OPERATOR)
    assert world.refused(MANAGER, "held.run", held_id=held.held_id).code == "role"
    world.fire(OPERATOR)
    assert world.refused(MANAGER, "held.run", held_id=held.held_id).code == "role"
    assert world.acts() == 0


def test_run_passes_the_approval_rule_again(world: World) -> None:
    """A held action that needs a second person becomes a request when it is run, and acts when that is approved."""
    held = world.held(ONCALL, "test.send_above_cap", key="k")
    world.switches(live=True)
    decided = world.done(MANAGER, "held.run", held_id=held.held_id)
    assert world.acts() == 0
    (request,) = world.rows("approval")
    assert (request.requester, request.status) == (ONCALL, "pending")
    assert f"A-{request.id}" in decided.detail
    assert isinstance(world.approve(SECOND, request.id), Done)
    assert world.acts() == 1


def test_a_refusal_of_the_operation_leaves_it_held(world: World) -> None:
    """What the operation itself refuses at *Run* is not lost: it stays held, and the refusal is told."""
    held = world.held(ONCALL, "test.send_above_cap")
    world.switches(live=True)
    world.facts.gates = []
    world.fire(ONCALL)
    world.hire(ONCALL, Role.AUDITOR)
    assert isinstance(world.run(MANAGER, "held.run", held_id=held.held_id), Refused)
    assert world.count("held_work", "state = 'held'") == 1


def test_drop_is_possible_in_every_state_and_final(world: World) -> None:
    """Dropped while the kill switch is engaged; it can never be run."""
    held = world.held(OPERATOR, PROD)
    world.switches(live=True, engaged=True)
    world.done(MANAGER, "held.drop", held_id=held.held_id)
    world.switches(live=True)
    assert world.refused(MANAGER, "held.run", held_id=held.held_id).code == "already_dropped"
    assert world.acts() == 0


def test_too_old_is_never_run(world: World) -> None:
    """At `not_after` it is over, swept or not."""
    held = world.held(OPERATOR, PROD)
    world.switches(live=True)
    world.clock.advance(hours=1)
    assert world.refused(MANAGER, "held.run", held_id=held.held_id).code == "too_old"
    assert world.acts() == 0
    assert world.rows("held_work")[0].state == "expired"


def test_expiry_is_shown_in_an_alert(world: World) -> None:
    """The sweep ends what is too old, says how many, and raises one alert; what is young stays."""
    for key in "abc":
        world.held(OPERATOR, PROD, key=key)
    world.clock.advance(minutes=30)
    world.held(OPERATOR, PROD, key="young")
    world.clock.advance(minutes=30)
    assert world.system("held.expire").expired == 3
    assert world.system("held.expire").expired == 0
    (alert,) = world.rows("alert")
    assert "3 held actions" in alert.headline
    assert world.count("held_work", "state = 'held'") == 1
    assert [row.after for row in world.audit("held.expire")] == [{"expired": 3}]


def test_two_sweeps_at_once_count_each_action_once(world: World) -> None:
    """The alerts of both together say as many as expired."""
    for key in "abcdef":
        world.held(OPERATOR, PROD, key=key)
    world.clock.advance(hours=2)
    results = at_once(*[lambda: world.system("held.expire")] * 2)
    assert sum(result.expired for result in results) == 6


def test_only_a_manager_runs_and_drops(world: World) -> None:
    """On-call sees, managers decide."""
    held = world.held(OPERATOR, PROD)
    world.switches(live=True)
    for name in ("held.run", "held.drop"):
        assert world.refused(ONCALL, name, held_id=held.held_id).code == "role"
        assert world.refused(OWNER, name, held_id=held.held_id + 1).code == "no_such_held_work"
