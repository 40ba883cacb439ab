"""Buttons, menus and the forms behind them, as people press them; and presses that nobody's button makes."""

import json
from collections.abc import Iterator

import pytest

from bot.surfaces.slack.receiver import Reply
from domain.identity import Role
from tests.bot.surfaces.slack.desk import Desk, Message, fields, find, labels, spoken
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, SECOND, STRANGER


@pytest.fixture
def release(desk: Desk) -> Iterator[Desk]:
    """The kill switch is engaged, and somebody on call asks to release it."""
    desk.switches(engaged=True, ever_live=True)
    with desk.relay():
        asked = desk.type(ONCALL, "/killswitch release the templates are fixed")
        assert "ASKED" in spoken(asked)
        yield desk


def card(desk: Desk) -> Message:
    """The request's card in the governance channel."""
    return desk.card("governance", "APPROVAL WANTED")


class TestDeciding:
    """A request's card, and everything that can be pressed on it."""

    def test_approve(self, release: Desk) -> None:
        """One press approves, the switch is released once, and the same card says so without a dead button."""
        wanted = card(release)
        answer = release.press_for_answer(MANAGER, wanted, "Approve…", "governance")
        assert "released" in spoken(answer)
        decided = release.card("governance", "APPROVED")
        assert decided["ts"] == wanted["ts"]
        assert "Approve…" not in labels(decided)
        assert len(release.audit("approvals.approve", "done")) == 1
        assert not release.rows("go_live_state")[0].kill_switch_engaged

    def test_approve_asks_first(self, release: Desk) -> None:
        """Declining the confirmation sends nothing."""
        wanted = card(release)
        block, button, _ = find(wanted, "Approve…")
        outcome = release.double.click(
            MANAGER, "governance", wanted["ts"], button["action_id"], block_id=block["block_id"], confirm=False
        )
        assert outcome.status == "cancelled"
        assert release.approval(1).status == "pending"

    def test_the_requester_may_not(self, release: Desk) -> None:
        """Whoever asked cannot approve it, and reads why."""
        release.hire(ONCALL, Role.MANAGER)
        answer = spoken(release.press_for_answer(ONCALL, card(release), "Approve…", "governance"))
        assert "NOT DONE" in answer
        assert "a second person must decide" in answer
        assert release.approval(1).status == "pending"

    def test_an_auditor_may_not(self, release: Desk) -> None:
        """Somebody without the role presses and is told what is needed; the request stays open."""
        answer = spoken(release.press_for_answer(AUDITOR, card(release), "Approve…", "governance"))
        assert "`approvals.approve` needs a manager; you are an auditor" in answer
        assert release.approval(1).status == "pending"

    def test_reject(self, release: Desk) -> None:
        """Rejecting asks for the reason in a form, and the card says it."""
        view = release.press_for_form(MANAGER, card(release), "Reject…", "governance")
        assert set(fields(view)) == {"reason"}
        assert "Rejected" in spoken(release.submit(MANAGER, view, "governance", reason="not yet, Alberta"))
        assert "not yet, Alberta" in spoken(release.card("governance", "REJECTED"))
        assert release.rows("go_live_state")[0].kill_switch_engaged

    def test_a_form_without_a_trigger_is_corrected(self, release: Desk) -> None:
        """Submitted again after an error it is a second attempt, not a second delivery; done twice it is done once."""
        view = dict(release.press_for_form(MANAGER, card(release), "Reject…", "governance"))

        def submit(reason: str) -> Reply:
            state = {"values": {"reason": {"value": {"type": "plain_text_input", "value": reason}}}}
            body = {"type": "view_submission", "user": {"id": MANAGER}, "view": {**view, "state": state}}
            return release.receiver.on_submission(body)

        for _attempt in range(2):
            refused = submit("x" * 501)
            assert refused.payload is not None
            assert refused.after is not None
            refused.after()
            assert "is longer than 500 characters" in refused.payload["errors"]["reason"]
        for _delivery in range(2):
            taken = submit("not yet, Alberta")
            assert taken.payload is None
            assert taken.after is not None
            taken.after()
        assert "not yet, Alberta" in spoken(release.card("governance", "REJECTED"))
        assert len(release.audit("approvals.reject", "done")) == 1

    def test_ask_a_question(self, release: Desk) -> None:
        """A question from the menu arrives in the card's thread; the request stays open."""
        wanted = card(release)
        view = release.press_for_form(SECOND, wanted, "Ask a question…", "governance")
        release.submit(SECOND, view, "governance", reason="Alberta too?")
        replies = release.wait(lambda: release.double.thread("governance", wanted["ts"])[1:], "the question")
        assert "Alberta too?" in spoken(replies[0])
        assert release.approval(1).status == "pending"

    def test_withdraw(self, release: Desk) -> None:
        """The requester takes it back from the menu; nobody else can."""
        refused = spoken(release.press_for_answer(MANAGER, card(release), "Withdraw", "governance"))
        assert "only they can withdraw it" in refused
        assert "Withdrawn" in spoken(release.press_for_answer(ONCALL, card(release), "Withdraw", "governance"))
        assert "WITHDRAWN" in spoken(release.card("governance", "WITHDRAWN"))

    def test_break_glass(self, release: Desk) -> None:
        """An owner acts alone from the menu, with a reason and the operation typed out; a second manager signs off."""
        view = release.press_for_form(OWNER, card(release), "Break glass (owner)…", "governance")
        assert set(fields(view)) == {"reason", "type_the_operation"}
        told = release.submit(
            OWNER, view, "governance", reason="both are on a plane", type_the_operation="killswitch.release"
        )
        assert "Break glass" in spoken(told)
        announced = release.card("governance", "BREAK GLASS")
        assert "both are on a plane" in spoken(announced)
        view = release.press_for_form(MANAGER, announced, "Sign off…", "governance")
        release.submit(MANAGER, view, "governance")
        release.card("governance", "SIGNED OFF")

    def test_break_glass_needs_the_name(self, release: Desk) -> None:
        """The wrong name typed out is refused; nothing is done."""
        view = release.press_for_form(OWNER, card(release), "Break glass (owner)…", "governance")
        told = release.submit(OWNER, view, "governance", reason="hurry", type_the_operation="yes")
        assert "killswitch.release" in spoken(told)
        assert release.rows("go_live_state")[0].kill_switch_engaged

    def test_break_glass_is_the_owners(self, release: Desk) -> None:
        """A manager who chooses it is refused before any form."""
        answer = spoken(release.press_for_answer(MANAGER, card(release), "Break glass (owner)…", "governance"))
        assert "`approvals.break_glass` needs an owner" in answer

    def test_a_second_press_changes_nothing(self, release: Desk) -> None:
        """Two managers on the same card: the second reads who was first."""
        wanted = card(release)
        release.press_for_answer(MANAGER, wanted, "Approve…", "governance")
        _, button, _ = find(wanted, "Approve…")
        answer = spoken(release.press_planted(SECOND, button["action_id"], button["value"]))
        assert f"already approved by <@{MANAGER}>" in answer
        assert len(release.audit("approvals.approve", "done")) == 1

    def test_a_list_can_be_decided_from(self, release: Desk) -> None:
        """`/approvals` shows the request with buttons that work."""
        listed = release.type(MANAGER, "/approvals")
        assert "released" in spoken(release.press_for_answer(MANAGER, listed, "Approve…"))


class TestAccess:
    """From a stranger to a colleague."""

    def test_a_stranger_gets_in(self, desk: Desk) -> None:
        """Refused, asks, is approved, greeted with what to do first, and works."""
        with desk.relay():
            refused = desk.type(STRANGER, "/due")
            view = desk.press_for_form(STRANGER, refused, "Ask for access…")
            assert fields(view)["role"] == "operator"
            assert "ASKED" in spoken(desk.submit(STRANGER, view, reason="I start calling on Monday"))
            wanted = desk.card("governance", "APPROVAL WANTED")
            assert "I start calling on Monday" in spoken(wanted)
            desk.press_for_answer(MANAGER, wanted, "Approve…", "governance")
            welcome = desk.wait(
                lambda: [item for item in desk.double.dms(STRANGER) if "Welcome" in item["text"]], "a welcome"
            )
            assert "`/due`" in spoken(welcome[0])
        assert "NOT DONE" not in spoken(desk.type(STRANGER, "/due"))


OUTDATED = [
    ("do:golive.retired", "{}"),
    ("form:golive.retired", "{}"),
    ("do:audit.seal", "{}"),
    ("form:inbox.answer", "{}"),
    ("approve_button", "318"),
    ("do:Golive.State", "{}"),
    ("do:golive.state:99999", "{}"),
    ("do:golive.state", "not json"),
    ("do:golive.state", "[1]"),
    ("do:killswitch.engage", '{"reason":NaN'),
    ("do:killswitch.engage", "[" * 1_900),
]


class TestOutdated:
    """Presses on buttons that are not one of today's, or never were ours."""

    @pytest.mark.parametrize(("action_id", "value"), OUTDATED)
    def test_it_says_that_nothing_was_done(self, shared_desk: Desk, action_id: str, value: str) -> None:
        """Whatever it carries: an answer, nothing in the inbox, nothing done."""
        before = shared_desk.snapshot()
        answer = spoken(shared_desk.press_planted(OWNER, action_id, value))
        assert "Nothing was done" in answer
        assert "`/valhalla help`" in answer
        assert shared_desk.snapshot() == before


class TestTampered:
    """Buttons of ours that carry what they should not."""

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ({"approval_id": 1, "seen": "0f3a"}, "does not show A-1 as it is"),
            ({"approval_id": 1}, "does not show A-1 as it is"),
            ({"approval_id": 99, "seen": "0f3a"}, "There is no approval A-99"),
            ({"approval_id": "1; DROP TABLE approval", "seen": "x"}, "is not a number of one"),
            ({"approval_id": 1, "seen": "x", "status": "approved"}, "`status` is not a parameter here"),
            ({"approval_id": {"$gt": 0}}, "is not a number of one"),
            ({"approval_id": True}, "is not a number of one"),
        ],
    )
    def test_a_decision(self, shared_desk: Desk, value: dict[str, object], said: str) -> None:
        """Another request, another card's proof, another parameter: refused, and the request stays as it was."""
        if not shared_desk.rows("approval"):
            shared_desk.pending(OPERATOR, "access.request", reason="more", role="oncall")
        answer = spoken(shared_desk.press_planted(MANAGER, "do:approvals.approve", json.dumps(value)))
        assert said in answer
        assert shared_desk.approval(1).status == "pending"

    def test_what_he_may_not_do(self, shared_desk: Desk) -> None:
        """A button for others, pressed by somebody without a role, is refused by the gate and audited."""
        answer = shared_desk.press_planted(STRANGER, "do:killswitch.engage", '{"reason":"mine"}')
        assert "`killswitch.engage` needs an operator; you have no role here yet" in spoken(answer)
        assert labels(answer) == ["Ask for access…"]
        assert [event.actor for event in shared_desk.audit("killswitch.engage", "refused")] == [STRANGER]
        assert not shared_desk.audit("killswitch.engage", "done")

    def test_it_cannot_act_for_somebody_else(self, shared_desk: Desk) -> None:
        """Names inside the value change nothing about who pressed."""
        value = json.dumps({"reason": "x", "user": OWNER, "actor": OWNER, "caller": OWNER})
        assert "is not a parameter here" in spoken(shared_desk.press_planted(AUDITOR, "do:golive.enable", value))


REFUSALS = [
    (AUDITOR, "/killswitch engage drill", "needs an operator", "Ask for access"),
    (OPERATOR, "/followup create L1 ON phone=4165550134", "Go-live is off", "go-live"),
    (OPERATOR, "/followup claim 99", "Go-live is off", "go-live"),
    (MANAGER, "/approvals ask A-99 why?", "There is no approval A-99", "/approvals"),
    (OPERATOR, "/killswitch relase over", "does not know", "Did you mean"),
    (MANAGER, "/access grant @maria king", "king", "For example"),
    (ONCALL, "/alerts ack T-99", "T-99", ""),
    (ONCALL, "/alerts ack T-1 extra", "one word too many", "/alerts ack ALERT_ID"),
    (MANAGER, "/access revoke @maria", "", ""),
]


@pytest.mark.parametrize(("user", "line", "why", "lift"), REFUSALS)
def test_a_refusal_has_its_five_parts(shared_desk: Desk, user: str, line: str, why: str, lift: str) -> None:
    """What did not happen, why, what lifts it, the layer and a reference, whichever layer refused."""
    answer = spoken(shared_desk.type(user, line))
    assert "NOT DONE" in answer
    assert why in answer
    assert "What lifts it" in answer
    assert lift in answer
    assert " ref " in answer
