"""The snapshot, and the Friday digest that is posted once whatever restarts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, select

from domain.act import Act, Priority
from domain.database import insert_into
from domain.heimdall import policies, rules, scorecards
from domain.heimdall.results import DomainWeek, Evolution, EvolutionPosted, HeimdallSnapshot, SnapshotLine
from domain.heimdall.rules import Score
from domain.heimdall.tables import HeimdallEvent, HeimdallRecommendation

EVERY_DOMAIN = "ALL"
WEEK = 7


def snapshot(act: Act) -> HeimdallSnapshot:
    """Return every domain at a glance."""
    rows = policies.rows_of(act)
    longest = max([rules.LONGEST, *(row.scorecard_days for row in rows)])
    scores, waiting, used = scorecards.all_scores(act, longest), scorecards.open_promotions(act), _used(act, days=1)
    return HeimdallSnapshot(
        items=tuple(_line(act, row, scores.get(row.domain, ()), waiting, used) for row in rows), as_of=act.now
    )


def _line(act: Act, row: Any, scores: Sequence[Score], waiting: dict[str, int], used: dict[str, Any]) -> SnapshotLine:
    terms = policies.terms_of(row)
    tally = rules.counted(scores, scorecards.today_of(act), terms.scorecard_days, terms.model)
    reasons, recommended = scorecards.lacking(terms, tally), used.get(terms.domain)
    return SnapshotLine(
        domain=terms.domain, prod_use_enabled=terms.prod_use_enabled, prod_use_since=terms.prod_use_since,
        trials=tally.trials, success_rate=tally.rate, scorecard_days=terms.scorecard_days,
        min_sandbox_trials=terms.min_sandbox_trials, min_sandbox_success_rate=terms.min_sandbox_success_rate,
        reasons=reasons, made=recommended.made if recommended else 0, used=recommended.used if recommended else 0,
        last_at=scorecards.last_evidence(act, terms.domain), approval_id=waiting.get(terms.domain),
        can_promote=not reasons and not terms.prod_use_enabled,
    )  # fmt: skip


def _used(act: Act, *, days: int) -> dict[str, Any]:
    """Count recommendations of the last `days` by domain: made, used, outcome known, succeeded."""
    made = HeimdallRecommendation
    first = rules.first_day(scorecards.today_of(act), days)
    rows = act.connection.execute(
        select(
            made.domain, func.count().label("made"), func.count(made.used_at).label("used"),
            func.count(made.success).label("known"),
            func.count(case((made.success.is_(True), 1))).label("succeeded"),
        )
        .where(made.created_at >= rules.at_hour(first, 0, act.settings.zone))
        .group_by(made.domain)
    )  # fmt: skip
    return {row.domain: row for row in rows}


def post(act: Act) -> EvolutionPosted:
    """Post the Friday digest where it is due and was not posted; one row of the record says that it was."""
    friday = rules.digest_due(act.now, act.settings.zone)
    if friday is None:
        return EvolutionPosted(posted=False)
    card = evolution(act, friday)
    if card is None or not _is_first(act, friday.isoformat()):
        return EvolutionPosted(posted=False, friday=friday)
    act.post(
        "route:governance", "evolution", card, thing=f"heimdall:evolution:{friday.isoformat()}",
        priority=Priority.DIGEST,
    )  # fmt: skip
    act.changed(f"evolution {friday.isoformat()}", after={"domains": [week.domain for week in card.items]})
    return EvolutionPosted(posted=True, friday=friday)


def _is_first(act: Act, friday: str) -> bool:
    new = insert_into(act.connection, HeimdallEvent).values(
        at=act.now, domain=EVERY_DOMAIN, kind="EVOLUTION", actor=act.actor, correlation_id=friday
    )
    claimed = new.on_conflict_do_nothing(index_elements=["domain", "kind", "correlation_id"])
    return act.connection.scalar(claimed.returning(HeimdallEvent.id)) is not None


def evolution(act: Act, friday: Any) -> Evolution | None:
    """Return each domain's last seven days; None where there is nothing to tell: no trial and nothing in production."""
    rows, today = policies.rows_of(act), scorecards.today_of(act)
    longest = max([2 * WEEK, *(row.scorecard_days for row in rows)])
    scores, waiting, used = scorecards.all_scores(act, longest), scorecards.open_promotions(act), _used(act, days=WEEK)
    if not scores and not any(row.prod_use_enabled for row in rows):
        return None
    items = []
    for row in rows:
        terms, mine = policies.terms_of(row), scores.get(row.domain, ())
        gate = rules.counted(mine, today, terms.scorecard_days, terms.model)
        week = rules.counted(mine, today, WEEK, terms.model)
        before = rules.counted(mine, today - timedelta(days=WEEK), WEEK, terms.model)
        reasons, recommended = scorecards.lacking(terms, gate), used.get(terms.domain)
        item = DomainWeek(
            domain=terms.domain, prod_use_enabled=terms.prod_use_enabled, trials=week.trials, success_rate=week.rate,
            before=before.rate, min_sandbox_trials=terms.min_sandbox_trials,
            min_sandbox_success_rate=terms.min_sandbox_success_rate, reasons=reasons, says=week.says,
            used=recommended.used if recommended else 0, known=recommended.known if recommended else 0,
            succeeded=recommended.succeeded if recommended else 0, approval_id=waiting.get(terms.domain),
            can_promote=not reasons and not terms.prod_use_enabled,
        )  # fmt: skip
        items.append(item)
    return Evolution(friday=friday, since=rules.first_day(today, WEEK), until=today, items=tuple(items))
