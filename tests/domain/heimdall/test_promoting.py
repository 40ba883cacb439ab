"""Into production with its evidence, and back: by hand, by itself, and by whatever changed meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from domain.identity import Role
from domain.operation import Wanted
from domain.outcomes import Done, PendingApproval, Refused
from tests.domain.heimdall.factories import (
    MODEL,
    OFFER,
    cards,
    counted,
    in_production,
    policy,
    promote,
    recommend,
    scored,
    trial,
)
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, Pause, World, at_once


def ask(world: World, user: str = OPERATOR) -> PendingApproval:
    """Ask to promote WHOLESALE_OFFER."""
    return world.pending(user, "heimdall.promote", domain=OFFER, reason="two clean weeks")


def approve(world: World, approval_id: int, user: str = MANAGER) -> dict[str, Any]:
    """Press Approve; return what it came to."""
    outcome = world.approve(user, approval_id)
    assert isinstance(outcome, Done), outcome
    return outcome.result.to_json()


@pytest.fixture
def ready(world: World) -> World:
    """87 trials today and 254 before, 86.2 % of the week's right: the example of the specification."""
    world.switches(live=True)
    scored(world, 87, 75)
    scored(world, 254, 214, days_ago=10)
    return world


class TestAsking:
    """The request and its card."""

    def test_the_card_says_what_the_specification_says(self, ready: World) -> None:
        """Every line of cards.md 2, from the rows themselves."""
        for number in range(6):
            made = recommend(ready, confidence=0.95 if number else 0.5)
            if number in (1, 2, 3):
                ready.done(OPERATOR, "heimdall.outcome", recommendation_id=made, success=number != 3)
        ready.execute("DELETE FROM heimdall_scorecard WHERE is_production")
        ask(ready)
        wanted = Wanted.model_validate(cards(ready, "approval")[0]["wanted"])
        assert wanted.what == "use WHOLESALE_OFFER's recommendations in production"
        shown = [(figure.name, figure.value, figure.beside, figure.needs) for figure in wanted.figures]
        assert shown == [
            ("Success in trials", "86.2 %", "75 of 87 in 7 days", "82 %"),
            ("Trials", "87", "28 days: 341, 84.8 %", "75"),
            ("Says 93 %, delivers", "86 %", "it is about 7 points too sure of itself", ""),
        ]
        assert wanted.how_sure == "between 77 % and 92 %; about 5 chances in 6 that it really is above 82 %"
        assert wanted.if_approved == "recommendations with confidence .92 or more may be used for offers, at once"
        assert wanted.track == (
            ("The last 30 days", "5 would have passed; of 3 with a known outcome 2 succeeded (66.7 %)"),
        )
        assert wanted.does_not_change == "MAO, caps, contact rules"
        assert wanted.way_back == "Demote, at once, by anyone on call; by itself if success falls under 82 %"
        assert wanted.confirmation == (
            "From now on WHOLESALE_OFFER's recommendations may be used for real offers. "
            "5 in the last 30 days would have qualified."
        )
        assert wanted.approve_label == "Use in production"
        (chart,) = ready.rows("chart")
        assert chart.thing == "approval:1"
        assert chart.spec["alt"] == "Success above 82 % on 2 of 2 days (26 without a trial), lowest 84 % on 14 November"
        assert chart.spec["lines"] == [{"label": "needs 82 %", "y": 0.82}]
        points = dict(chart.spec["series"][0]["points"])
        assert (len(points), points["2026-11-24"], points["2026-11-23"]) == (28, 75 / 87, None)
        assert wanted.evidence_at == ready.clock()

    def test_it_is_bound_to_the_policy_and_the_model(self, ready: World) -> None:
        trial(ready, model_fingerprint=MODEL)
        scored(ready, 80, 75, model=MODEL)
        request = ask(ready)
        assert ready.approval(request.approval_id).bindings == {"policy": "v1", "model": MODEL}

    @pytest.mark.parametrize(
        ("trials", "successes", "blockers"),
        [(74, 74, ["trials"]), (100, 81, ["success in trials"]), (0, 0, ["trials", "success in trials"])],
    )
    def test_what_does_not_reach_its_thresholds_cannot_be_asked(
        self, world: World, trials: int, successes: int, blockers: list[str]
    ) -> None:
        """The gates are judged when it is asked, each with its figures."""
        if trials:
            scored(world, trials, successes)
        refusal = world.refused(OPERATOR, "heimdall.promote", domain=OFFER, reason="please")
        assert (refusal.layer, refusal.figures["blockers"]) == ("Heimdall", blockers)
        assert world.count("approval") == 0

    def test_whoever_asked_cannot_decide(self, ready: World) -> None:
        ready.hire(OPERATOR, Role.MANAGER)
        request = ask(ready)
        outcome = ready.approve(OPERATOR, request.approval_id)
        assert isinstance(outcome, Refused)
        assert outcome.code == "own_request"
        assert not policy(ready).prod_use_enabled

    def test_what_is_in_production_cannot_be_asked_again(self, ready: World) -> None:
        promote(ready)
        refusal = ready.refused(OPERATOR, "heimdall.promote", domain=OFFER, reason="again")
        assert refusal.code == "nothing_to_do"
        assert "in production already" in refusal.detail

    def test_a_domain_without_a_policy_cannot_be_asked(self, world: World) -> None:
        refusal = world.refused(OPERATOR, "heimdall.promote", domain="NOTHING", reason="x")
        assert "there is no policy for NOTHING" in refusal.detail


class TestDeciding:
    """Approved, and everything that may have changed since it was asked."""

    def test_approved_it_is_used_in_production(self, ready: World) -> None:
        """Policy, history, event and audit all say so, with the evidence it was decided on."""
        request = ask(ready)
        ready.clock.advance(minutes=26)
        assert approve(ready, request.approval_id)["status"] == "approved"
        row = policy(ready)
        assert (row.prod_use_enabled, row.version, row.prod_use_since, row.promoted_at) == (
            True, 2, ready.clock(), ready.clock(),
        )  # fmt: skip
        (event,) = ready.rows("heimdall_event", "kind = 'PROMOTE'")
        assert event.detail == {"trials": 87, "successes": 75, "version": 2}
        (done,) = ready.audit("heimdall.promote", "done")
        assert (done.actor, done.after["approved_by"], done.after["trials"]) == (OPERATOR, MANAGER, 87)
        assert ready.rows("policy_version", "kind = 'heimdall' AND version = 2")[0].changes == {
            "prod_use_enabled": [False, True]
        }

    def test_trials_that_keep_it_passing_are_no_change(self, ready: World) -> None:
        request = ask(ready)
        for success in (True, True, False):
            trial(ready, success=success)
        assert approve(ready, request.approval_id)["status"] == "approved"

    def test_a_scorecard_that_no_longer_passes_is_not_done_with_both_figures(self, ready: World) -> None:
        """Then 75 of 87, now 76 of 95: the approver sees why the click did not count."""
        request = ask(ready)
        for number in range(8):
            trial(ready, success=number == 0)
        found = approve(ready, request.approval_id)
        assert found["status"] == "failed"
        assert found["detail"] == "Then: 75 of 87 (86.2 %). Now: 76 of 95 (80.0 %), under 82 %."
        assert not policy(ready).prod_use_enabled
        assert cards(ready, "approval")[-1]["outcome_detail"] == found["detail"]

    def test_too_few_trials_by_then_is_not_done_with_both_figures(self, ready: World) -> None:
        """The week moved on while nobody decided."""
        request = ask(ready)
        ready.execute("UPDATE heimdall_scorecard SET day = :day WHERE trials = 87", day="2026-11-01")
        trial(ready)
        found = approve(ready, request.approval_id)
        assert found["detail"] == "Then: 87 trials in 7 days. Now: 1 trial in 7 days, under 75."

    def test_a_changed_policy_is_not_done_with_both_versions(self, ready: World) -> None:
        request = ask(ready)
        ready.done(SECOND, "heimdall.policy_set", domain=OFFER, min_confidence_prod=0.94, reason="stricter")
        found = approve(ready, request.approval_id)
        assert (found["status"], found["detail"]) == ("failed", "Then: policy v1. Now: policy v2.")

    def test_a_changed_model_is_not_done_with_both_names(self, ready: World) -> None:
        """Its evidence is about the model it was asked for."""
        ready.execute("UPDATE heimdall_policy SET model_fingerprint = 'old'")
        request = ask(ready)
        trial(ready, model_fingerprint="new")
        found = approve(ready, request.approval_id)
        assert (found["status"], found["detail"]) == ("failed", "Then: model old. Now: model new.")
        assert not policy(ready).prod_use_enabled

    def test_a_demotion_while_a_request_is_open_ends_the_request(self, ready: World) -> None:
        """Asked in the sandbox, put into production alone by an owner, demoted: what was asked for is another thing."""
        request = ask(ready)
        outcome = ready.run(OWNER, "heimdall.promote", domain="BUYER_MATCH", reason="x", break_glass="plane")
        assert isinstance(outcome, Done)
        asked = ready.pending(OPERATOR, "heimdall.promote", domain=OFFER, reason="the same")
        assert asked.joined
        ready.execute("UPDATE heimdall_policy SET prod_use_enabled = true WHERE domain = :d", d=OFFER)
        ready.done(ONCALL, "heimdall.demote", domain=OFFER, reason="no")
        found = approve(ready, request.approval_id)
        assert (found["status"], found["detail"]) == ("failed", "Then: policy v1. Now: policy v2.")
        assert not policy(ready).prod_use_enabled

    def test_a_change_of_the_policy_at_the_same_moment_one_of_the_two_wins(self, postgres_world: World) -> None:
        """An approval paused before its commit holds the policy: the change comes after it, and its request is done."""
        world = postgres_world
        world.switches(live=True)
        scored(world, 87, 75)
        request = ask(world)
        decided, changed = Pause(world, "approvals.approve").until_another_waits(
            lambda: world.approve(MANAGER, request.approval_id),
            lambda: world.run(SECOND, "heimdall.policy_set", domain=OFFER, min_confidence_prod=0.94, reason="stricter"),
        )
        assert decided.result.status == "approved"
        assert isinstance(changed, Done)
        assert (policy(world).version, policy(world).prod_use_enabled) == (3, True)

    def test_an_owner_may_break_the_glass_and_another_manager_signs_it_off(self, world: World) -> None:
        """Alone and against the evidence: allowed, announced, listed."""
        outcome = world.run(OWNER, "heimdall.promote", domain=OFFER, reason="x", break_glass="both are on a plane")
        assert isinstance(outcome, Done)
        (card,) = cards(world, "break_glass", "route:governance")
        assert card["done"] == "WHOLESALE_OFFER is used in production"
        assert len(card["overridden"]) == 2

    def test_without_a_second_person_rule_it_is_done_at_once(self, database_url: str) -> None:
        """Dual control off (development): the gates still hold."""
        world = World(database_url, VALHALLA_DUAL_CONTROL=False)
        world.staff()
        assert world.refused(OPERATOR, "heimdall.promote", domain=OFFER, reason="x").code == "blocked"
        scored(world, 87, 75)
        answer = world.done(OPERATOR, "heimdall.promote", domain=OFFER, reason="x")
        assert (answer.domain, answer.version, answer.approved_by) == (OFFER, 2, None)
        world.close()


class TestDemoting:
    """Back to the sandbox."""

    def test_by_hand_it_is_immediate_and_announced(self, world: World) -> None:
        in_production(world)
        open_one = recommend(world)
        world.clock.advance(hours=3)
        answer = world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="offers in Alberta are off")
        assert (answer.changed, answer.cause, answer.by, answer.open_recommendations) == (True, "by_hand", ONCALL, 1)
        row = policy(world)
        assert (row.prod_use_enabled, row.version, row.prod_use_since, row.promoted_at) == (False, 3, None, None)
        for place in ("route:governance", "route:oncall"):
            (card,) = cards(world, "demoted", place)
            assert (card["reason"], card["version"]) == ("offers in Alberta are off", 3)
        assert open_one

    def test_pressed_again_nothing_changes(self, world: World) -> None:
        in_production(world)
        world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="once")
        before = policy(world)
        again = world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="twice")
        assert not again.changed
        assert policy(world) == before
        assert len(cards(world, "demoted")) == 2

    def test_two_that_demote_at_once_are_one_demotion(self, world: World) -> None:
        in_production(world)
        answers = at_once(
            *(lambda: world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="now") for _ in range(4))
        )
        assert sorted(answer.changed for answer in answers) == [False, False, False, True]
        assert world.count("heimdall_event", "kind = 'DEMOTE'") == 1

    def test_an_operator_cannot_and_is_told_who_can(self, world: World) -> None:
        in_production(world)
        assert world.refused(OPERATOR, "heimdall.demote", domain=OFFER, reason="x").code == "role"

    def test_by_itself_at_once_when_success_falls_under_the_threshold(self, world: World) -> None:
        """The trial that takes it under is the one that takes it back; the card says with which figures."""
        in_production(world)
        answers = [trial(world, success=False) for _ in range(5)]
        assert [answer.demoted for answer in answers] == [False, False, False, False, True]
        (card,) = cards(world, "demoted", "route:oncall")
        assert (card["by"], card["cause"]) == ("system", "success_below_threshold")
        assert card["reason"] == "success fell to 81.5 % (75 of 92 in 7 days), under 82 %"
        assert counted(world) == (92, 75)
        row = policy(world)
        assert (row.prod_use_enabled, row.changed_by) == (False, "system")
        (entry,) = world.audit("heimdall.demote", "done")
        assert (entry.actor, entry.target, card["audit_id"]) == ("system", OFFER, entry.id)

    def test_an_outcome_takes_it_back_too(self, world: World) -> None:
        in_production(world, trials=90, successes=74)
        number = recommend(world)
        answer = world.done(OPERATOR, "heimdall.outcome", recommendation_id=number, success=False)
        assert answer.demoted
        assert not policy(world).prod_use_enabled

    def test_failures_in_the_same_moment_are_seen_by_the_watch(self, world: World) -> None:
        """Twenty at once, of which none sees the others: at the latest a minute later it is back."""
        in_production(world)
        at_once(*(lambda: trial(world, success=False) for _ in range(20)))
        world.system("heimdall.watch")
        assert counted(world) == (107, 75)
        assert not policy(world).prod_use_enabled
        assert world.count("heimdall_event", "kind = 'DEMOTE'") == 1

    @pytest.mark.parametrize("way", ["trial", "recommend"])
    def test_another_model_takes_it_back_at_once(self, world: World, way: str) -> None:
        """What was approved was the other one."""
        in_production(world, model=MODEL)
        more = {"success": True} if way == "trial" else {}
        answer = world.done(
            OPERATOR, f"heimdall.{way}", domain=OFFER, confidence=0.95, model_fingerprint="offer-2026-12", **more
        )
        assert answer.demoted
        (card,) = cards(world, "demoted", "route:governance")
        assert (card["cause"], card["was_model"], card["model_fingerprint"]) == (
            "model_changed",
            MODEL,
            "offer-2026-12",
        )
        refusal = world.refused(OPERATOR, "heimdall.promote", domain=OFFER, reason="the new one is better")
        assert "trials" in refusal.figures["blockers"]

    def test_a_model_named_for_the_first_time_is_another_than_the_one_nobody_named(self, world: World) -> None:
        """Nobody can say that the evidence was about it."""
        in_production(world)
        assert trial(world, model_fingerprint=MODEL).demoted

    def test_the_outcome_of_an_old_models_recommendation_names_no_model(self, world: World) -> None:
        """It is late news of the old one, not a sign that it is back."""
        in_production(world, model="old")
        number = recommend(world, model_fingerprint="old")
        trial(world, model_fingerprint="new")
        scored(world, 90, 88, model="new", days_ago=1)
        promote(world)
        answer = world.done(OPERATOR, "heimdall.outcome", recommendation_id=number, success=False)
        assert not answer.demoted
        assert (policy(world).prod_use_enabled, policy(world).model_fingerprint) == (True, "new")

    def test_after_fourteen_days_without_evidence(self, world: World) -> None:
        """The watch takes it back; a trial a day before begins the days anew."""
        in_production(world)
        world.clock.advance(days=13)
        trial(world)
        world.clock.advance(days=13, hours=23)
        assert world.system("heimdall.watch").demoted == ()
        world.clock.advance(hours=1)
        assert world.system("heimdall.watch").demoted == (OFFER,)
        (card,) = cards(world, "demoted", "route:governance")
        assert (card["cause"], card["by"]) == ("no_evidence", "system")

    def test_the_watch_with_nothing_to_do_leaves_no_trace(self, world: World) -> None:
        in_production(world)
        before = world.snapshot()
        assert world.system("heimdall.watch").demoted == ()
        assert world.snapshot() == before

    def test_after_promotion_too_few_trials_is_only_a_warning(self, world: World) -> None:
        """spec/2: it stays, it is used, and whoever uses it is told."""
        in_production(world)
        world.clock.advance(days=8)
        trial(world)
        assert world.system("heimdall.watch").demoted == ()
        used = world.done(OPERATOR, "heimdall.require", recommendation_id=recommend(world))
        assert used.warnings == ("insufficient_sandbox_trials",)

    def test_demote_works_in_every_state(self, world: World) -> None:
        in_production(world)
        world.switches(live=False, engaged=True)
        assert world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="x").changed


class TestTheCardOfWhatWasPromoted:
    """A decided card keeps no button that cannot work: the demotion's own transaction edits it (spec/cards)."""

    def test_a_demotion_by_hand_is_on_the_card_and_its_copies(self, world: World) -> None:
        """Since when, by whom, why; in every copy that was posted, and nowhere else."""
        in_production(world)
        before = {row.destination for row in world.rows("outbox", "thing = 'approval:1' AND form = 'card'")}
        (approved,) = [card for card in cards(world, "approval", "route:governance") if card["status"] == "approved"]
        assert approved["taken_back"] is None
        last = max(row.id for row in world.rows("outbox"))
        world.clock.advance(hours=3)
        world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="offers in Alberta are off")
        edits = world.rows("outbox", "card = 'approval' AND id > :last", last=last)
        assert {edit.destination for edit in edits} == before == {"route:governance", *(
            f"user:{user}" for user in (OPERATOR, MANAGER, SECOND, OWNER)
        )}  # fmt: skip
        (entry,) = world.audit("heimdall.demote", "done")
        for edit in edits:
            assert edit.thing == "approval:1"
            assert (edit.payload["status"], edit.payload["audit_id"]) == ("approved", entry.id)
            assert edit.payload["taken_back"] == {
                "at": world.clock().isoformat().replace("+00:00", "Z"), "by": ONCALL,
                "reason": "offers in Alberta are off", "now": "WHOLESALE_OFFER is back in the sandbox",
            }  # fmt: skip
        assert world.approval(1).status == "approved"

    def test_a_demotion_by_itself_is_on_it_too(self, world: World) -> None:
        in_production(world)
        for _ in range(5):
            trial(world, success=False)
        last = cards(world, "approval", "route:governance")[-1]
        assert last["taken_back"]["by"] == "system"
        assert last["taken_back"]["reason"] == "success fell to 81.5 % (75 of 92 in 7 days), under 82 %"

    def test_production_use_switched_off_by_its_policy_is_on_it_too(self, world: World) -> None:
        """Whichever way it ends."""
        in_production(world)
        world.done(MANAGER, "heimdall.policy_set", domain=OFFER, prod_use_enabled=False, reason="not this month")
        last = cards(world, "approval", "route:governance")[-1]
        assert (last["taken_back"]["by"], last["taken_back"]["reason"]) == (MANAGER, "not this month")

    def test_pressed_again_nothing_is_edited(self, world: World) -> None:
        in_production(world)
        world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="once")
        before = len(cards(world, "approval"))
        world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="twice")
        assert len(cards(world, "approval")) == before

    def test_a_later_promotion_has_a_card_of_its_own(self, world: World) -> None:
        """The first card stays as its end left it; the second ends with the second demotion."""
        in_production(world)
        world.clock.advance(minutes=1)
        world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="first")
        world.clock.advance(minutes=1)
        second = promote(world)
        world.clock.advance(minutes=1)
        world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="second")
        shown = {card["approval_id"]: card["taken_back"]["reason"] for card in cards(world, "approval")
                 if card["taken_back"]}  # fmt: skip
        assert shown == {1: "first", second: "second"}

    def test_what_an_owner_put_there_alone_leaves_older_cards_as_they_are(self, world: World) -> None:
        """Promoted, demoted, promoted by an owner alone, demoted: the card of the first says when the first ended."""
        in_production(world)
        world.clock.advance(minutes=1)
        world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="first")
        world.clock.advance(minutes=1)
        outcome = world.run(OWNER, "heimdall.promote", domain=OFFER, reason="x", break_glass="plane")
        assert isinstance(outcome, Done)
        world.clock.advance(minutes=1)
        assert world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="second").changed
        ends = [card["taken_back"]["reason"] for card in cards(world, "approval", "route:governance")
                if card["taken_back"]]  # fmt: skip
        assert ends == ["first"]

    def test_an_approval_and_a_demotion_at_the_same_moment_leave_the_end_on_the_card(
        self, postgres_world: World
    ) -> None:
        """The demotion waits for the policy, so its edit is the newer version of the card."""
        world = postgres_world
        world.switches(live=True)
        scored(world, 87, 75)
        request = ask(world)
        _, demoted = Pause(world, "approvals.approve").until_another_waits(
            lambda: world.approve(MANAGER, request.approval_id),
            lambda: world.done(ONCALL, "heimdall.demote", domain=OFFER, reason="no"),
        )
        assert demoted.changed
        assert cards(world, "approval", "route:governance")[-1]["taken_back"]["reason"] == "no"


class TestPolicies:
    """Changing what must be reached."""

    def test_the_seeds(self, world: World) -> None:
        """spec/2, with their history."""
        found = world.done(MANAGER, "heimdall.policies").items
        assert [
            (one.domain, one.min_confidence_prod, one.min_sandbox_trials, one.min_sandbox_success_rate) for one in found
        ] == [
            ("BUYER_MATCH", 0.90, 50, 0.80), ("CAPITAL_ROUTE", 0.95, 100, 0.85),
            ("FOLLOWUP_NEXT_ACTION", 0.90, 60, 0.80), ("WHOLESALE_OFFER", 0.92, 75, 0.82),
        ]  # fmt: skip
        assert all((one.scorecard_days, one.prod_use_enabled, one.version) == (7, False, 1) for one in found)
        assert world.count("policy_version", "kind = 'heimdall'") == 4

    @pytest.mark.parametrize(
        ("change", "asks"),
        [
            ({"min_confidence_prod": 0.94}, False), ({"min_confidence_prod": 0.91}, True),
            ({"min_sandbox_trials": 76}, False), ({"min_sandbox_trials": 74}, True),
            ({"min_sandbox_success_rate": 0.83}, False), ({"min_sandbox_success_rate": 0.81}, True),
            ({"scorecard_days": 14}, True), ({"scorecard_days": 3}, True), ({"prod_use_enabled": True}, True),
            ({"min_confidence_prod": 0.94, "min_sandbox_trials": 74}, True),
        ],
    )  # fmt: skip
    def test_tightening_is_immediate_and_what_loosens_is_asked(
        self, world: World, change: dict[str, Any], asks: bool
    ) -> None:
        """A mixed change loosens."""
        outcome = world.run(MANAGER, "heimdall.policy_set", domain=OFFER, reason="because", **change)
        assert isinstance(outcome, PendingApproval if asks else Done), outcome
        if isinstance(outcome, PendingApproval):
            assert policy(world).version == 1
            assert approve(world, outcome.approval_id, SECOND)["status"] == "approved"
        row = policy(world)
        assert row.version == 2
        assert {name: getattr(row, name) for name in change} == change

    def test_a_request_to_loosen_is_bound_to_the_version(self, world: World) -> None:
        request = world.pending(MANAGER, "heimdall.policy_set", domain=OFFER, min_sandbox_trials=50, reason="x")
        world.done(SECOND, "heimdall.policy_set", domain=OFFER, min_confidence_prod=0.95, reason="y")
        assert approve(world, request.approval_id, SECOND)["detail"] == "Then: policy v1. Now: policy v2."
        assert policy(world).min_sandbox_trials == 75

    def test_for_a_time_it_goes_back_by_itself(self, world: World) -> None:
        until = (world.clock() + timedelta(days=3)).isoformat()
        world.done(MANAGER, "heimdall.policy_set", domain=OFFER, min_confidence_prod=0.97, until=until, reason="audit")
        (found,) = [one for one in world.done(MANAGER, "heimdall.policies").items if one.domain == OFFER]
        assert [(one.field, one.base) for one in found.temporary] == [("min_confidence_prod", 0.92)]
        world.clock.advance(days=2)
        assert world.system("policy.revert").reverted == 0
        world.clock.advance(days=1)
        assert world.system("policy.revert").reverted == 1
        assert (policy(world).min_confidence_prod, policy(world).version) == (0.92, 3)

    def test_a_threshold_that_comes_back_takes_what_lives_below_it_out_of_production(self, world: World) -> None:
        """Lower for three days, promoted meanwhile: when the days are over it does not stay."""
        world.switches(live=True)
        until = (world.clock() + timedelta(days=3)).isoformat()
        request = world.pending(
            MANAGER, "heimdall.policy_set", domain=OFFER, min_sandbox_success_rate=0.7, until=until, reason="pilot"
        )
        approve(world, request.approval_id, SECOND)
        scored(world, 100, 75)
        promote(world)
        world.clock.advance(days=3)
        world.system("policy.revert")
        row = policy(world)
        assert (row.min_sandbox_success_rate, row.prod_use_enabled) == (0.82, False)
        assert cards(world, "demoted", "route:oncall")[0]["cause"] == "success_below_threshold"

    def test_production_use_for_a_time_ends_by_itself_and_never_begins_by_itself(self, world: World) -> None:
        scored(world, 87, 75)
        until = (world.clock() + timedelta(days=1)).isoformat()
        request = world.pending(
            MANAGER, "heimdall.policy_set", domain=OFFER, prod_use_enabled=True, until=until, reason="pilot"
        )
        approve(world, request.approval_id, SECOND)
        refusal = world.refused(
            MANAGER, "heimdall.policy_set", domain=OFFER, prod_use_enabled=False, until=until, reason="a day off"
        )
        assert refusal.code == "never_by_itself"
        world.clock.advance(days=1)
        world.system("policy.revert")
        assert not policy(world).prod_use_enabled

    def test_a_stricter_threshold_takes_what_does_not_reach_it_back_at_once(self, world: World) -> None:
        in_production(world)
        answer = world.done(
            MANAGER, "heimdall.policy_set", domain=OFFER, min_sandbox_success_rate=0.9, reason="stricter"
        )
        assert (answer.demoted, answer.policy.prod_use_enabled) == (True, False)

    def test_a_new_domain_begins_strict_and_in_the_sandbox(self, world: World) -> None:
        answer = world.done(MANAGER, "heimdall.policy_set", domain="lead_score", min_sandbox_trials=10, reason="new")
        found = answer.policy
        assert (found.domain, found.version, found.prod_use_enabled) == ("LEAD_SCORE", 1, False)
        assert (found.min_confidence_prod, found.min_sandbox_trials, found.min_sandbox_success_rate) == (0.95, 10, 0.85)
        assert trial(world, domain="LEAD_SCORE").gate.trials == 1

    def test_two_new_ones_at_once_are_two_versions_of_one(self, world: World) -> None:
        at_once(*(
            lambda n=n: world.run(MANAGER, "heimdall.policy_set", domain="NEW_ONE", min_sandbox_trials=n, reason="x")
            for n in (200, 201)
        ))  # fmt: skip
        assert policy(world, "NEW_ONE").version in {1, 2}
        assert world.count("policy_version", "key = 'NEW_ONE'") == policy(world, "NEW_ONE").version

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"min_confidence_prod": 1.2}, "min_confidence_prod"),
            ({"min_confidence_prod": "nan"}, "min_confidence_prod"),
            ({"min_sandbox_trials": 0}, "min_sandbox_trials"),
            ({"min_sandbox_success_rate": 0}, "min_sandbox_success_rate"),
            ({"scorecard_days": 0}, "scorecard_days"), ({"scorecard_days": 91}, "scorecard_days"),
            ({"until": "2020-01-01"}, "until"), ({"domain": "ALL"}, "domain"), ({"domain": "x y z!"}, "domain"),
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused_by_name(self, world: World, change: dict[str, Any], field: str) -> None:
        given = {"domain": OFFER, "min_confidence_prod": 0.94, "reason": "x", **change}
        assert world.refused(MANAGER, "heimdall.policy_set", **given).field == field
        assert policy(world).version == 1

    def test_a_change_of_nothing_is_refused(self, world: World) -> None:
        for change in ({}, {"min_sandbox_trials": 75}):
            refusal = world.refused(MANAGER, "heimdall.policy_set", domain=OFFER, reason="x", **change)
            assert refusal.code == "nothing_to_change"

    def test_an_owner_sets_up_alone_but_never_into_production(self, world: World) -> None:
        """Before go-live was ever on, an owner's policies take effect at once; production use is asked all the same."""
        world.done(OWNER, "heimdall.policy_set", domain=OFFER, min_sandbox_trials=50, reason="set-up")
        assert policy(world).min_sandbox_trials == 50
        world.pending(OWNER, "heimdall.policy_set", domain=OFFER, prod_use_enabled=True, reason="set-up")


def test_a_change_of_a_policy_in_production_leaves_the_promotion_as_it_was(world: World) -> None:
    """Since when, on its evidence, and for which model: another threshold is no other promotion."""
    world.switches(live=True)
    in_production(world, model=MODEL)
    (before,) = world.rows("heimdall_policy", "domain = :domain", domain=OFFER)
    assert before.promoted_at is not None
    world.clock.advance(hours=3)
    world.done(MANAGER, "heimdall.policy_set", domain=OFFER, min_sandbox_trials=80, reason="a little more")
    (after,) = world.rows("heimdall_policy", "domain = :domain", domain=OFFER)
    assert (after.prod_use_enabled, after.version) == (True, before.version + 1)
    fields = ("prod_use_since", "promoted_at", "prod_model_fingerprint")
    assert [getattr(after, field) for field in fields] == [getattr(before, field) for field in fields]
