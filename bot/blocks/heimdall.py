"""Heimdall: scorecards, trials, recommendations, the way into production and back, the Friday digest."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import audit_number, count, quoted, safe, span, when, who, words
from domain.heimdall.results import (
    Demoted,
    DomainWeek,
    Evolution,
    GateAnswer,
    HeimdallSnapshot,
    OutcomeRecorded,
    PolicyList,
    PolicySet,
    PolicyView,
    Promoted,
    Range,
    Recommended,
    Scorecard,
    ScorecardList,
    SnapshotLine,
    TrialRecorded,
    Used,
    Window,
)
from domain.heimdall.rules import NAMES, Cause, Gate, confidence, percent, shown, threshold

LAYER = "Heimdall"
LACKS = {Gate.TRIALS.value: "too few trials", Gate.RATE.value: "too little success"}
CAUSES = {
    Cause.SILENCE.value: "no evidence for 14 days",
    Cause.MODEL.value: "the model changed",
}
WARNINGS = {Gate.TRIALS.value: "too few trials lately: it stays in production, but look at its evidence"}
MOST_LISTED = 12


def _rate(rate: float | None) -> str:
    return "none" if rate is None else percent(rate, 1)


def _days(days: int) -> str:
    return "today" if days == 1 else f"{days} days"


def _date(day: date) -> str:
    return f"{day.day} {day:%B}"


# -- buttons ----------------------------------------------------------------------------------------------------


def evidence_button(domain: str) -> Block:
    """Return the button that shows a domain's scorecard."""
    return kit.button("Evidence", "heimdall.scorecard", {"domain": domain}, about=domain)


def promote_button(domain: str, *, named: bool = False) -> Block:
    """Return the button that asks to promote a domain; `named` where several stand together."""
    label = f"Ask to promote {domain}…" if named else "Ask to promote…"
    return kit.button(label, "heimdall.promote", {"domain": domain}, form=True, about=domain)


def demote_button(domain: str) -> Block:
    """Return the button of the way back."""
    return kit.button("Demote…", "heimdall.demote", {"domain": domain}, form=True, style="danger", about=domain)


def _way(domain: str, *, in_production: bool, can_promote: bool, approval_id: int | None) -> list[Block]:
    """Return the button that fits where a domain stands."""
    if in_production:
        return [demote_button(domain)]
    if approval_id is not None:
        return [kit.button("Show the requests", "approvals.list", about=f"A-{approval_id}")]
    return [promote_button(domain)] if can_promote else []


# -- policies ---------------------------------------------------------------------------------------------------


def policies(found: PolicyList) -> Rendered:
    """Return every domain's policy."""
    live = sum(policy.prod_use_enabled for policy in found.items)
    return kit.message(
        f"{count(len(found.items), 'domain has', 'domains have')} a policy; {live} in production.",
        *(kit.section(_policy(policy)) for policy in found.items[:MOST_LISTED]),
        kit.lines(kit.and_more(found.items, MOST_LISTED)),
        kit.actions(kit.button("Show how they do", "heimdall.snapshot")),
        kit.context(LAYER, "`/heimdall set DOMAIN …` changes one; what loosens needs a second person"),
    )


def _policy(policy: PolicyView) -> str:
    where = f"in production since {when(policy.prod_use_since)}" if policy.prod_use_enabled else "in the sandbox"
    back = "".join(
        f"\n{NAMES.get(field.field, words(field.field))} goes back to {shown(field.field, field.base)}, "
        f"{when(field.until)}"
        for field in policy.temporary
    )
    return (
        f"*{words(policy.domain)}*  {where}\n{_needs(policy)}\n"
        f"v{policy.version}, {who(policy.changed_by)}, {when(policy.updated_at)}: {quoted(policy.reason, 200)}{back}"
    )


def _needs(policy: PolicyView) -> str:
    return (
        f"confidence {confidence(policy.min_confidence_prod)} or more; {policy.min_sandbox_trials:,} trials in "
        f"{count(policy.scorecard_days, 'day')}, {threshold(policy.min_sandbox_success_rate)} of them successes"
    )


def _moved(field: str, was: Any, now: Any) -> tuple[str, str]:
    name = NAMES.get(field, words(field))
    return name[:1].upper() + name[1:], f"{shown(field, was)} → {shown(field, now)}"


def policy_set(answer: PolicySet) -> Rendered:
    """Return a policy that was changed."""
    policy = answer.policy
    rows = [_moved(change.field, change.before, change.after) for change in answer.changes]
    gone = (
        "*Back in the sandbox*  it does not reach the new figures, so its recommendations are not used any more"
        if answer.demoted
        else None
    )
    return kit.message(
        f"{words(policy.domain)}'s policy is changed, at once.",
        kit.facts(rows),
        kit.lines(f"Goes back by itself, {when(answer.until)}" if answer.until else None, gone),
        kit.actions(evidence_button(policy.domain)),
        kit.context(LAYER, f"policy v{policy.version}", audit_number(answer.audit_id)),
    )


# -- scorecards -------------------------------------------------------------------------------------------------


def scorecards(found: ScorecardList) -> Rendered:
    """Return one scorecard in full, or several in short."""
    if len(found.items) == 1:
        return _scorecard(found.items[0])
    blocks: list[Block] = []
    for card in found.items[:MOST_LISTED]:
        blocks += [kit.section(f"*{words(card.domain)}*  {_standing(card)}\n{_window(card.gate)}")]
        blocks += kit.actions(evidence_button(card.domain))
    blocks += kit.lines(kit.and_more(found.items, MOST_LISTED))
    return kit.message("How each domain's trials went.", blocks, kit.context(LAYER, f"as of {when(found.as_of)}"))


def _standing(card: Scorecard) -> str:
    if card.policy.prod_use_enabled:
        return f"in production since {when(card.policy.prod_use_since)}"
    return f"in the sandbox; {_would(card.reasons)}"


def _would(reasons: Iterable[str]) -> str:
    lacks = [LACKS.get(reason, words(reason)) for reason in reasons]
    return f"it would not pass: {', '.join(lacks)}" if lacks else "it would pass"


def _window(window: Window) -> str:
    if window.success_rate is None:
        return "no trial"
    sure = ""
    if window.low is not None and window.high is not None:
        sure = f"   between {percent(window.low)} and {percent(window.high)}"
    return f"{_rate(window.success_rate)}   {window.successes:,} of {count(window.trials, 'trial')}{sure}"


def _scorecard(card: Scorecard) -> Rendered:
    policy, gate = card.policy, card.gate
    windows = [window for window in card.windows if window.days != gate.days]
    rows = [
        (f"Success, {_days(gate.days)}", f"{_window(gate)}   needs {threshold(policy.min_sandbox_success_rate)}"),
        ("Trials", f"{gate.trials:,}   needs {policy.min_sandbox_trials:,}"),
        *((f"Success, {_days(window.days)}", _window(window)) for window in windows),
        *([("Outcomes of real use", _window(card.production))] if card.production.trials else []),
    ]
    says = None
    if gate.says is not None and gate.success_rate is not None:
        says = f"*Says {percent(gate.says)}, delivers {percent(gate.success_rate)}*  {words(card.calibration)}"
    others = None
    if card.other_models:
        others = f"{count(card.other_models, 'trial')} of another model in 28 days are not counted."
    return kit.message(
        f"{words(card.domain)}: {_standing(card)}",
        kit.facts(rows),
        kit.lines(
            f"*How sure is that?*  {words(card.how_sure)}", says, f"*28 days*  {words(card.finding)}", others,
            f"*Model*  {safe(policy.model_fingerprint)}" if policy.model_fingerprint else None,
        ),
        kit.lines(*_ranges(card.ranges)),
        kit.actions(
            *_way(
                card.domain, in_production=policy.prod_use_enabled, can_promote=not card.reasons,
                approval_id=card.approval_id,
            ),
            kit.button("Show all domains", "heimdall.snapshot"),
        ),
        kit.context(
            LAYER, f"policy v{policy.version}",
            f"last evidence {when(card.last_at)}" if card.last_at else "no evidence yet",
            f"A-{card.approval_id} waits for a decision" if card.approval_id else None,
        ),
    )  # fmt: skip


def _ranges(ranges: Iterable[Range]) -> list[str]:
    rows = [
        f"says {percent(found.low)} to {percent(found.high)}: delivers {percent(found.success_rate)} "
        f"({count(found.trials, 'trial')})"
        for found in ranges
    ]
    return ["*By confidence, 28 days*", *rows] if rows else []


def snapshot(view: HeimdallSnapshot) -> Rendered:
    """Return every domain at a glance."""
    live = [line for line in view.items if line.prod_use_enabled]
    ready = [line for line in view.items if line.can_promote]
    more = f"; {len(ready)} more would pass" if ready else ""
    blocks: list[Block] = []
    for line in view.items[:MOST_LISTED]:
        blocks.append(kit.section(_snapshot_line(line)))
        blocks += kit.actions(
            *_way(
                line.domain, in_production=line.prod_use_enabled, can_promote=line.can_promote,
                approval_id=line.approval_id,
            ),
            evidence_button(line.domain),
        )  # fmt: skip
    return kit.message(
        f"{len(live)} of {count(len(view.items), 'domain')} in production{more}.",
        blocks,
        kit.context(LAYER, f"as of {when(view.as_of)}"),
    )


def _snapshot_line(line: SnapshotLine) -> str:
    where = (
        f"in production since {when(line.prod_use_since)}" if line.prod_use_enabled
        else f"in the sandbox; {_would(line.reasons)}"
    )  # fmt: skip
    rate = (
        f"{_rate(line.success_rate)} of {count(line.trials, 'trial')} in {count(line.scorecard_days, 'day')}   "
        f"needs {threshold(line.min_sandbox_success_rate)} and {line.min_sandbox_trials:,}"
    )
    made = f"\n{count(line.made, 'recommendation')} today, {line.used:,} used" if line.made else ""
    waits = f"\nA-{line.approval_id} waits for a decision" if line.approval_id else ""
    return f"*{words(line.domain)}*  {where}\n{rate}{made}{waits}"


# -- trials, recommendations, outcomes --------------------------------------------------------------------------


def trial(answer: TrialRecorded) -> Rendered:
    """Return a trial that was counted, and where its domain stands with it."""
    word = "success" if answer.success else "failure"
    head = (
        f"Counted: a {word} of {words(answer.domain)}, confidence {confidence(answer.confidence)}."
        if answer.counted
        else f"Counted before: this trial of {words(answer.domain)} is not counted again."
    )
    return kit.message(
        head,
        kit.facts(_reached(answer.gate, answer.min_sandbox_success_rate, answer.min_sandbox_trials)),
        kit.lines(_gone(answer.domain) if answer.demoted else None),
        kit.actions(evidence_button(answer.domain)),
        kit.context(LAYER, f"scorecard of {_date(answer.day)}", audit_number(answer.audit_id)),
    )


def _reached(gate: Window, least: float, trials: int | None = None) -> list[tuple[str, str]]:
    needs = f"   needs {trials:,}" if trials is not None else ""
    return [
        (f"Success, {_days(gate.days)}", f"{_window(gate)}   needs {threshold(least)}"),
        ("Trials", f"{gate.trials:,}{needs}"),
    ]


def _gone(domain: str) -> str:
    return f"*{words(domain)} is back in the sandbox*, by itself: the card in governance says why."


def recommended(answer: Recommended) -> Rendered:
    """Return a recommendation that was recorded, and what the gate says of it."""
    again = "" if answer.created else " It was recorded before; nothing changed."
    may = "may be used for real, once" if answer.allowed else "may not be used for real now"
    use = kit.button("Use it", "heimdall.require", {"recommendation_id": answer.recommendation_id}, style="primary")
    check = kit.button("Check again", "heimdall.check", {"recommendation_id": answer.recommendation_id})
    return kit.message(
        f"RC-{answer.recommendation_id} is recorded: it {may}.{again}",
        kit.lines(words(answer.detail), *_warned(answer.warnings), _gone(answer.domain) if answer.demoted else None),
        kit.facts(_gate(answer.domain, answer.confidence, answer.code)),
        kit.actions(use if answer.allowed else check, evidence_button(answer.domain)),
        kit.context(LAYER, f"RC-{answer.recommendation_id}", audit_number(answer.audit_id)),
    )


def _gate(domain: str, sure: float, code: str) -> list[tuple[str, str]]:
    return [("Domain", words(domain)), ("Confidence", confidence(sure)), ("Gate", words(code))]


def _warned(warnings: Iterable[str]) -> list[str]:
    return [f"*Warning*  {WARNINGS.get(warning, words(warning))}" for warning in warnings]


def check(answer: GateAnswer) -> Rendered:
    """Return what the gate would say; nothing is used by asking."""
    which = {"recommendation_id": answer.recommendation_id}
    may = "would pass now; nothing was used" if answer.allowed else "would not pass now"
    used = f"Used by {who(answer.used_by)}, {when(answer.used_at)}" if answer.used_at else None
    became = None if answer.success is None else f"It turned out {'right' if answer.success else 'wrong'}."
    others = [f"also {words(reason)}" for reason in answer.reasons[1:]]
    return kit.message(
        f"RC-{answer.recommendation_id} {may}.",
        kit.lines(words(answer.detail), *others, *_warned(answer.warnings), used, became),
        kit.facts(_gate(answer.domain, answer.confidence, answer.code)),
        kit.actions(
            kit.button("Use it", "heimdall.require", which, style="primary") if answer.allowed else None,
            evidence_button(answer.domain),
        ),
        kit.context(LAYER, f"RC-{answer.recommendation_id}", f"made {when(answer.created_at)}"),
    )


def used(answer: Used) -> Rendered:
    """Return that a recommendation may be acted on, this once, and the buttons for what becomes of it."""
    which = {"recommendation_id": answer.recommendation_id}
    about = f"RC-{answer.recommendation_id}"
    said = [(safe(name), safe(str(given))) for name, given in list(answer.payload.items())[:10]]
    return kit.message(
        f"RC-{answer.recommendation_id} passed every gate: act on it now. It cannot be used again.",
        kit.lines(*_warned(answer.warnings)),
        kit.facts([*_gate(answer.domain, answer.confidence, answer.code), *said]),
        kit.lines("When you know how it turned out, record it: that is what its domain is judged by."),
        kit.actions(
            kit.button("It was right", "heimdall.outcome", {**which, "success": True}, about=about),
            kit.button("It was wrong", "heimdall.outcome", {**which, "success": False}, about=about),
        ),
        kit.context(LAYER, about, audit_number(answer.audit_id)),
    )


def outcome(answer: OutcomeRecorded) -> Rendered:
    """Return what became of a recommendation, and where its domain stands with it."""
    turned = "right" if answer.success else "wrong"
    head = (
        f"Recorded: RC-{answer.recommendation_id} turned out {turned}. It counts as a trial."
        if answer.recorded
        else f"Recorded before: RC-{answer.recommendation_id} turned out {turned}. It is not counted again."
    )
    return kit.message(
        head,
        kit.facts(_reached(answer.gate, answer.min_sandbox_success_rate)),
        kit.lines(_gone(answer.domain) if answer.demoted else None),
        kit.actions(evidence_button(answer.domain)),
        kit.context(LAYER, words(answer.domain), audit_number(answer.audit_id)),
    )


# -- into production and back -----------------------------------------------------------------------------------


def promoted(answer: Promoted) -> Rendered:
    """Return that a domain is used in production, for whoever did it without a request."""
    gate = answer.gate
    return kit.message(
        f"{words(answer.domain)} is used in production since {when(answer.since)}",
        kit.facts([("Decided on", _window(gate))]),
        kit.actions(demote_button(answer.domain), evidence_button(answer.domain)),
        kit.context(LAYER, f"policy v{answer.version}", audit_number(answer.audit_id)),
    )


def demoted(card: Demoted) -> Rendered:
    """Return that a domain is back in the sandbox: by whom or by what, what stops, and the way back."""
    domain = words(card.domain)
    if not card.changed:
        return kit.message(
            f"{domain} was in the sandbox already. Nothing changed.",
            kit.actions(evidence_button(card.domain)),
            kit.context(LAYER, f"policy v{card.version}", audit_number(card.audit_id)),
        )
    by_itself, needs = card.cause != Cause.BY_HAND.value, threshold(card.min_sandbox_success_rate)
    why = CAUSES.get(card.cause, f"success fell under {needs}") if by_itself else f"{who(card.by)} demoted it"
    said = f"By itself, {when(card.at)}: {words(card.reason)}"
    rows = [(f"Success, {_days(card.gate.days)}", f"{_window(card.gate)}   needs {needs}")]
    if card.cause == Cause.MODEL.value:
        rows.append(("Model", f"{_model(card.was_model)} → {_model(card.model_fingerprint)}"))
    if card.cause == Cause.SILENCE.value:
        rows.append(("Last evidence", when(card.last_at, missing="never")))
    if card.since is not None:
        rows.append(("Was in production", f"{span(card.at - card.since)}, since {when(card.since)}"))
    refused = "use of its recommendations, at once"
    if card.open_recommendations:
        refused += f"; {count(card.open_recommendations, 'recommendation')} not used yet cannot be used any more"
    return kit.message(
        f"{domain} IS BACK IN THE SANDBOX: {why}",
        kit.lines(said if by_itself else f"{who(card.by)}, {when(card.at)}: {quoted(card.reason)}"),
        kit.facts(rows),
        kit.CHART,
        kit.lines(
            f"*Stops*  {refused}",
            "*Goes on*  its trials, recommendations and outcomes, and everything people do themselves",
            "*Way back*  more trials that succeed; any operator asks, a manager decides",
        ),
        kit.actions(evidence_button(card.domain), promote_button(card.domain)),
        kit.context(LAYER, f"policy v{card.version}", audit_number(card.audit_id)),
    )


def _model(name: str | None) -> str:
    return safe(name) if name else "not named"


# -- the Friday digest ------------------------------------------------------------------------------------------


def evolution(card: Evolution) -> Rendered:
    """Return the Friday digest: each domain's week, and a button for each that would pass."""
    ready = [week for week in card.items if week.can_promote and week.approval_id is None]
    live = sum(week.prod_use_enabled for week in card.items)
    would = "; nothing new would pass"
    if ready:
        would = f"; {', '.join(words(week.domain) for week in ready)} would pass"
    return kit.message(
        f"AI EVOLUTION, {_date(card.since)} to {_date(card.until)}: {live} in production{would}",
        *(kit.section(_week(week)) for week in card.items[:MOST_LISTED]),
        kit.actions(
            *(promote_button(week.domain, named=True) for week in ready[:MOST_LISTED]),
            kit.button("Show all domains", "heimdall.snapshot"),
        ),
        kit.context(LAYER, f"digest of {_date(card.friday)}", "asking needs a reason; a manager decides"),
    )


def _week(week: DomainWeek) -> str:
    before = f", the week before {_rate(week.before)}" if week.before is not None else ""
    trials = (
        f"{_rate(week.success_rate)} of {count(week.trials, 'trial')}{before}   "
        f"needs {threshold(week.min_sandbox_success_rate)} and {week.min_sandbox_trials:,}"
        if week.trials
        else f"no trial this week{before}"
    )
    where = "in production" if week.prod_use_enabled else f"in the sandbox; {_would(week.reasons)}"
    real = f"\nUsed {week.used:,}; of {week.known:,} with a known outcome {week.succeeded:,} succeeded"
    waits = f"\nA-{week.approval_id} waits for a decision" if week.approval_id else ""
    says = ""
    if week.says is not None and week.success_rate is not None:
        says = f"\nSays {percent(week.says)}, delivers {percent(week.success_rate)}"
    return f"*{words(week.domain)}*  {where}\n{trials}{says}{real if week.used or week.known else ''}{waits}"
