"""Risk Guard for whoever asks: the caps, a day of the books, reservations, and what became of them."""

from decimal import Decimal

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import audit_number, count, day, listed, quoted, safe, span, value, when, who, words
from domain.money import dollars
from domain.risk.results import (
    CapLine,
    Closed,
    EngineLine,
    HoldLine,
    Ledger,
    LedgerLine,
    PolicyLine,
    PolicyList,
    PolicySet,
    ReservationLine,
    ReservationList,
    Reserved,
    RiskSnapshot,
    Watching,
)

LAYER = "Risk Guard"
MOST_LISTED = 10
USED = {
    "max_daily_loss": "lost today", "max_daily_exposure": "reserved today", "max_open_risk": "open now",
    "max_actions_per_day": "actions today",
}  # fmt: skip
NAMES = {
    "enabled": "Enabled", "max_daily_loss": "Loss a day", "max_daily_exposure": "Exposure a day",
    "max_open_risk": "Open risk", "max_actions_per_day": "Actions a day",
}  # fmt: skip


def figure(given: Decimal | int | str) -> str:
    """Show a figure of a cap: dollars, a count, or `uncapped`."""
    return dollars(given) if isinstance(given, Decimal) else value(given)


def by(hold: HoldLine) -> str:
    """Say whose a hold is."""
    return who(hold.person) if hold.person else f"the {words(hold.source.partition(':')[2])} tripwire"


def in_units(units: int | None, unit: str | None) -> str | None:
    """Say how many more there is room for, as the engine's users count."""
    if units is None or unit is None:
        return None
    return f"no room for another {words(unit)}" if units == 0 else f"room for {count(units, f'more {words(unit)}')}"


def snapshot(view: RiskSnapshot) -> Rendered:
    """Return how every engine stands: what is used, what is left, what is on hold."""
    return kit.message(
        _headline(view),
        [block for line in view.items for block in _engine(line)],
        kit.actions(
            kit.button("Open reservations", "risk.reservations"),
            kit.button("Policies", "risk.policies"),
            kit.button("Today's books", "risk.ledger"),
            kit.button("Pause an engine…", "risk.pause", form=True),
        ),
        kit.context(LAYER, f"day {view.day.isoformat()}", f"as of {when(view.as_of)}"),
    )


def _headline(view: RiskSnapshot) -> str:
    if view.is_throttled:
        return "ALL ENGINES ARE ON HOLD. Nothing is reserved."
    held = [line.engine for line in view.items if line.is_throttled]
    if held:
        return f"{listed(words(name) for name in held)} ON HOLD: nothing is reserved there."
    told = [
        f"{words(line.engine)}{_at_a_share(line)} has {said}"
        for line in view.items
        if line.acts and (said := _room(line))
    ]
    return f"{told[0]}." if told else "The caps: what is used and what is left"


def _room(line: EngineLine) -> str | None:
    said = in_units(line.units, line.unit)
    if said is not None or line.most is None:
        return said
    return f"room for {dollars(line.most)}"


def _engine(line: EngineLine) -> list[Block]:
    name = "All engines together (GLOBAL)" if line.engine == "GLOBAL" else words(line.engine)
    state = "disabled" if not line.enabled else "on hold" if line.is_throttled else "acts" if line.acts else "stopped"
    room = _room(line) if line.acts and line.engine != "GLOBAL" else None
    lines = [f"*{name}*  {state}{_at_a_share(line)}{f': {room}' if room else ''}"]
    lines.append(" · ".join(said for cap in line.caps if (said := _cap(cap))))
    if line.reservations:
        ends = f", the next ends by itself {when(line.next_expiry)}" if line.next_expiry else ""
        lines.append(f"{count(line.reservations, 'open reservation')}{ends}")
    stops = (*line.holds, *line.trials)
    lines += [_hold(hold) for hold in stops]
    return kit.lines(*lines) + kit.actions(*(_resume(hold) for hold in stops))


def _at_a_share(line: EngineLine) -> str:
    return f" at a trial share of {line.trials[0].share} %" if line.trials else ""


def _cap(line: CapLine) -> str | None:
    if line.limit == "uncapped":
        return f"{USED[line.cap]} {figure(line.used)}, uncapped" if line.used else None
    full = f" ({figure(line.at_full_speed)} at full speed)" if line.at_full_speed is not None else ""
    return f"{USED[line.cap]} {figure(line.used)} of {figure(line.limit)}{full}"


def _hold(hold: HoldLine) -> str:
    if hold.share is not None:
        return (
            f"H-{hold.hold_id} trial share of {hold.share} % after {by(hold)}, since {when(hold.placed_at)}; full "
            f"speed returns {when(hold.ends_at)} at the latest: {quoted(hold.reason, 200)}"
        )
    also = "; claims of follow-ups stop too" if hold.followups else ""
    return f"H-{hold.hold_id} on hold by {by(hold)} since {when(hold.placed_at)}: {quoted(hold.reason, 200)}{also}"


def _resume(hold: HoldLine) -> Block | None:
    if hold.person is None and hold.share is None:
        return None
    params, label = {"engine": hold.engine, "hold_id": hold.hold_id}, "Ask to resume…"
    if hold.share is not None:
        label = "Ask for full speed…"
    return kit.button(label, "risk.resume", params, form=True, about=f"{hold.engine} H-{hold.hold_id}")


def policies(found: PolicyList) -> Rendered:
    """Return every engine's caps, who set them, why, and what goes back by itself."""
    return kit.message(
        f"Caps of {count(len(found.items), 'engine')}",
        [block for line in found.items for block in _policy(line)],
        kit.actions(
            kit.button("Set caps…", "risk.policy_set", form=True),
            kit.button("Ask for more room…", "risk.raise", form=True),
            kit.button("What is used", "risk.snapshot"),
        ),
        kit.context(LAYER, "tighter at once, looser with a second person"),
    )


def _policy(line: PolicyLine) -> list[Block]:
    caps = " · ".join(f"{NAMES[cap].lower()} {figure(getattr(line, cap))}" for cap in NAMES if cap != "enabled")
    back = [
        f"{NAMES.get(one.field, words(one.field)).lower()} goes back to {_was(one.field, one.base)} {when(one.until)}"
        for one in line.temporary
    ]
    return kit.lines(
        f"*{words(line.engine)}*  {'enabled' if line.enabled else 'disabled'}",
        caps,
        f"v{line.version} by {who(line.changed_by)}, {day(line.updated_at)}: {quoted(line.reason, 200)}",
        *back,
        *(_hold(hold) for hold in (*line.holds, *line.trials)),
    )


def _was(field: str, base: object) -> str:
    if isinstance(base, bool):
        return "enabled" if base else "disabled"
    if field in {"max_actions_per_day", "enabled"} or base == "uncapped":
        return words(str(base))
    return dollars(Decimal(str(base)))


def policy_set(done: PolicySet) -> Rendered:
    """Return what changed, before → after, and when it goes back."""
    if not done.changed:
        return kit.message(
            f"{words(done.engine)} stays as it is: that is how its caps are set already.", kit.context(LAYER)
        )
    rows = [
        (NAMES.get(change.field, words(change.field)),
         f"{_was(change.field, change.before)} → {_was(change.field, change.after)}"
         if change.before is not None else _was(change.field, change.after))
        for change in done.changes
    ]  # fmt: skip
    approved = f", approved by {who(done.approved_by)}" if done.approved_by else ""
    return kit.message(
        f"{words(done.engine)}: the caps are set.",
        kit.facts(rows),
        kit.lines(
            f"By {who(done.changed_by)}{approved}: {quoted(done.policy.reason, 300)}",
            f"Goes back by itself {when(done.until)}" if done.until else None,
        ),
        kit.actions(kit.button("Show the caps", "risk.snapshot")),
        kit.context(LAYER, f"policy v{done.policy.version}", audit_number(done.audit_id)),
    )


def ledger(book: Ledger) -> Rendered:
    """Return a day of the books: what was open, what came and went, what is open."""
    return kit.message(
        f"The books of {book.day.isoformat()}",
        [block for line in book.items for block in _book(line)],
        kit.actions(kit.button("What is used now", "risk.snapshot")),
        kit.context(LAYER, "opening + reserved - settled - voided - expired = closing"),
    )


def _book(line: LedgerLine) -> list[Block]:
    name = "All engines together (GLOBAL)" if line.engine == "GLOBAL" else words(line.engine)
    sums = (
        f"{dollars(line.opening)} + {dollars(line.reserved)} - {dollars(line.settled)} - {dollars(line.voided)}"
        f" - {dollars(line.expired)} = *{dollars(line.closing)}*"
    )
    rest = (
        f"exposure {dollars(line.exposure)} · loss {dollars(line.realized_loss)} · {count(line.actions, 'action')}"
        f" · {count(line.denied, 'denial')}"
    )
    return kit.lines(f"*{name}*{'' if line.is_closed else '  still open'}", sums, rest)


def reservations(found: ReservationList) -> Rendered:
    """Return the open reservations, oldest first, each with what can be done with it."""
    of = f" of {words(found.engine)}" if found.engine else ""
    if not found.items:
        return kit.message(
            f"No reservation{of} is open.",
            kit.lines("What is reserved stands here until it is settled or voided, or ends by itself."),
            kit.actions(kit.button("Show the caps", "risk.snapshot")),
        )
    more = found.total - min(len(found.items), MOST_LISTED)
    return kit.message(
        f"{count(found.total, 'open reservation')}{of}, {dollars(found.amount)} in all",
        [block for line in found.items[:MOST_LISTED] for block in _reservation(line, found)],
        kit.lines(f"and {more} more" if more > 0 else None),
        kit.context(LAYER, f"as of {when(found.as_of)}"),
    )


def _reservation(line: ReservationLine, found: ReservationList) -> list[Block]:
    about = f"  {safe(line.about)}" if line.about else ""
    text = (
        f"*R-{line.reservation_id}*{about}  {dollars(line.amount)}  {words(line.engine)}\n"
        f"{who(line.created_by)}, {span(found.as_of - line.created_at)} ago · ends by itself {when(line.expires_at)}"
    )
    return [kit.section(text), *_close(line.reservation_id, line.amount)]


def _close(reservation_id: int, amount: Decimal) -> list[Block]:
    """Return the two ways to end a reservation; *Void* asks first, since the action it took stays counted."""
    which, name = {"reservation_id": reservation_id}, f"R-{reservation_id}"
    said = f"{name} came to nothing: its {dollars(amount)} is free again. The action stays counted."
    return kit.actions(
        kit.button("Settle…", "risk.settle", which, form=True, about=name),
        kit.button("Void", "risk.void", which, confirm=kit.confirm("Void it?", said, "Void"), about=name),
    )


def reserved(made: Reserved) -> Rendered:
    """Return that room was taken, until when, and what is left."""
    name = f"R-{made.reservation_id}"
    if made.already:
        return kit.message(
            f"{name} was reserved already: nothing more was booked.",
            kit.lines(f"{dollars(made.amount)} of {words(made.engine)}, {words(made.state.lower())}"),
            kit.context(LAYER),
        )
    room = in_units(made.units, made.unit)
    return kit.message(
        f"RESERVED: {dollars(made.amount)} of {words(made.engine)}, {name}",
        kit.lines(" · ".join(said for cap in made.caps if (said := _cap(cap))), f"There is {room}" if room else None),
        kit.lines(f"Settle it with what was lost, or void it; it ends by itself {when(made.expires_at)}."),
        _close(made.reservation_id, made.amount),
        kit.context(LAYER, audit_number(made.audit_id)),
    )


def closed(done: Closed) -> Rendered:
    """Return what a settled or voided reservation gave back and lost."""
    name, last = f"R-{done.reservation_id}", kit.context(LAYER, audit_number(done.audit_id))
    if done.state == "VOIDED":
        exposure = (
            f"Today's exposure is {dollars(done.exposure_given_back)} lower; the action stays counted."
            if done.exposure_given_back
            else "It was booked on an earlier day, whose exposure stays as it was."
        )
        head = f"VOIDED: {name}, {dollars(done.freed)} of {words(done.engine)} is free again"
        return kit.message(head, kit.lines(exposure), last)
    loss = done.realized_loss or Decimal(0)
    freed = (
        "It had ended by itself, so it frees nothing more."
        if done.was_expired
        else f"{dollars(done.freed)} of open risk is free again."
    )
    over = f"That is {dollars(loss - done.amount)} more than was reserved." if done.is_over else None
    return kit.message(f"SETTLED: {name} with a loss of {dollars(loss)}", kit.lines(freed, over), last)


def watching(made: Watching) -> Rendered:
    """Return that somebody will hear once."""
    return kit.message(
        f"You hear once when {words(made.engine)} has room for {dollars(made.amount)}.",
        kit.lines(f"In a direct message, until {when(made.expires_at)}; nothing is kept for you meanwhile."),
        kit.context(LAYER),
    )
