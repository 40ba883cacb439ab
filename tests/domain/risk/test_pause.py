"""A person's pause: at once, for all that acts, follow-ups too where said; resumed by two, each hold on its own."""

from datetime import timedelta
from typing import Any

import pytest

from domain.outcomes import Done, Kind, Refused
from domain.risk.pausing import wanted_resume
from domain.risk.service import lift_hold, place_hold
from tests.domain.followup.factories import callable_now
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, Pause, World, at_once


def reserve(world: World, engine: str = "WHOLESALE") -> Any:
    """Try to reserve a dollar."""
    return world.run(OPERATOR, "risk.reserve", engine=engine, amount="1")


def code(outcome: Any) -> str | None:
    """Return why something was refused, None where it was not."""
    return outcome.code if isinstance(outcome, Refused) else None


def resume(world: World, user: str = ONCALL, **more: Any) -> Any:
    """Ask to resume WHOLESALE and let a manager approve."""
    asked = world.pending(user, "risk.resume", **{"engine": "WHOLESALE", "reason": "fixed", **more})
    return world.approve(SECOND, asked.approval_id)


def test_a_pause_stops_one_engine_and_global_stops_all(live: World) -> None:
    """The other engine goes on; GLOBAL's pause names GLOBAL."""
    live.done(OPERATOR, "risk.pause", engine="wholesale", reason="wrong template")
    refusal = reserve(live)
    assert (code(refusal), refusal.kind) == ("on_hold", Kind.REFUSED)
    assert "wrong template" in refusal.detail
    assert refusal.buttons[0].params == {"engine": "WHOLESALE", "hold_id": 1}
    assert code(reserve(live, "CAPITAL")) is None
    live.done(MANAGER, "risk.pause", engine="GLOBAL", reason="all of it")
    assert code(reserve(live, "CAPITAL")) == "on_hold"


def test_settling_goes_on_under_a_hold(live: World) -> None:
    """What reduces risk is never stopped."""
    numbers = [reserve(live).result.reservation_id for _ in range(2)]
    live.done(OPERATOR, "risk.pause", engine="GLOBAL", reason="x")
    live.done(OPERATOR, "risk.settle", reservation_id=numbers[0], realized_loss="0")
    live.done(OPERATOR, "risk.void", reservation_id=numbers[1])
    assert [row.state for row in live.rows("risk_reservation")] == ["SETTLED", "VOIDED"]
    assert {row.open_risk for row in live.rows("risk_ledger")} == {0}


def test_resuming_takes_two_and_lifts_one_hold(live: World) -> None:
    """The tripwire's hold stays; a disabled engine stays disabled."""
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="x")
    with live.act(OWNER) as act:
        place_hold(act, "WHOLESALE", source="tripwire:WHOLESALE.contract_rate", reason="it fell")
    live.done(MANAGER, "risk.policy_set", engine="WHOLESALE", enabled=False, reason="x")
    assert isinstance(resume(live), Done)
    assert [row.source for row in live.rows("risk_hold", "lifted_at IS NULL")] == ["tripwire:WHOLESALE.contract_rate"]
    assert code(reserve(live)) == "disabled"
    asked = live.pending(MANAGER, "risk.policy_set", engine="WHOLESALE", enabled=True, reason="x")
    live.approve(SECOND, asked.approval_id)
    assert code(reserve(live)) == "on_hold"
    refusal = live.refused(ONCALL, "risk.resume", engine="WHOLESALE", reason="x")
    assert "tripwire" in refusal.detail
    with live.act(OWNER) as act:
        lift_hold(act, "WHOLESALE", source="tripwire:WHOLESALE.contract_rate")
    assert code(reserve(live)) is None


def test_two_peoples_holds_are_lifted_one_by_one(live: World) -> None:
    """Which one must be said."""
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="x")
    live.done(MANAGER, "risk.pause", engine="WHOLESALE", reason="y")
    refusal = live.refused(ONCALL, "risk.resume", engine="WHOLESALE", reason="x")
    assert "H-1 (<@UOPERATOR>), H-2 (<@UMANAGER>)" in refusal.detail
    assert isinstance(resume(live, hold_id="H-1"), Done)
    assert code(reserve(live)) == "on_hold"
    assert isinstance(resume(live), Done)
    assert code(reserve(live)) is None


def test_a_request_to_resume_is_bound_to_the_hold(live: World) -> None:
    """Lifted and placed anew meanwhile: it is another hold, so nothing is lifted."""
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="x")
    asked = live.pending(ONCALL, "risk.resume", engine="WHOLESALE", reason="x")
    live.run(OWNER, "risk.resume", engine="WHOLESALE", reason="x", break_glass="alone")
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="again")
    decided = live.approve(SECOND, asked.approval_id)
    assert not isinstance(decided, Done) or decided.result.status != "approved"  # type: ignore[attr-defined]
    assert code(reserve(live)) == "on_hold"


def test_pausing_twice_is_one_hold_and_one_announcement(live: World) -> None:
    """The second says that it was so already."""
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="x")
    sent = live.count("outbox", "card = 'risk_hold'")
    again = live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="x")
    assert again.already
    assert live.count("risk_hold") == 1
    assert live.count("outbox", "card = 'risk_hold'") == sent == 2


@pytest.mark.parametrize(("engine", "field"), [("CAPITAL", "followups"), ("DIALER", "engine")])
def test_what_cannot_be_paused(world: World, engine: str, field: str) -> None:
    """Follow-ups are WHOLESALE's; an engine without caps does nothing anyway."""
    assert world.refused(OPERATOR, "risk.pause", engine=engine, followups=True, reason="x").field == field


def test_followups_stop_where_the_pause_says_so(live: World) -> None:
    """Claims are refused and `/due` says why; without `followups` they go on."""
    task = callable_now(live)
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="wrong words")
    live.done(OPERATOR, "followup.claim", task_id=task)
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="wrong words", followups=True)
    refusal = live.refused(OPERATOR, "followup.claim", task_id=task)
    assert (refusal.code, refusal.layer) == ("paused", "Risk Guard")
    assert live.done(OPERATOR, "followup.due").stopped.code == "paused"
    live.done(OPERATOR, "followup.complete", task_id=task, outcome="no_answer")
    resume(live)
    assert live.done(OPERATOR, "followup.due").stopped is None


@pytest.mark.parametrize("what", ["followup.claim", "risk.reserve"])
def test_nothing_under_way_commits_after_the_pause(postgres_world: World, what: str) -> None:
    """A claim, or a reservation, stands before its commit: the pause returns only after it, and the next is refused."""
    world = postgres_world
    world.switches(live=True)
    params: dict[str, Any] = (
        {"task_id": callable_now(world)} if what == "followup.claim" else {"engine": "WHOLESALE", "amount": "1"}
    )
    order: list[str] = []

    def act() -> None:
        assert isinstance(world.run(OPERATOR, what, **params), Done)
        order.append("acted")

    def pause() -> None:
        world.done(MANAGER, "risk.pause", engine="WHOLESALE", reason="x", followups=True)
        order.append("paused")

    def nothing_yet() -> None:
        assert order == []
        assert world.count("risk_hold") == 0

    Pause(world, what).until_another_waits(act, pause, meanwhile=nothing_yet)
    assert world.count("risk_hold") == 1
    world.clock.advance(minutes=30)
    assert world.refused(SECOND, what, **params).layer == "Risk Guard"


def test_a_tripwires_hold_stops_a_reservation_that_was_judged_before_it(postgres_world: World) -> None:
    """It is placed while a reservation waits for the books: the statement that books sees it."""
    world = postgres_world
    world.switches(live=True)
    world.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1")

    def trip() -> None:
        with world.act(OWNER) as act:
            place_hold(act, "WHOLESALE", source="tripwire:WHOLESALE.contract_rate", reason="it fell")

    _, judged_before = Pause(world, "risk.reserve").until_another_waits(
        lambda: reserve(world, "CAPITAL"), lambda: reserve(world), meanwhile=trip
    )
    assert code(judged_before) == "on_hold"


def test_time_alone_lifts_nothing(live: World) -> None:
    """A hold has no end of its own."""
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="x")
    live.clock.advance(days=30)
    live.system("risk.expire")
    assert live.rows("risk_hold")[0].lifted_at is None
    assert code(reserve(live)) == "on_hold"
    assert live.clock() - live.rows("risk_hold")[0].placed_at == timedelta(days=30)


def test_an_approval_lifts_the_hold_it_was_asked_about_and_no_wider_one(postgres_world: World) -> None:
    """Whoever paused stops the follow-ups too while a manager approves: that hold nobody was asked about."""
    world = postgres_world
    world.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="x")
    asked = world.pending(ONCALL, "risk.resume", engine="WHOLESALE", reason="fixed")
    Pause(world, "risk.pause").until_another_waits(
        lambda: world.run(OPERATOR, "risk.pause", engine="WHOLESALE", reason="worse", followups=True),
        lambda: world.approve(SECOND, asked.approval_id),
    )
    assert world.approval(asked.approval_id).status == "failed"
    detail = world.approval(asked.approval_id).outcome_detail  # whichever of the two readings was the late one
    assert "widened" in detail or detail == "Then: hold H-1. Now: hold H-1 with follow-ups."
    (hold,) = world.rows("risk_hold")
    assert (hold.followups, hold.lifted_at) == (True, None)


def test_a_hold_lifted_while_it_is_asked_about_is_said_to_be_gone(live: World) -> None:
    """Two owners lift it at the same moment: one does, the other hears that nothing was left to lift."""
    live.done(OPERATOR, "risk.pause", engine="CAPITAL", reason="x")
    outcomes = at_once(
        *[lambda: live.run(OWNER, "risk.resume", break_glass="alone", engine="CAPITAL", reason="go on")] * 4
    )
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    assert {code(outcome) for outcome in outcomes} <= {None, "nothing_to_do", "blocked", "changed_meanwhile"}
    with live.act(OWNER) as act:
        gone = wanted_resume(act, "CAPITAL", None)
    assert gone.facts == (("Held by", "nobody any more"),)
