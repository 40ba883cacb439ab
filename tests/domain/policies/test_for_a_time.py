"""What was agreed to for a time is no measure for what lasts longer: it is judged beside what it would go back to."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.money import dollars
from domain.outcomes import Done
from domain.policies import service as history
from tests.support import MANAGER, OPERATOR, OWNER, SECOND, World

ENGINES: tuple[tuple[str, dict[str, Any], str, tuple[Any, Any, Any, Any]], ...] = (
    ("risk.policy_set", {"engine": "WHOLESALE"}, "max_open_risk", ("400.00", "500.00", "900.00", "1000.00")),
    ("heimdall.policy_set", {"domain": "WHOLESALE_OFFER"}, "min_sandbox_trials", (80, 75, 60, 50)),
    (
        "regression.policy_set", {"domain": "WHOLESALE", "metric": "contract_rate"}, "max_drop_fraction",
        (0.15, 0.2, 0.3, 0.4),
    ),
)  # fmt: skip
"""Operation, whose policy, field, and four values: tighter than the seed, the seed, looser, loosest."""
EVERY = pytest.mark.parametrize(
    ("name", "whose", "field", "values"), ENGINES, ids=[name.split(".")[0] for name, *_ in ENGINES]
)
TABLES = {"risk": "risk_policy", "heimdall": "heimdall_policy", "regression": "regression_policy"}


def _now(world: World, name: str, whose: dict[str, Any], field: str) -> Any:
    where = " AND ".join(f"{key} = '{value}'" for key, value in whose.items())
    (row,) = world.rows(TABLES[name.split(".", maxsplit=1)[0]], where)
    value = getattr(row, field)
    return f"{value / 100:.2f}" if name.startswith("risk") else value


def _loosened_for_a_day(world: World, name: str, whose: dict[str, Any], field: str, value: Any) -> datetime:
    until = world.clock() + timedelta(days=1)
    asked = world.pending(MANAGER, name, **whose, **{field: value}, until=until.isoformat(), reason="one day")
    world.approve(SECOND, asked.approval_id)
    assert _now(world, name, whose, field) == value
    return until


@EVERY
@pytest.mark.parametrize("days", [None, 2])
def test_what_was_agreed_for_a_day_does_not_last_longer_without_a_second_person(
    world: World, name: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any, Any], days: int | None
) -> None:
    """A little tighter than today, but for good (or longer): looser than what tomorrow would bring by itself."""
    _, seed, looser, loosest = values
    _loosened_for_a_day(world, name, whose, field, loosest)
    until = {} if days is None else {"until": (world.clock() + timedelta(days=days)).isoformat()}
    asked = world.pending(MANAGER, name, **whose, **{field: looser}, **until, reason="a little less")
    facts = dict(world.approval(asked.approval_id).wanted["facts"])
    (without,) = [value for fact, value in facts.items() if fact.endswith("without this")]
    said = dollars(Decimal(seed)) if name.startswith("risk") else seed
    if "rate" in field:
        said = f"{seed:.0%}".replace("%", " %")
    assert without.startswith(f"back to {said} by itself")
    assert _now(world, name, whose, field) == loosest
    world.clock.advance(days=1)
    world.system("policy.revert")
    assert _now(world, name, whose, field) == seed


@EVERY
def test_what_ends_no_later_or_is_as_tight_needs_nobody(
    world: World, name: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any, Any]
) -> None:
    """Less until the same moment; what it would go back to, at once; and tighter than that."""
    tighter, seed, looser, loosest = values
    until = _loosened_for_a_day(world, name, whose, field, loosest)
    if name != "heimdall.policy_set":  # the same field, less of it, until the same moment
        world.done(MANAGER, name, **whose, **{field: looser}, until=until.isoformat(), reason="less")
        assert _now(world, name, whose, field) == looser
    world.done(MANAGER, name, **whose, **{field: seed}, reason="as it was")
    world.done(MANAGER, name, **whose, **{field: tighter}, reason="tighter")
    assert _now(world, name, whose, field) == tighter


@EVERY
def test_an_approved_longer_time_is_done(
    world: World, name: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any, Any]
) -> None:
    """A second person may let it last; an owner alone may too, before go-live."""
    _, _, looser, loosest = values
    _loosened_for_a_day(world, name, whose, field, loosest)
    asked = world.pending(MANAGER, name, **whose, **{field: looser}, reason="for good")
    assert isinstance(world.approve(SECOND, asked.approval_id), Done)
    assert world.approval(asked.approval_id).status == "approved"
    world.clock.advance(days=3)
    world.system("policy.revert")
    assert _now(world, name, whose, field) == looser
    world.done(OWNER, name, **whose, **{field: loosest}, reason="an owner, before go-live")


@EVERY
@pytest.mark.parametrize("days", [None, 3])
def test_the_same_figure_for_longer_is_for_longer(
    world: World, name: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any, Any], days: int | None
) -> None:
    """What was tightened for a day is tightened for three, or for good, though the figure stays what it is."""
    tighter = values[0]
    day = world.clock() + timedelta(days=1)
    world.done(MANAGER, name, **whose, **{field: tighter}, until=day.isoformat(), reason="one day")
    until = {} if days is None else {"until": (world.clock() + timedelta(days=days)).isoformat()}
    world.done(MANAGER, name, **whose, **{field: tighter}, **until, reason="longer")
    world.clock.advance(days=2)
    world.system("policy.revert")
    assert _now(world, name, whose, field) == tighter
    world.clock.advance(days=2)
    world.system("policy.revert")
    assert _now(world, name, whose, field) == (tighter if days is None else values[1])


@EVERY
def test_what_is_looser_for_a_day_is_looser_for_longer_with_a_second_person(
    world: World, name: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any, Any]
) -> None:
    """The same figure until a later time is asked, and the request says so."""
    looser = values[2]
    _loosened_for_a_day(world, name, whose, field, looser)
    later = (world.clock() + timedelta(days=3)).isoformat()
    asked = world.pending(MANAGER, name, **whose, **{field: looser}, until=later, reason="two days more")
    assert later in str(world.approval(asked.approval_id).wanted)
    world.approve(SECOND, asked.approval_id)
    world.clock.advance(days=2)
    world.system("policy.revert")
    assert _now(world, name, whose, field) == looser


@EVERY
def test_the_end_of_a_tightening_is_brought_forward_by_two(
    world: World, name: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any, Any]
) -> None:
    """Tighter for a week; tighter for a minute is as good as lifting it, and needs a second person as that does."""
    tighter = values[0]
    week = (world.clock() + timedelta(days=7)).isoformat()
    world.done(MANAGER, name, **whose, **{field: tighter}, until=week, reason="a bad week")
    minute = (world.clock() + timedelta(minutes=1)).isoformat()
    world.pending(MANAGER, name, **whose, **{field: tighter}, until=minute, reason="it is over")
    world.clock.advance(hours=1)
    world.system("policy.revert")
    assert _now(world, name, whose, field) == tighter


@EVERY
def test_what_goes_back_to_what_it_is_goes_back_once(
    world: World, name: str, whose: dict[str, Any], field: str, values: tuple[Any, Any, Any, Any]
) -> None:
    """Set to its usual figure for a time, it has nothing to go back to, and no version is written again and again."""
    tighter, seed, *_ = values
    until = (world.clock() + timedelta(days=1)).isoformat()
    world.done(MANAGER, name, **whose, **{field: tighter}, until=until, reason="one day")
    world.run(MANAGER, name, **whose, **{field: seed}, until=until, reason="as usual")
    for asked in world.rows("approval", "status = 'pending'"):
        world.approve(SECOND, asked.id)
    world.clock.advance(days=2)
    for _ in range(3):
        world.system("policy.revert")
    assert _now(world, name, whose, field) == seed
    assert not world.count("policy_revert")
    assert sum(row.changed_by == "system" for row in world.rows("policy_version")) <= 1


def test_a_cap_is_raised_longer_by_the_same_figure(world: World) -> None:
    """The same request until a later time is one; until the same or an earlier time it is no raise."""
    first, later = (world.clock() + timedelta(hours=hours) for hours in (2, 5))
    more = {"engine": "WHOLESALE", "max_open_risk": "1000", "reason": "a good batch"}
    asked = world.pending(OPERATOR, "risk.raise", **more, until=first.isoformat())
    world.approve(MANAGER, asked.approval_id)
    assert world.refused(OPERATOR, "risk.raise", **more, until=first.isoformat()).code == "not_higher"
    asked = world.pending(OPERATOR, "risk.raise", **more, until=later.isoformat())
    world.approve(MANAGER, asked.approval_id)
    world.clock.advance(hours=3)
    world.system("policy.revert")
    assert _now(world, "risk.raise", {"engine": "WHOLESALE"}, "max_open_risk") == "1000.00"
    world.clock.advance(hours=3)
    world.system("policy.revert")
    assert _now(world, "risk.raise", {"engine": "WHOLESALE"}, "max_open_risk") == "500.00"


@pytest.mark.parametrize("engine", ["WHOLESALE", "GLOBAL"])
def test_a_raised_cap_is_over_at_its_time_though_nothing_sweeps(world: World, engine: str) -> None:
    """The scheduler is dead: the first reserve after the time is judged by the cap that counts again."""
    world.switches(live=True)
    until = world.clock() + timedelta(hours=2)
    if engine == "GLOBAL":
        world.done(MANAGER, "risk.policy_set", engine="GLOBAL", max_open_risk="500", reason="one figure")
    asked = world.pending(
        OPERATOR, "risk.raise", engine=engine, max_open_risk="1000", until=until.isoformat(), reason="a good batch"
    )
    world.approve(MANAGER, asked.approval_id)
    ask = {"engine": "CAPITAL" if engine == "GLOBAL" else "WHOLESALE", "amount": "100"}
    for _ in range(3 if engine == "GLOBAL" else 6):
        world.done(OPERATOR, "risk.reserve", **ask)
    if engine == "GLOBAL":
        for _ in range(3):
            world.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100")
        ask["engine"] = "WHOLESALE"
    world.clock.now = until
    refusal = world.refused(OPERATOR, "risk.reserve", **ask)
    assert refusal.code == "max_open_risk"
    assert (refusal.figures["engine"], refusal.figures["used"], refusal.figures["limit"]) == (
        engine,
        "600.00",
        "500.00",
    )
    (newest,) = [row for row in world.rows("policy_version") if row.reason == history.WENT_BACK]
    assert (newest.key, newest.changed_by) == (engine, "system")
    assert [entry.actor for entry in world.audit("policy.revert", "done")] == ["system"]
    world.system("policy.revert")
    assert world.count("policy_version", "reason = :reason", reason=history.WENT_BACK) == 1
