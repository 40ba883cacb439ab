"""The one live card of late follow-ups."""

from datetime import timedelta
from typing import Any

import pytest

from tests.domain.followup.factories import (
    COLLEAGUE,
    EMAIL,
    PHONE,
    callable_now,
    cards,
    complete,
    ladder,
    live,
    switch,
)
from tests.support import OPERATOR, World, at_once


def late_call(world: World, lead_id: str = "L1", *, minutes: int = 31, **more: Any) -> int:
    """Make a ladder of which the first call alone is open and late by now; return it."""
    arrived = world.clock() - timedelta(minutes=30 + minutes)
    created = ladder(world, lead_id, arrived_at=arrived.isoformat(), **more)
    complete(world, created.steps[0].task_id)
    return created.steps[1].task_id


def number(which: int) -> str:
    """A phone number of its own for each lead."""
    return f"+1204555{which:04d}"


def test_one_card_grouped_by_assignee_with_late_and_broken_marked(world: World) -> None:
    live(world)
    broken = late_call(world, "L1", minutes=121, phone=number(1), owner=OPERATOR, seller="Ruth", email=EMAIL)
    late = late_call(world, "L2", minutes=40, phone=number(2), owner=OPERATOR)
    nobodys = late_call(world, "L3", minutes=31, phone=number(3))
    callable_now(world, "L4", phone=number(4), owner=COLLEAGUE)
    world.execute("DELETE FROM outbox")
    world.execute("DELETE FROM live_card")
    assert world.system("followup.sweep").card_changed
    (row,) = cards(world, "overdue")
    assert (row.destination, row.thing) == ("route:followups", "followups:overdue:1")
    card = row.payload
    assert (card["late"], card["broken"], card["is_over"], card["acting_is_off"]) == (3, 1, False, False)
    assert [(group["assignee"], group["late"], group["broken"]) for group in card["groups"]] == [
        (OPERATOR, 2, 1), (None, 1, 0),
    ]  # fmt: skip
    assert [[step["task_id"] for step in group["steps"]] for group in card["groups"]] == [[broken, late], [nobodys]]
    assert [step["is_broken"] for step in card["groups"][0]["steps"]] == [True, False]
    assert number(1) not in str(card)
    assert EMAIL not in str(card)


def test_it_is_edited_when_something_changed_and_only_then(world: World) -> None:
    live(world)
    callable_now(world)
    assert not world.system("followup.sweep").card_changed
    world.clock.advance(minutes=29)
    assert world.system("followup.sweep").card_changed  # the text
    world.clock.advance(minutes=2)
    assert world.system("followup.sweep").card_changed  # the call as well
    world.clock.advance(minutes=20)
    assert not world.system("followup.sweep").card_changed
    world.clock.advance(minutes=60)
    assert world.system("followup.sweep").card_changed  # the text is broken now
    assert {row.thing for row in cards(world, "overdue")} == {"followups:overdue:1"}
    assert [(row.payload["late"], row.payload["broken"]) for row in cards(world, "overdue")] == [
        (1, 0), (2, 0), (2, 1),
    ]  # fmt: skip


def test_finishing_a_late_step_refreshes_it_at_once_and_the_last_one_ends_the_episode(world: World) -> None:
    live(world)
    first = late_call(world, "L1", minutes=90, phone=number(1))
    second = late_call(world, "L2", minutes=40, phone=number(2))
    world.system("followup.sweep")
    before = len(cards(world, "overdue"))
    complete(world, first)
    assert cards(world, "overdue")[-1].payload["late"] == 1
    complete(world, second)
    newest = cards(world, "overdue")[-1].payload
    assert (newest["late"], newest["is_over"], newest["worst"]) == (0, True, 2)
    assert newest["ended_at"] is not None
    assert len(cards(world, "overdue")) == before + 2
    assert not world.system("followup.sweep").card_changed
    late_call(world, "L3", phone=number(3))
    world.system("followup.sweep")
    newest = cards(world, "overdue")[-1]
    assert (newest.thing, newest.payload["episode"], newest.payload["worst"]) == ("followups:overdue:2", 2, 1)


def test_finishing_a_step_in_time_does_not_touch_it(world: World) -> None:
    live(world)
    late_call(world, "L1", phone=number(1))
    world.system("followup.sweep")
    before = cards(world, "overdue")
    complete(world, callable_now(world, "L2", phone=number(2)), "sold")
    assert cards(world, "overdue") == before


@pytest.mark.parametrize("how", ["stop", "callback"])
def test_stopping_or_moving_late_steps_refreshes_it(world: World, how: str) -> None:
    live(world)
    created = ladder(world, arrived_at=(world.clock() - timedelta(minutes=70)).isoformat())
    world.system("followup.sweep")
    assert cards(world, "overdue")[-1].payload["late"] == 2
    if how == "stop":
        world.done(OPERATOR, "followup.stop", lead_id="L1", reason="no")
    else:
        at = (world.clock() + timedelta(days=1)).isoformat()
        complete(world, created.steps[0].task_id, "callback", at=at)
    assert cards(world, "overdue")[-1].payload["is_over"]


def test_the_oldest_are_named_and_all_are_counted(world: World) -> None:
    live(world)
    for which in range(7):
        late_call(world, f"L{which}", minutes=40 + which, phone=number(which), owner=OPERATOR)
    world.system("followup.sweep")
    (group,) = cards(world, "overdue")[-1].payload["groups"]
    assert (group["late"], len(group["steps"]), group["more"]) == (7, 5, 2)
    assert [step["lead_id"] for step in group["steps"]] == ["L6", "L5", "L4", "L3", "L2"]


def test_it_says_when_acting_is_off(world: World) -> None:
    live(world)
    late_call(world)
    world.system("followup.sweep")
    switch(world, engaged=True)
    assert world.system("followup.sweep").card_changed
    assert cards(world, "overdue")[-1].payload["acting_is_off"]


def test_two_people_finishing_the_last_two_late_steps_at_once_end_the_episode(world: World) -> None:
    """Whoever comes second counts after the first: the card never keeps a step that is done."""
    live(world)
    for turn in range(4):
        steps = [late_call(world, f"L{turn}-{which}", phone=number(10 * turn + which)) for which in range(2)]
        world.system("followup.sweep")
        at_once(
            *(
                lambda step=step, user=user: complete(world, step, user=user)
                for step, user in zip(steps, (OPERATOR, COLLEAGUE), strict=True)
            )
        )
        newest = cards(world, "overdue")[-1]
        assert (newest.payload["late"], newest.payload["is_over"]) == (0, True)
    assert PHONE not in str([row.payload for row in cards(world, "overdue")])


def told(world: World, user_id: str = OPERATOR) -> list[tuple[str, int, int]]:
    """What one person was told directly: which message, how many late and how many broken."""
    rows = [row for row in cards(world, "overdue_yours") if row.destination == f"user:{user_id}"]
    return [(row.thing, row.payload["late"], row.payload["broken"]) for row in rows]


def test_the_assignee_is_told_directly_in_one_message_that_follows_what_is_late(world: World) -> None:
    """Overdue follow-ups go to the follow-ups channel, and to the assignee directly (spec/3)."""
    live(world)
    mine = late_call(world, "L1", minutes=40, phone=number(1), owner=OPERATOR, seller="Ruth")
    late_call(world, "L2", minutes=40, phone=number(2))
    late_call(world, "L3", minutes=40, phone=number(3), owner="maria the dialer")
    world.system("followup.sweep")
    world.system("followup.sweep")
    thing = f"followups:overdue:{OPERATOR}:1"
    assert told(world) == [(thing, 1, 0)]
    assert {row.destination for row in cards(world, "overdue_yours")} == {f"user:{OPERATOR}"}
    (row,) = cards(world, "overdue_yours")
    assert [step["task_id"] for group in row.payload["groups"] for step in group["steps"]] == [mine]
    other = late_call(world, "L4", minutes=40, phone=number(4), owner=OPERATOR)
    world.system("followup.sweep")
    assert told(world)[1:] == [(thing, 2, 0)]
    complete(world, other)
    complete(world, mine)
    assert told(world)[2:] == [(thing, 1, 0), (thing, 0, 0)]
    assert cards(world, "overdue_yours")[-1].payload["is_over"]
    late_call(world, "L5", minutes=40, phone=number(5), owner=OPERATOR)
    world.system("followup.sweep")
    assert told(world)[4:] == [(f"followups:overdue:{OPERATOR}:2", 1, 0)]


def test_what_is_late_of_one_person_leaves_the_message_of_another_alone(world: World) -> None:
    live(world)
    late_call(world, "L1", minutes=40, phone=number(1), owner=OPERATOR)
    world.system("followup.sweep")
    late_call(world, "L2", minutes=40, phone=number(2), owner=COLLEAGUE)
    world.system("followup.sweep")
    assert len(told(world)) == len(told(world, COLLEAGUE)) == 1


def alerts(world: World) -> list[tuple[str, str, int]]:
    """What the managers were told of broken promises: the route, the state, and how often it was counted."""
    rows = world.rows("alert", "dedup_key = 'followups:broken'")
    return [(row.route, row.state, row.times) for row in rows]


def test_broken_promises_are_brought_to_the_managers_once_and_are_over_when_none_is_open(world: World) -> None:
    """Past 2 h the sweep escalates to a manager (spec/2): one alert, counted again only when there are more."""
    live(world)
    mine = [late_call(world, f"L{which}", minutes=60, phone=number(which), owner=OPERATOR) for which in (1, 2)]
    nobodys = late_call(world, "L3", minutes=40, phone=number(3))
    world.system("followup.sweep")
    assert alerts(world) == []
    world.clock.advance(minutes=65)
    for _time in range(2):
        world.system("followup.sweep")
        assert alerts(world) == [("governance", "open", 1)]
    (alert,) = world.rows("alert", "dedup_key = 'followups:broken'")
    assert dict(alert.facts)["How many"] == "2 past 2 h, 3 late in all"
    assert dict(alert.facts)["Whose"] == f"<@{OPERATOR}> 2"
    complete(world, mine[0])
    assert alerts(world) == [("governance", "open", 1)]
    world.clock.advance(minutes=20)
    world.system("followup.sweep")
    assert alerts(world) == [("governance", "open", 1)], "one is done, another came: not more than was told"
    complete(world, mine[1])
    assert alerts(world) == [("governance", "open", 1)]
    complete(world, nobodys)
    assert alerts(world) == [("governance", "resolved", 1)]


def test_more_broken_promises_than_were_told_are_told(world: World) -> None:
    live(world)
    late_call(world, "L1", minutes=60, phone=number(1), owner=OPERATOR)
    late_call(world, "L2", minutes=40, phone=number(2))
    world.clock.advance(minutes=65)
    world.system("followup.sweep")
    world.clock.advance(minutes=20)
    world.system("followup.sweep")
    assert alerts(world) == [("governance", "open", 2)]
    (alert,) = world.rows("alert", "dedup_key = 'followups:broken'")
    assert dict(alert.facts)["Whose"] == f"<@{OPERATOR}> 1, nobody's 1"


def test_while_acting_is_off_the_managers_are_not_told_what_nobody_may_mend(world: World) -> None:
    live(world)
    late_call(world, minutes=60, owner=OPERATOR)
    switch(world, engaged=True)
    world.clock.advance(minutes=65)
    world.system("followup.sweep")
    assert alerts(world) == []
    switch(world, engaged=False)
    world.system("followup.sweep")
    assert alerts(world) == [("governance", "open", 1)]
