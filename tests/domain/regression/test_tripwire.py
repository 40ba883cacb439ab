"""A tripwire in its world: what arrives is counted once, an alarm stops its engine, two people release it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.blocks.tripwire import states
from domain.outcomes import Done, Kind, Refused
from domain.regression.tables import RegressionArrival
from tests.domain.regression.scenes import DOMAIN, NAME, Metric, armed, tripped
from tests.support import (
    AUDITOR,
    MANAGER,
    ONCALL,
    OPERATOR,
    OWNER,
    SECOND,
    Pause,
    World,
    at_once,
)


@pytest.fixture
def live(world: World) -> World:
    """Production acts, so that a throttle has something to stop."""
    world.switches(live=True)
    return world


def holds(world: World) -> list[Any]:
    """Holds that are in force."""
    return world.rows("risk_hold", "lifted_at IS NULL")


def alerts(world: World) -> list[Any]:
    """Alerts, oldest first."""
    return world.rows("alert")


def test_an_alarm_holds_its_engine_and_the_next_reserve_says_why(live: World) -> None:
    """Hold, alert, audit and card in one transaction; the refusal names the tripwire's figures."""
    live.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="10")
    metric = tripped(live)
    (hold,) = holds(live)
    assert (hold.engine, hold.source) == ("WHOLESALE", "tripwire:WHOLESALE.contract_rate")
    refusal = live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="10")
    assert "Contract rate fell" in refusal.detail + str(refusal.figures)
    (button,) = refusal.buttons
    assert (button.label, button.operation, button.params, button.form) == (
        "Ask to release…", "regression.release", NAME, True,
    )  # fmt: skip
    live.done(OPERATOR, "risk.reserve", engine="CAPITAL", amount="10")
    state = metric.state()
    assert state.is_throttled
    assert state.since_alarm_events > 0
    (alert,) = [row for row in alerts(live) if row.severity == "critical"]
    assert alert.headline == "WHOLESALE IS THROTTLED: no new offers. Contract rate fell."
    detail = alert.extra["detail"]
    assert detail["n"] >= 100_000
    assert detail["events"] > detail["successes"] > 0
    (entry,) = [row for row in live.audit("regression.evaluate") if (row.after or {}).get("state") == "tripped"]
    assert entry.actor == "system"
    assert entry.target == "WHOLESALE.contract_rate"
    assert live.done(AUDITOR, "regression.snapshot").throttled_engines == ("WHOLESALE",)


def test_failure_32_recovery_lifts_nothing_by_itself_and_what_was_stopped_is_told(live: World) -> None:
    """After the rate has recovered the engine is still held, the state says so, and the alert is still open."""
    metric = tripped(live)
    live.clock.advance(days=1)
    metric.report(metric.rate(0.5, 800))
    assert metric.state().state == "tripped"
    assert len(holds(live)) == 1
    assert alerts(live)[-1].state == "open"
    assert metric.state().since_alarm_events >= 800


def test_failures_33_and_34_a_release_is_not_undone_by_the_same_events(live: World) -> None:
    """Released by two people; the next evaluations, a repeated report and a late sweep leave it released."""
    metric = armed(live)
    low = metric.rate(0.1, 400)
    metric.report(low)
    waiting = metric.rate(0.1, 200)
    live.done(OPERATOR, "kpi.record", events=waiting)  # recorded before the release, and not counted yet
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="the multiplier is back")
    outcome = live.approve(SECOND, asked.approval_id)
    assert isinstance(outcome, Done)
    assert holds(live) == []
    for _ in range(3):
        metric.report(low)
        live.done(OPERATOR, "regression.evaluate", **NAME)
        metric.sweep()
    state = metric.state()
    assert (state.state, state.score, state.is_throttled) == ("armed", 0.0, False)
    live.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="10")
    (alert,) = [row for row in alerts(live) if row.severity == "critical"]
    assert alert.state == "resolved"
    assert alert.extra["detail"]["released_by"] == ONCALL
    assert alert.extra["detail"]["approved_by"] == SECOND
    assert alert.extra["detail"]["since_events"] >= 200
    metric.report(metric.rate(0.1, 400))
    assert metric.state().state == "tripped"  # new events of the same drop do


def test_failure_36_old_data_say_that_they_are_old(live: World) -> None:
    """Last event 45 days ago: no green light."""
    metric = armed(live)
    assert not metric.state().is_stale
    live.clock.advance(days=45)
    assert metric.state().is_stale
    shown = json.dumps(states(live.done(OPERATOR, "regression.state", **NAME)).blocks)
    assert "last event 45 days ago" in shown
    warnings = live.done(AUDITOR, "runbook.status").warnings
    (check,) = [each for each in warnings if each.name == "tripwires can act"]
    assert "last event 45 days ago" in check.detail


@pytest.mark.parametrize("value", ["NaN", float("nan"), float("inf"), "-Infinity", 1e300, True, "ten"])
def test_failure_39_what_is_no_number_is_refused_by_name_and_nothing_is_written(light_world: World, value: Any) -> None:
    """One NaN in a bulk of good events: the whole call is refused, naming the event and the field."""
    metric = Metric(light_world, "CAPITAL", "roi_event")
    events = metric.events(5, lambda _number: {"value": 0.1})
    events[3]["value"] = value
    refusal = light_world.refused(OPERATOR, "kpi.record", events=events)
    assert refusal.kind is Kind.INVALID
    assert "event 4: `value`" in refusal.detail
    assert light_world.count("kpi_event") == 0
    assert light_world.refused(OPERATOR, "kpi.record", **{**NAME, "value": value}).kind is Kind.INVALID
    assert light_world.count("kpi_event") == 0


def test_repeated_events_count_once_whoever_reports_them(world: World) -> None:
    """The same ids again, in another order, by another person, in another bulk."""
    metric = armed(world)
    before = metric.state()
    events = metric.rate(0.1, 60)
    metric.report(events)
    once = metric.state()
    assert once.events == before.events + 60
    for again in (events[::-1], events[:10], [*events, *events]):
        assert metric.report(again).recorded == 0
    assert metric.state().model_dump(exclude={"waiting"}) == once.model_dump(exclude={"waiting"})


def test_two_bulks_of_the_same_events_at_once_write_each_event_once(world: World) -> None:
    """In opposite orders: no deadlock, no double count."""
    metric = armed(world)
    events = metric.rate(0.41, 300)
    before = metric.state().events
    outcomes = at_once(
        lambda: world.run(OPERATOR, "kpi.record", events=events),
        lambda: world.run(MANAGER, "kpi.record", events=events[::-1]),
    )
    assert sum(outcome.result.recorded for outcome in outcomes) == 300
    metric.sweep()
    assert metric.state().events == before + 300


def test_many_sweeps_at_once_count_each_event_once(world: World) -> None:
    """Evaluations race; the metric's one row makes them one after the other."""
    metric = armed(world)
    before = metric.state().events
    for _ in range(6):
        world.done(OPERATOR, "kpi.record", events=metric.rate(0.41, 50))
    at_once(*(lambda: world.run(OPERATOR, "regression.evaluate", **NAME) for _ in range(4)))
    metric.sweep()
    assert metric.state().events == before + 300
    assert world.count("regression_arrival") == 0


def test_nothing_that_acts_waits_for_a_metrics_row(postgres_world: World) -> None:
    """An evaluation stands before its commit; a report and an act that emits events of its metric go through."""
    metric = armed(postgres_world)
    postgres_world.done(OPERATOR, "kpi.record", events=metric.rate(0.41, 5))
    _evaluated, recorded = Pause(postgres_world, "regression.evaluate").until_another_ends(
        lambda: postgres_world.run(OPERATOR, "regression.evaluate", **NAME),
        lambda: postgres_world.run(OPERATOR, "kpi.record", events=metric.rate(0.41, 5)),
    )
    assert isinstance(recorded, Done)
    assert postgres_world.count("regression_arrival") == 1


def test_a_metric_that_may_engage_the_switch_takes_prime_laws_lock_only_when_it_does(world: World) -> None:
    """CAPITAL.roi_event falls: the kill switch is engaged by the program, with its reason and an alert."""
    world.switches(live=True)
    metric = Metric(world, "CAPITAL", "roi_event")
    metric.set(enabled=True)
    seen: list[Any] = []
    world.gate.before_commit = lambda act: seen.append((act.entry.operation, act.prime_mode.value))
    metric.report(metric.events(1_200, lambda _n: {"value": metric.rng.lognormvariate(-2, 0.5)}))
    assert ("regression.sweep", "exclusive") not in seen
    metric.report(metric.events(900, lambda _n: {"value": metric.rng.lognormvariate(-2, 0.5) * 0.6}))
    assert ("regression.sweep", "exclusive") in seen
    golive = world.done(AUDITOR, "golive.state")
    assert golive.kill_switch_engaged
    assert golive.engaged_by == "system"
    assert "ROI event" in (golive.reason or "")
    refusal = world.refused(OPERATOR, "risk.reserve", engine="CAPITAL", amount="10")
    assert refusal.kind is Kind.PRIME_LAW
    (alert,) = [row for row in alerts(world) if row.severity == "critical"]
    assert alert.headline.startswith("KILL SWITCH ENGAGED by a tripwire")
    (entry,) = world.audit("killswitch.engage")
    assert entry.actor == "system"
    asked = world.pending(ONCALL, "regression.release", domain="CAPITAL", metric="roi_event", reason="looked at it")
    world.approve(SECOND, asked.approval_id)
    assert metric.state().state == "armed"
    assert world.done(AUDITOR, "golive.state").kill_switch_engaged  # it has a release of its own


def test_without_prime_laws_lock_an_alarm_that_must_engage_is_left_for_the_next_pass(world: World) -> None:
    """Events that arrive between the look and the lock: nothing is half done, and the next pass engages."""
    metric = Metric(world, "CAPITAL", "roi_event")
    metric.set(enabled=True)
    metric.report(metric.events(1_200, lambda _n: {"value": metric.rng.lognormvariate(-2, 0.5)}))
    world.done(OPERATOR, "kpi.record", events=metric.events(900, lambda _n: {"value": 0.001}))
    from domain.regression import evaluating

    with world.act("system", "regression.sweep") as act:
        found = evaluating.evaluate(act, [("CAPITAL", "roi_event")], skip=False)
    assert (found.evaluated, found.again) == (0, True)
    assert metric.state().state != "tripped"
    assert world.count("regression_arrival") == 1
    metric.sweep()
    assert metric.state().state == "tripped"
    assert world.done(AUDITOR, "golive.state").kill_switch_engaged


def test_a_throttle_takes_prime_laws_lock_only_when_it_trips(live: World) -> None:
    """Sweeps that stop nothing wait for nobody and let nobody wait; one that trips takes the lock as a pause does."""
    seen: list[Any] = []
    live.gate.before_commit = lambda act: seen.append((act.entry.operation, act.prime_mode.value))
    metric = armed(live)
    assert {mode for name, mode in seen if name == "regression.sweep"} == {"none"}
    metric.report(metric.rate(0.1, 400))
    assert seen.count(("regression.sweep", "exclusive")) == 1
    assert len(holds(live)) == 1
    metric.report(metric.rate(0.1, 400))
    assert seen.count(("regression.sweep", "exclusive")) == 1  # tripped already: there is nothing more to stop


@pytest.mark.parametrize("ends", ["sweep", "evaluate"])
def test_nothing_under_way_commits_after_a_tripwires_hold(postgres_world: World, ends: str) -> None:
    """A reserve that read “no hold” stands before its commit: the trip waits for it, and the next reserve is denied."""
    world = postgres_world
    world.switches(live=True)
    metric = armed(world)
    world.done(OPERATOR, "kpi.record", events=metric.rate(0.1, 400))
    order: list[str] = []

    def reserve() -> None:
        world.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1")
        order.append("reserved")

    def trip() -> None:
        if ends == "sweep":
            world.system("regression.sweep")
        else:
            world.done(OPERATOR, "regression.evaluate", **NAME)
        order.append("tripped")

    def nothing_yet() -> None:
        assert (order, holds(world)) == ([], [])

    Pause(world, "risk.reserve").until_another_waits(reserve, trip, meanwhile=nothing_yet)
    assert order[0] == "reserved"
    assert len(holds(world)) == 1
    refusal = world.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1")
    assert refusal.code == "on_hold"
    (made,) = world.rows("risk_reservation")
    (booked, placed) = (world.rows("risk_event", "kind = :kind", kind=kind)[0].id for kind in ("RESERVE", "HOLD"))
    assert made.state == "OPEN"
    assert booked < placed


def test_a_reserve_that_came_while_a_tripwire_trips_is_denied(postgres_world: World) -> None:
    """The trip stands before its commit: the reserve waits for it and sees the hold."""
    world = postgres_world
    world.switches(live=True)
    metric = armed(world)
    world.done(OPERATOR, "kpi.record", events=metric.rate(0.1, 400))
    _swept, refusal = Pause(world, "regression.sweep").until_another_waits(
        lambda: world.system("regression.sweep"),
        lambda: world.run(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1"),
    )
    assert isinstance(refusal, Refused)
    assert refusal.code == "on_hold"


def test_a_release_lifts_its_own_hold_alone(live: World) -> None:
    """A person's hold stays, and so does what a person disabled."""
    tripped(live)
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="I want to look first")
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="looked at it")
    live.approve(MANAGER, asked.approval_id)
    (hold,) = holds(live)
    assert hold.source == f"person:{OPERATOR}"
    live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="10")


def test_a_release_is_bound_to_the_trip_it_was_asked_for(live: World) -> None:
    """Released and tripped again meanwhile: the old request releases nothing."""
    metric = tripped(live)
    first = live.pending(ONCALL, "regression.release", **NAME, reason="one")
    live.done(OWNER, "regression.release", **NAME, reason="alone", break_glass="nobody else is awake")
    assert holds(live) == []
    metric.report(metric.rate(0.05, 400))
    assert metric.state().state == "tripped"
    outcome = live.approve(SECOND, first.approval_id)
    assert isinstance(outcome, Refused) or outcome.result.status == "failed"  # type: ignore[union-attr]
    assert len(holds(live)) == 1


def test_there_is_nothing_to_release_where_nothing_is_tripped(live: World) -> None:
    """Refused at the request, in words."""
    armed(live)
    assert "nothing to release" in live.refused(ONCALL, "regression.release", **NAME, reason="x").detail
    assert live.run(OPERATOR, "regression.release", **NAME, reason="x").kind is Kind.NOT_ALLOWED  # type: ignore[union-attr]


def test_what_is_off_learns_does_nothing_and_begins_clean_when_it_is_switched_on(live: World) -> None:
    """A drop while it was off trips nothing afterwards; one that goes on does."""
    metric = Metric(live)
    metric.report(metric.rate(0.41, 1_200))
    metric.report(metric.rate(0.1, 300))
    state = metric.state()
    assert (state.state, state.can_act) == ("off", True)
    assert holds(live) == []
    metric.set(enabled=True)
    assert metric.state().state == "armed"
    assert metric.state().score == 0
    metric.report(metric.rate(0.1, 300))
    assert metric.state().state == "tripped"


def test_a_warning_is_raised_once_and_taken_back_when_it_is_over(live: World) -> None:
    """A policy that only warns: one alert, resolved by itself once the score has fallen."""
    metric = Metric(live, "MARKET", "contact_in_window")
    metric.set(enabled=True, action="WARN", max_drop_fraction=0.3)
    metric.report(metric.rate(0.6, 1_200))
    metric.report(metric.rate(0.3, 200))
    assert metric.state().state == "warned"
    (alert,) = alerts(live)
    assert (alert.severity, alert.state, alert.times) == ("warning", "open", 1)
    assert alert.headline == "A WARNING, nothing is stopped. Contact in window fell."
    metric.report(metric.rate(0.75, 400))
    assert metric.state().state == "armed"
    assert alerts(live)[0].state == "resolved"
    assert holds(live) == []


def test_a_warning_of_the_fixed_window_is_over_too_and_the_next_one_is_told(live: World) -> None:
    """It is resolved once the newest events are no longer so far under the earlier; what falls again warns again."""
    metric = Metric(live, "MARKET", "contact_in_window")
    metric.set(enabled=True, action="WARN", method="window", max_drop_fraction=0.3)
    metric.report(metric.rate(1.0, 300))
    for number in (1, 2):
        metric.report(metric.rate(0.0, 50))
        assert metric.state().state == "warned"
        assert [alert.state for alert in alerts(live)] == ["resolved"] * (number - 1) + ["open"]
        metric.report(metric.rate(1.0, 300))
        assert metric.state().state == "armed"
        assert {alert.state for alert in alerts(live)} == {"resolved"}


def test_a_warning_of_a_slow_slide_stays_while_the_rate_is_down(live: World) -> None:
    """The score that follows the slide does not speak against it: not resolved and raised again every day."""
    metric = armed(live)
    live.execute("UPDATE regression_policy SET action = 'WARN' WHERE metric = 'contract_rate'")
    live.execute("UPDATE regression_state SET memory = :memory WHERE metric = 'contract_rate'", memory=_slid(live))
    for _ in range(3):
        live.clock.advance(days=1)
        metric.report(metric.rate(0.25, 3))
        metric.sweep()
        assert metric.state().state == "warned"
    (alert,) = alerts(live)
    assert (alert.severity, alert.state) == ("warning", "open")


def test_a_trip_ends_the_warning_before_it(live: World) -> None:
    """One open alert, not two."""
    metric = armed(live)
    for _ in range(40):
        metric.report(metric.rate(0.15, 10))
    states = [(row.severity, row.state) for row in alerts(live)]
    assert states == [("warning", "resolved"), ("critical", "open")]


def test_events_of_a_source_on_trial_never_reach_the_tripwire(world: World) -> None:
    """They are recorded and shown by source; a poor new source throttles nothing but itself."""
    world.put("lead_source", name="new-list", state="trial")
    metric = armed(world)
    before = metric.state().events
    metric.report(metric.rate(0.0, 300, source="new-list"))
    assert metric.state().events == before
    assert metric.state().state == "armed"
    points = world.done(AUDITOR, "kpi.series", **NAME, by="source").points
    assert {point.name for point in points} == {"new-list", "none"}


def test_acts_leave_their_events_for_the_tripwire_in_their_own_transaction(light_world: World) -> None:
    """What an operation emits is guarded as what is reported."""
    Metric(light_world, "TEST", "acted").set(enabled=True)
    light_world.switches(live=True)
    light_world.done(OPERATOR, "test.prod_exec")
    assert light_world.count("regression_arrival") == 1
    light_world.system("regression.sweep")
    assert Metric(light_world, "TEST", "acted").state().events == 1
    assert light_world.count("regression_arrival") == 0


def test_a_slow_slide_is_compared_once_a_day(live: World) -> None:
    """The reference is frozen; the release takes the new level for the next one."""
    metric = armed(live)
    live.execute(
        "UPDATE regression_state SET memory = :memory WHERE metric = 'contract_rate'",
        memory=_slid(live),
    )
    metric.sweep()
    assert metric.state().state == "armed"  # compared today already
    live.clock.advance(days=1)
    metric.sweep()
    assert metric.state().state == "tripped"
    (alert,) = alerts(live)
    assert alert.extra["detail"]["cause"] == "slide"
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="we know")
    live.approve(SECOND, asked.approval_id)
    for _ in range(3):
        live.clock.advance(days=1)
        metric.sweep()
    assert metric.state().state == "armed"


def _slid(world: World) -> str:
    (row,) = world.rows("regression_state", "metric = 'contract_rate'")
    return json.dumps({**row.memory, "recent": {"n": 2_000, "s": 500}})


def test_where_it_is_and_what_was_changed_shortly_before(live: World) -> None:
    """Alberta explains the dip; the cap that was lowered the day before is named, by whom."""
    metric = armed(live)
    live.clock.advance(days=2)
    live.done(MANAGER, "risk.policy_set", engine="WHOLESALE", max_open_risk="400", reason="careful")
    live.clock.advance(hours=20)
    metric.report(metric.rate(0.9, 30))  # no dip is under way

    def mixed(number: int) -> dict[str, Any]:
        alberta = number % 2 == 0
        return {
            "success": metric.rng.random() < (0.05 if alberta else 0.35),
            "market": "Alberta" if alberta else "Ontario",
        }

    metric.report(metric.events(400, mixed))
    detail = next(row for row in alerts(live) if row.severity == "critical").extra["detail"]
    assert detail["where"]["name"] == "Alberta"
    assert detail["where"]["successes"] < detail["where"]["events"] * 0.15
    assert detail["elsewhere"]["events"] + detail["where"]["events"] == detail["events"]
    (change,) = detail["changes"]
    assert (change["by"], "max open risk" in change["what"]) == (MANAGER, True)


def test_the_chart_follows_the_text(live: World) -> None:
    """Left for the drawer after the alarm's transaction: eight weeks, the usual level, the alarm, in words too."""
    metric = tripped(live)
    assert live.count("regression_state", "chart_wanted") == 1
    assert live.system("regression.draw").drawn == 1
    assert live.count("regression_state", "chart_wanted") == 0
    (row,) = live.rows("chart")
    assert row.thing == f"alert:{metric.state().alert_id}"
    chart = row.chart if hasattr(row, "chart") else row.spec
    assert chart["alt"].startswith("Contract rate fell from 4")
    assert len(chart["series"][0]["points"]) == 56


def test_an_evaluation_costs_the_same_whatever_was_recorded(postgres_world: World) -> None:
    """One row is read and written: the statements of an evaluation do not know `kpi_event`."""
    from sqlalchemy import event

    metric = armed(postgres_world)
    postgres_world.done(OPERATOR, "kpi.record", events=metric.rate(0.41, 100))
    said: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(postgres_world.database.engine, "before_cursor_execute", note)
    postgres_world.system("regression.sweep")
    event.remove(postgres_world.database.engine, "before_cursor_execute", note)
    assert said
    assert not [statement for statement in said if "kpi_event" in statement]


def test_volume_is_swept_by_the_clock_when_nothing_arrives(light_world: World) -> None:
    """Silence: no event brings the alarm, the schedule does."""
    metric = Metric(light_world, "WHOLESALE", "ladder_created")
    metric.set(enabled=True, kind="volume", action="THROTTLE", throttles="WHOLESALE")
    begin = light_world.clock() - timedelta(weeks=4)
    events = [
        {**NAME, "metric": "ladder_created", "event_id": f"v{n}", "success": True,
         "occurred_at": (begin + timedelta(minutes=6 * n)).isoformat()}
        for n in range(4 * 7 * 24 * 10)
    ]  # fmt: skip
    metric.report(events)
    assert metric.state().state == "armed"
    for _ in range(12):
        light_world.clock.advance(hours=1)
        metric.sweep()
    assert metric.state().state == "tripped"
    (alert,) = [row for row in alerts(light_world) if row.severity == "critical"]
    assert alert.extra["detail"]["cause"] == "volume"
    assert DOMAIN in alert.headline


def test_failure_34_a_released_volume_is_not_tripped_by_the_hours_it_was_held(light_world: World) -> None:
    """Its hours were not counted while it was tripped: they are no silence, and neither is the rest of this hour."""
    world = light_world
    metric = Metric(world, "WHOLESALE", "ladder_created")
    metric.set(enabled=True, kind="volume", action="THROTTLE", throttles="WHOLESALE")

    def hours(count: int, *, each: int = 10) -> None:
        for _ in range(count):
            world.clock.advance(hours=1)
            events = metric.events(each, lambda _number: {"success": True})
            metric.report(events) if events else metric.sweep()

    metric.report(metric.events(4 * 7 * 24 * 60, lambda _number: {"success": True})[::6])
    hours(12, each=0)
    assert metric.state().state == "tripped"
    hours(30)
    asked = world.pending(
        ONCALL, "regression.release", domain="WHOLESALE", metric="ladder_created", reason="it is back"
    )
    world.approve(SECOND, asked.approval_id)
    hours(30)
    assert metric.state().state == "armed"
    hours(12, each=0)
    assert metric.state().state == "tripped"  # a new silence does


def test_a_release_waits_for_a_change_of_its_policy_and_is_not_done(postgres_world: World) -> None:
    """It is bound to the policy that the request showed; one that is changed at the same moment is another."""
    world = postgres_world
    world.switches(live=True)
    tripped(world)
    asked = world.pending(ONCALL, "regression.release", **NAME, reason="it is mended")
    Pause(world, "regression.policy_set").until_another_waits(
        lambda: world.run(MANAGER, "regression.policy_set", **NAME, max_drop_fraction=0.15, reason="closer"),
        lambda: world.approve(SECOND, asked.approval_id),
    )
    assert world.approval(asked.approval_id).status == "failed"
    assert world.approval(asked.approval_id).outcome_detail == "Then: policy v2. Now: policy v3."
    assert len(holds(world)) == 1


def test_failure_34_however_much_waits_nothing_of_it_trips_a_released_tripwire_again(live: World) -> None:
    """More was recorded than two looks take, while nobody swept: all of it is older than the release."""
    metric = tripped(live)
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="it is mended")
    at = int(live.clock().timestamp() * 1_000_000)
    with live.database.write() as connection:
        connection.execute(
            insert(RegressionArrival),
            [{"domain": DOMAIN, "metric": "contract_rate", "events": [[at, 0, None]], "recorded_at": live.clock()}]
            * 1_600,
        )
    assert isinstance(live.approve(SECOND, asked.approval_id), Done)
    assert live.approval(asked.approval_id).status == "approved"
    metric.sweep()
    assert metric.state().state == "armed"
    assert not holds(live)
