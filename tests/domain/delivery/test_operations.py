"""What people see of delivery, what they decide, and where messages go."""

from typing import Any

import pytest

from domain.delivery.results import DeliveryList, RouteList
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, OWNER, World


def _queue(world: World, state: str, *, error: str | None = None, **columns: Any) -> int:
    values = {
        "destination": "route:governance", "card": "welcome", "payload": "{}", "form": "card", "priority": 2,
        "state": state, "attempts": 1, "created_at": "2026-11-24 14:00:00+00:00", "error": error,
        "not_before": "2026-11-24 14:00:00+00:00", "is_outcome_unknown": False, "is_repeat_possible": False,
        "correlation_id": "c", **columns,
    }  # fmt: skip
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    world.execute(f"INSERT INTO outbox ({names}) VALUES ({marks})", **values)
    return max(int(row.id) for row in world.rows("outbox"))


class TestStuck:
    def test_the_list_shows_each_with_its_cure(self, world: World) -> None:
        """Dead letters name the error's cure, held ones what to look for."""
        dead, held = _queue(world, "dead", error="is_archived"), _queue(world, "held", error="missing_scope")
        _queue(world, "queued")
        found: DeliveryList = world.done(ONCALL, "delivery.list")
        assert [(item.outbox_id, item.state) for item in found.items] == [(dead, "dead"), (held, "held")]
        assert "archived" in found.items[0].cure
        assert "look whether" in found.items[1].cure
        assert (found.total, found.queued) == (2, 1)

    def test_an_operator_may_not_look(self, world: World) -> None:
        """It is the on-call role's."""
        assert world.refused(OPERATOR, "delivery.list").code == "role"

    def test_a_held_message_tried_again_says_that_it_may_be_a_repeat(self, world: World) -> None:
        """A dead one cannot be: Slack refused it."""
        dead, held = _queue(world, "dead", error="is_archived"), _queue(world, "held", error="x")
        done = world.done(ONCALL, "delivery.retry")
        assert done.outbox_ids == (dead, held)
        rows = {row.id: row for row in world.rows("outbox")}
        assert [rows[found].state for found in (dead, held)] == ["queued", "queued"]
        assert [rows[found].is_repeat_possible for found in (dead, held)] == [False, True]
        assert done.still_stuck == 0

    def test_a_dropped_message_is_not_sent_and_not_stuck(self, world: World) -> None:
        """And can be neither dropped nor tried again."""
        dead = _queue(world, "dead", error="is_archived")
        assert world.done(ONCALL, "delivery.drop", outbox_id=dead).still_stuck == 0
        assert world.rows("outbox")[0].state == "dropped"
        assert world.refused(ONCALL, "delivery.retry", outbox_id=dead).code == "not_stuck"
        assert world.refused(ONCALL, "delivery.drop", outbox_id=dead).code == "not_stuck"

    def test_a_failure_told_twice_is_told_once(self, world: World) -> None:
        """The attempt is the fence: a late sender changes nothing."""
        row = _queue(world, "sending")
        first = world.system("delivery.fail", outbox_id=row, attempt=1, state="dead", error="is_archived")
        second = world.system("delivery.fail", outbox_id=row, attempt=1, state="dead", error="is_archived")
        assert (first.changed, second.changed) == (True, False)
        assert world.rows("alert")[0].times == 1

    def test_old_messages_are_forgotten_and_stuck_ones_are_not(self, world: World) -> None:
        """Thirty days after they were written."""
        for state in ("sent", "dropped", "dead", "queued"):
            _queue(world, state)
        world.clock.advance(days=31)
        assert world.system("outbox.prune").pruned == 2
        assert sorted(row.state for row in world.rows("outbox")) == ["dead", "queued"]


class TestRoutes:
    def test_without_a_change_the_settings_decide(self, world: World) -> None:
        """All four kinds have a channel."""
        found: RouteList = world.done(AUDITOR, "route.list")
        assert [(line.kind, line.channel, line.is_default) for line in found.items] == [
            (kind, kind, True) for kind in ("governance", "oncall", "followups", "deals")
        ]

    def test_a_change_takes_effect_and_posts_a_test_message_there(self, world: World) -> None:
        """The same change again changes nothing and posts nothing."""
        done = world.done(MANAGER, "route.set", kind="governance", channel="<#C0123ABC|gov>")
        again = world.done(MANAGER, "route.set", kind="governance", channel="C0123ABC")
        assert (done.before, done.channel, done.changed, done.version) == ("governance", "C0123ABC", True, 1)
        assert (again.changed, again.version) == (False, 1)
        assert [row.destination for row in world.rows("outbox")] == ["route:governance"]
        line = world.done(AUDITOR, "route.list").items[0]
        assert (line.channel, line.changed_by, line.is_default) == ("C0123ABC", MANAGER, False)

    def test_an_operator_may_not_change_a_route(self, world: World) -> None:
        """It is a manager's."""
        assert world.refused(OPERATOR, "route.set", kind="governance", channel="C0123ABC").code == "role"

    @pytest.mark.parametrize(("user", "live", "listed"), [(OWNER, False, 1), (MANAGER, False, 0), (OWNER, True, 0)])
    def test_what_an_owner_sets_up_alone_is_listed_for_the_go_live_request(
        self, world: World, user: str, live: bool, listed: int
    ) -> None:
        """Until go-live was enabled for the first time."""
        world.switches(ever_live=live)
        world.done(user, "route.set", kind="deals", channel="C0123ABC")
        (entry,) = world.audit("route.set")
        assert bool((entry.after or {}).get("set_up")) is bool(listed)

    def test_a_test_message_goes_to_the_kind_that_was_asked_for(self, world: World) -> None:
        """And who asked is on it."""
        world.done(MANAGER, "route.test", kind="oncall")
        (row,) = world.rows("outbox")
        assert (row.destination, row.card, row.payload["asked_by"]) == ("route:oncall", "route_test", MANAGER)
