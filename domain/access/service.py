"""Giving and taking roles."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from domain.access import rules
from domain.access.people import held_since, holders
from domain.access.results import AccessList, Granted, Holder, Revoked, Welcome
from domain.access.tables import Person, RoleGrant
from domain.act import Act
from domain.approvals import service as approvals
from domain.audit.rules import content_hash
from domain.audit.tables import AuditEvent
from domain.clock import Clock
from domain.database import Database, insert_into
from domain.followup.claims import release_claims_of
from domain.identity import Role, Surface
from domain.operation import Wanted
from domain.outcomes import Kind, Refused, refused


def everybody(act: Act) -> AccessList:
    """List who holds which role."""
    rows = act.connection.execute(
        select(RoleGrant.__table__).where(RoleGrant.revoked_at.is_(None)).order_by(RoleGrant.granted_at, RoleGrant.id)
    ).all()
    highest: dict[str, Any] = {}
    for row in rows:
        known = highest.get(row.user_id)
        if known is None or Role.from_word(row.role) > Role.from_word(known.role):
            highest[row.user_id] = row
    ordered = sorted(highest.values(), key=lambda row: (-Role.from_word(row.role), row.user_id))
    return AccessList(
        items=tuple(
            Holder(
                user_id=row.user_id, role=row.role, since=row.granted_at, granted_by=row.granted_by, source=row.source
            )
            for row in ordered
        )
    )


def grant(act: Act, user_id: str, role: Role) -> Granted | Refused:
    """Give a role; a greeting goes to whoever got it."""
    refusal = rules.may_change(act.standing.role, role)
    if refusal is not None:
        return refusal
    return _give(act, user_id, role, granted_by=act.actor)


def accept_request(act: Act, role: Role) -> Granted | Refused:
    """Give the requester what a manager has just approved."""
    if act.approved_by is None:
        return refused(
            Kind.NOT_ALLOWED, "not_approved", "Nobody has approved this request.", layer=rules.LAYER,
            remedy="Ask for access; a manager decides.",
        )  # fmt: skip
    return _give(act, act.actor, role, granted_by=act.approved_by)


def _give(act: Act, user_id: str, role: Role, *, granted_by: str) -> Granted:
    connection = act.connection
    connection.execute(
        insert_into(connection, Person).values(user_id=user_id, first_seen_at=act.now).on_conflict_do_nothing()
    )
    given = connection.scalar(
        insert_into(connection, RoleGrant)
        .values(
            user_id=user_id, role=role.word, source="grant", granted_by=granted_by, granted_at=act.now,
            reason=act.entry.reason,
        )
        .on_conflict_do_nothing()
        .returning(RoleGrant.id)
    )  # fmt: skip
    changed = given is not None
    act.changed(f"{role.word} {user_id}", after={"user": user_id, "role": role.word, "changed": changed})
    if changed:
        act.post(f"user:{user_id}", "welcome", Welcome(user_id=user_id, role=role.word, granted_by=granted_by))
    return Granted(user_id=user_id, role=role.word, granted_by=granted_by, changed=changed)


def revoke(act: Act, user_id: str, role: Role | None) -> Revoked | Refused:
    """Take a role (or all of them) away at once, and with it claims, tasks and requests."""
    requests = approvals.locked_requests_of(act, user_id)
    rows = act.connection.execute(
        select(RoleGrant.id, RoleGrant.role, RoleGrant.source)
        .where(RoleGrant.user_id == user_id, RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.id)
        .with_for_update()
    ).all()
    wanted = [row for row in rows if role is None or row.role == role.word]
    refusal = _judge_revoke(act, user_id, wanted)
    if refusal is not None:
        return refusal
    act.connection.execute(
        update(RoleGrant)
        .where(RoleGrant.id.in_([row.id for row in wanted]))
        .values(revoked_at=act.now, revoked_by=act.actor)
    )
    kept = [Role.from_word(row.role) for row in rows if row not in wanted]
    may_work = max(kept, default=None)
    released = 0 if may_work is not None and may_work >= Role.OPERATOR else release_claims_of(act, user_id)
    withdrawn = approvals.withdraw_all(act, requests)
    roles = tuple(row.role for row in wanted)
    act.changed(user_id, before={"roles": list(roles)}, after={"roles": [item.word for item in kept]})
    return Revoked(
        user_id=user_id, roles=roles, revoked_by=act.actor, tasks_released=released, requests_withdrawn=withdrawn
    )


def _judge_revoke(act: Act, user_id: str, wanted: list[Any]) -> Refused | None:
    if not wanted:
        return refused(
            Kind.NOT_FOUND, "no_such_grant", f"<@{user_id}> holds no such role.", layer=rules.LAYER,
            remedy="`/access` lists who holds what.",
        )  # fmt: skip
    if any(row.source == "settings" for row in wanted):
        return refused(
            Kind.CONFLICT, "owner_by_settings", f"<@{user_id}> is an owner by VALHALLA_OWNERS.", layer=rules.LAYER,
            remedy="Take the id out of VALHALLA_OWNERS and start again.",
        )  # fmt: skip
    for row in wanted:
        refusal = rules.may_change(act.standing.role, Role.from_word(row.role))
        if refusal is not None:
            return refusal
    return None


def grant_needs_approval(act: Act, role: Role) -> bool:
    """Whether giving this role needs a second person now."""
    if rules.may_change(act.standing.role, role) is not None:
        return False  # it will be refused outright; nobody should be asked about it
    managers = len(holders(act.connection, Role.MANAGER))
    return rules.needs_second_person(role, managers=managers, is_setup_over=act.prime.was_ever_live)


def bindings(act: Act, user_id: str) -> dict[str, str]:
    """Bind a request for a role to what the person holds now."""
    since = held_since(act.connection, user_id, Role.AUDITOR)
    held = [row for row in everybody(act).items if row.user_id == user_id]
    return {"role": held[0].role if held else "none", "since": since.isoformat() if since else "never"}


def wanted_grant(user_id: str, role: Role) -> Wanted:
    """Return the words of a request for a role."""
    may = {
        Role.AUDITOR: "read everything, change nothing",
        Role.OPERATOR: "work on follow-ups and offers, and engage the kill switch",
        Role.ONCALL: "also acknowledge alerts and ask for releases",
        Role.MANAGER: "also approve requests and change policies",
        Role.OWNER: "do everything, and break glass",
    }
    return Wanted(
        what=f"make <@{user_id}> {role.with_article}",
        if_approved=f"<@{user_id}> may {may[role]}, at once",
        does_not_change="nobody else's role",
        way_back="`/access revoke`, at once",
        done=f"<@{user_id}> is {role.with_article}",
        unchanged=f"<@{user_id}> does not become {role.with_article}",
        approve_label=f"Make them {role.with_article}",
    )


def _setting_entry(user_id: str, now: datetime, *, is_owner: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "at": now, "actor": "settings", "claimed_actor": None, "surface": Surface.SYSTEM.value,
        "operation": "access.bootstrap", "target": f"owner {user_id}", "outcome": "done", "reason": "VALHALLA_OWNERS",
        "correlation_id": uuid4().hex, "before": {"owner": not is_owner}, "after": {"owner": is_owner},
    }  # fmt: skip
    return {**row, "hash": content_hash(row)}


def bootstrap_owners(database: Database, owners: tuple[str, ...], clock: Clock) -> None:
    """Make the roles of VALHALLA_OWNERS what the setting says; called by each process when it starts."""
    now = clock()

    def work(connection: Connection) -> None:
        made = []
        for user_id in sorted(owners):
            connection.execute(
                insert_into(connection, Person).values(user_id=user_id, first_seen_at=now).on_conflict_do_nothing()
            )
            given = connection.scalar(
                insert_into(connection, RoleGrant)
                .values(
                    user_id=user_id, role=Role.OWNER.word, source="settings", granted_by="settings", granted_at=now,
                    reason="VALHALLA_OWNERS",
                )
                .on_conflict_do_nothing()
                .returning(RoleGrant.id)
            )  # fmt: skip
            made += [user_id] if given is not None else []
        ended = connection.scalars(
            update(RoleGrant)
            .where(RoleGrant.source == "settings", RoleGrant.revoked_at.is_(None), RoleGrant.user_id.not_in(owners))
            .values(revoked_at=now, revoked_by="settings")
            .returning(RoleGrant.user_id)
        )
        changes = [*((user_id, True) for user_id in made), *((user_id, False) for user_id in sorted(ended))]
        for user_id, is_owner in changes:
            connection.execute(insert(AuditEvent).values(**_setting_entry(user_id, now, is_owner=is_owner)))

    database.attempt(work)
