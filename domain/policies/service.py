"""Writing a policy's history, and taking fields back when their time has come.

The caller holds the lock of its own policy row before it calls anything here, in `revert` too: so rows of these
tables are always locked after it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from domain.act import Act
from domain.database import insert_into
from domain.policies.results import FieldChange, PoliciesReverted, PolicyChange, Temporary
from domain.policies.tables import PolicyRevert, PolicyVersion

WENT_BACK = "its time was over: it went back by itself"

Reverter = Callable[[Act, Sequence[str]], int]
"""A feature's own: locks the policies of these keys in its order, sets what `take_due` gives for each, remembers
each as a new version; returns how many it changed."""


def changed_fields(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return `{field: [before, after]}` of the fields that differ; of a new policy, all of them."""
    known = before or {}
    return {
        name: [known.get(name), value]
        for name, value in after.items()
        if before is None or name not in known or known[name] != value
    }


def remember(
    act: Act,
    kind: str,
    key: str,
    *,
    version: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    reason: str,
    until: datetime | None = None,
    named: Collection[str] = (),
) -> dict[str, list[Any]]:
    """Write version `version` of a policy into its history; with `until` its changed fields go back then.

    Args:
        act: The act that changes it.
        kind: The engine whose policy it is, `risk`.
        key: Which of its policies, `WHOLESALE`.
        version: The number of the new version.
        before: Its figures as plain JSON before; None where the policy is new.
        after: Its figures as plain JSON now.
        reason: Why, in the words of whoever changed it.
        until: When the changed fields go back by themselves.
        named: Fields that were said to be what they are already: one that would go back by itself goes back at
            `until` instead, or no more.

    Returns:
        `{field: [before, after]}` of what changed.

    Raises:
        ValueError: `until` of a new policy, which has nothing to go back to.
    """
    if until is not None and before is None:
        raise ValueError(f"{kind} {key} is new: there is nothing it could go back to")
    changes = changed_fields(before, after)
    again = [one.field for one in restated(act.connection, kind, key, named, until) if one.field not in changes]
    kept = {field: [after[field], after[field]] for field in again}
    act.connection.execute(
        insert(PolicyVersion).values(
            kind=kind, key=key, version=version, changed_at=act.now, changed_by=act.actor, reason=reason,
            changes={**changes, **kept}, until=until,
        )
    )  # fmt: skip
    for field, (was, _now) in sorted({**changes, **kept}.items()):
        if until is None:
            act.connection.execute(delete(PolicyRevert).where(*_is(kind, key), PolicyRevert.field == field))
        else:
            _wait(act.connection, kind, key, field, was, until)
    return changes


def _is(kind: str, key: str) -> tuple[Any, Any]:
    return PolicyRevert.kind == kind, PolicyRevert.key == key


def _wait(connection: Connection, kind: str, key: str, field: str, base: Any, until: datetime) -> None:
    """Let a field go back at `until`; to what it was before the first of several temporary values."""
    connection.execute(
        insert_into(connection, PolicyRevert)
        .values(kind=kind, key=key, field=field, base=base, until=until)
        .on_conflict_do_update(index_elements=["kind", "key", "field"], set_={"until": until})
    )


def take_due(act: Act, kind: str, key: str) -> dict[str, Any]:
    """Return the fields of one policy whose time has come, with the values they go back to.

    They wait until `remember` has written the version in which they went back.
    """
    rows = act.connection.execute(
        select(PolicyRevert.field, PolicyRevert.base).where(*_is(kind, key), PolicyRevert.until <= act.now)
    )
    return {row.field: row.base for row in rows}


def revert(act: Act, reverters: Mapping[str, Reverter]) -> PoliciesReverted:
    """Take back whatever is due, one kind after the other."""
    due = act.connection.execute(
        select(PolicyRevert.kind, PolicyRevert.key)
        .where(PolicyRevert.until <= act.now, PolicyRevert.kind.in_(sorted(reverters)))
        .distinct()
        .order_by(PolicyRevert.kind, PolicyRevert.key)
    ).all()
    return PoliciesReverted(
        reverted=sum(
            reverters[kind](act, [row.key for row in rows]) for kind, rows in groupby(due, lambda row: row.kind)
        )
    )


def temporary(connection: Connection, kind: str, key: str) -> tuple[Temporary, ...]:
    """Return the fields of one policy that go back by themselves, soonest first."""
    rows = connection.execute(
        select(PolicyRevert.field, PolicyRevert.base, PolicyRevert.until)
        .where(*_is(kind, key))
        .order_by(PolicyRevert.until, PolicyRevert.field)
    )
    return tuple(Temporary(field=row.field, base=row.base, until=row.until) for row in rows)


def put_off(
    connection: Connection, kind: str, key: str, named: Collection[str], until: datetime | None
) -> tuple[Temporary, ...]:
    """Return the fields that would go back by themselves, and later or never once they are set until `until`.

    A change is judged beside what each would go back to as well as beside what is: what was agreed to for a time is no
    measure for what lasts longer.
    """
    found = restated(connection, kind, key, named, until)
    return tuple(one for one in found if until is None or one.until < until)


def brought_forward(
    connection: Connection, kind: str, key: str, named: Collection[str], until: datetime | None
) -> tuple[Temporary, ...]:
    """Return the fields that would go back by themselves, and sooner once they are set until `until`.

    What was tightened for a time is loosened by its end: to bring that forward is judged as loosening it is.
    """
    found = restated(connection, kind, key, named, until)
    return tuple(one for one in found if until is not None and until < one.until)


def restated(
    connection: Connection, kind: str, key: str, named: Collection[str], until: datetime | None
) -> tuple[Temporary, ...]:
    """Return the fields of these that go back by themselves, and at another time once they are set until `until`."""
    return tuple(one for one in temporary(connection, kind, key) if one.field in named and one.until != until)


def history(connection: Connection, kind: str, key: str | None = None, *, limit: int = 20) -> tuple[PolicyChange, ...]:
    """Return the newest versions of one policy, or of all of a kind; the newest first."""
    query = select(PolicyVersion.__table__).where(PolicyVersion.kind == kind)
    if key is not None:
        query = query.where(PolicyVersion.key == key)
    rows = connection.execute(query.order_by(PolicyVersion.id.desc()).limit(limit))
    return tuple(
        PolicyChange(
            kind=row.kind, key=row.key, version=row.version, changed_at=row.changed_at, changed_by=row.changed_by,
            reason=row.reason, until=row.until,
            changes=tuple(
                FieldChange(field=name, before=was, after=now) for name, (was, now) in sorted(row.changes.items())
            ),
        )
        for row in rows
    )  # fmt: skip
