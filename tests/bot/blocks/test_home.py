"""The Home tab: what it shows to whom, and that Slack takes it."""

import json
from typing import Any

import pytest

from bot.blocks.home import home_view
from bot.blocks.kit import Rendered
from bot.slack_double.blocks import view_error
from domain.outcomes import Done, Kind, Outcome, refused
from domain.system.results import HomeView
from tests.bot.blocks import samples
from tests.bot.blocks.checks import mentions, presses, says
from tests.bot.blocks.samples import LATER, shown

HOMES = [view for view in samples.REPLIES["system.home"] if isinstance(view, HomeView)]


def done(view: HomeView) -> Done:
    """What the gate returns."""
    return Done(operation="system.home", result=view)


def lines(outcome: Outcome, prefix: str = "") -> list[str]:
    """What the tab says."""
    return says(Rendered("", home_view(outcome, prefix)["blocks"]))


@pytest.mark.parametrize("view", HOMES, ids=range(len(HOMES)))
def test_slack_takes_every_tab(view: HomeView) -> None:
    """Within the limits of a view, with nothing that could notify anybody by accident."""
    tab = home_view(done(view))
    assert view_error(tab) is None
    assert len(tab["blocks"]) <= 100
    assert "<!channel>" not in mentions(Rendered("", tab["blocks"]))


def test_a_managers_tab() -> None:
    """Switches, what waits for him, what he asked, what is due, what is wrong, what he can do: in this order."""
    said = lines(done(samples.home()))
    heads = [
        "*Production is on.*", "*7 requests wait for your decision*", "*You asked; 1 request waits for others*",
        "*Due for you: 12, 1 of them late*", "*6 alerts are not resolved*",
        f"*ON CALL: <@U1>, until {shown(LATER)}*", "*What you can do as manager*",
    ]  # fmt: skip
    assert [line for line in said if line in heads] == heads
    assert "and 5 more" in said
    assert "[ Show all requests ]" in said
    assert said.count("[ Approve… ] [ Reject… ] [ Ask a question… ]") == 2
    assert "[ Withdraw ]" in said
    assert any(line.startswith(("[ Claim ]", "[[ Claim ]]")) for line in said)
    assert "[[ Acknowledge ]] [ Resolve… ] [▾ Pass to… · Acknowledge until…]" in said
    assert said[-2] == "[ Refresh ]"


def test_an_empty_tab_says_what_to_do_next() -> None:
    """No part is left blank: each says what comes, or offers what can be done now."""
    said = lines(done(samples.EMPTY_HOME))
    for head in ("*Nothing waits for your decision.*", "*Nothing is due for you.*", "*No alert is open.*"):
        assert head in said
        assert not said[said.index(head) + 1].startswith("*")
    assert "[ Show the runbook ]" in said
    assert "[ Show what is due ] [ All of the team ]" in said


def test_a_strangers_tab() -> None:
    """One thing to do; and nothing about the business before that."""
    said = lines(done(samples.STRANGERS_HOME))
    assert said[0] == "*You have no role here yet.*"
    assert "[[ Ask for access… ]]" in said
    assert not any("Go-live" in line for line in said)


def test_a_stranger_who_has_asked() -> None:
    """He sees his request and no second button to ask; he could not take it back either."""
    said = lines(done(samples.STRANGERS_HOME.model_copy(update={"asked": (samples.line(),), "asked_total": 1})))
    assert any("A-318" in line for line in said)
    assert [line for line in said if line.startswith("[")] == ["[ Refresh ]"]


def test_an_auditors_tab_has_no_button_for_others() -> None:
    """Nobody is shown the switch's own button, decisions, steps or alerts where the role does not include them."""
    view = samples.home(
        role="auditor", to_decide=(), to_decide_total=None, asked=(), asked_total=0, due=None, alerts=(),
        alerts_total=None,
    )  # fmt: skip
    pressed = {press.operation for press in presses(home_view(done(view))["blocks"])}
    assert pressed == {"golive.state", "oncall.show", "system.help", "system.home"}


def test_no_number_to_call_is_in_the_tab() -> None:
    """A tab stays as it is long after a claim has passed."""
    assert "tel:" not in json.dumps(home_view(done(samples.home())))


@pytest.mark.parametrize("code", ["deactivated", "database_unavailable"])
def test_what_cannot_be_read_says_why_and_how_to_look_again(code: str) -> None:
    """The tab never stays as it was by accident."""
    said = lines(refused(Kind.UNAVAILABLE, code, "Not now.", layer="database", remedy="Try again."))
    assert "Not now." in said
    assert said[-1] == "[ Refresh ]"


def test_the_prefix_is_before_every_command() -> None:
    """As everywhere."""
    said: Any = json.dumps(home_view(done(samples.home()), "vh-"))
    assert "`/vh-golive`" in said
    assert "`/golive`" not in said
