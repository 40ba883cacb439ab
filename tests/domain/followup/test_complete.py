"""Recording what came of a step: once, always, and with everything that follows."""

from datetime import timedelta

import pytest

from domain.followup.results import Completed
from domain.outcomes import Done, Kind, Refused
from tests.domain.followup.factories import (
    COLLEAGUE,
    EMAIL,
    PHONE,
    call_step,
    callable_now,
    cards,
    claim,
    complete,
    kpis,
    ladder,
    live,
    switch,
    task,
)
from tests.support import AUDITOR, OPERATOR, World, at_once


def test_completing_twice_records_once(world: World) -> None:
    """Failure 28: completing twice emits two KPIs and moves the time."""
    live(world)
    step = callable_now(world)
    first = complete(world, step, "voicemail", note="will call back")
    at = world.clock()
    world.clock.advance(minutes=5)
    refusal = world.refused(COLLEAGUE, "followup.complete", task_id=step, outcome="interested")
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "already_done")
    assert refusal.figures["completed_by"] == OPERATOR
    row = task(world, step)
    assert (row.completed_at, row.outcome, row.completed_by, row.note) == (at, "voicemail", OPERATOR, "will call back")
    assert first.completed_at == at
    assert len(kpis(world, "followup_completed")) == 1
    assert len(kpis(world, "followup_sla")) == 1
    assert not cards(world, "handover")


def test_the_same_key_gets_the_same_answer(world: World) -> None:
    """Failure 28, by a redelivered click."""
    live(world)
    step = callable_now(world)
    first = world.run(OPERATOR, "followup.complete", task_id=step, outcome="no_answer", key="click-1")
    world.clock.advance(minutes=5)
    again = world.run(OPERATOR, "followup.complete", task_id=step, outcome="no_answer", key="click-1")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.replayed
    assert again.result == first.result
    assert len(kpis(world, "followup_completed")) == 1


def test_two_people_completing_at_once_record_one(world: World) -> None:
    """Failure 28, at the same moment."""
    live(world)
    for turn in range(6):
        step = callable_now(world, f"L{turn}", phone=f"+1204555{turn:04d}")
        both = at_once(
            *(
                lambda user=user, outcome=outcome, step=step: world.run(
                    user, "followup.complete", task_id=step, outcome=outcome
                )
                for user, outcome in ((OPERATOR, "interested"), (COLLEAGUE, "asked_to_stop"))
            )
        )
        won = [one.result for one in both if isinstance(one, Done) and isinstance(one.result, Completed)]
        assert len(won) == 1
        assert [one.code for one in both if isinstance(one, Refused)] == ["already_done"]
        assert task(world, step).outcome == won[0].outcome
    assert len(kpis(world, "followup_completed")) == 6


def test_steps_of_one_ladder_completed_at_once_end_it_once(world: World) -> None:
    live(world)
    for turn in range(4):
        created = ladder(world, f"L{turn}", phone=f"+1204555{turn:04d}")
        outcomes = at_once(
            *(
                lambda step=step, outcome=outcome: world.run(
                    OPERATOR, "followup.complete", task_id=step.task_id, outcome=outcome
                )
                for step, outcome in zip(created.steps, ["interested", "sold", "asked_to_stop"], strict=False)
            )
        )
        assert all(isinstance(one, Done) for one in outcomes)
    assert world.count("followup_ladder", "ended_at IS NULL") == 0
    assert world.count("followup_task", "completed_at IS NULL AND stopped_at IS NULL") == 0


@pytest.mark.parametrize(
    ("outcome", "ends", "stage"),
    [
        ("no_answer", False, "working"), ("voicemail", False, "working"), ("not_interested", True, "dead"),
        ("sold", True, "dead"), ("interested", True, "interested"), ("wrong_number", True, "working"),
        ("asked_to_stop", True, "dead"),
    ],
)  # fmt: skip
def test_each_outcome_ends_or_continues(world: World, outcome: str, ends: bool, stage: str) -> None:
    live(world)
    result = complete(world, callable_now(world), outcome)
    assert (result.ladder_ended, result.stopped_steps) == (ends, 5 if ends else 0)
    assert result.ended_why == (outcome if ends else None)
    assert world.rows("lead")[0].stage == stage
    assert world.count("followup_ladder", "ended_at IS NULL") == (0 if ends else 1)
    shown = world.done(OPERATOR, "followup.show", lead_id="L1")
    assert [step.state for step in shown.steps] == ["stopped" if ends else "open", "done"] + [
        "stopped" if ends else "open"
    ] * 4


def test_the_last_step_ends_the_ladder(world: World) -> None:
    live(world)
    created = ladder(world)
    results = [complete(world, step.task_id) for step in created.steps]
    assert [one.ladder_ended for one in results] == [False] * 5 + [True]
    assert results[-1].ended_why == "all done"
    assert ladder(world).created


def test_interested_is_handed_over_to_deals_without_the_number(world: World) -> None:
    live(world)
    step = callable_now(world, seller="Ruth Cardinal", source="web", email=EMAIL)
    result = complete(world, step, "interested", note="wants it gone by Christmas")
    assert result.handed_over
    (card,) = cards(world, "handover")
    assert (card.destination, card.thing) == ("route:deals", f"handover:{card.payload['ladder_id']}")
    assert card.payload["seller"]["seller_name"] == "Ruth Cardinal"
    assert card.payload["note"] == "wants it gone by Christmas"
    assert PHONE not in str(card.payload)
    assert EMAIL not in str(card.payload)


def test_asked_to_stop_suppresses_the_person_everywhere(world: World) -> None:
    live(world)
    step = callable_now(world, email=EMAIL)
    ladder(world, phone="+12045550100")
    result = complete(world, step, "asked_to_stop")
    assert result.suppressed == 3
    assert {row.value for row in world.rows("contact_suppression")} == {PHONE, EMAIL, "+12045550100"}
    assert world.count("followup_ladder", "ended_at IS NULL") == 0
    refusal = world.refused(OPERATOR, "followup.create", lead_id="new", province="ON", email=EMAIL)
    assert refusal.code == "suppressed"


def test_asked_to_stop_on_an_earlier_ladder_ends_the_one_of_today(world: World) -> None:
    live(world)
    old = ladder(world, "L1")
    world.done(OPERATOR, "followup.stop", lead_id="L1", reason="pause")
    ladder(world, "L1")
    result = complete(world, call_step(old), "asked_to_stop")
    assert result.was_stopped
    assert result.ladder_ended
    assert world.count("followup_ladder", "ended_at IS NULL") == 0
    assert world.count("contact_suppression") == 1


def test_asked_to_stop_reaches_the_lead_a_name_was_merged_into(world: World) -> None:
    live(world)
    ladder(world, "L1")
    world.clock.advance(minutes=1)
    other = ladder(world, "L2", phone=None, email=EMAIL)
    ladder(world, "L3", email=EMAIL)
    result = complete(world, call_step(other), "asked_to_stop")
    assert result.suppressed == 2
    assert world.count("followup_ladder", "ended_at IS NULL") == 0


def test_a_suppression_that_was_lifted_comes_back(world: World) -> None:
    live(world)
    step = callable_now(world)
    world.execute(
        "INSERT INTO contact_suppression (kind, value, reason, actor, at, lifted_at)"
        " SELECT 'phone', :phone, 'x', 'x', created_at, created_at FROM lead",
        phone=PHONE,
    )
    complete(world, step, "asked_to_stop")
    (row,) = world.rows("contact_suppression")
    assert (row.lifted_at, row.actor) == (None, OPERATOR)


def test_a_wrong_number_with_another_one_goes_on(world: World) -> None:
    live(world)
    created = ladder(world)
    ladder(world, phone="+12045550100")
    result = complete(world, call_step(created), "wrong_number")
    assert (result.number_retired, result.ladder_ended) == (True, False)
    assert {row.value for row in world.rows("contact_point", "retired_at IS NOT NULL")} == {"+12045550100"}


def test_a_callback_makes_the_next_step_the_call_they_asked_for(world: World) -> None:
    live(world)
    created = ladder(world)
    at = world.clock() + timedelta(days=2)
    result = complete(world, call_step(created), "callback", at=at.isoformat())
    assert result.callback_at == at
    first, _, third, fourth, *_rest = world.rows("followup_task")
    # The next open step is the first text: nobody texts a person who named a time.
    assert (first.channel, first.due_at, first.sla_from) == ("CALL", at, at)
    assert third.due_at == at + timedelta(hours=3)
    assert fourth.due_at == at + timedelta(days=1)


def test_a_callback_after_the_last_step_adds_one(world: World) -> None:
    live(world)
    created = ladder(world, owner=COLLEAGUE)
    for step in created.steps[:5]:
        complete(world, step.task_id)
    at = world.clock() + timedelta(days=8)
    result = complete(world, created.steps[5].task_id, "callback", at=at.isoformat())
    assert not result.ladder_ended
    added = world.rows("followup_task")[-1]
    assert (added.step, added.channel, added.due_at, added.assignee) == (7, "CALL", at, COLLEAGUE)
    assert world.done(OPERATOR, "followup.show", lead_id="L1").steps[-1].step.of == 7


@pytest.mark.parametrize(
    ("outcome", "days", "code"),
    [("callback", None, "missing"), ("callback", -1, "bad_value"), ("callback", 91, "bad_value"),
     ("no_answer", 1, "no_time_wanted")],
)  # fmt: skip
def test_a_callback_needs_a_time_to_come_and_nothing_else_takes_one(
    light_world: World, outcome: str, days: int | None, code: str
) -> None:
    live(light_world)
    step = callable_now(light_world)
    at = {} if days is None else {"at": (light_world.clock() + timedelta(days=days)).isoformat()}
    refusal = light_world.refused(OPERATOR, "followup.complete", task_id=step, outcome=outcome, **at)
    assert (refusal.kind, refusal.code, refusal.field) == (Kind.INVALID, code, "at")
    assert task(light_world, step).completed_at is None


@pytest.mark.parametrize(("live_now", "engaged"), [(True, True), (False, False), (False, True)])
def test_what_happened_is_recorded_in_every_state_of_prime_law(world: World, live_now: bool, engaged: bool) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step)
    switch(world, live=live_now, engaged=engaged)
    assert complete(world, step, "asked_to_stop").suppressed == 1


def test_an_expired_claim_still_records_and_the_newer_claimant_is_told(world: World) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step)
    world.clock.advance(minutes=21)
    claim(world, step, COLLEAGUE)
    result = complete(world, step, "asked_to_stop")
    assert result.told == (COLLEAGUE,)
    (card,) = cards(world, "claim_over")
    assert card.destination == f"user:{COLLEAGUE}"
    assert (card.payload["why"], card.payload["by"], card.payload["may_not_contact"]) == ("completed", OPERATOR, True)


@pytest.mark.parametrize(("holder", "minutes"), [(OPERATOR, 0), (COLLEAGUE, 21)])
def test_nobody_is_told_about_an_own_or_a_passed_claim(world: World, holder: str, minutes: int) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step, holder)
    world.clock.advance(minutes=minutes)
    assert complete(world, step).told == ()
    assert not cards(world, "claim_over")


def test_who_is_at_work_on_another_step_of_an_ended_ladder_is_told(world: World) -> None:
    live(world)
    created = ladder(world, consent="express")
    text = created.steps[0].task_id
    claim(world, text, COLLEAGUE)
    result = complete(world, call_step(created), "asked_to_stop")
    assert result.told == (COLLEAGUE,)
    (card,) = cards(world, "claim_over")
    assert (card.payload["why"], card.payload["task_id"], card.payload["may_not_contact"]) == ("stopped", text, True)


def test_after_a_stop_what_happened_is_recorded_and_judged_by_nobody(world: World) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step)
    world.done(COLLEAGUE, "followup.stop", lead_id="L1", reason="duplicate")
    result = complete(world, step, "interested")
    assert result.was_stopped
    assert result.handed_over
    assert not result.ladder_ended
    assert len(kpis(world, "followup_completed")) == 1
    assert kpis(world, "followup_sla") == []


def test_a_person_who_asked_us_to_stop_is_not_handed_over(world: World) -> None:
    live(world)
    created = ladder(world)
    complete(world, created.steps[0].task_id, "asked_to_stop")
    assert not complete(world, call_step(created), "interested").handed_over
    assert not cards(world, "handover")
    assert world.rows("lead")[0].stage == "dead"


def test_unknown_steps_and_auditors_record_nothing(world: World) -> None:
    live(world)
    step = callable_now(world)
    assert world.refused(OPERATOR, "followup.complete", task_id=999, outcome="sold").kind is Kind.NOT_FOUND
    assert world.refused(AUDITOR, "followup.complete", task_id=step, outcome="sold").kind is Kind.NOT_ALLOWED
    refusal = world.refused(OPERATOR, "followup.complete", task_id=step, outcome="maybe")
    assert (refusal.kind, refusal.field) == (Kind.INVALID, "outcome")


def test_stopping_ends_the_ladder_with_its_reason(world: World) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step, COLLEAGUE)
    switch(world, engaged=True)
    stopped = world.done(OPERATOR, "followup.stop", lead_id="L1", reason="sold to his brother")
    assert (stopped.stopped_steps, stopped.stopped_by, stopped.told) == (6, OPERATOR, (COLLEAGUE,))
    assert {row.stopped_why for row in world.rows("followup_task")} == {"sold to his brother"}
    assert world.audit("followup.stop", "done")[0].reason == "sold to his brother"
    refusal = world.refused(OPERATOR, "followup.stop", lead_id="L1", reason="again")
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "already_ended")
    assert world.refused(OPERATOR, "followup.stop", lead_id="nobody", reason="x").kind is Kind.NOT_FOUND


def test_stopping_needs_a_reason(light_world: World) -> None:
    assert light_world.refused(OPERATOR, "followup.stop", lead_id="L1").field == "reason"
