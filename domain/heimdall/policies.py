"""Heimdall's policies: reading, changing, going back, and the fields that are the program's own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, Row, select, update

from domain.act import Act
from domain.approvals import showing
from domain.approvals.results import TakenBack
from domain.database import insert_into
from domain.heimdall.results import PolicyList, PolicyView
from domain.heimdall.rules import CHARTER, LAYER, Terms
from domain.heimdall.tables import HeimdallPolicy
from domain.outcomes import Button, Kind, Refused, refused
from domain.policies import service as history
from domain.policies.results import Temporary

KIND = "heimdall"
FIELDS = (
    "min_confidence_prod", "min_sandbox_trials", "min_sandbox_success_rate", "prod_use_enabled", "scorecard_days",
)  # fmt: skip
"""What a person can set."""
NEW: Mapping[str, Any] = {
    "min_confidence_prod": 0.95,
    "min_sandbox_trials": 100,
    "min_sandbox_success_rate": 0.85,
    "prod_use_enabled": False,
    "scorecard_days": 7,
}
"""What a new domain begins with: the strictest of the seeds (spec/2, CAPITAL_ROUTE)."""
PolicyRow = Row[Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a person wants a policy to be."""

    domain: str
    wanted: Mapping[str, Any]
    reason: str
    until: datetime | None = None


def row_of(act: Act, domain: str, *, lock: bool = False) -> PolicyRow | None:
    """Read one policy; locked, nothing that judges by it commits before this transaction ends."""
    query = select(HeimdallPolicy.__table__).where(HeimdallPolicy.domain == domain)
    return act.connection.execute(query.with_for_update() if lock else query).one_or_none()


def rows_of(act: Act, domains: Sequence[str] | None = None, *, lock: bool = False) -> list[PolicyRow]:
    """Read every policy, or those named, by domain."""
    query = select(HeimdallPolicy.__table__).order_by(HeimdallPolicy.domain)
    if domains is not None:
        query = query.where(HeimdallPolicy.domain.in_(domains))
    return list(act.connection.execute(query.with_for_update() if lock else query))


def terms_of(row: PolicyRow) -> Terms:
    """Return what the rules need of a policy."""
    return Terms(
        row.domain, row.min_confidence_prod, row.min_sandbox_trials, row.min_sandbox_success_rate,
        row.prod_use_enabled, row.scorecard_days, row.version, row.model_fingerprint, row.prod_model_fingerprint,
        row.prod_use_since, row.promoted_at,
    )  # fmt: skip


def view_of(act: Act, row: PolicyRow) -> PolicyView:
    """Return a policy as results show it."""
    names = set(PolicyView.model_fields) - {"temporary"}
    values = {name: getattr(row, name) for name in names}
    return PolicyView(**values, temporary=history.temporary(act.connection, KIND, row.domain))


def listed(act: Act) -> PolicyList:
    """Return every policy."""
    return PolicyList(items=tuple(view_of(act, row) for row in rows_of(act)))


def figures(row: PolicyRow | None) -> dict[str, Any] | None:
    """Return what a person can set, as plain JSON; None where there is no policy."""
    return None if row is None else {name: getattr(row, name) for name in FIELDS}


def no_such(act: Act, domain: str) -> Refused:
    """Refuse what is about a domain without a policy: nothing is known that it should reach."""
    known = [row.domain for row in rows_of(act)]
    near = get_close_matches(domain, known, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]}? " if near else ""
    return refused(
        Kind.NOT_FOUND, "no_such_domain", f"There is no policy for {domain}, so nothing of it can be judged.",
        layer=LAYER, remedy=f"{meant}`/heimdall policies` lists the domains; a manager can add one with "
        f"`/heimdall set {domain} …`.", domain=domain,
        buttons=(Button(label="Show the policies", operation="heimdall.policies"),),
    )  # fmt: skip


def is_looser(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether any part of a change loosens (spec/3): a lower threshold, production use on.

    Another number of days loosens either way: more days let older trials count, fewer forget failures.
    """
    if before is None:
        return bool(after["prod_use_enabled"])
    lower = any(
        after[name] < before[name] for name in ("min_confidence_prod", "min_sandbox_trials", "min_sandbox_success_rate")
    )
    enables = after["prod_use_enabled"] and not before["prod_use_enabled"]
    return lower or enables or after["scorecard_days"] != before["scorecard_days"]


def loosens(act: Act, setting: Setting, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether it is looser than what is, or than what would be once what was set for a time has gone back."""
    if before is None:
        return is_looser(None, after)
    went_back = {one.field: one.base for one in put_off(act, setting)}
    sooner = history.brought_forward(act.connection, KIND, setting.domain, setting.wanted, setting.until)
    then = {**after, **{one.field: one.base for one in sooner}}
    return any(is_looser(was, now) for was, now in ((before, after), ({**before, **went_back}, after), (before, then)))


def put_off(act: Act, setting: Setting) -> tuple[Temporary, ...]:
    """Return the fields that would go back by themselves, and by this change will later or never."""
    return history.put_off(act.connection, KIND, setting.domain, setting.wanted, setting.until)


def restated(act: Act, setting: Setting) -> tuple[Temporary, ...]:
    """Return the fields that would go back by themselves, and by this change will at another time or never."""
    return history.restated(act.connection, KIND, setting.domain, setting.wanted, setting.until)


def write(
    act: Act, row: PolicyRow | None, domain: str, after: Mapping[str, Any], reason: str,
    *, until: datetime | None = None, named: Collection[str] = (), **own: Any,
) -> dict[str, list[Any]] | None:  # fmt: skip
    """Write the next version of a policy and its history; return `{field: [before, after]}`.

    None where a new one was made by somebody else meanwhile; then nothing was written. The caller holds the policy's
    lock where there is one. `own` are the fields that no person sets.
    """
    before = figures(row)
    version = 1 if row is None else row.version + 1
    values = {
        **{name: after[name] for name in FIELDS}, "version": version, "changed_by": act.actor, "reason": reason,
        "updated_at": act.now, **_production(act, row, after), **own,
    }  # fmt: skip
    if row is None:
        new = insert_into(act.connection, HeimdallPolicy).values(domain=domain, **values)
        if act.connection.scalar(new.on_conflict_do_nothing().returning(HeimdallPolicy.domain)) is None:
            return None
    else:
        act.connection.execute(update(HeimdallPolicy).where(HeimdallPolicy.domain == domain).values(**values))
        _end_promotion(act, row, after, reason)
    return history.remember(
        act, KIND, domain, version=version, before=before, after={name: after[name] for name in FIELDS},
        reason=reason, until=until, named=named,
    )  # fmt: skip


def _production(act: Act, row: PolicyRow | None, after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the program's own fields where production use is switched on or off."""
    was = row is not None and row.prod_use_enabled
    if after["prod_use_enabled"] and not was:
        model = row.model_fingerprint if row is not None else None
        return {"prod_use_since": act.now, "prod_model_fingerprint": model, "promoted_at": None}
    if was and not after["prod_use_enabled"]:
        return {"prod_use_since": None, "prod_model_fingerprint": None, "promoted_at": None}
    return {}


def _end_promotion(act: Act, row: PolicyRow, after: Mapping[str, Any], reason: str) -> None:
    """Take the way back off the card of the promotion that ends here, whichever way it ends."""
    if after["prod_use_enabled"] or not row.prod_use_enabled or row.prod_use_since is None:
        return
    end = TakenBack(at=act.now, by=act.actor, reason=reason, now=f"{row.domain} is back in the sandbox")
    showing.take_back(act, "heimdall.promote", row.domain, since=row.prod_use_since, end=end)


def name_model(act: Act, domain: str, model: str) -> None:
    """Note which model was named last."""
    act.connection.execute(
        update(HeimdallPolicy).where(HeimdallPolicy.domain == domain).values(model_fingerprint=model)
    )


def take_back(act: Act, domains: Sequence[str]) -> tuple[PolicyRow, ...]:
    """Set the fields whose time is over to what they were before; return the policies, still locked."""
    back = []
    for row in rows_of(act, sorted(domains), lock=True):
        due = history.take_due(act, KIND, row.domain)
        if not due:  # it was set again while we waited
            continue
        after = {**(figures(row) or {}), **{name: was for name, was in due.items() if name in FIELDS}}
        write(act, row, row.domain, after, history.WENT_BACK, named=due)
        fresh = row_of(act, row.domain)
        if fresh is not None:
            back.append(fresh)
    return tuple(back)


def missing_from_charter(connection: Connection) -> tuple[str, ...]:
    """Name the domains of the charter that have no policy."""
    present = set(connection.scalars(select(HeimdallPolicy.domain)))
    return tuple(domain for domain in CHARTER if domain not in present)
