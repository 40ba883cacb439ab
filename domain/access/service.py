"""Giving and taking roles."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, insert, or_, select, update

from domain.access import rules
from domain.access.people import held_since, holders, words_from
from domain.access.results import AccessList, Deactivated, Followed, Granted, Holder, Revoked, Welcome
from domain.access.tables import Person, RoleGrant
from domain.act import Act
from domain.approvals.ending import withdraw_all
from domain.approvals.rows import locked_requests_of
from domain.audit.rules import content_hash
from domain.audit.tables import AuditEvent
from domain.clock import Clock
from domain.database import Database, insert_into
from domain.followup.claims import release_claims_of
from domain.identity import Role, Surface
from domain.oncall.ladder import person_gone
from domain.operation import Wanted
from domain.outcomes import Kind, Refused, refused
from domain.settings import Settings

BY_PROGRAM = (None, "system", "settings")
"""Who ends a grant that was not taken away by hand; None: nobody has ended it."""
WORKSPACE = "workspace"
"""The source of the role of whoever owns the workspace in Slack, where no setting names an owner."""
LONGEST_GIVER = 64


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
    if not act.may_loosen and _was_quicker(act, role):
        return refused(
            Kind.CONFLICT, "changed_meanwhile", f"Somebody else was given such a role at the same moment, so making "
            f"<@{user_id}> {role.with_article} needs a second person now. Nothing changed.", layer=rules.LAYER,
            remedy="Grant it again: then another manager or owner is asked.",
        )  # fmt: skip
    return _give(act, user_id, role, granted_by=act.actor)


def _was_quicker(act: Act, role: Role) -> bool:
    """Whether a second person is needed by now, with whoever else gives such a role waiting for this commit."""
    if role in rules.GIVEN_BY_MANAGERS:
        return False
    act.connection.execute(
        select(RoleGrant.id)
        .where(RoleGrant.role.in_(words_from(Role.MANAGER)), RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.id)
        .with_for_update()
    )
    return grant_needs_approval(act, role)


def accept_request(act: Act, role: Role) -> Granted | Refused:
    """Give the requester what a manager has just approved."""
    if act.approved_by is None:
        return refused(
            Kind.NOT_ALLOWED, "not_approved", "Nobody has approved this request.", layer=rules.LAYER,
            remedy="Ask for access; a manager decides.",
        )  # fmt: skip
    return _give(act, act.actor, role, granted_by=act.approved_by)


def wants_owner(connection: Connection, settings: Settings) -> bool:
    """Whether whoever owns the workspace in Slack is to be the owner here: only where nobody else is, to try it out.

    In production the owner is named on purpose, by VALHALLA_OWNERS.
    """
    return not settings.is_production and not settings.owners and not holders(connection, Role.OWNER)


def adopted_owner(connection: Connection) -> str | None:
    """Return who is owner here as the workspace's primary owner; None where nobody is."""
    return connection.scalar(
        select(RoleGrant.user_id).where(RoleGrant.source == WORKSPACE, RoleGrant.revoked_at.is_(None))
    )


def adopt(act: Act, user_id: str) -> Granted:
    """Make the workspace's primary owner the owner here, where nobody is; VALHALLA_OWNERS ends it."""
    gone = act.connection.scalar(select(Person.deactivated_at).where(Person.user_id == user_id))
    if gone is not None or not wants_owner(act.connection, act.settings):
        return Granted(user_id=user_id, role=Role.OWNER.word, granted_by=WORKSPACE, changed=False)
    act.entry.reason = "primary owner of the workspace; VALHALLA_OWNERS names nobody"
    return _give(act, user_id, Role.OWNER, granted_by=WORKSPACE, source=WORKSPACE)


def _give(act: Act, user_id: str, role: Role, *, granted_by: str, source: str = "grant") -> Granted:
    connection = act.connection
    connection.execute(
        insert_into(connection, Person).values(user_id=user_id, first_seen_at=act.now).on_conflict_do_nothing()
    )
    given = connection.scalar(
        insert_into(connection, RoleGrant)
        .values(
            user_id=user_id, role=role.word, source=source, granted_by=granted_by, granted_at=act.now,
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
    requests = locked_requests_of(act, user_id)
    rows = _grants_of(act, user_id)
    wanted = [row for row in rows if role is None or row.role == role.word]
    refusal = _judge_revoke(act, user_id, wanted)
    if refusal is not None:
        return refusal
    kept = [row for row in rows if row not in wanted]
    released, withdrawn = _take_away(act, user_id, wanted, kept, requests)
    return Revoked(
        user_id=user_id, roles=tuple(row.role for row in wanted), revoked_by=act.actor, tasks_released=released,
        requests_withdrawn=withdrawn,
    )  # fmt: skip


def _grants_of(act: Act, user_id: str) -> Sequence[Any]:
    return act.connection.execute(
        select(RoleGrant.id, RoleGrant.role, RoleGrant.source)
        .where(RoleGrant.user_id == user_id, RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.id)
        .with_for_update()
    ).all()


def _take_away(
    act: Act,
    user_id: str,
    wanted: Sequence[Any],
    kept: Sequence[Any],
    requests: Sequence[Any],
    *,
    is_gone: bool = False,
) -> tuple[int, int]:
    """End locked grants, and what goes with the role; return how many tasks went back and requests ended.

    `is_gone`: whoever it is works here no more, whatever grants are kept.
    """
    act.connection.execute(
        update(RoleGrant)
        .where(RoleGrant.id.in_([row.id for row in wanted]))
        .values(revoked_at=act.now, revoked_by=act.actor)
    )
    left = None if is_gone else max((Role.from_word(row.role) for row in kept), default=None)
    released = 0 if left is not None and left >= Role.OPERATOR else release_claims_of(act, user_id)
    withdrawn = withdraw_all(act, requests)
    act.changed(
        user_id, before={"roles": [row.role for row in wanted]}, after={"roles": [row.role for row in kept]},
    )  # fmt: skip
    if left is None or left < Role.ONCALL:
        person_gone(act, user_id)
    return released, withdrawn


def follow(act: Act, wanted: rules.Follow) -> Followed | Refused:
    """Give or take what a user group of Slack gives; grants of other sources stay as they are."""
    if wanted.role not in rules.GIVEN_BY_MANAGERS:
        return refused(
            Kind.NOT_ALLOWED, "not_by_group", f"A user group cannot make anybody {wanted.role.with_article}.",
            layer=rules.LAYER,
        )  # fmt: skip
    changed = _join(act, wanted) if wanted.is_member else _leave(act, wanted)
    return Followed(user_id=wanted.user_id, role=wanted.role.word, is_member=wanted.is_member, changed=changed)


def _join(act: Act, wanted: rules.Follow) -> bool:
    connection, user_id = act.connection, wanted.user_id
    connection.execute(
        insert_into(connection, Person).values(user_id=user_id, first_seen_at=act.now).on_conflict_do_nothing()
    )
    gone = connection.scalar(select(Person.deactivated_at).where(Person.user_id == user_id))
    newest = connection.execute(
        select(RoleGrant.revoked_at, RoleGrant.revoked_by)
        .where(
            RoleGrant.user_id == user_id, RoleGrant.role == wanted.role.word, RoleGrant.source == wanted.source
        )
        .order_by(RoleGrant.id.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip
    if gone is not None or (newest is not None and newest.revoked_by not in BY_PROGRAM):
        return False
    before = held_since(connection, user_id, wanted.role)
    given_by = f"the user group @{wanted.handle}"[:LONGEST_GIVER]
    given = connection.scalar(
        insert_into(connection, RoleGrant)
        .values(
            user_id=user_id, role=wanted.role.word, source=wanted.source, granted_by=given_by, granted_at=act.now,
            reason=f"a member of @{wanted.handle}",
        )
        .on_conflict_do_nothing()
        .returning(RoleGrant.id)
    )  # fmt: skip
    if given is None:
        return False
    act.changed(f"{wanted.role.word} {user_id}", after={"user": user_id, "role": wanted.role.word, "by": wanted.source})
    if before is None:
        act.post(f"user:{user_id}", "welcome", Welcome(user_id=user_id, role=wanted.role.word, granted_by=given_by))
    return True


def _leave(act: Act, wanted: rules.Follow) -> bool:
    requests = locked_requests_of(act, wanted.user_id)
    rows = _grants_of(act, wanted.user_id)
    ended = [row for row in rows if row.role == wanted.role.word and row.source == wanted.source]
    if not ended:
        return False
    kept = [row for row in rows if row not in ended]
    loses = not any(Role.from_word(row.role) >= wanted.role for row in kept)
    _take_away(act, wanted.user_id, ended, kept, requests if loses else ())
    return True


def deactivate(act: Act, user_id: str) -> Deactivated:
    """Take everything from somebody whose Slack account is deactivated: at once, and without a person asking.

    An owner by VALHALLA_OWNERS stays named there, and can do nothing while the account is deactivated.
    """
    requests = locked_requests_of(act, user_id)
    rows = _grants_of(act, user_id)
    known = act.connection.execute(
        update(Person).where(Person.user_id == user_id, Person.deactivated_at.is_(None)).values(deactivated_at=act.now)
    )
    if known.rowcount != 1:
        return Deactivated(user_id=user_id, changed=False)
    ended = [row for row in rows if row.source != "settings"]
    kept = [row for row in rows if row.source == "settings"]
    act.entry.reason = "deactivated in Slack"
    released, withdrawn = _take_away(act, user_id, ended, kept, requests, is_gone=True)
    return Deactivated(
        user_id=user_id, changed=True, roles=tuple(row.role for row in ended), tasks_released=released,
        requests_withdrawn=withdrawn,
    )  # fmt: skip


def reactivate(act: Act, user_id: str) -> Deactivated:
    """Let somebody whose account is active again be given roles; none comes back by itself, but by a group."""
    known = act.connection.execute(
        update(Person).where(Person.user_id == user_id, Person.deactivated_at.is_not(None)).values(deactivated_at=None)
    )
    if known.rowcount != 1:
        return Deactivated(user_id=user_id, changed=False)
    act.entry.reason = "active again in Slack"
    act.changed(user_id, before={"deactivated": True}, after={"deactivated": False})
    return Deactivated(user_id=user_id, changed=True)


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
    """Bind a request for a role to what the person holds now, which stays so until it is decided."""
    if act.approved_by is not None:
        _grants_of(act, user_id)
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


def bootstrap_owners(database: Database, owners: tuple[str, ...], clock: Clock, *, is_production: bool = False) -> None:
    """Make the roles of VALHALLA_OWNERS what the setting says; called by each process when it starts.

    Whoever was owner as the workspace's primary owner is so no longer once the setting names somebody, and not in
    production.
    """
    now = clock()
    stale = and_(RoleGrant.source == "settings", RoleGrant.user_id.not_in(owners))
    if owners or is_production:
        stale = or_(stale, RoleGrant.source == WORKSPACE)

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
            .where(RoleGrant.revoked_at.is_(None), stale)
            .values(revoked_at=now, revoked_by="settings")
            .returning(RoleGrant.user_id)
        )
        gone = sorted(set(ended) - set(owners))
        changes = [*((user_id, True) for user_id in made), *((user_id, False) for user_id in gone)]
        for user_id, is_owner in changes:
            connection.execute(insert(AuditEvent).values(**_setting_entry(user_id, now, is_owner=is_owner)))

    database.attempt(work)
