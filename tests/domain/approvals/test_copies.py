"""Direct copies of a request's card: who gets one, that all are edited together, and that nobody gets more."""

import json

from domain.identity import Role
from domain.outcomes import Done, Refused
from tests.domain.approvals.test_forty_ways import word
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER, SECOND, STRANGER, World, at_once

POLICY = "test.policy_set"
EVERYBODY = {"route:governance", f"user:{MANAGER}", f"user:{OWNER}", f"user:{SECOND}", f"user:{ONCALL}"}


def everybody(told: list[str]) -> dict[str, list[str]]:
    """Each destination was told just this."""
    return dict.fromkeys(EVERYBODY, told)


def copies(world: World, approval_id: int) -> dict[str, list[str]]:
    """The states each destination was told, oldest first."""
    told: dict[str, list[str]] = {}
    for row in world.rows("outbox", "thing = :thing AND form = 'card'", thing=f"approval:{approval_id}"):
        told.setdefault(row.destination, []).append(row.payload["status"])
    return told


def readers(world: World, approval_id: int) -> dict[str, str | None]:
    """Whose copy each destination got."""
    rows = world.rows("outbox", "thing = :thing", thing=f"approval:{approval_id}")
    return {row.destination: row.payload.get("reader") for row in rows}


def test_who_gets_one(world: World) -> None:
    """Everybody who can decide, and whoever asked; nobody else."""
    request = world.pending(ONCALL, POLICY)
    assert set(copies(world, request.approval_id)) == EVERYBODY
    assert readers(world, request.approval_id) == {
        "route:governance": None, f"user:{MANAGER}": "decider", f"user:{OWNER}": "decider",
        f"user:{SECOND}": "decider", f"user:{ONCALL}": "requester",
    }  # fmt: skip


def test_a_manager_who_asks_gets_the_requesters(world: World) -> None:
    """One copy, without a decision on it."""
    request = world.pending(MANAGER, POLICY)
    assert readers(world, request.approval_id)[f"user:{MANAGER}"] == "requester"
    assert len(copies(world, request.approval_id)[f"user:{MANAGER}"]) == 1


def test_all_are_edited_together(world: World) -> None:
    """Each destination hears of the end once, with the same words but for whose copy it is."""
    request = world.pending(ONCALL, POLICY)
    assert word(world.approve(MANAGER, request.approval_id)) == "approved"
    assert copies(world, request.approval_id) == everybody(["pending", "approved"])
    last = [row.payload for row in world.rows("outbox")][-len(EVERYBODY) :]
    bare = {json.dumps({**card, "reader": None, "can_withdraw": True}, sort_keys=True) for card in last}
    assert len(bare) == 1


def test_every_end_reaches_them(world: World) -> None:
    """Rejected, withdrawn, superseded, expired, failed."""
    rejected = world.pending(ONCALL, POLICY, thing="a")
    world.done(
        MANAGER,
        "approvals.reject",
        approval_id=rejected.approval_id,
        seen=world.seen(rejected.approval_id),
        reason="no",
    )
    withdrawn = world.pending(ONCALL, POLICY, thing="b")
    world.done(ONCALL, "approvals.withdraw", approval_id=withdrawn.approval_id)
    superseded = world.pending(ONCALL, POLICY, thing="c", amount="1")
    world.pending(ONCALL, POLICY, thing="c", amount="2")
    failed = world.pending(ONCALL, POLICY, thing="d")
    world.facts.bindings = {"policy": "8"}
    world.approve(MANAGER, failed.approval_id)
    expired = world.pending(ONCALL, POLICY, thing="e")
    world.clock.advance(days=9)
    world.system("approvals.expire")
    for request, end in (
        (rejected, "rejected"), (withdrawn, "withdrawn"), (superseded, "superseded"), (failed, "failed"),
        (expired, "expired"),
    ):  # fmt: skip
        assert copies(world, request.approval_id) == everybody(["pending", end])


def test_who_can_decide_later_gets_none(world: World) -> None:
    """A new manager is told of new requests only, also when an old one is edited."""
    request = world.pending(ONCALL, POLICY)
    world.clock.advance(minutes=1)
    world.hire("ULATE", Role.MANAGER, since=world.clock())
    world.approve(MANAGER, request.approval_id)
    assert set(copies(world, request.approval_id)) == EVERYBODY


def test_whose_role_ended_sees_the_end(world: World) -> None:
    """A copy that stands is kept true, whatever became of its reader."""
    request = world.pending(ONCALL, POLICY)
    world.fire(SECOND)
    world.approve(MANAGER, request.approval_id)
    assert copies(world, request.approval_id)[f"user:{SECOND}"] == ["pending", "approved"]


def test_joining_and_asking_tell_nobody_again(world: World) -> None:
    """A second request for the same, and a question, are no new copies."""
    request = world.pending(ONCALL, POLICY)
    world.pending(MANAGER, POLICY)
    world.done(SECOND, "approvals.ask", approval_id=request.approval_id, reason="Alberta too?")
    assert copies(world, request.approval_id) == everybody(["pending"])


def test_a_copy_that_could_not_be_delivered_is_let_be(world: World) -> None:
    """Dead is dead: an edit would only die again, and be complained about again."""
    request = world.pending(ONCALL, POLICY)
    world.execute("UPDATE outbox SET state = 'dead' WHERE destination = :to", to=f"user:{SECOND}")
    world.approve(MANAGER, request.approval_id)
    assert copies(world, request.approval_id)[f"user:{SECOND}"] == ["pending"]
    assert copies(world, request.approval_id)[f"user:{OWNER}"] == ["pending", "approved"]


def test_a_program_that_asks_gets_none(world: World) -> None:
    """Only people in Slack have direct messages."""
    world.hire("key:dialer", Role.ONCALL)
    request = world.pending("key:dialer", POLICY)
    assert set(copies(world, request.approval_id)) == EVERYBODY - {f"user:{ONCALL}"}


def test_a_strangers_copy_has_nothing_he_could_not_do(world: World) -> None:
    """He cannot take his request back, so his copy does not offer it."""
    request = world.pending(STRANGER, "access.request", reason="Monday", role="operator")
    mine = {row.destination: row.payload for row in world.rows("outbox")}
    assert mine[f"user:{STRANGER}"]["can_withdraw"] is False
    operators = world.pending(OPERATOR, "access.request", reason="more", role="oncall")
    theirs = {
        row.destination: row.payload
        for row in world.rows("outbox", "thing = :thing", thing=f"approval:{operators.approval_id}")
    }
    assert theirs[f"user:{OPERATOR}"]["can_withdraw"] is True
    assert request.approval_id != operators.approval_id


def test_two_clicks_on_two_copies(world: World) -> None:
    """Two managers press at the same moment, each on his own copy: it acts once, the other reads who was first."""
    request = world.pending(ONCALL, POLICY)
    seen = world.seen(request.approval_id)
    outcomes = at_once(
        *[lambda user=user: world.approve(user, request.approval_id, seen=seen) for user in (MANAGER, SECOND)]
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [Done.__name__, Refused.__name__]
    refusal = next(outcome for outcome in outcomes if isinstance(outcome, Refused))
    assert refusal.code == "already_approved"
    assert world.acts() == 1
    assert copies(world, request.approval_id) == everybody(["pending", "approved"])


def told(world: World) -> list[tuple[str, str, str]]:
    """What was said of how requests ended: to whom, in which form, and what became of them."""
    return [(row.destination, row.form, row.payload["status"]) for row in world.rows("outbox", "card = 'decision'")]


def test_whoever_asked_is_told_of_the_end(world: World) -> None:
    """An edited message notifies nobody: a word in the card's thread, and a direct message of its own."""
    request = world.pending(ONCALL, POLICY)
    assert told(world) == []
    world.approve(MANAGER, request.approval_id)
    assert told(world) == [("route:governance", "thread", "approved"), (f"user:{ONCALL}", "card", "approved")]
    thread, direct = world.rows("outbox", "card = 'decision'")
    assert (thread.thing, direct.thing) == (f"approval:{request.approval_id}", None)
    assert (thread.payload["reader"], direct.payload["reader"]) == (None, "requester")


def test_every_end_by_another_is_told(world: World) -> None:
    """Rejected, failed, expired; nobody is told what he did himself."""
    rejected = world.pending(ONCALL, POLICY, thing="a")
    seen = world.seen(rejected.approval_id)
    world.done(MANAGER, "approvals.reject", approval_id=rejected.approval_id, seen=seen, reason="no")
    withdrawn = world.pending(ONCALL, POLICY, thing="b")
    world.done(ONCALL, "approvals.withdraw", approval_id=withdrawn.approval_id)
    failed = world.pending(ONCALL, POLICY, thing="c")
    world.facts.bindings = {"policy": "8"}
    world.approve(MANAGER, failed.approval_id)
    world.pending(ONCALL, POLICY, thing="d")
    world.clock.advance(days=9)
    world.system("approvals.expire")
    direct = [status for to, _form, status in told(world) if to == f"user:{ONCALL}"]
    assert direct == ["rejected", "failed", "expired"]


def test_a_welcome_says_it_already(world: World) -> None:
    """Whoever is greeted in the new role needs no second message about the same."""
    request = world.pending(STRANGER, "access.request", reason="Monday", role="operator")
    world.approve(MANAGER, request.approval_id)
    assert [to for to, _form, _status in told(world)] == ["route:governance"]
    assert world.rows("outbox", "card = 'welcome' AND destination = :to", to=f"user:{STRANGER}")
