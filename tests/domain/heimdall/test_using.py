"""Recommendations: gated when made and when used, used once, their outcome counted once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from domain.outcomes import Done, Kind, Outcome, Refused
from tests.domain.heimdall.factories import (
    MODEL,
    OFFER,
    counted,
    in_production,
    policy,
    promote,
    recommend,
    scored,
    trial,
)
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, Pause, World, at_once


def use(world: World, number: int) -> Outcome:
    """Try to use a recommendation."""
    return world.run(OPERATOR, "heimdall.require", recommendation_id=number)


def code(outcome: Outcome) -> str:
    """The gate's word for what came back."""
    if isinstance(outcome, Refused):
        return outcome.code
    assert isinstance(outcome, Done)
    return str(outcome.result.to_json()["code"])


def test_a_recommendation_is_gated_when_made_and_kept_whatever_the_gate_says(world: World) -> None:
    """In the sandbox it is recorded with its payload and evidence, and says why it may not be used."""
    answer = world.done(
        OPERATOR, "heimdall.recommend", domain=OFFER, confidence=0.95, correlation_id="run-1",
        payload={"offer": 255000, "lead_id": "L1"}, evidence='{"comps": 5}', model_fingerprint=MODEL,
    )  # fmt: skip
    assert (answer.allowed, answer.code) == (False, "prod_use_disabled")
    assert answer.reasons == ("prod_use_disabled", "insufficient_sandbox_trials")
    (row,) = world.rows("heimdall_recommendation")
    assert (row.payload, row.evidence) == ({"offer": 255000, "lead_id": "L1"}, {"comps": 5})
    assert (row.gate_code, row.confidence, row.used_at) == ("prod_use_disabled", 0.95, None)


def test_used_once(world: World) -> None:
    """Every gate passes: it is used, by whom and when; the second time it is refused."""
    in_production(world)
    number = recommend(world, payload={"offer": 255000})
    used = world.done(OPERATOR, "heimdall.require", recommendation_id=number)
    assert (used.code, used.allowed, used.payload) == ("gate_pass", True, {"offer": 255000})
    assert used.used_by == OPERATOR
    again = world.refused(OPERATOR, "heimdall.require", recommendation_id=number)
    assert (again.code, again.figures["used_by"]) == ("already_used", OPERATOR)


def test_20_once_production_use_is_withdrawn_no_old_recommendation_passes(world: World) -> None:
    """Failure 20: made while it was allowed, asked again and again after; and used once even while it was allowed."""
    in_production(world)
    first, second = recommend(world), recommend(world)
    assert code(use(world, first)) == "gate_pass"
    assert code(use(world, first)) == "already_used"
    world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="offers in Alberta are off")
    for _ in range(3):
        refusal = world.refused(OPERATOR, "heimdall.require", recommendation_id=second)
        assert refusal.code == "prod_use_disabled"
        assert [button.operation for button in refusal.buttons] == ["heimdall.promote", "heimdall.scorecard"]
    assert world.rows("heimdall_recommendation")[1].used_at is None


def test_the_gates_codes_in_production(world: World) -> None:
    """Each code of the specification, as whoever uses it is told."""
    in_production(world)
    unsure, fine = recommend(world, confidence=0.9199), recommend(world, confidence=0.92)
    assert code(use(world, unsure)) == "confidence_below_threshold"
    world.execute("UPDATE heimdall_scorecard SET successes = 71")
    refusal = world.refused(OPERATOR, "heimdall.require", recommendation_id=fine)
    assert refusal.code == "sandbox_success_rate_below_threshold"
    assert refusal.figures["min_sandbox_success_rate"] == 0.82
    assert "71 of 87 trials in 7 days succeeded (81.6 %); it needs 82 %." in refusal.detail
    world.execute("UPDATE heimdall_scorecard SET trials = 74, successes = 74")
    assert code(use(world, fine)) == "gate_pass"


def test_too_few_trials_refuse_where_production_use_was_switched_on_without_a_promotion(world: World) -> None:
    """`policy_set` alone is no evidence: the gate goes on asking for the trials."""
    world.switches(live=True)
    request = world.pending(MANAGER, "heimdall.policy_set", domain=OFFER, prod_use_enabled=True, reason="trust me")
    world.approve(SECOND, request.approval_id)
    assert policy(world).prod_use_enabled
    number = recommend(world)
    assert code(use(world, number)) == "insufficient_sandbox_trials"
    scored(world, 75, 75)
    assert code(use(world, number)) == "gate_pass"


def test_check_is_a_dry_run(world: World) -> None:
    """It says what `require` would, and writes nothing at all."""
    in_production(world)
    number = recommend(world)
    before = world.snapshot()
    answer = world.done(OPERATOR, "heimdall.check", recommendation_id=number)
    assert (answer.allowed, answer.code) == (True, "gate_pass")
    assert world.snapshot() == before
    assert code(use(world, number)) == "gate_pass"
    answer = world.done(OPERATOR, "heimdall.check", recommendation_id=number)
    assert (answer.allowed, answer.code, answer.used_by) == (False, "already_used", OPERATOR)


def test_two_that_use_one_at_the_same_moment_one_passes(world: World) -> None:
    """Whoever is first."""
    in_production(world)
    number = recommend(world)
    outcomes = at_once(*(lambda: use(world, number) for _ in range(8)))
    assert sorted(code(outcome) for outcome in outcomes) == ["already_used"] * 7 + ["gate_pass"]
    assert world.count("heimdall_event", "kind = 'REQUIRE' AND code = 'gate_pass'") == 1


def test_a_demotion_that_returned_is_obeyed_by_every_use_after_it(postgres_world: World) -> None:
    """A use paused before its commit holds the demotion up; one that began later finds production use gone."""
    world = postgres_world
    in_production(world)
    first, second = recommend(world), recommend(world)
    returned = threading.Event()

    def demote() -> Outcome:
        outcome = world.run(ONCALL, "heimdall.demote", domain=OFFER, reason="stop")
        returned.set()
        return outcome

    def is_held_up() -> None:
        assert not returned.is_set(), "it returned while a use was open"

    used, demoted = Pause(world, "heimdall.require").until_another_waits(
        lambda: use(world, first), demote, meanwhile=is_held_up
    )
    assert (code(used), isinstance(demoted, Done)) == ("gate_pass", True)
    assert code(use(world, second)) == "prod_use_disabled"


def test_demotion_beats_use_whatever_the_order_they_arrive_in(world: World) -> None:
    """Ten uses and a demotion at once: what passed is before it, and nothing passes after it."""
    in_production(world)
    numbers = [recommend(world) for _ in range(10)]
    uses: list[Callable[[], Any]] = [lambda number=number: use(world, number) for number in numbers]  # type: ignore[misc]
    *used, _ = at_once(*uses, lambda: world.run(ONCALL, "heimdall.demote", domain=OFFER, reason="stop"))
    passed = [number for number, outcome in zip(numbers, used, strict=True) if code(outcome) == "gate_pass"]
    (demoted,) = world.rows("heimdall_event", "kind = 'DEMOTE'")
    by_number = {row.recommendation_id: row for row in world.rows("heimdall_event", "kind = 'REQUIRE'")}
    assert {number for number, row in by_number.items() if row.code == "gate_pass"} == set(passed)
    for number in set(numbers) - set(passed):
        assert code(use(world, number)) == "prod_use_disabled"
    assert demoted.code == "by_hand"


@pytest.mark.parametrize(
    ("live", "engaged", "refusal"), [(False, False, "go_live_off"), (True, True, "kill_switch_engaged")]
)
def test_prime_law_stops_use_and_never_an_outcome(world: World, live: bool, engaged: bool, refusal: str) -> None:
    """To use one is production; to say how it turned out is a record."""
    in_production(world)
    number = recommend(world)
    world.switches(live=live, engaged=engaged, ever_live=True)
    refused = world.refused(OPERATOR, "heimdall.require", recommendation_id=number)
    assert refused.kind is Kind.PRIME_LAW
    assert world.done(OPERATOR, "heimdall.outcome", recommendation_id=number, success=True).recorded
    assert refusal


def test_an_outcome_counts_once_as_a_trial_marked_production(world: World) -> None:
    """Into the day's scorecard beside the sandbox's; said again it changes nothing, the opposite is refused."""
    in_production(world)
    number = recommend(world, confidence=0.94)
    use(world, number)
    answer = world.done(OPERATOR, "heimdall.outcome", recommendation_id=number, success=True)
    assert (answer.recorded, answer.was_used, answer.gate.trials, answer.gate.successes) == (True, True, 88, 76)
    (real,) = world.rows("heimdall_scorecard", "is_production")
    assert (real.trials, real.successes, real.confidence_sum) == (1, 1, 940_000)
    assert not world.done(OPERATOR, "heimdall.outcome", recommendation_id=number, success=True).recorded
    refusal = world.refused(OPERATOR, "heimdall.outcome", recommendation_id=number, success=False)
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "outcome_known")
    assert counted(world) == (88, 76)


def test_the_same_outcome_from_many_at_once_counts_once(world: World) -> None:
    """A double click."""
    in_production(world)
    number = recommend(world)
    answers = at_once(
        *(lambda: world.done(OPERATOR, "heimdall.outcome", recommendation_id=number, success=True) for _ in range(6))
    )
    assert sorted(answer.recorded for answer in answers) == [False] * 5 + [True]
    assert counted(world) == (88, 76)


def test_a_recommendation_sent_twice_is_one(world: World) -> None:
    """The same id and content: the same number; other content under the id is refused, from anybody."""
    first = world.done(
        OPERATOR, "heimdall.recommend", domain=OFFER, confidence=0.95, correlation_id="a", payload={"x": 1}
    )
    again = world.done(
        OPERATOR, "heimdall.recommend", domain=OFFER, confidence=0.95, correlation_id="a", payload={"x": 1}
    )
    assert (again.recommendation_id, again.created) == (first.recommendation_id, False)
    for change in ({"payload": {"x": 2}}, {"confidence": 0.96}, {"domain": "BUYER_MATCH"}, {"evidence": {"y": 1}}):
        given = {"domain": OFFER, "confidence": 0.95, "correlation_id": "a", "payload": {"x": 1}, **change}
        assert world.refused(MANAGER, "heimdall.recommend", **given).code == "correlation_id_reused"
    answers = at_once(*(
        lambda: world.done(OPERATOR, "heimdall.recommend", domain=OFFER, confidence=0.95, correlation_id="b")
        for _ in range(6)
    ))  # fmt: skip
    assert len({answer.recommendation_id for answer in answers}) == 1
    assert world.count("heimdall_recommendation") == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE heimdall_recommendation SET payload = '{}'",
        "UPDATE heimdall_recommendation SET evidence = '{\"x\": 2}'",
        "UPDATE heimdall_recommendation SET confidence = 0.99",
        "DELETE FROM heimdall_recommendation",
    ],
)
def test_what_a_recommendation_said_cannot_be_changed_behind_the_gate(world: World, statement: str) -> None:
    """The database itself refuses."""
    recommend(world, payload={"offer": 255000}, evidence={"x": 1})
    with pytest.raises(Exception, match=r"never changes|append-only"):
        world.execute(statement)
    (row,) = world.rows("heimdall_recommendation")
    assert (row.payload, row.evidence, row.confidence) == ({"offer": 255000}, {"x": 1}, 0.95)


@pytest.mark.parametrize(
    "payload", ["[1, 2]", "{", '{"x": NaN}', {"x": float("nan")}, {"x": float("inf")}, {"x": "\x00"}, 7, "x" * 30_000,
                '{"x": 1e999}', '{"a":' * 30 + "1" + "}" * 30, '{"x": "\\ud800"}'],
)  # fmt: skip
def test_a_payload_that_cannot_be_kept_is_refused_by_name(world: World, payload: object) -> None:
    """No JSON object, or one that not every database could give back as it was."""
    refusal = world.refused(OPERATOR, "heimdall.recommend", domain=OFFER, confidence=0.9, payload=payload)
    assert (refusal.kind, refusal.field) == (Kind.INVALID, "payload")


def test_an_unknown_number_is_refused_by_every_operation(world: World) -> None:
    world.switches(live=True)
    for operation, more in (("check", {}), ("require", {}), ("outcome", {"success": True})):
        refusal = world.refused(OPERATOR, f"heimdall.{operation}", recommendation_id=99, **more)
        assert refusal.kind is Kind.NOT_FOUND


def test_an_old_models_recommendation_is_not_used_under_a_new_models_promotion(world: World) -> None:
    """Production use is for the model whose evidence was approved."""
    in_production(world, model="old")
    number = recommend(world, model_fingerprint="old")
    trial(world, model_fingerprint="new")
    scored(world, 90, 88, model="new", days_ago=1)
    promote(world)
    assert policy(world).prod_model_fingerprint == "new"
    assert code(use(world, number)) == "prod_use_disabled"
    assert code(use(world, recommend(world, model_fingerprint="new"))) == "gate_pass"


def test_a_worker_that_meets_the_kill_switch_leaves_its_use_held(world: World) -> None:
    """Not executed, not lost: it waits for a manager, and passes the gates again when it is run."""
    in_production(world)
    number = recommend(world)
    world.switches(live=True, engaged=True)
    kept = world.held(OPERATOR, "heimdall.require", recommendation_id=number)
    world.switches(live=True)
    world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="meanwhile")
    outcome = world.run(OWNER, "held.run", held_id=kept.held_id)
    assert isinstance(outcome, Refused) or "prod_use_disabled" in str(outcome)
    assert world.rows("heimdall_recommendation")[0].used_at is None
