"""Risk Guard's cards: their words are the design, so the important ones are compared as a whole."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.blocks.cards import render_card
from bot.blocks.kit import Rendered
from bot.blocks.replies import render_outcome
from domain.outcomes import Done, Result
from domain.registry import build_registry
from domain.risk.results import OtherRoom
from tests.bot.blocks import risk_samples as samples
from tests.bot.blocks.checks import check_message, mentions, presses, says
from tests.bot.blocks.risk_samples import AT
from tests.bot.blocks.samples import shown

REGISTRY = build_registry()
RESERVE = REGISTRY["risk.reserve"]


def on_day(moment: datetime) -> str:
    """Return how the day of a moment is written into a message."""
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}}|{moment:%Y-%m-%d}>"


def card(name: str, result: Result) -> Rendered:
    return render_card(name, result.to_json())


def reply(name: str, result: Result) -> Rendered:
    return render_outcome(REGISTRY[name], Done(operation=name, result=result, audit_id=7))


def test_a_denial_by_a_cap_names_what_holds_the_room() -> None:
    """Card 8: what did not happen, the figures, what holds it, what lifts it, the buttons, the reference."""
    message = render_outcome(RESERVE, samples.denial())
    assert message.text == "NOT RESERVED: WHOLESALE has no room for another open offer. Open now: $500 of $500."
    week_ago = on_day(samples.holder(1).created_at)
    assert says(message) == [
        "*NOT RESERVED: WHOLESALE has no room for another open offer*",
        "It needs $100.   Open now: $500 of $500.   Nothing was booked, nothing went out.",
        "*It is full because of 5 open reservations*",
        f"R-29  O-2029 Kitchener   $100   since {week_ago}   yours",
        f"R-33  O-2033 Red Deer   $100   since {week_ago}   <@U2>",
        f"and 3 more, $300, the first {on_day(AT)}",
        "*What lifts it*",
        "• one of them settled or voided: room at once",
        f"• a manager's yes to more room, until {shown(AT)} (<@U3>, <@U4>)",
        f"• by itself: R-29 ends {shown(AT)} if nobody settles it",
        "[[ Ask for more room… ]] [ Try again ] [ Tell me when there is room ]",
        (
            f"Risk Guard · WHOLESALE max_open_risk $500, set by <@U5> {on_day(AT)} (v3) · GLOBAL is at $700 of $1,500"
            " · ref 7F3K"
        ),
    ]


def test_the_cure_stands_on_the_line_of_what_is_yours() -> None:
    """Your own forgotten reservation can be settled where it stands; another's cannot, and the rest can be shown."""
    pressed = [(one.operation, one.params) for one in presses(render_outcome(RESERVE, samples.denial()).blocks)]
    assert pressed[:2] == [("risk.settle", {"reservation_id": 29}), ("risk.reservations", {"engine": "WHOLESALE"})]
    assert ("risk.settle", {"reservation_id": 33}) not in pressed


def test_denials_of_every_cap_and_of_global() -> None:
    """Each says its own figures and cure; none offers what cannot help."""
    daily = {"frees_itself": None, "holders": (samples.holder(29, yours=True, is_open=False, expires_at=None),)}
    for changes, expected in (
        ({"cap": "max_daily_loss", **daily}, "Lost today: $500 of $500."),
        ({"cap": "max_daily_exposure", **daily}, "Reserved today: $500 of $500."),
        ({"cap": "max_actions_per_day", "used": 5, "limit": 5, **daily}, "Actions today: 5 of 5."),
    ):
        message = render_outcome(RESERVE, samples.denial(**changes))
        check_message(message)
        assert expected in "\n".join(says(message))
        assert f"• by itself: at midnight, {shown(AT)}" in says(message)
        assert not any(one.operation == "risk.settle" for one in presses(message.blocks))
    over_all = samples.denial(
        engine="GLOBAL", unit=None, holders=(), others=0, frees_itself=None, deciders=(),
        other=OtherRoom(engine="WHOLESALE", used=Decimal(0), limit="uncapped"),
    )  # fmt: skip
    message = render_outcome(RESERVE, over_all)
    assert message.text.startswith("NOT RESERVED: the engines together have no room for another $100")
    assert "Nothing is reserved: the cap itself is smaller than what was asked." in says(message)
    assert f"• a manager's yes to more room, until {shown(AT)}, but there is no other manager" in says(message)


def test_a_denial_of_hostile_words_mentions_nobody_new() -> None:
    holders = (samples.holder(1, about=samples.HOSTILE),)
    message = render_outcome(RESERVE, samples.denial(holders=holders, others=0))
    check_message(message)
    assert "<@U9>" not in mentions(message)


def test_a_hold_says_what_stops_and_what_goes_on() -> None:
    message = card("risk_hold", samples.PAUSED)
    assert says(message) == [
        "*WHOLESALE IS ON HOLD: no new reserves, no offers.*",
        f"<@U1>, {shown(AT)}: “wrong deposit on the template”",
        "*Stops*  new reserves and offers",
        "*Goes on*  settling, voiding, outcomes, reading, follow-ups and calls",
        "[[ Ask to resume… ]]",
        "Risk Guard · hold H-3",
    ]
    with_calls = says(card("risk_hold", samples.PAUSED.model_copy(update={"hold": samples.hold(followups=True)})))
    assert with_calls[0] == "*WHOLESALE IS ON HOLD: no new reserves, no offers, no claims of follow-ups.*"
    assert "*Stops*  new reserves and offers, claims of follow-ups" in with_calls


def test_a_lifted_hold_keeps_no_button_and_says_what_still_stops_it() -> None:
    assert says(card("risk_hold", samples.RESUMED))[0] == "*WHOLESALE: THE HOLD IS LIFTED.*"
    still = card("risk_hold", samples.RESUMED.model_copy(update={"others": (samples.TRIPWIRE,)}))
    assert says(still)[0] == "*WHOLESALE: this hold is lifted, but it is still stopped.*"
    assert "*Still stops it*  the WHOLESALE.contract_rate tripwire (H-4)" in says(still)
    assert not presses(still.blocks)


def test_a_cap_that_fills_up() -> None:
    message = card("cap_warning", samples.WARNING)
    assert says(message) == [
        "*WHOLESALE: open risk is at 80 % and more*",
        "*Open now*: $400 of $500",
        "*Stops*  nothing yet",
        "*Goes on*  settling, voiding, everything that reserves nothing",
        "There is room for 1 more offer; 4 reservations are open",
        "A settled or voided reservation gives room.",
        "[ Open reservations ] [ Ask for more room… ]",
        f"Risk Guard · WHOLESALE max_open_risk · {shown(AT)}",
    ]


def test_a_cap_that_fills_up_at_a_trial_share_says_which_figure_binds_and_who_lifts_it() -> None:
    message = card("cap_warning", samples.AT_A_SHARE)
    assert samples.TRIAL.ends_at is not None
    until = (
        "$125 is 25 % of $500: WHOLESALE acts at a trial share after the WHOLESALE.contract_rate tripwire, until "
        f"{shown(samples.TRIAL.ends_at)}."
    )
    assert says(message) == [
        "*WHOLESALE: open risk is full at the trial share of 25 %*",
        "*Open now*: $125 of $125",
        "*Stops*  new reserves that need it",
        "*Goes on*  settling, voiding, everything that reserves nothing",
        "There is no room for another offer; 4 reservations are open",
        "A settled or voided reservation gives room.",
        until,
        "[ Open reservations ] [ Ask for full speed… ]",
        f"Risk Guard · WHOLESALE max_open_risk · {shown(AT)}",
    ]
    assert presses(message.blocks)[1].params == {"engine": "WHOLESALE", "hold_id": 9}


def test_the_caps_are_told_in_the_users_units_first() -> None:
    message = reply("risk.snapshot", samples.snapshot(samples.GLOBAL, samples.engine()))
    said = says(message)
    assert "*WHOLESALE*  acts: room for 4 more offers" in said
    assert (
        "lost today $0 of $200 · reserved today $600 of $1,000 · open now $100 of $500 · actions today 6, uncapped"
        in said
    )
    held = samples.snapshot(samples.engine(is_throttled=True, acts=False, holds=(samples.TRIPWIRE,)))
    assert says(reply("risk.snapshot", held))[0] == "*WHOLESALE ON HOLD: nothing is reserved there.*"


def test_what_was_set_shows_before_and_after() -> None:
    said = says(reply("risk.policy_set", samples.SET))
    assert "*Open risk*: $500 → $1,000" in said
    assert "*Enabled*: disabled → enabled" in said
    assert f"Goes back by itself {shown(AT)}" in said


def test_what_was_reserved_says_what_is_left_and_when_it_ends() -> None:
    assert says(reply("risk.reserve", samples.RESERVED)) == [
        "*RESERVED: $100 of WHOLESALE, R-12*",
        "lost today $0 of $200 · reserved today $600 of $1,000 · open now $100 of $500 · actions today 6, uncapped",
        "There is room for 4 more offers",
        f"Settle it with what was lost, or void it; it ends by itself {shown(AT)}.",
        "[ Settle… ] [ Void ]",
        "Risk Guard · audit 7",
    ]


def test_what_was_settled_says_what_is_free_again() -> None:
    assert says(reply("risk.settle", samples.SETTLED)) == [
        "*SETTLED: R-12 with a loss of $30*", "$100 of open risk is free again.", "Risk Guard · audit 7",
    ]  # fmt: skip


def test_who_waits_for_room_is_told_until_when() -> None:
    assert says(reply("risk.watch", samples.WATCHING)) == [
        "*You hear once when WHOLESALE has room for $100.*",
        f"In a direct message, until {shown(AT)}; nothing is kept for you meanwhile.",
        "Risk Guard",
    ]


def test_a_denial_by_a_trial_share_says_the_share_of_what_until_when_and_who_lifts_it() -> None:
    """The five parts; the small line keeps what the policy says."""
    changes: dict[str, Any] = {
        "limit": Decimal(125), "used": Decimal(100), "at_full_speed": Decimal(500), "trial": samples.TRIAL,
        "is_by_trial": True, "holders": (samples.holder(29),), "others": 0,
    }  # fmt: skip
    message = render_outcome(RESERVE, samples.denial(**changes))
    check_message(message)
    said = says(message)
    until = shown(samples.TRIAL.ends_at or AT)
    assert said[1:4] == [
        "It needs $100.   Open now: $100 of $125.   Nothing was booked, nothing went out.",
        (
            "$125 is 25 % of $500: WHOLESALE acts at a trial share after the WHOLESALE.contract_rate tripwire, until "
            f"{until}."
        ),
        "*It is full because of 1 open reservation*",
    ]
    place = said.index("*What lifts it*")
    assert said[place + 1 : place + 4] == [
        "• a manager's yes to full speed (<@U3>, <@U4>); someone on call asks for it",
        f"• by itself: full speed returns {until} at the latest",
        "• one of them settled or voided",
    ]
    assert "max_open_risk $500, set by" in said[-1]


def test_the_caps_at_a_trial_share_are_told_beside_those_at_full_speed() -> None:
    trials = (samples.TRIAL,)
    line = samples.engine(trials=trials, caps=samples.trial_caps(), units=0)
    message = reply("risk.snapshot", samples.snapshot(line, samples.GLOBAL))
    said = says(message)
    assert said[0] == "*WHOLESALE at a trial share of 25 % has no room for another offer.*"
    assert "open now $100 of $125 ($500 at full speed) · actions today 5 of 5 (20 at full speed)" in said
    assert any(line.startswith("H-9 trial share of 25 % after the WHOLESALE.contract_rate tripwire") for line in said)
    assert next((one.operation, one.params) for one in presses(message.blocks)) == (
        "risk.resume", {"engine": "WHOLESALE", "hold_id": 9}
    )  # fmt: skip


def test_a_trial_share_that_people_ended_says_what_still_stops_the_engine() -> None:
    over = samples.RESUMED.model_copy(update={"hold": samples.TRIAL})
    assert says(card("risk_hold", over))[0] == "*WHOLESALE: THE TRIAL SHARE IS OVER: full speed again.*"
    still = over.model_copy(update={"others": (samples.TRIPWIRE,)})
    assert says(card("risk_hold", still))[0] == "*WHOLESALE: THE TRIAL SHARE IS OVER, but it is still stopped.*"


def confirmations(message: Rendered) -> list[Any]:
    """What each *Void* of a message asks before it acts; None where it does not ask."""
    buttons = [one for block in message.blocks if block["type"] == "actions" for one in block["elements"]]
    return [one.get("confirm") for one in buttons if one["text"]["text"] == "Void"]


def test_a_void_asks_first_wherever_it_stands() -> None:
    """It gives the room back and never the action."""
    both = reply("risk.reserve", samples.RESERVED), reply("risk.reservations", samples.REPLIES["risk.reservations"][2])
    for message in both:
        (asks,) = confirmations(message)
        assert asks["title"]["text"] == "Void it?"
        assert asks["text"]["text"].endswith("its $100 is free again. The action stays counted.")
        assert asks["confirm"]["text"] == "Void"


def test_a_lifted_hold_names_its_number_and_audit_entry() -> None:
    lifted = card("risk_hold", samples.RESUMED.model_copy(update={"audit_id": 12}))
    assert says(lifted)[-1] == "Risk Guard · hold H-3 · audit 12"
    assert says(lifted)[-2] == "It stood for 2 h"


def test_no_open_reservation_says_what_would_stand_there() -> None:
    assert says(reply("risk.reservations", samples.REPLIES["risk.reservations"][1])) == [
        "*No reservation of CAPITAL is open.*",
        "What is reserved stands here until it is settled or voided, or ends by itself.",
        "[ Show the caps ]",
    ]
