"""The ladder of an alert: who is paged when, what stops it, what brings the next step forward."""

from datetime import timedelta
from typing import Any

import pytest

from bot.blocks.cards import render_card
from domain.alerts.service import raise_alert, resolve_by_itself
from domain.gate.call import system_call
from domain.gate.recording import record
from domain.identity import Role
from domain.oncall import ladder
from domain.outcomes import Done
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, STRANGER, World, at_once

BEN, CLEO = "UBEN", "UCLEO"


def alarm(world: World, key: str = "throttle", severity: str = "critical", **more: Any) -> int:
    """Raise an alert as an engine would, with everything it leaves behind."""
    with world.act() as act:
        alert_id = raise_alert(act, key, "WHOLESALE is throttled", severity=severity, **more)
        record(act)
    return alert_id


@pytest.fixture
def rota(world: World) -> World:
    """ONCALL is on call for eight hours, BEN after that; CLEO holds the role and has no shift."""
    world.hire(BEN, Role.ONCALL)
    world.hire(CLEO, Role.ONCALL)
    now = world.clock()
    for user, start, end in ((ONCALL, -1, 8), (BEN, 8, 16)):
        world.done(
            MANAGER, "oncall.set", user=user, starts=(now + timedelta(hours=start)).isoformat(),
            ends=(now + timedelta(hours=end)).isoformat(),
        )  # fmt: skip
    world.execute("DELETE FROM outbox")
    return world


def told(world: World) -> list[str]:
    """Whose page was put into the outbox, first versions alone, in their order."""
    return [row.destination for row in world.rows("outbox", "card = 'page'") if row.payload["over"] is None]


def advance(world: World, **span: float) -> Any:
    """Let time pass, and look at the ladders as a worker does."""
    world.clock.advance(**span)
    with world.database.read() as connection:
        if not ladder.waiting(connection, world.clock()):
            return None
    return world.system("page.advance")


def card(world: World, alert: int) -> Any:
    """What the alert's newest card says."""
    return [row.payload for row in world.rows("outbox", "card = 'alert'") if row.payload["alert_id"] == alert][-1]


def test_the_whole_ladder_when_nobody_acknowledges(rota: World) -> None:
    """At once whoever is on call, then every five minutes the next person, the channel, the owner."""
    alert = alarm(rota)
    assert told(rota) == [f"user:{ONCALL}"]
    assert [(line["target"], line["state"]) for line in card(rota, alert)["paged"]] == [
        (f"user:{ONCALL}", "paged"), (f"user:{BEN}", "planned"),
    ]  # fmt: skip
    assert advance(rota, minutes=4, seconds=59) is None
    for minutes, target in ((5, f"user:{BEN}"), (10, "route:oncall"), (15, f"user:{OWNER}")):
        rota.clock.now = rota.rows("alert")[0].opened_at + timedelta(minutes=minutes, seconds=-1)
        assert advance(rota, seconds=0) is None
        assert advance(rota, seconds=1).paged == 1
        assert told(rota)[-1] == target
    whole = [f"user:{ONCALL}", f"user:{BEN}", "route:oncall", f"user:{OWNER}"]
    assert told(rota) == whole
    assert {row.priority for row in rota.rows("outbox", "card = 'page'")} == {0}


def test_it_escalates_until_somebody_acknowledges(rota: World) -> None:
    """Half an hour after the last step everybody is told again, and so on; an answer ends it."""
    alert = alarm(rota)
    advance(rota, minutes=15)
    for rounds in (2, 3):
        told_so_far = len(told(rota))
        assert advance(rota, minutes=29, seconds=59) is None
        assert advance(rota, seconds=1).paged == 1
        assert rota.rows("alert")[0].page_round == rounds
        assert told(rota)[told_so_far:] == [f"user:{ONCALL}"]
        assert rota.rows("outbox", "card = 'page'")[-1].payload["why"] == "unanswered"
        for _ in range(3):
            assert advance(rota, minutes=5).paged == 1
        assert told(rota)[told_so_far:] == [f"user:{ONCALL}", f"user:{BEN}", "route:oncall", f"user:{OWNER}"]
    rota.done(ONCALL, "alerts.resolve", alert_id=alert)
    assert advance(rota, hours=9) is None


def test_two_who_find_it_unanswered_at_once_begin_one_round(rota: World) -> None:
    """The alert's lock lets one begin it; the other finds nothing to do."""
    alarm(rota)
    advance(rota, minutes=15)
    rota.clock.advance(minutes=30)
    at_once(lambda: rota.system("page.advance"), lambda: rota.system("page.advance"))
    assert rota.rows("alert")[0].page_round == 2
    assert rota.count("page", "round = 2 AND state <> 'planned'") == 1


@pytest.mark.parametrize("minutes", [0, 4, 5, 9, 14])
def test_acknowledged_at_any_step_the_ladder_stops_and_begins_anew_in_time(rota: World, minutes: int) -> None:
    """Quiet for four hours; then whoever is on call is paged again, if it is still open."""
    alert = alarm(rota)
    advance(rota, minutes=minutes)
    before = told(rota)
    shown = rota.done(BEN, "alerts.ack", alert_id=alert)
    assert shown.pages
    assert shown.acknowledged_until == rota.clock() + timedelta(hours=4)
    over = [row for row in rota.rows("outbox", "card = 'page'") if row.payload["over"] == "acknowledged"]
    assert [row.destination for row in over] == before
    assert {row.thing for row in over} <= {row.thing for row in rota.rows("outbox", "card = 'page'")}
    assert advance(rota, hours=3, minutes=59, seconds=59) is None
    assert told(rota) == before
    assert advance(rota, seconds=1).reopened == 1
    assert told(rota) == [*before, f"user:{ONCALL}"]
    assert rota.rows("alert")[0].state == "open"
    assert advance(rota, minutes=5).paged == 1
    assert told(rota)[-1] == f"user:{BEN}"


def test_acknowledged_until_the_time_somebody_says(rota: World) -> None:
    """Not in the past, not for weeks."""
    alert = alarm(rota)
    for wrong in (rota.clock(), rota.clock() - timedelta(hours=1), rota.clock() + timedelta(days=7, seconds=1)):
        refusal = rota.refused(ONCALL, "alerts.ack", alert_id=alert, until=wrong.isoformat())
        assert (refusal.code, refusal.field) == ("until_out_of_range", "until")
    assert rota.rows("alert")[0].state == "open"
    rota.done(ONCALL, "alerts.ack", alert_id=alert, until=(rota.clock() + timedelta(minutes=30)).isoformat())
    assert advance(rota, minutes=29) is None
    assert advance(rota, minutes=1).reopened == 1


def test_resolved_it_pages_nobody_any_more(rota: World) -> None:
    """Neither the next step, nor when an acknowledgement would have been over."""
    first, second = alarm(rota), alarm(rota, "other")
    rota.done(ONCALL, "alerts.resolve", alert_id=first)
    rota.done(ONCALL, "alerts.ack", alert_id=second)
    rota.done(ONCALL, "alerts.resolve", alert_id=second)
    assert advance(rota, hours=5) is None
    assert told(rota) == [f"user:{ONCALL}"] * 2
    assert {row.state for row in rota.rows("page", "step > 1")} == {"stopped"}


def test_resolved_by_itself_it_pages_nobody_any_more_and_says_so(rota: World) -> None:
    """What broke is mended: whoever was paged is told, and nobody else is woken."""
    alert = alarm(rota)
    with rota.act("system") as act:
        assert resolve_by_itself(act, alert, "the check holds again")
        assert not resolve_by_itself(act, alert, "again")
        record(act)
    assert told(rota) == [f"user:{ONCALL}"]
    over = [row.payload for row in rota.rows("outbox", "card = 'page'") if row.payload["over"] == "resolved"]
    assert [page["over_by"] for page in over] == ["system"]
    assert advance(rota, hours=5) is None


def test_steps_left_over_of_an_alert_that_is_over_are_put_away(rota: World) -> None:
    """Whatever ended it: they are looked at once, not for ever."""
    alarm(rota)
    rota.execute("UPDATE alert SET state = 'resolved'")
    assert advance(rota, minutes=5).paged == 0
    assert told(rota) == [f"user:{ONCALL}"]
    assert advance(rota, minutes=5) is None


def test_passed_on_the_named_person_is_paged_first_and_the_ladder_goes_on(rota: World) -> None:
    """The one who had it is told that it is not theirs any more; then whoever is on call, then the channel."""
    alert = alarm(rota)
    shown = rota.done(ONCALL, "alerts.pass", alert_id=alert, user=CLEO)
    assert (shown.state, shown.paged[0].target, shown.paged[0].said_by) == ("open", f"user:{CLEO}", ONCALL)
    assert told(rota) == [f"user:{ONCALL}", f"user:{CLEO}"]
    over = [row.destination for row in rota.rows("outbox", "card = 'page'") if row.payload["over"] == "passed"]
    assert over == [f"user:{ONCALL}"]
    assert advance(rota, minutes=5).paged == 1
    assert advance(rota, minutes=5).paged == 1
    assert told(rota)[2:] == [f"user:{ONCALL}", "route:oncall"]


def test_an_acknowledged_alert_can_be_passed_on_too_and_only_to_who_may_acknowledge(rota: World) -> None:
    """A person without the role could do nothing about it."""
    alert = alarm(rota)
    rota.done(ONCALL, "alerts.ack", alert_id=alert)
    for user in (OPERATOR, STRANGER):
        refusal = rota.refused(ONCALL, "alerts.pass", alert_id=alert, user=user)
        assert refusal.code == "not_on_call_role"
        assert refusal.buttons[0].operation == "access.grant"
    assert rota.rows("alert")[0].state == "acknowledged"
    assert rota.done(ONCALL, "alerts.pass", alert_id=alert, user=BEN).state == "open"
    assert advance(rota, hours=4) is not None
    rota.done(ONCALL, "alerts.resolve", alert_id=alert)
    assert rota.refused(ONCALL, "alerts.pass", alert_id=alert, user=BEN).code == "already_resolved"


def test_nobody_on_the_rota_pages_those_with_the_role_the_longest_unpaged_first(world: World) -> None:
    """Never paged before paged, then by who was paged longest ago, then by id."""
    world.hire(BEN, Role.ONCALL)
    world.hire(CLEO, Role.ONCALL)
    for number, expected in enumerate([(BEN, CLEO), (ONCALL, BEN), (CLEO, ONCALL), (BEN, CLEO)]):
        alert = alarm(world, f"a{number}")
        pages = world.rows("page", f"alert_id = {alert}")
        assert [row.target for row in pages if row.step <= 2] == [f"user:{user}" for user in expected]
        advance(world, minutes=5)
        world.done(MANAGER, "alerts.resolve", alert_id=alert)
        world.clock.advance(minutes=1)


def test_nobody_at_all_tells_the_channel_and_the_owners_at_once(world: World) -> None:
    """Nobody waits five minutes for a person that is not there."""
    world.fire(ONCALL)
    alarm(world)
    assert told(world) == ["route:oncall", f"user:{OWNER}"]
    channel = render_card("page", world.rows("outbox", "card = 'page' AND destination = 'route:oncall'")[0].payload)
    assert "NOBODY IS ON CALL" in channel.text
    assert advance(world, minutes=29) is None
    assert advance(world, minutes=1).paged == 1


def test_a_warning_pages_nobody_and_one_that_turns_critical_does(rota: World) -> None:
    """And once only, however often it is counted."""
    alert = alarm(rota, severity="warning")
    assert told(rota) == []
    assert alarm(rota, severity="critical") == alert
    assert alarm(rota, severity="critical") == alert
    assert told(rota) == [f"user:{ONCALL}"]
    assert rota.rows("alert")[0].severity == "critical"
    assert alarm(rota, "quiet", pages=False)
    assert alarm(rota, "loud", severity="warning", pages=True)
    assert told(rota) == [f"user:{ONCALL}"] * 2


def test_a_warning_opens_again_when_its_acknowledgement_is_over_and_pages_nobody(rota: World) -> None:
    alert = alarm(rota, severity="warning")
    rota.done(ONCALL, "alerts.ack", alert_id=alert)
    assert advance(rota, hours=4).reopened == 1
    assert rota.rows("alert")[0].state == "open"
    assert told(rota) == []


def test_two_who_look_at_once_page_once(rota: World) -> None:
    """However many workers there are, a step is a step."""
    for number in range(4):
        alarm(rota, f"a{number}")
    rota.clock.advance(minutes=5)
    outcomes = at_once(*[lambda: rota.gate.run(system_call("page.advance"))] * 6)
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert sum(outcome.result.paged for outcome in outcomes) == 4
    assert told(rota).count(f"user:{BEN}") == 4


def test_a_look_and_an_acknowledgement_at_once(rota: World) -> None:
    """Either the next person was paged and then told, or not paged at all; nothing is left planned."""
    alert = alarm(rota)
    rota.clock.advance(minutes=5)
    at_once(lambda: rota.gate.run(system_call("page.advance")), lambda: rota.done(ONCALL, "alerts.ack", alert_id=alert))
    messages = [row for row in rota.rows("outbox", "card = 'page'") if row.destination == f"user:{BEN}"]
    assert [row.payload["over"] for row in messages] in ([], [None, "acknowledged"])
    assert rota.count("page", "state = 'planned'") == 0


def test_a_worker_that_was_away_pages_everybody_who_is_overdue(rota: World) -> None:
    """Twenty minutes late the owner is told at once, not after another quarter of an hour."""
    alarm(rota)
    assert advance(rota, minutes=20).paged == 3
    assert told(rota) == [f"user:{ONCALL}", f"user:{BEN}", "route:oncall", f"user:{OWNER}"]


def dead(world: World, destination: str) -> Any:
    """Let Slack refuse the newest page to somebody for good, as the sender says it."""
    row = [row for row in world.rows("outbox", "card = 'page'") if row.destination == destination][-1]
    return world.system(
        "delivery.fail", outbox_id=row.id, attempt=row.attempts, state="dead", error="user_disabled"
    )  # fmt: skip


def test_a_page_that_cannot_be_delivered_brings_the_next_step_forward_at_once(rota: World) -> None:
    """And from there five minutes apart; a warning says what failed, and pages nobody."""
    alert = alarm(rota)
    rota.clock.advance(seconds=2)
    dead(rota, f"user:{ONCALL}")
    assert told(rota) == [f"user:{ONCALL}", f"user:{BEN}"]
    lines = card(rota, alert)["paged"]
    assert [(line["target"], line["state"]) for line in lines] == [
        (f"user:{ONCALL}", "failed"), (f"user:{BEN}", "paged"), ("route:oncall", "planned"),
    ]  # fmt: skip
    assert lines[0]["error"] == "user_disabled"
    assert advance(rota, minutes=4, seconds=59) is None
    assert advance(rota, seconds=1).paged == 1
    assert told(rota)[-1] == "route:oncall"
    warning = [row for row in rota.rows("alert") if row.dedup_key == f"delivery:user:{ONCALL}"]
    assert [(row.severity, row.page_round) for row in warning] == [("warning", 0)]


def test_when_every_page_fails_it_ends_and_says_so(rota: World) -> None:
    """Each failure brings one step, there are four, and no failure starts a ladder that fails again for ever."""
    alarm(rota)
    for target in (f"user:{ONCALL}", f"user:{BEN}", "route:oncall", f"user:{OWNER}"):
        dead(rota, target)
    assert told(rota) == [f"user:{ONCALL}", f"user:{BEN}", "route:oncall", f"user:{OWNER}"]
    assert {row.state for row in rota.rows("page")} == {"failed"}
    assert advance(rota, minutes=29) is None
    assert {row.page_round for row in rota.rows("alert", "dedup_key <> 'throttle'")} == {0}


def test_a_failure_after_the_next_was_told_brings_nobody_more(rota: World) -> None:
    alarm(rota)
    advance(rota, minutes=5)
    dead(rota, f"user:{ONCALL}")
    assert told(rota) == [f"user:{ONCALL}", f"user:{BEN}"]
    assert advance(rota, minutes=4, seconds=59) is None


def test_whoever_may_not_be_on_call_any_more_is_skipped(rota: World) -> None:
    """The next step does not wait for five minutes of nobody."""
    alarm(rota)
    rota.fire(BEN)
    assert advance(rota, minutes=5).paged == 1
    assert told(rota) == [f"user:{ONCALL}", "route:oncall"]
    assert [row.state for row in rota.rows("page", "step = 2")] == ["skipped"]


def test_what_the_outbox_says_is_written_down(rota: World) -> None:
    """Sent as soon as Slack has it."""
    alarm(rota)
    assert rota.rows("page", "step = 1")[0].state == "queued"
    rota.execute("UPDATE outbox SET state = 'sent' WHERE card = 'page'")
    assert advance(rota, seconds=3).paged == 0
    assert rota.rows("page", "step = 1")[0].state == "sent"
    assert advance(rota, seconds=3) is None


def test_an_idle_look_leaves_no_trace(rota: World) -> None:
    before = rota.snapshot()
    rota.system("page.advance")
    assert rota.snapshot() == before


def test_a_drill_pages_as_a_real_alert_does_and_says_that_it_is_none(rota: World) -> None:
    """Asked for twice it is one alert; resolved, the next is a new one."""
    shown = rota.done(BEN, "oncall.drill")
    assert shown.headline == f"DRILL by <@{BEN}>: nothing is wrong"
    assert (shown.severity, shown.pages, shown.paged[0].target) == ("critical", True, f"user:{ONCALL}")
    rota.done(BEN, "oncall.drill")
    assert told(rota) == [f"user:{ONCALL}"]
    assert rota.refused(OPERATOR, "oncall.drill").code == "role"
    rota.done(ONCALL, "alerts.resolve", alert_id=shown.alert_id)
    assert rota.done(BEN, "oncall.drill").alert_id != shown.alert_id
