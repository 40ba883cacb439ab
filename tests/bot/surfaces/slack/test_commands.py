"""What people type, from the envelope to the answer they read."""

from typing import Any

import pytest

from domain.identity import Role
from domain.operation import AnyOperation
from domain.registry import build_registry
from tests.bot.surfaces.slack.desk import MARIA, Desk, fields, labels, spoken
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, STRANGER

REGISTRY = build_registry()
TYPED = [operation for operation in REGISTRY.public() if operation.slack]
LACKING = [item for item in TYPED if any(one.required and not one.arg.hidden for one in item.parameters)]
ASKED = [item for item in REGISTRY.public() if any(not one.arg.hidden for one in item.parameters)]
OF_ROLE = {
    None: STRANGER, Role.AUDITOR: AUDITOR, Role.OPERATOR: OPERATOR, Role.ONCALL: ONCALL, Role.MANAGER: MANAGER,
    Role.OWNER: OWNER,
}  # fmt: skip


def name_of(operation: AnyOperation) -> str:
    """Name a test's case."""
    return operation.name


class TestEveryOperation:
    """What holds for each of them, whatever it does."""

    @pytest.mark.parametrize("operation", TYPED, ids=name_of)
    def test_its_example_is_answered(self, shared_desk: Desk, operation: AnyOperation) -> None:
        """The example, typed by somebody of its role, gets an answer that is neither an apology nor “not allowed”."""
        answer = spoken(shared_desk.type(OF_ROLE[operation.role], operation.example))
        assert "Something went wrong" not in answer
        assert "What was typed does not fit" not in answer
        assert f"`{operation.name}` needs" not in answer

    @pytest.mark.parametrize("operation", LACKING, ids=name_of)
    def test_its_form_opens_for_what_is_missing(self, shared_desk: Desk, operation: AnyOperation) -> None:
        """Typed without what it needs, it asks for that in a form, and nothing is recorded."""
        assert operation.slack
        user, before = OF_ROLE[operation.role], shared_desk.count("inbox")
        shared_desk.close_forms(user)
        view = shared_desk.type_for_form(user, f"/{operation.slack.command} {operation.slack.verb or ''}")
        asked = fields(view)
        assert view["callback_id"] == f"form:{operation.name}"
        assert {one.name for one in operation.parameters if one.required and not one.arg.hidden} <= set(asked)
        assert shared_desk.count("inbox") == before

    @pytest.mark.parametrize("operation", ASKED, ids=name_of)
    def test_its_form_button_opens_a_form(self, shared_desk: Desk, operation: AnyOperation) -> None:
        """A button with “…” opens its form, filled with what the button carries."""
        user = OF_ROLE[operation.role]
        first = next(one for one in operation.parameters if not one.arg.hidden)
        shared_desk.close_forms(user)
        message = shared_desk.plant(f"form:{operation.name}", "{}")
        view = shared_desk.press_for_form(user, message, "Press")
        assert first.name in fields(view)


class TestForms:
    """Forms, from opening to acting."""

    def test_what_was_typed_is_kept(self, desk: Desk) -> None:
        """What was typed before something was found missing stands in the form."""
        view = desk.type_for_form(MANAGER, "/access grant @maria")
        assert fields(view) == {"user": MARIA, "role": None, "reason": None}

    def test_submitting_acts_once(self, desk: Desk) -> None:
        """The form does what the command would have done, once."""
        view = desk.type_for_form(MANAGER, "/access grant @maria")
        answer = desk.submit(MANAGER, view, role="operator", reason="starts on Monday")
        assert "is an operator now" in spoken(answer)
        (event,) = desk.audit("access.grant", "done")
        assert (event.actor, event.target, event.reason) == (MANAGER, f"operator {MARIA}", "starts on Monday")

    def test_what_does_not_fit_is_said_at_its_field(self, desk: Desk) -> None:
        """An entry that does not parse is refused beside it, the form stays, and nothing is recorded."""
        desk.switches(live=True)
        view = desk.type_for_form(OPERATOR, "/followup create L7")
        assert "Lead id: L7" in spoken({"text": "", **view})
        outcome = desk.double.submit(OPERATOR, view["id"], {"province": "ON", "phone": "12"})
        assert outcome.status == "errors"
        assert list(outcome.errors) == ["phone"]
        assert "Canadian phone number" in outcome.errors["phone"]
        assert not desk.rows("inbox")
        assert "L7" in spoken(desk.submit(OPERATOR, view, phone="(416) 555-0134"))
        assert desk.count("followup_ladder") == 1

    def test_everything_that_does_not_fit_is_said_at_once(self, desk: Desk) -> None:
        """Each beside its own field, so that nobody submits a form once for every slip."""
        desk.switches(live=True)
        view = desk.type_for_form(OPERATOR, "/followup create L7")
        outcome = desk.double.submit(OPERATOR, view["id"], {"province": "ON", "phone": "12", "email": "nobody"})
        assert outcome.status == "errors"
        assert set(outcome.errors) == {"phone", "email"}
        assert "Canadian phone number" in outcome.errors["phone"]
        assert "“nobody”" in outcome.errors["email"]
        assert not desk.rows("inbox")

    def test_everything_that_is_missing_is_said_at_once(self, desk: Desk) -> None:
        """Where the client lets empty fields through."""
        view = dict(desk.type_for_form(MANAGER, "/access grant"))
        state: dict[str, Any] = {"values": {}}
        body = {"type": "view_submission", "user": {"id": MANAGER}, "view": {**view, "state": state}}
        reply = desk.receiver.on_submission(body)
        assert reply.payload is not None
        assert set(reply.payload["errors"]) == {"user", "role"}
        assert reply.payload["errors"]["role"].startswith("role is missing")

    def test_a_class_refused_now_is_said_on_top(self, desk: Desk) -> None:
        """A form for what Prime Law stops just now opens, and its first line says so."""
        view = desk.type_for_form(OPERATOR, "/followup create")
        assert "Go-live is off" in spoken({"text": "", **view})

    def test_no_form_for_who_may_not(self, desk: Desk) -> None:
        """Whoever lacks the role is told before he fills anything in, with the way to it."""
        answer = desk.type(AUDITOR, "/followup create")
        assert "`followup.create` needs an operator; you are an auditor" in spoken(answer)
        assert labels(answer) == ["Ask for access…"]
        assert not desk.double.views(AUDITOR)

    def test_a_read_through_a_form(self, desk: Desk) -> None:
        """A question that needs a word is asked for it, and answered."""
        view = desk.type_for_form(OPERATOR, "/followup show")
        assert "L404" in spoken(desk.submit(OPERATOR, view, lead_id="L404"))

    def test_dismissing_does_nothing(self, desk: Desk) -> None:
        """A form that is closed leaves no trace."""
        view = desk.type_for_form(MANAGER, "/access grant @maria")
        assert desk.double.close(MANAGER, view["id"]).status == "ok"
        assert not desk.rows("inbox")
        assert not desk.audit()

    def test_a_form_that_slack_does_not_open(self, desk: Desk) -> None:
        """Where Slack refuses the form, the person hears that nothing was done and how to type it."""
        desk.double.faults.add("refuse", "views.open", error="expired_trigger_id")
        answer = desk.type(MANAGER, "/access grant @maria")
        assert "Slack did not open the form in time" in spoken(answer)
        assert "/access grant @maria operator" in spoken(answer)


class TestTyping:
    """How lines reach the operation they mean."""

    def test_mentions_are_people(self, desk: Desk) -> None:
        """`@maria` is the person Slack knows by that name."""
        desk.type(MANAGER, "/access grant @maria operator she's quick & careful")
        (event,) = desk.audit("access.grant", "done")
        assert (event.target, event.reason) == (f"operator {MARIA}", "she's quick & careful")

    def test_mentions_are_channels(self, desk: Desk) -> None:
        """`#oncall` is the channel Slack knows by that name."""
        desk.type(MANAGER, "/valhalla route governance #oncall")
        channel = next(item["id"] for item in desk.double.channels() if item["name"] == "oncall")
        assert [row.channel for row in desk.rows("route")] == [channel]

    def test_a_channel_nobody_knows_is_none(self, desk: Desk) -> None:
        """Slack makes a mention of every channel that is there; what it leaves as a word names none."""
        answer = spoken(desk.type(MANAGER, "/valhalla route governance #nowhere"))
        assert "“#nowhere” is no channel that Slack knows and you can see" in answer
        assert not desk.rows("inbox")
        assert not desk.rows("route")

    def test_a_group_is_not_a_person(self, desk: Desk) -> None:
        """A user group where a person is meant is refused with what was expected."""
        desk.double.add_group("dialers", ["maria"])
        answer = spoken(desk.type(MANAGER, "/access grant @dialers operator"))
        assert "does not name a person Slack knows" in answer
        assert "@maria" in answer
        assert not desk.rows("inbox")

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("engage <b>bold</b> & more", "<b>bold</b> & more"),
            ("engage “the templates” are wrong", '"the templates" are wrong'),
            ("engage “texts without opt-out”", "texts without opt-out"),
            ("engage it’s a drill", "it's a drill"),
            ("engage 1 &lt; 2", "1 &lt; 2"),
            ("engage reason=a=b & c", "a=b & c"),
        ],
    )
    def test_words_arrive_as_they_were_meant(self, desk: Desk, typed: str, kept: str) -> None:
        """Entities, curly quotes and quotes come out as the person meant them."""
        desk.type(OPERATOR, f"/killswitch {typed}")
        (event,) = desk.audit("killswitch.engage", "done")
        assert event.reason == kept

    def test_formatting_in_a_reason_stays_text(self, desk: Desk) -> None:
        """What was typed cannot mention anybody or format anything in what others read."""
        desk.type(OPERATOR, "/killswitch engage <!channel> *look* <https://example.org|here>")
        answer = spoken(desk.type(AUDITOR, "/golive"))
        assert "<!channel>" not in answer
        assert "<https://" not in answer

    @pytest.mark.parametrize(
        "line", ["/valhalla killswitch engage drill", "/valhalla /kill engage drill", "/kill engage drill"]
    )
    def test_every_way_to_one_command(self, desk: Desk, line: str) -> None:
        """`/valhalla COMMAND` and the aliases are the command."""
        assert "KILL SWITCH ENGAGED" in spoken(desk.type(OPERATOR, line))
        assert [event.reason for event in desk.audit("killswitch.engage", "done")] == ["drill"]

    def test_a_prefix(self, sqlite_url: str) -> None:
        """With a prefix the commands are registered, understood and named with it, forms and answers included."""
        with Desk(sqlite_url, VALHALLA_COMMAND_PREFIX="vh-") as desk:
            assert desk.double.command(OPERATOR, "general", "/golive").status == "unknown_command"
            assert "KILL SWITCH ENGAGED" in spoken(desk.type(OPERATOR, "/vh-killswitch engage drill"))
            assert "`/vh-killswitch release`" in spoken(desk.type(OPERATOR, "/vh-killswitch relase over"))
            assert "`/vh-killswitch" in spoken(desk.type(OPERATOR, "/vh-valhalla help killswitch"))

    def test_in_direct_messages(self, desk: Desk) -> None:
        """A command works in the direct messages with the bot."""
        assert desk.double.command(OPERATOR, "@bot", "/golive").message


class TestNotUnderstood:
    """Lines that mean nothing here."""

    def test_did_you_mean_a_read(self, desk: Desk) -> None:
        """A mistyped question is one press away from its answer."""
        answer = desk.type(AUDITOR, "/golive checklst")
        assert "Did you mean `/golive checklist`?" in spoken(answer)
        assert "check" in spoken(desk.press_for_answer(AUDITOR, answer, "/golive checklist")).lower()

    def test_did_you_mean_an_act(self, desk: Desk) -> None:
        """A mistyped act is offered as its form, filled with the rest of the line; nothing is done before that."""
        answer = desk.type(OPERATOR, "/killswitch engag texts without opt-out")
        view = desk.press_for_form(OPERATOR, answer, "/killswitch engage…")
        assert fields(view) == {"reason": "texts without opt-out"}
        assert not desk.audit()
        assert "KILL SWITCH ENGAGED" in spoken(desk.submit(OPERATOR, view))

    def test_did_you_mean_an_act_with_a_long_reason(self, desk: Desk) -> None:
        """More than a button can carry is left out of the form it opens, and the answer comes all the same."""
        answer = desk.type(OPERATOR, f"/killswitch engag {'texts without opt-out ' * 120}")
        assert "Did you mean `/killswitch engage`?" in spoken(answer)
        assert "KILL SWITCH ENGAGED" in spoken(
            desk.submit(OPERATOR, desk.press_for_form(OPERATOR, answer, "/killswitch engage…"))
        )

    def test_did_you_mean_a_command(self, desk: Desk) -> None:
        """A mistyped command under `/valhalla` is recognised with the words after it."""
        answer = desk.type(OPERATOR, "/valhalla kilswitch engage a drill")
        assert "Did you mean `/killswitch`?" in spoken(answer)
        assert fields(desk.press_for_form(OPERATOR, answer, "/killswitch engage…")) == {"reason": "a drill"}

    def test_a_value_that_does_not_fit(self, desk: Desk) -> None:
        """Which value, what was expected, an example; nothing is recorded."""
        answer = spoken(desk.type(MANAGER, "/access grant @maria king"))
        assert "king" in answer
        assert "auditor, operator, oncall, manager or owner" in answer
        assert "For example `operator`" in answer
        assert not desk.rows("inbox")

    def test_help_shows_what_this_person_may_do(self, desk: Desk) -> None:
        """Help lists what the role allows, and says how many more there are."""
        auditors, managers = (spoken(desk.type(user, "/valhalla help killswitch")) for user in (AUDITOR, MANAGER))
        assert "/killswitch engage" not in auditors
        assert "/killswitch engage" in managers
