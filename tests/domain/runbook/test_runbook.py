"""The runbook through the gate, and what its blockers refuse."""

from datetime import timedelta

import pytest

from domain.outcomes import Done
from domain.runbook.results import Check
from tests.domain.approvals.test_forty_ways import word
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, World


def ready(world: World) -> None:
    """Let the runbook be green now."""
    world.make_ready()
    world.keep_ready()


def blockers(world: World) -> list[str]:
    """The names of what blocks."""
    return [check.name for check in world.done(AUDITOR, "runbook.status").blockers]


def test_a_new_installation_is_not_ok_and_says_why(world: World) -> None:
    """Nothing signed, no process seen: blockers, each with a cure."""
    status = world.done(AUDITOR, "runbook.status")
    assert not status.ok_to_enable_go_live
    assert {"go-live checklist", "worker seen", "scheduler seen", "Slack token, scopes, channels"} <= set(
        blockers(world)
    )
    assert all(check.cure for check in status.blockers)


def test_with_everything_recorded_it_is_ok(world: World) -> None:
    """Green: no blocker, on both databases."""
    ready(world)
    assert blockers(world) == []
    assert world.done(AUDITOR, "golive.checklist").ok_to_enable_go_live


def test_an_engaged_kill_switch_blocks(world: World) -> None:
    """Its own check is a blocker of go-live."""
    ready(world)
    world.switches(engaged=True)
    assert blockers(world) == ["kill switch clear"]


def test_statements_are_signed_by_name_and_the_newest_counts(world: World) -> None:
    """Signed by a manager, valid for its days, renewed by a later signature."""
    signed = world.done(MANAGER, "golive.attest", statement="kill_switch_drill", note="40 seconds").statement
    assert (signed.signed_by, signed.is_valid) == (MANAGER, True)
    assert signed.valid_until == world.clock() + timedelta(days=90)
    assert world.refused(ONCALL, "golive.attest", statement="kill_switch_drill").code == "role"
    assert world.refused(MANAGER, "golive.attest", statement="moon").field == "statement"
    world.clock.advance(days=90)
    world.done(SECOND, "golive.attest", statement="kill_switch_drill")
    shown = {item.statement: item for item in world.done(AUDITOR, "golive.checklist").statements}
    assert (shown["kill_switch_drill"].signed_by, shown["kill_switch_drill"].is_valid) == (SECOND, True)
    assert not shown["counsel_asked"].is_valid


def test_the_document_says_what_the_status_says(world: World) -> None:
    """Markdown and JSON have the same checks with the same words, and the same verdict."""
    for _ in range(2):
        status = world.done(AUDITOR, "runbook.status")
        text = world.done(AUDITOR, "runbook.markdown").markdown
        assert ("Not OK to go live." in text) is not status.ok_to_enable_go_live
        for title, checks in (
            ("## Blockers", status.blockers), ("## Warnings", status.warnings), ("## Info", status.info),
            ("## Passed", status.passed),
        ):  # fmt: skip
            assert (title in text) is bool(checks)
            section = text.split(title)[1].split("##")[0] if checks else ""
            lines = [line for line in section.splitlines() if line.startswith("- ")]
            assert lines == [_line(check) for check in checks]
        assert all(item.statement in text for item in status.statements)
        ready(world)


def _line(check: Check) -> str:
    return f"- {check.name}: {check.detail}" + (f" ({check.cure})" if check.cure else "")


def test_the_doctor_has_the_same_checks(world: World) -> None:
    """`doctor` and the runbook judge by one list."""
    status = world.done(AUDITOR, "runbook.status")
    names = {
        check.name for checks in (status.blockers, status.warnings, status.info, status.passed) for check in checks
    }
    assert {check.name for check in world.done(MANAGER, "system.doctor").checks} == names


# -- the gates of a release ------------------------------------------------------------------------


def test_with_go_live_off_blockers_do_not_refuse_a_release(world: World) -> None:
    """Nothing in production can act, so the runbook has no say."""
    world.done(OPERATOR, "killswitch.engage")
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    assert word(world.approve(MANAGER, request.approval_id)) == "approved"


def test_with_go_live_on_a_blocker_refuses_a_release(world: World) -> None:
    """Other than the switch itself: named at the request, and again at the decision."""
    world.switches(live=True)
    world.done(OPERATOR, "killswitch.engage")
    refusal = world.refused(ONCALL, "killswitch.release", reason="over")
    assert refusal.code == "blocked"
    assert "kill switch clear" not in refusal.figures["blockers"]
    assert "worker seen" in refusal.figures["blockers"]
    ready(world)
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    world.clock.advance(minutes=2)
    outcome = world.approve(MANAGER, request.approval_id)
    assert isinstance(outcome, Done)
    assert word(outcome) == "failed"
    assert "worker seen" in outcome.result.detail  # type: ignore[attr-defined]
    assert world.done(AUDITOR, "golive.state").kill_switch_engaged


def test_a_blocker_overridden_when_going_live_does_not_refuse_a_release(world: World) -> None:
    """What an owner overrode at go-live stays overridden for the releases after; another blocker refuses."""
    ready(world)
    world.execute("UPDATE attestation SET at = :at WHERE statement = 'dncl_registered'", at="2020-01-01 00:00:00")
    world.done(OWNER, "golive.enable", reason="go", break_glass="the registry answers tomorrow")
    assert world.rows("go_live_state")[0].overridden == ["go-live checklist"]
    world.done(OPERATOR, "killswitch.engage")
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    assert word(world.approve(MANAGER, request.approval_id)) == "approved"
    world.done(OPERATOR, "killswitch.engage")
    world.clock.advance(minutes=2)
    assert "worker seen" in world.refused(ONCALL, "killswitch.release", reason="over").figures["blockers"]


def test_break_glass_overrides_a_releases_blockers_and_lists_them(world: World) -> None:
    """Alone, loudly: the history, the audit and the card name what was overridden."""
    world.switches(live=True)
    world.done(OPERATOR, "killswitch.engage")
    card = world.done(OWNER, "killswitch.release", reason="over", break_glass="we lose money")
    assert any(text.startswith("worker seen") for text in card.overridden)
    assert world.rows("go_live_history")[-1].detail["overridden"] == list(card.overridden)
    assert world.audit("killswitch.release", "done")[0].after["overridden"] == list(card.overridden)
    assert not world.done(AUDITOR, "golive.state").kill_switch_engaged


@pytest.mark.parametrize("name", ["killswitch.release", "golive.enable"])
def test_break_glass_does_not_do_what_there_is_not_to_do(world: World, name: str) -> None:
    """A switch that is clear is not released, one that is on not switched on; nothing is recorded as done."""
    world.switches(live=True)
    refusal = world.refused(OWNER, name, reason="x", break_glass="x")
    assert refusal.code == "nothing_to_do"
    assert world.count("break_glass") == 0


def test_going_live_twice_lists_the_overridden_of_the_last_time_alone(world: World) -> None:
    """Disabling forgets what was overridden."""
    world.done(OWNER, "golive.enable", reason="go", break_glass="demo")
    world.done(OPERATOR, "golive.disable", reason="evening")
    assert world.rows("go_live_state")[0].overridden is None
    ready(world)
    request = world.pending(MANAGER, "golive.enable", reason="go")
    assert word(world.approve(SECOND, request.approval_id)) == "approved"
    assert world.rows("go_live_state")[0].overridden == []
