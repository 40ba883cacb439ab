"""The Friday digest and the snapshot."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.gate.call import system_call
from domain.schedules import schedules
from tests.domain.heimdall.factories import OFFER, cards, in_production, recommend, scored, trial
from tests.support import AUDITOR, OPERATOR, World, at_once

TORONTO = ZoneInfo("America/Toronto")
FRIDAY = datetime(2026, 11, 27, 16, 0, tzinfo=TORONTO).astimezone(UTC)


@pytest.fixture
def friday(world: World) -> World:
    """Friday at four, after a week of trials."""
    world.clock.now = FRIDAY
    scored(world, 87, 75)
    scored(world, 100, 84, days_ago=8)
    scored(world, 40, 39, domain="BUYER_MATCH")
    return world


def test_each_domains_week_and_whether_it_would_pass(friday: World) -> None:
    """Four domains, one that would pass, its rate beside last week's."""
    assert friday.system("heimdall.evolution").posted
    (card,) = cards(friday, "evolution", "route:governance")
    weeks = {week["domain"]: week for week in card["items"]}
    assert set(weeks) == {"BUYER_MATCH", "CAPITAL_ROUTE", "FOLLOWUP_NEXT_ACTION", "WHOLESALE_OFFER"}
    offer = weeks[OFFER]
    assert (offer["trials"], offer["before"], offer["can_promote"]) == (87, 0.84, True)
    assert weeks["BUYER_MATCH"]["reasons"] == ["insufficient_sandbox_trials"]
    assert not weeks["BUYER_MATCH"]["can_promote"]
    assert (card["friday"], card["since"], card["until"]) == ("2026-11-27", "2026-11-21", "2026-11-27")


def test_it_is_posted_once_whatever_restarts(friday: World) -> None:
    """Run again, by several, five minutes later, with new keys: one card."""
    at_once(*(lambda: friday.system("heimdall.evolution") for _ in range(4)))
    for minutes in (5, 5, 120):
        friday.clock.advance(minutes=minutes)
        assert not friday.system("heimdall.evolution").posted
    friday.gate.run(system_call("heimdall.evolution", key="tick:again"))
    assert len(cards(friday, "evolution")) == 1
    friday.clock.advance(days=7)
    trial(friday)
    assert friday.system("heimdall.evolution").posted
    assert len({row.thing for row in friday.rows("outbox", "card = 'evolution'")}) == 2


def test_a_scheduler_that_was_down_at_four_posts_it_when_it_is_back(friday: World) -> None:
    friday.clock.advance(hours=5)
    assert friday.system("heimdall.evolution").posted


def test_before_four_and_on_other_days_nothing_is_posted(friday: World) -> None:
    friday.clock.advance(minutes=-1)
    assert not friday.system("heimdall.evolution").posted
    friday.clock.advance(days=-1, hours=2)
    assert not friday.system("heimdall.evolution").posted
    assert cards(friday, "evolution") == []


def test_on_a_holiday_it_comes_the_next_working_day(world: World) -> None:
    """Good Friday 2026: on Monday at four."""
    world.clock.now = datetime(2026, 4, 3, 16, 0, tzinfo=TORONTO).astimezone(UTC)
    scored(world, 87, 75)
    assert not world.system("heimdall.evolution").posted
    world.clock.advance(days=3)
    answer = world.system("heimdall.evolution")
    assert (answer.posted, answer.friday.isoformat()) == (True, "2026-04-03")


def test_with_nothing_to_tell_nothing_is_posted(world: World) -> None:
    world.clock.now = FRIDAY
    assert not world.system("heimdall.evolution").posted


def test_both_jobs_are_on_the_schedule(light_world: World) -> None:
    jobs = {schedule.operation for schedule in schedules(light_world.settings)}
    assert {"heimdall.watch", "heimdall.evolution"} <= jobs


def test_the_snapshot_counts_today(world: World) -> None:
    """Made and used today, in production since when, what waits for a decision."""
    in_production(world)
    first, _second = recommend(world), recommend(world)
    world.done(OPERATOR, "heimdall.require", recommendation_id=first)
    scored(world, 60, 60, domain="BUYER_MATCH")
    request = world.pending(OPERATOR, "heimdall.promote", domain="BUYER_MATCH", reason="x")
    lines = {line.domain: line for line in world.done(AUDITOR, "heimdall.snapshot").items}
    offer, match = lines[OFFER], lines["BUYER_MATCH"]
    assert (offer.made, offer.used, offer.prod_use_enabled, offer.can_promote) == (2, 1, True, False)
    assert (match.approval_id, match.can_promote) == (request.approval_id, True)
    world.clock.advance(days=1)
    assert {line.made for line in world.done(AUDITOR, "heimdall.snapshot").items} == {0}


def test_the_runbook_wants_the_charter(world: World) -> None:
    """A domain of the charter without a policy blocks go-live."""
    world.make_ready()
    world.seal()
    assert "Heimdall charter present" in {check.name for check in world.done(AUDITOR, "runbook.status").passed}
    world.execute("DELETE FROM heimdall_policy WHERE domain = 'CAPITAL_ROUTE'")
    found = {check.name: check for check in world.done(AUDITOR, "runbook.status").blockers}
    assert "CAPITAL_ROUTE" in found["Heimdall charter present"].detail
