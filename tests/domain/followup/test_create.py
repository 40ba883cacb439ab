"""Creating ladders through the gate, and recognising a seller who is known."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from domain.outcomes import Done, Kind
from tests.domain.followup.factories import (
    COLLEAGUE,
    EMAIL,
    OTHER_PHONE,
    PHONE,
    call_step,
    cards,
    complete,
    kpis,
    ladder,
    live,
    switch,
    task,
)
from tests.support import AUDITOR, OPERATOR, World, at_once

HOME = {"address": "12 Elm Street, Calgary", "postal_code": "T2P 1J9"}


def test_six_steps_one_audit_entry_one_kpi_and_no_number_shown(world: World) -> None:
    live(world)
    created = ladder(world, source="web", owner=f"<@{COLLEAGUE}>", seller="Ruth Cardinal", market="Winnipeg")
    assert created.created
    assert [step.channel for step in created.steps] == ["SMS", "CALL", "SMS", "CALL", "SMS", "CALL"]
    assert [(step.due_at - world.clock()) for step in created.steps] == [
        timedelta(0), timedelta(minutes=30), timedelta(hours=3),
        timedelta(days=1), timedelta(days=3), timedelta(days=7),
    ]  # fmt: skip
    assert {row.assignee for row in world.rows("followup_task")} == {COLLEAGUE}
    assert PHONE not in created.model_dump_json()
    assert [(row.event_id, row.success, row.source, row.market) for row in kpis(world, "ladder_created")] == [
        (str(created.ladder_id), True, "web", "Winnipeg")
    ]
    (entry,) = world.audit("followup.create", "done")
    assert entry.target == "L1"
    assert PHONE not in str(entry)


def test_the_six_steps_are_one_insert(world: World) -> None:
    live(world)
    seen: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    ladder(world)
    assert len([statement for statement in seen if statement.startswith("INSERT INTO followup_task")]) == 1


def test_the_steps_count_from_the_arrival_and_no_lead_arrives_tomorrow(world: World) -> None:
    live(world)
    arrived = world.clock() - timedelta(hours=5)
    created = ladder(world, arrived_at=arrived.isoformat(), correlation_id="order-4711")
    assert created.steps[0].sla_from == arrived
    assert created.steps[0].lateness == "broken"
    assert world.rows("followup_ladder")[0].correlation_id == "order-4711"
    later = (world.clock() + timedelta(seconds=1)).isoformat()
    refusal = world.refused(OPERATOR, "followup.create", lead_id="L2", province="ON", arrived_at=later)
    assert (refusal.kind, refusal.field) == (Kind.INVALID, "arrived_at")
    assert world.count("followup_ladder") == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lead_id", "two words"), ("province", "ZZ"), ("phone", "12"), ("email", "nobody"), ("lead_score", "nan"),
        ("lead_score", "7"), ("lead_score", "-0.1"), ("postal_code", "12345"), ("consent", "maybe"),
        ("language", "de"), ("source", "x" * 65), ("owner", " "),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name_and_nothing_is_written(light_world: World, field: str, value: str) -> None:
    live(light_world)
    before = light_world.count("lead")
    refusal = light_world.refused(OPERATOR, "followup.create", **{"lead_id": "L1", "province": "ON", field: value})
    assert (refusal.kind, refusal.field) == (Kind.INVALID, field)
    assert light_world.count("lead") == before


def test_without_any_contact_it_is_created_and_its_steps_say_so(world: World) -> None:
    live(world)
    created = ladder(world, phone=None)
    assert created.created
    assert {step.blocked.code for step in created.steps if step.blocked} == {"no_number"}
    assert {step.blocked.detail for step in created.steps if step.blocked} == {"no number on file"}
    assert all(step.blocked for step in created.steps)


def test_texts_say_that_a_consent_is_missing(world: World) -> None:
    live(world)
    created = ladder(world)
    assert [step.blocked.code if step.blocked else None for step in created.steps] == ["no_consent", None] * 3
    assert not created.has_consent
    agreed = ladder(world, "L2", phone=OTHER_PHONE, consent="inquiry", evidence="web form")
    assert [step.blocked for step in agreed.steps] == [None] * 6
    assert agreed.has_consent
    (row,) = world.rows("contact_consent")
    assert (row.kind, row.channel, row.basis, row.evidence) == ("phone", "SMS", "inquiry", "web form")
    assert row.expires_at.date().isoformat() == "2027-05-24"


def test_the_same_consent_is_recorded_once(world: World) -> None:
    live(world)
    ladder(world, consent="express", email=EMAIL)
    ladder(world, consent="express", email=EMAIL)
    assert world.count("contact_consent") == 2  # one for texts, one for e-mail


def test_production_off_or_an_auditor_creates_nothing(world: World) -> None:
    refusal = world.refused(OPERATOR, "followup.create", lead_id="L1", province="ON")
    assert refusal.kind is Kind.PRIME_LAW
    live(world)
    assert world.refused(AUDITOR, "followup.create", lead_id="L1", province="ON").kind is Kind.NOT_ALLOWED
    switch(world, engaged=True)
    assert world.refused(OPERATOR, "followup.create", lead_id="L1", province="ON").code == "kill_switch_engaged"
    assert world.count("lead") == 0


def test_an_open_ladder_is_kept_and_the_answer_says_so(world: World) -> None:
    live(world)
    first = ladder(world)
    second = ladder(world)
    assert (first.created, second.created) == (True, False)
    assert second.ladder_id == first.ladder_id
    assert world.count("followup_task") == 6
    assert len(kpis(world, "ladder_created")) == 1


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"phone": PHONE}, {"phone": "204-555-0142"}),
        ({"phone": None, "email": EMAIL}, {"phone": None, "email": "RUTH@example.org"}),
        ({"phone": PHONE, **HOME}, {"phone": OTHER_PHONE, "address": "12 ELM ST.", "postal_code": "t2p1j9"}),
    ],
    ids=["phone", "e-mail", "property"],
)
def test_the_same_phone_email_or_property_is_the_same_lead(
    world: World, known: dict[str, Any], said: dict[str, Any]
) -> None:
    live(world)
    ladder(world, "L1", **known)
    again = ladder(world, "L2", **said)
    assert (again.created, again.lead_id, again.asked_for, again.same_as) == (False, "L1", "L2", ("L2",))
    assert world.count("followup_ladder") == 1
    assert world.done(OPERATOR, "followup.show", lead_id="L2").seller.lead_id == "L1"
    assert {row.lead_id for row in world.rows("contact_point")} == {"L1"}


def test_two_leads_that_turn_out_to_be_one_keep_one_ladder(world: World) -> None:
    """A third name brings the phone of one and the e-mail of the other."""
    live(world)
    ladder(world, "L1", phone=PHONE)
    world.clock.advance(minutes=1)
    ladder(world, "L2", phone=None, email=EMAIL)
    third = ladder(world, "L3", phone=PHONE, email=EMAIL)
    assert (third.created, third.lead_id) == (False, "L1")
    assert set(third.same_as) == {"L2", "L3"}
    open_ladders = world.rows("followup_ladder", "ended_at IS NULL")
    assert [row.lead_id for row in open_ladders] == ["L1"]
    assert [row.ended_why for row in world.rows("followup_ladder", "ended_at IS NOT NULL")] == ["merged"]
    assert {row.merged_into for row in world.rows("lead", "lead_id <> 'L1'")} == {"L1"}


def test_a_known_lead_learns_what_was_blank_and_keeps_what_was_known(world: World) -> None:
    live(world)
    ladder(world, seller="Ruth")
    ladder(world, seller="Somebody", owner="Maria", email=EMAIL)
    (row,) = world.rows("lead")
    assert (row.seller_name, row.assignee) == ("Ruth", "Maria")
    assert {row.kind for row in world.rows("contact_point")} == {"phone", "email"}


def test_after_the_ladder_ended_the_lead_gets_a_new_one(world: World) -> None:
    live(world)
    first = ladder(world)
    world.done(OPERATOR, "followup.stop", lead_id="L1", reason="paused")
    second = ladder(world)
    assert second.created
    assert second.ladder_id != first.ladder_id
    assert world.done(OPERATOR, "followup.show", lead_id="L1").earlier_ladders == 1


@pytest.mark.parametrize("said", [{"phone": PHONE}, {"phone": OTHER_PHONE, "email": EMAIL}, {"phone": None}])
def test_who_asked_us_to_stop_gets_no_ladder(world: World, said: dict[str, Any]) -> None:
    """By that contact, by another contact of the same person, and by the lead's name alone."""
    live(world)
    created = ladder(world, email=EMAIL)
    complete(world, call_step(created), "asked_to_stop")
    name = "L1" if said["phone"] is None else "L9"
    given = {key: value for key, value in said.items() if value is not None}
    refusal = world.refused(OPERATOR, "followup.create", lead_id=name, province="MB", **given)
    assert refusal.code == "suppressed"
    assert world.count("followup_ladder") == 1
    assert world.count("lead") == 1


def test_a_person_without_a_number_who_asked_us_to_stop_gets_no_ladder_with_one(world: World) -> None:
    live(world)
    result = complete(world, call_step(ladder(world, phone=None)), "asked_to_stop")
    assert result.suppressed == 0
    assert world.refused(OPERATOR, "followup.create", lead_id="L1", province="MB", phone=PHONE).code == "suppressed"
    assert world.count("contact_point") == 0


def test_a_number_reported_wrong_is_never_used_again_by_anybody(world: World) -> None:
    live(world)
    created = ladder(world)
    complete(world, call_step(created), "wrong_number")
    other = ladder(world, "L2")
    assert (other.created, other.lead_id, other.not_used) == (True, "L2", ("phone",))
    assert {step.blocked.code for step in other.steps if step.blocked} == {"no_number"}


@pytest.mark.parametrize("names", [("L1", "L1"), ("L1", "L2")], ids=["one name", "two names, one phone"])
def test_two_creates_at_once_make_one_ladder(world: World, names: tuple[str, str]) -> None:
    """Failure 29: two ladders for one lead, two immediate texts."""
    live(world)
    for turn in range(8):
        phone = f"+1204555{turn:04d}"
        both = at_once(
            *(
                lambda name=name, user=user, phone=phone, turn=turn: world.run(
                    user, "followup.create", lead_id=f"{name}-{turn}", province="MB", phone=phone
                )
                for name, user in zip(names, (OPERATOR, COLLEAGUE), strict=True)
            )
        )
        assert all(isinstance(one, Done) for one in both), both
        results = [one.result for one in both]
        assert sorted(one.created for one in results) == [False, True]
        assert len({one.ladder_id for one in results}) == 1
        assert len({one.lead_id for one in results}) == 1
    assert world.count("followup_ladder") == 8
    assert world.count("followup_task") == 48
    assert world.count("followup_task", "step = 1") == 8
    assert len(kpis(world, "ladder_created")) == 8


def test_many_names_of_one_property_at_once_make_one_ladder(world: World) -> None:
    """Failure 29, by the property alone."""
    live(world)
    results = at_once(
        *(
            lambda number=number: world.done(
                OPERATOR, "followup.create", lead_id=f"P{number}", province="AB", phone=f"+1403555{number:04d}", **HOME
            )
            for number in range(3)
        )
    )
    assert sum(one.created for one in results) == 1
    assert world.count("followup_ladder") == 1
    (kept,) = {one.lead_id for one in results}
    assert world.count("lead", "merged_into IS NULL") == 1
    assert {row.lead_id for row in world.rows("contact_point")} == {kept}


def test_in_production_it_is_created_before_the_contact_engine_exists(database_url: str) -> None:
    world = World(database_url, VALHALLA_ENV="production")
    world.staff()
    live(world)
    created = ladder(world, consent="express")
    assert created.created
    assert {step.blocked.code for step in created.steps if step.blocked} == {"window"}
    assert all(step.blocked for step in created.steps)
    assert not cards(world, "handover")
    assert task(world, created.steps[0].task_id).due_at == world.clock()
    world.close()
