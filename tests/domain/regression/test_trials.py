"""A trial share after a release: the engine's own caps count at a part, until its time or until enough was measured."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.outcomes import Done, Kind, Refused
from domain.regression.results import Trial, TripCard
from domain.risk import books
from domain.risk.service import place_hold, place_share
from tests.domain.regression.scenes import NAME, Metric, tripped
from tests.domain.risk.books import check
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, Pause, World, at_once

SOURCE = "tripwire:WHOLESALE.contract_rate"


@pytest.fixture
def live(world: World) -> World:
    """Production acts, with the caps as Valhalla comes: WHOLESALE 200 / 1,000 / 500."""
    world.switches(live=True)
    return world


def release(world: World, **more: Any) -> Any:
    """Ask for a release and let a manager approve it; whatever came before it lies a minute back."""
    world.clock.advance(minutes=1)
    asked = world.pending(ONCALL, "regression.release", **NAME, reason="the multiplier is back", **more)
    return world.approve(SECOND, asked.approval_id)


def on_trial(world: World, **more: Any) -> Metric:
    """A tripwire that fell and was released to a quarter."""
    metric = tripped(world)
    assert isinstance(release(world, **{"share": "25%", **more}), Done)
    return metric


def since(metric: Metric, good: int, bad: int) -> Any:
    """Report outcomes of after the release."""
    metric.world.clock.advance(minutes=good + bad + 1)
    return metric.report(metric.events(good + bad, lambda n: {"success": n % (good + bad) < good}))


def reserve(world: World, amount: str, engine: str = "WHOLESALE") -> Any:
    """Try to reserve."""
    return world.run(OPERATOR, "risk.reserve", engine=engine, amount=amount)


def card(world: World) -> TripCard:
    """What the card of the first trip says now."""
    row = next(row for row in world.rows("alert") if row.severity == "critical")
    return TripCard.model_validate(row.extra["detail"])


def told(world: World) -> Trial:
    """What the card says of the trial."""
    trial = card(world).trial
    assert trial is not None
    return trial


def shares(world: World) -> list[Any]:
    """Trial shares that nobody lifted."""
    return world.rows("risk_hold", "lifted_at IS NULL AND share IS NOT NULL")


def test_without_a_share_full_speed_is_back_at_once(live: World) -> None:
    """As ever: the hold is lifted, nothing limits, and the card has no trial."""
    metric = tripped(live)
    assert isinstance(release(live), Done)
    assert live.count("risk_hold", "lifted_at IS NULL") == 0
    assert isinstance(reserve(live, "200"), Done)
    assert metric.state().trial is None
    assert card(live).trial is None


def test_released_to_a_quarter_the_engine_acts_at_a_quarter_of_each_cap(live: World) -> None:
    """WHOLESALE's loss cap of 250 counts as a quarter; CAPITAL and GLOBAL as before; all views say so."""
    policy = live.rows("risk_policy", "engine = 'WHOLESALE'")[0]
    metric = on_trial(live)
    (hold,) = shares(live)
    assert (hold.engine, hold.source, hold.share, hold.placed_by) == ("WHOLESALE", SOURCE, 25, ONCALL)
    most = policy.max_daily_loss // 4
    refusal = reserve(live, f"{(most + 1) / 100:.2f}")
    assert isinstance(refusal, Refused)
    assert refusal.code == "max_daily_loss"
    assert isinstance(reserve(live, f"{most / 100:.2f}"), Done)
    assert isinstance(reserve(live, "150", "CAPITAL"), Done)
    engines = {line.engine: line for line in live.done(AUDITOR, "risk.snapshot").items}
    line = engines["WHOLESALE"]
    assert (line.acts, line.is_throttled, [trial.share for trial in line.trials]) == (True, False, [25])
    limits = {cap.cap: (cap.limit, cap.at_full_speed) for cap in line.caps}
    assert limits["max_open_risk"] == (Decimal("125.00"), Decimal("500.00"))
    assert line.daily_limit == Decimal(most) / 100
    assert all(cap.at_full_speed is None for name in ("GLOBAL", "CAPITAL") for cap in engines[name].caps)
    state = metric.state()
    assert (state.state, state.is_throttled, state.trial.share, state.trial.events) == ("armed", False, 25, 0)
    assert (told(live).share, told(live).needs) == (25, 50)
    names = {item.name: item for part in live.done(AUDITOR, "snapshot.overview").items for item in part.lines}
    assert "acts at a trial share of 25 %" in names["WHOLESALE"].value
    assert "at a trial share of 25 %, 0 offers" in names["WHOLESALE.contract_rate"].beside
    check(live)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (25, "no offer at all: one takes 100.00. So nothing would be measured; 50 % lets one through"),
        (50, "2 offers"),
        (100, "5 offers"),
    ],
)
def test_whoever_decides_reads_the_share_in_offers(live: World, share: int, told: str) -> None:
    """A share of the loss cap that is less than one offer takes lets none through: that is said before it is agreed."""
    tripped(live)
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="the multiplier is back", share=share)
    assert dict(live.approval(asked.approval_id).wanted["facts"])["Room at that share"] == told


def test_a_denial_by_the_share_says_the_figures_until_when_and_who_lifts_it(live: World) -> None:
    """What did not happen, cap × share = figure, why, what lifts it; its button asks for full speed, and that works."""
    on_trial(live)
    assert isinstance(reserve(live, "50"), Done)
    refusal = live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="60")
    denial = refusal.figures["denial"]
    assert refusal.detail.startswith("WHOLESALE has no room for another 60.00")
    (hold,) = shares(live)
    end = hold.ends_at.isoformat()
    assert f" % of {denial['at_full_speed']} until {end}: a trial share after the WHOLESALE.contract_rate" in (
        refusal.detail
    )
    assert f"risk resume WHOLESALE hold_id=H-{hold.id}" in refusal.remedy
    assert (denial["trial"]["share"], denial["is_by_trial"]) == (25, True)
    button = refusal.buttons[0]
    assert (button.label, button.operation) == ("Ask for full speed…", "risk.resume")
    asked = live.pending(ONCALL, button.operation, **button.params, reason="the queue grows")
    assert isinstance(live.approve(SECOND, asked.approval_id), Done)
    assert isinstance(reserve(live, "60"), Done)


def warned(world: World) -> list[tuple[Any, ...]]:
    """The cards of caps that filled up: (engine, cap, percent, used, limit, what the policy says, more offers)."""
    names = ("engine", "cap", "percent", "used", "limit", "at_full_speed", "units")
    return [tuple(row.payload[name] for name in names) for row in world.rows("outbox", "card = 'cap_warning'")]


def test_a_cap_warns_by_what_the_share_leaves_of_it_and_by_the_whole_at_full_speed(live: World) -> None:
    """A quarter of 500 is full at 125: told with both figures and what lifts it; `/risk` says the same room."""
    on_trial(live)
    (hold,) = shares(live)
    for amount in ("50", "50", "25"):
        assert isinstance(reserve(live, amount), Done)
    assert warned(live) == [
        ("WHOLESALE", "max_open_risk", 80, "100.00", "125.00", "500.00", 0),
        ("WHOLESALE", "max_open_risk", 100, "125.00", "125.00", "500.00", 0),
    ]
    payload = live.rows("outbox", "card = 'cap_warning'")[0].payload
    assert (payload["trial"]["hold_id"], payload["trial"]["share"]) == (hold.id, 25)
    line = next(one for one in live.done(AUDITOR, "risk.snapshot").items if one.engine == "WHOLESALE")
    assert (line.units, line.most, line.acts) == (0, 0, True)
    found = live.done(AUDITOR, "runbook.status")
    checks = {check.name: check.detail for check in (*found.warnings, *found.info)}
    assert checks["room in the caps"] == (
        "0 offers a day at a deposit of 100.00, 1 of them open at once; WHOLESALE is at a trial share of 25 %"
    )
    asked = live.pending(ONCALL, "risk.resume", engine="WHOLESALE", hold_id=hold.id, reason="the queue grows")
    assert isinstance(live.approve(SECOND, asked.approval_id), Done)
    for amount in ("100", "100", "75"):
        assert isinstance(reserve(live, amount), Done)
    assert warned(live)[2:] == [("WHOLESALE", "max_open_risk", 80, "400.00", "500.00", None, 1)]
    things = {row.thing for row in live.rows("outbox", "card = 'cap_warning'")}
    assert len(things) == 2, "the whole cap is told in a message of its own"


def test_a_loss_cap_reached_at_the_share_is_critical_and_says_what_lifts_it(live: World) -> None:
    """A quarter of the 200 a day: nothing more is reserved until midnight or full speed."""
    on_trial(live)
    (hold,) = shares(live)
    made = reserve(live, "50").result
    live.done(OPERATOR, "risk.settle", reservation_id=made.reservation_id, realized_loss="50")
    assert reserve(live, "1").code == "max_daily_loss"
    (alert,) = live.rows("alert", "dedup_key LIKE 'risk:loss:%'")
    assert (alert.severity, alert.headline) == (
        "critical",
        "WHOLESALE reached its trial share of 25 % of the loss cap of the day: nothing more is reserved meanwhile",
    )
    told = {fact[0]: fact[1] for fact in alert.facts}
    assert told["Lost today"] == "$50 of $50, 25 % of $200"
    assert f"/risk resume WHOLESALE hold_id=H-{hold.id} REASON" in told["What lifts it"]
    assert hold.ends_at.isoformat() in told["What lifts it"]


def test_what_full_speed_would_not_give_either_is_asked_for_as_more_room(live: World) -> None:
    """The figure that is asked for gives room at the share too."""
    on_trial(live, share="10%")
    refusal = live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="210")
    button = refusal.buttons[0]
    assert (button.label, button.operation) == ("Ask for more room…", "risk.raise")
    assert Decimal(button.params[refusal.code]) * 10 / 100 >= 210


def test_it_ends_at_its_time_though_nothing_runs(live: World) -> None:
    """Three working days after a Tuesday: Friday at the same time; judged by whoever reserves, to the microsecond."""
    metric = on_trial(live)
    (hold,) = shares(live)
    local = hold.ends_at.astimezone(live.settings.zone)
    placed = hold.placed_at.astimezone(live.settings.zone)
    assert (local.time(), local.weekday() < 5, (local.date() - placed.date()).days >= 3) == (placed.time(), True, True)
    live.clock.advance(seconds=(hold.ends_at - live.clock()).total_seconds() - 0.000001)
    assert reserve(live, "150").code == "max_daily_loss"
    live.clock.advance(microseconds=1)
    assert isinstance(reserve(live, "150"), Done)
    assert metric.state().trial is None
    assert shares(live)  # nobody has looked yet
    metric.sweep()
    assert shares(live) == []
    ended = told(live)
    assert (ended.ended_why, ended.ended_at) == ("its time", live.clock())
    metric.sweep()
    assert live.count("risk_event", "kind = 'RESUME' AND hold_id = :id", id=hold.id) == 1


def test_enough_offers_without_a_drop_end_it_and_those_from_before_do_not_count(live: World) -> None:
    """49 are not enough, 50 at the usual rate are; what happened before the release was chosen by the alarm."""
    metric = on_trial(live)
    before = [
        {**event, "occurred_at": (live.clock() - timedelta(hours=2)).isoformat()} for event in metric.rate(0.9, 80)
    ]
    live.done(OPERATOR, "kpi.record", events=before)
    metric.sweep()
    assert metric.state().trial.events == 0
    since(metric, 20, 29)
    trial = metric.state().trial
    assert (trial.events, trial.successes) == (49, 20)
    assert reserve(live, "150").code == "max_daily_loss"
    since(metric, 1, 0)
    assert metric.state().trial is None
    assert shares(live) == []
    assert isinstance(reserve(live, "150"), Done)
    ended = told(live)
    assert (ended.ended_why, ended.events, ended.successes) == ("measured", 50, 21)


def test_offers_that_show_the_drop_do_not_end_it(live: World) -> None:
    """60 at half the usual rate: the trial goes on until its time; a recovery ends it."""
    metric = on_trial(live)
    since(metric, 12, 48)
    assert metric.state().trial.events == 60
    assert len(shares(live)) == 1
    since(metric, 40, 20)
    assert told(live).ended_why == "measured"


def test_a_new_trip_takes_the_place_of_the_share(live: World) -> None:
    """One hold stops, no share is left, the old card says that it tripped again, and the new one begins its own."""
    metric = on_trial(live)
    live.clock.advance(minutes=500)
    metric.report(metric.rate(0.05, 400))
    assert metric.state().state == "tripped"
    assert shares(live) == []
    (hold,) = live.rows("risk_hold", "lifted_at IS NULL")
    assert (hold.source, hold.share) == (SOURCE, None)
    assert reserve(live, "1").code == "on_hold"
    assert told(live).ended_why == "tripped"
    assert isinstance(release(live, share="0.5"), Done)
    assert [row.share for row in shares(live)] == [50]
    assert metric.state().trial.events == 0


def test_resumed_by_two_people_it_is_over_and_the_card_says_so(live: World) -> None:
    """Bound to this share; announced; the sweep then closes the card."""
    metric = on_trial(live)
    refusal = live.refused(ONCALL, "regression.release", **NAME, reason="faster")
    assert "/risk resume WHOLESALE hold_id=H-" in refusal.detail
    asked = live.pending(ONCALL, "risk.resume", engine="WHOLESALE", reason="it is fine")
    assert isinstance(live.approve(SECOND, asked.approval_id), Done)
    assert isinstance(reserve(live, "150"), Done)
    assert metric.state().trial is None
    metric.sweep()
    assert told(live).ended_why == "resumed"
    assert live.refused(ONCALL, "risk.resume", engine="WHOLESALE", reason="again").detail


def test_a_request_for_full_speed_never_lifts_the_hold_of_a_later_trip(live: World) -> None:
    """Asked while on trial, approved after it tripped again: nothing is lifted."""
    metric = on_trial(live)
    asked = live.pending(ONCALL, "risk.resume", engine="WHOLESALE", reason="it is fine")
    live.clock.advance(minutes=30)
    metric.report(metric.rate(0.05, 400))
    decided = live.approve(SECOND, asked.approval_id)
    assert not isinstance(decided, Done) or decided.result.status != "approved"  # type: ignore[attr-defined]
    assert reserve(live, "1").code == "on_hold"


def test_a_persons_pause_stops_and_is_resumed_apart_from_the_share(live: World) -> None:
    """Without a number the person's hold is meant; the share stays."""
    on_trial(live)
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="wrong template")
    assert reserve(live, "1").code == "on_hold"
    asked = live.pending(ONCALL, "risk.resume", engine="WHOLESALE", reason="mended")
    assert isinstance(live.approve(SECOND, asked.approval_id), Done)
    assert reserve(live, "150").code == "max_daily_loss"
    assert [row.share for row in shares(live)] == [25]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"share": "0%"}, "share"), ({"share": "101%"}, "share"), ({"share": "2.5%"}, "share"), ({"share": 1}, "share"),
        ({"share": True}, "share"), ({"share": "NaN"}, "share"), ({"share": "-0.25"}, "share"),
        ({"share": "25%", "until": "2020-01-01T10:00"}, None), ({"until": "2026-12-01T10:00"}, None),
        ({"share": "25%", "until": "2036-01-01T10:00"}, None),
    ],
)  # fmt: skip
def test_what_is_no_share_or_no_time_is_refused_and_nothing_is_released(
    light_world: World, more: Any, field: str | None
) -> None:
    """Said at the request, and nothing was written but the refusal."""
    tripped(light_world)
    refusal = light_world.refused(ONCALL, "regression.release", **NAME, reason="x", **more)
    assert field is None or (refusal.kind, refusal.field) == (Kind.INVALID, field)
    assert light_world.count("approval") == 0
    assert light_world.count("risk_hold", "lifted_at IS NULL AND share IS NULL") == 1


@pytest.mark.parametrize(("said", "share"), [("25%", 25), (0.25, 25), ("25", 25), ("0.29", 29), ("100 %", 100)])
def test_a_share_is_said_in_percent_or_as_a_fraction(light_world: World, said: Any, share: int) -> None:
    """Kept with the request and read back by the approval."""
    light_world.switches(live=True)
    tripped(light_world)
    assert isinstance(release(light_world, share=said, until="2026-12-04T18:00"), Done)
    (hold,) = shares(light_world)
    assert (hold.share, hold.ends_at) == (share, datetime(2026, 12, 4, 23, tzinfo=UTC))


def test_a_time_that_passed_before_the_approval_releases_nothing(live: World) -> None:
    """Judged again at the decision."""
    tripped(live)
    until = live.clock() + timedelta(minutes=10)
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="x", share="25%", until=until.isoformat())
    live.clock.advance(minutes=11)
    decided = live.approve(SECOND, asked.approval_id)
    assert not isinstance(decided, Done) or decided.result.status != "approved"  # type: ignore[attr-defined]
    assert live.count("risk_hold", "lifted_at IS NULL AND share IS NULL") == 1


def test_a_tripwire_that_throttles_nothing_has_no_share(light_world: World) -> None:
    """A kill switch is released whole."""
    metric = Metric(light_world)
    metric.set(enabled=True, action="KILL_SWITCH")
    metric.report(metric.rate(0.41, 1_200))
    metric.report(metric.rate(0.1, 400))
    light_world.done(OPERATOR, "regression.evaluate", **NAME)
    assert metric.state().state == "tripped"
    refusal = light_world.refused(ONCALL, "regression.release", **NAME, reason="x", share="25%")
    assert "throttles no engine" in refusal.detail


def test_the_strictest_of_two_shares_counts(live: World) -> None:
    """Two tripwires on trial: 10 % holds until it is over, then the other's 25 %."""
    on_trial(live)
    with live.act(OWNER) as act:
        place_share(
            act, "wholesale", source="tripwire:WHOLESALE.offer_accept_rate", reason="x", share=10,
            ends_at=live.clock() + timedelta(hours=1),
        )  # fmt: skip
    assert reserve(live, "30").code == "max_daily_loss"
    refusal = live.refused(ONCALL, "risk.resume", engine="WHOLESALE", reason="x")
    assert "2 trial shares limit WHOLESALE" in refusal.detail
    live.clock.advance(hours=1)
    assert isinstance(reserve(live, "30"), Done)
    assert reserve(live, "60").code == "max_daily_loss"


def test_a_release_to_a_share_twice_and_two_approvals_at_once_place_one(live: World) -> None:
    """Two managers approve in the same moment."""
    tripped(live)
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="x", share="25%")
    at_once(lambda: live.approve(SECOND, asked.approval_id), lambda: live.approve(MANAGER, asked.approval_id))
    assert live.count("risk_hold", "share IS NOT NULL") == 1
    assert live.count("risk_hold", "lifted_at IS NULL") == 1


def test_a_reserve_under_way_while_the_release_commits_is_judged_by_the_share(live: World) -> None:
    """It read the stopping hold, or reads the share; never an engine without either."""
    tripped(live)
    live.clock.advance(minutes=1)
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="x", share="25%")
    pause = Pause(live, "approvals.approve")

    def reserve_meanwhile() -> Any:
        pause.wait()
        if live.is_sqlite:  # one writer at a time: it waits for the commit
            pause.go_on.set()
            return reserve(live, "150")
        found = reserve(live, "150")
        pause.go_on.set()
        return found

    first, second = at_once(lambda: live.approve(SECOND, asked.approval_id), reserve_meanwhile)
    assert isinstance(first, Done)
    assert isinstance(second, Refused)
    assert second.code in {"on_hold", "max_daily_loss"}


def test_a_stricter_share_that_commits_between_reading_and_booking_is_seen_by_the_booking(live: World) -> None:
    """The statement that books looks again: what was judged at a looser share is judged anew."""
    end = live.clock() + timedelta(hours=1)
    with live.act(OWNER) as act:
        locked = books.lock(act, "WHOLESALE")
        assert locked is not None
        assert locked.own.share == 100
        values = {"engine": "WHOLESALE", "amount": 1_00, "about": None, "own_id": None, "expires_at": end}
        place_share(act, "WHOLESALE", source=SOURCE, reason="x", share=25, ends_at=end)
        assert books.book_reservation(act, locked, values) is None
        again = books.lock(act, "WHOLESALE")
        assert again is not None
        assert (again.own.share, again.all.share) == (25, 100)
        assert books.book_reservation(act, again, values) is not None


def test_a_hold_takes_the_place_of_a_share_that_ran_out_unseen(world: World) -> None:
    """Nobody swept: the next trip stops all the same."""
    with world.act(OWNER) as act:
        place_share(act, "WHOLESALE", source=SOURCE, reason="x", share=25, ends_at=world.clock() + timedelta(hours=1))
    world.clock.advance(hours=2)
    with world.act(OWNER) as act:
        place_hold(act, "WHOLESALE", source=SOURCE, reason="it fell")
    (hold,) = world.rows("risk_hold", "lifted_at IS NULL")
    assert hold.share is None


def test_the_card_is_edited_as_events_come_and_not_at_each_of_many(live: World) -> None:
    """Every event at first; a bulk is one edit; the same events again are none."""
    metric = on_trial(live)
    thing = f"alert:{told(live).alert_id}"

    def edits() -> int:
        return live.count("outbox", "thing = :thing", thing=thing)

    first = edits()
    since(metric, 1, 0)
    assert edits() == first + 1
    since(metric, 7, 13)
    assert edits() == first + 2
    metric.sweep()
    assert edits() == first + 2
    assert (told(live).events, told(live).successes) == (21, 8)
    for _ in range(10):
        since(metric, 0, 1)
    assert edits() - first - 2 < 10
    assert metric.state().trial.events == 31


def test_a_trial_goes_on_through_a_policy_change(live: World) -> None:
    """What is learned begins anew; the share stays until its time, since what it would measure is another thing now."""
    metric = on_trial(live)
    since(metric, 5, 5)
    live.run(OWNER, "regression.policy_set", **NAME, better="lower", reason="x", break_glass="alone")
    assert len(shares(live)) == 1
    since(metric, 0, 60)
    trial = metric.state().trial
    assert (trial.share, trial.needs, trial.events) == (25, None, 60)


def test_while_it_warns_nothing_measured_ends_the_trial(live: World) -> None:
    """A run of failures warns; enough successes after it end the trial only once the warning is over."""
    metric = tripped(live)
    metric.set(warn_n=100)
    assert isinstance(release(live, share="25%"), Done)
    since(metric, 0, 30)
    assert metric.state().state == "warned"
    since(metric, 26, 0)
    assert (metric.state().trial.events, metric.state().state) == (56, "armed")
    assert len(shares(live)) == 1
    since(metric, 1, 0)
    assert shares(live) == []


def test_a_request_is_bound_to_the_caps_it_showed(live: World) -> None:
    """The caps were raised meanwhile: the approver saw other figures, so nothing is released."""
    tripped(live)
    asked = live.pending(ONCALL, "regression.release", **NAME, reason="x", share="25%")
    assert any("open risk $125 of $500" in str(row.payload) for row in live.rows("outbox", "card = 'approval'"))
    live.run(OWNER, "risk.policy_set", engine="WHOLESALE", max_open_risk="900", reason="x", break_glass="alone")
    decided = live.approve(SECOND, asked.approval_id)
    assert not isinstance(decided, Done) or decided.result.status != "approved"  # type: ignore[attr-defined]
    assert live.count("risk_hold", "lifted_at IS NULL AND share IS NULL") == 1


def test_the_monday_review_says_for_how_long_and_how_it_acts_now(live: World) -> None:
    """Card 7: `contract rate throttled WHOLESALE for 32 h; now at a trial share of 25 %, 33 % of 21 offers`."""
    metric = tripped(live)
    live.clock.advance(hours=31, minutes=59)
    end = live.clock() + timedelta(days=9)
    assert isinstance(release(live, share="25%", until=end.isoformat()), Done)
    since(metric, 7, 14)
    live.clock.now = datetime(2026, 11, 30, 14, tzinfo=UTC)
    live.system("cadence.run")
    (review,) = live.rows("review")
    texts = [finding["text"] for finding in review.body["broke"]]
    assert "contract rate throttled WHOLESALE for 32 h; now at a trial share of 25 %, 33 % of 21 offers" in texts
    assert not any("IS THROTTLED" in text for text in texts)
