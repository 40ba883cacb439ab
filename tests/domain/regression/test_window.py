"""The fixed-window rule, exact at its threshold."""

from fractions import Fraction

import pytest

from domain.regression.detector import Better
from domain.regression.window import compare, drop_of, exact


def test_at_the_threshold_it_trips_though_floats_would_not() -> None:
    """(0.5 - 0.4) / 0.5 >= 0.20 is false in floats, and true."""
    assert not (0.5 - 0.4) / 0.5 >= 0.20
    values = [1, 0] * 100 + [1, 1, 0, 0, 0] * 10
    compared = compare(values, 50, 200, 50, 0.2, Better.HIGHER)
    assert compared is not None
    assert (compared.before, compared.now, compared.tripped) == (Fraction(1, 2), Fraction(2, 5), True)


@pytest.mark.parametrize(
    ("before", "now", "drop", "better"),
    [
        (0.5, 0.4, 0.2, Better.HIGHER), (0.3, 0.21, 0.3, Better.HIGHER), (-0.1, -0.13, 0.3, Better.HIGHER),
        (0.1, 0.13, 0.3, Better.LOWER), (1e-300, 8e-301, 0.2, Better.HIGHER), (1e15, 8e14, 0.2, Better.HIGHER),
    ],
)  # fmt: skip
def test_numbers_are_what_was_written_too(before: float, now: float, drop: float, better: Better) -> None:
    """A mean that is worse by exactly the threshold trips, whatever floats make of it; by a little less it does not."""
    compared = compare([before] * 200 + [now] * 50, 50, 200, 50, drop, better)
    assert compared is not None
    assert compared.tripped
    less = compare([before] * 200 + [now] * 49 + [before], 50, 200, 50, drop, better)
    assert less is not None
    assert not less.tripped


@pytest.mark.parametrize("count", [0, 49, 99])
def test_too_few_events_say_nothing(count: int) -> None:
    """A full window and `min_events_to_enforce` before it."""
    assert compare([1] * count, 50, 200, 50, 0.2, Better.HIGHER) is None
    assert compare([1] * 100, 50, 200, 50, 0.2, Better.HIGHER) is not None


def test_a_policy_says_which_direction_is_bad() -> None:
    """Failure 38: negative and rising-is-bad numbers."""
    losing, worse = [-0.10] * 200, [-0.15] * 50
    assert compare([*losing, *worse], 50, 200, 50, 0.3, Better.HIGHER).tripped  # type: ignore[union-attr]
    costs, higher = [10.0] * 200, [14.0] * 50
    assert compare([*costs, *higher], 50, 200, 50, 0.3, Better.LOWER).tripped  # type: ignore[union-attr]
    assert not compare([*costs, *higher], 50, 200, 50, 0.3, Better.HIGHER).tripped  # type: ignore[union-attr]


def test_nothing_can_drop_from_zero() -> None:
    """No division by it, and no alarm."""
    assert drop_of(Fraction(0), Fraction(-1), Better.HIGHER) is None
    assert not compare([0] * 250, 50, 200, 50, 0.2, Better.HIGHER).tripped  # type: ignore[union-attr]


def test_a_threshold_is_what_was_written() -> None:
    """0.2 is one fifth, not the float beside it."""
    assert exact(0.2) == Fraction(1, 5)


def test_the_baseline_is_all_of_the_events_right_before_the_window_and_none_else() -> None:
    """What is older is forgotten, and neither the window nor a part of the baseline stands for it."""
    values = [0] * 100 + [1] * 150 + [0] * 50 + [1] * 50
    compared = compare(values, 50, 200, 50, 0.2, Better.HIGHER)
    assert compared is not None
    assert (compared.before, compared.now) == (Fraction(3, 4), Fraction(1))
