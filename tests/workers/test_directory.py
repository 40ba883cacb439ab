"""Slack's directory as the workers read it: user groups, deactivated people, and what cannot be read."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.slack_double import SlackDouble
from domain.access.directory import JOB, OK
from domain.clock import system_clock
from domain.gate import Call
from domain.identity import Caller, Surface
from domain.outcomes import Done
from domain.ticks import service as ticks
from tests.workers.slack import OWNER, Scene
from workers.directory import Directory


@pytest.fixture
def grouped(database_url: str, double: SlackDouble) -> Iterator[Scene]:
    """A workspace with two groups that give roles."""
    for name in ("alice", "ben", "cleo"):
        double.add_user(name, id=f"U0{name.upper()}")
    double.add_group("crew", ["alice", "ben"], id="S0CREW")
    double.add_group("dialers", ["cleo"], id="S0DIAL")
    scene = Scene(database_url, double, VALHALLA_GROUP_ONCALL="@crew", VALHALLA_GROUP_OPERATOR="S0DIAL")
    yield scene
    scene.close()


def held(scene: Scene) -> dict[str, str]:
    """Who holds what now, but the owner."""
    return {row.user_id: row.role for row in scene.rows("role_grant") if not row.revoked_at and row.user_id != OWNER}


def directory(scene: Scene) -> Directory:
    """A look-out whose thread is not started."""
    return Directory(scene.gate, scene.gate_slack())


def test_members_hold_the_role_and_those_who_leave_lose_it(grouped: Scene, double: SlackDouble) -> None:
    looks = directory(grouped)
    assert looks.look() == OK
    assert held(grouped) == {"U0ALICE": "oncall", "U0BEN": "oncall", "U0CLEO": "operator"}
    before = len(grouped.rows("audit_event"))
    assert looks.look() == OK
    assert len(grouped.rows("audit_event")) == before
    double.set_group_users("crew", ["ben", "cleo"])
    assert looks.look() == OK
    assert held(grouped) == {"U0BEN": "oncall", "U0CLEO": "operator"} | {"U0CLEO": "oncall"}
    assert len([row for row in grouped.rows("role_grant") if not row.revoked_at]) == 4


def test_a_deactivated_person_is_revoked_by_itself(grouped: Scene, double: SlackDouble) -> None:
    looks = directory(grouped)
    looks.look()
    double.deactivate("ben")
    assert looks.look() == OK
    assert "U0BEN" not in held(grouped)
    double.deactivate("ben", deleted=False)
    assert looks.look() == OK
    assert held(grouped)["U0BEN"] == "oncall"


def test_an_account_that_slack_does_not_know_keeps_no_other_from_being_looked_at(
    grouped: Scene, double: SlackDouble
) -> None:
    """A mistyped id in a grant or a setting: it keeps what it has, and the look goes on to the next."""
    looks = directory(grouped)
    looks.look()
    grant = Call("access.grant", {"user": "U00TYPO", "role": "auditor"}, Caller(OWNER, Surface.CLI))
    assert isinstance(grouped.gate.run(grant), Done)
    double.deactivate("ben")
    assert looks.look() == OK
    assert held(grouped) == {"U00TYPO": "auditor", "U0ALICE": "oncall", "U0CLEO": "operator"}


@pytest.mark.parametrize("trouble", ["plan", "scope", "500", "away", "gone"])
def test_what_cannot_be_read_takes_nothing_away(grouped: Scene, double: SlackDouble, trouble: str) -> None:
    """A plan without groups, a token without the scope, Slack in trouble, a group that is not there."""
    looks = directory(grouped)
    looks.look()
    before = held(grouped)
    if trouble == "plan":
        double.set_user_groups(available=False)
    elif trouble == "scope":
        double.revoke_scopes("usergroups:read")
    elif trouble == "500":
        double.faults.add("http_error", "*", times=None, status=500)
    elif trouble == "away":
        double.faults.add("away", times=None)
    else:
        looks = directory(_with(grouped, group_oncall="nobodys"))
    said = looks.look()
    assert said != OK
    expected = {"plan": "plan_upgrade_required", "scope": "usergroups:read", "gone": "@nobodys"}.get(trouble, "")
    assert expected in said
    assert held(grouped) == before
    double.faults.clear()


def _with(scene: Scene, **settings: Any) -> Scene:
    scene.gate.settings = scene.settings.model_copy(update=settings)
    return scene


def test_without_the_setting_what_groups_gave_is_taken(grouped: Scene) -> None:
    directory(grouped).look()
    assert directory(_with(grouped, group_oncall=None)).look() == OK
    assert held(grouped) == {"U0CLEO": "operator"}


def test_a_group_switched_off_gives_nothing(grouped: Scene, double: SlackDouble) -> None:
    directory(grouped).look()
    double._backend.workspace.group("crew").disabled = True
    assert directory(grouped).look() == OK
    assert held(grouped) == {"U0CLEO": "operator"}


def test_of_many_people_each_is_asked_about_in_turn(
    grouped: Scene, double: SlackDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.directory.AT_ONCE", 2)
    looks = directory(grouped)
    looks.look()
    double.deactivate("ben")
    double.deactivate("cleo")
    for turn in (0, 1):
        looks.look(turn)
    assert held(grouped) == {"U0ALICE": "oncall"}


def test_a_minute_is_looked_at_by_one_worker_and_what_came_of_it_is_kept(grouped: Scene) -> None:
    """And leaves nothing for the sweep to run."""
    workers = [directory(grouped) for _worker in range(3)]
    assert [worker.tick() for worker in workers] == [False] * 3
    for worker in workers:
        worker._seen -= timedelta(minutes=1)
    assert sorted(worker.tick() for worker in workers) == [False, False, True]
    assert len(held(grouped)) == 3
    with grouped.database.read() as connection:
        assert not ticks.has_work(connection, system_clock(), grouped.settings.lease)
        at, said = ticks.newest(connection, JOB) or (None, None)
    assert said == OK
    assert at is not None
    assert system_clock() - at < timedelta(minutes=2)


def owners(scene: Scene) -> list[str]:
    """Who is owner now."""
    return [row.user_id for row in scene.rows("role_grant") if row.role == "owner" and not row.revoked_at]


@pytest.fixture
def unnamed(database_url: str, double: SlackDouble) -> Iterator[Scene]:
    """No setting names an owner."""
    scene = Scene(database_url, double, VALHALLA_OWNERS=())
    yield scene
    scene.close()


def test_where_no_setting_names_an_owner_it_is_who_owns_the_workspace(unnamed: Scene, double: SlackDouble) -> None:
    """Somebody who left is passed over, and so is everybody else; found once, Slack is not asked again."""
    double.add_user("founder", id="U0FOUNDER", is_primary_owner=True, deleted=True)
    double.add_user("anna", id="U0ANNA")
    looks = directory(unnamed)
    assert looks.look() == OK
    assert owners(unnamed) == []
    double.add_user("bryan", id="U0BRYAN", is_primary_owner=True)
    assert looks.look() == OK
    assert owners(unnamed) == ["U0BRYAN"]
    asked = len(double.calls("users.list"))
    assert looks.look() == OK
    assert len(double.calls("users.list")) == asked


def test_where_slack_does_not_say_who_owns_it_nobody_is_made_owner(unnamed: Scene, double: SlackDouble) -> None:
    double.add_user("bryan", id="U0BRYAN", is_primary_owner=True)
    double.faults.add("http_error", "users.list", times=1, status=500)
    looks = directory(unnamed)
    assert looks.look() == OK
    assert owners(unnamed) == []
    assert looks.look() == OK
    assert owners(unnamed) == ["U0BRYAN"]


def test_with_a_setting_slack_is_not_asked_who_owns_it(grouped: Scene, double: SlackDouble) -> None:
    assert directory(grouped).look() == OK
    assert double.calls("users.list") == []
