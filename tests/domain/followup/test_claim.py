"""Claiming a step: one person at a time, and the number for nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from domain.followup.results import Claimed
from domain.identity import Role
from domain.outcomes import Done, Kind, Refused
from tests.domain.followup.factories import (
    COLLEAGUE,
    EMAIL,
    OTHER_PHONE,
    PHONE,
    call_step,
    callable_now,
    claim,
    complete,
    ladder,
    live,
    switch,
    task,
)
from tests.support import AUDITOR, MANAGER, OPERATOR, World, at_once


def test_the_number_and_the_words_come_with_the_claim(world: World) -> None:
    live(world)
    step = callable_now(world, seller="Ruth Cardinal", address="12 Elm Street", postal_code="R3B 1N2")
    mine = claim(world, step)
    assert mine.number == PHONE
    assert (mine.claimed_by, mine.generation, mine.already_yours) == (OPERATOR, 1, False)
    assert mine.lease_until == world.clock() + timedelta(minutes=20)
    assert "Ruth Cardinal" in mine.words
    assert "Northern Door Homes about 12 Elm Street" in mine.words
    assert mine.step.window == "contact window not checked"
    assert mine.step.blocked is None
    (entry,) = world.audit("followup.claim", "done")
    assert entry.target == f"F-{step}"
    assert PHONE not in str(entry)
    assert not world.rows("outbox")


def test_a_text_comes_with_the_business_and_the_way_out(world: World) -> None:
    live(world)
    created = ladder(world, consent="express")
    text = claim(world, created.steps[0].task_id)
    assert "Northern Door Homes" in text.words
    assert text.words.endswith("Reply STOP to opt out.")
    assert text.step.consent == "express"


def test_in_quebec_the_words_are_french_and_the_way_out_in_both_languages(world: World) -> None:
    live(world)
    created = ladder(world, province="QC", phone="+14185550123", consent="express")
    words = claim(world, created.steps[0].task_id).words
    assert words.startswith("Bonjour")
    assert "ARRÊT" in words
    assert "STOP" in words


def test_a_second_person_is_told_by_whom_and_until_when(world: World) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step)
    world.clock.advance(minutes=8)
    refusal = world.refused(COLLEAGUE, "followup.claim", task_id=step)
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "claimed")
    assert f"<@{OPERATOR}>" in refusal.detail
    assert "12 min" in refusal.detail
    assert refusal.figures["claimed_by"] == OPERATOR
    assert refusal.figures["lease_until"] == (world.clock() + timedelta(minutes=12)).isoformat()
    assert PHONE not in refusal.model_dump_json()


def test_the_holder_sees_it_again_and_the_claim_gets_no_longer(world: World) -> None:
    live(world)
    step = callable_now(world)
    first = claim(world, step)
    world.clock.advance(minutes=8)
    again = claim(world, step)
    assert again.already_yours
    assert (again.lease_until, again.generation) == (first.lease_until, first.generation)
    assert again.number == PHONE


def test_a_claim_that_passed_is_ignored(world: World) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step)
    world.clock.advance(minutes=20)
    theirs = claim(world, step, COLLEAGUE)
    assert (theirs.claimed_by, theirs.generation) == (COLLEAGUE, 2)


def test_one_step_is_never_held_by_two_people(world: World) -> None:
    """Failure 30: two workers get the same tasks."""
    live(world)
    users = [f"UVA{number}" for number in range(3)]
    for user in users:
        world.hire(user, Role.OPERATOR)
    for turn in range(4):
        step = callable_now(world, f"L{turn}", phone=f"+1204555{turn:04d}")
        outcomes = at_once(
            *(lambda user=user, step=step: world.run(user, "followup.claim", task_id=step) for user in users)
        )
        won = [one.result for one in outcomes if isinstance(one, Done) and isinstance(one.result, Claimed)]
        lost = [one for one in outcomes if isinstance(one, Refused)]
        assert len(won) == 1
        assert {one.code for one in lost} == {"claimed"}
        assert {one.figures["claimed_by"] for one in lost} == {won[0].claimed_by}
        row = task(world, step)
        assert (row.claimed_by, row.generation) == (won[0].claimed_by, 1)


def test_a_text_without_consent_cannot_be_claimed_but_done_as_a_call(world: World) -> None:
    live(world)
    created = ladder(world)
    text = created.steps[0].task_id
    refusal = world.refused(OPERATOR, "followup.claim", task_id=text)
    assert refusal.code == "no_consent"
    assert "consent" in refusal.remedy
    assert [button.operation for button in refusal.buttons] == ["followup.complete"]
    assert complete(world, text, "voicemail").outcome == "voicemail"


def test_a_consent_that_lapsed_does_not_count(world: World) -> None:
    live(world)
    created = ladder(world, consent="inquiry")
    world.clock.advance(days=200)
    assert world.refused(OPERATOR, "followup.claim", task_id=created.steps[0].task_id).code == "no_consent"


@pytest.mark.parametrize("found", [{"phone": None}, {"phone": None, "email": EMAIL}])
def test_without_a_number_it_cannot_be_claimed(world: World, found: dict[str, Any]) -> None:
    live(world)
    refusal = world.refused(OPERATOR, "followup.claim", task_id=callable_now(world, **found))
    assert refusal.code == "no_number"
    assert "no number on file" in refusal.detail


def test_after_a_wrong_number_the_next_step_uses_another_one(world: World) -> None:
    live(world)
    created = ladder(world)
    ladder(world, phone=OTHER_PHONE)
    world.clock.advance(days=1)
    assert claim(world, created.steps[1].task_id).number == OTHER_PHONE  # the newest
    complete(world, created.steps[1].task_id, "wrong_number")
    assert claim(world, created.steps[3].task_id).number == PHONE


def test_what_is_done_stopped_unknown_or_not_due_cannot_be_claimed(world: World) -> None:
    live(world)
    created = ladder(world)
    assert world.refused(OPERATOR, "followup.claim", task_id=call_step(created)).code == "not_due"
    assert world.refused(OPERATOR, "followup.claim", task_id=999).kind is Kind.NOT_FOUND
    complete(world, created.steps[0].task_id)
    assert world.refused(OPERATOR, "followup.claim", task_id=created.steps[0].task_id).code == "already_done"
    world.done(OPERATOR, "followup.stop", lead_id="L1", reason="no")
    assert world.refused(OPERATOR, "followup.claim", task_id=call_step(created)).code == "stopped"


def test_a_person_suppressed_elsewhere_cannot_be_claimed(world: World) -> None:
    """Whatever put the contact on the list, and whenever: the claim looks again."""
    live(world)
    step = callable_now(world, email=EMAIL)
    world.execute(
        "INSERT INTO contact_suppression (kind, value, reason, actor, at) SELECT 'email', :mail, 'x', 'x', created_at"
        " FROM lead",
        mail=EMAIL,
    )
    assert world.refused(OPERATOR, "followup.claim", task_id=step).code == "suppressed"


def test_prime_law_and_roles_come_first(world: World) -> None:
    live(world)
    step = callable_now(world)
    assert world.refused(AUDITOR, "followup.claim", task_id=step).kind is Kind.NOT_ALLOWED
    switch(world, engaged=True)
    assert world.refused(OPERATOR, "followup.claim", task_id=step).kind is Kind.PRIME_LAW
    assert task(world, step).claimed_by is None


def test_in_production_a_claim_waits_for_the_contact_engine(database_url: str) -> None:
    world = World(database_url, VALHALLA_ENV="production")
    world.staff()
    live(world)
    refusal = world.refused(OPERATOR, "followup.claim", task_id=callable_now(world))
    assert (refusal.kind, refusal.code) == (Kind.REFUSED, "window")
    assert "contact hours cannot be checked yet" in refusal.detail
    assert world.count("followup_task", "claimed_by IS NOT NULL") == 0
    world.close()


def test_who_loses_the_role_loses_the_claims(world: World) -> None:
    live(world)
    step = callable_now(world, owner=COLLEAGUE)
    claim(world, step, COLLEAGUE)
    world.done(MANAGER, "access.revoke", user=COLLEAGUE)
    row = task(world, step)
    assert (row.claimed_by, row.assignee, row.generation) == (None, None, 2)
    assert claim(world, step).generation == 3
