"""The switches through the gate: what may act, what is announced, what the history keeps."""

from typing import Any

import pytest

from domain.identity import Role, Surface
from domain.operation import ExecutionClass
from domain.outcomes import Done, Kind, Refused
from domain.prime_law import service
from tests.domain.prime_law.test_rules import TABLE
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, World

EVERYBODY_ELSE = (MANAGER, SECOND)


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("engaged", [False, True])
def test_the_gate_obeys_the_table(world: World, live: bool, engaged: bool) -> None:
    """Every class with and without ↓, in every state, acts or is refused as the table says; refusals act not."""
    world.switches(live=live, engaged=engaged)
    expected = 0
    for klass in ExecutionClass:
        for down in ("", "_down"):
            allowed = bool(down) or TABLE[klass][2 * engaged + live]
            for surface in (Surface.SLACK, Surface.HTTP, Surface.CLI, Surface.WORKER):
                outcome = world.run(OPERATOR, f"test.{klass.value.lower()}{down}", surface=surface)
                assert isinstance(outcome, Done) is allowed
                if isinstance(outcome, Refused):
                    assert outcome.kind is Kind.PRIME_LAW
                expected += allowed
    assert world.acts() == expected
    refused = [row for row in world.audit() if row.outcome == "refused"]
    assert len(refused) == 32 - expected


def test_both_switches_are_off_at_first(world: World) -> None:
    """A new database is not live and not engaged."""
    view = world.done(AUDITOR, "golive.state")
    assert (view.go_live_enabled, view.kill_switch_engaged, view.version, view.was_ever_live) == (
        False,
        False,
        1,
        False,
    )


def test_engage_is_immediate_for_an_operator_and_announced_first(world: World) -> None:
    """One press, no approval; governance and on-call hear of it ahead of everything else."""
    world.pending(ONCALL, "test.policy_set")
    card = world.done(OPERATOR, "killswitch.engage", reason="texts without opt-out in QC")
    assert card.is_engaged
    assert card.reasons == ("texts without opt-out in QC",)
    announced = [row for row in world.rows("outbox") if row.card == "kill_switch"]
    assert [row.destination for row in announced] == ["route:governance", "route:oncall"]
    assert {row.priority for row in announced} == {0}
    assert min(row.priority for row in world.rows("outbox") if row.card != "kill_switch") > 0
    assert world.done(AUDITOR, "golive.state").kill_switch_engaged


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("x" * 501, (f"{'x' * 499}…",)), ("x" * 500, ("x" * 500,)), (" \n", ()), ("\x00", ()), ("", ()),
        (40, ("40",)), (f"Quebec\n{' ' * 600}", ("Quebec",)),
    ],
)  # fmt: skip
def test_no_reason_keeps_the_switch_from_being_engaged(world: World, typed: Any, kept: tuple[str, ...]) -> None:
    """Whoever pastes too much, or nothing, in a hurry has still stopped everything."""
    assert world.done(OPERATOR, "killswitch.engage", reason=typed).reasons == kept
    assert world.done(AUDITOR, "golive.state").kill_switch_engaged


def test_engage_without_a_reason_engages_and_asks_for_one_afterwards(world: World) -> None:
    """Nothing delays the switch; the presser is asked in a direct message, and `explain` adds the words."""
    world.done(OPERATOR, "killswitch.engage")
    assert [row.destination for row in world.rows("outbox") if row.card == "reason_asked"] == [f"user:{OPERATOR}"]
    epoch = world.done(AUDITOR, "golive.state").version
    card = world.done(ONCALL, "killswitch.explain", reason="40 texts had no opt-out line")
    assert card.reasons == ("40 texts had no opt-out line",)
    view = world.done(AUDITOR, "golive.state")
    assert (view.reason, view.version) == ("40 texts had no opt-out line", epoch)


def test_engage_again_keeps_who_and_when_and_adds_the_reason(world: World) -> None:
    """A second press is no second engagement; its words are added, and silence takes no words away."""
    first = world.done(OPERATOR, "killswitch.engage", reason="one")
    world.clock.advance(minutes=1)
    again = world.done(ONCALL, "killswitch.engage", reason="two")
    assert again.already_engaged
    assert (again.engaged_by, again.engaged_at) == (OPERATOR, first.engaged_at)
    assert again.reasons == ("one", "two")
    world.done(MANAGER, "killswitch.engage")
    assert world.done(AUDITOR, "golive.state").reason == "two"
    assert len({row.thing for row in world.rows("outbox") if row.card == "kill_switch"}) == 1
    assert not [row for row in world.rows("outbox") if row.card == "reason_asked"]


def test_the_reasons_of_an_older_engagement_are_not_told_again(world: World) -> None:
    """Each engagement has its own card and its own reasons."""
    world.done(OPERATOR, "killswitch.engage", reason="first")
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    assert isinstance(world.approve(MANAGER, request.approval_id), Done)
    world.clock.advance(minutes=1)
    assert world.done(OPERATOR, "killswitch.engage", reason="second").reasons == ("second",)
    assert len({row.thing for row in world.rows("outbox") if row.card == "kill_switch"}) == 2


@pytest.mark.parametrize("name", ["killswitch.explain", "killswitch.release"])
def test_there_is_nothing_to_explain_or_release_while_it_is_clear(world: World, name: str) -> None:
    """A clear switch is said to be clear, and nothing changes."""
    before = world.rows("go_live_state"), world.rows("go_live_history"), world.rows("approval")
    assert world.refused(ONCALL, name, reason="over").kind is Kind.CONFLICT
    assert (world.rows("go_live_state"), world.rows("go_live_history"), world.rows("approval")) == before


def test_disable_is_immediate_for_an_operator(world: World) -> None:
    """The safe direction needs nobody else; a second press says that it was off already."""
    world.switches(live=True)
    assert world.done(OPERATOR, "golive.disable", reason="dialer misbehaves").changed
    assert not world.done(OPERATOR, "golive.disable", reason="dialer misbehaves").changed
    assert world.count("go_live_history") == 1
    assert world.done(AUDITOR, "golive.state").was_ever_live


def test_the_card_of_go_live_keeps_no_button_once_it_is_off(world: World) -> None:
    """The request's card says since when, by whom and why; going live again is another request."""
    world.make_ready()
    asked = world.pending(MANAGER, "golive.enable", reason="drill done")
    assert isinstance(world.approve(SECOND, asked.approval_id), Done)
    world.clock.advance(minutes=5)
    world.done(OPERATOR, "golive.disable", reason="dialer misbehaves")
    world.done(OPERATOR, "golive.disable", reason="pressed again")

    def ends() -> list[tuple[int, str]]:
        cards = [row.payload for row in world.rows("outbox", "card = 'approval' AND destination = 'route:governance'")]
        return [(card["approval_id"], card["taken_back"]["reason"]) for card in cards if card["taken_back"]]

    assert ends() == [(asked.approval_id, "dialer misbehaves")]
    world.keep_ready()
    again = world.pending(MANAGER, "golive.enable", reason="mended")
    assert isinstance(world.approve(SECOND, again.approval_id), Done)
    world.clock.advance(minutes=5)
    world.done(OPERATOR, "golive.disable", reason="again")
    assert ends() == [(asked.approval_id, "dialer misbehaves"), (again.approval_id, "again")]


def test_failure_16_every_change_is_a_row_of_the_history(world: World) -> None:
    """Four toggles leave four rows, each with actor, approver, reason, both switches and the epoch."""
    world.make_ready()
    go = world.pending(MANAGER, "golive.enable", reason="drill done")
    assert isinstance(world.approve(SECOND, go.approval_id), Done)
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    over = world.pending(ONCALL, "killswitch.release", reason="over")
    assert isinstance(world.approve(SECOND, over.approval_id), Done)
    world.done(OPERATOR, "golive.disable", reason="evening")
    told = [
        (row.action, row.actor, row.approved_by, row.reason, row.go_live_enabled, row.kill_switch_engaged, row.version)
        for row in world.rows("go_live_history")
    ]
    assert told == [
        ("enable", MANAGER, SECOND, "drill done", True, False, 2),
        ("engage", OPERATOR, None, "drill", True, True, 3),
        ("release", ONCALL, SECOND, "over", True, False, 4),
        ("disable", OPERATOR, None, "evening", False, False, 5),
    ]


@pytest.mark.parametrize("surface", [Surface.SLACK, Surface.HTTP, Surface.CLI, Surface.WORKER])
def test_failure_16_enabling_with_a_failing_checklist_is_refused_everywhere(world: World, surface: Surface) -> None:
    """With a blocker no request is even made, on any surface; every blocker is named."""
    refusal = world.refused(OWNER, "golive.enable", reason="go", surface=surface)
    assert refusal.code == "blocked"
    assert "go-live checklist" in refusal.figures["blockers"]
    assert "worker seen" in refusal.figures["blockers"]
    assert world.count("approval") == 0
    assert not world.done(AUDITOR, "golive.state").go_live_enabled


def test_failure_16_enabling_with_a_failing_checklist_is_refused_from_code(world: World) -> None:
    """The service itself refuses, whoever calls it, and writes nothing."""
    before = world.snapshot()
    with world.act() as act:
        found = service.enable(act, "from code")
    assert isinstance(found, Refused)
    assert found.code == "blocked"
    assert world.snapshot() == before


def test_failure_16_without_dual_control_a_blocker_still_refuses(sqlite_url: str) -> None:
    """VALHALLA_DUAL_CONTROL=off spares the second person, not the checklist."""
    world = World(sqlite_url, VALHALLA_DUAL_CONTROL=False)
    world.staff()
    assert world.refused(MANAGER, "golive.enable", reason="go").code == "blocked"
    world.make_ready()
    world.keep_ready()
    assert world.done(MANAGER, "golive.enable", reason="go").go_live_enabled
    world.close()


def test_enable_needs_a_manager_and_a_second_one(world: World) -> None:
    """On-call cannot ask; a manager's request is decided by another."""
    world.make_ready()
    assert world.refused(ONCALL, "golive.enable", reason="go").code == "role"
    request = world.pending(MANAGER, "golive.enable", reason="go")
    assert request.can_decide == (OWNER, SECOND)
    assert not world.done(AUDITOR, "golive.state").go_live_enabled
    world.approve(SECOND, request.approval_id)
    assert world.done(AUDITOR, "golive.state").go_live_enabled


def test_release_leaves_go_live_as_it_was(world: World) -> None:
    """Released while go-live is off, production stays off."""
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    world.approve(MANAGER, request.approval_id)
    view = world.done(AUDITOR, "golive.state")
    assert (view.go_live_enabled, view.kill_switch_engaged) == (False, False)
    assert world.refused(OPERATOR, "test.prod_exec").code == "go_live_off"


def test_a_switch_change_is_announced_with_both_names(world: World) -> None:
    """The release card names who asked and who approved."""
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    world.approve(MANAGER, request.approval_id)
    card = [row.payload for row in world.rows("outbox") if row.card == "kill_switch"][-1]
    assert (card["is_engaged"], card["requested_by"], card["released_by"]) == (False, ONCALL, MANAGER)
    assert card["release_reason"] == "over"


def test_a_system_hire_cannot_be_an_owner_alone_while_others_approve(world: World) -> None:
    """An owner's release is asked like anybody's while a second manager exists, set-up or not."""
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    request = world.pending(OWNER, "killswitch.release", reason="over")
    assert set(request.can_decide) == set(EVERYBODY_ELSE)
    for user in EVERYBODY_ELSE:
        world.fire(user)
    world.hire("ULATE", Role.MANAGER)
    world.deactivate("ULATE")
    assert world.done(OWNER, "killswitch.release", reason="over").is_engaged is False


def test_a_refusal_says_since_when_go_live_is_off_whatever_the_kill_switch_did_meanwhile(world: World) -> None:
    """It named the release of the switch, of a go-live that had been off for days, or that was never on."""

    def engaged_and_released() -> None:
        world.clock.advance(hours=1)
        world.done(OPERATOR, "killswitch.engage", reason="drill")
        asked = world.pending(MANAGER, "killswitch.release", reason="over")
        world.approve(SECOND, asked.approval_id)

    engaged_and_released()
    assert world.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100").figures["since"] is None
    world.switches(live=True)
    world.done(OPERATOR, "golive.disable", reason="enough")
    off_since = world.clock().isoformat()
    engaged_and_released()
    assert world.refused(OPERATOR, "risk.reserve", engine="WHOLESALE", amount="100").figures["since"] == off_since
    assert world.done(OPERATOR, "golive.state").go_live_changed_at.isoformat() == off_since
