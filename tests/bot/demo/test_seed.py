"""The week before the demo: told through the gate, whole, and once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.demo.cast import INES, MARIA
from bot.demo.place import Place, read_settings, settings_of
from bot.demo.seed import seed
from domain.audit.tables import AuditEvent
from domain.charts.tables import ChartRow
from domain.delivery.tables import Outbox
from domain.gate import Call, Gate
from domain.identity import Caller, Surface
from domain.outcomes import Done
from domain.processes.tables import ProcessHeartbeat
from domain.risk.tables import RiskReservation
from domain.settings import Settings
from domain.start import start

pytestmark = pytest.mark.xdist_group("demo")
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="module", params=[15, 4], ids=["at ten in the morning", "at eleven at night"])
def now(request: pytest.FixtureRequest) -> datetime:
    """When the demo is started, business time: the story must not depend on it."""
    return NOW.replace(hour=request.param)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Settings:
    """The settings of a demo whose week has been told."""
    made = read_settings(settings_of(Place(tmp_path_factory.mktemp("seed")), 1))
    assert seed(made, now)
    return made


@pytest.fixture(scope="module")
def gate(settings: Settings, now: datetime) -> Iterator[Gate]:
    """The gate a moment later."""
    opened = start(settings, clock=lambda: now + timedelta(seconds=5))
    yield opened
    opened.database.close()


def _read(gate: Gate, user: str, operation: str, **params: str) -> Done:
    outcome = gate.run(Call(operation, params, Caller(user, Surface.SLACK)))
    assert isinstance(outcome, Done), outcome
    return outcome


def test_the_audit_verifies_and_is_sealed(gate: Gate) -> None:
    found = _read(gate, INES.user_id, "audit.verify").result.to_json()
    assert found["ok"]
    assert found["unsealed"] == 0
    assert found["sealed"] > 40


def test_go_live_was_on_and_is_off(gate: Gate) -> None:
    found = _read(gate, INES.user_id, "golive.state").result.to_json()
    assert found["was_ever_live"]
    assert not found["go_live_enabled"]
    assert not found["kill_switch_engaged"]


def test_two_steps_are_late_and_five_are_due(gate: Gate) -> None:
    found = _read(gate, MARIA.user_id, "followup.due", scope="all").result.to_json()
    assert (found["due"], found["late"]) == (5, 2)
    assert [step["seller"]["seller_name"] for step in found["waiting"]] == ["Jean Tremblay"]


def test_a_manager_can_judge_a_promotion_on_sight(gate: Gate) -> None:
    """WHOLESALE_OFFER would pass, at any hour; three others would not; nothing is in production."""
    found = _read(gate, INES.user_id, "heimdall.snapshot").result.to_json()
    lines = {line["domain"]: line for line in found["items"]}
    offer = lines["WHOLESALE_OFFER"]
    assert offer["can_promote"]
    assert offer["trials"] >= 84
    assert 0.85 <= offer["success_rate"] <= 0.88
    assert not any(line["can_promote"] for name, line in lines.items() if name != "WHOLESALE_OFFER")
    assert not any(line["prod_use_enabled"] for line in lines.values())
    (card,) = _read(gate, INES.user_id, "heimdall.scorecard", domain="WHOLESALE_OFFER").result.to_json()["items"]
    assert card["finding"].startswith("Success above 82 % on 24 of 28 days, lowest 67 % on ")
    assert 0.92 <= card["gate"]["says"] <= 0.94
    assert card["production"]["trials"] >= 14


def test_one_more_offer_has_room(gate: Gate) -> None:
    """Four deposits are open, one was lost; a fifth fits and a sixth does not, whatever the hour is."""
    found = _read(gate, INES.user_id, "risk.snapshot").result.to_json()
    (wholesale,) = [engine for engine in found["items"] if engine["engine"] == "WHOLESALE"]
    caps = {cap["cap"]: cap for cap in wholesale["caps"]}
    assert (caps["max_open_risk"]["used"], caps["max_open_risk"]["limit"]) == ("400.00", "500.00")
    assert len(_read(gate, INES.user_id, "risk.reservations").result.to_json()["items"]) == 4
    states = [row.state for row in gate.database.look(lambda c: c.execute(select(RiskReservation.state)).all())]
    assert sorted(states) == ["OPEN"] * 4 + ["SETTLED"] * 2 + ["VOIDED"]


def test_the_contract_rate_is_watched(gate: Gate) -> None:
    """Its tripwire is on, has learned all it needs, and is quiet."""
    found = _read(gate, INES.user_id, "regression.snapshot").result.to_json()
    (mine,) = [one for one in found["items"] if one["metric"] == "contract_rate"]
    assert (mine["state"], mine["enabled"], mine["can_act"], mine["events"]) == ("armed", True, True, 1200)
    assert mine["baseline_rate"] == pytest.approx(0.41, abs=0.005)


def test_every_act_passed_the_gate(gate: Gate) -> None:
    with gate.database.read() as connection:
        acts = connection.execute(select(AuditEvent.operation, AuditEvent.actor, AuditEvent.outcome)).all()
    assert ("golive.enable", "U0DANA", "pending") in acts
    assert ("approvals.approve", "U0MARC", "done") in acts
    assert ("golive.disable", "U0BRYAN", "done") in acts
    assert sum(1 for act in acts if act.operation == "followup.create") == 10
    assert all(act.outcome != "refused" for act in acts)


def test_no_process_is_said_to_live(gate: Gate) -> None:
    with gate.database.read() as connection:
        assert connection.execute(select(ProcessHeartbeat.process_id)).all() == []


def test_only_a_few_cards_are_still_posted(gate: Gate) -> None:
    with gate.database.read() as connection:
        rows = connection.execute(select(Outbox.destination, Outbox.card, Outbox.state, Outbox.error)).all()
    posted = [(row.destination, row.card) for row in rows if row.state == "queued"]
    in_channels = sorted(place for place in posted if not place[0].startswith("user:"))
    assert in_channels == [
        ("route:deals", "handover"), ("route:followups", "overdue"), ("route:governance", "approval"),
        ("route:governance", "approval"), ("route:governance", "go_live"), ("route:governance", "review"),
        ("route:oncall", "go_live"),
    ]  # fmt: skip
    directly = {place for place, card in posted if place.startswith("user:") and card != "welcome"}
    assert directly == {"user:U0BRYAN", "user:U0DANA", "user:U0MARC", "user:U0ZOE"}, "of zoe's request, which waits"
    assert all(row.error for row in rows if row.state == "dropped")


def test_a_second_time_tells_nothing(gate: Gate, settings: Settings, now: datetime) -> None:
    before = _read(gate, INES.user_id, "audit.verify").result
    assert not seed(settings, now + timedelta(days=1))
    assert _read(gate, INES.user_id, "audit.verify").result == before
    assert not list(Path(settings.data_dir).glob("valhalla.db-journal"))


def test_the_week_before_was_reviewed_and_decided(gate: Gate) -> None:
    """Monday's review stands there, on time and with dana's decision; its chart is still to be drawn."""
    found = _read(gate, INES.user_id, "review.show").result.to_json()
    assert (found["monday"], found["is_late"], found["decision"]) == ("2026-11-23", False, "continue")
    with gate.database.read() as connection:
        cards = connection.execute(select(Outbox.state).where(Outbox.card == "review")).scalars().all()
        assert list(cards).count("queued") == 1
        assert connection.scalar(select(ChartRow.state)) == "queued"
