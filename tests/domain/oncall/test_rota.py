"""Who is on call: showing it, taking over, setting and removing shifts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from domain.identity import Role
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, PATIENCE, Pause, World, at_once

BEN = "UBEN"


def shift(world: World, user: str, start: float, end: float, **more: Any) -> Any:
    """Let a manager set a shift, in hours from now."""
    now = world.clock()
    return world.done(
        MANAGER, "oncall.set", user=user, starts=(now + timedelta(hours=start)).isoformat(),
        ends=(now + timedelta(hours=end)).isoformat(), **more,
    )  # fmt: skip


def test_with_no_rota_nobody_is_on_call_and_the_view_says_who_is_paged(world: World) -> None:
    view = world.done(AUDITOR, "oncall.show")
    assert (view.now, view.next, view.shifts) == (None, None, ())
    assert view.pages == (ONCALL,)
    assert not view.by_phone


def test_the_view_shows_who_until_when_who_is_next_and_the_last_note(world: World) -> None:
    world.hire(BEN, Role.ONCALL)
    now = world.clock()
    shift(world, ONCALL, -2, 4)
    shift(world, BEN, 4, 12, note="late shift")
    view = world.done(AUDITOR, "oncall.show")
    assert (view.now.user_id, view.now.until) == (ONCALL, now + timedelta(hours=4))
    assert (view.next.user_id, view.next.since, view.next.note) == (BEN, now + timedelta(hours=4), "late shift")
    world.clock.advance(hours=1)
    taken = world.done(BEN, "oncall.take", length="2h", note="Alice is on a plane")
    assert (taken.until - taken.since, taken.instead_of) == (timedelta(hours=2), ONCALL)
    view = world.done(AUDITOR, "oncall.show")
    assert (view.now.user_id, view.now.until) == (BEN, taken.until)
    assert (view.next.user_id, view.next.since) == (ONCALL, taken.until)
    assert (view.hand_over, view.hand_over_by) == ("Alice is on a plane", BEN)
    assert view.pages == (BEN, ONCALL)
    told = [(row.destination, row.card) for row in world.rows("outbox", "card = 'oncall_taken'")]
    assert told == [("route:oncall", "oncall_taken"), (f"user:{ONCALL}", "oncall_taken")]
    world.clock.advance(hours=2)
    assert world.done(AUDITOR, "oncall.show").now.user_id == ONCALL


def test_whoever_is_on_call_can_stay_longer_and_relieves_nobody(world: World) -> None:
    shift(world, ONCALL, -2, 1)
    assert world.done(ONCALL, "oncall.take", length="4h").instead_of is None
    assert world.done(AUDITOR, "oncall.show").now.until == world.clock() + timedelta(hours=4)


@pytest.mark.parametrize(("length", "code"), [("0m", "too_long"), ("8d", "too_long"), ("1w1m", "too_long")])
def test_nobody_takes_over_for_nothing_or_for_weeks(world: World, length: str, code: str) -> None:
    assert world.refused(ONCALL, "oncall.take", length=length).code == code
    assert world.count("oncall_shift") == 0


def test_only_who_may_be_on_call_takes_over_and_only_a_manager_sets(world: World) -> None:
    assert world.refused(OPERATOR, "oncall.take", length="4h").code == "role"
    assert world.refused(ONCALL, "oncall.set", user=ONCALL, starts="2026-12-01", ends="2026-12-02").code == "role"
    refusal = world.refused(MANAGER, "oncall.set", user=OPERATOR, starts="2026-12-01", ends="2026-12-02")
    assert (refusal.code, refusal.field, refusal.buttons[0].operation) == ("not_on_call_role", "user", "access.grant")


@pytest.mark.parametrize(
    ("starts", "ends", "every", "code"),
    [
        ("2026-12-02T09:00", "2026-12-02T09:00", None, "ends_before_it_starts"),
        ("2026-11-01T09:00", "2026-11-02T09:00", None, "over"),
        ("2026-12-01T09:00", "2027-03-04T09:00", None, "too_long"),
        ("2026-12-01T09:00", "2026-12-02T09:00", "3d", "not_weeks"),
        ("2026-12-01T09:00", "2026-12-02T09:00", "9w", "not_weeks"),
        ("2026-12-01T09:00", "2026-12-02T09:00", "0m", "not_weeks"),
        ("2026-12-01T09:00", "2026-12-08T09:01", "1w", "overlaps_itself"),
    ],
)
def test_a_shift_that_makes_no_sense_is_refused_by_name(
    world: World, starts: str, ends: str, every: str | None, code: str
) -> None:
    refusal = world.refused(MANAGER, "oncall.set", user=ONCALL, starts=starts, ends=ends, every=every)
    assert (refusal.code, refusal.layer) == (code, "On call")
    assert world.count("oncall_shift") == 0


def test_two_people_in_turn_every_two_weeks(world: World) -> None:
    """Times without a zone are the business's; on Mondays at nine, week after week."""
    world.hire(BEN, Role.ONCALL)
    for user, start, end in ((ONCALL, "2026-11-23", "2026-11-30"), (BEN, "2026-11-30", "2026-12-07")):
        made = world.done(
            MANAGER, "oncall.set", user=user, starts=f"{start}T09:00", ends=f"{end}T09:00", every="2w"
        )  # fmt: skip
        assert made.shift.every_weeks == 2
    assert [row.destination for row in world.rows("outbox", "card = 'oncall_set'")] == [f"user:{ONCALL}", f"user:{BEN}"]
    for week in range(60):
        view = world.done(AUDITOR, "oncall.show")
        assert view.now.user_id == (ONCALL, BEN)[week % 2]
        assert view.next.user_id == (ONCALL, BEN)[(week + 1) % 2]
        local = view.now.until.astimezone(world.settings.zone)
        assert (local.weekday(), local.hour) == (0, 9)
        world.clock.advance(days=7)


def test_a_removed_shift_counts_no_more_and_cannot_be_removed_again(world: World) -> None:
    made = shift(world, ONCALL, -1, 5)
    gone = world.done(MANAGER, "oncall.remove", shift_id=made.shift.shift_id)
    assert gone.shift.user_id == ONCALL
    assert world.done(AUDITOR, "oncall.show").now is None
    assert world.refused(MANAGER, "oncall.remove", shift_id=made.shift.shift_id).code == "no_such_shift"
    assert world.refused(MANAGER, "oncall.remove", shift_id=99).code == "no_such_shift"


def test_a_shift_of_somebody_who_lost_the_role_does_not_count(world: World) -> None:
    """And is shown as what it is, so that a manager sees the hole."""
    world.hire(BEN, Role.ONCALL)
    shift(world, BEN, -1, 5)
    world.done(MANAGER, "access.revoke", user=BEN)
    view = world.done(AUDITOR, "oncall.show")
    assert view.now is None
    assert [line.counts for line in view.shifts] == [False]


def relieved(world: World) -> list[tuple[str, str, str | None]]:
    """The direct messages of take-overs: (to whom, who is on call now, instead of whom)."""
    rows = world.rows("outbox", "card = 'oncall_taken' AND destination LIKE 'user:%'")
    return [(row.destination, row.payload["user_id"], row.payload["instead_of"]) for row in rows]


def test_two_who_take_over_at_once_come_one_after_the_other_and_the_first_is_told(world: World) -> None:
    """The later one is shown from whom it was taken, and that one is told; the rota's person once, by the first."""
    world.hire(BEN, Role.ONCALL)
    shift(world, MANAGER, -2, 8)
    at_once(*(lambda user=user: world.done(user, "oncall.take", length="1h") for user in (ONCALL, BEN)))
    first, later = (row.user_id for row in world.rows("oncall_shift", "kind = 'take'"))
    assert {first, later} == {ONCALL, BEN}
    assert world.done(AUDITOR, "oncall.show").now.user_id == later
    assert relieved(world) == [(f"user:{MANAGER}", first, MANAGER), (f"user:{first}", later, first)]


def test_whoever_waits_for_a_take_over_that_began_later_relieves_it(world: World) -> None:
    """The first one stands before its commit when the second comes, whose time is a second earlier."""
    world.hire(BEN, Role.ONCALL)
    pause = Pause(world, "oncall.take")
    with ThreadPoolExecutor(2) as pool:
        world.clock.advance(seconds=1)
        first = pool.submit(world.done, ONCALL, "oncall.take", length="1h")
        pause.wait()
        world.clock.advance(seconds=-1)
        second = pool.submit(world.done, BEN, "oncall.take", length="1h")
        with pytest.raises(TimeoutError):
            second.result(0.2)
        pause.go_on.set()
        assert first.result(PATIENCE).instead_of is None
        assert second.result(PATIENCE).instead_of == ONCALL
    assert relieved(world) == [(f"user:{ONCALL}", BEN, ONCALL)]


def test_typed_twice_by_one_key_it_is_one_shift(world: World) -> None:
    for _time in range(2):
        world.done(ONCALL, "oncall.take", length="4h", key="trigger-1")
    assert world.count("oncall_shift") == 1
