"""Asking, deciding, asking back, withdrawing, expiring: the ways that work."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.approvals import rules
from domain.calendar import next_working_noon
from domain.identity import Role, Surface
from domain.operation import ApprovalRule, Checked
from domain.outcomes import Done, PendingApproval, Refused
from domain.registry import build_registry
from tests.domain.approvals.test_forty_ways import word
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, START, STRANGER, Pause, World, at_once

POLICY = "test.policy_set"
TORONTO = ZoneInfo("America/Toronto")
REGISTRY = build_registry()


def _rule(name: str) -> ApprovalRule:  # type: ignore[type-arg]
    rule = REGISTRY[name].approval
    assert rule is not None
    return rule


def cards(world: World, approval_id: int) -> list[dict[str, object]]:
    """The versions of a request's card in the channel, oldest first."""
    where = "thing = :thing AND destination = 'route:governance'"
    return [row.payload for row in world.rows("outbox", where, thing=f"approval:{approval_id}") if row.form == "card"]


def test_a_request_acts_when_a_second_person_approves(world: World) -> None:
    """Asked, shown in governance, approved by another: done once, by the requester, approved by the second."""
    request = world.pending(ONCALL, POLICY, amount="9")
    assert world.acts() == 0
    assert request.can_decide == (MANAGER, OWNER, SECOND)
    assert request.headline == "set thing to 9"
    outcome = world.approve(MANAGER, request.approval_id, note="fine by me")
    assert word(outcome) == "approved"
    assert world.acts() == 1
    row = world.approval(request.approval_id)
    assert (row.status, row.decided_by, row.decided_at, row.note) == ("approved", MANAGER, START, "fine by me")
    (done,) = world.audit(POLICY, "done")
    assert (done.actor, done.after["approved_by"], done.after["approval_id"]) == (ONCALL, MANAGER, row.id)
    (decided,) = world.audit("approvals.approve", "done")
    assert (decided.actor, decided.target, decided.reason) == (MANAGER, f"A-{row.id}", "fine by me")


def test_the_card_is_one_message_edited_to_every_state(world: World) -> None:
    """Pending and approved are two versions of the same thing in governance, with what it is bound to."""
    request = world.pending(ONCALL, POLICY)
    world.approve(MANAGER, request.approval_id)
    pending, approved = cards(world, request.approval_id)
    assert (pending["status"], approved["status"]) == ("pending", "approved")
    assert pending["bound_to"] == {"policy": "7"}
    assert pending["seen"] == world.seen(request.approval_id)


def test_whoever_asked_may_be_joined_and_the_joiner_may_decide(world: World) -> None:
    """A second request for the same is the same request; who joined is another person and may approve."""
    request = world.pending(ONCALL, POLICY)
    joined = world.pending(MANAGER, POLICY)
    assert (joined.approval_id, joined.joined) == (request.approval_id, True)
    assert word(world.approve(MANAGER, request.approval_id)) == "approved"
    assert world.acts() == 1


def test_the_reason_is_no_part_of_what_is_asked(world: World) -> None:
    """The same release with other words joins."""
    world.done(OPERATOR, "killswitch.engage")
    first = world.pending(ONCALL, "killswitch.release", reason="over")
    again = world.pending(MANAGER, "killswitch.release", reason="the templates are fixed")
    assert again.approval_id == first.approval_id
    assert again.joined


def test_other_parameters_supersede(world: World) -> None:
    """The old request ends, says by which it was replaced, and the new one can be approved."""
    old = world.pending(ONCALL, POLICY, amount="1")
    new = world.pending(MANAGER, POLICY, amount="2")
    assert not new.joined
    row = world.approval(old.approval_id)
    assert (row.status, row.replaced_by) == ("superseded", new.approval_id)
    refusal = world.approve(SECOND, old.approval_id)
    assert isinstance(refusal, Refused)
    assert f"A-{new.approval_id}" in refusal.detail
    assert word(world.approve(SECOND, new.approval_id)) == "approved"
    assert [row.market for row in world.rows("kpi_event")] == ["2"]


def test_a_changed_binding_supersedes(world: World) -> None:
    """The same parameters against another version of the world are another request."""
    old = world.pending(ONCALL, POLICY)
    world.facts.bindings = {"policy": "8"}
    new = world.pending(ONCALL, POLICY)
    assert new.approval_id != old.approval_id
    assert world.approval(old.approval_id).status == "superseded"
    assert word(world.approve(MANAGER, new.approval_id)) == "approved"


def test_an_expired_request_is_not_joined(world: World) -> None:
    """Asked again after its time, before any sweep, it is a new request."""
    old = world.pending(ONCALL, POLICY)
    world.clock.advance(days=9)
    new = world.pending(ONCALL, POLICY)
    assert new.approval_id != old.approval_id
    assert [card["status"] for card in cards(world, old.approval_id)] == ["pending", "expired"]
    row = world.approval(old.approval_id)
    assert (row.status, row.replaced_by, row.outcome_detail) == ("expired", None, None)


def test_two_targets_are_two_requests(world: World) -> None:
    """One open request per operation and target."""
    ids = {world.pending(ONCALL, POLICY, thing=thing).approval_id for thing in ("a", "b")}
    assert len(ids) == 2


@pytest.mark.parametrize("amounts", [("1", "1", "1", "1"), ("1", "2", "3", "4")])
def test_asked_at_the_same_moment_there_is_one_open_request(world: World, amounts: tuple[str, ...]) -> None:
    """However many ask at once, one request is open, and everybody got one that asks for what he asked."""
    outcomes = at_once(*[lambda amount=amount: world.run(ONCALL, POLICY, amount=amount) for amount in amounts])
    assert all(isinstance(outcome, PendingApproval) for outcome in outcomes)
    assert world.count("approval", "status = 'pending'") == 1
    for outcome, amount in zip(outcomes, amounts, strict=True):
        assert world.approval(outcome.approval_id).params["amount"] == amount
    assert world.count("approval") == len(set(amounts))


def test_a_gate_that_fails_refuses_the_request_itself(world: World) -> None:
    """Nobody is asked about what cannot be done: the refusal names every gate."""
    world.facts.gates = [
        Checked(name="scorecard", ok=False, detail=".80 of .82"), Checked(name="trials", ok=False, detail="12 of 75"),
        Checked(name="charter", ok=True, detail="there"),
    ]  # fmt: skip
    refusal = world.refused(ONCALL, POLICY)
    assert (refusal.code, refusal.figures["blockers"]) == ("blocked", ["scorecard", "trials"])
    assert ".80 of .82" in refusal.detail
    assert world.count("approval") == 0


def test_a_changed_binding_is_told_with_both_sets_of_figures(world: World) -> None:
    """The approver reads what it was and what it is."""
    request = world.pending(ONCALL, POLICY)
    world.facts.bindings = {"policy": "8"}
    outcome = world.approve(MANAGER, request.approval_id)
    assert isinstance(outcome, Done)
    assert outcome.result.detail == "Then: policy 7. Now: policy 8."  # type: ignore[attr-defined]
    (failed,) = world.audit(POLICY, "failed")
    assert failed.after["detail"] == "Then: policy 7. Now: policy 8."
    assert cards(world, request.approval_id)[-1]["outcome_detail"] == "Then: policy 7. Now: policy 8."


def test_reject_needs_a_reason_and_ends_it(world: World) -> None:
    """Without words no rejection; with them nothing is done and the card says why."""
    request = world.pending(ONCALL, POLICY)
    seen = world.seen(request.approval_id)
    missing = world.refused(MANAGER, "approvals.reject", approval_id=request.approval_id, seen=seen)
    assert (missing.code, missing.field) == ("missing", "reason")
    world.done(MANAGER, "approvals.reject", approval_id=request.approval_id, seen=seen, reason="not before Monday")
    row = world.approval(request.approval_id)
    assert (row.status, row.decided_by, row.note) == ("rejected", MANAGER, "not before Monday")
    assert world.acts() == 0


def test_an_altered_request_can_still_be_rejected(world: World) -> None:
    """The way out of a request that was tampered with."""
    request = world.pending(ONCALL, POLICY)
    world.execute("UPDATE approval SET target = 'x' WHERE id = :id", id=request.approval_id)
    seen = world.seen(request.approval_id)
    world.done(MANAGER, "approvals.reject", approval_id=request.approval_id, seen=seen, reason="tampered")
    (row,) = world.rows("approval")
    assert (row.status, row.decided_by) == ("rejected", MANAGER)


def test_only_the_requester_withdraws(world: World) -> None:
    """Another may reject, never withdraw; a withdrawn request is over."""
    request = world.pending(ONCALL, POLICY)
    assert world.refused(MANAGER, "approvals.withdraw", approval_id=request.approval_id).code == "not_yours"
    world.done(ONCALL, "approvals.withdraw", approval_id=f"A-{request.approval_id}", surface=Surface.CLI)
    assert world.approval(request.approval_id).status == "withdrawn"
    again = world.refused(ONCALL, "approvals.withdraw", approval_id=request.approval_id)
    assert again.code == "already_withdrawn"


def test_a_question_goes_under_the_card_and_decides_nothing(world: World) -> None:
    """`ask` is a reply in the card's thread; the request stays open."""
    request = world.pending(ONCALL, POLICY)
    world.done(MANAGER, "approvals.ask", approval_id=request.approval_id, reason="Alberta too?")
    message = world.rows("outbox")[-1]
    assert (message.card, message.form, message.thing) == ("question", "thread", f"approval:{request.approval_id}")
    assert message.payload["requester"] == ONCALL
    assert world.approval(request.approval_id).status == "pending"


def test_lists_show_open_requests_and_ones_own(world: World) -> None:
    """`/approvals` shows all that are open, `mine` one's own, both with what a click must carry."""
    request = world.pending(ONCALL, POLICY, thing="a")
    world.pending(MANAGER, POLICY, thing="b")
    over = world.pending(MANAGER, POLICY, thing="c")
    world.approve(SECOND, over.approval_id)
    everything = world.done(OPERATOR, "approvals.list")
    assert [line.what for line in everything.items] == ["set a to 1", "set b to 1"]
    mine = world.done(ONCALL, "approvals.mine")
    assert [line.approval_id for line in mine.items] == [request.approval_id]
    assert mine.items[0].seen == world.seen(request.approval_id)


def test_the_sweep_ends_what_is_due_and_nothing_else(world: World) -> None:
    """Expired exactly at its time, its card edited, one audit entry; the others stay open."""
    world.done(OPERATOR, "killswitch.engage")
    short = world.pending(ONCALL, "killswitch.release", reason="over")
    long = world.pending(ONCALL, POLICY)
    world.clock.advance(hours=1, microseconds=-1)
    world.system("approvals.expire")
    assert world.approval(short.approval_id).status == "pending"
    world.clock.advance(microseconds=1)
    world.system("approvals.expire")
    world.system("approvals.expire")
    assert world.approval(short.approval_id).status == "expired"
    assert world.approval(long.approval_id).status == "pending"
    assert [card["status"] for card in cards(world, short.approval_id)] == ["pending", "expired"]
    assert [row.after for row in world.audit("approvals.expire")] == [{"expired": 1}]


def test_two_sweeps_at_once_end_a_request_once(world: World) -> None:
    """The card is edited once, whoever else sweeps."""
    request = world.pending(ONCALL, POLICY)
    world.clock.advance(days=9)
    at_once(*[lambda: world.system("approvals.expire")] * 3)
    assert [card["status"] for card in cards(world, request.approval_id)] == ["pending", "expired"]


@pytest.mark.parametrize("other", ["approvals.reject", "approvals.withdraw"])
def test_approve_and_its_contrary_at_once_have_one_winner(world: World, other: str) -> None:
    """Either it was approved and acted, or it was ended and never acted."""
    request = world.pending(ONCALL, POLICY)
    seen = world.seen(request.approval_id)
    more = {"seen": seen, "reason": "no"} if other == "approvals.reject" else {}
    user = OWNER if other == "approvals.reject" else ONCALL
    outcomes = at_once(
        lambda: world.approve(SECOND, request.approval_id),
        lambda: world.run(user, other, approval_id=request.approval_id, **more),
    )
    assert sorted(isinstance(outcome, Done) for outcome in outcomes) == [False, True]
    won = isinstance(outcomes[0], Done)
    assert world.acts() == int(won)
    assert (world.approval(request.approval_id).status == "approved") is won


@pytest.mark.parametrize("other", ["approve", "reject", "withdraw", "break_glass"])
def test_a_decision_waits_for_the_one_before_it_and_then_loses(postgres_world: World, other: str) -> None:
    """While an approval is open before its commit, another decision waits for it, and then finds it decided."""
    world = postgres_world
    request = world.pending(ONCALL, POLICY)
    seen = world.seen(request.approval_id)
    more: dict[str, str] = {
        "approve": {"seen": seen},
        "reject": {"seen": seen, "reason": "no"},
        "break_glass": {"reason": "no", "type_the_operation": POLICY},
    }.get(other, {})
    user = ONCALL if other == "withdraw" else OWNER

    first, second = Pause(world, "approvals.approve").until_another_waits(
        lambda: world.approve(MANAGER, request.approval_id),
        lambda: world.run(user, f"approvals.{other}", approval_id=request.approval_id, **more),
    )
    assert word(first) == "approved"
    assert isinstance(second, Refused)
    assert second.code == "already_approved"
    assert world.approval(request.approval_id).status == "approved"
    assert world.acts() == 1


def test_approve_of_a_release_and_an_engage_at_once_end_engaged_or_failed(world: World) -> None:
    """Whichever comes first, an engage is never undone by an approval of before: the switch ends engaged."""
    world.done(OPERATOR, "killswitch.engage")
    request = world.pending(ONCALL, "killswitch.release", reason="over")
    approved, _ = at_once(
        lambda: world.approve(MANAGER, request.approval_id),
        lambda: world.run(OPERATOR, "killswitch.engage", reason="again"),
    )
    assert word(approved) in {"approved", "failed"}
    assert world.done(OPERATOR, "golive.state").kill_switch_engaged
    assert world.count("go_live_history", "action = 'release'") == (word(approved) == "approved")


def test_approve_and_revoke_of_the_requester_at_once_leave_no_half(world: World) -> None:
    """Either it acted before the revoke, or it never did."""
    request = world.pending(ONCALL, POLICY)
    outcome, _ = at_once(
        lambda: world.approve(MANAGER, request.approval_id), lambda: world.run(OWNER, "access.revoke", user=ONCALL)
    )
    assert world.acts() == (word(outcome) == "approved")
    assert word(outcome) in {"approved", "failed", "already_withdrawn"}
    assert not world.rows("role_grant", "user_id = 'UONCALL' AND revoked_at IS NULL")


# -- expiry, pure ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expires"),
    [
        ("2026-11-24T15:00", "2026-11-27T15:00"),  # Tuesday: 72 hours
        ("2026-11-26T15:00", "2026-11-29T15:00"),  # Thursday: 72 hours, past Friday noon
        ("2026-11-27T10:00", "2026-11-30T17:00"),  # Friday morning: Monday noon in Toronto is later than 72 hours
        ("2026-12-24T15:00", "2026-12-29T17:00"),  # Christmas Eve: Tuesday noon, since Boxing Day is kept on Monday
        ("2026-11-28T03:30", "2026-12-01T03:30"),  # still Friday evening in Toronto: 72 hours is past Monday noon
    ],
)
def test_a_request_lives_72_hours_and_to_noon_of_the_next_working_day(asked: str, expires: str) -> None:
    """Never less than 72 hours, never before noon (Toronto) of the next working day."""
    now = datetime.fromisoformat(asked).replace(tzinfo=UTC)
    end = rules.expires_at(_rule("golive.enable"), now, TORONTO)
    assert end == datetime.fromisoformat(expires).replace(tzinfo=UTC)


def test_a_release_lives_one_hour_whatever_the_day() -> None:
    """Saturday night too."""
    saturday = datetime(2026, 11, 28, 23, tzinfo=UTC)
    assert rules.expires_at(_rule("killswitch.release"), saturday, TORONTO) == saturday + timedelta(hours=1)


@pytest.mark.parametrize("hour", [0, 4, 5, 12, 23])
def test_the_next_working_noon_is_a_noon_of_a_later_working_day(hour: int) -> None:
    """For a whole year: later than now, noon in Toronto, Monday to Friday, no public holiday of Ontario."""
    for day in range(365):
        now = datetime(2026, 1, 1, hour, tzinfo=UTC) + timedelta(days=day)
        noon = next_working_noon(now, TORONTO).astimezone(TORONTO)
        assert noon > now
        assert (noon.hour, noon.minute) == (12, 0)
        assert noon.weekday() < 5
        assert noon.date() > now.astimezone(TORONTO).date()
        assert (noon.month, noon.day) not in {(1, 1), (7, 1), (12, 25)}


def test_who_became_manager_at_that_very_moment_may_decide() -> None:
    """The rule is “after”: the same instant counts as before."""
    at = datetime(2026, 11, 24, tzinfo=UTC)
    verdicts = [
        rules.judge_decider(
            decider="U2", requester="U1", role=Role.MANAGER, needed=Role.MANAGER, held_since=since, requested_at=at
        )
        for since in (at - timedelta(days=1), at, at + timedelta(microseconds=1), None)
    ]
    assert [verdict is None for verdict in verdicts] == [True, True, False, False]


def test_the_seal_covers_everything_that_is_decided_about() -> None:
    """Any one part changed is another seal."""
    at = datetime(2026, 11, 24, tzinfo=UTC)
    parts: dict[str, object] = {
        "operation": "a.b", "target": "t", "params": {"x": "1"}, "requester": "U1", "bindings": {"v": "1"},
        "decider_role": "manager", "created_at": at, "expires": at, "reason": "r", "wanted": {"what": "w"},
    }  # fmt: skip
    seals = {rules.seal(**parts)}  # type: ignore[arg-type]
    for name, value in parts.items():
        changed = value + timedelta(seconds=1) if isinstance(value, datetime) else f"{value}!"
        seals.add(rules.seal(**{**parts, name: changed}))  # type: ignore[arg-type]
    assert len(seals) == len(parts) + 1


# -- breaking the glass ----------------------------------------------------------------------------


@pytest.mark.parametrize("surface", [Surface.SLACK, Surface.CLI])
def test_an_owner_may_act_alone_loudly(world: World, surface: Surface) -> None:
    """Done at once, announced before everything, audited with the reason, open until another manager signs."""
    world.done(OWNER, POLICY, surface=surface, break_glass="nobody is there")
    assert world.acts() == 1
    (use,) = world.rows("break_glass")
    assert (use.actor, use.operation, use.reason, use.signed_off_by) == (OWNER, POLICY, "nobody is there", None)
    (entry,) = world.audit(POLICY, "done")
    assert (entry.reason, entry.after["break_glass"]) == ("nobody is there", use.id)
    (card,) = [row for row in world.rows("outbox") if row.card == "break_glass"]
    assert (card.priority, card.destination) == (0, "route:governance")
    assert [item.break_glass_id for item in world.done(MANAGER, "approvals.list").unsigned] == [use.id]


def test_break_glass_overrides_gates_and_lists_them(world: World) -> None:
    """What stood in the way is named in the use, the audit and the announcement; a firm gate still refuses."""
    world.facts.gates = [Checked(name="scorecard", ok=False, detail=".80 of .82")]
    world.done(OWNER, POLICY, break_glass="I answer for it")
    (use,) = world.rows("break_glass")
    assert use.overridden == ["scorecard: .80 of .82"]
    assert world.audit(POLICY, "done")[0].after["overridden"] == use.overridden
    card = next(row for row in world.rows("outbox") if row.card == "break_glass")
    assert card.payload["overridden"] == use.overridden
    world.facts.gates = [Checked(name="there", ok=False, detail="there is nothing", waivable=False)]
    assert world.refused(OWNER, POLICY, break_glass="I answer for it").code == "nothing_to_do"
    assert world.acts() == 1


def test_break_glass_on_a_request_ends_it(world: World) -> None:
    """From the ▾ of the card, typing the operation's name: done by the owner, the request superseded."""
    request = world.pending(ONCALL, POLICY, amount="9")
    world.done(
        OWNER, "approvals.break_glass", approval_id=request.approval_id, reason="nobody is there",
        type_the_operation=POLICY,
    )  # fmt: skip
    assert [row.market for row in world.rows("kpi_event")] == ["9"]
    assert world.approval(request.approval_id).status == "superseded"
    assert world.audit(POLICY, "done")[0].actor == OWNER
    assert world.rows("break_glass")[0].approval_id == request.approval_id


def test_break_glass_without_an_approval_rule_is_refused(world: World) -> None:
    """Where nobody has to approve there is no glass."""
    assert world.refused(OWNER, "killswitch.engage", break_glass="x").code == "nothing_to_break"


RAISED = {"engine": "WHOLESALE", "max_open_risk": "900", "reason": "more offers"}
LOWERED = {"engine": "WHOLESALE", "max_open_risk": "100", "reason": "a bad day"}


@pytest.mark.parametrize(("ever_live", "change"), [(True, LOWERED), (False, RAISED), (False, LOWERED)])
def test_where_nobody_else_is_needed_no_glass_is_broken(world: World, ever_live: bool, change: dict[str, str]) -> None:
    """A tighter cap, and an owner's set-up before the first go-live: the ordinary act, whose answer says so."""
    world.switches(ever_live=ever_live)
    outcome = world.run(OWNER, "risk.policy_set", **change, break_glass="nobody is there")
    assert isinstance(outcome, Done)
    assert outcome.remark == "It needed nobody else: no glass was broken, and nothing waits for a sign-off."
    assert world.rows("risk_policy", "engine = 'WHOLESALE'")[0].max_open_risk == int(change["max_open_risk"]) * 100
    assert world.count("break_glass") == 0
    assert [row for row in world.rows("outbox") if row.card == "break_glass"] == []
    (entry,) = world.audit("risk.policy_set", "done")
    assert "break_glass" not in entry.after
    assert entry.after.get("set_up", False) is not ever_live
    ordinary = world.run(OWNER, "risk.policy_set", **{**change, "max_open_risk": "90"})
    assert isinstance(ordinary, Done)
    assert ordinary.remark is None


def test_a_looser_change_after_go_live_still_breaks_the_glass(world: World) -> None:
    """It would need a second person, so it is announced and waits for a signature."""
    world.switches(ever_live=True)
    outcome = world.run(OWNER, "risk.policy_set", **RAISED, break_glass="nobody is there")
    assert isinstance(outcome, Done)
    assert outcome.remark is None
    assert world.count("break_glass") == 1


def test_break_glass_on_a_request_that_its_owner_needs_nobody_for_ends_it_as_done(world: World) -> None:
    """A manager asked before the first go-live; an owner may set that up alone."""
    request = world.pending(MANAGER, "risk.policy_set", **RAISED)
    decided = world.done(
        OWNER, "approvals.break_glass", approval_id=request.approval_id, reason="set-up",
        type_the_operation="risk.policy_set",
    )  # fmt: skip
    assert not decided.headline.startswith("Break glass")
    assert "no glass was broken" in decided.detail
    assert world.approval(request.approval_id).status == "superseded"
    assert world.count("break_glass") == 0
    assert world.rows("risk_policy", "engine = 'WHOLESALE'")[0].max_open_risk == 900_00
    (click,) = world.audit("approvals.break_glass", "done")
    assert click.after["break_glass"] is False


def test_another_manager_signs_it_off(world: World) -> None:
    """One signature, with a word, ends the review; the card is edited."""
    world.done(OWNER, POLICY, break_glass="nobody is there")
    card = world.done(MANAGER, "approvals.signoff", break_glass_id="B-1", note="seen")
    assert (card.signed_off_by, card.note) == (MANAGER, "seen")
    assert world.done(MANAGER, "approvals.list").unsigned == ()
    versions = [row.payload["signed_off_by"] for row in world.rows("outbox") if row.card == "break_glass"]
    assert versions == [None, MANAGER]
    assert world.refused(SECOND, "approvals.signoff", break_glass_id="B-7").code == "no_such_break_glass"


def test_two_signatures_at_once_are_one(world: World) -> None:
    """The second is told who was first."""
    world.done(OWNER, POLICY, break_glass="nobody is there")
    outcomes = at_once(
        *[lambda user=user: world.run(user, "approvals.signoff", break_glass_id="B-1") for user in (MANAGER, SECOND)]
    )
    assert sorted(isinstance(outcome, Done) for outcome in outcomes) == [False, True]


def test_nobody_breaks_glass_on_what_is_asked_for_by_whom_it_is_about(world: World) -> None:
    """An owner who wants it at once gives the role himself; the request stays open."""
    request = world.pending("USTRANGER", "access.request", reason="I start on Monday")
    outcome = world.run(
        OWNER, "approvals.break_glass", approval_id=request.approval_id, type_the_operation="access.request",
        reason="now",
    )  # fmt: skip
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.remedy) == (
        "about_its_requester", "Approve it, or give the role with `/access grant`.",
    )  # fmt: skip
    assert world.approval(request.approval_id).status == "pending"


# -- the owner alone -------------------------------------------------------------------------------


def test_an_owners_set_up_is_listed_on_the_go_live_request(world: World) -> None:
    """What an owner did alone before go-live stands on the card of the request to go live."""
    world.done(OWNER, "access.grant", user="UNEW", role="manager")
    world.done(OWNER, "access.grant", user="UDESK", role="operator")
    world.done(MANAGER, "access.grant", user="UVA", role="operator")
    world.make_ready()
    world.keep_ready()
    request = world.pending(MANAGER, "golive.enable", reason="ready")
    facts = dict(world.approval(request.approval_id).wanted["facts"])
    assert facts["Set up by an owner alone"] == (
        f"Give someone a role, by <@{OWNER}>: manager <@UNEW>; operator <@UDESK>"
    )


def test_set_up_is_over_once_go_live_was_enabled(world: World) -> None:
    """After the first go-live the owner asks like everybody, on and off."""
    world.switches(live=False, ever_live=True)
    assert isinstance(world.run(OWNER, "access.grant", user="UNEW", role="manager"), PendingApproval)
    assert world.audit()[-1].after.get("set_up") is None


def test_an_owner_alone_releases_only_while_there_is_no_second_manager(world: World) -> None:
    """With a second manager the release is asked; alone during set-up it is done and listed; later never."""
    world.done(OPERATOR, "killswitch.engage")
    assert isinstance(world.run(OWNER, "killswitch.release", reason="over"), PendingApproval)
    for user in (MANAGER, SECOND):
        world.fire(user)
    world.done(OWNER, "killswitch.release", reason="over")
    assert world.audit("killswitch.release", "done")[0].after["set_up"] is True
    world.done(OPERATOR, "killswitch.engage")
    world.execute("UPDATE go_live_state SET first_enabled_at = engaged_at")
    assert isinstance(world.run(OWNER, "killswitch.release", reason="over"), PendingApproval)


def test_a_manager_is_no_owner_during_set_up(world: World) -> None:
    """Only the owner sets up alone: a manager alone with an operator still has to ask."""
    for user in (OWNER, SECOND):
        world.fire(user)
    world.done(OPERATOR, "killswitch.engage")
    assert isinstance(world.run(MANAGER, "killswitch.release", reason="over"), PendingApproval)


def test_without_dual_control_in_development_nobody_is_asked_but_gates_hold(sqlite_url: str) -> None:
    """VALHALLA_DUAL_CONTROL=off: it acts at once, unless a gate refuses."""
    world = World(sqlite_url, VALHALLA_DUAL_CONTROL=False)
    world.staff()
    world.done(ONCALL, POLICY)
    world.facts.gates = [Checked(name="scorecard", ok=False, detail=".80 of .82")]
    assert world.refused(ONCALL, POLICY).code == "blocked"
    assert world.acts() == 1
    world.close()


def test_a_strangers_request_is_decided_by_a_manager(world: World) -> None:
    """Ask for access, approve, and the role is there, given by the approver, with a greeting."""
    request = world.pending(STRANGER, "access.request", reason="I start on Monday")
    assert world.refused(OPERATOR, "approvals.approve", approval_id=request.approval_id).code == "role"
    assert word(world.approve(MANAGER, request.approval_id)) == "approved"
    (grant,) = world.rows("role_grant", "user_id = 'USTRANGER'")
    assert (grant.role, grant.granted_by) == ("operator", MANAGER)
    world.done(STRANGER, "golive.state")


def test_a_gate_that_fails_by_then_shows_both_figures(world: World) -> None:
    """What it was when it was asked and what it is now; a gate without a figure is named with its detail."""
    good = Checked(name="success", ok=True, detail="75 of 87, needs 82 %", figure="75 of 87 (86.2 %)")
    plain = Checked(name="worker seen", ok=True, detail="seen")
    world.facts.gates = [good, plain]
    request = world.pending(ONCALL, POLICY)
    world.facts.gates = [
        good.model_copy(update={"ok": False, "detail": "76 of 95 (80.0 %), under 82 %", "figure": "76 of 95 (80.0 %)"}),
        plain.model_copy(update={"ok": False, "detail": "never seen"}),
    ]
    world.approve(MANAGER, request.approval_id)
    assert world.approval(request.approval_id).outcome_detail == (
        "Then: 75 of 87 (86.2 %). Now: 76 of 95 (80.0 %), under 82 %. And worker seen: never seen."
    )
