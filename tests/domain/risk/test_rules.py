"""The pure rules: what is full, what is left, what is worth a warning, what loosens."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.risk.rules import (
    CAPS,
    COUNTED,
    FULL_SPEED,
    Caps,
    Due,
    Unit,
    Used,
    engine_name,
    enough,
    full,
    loosens,
    marked,
    next_midnight,
    part,
    shared,
    this_evening,
    tightest,
    times,
    warnings,
)

TORONTO = ZoneInfo("America/Toronto")
LIMIT = st.one_of(st.none(), st.integers(1, 1_000))
SPENT = st.integers(0, 1_200)
caps = st.builds(Caps, LIMIT, LIMIT, LIMIT, LIMIT)
used = st.builds(Used, SPENT, SPENT, SPENT, SPENT)
amounts = st.integers(1, 500)


@given(caps, used, amounts)
def test_what_is_given_is_never_over_a_cap(caps: Caps, used: Used, amount: int) -> None:
    """And what is denied would be; the cap named is the first one."""
    over = full(caps, used, amount)
    after = used.with_reserved(amount)
    wrong = [
        cap for cap in CAPS
        if (limit := caps.limit(cap)) is not None
        and (used.loss + amount if cap == "max_daily_loss" else after.of(cap)) > limit
    ]  # fmt: skip
    assert (over.cap if over else None) == (wrong[0] if wrong else None)


@given(caps, used, caps, used)
def test_the_tightest_room_is_what_can_be_reserved(one: Caps, spent: Used, other: Caps, gone: Used) -> None:
    """The amount it says fits under both books, and a cent more does not."""
    both = [(one, spent), (other, gone)]
    most = tightest(both)
    if most is None:
        assert all(full(each, of, 10**9) is None for each, of in both)
        return
    if most:
        assert all(full(each, of, most) is None for each, of in both)
    assert any(full(each, of, most + 1) for each, of in both)


@given(caps, used, st.integers(1, 300))
def test_so_many_more_of_a_unit_fit_and_not_one_more(caps: Caps, spent: Used, amount: int) -> None:
    """Reserved one after the other, as people would."""
    told = times([(caps, spent)], Unit("offer", amount))
    if told is None:
        assert all(caps.limit(cap) is None for cap in CAPS[1:])
        return
    for _ in range(min(told, 50)):
        assert full(caps, spent, amount) is None
        spent = spent.with_reserved(amount)
    if told <= 50:
        assert full(caps, spent, amount) is not None


@given(caps, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=20), st.integers(1, 100))
def test_each_warning_goes_out_once_a_day(caps: Caps, history: list[tuple[int, int]], share: int) -> None:
    """However often the room comes and goes, at full speed as at a trial share."""
    warned = 0
    given_out: list[Due] = []
    for loss, open_risk in history:
        due = warnings(caps, Used(loss=loss, open_risk=open_risk), warned, share)
        given_out += due
        warned = marked(warned, due)
    assert len(given_out) == len(set(given_out))
    for one in given_out:
        limit, whole = part(one.cap, caps.limit(one.cap), share), caps.limit(one.cap)
        assert whole is not None
        assert one.percent in {80, 100}
        assert one.share == (share if limit != whole else FULL_SPEED)
    told = [(one.cap, one.percent) for one in given_out]
    assert all(told.index((cap, 80)) < told.index((cap, 100)) for cap in CAPS if {(cap, 80), (cap, 100)} <= set(told))


def test_a_warning_compares_with_what_binds_and_each_limit_has_warnings_of_its_own() -> None:
    """Whoever heard that a share's part is full has not heard of the whole cap, nor of the part of another share."""
    caps, warned, told = Caps(max_open_risk=500, max_actions_per_day=1), 0, []
    for open_risk, share in ((125, 25), (400, 100), (125, 25), (50, 10), (500, 10), (500, 100), (500, 10)):
        due = warnings(caps, Used(open_risk=open_risk, actions=1), warned, share)
        warned = marked(warned, due)
        told.append([(one.cap, one.percent, one.share) for one in due])
    assert told == [
        [("max_open_risk", 100, 25), ("max_actions_per_day", 100, 100)], [("max_open_risk", 80, 100)], [],
        [("max_open_risk", 100, 10)], [], [("max_open_risk", 100, 100)], [],
    ]  # fmt: skip
    assert warned < 2**31


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Caps(1, 1, 1, 1), Caps(1, 1, 1, 1), False), (Caps(2, 2, 2, 2), Caps(1, 1, 1, 1), False),
        (Caps(1, 1, 1, 1), Caps(2, 1, 1, 1), True), (Caps(1, 2, 1, 1), Caps(2, 1, 1, 1), True),
        (Caps(1, 1, 1, 1), Caps(1, None, 1, 1), True), (Caps(), Caps(1, 1, 1, 1), False), (None, Caps(), False),
    ],
)  # fmt: skip
def test_what_loosens(before: Caps | None, after: Caps, expected: bool) -> None:
    """A raised cap and no cap; a mixed change loosens; a new engine only where it is enabled."""
    assert loosens(before, after, was_enabled=True, enabled=True) is expected
    assert loosens(before, after, was_enabled=False, enabled=True) is True


def test_nothing_caps_what_nothing_caps() -> None:
    """Without a cap there is no figure to tell."""
    assert tightest([(Caps(), Used(9, 9, 9, 9))]) is None
    assert times([(Caps(), Used())], Unit("offer", 100)) is None


@pytest.mark.parametrize(
    ("now", "midnight", "evening"),
    [
        ("2026-11-24T15:00", "2026-11-25T05:00", "2026-11-24T23:00"),
        ("2026-11-24T22:00", "2026-11-25T05:00", "2026-11-25T23:00"),
        ("2026-11-01T05:30", "2026-11-02T05:00", "2026-11-01T23:00"),  # the night the clocks go back
    ],
)
def test_when_it_is_empty_again_and_until_when_more_is_asked(now: str, midnight: str, evening: str) -> None:
    """By the business's own clock."""
    at = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, midnight, evening)]
    assert next_midnight(at[0], TORONTO) == at[1]
    assert this_evening(at[0], TORONTO) == at[2]


@given(st.text(max_size=40))
def test_a_name_is_normal_or_refused(text: str) -> None:
    """Normalising twice is normalising once."""
    try:
        name = engine_name(text)
    except ValueError:
        return
    assert engine_name(name) == engine_name(f" {name.lower()} ") == name


SHARES = st.integers(1, FULL_SPEED)


@given(caps, used, amounts, SHARES)
def test_what_is_given_at_a_share_is_never_over_the_share_of_a_cap(
    caps: Caps, used: Used, amount: int, share: int
) -> None:
    """Whole cents rounded down; so nothing that is given at a share would be denied at full speed."""
    if full(shared(caps, share), used, amount) is not None:
        return
    assert full(caps, used, amount) is None
    after = used.with_reserved(amount)
    for cap in CAPS:
        limit = caps.limit(cap)
        taken = used.of(cap) + amount if cap == "max_daily_loss" else after.of(cap)
        if limit is not None:
            assert taken * 100 <= limit * share or (cap in COUNTED and taken == 1)


@given(caps, SHARES, SHARES)
def test_a_stricter_share_never_lets_more_through(caps: Caps, share: int, other: int) -> None:
    """Cap by cap, and what is uncapped stays so; 100 % is what the policy says."""
    strict, loose = shared(caps, min(share, other)), shared(caps, max(share, other))
    for cap in CAPS:
        low, high = strict.limit(cap), loose.limit(cap)
        assert (low is None) == (high is None) == (caps.limit(cap) is None)
        assert low is None or high is None or low <= high
    assert shared(caps, FULL_SPEED) == caps


@pytest.mark.parametrize(
    ("cap", "limit", "share", "counts"),
    [
        ("max_open_risk", 500_00, 25, 125_00), ("max_open_risk", 99, 50, 49), ("max_daily_loss", 99, 1, 0),
        ("max_actions_per_day", 10, 25, 2), ("max_actions_per_day", 3, 25, 1), ("max_actions_per_day", None, 25, None),
    ],
)  # fmt: skip
def test_cents_are_rounded_down_and_acts_too_but_never_under_one(
    cap: str, limit: int | None, share: int, counts: int | None
) -> None:
    assert part(cap, limit, share) == counts


@given(st.integers(1, 10_000), SHARES)
def test_the_smallest_cap_whose_share_is_enough(needs: int, share: int) -> None:
    """One less would not be."""
    cap = enough(needs, share)
    assert part("max_open_risk", cap, share) == needs or cap * share // 100 > needs
    assert (cap - 1) * share // 100 < needs


def test_more_room_is_asked_for_until_tomorrow_from_five_on() -> None:
    """At half past four there is an evening left today."""
    day = datetime(2026, 11, 24, tzinfo=TORONTO)
    until = [this_evening(day.replace(hour=hour, minute=minute), TORONTO) for hour, minute in ((16, 59), (17, 0))]
    assert [(found.astimezone(TORONTO).day, found.astimezone(TORONTO).hour) for found in until] == [(24, 18), (25, 18)]
