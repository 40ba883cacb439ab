"""The rota: reading who is on call, taking over, and setting shifts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from domain.access.people import holders
from domain.access.tables import Person, RoleGrant
from domain.act import Act, Priority
from domain.database import lock_rota
from domain.identity import Role
from domain.oncall import rules
from domain.oncall.results import Duty, RotaView, ShiftLine, ShiftRemoved, ShiftSet, Taken
from domain.oncall.rules import LAYER, Segment, Shift, ShiftKind
from domain.oncall.tables import OncallShift, Page
from domain.outcomes import Button, Kind, Refused, refused

ONCALL_ROUTE = "route:oncall"


def _rows(connection: Connection, now: datetime) -> Sequence[Any]:
    """Return every shift that can still matter."""
    matters = or_(OncallShift.every_weeks.is_not(None), OncallShift.ends_at > now)
    return connection.execute(
        select(OncallShift.__table__).where(OncallShift.ended_at.is_(None), matters).order_by(OncallShift.id)
    ).all()


def _shift(row: Any) -> Shift:
    return Shift(
        row.id, row.user_id, ShiftKind(row.kind), row.starts_at, row.ends_at, row.every_weeks, row.ended_at, row.note
    )


def shifts(act: Act) -> list[Shift]:
    """Return the shifts that count: of people who may be on call now."""
    may = set(holders(act.connection, Role.ONCALL))
    return [_shift(row) for row in _rows(act.connection, act.now) if row.user_id in may]


def current(act: Act) -> Segment | None:
    """Return the duty of whoever is on call now."""
    return rules.on_call(shifts(act), act.settings.zone, act.now)


def to_page(act: Act, *, first: str | None = None) -> list[str]:
    """Return who is paged, in this order, before the channel; `first` was named by whoever passed it on."""
    known, zone = shifts(act), act.settings.zone
    now, following = rules.on_call(known, zone, act.now), rules.next_duty(known, zone, act.now)
    return rules.order(
        now.user_id if now else None, following.user_id if following else None, _others(act.connection), first=first
    )


def _others(connection: Connection) -> list[str]:
    """List the people with the role oncall itself: never paged first, then who was paged longest ago, then by id."""
    with_role = connection.scalars(
        select(RoleGrant.user_id)
        .join(Person, Person.user_id == RoleGrant.user_id)
        .where(RoleGrant.role == Role.ONCALL.word, RoleGrant.revoked_at.is_(None), Person.deactivated_at.is_(None))
        .distinct()
    ).all()
    paged = {
        row.target.removeprefix("user:"): row.last
        for row in connection.execute(
            select(Page.target, func.max(Page.fired_at).label("last"))
            .where(Page.target.in_([f"user:{user}" for user in with_role]), Page.fired_at.is_not(None))
            .group_by(Page.target)
        )
    }
    return sorted(with_role, key=lambda user: (user in paged, paged.get(user), user))


def may_be_paged(connection: Connection, user_id: str) -> bool:
    """Whether the person still works here as somebody who may acknowledge."""
    return user_id in holders(connection, Role.ONCALL)


def view(act: Act) -> RotaView:
    """Return who is on call now, who is next, the last hand-over, and the rota."""
    rows, zone = _rows(act.connection, act.now), act.settings.zone
    may = set(holders(act.connection, Role.ONCALL))
    counting = [_shift(row) for row in rows if row.user_id in may]
    last = act.connection.execute(
        select(OncallShift.note, OncallShift.user_id, OncallShift.set_at)
        .where(OncallShift.kind == ShiftKind.TAKE, OncallShift.note.is_not(None))
        .order_by(OncallShift.id.desc())
        .limit(1)
    ).one_or_none()
    return RotaView(
        now=_duty(rules.on_call(counting, zone, act.now), act.now),
        next=_duty(rules.next_duty(counting, zone, act.now), act.now),
        pages=tuple(to_page(act)), hand_over=last.note if last else None, hand_over_by=last.user_id if last else None,
        hand_over_at=last.set_at if last else None,
        shifts=tuple(_line(act, row, counts=row.user_id in may) for row in rows),
        by_phone=act.settings.page_url is not None, as_of=act.now,
    )  # fmt: skip


def _duty(segment: Segment | None, now: datetime) -> Duty | None:
    if segment is None or segment.user_id is None:
        return None
    until = segment.until if segment.until < now + rules.HORIZON else None
    return Duty(user_id=segment.user_id, since=segment.since, until=until, note=segment.note)


def _line(act: Act, row: Any, *, counts: bool = True) -> ShiftLine:
    start, end = next(
        rules.times(_shift(row), act.settings.zone, act.now, act.now + rules.HORIZON), (row.starts_at, row.ends_at)
    )
    return ShiftLine(
        shift_id=row.id, user_id=row.user_id, kind=row.kind, starts_at=start, ends_at=end, every_weeks=row.every_weeks,
        note=row.note, set_by=row.set_by, counts=counts,
    )  # fmt: skip


def _insert(act: Act, **values: Any) -> Any:
    shift_id = act.connection.scalar(
        insert(OncallShift).values(set_by=act.actor, set_at=act.now, **values).returning(OncallShift.id)
    )
    return act.connection.execute(select(OncallShift.__table__).where(OncallShift.id == shift_id)).one()


def take(act: Act, length: timedelta, note: str | None) -> Taken | Refused:
    """Be on call from now on for so long, whatever the rota says; whoever was on call is told, and the channel.

    Of several who take over at once each relieves the one before: they come one after the other.
    """
    refusal = rules.judge_take(length)
    if refusal is not None:
        return refusal
    lock_rota(act.connection)
    known = shifts(act)
    before = rules.on_call(known, act.settings.zone, rules.after_takes(known, act.now))
    instead_of = before.user_id if before and before.user_id != act.actor else None
    row = _insert(
        act, user_id=act.actor, kind=ShiftKind.TAKE, starts_at=act.now, ends_at=act.now + length, note=note
    )  # fmt: skip
    act.changed(
        f"shift {row.id}", before={"on_call": before.user_id if before else None},
        after={"on_call": act.actor, "until": row.ends_at.isoformat(), "note": note},
    )  # fmt: skip
    taken = Taken(
        shift_id=row.id, user_id=act.actor, since=act.now, until=row.ends_at, instead_of=instead_of, note=note
    )
    act.post(ONCALL_ROUTE, "oncall_taken", taken, thing=f"shift:{row.id}", priority=Priority.APPROVAL)
    if instead_of is not None:
        act.post(f"user:{instead_of}", "oncall_taken", taken, priority=Priority.APPROVAL)
    return taken


def set_shift(
    act: Act, user_id: str, starts: datetime, ends: datetime, every: timedelta | None, note: str | None
) -> ShiftSet | Refused:
    """Put a shift into the rota; whoever has it is told."""
    refusal = rules.judge_shift(starts, ends, every, act.now) or refuse_unless_may(act, user_id)
    if refusal is not None:
        return refusal
    row = _insert(
        act, user_id=user_id, kind=ShiftKind.ONCE if every is None else ShiftKind.WEEKLY, starts_at=starts,
        ends_at=ends, every_weeks=None if every is None else every // rules.WEEK, note=note,
    )  # fmt: skip
    act.changed(
        f"shift {row.id}",
        after={"user": user_id, "starts": starts.isoformat(), "ends": ends.isoformat(), "every_weeks": row.every_weeks},
    )
    done = ShiftSet(shift=_line(act, row))
    if user_id != act.actor:
        act.post(f"user:{user_id}", "oncall_set", done)
    return done


def refuse_unless_may(act: Act, user_id: str) -> Refused | None:
    """Refuse where a person could not acknowledge what pages them."""
    if may_be_paged(act.connection, user_id):
        return None
    grant = Button(
        label="Put them on call…", operation="access.grant", params={"user": user_id, "role": Role.ONCALL.word},
        form=True,
    )  # fmt: skip
    return refused(
        Kind.REFUSED, "not_on_call_role", f"<@{user_id}> may not be on call: an alert needs somebody on call or above.",
        layer=LAYER, remedy="A manager gives the role with `/access grant @someone oncall`.", buttons=(grant,),
        field="user", needs=Role.ONCALL.word,
    )  # fmt: skip


def remove(act: Act, shift_id: int) -> ShiftRemoved | Refused:
    """Take a shift out of the rota from now on."""
    row = act.connection.execute(
        select(OncallShift.__table__).where(OncallShift.id == shift_id).with_for_update()
    ).one_or_none()
    if row is None or row.ended_at is not None:
        return refused(
            Kind.NOT_FOUND, "no_such_shift", f"Shift {shift_id} is not in the rota.", layer=LAYER,
            remedy="`/oncall` lists the shifts with their numbers.", field="shift_id",
        )  # fmt: skip
    act.connection.execute(
        update(OncallShift).where(OncallShift.id == shift_id).values(ended_at=act.now, ended_by=act.actor)
    )
    act.changed(f"shift {shift_id}", before={"user": row.user_id}, after={"ended_at": act.now.isoformat()})
    return ShiftRemoved(shift=_line(act, row), removed_by=act.actor)
