"""A policy's history, and fields that go back by themselves."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.act import Act
from domain.policies import service
from tests.support import MANAGER, World

Figures = dict[str, Any]


class Caps:
    """A feature with one kind of policy, kept here."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.figures: dict[str, Figures] = {}
        self.versions: dict[str, int] = {}

    def set(self, key: str, *, hours: float | None = None, **figures: Any) -> dict[str, list[Any]]:
        """Set figures, for some hours or for good."""
        with self.world.act(MANAGER) as act:
            until = None if hours is None else act.now + timedelta(hours=hours)
            return self._write(act, key, figures, "because", until=until)

    def _write(self, act: Act, key: str, figures: Figures, reason: str, **more: Any) -> dict[str, list[Any]]:
        before = self.figures.get(key)
        self.figures[key] = {**(before or {}), **figures}
        self.versions[key] = self.versions.get(key, 0) + 1
        return service.remember(
            act, "caps", key, version=self.versions[key], before=before, after=self.figures[key], reason=reason, **more
        )

    def _back(self, act: Act, keys: Sequence[str]) -> int:
        for key in keys:
            self._write(act, key, service.take_due(act, "caps", key), service.WENT_BACK)
        return len(keys)

    def pass_hours(self, hours: float) -> int:
        """Let time pass and the schedule run; return how many policies went back."""
        self.world.clock.advance(hours=hours)
        with self.world.act() as act:
            return service.revert(act, {"caps": self._back}).reverted


@pytest.fixture
def caps(world: World) -> Caps:
    """One policy is there."""
    caps = Caps(world)
    caps.set("WHOLESALE", loss=200, risk=500)
    return caps


def test_every_version_is_kept(caps: Caps, world: World) -> None:
    """Who, when, why, and each field as it was and is."""
    assert caps.set("WHOLESALE", risk=600) == {"risk": [500, 600]}
    with world.database.read() as connection:
        newest, first = service.history(connection, "caps", "WHOLESALE")
    assert (newest.version, newest.changed_by, newest.reason, newest.changed_at) == (
        2,
        MANAGER,
        "because",
        world.clock(),
    )
    assert [(one.field, one.before, one.after) for one in newest.changes] == [("risk", 500, 600)]
    assert [(one.field, one.before, one.after) for one in first.changes] == [("loss", None, 200), ("risk", None, 500)]


def test_only_what_changed_for_a_time_goes_back(caps: Caps) -> None:
    """A cap raised until the evening; another one changed for good meanwhile."""
    caps.set("WHOLESALE", hours=8, risk=1000)
    caps.set("WHOLESALE", loss=150)
    assert caps.pass_hours(7.9) == 0
    assert caps.figures["WHOLESALE"] == {"loss": 150, "risk": 1000}
    assert caps.pass_hours(0.1) == 1
    assert caps.figures["WHOLESALE"] == {"loss": 150, "risk": 500}
    assert caps.pass_hours(100) == 0
    assert caps.versions["WHOLESALE"] == 4


def test_two_temporary_values_go_back_to_what_was_before_both(caps: Caps, world: World) -> None:
    caps.set("WHOLESALE", hours=2, risk=1000)
    caps.set("WHOLESALE", hours=4, risk=1200)
    with world.database.read() as connection:
        (waiting,) = service.temporary(connection, "caps", "WHOLESALE")
    assert (waiting.base, waiting.until) == (500, world.clock() + timedelta(hours=4))
    assert caps.pass_hours(3) == 0
    assert caps.pass_hours(1) == 1
    assert caps.figures["WHOLESALE"]["risk"] == 500


def test_what_is_set_for_good_does_not_go_back(caps: Caps, world: World) -> None:
    caps.set("WHOLESALE", hours=2, risk=1000)
    caps.set("WHOLESALE", risk=800)
    assert caps.pass_hours(3) == 0
    assert caps.figures["WHOLESALE"]["risk"] == 800
    with world.database.read() as connection:
        assert service.temporary(connection, "caps", "WHOLESALE") == ()


def test_a_cap_taken_away_for_a_time_comes_back(caps: Caps) -> None:
    """None is a value: uncapped until noon, then capped again; and the other way round."""
    caps.set("WHOLESALE", hours=1, risk=None)
    assert caps.pass_hours(1) == 1
    assert caps.figures["WHOLESALE"]["risk"] == 500
    caps.set("WHOLESALE", risk=None)
    caps.set("WHOLESALE", hours=1, risk=100)
    assert caps.pass_hours(1) == 1
    assert caps.figures["WHOLESALE"]["risk"] is None


def test_a_new_policy_cannot_be_for_a_time(caps: Caps) -> None:
    with pytest.raises(ValueError, match="nothing it could go back to"):
        caps.set("CAPITAL", hours=1, risk=100)
