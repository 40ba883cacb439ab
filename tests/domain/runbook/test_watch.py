"""A check that breaks while production is on is an alert; mended, the alert resolves itself."""

import pytest

from tests.domain.runbook.test_runbook import ready
from tests.support import AUDITOR, MANAGER, ONCALL, World, at_once


@pytest.fixture
def live(world: World) -> World:
    """Production is on, everything holds, and that was seen."""
    ready(world)
    world.switches(live=True)
    assert not world.system("runbook.watch").broken
    return world


def looks(world: World, **span: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Let time pass and the watch look; return what broke and what was mended."""
    world.clock.advance(**span)
    found = world.system("runbook.watch")
    return found.broken, found.mended


def let_scheduler_die(world: World) -> None:
    """Everything else goes on."""
    world.execute("UPDATE process_heartbeat SET seen_at = '2020-01-01 00:00:00' WHERE kind = 'scheduler'")


def test_what_breaks_is_told_once_and_resolves_itself(live: World) -> None:
    """After a minute of it, with its cure; not again while it lasts; critical, since it wakes somebody."""
    let_scheduler_die(live)
    assert looks(live) == ((), ())
    live.keep_ready()
    let_scheduler_die(live)
    assert looks(live, seconds=30) == ((), ())
    assert looks(live, seconds=30) == (("scheduler seen",), ())
    assert looks(live, seconds=30) == ((), ())
    (alert,) = live.done(MANAGER, "alerts.list").items
    assert (alert.severity, alert.times) == ("critical", 1)
    assert "scheduler seen" in alert.headline
    assert ("Cure", "start `valhalla scheduler`") in alert.facts
    live.keep_ready()
    assert looks(live) == ((), ("scheduler seen",))
    (row,) = live.rows("alert")
    assert (row.state, row.resolved_by, row.note) == ("resolved", "system", "the check holds again")
    let_scheduler_die(live)
    looks(live)
    live.clock.advance(seconds=20)
    assert looks(live, seconds=40)[0] == ("scheduler seen",)
    assert live.count("alert") == 2


def test_a_restart_is_no_news(live: World) -> None:
    """Gone for less than a minute: nobody is told."""
    let_scheduler_die(live)
    looks(live)
    live.clock.advance(seconds=40)
    live.keep_ready()
    assert looks(live) == ((), ())
    assert live.count("alert") == 0


def test_resolved_by_a_person_it_is_not_raised_again_while_it_lasts(live: World) -> None:
    let_scheduler_die(live)
    looks(live)
    assert looks(live, seconds=60)[0] == ("scheduler seen",)
    (alert,) = live.done(MANAGER, "alerts.list").items
    live.done(ONCALL, "alerts.resolve", alert_id=alert.alert_id, note="moving machines")
    assert looks(live, minutes=9) == ((), ())
    live.keep_ready()
    assert looks(live)[1] == ("scheduler seen",)
    assert [row.note for row in live.rows("alert")] == ["moving machines"]


def test_what_never_held_is_a_warning_and_no_alert(live: World) -> None:
    """A warning is news only where it held before; a second manager who leaves is one."""
    live.fire(MANAGER)
    live.fire("USECOND")
    looks(live)
    live.keep_ready()
    broken, _ = looks(live, seconds=60)
    assert broken == ("a second manager",)
    assert [alert.severity for alert in live.done(ONCALL, "alerts.list").items] == ["warning"]


def test_the_kill_switch_and_what_was_overridden_have_their_own_words(live: World) -> None:
    live.execute("UPDATE go_live_state SET kill_switch_engaged = true, overridden = '[\"scheduler seen\"]'")
    let_scheduler_die(live)
    looks(live)
    assert looks(live, seconds=60) == ((), ())


def test_an_expired_statement_wakes_nobody(live: World) -> None:
    """It ran out on a day known beforehand: a warning in the channel."""
    live.execute("DELETE FROM attestation WHERE statement = 'kill_switch_drill'")
    looks(live)
    live.keep_ready()
    assert looks(live, seconds=60)[0] == ("go-live checklist",)
    assert [alert.severity for alert in live.done(MANAGER, "alerts.list").items] == ["warning"]


def test_with_go_live_off_nothing_is_watched(live: World) -> None:
    """Its alerts are over; what was seen is forgotten, so that going live again starts afresh."""
    let_scheduler_die(live)
    looks(live)
    looks(live, seconds=60)
    live.switches(live=False)
    assert looks(live)[1] == ("scheduler seen",)
    assert live.count("runbook_state") == 0
    assert looks(live, seconds=90) == ((), ())
    assert live.count("alert", "state <> 'resolved'") == 0
    assert live.done(AUDITOR, "audit.verify").ok


def test_a_look_that_finds_nothing_leaves_no_trace(live: World) -> None:
    before = live.count("audit_event")
    looks(live)
    assert live.count("audit_event") == before


def test_workers_that_look_for_the_first_time_at_once_do_not_trip_over_each_other(world: World) -> None:
    """Go-live has just been switched on: nothing is known of any check yet, and every worker looks."""
    ready(world)
    world.switches(live=True)
    found = at_once(*[lambda: world.system("runbook.watch")] * 6)
    assert [one.broken for one in found] == [()] * 6
    names = [row.name for row in world.rows("runbook_state")]
    assert len(names) == len(set(names)) > 0
