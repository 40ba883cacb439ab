"""Watching the checks while production is on: what breaks raises an alert, what is mended resolves it (spec/3)."""

from typing import Any

from sqlalchemy import Connection, delete, select, update

from domain.act import Act
from domain.alerts import service as alerts
from domain.database import insert_into
from domain.prime_law.tables import GoLiveState
from domain.runbook import rules
from domain.runbook.results import Watched
from domain.runbook.service import evidence
from domain.runbook.tables import RunbookState

MENDED = "the check holds again"
NOT_LIVE = "go-live is off"


def has_work(connection: Connection) -> bool:
    """Whether production is on, or what was watched has to be put away."""
    live = connection.scalar(select(GoLiveState.go_live_enabled).where(GoLiveState.id == 1))
    return bool(live) or connection.scalar(select(RunbookState.name).limit(1)) is not None


def watch(act: Act) -> Watched:
    """Compare every check with how it stood: raise an alert about what broke, resolve that of what was mended."""
    rows = act.connection.execute(select(RunbookState.__table__).order_by(RunbookState.name).with_for_update()).all()
    known = {row.name: rules.Standing(row.name, row.ok, row.since, row.broke, row.alert_id) for row in rows}
    if not act.prime.go_live_enabled:
        return _put_away(act, known)
    broken, mended = [], []
    for check in sorted(rules.judge(evidence(act)), key=lambda check: check.name):
        before = known.get(check.name)
        after = rules.stands(check, before, act.now)
        if rules.is_news(check, after, act.now, excused=act.prime.overridden):
            after = after.with_alert(_raise(act, check))
            broken.append(check.name)
        elif after.ok and after.alert_id is not None:
            alerts.resolve_by_itself(act, after.alert_id, MENDED)
            after = after.with_alert(None)
            mended.append(check.name)
        _keep(act.connection, before, after)
    if broken or mended:
        act.changed("runbook", after={"broken": broken, "mended": mended})
    return Watched(broken=tuple(broken), mended=tuple(mended))


def _raise(act: Act, check: Any) -> int:
    cure = (("Cure", check.cure),) if check.cure else ()
    return alerts.raise_alert(
        act, f"runbook:{check.name}", f"Runbook, {check.name}: {check.detail}", severity=rules.gravity(check),
        facts=(("Production", "is on, and this must hold while it is"), *cure),
    )  # fmt: skip


def _keep(connection: Connection, before: rules.Standing | None, after: rules.Standing) -> None:
    values = {"ok": after.ok, "since": after.since, "broke": after.broke, "alert_id": after.alert_id}
    if before is None:
        # Another worker may be looking for the first time, too: it saw the same, and an alert is raised once.
        new = insert_into(connection, RunbookState).values(name=after.name, **values)
        connection.execute(new.on_conflict_do_nothing())
    elif after != before:
        connection.execute(update(RunbookState).where(RunbookState.name == after.name).values(**values))


def _put_away(act: Act, known: dict[str, rules.Standing]) -> Watched:
    mended = tuple(name for name, standing in known.items() if standing.alert_id is not None)
    for name in mended:
        alerts.resolve_by_itself(act, known[name].alert_id or 0, NOT_LIVE)
    if known:
        act.connection.execute(delete(RunbookState))
    if mended:
        act.changed("runbook", after={"broken": [], "mended": list(mended)})
    return Watched(broken=(), mended=mended)
