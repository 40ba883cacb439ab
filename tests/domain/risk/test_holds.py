"""Holds: one for each engine and source, each lifted alone, and none is a policy's switch."""

import pytest

from domain.risk.holds import in_force, stopping_followups
from domain.risk.service import lift_hold, place_hold
from tests.support import MANAGER, ONCALL, START, World, at_once

TRIPWIRE = "tripwire:WHOLESALE.contract_rate"
PERSON = f"person:{MANAGER}"


def test_a_second_hold_of_the_same_source_is_the_first(world: World) -> None:
    """Called again, it returns the same id and writes no second decision."""
    with world.act(ONCALL) as act:
        first = place_hold(act, "wholesale", source=TRIPWIRE, reason="contract rate fell")
        assert place_hold(act, " WHOLESALE ", source=TRIPWIRE, reason="again") == first
        other = place_hold(act, "WHOLESALE", source=PERSON, reason="I do not like it")
        assert other != first
    events = world.rows("risk_event")
    assert [(row.kind, row.engine, row.hold_id, row.actor, row.at) for row in events] == [
        ("HOLD", "WHOLESALE", first, ONCALL, START),
        ("HOLD", "WHOLESALE", other, ONCALL, START),
    ]
    assert events[0].detail == {"source": TRIPWIRE, "followups": False}
    assert world.rows("risk_hold")[0].reason == "contract rate fell"


def test_each_is_lifted_on_its_own_and_can_be_placed_again(world: World) -> None:
    """Lifting one leaves the other; a lifted one is history, and a new one is a new row."""
    with world.act() as act:
        first = place_hold(act, "WHOLESALE", source=TRIPWIRE, reason="fell")
        place_hold(act, "WHOLESALE", source=PERSON, reason="wait")
        assert lift_hold(act, "wholesale", source=TRIPWIRE) is True
        assert lift_hold(act, "WHOLESALE", source=TRIPWIRE) is False
        assert [hold.source for hold in in_force(act, ["WHOLESALE"])] == [PERSON]
        assert place_hold(act, "WHOLESALE", source=TRIPWIRE, reason="fell again") != first
    assert [row.kind for row in world.rows("risk_event")] == ["HOLD", "HOLD", "RESUME", "HOLD"]
    assert [row.lifted_at for row in world.rows("risk_hold")] == [START, None, None]


def test_a_hold_can_only_be_widened_to_the_followups(world: World) -> None:
    """Asked with `followups` later, the same hold stops them too; asked without, it does not let go of them."""
    with world.act() as act:
        hold = place_hold(act, "WHOLESALE", source=PERSON, reason="wait")
        assert stopping_followups(act) is None
        assert place_hold(act, "WHOLESALE", source=PERSON, reason="calls too", followups=True) == hold
        assert place_hold(act, "WHOLESALE", source=PERSON, reason="wait") == hold
        stopping = stopping_followups(act)
        assert stopping
        assert stopping.id == hold
        place_hold(act, "CAPITAL", source=PERSON, reason="wait", followups=True)
        lift_hold(act, "WHOLESALE", source=PERSON)
        assert stopping_followups(act) is None
    assert [row.detail["followups"] for row in world.rows("risk_event", "kind = 'HOLD'")] == [False, True, True]


def test_one_of_many_at_once_places_it(world: World) -> None:
    """Sixteen evaluations see the same fall: one hold, one decision, one id for all."""

    def place() -> int:
        with world.act() as act:
            return place_hold(act, "WHOLESALE", source=TRIPWIRE, reason="fell")

    assert len(set(at_once(*[place] * 16))) == 1
    assert world.count("risk_hold") == world.count("risk_event") == 1


@pytest.mark.parametrize("source", ["somebody", "tripwire:", "person", "bot:x", ""])
def test_a_source_says_what_it_is(light_world: World, source: str) -> None:
    """A hold that nobody could lift is a bug of the caller."""
    with pytest.raises(ValueError, match="neither"), light_world.act() as act:
        place_hold(act, "WHOLESALE", source=source, reason="x")


@pytest.mark.parametrize("engine", ["", "1ST", "WHOLE SALE", "W" * 33, "É"])
def test_an_engine_has_an_engines_name(light_world: World, engine: str) -> None:
    """Nothing is stored under a name that no policy can have."""
    with pytest.raises(ValueError, match="not an engine"), light_world.act() as act:
        place_hold(act, engine, source=PERSON, reason="x")


def test_a_hold_waits_for_no_book(postgres_world: World) -> None:
    """It is placed while the engine's policy and books are locked by somebody else."""
    postgres_world.put("risk_ledger", engine="WHOLESALE", day=START.date(), opening=0, open_risk=0)
    with postgres_world.database.write() as connection:
        connection.exec_driver_sql("SELECT * FROM risk_policy FOR UPDATE")
        connection.exec_driver_sql("SELECT * FROM risk_ledger FOR UPDATE")
        with postgres_world.act() as act:
            act.connection.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            place_hold(act, "WHOLESALE", source=TRIPWIRE, reason="fell")
            lift_hold(act, "WHOLESALE", source=TRIPWIRE)


def test_the_decisions_are_append_only(world: World) -> None:
    """Nobody rewrites what was decided."""
    with world.act() as act:
        place_hold(act, "WHOLESALE", source=TRIPWIRE, reason="fell")
    for statement in ("UPDATE risk_event SET actor = 'U9'", "DELETE FROM risk_event"):
        with pytest.raises(Exception, match="append-only"):
            world.execute(statement)
