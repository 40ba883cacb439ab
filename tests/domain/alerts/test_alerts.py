"""Alerts: one per condition, counted, acknowledged, resolved, and opened anew."""

from datetime import timedelta

import pytest

from domain.alerts.service import raise_alert, resolve_by_itself
from domain.outcomes import Done
from tests.support import MANAGER, ONCALL, OPERATOR, World, at_once


def alarm(world: World, key: str = "slack:token", **more: str) -> int:
    """Raise an alert as a worker would."""
    with world.act() as act:
        return raise_alert(act, key, more.pop("headline", "Slack does not answer"), **more)  # type: ignore[arg-type]


def test_one_condition_is_one_alert_and_counts(world: World) -> None:
    """Raised three times it is one alert, with the newest words and times."""
    first = alarm(world)
    world.clock.advance(minutes=1)
    assert alarm(world) == first
    now = world.clock.advance(minutes=1)
    assert alarm(world, headline="still nothing") == first
    (row,) = world.rows("alert")
    assert (row.times, row.headline, row.state, row.last_at) == (3, "still nothing", "open", now)
    assert alarm(world, "redis") != first


def test_acknowledge_then_resolve(world: World) -> None:
    """Acknowledged by name for four hours, resolved with a word; each edits the alert's one message."""
    alert = alarm(world)
    card = world.done(ONCALL, "alerts.ack", alert_id=f"T-{alert}")
    assert (card.state, card.acknowledged_by) == ("acknowledged", ONCALL)
    assert (card.acknowledged_until - world.clock()).total_seconds() == 4 * 3600
    card = world.done(MANAGER, "alerts.resolve", alert_id=alert, note="token renewed")
    assert (card.state, card.resolved_by, card.note) == ("resolved", MANAGER, "token renewed")
    assert {row.thing for row in world.rows("outbox")} == {f"alert:{alert}"}
    assert {row.destination for row in world.rows("outbox")} == {"route:oncall"}
    assert [row.target for row in world.audit(outcome="done")] == [f"T-{alert}", f"T-{alert}"]


def test_a_late_press_takes_nothing_over_from_whoever_looks_at_it(world: World) -> None:
    """Only saying until when does; the same person may press again, and what is quiet no longer is anybody's."""
    alert = alarm(world)
    world.done(ONCALL, "alerts.ack", alert_id=alert)
    until = world.rows("alert")[0].acknowledged_until
    world.clock.advance(hours=1)
    refusal = world.refused(MANAGER, "alerts.ack", alert_id=alert)
    assert (refusal.code, refusal.figures["until"]) == ("already_acknowledged", until.isoformat())
    assert f"<@{ONCALL}> looks at T-{alert} already" in refusal.detail
    (row,) = world.rows("alert")
    assert (row.acknowledged_by, row.acknowledged_until) == (ONCALL, until)
    assert world.done(ONCALL, "alerts.ack", alert_id=alert).acknowledged_until > until
    later = world.clock() + timedelta(hours=2)
    taken = world.done(MANAGER, "alerts.ack", alert_id=alert, until=later.isoformat())
    assert (taken.acknowledged_by, taken.acknowledged_until) == (MANAGER, later)


def test_a_condition_that_goes_on_stays_acknowledged(world: World) -> None:
    """Counted again, it does not open again while somebody looks at it."""
    alert = alarm(world)
    world.done(ONCALL, "alerts.ack", alert_id=alert)
    assert alarm(world) == alert
    (row,) = world.rows("alert")
    assert (row.state, row.times) == ("acknowledged", 2)


def test_after_it_was_resolved_it_is_a_new_alert(world: World) -> None:
    """The old one stays as it ended."""
    old = alarm(world)
    world.done(ONCALL, "alerts.resolve", alert_id=old)
    new = alarm(world)
    assert new != old
    assert alarm(world) == new
    assert [(row.state, row.times) for row in world.rows("alert")] == [("resolved", 1), ("open", 2)]


@pytest.mark.parametrize("name", ["alerts.ack", "alerts.resolve"])
def test_a_resolved_alert_cannot_be_touched(world: World, name: str) -> None:
    """Who is late is told by whom it was resolved."""
    alert = alarm(world)
    world.done(ONCALL, "alerts.resolve", alert_id=alert)
    refusal = world.refused(MANAGER, name, alert_id=alert)
    assert refusal.code == "already_resolved"
    assert f"<@{ONCALL}>" in refusal.detail
    assert world.refused(MANAGER, name, alert_id=99).code == "no_such_alert"
    assert world.refused(OPERATOR, name, alert_id=alert).code == "role"


def test_raised_at_the_same_moment_it_is_one_alert(world: World) -> None:
    """Every process sees the outage at once."""
    ids = at_once(*[lambda: alarm(world)] * 6)
    assert len(set(ids)) == 1
    assert [row.times for row in world.rows("alert")] == [6]


def test_raised_and_resolved_at_the_same_moment_nothing_is_lost(world: World) -> None:
    """Either it counted on the old one before its end, or it opened a new one."""
    old = alarm(world)
    new, resolved = at_once(lambda: alarm(world), lambda: world.run(ONCALL, "alerts.resolve", alert_id=old))
    assert isinstance(resolved, Done)
    rows = world.rows("alert")
    assert sum(row.times for row in rows) == 2
    assert rows[0].state == "resolved"
    assert (new == old) is (len(rows) == 1)


def test_resolved_twice_at_once_is_resolved_once(world: World) -> None:
    """The second is told."""
    alert = alarm(world)
    outcomes = at_once(*[lambda: world.run(ONCALL, "alerts.resolve", alert_id=alert)] * 2)
    assert sorted(isinstance(outcome, Done) for outcome in outcomes) == [False, True]


def test_the_list_has_the_gravest_and_newest_first_and_nothing_resolved(world: World) -> None:
    """Critical before warning before info."""
    ids = [alarm(world, key, severity=severity) for key, severity in (
        ("a", "info"), ("b", "warning"), ("c", "critical"), ("d", "warning"), ("e", "critical"),
    )]  # fmt: skip
    world.done(ONCALL, "alerts.resolve", alert_id=ids[4])
    assert [item.alert_id for item in world.done(OPERATOR, "alerts.list").items] == [ids[2], ids[3], ids[1], ids[0]]


def test_what_ended_by_itself_is_said_to_have(world: World) -> None:
    """Who is late is not told that somebody named “system” was quicker."""
    alert = alarm(world)
    with world.act("system") as act:
        assert resolve_by_itself(act, alert, "it is over")
    assert (
        world.refused(ONCALL, "alerts.ack", alert_id=alert).detail
        == f"T-{alert} was already resolved by Valhalla itself."
    )


def test_a_warning_somebody_looks_at_wakes_people_once_it_is_critical(world: World) -> None:
    """What was acknowledged was a warning; now it is another thing, and nobody has seen that."""
    alert = alarm(world)
    world.done(ONCALL, "alerts.ack", alert_id=alert, until=(world.clock() + timedelta(days=1)).isoformat())
    assert alarm(world, severity="critical") == alert
    (row,) = world.rows("alert")
    assert (row.state, row.severity, row.page_round) == ("open", "critical", 1)
    assert world.rows("page")
    world.done(ONCALL, "alerts.ack", alert_id=alert)
    assert alarm(world, severity="critical") == alert
    (row,) = world.rows("alert")
    assert (row.state, row.page_round) == ("acknowledged", 1)
