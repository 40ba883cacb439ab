"""Trials and their scorecards: nothing lost, nothing counted twice, nothing that is no confidence."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.outcomes import Done, Kind, Refused
from tests.domain.heimdall.factories import OFFER, counted, policy, scored, today, trial
from tests.support import AUDITOR, OPERATOR, World, at_once

TORONTO = ZoneInfo("America/Toronto")


def test_a_trial_is_added_to_its_day(world: World) -> None:
    """Counted by day, range of confidence and model; the answer says where the domain stands."""
    answer = trial(world, confidence=0.93)
    assert (answer.gate.trials, answer.gate.successes, answer.gate.success_rate) == (1, 1, 1.0)
    answer = trial(world, success=False, confidence=0.97, model_fingerprint="m1")
    assert (answer.gate.trials, answer.gate.success_rate, answer.gate.says) == (2, 0.5, 0.95)
    rows = world.rows("heimdall_scorecard")
    kept = [(row.day, row.bucket, row.model_fingerprint, row.trials, row.successes, row.confidence_sum) for row in rows]
    assert kept == [
        (today(world), 5, "", 1, 1, 930_000), (today(world), 6, "m1", 1, 0, 970_000),
    ]  # fmt: skip
    (event, second) = world.rows("heimdall_event", "kind = 'TRIAL'")
    assert (event.domain, event.confidence, event.success, event.actor) == (OFFER, 0.93, True, OPERATOR)
    assert second.model_fingerprint == "m1"
    (done, _) = world.audit("heimdall.trial", "done")
    assert done.target == OFFER


def test_21_of_800_trials_at_once_every_one_counts(world: World) -> None:
    """Failure 21: forty writers, twenty trials each, no sleep between them."""
    writers, each = (8, 100) if world.is_sqlite else (40, 20)

    def write(number: int) -> None:
        for turn in range(each):
            trial(world, success=(number + turn) % 5 != 0, confidence=0.93 if turn % 2 else 0.97)

    with ThreadPoolExecutor(writers) as pool:  # all of them at once, for as long as a busy machine takes
        for future in [pool.submit(write, number) for number in range(writers)]:
            future.result()
    expected = sum((number + turn) % 5 != 0 for number in range(writers) for turn in range(each))
    assert counted(world) == (800, expected)
    rows = world.rows("heimdall_scorecard")
    assert sum(row.confidence_sum for row in rows) == 400 * 930_000 + 400 * 970_000
    assert world.count("heimdall_event", "kind = 'TRIAL'") == 800


@pytest.mark.parametrize(
    "confidence", ["NaN", "nan", "inf", "-inf", "7.0", 7.0, -0.01, 1.0001, "1e400", True, "sure", "", None, "101%"]
)
def test_19_a_confidence_that_is_none_is_refused_by_name(world: World, confidence: object) -> None:
    """Failure 19: NaN and 7.0; nothing is written, for trials and recommendations alike."""
    for operation in ("heimdall.trial", "heimdall.recommend"):
        more = {"success": True} if operation == "heimdall.trial" else {}
        refusal = world.refused(OPERATOR, operation, domain=OFFER, confidence=confidence, **more)
        assert (refusal.kind, refusal.field) == (Kind.INVALID, "confidence")
    assert counted(world) == (0, 0)
    assert world.count("heimdall_recommendation") == 0


@pytest.mark.parametrize(("given", "kept"), [(".93", 0.93), ("93%", 0.93), (0, 0.0), (1, 1.0), ("0.5", 0.5)])
def test_how_a_confidence_may_be_given(light_world: World, given: object, kept: float) -> None:
    """As people type it, and as programs send it."""
    assert trial(light_world, confidence=given).confidence == kept  # type: ignore[arg-type]


def test_17_a_gate_that_passes_at_23_59_passes_at_00_01(world: World) -> None:
    """Failure 17: the last seven days count, not only today's."""
    world.clock.now = datetime(2026, 11, 24, 23, 59, tzinfo=TORONTO)
    scored(world, 75, 70)
    before = trial(world)
    world.clock.advance(minutes=2)
    after = trial(world)
    assert (before.gate.trials, after.gate.trials) == (76, 77)
    assert before.day == after.day - timedelta(days=1)
    assert world.done(AUDITOR, "heimdall.snapshot").items[-1].can_promote


def test_18_failures_are_not_forgotten_overnight(world: World) -> None:
    """Failure 18: five hundred failures yesterday still refuse, until the scorecard's days have passed."""
    scored(world, 500, 0)
    for days in range(1, 7):
        world.clock.advance(days=1)
        answer = trial(world)
        assert (answer.gate.trials, answer.gate.successes) == (500 + days, days)
    refusal = world.refused(OPERATOR, "heimdall.promote", domain=OFFER, reason="a new morning")
    assert refusal.figures["blockers"] == ["success in trials"]
    world.clock.advance(days=1)
    assert trial(world).gate.trials == 7


def test_sent_twice_under_its_own_id_a_trial_counts_once(world: World) -> None:
    """A retry is answered and not counted; another trial under the same id is refused and changes nothing."""
    assert trial(world, correlation_id="run-1").counted
    again = trial(world, correlation_id="run-1")
    assert (again.counted, again.gate.trials) == (False, 1)
    refusal = world.refused(
        OPERATOR, "heimdall.trial", domain=OFFER, confidence=0.93, success=False, correlation_id="run-1"
    )
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "correlation_id_reused")
    assert trial(world, domain="BUYER_MATCH", correlation_id="run-1").counted
    assert counted(world) == (1, 1)


def test_the_same_trial_from_many_at_once_counts_once(world: World) -> None:
    """Whoever is first counts it; the others are told it was counted."""
    answers = at_once(*(lambda: trial(world, correlation_id="run-1") for _ in range(6)))
    assert sorted(answer.counted for answer in answers) == [False] * 5 + [True]
    assert counted(world) == (1, 1)


def test_a_domain_without_a_policy_is_refused_by_name(world: World) -> None:
    """Nothing is known that it should reach; the nearest name is offered."""
    refusal = world.refused(OPERATOR, "heimdall.trial", domain="WHOLESALE_OFER", confidence=0.9, success=True)
    assert (refusal.kind, refusal.code) == (Kind.NOT_FOUND, "no_such_domain")
    assert "Did you mean WHOLESALE_OFFER?" in refusal.remedy
    assert world.count("heimdall_event") == 0
    assert trial(world, domain="wholesale offer").domain == OFFER


def test_the_kill_switch_stops_trials_and_go_live_does_not_matter(world: World) -> None:
    """Sandbox work: go-live off is fine, the kill switch is not."""
    trial(world)
    world.switches(engaged=True)
    for operation, more in (("heimdall.trial", {"success": True}), ("heimdall.recommend", {})):
        refusal = world.refused(OPERATOR, operation, domain=OFFER, confidence=0.93, **more)
        assert refusal.kind is Kind.PRIME_LAW
    assert counted(world) == (1, 1)


def test_what_was_reported_cannot_be_changed_behind_the_gate(world: World) -> None:
    """The record of trials is append-only in the database itself."""
    trial(world)
    for statement in ("UPDATE heimdall_event SET success = false", "DELETE FROM heimdall_event"):
        with pytest.raises(Exception, match="append-only"):
            world.execute(statement)
    assert world.rows("heimdall_event")[0].success


def test_a_trial_that_names_another_model_begins_its_evidence_anew(world: World) -> None:
    """What an earlier model did says nothing about this one; trials that name none go on counting."""
    scored(world, 80, 78, model="old")
    scored(world, 5, 5)
    answer = trial(world, model_fingerprint="new")
    assert answer.gate.trials == 6
    assert policy(world).model_fingerprint == "new"
    (card,) = world.done(AUDITOR, "heimdall.scorecard", domain=OFFER).items
    assert (card.other_models, card.gate.trials) == (80, 6)


def test_the_scorecard_shows_1_7_and_28_days_with_intervals_and_calibration(world: World) -> None:
    """Each window counts its own days; the interval is the exact one; what the model says stands beside."""
    scored(world, 10, 9)
    scored(world, 77, 66, days_ago=6)
    scored(world, 254, 214, days_ago=7)
    scored(world, 99, 0, days_ago=28)
    (card,) = world.done(AUDITOR, "heimdall.scorecard", domain=OFFER).items
    assert [(window.days, window.trials, window.successes) for window in card.windows] == [
        (1, 10, 9), (7, 87, 75), (28, 341, 289),
    ]  # fmt: skip
    assert (round(card.gate.low, 3), round(card.gate.high, 3)) == (0.774, 0.919)
    assert card.calibration == "it is about 7 points too sure of itself"
    assert card.reasons == ()
    assert len(card.days) == 28
    assert sum(day.trials for day in card.days) == 341
    assert [(found.low, found.high, found.trials) for found in card.ranges] == [(0.9, 0.95, 341)]
    everything = world.done(AUDITOR, "heimdall.scorecard")
    assert [item.domain for item in everything.items] == [
        "BUYER_MATCH", "CAPITAL_ROUTE", "FOLLOWUP_NEXT_ACTION", "WHOLESALE_OFFER",
    ]  # fmt: skip


def test_an_auditor_reads_and_records_nothing(world: World) -> None:
    """Reading is for auditors, recording for operators."""
    for name in ("heimdall.policies", "heimdall.snapshot", "heimdall.scorecard"):
        assert isinstance(world.run(AUDITOR, name), Done)
    assert isinstance(world.run(AUDITOR, "heimdall.trial", domain=OFFER, confidence=0.9, success=True), Refused)
