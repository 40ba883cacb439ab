"""Warnings, denials with what holds the room, being told of room, ended reservations, the figures of a day."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from domain.identity import Role
from domain.outcomes import Refused
from domain.risk.results import CapDenial
from tests.domain.risk.books import check
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, World


def reserve(world: World, amount: str = "100", user: str = OPERATOR, **more: Any) -> int:
    """Reserve of WHOLESALE; return the number."""
    return int(world.done(user, "risk.reserve", **{"engine": "WHOLESALE", "amount": amount, **more}).reservation_id)


def denial(world: World, amount: str = "100", **more: Any) -> CapDenial:
    """Be denied; return what the card says."""
    refusal = world.refused(OPERATOR, "risk.reserve", **{"engine": "WHOLESALE", "amount": amount, **more})
    return CapDenial.model_validate(refusal.figures["denial"])


def cards(world: World, name: str) -> list[Any]:
    """Return the payloads of a card that were left to be sent."""
    return [row.payload for row in world.rows("outbox", "card = :name", name=name)]


def test_a_denial_names_what_holds_the_room_and_what_lifts_it(live: World) -> None:
    """The oldest three by name, the rest counted; the way by itself, the request, the other book (cards, 8)."""
    numbers: list[int] = []
    for user in (OPERATOR, ONCALL, MANAGER, MANAGER, SECOND):
        numbers.append(reserve(live, user=user, about=f"O-{len(numbers)}", ttl_hours=20 - len(numbers)))
        live.clock.advance(minutes=1)
    found = denial(live)
    assert [(one.reservation_id, one.about, one.yours) for one in found.holders] == [
        (numbers[0], "O-0", True), (numbers[1], "O-1", False), (numbers[2], "O-2", False),
    ]  # fmt: skip
    assert (found.others, found.others_amount) == (2, Decimal(200))
    assert found.others_since == live.rows("risk_reservation")[3].created_at
    assert (found.frees_itself, found.frees_itself_at) == (numbers[4], live.rows("risk_reservation")[4].expires_at)
    assert found.deciders == (MANAGER, OWNER, SECOND)
    assert found.other
    assert (found.other.engine, found.other.used, found.other.limit) == ("GLOBAL", 500, "uncapped")
    assert (found.ask_cap, found.unit, found.can_watch) == ("1000.00", "offer", True)


def test_each_button_of_a_denial_does_what_it_says(live: World) -> None:
    """Ask is a request, Try again is the same call, Tell me is remembered."""
    numbers = [reserve(live) for _ in range(5)]
    refusal = live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100", about="O-9", correlation_id="o9")
    ask, again, tell = refusal.buttons
    assert [button.label for button in refusal.buttons] == [
        "Ask for more room…", "Try again", "Tell me when there is room",
    ]  # fmt: skip
    live.pending(OPERATOR, ask.operation, **ask.params, reason="a good batch")
    live.done(OPERATOR, tell.operation, **tell.params)
    live.done(OPERATOR, "risk.void", reservation_id=numbers[0])
    live.done(OPERATOR, again.operation, **again.params)
    made = live.rows("risk_reservation")[-1]
    assert (made.about, made.correlation_id, made.amount) == ("O-9", "o9", 100_00)


@pytest.mark.parametrize(
    ("cap", "limit", "prepare"),
    [("max_daily_exposure", 300_00, "void"), ("max_actions_per_day", 3, "void"), ("max_daily_loss", 120_00, "settle")],
)
def test_denials_of_the_other_caps(live: World, cap: str, limit: int, prepare: str) -> None:
    """Each names its own figures and what took the room today; by itself at midnight."""
    live.execute(f"UPDATE risk_policy SET {cap} = :limit WHERE engine = 'WHOLESALE'", limit=limit)
    numbers = [reserve(live) for _ in range(3)]
    if prepare == "settle":
        live.done(OPERATOR, "risk.settle", reservation_id=numbers[0], realized_loss="21")
    found = denial(live)
    assert found.cap == cap
    assert len(found.holders) == (1 if prepare == "settle" else 3)
    assert found.frees_itself is None
    assert found.frees_itself_at == live.clock().replace(hour=5) + timedelta(days=1)
    live.clock.advance(days=1)
    reserve(live)
    check(live)


def test_globals_cap_denies_every_engine_and_says_whose_it_is(live: World) -> None:
    """The engine has room, all together have not."""
    live.execute("UPDATE risk_policy SET max_open_risk = 20000 WHERE engine = 'GLOBAL'")
    reserve(live)
    live.done(OPERATOR, "risk.reserve", engine="CAPITAL", amount="100")
    found = denial(live)
    assert (found.engine, found.asked_engine, found.used) == ("GLOBAL", "WHOLESALE", 200)
    assert len(found.holders) == 2
    assert live.count("risk_reservation") == 2
    check(live)


@pytest.mark.parametrize("engine", ["NOTIFY", "DIALER"])
def test_a_disabled_engine_and_one_without_a_policy_do_nothing(live: World, engine: str) -> None:
    """Denied, as a decision that is written down."""
    refusal = live.refused(OPERATOR, "risk.reserve", engine=engine, amount="1")
    assert refusal.code == {"NOTIFY": "disabled", "DIALER": "no_policy"}[engine]
    (event,) = live.rows("risk_event")
    assert (event.kind, event.engine, event.code, event.amount) == ("DENY", engine, refusal.code, 100)
    assert live.count("risk_ledger", "engine = 'DIALER'") == 0


def test_every_decision_is_an_event_an_audit_entry_and_one_kpi_event(live: World) -> None:
    """Denials too."""
    reserve(live)
    live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="201")
    kpis = live.rows("kpi_event", "domain = 'RISK' AND metric = 'reserve_allowed'")
    assert [(row.success, row.source) for row in kpis] == [(True, "WHOLESALE"), (False, "WHOLESALE")]
    assert [row.kind for row in live.rows("risk_event")] == ["RESERVE", "DENY"]
    assert [row.outcome for row in live.audit("risk.reserve")] == ["done", "refused"]
    assert live.rows("risk_event")[1].code == "max_daily_loss"


def test_a_cap_warns_once_a_day(live: World) -> None:
    """At 80 % and at 100 %, in the user's own units; not again when the room comes back and goes."""
    numbers = [reserve(live) for _ in range(4)]
    (card,) = cards(live, "cap_warning")
    assert (card["percent"], card["used"], card["limit"], card["units"]) == (80, "400.00", "500.00", 1)
    live.done(OPERATOR, "risk.void", reservation_id=numbers[0])
    reserve(live)
    assert len(cards(live, "cap_warning")) == 1
    reserve(live)
    assert [card["percent"] for card in cards(live, "cap_warning")] == [80, 100]
    live.clock.advance(days=1)
    live.done(OPERATOR, "risk.void", reservation_id=numbers[1])
    reserve(live)
    assert [card["percent"] for card in cards(live, "cap_warning")] == [80, 100, 100]
    assert {row.destination for row in live.rows("outbox", "card = 'cap_warning'")} == {"route:governance"}


def test_a_reached_loss_cap_is_critical_and_stops_the_day(live: World) -> None:
    """The loss is booked whatever the cap says; then nothing more is reserved today."""
    number = reserve(live)
    live.done(OPERATOR, "risk.settle", reservation_id=number, realized_loss="205", over=True)
    alerts = live.rows("alert")
    assert [(row.severity, row.route) for row in alerts] == [("critical", "governance")]
    assert "WHOLESALE reached the loss cap" in alerts[0].headline
    assert denial(live, "1").cap == "max_daily_loss"
    assert [card["cap"] for card in cards(live, "cap_warning")] == ["max_daily_loss"]  # GLOBAL's, at 82 %
    live.clock.advance(days=1)
    reserve(live)
    check(live)


def test_more_than_was_reserved_must_be_said(live: World) -> None:
    """Refused with the button that says it; then booked."""
    number = reserve(live)
    refusal = live.refused(OPERATOR, "risk.settle", reservation_id=number, realized_loss="100.01")
    (button,) = refusal.buttons
    assert refusal.code == "over_reserved"
    assert live.done(OPERATOR, button.operation, **button.params).is_over
    check(live)


def test_an_ended_reservation_frees_its_room_with_an_alert_and_a_late_loss_is_booked(live: World) -> None:
    """After 72 hours; a late settle frees nothing again."""
    number = reserve(live)
    live.clock.advance(hours=72)
    assert live.system("risk.expire").expired == 1
    assert live.system("risk.expire").expired == 0
    (alert,) = live.rows("alert")
    assert (alert.route, "R-1" in str(alert.facts)) == ("governance", True)
    assert live.refused(OPERATOR, "risk.void", reservation_id=number).code == "already_expired"
    closed = live.done(OPERATOR, "risk.settle", reservation_id=number, realized_loss="12.34")
    assert (closed.freed, closed.was_expired) == (0, True)
    assert live.refused(OPERATOR, "risk.settle", reservation_id=number, realized_loss="0").code == "already_settled"
    lines = {line.engine: line for line in live.done(AUDITOR, "risk.ledger").items}
    assert (lines["WHOLESALE"].realized_loss, lines["GLOBAL"].expired) == (Decimal("12.34"), 100)
    check(live)


def test_a_void_gives_todays_exposure_back_and_never_the_action(live: World) -> None:
    """Of an earlier day it frees the room alone."""
    early, late = reserve(live), 0
    live.clock.advance(days=1)
    late = reserve(live)
    assert live.done(OPERATOR, "risk.void", reservation_id=late).exposure_given_back == 100
    assert live.done(OPERATOR, "risk.void", reservation_id=early).exposure_given_back == 0
    line = next(line for line in live.done(AUDITOR, "risk.ledger").items if line.engine == "WHOLESALE")
    assert (line.exposure, line.actions, line.opening, line.voided, line.closing) == (0, 1, 100, 200, 0)
    check(live)


def test_a_day_nobody_booked_on_opens_and_closes_with_what_was_open(live: World) -> None:
    """And the day before is closed for good."""
    reserve(live)
    live.clock.advance(days=2)
    reserve(live)
    for day, expected in (("2026-11-24", (0, 100)), ("2026-11-25", (100, 100)), ("2026-11-26", (100, 200))):
        line = next(one for one in live.done(AUDITOR, "risk.ledger", day=day).items if one.engine == "WHOLESALE")
        assert (line.opening, line.closing) == expected
    assert live.done(AUDITOR, "risk.ledger", day="yesterday").day.isoformat() == "2026-11-25"
    assert live.refused(AUDITOR, "risk.ledger", day="soon").field == "day"


def test_a_clock_behind_books_on_the_open_day(live: World) -> None:
    """Another machine has begun the new day already: nothing is written into the closed one."""
    live.clock.advance(days=1)
    reserve(live)
    live.clock.advance(days=-1)
    number = reserve(live)
    live.done(OPERATOR, "risk.void", reservation_id=number)
    check(live)
    assert live.count("risk_ledger") == 2


def test_whoever_waits_for_room_is_told_once(live: World) -> None:
    """When there is enough for what he asked, not before; forgotten after three days."""
    numbers = [reserve(live) for _ in range(5)]
    live.done(OPERATOR, "risk.watch", engine="WHOLESALE", amount="200")
    assert live.done(OPERATOR, "risk.watch", engine="wholesale", amount="150").already
    live.done(OPERATOR, "risk.void", reservation_id=numbers[0])
    assert live.system("risk.expire").told == 0
    live.done(OPERATOR, "risk.void", reservation_id=numbers[1])
    live.done(MANAGER, "risk.pause", engine="WHOLESALE", reason="x")
    assert live.system("risk.expire").told == 0
    live.run(OWNER, "risk.resume", engine="WHOLESALE", reason="x", break_glass="alone")
    assert live.system("risk.expire").told == 1
    assert live.system("risk.expire").told == 0
    (row,) = live.rows("outbox", "card = 'room_appeared'")
    assert (row.destination, row.payload["amount"], row.payload["most"]) == (f"user:{OPERATOR}", "150.00", "200.00")
    live.done(OPERATOR, "risk.watch", engine="WHOLESALE", amount="900")
    live.clock.advance(days=4)
    live.system("risk.expire")
    assert [row.ended_why for row in live.rows("risk_watch")] == ["told", "too long"]


def test_the_snapshot_says_what_is_left_in_the_users_units(live: World) -> None:
    """Room under GLOBAL and the engine together; the largest single amount beside it."""
    for _ in range(3):
        reserve(live)
    view = live.done(AUDITOR, "risk.snapshot")
    line = next(one for one in view.items if one.engine == "WHOLESALE")
    assert (line.unit, line.units, line.most, line.reservations) == ("offer", 2, 200, 3)
    assert (view.current_net_loss, view.daily_limit, view.is_throttled) == (0, 250, False)
    live.execute("UPDATE risk_policy SET max_daily_exposure = 35000 WHERE engine = 'GLOBAL'")
    line = next(one for one in live.done(AUDITOR, "risk.snapshot").items if one.engine == "WHOLESALE")
    assert (line.units, line.most) == (0, 50)


def test_open_reservations_oldest_first(live: World) -> None:
    """With their sum, whoever reads."""
    numbers = [reserve(live, "50"), reserve(live, "25.50")]
    live.done(OPERATOR, "risk.reserve", engine="CAPITAL", amount="1")
    found = live.done(AUDITOR, "risk.reservations", engine="wholesale")
    assert [one.reservation_id for one in found.items] == numbers
    assert (found.total, found.amount) == (2, Decimal("75.50"))
    assert live.done(AUDITOR, "risk.reservations", engine="GLOBAL").total == 3
    assert live.done(AUDITOR, "risk.reservations", limit=1).total == 3


def test_words_of_users_notify_nobody(live: World) -> None:
    """Neither what a reservation is about nor why an engine is on hold mentions anybody in a card of ours."""
    for _ in range(5):
        reserve(live, about="<@U999> look")
    until = (live.clock() + timedelta(hours=1)).isoformat()
    live.pending(OPERATOR, "risk.raise", engine="WHOLESALE", max_open_risk="600", until=until, reason="x")
    live.done(OPERATOR, "risk.pause", engine="WHOLESALE", reason="<@U999> did it")
    live.pending(ONCALL, "risk.resume", engine="WHOLESALE", reason="x")
    assert "<@U999>" not in live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1").detail
    live.clock.advance(days=4)
    live.system("risk.expire")
    wanted = str([row.wanted for row in live.rows("approval")])
    assert "‹@U999›" in wanted
    assert "<@U999>" not in wanted + str([row.facts for row in live.rows("alert")])


def test_denying_a_program_offers_no_direct_message(live: World) -> None:
    """Only a person in Slack can be told."""
    live.hire("dialer-key", Role.OPERATOR)
    refusal = live.run("dialer-key", "risk.reserve", engine="WHOLESALE", amount="201")
    assert isinstance(refusal, Refused)
    assert [button.label for button in refusal.buttons] == ["Ask for more room…", "Try again"]
    assert live.refused("dialer-key", "risk.watch", engine="WHOLESALE", amount="1").code == "not_a_person"


@pytest.mark.parametrize("cap", ["max_daily_loss", "max_daily_exposure", "max_actions_per_day", "max_open_risk"])
def test_a_denial_costs_the_same_whatever_was_reserved_in_other_years(postgres_world: World, cap: str) -> None:
    """It is answered under the books' lock, so everybody waits for it: no walk through every reservation there was."""
    world = postgres_world
    world.switches(live=True)
    for values in (
        (
            "risk_reservation (id, engine, amount, state, day, created_by, created_at, expires_at, realized_loss)"
            " SELECT i, 'WHOLESALE', 9, 'SETTLED', DATE '2026-01-01' + i / 400, 'U', '2026-01-01', '2026-01-04', i % 3"
        ),
        (
            "risk_event (at, day, engine, kind, amount, reservation_id, realized_loss, actor, correlation_id) "
            "SELECT '2026-01-01', DATE '2026-01-01' + i / 400, 'WHOLESALE', 'SETTLE', 100, i, i % 3, 'U1', 'c'"
        ),
    ):
        world.execute(f"INSERT INTO {values} FROM generate_series(1000, 100000) AS i")
    world.execute("ANALYZE")
    world.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="50", correlation_id="first")
    number = world.rows("risk_reservation", "correlation_id = 'first'")[0].id
    if cap == "max_daily_loss":
        world.done(OPERATOR, "risk.settle", reservation_id=number, realized_loss="50")
    tight = {"max_actions_per_day": 1} if cap == "max_actions_per_day" else {cap: "50"}
    world.done(MANAGER, "risk.policy_set", engine="WHOLESALE", **tight, reason="tight")
    seen: list[tuple[str, Any]] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
    refusal = world.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="1")
    assert (refusal.code, refusal.figures["denial"]["holders"][0]["reservation_id"]) == (cap, number)
    (statement,) = [one for one in seen if one[0].startswith("SELECT risk_reservation.")]
    with world.database.engine.connect() as connection:
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement[0]}", statement[1]))
    assert "Seq Scan on risk_reservation" not in plan, plan
