"""Setting caps: tighter at once, looser with a second person, for a time, with their whole history."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.outcomes import Done, Kind, Refused
from domain.policies import service as history
from tests.domain.risk.books import check, current
from tests.support import AUDITOR, MANAGER, OPERATOR, OWNER, SECOND, Pause, World


def policy(world: World, engine: str = "WHOLESALE") -> Any:
    """Return an engine's caps as they are shown."""
    return next(line for line in world.done(AUDITOR, "risk.policies").items if line.engine == engine)


def set_caps(world: World, **more: Any) -> Any:
    """Set caps of WHOLESALE as a manager."""
    return world.run(MANAGER, "risk.policy_set", **{"engine": "WHOLESALE", "reason": "because", **more})


def test_the_caps_valhalla_comes_with(world: World) -> None:
    """GLOBAL 250 / 1,500 / uncapped; WHOLESALE 200 / 1,000 / 500; CAPITAL 150 / 750 / 300; NOTIFY disabled (spec/2)."""
    shown = {
        line.engine: (line.enabled, line.max_daily_loss, line.max_daily_exposure, line.max_open_risk)
        for line in world.done(AUDITOR, "risk.policies").items
    }
    assert list(shown) == ["GLOBAL", "CAPITAL", "NOTIFY", "WHOLESALE"]
    assert shown["GLOBAL"] == (True, 250, 1500, "uncapped")
    assert shown["WHOLESALE"] == (True, 200, 1000, 500)
    assert shown["CAPITAL"] == (True, 150, 750, 300)
    assert shown["NOTIFY"][0] is False
    with world.database.read() as connection:
        assert {line.key for line in history.history(connection, "risk")} == set(shown)


def test_tighter_is_at_once_with_version_reason_and_history(world: World) -> None:
    """No approval; the policy says who, why and when, and the history has both figures."""
    done = set_caps(world, max_open_risk="400.50", reason="a quiet week").result
    assert [(one.field, one.before, one.after) for one in done.changes] == [("max_open_risk", "500.00", "400.50")]
    line = policy(world)
    assert (line.max_open_risk, line.version, line.changed_by) == (Decimal("400.50"), 2, MANAGER)
    assert (line.reason, line.updated_at) == ("a quiet week", world.clock())
    with world.database.read() as connection:
        newest = history.history(connection, "risk", "WHOLESALE")[0]
    assert (newest.version, newest.reason) == (2, "a quiet week")
    entry = world.audit("risk.policy_set", "done")[-1]
    assert (entry.before, entry.after["max_open_risk"]) == ({"max_open_risk": "500.00"}, "400.50")


@pytest.mark.parametrize(
    "change",
    [
        {"max_open_risk": "500.01"}, {"max_daily_loss": "uncapped"},
        {"max_actions_per_day": "9", "max_open_risk": "600"},
        {"engine": "NOTIFY", "enabled": True}, {"engine": "GLOBAL", "max_daily_exposure": "2k"},
        {"engine": "dialer", "enabled": True, "max_daily_loss": "1", "max_daily_exposure": "1", "max_open_risk": "1"},
    ],
)  # fmt: skip
def test_looser_needs_another_manager(world: World, change: dict[str, Any]) -> None:
    """Raising, uncapping, enabling, a mixed change: nothing happens before the yes, and it is bound to the version."""
    before = world.rows("risk_policy")
    outcome = set_caps(world, **change)
    assert not isinstance(outcome, Done | Refused)
    assert world.rows("risk_policy") == before
    own = world.approve(MANAGER, outcome.approval_id)
    assert isinstance(own, Refused)
    assert own.code == "own_request"
    assert isinstance(world.approve(SECOND, outcome.approval_id), Done)
    assert world.rows("risk_policy") != before


@pytest.mark.parametrize(
    "change",
    [{"max_open_risk": "499.99"}, {"enabled": False}, {"max_actions_per_day": "9"},
     {"engine": "GLOBAL", "max_open_risk": "1m"},
     {"engine": "dialer", "max_daily_loss": "1", "max_daily_exposure": "1", "max_open_risk": "uncapped"}],
)  # fmt: skip
def test_what_does_not_loosen_is_at_once(world: World, change: dict[str, Any]) -> None:
    """A cap where none was, disabling, a new engine that is not enabled."""
    assert isinstance(set_caps(world, **change), Done)


def test_a_request_for_a_policy_that_changed_is_not_done(world: World) -> None:
    """Both versions are named."""
    asked = world.pending(MANAGER, "risk.policy_set", engine="WHOLESALE", max_open_risk="600", reason="x")
    set_caps(world, max_daily_loss="150")
    decided = world.approve(SECOND, asked.approval_id)
    assert isinstance(decided, Done)
    assert decided.result.status == "failed"  # type: ignore[attr-defined]
    assert "v1" in decided.result.detail  # type: ignore[attr-defined]
    assert policy(world).max_open_risk == 500


def test_the_same_caps_again_change_nothing(world: World) -> None:
    """No version, no history."""
    done = set_caps(world, max_open_risk="500").result
    assert (done.changed, policy(world).version) == (False, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"engine": "dialer", "max_daily_loss": "1"}, "cap_missing"),
        ({"max_open_risk": "400", "until": "2026-11-24T09:00"}, "bad_value"),
        ({"engine": "dialer", "max_daily_loss": "1", "max_daily_exposure": "1", "max_open_risk": "1",
          "until": "2027-01-01T09:00"}, "bad_value"),
        ({"engine": "no engine!"}, "bad_value"), ({"max_open_risk": "-5"}, "bad_value"),
        ({"max_open_risk": "NaN"}, "bad_value"), ({"max_open_risk": 0.3}, "bad_value"),
        ({"max_actions_per_day": "1.5"}, "bad_value"), ({"max_actions_per_day": "-1"}, "bad_value"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(world: World, change: dict[str, Any], code: str) -> None:
    """And nothing is written."""
    before = world.rows("risk_policy")
    outcome = set_caps(world, **change)
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (Kind.INVALID, code)
    assert outcome.field
    assert world.rows("risk_policy") == before


def test_a_raise_goes_back_by_itself(live: World) -> None:
    """Asked by an operator, decided by a manager who sees what holds the room; back at its time, and it says so."""
    for _ in range(5):
        live.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100", about="O-2029 Kitchener")
    until = (live.clock() + timedelta(hours=8)).isoformat()
    asked = live.pending(OPERATOR, "risk.raise", engine="wholesale", max_open_risk="600", until=until, reason="batch")
    facts = dict(live.approval(asked.approval_id).wanted["facts"])
    assert facts["Open risk"] == "$500 → $600"
    assert facts["Open risk now"] == "$500 of $500"
    assert "R-1 $100 (O-2029 Kitchener) by <@UOPERATOR>" in facts["Held by"]
    live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100")
    assert isinstance(live.approve(MANAGER, asked.approval_id), Done)
    live.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100")
    (back,) = policy(live).temporary
    assert (back.field, back.base) == ("max_open_risk", "500.00")
    live.clock.advance(hours=7.9)
    assert live.system("policy.revert").reverted == 0
    live.clock.advance(hours=0.1)
    assert live.system("policy.revert").reverted == 1
    line = policy(live)
    assert (line.max_open_risk, line.version, line.changed_by, line.temporary) == (500, 3, "system", ())
    live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1")
    check(live)


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"max_open_risk": "500"}, "not_higher"), ({"max_open_risk": "100"}, "not_higher"), ({}, "missing"),
     ({"engine": "GLOBAL", "max_open_risk": "9"}, "not_higher"),
     ({"engine": "DIALER", "max_open_risk": "9"}, "no_policy")],
)  # fmt: skip
def test_a_raise_raises(world: World, asked: dict[str, str], code: str) -> None:
    """What is no raise is refused at once, not asked of a manager."""
    until = (world.clock() + timedelta(hours=1)).isoformat()
    more = {"engine": "WHOLESALE", "until": until, "reason": "x", **asked}
    assert world.refused(OPERATOR, "risk.raise", **more).code == code


def test_a_raise_whose_time_has_passed_is_not_done(world: World) -> None:
    """The yes came too late."""
    until = (world.clock() + timedelta(hours=1)).isoformat()
    asked = world.pending(OPERATOR, "risk.raise", engine="WHOLESALE", max_open_risk="600", until=until, reason="x")
    world.clock.advance(hours=2)
    decided = world.approve(MANAGER, asked.approval_id)
    assert decided.result.status == "failed"  # type: ignore[union-attr]
    assert policy(world).max_open_risk == 500


def test_before_the_first_go_live_an_owner_sets_caps_alone(world: World) -> None:
    """One of the set-up changes: at once, and listed on the go-live request (spec/5)."""
    world.done(OWNER, "risk.policy_set", engine="WHOLESALE", max_open_risk="900", reason="to begin with")
    assert policy(world).max_open_risk == 900
    world.make_ready()
    asked = world.pending(OWNER, "golive.enable", reason="go")
    facts = dict(world.approval(asked.approval_id).wanted["facts"])
    assert "Set caps" in facts["Set up by an owner alone"]
    assert "WHOLESALE" in facts["Set up by an owner alone"]


def test_a_tightening_waits_for_what_is_being_reserved(postgres_world: World) -> None:
    """And no reservation that begins after it is judged by the old caps."""
    world = postgres_world
    world.switches(live=True)
    world.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1")

    def still_open() -> None:
        assert policy(world).max_open_risk == 500

    Pause(world, "risk.reserve").until_another_waits(
        lambda: world.run(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="99"),
        lambda: set_caps(world, max_open_risk="100"),
        meanwhile=still_open,
    )
    assert policy(world).max_open_risk == 100
    assert world.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1").code == "max_open_risk"
    assert current(world, "WHOLESALE").open_risk == 100_00
