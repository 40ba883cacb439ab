"""What was half done when the kill switch was pressed: counted on its card, and told to whoever was doing it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.domain.followup.factories import COLLEAGUE, OTHER_PHONE, callable_now, claim, complete, ladder, live
from tests.support import MANAGER, OPERATOR, SECOND, World


@pytest.fixture
def world(world: World) -> World:
    """Production is on, and a second operator works here."""
    return live(world)


def card(world: World) -> dict[str, Any]:
    """The newest version of the kill switch's card in the governance channel."""
    rows = world.rows("outbox", "card = 'kill_switch' AND destination = 'route:governance'")
    payload: dict[str, Any] = rows[-1].payload
    return payload


def told(world: World) -> dict[str, list[int]]:
    """Who was told to finish which steps."""
    return {
        row.destination: [step["task_id"] for step in row.payload["steps"]]
        for row in world.rows("outbox", "card = 'finish_now'")
    }


def test_claims_are_counted_and_their_holders_told_once(world: World) -> None:
    """A call and a text of two people; pressed again, nobody is told again."""
    call, text = callable_now(world), ladder(world, "L2", phone=OTHER_PHONE, consent="express", evidence="form")
    sms = text.steps[0].task_id
    claim(world, call)
    claim(world, sms, COLLEAGUE)
    world.done(MANAGER, "killswitch.engage", reason="no opt-out line")
    assert card(world)["under_way"] == [
        {"channel": "CALL", "count": 1, "ended": 0}, {"channel": "SMS", "count": 1, "ended": 0},
    ]  # fmt: skip
    assert told(world) == {f"user:{OPERATOR}": [call], f"user:{COLLEAGUE}": [sms]}
    world.done(MANAGER, "killswitch.engage", reason="Alberta too")
    assert len(world.rows("outbox", "card = 'finish_now'")) == 2
    assert sum(item["count"] for item in card(world)["under_way"]) == 2


def test_what_is_recorded_meanwhile_is_said_on_the_card(world: World) -> None:
    """Recording goes on; the card is edited, and a claim that lapsed is still one that was under way."""
    first, second = callable_now(world), callable_now(world, "L2", phone=OTHER_PHONE)
    claim(world, first)
    claim(world, second, COLLEAGUE)
    world.done(MANAGER, "killswitch.engage", reason="drill")
    complete(world, first)
    world.clock.advance(minutes=30)
    world.system("killswitch.settle")
    assert card(world)["under_way"] == [{"channel": "CALL", "count": 2, "ended": 1}]
    complete(world, second, user=COLLEAGUE)
    world.done(MANAGER, "golive.disable", reason="the release then needs no runbook")
    request = world.pending(MANAGER, "killswitch.release", reason="over")
    world.approve(SECOND, request.approval_id)
    assert card(world)["is_engaged"] is False
    assert card(world)["under_way"] == [{"channel": "CALL", "count": 2, "ended": 2}]


def test_nothing_under_way(world: World) -> None:
    """Neither a step that nobody holds, nor a claim that has lapsed, nor one that was recorded."""
    callable_now(world)
    lapsed, done = callable_now(world, "L2", phone=OTHER_PHONE), callable_now(world, "L3", phone="+15195550123")
    claim(world, lapsed)
    claim(world, done)
    complete(world, done)
    world.clock.now += timedelta(minutes=21)
    world.done(MANAGER, "killswitch.engage")
    assert card(world)["under_way"] == []
    assert told(world) == {}
    assert world.rows("go_live_history")[-1].detail is None
