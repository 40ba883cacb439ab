"""The same call twice: answered, never carried out again."""

import pytest

from domain.gate import Call, idempotency
from domain.identity import Caller, Surface
from domain.outcomes import Done, Held, Kind, PendingApproval, Refused
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, Pause, World, at_once

DO = "test.govern"


def test_the_same_key_gets_the_same_answer_and_acts_once(world: World) -> None:
    """A retry returns the stored result and audit id, says so, and leaves no row."""
    first = world.run(OPERATOR, DO, key="k")
    before = world.snapshot()
    again = world.run(OPERATOR, DO, key="k")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert (again.result, again.audit_id, again.replayed) == (first.result, first.audit_id, True)
    assert not first.replayed
    assert world.snapshot() == before
    assert world.acts() == 1


def test_a_stored_answer_is_given_whatever_the_switches_say_by_now(world: World) -> None:
    """What production did once is told again while the kill switch is engaged; a new key is refused."""
    world.switches(live=True)
    first = world.run(OPERATOR, "test.prod_exec", key="k")
    world.done(ONCALL, "killswitch.engage")
    again = world.run(OPERATOR, "test.prod_exec", key="k")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.result == first.result
    assert world.refused(OPERATOR, "test.prod_exec", key="other").kind is Kind.PRIME_LAW
    assert world.acts() == 1


def test_an_answer_is_not_given_to_who_lost_the_role(world: World) -> None:
    """Role comes before the key."""
    world.run(OPERATOR, DO, key="k")
    world.fire(OPERATOR)
    assert world.refused(OPERATOR, DO, key="k").code == "role"


def test_the_same_key_with_other_parameters_is_a_conflict(world: World) -> None:
    """A key belongs to one set of parameters; the conflict is audited and the first answer stays."""
    first = world.run(OPERATOR, DO, key="k", amount="1")
    refusal = world.refused(OPERATOR, DO, key="k", amount="2")
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "key_reused")
    assert [row.outcome for row in world.audit(DO)] == ["done", "refused"]
    again = world.run(OPERATOR, DO, key="k", amount="1")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.result == first.result
    assert world.acts() == 1


def test_a_pending_answer_stays_the_same_request(world: World) -> None:
    """A retry of what waits for approval returns that request, even after it was decided."""
    first = world.pending(ONCALL, "test.policy_set", key="k")
    again = world.pending(ONCALL, "test.policy_set", key="k")
    assert again.model_copy(update={"reference": first.reference}) == first
    assert isinstance(world.approve(MANAGER, first.approval_id), Done)
    assert world.pending(ONCALL, "test.policy_set", key="k").approval_id == first.approval_id
    assert world.count("approval") == 1
    assert world.acts() == 1


def test_a_refusal_is_not_kept(world: World) -> None:
    """A refused call may be tried again with its key, and is judged afresh."""
    assert world.refused(OPERATOR, "test.prod_exec", key="k").code == "go_live_off"
    assert world.count("idempotency_key") == 0
    world.switches(live=True)
    assert isinstance(world.run(OPERATOR, "test.prod_exec", key="k"), Done)
    assert world.acts() == 1


@pytest.mark.parametrize("callers", [2, 8])
def test_at_the_same_moment_one_acts_and_all_get_its_answer(world: World, callers: int) -> None:
    """Threads with one key at once: one act, one result, everybody gets it."""
    outcomes = at_once(*[lambda: world.run(OPERATOR, DO, key="k")] * callers)
    assert {type(outcome) for outcome in outcomes} == {Done}
    assert len({outcome.result for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert world.acts() == 1


def test_the_second_waits_for_the_first_ones_commit(postgres_world: World) -> None:
    """Where the first call is still open, the second with its key neither acts nor answers before it ends."""
    world = postgres_world
    seen: list[int] = []
    first, again = Pause(world, DO).until_another_waits(
        lambda: world.run(OPERATOR, DO, key="k"),
        lambda: world.run(OPERATOR, DO, key="k"),
        meanwhile=lambda: seen.append(world.acts()),
    )
    assert seen == [0]
    assert again.result == first.result
    assert world.acts() == 1


def test_a_first_call_that_failed_leaves_the_key_to_the_second(world: World) -> None:
    """After a crash before the commit the key is free and the retry acts."""

    def explode(_act: object) -> None:
        world.gate.before_commit = None
        raise RuntimeError("power cut")

    world.gate.before_commit = explode
    with pytest.raises(RuntimeError):
        world.run(OPERATOR, DO, key="k")
    assert isinstance(world.run(OPERATOR, DO, key="k"), Done)
    assert world.acts() == 1


def test_keys_belong_to_an_actor_and_an_operation(world: World) -> None:
    """The same key of another person or for another operation is another call."""
    for user, operation in ((OPERATOR, DO), (ONCALL, DO), (OPERATOR, "test.observe_only")):
        outcome = world.run(user, operation, key="k")
        assert isinstance(outcome, Done)
        assert not outcome.replayed
    assert world.acts() == 3


def test_a_call_without_a_key_is_always_a_new_one(world: World) -> None:
    """Two calls without keys act twice, and leave no key."""
    world.done(OPERATOR, DO)
    world.done(OPERATOR, DO)
    assert world.acts() == 2
    assert world.count("idempotency_key") == 0


def test_a_key_lives_seven_days(world: World) -> None:
    """For seven days the stored answer, after that a new call, whether a sweep ran or not."""
    world.done(OPERATOR, DO, key="k")
    world.clock.advance(days=7, microseconds=-1)
    world.done(OPERATOR, DO, key="k")
    assert world.acts() == 1
    world.clock.advance(microseconds=1)
    world.done(OPERATOR, DO, key="k")
    assert world.acts() == 2
    world.done(OPERATOR, DO, key="k")
    assert world.acts() == 2


def test_pruning_forgets_what_is_older_than_seven_days(world: World) -> None:
    """The sweep takes old keys and leaves the young."""
    world.done(OPERATOR, DO, key="old")
    world.clock.advance(days=7, seconds=1)
    world.done(OPERATOR, DO, key="young")
    with world.act() as act:
        assert idempotency.prune(act, before=act.now - idempotency.KEPT) == 1
    assert [row.key for row in world.rows("idempotency_key")] == ["young"]


def test_an_old_key_at_the_same_moment_acts_once(world: World) -> None:
    """Two calls that both find a key too old make one new act of it."""
    world.done(OPERATOR, DO, key="k")
    world.clock.advance(days=8)
    at_once(*[lambda: world.run(OPERATOR, DO, key="k")] * 4)
    assert world.acts() == 2


def test_a_second_click_of_approve_is_answered(world: World) -> None:
    """The same click delivered twice gets the same “approved”, and the act is one."""
    request = world.pending(ONCALL, "test.policy_set")
    first = world.approve(MANAGER, request.approval_id, key="trigger")
    again = world.approve(MANAGER, request.approval_id, key="trigger")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert (again.result, again.replayed) == (first.result, True)
    assert world.acts() == 1


def test_a_held_answer_is_kept_and_the_redelivery_never_acts(world: World) -> None:
    """A worker's message that was held stays held when it is delivered again after the release."""
    first = world.held(OPERATOR, "test.prod_exec", key="k")
    world.switches(live=True)
    again = world.held(OPERATOR, "test.prod_exec", key="k")
    assert again.held_id == first.held_id
    assert world.acts() == 0
    world.done(MANAGER, "held.run", held_id=str(first.held_id))
    caller = Caller(OPERATOR, Surface.WORKER)
    last = world.gate.run(Call("test.prod_exec", {}, caller, key="k", hold_until=world.clock.advance(hours=1)))
    assert isinstance(last, Done)
    assert last.replayed
    assert world.acts() == 1


@pytest.mark.parametrize("fate", ["drop", "expire"])
def test_what_was_dropped_is_not_done_by_a_redelivery(world: World, fate: str) -> None:
    """A manager's *Drop*, or time, holds against a message that is delivered again."""
    first = world.held(OPERATOR, "test.prod_exec", key="k")
    if fate == "drop":
        world.done(MANAGER, "held.drop", held_id=str(first.held_id))
    else:
        world.clock.advance(hours=2)
        assert world.system("held.expire").expired == 1
    world.switches(live=True)
    assert isinstance(world.run(OPERATOR, "test.prod_exec", key="k", surface=Surface.WORKER), Held)
    assert world.acts() == 0


def test_what_is_stored_can_be_read_back_for_every_kind_of_answer(world: World) -> None:
    """Done, pending and a decision round-trip through the row."""
    world.done(OPERATOR, "killswitch.engage", key="a", reason="drill")
    world.pending(ONCALL, "killswitch.release", key="b", reason="over")
    for user, operation, key, reason, kind in (
        (OPERATOR, "killswitch.engage", "a", "drill", Done),
        (ONCALL, "killswitch.release", "b", "over", PendingApproval),
    ):
        assert isinstance(world.run(user, operation, key=key, reason=reason), kind)
    assert world.refused(SECOND, "golive.enable", key="c", reason="go").kind in {Kind.REFUSED, Kind.CONFLICT}
    assert isinstance(world.run(OWNER, "access.grant", key="d", user="UNEW", role="operator"), Done)
    assert isinstance(world.run(OWNER, "access.grant", key="d", user="UNEW", role="operator"), Done)
    refusal = world.run(OWNER, "access.grant", key="d", user="UNEW", role="oncall")
    assert isinstance(refusal, Refused)
