"""Monday reviews, what is decided on them, and spot checks: each once, late where it must be, never twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from domain.charts.results import Chart
from domain.gate.recording import record
from domain.outcomes import Kind, Refused
from domain.review.findings import refusals
from domain.review.results import ReviewCard, SpotCheck
from domain.review.rules import week_before
from domain.schedules import schedules
from domain.snapshots.risk import RISK
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, World, at_once

TORONTO = ZoneInfo("America/Toronto")
REVIEW = "review:2026-11-30"


def go_to(world: World, text: str) -> None:
    """Move the clock to an hour in Toronto."""
    world.clock.now = datetime.fromisoformat(text).replace(tzinfo=TORONTO).astimezone(UTC)


@pytest.fixture
def week(world: World) -> World:
    """A workspace in which something happened last week; the clock stands before the review."""
    world.done(MANAGER, "golive.attest", statement="counsel_asked")
    go_to(world, "2026-11-30T08:59")
    return world


def posts(world: World, card: str, **more: Any) -> list[Any]:
    return [row for row in world.rows("outbox") if row.card == card and row.form == more.get("form", "card")]


def review(world: World) -> ReviewCard:
    """The newest version of the review's card."""
    return ReviewCard.model_validate([row for row in posts(world, "review") if row.thing == REVIEW][-1].payload)


def post(world: World) -> ReviewCard:
    go_to(world, "2026-11-30T09:00")
    assert world.system("cadence.run").review == date(2026, 11, 30)
    return review(world)


def goes_live(world: World, text: str) -> None:
    """Let go-live have been enabled at an hour in Toronto."""
    at = datetime.fromisoformat(text).replace(tzinfo=TORONTO).astimezone(UTC)
    world.put("go_live_history", at=at, action="enable", go_live_enabled=True, kill_switch_engaged=False, version=9)


class TestPosting:
    def test_it_is_posted_at_nine_and_once(self, week: World) -> None:
        """Not a minute before; not again by the next run, the next day, another scheduler."""
        assert week.system("cadence.run").review is None
        card = post(week)
        assert (card.days, card.is_late, card.snapshot_id) == ("23 to 29 November", False, 1)
        for text in ("2026-11-30T09:01", "2026-11-30T17:00", "2026-12-01T08:00"):
            go_to(week, text)
            assert week.system("cadence.run").review is None
        assert len(posts(week, "review")) == 1
        assert posts(week, "review")[0].destination == "route:governance"

    def test_two_at_once_post_one(self, week: World) -> None:
        """The row decides."""
        go_to(week, "2026-11-30T09:00")
        found = at_once(*[lambda: week.system("cadence.run").review] * 2)
        assert sorted(map(str, found)) == ["2026-11-30", "None"]
        assert len(posts(week, "review")) == 1
        assert week.count("snapshot") == 1

    def test_who_was_down_at_nine_posts_late_and_says_so(self, week: World) -> None:
        """On Wednesday, for the same Monday, still once; the spot check of that day comes too."""
        go_to(week, "2026-12-02T10:30")
        done = week.system("cadence.run")
        assert (done.review, done.spot_check) == (date(2026, 11, 30), date(2026, 12, 2))
        assert review(week).is_late
        assert review(week).due_at == datetime(2026, 11, 30, 14, tzinfo=UTC)
        assert week.system("cadence.run").review is None

    def test_a_new_installation_reviews_no_week_it_did_not_see(self, world: World) -> None:
        """Its first review is the next Monday's."""
        go_to(world, "2026-12-01T15:00")
        world.done(MANAGER, "golive.attest", statement="counsel_asked")
        assert world.system("cadence.run").review is None
        go_to(world, "2026-12-07T09:00")
        assert world.system("cadence.run").review == date(2026, 12, 7)

    def test_on_thanksgiving_it_comes_on_tuesday(self, world: World) -> None:
        """12 October 2026 is a holiday in Ontario."""
        go_to(world, "2026-10-08T12:00")
        world.done(MANAGER, "golive.attest", statement="counsel_asked")
        go_to(world, "2026-10-12T09:30")
        assert world.system("cadence.run").review is None
        go_to(world, "2026-10-13T09:00")
        assert world.system("cadence.run").review == date(2026, 10, 12)

    def test_it_is_on_the_schedule(self, world: World) -> None:
        """Every minute, as one slot each; missed ones are worth one run."""
        planned = {one.job: one for one in schedules(world.settings)}
        assert planned["cadence.run"].coalesces
        assert planned["cadence.run"].when.latest(datetime(2026, 11, 30, 14, tzinfo=UTC)).minute == 0

    def test_it_leaves_no_trace_where_nothing_is_due(self, week: World) -> None:
        before = week.count("audit_event")
        week.system("cadence.run")
        assert week.count("audit_event") == before


class TestWhatItSays:
    def test_the_week_in_figures(self, week: World) -> None:
        """What broke, was denied, waits; frozen, with its number, and a chart that says its finding."""
        go_to(week, "2026-11-25T10:00")
        week.done(ONCALL, "killswitch.engage", reason="drill")
        week.refused(OPERATOR, "followup.claim", task_id=1)
        week.refused(OPERATOR, "killswitch.release", reason="x")
        week.refused(OPERATOR, "alerts.ack", alert_id=1)
        week.refused(MANAGER, "alerts.ack", alert_id=1)  # there is none: nobody denied anything
        card = post(week)
        assert [one.short for one in card.broke] == ["the kill switch"]
        assert card.repair == "One thing to repair: the kill switch."
        assert sum(one.count for one in card.denied) == 3
        assert any(one.text.startswith("Access: role") for one in card.denied)
        assert card.live == "Not live all week."  # nothing was live that could have been stopped
        spec = Chart.model_validate(week.rows("chart")[0].spec)
        assert week.rows("chart")[0].thing == REVIEW
        assert [panel.title for panel in spec.panels] == [
            "Offers", "Contract rate", "Follow-ups within 2 h", "Buyer response", "Denials", "Loss",
        ]  # fmt: skip
        assert "Denials up" in spec.alt

    def test_the_promise_that_drifted(self, week: World) -> None:
        """Last week 1 of 2 within two hours, the week before 2 of 2."""
        for number, (day, good) in enumerate([("16", True), ("17", True), ("24", True), ("25", False)]):
            at = datetime.fromisoformat(f"2026-11-{day}T15:00:00+00:00")
            with week.act() as act:
                act.kpi("WHOLESALE.followup_sla", event_id=str(number), success=good, occurred_at=at)
                record(act)
        card = post(week)
        assert [one.text for one in card.drifted] == ["follow-ups within 2 h: 50 %, was 100 % (target 90 %)"]
        assert card.repair == "One thing to repair: follow-ups."

    def test_break_glass_waits_for_a_signature(self, week: World) -> None:
        """It is listed until another manager signs it off."""
        week.make_ready()
        week.run(OWNER, "golive.enable", reason="Dana is on a plane", break_glass=True)
        unsigned = week.rows("break_glass")
        card = post(week)
        assert [one.break_glass_id for one in card.unsigned] == [unsigned[0].id]

    def test_what_is_frozen_stays(self, week: World) -> None:
        """What happens after nine is next week's."""
        before = post(week)
        week.done(ONCALL, "killswitch.engage", reason="drill")
        shown = week.done(AUDITOR, "review.show")
        assert (shown.broke, shown.repair) == (before.broke, before.repair)
        body = week.rows("snapshot")[0].body
        assert {part["name"] for part in body["overview"]["items"]} >= {"control", "ops"}
        assert body["metrics"]["items"]


class TestDeciding:
    def test_continue_is_written_on_the_card_and_in_the_audit(self, week: World) -> None:
        post(week)
        week.done(MANAGER, "review.decide", decision="continue", note="all good")
        card = review(week)
        assert (card.decision, card.decided_by, card.note) == ("continue", MANAGER, "all good")
        (entry,) = week.audit("review.decide")
        assert (entry.outcome, entry.reason, entry.after["decision"]) == ("done", "all good", "continue")

    def test_only_a_manager_decides_and_only_once(self, week: World) -> None:
        """The second is told who did."""
        post(week)
        assert week.refused(ONCALL, "review.decide", decision="continue").code == "role"
        week.done(MANAGER, "review.decide", decision="continue")
        refusal = week.refused(SECOND, "review.decide", decision="pause", what="all")
        assert (refusal.code, refusal.kind) == ("already_decided", Kind.CONFLICT)
        assert MANAGER in refusal.detail
        assert not week.rows("go_live_state")[0].kill_switch_engaged

    def test_two_at_once_are_one_decision(self, week: World) -> None:
        post(week)
        works = [
            lambda user=user: week.run(user, "review.decide", decision="continue", note=user)
            for user in (MANAGER, SECOND)
        ]
        outcomes = at_once(*works)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Done", "Refused"]

    def test_pause_of_all_engages_the_kill_switch(self, week: World) -> None:
        """In the same transaction, with an audit entry of its own."""
        post(week)
        week.done(MANAGER, "review.decide", decision="pause", what="all", note="stop until Alberta is clear")
        assert week.rows("go_live_state")[0].kill_switch_engaged
        assert review(week).what == "all"
        assert [entry.actor for entry in week.audit("killswitch.engage")] == [MANAGER]
        assert posts(week, "kill_switch")

    def test_pause_of_what_is_not_there_changes_nothing(self, week: World) -> None:
        post(week)
        refusal = week.refused(MANAGER, "review.decide", decision="pause", what="NOSUCHENGINE")
        assert refusal.kind in {Kind.NOT_FOUND, Kind.INVALID}
        assert review(week).decision is None

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"decision": "pause"}, "what"), ({"decision": "escalate", "note": "x"}, "to"),
            ({"decision": "escalate", "to": OPERATOR, "note": "x"}, "by"),
            ({"decision": "escalate", "to": OPERATOR, "by": "2026-12-04T17:00"}, "note"),
            ({"decision": "escalate", "to": OPERATOR, "by": "2026-11-01T17:00", "note": "x"}, "by"),
        ],
    )  # fmt: skip
    def test_what_a_decision_needs_is_asked_for(self, week: World, given: dict[str, Any], field: str) -> None:
        post(week)
        refusal = week.refused(MANAGER, "review.decide", **given)
        assert (refusal.kind, refusal.field) == (Kind.INVALID, field)
        assert review(week).decision is None

    def test_what_was_escalated_comes_back_until_it_is_done(self, week: World) -> None:
        """Its person is told; next Monday it is there again; done, it is gone."""
        post(week)
        week.done(
            MANAGER, "review.decide", decision="escalate", to=OPERATOR, by="2026-12-04T17:00",
            note="second dialer for QC",
        )  # fmt: skip
        (told,) = posts(week, "review_item")
        assert told.destination == f"user:{OPERATOR}"
        go_to(week, "2026-12-07T09:00")
        week.system("cadence.run")
        shown = week.done(AUDITOR, "review.show")
        assert [(one.text, one.to) for one in shown.undone] == [("second dialer for QC", OPERATOR)]
        week.done(OPERATOR, "review.finish", item_id=shown.undone[0].item_id)
        assert week.done(OPERATOR, "review.finish", item_id=shown.undone[0].item_id).already
        assert not week.done(AUDITOR, "review.show").undone
        assert week.refused(OPERATOR, "review.finish", item_id=99).kind is Kind.NOT_FOUND

    def test_the_review_before_cannot_be_decided_any_more(self, week: World) -> None:
        """Its card loses its buttons when the next one comes."""
        post(week)
        go_to(week, "2026-12-07T09:00")
        week.system("cadence.run")
        assert not review(week).is_current
        assert week.refused(MANAGER, "review.decide", decision="continue", monday="2026-11-30").code == "past"

    def test_nothing_to_decide_is_said(self, world: World) -> None:
        assert world.refused(MANAGER, "review.decide", decision="continue").code == "no_review"
        assert world.refused(AUDITOR, "review.show").code == "no_review"


class TestAtNoon:
    def test_undecided_it_is_asked_again_once(self, week: World) -> None:
        """Under its card, and to each who can decide."""
        post(week)
        go_to(week, "2026-11-30T11:59")
        assert week.system("cadence.run").asked_again is None
        go_to(week, "2026-11-30T12:00")
        assert week.system("cadence.run").asked_again == date(2026, 11, 30)
        assert week.system("cadence.run").asked_again is None
        assert [row.thing for row in posts(week, "review_again", form="thread")] == [REVIEW]
        assert {row.destination for row in posts(week, "review_again")} == {
            f"user:{user}" for user in (OWNER, MANAGER, SECOND)
        }

    def test_decided_it_is_not(self, week: World) -> None:
        post(week)
        week.done(MANAGER, "review.decide", decision="continue")
        go_to(week, "2026-11-30T12:00")
        assert week.system("cadence.run").asked_again is None


class TestTheSpotCheck:
    def test_each_working_day_once(self, week: World) -> None:
        """Not on the review's day, not at the weekend; what was missed yesterday is not made up for."""
        post(week)
        days = []
        start = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
        for hours in range(0, 24 * 7, 6):
            week.clock.now = start + timedelta(hours=hours)
            if found := week.system("cadence.run").spot_check:
                days.append(found.day)
        assert days == [1, 2, 3, 4]
        assert len(posts(week, "spot_check")) == 4

    def test_it_is_short_and_true(self, week: World) -> None:
        """Switches, what is late, what was denied since the last look, the oldest alert."""
        post(week)
        go_to(week, "2026-11-30T15:00")
        week.done(ONCALL, "killswitch.engage", reason="drill")
        week.refused(OPERATOR, "alerts.ack", alert_id=1)
        go_to(week, "2026-12-01T09:00")
        week.system("cadence.run")
        card = SpotCheck.model_validate(posts(week, "spot_check")[0].payload)
        assert [(line.name, line.value) for line in card.switches] == [("Go-live", "off"), ("Kill switch", "engaged")]
        assert sum(one.count for one in card.denied) == 1
        assert not card.is_late


class TestTheEnginesParts:
    @pytest.fixture
    def live(self, world: World) -> World:
        """Production was on all week; WHOLESALE has room for 500 of open risk, five times 100."""
        world.switches(live=True)
        world.done(MANAGER, "golive.attest", statement="counsel_asked")
        go_to(world, "2026-11-26T10:00")
        return world

    def test_a_denial_by_a_cap_is_counted_once_with_its_figure(self, live: World) -> None:
        """The event and the audit entry of one call are one denial; the money is that of the worst day."""
        limit = 0
        for number in range(12):
            outcome = live.run(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100", key=str(number))
            limit += isinstance(outcome, Refused)
        assert limit > 2
        card = post(live)
        assert [one.count for one in card.denied] == [limit]
        assert card.denied[0].text.startswith("WHOLESALE open risk full (")
        assert card.money.startswith("loss $0 of 250 a day at worst, exposure at most $")
        assert card.money.endswith("(Thu)")
        assert card.watching

    def test_a_hold_is_told_with_its_time(self, live: World) -> None:
        """`Live all week except …`."""
        goes_live(live, "2026-11-20T09:00")
        live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="Alberta is wrong")
        assert post(live).live == "Live all week except WHOLESALE 2026-11-26T15:00:00+00:00 until now."

    def test_of_a_stop_only_the_part_while_production_was_on_is_told(self, live: World) -> None:
        """One ended before it went live and is no exception; another began before and went on."""
        live.switches(live=False)
        live.done(OPERATOR, "killswitch.engage", reason="drill")
        live.clock.advance(minutes=2)
        live.run(OWNER, "killswitch.release", reason="drill", break_glass="nobody else is here")
        live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="Alberta is wrong")
        goes_live(live, "2026-11-27T10:00")
        assert post(live).live == (
            "At first not live; live since 2026-11-27T15:00:00+00:00 "
            "except WHOLESALE 2026-11-27T15:00:00+00:00 until now."
        )

    def test_pause_of_an_engine_puts_a_hold_on_it(self, live: World) -> None:
        """In the decision's own transaction, as the decider's act."""
        post(live)
        live.done(MANAGER, "review.decide", decision="pause", what="wholesale", note="until Alberta is clear")
        (hold,) = live.rows("risk_hold")
        assert (hold.engine, hold.lifted_at, hold.reason) == ("WHOLESALE", None, "until Alberta is clear")
        assert [entry.actor for entry in live.audit("risk.pause")] == [MANAGER]
        assert review(live).decision == "pause"


@pytest.mark.parametrize("what", ["the wholesale engine", "X" * 70, "ON", "<!channel>"])
def test_what_nothing_pauses_is_said_and_the_review_stays_undecided(week: World, what: str) -> None:
    """Words that no engine can be named by are no crash."""
    post(week)
    refusal = week.refused(MANAGER, "review.decide", decision="pause", what=what)
    assert (refusal.code, refusal.field) == ("cannot_be_paused", "what")
    assert "<!channel>" not in refusal.detail
    assert review(week).decision is None
    assert not week.rows("risk_hold")


def test_a_weeks_denials_are_found_by_their_time_whatever_the_tables_have_grown_to(world: World) -> None:
    """Risk Guard's own and the audit's refusals, each by an index of nothing else."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        seen.append((statement, parameters))

    when = week_before(date(2026, 11, 23), world.settings.zone)
    with world.act() as act:
        event.listen(act.connection.engine, "before_cursor_execute", note)
        assert RISK.week is not None
        assert RISK.counts_calls is not None
        RISK.week(act, when)
        refusals(act, when.since, when.until, but=(RISK.counts_calls,))
        event.remove(act.connection.engine, "before_cursor_execute", note)
        if not world.is_sqlite:
            act.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))  # tables this small are read whole
        explain = "EXPLAIN QUERY PLAN " if world.is_sqlite else "EXPLAIN "
        plans = [
            (
                statement,
                "\n".join(str(tuple(row)) for row in act.connection.exec_driver_sql(explain + statement, given)),
            )
            for statement, given in seen
        ]
    (events,) = (plan for statement, plan in plans if "max(risk_event.id)" in statement)
    (audited,) = (plan for statement, plan in plans if "FROM audit_event" in statement)
    assert "ix_risk_event_denied" in events, events
    assert "ix_risk_event_denied" in audited, audited
    assert "ix_audit_event_refused" in audited, audited
