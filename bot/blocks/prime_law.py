"""The switches: the kill switch card (card 1), the go-live card, and how things stand."""

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.sellers import named
from bot.blocks.text import audit_number, count, listed, quoted, span, when, who, words
from domain.prime_law.results import (
    FinishNow,
    GoLiveCard,
    GoLiveView,
    HeldCount,
    KillSwitchCard,
    Reached,
    ReasonAsked,
    UnderWay,
    UnderWayStep,
)

LAYER = "Prime Law"
STOPS = "claims and contacts, offers, reserves, AI trials and AI use"
GOES_ON = "reading, recording outcomes, settling, opt-outs, policies, approvals"
MOST_REASONS = 5
KINDS = {
    "followup.claim": ("claim", "claims"),
    "followup.create": ("new ladder", "new ladders"),
    "offer.send": ("offer", "offers"),
    "risk.reserve": ("reserve", "reserves"),
    "heimdall.require": ("use of a recommendation", "uses of recommendations"),
}
"""What held actions of an operation are called; others by their operation's name."""
CHANNELS = {"CALL": ("call", "calls"), "SMS": ("text", "texts"), "EMAIL": ("e-mail", "e-mails")}
DOING = {"CALL": "the call", "SMS": "the text", "EMAIL": "the e-mail"}


def kill_switch(card: KillSwitchCard) -> Rendered:
    """Return the card of one engagement, from the press to its release."""
    return _engaged(card) if card.is_engaged else _released(card)


def switched(card: KillSwitchCard) -> Rendered:
    """Return the card for whoever pressed; pressed again, it says that the switch was engaged already."""
    shown = kill_switch(card)
    if not (card.already_engaged and card.is_engaged):
        return shown
    note = kit.lines("It was engaged already and stays so; what was said now was added to the reasons.")
    return Rendered(shown.text, [*shown.blocks[:1], *note, *shown.blocks[1:]])


def _engaged(card: KillSwitchCard) -> Rendered:
    lines = _reasons(card)
    if not card.reasons:
        asked = f"no reason given yet; {who(card.engaged_by)} has been asked"
        lines = [f"{who(card.engaged_by)}, {when(card.engaged_at)}: {asked}"]
    live = (
        "Go-live is still ON: releasing this switch resumes production."
        if card.go_live_enabled
        else "Go-live is off: releasing this switch brings back AI trials, not production."
    )
    return kit.message(
        "KILL SWITCH ENGAGED. Nothing new goes out.",
        kit.lines(*lines),
        kit.facts([*_reached(card.reached), *_under_way(card.under_way), ("Held in the queue", _held(card.held))]),
        kit.lines(f"*Stops*  {STOPS}", f"*Goes on*  {GOES_ON}", live),
        kit.actions(
            kit.button("Ask to release…", "killswitch.release", form=True, style="primary"),
            _show_held(card.held),
            kit.button("Add to the reason…", "killswitch.explain", form=True),
        ),
        _last(card.version, card.audit_id),
        text=f"KILL SWITCH ENGAGED by {who(card.engaged_by)}. Nothing new goes out.",
    )


def _released(card: KillSwitchCard) -> Rendered:
    acts = "Production acts again." if card.go_live_enabled else "Go-live is off, so production does not act."
    until = card.released_at or card.engaged_at
    released = f"{who(card.requested_by)} asked for the release"
    if card.release_reason:
        released += f": {quoted(card.release_reason)}"
    approved = (
        f"{who(card.released_by)} approved it, {when(card.released_at)}"
        if card.released_by
        else f"Nobody else approved it; released {when(card.released_at)}"
    )
    return kit.message(
        f"KILL SWITCH RELEASED. {acts}",
        kit.lines(*_reasons(card, engaged="engaged"), released, approved),
        kit.facts(
            [
                ("Engaged for", span(until - card.engaged_at)),
                *_under_way(card.under_way),
                ("Still held", _held(card.held)),
            ]
        ),
        kit.lines(
            _overridden(card.overridden),
            "Held actions do not run by themselves: a manager runs or drops each." if card.held else None,
        ),
        kit.actions(_show_held(card.held)),
        _last(card.version, card.audit_id),
    )


def _reasons(card: KillSwitchCard, *, engaged: str = "") -> list[str]:
    """Say who pressed it, when, and every reason given since, the latest few where there are many."""
    start = f"{who(card.engaged_by)}{' ' + engaged + ' it' if engaged else ''}, {when(card.engaged_at)}"
    if not card.reasons:
        return [f"{start}: no reason given"]
    first, *more = card.reasons
    left_out = len(more) - MOST_REASONS
    shown = [f"{start}: {quoted(first)}"]
    if left_out > 0:
        shown.append(f"and {left_out} more in between")
    return [*shown, *(f"added: {quoted(reason)}" for reason in more[-MOST_REASONS:])]


def _reached(reached: Reached | None) -> list[tuple[str, str]]:
    """Say which processes have seen it and how long the last one took; nothing while nobody has looked."""
    if reached is None:
        return []
    said = f"{reached.confirmed} of {count(reached.processes, 'process has', 'processes have')} refused or confirmed"
    if not reached.is_complete:
        return [("Reached so far", f"{said}; {reached.processes - reached.confirmed} not yet")]
    if reached.seconds is None:
        return [("Reached everywhere", said)]
    took = f"{reached.seconds:.1f} s" if reached.seconds >= 0.05 else "under 0.1 s"  # noqa: PLR2004 - what rounds to 0.1
    return [("Reached everywhere", f"{took}   {said}")]


def _under_way(under_way: tuple[UnderWay, ...]) -> list[tuple[str, str]]:
    """Say what was half done at the press, and how much of it has been recorded since; nothing where nothing was."""
    total = sum(item.count for item in under_way)
    if not total:
        return []
    open_still = total - sum(item.ended for item in under_way)
    kinds = listed(count(item.count, *CHANNELS.get(item.channel, (words(item.channel),))) for item in under_way)
    state = "all recorded since" if not open_still else f"finish and record; {open_still:,} not recorded yet"
    return [("Under way when pressed", f"{kinds}: {state}")]


def _held(held: tuple[HeldCount, ...]) -> str:
    total = sum(item.count for item in held)
    if not total:
        return "nothing"
    kinds = [
        count(item.count, *KINDS.get(item.operation, (words(item.operation), words(item.operation)))) for item in held
    ]
    return f"{total:,}: {listed(kinds)}. None of it runs by itself later"


def _show_held(held: tuple[HeldCount, ...]) -> Block | None:
    total = sum(item.count for item in held)
    return kit.button(f"Show the {count(total, 'item')}", "held.list") if total else None


def _overridden(overridden: tuple[str, ...]) -> str | None:
    return f"*Overridden*  {listed(words(item) for item in overridden)}" if overridden else None


def _last(version: int, audit_id: int | None = None) -> Block:
    return kit.context(LAYER, f"state {version}", audit_number(audit_id))


def go_live(card: GoLiveCard) -> Rendered:
    """Return the announcement that production was switched on or off."""
    return kit.message(
        _go_live_headline(card),
        kit.lines(*_who_switched(card), _overridden(card.overridden)),
        kit.lines(*_what_now(card)),
        kit.actions(*_switches(live=card.go_live_enabled, engaged=card.kill_switch_engaged)),
        _last(card.version, card.audit_id),
    )


def _go_live_headline(card: GoLiveCard) -> str:
    if not card.go_live_enabled:
        return "GO-LIVE IS OFF. Production does not act." + ("" if card.changed else " It was off already.")
    if card.kill_switch_engaged:
        return "GO-LIVE IS ON, but the kill switch is engaged: nothing acts."
    return "GO-LIVE IS ON. Production acts."


def _who_switched(card: GoLiveCard) -> list[str]:
    if not card.changed:
        return ["Nothing changed."]
    verb = "asked" if card.approved_by else f"switched it {'on' if card.go_live_enabled else 'off'}"
    said = f": {quoted(card.reason)}" if card.reason else ""
    lines = [f"{who(card.requested_by)} {verb}, {when(card.at)}{said}"]
    if card.approved_by:
        lines.append(f"{who(card.approved_by)} approved it")
    return lines


def _what_now(card: GoLiveCard) -> list[str]:
    if card.go_live_enabled:
        when_acting = "Acts once the switch is released" if card.kill_switch_engaged else "Acts now"
        return [
            f"*{when_acting}*  ladders, claims, reserves and offers, within caps and contact rules",
            "*Way back*  `/golive disable` or `/killswitch engage`, at once, by anyone who works here",
        ]
    return [
        "*Stops*  claims and contacts, offers, reserves, use of recommendations",
        "*Goes on*  reading, AI trials, computing offers, recording outcomes, policies, approvals",
    ]


def _switches(*, live: bool, engaged: bool) -> list[Block]:
    """Return the buttons that fit the switches: the safe direction acts, the dangerous one asks."""
    made: list[Block] = []
    if engaged:
        made += [
            kit.button("Ask to release…", "killswitch.release", form=True),
            kit.button("Add to the reason…", "killswitch.explain", form=True),
        ]
    if live:
        made.append(kit.button("Switch go-live off…", "golive.disable", form=True, style="danger"))
    else:
        made.append(kit.button("Ask to go live…", "golive.enable", form=True))
        made.append(kit.button("Show the checklist", "golive.checklist"))
    if not engaged:
        made.append(engage_button())
    return made


def engage_button() -> Block:
    """Return the button of the kill switch; one question stands between a slip of the finger and a stop."""
    asks = kit.confirm(
        "Engage the kill switch?", f"It stops {STOPS}, at once and everywhere.", "Engage", "No", danger=True
    )
    return kit.button("Engage the kill switch", "killswitch.engage", style="danger", confirm=asks)


def state(view: GoLiveView) -> Rendered:
    """Return how the switches stand, for the caller."""
    rows = [
        ("Go-live", "on" if view.go_live_enabled else "off"),
        ("Kill switch", "ENGAGED" if view.kill_switch_engaged else "clear"),
    ]
    lines: list[str] = []
    if view.kill_switch_engaged and view.engaged_by:
        lines.append(f"Kill switch engaged by {who(view.engaged_by)}, {when(view.engaged_at)}")
    if view.changed_by:
        said = f": {quoted(view.reason)}" if view.reason else ""
        lines.append(f"Last change by {who(view.changed_by)}, {when(view.changed_at)}{said}")
    if not view.was_ever_live:
        lines.append("Go-live was never on yet: `/golive checklist` shows what is missing.")
    return kit.message(
        state_headline(view),
        kit.facts(rows),
        kit.lines(*lines),
        kit.actions(*_switches(live=view.go_live_enabled, engaged=view.kill_switch_engaged)),
        _last(view.version),
    )


def state_headline(view: GoLiveView) -> str:
    if view.kill_switch_engaged:
        return "KILL SWITCH ENGAGED. Nothing new goes out."
    return "Production is on." if view.go_live_enabled else "Production is off: go-live is not enabled."


def reason_asked(asked: ReasonAsked) -> Rendered:
    """Return the direct message to whoever engaged without saying why."""
    return kit.message(
        "You engaged the kill switch. Why?",
        kit.lines(
            f"It is engaged since {when(asked.engaged_at)} and stays so, reason or not.",
            "One line helps everybody who reads the card: what did you see?",
        ),
        kit.actions(kit.button("Add the reason…", "killswitch.explain", form=True, style="primary")),
        kit.context(LAYER),
    )


def finish_now(told: FinishNow) -> Rendered:
    """Return the direct message to whoever was in the middle of something when the kill switch was pressed."""
    steps = [block for step in told.steps for block in _finish(step)]
    is_call = all(step.channel == "CALL" for step in told.steps)
    what = "your call" if is_call and len(told.steps) == 1 else "what you began"
    said = f": {quoted(told.reason)}" if told.reason else ""
    return kit.message(
        f"KILL SWITCH ENGAGED. Finish {what} and record it; do not start another.",
        kit.lines(f"{who(told.engaged_by)}, {when(told.engaged_at)}{said}"),
        steps,
        kit.lines("Recording what came of it goes on working while the switch is engaged; nothing new can be claimed."),
        kit.context(LAYER),
    )


def _finish(step: UnderWayStep) -> list[Block]:
    about = named(step.seller_name, step.lead_id, step.market, step.province)
    record = kit.button("Record it…", "followup.complete", {"task_id": step.task_id}, form=True, about=about)
    return [kit.section(f"{DOING.get(step.channel, words(step.channel)).capitalize()} to {about}", record)]
