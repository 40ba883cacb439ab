"""Tripwires: the alert (card 4), how each stands, policies and releases."""

from datetime import timedelta

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import audit_number, count, day, label, listed, quoted, safe, span, value, when, who, words
from domain.alerts.results import AlertCard
from domain.regression.results import (
    PartLine,
    PolicyChanged,
    Trial,
    TripCard,
    TripwirePolicies,
    TripwirePolicy,
    TripwireReleased,
    TripwireSnapshot,
    TripwireState,
    TripwireStates,
    Waiting,
)
from domain.regression.words import UNITS, counted, level, name_of, percent, sooner, subject, unit

LAYER = "Tripwire"
MOST_SHOWN = 12
LONGEST_IN_MENU = 100
"""Characters a domain and a metric may have together in a menu's choice; of longer ones the domain alone is shown."""
DAYS_OF_YEAR, DAYS_OF_MONTH = 365.25, 30.4
STOPS = {
    "WHOLESALE": "sending offers and new WHOLESALE reserves",
    "GLOBAL": "every new reserve and every offer",
}
GOES_ON = "follow-ups, calls, outcomes, settlements"
STOPS_ALL = "claims and contacts, offers, reserves, AI trials and AI use"


def alert(card: AlertCard, state: str) -> Rendered:
    """Return the alert of a tripwire: is it real, is it stopped, does it need me now, what did we change."""
    found = TripCard.model_validate((card.extra or {}).get("detail"))
    if found.released_at is not None:
        return _released_alert(card, found)
    head = words(card.headline)
    return kit.message(
        f"OVER: {head}" if card.state == "resolved" else head,
        kit.lines(state),
        kit.facts(_figures(found)),
        kit.CHART,
        kit.lines(*_what_stops(found), _where(found), _changed(found)),
        kit.actions(*_buttons(card, found)),
        _last(card, found),
    )


def _figures(found: TripCard) -> list[tuple[str, str]]:
    began = f" since the dip began, {day(found.began_at)}" if found.began_at else ""
    rows = [(subject(found), f"{level(found)}    {counted(found)}{began}")]
    if found.n is not None:
        rows.append(("Seen by chance", chance(found)))
    if found.waiting is not None and not found.is_warning:
        rows.append(_waiting(found.waiting))
    if found.since_events:
        rows.append(("Since the alarm", _since(found, found.since_events, found.since_successes)))
    return rows


def chance(found: TripCard) -> str:
    """Say how often noise would do this: `about once in 109,000 offers: 40 years at 7 a day`."""
    n = found.n or 0.0
    shown = f"about once in {_rounded(n):,} {unit(found)}"
    per_day = 24.0 if unit(found) == "hours" else found.per_day
    if not per_day:
        return shown
    pace = f" at {_pace(per_day)} a day" if unit(found) != "hours" else ""
    return f"{shown}: {_long(n / per_day)}{pace}"


def _rounded(number: float) -> int:
    digits = len(str(int(number)))
    return int(round(number, 3 - digits)) if digits > 3 else int(number)  # noqa: PLR2004 - three digits say enough


def _pace(per_day: float) -> str:
    return f"{per_day:,.0f}" if per_day >= 1 else f"{per_day:.1f}"


def _long(days: float) -> str:
    if days >= 2 * DAYS_OF_YEAR:
        return f"{days / DAYS_OF_YEAR:,.0f} years"
    if days >= 2 * DAYS_OF_MONTH:
        return f"{days / DAYS_OF_MONTH:.0f} months"
    return count(max(1, round(days)), "day") if days >= 1 else span(timedelta(days=days))


def _waiting(waiting: Waiting) -> tuple[str, str]:
    """Say what an answer in the morning would keep waiting."""
    now = [
        count(waiting.due, "follow-up is due", "follow-ups are due") if waiting.due else "",
        count(waiting.held, "held action", "held actions") if waiting.held else "",
    ]
    if any(now):
        return "Waiting now", f"{listed(item for item in now if item)}; follow-ups go on"
    if waiting.next_due_at is not None:
        return "Nothing is waiting", f"until {when(waiting.next_due_at)}: the next follow-up falls due then"
    return "Nothing is waiting", "no follow-up is planned and no action is held"


def _since(found: TripCard, events: int, successes: float) -> str:
    return f"{percent(successes / events)}    {successes:,.0f} of {events:,} {unit(found)}, measured after it"


def _what_stops(found: TripCard) -> list[str]:
    if found.is_warning:
        return [
            f"*Stops*  nothing yet; the tripwire acts once this is as rare as once in {found.act_n:,} {unit(found)}",
        ]
    if found.kill_switch_engaged:
        return [f"*Stops*  {STOPS_ALL}", "*Goes on*  reading, recording outcomes, settling, opt-outs, approvals"]
    engine = found.engine or ""
    others = "" if engine in {"GLOBAL", "CAPITAL"} else ", CAPITAL"
    return [f"*Stops*  {STOPS.get(engine, f'new {engine} reserves')}", f"*Goes on*  {GOES_ON}{others}"]


def _where(found: TripCard) -> str | None:
    if found.where is None or found.elsewhere is None:
        return None
    return f"*Where*  {_part(found.where)}; {_part(found.elsewhere)}"


def _part(part: PartLine) -> str:
    return f"{safe(part.name)} {part.successes:,} of {part.events:,}"


def _changed(found: TripCard) -> str:
    if not found.changes:
        return "*Changed shortly before*  no policy, source or route"
    lines = [f"{when(change.at)}  {safe(change.what)}  {who(change.by)}" for change in found.changes]
    return "\n".join(["*Changed shortly before*", *lines])


def _buttons(card: AlertCard, found: TripCard) -> list[Block]:
    if card.state == "resolved":
        return [_look_closer(found)]
    which, about = {"alert_id": card.alert_id}, f"T-{card.alert_id}: {words(card.headline)}"
    name = {"domain": found.domain, "metric": found.metric}
    made = []
    if card.state == "open":
        made.append(kit.button("Acknowledge", "alerts.ack", which, style="primary", about=about))
    if found.is_warning:
        made.append(kit.button("Resolve…", "alerts.resolve", which, form=True, about=about))
    else:
        made.append(kit.button("Ask to release…", "regression.release", name, form=True, about=about))
    menu = []
    if found.engine == "WHOLESALE" and not found.is_warning:
        pause = {"engine": "WHOLESALE", "followups": True}
        menu.append(kit.choice("Pause follow-ups too…", "risk.pause", pause, form=True))
    menu.append(kit.choice("Pass to…", "alerts.pass", which, form=True))
    if not found.kill_switch_engaged:
        menu.append(kit.choice("Kill switch…", "killswitch.engage", form=True))
    menu.append(
        kit.choice("Show the tripwire", "regression.state", name if _fits_a_menu(name) else {"domain": found.domain})
    )
    return [*made, _look_closer(found), kit.overflow(menu, place=card.alert_id % 10_000)]


def _fits_a_menu(name: dict[str, str]) -> bool:
    return sum(map(len, name.values())) <= LONGEST_IN_MENU


def _look_closer(found: TripCard) -> Block:
    by = found.where.by if found.where is not None else "day"
    return kit.button("Look closer", "kpi.series", {"domain": found.domain, "metric": found.metric, "by": by})


def _last(card: AlertCard, found: TripCard) -> Block:
    acts = f"{'warns' if found.is_warning else 'acts'} at {found.warn_n if found.is_warning else found.act_n:,}"
    return kit.context(
        f"{LAYER} · {found.domain}.{found.metric}, policy v{found.policy_version}, {acts}",
        f"alert T-{card.alert_id}", audit_number(card.audit_id),
    )  # fmt: skip


def _released_alert(card: AlertCard, found: TripCard) -> Rendered:
    who_says = f"{who(found.released_by)} asked for the release"
    approved = f"; {who(found.approved_by)} approved it" if found.approved_by else "; nobody else approved it"
    since = _since(found, found.since_events, found.since_successes) if found.since_events else "nothing was recorded"
    full_speed = None if found.trial else "Full speed is back at once."
    again = "If the drop goes on, it trips again, on new events alone."
    return kit.message(
        f"{_released_head(found)}{name_of(found.metric)} is watched again from zero.",
        kit.lines(
            f"{who_says}, {when(found.released_at)}: {quoted(found.release_reason or 'no reason')}{approved}",
            f"It stood for {span((found.released_at or found.tripped_at) - found.tripped_at)}",
        ),
        kit.facts(
            [(subject(found), f"{level(found)}    {counted(found)}"), ("Since the alarm", since), *_trial(found)]
        ),
        kit.lines(
            " ".join(part for part in (full_speed, again) if part),
            "The kill switch has a release of its own: `/killswitch release`." if found.kill_switch_engaged else None,
            _where(found), _changed(found),
        ),
        kit.actions(_full_speed(found.trial), _look_closer(found)),
        _last(card, found),
    )  # fmt: skip


ENDED = {
    "its time": "full speed is back since {at}: its time was up",
    "measured": "full speed is back since {at}: enough was measured, and it shows no drop",
    "resumed": "full speed is back since {at}: somebody asked for it, and a manager approved",
    "tripped": "it ended {at}: the tripwire tripped again, and its hold took the share's place",
    "released": "it ended {at}, with a later release",
}


def _released_head(found: TripCard) -> str:
    trial = found.trial
    if trial is None:
        return f"RELEASED: {found.engine} may act again. " if found.engine else "RELEASED. "
    if trial.ended_why is None:
        return f"RELEASED: {words(trial.engine)} acts at a trial share of {trial.share} % of its caps. "
    if trial.ended_why == "tripped":
        return f"TRIPPED AGAIN: the trial share of {words(trial.engine)} is over. "
    return f"RELEASED: the trial share of {words(trial.engine)} is over. "


def _trial(found: TripCard) -> list[tuple[str, str]]:
    """Say the trial share, the rate measured since, and when full speed returns or how the share ended."""
    trial = found.trial
    if trial is None:
        return []
    if trial.ended_at is not None:
        back = ("Then", ENDED[trial.ended_why or "its time"].format(at=when(trial.ended_at)))
    else:
        back = ("Full speed returns", f"{when(trial.ends_at)}{sooner(found, trial.needs, trial.least)}")
    share = ("Trial share", f"{trial.share} % of the caps of {words(trial.engine)}")
    return [share, ("Measured since", since_release(trial, unit(found), found.kind)), back]


def since_release(trial: Trial, noun: str, kind: str) -> str:
    """Say what was measured since the release, beside what was usual: `33 % of 21 offers (was 41 %)`."""
    if not trial.events:
        return "nothing was recorded yet"
    if kind == "volume":
        return count(trial.events, "event")
    return f"{percent(trial.successes / trial.events)} of {trial.events:,} {noun} (was {percent(trial.usual)})"


def _full_speed(trial: Trial | None) -> Block | None:
    if trial is None or trial.ended_at is not None:
        return None
    params = {"engine": trial.engine, "hold_id": trial.hold_id}
    return kit.button(
        "Ask for full speed…", "risk.resume", params, form=True, about=f"{trial.engine} H-{trial.hold_id}"
    )


# -- how they stand --------------------------------------------------------------------------------------


def states(found: TripwireStates) -> Rendered:
    """Return how tripwires stand."""
    if not found.items:
        return kit.message("Nothing is watched.", kit.lines("`/tripwire set DOMAIN METRIC …` makes a tripwire."))
    tripped = [item for item in found.items if item.state == "tripped"]
    guarding = sum(item.enabled and item.can_act for item in found.items)
    head = (
        f"{count(len(tripped), 'TRIPWIRE IS', 'TRIPWIRES ARE')} TRIPPED: {listed(_name(item) for item in tripped)}."
        if tripped
        else f"{guarding} of {count(len(found.items), 'tripwire')} can act now. None is tripped."
    )
    return kit.message(
        head,
        [block for item in found.items[:MOST_SHOWN] for block in state_line(item)],
        kit.lines(kit.and_more(found.items, MOST_SHOWN)),
        kit.context(LAYER, f"as of {when(found.as_of)}"),
    )


def snapshot(found: TripwireSnapshot) -> Rendered:
    """Return how many tripwires stand how."""
    shown = states(TripwireStates(items=found.items, as_of=found.as_of))
    row = [(label(name), f"{getattr(found, name)}") for name in ("tripped", "warned", "armed", "learning", "off")]
    throttled = ", ".join(words(engine) for engine in found.throttled_engines) or "no engine"
    facts = kit.facts([*row, ("Throttled", throttled)])
    return Rendered(shown.text, kit.fitted([*shown.blocks[:1], *facts, *shown.blocks[1:]]))


def _name(item: TripwireState | TripwirePolicy) -> str:
    return f"{words(item.domain)}.{words(item.metric)}"


def state_line(item: TripwireState) -> list[Block]:
    """Return one tripwire: its state in words, its figures, and the button that fits."""
    lines = [f"*{item.state.upper()}*  {_name(item)}: {_stands(item)}", _on_trial(item), _level(item), _freshness(item)]
    which = {"domain": item.domain, "metric": item.metric}
    buttons = [
        kit.button("Ask to release…", "regression.release", which, form=True, about=_name(item))
        if item.state == "tripped"
        else _full_speed(item.trial),
        kit.button("Look closer", "kpi.series", which, about=_name(item)) if item.events else None,
    ]
    return [kit.section("\n".join(line for line in lines if line)), *kit.actions(*buttons)]


def _on_trial(item: TripwireState) -> str | None:
    trial = item.trial
    if trial is None:
        return None
    measured = since_release(trial, UNITS.get(item.metric, "events"), item.kind)
    early = f", or after {trial.needs:,} without a drop" if trial.needs else ""
    return (
        f"*Trial share* {trial.share} % of the caps of {words(trial.engine)} · measured since: {measured} · "
        f"full speed returns {when(trial.ends_at)}{early}"
    )


def _unlearned(kind: str, floor: float | None) -> str:
    """Say what one that has not learned enough can do: a floor is stated, so it needs nothing learned but the hours."""
    return "it cannot act yet" if floor is None or kind == "volume" else "until then it acts under its floor alone"


def _stands(item: TripwireState) -> str:
    what = f"stops {words(item.throttles)}" if item.action == "THROTTLE" and item.throttles else {
        "KILL_SWITCH": "engages the kill switch", "WARN": "warns"}.get(item.action, "warns")  # fmt: skip
    if item.state == "tripped":
        held = f"{words(item.throttles or '')} is held" if item.is_throttled else "its hold is not in force"
        return f"since {when(item.tripped_at)}; {held if item.action == 'THROTTLE' else what}"
    if item.state == "learning":
        about = f", about {day(item.ready_about)}" if item.ready_about else ""
        noun = "hours" if item.kind == "volume" else "events"
        return f"{item.learned:,} of {item.needs:,} {noun}{about}; {_unlearned(item.kind, item.floor)}"
    if item.state == "off":
        able = "has learned enough" if item.can_act else f"has learned {item.learned:,} of {item.needs:,}"
        return f"it does nothing; it {able}"
    if item.state == "warned":
        return f"since {when(item.warned_at)}; {what} once the score reaches {item.act_n:,}"
    return f"{what} once the score reaches {item.act_n:,}"


def _level(item: TripwireState) -> str:
    if item.baseline_rate is None:
        return "Nothing is known of it yet."
    if item.kind == "volume":
        return f"Usually {item.baseline_rate:,.0f} a week · score {item.score:,.0f}"
    if item.kind == "mean":
        return f"Its usual middle is {item.middle or 0:,.4g} · score {item.score:,.0f}"
    recent = f" · the last {item.recent_events:,}: {percent(item.recent_rate)}" if item.recent_rate is not None else ""
    return f"Usually {percent(item.baseline_rate)}{recent} · score {item.score:,.0f}"


def _freshness(item: TripwireState) -> str | None:
    if item.last_event_at is None:
        return "No event yet."
    if item.is_stale:
        ago = f"last event {count(item.days_old, 'day')} ago" if item.days_old else "its last event is old"
        return f"*Old data*: {ago}, {when(item.last_event_at)}; nothing is known of today."
    return f"Last event {when(item.last_event_at)}" + (", and more is being counted" if item.waiting else "")


# -- policies --------------------------------------------------------------------------------------------


def policies(found: TripwirePolicies) -> Rendered:
    """Return what each tripwire watches, and what it does."""
    if not found.items:
        return kit.message("Nothing is watched.", kit.lines("`/tripwire set DOMAIN METRIC …` makes a tripwire."))
    on = sum(item.enabled for item in found.items)
    return kit.message(
        f"{count(len(found.items), 'tripwire')}, {on} switched on.",
        [block for item in found.items[:MOST_SHOWN] for block in _policy_line(item)],
        kit.lines(kit.and_more(found.items, MOST_SHOWN)),
        kit.context(LAYER, "`/tripwire set DOMAIN METRIC …` changes one; loosening needs approval"),
    )


def _policy_line(item: TripwirePolicy) -> list[Block]:
    more = [f"{label(each.field)} goes back to {value(each.base)}, {when(each.until)}" for each in item.temporary]
    text = "\n".join([f"*{_name(item)}*  {'on' if item.enabled else 'off'} · {_rule(item)}", _set_by(item), *more])
    change = kit.button(
        "Change…", "regression.policy_set", {"domain": item.domain, "metric": item.metric}, form=True,
        about=_name(item),
    )  # fmt: skip
    return [kit.section(text, change)]


def _rule(item: TripwirePolicy) -> str:
    does = {
        "THROTTLE": f"holds {words(item.throttles or '')}", "KILL_SWITCH": "engages the kill switch", "WARN": "warns",
    }[item.action]  # fmt: skip
    worse = "drop" if item.better == "higher" else "rise"
    if item.method == "window":
        compared = f"the last {item.window_events} against {item.baseline_events} before them"
        rule = f"{compared}, a {worse} of {percent(item.max_drop_fraction)}"
    else:
        rule = f"a {worse} of {percent(item.max_drop_fraction)}, acts at {item.act_n:,}, warns at {item.warn_n:,}"
    floor = (
        f", {'floor' if item.better == 'higher' else 'ceiling'} {value(item.floor)}" if item.floor is not None else ""
    )
    told = f", stated as {percent(item.reference_rate)}" if item.reference_rate is not None else ""
    return f"{item.kind}: {rule}{floor}{told}; {does}"


def _set_by(item: TripwirePolicy) -> str:
    return f"v{item.version} by {who(item.changed_by)}, {when(item.updated_at)}: {quoted(item.reason)}"


def policy_changed(found: PolicyChanged) -> Rendered:
    """Return a tripwire as it is now, and what changed."""
    policy = found.policy
    if found.created:
        head = f"{_name(policy)} is watched now."
    elif not found.changed:
        head = f"{_name(policy)} was so already."
    else:
        head = f"{_name(policy)} is changed: {listed(label(name).lower() for name in found.changed)}."
    state = {
        "off": "It is off: it learns, and does nothing.",
        "learning": f"It is on and still learning: {_unlearned(policy.kind, policy.floor)}.",
        "armed": "It is on and can act.", "warned": "It is on, and warns now.",
        "tripped": "It is tripped; its hold stays until it is released.",
    }[found.state]  # fmt: skip
    until = f"The changed fields go back by themselves, {when(found.until)}." if found.until else None
    return kit.message(
        head, kit.lines(_rule(policy), state, until), kit.lines(_set_by(policy)),
        kit.context(LAYER, f"policy v{policy.version}", audit_number(found.audit_id)),
    )  # fmt: skip


def released(found: TripwireReleased) -> Rendered:
    """Return that a tripwire was released."""
    name = name_of(found.metric)
    head = f"{found.engine} is no longer held by {name}." if found.lifted else f"{name} is watched again from zero."
    trial, back = found.trial, None
    if trial is not None:
        head = f"{words(trial.engine)} acts at a trial share of {trial.share} % of its caps."
        early = f", or sooner after {trial.needs:,} events that show no drop" if trial.needs else ""
        back = f"Full speed returns {when(trial.ends_at)}{early}."
    more = (
        f"Still held by {listed(words(source) for source in found.others)}: each is lifted on its own."
        if found.others
        else None
    )
    switch = "The kill switch stays engaged: `/killswitch release` asks for its release."
    since = (
        f"Since the alarm: {percent(found.since_successes / found.since_events)} of {found.since_events:,}; "
        f"usual {percent(found.usual)}."
        if found.since_events
        else "Nothing was recorded since the alarm."
    )
    return kit.message(
        head,
        kit.lines(back, since, more, switch if found.kill_switch_engaged else None,
                  "Events from before the release never trip it again."),
        kit.actions(_full_speed(trial)),
        kit.context(LAYER, f"{words(found.domain)}.{words(found.metric)}", audit_number(found.audit_id)),
    )  # fmt: skip
