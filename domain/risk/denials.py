"""Why room was not given: in a sentence for every surface, and with what holds the room for the card (cards, 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from domain.access.people import holders as holders_of_role
from domain.act import Act
from domain.database import UtcDateTime
from domain.identity import Role, is_slack_user, mention
from domain.money import from_cents
from domain.outcomes import Button, Kind, Refused, refused
from domain.risk.books import Book, Books
from domain.risk.caps import NAMES, amount_of
from domain.risk.holds import hold_line
from domain.risk.results import CapDenial, OtherRoom, RoomHolder
from domain.risk.rules import (
    COUNTED,
    DAILY,
    FULL_SPEED,
    GLOBAL,
    LAYER,
    Full,
    Unit,
    enough,
    next_midnight,
    said,
    this_evening,
)
from domain.risk.tables import RiskEvent, RiskReservation

NAMED = 3
"""How many of those that hold the room are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class _Holding:
    """Which reservations hold a cap's room."""

    rows: tuple[Any, ...]
    """The first few, and one more where there are more."""
    count: int
    cents: int
    next_id: int | None
    """Which ends by itself first, and when."""
    next_at: datetime | None


def no_policy(engine: str) -> Refused:
    """An engine that nobody gave caps does nothing."""
    return refused(
        Kind.REFUSED, "no_policy", f"{engine} has no caps yet, so it may reserve nothing. Nothing was booked.",
        layer=LAYER, remedy=f"A manager gives it caps with `/risk set {engine} …`; `/risk policies` lists the engines.",
        engine=engine,
    )  # fmt: skip


def disabled(engine: str, asked: str) -> Refused:
    """Somebody switched the engine, or all of them, off."""
    whose = "All engines are" if engine == GLOBAL else f"{engine} is"
    enable = Button(
        label="Ask to enable it…", operation="risk.policy_set", params={"engine": engine, "enabled": True}, form=True
    )
    return refused(
        Kind.REFUSED, "disabled", f"{whose} disabled, so {asked} may reserve nothing. Nothing was booked.",
        layer=LAYER, remedy="A manager asks to enable it, another one approves.", buttons=(enable,), engine=engine,
    )  # fmt: skip


def placed_by(hold: Any) -> str:
    """Say whose hold it is and since when, for a sentence."""
    kind, _, name = hold.source.partition(":")
    if kind != "person":
        return f"the {name} tripwire"
    return mention(name)


def lifting(hold: Any) -> tuple[str, tuple[Button, ...]]:
    """Return what lifts one hold, and the button that asks for it."""
    if hold.source.startswith("person:"):
        ask = Button(
            label="Ask to resume…", operation="risk.resume", params={"engine": hold.engine, "hold_id": hold.id},
            form=True,
        )  # fmt: skip
        return f"Two people lift it: one asks with `/risk resume {hold.engine} REASON`, a manager approves.", (ask,)
    domain, _, metric = hold.source.partition(":")[2].partition(".")
    release = Button(
        label="Ask to release…", operation="regression.release", params={"domain": domain, "metric": metric}, form=True
    )
    return "Someone on call asks to release the tripwire, a manager approves.", (release,)


def on_hold(engine: str, holds: Sequence[Any]) -> Refused:
    """Something stops the engine until it is lifted."""
    first = holds[0]
    whose = "All engines are" if first.engine == GLOBAL else f"{first.engine} is"
    more = f" {len(holds) - 1} more would have to be lifted too." if len(holds) > 1 else ""
    remedy, buttons = lifting(first)
    return refused(
        Kind.REFUSED, "on_hold",
        f"{whose} on hold by {placed_by(first)}: “{said(first.reason)}”. {engine} reserved nothing.{more}", layer=LAYER,
        remedy=remedy, buttons=buttons, engine=first.engine, since=first.placed_at.isoformat(), holds=len(holds),
    )  # fmt: skip


def followups_paused(hold: Any) -> Refused:
    """Claims of follow-up steps are stopped by a hold."""
    remedy, buttons = lifting(hold)
    return refused(
        Kind.REFUSED, "paused",
        f"Follow-ups are on hold by {placed_by(hold)}: “{said(hold.reason)}”. No step was claimed.", layer=LAYER,
        remedy=remedy, buttons=buttons, engine=hold.engine, since=hold.placed_at.isoformat(),
    )  # fmt: skip


def of_cap(
    act: Act, locked: Books, book: Book, over: Full, engine: str, amount: int, unit: Unit | None, share: Row[Any] | None
) -> Refused:  # fmt: skip
    """A cap has no room: name the cap, the figures, what holds it, and what lifts it; `share` makes it this small."""
    denial = _denial(act, locked, book, over, engine, amount, unit, share)
    whose = "All engines together have" if book.engine == GLOBAL else f"{book.engine} has"
    asked = "another action" if over.cap in COUNTED else f"another {from_cents(amount)}"
    used, limit = amount_of(over.cap, over.used), amount_of(over.cap, over.limit)
    trial = ""
    if share is not None:
        trial = f", {share.share} % of {denial.at_full_speed} until {share.ends_at.isoformat()}: a trial share after "
        trial += f"{placed_by(share)}"
    detail = f"{whose} no room for {asked}: {NAMES[over.cap]} is {used} of {limit}{trial}. Nothing was booked."
    ask = {"engine": book.engine, over.cap: denial.ask_cap, "until": denial.ask_until.isoformat()}
    more = Button(label="Ask for more room…", operation="risk.raise", params=ask, form=True, style="primary")
    if share is not None and denial.is_by_trial:
        more = full_speed(share)
    tell = Button(
        label="Tell me when there is room", operation="risk.watch",
        params={"engine": engine, "amount": str(from_cents(amount))},
    )  # fmt: skip
    buttons = (more, tell) if denial.can_watch else (more,)
    return refused(
        Kind.REFUSED, over.cap, detail, layer=LAYER, remedy=_remedy(over.cap, denial, share), buttons=buttons,
        engine=book.engine, cap=over.cap, used=str(used), limit=str(limit), amount=str(from_cents(amount)),
        policy_version=book.version, denial=denial.to_json(),
    )  # fmt: skip


def full_speed(share: Any) -> Button:
    """Return the button that asks to end a trial share."""
    params = {"engine": share.engine, "hold_id": share.id}
    return Button(label="Ask for full speed…", operation="risk.resume", params=params, form=True, style="primary")


def with_again(denial: Refused, operation: str, params: Mapping[str, Any]) -> Refused:
    """Return a denial by a cap with *Try again*, which only the operation that was refused knows how to do."""
    if "denial" not in denial.figures or not denial.buttons:
        return denial
    again = Button(label="Try again", operation=operation, params=dict(params))
    return denial.model_copy(update={"buttons": (denial.buttons[0], again, *denial.buttons[1:])})


def _remedy(cap: str, denial: CapDenial, share: Row[Any] | None) -> str:
    if share is not None and denial.is_by_trial:
        return (
            f"Full speed returns by itself, {share.ends_at.isoformat()} at the latest; sooner where someone on call "
            f"asks with `/risk resume {share.engine} hold_id=H-{share.id} REASON` and a manager approves."
        )
    if cap == "max_open_risk":
        return "A settled or voided reservation gives room at once; a manager may raise the cap for a time."
    return "It is empty again at midnight; a manager may raise the cap for a time."


def _denial(
    act: Act, locked: Books, book: Book, over: Full, engine: str, amount: int, unit: Unit | None, share: Row[Any] | None
) -> CapDenial:  # fmt: skip
    """Read what the card needs in two statements: every other reservation waits for this commit too."""
    holding = _holding(act, over.cap, book)
    other = locked.own if book.engine == GLOBAL else locked.all
    other_limit = other.limits.limit(over.cap)
    at_full_speed, needs = book.caps.limit(over.cap) or 0, over.used + over.needed
    raised = max(2 * at_full_speed, enough(needs, book.share))
    named = holding.rows[:NAMED]
    is_daily = over.cap in DAILY
    return CapDenial(
        engine=book.engine, asked_engine=engine, cap=over.cap, amount=from_cents(amount),
        used=amount_of(over.cap, over.used), limit=amount_of(over.cap, over.limit),
        unit=unit.noun if unit and unit.amount == amount else None,
        holders=tuple(_holder(act, row, over.cap) for row in named), others=holding.count - len(named),
        others_amount=from_cents(holding.cents - sum(_weight(row, over.cap) for row in named)),
        others_since=holding.rows[NAMED].created_at if len(holding.rows) > NAMED else None,
        frees_itself_at=next_midnight(act.now, act.settings.zone) if is_daily else holding.next_at,
        frees_itself=None if is_daily else holding.next_id,
        deciders=tuple(user for user in holders_of_role(act.connection, Role.MANAGER) if user != act.actor),
        other=OtherRoom(
            engine=other.engine, used=amount_of(over.cap, other.used.of(over.cap)),
            limit="uncapped" if other_limit is None else amount_of(over.cap, other_limit),
        ),
        trial=None if share is None else hold_line(share), is_by_trial=needs <= at_full_speed,
        at_full_speed=amount_of(over.cap, at_full_speed) if book.share < FULL_SPEED else None,
        policy_version=book.version or 0, changed_by=book.changed_by or "", changed_at=book.changed_at or act.now,
        ask_cap=str(amount_of(over.cap, raised)), ask_until=this_evening(act.now, act.settings.zone),
        can_watch=is_slack_user(act.actor),
    )  # fmt: skip


def _mine(cap: str, book: Book) -> list[Any]:
    """Return the condition of the reservations that hold a cap's room."""
    of_engine = [] if book.engine == GLOBAL else [RiskReservation.engine == book.engine]
    if cap == "max_open_risk":
        return [*of_engine, RiskReservation.state == "OPEN"]
    if cap == "max_daily_loss":
        lost = _of_the_day(book, "SETTLE").where(RiskEvent.realized_loss > 0)
        return [*of_engine, RiskReservation.id.in_(lost)]
    counted = [] if cap in COUNTED else [RiskReservation.state != "VOIDED"]
    return [*of_engine, RiskReservation.id.in_(_of_the_day(book, "RESERVE")), *counted]


def _of_the_day(book: Book, kind: str) -> Select[Any]:
    """Find the reservations of the day by its events, which have an index: everybody else waits for this answer."""
    of_engine = [] if book.engine == GLOBAL else [RiskEvent.engine == book.engine]
    return select(RiskEvent.reservation_id).where(RiskEvent.kind == kind, RiskEvent.day == book.day, *of_engine)


def _weight(row: Any, cap: str) -> int:
    """Return how much of a cap's room one reservation has, in cents."""
    return int(row.realized_loss if cap == "max_daily_loss" else row.amount)


def _holding(act: Act, cap: str, book: Book) -> _Holding:
    weight = RiskReservation.realized_loss if cap == "max_daily_loss" else RiskReservation.amount
    soonest = (RiskReservation.expires_at, RiskReservation.id)
    rows = act.connection.execute(
        select(
            RiskReservation.__table__,
            func.count().over().label("how_many"),
            func.sum(weight).over().label("cents"),
            func.first_value(RiskReservation.id).over(order_by=soonest).label("next_id"),
            func.first_value(RiskReservation.expires_at, type_=UtcDateTime()).over(order_by=soonest).label("next_at"),
        )
        .where(*_mine(cap, book))
        .order_by(RiskReservation.id)
        .limit(NAMED + 1)
    ).all()
    if not rows:
        return _Holding((), 0, 0, None, None)
    first = rows[0]
    return _Holding(tuple(rows), first.how_many, int(first.cents), first.next_id, first.next_at)


def _holder(act: Act, row: Row[Any], cap: str) -> RoomHolder:
    is_open = row.state == "OPEN"
    return RoomHolder(
        reservation_id=row.id, amount=from_cents(_weight(row, cap)),
        about=row.about, created_by=row.created_by, created_at=row.created_at,
        expires_at=row.expires_at if is_open else None, yours=row.created_by == act.actor, is_open=is_open,
    )  # fmt: skip
