"""Recognising a seller, and what is recorded about reaching him."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, null, or_, select, tuple_, union_all, update

from domain.act import Act
from domain.database import insert_into
from domain.leads.rules import (
    WRITTEN,
    Channel,
    Consent,
    ConsentBasis,
    Contact,
    ContactKind,
    Known,
    Reach,
    consent_until,
    survivor,
)
from domain.leads.tables import ContactConsent, ContactPoint, ContactSuppression, Lead

ATTEMPTS = 5
"""How often a name is looked up again where somebody else recorded the same seller at the same moment."""
_SUPPRESSED = and_(
    ContactSuppression.kind == ContactPoint.kind,
    ContactSuppression.value == ContactPoint.value,
    ContactSuppression.lifted_at.is_(None),
)
_CONSENTED = and_(
    ContactConsent.kind == ContactPoint.kind,
    ContactConsent.value == ContactPoint.value,
    ContactConsent.withdrawn_at.is_(None),
)
REACH = (
    ContactPoint.id.label("contact_id"), ContactPoint.kind, ContactPoint.value, ContactPoint.retired_at,
    ContactSuppression.id.label("suppression_id"), ContactConsent.id.label("consent_id"),
    ContactConsent.channel.label("consent_channel"), ContactConsent.basis,
    ContactConsent.expires_at.label("consent_until"),
)  # fmt: skip
"""The columns from which `reach_of` builds a lead's reach."""


@dataclass(frozen=True, slots=True)
class NewLead:
    """What a caller says of a seller."""

    lead_id: str
    values: dict[str, Any]
    contacts: tuple[tuple[ContactKind, str], ...]
    """Sorted, so that two callers insert them in one order."""


@dataclass(frozen=True, slots=True)
class Identified:
    """The lead a seller was recognised as."""

    lead_id: str
    is_new: bool
    joined: tuple[str, ...] = ()
    """Other names that now stand for this lead."""
    wrong: tuple[str, ...] = ()
    """Kinds of the given contacts that are never used again, since they turned out to be wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the tables know of the given name and contacts."""

    known: tuple[Known, ...] = ()
    owned: frozenset[tuple[str, str]] = frozenset()
    wrong: frozenset[tuple[str, str]] = frozenset()
    suppressed: bool = field(default=False)
    has_name: bool = False
    """Whether the caller's name is a row already."""


def join_reach(query: Any, lead_id: ColumnElement[str]) -> Any:
    """Join a lead's contacts with their suppressions and consents; a row for each combination."""
    return (
        query.outerjoin(ContactPoint, and_(ContactPoint.lead_id == lead_id, ContactPoint.kind != ContactKind.PROPERTY))
        .outerjoin(ContactSuppression, _SUPPRESSED)
        .outerjoin(ContactConsent, _CONSENTED)
    )


def reach_of(rows: Iterable[Any]) -> Reach:
    """Fold the rows of one lead, as `join_reach` returns them."""
    contacts: dict[int, Contact] = {}
    consents: dict[int, Consent] = {}
    for row in rows:
        if row.contact_id is None:
            continue
        kind = ContactKind(row.kind)
        contacts[row.contact_id] = Contact(
            row.contact_id, kind, row.value, row.retired_at is not None, row.suppression_id is not None
        )
        if row.consent_id is not None:
            consents[row.consent_id] = Consent(
                kind, row.value, Channel(row.consent_channel), row.basis, row.consent_until
            )
    return Reach(tuple(contacts.values()), tuple(consents.values()))


def resolve(act: Act, lead_id: str) -> str | None:
    """Return the lead that a name stands for, None where the name is unknown."""
    return act.connection.scalar(select(func.coalesce(Lead.merged_into, Lead.lead_id)).where(Lead.lead_id == lead_id))


def look_up(act: Act, new: NewLead, open_ladder: ColumnElement[bool]) -> Found:
    """Find every lead that the name or one of the contacts belongs to, and whether any of it may not be used.

    `open_ladder` is a condition on `lead` that says whether it is being worked on.
    """
    canonical = func.coalesce(Lead.merged_into, Lead.lead_id)
    owners = select(
        ContactPoint.kind, ContactPoint.value, ContactPoint.lead_id, ContactPoint.retired_at.is_not(None).label("bad")
    )
    blocked = select(ContactSuppression.kind, ContactSuppression.value, null().label("lead_id"), literal(True))
    name = select(
        literal("name").label("kind"),
        Lead.lead_id.label("value"),
        canonical.label("lead_id"),
        literal(False).label("bad"),
    ).where(Lead.lead_id == new.lead_id)
    keys = new.contacts
    parts: list[Any] = [name]
    if keys:
        parts += [
            owners.where(tuple_(ContactPoint.kind, ContactPoint.value).in_(keys)),
            blocked.where(
                tuple_(ContactSuppression.kind, ContactSuppression.value).in_(keys),
                ContactSuppression.lifted_at.is_(None),
            ),
        ]
    found: Sequence[Any] = act.connection.execute(union_all(*parts)).all()
    alive = [row for row in found if row.lead_id is not None and not row.bad]
    known = _known(act, {row.lead_id for row in alive}, open_ladder)
    return Found(
        known=tuple(Known(row.lead_id, row.created_at, bool(row.is_open)) for row in known),
        owned=frozenset((row.kind, row.value) for row in alive if row.kind != "name"),
        wrong=frozenset((row.kind, row.value) for row in found if row.lead_id is not None and row.bad),
        suppressed=any(row.lead_id is None for row in found) or any(row.is_suppressed for row in known),
        has_name=any(row.kind == "name" for row in found),
    )


def _known(act: Act, lead_ids: set[str], open_ladder: ColumnElement[bool]) -> Sequence[Any]:
    if not lead_ids:
        return ()
    suppressed = (
        select(ContactSuppression.id)
        .join(ContactPoint, _SUPPRESSED)
        .where(ContactPoint.lead_id == Lead.lead_id)
        .exists()
    )
    by_name = exists().where(
        ContactSuppression.kind == ContactKind.LEAD,
        ContactSuppression.value == Lead.lead_id,
        ContactSuppression.lifted_at.is_(None),
    )
    return act.connection.execute(
        select(
            Lead.lead_id, Lead.created_at, open_ladder.label("is_open"), or_(suppressed, by_name).label("is_suppressed")
        ).where(Lead.lead_id.in_(sorted(lead_ids)))
    ).all()


def record(act: Act, new: NewLead, found: Found) -> Identified | None:
    """Write what is new about a seller; None where somebody else did so first, and it must be looked up again."""
    usable = tuple(key for key in new.contacts if key not in found.wrong)
    wrong = tuple(kind.value for kind, value in new.contacts if (kind, value) in found.wrong)
    if not found.known:
        if not _insert_lead(act, new.lead_id, new.values) or not _insert_contacts(act, new.lead_id, usable):
            return None
        return Identified(new.lead_id, is_new=True, wrong=wrong)
    kept = survivor(found.known).lead_id
    others = tuple(lead.lead_id for lead in found.known if lead.lead_id != kept)
    if others:
        _absorb(act, kept, others)
    if not found.has_name and not _insert_lead(act, new.lead_id, {**new.values, "merged_into": kept}):
        return None
    missing = tuple(key for key in usable if key not in found.owned)
    if not _insert_contacts(act, kept, missing):
        return None
    _fill_blanks(act, kept, new.values)
    named = (new.lead_id,) if new.lead_id != kept and new.lead_id not in others else ()
    return Identified(kept, is_new=False, joined=(*named, *others), wrong=wrong)


def _insert_lead(act: Act, lead_id: str, values: dict[str, Any]) -> bool:
    made = act.connection.scalar(
        insert_into(act.connection, Lead)
        .values(lead_id=lead_id, created_at=act.now, updated_at=act.now, **values)
        .on_conflict_do_nothing()
        .returning(Lead.lead_id)
    )
    return made is not None


def _insert_contacts(act: Act, lead_id: str, contacts: Sequence[tuple[ContactKind, str]]) -> bool:
    """Insert contacts that nobody has; False where another lead got one of them meanwhile."""
    if not contacts:
        return True
    made = act.connection.execute(
        insert_into(act.connection, ContactPoint)
        .values([{"lead_id": lead_id, "kind": kind, "value": value, "created_at": act.now} for kind, value in contacts])
        .on_conflict_do_nothing(index_elements=["kind", "value"])
        .returning(ContactPoint.id)
    ).all()
    return len(made) == len(contacts)


def _absorb(act: Act, kept: str, others: Sequence[str]) -> None:
    act.connection.execute(update(ContactPoint).where(ContactPoint.lead_id.in_(others)).values(lead_id=kept))
    act.connection.execute(
        update(Lead)
        .where(or_(Lead.lead_id.in_(others), Lead.merged_into.in_(others)))
        .values(merged_into=kept, updated_at=act.now)
    )


def _fill_blanks(act: Act, lead_id: str, values: dict[str, Any]) -> None:
    """Record what was not known of a lead; what was known is not overwritten by a second mention."""
    given = {
        name: values[name]
        for name in ("seller_name", "property_address", "postal_code", "score", "source", "assignee")
        if values.get(name) is not None
    }
    if given:
        act.connection.execute(
            update(Lead)
            .where(Lead.lead_id == lead_id, or_(*(getattr(Lead, name).is_(None) for name in given)))
            .values({name: func.coalesce(getattr(Lead, name), value) for name, value in given.items()})
        )


def record_consent(
    act: Act, contacts: Sequence[tuple[ContactKind, str]], basis: ConsentBasis, *, evidence: str | None, at: datetime
) -> int:
    """Record why the given contacts may be written to, where the same is not on record; return for how many."""
    written = [(kind, value, WRITTEN[kind]) for kind, value in contacts if kind in WRITTEN]
    if not written:
        return 0
    until = consent_until(basis, at)
    same = tuple_(ContactConsent.kind, ContactConsent.value, ContactConsent.channel).in_(written)
    lasts = ContactConsent.expires_at.is_(None)
    recorded = act.connection.execute(
        select(ContactConsent.kind, ContactConsent.value).where(
            same, ContactConsent.basis == basis, ContactConsent.withdrawn_at.is_(None),
            lasts if until is None else or_(lasts, ContactConsent.expires_at >= until),
        )
    ).all()  # fmt: skip
    known = {(row.kind, row.value) for row in recorded}
    rows = [
        {
            "kind": kind, "value": value, "channel": channel, "basis": basis, "evidence": evidence, "captured_at": at,
            "expires_at": until, "actor": act.actor,
        }
        for kind, value, channel in written if (kind, value) not in known
    ]  # fmt: skip
    if rows:
        act.connection.execute(insert_into(act.connection, ContactConsent), rows)
    return len(rows)


def suppress(act: Act, lead_id: str, reach: Reach, reason: str) -> int:
    """Put every contact of a person on the list of those who asked us to stop; return how many there are.

    Where there is none, the lead's name is put there, so that no number is added later and called.
    """
    keys = sorted((contact.kind, contact.value) for contact in reach.contacts) or [(ContactKind.LEAD, lead_id)]
    statement = insert_into(act.connection, ContactSuppression).values(
        [{"kind": kind, "value": value, "reason": reason, "actor": act.actor, "at": act.now} for kind, value in keys]
    )
    act.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "value"],
            set_={"lifted_at": None, "reason": statement.excluded.reason, "actor": statement.excluded.actor,
                  "at": statement.excluded.at},
            where=ContactSuppression.lifted_at.is_not(None),
        )
    )  # fmt: skip
    return len(reach.contacts)


def retire(act: Act, contact: Contact) -> None:
    """Say that a number is wrong: it is never used again."""
    act.connection.execute(
        update(ContactPoint)
        .where(ContactPoint.id == contact.contact_id, ContactPoint.retired_at.is_(None))
        .values(retired_at=act.now)
    )


def set_stage(act: Act, lead_id: str, stage: str) -> None:
    """Say how far a lead has come."""
    act.connection.execute(update(Lead).where(Lead.lead_id == lead_id).values(stage=stage, updated_at=act.now))
