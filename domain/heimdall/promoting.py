"""Into production and back: the request with its evidence, by hand, and by itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select

from domain.act import Act, Entry, Priority
from domain.charts.results import Chart, Line, Series
from domain.heimdall import policies, rules, scorecards
from domain.heimdall.events import note
from domain.heimdall.policies import PolicyRow, Setting
from domain.heimdall.results import Demoted, PolicySet, Promoted, Watched
from domain.heimdall.rules import LAYER, Cause, Tally, Terms, percent, threshold
from domain.heimdall.tables import HeimdallRecommendation
from domain.identity import SYSTEM
from domain.operation import Change, Checked, Figure, Wanted
from domain.outcomes import Button, Kind, Refused, refused
from domain.policies import service as history
from domain.policies.results import FieldChange
from domain.policies.rules import changed_meanwhile, judge_until

ANNOUNCED = ("route:governance", "route:oncall")


# -- asking and promoting ---------------------------------------------------------------------------------------


def binds(act: Act, domain: str) -> dict[str, str]:
    """Return what a request to promote is bound to: the policy's version and the model its evidence is about.

    When it is decided the policy is locked, so that what is compared is what is changed.
    """
    row = policies.row_of(act, domain, lock=act.approved_by is not None)
    if row is None:
        return {"policy": "none"}
    model = {"model": row.model_fingerprint} if row.model_fingerprint else {}
    return {"policy": f"v{row.version}", **model}


def gates(act: Act, domain: str) -> tuple[Checked, ...]:
    """Judge a promotion, when it is asked and again when it is decided: enough trials, and good enough ones."""
    row = policies.row_of(act, domain)
    if row is None:
        return (Checked(name="policy", ok=False, detail=f"there is no policy for {domain}", waivable=False),)
    terms = policies.terms_of(row)
    tally = scorecards.gate_tally(act, terms)
    return (
        Checked(
            name="production use", ok=not terms.prod_use_enabled, waivable=False,
            detail=f"{domain} is used in production already" if terms.prod_use_enabled else "off",
        ),
        _enough(terms, tally),
        _good_enough(terms, tally),
    )  # fmt: skip


def _enough(terms: Terms, tally: Tally) -> Checked:
    ok, needs = tally.trials >= terms.min_sandbox_trials, terms.min_sandbox_trials
    figure = f"{_trials(tally.trials)} in {_days(terms.scorecard_days)}"
    detail = f"{figure}, needs {needs:,}" if ok else f"{figure}, under {needs:,}"
    return Checked(name="trials", ok=ok, detail=detail, figure=figure)


def _good_enough(terms: Terms, tally: Tally) -> Checked:
    least = threshold(terms.min_sandbox_success_rate)
    if tally.rate is None:
        return Checked(name="success in trials", ok=False, detail=f"no trial, needs {least}", figure="no trial")
    ok, figure = not rules.is_under(terms, tally), f"{_of(tally)} ({percent(tally.rate, 1)})"
    detail = f"{figure}, needs {least}" if ok else f"{figure}, under {least}"
    return Checked(name="success in trials", ok=ok, detail=detail, figure=figure)


def _of(tally: Tally) -> str:
    return f"{tally.successes:,} of {tally.trials:,}"


def _trials(count: int) -> str:
    return f"{count:,} trial{'' if count == 1 else 's'}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def wanted(act: Act, domain: str) -> Wanted:
    """Return the card of a request to promote, with its evidence (spec/cards, 2)."""
    row = policies.row_of(act, domain)
    assert row is not None  # its gates are judged first
    terms = policies.terms_of(row)
    scores, today = (
        scorecards.scores_of(act, domain, max(rules.LONGEST, terms.scorecard_days)),
        scorecards.today_of(act),
    )
    tally = rules.counted(scores, today, terms.scorecard_days, terms.model)
    longest = rules.counted(scores, today, rules.LONGEST, terms.model)
    least = terms.min_sandbox_success_rate
    passed, lately = _would_have_passed(act, terms)
    return Wanted(
        what=f"use {domain}'s recommendations in production",
        subject=domain,
        figures=(
            Figure(
                name="Success in trials", value=_percent(tally),
                beside=f"{_of(tally)} in {_days(terms.scorecard_days)}", needs=threshold(least),
            ),
            Figure(
                name="Trials", value=f"{tally.trials:,}",
                beside=f"{_days(rules.LONGEST)}: {longest.trials:,}, {_percent(longest)}",
                needs=f"{terms.min_sandbox_trials:,}",
            ),
            *_says(tally),
        ),
        how_sure=rules.how_sure(tally, least),
        if_approved=f"recommendations with confidence {rules.confidence(terms.min_confidence_prod)} or more "
        f"may be used for {_meant(domain)}, at once",
        track=(("The last 30 days", lately),),
        does_not_change="MAO, caps, contact rules",
        way_back=f"Demote, at once, by anyone on call; by itself if success falls under {threshold(least)}",
        confirmation=f"From now on {domain}'s recommendations may be used for real {_meant(domain)}. "
        f"{passed:,} in the last 30 days would have qualified.",
        done=f"{domain} is used in production",
        lasts=True,
        unchanged=f"{domain} stays in the sandbox",
        approve_label="Use in production",
        changes=(
            Change(
                name="production use", before="off", after="on",
                beside=f"policy v{terms.version} → v{terms.version + 1}",
            ),
        ),
        decided_on=Figure(
            name="Decided on", value=_percent(tally), beside=f"of {_trials(tally.trials)}",
            needs=f"{threshold(least)} and {terms.min_sandbox_trials:,}",
        ),
        watched=f"back to the sandbox by itself under {threshold(least)}, without evidence for "
        f"{rules.SILENT_AFTER.days} days, or when the model changes",
        evidence_at=act.now,
        evidence_name="scorecard",
        evidence_note="trials that keep it passing are no change",
        evidence=Button(label="Evidence", operation="heimdall.scorecard", params={"domain": domain}),
        undo=Button(
            label="Demote…", operation="heimdall.demote", params={"domain": domain}, form=True, style="danger"
        ),
    )  # fmt: skip


def chart(act: Act, domain: str) -> Chart | None:
    """Return success a day over 28 days with the threshold across; None where there is no trial (spec/cards, 2)."""
    row = policies.row_of(act, domain)
    terms = policies.terms_of(row) if row is not None else None
    if terms is None:
        return None
    least = terms.min_sandbox_success_rate
    scores, today = scorecards.scores_of(act, domain, rules.LONGEST), scorecards.today_of(act)
    days = rules.series(scores, today, rules.LONGEST, terms.model)
    if not any(day.tally.trials for day in days):
        return None
    points = tuple((day.day, day.tally.rate) for day in days)
    return Chart(
        title=f"{domain}: success in trials a day", alt=rules.finding(days, least), unit="percent",
        series=(Series(label="success a day", points=points),),
        lines=(Line(label=f"needs {threshold(least)}", y=least),),
    )  # fmt: skip


def _percent(tally: Tally) -> str:
    return "none" if tally.rate is None else percent(tally.rate, 1)


def _says(tally: Tally) -> tuple[Figure, ...]:
    if tally.says is None or tally.rate is None:
        return ()
    name = f"Says {percent(tally.says)}, delivers"
    return (Figure(name=name, value=percent(tally.rate), beside=rules.calibration(tally)),)


def _meant(domain: str) -> str:
    """Name what a domain's recommendations are used for."""
    return {
        "WHOLESALE_OFFER": "offers", "BUYER_MATCH": "matches of buyers", "CAPITAL_ROUTE": "routes of capital",
        "FOLLOWUP_NEXT_ACTION": "follow-ups",
    }.get(domain, f"what {domain} is about")  # fmt: skip


def _would_have_passed(act: Act, terms: Terms) -> tuple[int, str]:
    """Return how many recommendations of the last 30 days had the confidence, and what became of those known."""
    made = HeimdallRecommendation
    row = act.connection.execute(
        select(
            func.count().label("passed"), func.count(made.success).label("known"),
            func.count(case((made.success.is_(True), 1))).label("succeeded"),
        ).where(
            made.domain == terms.domain, made.created_at > act.now - rules.LOOKS_BACK,
            made.confidence >= terms.min_confidence_prod,
            *([made.model_fingerprint.is_(None) | (made.model_fingerprint == terms.model)] if terms.model else []),
        )
    ).one()  # fmt: skip
    if not row.passed:
        return 0, "none would have passed: no recommendation was confident enough"
    if not row.known:
        return row.passed, f"{row.passed:,} would have passed; of none is the outcome known"
    rate = percent(row.succeeded / row.known, 1)
    return row.passed, (
        f"{row.passed:,} would have passed; of {row.known:,} with a known outcome {row.succeeded:,} succeeded ({rate})"
    )


def promote(act: Act, domain: str, reason: str) -> Promoted | Refused:
    """Let a domain's recommendations be used for real; its request was approved, or an owner acts alone."""
    row = policies.row_of(act, domain, lock=True)
    if row is None:
        return policies.no_such(act, domain)
    if row.prod_use_enabled:
        return refused(
            Kind.CONFLICT, "already_promoted", f"{domain} is used in production already. Nothing changed.",
            layer=LAYER, since=row.prod_use_since.isoformat() if row.prod_use_since else None,
        )  # fmt: skip
    terms = policies.terms_of(row)
    tally = scorecards.gate_tally(act, terms)
    after = {**(policies.figures(row) or {}), "prod_use_enabled": True}
    policies.write(act, row, domain, after, reason, promoted_at=act.now)
    gate, version = scorecards.window_of(terms.scorecard_days, tally), row.version + 1
    note(
        act, domain, "PROMOTE", code="promoted", model=terms.model,
        detail={"trials": tally.trials, "successes": tally.successes, "version": version},
    )  # fmt: skip
    act.changed(
        domain, before={"prod_use_enabled": False, "version": row.version},
        after={
            "prod_use_enabled": True, "version": version, "trials": tally.trials, "successes": tally.successes,
            "model_fingerprint": terms.model,
        },
    )  # fmt: skip
    return Promoted(
        domain=domain, since=act.now, version=version, gate=gate, model_fingerprint=terms.model,
        requested_by=act.actor, approved_by=act.approved_by,
    )  # fmt: skip


# -- back to the sandbox ----------------------------------------------------------------------------------------


def demote(act: Act, domain: str, reason: str) -> Demoted | Refused:
    """Take production use away at once; of what is in the sandbox already, say so and change nothing."""
    row = policies.row_of(act, domain, lock=True)
    if row is None:
        return policies.no_such(act, domain)
    if not row.prod_use_enabled:
        tally = scorecards.gate_tally(act, policies.terms_of(row))
        return _demoted(act, row, Cause.BY_HAND, reason, tally=tally, last_at=None)
    tally = scorecards.gate_tally(act, policies.terms_of(row))
    return _back(act, row, Cause.BY_HAND, reason, tally=tally, last_at=scorecards.last_evidence(act, domain))


def judge_now(act: Act, row: PolicyRow, arrived: Tally | None = None) -> bool:
    """Send a domain back to the sandbox where it must not stay in production; its policy is locked.

    `arrived` is what its gate looks at together with the evidence that comes in just now.
    """
    if not row.prod_use_enabled:
        return False
    terms = policies.terms_of(row)
    tally = scorecards.gate_tally(act, terms) if arrived is None else arrived
    last_at = scorecards.last_evidence(act, terms.domain) if arrived is None else act.now
    cause = rules.cause_to_demote(terms, tally, last_at, act.now)
    if cause is None:
        return False
    why = _why(cause, terms, tally)
    entry = Entry(
        actor=SYSTEM.user_id, surface=act.caller.surface.value, operation="heimdall.demote", target=terms.domain,
        reason=why,
    )  # fmt: skip
    by_itself = replace(act, caller=SYSTEM, entry=entry)  # shares this act's transaction and messages
    _back(by_itself, row, cause, why, tally=tally, last_at=last_at)
    act.entries.append(entry)
    return True


def _why(cause: Cause, terms: Terms, tally: Tally) -> str:
    if cause is Cause.MODEL:
        return f"the model changed from {terms.prod_model or 'one not named'} to {terms.model or 'one not named'}"
    if cause is Cause.RATE:
        least = threshold(terms.min_sandbox_success_rate)
        return f"success fell to {_percent(tally)} ({_of(tally)} in {_days(terms.scorecard_days)}), under {least}"
    return f"no trial or outcome came in for {rules.SILENT_AFTER.days} days"


def _back(
    act: Act, row: PolicyRow, cause: Cause, reason: str, *, tally: Tally, last_at: datetime | None
) -> Demoted:  # fmt: skip
    card = _demoted(act, row, cause, reason, tally=tally, last_at=last_at)
    after = {**(policies.figures(row) or {}), "prod_use_enabled": False}
    policies.write(act, row, row.domain, after, reason)
    note(
        act, row.domain, "DEMOTE", code=cause.value, model=row.model_fingerprint,
        detail={"reason": reason, "version": card.version},
    )  # fmt: skip
    act.changed(
        row.domain, before={"prod_use_enabled": True, "version": row.version},
        after={"prod_use_enabled": False, "version": card.version, "cause": cause.value},
    )  # fmt: skip
    thing = f"demoted:{row.domain}:{card.version}"
    for destination in ANNOUNCED:
        act.post(destination, "demoted", card, thing=thing, priority=Priority.SWITCH)
    if (shown := chart(act, row.domain)) is not None:
        act.chart(thing, shown)
    return card


def _demoted(
    act: Act, row: PolicyRow, cause: Cause, reason: str, *, tally: Tally, last_at: datetime | None
) -> Demoted:  # fmt: skip
    terms, changed = policies.terms_of(row), bool(row.prod_use_enabled)
    return Demoted(
        domain=terms.domain, at=act.now, by=act.actor, cause=cause.value,
        reason=reason, changed=changed, version=row.version + changed, since=terms.prod_use_since,
        gate=scorecards.window_of(terms.scorecard_days, tally),
        min_sandbox_success_rate=terms.min_sandbox_success_rate, min_sandbox_trials=terms.min_sandbox_trials,
        last_at=last_at, was_model=terms.prod_model,
        model_fingerprint=terms.model, open_recommendations=_open(act, terms) if changed else 0,
    )  # fmt: skip


def _open(act: Act, terms: Terms) -> int:
    made = HeimdallRecommendation
    return (
        act.connection.scalar(
            select(func.count())
            .select_from(made)
            .where(
                and_(
                    made.domain == terms.domain,
                    made.used_at.is_(None),
                    made.created_at >= (terms.prod_use_since or act.now),
                )
            )
        )
        or 0
    )


def watch(act: Act) -> Watched:
    """Look at every domain in production: by trials that came in unseen, by silence, by another model."""
    live = [row.domain for row in policies.rows_of(act) if row.prod_use_enabled]
    if not live:
        return Watched()
    gone = tuple(row.domain for row in policies.rows_of(act, live, lock=True) if judge_now(act, row))
    return Watched(demoted=gone)


# -- changing a policy ------------------------------------------------------------------------------------------


def change(act: Act, setting: Setting) -> PolicySet | Refused:
    """Change a policy; what is in production and does not reach the new figures goes back to the sandbox."""
    row = policies.row_of(act, setting.domain, lock=True)
    before = policies.figures(row)
    after = {**policies.NEW, **(before or {}), **setting.wanted}
    if refusal := judge_change(act, setting, row):
        return refusal
    if not act.may_loosen and policies.loosens(act, setting, before, after):
        return changed_meanwhile(setting.domain, LAYER)
    changes = policies.write(act, row, setting.domain, after, setting.reason, until=setting.until, named=setting.wanted)
    if changes is None:  # somebody else made this policy meanwhile
        return change(act, setting)
    fresh = policies.row_of(act, setting.domain)
    assert fresh is not None
    note(act, setting.domain, "POLICY", code="changed", detail={"version": fresh.version, "fields": sorted(changes)})
    act.changed(
        setting.domain, before={**(before or {}), "version": row.version if row else 0},
        after={**after, "version": fresh.version},
    )  # fmt: skip
    demoted = judge_now(act, fresh)
    last = (policies.row_of(act, setting.domain) if demoted else None) or fresh
    return PolicySet(
        policy=policies.view_of(act, last), until=setting.until, demoted=demoted,
        changes=tuple(FieldChange(field=name, before=was, after=now) for name, (was, now) in sorted(changes.items())),
    )  # fmt: skip


def judge_change(act: Act, setting: Setting, row: PolicyRow | None) -> Refused | None:
    """Return why a change of a policy makes no sense."""
    before = policies.figures(row)
    is_same = before is not None and {**before, **setting.wanted} == before
    if not setting.wanted or (is_same and not policies.restated(act, setting)):
        listed = ", ".join(f"`{name}`" for name in policies.FIELDS)
        return refused(
            Kind.INVALID, "nothing_to_change", f"That would change nothing about {setting.domain}.", layer="input",
            remedy=f"Name what to change: {listed}.", **(before or {}),
        )  # fmt: skip
    if refusal := judge_until(setting.until, act.now, name=setting.domain, is_new=before is None):
        return refusal
    if before is None or setting.until is None:
        return None
    if setting.wanted.get("prod_use_enabled") is False and before["prod_use_enabled"]:
        return refused(
            Kind.INVALID, "never_by_itself", "Production use never comes back by itself.", layer=LAYER,
            field="until", remedy=f"`/heimdall demote {setting.domain} REASON`, and ask to promote it again later.",
        )  # fmt: skip
    return None


def loosens(act: Act, setting: Setting) -> bool:
    """Whether a second person must agree; what is refused anyway needs nobody."""
    row = policies.row_of(act, setting.domain)
    if judge_change(act, setting, row) is not None:
        return False
    before = policies.figures(row)
    return policies.loosens(act, setting, before, {**policies.NEW, **(before or {}), **setting.wanted})


def change_binds(act: Act, domain: str) -> dict[str, str]:
    """Return what a request to change a policy is bound to: its version, locked when it is decided."""
    row = policies.row_of(act, domain, lock=act.approved_by is not None)
    return {"policy": f"v{row.version}" if row else "none"}


def change_wanted(act: Act, setting: Setting) -> Wanted:
    """Return the card of a request to change a policy."""
    row = policies.row_of(act, setting.domain)
    before = policies.figures(row)
    after = {**policies.NEW, **(before or {}), **setting.wanted}
    changes = history.changed_fields(before, after)
    moves = tuple(
        Change(name=rules.NAMES[name], before=rules.shown(name, was), after=rules.shown(name, now))
        for name, (was, now) in sorted(changes.items())
    )
    again = tuple(
        f"{rules.NAMES[one.field]} {rules.shown(one.field, after[one.field])} until "
        f"{setting.until.isoformat() if setting.until else 'somebody sets it again'}, "
        f"not only until {one.until.isoformat()}"
        for one in policies.restated(act, setting)
        if one.field not in changes
    )
    said = ", ".join((*(f"{move.name} {move.before} → {move.after}" for move in moves), *again))
    put_off = tuple(
        (
            f"{rules.NAMES[one.field]} without this",
            f"back to {rules.shown(one.field, one.base)} by itself, {one.until.isoformat()}",
        )
        for one in policies.put_off(act, setting)
    )
    version = row.version if row else 0
    back = "it goes back by itself" if setting.until else f"`/heimdall set {setting.domain} …`; tightening is immediate"
    return Wanted(
        what=f"change {setting.domain}'s policy: {said}", subject=setting.domain, changes=moves,
        facts=(*put_off, *((("Until", setting.until.isoformat()),) if setting.until else ())),
        figures=_now(act, row) if row is not None else (),
        if_approved=f"{setting.domain}'s recommendations are judged by the new figures, at once",
        does_not_change="the trials and recommendations recorded so far",
        way_back=back, done=f"{setting.domain}: {said}", unchanged=f"{setting.domain}'s policy stays v{version}",
        approve_label="Change the policy",
        evidence=Button(label="Evidence", operation="heimdall.scorecard", params={"domain": setting.domain}),
    )  # fmt: skip


def _now(act: Act, row: Any) -> tuple[Figure, ...]:
    terms = policies.terms_of(row)
    tally = scorecards.gate_tally(act, terms)
    beside = f"{_of(tally)} in {_days(terms.scorecard_days)}"
    return (Figure(name="Success in trials now", value=_percent(tally), beside=beside),)


def take_back(act: Act, domains: Sequence[str]) -> int:
    """Let policies go back to what they were; return how many. What does not reach them is not left in production."""
    rows = policies.take_back(act, domains)
    for row in rows:
        judge_now(act, row)
    return len(rows)
