"""Every check of the runbook as a pure function: when it holds, when it does not, and that it names a cure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.runbook import rules
from domain.runbook.results import Check, Severity
from domain.runbook.rules import STATEMENTS, Evidence, PhonePage, Process, Room, Tripwire

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GOOD = Evidence(
    now=NOW, is_production=True, dual_control=True, owners=1, kill_switch_engaged=False, schema_revision="0002",
    head_revision="0002",
    processes={kind: Process(kind, NOW, {"slack": "ok", "redis": "ok"}) for kind in ("worker", "scheduler", "bot")},
    oldest_queued=None, oldest_unsealed=None, stuck_messages=0, managers=2,
    signed={name: ("U1", NOW - timedelta(days=1)) for name in STATEMENTS},
    tripwires=(Tripwire("WHOLESALE.contract_rate", "armed", 1_000, 1_000, NOW, is_stale=False),),
    on_call="U1", paged_in_order=("U1",), has_page_url=True, is_page_signed=True,
    last_page=PhonePage(NOW - timedelta(days=3), arrived=True, error=None), directory=(NOW, "ok"),
    room=Room(10, 5, "100.00"),
)  # fmt: skip


def _process(kind: str, *, age: timedelta = timedelta(0), **seen: str) -> dict[str, Process]:
    return {**GOOD.processes, kind: Process(kind, NOW - age, {**GOOD.processes[kind].seen, **seen})}


def _without(kind: str) -> dict[str, Process]:
    return {name: process for name, process in GOOD.processes.items() if name != kind}


def _signed(name: str, age: timedelta) -> dict[str, tuple[str, datetime]]:
    return {**GOOD.signed, name: ("U1", NOW - age)}


def _tripwire(state: str, **changes: Any) -> tuple[Tripwire, ...]:
    return (replace(GOOD.tripwires[0], state=state, **changes),)


BAD: list[tuple[str, Severity, Evidence]] = [
    ("go-live checklist", Severity.BLOCKER, replace(GOOD, signed={})),
    ("go-live checklist", Severity.BLOCKER, replace(GOOD, signed=_signed("counsel_asked", timedelta(days=365)))),
    ("go-live checklist", Severity.BLOCKER, replace(GOOD, signed=_signed("kill_switch_drill", timedelta(days=90)))),
    ("kill switch clear", Severity.BLOCKER, replace(GOOD, kill_switch_engaged=True)),
    ("environment sane", Severity.BLOCKER, replace(GOOD, owners=0)),
    ("enforcement on", Severity.BLOCKER, replace(GOOD, dual_control=False)),
    ("enforcement on", Severity.INFO, replace(GOOD, is_production=False)),
    ("migrations at head", Severity.BLOCKER, replace(GOOD, schema_revision="0001")),
    ("migrations at head", Severity.BLOCKER, replace(GOOD, schema_revision=None)),
    ("worker seen", Severity.BLOCKER, replace(GOOD, processes=_without("worker"))),
    ("worker seen", Severity.BLOCKER, replace(GOOD, processes=_process("worker", age=timedelta(seconds=61)))),
    ("scheduler seen", Severity.BLOCKER, replace(GOOD, processes=_process("scheduler", age=timedelta(seconds=61)))),
    ("Slack token, scopes, channels", Severity.BLOCKER, replace(GOOD, processes={})),
    (
        "Slack token, scopes, channels", Severity.BLOCKER,
        replace(GOOD, processes={"bot": Process("bot", NOW, {"slack": "missing_scope"})}),
    ),
    ("audit sealed", Severity.BLOCKER, replace(GOOD, oldest_unsealed=NOW - timedelta(seconds=61))),
    ("Redis answers", Severity.WARN, replace(GOOD, processes=_process("worker", redis="connection refused"))),
    ("Redis answers", Severity.WARN, replace(GOOD, processes=_without("worker"))),
    ("outbox not behind", Severity.WARN, replace(GOOD, oldest_queued=NOW - timedelta(minutes=5, seconds=1))),
    ("outbox not behind", Severity.WARN, replace(GOOD, stuck_messages=1)),
    ("a second manager", Severity.WARN, replace(GOOD, managers=1)),
    ("regression policies present", Severity.BLOCKER, replace(GOOD, tripwires=())),
    ("tripwires can act", Severity.WARN, replace(GOOD, tripwires=_tripwire("learning", learned=999))),
    ("tripwires can act", Severity.WARN, replace(GOOD, tripwires=_tripwire("tripped"))),
    ("tripwires can act", Severity.WARN, replace(GOOD, tripwires=_tripwire("armed", is_stale=True))),
    ("risk policies present", Severity.BLOCKER, replace(GOOD, engines_without_caps=("WHOLESALE",))),
    ("room in the caps", Severity.WARN, replace(GOOD, room=None)),
    ("room in the caps", Severity.WARN, replace(GOOD, room=Room(0, 5, "100.00"))),
    ("room in the caps", Severity.WARN, replace(GOOD, room=Room(10, 0, "100.00"))),
    ("somebody on call", Severity.WARN, replace(GOOD, on_call=None)),
    ("somebody on call", Severity.WARN, replace(GOOD, on_call=None, paged_in_order=())),
    ("pages by webhook", Severity.INFO, replace(GOOD, has_page_url=False)),
    ("pages by webhook", Severity.INFO, replace(GOOD, last_page=None)),
    ("pages by webhook", Severity.WARN, replace(GOOD, is_page_signed=False)),
    (
        "pages by webhook", Severity.WARN,
        replace(GOOD, last_page=PhonePage(NOW - timedelta(days=3), arrived=False, error="HTTP 404")),
    ),
    ("Slack's directory", Severity.WARN, replace(GOOD, directory=None)),
    ("Slack's directory", Severity.WARN, replace(GOOD, directory=(NOW - timedelta(minutes=5, seconds=1), "ok"))),
    ("Slack's directory", Severity.WARN, replace(GOOD, directory=(NOW, "usergroups.list: missing_scope"))),
]  # fmt: skip
STILL_GOOD = [
    replace(GOOD, directory=(NOW - timedelta(minutes=5), "ok")),
    replace(GOOD, signed=_signed("counsel_asked", timedelta(days=365) - SECOND)),
    replace(GOOD, signed=_signed("kill_switch_drill", timedelta(days=90) - SECOND)),
    replace(GOOD, processes=_process("worker", age=timedelta(seconds=60))),
    replace(GOOD, oldest_unsealed=NOW - timedelta(seconds=60)),
    replace(GOOD, oldest_queued=NOW - timedelta(minutes=5)),
    replace(GOOD, tripwires=_tripwire("off", learned=0, is_stale=True)),
]


def failing(evidence: Evidence) -> list[Check]:
    """The checks that do not hold."""
    return [check for check in rules.judge(evidence) if not check.ok]


def test_with_everything_in_order_every_check_holds() -> None:
    """Nothing is said where there is nothing to say."""
    assert failing(GOOD) == []
    assert len(rules.judge(GOOD)) == len(rules.CHECKS)


@pytest.mark.parametrize(("name", "severity", "evidence"), BAD)
def test_a_check_that_fails_names_itself_its_weight_and_a_cure(
    name: str, severity: Severity, evidence: Evidence
) -> None:
    """One thing wrong: that check fails with its weight, a detail and a cure."""
    found = {check.name: check for check in failing(evidence)}
    assert name in found
    assert found[name].severity is severity
    assert found[name].detail
    assert found[name].cure


@pytest.mark.parametrize("evidence", STILL_GOOD)
def test_at_the_limit_a_check_still_holds(evidence: Evidence) -> None:
    """One second less, and it is in order."""
    assert failing(evidence) == []


def test_every_check_can_fail_but_the_clock_data() -> None:
    """The table of failing evidence covers every check."""
    covered = {name for name, _severity, _evidence in BAD} | {"clock data right"}
    assert {check.name for check in rules.judge(GOOD)} == covered


def test_wrong_clock_data_is_a_blocker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone that has not heard of 2026 is named."""
    monkeypatch.setattr(rules, "CANARIES", {"America/Toronto": -4.0})
    (found,) = failing(GOOD)
    assert (found.name, found.severity) == ("clock data right", Severity.BLOCKER)
    assert "America/Toronto" in found.detail


def test_a_check_that_crashes_is_a_blocker_by_its_own_name() -> None:
    """No answer is no green light, and the other checks are made all the same."""

    def moon_phase(_evidence: Evidence) -> Check:
        raise ZeroDivisionError

    first, last = rules.judge(GOOD, (moon_phase, rules.kill_switch_clear))
    assert (first.name, first.severity, first.ok) == ("moon phase", Severity.BLOCKER, False)
    assert "ZeroDivisionError" in first.detail
    assert last.ok


def test_statements_expire_each_after_its_own_time() -> None:
    """365, 365, 90 and 90 days; unsigned is not valid."""
    days = {item.statement: item.good_for_days for item in rules.statements({}, NOW)}
    assert days == {"counsel_asked": 365, "dncl_registered": 365, "consent_basis": 90, "kill_switch_drill": 90}
    assert not any(item.is_valid for item in rules.statements({}, NOW))
    for age, valid in ((timedelta(days=89), 4), (timedelta(days=90), 2), (timedelta(days=365), 0)):
        signed = dict.fromkeys(STATEMENTS, ("U1", NOW - age))
        assert sum(item.is_valid for item in rules.statements(signed, NOW)) == valid
