"""What tests of Heimdall share: a domain with evidence, in the sandbox or in production."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert

from domain.heimdall.rules import business_day
from domain.heimdall.tables import HeimdallScorecard
from domain.outcomes import Done
from tests.support import MANAGER, OPERATOR, World

OFFER = "WHOLESALE_OFFER"
MODEL = "offer-2026-11"
SLOT = 99
"""None that a trial is added to, so that what was put there stays as it was put."""


def today(world: World) -> date:
    """The business's day, as the world's clock stands."""
    return business_day(world.clock(), world.settings.zone)


def scored(
    world: World, trials: int, successes: int, *, days_ago: int = 0, domain: str = OFFER, model: str = "",
    confidence: float = 0.93,
) -> None:  # fmt: skip
    """Put trials into a day's scorecard behind the gate's back, quicker than one by one."""
    with world.database.write() as connection:
        connection.execute(
            insert(HeimdallScorecard).values(
                domain=domain, day=today(world) - timedelta(days=days_ago), is_production=False,
                model_fingerprint=model, bucket=5, slot=SLOT, trials=trials, successes=successes,
                confidence_sum=round(trials * confidence * 1_000_000),
                last_at=world.clock() - timedelta(days=days_ago),
            )
        )  # fmt: skip


def trial(world: World, *, success: bool = True, domain: str = OFFER, confidence: float = 0.93, **more: Any) -> Any:
    """Report one trial through the gate."""
    return world.done(OPERATOR, "heimdall.trial", domain=domain, confidence=confidence, success=success, **more)


def recommend(world: World, *, domain: str = OFFER, confidence: float = 0.95, **more: Any) -> int:
    """Record a recommendation; return its number."""
    answer = world.done(OPERATOR, "heimdall.recommend", domain=domain, confidence=confidence, **more)
    return int(answer.recommendation_id)


def promote(world: World, domain: str = OFFER) -> int:
    """Ask to promote and approve it; return the request's number."""
    request = world.pending(OPERATOR, "heimdall.promote", domain=domain, reason="two clean weeks")
    outcome = world.approve(MANAGER, request.approval_id)
    assert isinstance(outcome, Done), outcome
    assert getattr(outcome.result, "status", None) == "approved", outcome.result
    return request.approval_id


def in_production(world: World, *, trials: int = 87, successes: int = 75, model: str = "") -> None:
    """Let WHOLESALE_OFFER be used in production, on evidence of today, with go-live on."""
    world.switches(live=True)
    scored(world, trials, successes, model=model)
    if model:
        world.execute("UPDATE heimdall_policy SET model_fingerprint = :m WHERE domain = :d", m=model, d=OFFER)
    promote(world)


def policy(world: World, domain: str = OFFER) -> Any:
    """The row of a policy."""
    (row,) = world.rows("heimdall_policy", "domain = :domain", domain=domain)
    return row


def counted(world: World, domain: str = OFFER) -> tuple[int, int]:
    """All trials and successes of a domain's scorecard, whatever the day."""
    rows = world.rows("heimdall_scorecard", "domain = :domain", domain=domain)
    return sum(row.trials for row in rows), sum(row.successes for row in rows)


def cards(world: World, card: str, destination: str | None = None) -> list[dict[str, Any]]:
    """The payloads of a kind of card, oldest first."""
    rows = world.rows("outbox", "card = :card", card=card)
    return [row.payload for row in rows if destination is None or row.destination == destination]
