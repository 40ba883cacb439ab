"""What tests of the ladder share: production switched on with its history, leads, and a second operator."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from domain.followup.results import Claimed, Completed, LadderCreated
from domain.identity import Role
from domain.prime_law.tables import GoLiveHistory
from tests.support import OPERATOR, World

COLLEAGUE = "UCOLLEAGUE"
PHONE = "+12045550142"
OTHER_PHONE = "+14035550199"
EMAIL = "ruth@example.org"


def switch(world: World, *, live: bool = True, engaged: bool = False, at: datetime | None = None) -> None:
    """Set the switches and write the history, as the operations of Prime Law do."""
    world.switches(live=live, engaged=engaged)
    with world.database.write() as connection:
        connection.execute(
            insert(GoLiveHistory).values(
                at=at or world.clock(), action="engage" if engaged else "enable", actor="test",
                go_live_enabled=live, kill_switch_engaged=engaged, version=2,
            )
        )  # fmt: skip


def live(world: World) -> World:
    """Let production have been on for a month, and a second operator work here."""
    switch(world, at=world.clock() - timedelta(days=30))
    world.hire(COLLEAGUE, Role.OPERATOR)
    return world


def ladder(world: World, lead_id: str = "L1", *, user: str = OPERATOR, **more: Any) -> LadderCreated:
    """Create a ladder with a phone number; `phone=None` leaves it out."""
    given = {"province": "MB", "phone": PHONE, **more}
    result = world.done(
        user, "followup.create", lead_id=lead_id, **{name: value for name, value in given.items() if value is not None}
    )
    assert isinstance(result, LadderCreated)
    return result


def call_step(created: LadderCreated) -> int:
    """Return the first call of a ladder."""
    return created.steps[1].task_id


def callable_now(world: World, lead_id: str = "L1", **more: Any) -> int:
    """Create a ladder whose first call is due now; return that step."""
    return call_step(ladder(world, lead_id, arrived_at=(world.clock() - timedelta(minutes=30)).isoformat(), **more))


def claim(world: World, task_id: int, user: str = OPERATOR) -> Claimed:
    """Claim a step that must be free."""
    result = world.done(user, "followup.claim", task_id=task_id)
    assert isinstance(result, Claimed)
    return result


def complete(world: World, task_id: int, outcome: str = "no_answer", *, user: str = OPERATOR, **more: Any) -> Completed:
    """Complete a step that must be open."""
    result = world.done(user, "followup.complete", task_id=task_id, outcome=outcome, **more)
    assert isinstance(result, Completed)
    return result


def task(world: World, task_id: int) -> Any:
    """The row of a step."""
    return world.rows("followup_task", "id = :id", id=task_id)[0]


def kpis(world: World, metric: str) -> list[Any]:
    """The events of one of the ladder's metrics."""
    return world.rows("kpi_event", "domain = 'WHOLESALE' AND metric = :metric", metric=metric)


def cards(world: World, card: str) -> list[Any]:
    """The messages of one card, in the order they were written."""
    return world.rows("outbox", "card = :card", card=card)
