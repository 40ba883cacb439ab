"""Approvals: the request's card in every state (cards 2 and 3), break glass, questions, lists."""

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.prime_law import engage_button
from bot.blocks.text import audit_number, cut, day, listed, people, quoted, span, value, when, who, words
from domain.approvals.results import (
    ApprovalCard,
    ApprovalLine,
    ApprovalList,
    BreakGlassCard,
    Decided,
    Question,
    TakenBack,
)
from domain.identity import SYSTEM_ACTOR
from domain.operation import Change, Figure

NOBODY_ELSE = "Nobody else can decide: add a manager, or an owner may break glass."
MOST_LISTED = 10
OPEN = frozenset({"pending", "deciding"})


def can_decide(deciders: tuple[str, ...], requester: str | None = None) -> str:
    """Say who may decide, or what to do where nobody may."""
    if not deciders:
        return NOBODY_ELSE
    but = f" (not {who(requester)}, who asked)" if requester else ""
    return f"*Can decide*  {people(deciders)}{but}"


def approval(card: ApprovalCard) -> Rendered:
    """Return the card of a request, whatever became of it."""
    if card.status in OPEN:
        return _pending(card)
    return {"approved": _approved, "failed": _failed}.get(card.status, _ended)(card)


def _asked(card: ApprovalCard, verb: str = "asks") -> str:
    said = f": {quoted(card.reason)}" if card.reason else ""
    return f"{who(card.requester)} {verb}, {when(card.created_at)}{said}"


def _facts(card: ApprovalCard) -> list[Block]:
    told = [(words(name), value(shown)) for name, shown in card.wanted.facts]
    return kit.facts([*told, *(_figure(figure) for figure in card.wanted.figures)])


def _figure(figure: Figure) -> tuple[str, str]:
    """Put a figure beside what it must reach (spec/cards, 2)."""
    needs = f"needs {words(figure.needs)}" if figure.needs else ""
    return words(figure.name), "   ".join(part for part in (value(figure.value), words(figure.beside), needs) if part)


def _change(change: Change) -> str:
    beside = f"   ({words(change.beside)})" if change.beside else ""
    return f"{words(change.name)}   {value(change.before)} → {value(change.after)}{beside}"


def _changed(card: ApprovalCard) -> list[Block]:
    """Say what a decision changed and what it was decided on: that stays on the card for good (spec/cards, 3)."""
    made = card.wanted
    if not made.changes:
        return _facts(card)
    rows = [("Changed", _change(change)) for change in made.changes]
    basis = [_figure(made.decided_on)] if made.decided_on else [_figure(figure) for figure in made.figures]
    return kit.facts([*rows, *((words(name), value(shown)) for name, shown in made.facts), *basis])


def _last(card: ApprovalCard, *more: str) -> Block:
    audit = None if card.status in OPEN else audit_number(card.audit_id)
    return kit.context(f"Approval A-{card.approval_id}", words(card.operation), *more, audit)


def _bound(card: ApprovalCard) -> str:
    wanted = card.wanted
    parts = [f"{words(name)} {value(version)}" for name, version in card.bound_to.items()]
    if wanted.evidence_at is not None:
        parts.append(f"the {words(wanted.evidence_name)} of {when(wanted.evidence_at)}")
    if not parts:
        return ""
    if len(parts) == 1:
        return f"bound to {parts[0]}; if that changes it must be asked again"
    either = "either" if len(parts) == 2 else "one of them"  # noqa: PLR2004
    but = f" ({words(wanted.evidence_note)})" if wanted.evidence_note else ""
    return f"bound to {', '.join(parts[:-1])} and {parts[-1]}; if {either} changes it must be asked again{but}"


def _pending(card: ApprovalCard) -> Rendered:
    wanted = card.wanted
    open_gates = [f"*Not met*  {words(gate.name)}: {words(gate.detail)}" for gate in card.gates if not gate.ok]
    return kit.message(
        f"APPROVAL WANTED: {words(wanted.what)}",
        kit.lines(_asked(card)),
        _facts(card),
        kit.CHART,
        kit.lines(
            f"*How sure is that?*  {words(wanted.how_sure)}" if wanted.how_sure else None,
            f"*If approved*  {words(wanted.if_approved)}",
            *(f"*{words(name)}*  {words(said)}" for name, said in wanted.track),
            f"*Does not change*  {words(wanted.does_not_change)}" if wanted.does_not_change else None,
            f"*Way back*  {words(wanted.way_back)}",
            *open_gates,
        ),
        kit.lines(can_decide(card.can_decide, card.requester), f"*Expires*  {when(card.expires_at)}"),
        kit.actions(*_decisions(card)),
        _last(card, _bound(card)),
        text=f"APPROVAL WANTED: {words(wanted.what)} ({who(card.requester)} asks; expires {when(card.expires_at)})",
    )


def _decisions(card: ApprovalCard) -> list[Block | None]:
    which = {"approval_id": card.approval_id}
    seen = {**which, "seen": card.seen}
    about = f"A-{card.approval_id}: {words(card.wanted.what)}"
    said = words(card.wanted.confirmation) or f"From now on: {words(card.wanted.if_approved)}."
    asks = kit.confirm("Approve this?", said, card.wanted.approve_label)
    withdraw = kit.button("Withdraw", "approvals.withdraw", which, about=about) if card.can_withdraw else None
    if card.reader == "requester":
        return [withdraw, kit.offered(card.wanted.evidence) if card.wanted.evidence else None]
    choices = [
        kit.choice("Ask a question…", "approvals.ask", which, form=True),
        kit.choice("Withdraw", "approvals.withdraw", which) if card.reader is None else None,
        kit.choice("Break glass (owner)…", "approvals.break_glass", which, form=True),
    ]
    return [
        kit.button("Approve…", "approvals.approve", seen, style="primary", confirm=asks, about=about),
        kit.button("Reject…", "approvals.reject", seen, form=True, style="danger", about=about),
        kit.offered(card.wanted.evidence) if card.wanted.evidence else None,
        kit.overflow([choice for choice in choices if choice]),
    ]


def _decision(card: ApprovalCard, verb: str) -> str:
    said = f": {quoted(card.note)}" if card.note else ""
    moment = f", {when(card.decided_at)}" if card.decided_at else ""
    took = f" ({span(card.decided_at - card.created_at)} later)" if card.decided_at else ""
    return f"{who(card.decided_by)} {verb}{moment}{took}{said}"


def _taken_back(card: ApprovalCard, end: TakenBack) -> Rendered:
    """Return the card of what was approved and is so no more; asking again is another request."""
    evidence = card.wanted.evidence
    by_hand = f"{who(end.by)}, {when(end.at)}: {quoted(end.reason)}"
    how = f"By itself, {when(end.at)}: {words(end.reason)}" if end.by == SYSTEM_ACTOR else by_hand
    return kit.message(
        f"NO LONGER: {words(end.now)} since {when(end.at)}",
        kit.lines(how, _asked(card, "asked"), _decision(card, "approved")),
        _changed(card),
        kit.actions(
            kit.offered(evidence) if evidence else None, _audit_entry(card.audit_id) if card.audit_id else None
        ),
        _last(card),
    )


def _approved(card: ApprovalCard) -> Rendered:
    if card.taken_back is not None:
        return _taken_back(card, card.taken_back)
    wanted = card.wanted
    since = f" since {when(card.decided_at)}" if wanted.lasts and card.decided_at else ""
    meaning = [
        f"*What it means*  {words(wanted.if_approved)}",
        f"*Did not change*  {words(wanted.does_not_change)}" if wanted.does_not_change else None,
        f"*Way back*  {words(wanted.way_back)}",
    ]
    return kit.message(
        f"APPROVED: {words(wanted.done)}{since}",
        kit.lines(_asked(card, "asked"), _decision(card, "approved")),
        _changed(card),
        kit.lines(*([f"Watched from now on: {words(wanted.watched)}"] if wanted.watched else meaning)),
        kit.actions(*_way_back(card)),
        _last(card),
    )


def _way_back(card: ApprovalCard) -> list[Block | None]:
    """Return the live button of a decided card where the way back needs but a reason, and the records."""
    if card.operation == "golive.enable":
        return [kit.button("Switch go-live off…", "golive.disable", form=True, style="danger")]
    if card.operation == "killswitch.release":
        return [engage_button()]
    undo, evidence = card.wanted.undo, card.wanted.evidence
    return [
        kit.offered(undo) if undo else None,
        kit.offered(evidence) if evidence else None,
        _audit_entry(card.audit_id) if card.audit_id and (undo or evidence) else None,
    ]


def _audit_entry(audit_id: int) -> Block:
    return kit.button("Audit entry", "audit.list", {"limit": 1, "cursor": audit_id + 1}, about=f"{audit_id:,}")


def _ask_again(card: ApprovalCard) -> list[Block]:
    if card.reader == "decider":  # it is not his to ask again
        return []
    prefill = {name: given for name, given in card.params.items() if given is not None}
    about = f"A-{card.approval_id}: {words(card.wanted.what)}"
    return kit.actions(kit.button("Ask again…", card.operation, prefill, form=True, about=about))


def _failed(card: ApprovalCard) -> Rendered:
    subject = card.wanted.subject
    why = (
        f"{words(subject)} had changed since it was asked"
        if subject
        else f"it no longer held. {_sentence(card.wanted.unchanged)}"
    )
    return kit.message(
        f"NOT DONE: {who(card.decided_by)} approved, but {why}",
        kit.lines(words(card.outcome_detail or "")),
        kit.lines(_asked(card, "asked"), _decision(card, "approved"), "Nothing changed."),
        _facts(card),
        _ask_again(card),
        _last(card),
    )


def _sentence(text: str) -> str:
    made = words(text)
    return f"{made[:1].upper()}{made[1:]}."


def _ended(card: ApprovalCard) -> Rendered:
    head, lines, can_ask = _ending(card)
    return kit.message(
        head, kit.lines(_asked(card, "asked"), *lines), _ask_again(card) if can_ask else None, _last(card)
    )


def _ending(card: ApprovalCard) -> tuple[str, list[str], bool]:
    unchanged, what = words(card.wanted.unchanged), words(card.wanted.what)
    detail = [_sentence(card.outcome_detail)] if card.outcome_detail else []
    if card.status == "rejected":
        return f"REJECTED: {unchanged}", [_decision(card, "rejected")], True
    if card.status == "expired" and card.wanted.subject:
        until = when(card.expires_at)
        return f"EXPIRED: nobody decided on {words(card.wanted.subject)} by {until}. Nothing changed.", [], True
    if card.status == "expired":
        nobody = f"Nobody decided by {when(card.expires_at)}. Nothing changed."
        return f"EXPIRED: {unchanged}", [nobody], True
    if card.status == "withdrawn":
        return f"WITHDRAWN: {unchanged}", *_withdrawal(card)
    if card.decided_by:
        alone = f"{who(card.decided_by)} did it alone, {when(card.decided_at)}; the announcement tells why"
        return f"CLOSED: {words(card.wanted.done)}", [alone, *detail], False
    by = f" as A-{card.replaced_by}" if card.replaced_by else ""
    return f"REPLACED: it was asked again{by}. This request no longer counts: {what}", detail, False


def _withdrawal(card: ApprovalCard) -> tuple[list[str], bool]:
    """Taken back by whoever asked, or ended with the role of whoever asked: then nobody can ask again from here."""
    if card.decided_by == card.requester or not card.outcome_detail:
        return [_decision(card, "took it back")], True
    return [f"Ended {when(card.decided_at)}: {words(card.outcome_detail)}"], False


def decision(card: ApprovalCard) -> Rendered:
    """Return the word about a request that ended: one for whoever asked, and one for the thread of its card."""
    wanted = card.wanted
    happened, verb, state = {
        "approved": ("approved", "approved", wanted.done),
        "rejected": ("rejected", "rejected", wanted.unchanged),
        "failed": ("approved, but it no longer held", "approved", wanted.unchanged),
        "expired": ("not decided in time", "", wanted.unchanged),
        "withdrawn": ("withdrawn", "", wanted.unchanged),
    }.get(card.status, ("closed", "did it alone", wanted.done))
    request = "Your request" if card.reader == "requester" else f"{who(card.requester)}, your request"
    return kit.message(
        f"{request} was {happened}: {words(state)}",
        kit.lines(
            _decision(card, verb) if verb and card.decided_by else None,
            _sentence(card.outcome_detail) if card.outcome_detail else None,
        ),
        kit.context(f"Approval A-{card.approval_id}", words(wanted.what)),
    )


def question(asked: Question) -> Rendered:
    """Return a question to the requester, in the card's thread."""
    return kit.message(
        f"{who(asked.requester)}, {who(asked.asked_by)} asks about A-{asked.approval_id}:",
        kit.quote(asked.text),
        kit.context("Answer in this thread. The request stays open meanwhile."),
    )


def question_asked(asked: Question) -> Rendered:
    """Return what the person who asked sees."""
    return kit.message(
        f"Asked {who(asked.requester)} about A-{asked.approval_id}.",
        kit.quote(asked.text),
        kit.context("The answer comes in the thread of the request's card."),
    )


def break_glass(card: BreakGlassCard) -> Rendered:
    """Return the announcement of what an owner did alone, until it is signed off and after."""
    rows = [("Overridden", listed(words(item) for item in card.overridden))] if card.overridden else []
    if card.signed_off_by:
        said = f": {quoted(card.note)}" if card.note else ""
        ending = f"{who(card.signed_off_by)} signed it off, {when(card.signed_off_at)}{said}"
    elif card.can_sign_off:
        ending = f"Waiting for a second manager's sign-off: {people(card.can_sign_off)}"
    else:
        ending = "Waiting for a second manager's sign-off, but there is no other manager: add one."
    return kit.message(
        f"BREAK GLASS{', SIGNED OFF' if card.signed_off_by else ''}: {who(card.actor)} acted alone; {words(card.done)}",
        kit.lines(f"{who(card.actor)}, {when(card.at)}: {quoted(card.reason)}", ending),
        kit.facts(rows),
        kit.actions(None if card.signed_off_by else sign_off_button(card, style="primary")),
        kit.context(f"Break glass B-{card.break_glass_id}", words(card.operation), audit_number(card.audit_id)),
    )


def sign_off_button(card: BreakGlassCard, *, style: kit.Style = None) -> Block:
    """Return the button that opens the sign-off."""
    params = {"break_glass_id": card.break_glass_id}
    return kit.button(
        "Sign off…", "approvals.signoff", params, form=True, style=style, about=f"B-{card.break_glass_id}"
    )


def decided(answer: Decided) -> Rendered:
    """Return what the person who pressed sees."""
    head = words(answer.headline)
    return kit.message(
        f"{head[:1].upper()}{head[1:]}.",
        kit.lines(words(answer.detail)),
        kit.context(f"Approval A-{answer.approval_id}", words(answer.status)),
    )


def listing(found: ApprovalList) -> Rendered:
    """Return open requests and unsigned uses of break glass; every line can be acted on where it stands."""
    if not found.items and not found.unsigned:
        return _nothing(mine=found.mine)
    waiting = len(found.items)
    head = f"{waiting} of yours wait for a decision." if found.mine else f"{waiting} wait for a decision."
    if waiting == 1:
        head = "One of yours waits for a decision." if found.mine else "One waits for a decision."
    if not waiting:
        head = "Nothing waits for a decision."
    blocks = [block for line in found.items[:MOST_LISTED] for block in request_line(line, mine=found.mine)]
    more = waiting - MOST_LISTED
    signing = [block for card in found.unsigned[:MOST_LISTED] for block in _unsigned(card)]
    return kit.message(head, blocks, kit.lines(f"and {more} more" if more > 0 else None), signing)


def _nothing(*, mine: bool) -> Rendered:
    if mine:
        return kit.message(
            "Nothing of yours waits for a decision.",
            kit.lines("What you ask for, and needs a second person, stands here until it is decided."),
            kit.actions(kit.button("Show everybody's", "approvals.list")),
        )
    return kit.message(
        "Nothing waits for a decision.",
        kit.lines("Requests appear here and in the governance channel as soon as somebody asks."),
        kit.actions(kit.button("Show go-live", "golive.state")),
    )


def request_line(line: ApprovalLine, *, mine: bool, can_withdraw: bool = True) -> list[Block]:
    """Return one request in a list, with what its reader can do about it."""
    which = {"approval_id": line.approval_id}
    about = f"A-{line.approval_id}: {words(line.what)}"
    said = f"\n{cut(quoted(line.reason), 300)}" if line.reason else ""
    text = (
        f"*A-{line.approval_id}  {words(line.what)}*\n"
        f"{who(line.requester)} asked, {when(line.created_at)} · expires {when(line.expires_at)}{said}"
    )
    if mine:
        withdraw = kit.button("Withdraw", "approvals.withdraw", which, about=about) if can_withdraw else None
        return [kit.section(text), *kit.actions(withdraw)]
    seen = {**which, "seen": line.seen}
    asks = kit.confirm("Approve this?", f"A-{line.approval_id}: {words(line.what)}", "Approve")
    row = kit.actions(
        kit.button("Approve…", "approvals.approve", seen, confirm=asks, about=about),
        kit.button("Reject…", "approvals.reject", seen, form=True, about=about),
        kit.button("Ask a question…", "approvals.ask", which, form=True, about=about),
    )
    return [kit.section(text), *row]


def _unsigned(card: BreakGlassCard) -> list[Block]:
    text = (
        f"*B-{card.break_glass_id}  not signed off: {words(card.done)}*\n"
        f"{who(card.actor)} acted alone, {day(card.at)}: {quoted(card.reason, 300)}"
    )
    return [kit.section(text), *kit.actions(sign_off_button(card))]
