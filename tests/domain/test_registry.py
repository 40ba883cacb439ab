"""What is true of every operation, taken from the registry; and the spec's own table beside it."""

from typing import NamedTuple

import pytest

from domain.identity import Role, Surface
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Registry, Slash
from domain.outcomes import Result
from domain.parameters import Params, describe
from domain.registry import ALL, build_registry
from domain.system.operations import usage

REGISTRY = build_registry()
PUBLIC = REGISTRY.public()
NAMES = [operation.name for operation in PUBLIC]
WITHOUT_ROUTE = {
    "approvals.ask": "a question goes under a card in Slack",
    "approvals.approve": "decided in Slack alone",
    "approvals.reject": "decided in Slack alone",
    "approvals.break_glass": "decided in Slack alone",
    "approvals.signoff": "decided in Slack alone",
    "access.request": "asked by a person who has no role; an API key has one",
    "system.help": "OpenAPI says it to programs",
    "system.home": "what one person sees first in Slack",
}
POSTED_READS = {"heimdall.check"}
"""A dry run is posted as what it tries is (spec/3)."""
WITHOUT_COMMAND = {"approvals.approve", "approvals.reject", "approvals.break_glass"}
BUTTONS = {"delivery.retry", "delivery.drop", "followup.take", "followup.renew", "followup.snooze"}
"""Operations whose usual way is a button; typed ones must have an example."""


REPORTS = {"kpi.record"}
"""Operations of class O that write: what happened elsewhere is recorded in every state."""


class Row(NamedTuple):
    """One operation in spec/3's table."""

    role: Role | None
    klass: str
    needs_approval: bool = False


A, O, C, M, W = Role  # noqa: E741 - auditor, operator, oncall, manager, owner
SPEC: dict[str, Row] = {
    "golive.state": Row(A, "O"), "golive.checklist": Row(A, "O"), "golive.attest": Row(M, "G"),
    "golive.enable": Row(M, "G", True), "golive.disable": Row(O, "G↓"),
    "killswitch.engage": Row(O, "G↓"), "killswitch.release": Row(C, "G", True), "killswitch.explain": Row(O, "G↓"),
    "delivery.list": Row(C, "O"), "delivery.retry": Row(C, "G↓"), "delivery.drop": Row(C, "G↓"),
    "held.list": Row(C, "O"), "held.run": Row(M, "P"), "held.drop": Row(M, "G↓"),
    "runbook.status": Row(A, "O"), "runbook.markdown": Row(A, "O"),
    "followup.create": Row(O, "P"), "followup.due": Row(O, "O"), "followup.show": Row(O, "O"),
    "followup.sla": Row(A, "O"), "followup.claim": Row(O, "P"), "followup.renew": Row(O, "P"),
    "followup.snooze": Row(O, "P"), "followup.reassign": Row(O, "P"), "followup.take": Row(O, "G↓"),
    "followup.complete": Row(O, "P↓"), "followup.stop": Row(O, "P↓"),
    "heimdall.policies": Row(A, "O"), "heimdall.policy_set": Row(M, "G", True), "heimdall.scorecard": Row(A, "O"),
    "heimdall.snapshot": Row(A, "O"), "heimdall.trial": Row(O, "S"), "heimdall.recommend": Row(O, "S"),
    "heimdall.check": Row(O, "O"), "heimdall.require": Row(O, "P"), "heimdall.outcome": Row(O, "P↓"),
    "heimdall.promote": Row(O, "G", True), "heimdall.demote": Row(C, "G↓"),
    "approvals.list": Row(O, "O"), "approvals.mine": Row(O, "O"), "approvals.ask": Row(M, "G↓"),
    "approvals.withdraw": Row(O, "G↓"), "approvals.signoff": Row(M, "G"), "approvals.approve": Row(M, "G"),
    "approvals.reject": Row(M, "G"),
    "access.list": Row(A, "O"), "access.request": Row(None, "G", True), "access.grant": Row(M, "G", True),
    "access.revoke": Row(M, "G↓"),
    "audit.list": Row(A, "O"), "audit.verify": Row(A, "O"),
    "alerts.list": Row(O, "O"), "alerts.ack": Row(C, "G↓"), "alerts.pass": Row(C, "G↓"), "alerts.resolve": Row(C, "G↓"),
    "oncall.show": Row(A, "O"), "oncall.take": Row(C, "G↓"), "oncall.set": Row(M, "G"),
    "route.list": Row(A, "O"), "route.set": Row(M, "G"), "route.test": Row(M, "G"),
    "snapshot.overview": Row(A, "O"), "snapshot.metrics": Row(A, "O"), "review.decide": Row(M, "G↓"),
    # Not in spec/3's table: `/review` shows the review, and what was escalated is done at some time.
    "review.show": Row(A, "O"), "review.finish": Row(O, "G↓"),
    "kpi.record": Row(O, "O"), "kpi.series": Row(A, "O"),
    "regression.policies": Row(A, "O"), "regression.policy_set": Row(M, "G", True), "regression.state": Row(A, "O"),
    "regression.snapshot": Row(A, "O"), "regression.evaluate": Row(O, "G↓"), "regression.release": Row(C, "G", True),
    "system.doctor": Row(M, "O"), "system.help": Row(None, "O"),
    "risk.policies": Row(A, "O"), "risk.policy_set": Row(M, "G", True), "risk.raise": Row(O, "G", True),
    "risk.pause": Row(O, "G↓"), "risk.resume": Row(C, "G", True), "risk.snapshot": Row(A, "O"),
    "risk.ledger": Row(A, "O"), "risk.reserve": Row(O, "P"), "risk.settle": Row(O, "P↓"), "risk.void": Row(O, "P↓"),
    "risk.reservations": Row(A, "O"),
    # Not in spec/3's table: *Tell me when there is room* of cards, 8.
    "risk.watch": Row(O, "G↓"),
    # Not in spec/3's table either: the Home tab.
    "system.home": Row(None, "O"),
    # Not in spec/3's table: the way back of oncall.set, and a page to see that pages arrive.
    "oncall.remove": Row(M, "G"), "oncall.drill": Row(C, "G"),
    # Not in spec/3's table: spec/5's break glass on a request, under ▾.
    "approvals.break_glass": Row(W, "G"),
}  # fmt: skip
LETTER = {"OBSERVE_ONLY": "O", "GOVERN": "G", "SANDBOX_EXEC": "S", "PROD_EXEC": "P"}
SPEC_INTERNAL = {
    "approvals.expire", "audit.seal", "held.expire", "page.advance", "page.fail", "regression.sweep", "risk.expire",
}  # fmt: skip
ROUTES = {
    "golive.state": "GET governance/go-live/state", "golive.checklist": "GET governance/go-live/checklist",
    "golive.attest": "POST governance/go-live/attest", "golive.enable": "POST governance/go-live/enable",
    "golive.disable": "POST governance/go-live/disable",
    "killswitch.engage": "POST governance/go-live/kill-switch/engage",
    "killswitch.release": "POST governance/go-live/kill-switch/release",
    "killswitch.explain": "POST governance/go-live/kill-switch/explain",
    "delivery.list": "GET delivery", "delivery.retry": "POST delivery/retry", "delivery.drop": "POST delivery/drop",
    "held.list": "GET held", "held.run": "POST held/run", "held.drop": "POST held/drop",
    "risk.policies": "GET governance/risk/policies", "risk.policy_set": "POST governance/risk/policies/upsert",
    "risk.raise": "POST governance/risk/raise", "risk.pause": "POST governance/risk/pause",
    "risk.resume": "POST governance/risk/resume", "risk.snapshot": "GET governance/risk/snapshot",
    "risk.ledger": "GET governance/risk/ledger, GET governance/risk/ledger/today",
    "risk.reserve": "POST governance/risk/check-and-reserve, POST governance/risk/reserve",
    "risk.settle": "POST governance/risk/settle", "risk.void": "POST governance/risk/void",
    "risk.reservations": "GET governance/risk/reservations",
    "heimdall.policies": "GET governance/heimdall/policies",
    "heimdall.policy_set": "POST governance/heimdall/policies/upsert",
    "heimdall.scorecard": "GET governance/heimdall/scorecard, GET governance/heimdall/scorecard/today",
    "heimdall.snapshot": "GET governance/heimdall/snapshot", "heimdall.trial": "POST governance/heimdall/sandbox/trial",
    "heimdall.recommend": "POST governance/heimdall/recommend", "heimdall.check": "POST governance/heimdall/check",
    "heimdall.require": "POST governance/heimdall/require", "heimdall.outcome": "POST governance/heimdall/outcome",
    "heimdall.promote": "POST governance/heimdall/promote", "heimdall.demote": "POST governance/heimdall/demote",
    "regression.policies": "GET governance/regression/policies",
    "regression.policy_set": "POST governance/regression/policies/upsert",
    "regression.state": "GET governance/regression/state", "regression.snapshot": "GET governance/regression/snapshot",
    "regression.evaluate": "POST governance/regression/evaluate",
    "regression.release": "POST governance/regression/release",
    # `kpi/events` and `kpi/series` can be read as standing alone and as standing beside `kpi`: both are there.
    "kpi.record": "POST governance/regression/kpi, POST governance/regression/kpi/events, POST kpi/events",
    "kpi.series": "GET governance/regression/kpi/series, GET kpi/series",
    "runbook.status": "GET governance/runbook/status", "runbook.markdown": "GET governance/runbook/markdown",
    "followup.create": "POST followups/ladder/create", "followup.due": "GET followups/due",
    "followup.show": "GET followups/ladder", "followup.sla": "GET followups/sla",
    "followup.claim": "POST followups/task/{task_id}/claim",
    "followup.complete": "POST followups/task/{task_id}/complete", "followup.stop": "POST followups/ladder/stop",
    "snapshot.overview": "GET snapshot", "snapshot.metrics": "GET snapshot/metrics",
    "review.decide": "POST review/decide",
    "approvals.list": "GET approvals", "approvals.withdraw": "POST approvals/withdraw",
    "access.list": "GET access", "access.grant": "POST access/grant", "access.revoke": "POST access/revoke",
    "audit.list": "GET audit", "audit.verify": "GET audit/verify",
    "alerts.list": "GET alerts", "alerts.ack": "POST alerts/{alert_id}/ack",
    "alerts.pass": "POST alerts/{alert_id}/pass", "alerts.resolve": "POST alerts/{alert_id}/resolve",
    "oncall.show": "GET oncall", "oncall.set": "POST oncall",
    "route.list": "GET routes", "route.set": "POST routes", "system.doctor": "GET doctor",
}  # fmt: skip
"""The routes of spec/3's table, written out in full; an operation may have more."""


def test_names_are_unique_and_of_one_form() -> None:
    """`thing.verb`, each once."""
    names = [operation.name for operation in ALL]
    assert len(set(names)) == len(names)
    for name in names:
        thing, dot, verb = name.partition(".")
        assert thing.isidentifier()
        assert dot
        assert verb.isidentifier()
        assert name == name.lower()


@pytest.mark.parametrize("operation", PUBLIC, ids=NAMES)
def test_every_operation_explains_itself(operation: AnyOperation) -> None:
    """A summary of one line without a full stop, and every parameter with what it expects and an example."""
    assert operation.summary
    assert operation.summary[0].isupper()
    assert not operation.summary.endswith(".")
    assert "\n" not in operation.summary
    assert len(operation.summary) <= 80
    for parameter in describe(operation.params):
        assert parameter.arg.expects
        assert parameter.arg.example
    assert operation.params.__doc__
    assert issubclass(operation.params, Params)
    assert issubclass(operation.result, Result)


@pytest.mark.parametrize("operation", PUBLIC, ids=NAMES)
def test_what_can_be_typed_has_an_example_that_starts_with_its_command(operation: AnyOperation) -> None:
    """The example is one a person can type as it stands."""
    if operation.slack is None:
        assert operation.name in WITHOUT_COMMAND | BUTTONS
        return
    words = operation.example.split()
    assert words
    assert words[0] == f"/{operation.slack.command}", operation.example
    if not operation.slack.default:
        assert words[1] == operation.slack.verb, operation.example
    assert usage(operation, operation.slack).startswith(words[0])


@pytest.mark.parametrize("operation", PUBLIC, ids=NAMES)
def test_every_operation_has_a_route_or_a_reason_for_none(operation: AnyOperation) -> None:
    """Programs reach everything but what only people may; reads are GET, everything else is POST."""
    if operation.http is None:
        assert operation.name in WITHOUT_ROUTE
        return
    assert operation.name not in WITHOUT_ROUTE
    for route in operation.routes():
        is_read = operation.reads and operation.name not in POSTED_READS
        assert route.method == ("GET" if is_read else "POST")
        assert not route.path.startswith("/")


def test_only_the_last_text_takes_the_rest_of_the_line() -> None:
    """Two such parameters could not be told apart, and nothing positional may follow one."""
    for operation in PUBLIC:
        if operation.slack is None:
            continue
        typed = [each for each in describe(operation.params) if not each.arg.hidden and not each.arg.keyword]
        rest = [each.name for each in typed if each.arg.rest]
        assert len(rest) <= 1, operation.name
        if rest:
            assert typed[-1].name == rest[0], operation.name


def test_required_words_come_before_optional_ones() -> None:
    """What is positional and optional is never followed by something positional and required."""
    for operation in PUBLIC:
        if operation.slack is None:
            continue
        typed = [each for each in describe(operation.params) if not each.arg.hidden and not each.arg.keyword]
        order = [each.required for each in typed]
        assert order == sorted(order, reverse=True), operation.name


@pytest.mark.parametrize("name", sorted(set(NAMES) & set(SPEC)))
def test_role_class_and_approval_are_the_specs(name: str) -> None:
    """Who may, what kind of act it is and whether a second person is needed: spec/3, row by row."""
    operation, row = REGISTRY[name], SPEC[name]
    assert operation.role is row.role
    assert LETTER[operation.klass.value] + ("↓" if operation.reduces else "") == row.klass
    assert (operation.approval is not None) is row.needs_approval


@pytest.mark.parametrize("name", sorted(set(NAMES) & set(ROUTES)))
def test_the_routes_are_the_specs(name: str) -> None:
    """Every route that spec/3 names; callers use the old ones."""
    declared = {f"{route.method} {route.path}" for route in REGISTRY[name].routes()}
    assert declared >= set(ROUTES[name].split(", "))


def test_no_operation_of_the_specs_table_is_without_a_row_of_its_routes() -> None:
    """What is not in the table of routes has none in spec/3, for a reason."""
    unnamed = {"approvals.mine", "oncall.take", "route.test", "followup.renew", "followup.snooze", "followup.reassign",
               "followup.take", "review.show", "review.finish", "risk.watch", "oncall.remove",
               "oncall.drill"}  # fmt: skip
    assert set(SPEC) - set(ROUTES) - set(WITHOUT_ROUTE) <= unnamed
    assert set(ROUTES) <= set(SPEC)


def test_no_operation_of_the_road_is_missing_from_the_specs_table() -> None:
    """What this file knows nothing of belongs to an engine that has a test of its own."""
    road = {"golive", "killswitch", "runbook", "approvals", "access", "audit", "alerts", "oncall", "held", "system",
            "kpi", "regression"}  # fmt: skip
    assert {name for name in NAMES if name.partition(".")[0] in road} <= set(SPEC)
    assert {name for name in SPEC if name.partition(".")[0] in road} <= set(NAMES)


def test_internal_operations_are_harmless_and_have_no_surface() -> None:
    """Class O or ↓, no command, no route, no role (spec/5)."""
    names = {operation.name for operation in REGISTRY.internal()}
    assert names >= SPEC_INTERNAL
    for operation in REGISTRY.internal():
        assert operation.klass is ExecutionClass.OBSERVE_ONLY or operation.reduces, operation.name
        assert operation.slack is None
        assert operation.http is None
        assert operation.role is None


def test_what_observes_reads_and_what_reads_observes() -> None:
    """A public operation of class O writes nothing, except reports of what happened elsewhere."""
    for operation in PUBLIC:
        if operation.reads:
            assert operation.klass is ExecutionClass.OBSERVE_ONLY, operation.name
        if operation.klass is ExecutionClass.OBSERVE_ONLY:
            assert operation.reads or operation.name in REPORTS, operation.name


def test_deciding_is_for_slack_alone() -> None:
    """No other way in can decide, whatever its role."""
    for name in ("approvals.approve", "approvals.reject", "approvals.break_glass", "approvals.signoff"):
        assert REGISTRY[name].surfaces == frozenset({Surface.SLACK})


def test_the_dangerous_direction_of_the_switches_needs_approval_and_binds_to_the_epoch() -> None:
    """Enable and release; the safe directions never."""
    assert REGISTRY["golive.enable"].approval
    release = REGISTRY["killswitch.release"].approval
    assert release
    assert release.expires.total_seconds() == 3600
    for operation in PUBLIC:
        assert not (operation.reduces and operation.approval), operation.name


def _operation(**more: object) -> AnyOperation:
    values: dict[str, object] = {
        "name": "a.b", "summary": "S", "params": Params, "result": Result, "run": lambda _act, _params: Result(),
        "role": Role.AUDITOR, "klass": ExecutionClass.GOVERN,
    }  # fmt: skip
    return Operation(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({"slack": Slash("x", "y")}, {"name": "c.d", "slack": Slash("x", "y")}),
        ({"slack": Slash("x", "y")}, {"name": "c.d", "also": (Slash("x", "y"),)}),
        ({"http": Http("GET", "x")}, {"name": "c.d", "http": Http("GET", "x")}),
        ({"http": Http("GET", "x")}, {"name": "c.d", "http": Http("GET", "y"), "also_http": (Http("GET", "x"),)}),
    ],
)
def test_a_duplicate_is_refused_when_the_registry_is_built(first: dict[str, object], second: dict[str, object]) -> None:
    """Two operations with one name, one command or one route stop the program, not a user."""
    with pytest.raises(ValueError, match=r"a\.b|c\.d"):
        Registry([_operation(**first), _operation(**second)])


@pytest.mark.parametrize(
    "more",
    [
        {"internal": True, "slack": Slash("x", "y")},
        {"internal": True, "http": Http("GET", "x")},
        {"also_http": (Http("GET", "x"),)},
        {"reads": True, "changes_switch": True},
        {"reads": True, "approval": REGISTRY["golive.enable"].approval},
    ],
)
def test_a_contradiction_is_refused_at_import(more: dict[str, object]) -> None:
    """An internal operation has no surface; a reading one changes nothing."""
    with pytest.raises(ValueError, match=r"a\.b"):
        _operation(**more)
