"""Two people and one policy at the same moment: whether a change loosens is judged beside what is there by then."""

from datetime import timedelta
from typing import Any

import pytest

from domain.outcomes import Done, Kind, PendingApproval, Refused
from tests.support import MANAGER, OWNER, SECOND, Pause, World, at_once

ENGINES: tuple[tuple[str, str, dict[str, Any], str, tuple[Any, Any, Any]], ...] = (
    ("risk.policy_set", "risk_policy", {"engine": "WHOLESALE"}, "max_open_risk", (300, 400, 600)),
    ("heimdall.policy_set", "heimdall_policy", {"domain": "WHOLESALE_OFFER"}, "min_sandbox_trials", (90, 80, 70)),
    (
        "regression.policy_set", "regression_policy", {"domain": "WHOLESALE", "metric": "contract_rate"},
        "max_drop_fraction", (0.15, 0.18, 0.25),
    ),
)  # fmt: skip
"""Operation, table, whose policy, field, and three values: two tighter than the seed, the first most; one looser."""
EVERY = pytest.mark.parametrize(
    ("name", "table", "whose", "field", "values"), ENGINES, ids=[name.split(".")[0] for name, *_ in ENGINES]
)


def _version(world: World, table: str, whose: dict[str, Any]) -> int:
    where = " AND ".join(f"{key} = '{value}'" for key, value in whose.items())
    (row,) = world.rows(table, where)
    return int(row.version)


@EVERY
def test_what_loosens_beside_a_quicker_change_needs_a_second_person(
    postgres_world: World, name: str, table: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any]
) -> None:
    """Both tighten what both saw; the one that comes second would take back a part of the first."""
    world, (tightest, between, _) = postgres_world, values
    first, second = Pause(world, name).until_another_waits(
        lambda: world.run(MANAGER, name, **whose, **{field: tightest}, reason="a lot"),
        lambda: world.run(SECOND, name, **whose, **{field: between}, reason="a little"),
    )
    assert isinstance(first, Done)
    assert isinstance(second, Refused)
    assert (second.code, second.kind) == ("changed_meanwhile", Kind.CONFLICT)
    assert _version(world, table, whose) == 2
    assert world.pending(SECOND, name, **whose, **{field: between}, reason="a little").approval_id == 1


@EVERY
def test_an_approval_waits_for_a_quicker_change_and_is_not_done(
    postgres_world: World, name: str, table: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any]
) -> None:
    """What was asked is bound to the version that was shown, under the policy's lock."""
    world, (tightest, _, looser) = postgres_world, values
    asked = world.pending(MANAGER, name, **whose, **{field: looser}, reason="more")
    first, second = Pause(world, name).until_another_waits(
        lambda: world.run(OWNER, name, **whose, **{field: tightest}, reason="less"),
        lambda: world.approve(SECOND, asked.approval_id),
    )
    assert isinstance(first, Done)
    assert isinstance(second, Refused | Done)
    assert world.approval(asked.approval_id).status == "failed"
    assert _version(world, table, whose) == 2


NEW: tuple[tuple[str, str, dict[str, Any], tuple[dict[str, Any], dict[str, Any]]], ...] = (
    (
        "risk.policy_set", "risk_policy", {"engine": "FRESH"},
        ({"max_daily_loss": 10, "max_daily_exposure": 10, "max_open_risk": 10},
         {"max_daily_loss": 20, "max_daily_exposure": 20, "max_open_risk": 20}),
    ),
    ("heimdall.policy_set", "heimdall_policy", {"domain": "FRESH"}, ({"scorecard_days": 7}, {"scorecard_days": 9})),
    (
        "regression.policy_set", "regression_policy", {"domain": "FRESH", "metric": "m"},
        ({"max_drop_fraction": 0.2}, {"max_drop_fraction": 0.3}),
    ),
)  # fmt: skip


@pytest.mark.parametrize(("name", "table", "whose", "figures"), NEW, ids=[name.split(".")[0] for name, *_ in NEW])
def test_two_make_the_same_policy_at_once(
    world: World, name: str, table: str, whose: dict[str, Any], figures: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """It is there once; whoever comes second changes it, or is told that this would loosen it."""
    works = [
        lambda user=user, more=more: world.run(user, name, **whose, **more, reason="new")
        for user, more in zip((MANAGER, SECOND), figures, strict=True)
    ]
    outcomes = at_once(*works)
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    late = [outcome for outcome in outcomes if not isinstance(outcome, Done)]
    assert done
    assert all(getattr(outcome, "code", "pending") in {"changed_meanwhile", "pending"} for outcome in late)
    assert _version(world, table, whose) == len(done)


def test_an_owners_change_beside_the_first_go_live_needs_a_second_person(postgres_world: World) -> None:
    """Alone it is set-up, which is over by then, and it would stand on no go-live request."""
    world = postgres_world
    world.make_ready()
    world.seal()
    asked = world.pending(MANAGER, "golive.enable", reason="all set")
    first, second = Pause(world, "approvals.approve").until_another_waits(
        lambda: world.approve(SECOND, asked.approval_id),
        lambda: world.run(OWNER, "risk.policy_set", engine="WHOLESALE", max_open_risk=600, reason="more"),
    )
    assert isinstance(first, Done)
    assert world.approval(asked.approval_id).status == "approved"
    assert isinstance(second, PendingApproval)
    assert _version(world, "risk_policy", {"engine": "WHOLESALE"}) == 1


@EVERY
def test_what_is_set_for_good_while_its_time_runs_out_does_not_go_back(
    postgres_world: World, name: str, table: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any]
) -> None:
    """The program waits for the person, finds nothing due any more, and writes no version."""
    world, (tightest, between, _) = postgres_world, values
    until = world.clock() + timedelta(hours=1)
    world.done(MANAGER, name, **whose, **{field: between}, until=until.isoformat(), reason="an hour")
    world.clock.advance(hours=2)
    first, second = Pause(world, name).until_another_waits(
        lambda: world.run(SECOND, name, **whose, **{field: tightest}, reason="for good"),
        lambda: world.system("policy.revert"),
    )
    assert isinstance(first, Done)
    assert second.reverted == 0
    assert _version(world, table, whose) == 3
    assert [row.changed_by for row in world.rows("policy_version", "version = 3")] == [SECOND]
