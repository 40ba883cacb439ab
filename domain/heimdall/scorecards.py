"""Scorecards: adding a trial in one statement, and reading what the days come to."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from domain.act import Act
from domain.approvals.tables import Approval
from domain.heimdall import policies, rules
from domain.heimdall.results import DayScore, Range, Scorecard, ScorecardList, Window
from domain.heimdall.rules import Score, Tally, Terms
from domain.heimdall.tables import HeimdallScorecard

SLOTS = 8
_SUMS = (HeimdallScorecard.trials, HeimdallScorecard.successes, HeimdallScorecard.confidence_sum)
_GATE = select(*(func.coalesce(func.sum(column), 0) for column in _SUMS)).where(
    HeimdallScorecard.domain == bindparam("domain"),
    HeimdallScorecard.day.between(bindparam("first"), bindparam("today")),
    HeimdallScorecard.model_fingerprint.in_(("", bindparam("model"))),
)
"""What `rules.counted` counts, counted by the database."""


def _adding(insert: Any) -> Any:
    new = insert(HeimdallScorecard)
    values = {
        "trials": HeimdallScorecard.trials + new.excluded.trials,
        "successes": HeimdallScorecard.successes + new.excluded.successes,
        "confidence_sum": HeimdallScorecard.confidence_sum + new.excluded.confidence_sum,
        "last_at": new.excluded.last_at,
    }
    return new.on_conflict_do_update(
        index_elements=["domain", "day", "is_production", "model_fingerprint", "bucket", "slot"], set_=values
    )


_ADD = {"postgresql": _adding(postgres_insert), "sqlite": _adding(sqlite_insert)}


def today_of(act: Act) -> date:
    """Return the business's day of this act."""
    return rules.business_day(act.now, act.settings.zone)


def with_one(act: Act, terms: Terms, confidence: float, *, success: bool, model: str | None) -> Tally:
    """Return what the gate looks at once this trial is added to what is there."""
    tally = gate_tally(act, terms)
    is_evidence = model is None or model == terms.model
    return tally + rules.one(confidence, success=success) if is_evidence else tally


def add(
    act: Act, domain: str, confidence: float, *, success: bool, model: str | None, is_production: bool, number: int
) -> None:  # fmt: skip
    """Add one trial to its day's scorecard; however many do so at once, every one counts (failure 21).

    Call it last: whoever adds to the same row waits until this transaction ends. `number` spreads them over a few.
    """
    trial = rules.one(confidence, success=success)
    row = {
        "domain": domain, "day": today_of(act), "is_production": is_production, "model_fingerprint": model or "",
        "bucket": rules.bucket_of(confidence), "slot": number % SLOTS, "trials": trial.trials,
        "successes": trial.successes, "confidence_sum": trial.confidence_sum, "last_at": act.now,
    }  # fmt: skip
    act.connection.execute(_ADD[act.connection.dialect.name], row)


def scores_of(act: Act, domain: str, days: int) -> tuple[Score, ...]:
    """Read the rows of the last `days` of one domain."""
    return all_scores(act, days, domain).get(domain, ())


def all_scores(act: Act, days: int, domain: str | None = None) -> dict[str, tuple[Score, ...]]:
    """Read the rows of the last `days`, by domain."""
    table, today = HeimdallScorecard, today_of(act)
    key = (table.domain, table.day, table.is_production, table.model_fingerprint, table.bucket)
    sums = [func.sum(column).label(column.key) for column in (table.trials, table.successes, table.confidence_sum)]
    query = select(*key, *sums).where(table.day >= rules.first_day(today, days), table.day <= today).group_by(*key)
    if domain is not None:
        query = query.where(table.domain == domain)
    found: dict[str, list[Score]] = {}
    for row in act.connection.execute(query):
        tally = Tally(int(row.trials), int(row.successes), int(row.confidence_sum))
        score = Score(row.day, row.is_production, row.model_fingerprint, row.bucket, tally)
        found.setdefault(row.domain, []).append(score)
    return {name: tuple(scores) for name, scores in found.items()}


def gate_tally(act: Act, terms: Terms) -> Tally:
    """Count what the gate looks at: the last `scorecard_days`, today among them (failures 17 and 18)."""
    today = today_of(act)
    first = rules.first_day(today, terms.scorecard_days)
    asked = {"domain": terms.domain, "first": first, "today": today, "model": terms.model or ""}
    return Tally(*(int(total) for total in act.connection.execute(_GATE, asked).one()))


def last_evidence(act: Act, domain: str) -> datetime | None:
    """Return when the newest trial or outcome of a domain came in."""
    newest = select(func.max(HeimdallScorecard.day)).where(HeimdallScorecard.domain == domain).scalar_subquery()
    found: datetime | None = act.connection.scalar(
        select(func.max(HeimdallScorecard.last_at)).where(
            HeimdallScorecard.domain == domain, HeimdallScorecard.day == newest
        )
    )
    return found


def window_of(days: int, tally: Tally, *, in_short: bool = False) -> Window:
    """Return a window as results show it; `in_short` without the interval, which costs more than a trial does."""
    known = tally.trials and not in_short
    low, high = rules.interval(tally.successes, tally.trials) if known else (None, None)
    return Window(
        days=days, trials=tally.trials, successes=tally.successes, success_rate=tally.rate, low=low, high=high,
        says=tally.says,
    )  # fmt: skip


def lacking(terms: Terms, tally: Tally) -> tuple[str, ...]:
    """Return what a domain does not reach for being promoted, as codes of the gate."""
    found = []
    if tally.trials < terms.min_sandbox_trials:
        found.append(rules.Gate.TRIALS.value)
    if rules.is_under(terms, tally):
        found.append(rules.Gate.RATE.value)
    return tuple(found)


def open_promotions(act: Act) -> dict[str, int]:
    """Return the open requests to promote, by domain."""
    rows = act.connection.execute(
        select(Approval.target, Approval.id).where(
            Approval.operation == "heimdall.promote", Approval.status.in_(("pending", "deciding"))
        )
    )
    return {row.target: row.id for row in rows}


def scorecards(act: Act, domain: str | None) -> ScorecardList:
    """Return one domain's scorecard, or every domain's."""
    rows = policies.rows_of(act) if domain is None else [row for row in (policies.row_of(act, domain),) if row]
    longest = max([rules.LONGEST, *(row.scorecard_days for row in rows)])
    scores, waiting = all_scores(act, longest, domain), open_promotions(act)
    items = tuple(_scorecard(act, row, scores.get(row.domain, ()), waiting.get(row.domain)) for row in rows)
    return ScorecardList(items=items, as_of=act.now)


def _scorecard(act: Act, row: Any, scores: Sequence[Score], approval_id: int | None) -> Scorecard:
    terms, today = policies.terms_of(row), today_of(act)
    gate = rules.counted(scores, today, terms.scorecard_days, terms.model)
    lately = [score for score in scores if score.day >= rules.first_day(today, rules.LONGEST)]
    days = rules.series(lately, today, rules.LONGEST, terms.model)
    real = [score for score in lately if score.is_production]
    return Scorecard(
        domain=terms.domain, policy=policies.view_of(act, row), gate=window_of(terms.scorecard_days, gate),
        windows=tuple(window_of(n, rules.counted(scores, today, n, terms.model)) for n in rules.SHOWN),
        production=window_of(rules.LONGEST, rules.counted(real, today, rules.LONGEST, terms.model)),
        days=tuple(DayScore(day=one.day, trials=one.tally.trials, successes=one.tally.successes) for one in days),
        ranges=_ranges(lately, terms.model), reasons=lacking(terms, gate),
        how_sure=rules.how_sure(gate, terms.min_sandbox_success_rate), calibration=rules.calibration(gate),
        finding=rules.finding(days, terms.min_sandbox_success_rate),
        other_models=sum(score.tally.trials for score in lately if not rules.is_about(score, terms.model)),
        last_at=last_evidence(act, terms.domain), approval_id=approval_id,
    )  # fmt: skip


def _ranges(scores: Sequence[Score], model: str | None) -> tuple[Range, ...]:
    sums: dict[int, Tally] = {}
    for score in scores:
        if rules.is_about(score, model):
            sums[score.bucket] = sums.get(score.bucket, Tally()) + score.tally
    found = []
    for bucket, tally in sorted(sums.items()):
        low, high = rules.bucket_range(bucket)
        if tally.rate is not None and tally.says is not None:
            found.append(Range(low=low, high=high, trials=tally.trials, success_rate=tally.rate, says=tally.says))
    return tuple(found)
