"""What the Home tab of each person holds; on both databases."""

from datetime import timedelta
from typing import Any

from domain.alerts.service import raise_alert
from domain.identity import Role
from domain.system.results import HomeView
from tests.domain.followup.factories import callable_now, claim, live
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, STRANGER, World

POLICY = "test.policy_set"


def home(world: World, user: str) -> HomeView:
    """The tab of a person."""
    view = world.done(user, "system.home")
    assert isinstance(view, HomeView)
    return view


def ids(lines: Any) -> list[int]:
    """Which requests."""
    return [line.approval_id for line in lines]


def test_a_stranger_sees_nothing_of_the_business(world: World) -> None:
    """Only that he has no role; what he may do is to ask."""
    world.pending(ONCALL, POLICY)
    view = home(world, STRANGER)
    assert (view.role, view.switches, view.due, view.alerts_total, view.to_decide_total) == (None,) * 5
    assert (view.to_decide, view.asked, view.may) == ((), (), ())


def test_a_stranger_sees_his_own_request(world: World) -> None:
    """Asked for access: he sees that it waits."""
    request = world.pending(STRANGER, "access.request", reason="Monday", role="operator")
    assert ids(home(world, STRANGER).asked) == [request.approval_id]


def test_each_role_sees_its_parts(world: World) -> None:
    """Decisions for managers, alerts for on-call and above, steps for operators and above, switches for all."""
    parts = {
        user: (view.to_decide_total is not None, view.alerts_total is not None, view.due is not None)
        for user in (AUDITOR, OPERATOR, ONCALL, MANAGER, OWNER)
        for view in (home(world, user),)
    }
    assert parts == {
        AUDITOR: (False, False, False), OPERATOR: (False, False, True), ONCALL: (False, True, True),
        MANAGER: (True, True, True), OWNER: (True, True, True),
    }  # fmt: skip
    assert all(home(world, user).switches for user in (AUDITOR, OPERATOR, OWNER))
    assert len(home(world, MANAGER).may) > len(home(world, AUDITOR).may) > 0


def test_what_i_can_decide_is_anothers_that_i_may_decide(world: World) -> None:
    """Not my own, not what needs more than my role, not what was asked before I became manager."""
    mine = world.pending(MANAGER, POLICY, thing="mine")
    others = world.pending(ONCALL, POLICY, thing="others")
    world.clock.advance(minutes=1)
    world.hire("ULATE", Role.MANAGER, since=world.clock())
    world.clock.advance(minutes=1)
    newer = world.pending(ONCALL, POLICY, thing="newer")
    assert ids(home(world, MANAGER).to_decide) == [others.approval_id, newer.approval_id]
    assert ids(home(world, MANAGER).asked) == [mine.approval_id]
    assert ids(home(world, SECOND).to_decide) == [mine.approval_id, others.approval_id, newer.approval_id]
    assert ids(home(world, "ULATE").to_decide) == [newer.approval_id]
    assert home(world, OPERATOR).to_decide == ()


def test_what_is_over_is_not_shown(world: World) -> None:
    """Decided, withdrawn, or past its time even before the sweep."""
    decided = world.pending(ONCALL, POLICY, thing="a")
    world.approve(MANAGER, decided.approval_id)
    world.pending(ONCALL, POLICY, thing="b")
    world.clock.advance(days=9)
    view = home(world, MANAGER)
    assert (view.to_decide, view.to_decide_total) == ((), 0)
    assert home(world, ONCALL).asked_total == 0


def test_only_the_first_few_are_shown_and_all_are_counted(world: World) -> None:
    """Five lines, and how many there are."""
    for number in range(7):
        world.pending(ONCALL, POLICY, thing=str(number))
    with world.act() as act:
        for number in range(6):
            raise_alert(act, f"a{number}", f"alert {number}")
    view = home(world, MANAGER)
    assert (len(view.to_decide), view.to_decide_total) == (5, 7)
    assert (len(view.alerts), view.alerts_total) == (5, 6)
    asked = home(world, ONCALL)
    assert (len(asked.asked), asked.asked_total) == (5, 7)


def test_my_steps_without_any_number(world: World) -> None:
    """What I have claimed and what is due, late first; nothing to call with."""
    live(world)
    mine = claim(world, callable_now(world, "L1"))
    callable_now(world, "L2", phone="+14035550199")
    view = home(world, OPERATOR)
    assert view.due
    assert [step.task_id for step in view.due.yours] == [mine.step.task_id]
    assert view.due.now
    assert view.due.stopped is None
    assert mine.number
    assert mine.number not in view.model_dump_json()


def test_while_acting_is_off_it_says_so(world: World) -> None:
    """The steps are shown with Prime Law's refusal."""
    live(world)
    callable_now(world)
    world.switches(live=True, engaged=True)
    view = home(world, OPERATOR)
    assert view.due
    assert view.due.stopped
    assert view.due.stopped.code == "kill_switch_engaged"
    assert view.switches
    assert view.switches.kill_switch_engaged


def test_it_writes_nothing(world: World) -> None:
    """A tab is opened many times a day."""
    world.pending(ONCALL, POLICY)
    before = world.snapshot()
    for user in (STRANGER, AUDITOR, OPERATOR, ONCALL, MANAGER, OWNER):
        home(world, user)
    assert world.snapshot() == before


def test_a_deactivated_account_gets_nothing(world: World) -> None:
    """Its roles are gone, and it is told so."""
    world.deactivate(MANAGER)
    assert world.refused(MANAGER, "system.home").code == "deactivated"


def test_as_of_is_now(world: World) -> None:
    """The reader sees how old it is."""
    world.clock.advance(minutes=7)
    assert home(world, OPERATOR).as_of == world.clock()
    assert home(world, OPERATOR).as_of - timedelta(0) == world.clock.now
