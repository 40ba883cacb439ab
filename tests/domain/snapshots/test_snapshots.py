"""How everything stands, and the success metrics against their targets."""

from datetime import timedelta
from typing import Any

from domain.alerts.service import raise_alert
from domain.gate.recording import record
from domain.outcomes import Kind
from domain.risk.service import lift_hold, place_hold
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, STRANGER, World


def lines(world: World, part: str) -> dict[str, tuple[str, bool | None]]:
    found = world.done(AUDITOR, "snapshot.overview", part=part)
    return {line.name: (line.value, line.ok) for line in found.items[0].lines}


def kpi(world: World, name: str, *good: bool, days: int = 1) -> None:
    """Record events of some days ago."""
    with world.act() as act:
        for number, success in enumerate(good):
            at = act.now - timedelta(days=days)
            act.kpi(name, event_id=f"{days}:{number}", success=success, occurred_at=at)
        record(act)


def metric(world: World, name: str) -> Any:
    return next(item for item in world.done(AUDITOR, "snapshot.metrics").items if item.name == name)


def test_the_control_part_says_what_is_on_and_what_waits(world: World) -> None:
    assert lines(world, "control")["Kill switch"] == ("clear", True)
    world.done(ONCALL, "killswitch.engage", reason="drill")
    world.pending(ONCALL, "killswitch.release", reason="over")
    found = lines(world, "control")
    assert found["Kill switch"] == ("engaged", False)
    assert found["Approvals waiting"] == ("1", None)
    assert found["Go-live"] == ("off", None)
    assert found["Break glass not signed off"] == ("0", True)
    assert found["Runbook"][0].endswith("green")


def test_the_operations_part_counts_what_is_late(world: World) -> None:
    found = lines(world, "ops")
    assert found["Late now"] == ("0", True)
    assert found["Within 2 h, 7 days"] == ("nothing to count", None)


def test_the_whole_names_what_is_not_there_yet(world: World) -> None:
    """A part without an engine is said, not shown as fine."""
    found = world.done(AUDITOR, "snapshot.overview")
    there = {part.name for part in found.items}
    assert {"control", "ops"} <= there
    assert there | set(found.not_there) == {"control", "risk", "heimdall", "tripwire", "ops"}
    assert not there & set(found.not_there)
    assert world.refused(AUDITOR, "snapshot.overview", part="weather").kind is Kind.INVALID
    assert world.refused(STRANGER, "snapshot.overview").code == "role"


def test_heimdalls_part_says_where_each_domain_stands(world: World) -> None:
    """In the sandbox with its trials beside what it needs; nothing else is claimed of it."""
    world.done(OPERATOR, "heimdall.trial", domain="WHOLESALE_OFFER", confidence=0.9, success=True)
    (part,) = world.done(AUDITOR, "snapshot.overview", part="heimdall").items
    lines = {line.name: line for line in part.lines}
    assert set(lines) == {"WHOLESALE_OFFER", "BUYER_MATCH", "CAPITAL_ROUTE", "FOLLOWUP_NEXT_ACTION"}
    mine = lines["WHOLESALE_OFFER"]
    assert (mine.value, mine.ok) == ("in the sandbox", None)
    assert mine.beside == "100.0 % of 1 trials in 7 days; needs 82 % and 75"
    assert "no trials" in lines["BUYER_MATCH"].beside


def test_a_metric_is_judged_by_its_target_and_beside_the_time_before(world: World) -> None:
    """40 % is not more than 40 %."""
    kpi(world, "WHOLESALE.offer_accept_rate", True, True, False, False, False)
    kpi(world, "WHOLESALE.offer_accept_rate", True, True, True, False, days=9)
    found = metric(world, "offer_accept")
    assert (found.value, found.before, found.met, found.count) == (0.4, 0.75, False, 5)
    kpi(world, "BUYER_MATCH.response_rate", True, True, False)
    assert metric(world, "buyer_response").met is True


def test_what_was_never_measured_is_said_and_not_judged(world: World) -> None:
    """No data is no success."""
    found = world.done(AUDITOR, "snapshot.metrics")
    offers = next(item for item in found.items if item.name == "offer_accept")
    assert (offers.value, offers.met, offers.no_data) == (None, None, "no data yet: comes with offers")
    assert len(found.items) == 8
    assert found.judged == sum(item.met is not None for item in found.items)
    assert found.met <= found.judged


def test_a_throttle_is_a_miss(world: World) -> None:
    with world.act(MANAGER) as act:
        place_hold(act, "WHOLESALE", source="tripwire:WHOLESALE.contract_rate", reason="it fell")
        record(act)
    assert metric(world, "throttling").met is False


def test_the_risk_part_names_each_engine_and_what_holds_it(world: World) -> None:
    """A hold is not as it should be, a disabled engine only says so."""
    world.done(ONCALL, "risk.pause", engine="WHOLESALE", reason="Alberta is wrong")
    found = lines(world, "risk")
    assert found["WHOLESALE"] == ("on hold: Alberta is wrong", False)
    assert found["NOTIFY"] == ("disabled", None)
    assert found["GLOBAL"] == ("acts", True)


def test_the_tripwire_part_says_which_cannot_act_yet(world: World) -> None:
    """Off is no protection, and does not look like it."""
    found = lines(world, "tripwire")
    assert found
    assert {state for state, _ in found.values()} == {"off"}
    assert {ok for _, ok in found.values()} == {None}


def test_an_engine_does_not_act_while_global_is_held(world: World) -> None:
    """`/risk` says “stopped” of it, and so does the snapshot."""
    assert lines(world, "risk")["WHOLESALE"][0] == "acts"
    world.done(ONCALL, "risk.pause", engine="GLOBAL", reason="the bank is closed")
    found = lines(world, "risk")
    assert found["GLOBAL"] == ("on hold: the bank is closed", False)
    assert found["WHOLESALE"] == ("stopped, as GLOBAL is", False)
    assert found["NOTIFY"] == ("disabled", None)


def test_a_throttle_counts_for_as_long_as_it_is_in_force(world: World) -> None:
    """Its alert was resolved weeks ago, and the engine is throttled still."""
    with world.act() as act:
        place_hold(act, "WHOLESALE", source="tripwire:WHOLESALE.contract_rate", reason="it fell")
        alert = raise_alert(act, "tripwire:WHOLESALE.contract_rate", "throttled", severity="critical")
    world.done(ONCALL, "alerts.resolve", alert_id=alert)
    world.clock.advance(days=20)
    assert (metric(world, "throttling").value, metric(world, "throttling").met) == (1, False)
    with world.act() as act:
        lift_hold(act, "WHOLESALE", source="tripwire:WHOLESALE.contract_rate")
    world.clock.advance(days=6)
    assert metric(world, "throttling").value == 1
    world.clock.advance(days=2)
    assert (metric(world, "throttling").value, metric(world, "throttling").met) == (0, True)
