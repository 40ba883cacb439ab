"""Follow-ups for the person who works: `/due` (card 5), claims, and what became of a step."""

from datetime import datetime, timedelta

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.sellers import details, number, outcome, rate, seller, title, urgency
from bot.blocks.text import audit_number, count, day, people, quoted, span, when, who, words
from domain.followup.results import (
    Claimed,
    Completed,
    DueView,
    LadderCreated,
    LadderStopped,
    LadderView,
    PastStep,
    Step,
)

LAYER = "Follow-up"
MOST_YOURS, MOST_NOW, MOST_WAITING = 4, 10, 5


def due(view: DueView) -> Rendered:
    """Return what is due, late first; what cannot be done now is apart, with its reason."""
    if not (view.yours or view.now or view.waiting):
        return _nothing_due(view)
    with_assignee = view.scope != "mine"
    return kit.message(
        _headline(view),
        kit.lines(_stopped(view), _week(view)),
        [
            block
            for step in view.now[:MOST_NOW]
            for block in step_line(step, view.as_of, with_assignee=with_assignee, can_claim=view.stopped is None)
        ],
        [block for claimed in view.yours[:MOST_YOURS] for block in _yours(claimed)],
        kit.lines("*Waiting*") if view.waiting else None,
        [block for step in view.waiting[:MOST_WAITING] for block in _waiting(step)],
        kit.lines(*_left_out(view)),
        kit.actions(*_pages(view)),
        kit.context(LAYER, f"as of {when(view.as_of)}"),
    )


def _place(scope: str) -> str:
    return {"mine": "FOR YOU", "all": "FOR THE TEAM"}.get(scope, f"IN {words(scope)}")


def _headline(view: DueView) -> str:
    plus = "+" if view.is_capped else ""
    late = f", {view.late:,} of them late" if view.late else ""
    yours = f" {count(len(view.yours), 'step is', 'steps are')} yours now." if view.yours else ""
    waiting = f" {count(len(view.waiting), 'step waits', 'steps wait')}." if view.waiting else ""
    return f"DUE {_place(view.scope)}: {view.due:,}{plus} now{late}.{yours}{waiting}"


def _stopped(view: DueView) -> str | None:
    if view.stopped is None:
        return None
    return f"*Nothing can be claimed now*  {words(view.stopped.detail)} {words(view.stopped.remedy)}"


def _week(view: DueView) -> str:
    target = f"target {rate(view.week.target)}"
    if view.week.rate is None:
        return f"Your week: nothing done yet ({target} within 2 h)"
    return f"Your week: {rate(view.week.rate)} of {view.week.count:,} within 2 h ({target})"


def _nothing_due(view: DueView) -> Rendered:
    where = {"mine": "for you", "all": "for anybody"}.get(view.scope, f"in {words(view.scope)}")
    return kit.message(
        f"Nothing is due {where}.",
        kit.lines(_stopped(view), _week(view), "New steps appear here when their time comes."),
        kit.actions(*_pages(view)),
        kit.context(LAYER, f"as of {when(view.as_of)}"),
    )


def _pages(view: DueView) -> list[Block]:
    here = {"scope": view.scope, "limit": MOST_NOW}
    made: list[Block] = []
    if _left_out(view):
        made.append(kit.button(f"By pages of {MOST_NOW}", "followup.due", here))
    elif view.next_cursor:
        made.append(kit.button(f"Next {MOST_NOW}", "followup.due", {**here, "cursor": view.next_cursor}))
    other = ("All of the team", "all") if view.scope == "mine" else ("Mine", "mine")
    made.append(kit.button(other[0], "followup.due", {**here, "scope": other[1]}, about="what is due"))
    return [*made, kit.button("Refresh", "followup.due", here)]


def _left_out(view: DueView) -> list[str]:
    rest = (
        (len(view.now) - MOST_NOW, "due"), (len(view.yours) - MOST_YOURS, "yours"),
        (len(view.waiting) - MOST_WAITING, "waiting"),
    )  # fmt: skip
    return [f"and {more} more {word}" for more, word in rest if more > 0]


def step_line(step: Step, as_of: datetime, *, with_assignee: bool, can_claim: bool) -> list[Block]:
    """Return one step of a list, with what can be done about it."""
    text = f"*{urgency(step, as_of)}*  {title(step)}\n{details(step, with_assignee=with_assignee)}"
    if step.note:
        text += f"\n{quoted(step.note, 200)}"
    return [kit.section(text), *kit.actions(_claim(step) if can_claim else None, _menu(step))]


def _claim(step: Step) -> Block:
    style: kit.Style = None if step.lateness == "on_time" else "primary"
    return kit.button("Claim", "followup.claim", {"task_id": step.task_id}, style=style, about=title(step))


def _menu(step: Step) -> Block:
    return kit.overflow([kit.choice("Stop…", "followup.stop", {"lead_id": step.seller.lead_id}, form=True)])


def _waiting(step: Step) -> list[Block]:
    blocked = step.blocked
    if blocked is None:
        return [kit.section(title(step))]
    until = f" (until {when(blocked.until)})" if blocked.until else ""
    remedy = f"\n{words(blocked.remedy)}" if blocked.remedy else ""
    which = {"task_id": step.task_id}
    instead = kit.button("Record a call instead…", "followup.complete", which, form=True, about=title(step))
    text = f"{title(step)}\n*{words(blocked.detail)}*{until}{remedy}"
    return [kit.section(text, instead if blocked.may_call_instead else None)]


def _yours(claimed: Claimed) -> list[Block]:
    step = claimed.step
    text = (
        f"*YOURS*  {title(step)}   yours until {when(claimed.lease_until)}\n"
        f"{_number(claimed)} · {details(step, with_assignee=False)}"
    )
    if step.note:
        text += f"\n{quoted(step.note, 200)}"
    reminder = f"\n{words(claimed.reminder)}" if claimed.reminder else ""
    if claimed.number is None:
        return [kit.section(f"{text}{reminder}"), *_outcomes(claimed)]
    say = "Say:" if step.channel == "CALL" else "Send:"
    return [kit.section(f"{text}{reminder}\n{say}"), kit.quote(claimed.words), *_outcomes(claimed)]


def _number(claimed: Claimed) -> str:
    return number(claimed.number) if claimed.number else "*no number may be used any more*: record what happened"


def _outcomes(claimed: Claimed) -> list[Block]:
    """Return one press for each outcome; the one that cannot be undone asks first."""
    task, about = claimed.step.task_id, title(claimed.step)
    stop = kit.confirm(
        "Never contact them again?", "This person is then not contacted by anybody, on any channel.", "They asked us",
        "No", danger=True,
    )  # fmt: skip

    def pressed(name: str, *, form: bool = False, style: kit.Style = None, confirm: Block | None = None) -> Block:
        params = {"task_id": task, "outcome": name}
        return kit.button(
            outcome(name), "followup.complete", params, form=form, style=style, confirm=confirm, about=about
        )

    def chosen(name: str) -> Block:
        return kit.choice(outcome(name), "followup.complete", {"task_id": task, "outcome": name})

    menu = kit.overflow([
        chosen("voicemail"), chosen("sold"),
        kit.choice("With a note…", "followup.complete", {"task_id": task}, form=True),
    ])  # fmt: skip
    first = kit.actions(
        pressed("interested", style="primary"), pressed("no_answer"), pressed("callback", form=True),
        pressed("not_interested"), pressed("wrong_number"),
    )  # fmt: skip
    return [*first, *kit.actions(pressed("asked_to_stop", style="danger", confirm=stop), menu)]


def claimed(mine: Claimed) -> Rendered:
    """Return a step that is the reader's: the number, the words, the outcomes."""
    verb = "Yours already" if mine.already_yours else "Yours"
    return kit.message(
        f"{verb}: {title(mine.step)}",
        _yours(mine),
        kit.context(LAYER, f"F-{mine.step.task_id}", f"nobody else can claim it until {when(mine.lease_until)}"),
    )


def completed(done: Completed) -> Rendered:
    """Return what was recorded, and everything that followed from it."""
    kept = "within the 2 h promise" if done.in_time else "the 2 h promise was broken"
    said = f": {quoted(done.note)}" if done.note else ""
    took = span(timedelta(seconds=done.answered_in))
    return kit.message(
        f"RECORDED: {outcome(done.outcome)}. {seller(done.seller)}, step {done.step}",
        kit.lines(f"{who(done.completed_by)}, {when(done.completed_at)}, after {took}, {kept}{said}"),
        kit.lines(*_consequences(done)),
        kit.actions(kit.button("Show what is due", "followup.due", {"scope": "mine"})),
        kit.context(LAYER, f"F-{done.task_id}", audit_number(done.audit_id)),
    )


def _consequences(done: Completed) -> list[str]:
    """Say what the outcome did, each on a line; that nothing more is to be done is worth a line too."""
    told = f" Told: {people(done.told)}." if done.told else ""
    made = [
        "The step had been stopped before; what happened is recorded all the same." if done.was_stopped else "",
        "A hand-over went to the deals channel." if done.handed_over else "",
        f"We call back {when(done.callback_at)}." if done.callback_at else "",
        "That number is never used again." if done.number_retired else "",
        f"{count(done.suppressed, 'contact')} of theirs never used again, on any channel." if done.suppressed else "",
        f"The ladder ends; {count(done.stopped_steps, 'step')} stopped.{told}" if done.ladder_ended else told.strip(),
    ]  # fmt: skip
    return [line for line in made if line]


def created(ladder: LadderCreated) -> Rendered:
    """Return a new ladder with its steps, or the one that was open already."""
    state = "LADDER CREATED" if ladder.created else "A LADDER IS OPEN ALREADY"
    same = f"The same seller as {people(ladder.same_as)}" if ladder.same_as else None
    unused = f"Not used again, since reported wrong: {words(', '.join(ladder.not_used))}" if ladder.not_used else None
    consent = None if ladder.has_consent else "No consent on record: texts cannot be sent, calls can."
    return kit.message(
        f"{state}: {seller(ladder.seller)}",
        kit.lines(f"Arrived {when(ladder.arrived_at)}, entered by {who(ladder.created_by)}", same, unused, consent),
        kit.lines(*(_planned(step) for step in ladder.steps)),
        kit.actions(
            kit.button("Show the ladder", "followup.show", {"lead_id": ladder.lead_id}),
            kit.button("Show what is due", "followup.due", {"scope": "mine"}),
        ),
        kit.context(LAYER, f"lead {words(ladder.lead_id)}", audit_number(ladder.audit_id)),
    )


def _planned(step: Step) -> str:
    blocked = f": {words(step.blocked.detail)}" if step.blocked and step.blocked.code != "window" else ""
    return f"{step.step}. {_channel_word(step)}, {when(step.due_at)}{blocked}"


def _channel_word(step: Step) -> str:
    return title(step).split(",", 1)[0]


def stopped(ladder: LadderStopped) -> Rendered:
    """Return that a ladder was stopped, and who was told."""
    told = f"Told: {people(ladder.told)}" if ladder.told else None
    return kit.message(
        f"STOPPED: {seller(ladder.seller)} is not followed up any more",
        kit.lines(f"{who(ladder.stopped_by)}, {when(ladder.stopped_at)}: {quoted(ladder.reason)}"),
        kit.lines(f"{count(ladder.stopped_steps, 'step')} stopped. What was done stays recorded.", told),
        kit.context(LAYER, f"lead {words(ladder.seller.lead_id)}", audit_number(ladder.audit_id)),
    )


def ladder(view: LadderView) -> Rendered:
    """Return a lead's newest ladder, step by step."""
    ended = f"Ended {when(view.ended_at)}: {words((view.ended_why or '').replace('_', ' '))}" if view.ended_at else None
    earlier = f"{count(view.earlier_ladders, 'earlier ladder')}" if view.earlier_ladders else None
    is_open = view.ended_at is None
    return kit.message(
        f"{seller(view.seller)}: {words(view.stage.replace('_', ' '))}",
        kit.lines(f"Arrived {when(view.arrived_at)}, entered by {who(view.created_by)}", ended, earlier),
        kit.lines(*(_past(item) for item in view.steps)),
        kit.actions(
            kit.button("Stop…", "followup.stop", {"lead_id": view.seller.lead_id}, form=True) if is_open else None,
            kit.button("Refresh", "followup.show", {"lead_id": view.asked_for}),
        ),
        kit.context(LAYER, f"lead {words(view.seller.lead_id)}", f"as of {when(view.as_of)}"),
    )


def _past(item: PastStep) -> str:
    head = f"*{item.step.step}. {_channel_word(item.step)}*"
    if item.state == "done":
        said = f": {quoted(item.note, 150)}" if item.note else ""
        return f"{head}  {outcome(item.outcome)}, {who(item.completed_by)}, {when(item.completed_at)}{said}"
    if item.state == "stopped":
        return f"{head}  stopped {day(item.stopped_at)}: {words((item.stopped_why or '').replace('_', ' '))}"
    if item.state == "claimed":
        return f"{head}  claimed by {who(item.claimed_by)} until {when(item.lease_until)}"
    blocked = f": {words(item.step.blocked.detail)}" if item.step.blocked else ""
    return f"{head}  due {when(item.step.due_at)}{blocked}"
