"""The grammar of slash commands: what people type, and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.surfaces.slack.grammar import Grammar, Line
from domain.outcomes import Refused
from domain.registry import build_registry

REGISTRY = build_registry()
GRAMMAR = Grammar(REGISTRY)

UNDERSTOOD = [
    (
        "/killswitch", "engage texts without opt-out in QC",
        "killswitch.engage", {"reason": "texts without opt-out in QC"},
    ),
    ("/killswitch", "engage reason=texts without opt-out", "killswitch.engage", {"reason": "texts without opt-out"}),
    ("/killswitch", "engage “curly quotes”", "killswitch.engage", {"reason": "curly quotes"}),
    ("/killswitch", "engage", "killswitch.engage", {}),
    ("/killswitch", "ENGAGE now", "killswitch.engage", {"reason": "now"}),
    ("/killswitch", "", "golive.state", {}),
    ("/kill", "engage drill", "killswitch.engage", {"reason": "drill"}),
    ("/valhalla", "killswitch engage drill", "killswitch.engage", {"reason": "drill"}),
    ("/valhalla", "/kill engage drill", "killswitch.engage", {"reason": "drill"}),
    ("/valhalla", "", "system.help", {}),
    ("/valhalla", "help kill switch", "system.help", {"topic": "kill switch"}),
    ("/golive", "", "golive.state", {}),
    ("/golive", "enable counsel signed &amp; drill done", "golive.enable", {"reason": "counsel signed & drill done"}),
    ("/audit", "20", "audit.list", {"limit": "20"}),
    ("/audit", "limit=20", "audit.list", {"limit": "20"}),
    ("/audit", "from=2026-11-23 to=yesterday", "audit.list", {"from": "2026-11-23", "to": "yesterday"}),
    (
        "/access", "grant <@U123|maria> operator starts on Monday",
        "access.grant", {"user": "<@U123|maria>", "role": "operator", "reason": "starts on Monday"},
    ),
    (
        "/access", "grant user=<@U123|maria> role=operator reason=starts on Monday",
        "access.grant", {"user": "<@U123|maria>", "role": "operator", "reason": "starts on Monday"},
    ),
    (
        "/access", "request I start on Monday role=oncall",
        "access.request", {"reason": "I start on Monday", "role": "oncall"},
    ),
    ("/access", "request it's Bob's idea", "access.request", {"reason": "it's Bob's idea"}),
    (
        "/approvals", "ask A-318 does x=5 matter?",
        "approvals.ask", {"approval_id": "A-318", "reason": "does x=5 matter?"},
    ),
    (
        "/golive", 'attest statement=counsel_asked note="two words"',
        "golive.attest", {"statement": "counsel_asked", "note": "two words"},
    ),
    (
        "/killswitch", "engage see <https://example.org/a|example.org/a>",
        "killswitch.engage", {"reason": "see example.org/a"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("command", "text", "operation", "raw"), UNDERSTOOD)
def test_understood(command: str, text: str, operation: str, raw: dict[str, str]) -> None:
    """A line people type means this operation with these words."""
    line = GRAMMAR.read(command, text)
    assert isinstance(line, Line), line
    assert (line.operation.name, line.raw) == (operation, raw)


NOT_UNDERSTOOD = [
    ("/killswitch", "relase over", "Did you mean `/killswitch release`?"),
    ("/golive", "foo", "It knows `attest`, `checklist`, `disable`, `enable`, `state`."),
    ("/valhalla", "helb", "Did you mean `/valhalla help`?"),
    ("/audit", "abc", "It knows `list`, `verify`."),
    ("/golvie", "", "Did you mean `/golive`?"),
    ("/xyzzy", "", "`/valhalla help`"),
    ("/alerts", "ack T-77 extra", "`/alerts ack ALERT_ID [until=]`"),
    ("/alerts", "ack bogus=3", "`/alerts ack ALERT_ID [until=]`"),
    ("/access", "grant user=<@U1> user=<@U2> role=operator", "for example `/access grant @maria operator"),
]


@pytest.mark.parametrize(("command", "text", "remedy"), NOT_UNDERSTOOD)
def test_not_understood(command: str, text: str, remedy: str) -> None:
    """A line that means nothing says what would."""
    refusal = GRAMMAR.read(command, text)
    assert isinstance(refusal, Refused), refusal
    assert remedy in refusal.remedy


@pytest.mark.parametrize(
    ("command", "text", "meant"),
    [
        ("/risk", "set WHOLESALE max_opn_risk=10 a quiet week", "max_open_risk"),
        ("/risk", "set WHOLESALE max_open_risk=400 a quiet week untl=2026-11-27T18:00", "until"),
        ("/tripwire", "set WHOLESALE contract_rate enabld=yes learned", "enabled"),
    ],
)
def test_a_misspelt_parameter_does_not_become_a_part_of_the_reason(command: str, text: str, meant: str) -> None:
    refusal = GRAMMAR.read(command, text)
    assert isinstance(refusal, Refused), refusal
    assert f"Did you mean `{meant}`?" in refusal.detail


@pytest.mark.parametrize(
    ("command", "text", "operation"),
    [
        ("/risk", "pause WHOLESALE folowups=yes wrong deposit", "risk.pause"),
        ("/killswitch", "engage reson=drill", "killswitch.engage"),
        ("/risk", "set WHOLESALE max_open_risk=400 since rate=0.3 is low", "risk.policy_set"),
    ],
)
def test_what_stops_is_not_held_up_by_a_letter_and_other_words_may_hold_an_equals_sign(
    command: str, text: str, operation: str
) -> None:
    line = GRAMMAR.read(command, text)
    assert isinstance(line, Line), line
    assert line.operation.name == operation


def test_suggestion_keeps_what_was_typed() -> None:
    """The button of a suggestion carries the words after the mistyped verb."""
    refusal = GRAMMAR.read("/killswitch", "relase the templates are fixed")
    assert isinstance(refusal, Refused)
    (button,) = refusal.buttons
    assert (button.operation, button.params, button.form) == (
        "killswitch.release", {"reason": "the templates are fixed"}, True,
    )  # fmt: skip


def test_prefix() -> None:
    """A prefix keeps our commands apart from another app's."""
    grammar = Grammar(REGISTRY, prefix="vh-")
    line = grammar.read("/vh-killswitch", "engage drill")
    assert isinstance(line, Line)
    assert line.operation.name == "killswitch.engage"


@pytest.mark.parametrize("operation", [item for item in REGISTRY.public() if item.slack], ids=lambda item: item.name)
def test_every_example_parses(operation: object) -> None:
    """The example of every typed operation is understood as that operation, and its parameters parse."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from domain.operation import Operation
    from domain.parameters import parse

    assert isinstance(operation, Operation)
    typed = operation.example.replace("@maria", "<@U123|maria>").replace("#governance", "<#C0123456|governance>")
    command, _, text = typed.partition(" ")
    line = GRAMMAR.read(command, text)
    assert isinstance(line, Line), line
    assert line.operation.name == operation.name
    params = parse(operation.params, line.raw, now=datetime(2026, 11, 24, tzinfo=UTC), zone=ZoneInfo("UTC"))
    assert not isinstance(params, Refused), params


@given(st.sampled_from(sorted(GRAMMAR.table)), st.text(max_size=200))
def test_never_raises(command: str, text: str) -> None:
    """Whatever is typed is read or refused with a remedy."""
    line = GRAMMAR.read(f"/{command}", text)
    if isinstance(line, Refused):
        assert line.remedy


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Z")), min_size=1, max_size=80))
def test_reason_is_kept_as_typed(reason: str) -> None:
    """Free text without quotes, entities or links reaches the operation unchanged."""
    if (
        any(character in reason for character in "\"'“”„‘’<>&=")
        or not reason.strip()
        or "\u202f" in reason
        or "\u00a0" in reason
    ):
        return
    line = GRAMMAR.read("/killswitch", f"engage {reason}")
    assert isinstance(line, Line)
    assert line.raw == {"reason": reason.strip()}


@pytest.mark.parametrize(("command", "text"), [("/policies", ""), ("/valhalla", "policies"), ("/valhalla", "Policies")])
def test_a_verb_alone_suggests_the_commands_that_have_it(command: str, text: str) -> None:
    """Not a command that happens to be spelt a little alike."""
    refusal = GRAMMAR.read(command, text)
    assert isinstance(refusal, Refused)
    named = [button.label for button in refusal.buttons]
    assert {"/risk policies", "/heimdall policies", "/tripwire policies"} <= set(named)
    assert [button.form for button in refusal.buttons] == [False] * len(named)
    assert refusal.remedy == f"Did you mean {' or '.join(f'`{name}`' for name in named)}?"


def test_a_verb_alone_takes_the_rest_of_the_line_along() -> None:
    """What writes is offered as a form that is filled in already."""
    refusal = GRAMMAR.read("/valhalla", "pause wholesale the template is wrong")
    assert isinstance(refusal, Refused)
    (button,) = [one for one in refusal.buttons if one.operation == "risk.pause"]
    assert button.form
    assert button.params == {"engine": "wholesale", "reason": "the template is wrong"}
