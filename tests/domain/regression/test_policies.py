"""Tripwires' policies: seeds, tightening at once, loosening with a second person, history, and until."""

from datetime import timedelta
from typing import Any

import pytest

from domain.outcomes import Done, Kind
from tests.domain.regression.scenes import NAME, Metric, tripped
from tests.support import AUDITOR, MANAGER, OPERATOR, OWNER, SECOND, World


def policy(world: World, domain: str = "WHOLESALE", metric: str = "contract_rate") -> Any:
    """One policy as everybody sees it."""
    items = world.done(AUDITOR, "regression.policies").items
    return next(item for item in items if (item.domain, item.metric) == (domain, metric))


def test_the_seeds_are_there_and_all_off(world: World) -> None:
    """Spec/2."""
    found = {
        (each.domain, each.metric): (each.max_drop_fraction, each.action, each.throttles, each.enabled, each.kind)
        for each in world.done(AUDITOR, "regression.policies").items
    }
    assert found == {
        ("WHOLESALE", "contract_rate"): (0.2, "THROTTLE", "WHOLESALE", False, "rate"),
        ("WHOLESALE", "offer_accept_rate"): (0.15, "THROTTLE", "WHOLESALE", False, "rate"),
        ("BUYER_MATCH", "match_success"): (0.25, "THROTTLE", "WHOLESALE", False, "rate"),
        ("CAPITAL", "roi_event"): (0.3, "KILL_SWITCH", None, False, "mean"),
    }
    (one,) = [each for each in world.done(AUDITOR, "regression.policies").items if each.metric == "contract_rate"]
    assert (one.warn_n, one.act_n, one.warn_after, one.act_after) == (10_000, 100_000, 200, 1_000)


def test_tightening_is_at_once_and_loosening_waits_for_a_second_person(world: World) -> None:
    """On: at once. Off: asked, approved by another manager, in the history."""
    changed = world.done(MANAGER, "regression.policy_set", **NAME, enabled=True, reason="learned enough")
    assert changed.state == "learning"
    asked = world.pending(MANAGER, "regression.policy_set", **NAME, enabled=False, reason="too noisy")
    assert policy(world).enabled
    outcome = world.approve(SECOND, asked.approval_id)
    assert isinstance(outcome, Done)
    assert not policy(world).enabled
    versions = world.rows("policy_version", "key = 'WHOLESALE.contract_rate'")
    assert [row.version for row in versions] == [1, 2, 3]
    assert versions[-1].changes == {"enabled": [True, False]}
    assert versions[-1].changed_by == MANAGER


def test_a_request_is_bound_to_the_policys_version(world: World) -> None:
    """Changed meanwhile: refused, and nothing happens."""
    world.done(MANAGER, "regression.policy_set", **NAME, enabled=True, reason="on")
    asked = world.pending(MANAGER, "regression.policy_set", **NAME, act_n=500_000, reason="quieter")
    world.done(SECOND, "regression.policy_set", **NAME, warn_n=5_000, reason="earlier")
    world.approve(SECOND, asked.approval_id)
    assert policy(world).act_n == 100_000


def test_what_was_set_for_a_time_goes_back_by_itself(world: World) -> None:
    """`until=`: shown while it lasts, then a version by the program."""
    until = world.clock() + timedelta(hours=4)
    world.done(
        MANAGER, "regression.policy_set", **NAME, enabled=True, act_n=50_000, until=until.isoformat(), reason="launch"
    )
    assert {each.field for each in policy(world).temporary} == {"act_n", "enabled"}
    world.clock.advance(hours=5)
    assert world.system("policy.revert").reverted == 1
    after = policy(world)
    assert (after.act_n, after.enabled, after.version, after.changed_by) == (100_000, False, 3, "system")


def test_a_new_tripwire_is_made_at_once_and_a_stated_rate_needs_approval(world: World) -> None:
    """`reference_rate` counts as `act_after` events from the first day."""
    name = {"domain": "buyer_match", "metric": "Response_Rate"}
    made = world.done(MANAGER, "regression.policy_set", **name, enabled=True, reason="new")
    assert made.created
    assert (made.policy.domain, made.policy.metric, made.policy.action) == ("BUYER_MATCH", "response_rate", "WARN")
    asked = world.pending(MANAGER, "regression.policy_set", **name, reference_rate="60%", reason="from last year")
    world.approve(SECOND, asked.approval_id)
    (item,) = world.done(OPERATOR, "regression.state", domain="BUYER_MATCH", metric="response_rate").items
    assert (item.state, item.learned, item.needs) == ("armed", 1_000, 1_000)
    assert item.baseline_rate == pytest.approx(0.6, abs=0.001)


def test_an_owner_sets_up_alone_before_the_first_go_live(world: World) -> None:
    """Set-up, listed on the go-live request."""
    world.done(OWNER, "regression.policy_set", **NAME, max_drop_fraction=0.4, reason="set-up")
    assert policy(world).max_drop_fraction == 0.4
    (entry,) = world.audit("regression.policy_set")
    assert entry.after["set_up"] is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"act_n": 200, "warn_n": 20_000}, "act_n"), ({"warn_after": 2_000}, "act_after"),
        ({"throttles": "none", "action": "THROTTLE", "metric": "brand_new"}, "throttles"),
        ({"floor": 1.5, "metric": "brand_new", "action": "WARN"}, "floor"),
        ({"max_drop_fraction": "NaN"}, "max_drop_fraction"),
        ({"max_drop_fraction": 1.2}, "max_drop_fraction"), ({"act_after": 0}, "act_after"),
        ({"reference_rate": "inf"}, "reference_rate"), ({"action": "EXPLODE"}, "action"),
        ({"until": "2020-01-01T00:00", "enabled": True}, "until"), ({"kind": "volume", "method": "window",
         "metric": "brand_new", "action": "WARN"}, "method"),
        ({"throttles": "NOPE"}, "throttles"), ({"throttles": "NOPE", "metric": "brand_new", "action": "THROTTLE",
         "enabled": True}, "throttles"),
        ({"method": "window", "baseline_events": 30, "metric": "brand_new", "action": "WARN"}, "min_events_to_enforce"),
    ],
)  # fmt: skip
def test_a_policy_that_contradicts_itself_is_refused_by_name(
    light_world: World, changes: dict[str, Any], field: str
) -> None:
    """Which field, why, and nothing written."""
    before = light_world.snapshot(but=("audit_event", "audit_unsealed"))
    refusal = light_world.refused(MANAGER, "regression.policy_set", **{**NAME, "reason": "x", **changes})
    assert refusal.kind in {Kind.INVALID, Kind.CONFLICT}
    assert f"`{field}`" in refusal.detail
    assert light_world.snapshot(but=("audit_event", "audit_unsealed")) == before


def test_switching_a_tripped_one_off_lifts_nothing(world: World) -> None:
    """The hold stays until it is released, and the state goes on saying so."""
    metric = tripped(world)
    asked = world.pending(MANAGER, "regression.policy_set", **NAME, enabled=False, reason="noise")
    world.approve(SECOND, asked.approval_id)
    state = metric.state()
    assert (state.state, state.enabled, state.is_throttled) == ("tripped", False, True)


def test_watching_something_else_begins_anew(world: World) -> None:
    """Another kind of metric says nothing about the old baseline."""
    metric = Metric(world)
    metric.report(metric.rate(0.4, 300))
    asked = world.pending(MANAGER, "regression.policy_set", **NAME, better="lower", reason="it is a complaint rate")
    world.approve(SECOND, asked.approval_id)
    assert metric.state().learned == 0


def test_a_name_that_leaves_its_hold_no_room_is_refused(world: World) -> None:
    """It would be watched, and could never stop anything: its hold's name is longer than a hold's name may be."""
    domain, metric = "D" * 50, "m" * 49
    world.done(MANAGER, "regression.policy_set", domain=domain, metric=metric, reason="just fits")
    refusal = world.refused(MANAGER, "regression.policy_set", domain=domain, metric=metric + "m", reason="too long")
    assert (refusal.code, refusal.field) == ("bad_value", "metric")
    asked = {"domain": domain, "metric": metric + "m", "reference_rate": 0.4, "kind": "rate", "reason": "stated"}
    assert world.refused(MANAGER, "regression.policy_set", **asked).kind is Kind.CONFLICT
    assert world.count("regression_policy", "domain = :domain", domain=domain) == 1


def test_the_longest_name_there_may_be_trips(world: World) -> None:
    """Its hold, its warning and its alert fit their columns."""
    world.switches(live=True)
    metric = Metric(world, "D" * 50, "m" * 49)
    metric.set(enabled=True, action="THROTTLE", throttles="WHOLESALE")
    metric.report(metric.rate(0.41, 1_200))
    metric.report(metric.rate(0.1, 400))
    assert metric.state().state == "tripped"
    assert [hold.engine for hold in world.rows("risk_hold", "lifted_at IS NULL")] == ["WHOLESALE"]


@pytest.mark.parametrize("field", ["warn_n", "act_n", "warn_after", "act_after", "window_events"])
def test_half_an_event_is_no_number_of_events(world: World, field: str) -> None:
    """It was cut off without a word."""
    refusal = world.refused(MANAGER, "regression.policy_set", **NAME, **{field: "300.5"}, reason="x")
    assert (refusal.code, refusal.field) == ("bad_value", field)


@pytest.mark.parametrize("new", [False, True])
def test_an_engine_that_is_not_there_cannot_be_what_a_tripwire_throttles(world: World, new: bool) -> None:
    """It would look like protection and hold nothing; refused before anybody is asked to approve it."""
    name = {"domain": "WHOLESALE", "metric": "no_show_rate"} if new else NAME
    refusal = world.refused(MANAGER, "regression.policy_set", **name, throttles="WHOLESAIL", reason="typed in haste")
    assert refusal.kind is Kind.INVALID or "throttles" in refusal.detail
    assert "WHOLESAIL is no engine that has caps" in refusal.detail
    assert world.count("approval") == 0
    assert not world.rows("regression_policy", "metric = 'no_show_rate' OR throttles = 'WHOLESAIL'")
