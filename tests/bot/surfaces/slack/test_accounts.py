"""What Slack says of accounts by itself, over both transports: a deactivation takes effect at once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from bot.surfaces.slack.manifest import BOT_SCOPES, manifest
from tests.bot.surfaces.slack.desk import Desk, desks
from tests.bot.surfaces.slack.http_desk import http_desk
from tests.support import MANAGER, OPERATOR, STRANGER

TRANSPORTS: dict[str, Callable[..., AbstractContextManager[Desk]]] = {"socket": desks, "http": http_desk}


@pytest.fixture(params=TRANSPORTS)
def desk(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[Desk]:
    """A bot over either transport, and nobody who looks around."""
    with TRANSPORTS[request.param](sqlite_url) as made:
        yield made


def held(desk: Desk, user: str) -> list[str]:
    """What somebody holds now."""
    return [row.role for row in desk.rows("role_grant") if row.user_id == user and row.revoked_at is None]


def asked(desk: Desk) -> int:
    """How often Slack was asked about an account."""
    return len(desk.double.calls("users.info"))


def event(user: str, *, deleted: bool) -> dict[str, Any]:
    """What Slack sends."""
    return {"event_id": "Ev1", "event": {"type": "user_change", "user": {"id": user, "deleted": deleted}}}


def hears(desk: Desk, monkeypatch: pytest.MonkeyPatch, user: str, *, deleted: bool) -> None:
    """Let the bot hear of it, and do what it does after its acknowledgement, here and now."""
    monkeypatch.setattr(desk.receiver.pools, "answer", lambda job: job())
    after = desk.receiver.on_account(event(user, deleted=deleted)).after
    if after is not None:
        after()


def test_a_deactivation_takes_effect_at_once(desk: Desk) -> None:
    """Roles are gone without anybody looking around; the entry says why, and the next command is refused."""
    assert held(desk, OPERATOR) == ["operator"]
    desk.double.deactivate(OPERATOR)
    desk.wait(lambda: not held(desk, OPERATOR), "the end of the role")
    (entry,) = desk.audit("access.account", "done")
    assert (entry.actor, entry.reason) == ("system", "deactivated in Slack")
    assert desk.refused(OPERATOR, "killswitch.engage", reason="still here").code == "deactivated"


def test_it_comes_twice_and_counts_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack sends again what it was not sure of; the second finds nothing to do, nor does a stranger's."""
    desk.double.deactivate(OPERATOR)
    desk.wait(lambda: not held(desk, OPERATOR), "the end of the role")
    before = asked(desk)
    hears(desk, monkeypatch, OPERATOR, deleted=True)
    hears(desk, monkeypatch, STRANGER, deleted=True)
    assert len(desk.audit("access.account")) == 1
    assert asked(desk) == before


def test_late_news_of_an_account_that_is_active_change_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deactivated and brought back, and the first event comes last: Slack is asked, and says that he is there."""
    hears(desk, monkeypatch, OPERATOR, deleted=True)
    assert asked(desk) == 1
    assert held(desk, OPERATOR) == ["operator"]
    assert desk.audit("access.account") == []


def test_any_other_change_of_an_account_costs_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """People change their status all day."""
    assert desk.receiver.on_account(event(OPERATOR, deleted=False)).after is None
    hears(desk, monkeypatch, OPERATOR, deleted=False)
    assert asked(desk) == 0


def test_where_slack_cannot_be_asked_it_is_left_to_the_look_around(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken away on hearsay."""
    desk.double.deactivate(OPERATOR)
    desk.wait(lambda: not held(desk, OPERATOR), "the end of the role")
    desk.double.faults.add("http_error", "users.info", times=None, status=500)
    hears(desk, monkeypatch, MANAGER, deleted=True)
    assert asked(desk) == 2
    assert held(desk, MANAGER) == ["manager"]


def test_the_app_asks_for_the_event_and_may_have_it(desk: Desk) -> None:
    """`user_change` needs `users:read` and nothing more."""
    made = manifest(desk.registry, desk.settings)
    assert "user_change" in made["settings"]["event_subscriptions"]["bot_events"]
    assert "users:read" in BOT_SCOPES
