"""How sellers, steps, numbers and rates are named in follow-up messages."""

import re
from datetime import datetime, timedelta

from bot.blocks.text import cut, day, safe, span, when, who, words
from domain.followup.results import Seller, Step

CHANNELS = {"SMS": "TEXT", "CALL": "CALL", "EMAIL": "E-MAIL"}
OUTCOMES = {
    "interested": "Interested", "no_answer": "No answer", "voicemail": "Left a voicemail", "callback": "Call back",
    "not_interested": "Not interested", "sold": "Sold already", "wrong_number": "Wrong number",
    "asked_to_stop": "Asked us to stop",
}  # fmt: skip
CONSENTS = {
    "express": "they agreed to it", "inquiry": "they asked us", "purchase": "they dealt with us",
    "contract": "there is a contract",
}  # fmt: skip
_E164 = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")


def channel(name: str) -> str:
    """Return TEXT or CALL."""
    return CHANNELS.get(name, words(name))


def outcome(name: str | None) -> str:
    """Return an outcome in the words a caller uses."""
    return OUTCOMES.get(name or "", words((name or "done").replace("_", " ")))


def seller(about: Seller) -> str:
    """Return `Ruth Cardinal, Calgary AB`; a lead without a name by its id."""
    return named(about.seller_name, about.lead_id, about.market, about.province)


def named(name: str | None, lead_id: str, market: str, province: str) -> str:
    """Return a seller and where."""
    where = safe(province) if market in {"", "ALL"} else f"{cut(safe(market), 60)} {safe(province)}"
    return f"{cut(safe(name), 80) if name else 'lead ' + cut(safe(lead_id), 64)}, {where}"


def number(e164: str) -> str:
    """Return a phone number that can be tapped."""
    match = _E164.fullmatch(e164)
    return f"<tel:{e164}|({match[1]}) {match[2]}-{match[3]}>" if match else safe(e164)


def assignee(name: str | None) -> str:
    """Mention the person, or say the name as it was typed."""
    return who(name) if name else "nobody"


def rate(share: float | None) -> str:
    """Return `93.4 %`."""
    return "none yet" if share is None else f"{share * 100:.1f} %".replace(".0 %", " %")


def urgency(step: Step, as_of: datetime) -> str:
    """Say how a step stands: late since, or how long it has been due."""
    if step.lateness == "broken":
        return f"LATE {span(as_of - step.late_from)}, its 2 h promise is broken"
    if step.lateness == "late":
        return f"LATE {span(as_of - step.late_from)}"
    open_for = as_of - step.due_at
    return f"due for {span(open_for)}" if open_for >= timedelta(0) else f"due in {span(-open_for)}"


def title(step: Step) -> str:
    """Return `CALL, step 2 of 6  Ruth Cardinal, Calgary AB`."""
    return f"{channel(step.channel)}, step {step.step} of {step.of}  {seller(step.seller)}"


def details(step: Step, *, with_assignee: bool) -> str:
    """Return the facts of a step that one needs before claiming it."""
    parts = [f"due {when(step.due_at)}"]
    if step.lateness != "broken":
        parts.append(f"2 h promise ends {when(step.promise_ends)}")
    if step.consent:
        until = f", until {day(step.consent_until)}" if step.consent_until else ""
        parts.append(f"may be texted: {CONSENTS.get(step.consent, words(step.consent))}{until}")
    if step.window:
        parts.append(words(step.window))
    if with_assignee and step.assignee:
        parts.append(f"for {assignee(step.assignee)}")
    return " · ".join(parts)
