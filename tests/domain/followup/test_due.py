"""What is due: late first, what cannot be done apart, one page at a time."""

from datetime import timedelta

import pytest

from domain.followup.results import DueView, LadderView
from domain.outcomes import Kind
from tests.domain.followup.factories import (
    COLLEAGUE,
    PHONE,
    call_step,
    callable_now,
    claim,
    complete,
    ladder,
    live,
    switch,
)
from tests.support import AUDITOR, OPERATOR, World


def due(world: World, user: str = OPERATOR, **more: object) -> DueView:
    """Read the list."""
    found = world.done(user, "followup.due", **more)
    assert isinstance(found, DueView)
    return found


def numbered(number: int) -> str:
    """A phone number of its own for each lead."""
    return f"+1204555{number:04d}"


def test_late_first_then_by_the_end_of_the_promise(world: World) -> None:
    live(world)
    for number, minutes in enumerate([31, 200, 62, 40]):
        arrived = world.clock() - timedelta(minutes=minutes)
        ladder(world, f"L{number}", phone=numbered(number), consent="express", arrived_at=arrived.isoformat())
    found = due(world)
    ends = [step.promise_ends for step in found.now]
    assert ends == sorted(ends)
    assert [(step.seller.lead_id, step.step, step.lateness) for step in found.now] == [
        ("L1", 1, "broken"), ("L1", 2, "broken"), ("L2", 1, "late"), ("L3", 1, "late"), ("L2", 2, "late"),
        ("L0", 1, "late"), ("L1", 3, "on_time"), ("L3", 2, "on_time"), ("L0", 2, "on_time"),
    ]  # fmt: skip
    assert (found.due, found.late, found.is_capped) == (9, 6, False)
    assert found.stopped is None
    assert PHONE not in found.model_dump_json()


def test_nothing_done_stopped_or_still_to_come_is_due(world: World) -> None:
    live(world)
    created = ladder(world, consent="express")
    ladder(world, "L2", phone=numbered(2), consent="express")
    complete(world, created.steps[0].task_id)
    world.done(OPERATOR, "followup.stop", lead_id="L2", reason="no")
    found = due(world)
    assert (found.now, found.waiting, found.due) == ((), (), 0)
    world.clock.advance(minutes=30)
    assert [step.task_id for step in due(world).now] == [call_step(created)]


def test_what_cannot_be_done_now_is_apart_with_its_reason(world: World) -> None:
    live(world)
    with_number = ladder(world, arrived_at=(world.clock() - timedelta(minutes=30)).isoformat())
    without = ladder(world, "L2", phone=None)
    theirs = callable_now(world, "L3", phone=numbered(3))
    claim(world, theirs, COLLEAGUE)
    found = due(world)
    assert [step.task_id for step in found.now] == [call_step(with_number)]
    reasons = {step.task_id: step.blocked for step in found.waiting}
    text = reasons[with_number.steps[0].task_id]
    assert text is not None
    assert (text.code, text.may_call_instead) == ("no_consent", True)
    nobody = reasons[without.steps[0].task_id]
    assert nobody is not None
    assert (nobody.code, nobody.detail) == ("no_number", "no number on file")
    held = reasons[theirs]
    assert held is not None
    assert (held.code, held.claimed_by, held.until) == ("claimed", COLLEAGUE, world.clock() + timedelta(minutes=20))


def test_what_is_yours_comes_with_its_number_to_you_alone(world: World) -> None:
    live(world)
    step = callable_now(world)
    claim(world, step)
    (mine,) = due(world).yours
    assert (mine.step.task_id, mine.number, mine.claimed_by) == (step, PHONE, OPERATOR)
    assert "Northern Door Homes" in mine.words
    theirs = due(world, COLLEAGUE)
    assert theirs.yours == ()
    assert PHONE not in theirs.model_dump_json()
    world.clock.advance(minutes=20)
    found = due(world)
    assert found.yours == ()
    assert step in [one.task_id for one in found.now]


def test_scopes(world: World) -> None:
    live(world)
    mine = callable_now(world, "L1", phone=numbered(1), owner=OPERATOR)
    nobodys = callable_now(world, "L2", phone=numbered(2), province="AB")
    theirs = callable_now(world, "L3", phone=numbered(3), owner=COLLEAGUE)
    found = {scope: {step.task_id for step in due(world, scope=scope).now} for scope in ("mine", "all", "ab", "ON")}
    assert found == {"mine": {mine, nobodys}, "all": {mine, nobodys, theirs}, "ab": {nobodys}, "ON": set()}
    claim(world, theirs)
    assert [one.step.task_id for one in due(world).yours] == [theirs]
    assert due(world, scope="AB").scope == "AB"


@pytest.mark.parametrize("scope", ["mine", "all", "MB"])
def test_pages_hold_every_step_once(world: World, scope: str) -> None:
    live(world)
    for number in range(5):
        owner = OPERATOR if number % 2 else None
        callable_now(world, f"L{number}", phone=numbered(number), owner=owner)
    claim(world, due(world).now[0].task_id)
    seen: list[int] = []
    cursor: str | None = None
    pages = 0
    while True:
        page = due(world, scope=scope, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [step.task_id for step in (*page.now, *page.waiting)]
        assert len(page.yours) == (0 if cursor else 1)
        pages += 1
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 9
    assert pages == 5


def test_counting_stops_at_a_hundred(world: World) -> None:
    live(world)
    for number in range(18):
        arrived = world.clock() - timedelta(days=8)
        ladder(world, f"L{number}", phone=numbered(number), arrived_at=arrived.isoformat())
    found = due(world, scope="all")
    assert (found.due, found.late, found.is_capped) == (100, 100, True)
    assert len(found.now) + len(found.waiting) == 50


def test_when_acting_is_off_the_list_says_so_at_the_top(world: World) -> None:
    live(world)
    callable_now(world)
    switch(world, engaged=True)
    found = due(world)
    assert found.stopped is not None
    assert found.stopped.kind is Kind.PRIME_LAW
    assert found.stopped.code == "kill_switch_engaged"
    assert len(found.now) == 1


def test_your_week(world: World) -> None:
    live(world)
    first = ladder(world)
    complete(world, first.steps[0].task_id)
    world.clock.advance(hours=3)
    complete(world, call_step(first))
    complete(world, first.steps[2].task_id, user=COLLEAGUE)
    week = due(world).week
    assert (week.count, week.within_2h, week.rate, week.target) == (2, 1, 0.5, 0.9)
    ladder(world, "L2", phone=numbered(2), owner=OPERATOR, arrived_at=(world.clock() - timedelta(hours=3)).isoformat())
    assert due(world).week.count == 4  # two more of mine are open past two hours
    world.clock.advance(days=8)
    assert due(world, COLLEAGUE).week.rate is None


def test_the_last_note_of_the_ladder_is_shown(world: World) -> None:
    live(world)
    created = ladder(world, arrived_at=(world.clock() - timedelta(minutes=30)).isoformat())
    complete(world, created.steps[0].task_id, note="inherited, wants it gone")
    assert [step.note for step in due(world).now] == ["inherited, wants it gone"]


@pytest.mark.parametrize("cursor", ["x", "1.", ".1", "1.x", "9" * 39 + ".1", "99999999999999999999.1"])
def test_a_made_up_cursor_is_refused_by_name(light_world: World, cursor: str) -> None:
    refusal = light_world.refused(OPERATOR, "followup.due", cursor=cursor)
    assert (refusal.kind, refusal.field) == (Kind.INVALID, "cursor")


def test_an_auditor_sees_no_list_and_a_wrong_scope_is_refused(light_world: World) -> None:
    assert light_world.refused(AUDITOR, "followup.due").kind is Kind.NOT_ALLOWED
    assert light_world.refused(OPERATOR, "followup.due", scope="L1").field == "scope"


def test_reading_writes_nothing(world: World) -> None:
    live(world)
    callable_now(world)
    before = world.snapshot()
    due(world)
    world.done(OPERATOR, "followup.show", lead_id="L1")
    world.done(AUDITOR, "followup.sla")
    assert world.snapshot() == before


def test_show_says_what_became_of_each_step(world: World) -> None:
    live(world)
    step = callable_now(world, seller="Ruth")
    claim(world, step)
    found = world.done(COLLEAGUE, "followup.show", lead_id="L1")
    assert isinstance(found, LadderView)
    assert [one.state for one in found.steps] == ["open", "claimed", "open", "open", "open", "open"]
    assert (found.steps[1].claimed_by, found.stage, found.seller.seller_name) == (OPERATOR, "new", "Ruth")
    assert PHONE not in found.model_dump_json()
    complete(world, step, "sold", note="last week")
    found = world.done(COLLEAGUE, "followup.show", lead_id="L1")
    assert (found.ended_why, found.steps[1].outcome, found.steps[1].note) == ("sold", "sold", "last week")
    assert (found.steps[0].state, found.steps[0].stopped_why) == ("stopped", "sold")
    assert world.refused(OPERATOR, "followup.show", lead_id="nobody").kind is Kind.NOT_FOUND
