"""Known failures 1 to 15, each by its number, on both databases."""

from decimal import Decimal

import pytest

from domain.outcomes import Done, Kind, Refused
from tests.domain.risk.books import check, current
from tests.support import MANAGER, OPERATOR, SECOND, World, at_once


def reserve(world: World, amount: str = "100", engine: str = "WHOLESALE", **more: object) -> int:
    """Reserve, which must work; return the reservation's number."""
    return int(world.done(OPERATOR, "risk.reserve", engine=engine, amount=amount, **more).reservation_id)


def denied(world: World, amount: str = "100", engine: str = "WHOLESALE", **more: object) -> Refused:
    """Reserve, which must be denied."""
    return world.refused(OPERATOR, "risk.reserve", engine=engine, amount=amount, **more)


def caps(world: World, engine: str, **limits: int | None) -> None:
    """Set caps, in cents, behind the gate's back."""
    for name, cents in limits.items():
        world.execute(f"UPDATE risk_policy SET {name} = :cents WHERE engine = :engine", cents=cents, engine=engine)


def test_failure_1_open_risk_survives_midnight(live: World) -> None:
    """500 reserved today leave no room tomorrow, and settling one of them frees its own room alone."""
    first = reserve(live)
    for _ in range(4):
        reserve(live)
    live.clock.advance(days=1)
    assert denied(live).code == "max_open_risk"
    live.done(OPERATOR, "risk.settle", reservation_id=first, realized_loss="0")
    assert current(live, "WHOLESALE").open_risk == 400_00
    reserve(live)
    assert denied(live).code == "max_open_risk"
    check(live)
    day = current(live, "WHOLESALE")
    assert (day.opening, day.reserved, day.settled, day.open_risk) == (500_00, 100_00, 100_00, 500_00)


def test_failure_2_a_reservation_is_settled_once(live: World) -> None:
    """A second settle frees nobody else's room, from one client or sixteen at once."""
    first, _second = reserve(live), reserve(live)
    live.done(OPERATOR, "risk.settle", reservation_id=first, realized_loss="10")
    again = live.refused(OPERATOR, "risk.settle", reservation_id=first, realized_loss="10")
    assert (again.kind, again.code) == (Kind.CONFLICT, "already_settled")
    assert (again.figures["at"], again.figures["amount"]) == (live.clock().isoformat(), "100.00")
    assert current(live, "WHOLESALE").open_risk == 100_00
    third = reserve(live)
    outcomes = at_once(
        *[lambda: live.run(OPERATOR, "risk.settle", reservation_id=third, realized_loss="5")] * 8,
        *[lambda: live.run(OPERATOR, "risk.void", reservation_id=third)] * 8,
    )
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Refused)} <= {
        "already_settled",
        "already_voided",
    }
    check(live)


@pytest.mark.parametrize(("operation", "more"), [("risk.settle", {"realized_loss": "0"}), ("risk.void", {})])
def test_failure_3_an_unknown_reservation_is_not_settled(live: World, operation: str, more: dict[str, str]) -> None:
    """It says so, and books nothing."""
    before = live.snapshot(but=("audit_event", "audit_unsealed"))
    refusal = live.refused(OPERATOR, operation, reservation_id=4711, **more)
    assert (refusal.kind, refusal.code) == (Kind.NOT_FOUND, "no_such_reservation")
    assert live.snapshot(but=("audit_event", "audit_unsealed")) == before


WRONG = {4: "-100", 5: "NaN", 6: "-inf", 7: "inf"}


@pytest.mark.parametrize(
    ("number", "amount"), [*WRONG.items(), (4, "0"), (4, "0.001"), (7, "1e3"), (7, True), (7, 1.5)]
)
def test_failures_4_to_7_what_is_no_amount_is_not_reserved(live: World, number: int, amount: object) -> None:
    """Negative, NaN, infinite, nothing, fractions of a cent, floats: refused by name, nothing written."""
    refusal = live.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount=amount)
    assert refusal.kind is Kind.INVALID
    assert refusal.field == "amount"
    assert live.count("risk_ledger") == live.count("risk_reservation") == live.count("risk_event") == 0
    for _ in range(5):
        reserve(live)
    assert denied(live).code == "max_open_risk"


@pytest.mark.parametrize("loss", ["NaN", "inf", "-inf", "-1", "0.005"])
def test_failure_7_what_is_no_loss_is_not_booked(live: World, loss: str) -> None:
    """A NaN is not 0."""
    number = reserve(live)
    refusal = live.refused(OPERATOR, "risk.settle", reservation_id=number, realized_loss=loss)
    assert (refusal.kind, refusal.field) == (Kind.INVALID, "realized_loss")
    assert current(live, "WHOLESALE").loss == 0
    assert current(live, "WHOLESALE").open_risk == 100_00


@pytest.mark.parametrize("cap", ["max_daily_loss", "max_daily_exposure", "max_open_risk", "max_actions_per_day"])
def test_failure_8_no_cap_is_said_in_words(live: World, cap: str) -> None:
    """0 is refused with the hint; `uncapped` is a request that another manager approves."""
    refusal = live.refused(MANAGER, "risk.policy_set", engine="WHOLESALE", reason="x", **{cap: "0"})
    assert (refusal.kind, refusal.field) == (Kind.INVALID, cap)
    assert "uncapped" in refusal.detail
    if cap != "max_actions_per_day":
        asked = live.pending(MANAGER, "risk.policy_set", engine="WHOLESALE", reason="x", **{cap: "Uncapped"})
        assert isinstance(live.approve(SECOND, asked.approval_id), Done)
        assert getattr(live.rows("risk_policy", "engine = 'WHOLESALE'")[0], cap) is None


@pytest.mark.parametrize("engine", ["global", " Global ", "GLOBAL"])
def test_failure_9_global_is_not_an_engine_to_act_on(live: World, engine: str) -> None:
    """Under no spelling: it would be counted twice."""
    assert denied(live, engine=engine).code == "global_is_no_engine"
    assert live.count("risk_ledger") == 0


def test_failure_9_names_are_normalised(live: World) -> None:
    """Every spelling is one engine with one book."""
    for spelling in ("wholesale", " Wholesale", "WHOLESALE "):
        reserve(live, engine=spelling)
    assert current(live, "WHOLESALE").open_risk == current(live, "GLOBAL").open_risk == 300_00


def test_failure_10_no_update_is_lost_between_clients(live: World) -> None:
    """Sixteen clients at once against room for five: five get it, the books say five, every loser hears which cap."""
    live.done(OPERATOR, "risk.void", reservation_id=reserve(live))  # so that the day is open already
    outcomes = at_once(*[lambda: live.run(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100")] * 16)
    won = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    assert len(won) == 5
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Refused)} == {"max_open_risk"}
    assert current(live, "WHOLESALE").open_risk == 500_00
    assert live.count("risk_event", "kind = 'DENY'") == 11
    check(live)


def test_failure_11_book_and_event_are_one_commit(live: World) -> None:
    """Where the process dies before the commit, neither is there."""

    class Died(Exception):
        pass

    def die(_act: object) -> None:
        raise Died

    live.gate.before_commit = die
    before = live.snapshot()
    with pytest.raises(Died):
        live.run(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100")
    assert live.snapshot() == before
    live.gate.before_commit = None
    number = reserve(live)
    live.gate.before_commit = die
    before = live.snapshot()
    for operation, more in (("risk.settle", {"realized_loss": "3"}), ("risk.void", {})):
        with pytest.raises(Died):
            live.run(OPERATOR, operation, reservation_id=number, **more)
    assert live.snapshot() == before


def test_failure_12_a_correlation_id_reserves_once(live: World) -> None:
    """One after the other, and sixteen at once; the answer is the same reservation."""
    first = live.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100", correlation_id="offer-1")
    again = live.done(OPERATOR, "risk.reserve", engine="wholesale", amount="100.00", correlation_id="offer-1")
    assert (again.reservation_id, again.already, first.already) == (first.reservation_id, True, False)
    outcomes = at_once(
        *[lambda: live.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="50", correlation_id="offer-2")] * 16
    )
    assert len({outcome.reservation_id for outcome in outcomes}) == 1
    assert sum(not outcome.already for outcome in outcomes) == 1
    assert current(live, "WHOLESALE").open_risk == 150_00
    check(live)


@pytest.mark.parametrize("other", [{"amount": "99"}, {"engine": "CAPITAL"}, {"user": MANAGER}])
def test_failure_12_a_correlation_id_of_something_else_is_refused(live: World, other: dict[str, str]) -> None:
    """Another amount, engine or caller: nobody acts on a reservation that is not his."""
    reserve(live, correlation_id="offer-1")
    asked = {"user": OPERATOR, "engine": "WHOLESALE", "amount": "100", **other}
    refusal = live.refused(asked.pop("user"), "risk.reserve", correlation_id="offer-1", **asked)
    assert (refusal.kind, refusal.code) == (Kind.CONFLICT, "correlation_id_used")
    assert live.count("risk_reservation") == 1


def test_failure_12_a_denied_correlation_id_is_judged_afresh(live: World) -> None:
    """A denial reserves nothing, so the same id may reserve once there is room."""
    numbers = [reserve(live) for _ in range(5)]
    denied(live, correlation_id="offer-9")
    live.done(OPERATOR, "risk.void", reservation_id=numbers[0])
    assert not live.done(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100", correlation_id="offer-9").already


def test_failure_13_three_dimes_fit_under_thirty_cents(live: World) -> None:
    """The third .10 fits under .30, the fourth does not."""
    caps(live, "WHOLESALE", max_open_risk=30)
    for _ in range(3):
        reserve(live, ".10".replace(".", "0."))
    assert denied(live, "0.01").code == "max_open_risk"


def test_failure_14_nothing_is_left_open(live: World) -> None:
    """.1 + .2 − .3 is 0."""
    first, second = reserve(live, "0.10"), reserve(live, "0.20")
    for number in (first, second):
        live.done(OPERATOR, "risk.settle", reservation_id=number, realized_loss="0")
    snapshot = live.done(OPERATOR, "risk.snapshot")
    assert {line.open_risk for line in snapshot.items} == {Decimal(0)}


def test_failure_14_the_first_calls_of_a_new_day_all_get_an_answer(live: World) -> None:
    """Sixteen at once on a day that nobody booked on yet, and again on the next: no error, one row a day."""
    for engine in ("WHOLESALE", "CAPITAL", "GLOBAL"):
        caps(live, engine, max_daily_loss=None, max_daily_exposure=None, max_open_risk=None)
    for _ in range(3):
        works = [
            lambda engine=engine: live.run(OPERATOR, "risk.reserve", engine=engine, amount="1")
            for engine in ("WHOLESALE", "CAPITAL") * 8
        ]
        assert all(isinstance(outcome, Done) for outcome in at_once(*works))
        check(live)
        live.clock.advance(days=1)
    assert live.count("risk_ledger") == 9


@pytest.mark.parametrize(
    "switches", [{"live": True, "engaged": True}, {"live": False}, {"live": False, "engaged": True}]
)
def test_failure_15_the_kill_switch_stops_reserving_for_everybody(world: World, switches: dict[str, bool]) -> None:
    """In the gate itself, whoever calls; settling and voiding go on."""
    world.switches(live=True)
    numbers = [reserve(world), reserve(world)]
    world.switches(**switches)
    before = world.rows("risk_ledger")
    assert denied(world).kind is Kind.PRIME_LAW
    assert world.rows("risk_ledger") == before
    world.done(OPERATOR, "risk.settle", reservation_id=numbers[0], realized_loss="1")
    world.done(OPERATOR, "risk.void", reservation_id=numbers[1])
    check(world)
