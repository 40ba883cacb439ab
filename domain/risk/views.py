"""Reading: how the engines stand, a day of the books, the open reservations."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select

from domain.act import Act
from domain.money import from_cents
from domain.risk.caps import amount_of
from domain.risk.holds import hold_line, in_force, shares_in_force
from domain.risk.results import (
    CapLine,
    CapValue,
    EngineLine,
    HoldLine,
    Ledger,
    LedgerLine,
    ReservationLine,
    ReservationList,
    RiskSnapshot,
)
from domain.risk.rules import (
    CAPS,
    ENGINES,
    FULL_SPEED,
    GLOBAL,
    UNITS,
    Caps,
    Used,
    day_of,
    room,
    shared,
    tightest,
    times,
)
from domain.risk.tables import RiskEvent, RiskLedger, RiskPolicy, RiskReservation

GLOBAL_FIRST = (RiskPolicy.engine != GLOBAL, RiskPolicy.engine)


@dataclass(frozen=True, slots=True)
class _Open:
    """How many reservations of an engine are open, and when the next one ends."""

    count: int
    next_end: datetime | None


@dataclass(frozen=True, slots=True)
class _Stops:
    """What stops each engine, and what limits it."""

    holds: Mapping[str, tuple[HoldLine, ...]]
    trials: Mapping[str, tuple[HoldLine, ...]]

    def share(self, engine: str) -> int:
        """Return the percent of its caps that counts now."""
        return next((line.share for line in self.trials.get(engine, ()) if line.share is not None), FULL_SPEED)

    def limits(self, row: Row[Any]) -> Caps:
        """Return the caps of a policy's row as they count now."""
        return shared(caps_of(row), self.share(row.engine))


def today(act: Act) -> date:
    """Return the business day of an act."""
    return day_of(act.now, act.settings.zone)


def capped(cents: int | None) -> CapValue:
    """Return a cap in dollars, or `uncapped`."""
    return "uncapped" if cents is None else from_cents(cents)


def caps_of(row: Row[Any]) -> Caps:
    """Return the caps of a policy's row."""
    return Caps(row.max_daily_loss, row.max_daily_exposure, row.max_open_risk, row.max_actions_per_day)


def holds_by_engine(act: Act) -> Mapping[str, tuple[HoldLine, ...]]:
    """Return every hold that stops an engine now, by engine."""
    return _by_engine(in_force(act))


def shares_by_engine(act: Act) -> Mapping[str, tuple[HoldLine, ...]]:
    """Return every trial share in force, by engine, the strictest first."""
    return _by_engine(shares_in_force(act))


def _by_engine(rows: Sequence[Row[Any]]) -> Mapping[str, tuple[HoldLine, ...]]:
    found: dict[str, list[HoldLine]] = defaultdict(list)
    for row in rows:
        found[row.engine].append(hold_line(row))
    return {engine: tuple(lines) for engine, lines in found.items()}


def caps_now(act: Act) -> Mapping[str, Caps]:
    """Return the caps of every engine that has a policy."""
    return {row.engine: caps_of(row) for row in act.connection.execute(select(RiskPolicy.__table__))}


def engines_without_caps(act: Act) -> tuple[str, ...]:
    """Name GLOBAL and the engines Valhalla comes with that have no policy, and so may do nothing."""
    known = set(act.connection.scalars(select(RiskPolicy.engine)))
    return tuple(engine for engine in ENGINES if engine not in known)


def cap_lines(caps: Caps, used: Used, share: int = FULL_SPEED) -> tuple[CapLine, ...]:
    """Return each cap, as it counts at a trial share in percent, beside what is used of it."""
    lines, counted = [], shared(caps, share)
    for cap in CAPS:
        limit, left, at_full_speed = counted.limit(cap), room(counted, used, cap), caps.limit(cap)
        lines.append(
            CapLine(
                cap=cap, limit="uncapped" if limit is None else amount_of(cap, limit),
                at_full_speed=None if at_full_speed in (None, limit) else amount_of(cap, at_full_speed),
                used=amount_of(cap, used.of(cap)), room=None if left is None else amount_of(cap, left),
                share=round(used.of(cap) / limit, 4) if limit else None,
            )
        )  # fmt: skip
    return tuple(lines)


def used_now(act: Act) -> Mapping[str, Used]:
    """Return what is used of each engine's caps now; a book that was not touched today has its open risk alone."""
    rows = act.connection.execute(select(RiskLedger.__table__).where(~RiskLedger.is_closed))
    now = today(act)
    return {
        row.engine: Used(row.loss, row.exposure, row.open_risk, row.actions) if row.day >= now
        else Used(open_risk=row.open_risk)
        for row in rows
    }  # fmt: skip


def snapshot(act: Act) -> RiskSnapshot:
    """Return how every engine stands, GLOBAL first."""
    policies = act.connection.execute(select(RiskPolicy.__table__).order_by(*GLOBAL_FIRST)).all()
    used, stops, waiting = used_now(act), _Stops(holds_by_engine(act), shares_by_engine(act)), _open_by_engine(act)
    over_all = next((row for row in policies if row.engine == GLOBAL), None)
    global_caps = (stops.limits(over_all), used.get(GLOBAL, Used())) if over_all else None
    items = tuple(_engine_line(act, row, used, stops, waiting, over_all, global_caps) for row in policies)
    first = items[0] if over_all is not None else None
    return RiskSnapshot(
        as_of=act.now, day=today(act), items=items,
        current_net_loss=first.current_net_loss if first else from_cents(0),
        daily_limit=first.daily_limit if first else "uncapped", is_throttled=bool(first and first.is_throttled),
    )  # fmt: skip


def _engine_line(
    act: Act, row: Row[Any], used: Mapping[str, Used], stops: _Stops, waiting: Mapping[str, _Open],
    over_all: Row[Any] | None, global_caps: tuple[Caps, Used] | None,
) -> EngineLine:  # fmt: skip
    own, mine, trials = used.get(row.engine, Used()), stops.holds.get(row.engine, ()), stops.trials.get(row.engine, ())
    limits = stops.limits(row)
    both = [one for one in (global_caps, (limits, own)) if one is not None]
    unit = UNITS.get(row.engine)
    most = tightest(both)
    opened = waiting.get(row.engine, _Open(0, None))
    is_stopped = bool(mine or stops.holds.get(GLOBAL)) or over_all is None or not over_all.enabled
    return EngineLine(
        engine=row.engine, enabled=row.enabled, is_throttled=bool(mine), acts=row.enabled and not is_stopped,
        holds=mine, trials=trials, day=today(act), caps=cap_lines(caps_of(row), own, stops.share(row.engine)),
        current_net_loss=from_cents(own.loss), daily_limit=capped(limits.max_daily_loss),
        open_risk=from_cents(own.open_risk), exposure=from_cents(own.exposure),
        actions=own.actions, reservations=opened.count, next_expiry=opened.next_end,
        most=None if most is None else from_cents(most), unit=unit.noun if unit else None,
        unit_amount=from_cents(unit.amount) if unit else None, units=times(both, unit) if unit else None,
        version=row.version,
    )  # fmt: skip


def _open_by_engine(act: Act) -> Mapping[str, _Open]:
    rows = act.connection.execute(
        select(RiskReservation.engine, func.count(), func.min(RiskReservation.expires_at))
        .where(RiskReservation.state == "OPEN")
        .group_by(RiskReservation.engine)
    )
    found = {engine: _Open(count, soonest) for engine, count, soonest in rows}
    ends = [one.next_end for one in found.values() if one.next_end is not None]
    found[GLOBAL] = _Open(sum(one.count for one in found.values()), min(ends, default=None))
    return found


def ledger(act: Act, day: date | None) -> Ledger:
    """Return one business day of every engine that has caps; a day nobody booked on has its open risk alone."""
    wanted = day or today(act)
    engines = act.connection.scalars(select(RiskPolicy.engine).order_by(*GLOBAL_FIRST)).all()
    newest = (
        select(RiskLedger.engine, func.max(RiskLedger.day).label("day"))
        .where(RiskLedger.day <= wanted)
        .group_by(RiskLedger.engine)
        .subquery()
    )
    rows = act.connection.execute(
        select(RiskLedger.__table__).join(
            newest, (newest.c.engine == RiskLedger.engine) & (newest.c.day == RiskLedger.day)
        )
    )
    by_engine = {row.engine: row for row in rows}
    denied = _denied(act, wanted)
    return Ledger(
        day=wanted, items=tuple(_ledger_line(name, wanted, by_engine.get(name), denied[name]) for name in engines)
    )


def _denied(act: Act, day: date) -> Counter[str]:
    """Count the denials of a day by engine; GLOBAL has all of them."""
    rows = act.connection.execute(
        select(RiskEvent.engine, func.count())
        .where(RiskEvent.day == day, RiskEvent.kind == "DENY")
        .group_by(RiskEvent.engine)
    )
    found: Counter[str] = Counter()
    for engine, count in rows:
        found[engine] = count
    found[GLOBAL] = found.total()
    return found


def _ledger_line(engine: str, day: date, row: Row[Any] | None, denied: int) -> LedgerLine:
    if row is None or row.day != day:
        open_risk = from_cents(row.open_risk if row else 0)
        zero = from_cents(0)
        return LedgerLine(
            engine=engine, day=day, opening=open_risk, reserved=zero, settled=zero, voided=zero, expired=zero,
            closing=open_risk, exposure=zero, realized_loss=zero, actions=0, denied=denied,
            is_closed=bool(row and row.is_closed),
        )  # fmt: skip
    return LedgerLine(
        engine=engine, day=day, opening=from_cents(row.opening), reserved=from_cents(row.reserved),
        settled=from_cents(row.settled), voided=from_cents(row.voided), expired=from_cents(row.expired),
        closing=from_cents(row.open_risk), exposure=from_cents(row.exposure), realized_loss=from_cents(row.loss),
        actions=row.actions, denied=denied, is_closed=row.is_closed,
    )  # fmt: skip


def reservations(act: Act, engine: str | None, *, limit: int) -> ReservationList:
    """List the open reservations, oldest first."""
    where = [RiskReservation.state == "OPEN"]
    if engine is not None and engine != GLOBAL:
        where.append(RiskReservation.engine == engine)
    total, cents = act.connection.execute(
        select(func.count(), func.coalesce(func.sum(RiskReservation.amount), 0)).where(*where)
    ).one()
    rows = act.connection.execute(
        select(RiskReservation.__table__).where(*where).order_by(RiskReservation.id).limit(limit)
    ).all()
    return ReservationList(
        engine=engine, items=_reservation_lines(rows), total=total, amount=from_cents(int(cents)), as_of=act.now
    )


def _reservation_lines(rows: Sequence[Row[Any]]) -> tuple[ReservationLine, ...]:
    return tuple(
        ReservationLine(
            reservation_id=row.id, engine=row.engine, amount=from_cents(row.amount), state=row.state, about=row.about,
            correlation_id=row.correlation_id, created_by=row.created_by, created_at=row.created_at,
            expires_at=row.expires_at, closed_by=row.closed_by, closed_at=row.closed_at,
            realized_loss=None if row.realized_loss is None else from_cents(row.realized_loss),
        )
        for row in rows
    )  # fmt: skip
