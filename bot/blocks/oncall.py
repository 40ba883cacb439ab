"""Being on call: the rota, hand-overs, and pages."""

from collections.abc import Sequence

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import audit_number, count, listed, quoted, span, value, when, who, words
from domain.oncall.results import Duty, PageCard, PageLine, RotaView, ShiftLine, ShiftRemoved, ShiftSet, Taken
from domain.oncall.rules import AGAIN_AFTER

LAYER = "On call"
MOST_SHIFTS = 20
WAYS = {"slack": "Slack", "phone": "phone"}
HERE = "<!here>"
"""Tells everybody who is in the channel now; only a page to the channel says it."""


def target(name: str) -> str:
    """Name whom a page goes to."""
    kind, _, who_or_what = name.partition(":")
    return who(who_or_what) if kind == "user" else f"the {words(who_or_what)} channel"


def _ways(ways: Sequence[str]) -> str:
    return ", ".join(WAYS.get(way, words(way)) for way in ways)


def paged(rows: Sequence[PageLine]) -> str:
    """Say who was paged and who is next: `Paged @alice 03:04 (Slack, phone); @ben at 03:09`."""
    told = [_told(row) for row in rows if row.state != "planned"]
    coming = [f"{target(row.target)} at {when(row.at)}" for row in rows if row.state == "planned"]
    passed = next((f"Passed on by {who(row.said_by)}. " for row in rows if row.said_by), "")
    if not told:
        return f"{passed}Pages {'; '.join(coming)}" if coming else ""
    return f"{passed}Paged {'; '.join([*told, *coming])}"


def _told(row: PageLine) -> str:
    reached = [way for way in row.ways if way not in row.failed]
    why = f": {words(row.error)}" if row.error else ""
    if row.state == "failed":
        return f"{target(row.target)} {when(row.at)} (NOT REACHED by {_ways(row.failed)}{why})"
    missed = f", not by {_ways(row.failed)}{why}" if row.failed else ""
    return f"{target(row.target)} {when(row.at)} ({_ways(reached)}{missed})"


def page(card: PageCard) -> Rendered:
    """Return a page: what is wrong, who was asked before, who is next; or that nobody need look any more."""
    head = words(card.headline)
    last = kit.context(LAYER, words(card.severity), f"alert T-{card.alert_id}")
    if card.over is not None:
        done = {"acknowledged": "Acknowledged", "passed": "Passed on", "resolved": "Resolved"}.get(card.over, "Over")
        return kit.message(
            f"NO LONGER YOURS TO ANSWER: {head}" if not card.to_channel else f"ANSWERED: {head}",
            kit.lines(f"{done} by {who(card.over_by)}, {when(card.over_at)}. You need not do anything."),
            last,
        )
    unheard = "NOBODY HAS ANSWERED" if card.before or card.why != "opened" else "NOBODY IS ON CALL"
    call = f"{HERE} {unheard}: {head}" if card.to_channel else f"PAGE: {head}"
    if card.why in {"again", "unanswered"} and not card.to_channel:
        call = f"PAGE, STILL OPEN: {head}"
    return kit.message(
        call,
        kit.lines(f"Open since {when(card.opened_at)}", _why(card), paged(card.before) or None, _next(card)),
        kit.facts([(words(name), value(shown)) for name, shown in card.facts]),
        kit.actions(*_page_buttons(card)),
        last,
    )


def _why(card: PageCard) -> str | None:
    if card.why == "passed" and card.said_by:
        return f"{who(card.said_by)} passed it on to you."
    return {
        "again": "It was acknowledged, the time given is over, and it is still open.",
        "unanswered": "Everybody was told before, and nobody has answered.",
    }.get(card.why)


def _next(card: PageCard) -> str:
    if card.next_target is None or card.next_at is None:
        return f"Nobody is told after you; until somebody acknowledges, all are told again every {span(AGAIN_AFTER)}."
    return f"If nobody acknowledges, {target(card.next_target)} is told at {when(card.next_at)}."


def _page_buttons(card: PageCard) -> list[Block]:
    which, about = {"alert_id": card.alert_id}, f"T-{card.alert_id}"
    return [
        kit.button("Acknowledge", "alerts.ack", which, style="primary", about=about),
        kit.button("Pass to…", "alerts.pass", which, form=True, about=about),
        kit.button("Resolve…", "alerts.resolve", which, form=True, about=about),
    ]


def rota(view: RotaView) -> Rendered:
    """Return who is on call, who is next, the last hand-over note and the rota."""
    return kit.message(
        headline(view),
        *body(view),
        kit.lines(*_shifts(view.shifts)),
        kit.actions(
            take_over(), kit.button("Set a shift…", "oncall.set", form=True),
            kit.button("Remove a shift…", "oncall.remove", form=True) if view.shifts else None,
            _drill(),
        ),
        kit.context(LAYER, f"as of {when(view.as_of)}"),
    )  # fmt: skip


def _drill() -> Block:
    who_is_told = "Whoever is on call is paged now, and then the others, until somebody acknowledges."
    asks = kit.confirm("Page for a drill", who_is_told, "Page")
    return kit.button("Drill: page now", "oncall.drill", confirm=asks)


def take_over() -> Block:
    """Return the button with which somebody takes over."""
    return kit.button("Take over…", "oncall.take", form=True)


def headline(view: RotaView) -> str:
    """Say in one line who is on call."""
    if view.now is None:
        return "NOBODY IS ON CALL."
    return f"ON CALL: {who(view.now.user_id)}{_until(view.now)}"


def _until(duty: Duty) -> str:
    return f", until {when(duty.until)}" if duty.until else ", with no end in sight"


def body(view: RotaView) -> list[Block]:
    """Return the lines under it, on the answer to `/oncall` and on the Home tab."""
    following = f"*Next*  {who(view.next.user_id)}, from {when(view.next.since)}" if view.next else None
    cure: str | None = None
    if view.now is None:
        cure = (
            "Whoever may be on call takes over with `/oncall take 4h`; a manager sets shifts with "
            "`/oncall set @someone starts= ends= every=1w`."
        )
    elif view.next is None:
        cure = "Nobody is next on the rota: a manager sets shifts with `/oncall set`."
    return kit.lines(following, cure, _order(view), _hand_over(view))


def _order(view: RotaView) -> str:
    ways = "by Slack and phone" if view.by_phone else "by Slack alone (VALHALLA_PAGE_URL is not set)"
    if not view.pages:
        return f"*An alert pages*  the on-call channel and the owners at once, {ways}"
    people = ", ".join(who(user) for user in view.pages)
    return f"*An alert pages*  {people}, then the channel, then the owners; 5 min apart, {ways}"


def _hand_over(view: RotaView) -> str | None:
    if view.hand_over is None:
        return None
    return f"*Last hand-over*  {who(view.hand_over_by)}, {when(view.hand_over_at)}: {quoted(view.hand_over)}"


def _shifts(shifts: Sequence[ShiftLine]) -> list[str]:
    if not shifts:
        return []
    more = len(shifts) - MOST_SHIFTS
    rest = [f"and {more} more"] if more > 0 else []
    return ["*Rota*", *(_shift(shift) for shift in shifts[:MOST_SHIFTS]), *rest]


def _shift(shift: ShiftLine) -> str:
    again = ""
    if shift.every_weeks is not None:
        again = ", every week" if shift.every_weeks == 1 else f", every {shift.every_weeks} weeks"
    kind = "  took over" if shift.kind == "take" else ""
    note = f": {quoted(shift.note, 120)}" if shift.note else ""
    gone = "  (does not count: may not be on call any more)" if not shift.counts else ""
    times = f"{when(shift.starts_at)} to {when(shift.ends_at)}{again}"
    return f"{shift.shift_id}  {who(shift.user_id)}{kind}  {times}{note}{gone}"


def taken(done: Taken) -> Rendered:
    """Return that somebody took over: the answer, the card in the channel, and the word to whoever is relieved."""
    instead = f"Instead of {who(done.instead_of)}, who is not paged until then." if done.instead_of else None
    return kit.message(
        f"ON CALL NOW: {who(done.user_id)}, until {when(done.until)}",
        kit.lines(
            f"Took over {when(done.since)}, for {span(done.until - done.since)}", instead,
            quoted(done.note) if done.note else None, "After that the rota goes on by itself.",
        ),
        kit.actions(kit.button("Show who is on call", "oncall.show")),
        kit.context(LAYER, f"shift {done.shift_id}", audit_number(done.audit_id)),
    )  # fmt: skip


def shift_set(done: ShiftSet) -> Rendered:
    """Return that a shift is in the rota: the answer, and the word to whoever has it."""
    shift = done.shift
    return kit.message(
        f"IN THE ROTA: {who(shift.user_id)} is on call from {when(shift.starts_at)} to {when(shift.ends_at)}",
        kit.lines(
            _again(shift.every_weeks), quoted(shift.note) if shift.note else None, f"Set by {who(shift.set_by)}"
        ),
        kit.actions(
            kit.button("Show who is on call", "oncall.show"),
            kit.button("Take it out…", "oncall.remove", {"shift_id": shift.shift_id}, form=True),
        ),
        kit.context(LAYER, f"shift {shift.shift_id}", audit_number(done.audit_id)),
    )  # fmt: skip


def _again(weeks: int | None) -> str:
    return "Once." if weeks is None else f"It comes again every {'week' if weeks == 1 else count(weeks, 'week')}."


def shift_removed(done: ShiftRemoved) -> Rendered:
    """Return that a shift is out of the rota."""
    shift = done.shift
    return kit.message(
        f"OUT OF THE ROTA: shift {shift.shift_id} of {who(shift.user_id)}",
        kit.lines(listed([f"It was {when(shift.starts_at)} to {when(shift.ends_at)}"]), "*Way back*  `/oncall set`"),
        kit.actions(kit.button("Show who is on call", "oncall.show")),
        kit.context(LAYER, audit_number(done.audit_id)),
    )
