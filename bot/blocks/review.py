"""The Monday review in every state (cards, 7), the question at noon, what was escalated, the spot check."""

from collections.abc import Sequence
from datetime import timedelta

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.snapshot import line_of, said
from bot.blocks.text import audit_number, count, day, listed, people, quoted, when, who, words
from domain.review.results import Decision, ItemDone, ReviewAgain, ReviewCard, ReviewItem, SpotCheck
from domain.snapshots.results import Denied, Finding

LAYER = "Monday review"
MOST_NAMED = 3
MOST_ITEMS = 5
AUDIT_PAGE = 30
DECIDED = {Decision.CONTINUE: "CONTINUE", Decision.PAUSE: "PAUSED", Decision.ESCALATE: "ESCALATED"}


def review(card: ReviewCard) -> Rendered:
    """Return the card of a review, before and after its decision."""
    head = f"MONDAY REVIEW, {words(card.days)}. {words(card.repair)}"
    rows = [
        ("Broke", _found(card.broke)), ("Denied", _denied(card.denied)), ("Drifted", _found(card.drifted)),
    ]  # fmt: skip
    more = [
        ("Money", said(card.money)) if card.money else None,
        ("Watching", said(card.watching)) if card.watching else None,
        ("Waiting", _waiting(card)),
    ]
    return kit.message(
        head,
        kit.lines(f"{said(card.live)}  {_state(card)}", _lateness(card)),
        kit.lines(*(f"*{name}*  {text}" for name, text in rows)),
        kit.CHART,
        kit.lines(*(f"*{row[0]}*  {row[1]}" for row in more if row)),
        _sign_off(card),
        _undone(card),
        _decision(card),
        kit.context(
            f"Snapshot S-{card.snapshot_id}, frozen {when(card.frozen_at)}", "today's figures: `/snapshot`",
            audit_number(card.audit_id),
        ),
    )  # fmt: skip


def _state(card: ReviewCard) -> str:
    if card.decision is None:
        return "*No decision yet*" if card.is_current else "*No decision was made*"
    return f"*{DECIDED[card.decision]}* by {who(card.decided_by)}, {when(card.decided_at)}"


def _lateness(card: ReviewCard) -> str | None:
    return f"It comes late: it was due {when(card.due_at)}, when nothing ran." if card.is_late else None


def _found(found: Sequence[Finding]) -> str:
    more = len(found) - MOST_NAMED
    named = "; ".join(said(one.text) for one in found[:MOST_NAMED])
    rest = f"; and {more} more" if more > 0 else ""
    return f"{len(found)}    {named}{rest}" if found else "0"


def _denied(denied: Sequence[Denied]) -> str:
    total = sum(one.count for one in denied)
    more = total - sum(one.count for one in denied[:MOST_NAMED])
    named = "; ".join(f"{one.count:,} × {words(one.text)}" for one in denied[:MOST_NAMED])
    rest = f"; and {more:,} more" if more > 0 else ""
    return f"{total:,}    {named}{rest}" if denied else "0"


def _waiting(card: ReviewCard) -> str:
    waits = [count(card.approvals, "approval")] if card.approvals else []
    waits += [f"break-glass of {day(one.at)} not signed off" for one in card.unsigned[:MOST_NAMED]]
    if len(card.unsigned) > MOST_NAMED:
        waits.append(f"{len(card.unsigned) - MOST_NAMED} more break-glass uses")
    waits += [
        f"from {one.monday:%-d %B}: {quoted(one.text, 120)}, {who(one.to)}, not done"
        for one in card.undone[:MOST_ITEMS]
    ]
    if len(card.undone) > MOST_ITEMS:
        waits.append(f"{len(card.undone) - MOST_ITEMS} more that are not done")
    return "; ".join(waits) if waits else "nothing"


def _sign_off(card: ReviewCard) -> list[Block]:
    return kit.actions(
        *(
            kit.button(
                "Sign off…", "approvals.signoff", {"break_glass_id": one.break_glass_id}, form=True,
                about=f"B-{one.break_glass_id}: {words(one.done)}", place=one.break_glass_id % 10_000,
            )
            for one in card.unsigned[:MOST_NAMED]
        )
    )  # fmt: skip


def _undone(card: ReviewCard) -> list[Block]:
    if not card.is_current:
        return []
    return kit.actions(
        *(
            kit.button(
                f"Done: {one.text[:40]}", "review.finish", {"item_id": one.item_id}, place=one.item_id % 10_000
            )
            for one in card.undone[:MOST_ITEMS]
        )
    )  # fmt: skip


def _decision(card: ReviewCard) -> list[Block]:
    days = {"limit": AUDIT_PAGE, "from": card.week.isoformat(), "to": (card.week + timedelta(days=6)).isoformat()}
    looks = [
        kit.button(f"Targets: {card.met} of {card.judged} met", "snapshot.metrics"),
        kit.button(f"{count(card.changes, 'change')} last week", "audit.list", days),
    ]
    if card.decision is None and card.is_current:
        which = {"monday": card.monday.isoformat()}
        asks = [
            kit.button(
                name, "review.decide", {"decision": decision.value, **which}, form=True,
                style="primary" if decision is Decision.CONTINUE else None,
            )
            for name, decision in (
                ("Continue…", Decision.CONTINUE), ("Pause…", Decision.PAUSE), ("Escalate…", Decision.ESCALATE),
            )
        ]  # fmt: skip
        return [*kit.lines("*Decide:*"), *kit.actions(*asks, *looks)]
    return [*kit.lines(*_decided(card)), *kit.actions(*looks)]


def _decided(card: ReviewCard) -> list[str | None]:
    note = quoted(card.note) if card.note else None
    if card.decision is Decision.PAUSE:
        return [f"Paused: *{words(card.what or '')}*", note]
    if card.decision is Decision.ESCALATE and card.item is not None:
        state = "done" if card.item.done_at else f"by {when(card.item.by)}"
        return [f"To {who(card.item.to)}, {state}: {quoted(card.item.text)}"]
    return [note]


def again(card: ReviewAgain) -> Rendered:
    """Return the question that is asked again at noon."""
    return kit.message(
        f"STILL UNDECIDED: the Monday review of {words(card.days)}",
        kit.lines(
            words(card.repair),
            f"It stands there since {when(card.posted_at)}.",
            f"*Can decide*  {people(card.can_decide)}",
        ),
        kit.actions(
            kit.button("Continue…", "review.decide", _params(card, Decision.CONTINUE), form=True, style="primary"),
            kit.button("Pause…", "review.decide", _params(card, Decision.PAUSE), form=True),
            kit.button("Escalate…", "review.decide", _params(card, Decision.ESCALATE), form=True),
            kit.button("Show the review", "review.show"),
        ),
        kit.context(LAYER),
    )


def _params(card: ReviewAgain, decision: Decision) -> dict[str, str]:
    return {"decision": decision.value, "monday": card.monday.isoformat()}


def item(card: ReviewItem) -> Rendered:
    """Return the direct message to whom something was escalated."""
    asked = f"{who(card.asked_by)} asked on the Monday review of {card.monday:%-d %B}: {quoted(card.text)}"
    last = kit.context(LAYER, f"item {card.item_id}")
    if card.done_at is not None:
        done = f"Done by {who(card.done_by)}, {when(card.done_at)}"
        return kit.message("DONE: what was escalated to you", kit.lines(asked, done), last)
    return kit.message(
        f"YOURS until {when(card.by)}: escalated on the Monday review",
        kit.lines(asked, "Until it is done it comes back on every Monday review."),
        kit.actions(kit.button("It is done", "review.finish", {"item_id": card.item_id}, style="primary")),
        last,
    )


def finished(found: ItemDone) -> Rendered:
    """Return that something escalated is done."""
    head = "It was done already." if found.already else "Done: it comes back on no review any more."
    done = f"{who(found.item.done_by)}, {when(found.item.done_at)}: {quoted(found.item.text)}"
    return kit.message(
        head, kit.lines(done), kit.context(LAYER, f"item {found.item.item_id}", audit_number(found.audit_id))
    )


def spot_check(card: SpotCheck) -> Rendered:
    """Return the short look of a working day."""
    wrong = [
        *(f"{words(line.name)} {words(line.value)}" for line in card.switches if line.ok is False),
        *([f"{count(card.late, 'follow-up')} late"] if card.late else []),
        *([f"{count(card.alerts, 'alert')} open"] if card.alerts else []),
    ]
    state = listed(wrong) if wrong else "nothing is late, nothing is open"
    total = sum(one.count for one in card.denied)
    rows = [
        (
            "Late",
            f"{count(card.late, 'follow-up')}, {card.broken:,} of them past the 2 h promise"
            if card.late
            else "nothing",
        ),
        (
            "Denied",
            f"{_denied(card.denied)}, since {when(card.since)}" if total else f"nothing since {when(card.since)}",
        ),
        ("Oldest alert", f"{words(card.alert)}, since {when(card.alert_since)}" if card.alert else "none is open"),
    ]
    late = f"It comes late: it was due {when(card.due_at)}, when nothing ran." if card.is_late else None
    return kit.message(
        f"SPOT CHECK, {card.day:%A %-d %B}: {state}",
        kit.lines(late, *(line_of(line) for line in card.switches), *(f"*{name}*  {text}" for name, text in rows)),
        kit.actions(
            kit.button("Show how everything stands", "snapshot.overview"),
            kit.button("Show what is due", "followup.due", {"scope": "all"}) if card.late else None,
            kit.button("Show the alerts", "alerts.list") if card.alert else None,
        ),
        kit.context(f"Snapshot S-{card.snapshot_id}, frozen {when(card.frozen_at)}"),
    )
