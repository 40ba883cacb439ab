"""The tour in #general: it reads as Slack takes it, and whatever it says can be typed and pressed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.demo.cast import APP_TOKEN, BOT_TOKEN, CAST, CHANNELS
from bot.demo.happenings import Happenings
from bot.demo.tour import TOUR
from bot.demo.welcome import STEPS, post_tour, tour
from bot.demo.workspace import Workspace
from bot.slack_double import SlackDouble, message_error
from bot.surfaces.slack.grammar import Grammar, Line
from domain.outcomes import Refused
from domain.parameters import parse
from domain.registry import build_registry

GRAMMAR = Grammar(build_registry())
PRESSED_ON_CARDS = {"Approve…", "Demote…", "Check again", "Sign…", "Claim", "No answer", "valhalla Home"}
COMMAND = re.compile(r"`/(\w+) ?([^`]*)`")
WHO = re.compile(rf"\*({'|'.join(player.first_name for player in CAST)})\*")


def _panel_labels() -> set[str]:
    nothing: Any = type("Nothing", (), {"database": None})()
    return {one.label for one in Happenings(nothing, nothing, "", lambda _name: None).all()}


def test_slack_takes_it() -> None:
    assert message_error(tour().blocks) is None
    assert all(f"<#{CHANNELS[name]}>" in str(tour().blocks) for name in ("governance", "followups"))


def test_every_command_in_it_is_one_that_its_person_may_give() -> None:
    found = 0
    for step in STEPS:
        for command in COMMAND.finditer(step):
            line = GRAMMAR.read(command[1], command[2])
            assert isinstance(line, Line), line
            parsed = parse(line.operation.params, line.raw, now=datetime.now(UTC), zone=ZoneInfo("UTC"))
            assert not isinstance(parsed, Refused), parsed
            said = WHO.findall(step[: command.start()])[-1]
            role = next(player.role for player in CAST if player.first_name == said)
            assert role is not None
            assert line.operation.role is None or role >= line.operation.role
            found += 1
    assert found == 7


def test_it_shows_how_a_model_is_let_act_and_taken_back() -> None:
    """Asked with its evidence, approved by somebody else; once, and after go-live."""
    (number,) = [number for number, step in enumerate(STEPS) if "/heimdall promote WHOLESALE_OFFER" in step]
    assert number > next(number for number, step in enumerate(STEPS) if "/golive enable" in step)
    named = re.findall(r"\*([^*]+)\*", STEPS[number])
    assert named == ["Leo", "Dana", "Approve…", "Demote…"]
    assert "/heimdall promote WHOLESALE_OFFER two clean weeks" in TOUR


def test_whatever_it_names_is_there() -> None:
    people = {player.first_name for player in CAST}
    named = {name for step in STEPS for name in re.findall(r"\*([^*]+)\*", step)}
    assert named - people - PRESSED_ON_CARDS <= _panel_labels()
    assert {"A signature runs out", "An hour passes"} <= named


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A client of an empty workspace with the demo's people in it."""
    with SlackDouble(bot_token=BOT_TOKEN, app_token=APP_TOKEN) as double:
        client = Workspace(double.base_url.removesuffix("/api/"))
        client.settle_in()
        yield client
        client.close()


def test_it_is_posted_once_and_edited_where_it_has_changed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_tour(workspace)
    post_tour(workspace)
    (first,) = workspace.read("messages", channel="general")
    assert "edited" not in first
    monkeypatch.setattr("bot.demo.welcome.LAST", "Something else.")
    post_tour(workspace)
    (second,) = workspace.read("messages", channel="general")
    assert second["ts"] == first["ts"]
    assert "Something else." in str(second["blocks"])


def test_the_page_begins_as_somebody_with_work_to_do(workspace: Workspace) -> None:
    first = next(user for user in workspace.read("users") if not user["is_bot"])
    assert first["real_name"] == "Maria Santos (VA)"
