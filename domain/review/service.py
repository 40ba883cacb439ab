"""Posting what is due, once, and writing down what is decided."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from domain.access.people import holders
from domain.act import Act, Entry, Form, Priority
from domain.alerts.tables import Alert
from domain.approvals.alone import unsigned
from domain.approvals.rows import open_requests
from domain.audit.tables import AuditEvent
from domain.followup.rows import OPEN
from domain.followup.rules import LATE_AFTER, PROMISE
from domain.followup.tables import FollowupTask
from domain.identity import Role
from domain.leads.tables import LeadSource
from domain.outcomes import Kind, Refused, refused
from domain.parameters import Province, parse
from domain.review import findings, rules
from domain.review.results import (
    CadenceRun,
    Decision,
    ItemDone,
    ReviewAgain,
    ReviewCard,
    ReviewItem,
    SpotCheck,
    Unsigned,
)
from domain.review.tables import Review, ReviewItemRow
from domain.risk.rules import said
from domain.snapshots import service as snapshots
from domain.snapshots.parts import Part
from domain.snapshots.results import Finding, WeekPart
from domain.snapshots.tables import Snapshot

LAYER = "Monday review"
ROUTE = "route:governance"
ALL = "ALL"
DAY = timedelta(days=1)


def thing(monday: date) -> str:
    """Return what the review's card is about."""
    return f"review:{monday.isoformat()}"


def run(act: Act, parts: Sequence[Part]) -> CadenceRun:
    """Post the review, ask about it again, and post the spot check, each where it is due and was not done."""
    began = act.connection.scalar(select(AuditEvent.at).order_by(AuditEvent.id).limit(1))
    zone = act.settings.zone
    done = CadenceRun(
        review=_post(act, parts) if began is not None and began < rules.review_due(act.now, zone)[1] else None,
        asked_again=_ask_again(act), spot_check=_check(act, parts) if began is not None else None,
    )  # fmt: skip
    if done.review or done.asked_again or done.spot_check:
        act.changed("cadence", after=done.model_dump(mode="json", exclude_none=True))
    return done


# -- the review ---------------------------------------------------------------------------------------------------


def _post(act: Act, parts: Sequence[Part]) -> date | None:
    monday, due_at = rules.review_due(act.now, act.settings.zone)
    if act.connection.scalar(select(Review.monday).where(Review.monday == monday)) is not None:
        return None
    frozen = snapshots.freeze(act, parts, "review", monday)
    if frozen is None:
        return None
    number, _, figures = frozen
    week = rules.week_before(monday, act.settings.zone)
    found = findings.of(act, parts, week)
    card = ReviewCard(
        monday=monday, week=week.monday, days=rules.days_of(week.monday),
        repair=rules.to_repair((*found.broke, *found.drifted, *_alone_is_to_repair(act))),
        live=findings.live(act, week, found.stopped), broke=found.broke, denied=found.denied, drifted=found.drifted,
        money=found.money, watching=found.watching, approvals=len(open_requests(act)), unsigned=_unsigned(act),
        met=figures.met, judged=figures.judged, changes=found.changes, snapshot_id=number, frozen_at=act.now,
        due_at=due_at, is_late=rules.is_late(due_at, act.now),
    )  # fmt: skip
    act.connection.execute(
        insert(Review).values(
            monday=monday, due_at=due_at, posted_at=act.now, snapshot_id=number, body=card.to_json(),
        )
    )  # fmt: skip
    _draw(act, monday, found)
    _show_older_as_past(act, monday)
    show(act, monday)
    return monday


def _alone_is_to_repair(act: Act) -> Sequence[Finding]:
    return tuple(Finding(text="", short="break glass not signed off") for _ in unsigned(act)[:1])


def _draw(act: Act, monday: date, found: WeekPart) -> None:
    drawn = rules.chart(found.lines)
    if drawn is not None:
        act.chart(thing(monday), drawn)


def _show_older_as_past(act: Act, monday: date) -> None:
    """Take the buttons off the review before, whose decision nobody makes any more."""
    before = act.connection.scalar(
        select(Review.monday).where(Review.monday < monday).order_by(Review.monday.desc()).limit(1)
    )
    if before is not None:
        act.post(ROUTE, "review", card_of(act, _row(act, before)), thing=thing(before), priority=Priority.DIGEST)


def _unsigned(act: Act) -> tuple[Unsigned, ...]:
    return tuple(Unsigned(break_glass_id=row.id, at=row.at, actor=row.actor, done=row.done) for row in unsigned(act))


def _row(act: Act, monday: date | None, *, locked: bool = False) -> Row[Any] | None:
    query = select(Review.__table__).order_by(Review.monday.desc()).limit(1)
    if monday is not None:
        query = query.where(Review.monday == monday)
    return act.connection.execute(query.with_for_update() if locked else query).one_or_none()


def card_of(act: Act, row: Row[Any] | None) -> ReviewCard:
    """Return a review as it stands: its frozen figures, what is undone by now, and its decision."""
    assert row is not None
    newest = act.connection.scalar(select(func.max(Review.monday)))
    items = [_item(one) for one in act.connection.execute(select(ReviewItemRow.__table__).order_by(ReviewItemRow.id))]
    return ReviewCard.model_validate(row.body).model_copy(
        update={
            "decision": Decision(row.decision) if row.decision else None, "decided_by": row.decided_by,
            "decided_at": row.decided_at, "note": row.note, "what": row.what, "is_current": row.monday == newest,
            "unsigned": _unsigned(act) if row.monday == newest else (),
            "undone": tuple(item for item in items if item.monday < row.monday and item.done_at is None),
            "item": next((item for item in items if item.monday == row.monday), None),
        }
    )  # fmt: skip


def _item(row: Row[Any]) -> ReviewItem:
    return ReviewItem(
        item_id=row.id, monday=row.monday, text=row.text, to=row.to, by=row.by, asked_by=row.asked_by,
        done_at=row.done_at, done_by=row.done_by,
    )  # fmt: skip


def show(act: Act, monday: date) -> ReviewCard:
    """Post the review's card, or edit it to what is so now."""
    card = card_of(act, _row(act, monday))
    act.post(ROUTE, "review", card, thing=thing(monday), priority=Priority.DIGEST)
    return card


def current(act: Act) -> ReviewCard | Refused:
    """Return the newest review."""
    row = _row(act, None)
    return _none_yet() if row is None else card_of(act, row)


def _none_yet() -> Refused:
    return refused(
        Kind.NOT_FOUND, "no_review", "There was no Monday review yet.", layer=LAYER,
        remedy="The first comes next Monday at 09:00; `/snapshot` shows how everything stands now.",
    )  # fmt: skip


def _ask_again(act: Act) -> date | None:
    row = _row(act, None, locked=True)
    if row is None or row.decision is not None or row.asked_again_at is not None:
        return None
    if act.now < rules.asked_again_at(row.due_at, row.posted_at, act.settings.zone):
        return None
    act.connection.execute(update(Review).where(Review.monday == row.monday).values(asked_again_at=act.now))
    card = card_of(act, row)
    deciders = holders(act.connection, Role.MANAGER)
    again = ReviewAgain(
        monday=row.monday, days=card.days, repair=card.repair, posted_at=row.posted_at, can_decide=deciders
    )
    act.post(ROUTE, "review_again", again, thing=thing(row.monday), form=Form.THREAD, priority=Priority.REPLY)
    for user in deciders:
        act.post(f"user:{user}", "review_again", again, priority=Priority.REPLY)
    return card.monday


# -- deciding -----------------------------------------------------------------------------------------------------


def pauses_by(what: str | None, sources: Sequence[str] = ()) -> tuple[str, dict[str, str]] | None:
    """Return the operation that pauses this, and how it is named there: all, a province, a source or an engine."""
    name = (what or "").strip()
    if not name:
        return None
    if name.upper() == ALL:
        return "killswitch.engage", {}
    if name.upper() in Province.__members__:
        return "market.pause", {"province": name.upper()}
    if name in sources:
        return "source.pause", {"name": name}
    return "risk.pause", {"engine": name.upper()}


def decide(
    act: Act, decision: Decision, *, monday: date | None, note: str | None, what: str | None, to: str | None, by: Any
) -> ReviewCard | Refused:
    """Write a decision on the newest review (or the one named), and do what it says."""
    row = _row(act, monday, locked=True)
    if row is None:
        return _none_yet()
    refusal = _judge(act, row, decision, what=what, to=to, by=by, note=note)
    if refusal is not None:
        return refusal
    if decision is Decision.PAUSE:
        stopped = _pause(act, what or "", note or f"decided on the Monday review of {row.monday.isoformat()}")
        if stopped is not None:
            return stopped
    act.connection.execute(
        update(Review)
        .where(Review.monday == row.monday)
        .values(decision=decision.value, decided_by=act.actor, decided_at=act.now, note=note, what=what)
    )
    if decision is Decision.ESCALATE:
        _escalate(act, row.monday, note or "", to or "", by)
    act.entry.reason = note
    act.changed(
        thing(row.monday), before={"decision": None},
        after={"decision": decision.value, "what": what, "to": to, "by": by.isoformat() if by else None},
    )  # fmt: skip
    return show(act, row.monday)


def _judge(
    act: Act, row: Row[Any], decision: Decision, *, what: str | None, to: str | None, by: Any, note: str | None
) -> Refused | None:
    newest = act.connection.scalar(select(func.max(Review.monday)))
    if row.monday != newest:
        return refused(
            Kind.CONFLICT, "past", f"The review of {row.monday.isoformat()} is past; a newer one is there.",
            layer=LAYER, remedy="`/review` shows it.", newest=newest.isoformat() if newest else None,
        )  # fmt: skip
    if row.decision is not None:
        return refused(
            Kind.CONFLICT, "already_decided", f"<@{row.decided_by}> decided already: {row.decision}.", layer=LAYER,
            remedy="What was paused is resumed, and what was escalated is done, by their own commands.",
            decided_at=row.decided_at.isoformat(),
        )  # fmt: skip
    missing = {
        Decision.PAUSE: (("what", what, "an engine, a source, a province, or all"),),
        Decision.ESCALATE: (
            ("to", to, "to whom"), ("by", by, "by when"), ("note", note, "what is to be done"),
        ),
    }.get(decision, ())  # fmt: skip
    for name, given, expects in missing:
        if given is None:
            return refused(
                Kind.INVALID, "missing", f"`{name}` is missing: {expects}.", layer="input", field=name,
                remedy=f"`/review decide {decision.value}` with `{name}=…`",
            )  # fmt: skip
    if by is not None and by <= act.now:
        return refused(
            Kind.INVALID, "bad_value", "`by` is past; say by when it is to be done.", layer="input", field="by",
            by=by.isoformat(), now=act.now.isoformat(),
        )  # fmt: skip
    return None


def _pause(act: Act, what: str, reason: str) -> Refused | None:
    """Carry out the pause as an act of its own, within this one; return why it was not done."""
    sources = tuple(act.connection.scalars(select(LeadSource.name)))
    found = pauses_by(what, sources)
    assert found is not None
    name, target = found
    operation = act.registry.get(name)
    given = {**target, "reason": reason}
    params = parse(operation.params, given, now=act.now, zone=act.settings.zone) if operation is not None else None
    if operation is None or params is None or isinstance(params, Refused):
        return refused(
            Kind.NOT_FOUND, "cannot_be_paused", f"“{said(what)}” is nothing that can be paused here.", layer=LAYER,
            remedy="Name an engine (`/risk` lists them), or say `all` to engage the kill switch.", field="what",
        )  # fmt: skip
    entry = Entry(
        actor=act.actor, surface=act.entry.surface, operation=name, target=operation.target_of(params, act.actor),
        reason=reason,
    )  # fmt: skip
    result = operation.run(replace(act, entry=entry), params)
    if isinstance(result, Refused):
        return result
    act.entries.append(entry)
    return None


def _escalate(act: Act, monday: date, text: str, to: str, by: Any) -> None:
    number = act.connection.scalar(
        insert(ReviewItemRow)
        .values(monday=monday, text=text, to=to, by=by, asked_by=act.actor)
        .returning(ReviewItemRow.id)
    )
    item = ReviewItem(item_id=number or 0, monday=monday, text=text, to=to, by=by, asked_by=act.actor)
    act.post(f"user:{to}", "review_item", item, thing=f"review_item:{number}")


def finish(act: Act, item_id: int) -> ItemDone | Refused:
    """Say that something escalated is done: it comes back on no review any more."""
    row = act.connection.execute(
        select(ReviewItemRow.__table__).where(ReviewItemRow.id == item_id).with_for_update()
    ).one_or_none()
    if row is None:
        return refused(
            Kind.NOT_FOUND, "no_such_item", f"Nothing was escalated under the number {item_id}.", layer=LAYER,
            remedy="`/review` lists what is not done.",
        )  # fmt: skip
    if row.done_at is not None:
        return ItemDone(item=_item(row), already=True)
    act.connection.execute(
        update(ReviewItemRow).where(ReviewItemRow.id == item_id).values(done_at=act.now, done_by=act.actor)
    )
    item = _item(row).model_copy(update={"done_at": act.now, "done_by": act.actor})
    act.changed(f"review_item:{item_id}", before={"done_at": None}, after={"done_at": act.now.isoformat()})
    act.post(f"user:{item.to}", "review_item", item, thing=f"review_item:{item_id}")
    newest = act.connection.scalar(select(func.max(Review.monday)))
    if newest is not None:
        show(act, newest)
    return ItemDone(item=item)


# -- the spot check -----------------------------------------------------------------------------------------------


def _check(act: Act, parts: Sequence[Part]) -> date | None:
    due = rules.check_due(act.now, act.settings.zone)
    if due is None:
        return None
    day, due_at = due
    if act.connection.scalar(select(Snapshot.id).where(Snapshot.kind == "spot_check", Snapshot.day == day)) is not None:
        return None
    last = act.connection.scalar(select(func.max(Snapshot.frozen_at)))
    frozen = snapshots.freeze(act, parts, "spot_check", day)
    if frozen is None:
        return None
    card = _spot_check(act, frozen[0], frozen[1], since=max(last or act.now - DAY, act.now - 3 * DAY))
    act.post(
        ROUTE, "spot_check",
        card.model_copy(update={"day": day, "due_at": due_at, "is_late": rules.is_late(due_at, act.now)}),
        thing=f"spot_check:{day.isoformat()}", priority=Priority.DIGEST,
    )  # fmt: skip
    return day


def _spot_check(act: Act, number: int, found: Any, since: Any) -> SpotCheck:
    control = next((part for part in found.items if part.name == "control"), None)
    lines = control.lines if control else ()
    late = act.connection.scalar(
        select(func.count()).select_from(FollowupTask).where(*OPEN, FollowupTask.sla_from < act.now - LATE_AFTER)
    )
    broken = act.connection.scalar(
        select(func.count()).select_from(FollowupTask).where(*OPEN, FollowupTask.sla_from < act.now - PROMISE)
    )
    alert = act.connection.execute(
        select(Alert.id, Alert.headline, Alert.opened_at)
        .where(Alert.state != "resolved")
        .order_by(Alert.opened_at, Alert.id)
        .limit(1)
    ).one_or_none()
    alerts = act.connection.scalar(select(func.count()).select_from(Alert).where(Alert.state != "resolved"))
    return SpotCheck(
        day=act.now.date(), snapshot_id=number, frozen_at=act.now, due_at=act.now,
        switches=tuple(line for line in lines if line.name in {"Go-live", "Kill switch"}), late=late or 0,
        broken=broken or 0, denied=findings.refusals(act, since, act.now), since=since,
        alert=alert.headline if alert else None, alert_id=alert.id if alert else None,
        alert_since=alert.opened_at if alert else None, alerts=alerts or 0,
    )  # fmt: skip
