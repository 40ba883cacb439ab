"""Reporting events, one and many, and reading a metric back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kpi import rules
from domain.outcomes import Kind
from tests.support import AUDITOR, OPERATOR, START, STRANGER, World

NAME = {"domain": "wholesale", "metric": "Contract_Rate"}
ZONE = ZoneInfo("America/Toronto")


def test_one_event_is_recorded_in_every_state_and_its_id_makes_it_one(world: World) -> None:
    """Names are folded; the same id again is the same event."""
    world.switches(engaged=True)
    first = world.done(OPERATOR, "kpi.record", **NAME, success=True, event_id="o1", market="Calgary", detail={"a": 1})
    again = world.done(OPERATOR, "kpi.record", **NAME, success=False, event_id="o1")
    assert (first.recorded, again.recorded, again.repeated) == (1, 0, 1)
    (row,) = world.rows("kpi_event")
    assert (row.domain, row.metric, row.success, row.market, row.actor) == (
        "WHOLESALE", "contract_rate", True, "Calgary", OPERATOR,
    )  # fmt: skip
    assert row.detail == {"a": 1}
    without = world.done(OPERATOR, "kpi.record", **NAME, value="0.5")
    assert without.event_id


@pytest.mark.parametrize("count", [3, 99, 100, 5_000])
def test_a_bulk_is_one_entry_of_the_audit_and_keeps_every_column(world: World, count: int) -> None:
    r"""By a copy or not: what was said is what is there, back-slashes and letters of all kinds too."""
    events = [
        {
            **NAME, "event_id": f"o\\{n}é'\"", "success": n % 3 == 0, "source": "a\\b", "market": "Montréal",
            "occurred_at": (START - timedelta(minutes=n)).isoformat(), "detail": {"n": n, "said": "\\ \t \n “x”"},
            "correlation_id": f"c{n}",
        }
        for n in range(count)
    ]  # fmt: skip
    result = world.done(OPERATOR, "kpi.record", events=events)
    assert (result.recorded, result.repeated, result.metrics) == (count, 0, ("WHOLESALE.contract_rate",))
    rows = {row.event_id: row for row in world.rows("kpi_event")}
    assert len(rows) == count
    row = rows["o\\2é'\""]
    assert (row.source, row.market, row.correlation_id) == ("a\\b", "Montréal", "c2")
    assert row.detail == {"n": 2, "said": "\\ \t \n “x”"}
    assert (row.success, row.occurred_at, row.recorded_at) == (False, START - timedelta(minutes=2), START)
    (entry,) = world.audit("kpi.record")
    assert entry.after["recorded"] == count


def test_numbers_and_flags_in_one_bulk_and_the_calls_own_name(world: World) -> None:
    """`domain` and `metric` of the call stand where an event names none."""
    events = [{"event_id": "a", "value": -1.25}, {"event_id": "b", "success": "no", "metric": "other"}]
    assert world.done(OPERATOR, "kpi.record", **NAME, events=events).metrics == (
        "WHOLESALE.contract_rate", "WHOLESALE.other",
    )  # fmt: skip
    assert {(row.metric, row.value, row.success) for row in world.rows("kpi_event")} == {
        ("contract_rate", -1.25, None), ("other", None, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"event_id": None}, "event 2: `event_id`"), ({"success": None}, "give one of the two"),
        ({"value": 1.0}, "give one of the two"), ({"success": "maybe"}, "event 2: `success` “maybe”"),
        ({"occurred_at": "2027-01-01T00:00:00Z"}, "is a time to come"), ({"occurred_at": "soon"}, "is not a time"),
        ({"occurred_at": "1999-01-01"}, "before the year 2000"), ({"domain": "no domain"}, "event 2: `domain`"),
        ({"metric": "<x>"}, "event 2: `metric`"), ({"market": "x" * 65}, "longer than 64"),
        ({"colour": "red"}, "`colour` is not a field"), ({"detail": {"x": float("nan")}}, "event 2: `detail`"),
        ({"event_id": "x" * 129}, "longer than 128"), ({"source": "a\nb"}, "event 2: `source`"),
    ],
)  # fmt: skip
def test_one_bad_event_refuses_the_call_by_name_and_nothing_is_written(
    light_world: World, change: dict[str, Any], said: str
) -> None:
    """Which event, which field, why; never half a bulk."""
    events = [{**NAME, "event_id": f"e{n}", "success": True} for n in range(3)]
    events[1] = {**events[1], **change}
    refusal = light_world.refused(OPERATOR, "kpi.record", events=events)
    assert refusal.kind is Kind.INVALID
    assert said in refusal.detail
    assert light_world.count("kpi_event") == 0


@pytest.mark.parametrize("events", [[], "x", 5, {"a": 1}, [1], [{}] * 20_001])
def test_what_is_no_list_of_events_is_refused(light_world: World, events: Any) -> None:
    """In words, without echoing the whole list."""
    refusal = light_world.refused(OPERATOR, "kpi.record", events=events)
    assert refusal.kind is Kind.INVALID
    assert len(refusal.detail) < 400


def test_what_belongs_to_one_event_is_refused_beside_events(light_world: World) -> None:
    """Otherwise one would think it holds for all."""
    events = [{**NAME, "event_id": "a", "success": True}]
    assert light_world.refused(OPERATOR, "kpi.record", events=events, market="Calgary").field == "market"
    assert light_world.refused(OPERATOR, "kpi.record", success=True).field == "domain"
    assert light_world.refused(OPERATOR, "kpi.record", domain="A", success=True).field == "metric"
    assert light_world.refused(OPERATOR, "kpi.record", **NAME).code == "missing"
    assert light_world.refused(STRANGER, "kpi.record", **NAME, success=True).kind is Kind.NOT_ALLOWED
    assert light_world.refused(OPERATOR, "kpi.record", **NAME, success=True, occurred_at="2027-01-01").field


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.none(), max_size=2)))
def test_a_number_is_finite_or_refused(value: Any) -> None:
    """NaN never enters, in any spelling."""
    try:
        found = rules.number(value)
    except ValueError:
        return
    assert abs(found) <= rules.LARGEST


def test_times_without_a_zone_are_the_businesss() -> None:
    """Nine o'clock is nine in Toronto."""
    now = datetime(2026, 11, 24, 15, tzinfo=UTC)
    assert rules.instant("2026-11-24T09:00", now, ZONE) == datetime(2026, 11, 24, 14, tzinfo=UTC)


def test_a_series_by_day_has_every_day_and_the_business_days_are_torontos(world: World) -> None:
    """An event at 03:30 UTC belongs to the evening before."""
    events = [
        {**NAME, "event_id": "a", "success": True, "occurred_at": "2026-11-24T03:30:00Z"},
        {**NAME, "event_id": "b", "success": False, "occurred_at": "2026-11-24T14:00:00Z"},
        {**NAME, "event_id": "c", "success": True, "occurred_at": "2026-11-24T14:10:00Z"},
        {**NAME, "event_id": "old", "success": True, "occurred_at": "2026-11-01T14:10:00Z"},
    ]
    world.done(OPERATOR, "kpi.record", events=events)
    series = world.done(AUDITOR, "kpi.series", domain="WHOLESALE", metric="contract_rate", days=3)
    assert [(point.name, point.count, point.rate) for point in series.points] == [
        ("2026-11-22", 0, None), ("2026-11-23", 1, 1.0), ("2026-11-24", 2, 0.5),
    ]  # fmt: skip
    assert (series.total.count, series.is_rate) == (3, True)


def test_a_series_by_source_market_and_assignee(world: World) -> None:
    """Largest first; a number has a mean; the assignee is who it was assigned to, else who reported."""
    events = [
        {"domain": "CAPITAL", "metric": "roi_event", "event_id": f"r{n}", "value": n / 10,
         "source": "a" if n < 3 else None, "detail": {"assignee": "U9"} if n == 0 else None}
        for n in range(4)
    ]  # fmt: skip
    world.done(OPERATOR, "kpi.record", events=events)
    name = {"domain": "CAPITAL", "metric": "roi_event"}
    by_source = world.done(AUDITOR, "kpi.series", **name, by="source")
    assert [(point.name, point.count) for point in by_source.points] == [("a", 3), ("none", 1)]
    assert by_source.points[0].mean == pytest.approx(0.1)
    assert not by_source.is_rate
    by_assignee = world.done(AUDITOR, "kpi.series", **name, by="assignee")
    assert {(point.name, point.count) for point in by_assignee.points} == {("U9", 1), (OPERATOR, 3)}
    assert world.refused(AUDITOR, "kpi.series", domain="X", metric="y").kind is Kind.NOT_FOUND


@pytest.mark.parametrize("at", ["2026-11-20", "2026-11-20T10", "20261120", "2026-11-20T10:00", "2026-11-20T10:00:00Z"])
def test_every_event_of_a_bulk_reads_its_time_alike(at: str) -> None:
    """A day is a day of the business, however the machine's own clock is set, and however often the name comes."""
    events = [{**NAME, "event_id": f"e{n}", "success": True, "occurred_at": at} for n in range(3)]
    first, *others = rules.read_events(events, START, ZONE)
    assert {event.occurred_at for event in others} == {first.occurred_at}
    assert first.occurred_at == (
        datetime.fromisoformat(at) if at.endswith("Z") else datetime.fromisoformat(at).replace(tzinfo=ZONE)
    )


@pytest.mark.parametrize("count", [1, 5, 150])
@pytest.mark.parametrize("detail", [{"a": "\x00"}, {"a\x00": 1}, {"a": ["\ud800"]}], ids=["NUL", "name", "surrogate"])
def test_what_one_database_cannot_keep_is_refused_on_both(world: World, count: int, detail: dict[str, Any]) -> None:
    """By one event, by some and by a copy: by name, and nothing is written."""
    events = [{**NAME, "event_id": f"e{n}", "success": True, "detail": detail} for n in range(count)]
    refusal = world.refused(OPERATOR, "kpi.record", **(events[0] if count == 1 else {"events": events}))
    assert refusal.kind is Kind.INVALID
    assert "holds signs that are no text" in refusal.detail
    assert not world.rows("kpi_event")
