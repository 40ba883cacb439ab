"""Risk Guard's cards: holds, caps that fill up, room that appeared, and the refusal by a cap (card 8)."""

from decimal import Decimal

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.risk import LAYER, NAMES, USED, by, figure, in_units
from bot.blocks.text import audit_number, count, day, people, quoted, safe, span, when, who, words
from domain.money import dollars
from domain.operation import AnyOperation
from domain.outcomes import Refused
from domain.risk.results import CapDenial, CapWarning, Paused, RoomAppeared, RoomHolder

NOT_DONE = {"risk.reserve": "NOT RESERVED", "offer.send": "NOT SENT"}
HOLDS = {
    "max_open_risk": ("It is full because of {}", "open reservation"),
    "max_daily_exposure": ("Today's room was taken by {}", "reservation"),
    "max_daily_loss": ("Today's loss is that of {}", "settled reservation"),
    "max_actions_per_day": ("Today's actions were {}", "reservation"),
}


def hold(card: Paused) -> Rendered:
    """Return the card of one hold, from its placing until it was lifted."""
    engine = card.hold.engine
    whose = "ALL ENGINES" if engine == "GLOBAL" else words(engine)
    number = f"hold H-{card.hold.hold_id}"
    if card.is_lifted:
        return _lifted(card, whose, number)
    plural = engine == "GLOBAL"
    follow = ", no claims of follow-ups" if card.hold.followups else ""
    already = "It was on hold by you already and stays so." if card.already else None
    stops = "new reserves and offers" + (", claims of follow-ups" if card.hold.followups else "")
    goes_on = "settling, voiding, outcomes, reading" + ("" if card.hold.followups else ", follow-ups and calls")
    return kit.message(
        f"{whose} {'ARE' if plural else 'IS'} ON HOLD: no new reserves, no offers{follow}.",
        kit.lines(f"{by(card.hold)}, {when(card.hold.placed_at)}: {quoted(card.hold.reason)}", already),
        kit.lines(f"*Stops*  {stops}", f"*Goes on*  {goes_on}", *_others(card)),
        kit.actions(_resume(card)),
        kit.context(LAYER, number, audit_number(card.audit_id)),
    )


def _others(card: Paused) -> list[str]:
    found = [f"*Stopped by another hold too*  H-{one.hold_id}, {by(one)}" for one in card.others]
    return found if card.engine_enabled else [*found, "*Disabled too*  lifting a hold enables nothing"]


def _resume(card: Paused) -> Block:
    params = {"engine": card.hold.engine, "hold_id": card.hold.hold_id}
    return kit.button("Ask to resume…", "risk.resume", params, form=True, style="primary")


def _lifted(card: Paused, whose: str, number: str) -> Rendered:
    still = [f"{by(one)} (H-{one.hold_id})" for one in card.others] + ([] if card.engine_enabled else ["disabled"])
    what = "hold" if card.hold.share is None else f"trial share of {card.hold.share} %"
    head = f"{whose}: this hold is lifted, but it is still stopped." if still else f"{whose}: THE HOLD IS LIFTED."
    if card.hold.share is not None:
        head = f"{whose}: THE TRIAL SHARE IS OVER{', but it is still stopped' if still else ': full speed again'}."
    approved = f", {who(card.approved_by)} approved" if card.approved_by else ""
    return kit.message(
        head,
        kit.lines(
            f"{what.capitalize()} by {by(card.hold)}, {when(card.hold.placed_at)}: {quoted(card.hold.reason)}",
            f"{who(card.requested_by)} asked to resume{approved}, {when(card.at)}: {quoted(card.reason)}",
            f"It stood for {span(card.at - card.hold.placed_at)}",
            f"*Still stops it*  {', '.join(still)}" if still else None,
        ),
        kit.context(LAYER, number, audit_number(card.audit_id)),
    )


def cap_warning(card: CapWarning) -> Rendered:
    """Return that a cap is nearly or wholly used, once a day for each."""
    whose = "All engines together" if card.engine == "GLOBAL" else words(card.engine)
    used, limit = figure(card.used), figure(card.limit)
    full = card.percent >= 100  # noqa: PLR2004 - percent
    at = f" at the trial share of {card.trial.share} %" if card.trial else ""
    ends = "It is empty again at midnight." if card.is_daily else "A settled or voided reservation gives room."
    room = in_units(card.units, card.unit)
    return kit.message(
        f"{whose}: {NAMES[card.cap].lower()} is {'full' if full else f'at {card.percent} % and more'}{at}",
        kit.facts([(USED[card.cap].capitalize(), f"{used} of {limit}")]),
        kit.lines(
            f"*Stops*  {'new reserves that need it' if full else 'nothing yet'}",
            "*Goes on*  settling, voiding, everything that reserves nothing",
            f"There is {room}; {count(card.reservations, 'reservation is', 'reservations are')} open" if room else None,
            ends,
            _share(card),
        ),
        kit.actions(kit.button("Open reservations", "risk.reservations", _of(card.engine)), _more(card)),
        kit.context(LAYER, f"{words(card.engine)} {card.cap}", when(card.at), audit_number(card.audit_id)),
    )


def _more(card: CapWarning) -> Block:
    if card.trial is None:
        return kit.button("Ask for more room…", "risk.raise", {"engine": card.engine}, form=True)
    params = {"engine": card.trial.engine, "hold_id": card.trial.hold_id}
    return kit.button("Ask for full speed…", "risk.resume", params, form=True)


def _of(engine: str) -> dict[str, str]:
    return {} if engine == "GLOBAL" else {"engine": engine}


def room_appeared(card: RoomAppeared) -> Rendered:
    """Return, once, that there is room for what somebody waited for."""
    left = f"up to {dollars(card.most)}" if card.most is not None else "with no cap over it"
    return kit.message(
        f"{words(card.engine)} has room for {dollars(card.amount)} again.",
        kit.lines(f"As of {when(card.at)}, {left}. Nothing is kept for you: who comes first has it."),
        kit.actions(kit.button("Show the caps", "risk.snapshot")),
        kit.context(LAYER, f"you asked {when(card.asked_at)}; this is told once"),
    )


def denied(operation: AnyOperation | str, refusal: Refused) -> Rendered:
    """Return a refusal by a cap: what holds the room, what lifts it, the button to ask (card 8)."""
    denial = CapDenial.model_validate(refusal.figures["denial"])
    name = operation if isinstance(operation, str) else operation.name
    whose = "the engines together have" if denial.engine == "GLOBAL" else f"{words(denial.engine)} has"
    head = f"{NOT_DONE.get(name, 'NOT DONE')}: {whose} no room for {_another(denial)}"
    return kit.message(
        head,
        kit.lines(
            f"It needs {_needs(denial)}.   {USED[denial.cap].capitalize()}: {figure(denial.used)} of "
            f"{figure(denial.limit)}.   Nothing was booked, nothing went out.",
            _share(denial),
        ),
        _held_by(denial),
        kit.lines("*What lifts it*", *(f"• {line}" for line in _lifts(denial))),
        kit.actions(*(kit.offered(given, place=number) for number, given in enumerate(refusal.buttons))),
        kit.context(
            LAYER,
            f"{words(denial.engine)} {denial.cap} {figure(_policy_says(denial))}, set by {who(denial.changed_by)} "
            f"{day(denial.changed_at)} (v{denial.policy_version})",
            _other(denial),
            f"ref {words(refusal.reference)}" if refusal.reference else None,
        ),
        text=f"{head}. {USED[denial.cap].capitalize()}: {figure(denial.used)} of {figure(denial.limit)}.",
    )


def _policy_says(found: CapDenial | CapWarning) -> Decimal | int:
    return found.limit if found.at_full_speed is None else found.at_full_speed


def _share(found: CapDenial | CapWarning) -> str | None:
    trial = found.trial
    if trial is None:
        return None
    return (
        f"{figure(found.limit)} is {trial.share} % of {figure(_policy_says(found))}: {words(found.engine)} acts at "
        f"a trial share after {by(trial)}, until {when(trial.ends_at)}."
    )


def _another(denial: CapDenial) -> str:
    if denial.cap == "max_actions_per_day":
        return "another action today"
    if denial.unit:
        return f"another {'open ' if denial.cap == 'max_open_risk' else ''}{words(denial.unit)}"
    return f"another {dollars(denial.amount)}"


def _needs(denial: CapDenial) -> str:
    return "1 action" if denial.cap == "max_actions_per_day" else dollars(denial.amount)


def _held_by(denial: CapDenial) -> list[Block]:
    total = len(denial.holders) + denial.others
    if not total:
        return kit.lines("Nothing is reserved: the cap itself is smaller than what was asked.")
    sentence, noun = HOLDS[denial.cap]
    made = kit.lines(f"*{sentence.format(count(total, noun))}*")
    made += [_holder(denial, one) for one in denial.holders]
    if denial.others:
        since = f", the first {day(denial.others_since)}" if denial.others_since else ""
        show = kit.button("Show", "risk.reservations", _of(denial.engine), about="the others")
        text = f"and {denial.others} more, {dollars(denial.others_amount)}{since}"
        made.append(kit.section(text, show if denial.cap == "max_open_risk" else None))
    return made


def _holder(denial: CapDenial, one: RoomHolder) -> Block:
    about = f"  {safe(one.about)}" if one.about else ""
    whose = "yours" if one.yours else who(one.created_by)
    amount = f"lost {dollars(one.amount)}" if denial.cap == "max_daily_loss" else dollars(one.amount)
    text = f"R-{one.reservation_id}{about}   {amount}   since {day(one.created_at)}   {whose}"
    if not (one.is_open and one.yours and denial.cap == "max_open_risk"):
        return kit.section(text)
    which = {"reservation_id": one.reservation_id}
    return kit.section(text, kit.button("Settle…", "risk.settle", which, form=True, about=f"R-{one.reservation_id}"))


def _lifts(denial: CapDenial) -> list[str]:
    deciders = f" ({people(denial.deciders, 3)})" if denial.deciders else ", but there is no other manager"
    if denial.is_by_trial and denial.trial is not None:
        return [
            f"a manager's yes to full speed{deciders}; someone on call asks for it",
            f"by itself: full speed returns {when(denial.trial.ends_at)} at the latest",
            *(["one of them settled or voided"] if denial.cap == "max_open_risk" and denial.holders else []),
        ]
    lines = [f"a manager's yes to more room, until {when(denial.ask_until)}{deciders}"]
    if denial.cap == "max_open_risk" and denial.holders:
        lines.insert(0, "one of them settled or voided: room at once")
        if denial.frees_itself:
            ends = f"R-{denial.frees_itself} ends {when(denial.frees_itself_at)} if nobody settles it"
            lines.append(f"by itself: {ends}")
    elif denial.cap == "max_daily_exposure" and any(one.is_open for one in denial.holders):
        lines.insert(0, "one of today's voided: room at once")
    if denial.cap != "max_open_risk":
        lines.append(f"by itself: at midnight, {when(denial.frees_itself_at)}")
    return lines


def _other(denial: CapDenial) -> str | None:
    other = denial.other
    if other is None:
        return None
    if other.limit == "uncapped":
        return f"{words(other.engine)} has room (uncapped)"
    return f"{words(other.engine)} is at {figure(other.used)} of {figure(other.limit)}"


__all__ = ["cap_warning", "denied", "hold", "room_appeared"]
