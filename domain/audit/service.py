"""Sealing, verifying and reading the audit."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from domain.access.tables import Person
from domain.act import Act
from domain.audit.results import AuditLine, AuditList, Sealed, Verification
from domain.audit.rules import COVERED, GENESIS, content_hash, link_hash
from domain.audit.tables import AuditChain, AuditEvent, AuditUnsealed
from domain.calendar import midnight
from domain.database import try_lock_sealer
from domain.outcomes import Kind, Refused, refused

SEAL_BATCH = 200
VERIFY_BATCH = 2_000
MOST_SET_UP = 20
_PERSON = re.compile(r"\b([UW][A-Z0-9]{2,})\b")


def newest_act(connection: Connection) -> int:
    """Return the number of the newest entry; one cheap statement, for whoever wants to know whether anybody acted."""
    return connection.scalar(select(func.max(AuditEvent.id))) or 0


def seal(act: Act) -> Sealed:
    """Link a batch of unsealed events; only one sealer does, others return at once."""
    connection = act.connection
    if not try_lock_sealer(connection):
        return Sealed(sealed=0)
    events = connection.execute(
        select(AuditEvent.id, AuditEvent.hash)
        .join(AuditUnsealed, AuditUnsealed.event_id == AuditEvent.id)
        .order_by(AuditEvent.id)
        .limit(SEAL_BATCH)
    ).all()
    if not events:
        return Sealed(sealed=0)
    last = connection.execute(select(AuditChain.seq, AuditChain.hash).order_by(AuditChain.seq.desc()).limit(1)).first()
    seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
    links = []
    for event in events:
        seq += 1
        linked = link_hash(seq, event.id, event.hash, previous)
        links.append({"seq": seq, "event_id": event.id, "previous_hash": previous, "hash": linked})
        previous = linked
    connection.execute(insert(AuditChain), links)
    connection.execute(delete(AuditUnsealed).where(AuditUnsealed.event_id.in_([event.id for event in events])))
    return Sealed(sealed=len(links))


def verify(act: Act) -> Verification:
    """Check every entry's content, every link and the count of what is not sealed yet; name the first break."""
    connection = act.connection
    sealed, previous, found = 0, GENESIS, None
    for row in _links(connection):
        found = _break_at(row, sealed + 1, previous)
        if found is not None:
            break
        sealed, previous = row.seq, row.chain_hash
    unsealed = connection.scalar(select(func.count()).select_from(AuditUnsealed)) or 0
    if found is None:
        found = _orphan(connection)
    return Verification(
        ok=found is None, sealed=sealed, unsealed=unsealed, first_break=found, head=previous if sealed else None
    )


def _links(connection: Connection) -> Iterator[Row[Any]]:
    after = 0
    columns = [getattr(AuditEvent, name) for name in COVERED]
    while True:
        rows = connection.execute(
            select(
                AuditChain.seq, AuditChain.event_id, AuditChain.previous_hash, AuditChain.hash.label("chain_hash"),
                AuditEvent.id, AuditEvent.hash, *columns,
            )
            .outerjoin(AuditEvent, AuditEvent.id == AuditChain.event_id)
            .where(AuditChain.seq > after)
            .order_by(AuditChain.seq)
            .limit(VERIFY_BATCH)
        ).all()  # fmt: skip
        if not rows:
            return
        yield from rows
        after = rows[-1].seq


def _break_at(row: Row[Any], expected_seq: int, previous: str) -> str | None:
    if row.seq != expected_seq:
        return f"link {expected_seq} is missing"
    if row.id is None:
        return f"entry {row.event_id} (link {row.seq}) is missing"
    if row.previous_hash != previous:
        return f"link {row.seq} does not follow the one before it"
    if content_hash(row._asdict()) != row.hash:
        return f"entry {row.event_id} ({row.operation}, {row.at:%Y-%m-%d %H:%M} UTC) was changed"
    if link_hash(row.seq, row.event_id, row.hash, previous) != row.chain_hash:
        return f"link {row.seq} (entry {row.event_id}) was changed"
    return None


def _orphan(connection: Connection) -> str | None:
    """Return an entry that is neither sealed nor waiting to be, or waiting and altered."""
    lost = connection.scalar(
        select(func.min(AuditEvent.id))
        .outerjoin(AuditChain, AuditChain.event_id == AuditEvent.id)
        .outerjoin(AuditUnsealed, AuditUnsealed.event_id == AuditEvent.id)
        .where(AuditChain.seq.is_(None), AuditUnsealed.event_id.is_(None))
    )
    if lost is not None:
        return f"entry {lost} was taken out of the queue of the sealer"
    twice = connection.scalar(
        select(func.min(AuditChain.event_id)).join(AuditUnsealed, AuditUnsealed.event_id == AuditChain.event_id)
    )
    if twice is not None:
        return f"entry {twice} is sealed, and was put into the queue of the sealer again"
    waiting = connection.execute(
        select(AuditUnsealed.event_id, AuditEvent.id, AuditEvent.hash, *[getattr(AuditEvent, name) for name in COVERED])
        .outerjoin(AuditEvent, AuditEvent.id == AuditUnsealed.event_id)
        .order_by(AuditUnsealed.event_id)
    )
    for row in waiting:
        if row.id is None:
            return f"entry {row.event_id}, not sealed yet, is missing"
        if content_hash(row._asdict()) != row.hash:
            return f"entry {row.event_id}, not sealed yet, was changed"
    return None


def newest(
    act: Act, limit: int, *, before: int | None = None, first: date | None = None, last: date | None = None
) -> AuditList | Refused:
    """Return the newest entries, newest first.

    Args:
        act: The act that asks.
        limit: How many at most.
        before: An entry's number: only those before it.
        first: The first day of the business they are of.
        last: The last day of the business they are of, itself included.
    """
    if first is not None and last is not None and last < first:
        return refused(
            Kind.INVALID, "ends_before_it_starts", f"`to` {last.isoformat()} is before `from` {first.isoformat()}.",
            layer="input", field="to", remedy=f"For example `from={last.isoformat()} to={first.isoformat()}`",
        )  # fmt: skip
    zone = act.settings.zone
    query = select(AuditEvent.__table__).order_by(AuditEvent.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(AuditEvent.id < before)
    if first is not None:
        query = query.where(AuditEvent.at >= midnight(first, zone))
    if last is not None and last < date.max:
        query = query.where(AuditEvent.at < midnight(last + timedelta(days=1), zone))
    rows = act.connection.execute(query).all()
    lines = tuple(_line(row) for row in rows[:limit])
    return AuditList(items=lines, next_cursor=lines[-1].audit_id if len(rows) > limit else None, first=first, last=last)


def _line(row: Row[Any]) -> AuditLine:
    values = row._asdict()
    return AuditLine(audit_id=values.pop("id"), **values)


def set_up_entries(act: Act) -> list[str]:
    """List what an owner did alone before go-live, as one line for each operation and owner, in words."""
    names = [operation.name for operation in act.registry.values() if operation.is_setup or operation.approval]
    rows = act.connection.execute(
        select(AuditEvent.operation, AuditEvent.target, AuditEvent.actor, AuditEvent.after)
        .where(AuditEvent.outcome == "done", AuditEvent.operation.in_(names))
        .order_by(AuditEvent.id)
    )
    targets: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if (row.after or {}).get("set_up"):
            targets.setdefault((row.operation, row.actor), []).append(row.target)
    people = _people_in(act, [target for found in targets.values() for target in found])
    return [
        f"{act.registry[operation].summary}, by <@{actor}>: {_together(found, people)}"
        for (operation, actor), found in targets.items()
    ]


def _people_in(act: Act, targets: list[str]) -> frozenset[str]:
    """Return which words of these are people here; an engine's name looks like a person's id."""
    words = {found for target in targets for found in _PERSON.findall(target)}
    return frozenset(act.connection.scalars(select(Person.user_id).where(Person.user_id.in_(words))))


def _together(targets: list[str], people: frozenset[str]) -> str:
    """Say what happened to whom, the same thing once: `operator @maria, @omar; manager @dana`."""
    same: dict[str, list[str]] = {}
    for target in dict.fromkeys(targets[:MOST_SET_UP]):
        what, _, last = target.rpartition(" ")
        said = [f"<@{last}>"] if last in people else []
        same.setdefault(what if said else target, []).extend(said)
    more = len(targets) - MOST_SET_UP
    lines = [f"{what} {', '.join(whom)}".strip() for what, whom in same.items()]
    return "; ".join([*lines, f"and {more} more, which `/audit` lists"] if more > 0 else lines)
