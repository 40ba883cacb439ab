"""Trials, recommendations, their use and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select, update

from domain.act import Act
from domain.canonical import digest
from domain.database import insert_into
from domain.heimdall import policies, promoting, rules, scorecards
from domain.heimdall.events import note
from domain.heimdall.policies import PolicyRow
from domain.heimdall.results import GateAnswer, OutcomeRecorded, Recommended, TrialRecorded, Used
from domain.heimdall.rules import LAYER, Gate, Tally, Terms, Verdict
from domain.heimdall.tables import HeimdallEvent, HeimdallRecommendation
from domain.outcomes import Button, Kind, Refused, refused


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial came to."""

    domain: str
    confidence: float
    success: bool
    model: str | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a model recommends."""

    domain: str
    confidence: float
    correlation_id: str
    model: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)


# -- trials -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A trial as it is about to be added: its policy, and what the gate looks at with it."""

    row: PolicyRow
    terms: Terms
    tally: Tally
    is_locked: bool


def trial(act: Act, given: Trial) -> TrialRecorded | Refused:
    """Count a trial; one reported again under its correlation id counts once.

    No lock is taken where nothing but the sums changes: a hundred writers add at once. The policy is locked where this
    trial names another model, or sends its domain back to the sandbox. Of trials that come in within the same moment
    none sees the other, so the watch looks again every minute; a use is judged by all of them in any case.
    """
    row = policies.row_of(act, given.domain)
    if row is None:
        return policies.no_such(act, given.domain)
    number = _number_if_new(act, given)
    if number is None:
        return _seen_before(act, policies.terms_of(row), given)
    if given.model is not None and given.model != row.model_fingerprint:
        row = _named(act, given.domain, given.model)
    weighed = _weigh(act, row, given.confidence, success=given.success, model=given.model)
    demoted = weighed.is_locked and promoting.judge_now(act, weighed.row, weighed.tally)
    act.changed(given.domain, after={"confidence": str(given.confidence), "success": given.success})
    scorecards.add(
        act, given.domain, given.confidence, success=given.success, model=given.model, is_production=False,
        number=number,
    )  # fmt: skip
    return _recorded(act, weighed.terms, weighed.tally, given, demoted=demoted)


def _named(act: Act, domain: str, model: str) -> PolicyRow:
    """Note that another model is at work now; return the policy, locked."""
    policies.row_of(act, domain, lock=True)
    policies.name_model(act, domain, model)
    row = policies.row_of(act, domain)
    assert row is not None
    return row


def _weigh(act: Act, row: PolicyRow, confidence: float, *, success: bool, model: str | None) -> _Weighed:
    """Look at what the gate will see; the policy is locked where that takes its domain out of production."""
    terms = policies.terms_of(row)
    tally = scorecards.with_one(act, terms, confidence, success=success, model=model)
    if rules.cause_to_demote(terms, tally, act.now, act.now) is None:
        return _Weighed(row, terms, tally, is_locked=False)
    fresh = policies.row_of(act, terms.domain, lock=True)
    assert fresh is not None
    terms = policies.terms_of(fresh)
    return _Weighed(
        fresh, terms, scorecards.with_one(act, terms, confidence, success=success, model=model), is_locked=True
    )


def _number_if_new(act: Act, given: Trial) -> int | None:
    new = insert_into(act.connection, HeimdallEvent).values(
        at=act.now, domain=given.domain, kind="TRIAL", actor=act.actor, correlation_id=given.correlation_id,
        confidence=given.confidence, success=given.success, model_fingerprint=given.model,
    )  # fmt: skip
    inserted: int | None = act.connection.scalar(
        new.on_conflict_do_nothing(index_elements=["domain", "kind", "correlation_id"]).returning(HeimdallEvent.id)
    )
    return inserted


def _seen_before(act: Act, terms: Terms, given: Trial) -> TrialRecorded | Refused:
    known = act.connection.execute(
        select(HeimdallEvent.confidence, HeimdallEvent.success, HeimdallEvent.model_fingerprint).where(
            HeimdallEvent.domain == given.domain,
            HeimdallEvent.kind == "TRIAL",
            HeimdallEvent.correlation_id == given.correlation_id,
        )
    ).one()
    if (known.confidence, known.success, known.model_fingerprint) == (given.confidence, given.success, given.model):
        return _recorded(act, terms, scorecards.gate_tally(act, terms), given, counted=False)
    return refused(
        Kind.CONFLICT, "correlation_id_reused",
        f"A trial with the correlation id {given.correlation_id} was reported before, and it was another one.",
        layer=LAYER, remedy="Give each trial an id of its own; a trial that was counted cannot be changed.",
        confidence=known.confidence, success=known.success,
    )  # fmt: skip


def _recorded(
    act: Act, terms: Terms, tally: Tally, given: Trial, *, counted: bool = True, demoted: bool = False
) -> TrialRecorded:  # fmt: skip
    return TrialRecorded(
        domain=terms.domain, day=scorecards.today_of(act), confidence=given.confidence, success=given.success,
        counted=counted, gate=scorecards.window_of(terms.scorecard_days, tally, in_short=True),
        min_sandbox_trials=terms.min_sandbox_trials, min_sandbox_success_rate=terms.min_sandbox_success_rate,
        demoted=demoted,
    )  # fmt: skip


# -- recommendations --------------------------------------------------------------------------------------------


def recommend(act: Act, given: Recommendation) -> Recommended | Refused:
    """Record a recommendation, whatever the gate says of it: what is not used can still be learnt from."""
    row = policies.row_of(act, given.domain)
    if row is None:
        return policies.no_such(act, given.domain)
    known = _by_correlation(act, given.correlation_id)
    if known is not None:
        return _recommended_before(act, known, given)
    demoted = False
    if given.model is not None and given.model != row.model_fingerprint:
        row = _named(act, given.domain, given.model)
        demoted = promoting.judge_now(act, row)
        row = policies.row_of(act, given.domain)
        assert row is not None
    terms, verdict, tally = _judged(act, row, given.confidence, given.model, used=False)
    new_id = _insert(act, given, verdict)
    if new_id is None:  # the same correlation id was committed meanwhile
        known = _by_correlation(act, given.correlation_id)
        assert known is not None
        return _recommended_before(act, known, given)
    note(
        act, given.domain, "RECOMMEND", code=verdict.code.value, model=given.model, recommendation_id=new_id,
        confidence=given.confidence,
    )  # fmt: skip
    act.changed(
        given.domain,
        after={
            "recommendation_id": new_id, "gate": verdict.code.value,
            "content": digest(given.payload, given.evidence),
        },
    )  # fmt: skip
    return Recommended(
        recommendation_id=new_id, domain=given.domain, correlation_id=given.correlation_id,
        confidence=given.confidence, demoted=demoted, **_said(terms, verdict, tally, given.confidence),
    )  # fmt: skip


def _insert(act: Act, given: Recommendation, verdict: Verdict) -> int | None:
    made = HeimdallRecommendation
    new = insert_into(act.connection, made).values(
        domain=given.domain, correlation_id=given.correlation_id, payload=dict(given.payload),
        evidence=dict(given.evidence), confidence=given.confidence, model_fingerprint=given.model,
        created_at=act.now, created_by=act.actor, gate_code=verdict.code.value,
    )  # fmt: skip
    found: int | None = act.connection.scalar(new.on_conflict_do_nothing().returning(made.id))
    return found


def _by_correlation(act: Act, correlation_id: str) -> Row[Any] | None:
    made = HeimdallRecommendation
    return act.connection.execute(select(made.__table__).where(made.correlation_id == correlation_id)).one_or_none()


def _recommended_before(act: Act, known: Row[Any], given: Recommendation) -> Recommended | Refused:
    was = (known.domain, known.confidence, known.model_fingerprint, digest(known.payload, known.evidence))
    now = (given.domain, given.confidence, given.model, digest(given.payload, given.evidence))
    row = policies.row_of(act, known.domain)
    if was != now or row is None:
        return refused(
            Kind.CONFLICT, "correlation_id_reused",
            f"The correlation id {given.correlation_id} is that of RC-{known.id}, and it said something else.",
            layer=LAYER, remedy="Give each recommendation an id of its own; what was recommended cannot be changed.",
            recommendation_id=known.id, domain=known.domain,
        )  # fmt: skip
    terms, verdict, tally = _judged(act, row, known.confidence, known.model_fingerprint, used=known.used_at is not None)
    return Recommended(
        recommendation_id=known.id, domain=known.domain, correlation_id=known.correlation_id,
        confidence=known.confidence, created=False, **_said(terms, verdict, tally, known.confidence),
    )  # fmt: skip


def _judged(
    act: Act, row: PolicyRow, confidence: float, model: str | None, *, used: bool
) -> tuple[Terms, Verdict, Tally]:
    terms = policies.terms_of(row)
    tally = scorecards.gate_tally(act, terms)
    return terms, rules.judge(terms, tally, confidence, used=used, model=model), tally


def _said(terms: Terms, verdict: Verdict, tally: Tally, confidence: float) -> dict[str, Any]:
    return {
        "allowed": verdict.passes, "code": verdict.code.value,
        "reasons": tuple(reason.value for reason in verdict.reasons), "warnings": verdict.warnings,
        "detail": detail_of(terms, verdict.code, tally, confidence),
    }  # fmt: skip


def detail_of(terms: Terms, code: Gate, tally: Tally, confidence: float) -> str:
    """Say in a sentence what the gate compared."""
    days = "today" if terms.scorecard_days == 1 else f"in {terms.scorecard_days} days"
    if code is Gate.PROD_USE_DISABLED:
        return (
            f"Production use of {terms.domain} is for another model than the one that made this."
            if terms.prod_use_enabled
            else f"{terms.domain} is in the sandbox: its recommendations are not used for real."
        )
    if code is Gate.CONFIDENCE:
        least = rules.confidence(terms.min_confidence_prod)
        return f"Its confidence is {rules.confidence(confidence)}; {terms.domain} needs {least}."
    if code is Gate.TRIALS:
        return f"{terms.domain} has {tally.trials:,} trials {days}; it needs {terms.min_sandbox_trials:,}."
    if code is Gate.RATE and tally.rate is not None:
        rate, least = rules.percent(tally.rate, 1), rules.threshold(terms.min_sandbox_success_rate)
        return f"{tally.successes:,} of {tally.trials:,} trials {days} succeeded ({rate}); it needs {least}."
    if code is Gate.ALREADY_USED:
        return "It was used already, and each recommendation is used once."
    return "Every gate passes."


def check(act: Act, recommendation_id: int) -> GateAnswer | Refused:
    """Say what `require` would answer now; nothing is used, and nothing written."""
    made = _recommendation(act, recommendation_id)
    row = policies.row_of(act, made.domain) if made is not None else None
    if made is None or row is None:
        return _no_such(recommendation_id)
    terms, verdict, tally = _judged(act, row, made.confidence, made.model_fingerprint, used=made.used_at is not None)
    return GateAnswer(
        recommendation_id=made.id, domain=made.domain, confidence=made.confidence,
        model_fingerprint=made.model_fingerprint, created_at=made.created_at, used_at=made.used_at,
        used_by=made.used_by, success=made.success, **_said(terms, verdict, tally, made.confidence),
    )  # fmt: skip


def require(act: Act, recommendation_id: int) -> Used | Refused:
    """Pass every gate and use a recommendation, once (failure 20).

    The policy is locked before anything is judged: of a use and a demotion at the same moment one is first, and a use
    that comes second is refused.
    """
    found = _recommendation(act, recommendation_id)
    row = policies.row_of(act, found.domain, lock=True) if found is not None else None
    made = _recommendation(act, recommendation_id, lock=True)
    if made is None or row is None:
        return _no_such(recommendation_id)
    terms, verdict, tally = _judged(act, row, made.confidence, made.model_fingerprint, used=made.used_at is not None)
    note(
        act, made.domain, "REQUIRE", code=verdict.code.value, model=made.model_fingerprint,
        recommendation_id=made.id, confidence=made.confidence,
    )  # fmt: skip
    if not verdict.passes:
        return _not_used(made, terms, verdict, tally)
    act.connection.execute(
        update(HeimdallRecommendation)
        .where(HeimdallRecommendation.id == made.id)
        .values(used_at=act.now, used_by=act.actor)
    )
    act.changed(f"RC-{made.id}", before={"used": False}, after={"used": True, "domain": made.domain})
    return Used(
        recommendation_id=made.id, domain=made.domain, correlation_id=made.correlation_id, code=verdict.code.value,
        confidence=made.confidence, payload=made.payload, used_at=act.now, used_by=act.actor,
        warnings=verdict.warnings,
    )  # fmt: skip


def _not_used(made: Row[Any], terms: Terms, verdict: Verdict, tally: Tally) -> Refused:
    evidence = Button(label="Evidence", operation="heimdall.scorecard", params={"domain": terms.domain})
    ask = Button(label="Ask to promote…", operation="heimdall.promote", params={"domain": terms.domain}, form=True)
    is_off = verdict.code is Gate.PROD_USE_DISABLED and not terms.prod_use_enabled
    used = {"used_by": made.used_by, "used_at": made.used_at.isoformat()} if made.used_at else {}
    return refused(
        Kind.REFUSED, verdict.code.value, detail_of(terms, verdict.code, tally, made.confidence), layer=LAYER,
        remedy=_remedy(terms, verdict.code), buttons=(ask, evidence) if is_off else (evidence,),
        **_compared(made, terms, verdict.code, tally), **used,
        reasons=[reason.value for reason in verdict.reasons],
    )  # fmt: skip


def _compared(made: Row[Any], terms: Terms, code: Gate, tally: Tally) -> dict[str, Any]:
    """Return the figures that decided, each beside what it must reach."""
    if code is Gate.PROD_USE_DISABLED:
        return {"domain": terms.domain, "prod_use_enabled": terms.prod_use_enabled, "policy_version": terms.version}
    if code is Gate.CONFIDENCE:
        return {"confidence": made.confidence, "min_confidence_prod": terms.min_confidence_prod}
    if code is Gate.TRIALS:
        return {"trials": tally.trials, "min_sandbox_trials": terms.min_sandbox_trials}
    if code is Gate.RATE:
        return {
            "success_rate": round(tally.rate or 0.0, 6), "min_sandbox_success_rate": terms.min_sandbox_success_rate,
            "trials": tally.trials,
        }  # fmt: skip
    return {"domain": terms.domain}


def _remedy(terms: Terms, code: Gate) -> str:
    if code is Gate.PROD_USE_DISABLED:
        return f"A manager's yes to `/heimdall promote {terms.domain} REASON`; any operator can ask."
    if code is Gate.CONFIDENCE:
        return "Nothing about this one; one that is surer passes, or a manager sets another threshold."
    if code is Gate.ALREADY_USED:
        return "Nothing: ask the model for a new one."
    return "More trials that succeed: `/heimdall trial` and outcomes count at once."


def _recommendation(act: Act, recommendation_id: int, *, lock: bool = False) -> Row[Any] | None:
    made = HeimdallRecommendation
    query = select(made.__table__).where(made.id == recommendation_id)
    return act.connection.execute(query.with_for_update() if lock else query).one_or_none()


def _no_such(recommendation_id: int) -> Refused:
    return refused(
        Kind.NOT_FOUND, "no_such_recommendation", f"There is no recommendation RC-{recommendation_id}.", layer=LAYER,
        remedy="Its number is in the answer of whoever recommended it.", recommendation_id=recommendation_id,
    )  # fmt: skip


# -- outcomes ---------------------------------------------------------------------------------------------------


def outcome(act: Act, recommendation_id: int, *, success: bool) -> OutcomeRecorded | Refused:
    """Record what became of a recommendation, once: it counts as a trial, marked production (spec/2)."""
    found = _recommendation(act, recommendation_id)
    row = policies.row_of(act, found.domain) if found is not None else None
    if found is None or row is None:
        return _no_such(recommendation_id)
    weighed = _weigh(act, row, found.confidence, success=success, model=found.model_fingerprint)
    made, terms = _recommendation(act, recommendation_id, lock=True), weighed.terms
    assert made is not None  # none is ever deleted
    if made.success is not None:
        if made.success is success:
            return _known(made, terms, scorecards.gate_tally(act, terms), recorded=False, success=success)
        return refused(
            Kind.CONFLICT, "outcome_known",
            f"RC-{made.id} was already recorded as a {'success' if made.success else 'failure'}. Nothing changed.",
            layer=LAYER, remedy="What was counted stays; tell a manager if it was wrong.",
            success=made.success, recorded_by=made.outcome_by,
            recorded_at=made.outcome_at.isoformat() if made.outcome_at else None,
        )  # fmt: skip
    act.connection.execute(
        update(HeimdallRecommendation)
        .where(HeimdallRecommendation.id == made.id)
        .values(success=success, outcome_at=act.now, outcome_by=act.actor)
    )
    number = note(
        act, made.domain, "OUTCOME", model=made.model_fingerprint, recommendation_id=made.id,
        confidence=made.confidence, success=success,
    )  # fmt: skip
    demoted = weighed.is_locked and promoting.judge_now(act, weighed.row, weighed.tally)
    act.changed(f"RC-{made.id}", before={"success": None}, after={"success": success, "domain": made.domain})
    scorecards.add(
        act, made.domain, made.confidence, success=success, model=made.model_fingerprint, is_production=True,
        number=number,
    )  # fmt: skip
    return _known(made, terms, weighed.tally, success=success, demoted=demoted)


def _known(
    made: Row[Any], terms: Terms, tally: Tally, *, success: bool, recorded: bool = True, demoted: bool = False
) -> OutcomeRecorded:  # fmt: skip
    return OutcomeRecorded(
        recommendation_id=made.id, domain=made.domain, success=success, recorded=recorded,
        was_used=made.used_at is not None, demoted=demoted,
        gate=scorecards.window_of(terms.scorecard_days, tally, in_short=True),
        min_sandbox_success_rate=terms.min_sandbox_success_rate,
    )  # fmt: skip
