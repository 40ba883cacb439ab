"""A chart is left by the act it belongs to, within its transaction."""

from datetime import date

import pytest

from domain.charts.results import Chart, Series
from domain.gate.recording import record
from tests.support import World


def chart(alt: str = "Rising") -> Chart:
    """A small chart."""
    return Chart(title="Offers", alt=alt, series=(Series(label="offers", points=((date(2026, 11, 9), 4.0),)),))


def test_an_act_leaves_its_newest_chart_of_each_thing(world: World) -> None:
    """One row a thing; a later act's chart takes its place and begins anew, the same chart changes nothing."""
    for alt in ("Rising", "Rising", "Falling"):
        with world.act() as act:
            act.chart("thing:1", chart("overtaken within the act"))
            act.chart("thing:1", chart(alt))
            act.chart("thing:2", chart())
            record(act)
    one, two = world.rows("chart")
    assert (one.thing, one.version, one.state, one.spec["alt"]) == ("thing:1", 2, "queued", "Falling")
    assert (two.thing, two.version, two.spec["alt"]) == ("thing:2", 1, "Rising")


def test_no_act_no_chart(world: World) -> None:
    """What rolls back leaves none."""

    def fail() -> None:
        with world.act() as act:
            act.chart("thing:1", chart())
            record(act)
            raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError):
        fail()
    assert world.count("chart") == 0
