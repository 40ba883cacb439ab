"""The order of judgement: input, identity, surface, role; and what a refusal leaves behind."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.gate import Call
from domain.identity import SYSTEM, Caller, Role, Surface
from domain.operation import AnyOperation
from domain.outcomes import Done, Kind, Refused
from domain.parameters import Input, Parameter, Params, describe
from domain.registry import build_registry
from tests.support import (
    AUDITOR,
    MANAGER,
    ONCALL,
    OPERATOR,
    OWNER,
    STRANGER,
    World,
    changed_tables,
)

REGISTRY = build_registry()
PUBLIC = REGISTRY.public()
INTERNAL = REGISTRY.internal()
SWEEPS = [operation for operation in INTERNAL if not any(each.required for each in describe(operation.params))]
ONE_BELOW: dict[Role, str] = {
    Role.AUDITOR: STRANGER,
    Role.OPERATOR: AUDITOR,
    Role.ONCALL: OPERATOR,
    Role.MANAGER: ONCALL,
    Role.OWNER: MANAGER,
}
TYPED = {"type_the_operation": "killswitch.release"}
OBJECTS = {"payload", "evidence"}
"""Parameters that take a JSON object, so that an empty one is no bad input."""
BY_KIND = {Input.USER: "UNEW", Input.NUMBER: "1", Input.FLAG: "yes"}


def good_params(model: type[Params]) -> dict[str, Any]:
    """Return parameters that parse, of the required ones."""
    return {parameter.name: _good(parameter) for parameter in describe(model) if parameter.required}


def _good(parameter: Parameter) -> str:
    if parameter.name in TYPED:
        return TYPED[parameter.name]
    if parameter.choices:
        return parameter.choices[0]
    return BY_KIND.get(parameter.arg.input, parameter.arg.example)


def bad_params(operation: AnyOperation) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield calls that must not parse, with the parameter that is wrong."""
    good = good_params(operation.params)
    yield "surprise", {**good, "surprise": 1}
    for parameter in describe(operation.params):
        if parameter.required:
            yield parameter.name, {name: value for name, value in good.items() if name != parameter.name}
            yield parameter.name, {**good, parameter.name: None}
        empty: list[Any] = [] if parameter.name in OBJECTS else [{}]
        for wrong in ("", "   ", "\x00", "x" * 501, [], *empty, float("nan"), float("inf"), -1, object()):
            yield parameter.name, {**good, parameter.name: wrong}
        if parameter.arg.input is Input.NUMBER:
            for wrong in ("-3", "1.5", "NaN", "inf", "9" * 13, "²", "٣", True, "1; drop table approval"):
                yield parameter.name, {**good, parameter.name: wrong}
        if parameter.name == "user":
            for wrong in ("maria", "<@>", "<@U1", "U" + "A" * 200, "<@" + "U" * 300 + ">", "C0123456", "u1"):
                yield parameter.name, {**good, parameter.name: wrong}
        if parameter.name == "role":
            for wrong in ("boss", "5", 5, "owner manager"):
                yield parameter.name, {**good, parameter.name: wrong}


SIGNED = {("kpi.record", "value"), ("regression.policy_set", "floor"), ("regression.policy_set", "reference_rate")}
"""Numbers that may be negative, or whose sign is judged with the rest of a policy."""
ENGAGED_WHATEVER = ("killswitch.engage", "reason")
"""Nothing that can be typed as a reason keeps the switch from being engaged."""
BAD = [
    (f"{operation.name}-{name}-{number}", operation, name, params)
    for operation in PUBLIC
    if not operation.name.startswith("followup.")  # a lead's id and an owner's name are taken as they come
    for number, (name, params) in enumerate(bad_params(operation))
    if not ((operation.name, name) in SIGNED and params[name] == -1)
    and not ((operation.name, name) == ("kpi.record", "detail") and params[name] == {})  # nothing more to say of it
    and not ((operation.name, name) == ENGAGED_WHATEVER and isinstance(params[name], str | int))
]


def test_an_unknown_operation_is_refused_and_writes_nothing(world: World) -> None:
    """A name outside the registry is an answer, not an exception, and leaves no row."""
    before = world.snapshot()
    refusal = world.refused(OWNER, "launch.missiles`\x07")
    assert (refusal.kind, refusal.code) == (Kind.NOT_FOUND, "unknown_operation")
    assert "`" not in refusal.detail.replace("`launch.missiles`", "")
    assert refusal.reference
    assert world.snapshot() == before


def test_there_is_bad_input_of_many_kinds() -> None:
    """The generator of bad input has not gone silent."""
    assert len(BAD) > 200


def test_bad_input_is_explained_and_changes_nothing_whoever_sends_it(world: World) -> None:
    """Every bad value is refused by name with an expectation or a list, from a stranger, an operator, a manager."""
    before = world.snapshot()
    for case, operation, name, params in BAD:
        for user in (STRANGER, OPERATOR, MANAGER):
            outcome = world.gate.run(Call(operation.name, params, Caller(user, Surface.SLACK)))
            assert isinstance(outcome, Refused), (case, outcome)
            assert outcome.kind is Kind.INVALID, (case, outcome)
            assert f"`{name}`" in outcome.detail, (case, outcome)
            assert outcome.remedy, (case, outcome)
            assert outcome.field == name, (case, outcome)
    assert world.snapshot() == before


@pytest.mark.parametrize("key", ["", "k" * 256, "k\x00", "line\nbreak"])
def test_a_key_no_database_can_keep_is_bad_input(world: World, key: str) -> None:
    """An idempotency key that is empty, too long or unprintable is refused and nothing is written."""
    before = world.snapshot()
    refusal = world.refused(OPERATOR, "killswitch.engage", key=key)
    assert (refusal.kind, refusal.code) == (Kind.INVALID, "bad_key")
    assert world.snapshot() == before


@pytest.mark.parametrize("correlation_id", ["", "c" * 65, "c\x00"])
def test_a_correlation_id_no_database_can_keep_is_bad_input(world: World, correlation_id: str) -> None:
    """Programs send their own; what does not fit is refused by name, and nothing is written."""
    before = world.snapshot()
    call = Call("killswitch.engage", {}, Caller(OPERATOR, Surface.HTTP), correlation_id=correlation_id)
    refusal = world.gate.run(call)
    assert isinstance(refusal, Refused)
    assert (refusal.kind, refusal.code) == (Kind.INVALID, "bad_correlation_id")
    assert world.snapshot() == before


def test_a_claimed_actor_of_any_length_stops_nothing(world: World) -> None:
    """What a program says of itself is trimmed, and the kill switch is engaged."""
    caller = Caller(OPERATOR, Surface.HTTP, claimed_actor="dialer\x00" * 40)
    assert isinstance(world.gate.run(Call("killswitch.engage", {}, caller)), Done)
    assert world.audit()[0].claimed_actor == ("dialer" * 40)[:64]


def test_every_public_operation_refuses_the_role_below(world: World) -> None:
    """One role below is refused with both roles named; an audit row is all it leaves, and a read leaves none."""
    after = world.snapshot()
    for operation in PUBLIC:
        if operation.role is None:
            continue
        user, before = ONE_BELOW[operation.role], after
        refusal = world.refused(user, operation.name, **good_params(operation.params))
        assert (refusal.kind, refusal.code) == (Kind.NOT_ALLOWED, "role"), operation.name
        assert refusal.figures["needs"] == operation.role.word
        assert refusal.remedy
        after = world.snapshot()
        changed = changed_tables(before, after)
        if operation.reads:
            assert changed == set(), operation.name
        else:
            assert changed == {"audit_event", "audit_unsealed"}, operation.name
            last = world.audit()[-1]
            assert (last.actor, last.operation, last.outcome) == (user, operation.name, "refused")
            assert last.after["code"] == "role"


def test_a_stranger_may_ask_for_help_and_access_and_nothing_else(world: World) -> None:
    """Without a role everything but help and the request for a role is refused, with the button to ask."""
    for operation in PUBLIC:
        outcome = world.run(STRANGER, operation.name, **good_params(operation.params))
        if operation.role is None:
            assert operation.name in {"system.help", "system.home", "access.request"}
            assert not isinstance(outcome, Refused)
            continue
        assert isinstance(outcome, Refused), operation.name
        assert "no role here yet" in outcome.detail
        needs_little = operation.role <= Role.ONCALL
        assert [button.operation for button in outcome.buttons] == (["access.request"] if needs_little else [])


def test_a_deactivated_person_may_do_nothing(world: World) -> None:
    """A deactivated account is refused everywhere, whatever the grants say."""
    world.deactivate(OWNER)
    for operation in PUBLIC:
        refusal = world.refused(OWNER, operation.name, **good_params(operation.params))
        assert refusal.code == "deactivated", operation.name
        assert not refusal.figures.get("has")


def test_a_revoked_role_counts_no_more(world: World) -> None:
    """Who was an owner once is a stranger now."""
    world.fire(OWNER)
    assert world.refused(OWNER, "golive.state").figures["has"] is None


def test_the_highest_of_several_roles_counts(world: World) -> None:
    """Two grants add up to the higher one, and go back to the lower when that is taken away."""
    assert world.refused(AUDITOR, "golive.attest", statement="counsel_asked").figures["has"] == "auditor"
    world.hire(AUDITOR, Role.MANAGER)
    world.done(AUDITOR, "golive.attest", statement="counsel_asked")
    world.fire(AUDITOR)
    assert world.refused(AUDITOR, "golive.attest", statement="counsel_asked").code == "role"


@pytest.mark.parametrize("surface", [surface for surface in Surface if surface is not Surface.SLACK])
def test_deciding_happens_in_slack_only(world: World, surface: Surface) -> None:
    """Approve, reject, break glass on a request and sign-off are refused on every other way in."""
    before = world.snapshot()
    for name in ("approvals.approve", "approvals.reject", "approvals.break_glass", "approvals.signoff"):
        refusal = world.refused(OWNER, name, surface=surface, **good_params(REGISTRY[name].params))
        assert refusal.code == "wrong_surface"
        assert "slack" in refusal.detail
    assert changed_tables(before, world.snapshot()) == {"audit_event", "audit_unsealed"}


def test_internal_operations_refuse_people(world: World) -> None:
    """Nobody, on no surface, runs what the program runs by itself; each try is in the audit."""
    assert SWEEPS
    for operation in SWEEPS:
        for surface in Surface:
            before = len(world.audit())
            assert world.refused(OWNER, operation.name, surface=surface).code == "internal"
            assert [row.outcome for row in world.audit()[before:]] == ["refused"]


@pytest.mark.parametrize("surface", [Surface.SLACK, Surface.HTTP, Surface.CLI])
def test_nobody_becomes_the_system_by_name(world: World, surface: Surface) -> None:
    """A caller called `system` who comes from outside is a stranger."""
    assert world.refused("system", "audit.seal", surface=surface).code == "internal"
    assert world.refused("system", "golive.state", surface=surface).code == "role"


def test_the_system_runs_internal_operations_only(world: World) -> None:
    """The program itself is no person: every public operation refuses it."""
    for operation in PUBLIC:
        outcome = world.gate.run(Call(operation.name, good_params(operation.params), SYSTEM))
        assert isinstance(outcome, Refused)
        assert outcome.code == "internal", operation.name
    for operation in SWEEPS:
        assert isinstance(world.gate.run(Call(operation.name, {}, SYSTEM)), Done), operation.name


def test_an_internal_operation_that_did_nothing_leaves_no_trace(world: World) -> None:
    """Sweeps run every few seconds; the audit must not fill with them."""
    before = world.snapshot()
    for operation in SWEEPS:
        world.system(operation.name)
    assert world.snapshot() == before


def test_reads_write_nothing(world: World) -> None:
    """Every reading operation, by who may, leaves the whole database as it was."""
    before = world.snapshot()
    for operation in PUBLIC:
        if operation.reads:
            outcome = world.run(OWNER, operation.name, **good_params(operation.params))
            is_missing = isinstance(outcome, Refused) and outcome.kind is Kind.NOT_FOUND
            assert isinstance(outcome, Done) or is_missing, (operation.name, outcome)
    assert world.snapshot() == before


def test_claimed_actors_are_recorded_and_count_for_nothing(world: World) -> None:
    """Whom a caller says it acts for is written down; the authenticated caller is judged and is the actor."""
    caller = Caller(OPERATOR, Surface.HTTP, claimed_actor=OWNER)
    refusal = world.gate.run(Call("golive.attest", {"statement": "counsel_asked"}, caller))
    assert isinstance(refusal, Refused)
    done = world.gate.run(Call("killswitch.engage", {"reason": "drill"}, caller))
    assert isinstance(done, Done)
    assert [(row.actor, row.claimed_actor, row.outcome) for row in world.audit()] == [
        (OPERATOR, OWNER, "refused"),
        (OPERATOR, OWNER, "done"),
    ]


def test_every_act_says_who_what_when_why_and_how_it_was_before(world: World) -> None:
    """One audit row per act with actor, surface, target, reason, correlation id, before and after."""
    call = world.call(OPERATOR, "killswitch.engage", reason="texts without opt-out", surface=Surface.CLI)
    outcome = world.gate.run(call)
    assert isinstance(outcome, Done)
    (row,) = world.audit()
    assert outcome.audit_id == row.id
    assert (row.actor, row.surface, row.outcome, row.at) == (OPERATOR, "cli", "done", world.clock())
    assert (row.reason, row.correlation_id) == ("texts without opt-out", call.correlation_id)
    assert row.before["kill_switch_engaged"] is False
    assert row.after["kill_switch_engaged"] is True


def test_messages_carry_the_audit_id_of_their_act(world: World) -> None:
    """A card that shows its audit entry points at the right one."""
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    (row,) = world.audit()
    cards = [message.payload for message in world.rows("outbox") if message.card == "kill_switch"]
    assert [card["audit_id"] for card in cards] == [row.id, row.id]


def test_what_raises_writes_nothing(world: World) -> None:
    """An unexpected exception comes out of the gate, and not one row stays."""
    before = world.snapshot()

    def explode(_act: object) -> None:
        raise RuntimeError("power cut")

    world.gate.before_commit = explode
    with pytest.raises(RuntimeError, match="power cut"):
        world.run(OPERATOR, "killswitch.engage", reason="drill", key="k")
    assert world.snapshot() == before


def test_a_refusal_by_the_operation_itself_is_kept_in_the_audit(world: World) -> None:
    """What the operation's own rules refuse commits its audit row with code and words."""
    refusal = world.refused(MANAGER, "approvals.ask", approval_id="A-999", reason="why?")
    assert refusal.code == "no_such_approval"
    (row,) = world.audit()
    assert (row.outcome, row.after["code"], row.after["detail"]) == ("refused", "no_such_approval", refusal.detail)
