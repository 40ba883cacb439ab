"""Risk Guard's part: each engine's caps and holds; of a week, its denials, its holds and its money at worst."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from domain.act import Act
from domain.money import from_cents
from domain.risk import views
from domain.risk.caps import NAMES, amount_of
from domain.risk.results import CapLine, EngineLine
from domain.risk.rules import CAPS, GLOBAL
from domain.risk.tables import DENIED, RiskEvent, RiskHold, RiskLedger
from domain.snapshots.parts import Part, Week
from domain.snapshots.results import Denied, SnapshotLine, Stop, Weekly, WeekPart

FULL = 1.0


def _read(act: Act) -> Sequence[SnapshotLine]:
    return [_engine(line) for line in views.snapshot(act).items]


def _engine(line: EngineLine) -> SnapshotLine:
    if line.is_throttled:
        state, ok = f"on hold: {line.holds[0].reason}", False
    elif not line.enabled:
        state, ok = "disabled", None
    elif not line.acts:
        state, ok = f"stopped, as {GLOBAL} is", False
    else:
        at = f"at a trial share of {line.trials[0].share} %" if line.trials else ""
        full = [cap for cap in line.caps if cap.share is not None and cap.share >= FULL]
        state = " ".join(word for word in (f"{NAMES[full[0].cap]} full" if full else "acts", at) if word)
        ok = None if at and not full else not full
    used = "; ".join(_used(cap) for cap in line.caps if cap.room is not None)
    if line.trials and line.trials[0].ends_at is not None:
        used = f"full speed returns {line.trials[0].ends_at.isoformat()} at the latest; {used}"
    return SnapshotLine(name=line.engine, value=state, ok=ok, beside=used or "uncapped")


def _used(cap: CapLine) -> str:
    return f"{NAMES[cap.cap]} {_figure(cap.used)} of {_figure(cap.limit)}"


def _figure(figure: Decimal | int | str) -> str:
    return f"{figure:,}".removesuffix(".00") if isinstance(figure, Decimal | int) else figure


def _week(act: Act, week: Week) -> WeekPart:
    return WeekPart(
        denied=_denied(act, week), stopped=_stopped(act, week), money=_money(act, week), lines=(_losses(act, week),)
    )


def _denials(since: datetime, until: datetime) -> Select[Any]:
    """Return the calls whose denial is an event of Risk Guard."""
    return select(RiskEvent.correlation_id).where(DENIED, RiskEvent.at >= since, RiskEvent.at < until)


def _denied(act: Act, week: Week) -> tuple[Denied, ...]:
    rows = act.connection.execute(
        select(RiskEvent.engine, RiskEvent.code, func.count().label("number"), func.max(RiskEvent.id).label("newest"))
        .where(DENIED, RiskEvent.at >= week.since, RiskEvent.at < week.until)
        .group_by(RiskEvent.engine, RiskEvent.code)
        .order_by(RiskEvent.engine, RiskEvent.code)
    ).all()
    newest = select(RiskEvent.id, RiskEvent.detail).where(RiskEvent.id.in_([row.newest for row in rows]))
    details = {row.id: row.detail for row in act.connection.execute(newest)} if rows else {}
    return tuple(Denied(count=row.number, text=_why(row, details.get(row.newest))) for row in rows)


def _why(row: Any, detail: dict[str, Any] | None) -> str:
    if row.code not in CAPS or not detail:
        return f"{row.engine} {(row.code or 'denied').replace('_', ' ')}"
    limit = _figure(amount_of(row.code, int(detail["limit"])))
    return f"{detail.get('engine', row.engine)} {NAMES[row.code]} full ({limit})"


def _stopped(act: Act, week: Week) -> tuple[Stop, ...]:
    rows = act.connection.execute(
        select(RiskHold.engine, RiskHold.placed_at, RiskHold.lifted_at)
        .where(
            RiskHold.share.is_(None),
            RiskHold.placed_at < week.until,
            (RiskHold.lifted_at.is_(None)) | (RiskHold.lifted_at >= week.since),
        )
        .order_by(RiskHold.id)
    )
    return tuple(Stop(what=row.engine, since=row.placed_at, until=row.lifted_at) for row in rows)


def _money(act: Act, week: Week) -> str:
    """Say the worst day of all engines together beside the caps as they are."""
    rows = act.connection.execute(
        select(RiskLedger.day, RiskLedger.loss, RiskLedger.exposure).where(
            RiskLedger.engine == GLOBAL, RiskLedger.day >= week.monday, RiskLedger.day <= week.sunday
        )
    ).all()
    over_all = next((line for line in views.snapshot(act).items if line.engine == GLOBAL), None)
    if over_all is None:
        return ""
    limits = {cap.cap: cap.limit for cap in over_all.caps}
    loss = max((row.loss for row in rows), default=0)
    most = max(rows, key=lambda row: row.exposure, default=None)
    exposure = most.exposure if most is not None else 0
    on = f" ({most.day:%a})" if most is not None and exposure else ""
    return (
        f"loss ${_figure(from_cents(loss))} of {_figure(limits['max_daily_loss'])} a day at worst, "
        f"exposure at most ${_figure(from_cents(exposure))} of {_figure(limits['max_daily_exposure'])}{on}"
    )


def _losses(act: Act, week: Week) -> Weekly:
    first = week.starts[0][0]
    rows = act.connection.execute(
        select(RiskLedger.day, RiskLedger.loss).where(
            RiskLedger.engine == GLOBAL, RiskLedger.day >= first, RiskLedger.day <= week.sunday
        )
    ).all()
    points = tuple(
        (monday, float(from_cents(sum(row.loss for row in rows if 0 <= (row.day - monday).days < 7))))  # noqa: PLR2004
        for monday, _, _ in week.starts
    )
    return Weekly(title="Loss", unit="dollars", points=points, more_is_better=False)


RISK = Part("risk", "Risk Guard", _read, _week, counts_calls=_denials)
