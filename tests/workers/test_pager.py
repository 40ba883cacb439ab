"""Pages by webhook: signed, sent again with the same key, never for what is over, and on time while Slack is away."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from bot.slack_double import SlackDouble
from domain import arrows
from domain.access.tables import Person, RoleGrant
from domain.act import Act, Entry
from domain.alerts.service import raise_alert
from domain.clock import system_clock
from domain.gate import Call
from domain.gate.reading import standing_and_state
from domain.gate.recording import record
from domain.identity import SYSTEM, Caller, Surface
from domain.oncall import pages as ladder_pages
from domain.oncall.phone import Job
from domain.oncall.tables import OncallShift, Page
from domain.outcomes import Done
from tests.workers.harness import stage
from tests.workers.receiver import SECRET, Pager, receiver
from tests.workers.slack import OWNER, Scene, wait_for
from workers.pager import Pager as Sender
from workers.sweep import Sweep

ALICE, BEN = "U0ALICE", "U0BEN"


@pytest.fixture
def hook() -> Iterator[Pager]:
    """A receiver."""
    with receiver() as made:
        yield made
        assert made.problems == []


@pytest.fixture
def paging(database_url: str, double: SlackDouble, hook: Pager) -> Iterator[Scene]:
    """A scene that pages by webhook too, with Alice on call and Ben after her; on both databases."""
    scene = Scene(database_url, double, VALHALLA_PAGE_URL=hook.url, VALHALLA_PAGE_SECRET=SECRET)
    staff(scene)
    yield scene
    scene.close()


def staff(scene: Scene) -> None:
    """Put Alice on call for the next hours, and Ben after her."""
    now = system_clock()
    for user in (ALICE, BEN):
        scene.double.add_user(user.lower(), id=user)
    with scene.database.write() as connection:
        for place, user in enumerate((ALICE, BEN)):
            connection.execute(insert(Person).values(user_id=user, first_seen_at=now))
            connection.execute(
                insert(RoleGrant).values(user_id=user, role="oncall", source="grant", granted_by=OWNER, granted_at=now)
            )
            connection.execute(
                insert(OncallShift).values(
                    user_id=user, kind="once", starts_at=now + timedelta(hours=8 * place - 1),
                    ends_at=now + timedelta(hours=8 * place + 7), set_by=OWNER, set_at=now,
                )
            )  # fmt: skip


def alarm(scene: Scene, key: str = "throttle") -> int:
    """Raise a critical alert as an engine does."""
    with scene.database.write() as connection:
        standing, state = standing_and_state(connection, SYSTEM)
        act = Act(
            connection=connection, now=system_clock(), settings=scene.settings, registry=scene.gate.registry,
            caller=SYSTEM, standing=standing, prime=state, correlation_id=uuid4().hex,
            entry=Entry(actor="system", surface="system", operation="test"),
        )  # fmt: skip
        alert_id = raise_alert(act, key, f"WHOLESALE is throttled: “{key}”", severity="critical")
        record(act)
    return alert_id


def pages(scene: Scene, way: str = "phone") -> list[Any]:
    """The pages by one way, in their order."""
    return [row for row in scene.rows("page") if row.way == way]


def acknowledge(scene: Scene, alert_id: int) -> None:
    """Let Alice answer."""
    outcome = scene.gate.run(Call("alerts.ack", {"alert_id": alert_id}, Caller(ALICE, Surface.SLACK)))
    assert isinstance(outcome, Done)


def due_now(scene: Scene) -> None:
    """Let five minutes have passed."""
    with scene.database.write() as connection:
        for row in connection.execute(select(Page.id, Page.due_at).where(Page.state == "planned")).all():
            earlier = row.due_at - timedelta(minutes=5)
            connection.execute(update(Page).where(Page.id == row.id).values(due_at=earlier))


@pytest.fixture
def sender(paging: Scene, hook: Pager) -> Iterator[Sender]:
    """A pager whose threads are not started: a test sends page by page."""
    made = Sender(paging.gate, hook.url)
    yield made
    made._client.close()


def soon(scene: Scene) -> None:
    """Let the wait between two attempts be over."""
    with scene.database.write() as connection:
        connection.execute(update(Page).where(Page.state == "queued").values(not_before=system_clock()))


def test_a_page_is_signed_and_says_what_is_wrong(paging: Scene, hook: Pager, sender: Sender) -> None:
    """The receiver checks the signature by itself; a second look sends nothing."""
    alert = alarm(paging)
    assert sender.send_one()
    assert not sender.send_one()
    (request,) = hook.requests
    body = request["body"]
    assert (body["alert"], body["person"], body["severity"]) == (f"T-{alert}", ALICE, "critical")
    assert body["headline"] == "WHOLESALE is throttled: “throttle”"
    assert [row.state for row in pages(paging)] == ["sent", "planned", "planned"]
    assert request["key"] == pages(paging)[0].key == body["id"]


def test_another_secret_is_noticed(paging: Scene, hook: Pager) -> None:
    """The receiver of these tests can say no."""
    from pydantic import SecretStr

    settings = paging.settings.model_copy(update={"page_secret": SecretStr("another secret of sixteen")})
    paging.gate.settings = settings
    alarm(paging)
    wrong = Sender(paging.gate, hook.url)
    wrong.send_one()
    wrong._client.close()
    assert hook.problems == ["the signature is wrong"]
    hook.problems.clear()


@pytest.mark.parametrize("answers", [[500], [503, 429], [500, 408, 502]])
def test_no_answer_or_trouble_is_tried_again_with_the_same_key_and_bytes(
    paging: Scene, hook: Pager, sender: Sender, answers: list[int]
) -> None:
    alarm(paging)
    hook.answers = list(answers)
    for _attempt in answers:
        assert sender.send_one()
        assert not sender.send_one()
        assert pages(paging)[0].state == "queued"
        soon(paging)
    assert sender.send_one()
    assert len({request["key"] for request in hook.requests}) == 1
    assert len(set(hook.bodies)) == 1
    assert len(hook.requests) == len(answers) + 1
    assert pages(paging)[0].state == "sent"


@pytest.mark.parametrize(("answers", "attempts"), [([404], 1), ([302], 1), ([500] * 4, 4)])
def test_refused_or_too_often_without_an_answer_the_next_person_is_paged_at_once(
    paging: Scene, hook: Pager, sender: Sender, answers: list[int], attempts: int
) -> None:
    """One warning for the whole way; it pages nobody, so no failure feeds itself."""
    alarm(paging)
    hook.answers = list(answers)
    for _attempt in range(attempts):
        assert sender.send_one()
        soon(paging)
    assert len(hook.requests) == attempts
    first, second, *_rest = pages(paging)
    assert (first.state, second.state) == ("failed", "queued")
    assert sender.send_one()
    assert hook.people == [BEN]
    warning = next(row for row in paging.rows("alert") if row.dedup_key == "page:phone")
    assert (warning.severity, warning.page_round, warning.state) == ("warning", 0, "open")
    card = [row.payload for row in paging.rows("outbox") if row.card == "alert" and row.payload["paged"]][-1]
    assert card["paged"][0]["failed"] == ["phone"]


def test_a_receiver_that_is_away_is_no_crash(paging: Scene, sender: Sender) -> None:
    alarm(paging)
    sender._url = "http://127.0.0.1:9/nobody"
    assert sender.send_one()
    row = pages(paging)[0]
    assert (row.state, row.attempts) == ("queued", 1)
    assert row.error.startswith("ConnectError")


def test_a_receiver_that_dawdles_is_given_up_in_time(paging: Scene, hook: Pager, sender: Sender) -> None:
    """Well within the lease."""
    alarm(paging)
    hook.delay = 1.2
    assert sender.send_one()
    assert pages(paging)[0].state == "queued"
    assert "ReadTimeout" in pages(paging)[0].error


def test_answered_meanwhile_nobody_is_woken(paging: Scene, hook: Pager, sender: Sender) -> None:
    """Neither a page that waits, nor one whose pager died before it said what became of it."""
    first, second = alarm(paging), alarm(paging, "other")
    with paging.database.write() as connection:
        long_ago = system_clock() - timedelta(minutes=1)
        connection.execute(
            update(Page).where(Page.alert_id == second, Page.way == "phone", Page.step == 1)
            .values(state="sending", attempts=1, attempted_at=long_ago)
        )  # fmt: skip
    acknowledge(paging, first)
    acknowledge(paging, second)
    assert not sender.send_one()
    assert hook.requests == []
    assert {row.state for row in pages(paging)} == {"stopped"}


def test_two_pagers_at_once_send_each_page_once(paging: Scene, hook: Pager, sender: Sender) -> None:
    for number in range(6):
        alarm(paging, f"a{number}")
    threads = [threading.Thread(target=lambda: [sender.send_one() for _ in range(8)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hook.requests) == len(hook.keys) == 6


def test_no_page_is_sent_inside_a_transaction(paging: Scene, sender: Sender) -> None:
    with paging.database.write(), pytest.raises(RuntimeError, match="transaction"):
        sender._post(Job(1, 1, "k", b"{}"))


def test_slack_answers_500_and_the_next_person_is_paged_on_time(
    paging: Scene, hook: Pager, double: SlackDouble
) -> None:
    """By the telephone while Slack is down, and in Slack, once each, as soon as it is back."""
    double.faults.add("http_error", "*", times=None, status=500)
    sweep, sender = Sweep(paging.gate, "test"), Sender(paging.gate, hook.url)
    with paging.relay(), running(sweep), running(sender):
        alarm(paging)
        wait_for(lambda: hook.people == [ALICE], what="Alice's page")
        due_now(paging)
        wait_for(lambda: hook.people == [ALICE, BEN], seconds=10, what="Ben's page")
        due_now(paging)
        assert not double.messages("oncall")
        double.faults.clear()
        wait_for(lambda: len(_dms(double, ALICE)) == len(_dms(double, BEN)) == 1, what="the messages in Slack")
        wait_for(lambda: any("NOBODY HAS ANSWERED" in text for text in paging.texts("oncall")), what="the channel")
    assert hook.people == [ALICE, BEN]
    assert len(_dms(double, ALICE)) == len(_dms(double, BEN)) == 1
    wait_for(lambda: all(row.state != "sending" for row in paging.rows("page")))


def test_where_nothing_can_be_delivered_it_comes_to_an_end(paging: Scene, hook: Pager, double: SlackDouble) -> None:
    """The channel archived, both people deactivated, the receiver refusing: the owner is told, and no failure of a
    page or of the alert about it feeds another one.
    """
    double.archive("oncall")
    for user in (ALICE, BEN):
        double.deactivate(user)
    hook.answers = [404] * 50
    sweep, sender = Sweep(paging.gate, "test"), Sender(paging.gate, hook.url)
    with paging.relay(), running(sweep), running(sender):
        alert = alarm(paging)
        wait_for(lambda: len(_dms(double, OWNER)) == 2, what=lambda: f"the owner's pages {_dms(double, OWNER)}")
        wait_for(lambda: not _moving(paging), what=lambda: f"an end of {_moving(paging)}")
        before = len(paging.rows("outbox"))
        time.sleep(3)  # nothing may come any more: only time can tell
        assert len(paging.rows("outbox")) == before
    assert {row.state for row in pages(paging, "slack") if row.alert_id == alert} == {"failed", "sent"}
    assert len(paging.rows("outbox")) < 150
    assert len(paging.rows("alert")) <= 6


def _moving(scene: Scene) -> list[Any]:
    """What is still on its way."""
    messages = [row for row in scene.rows("outbox") if row.state in {"queued", "sending"}]
    return [*messages, *(row for row in scene.rows("page") if row.state in {"planned", "queued", "sending"})]


@contextmanager
def running(part: Sweep | Sender) -> Iterator[None]:
    """Let a part of the worker run meanwhile."""
    part.start()
    try:
        yield
    finally:
        part.stop()


def _dms(double: SlackDouble, user: str) -> list[Any]:
    return [message for message in double.dms(user) if message["text"].startswith("PAGE")]


# -- killed ---------------------------------------------------------------------------------------------------


def _paged_once(url: str, double: SlackDouble, redis_url: str, hook: Pager, arrow: str) -> None:
    with stage(url, double, redis_url=redis_url, VALHALLA_PAGE_URL=hook.url, VALHALLA_PAGE_SECRET=SECRET) as made:
        made.environment |= {"VALHALLA_PAGE_URL": hook.url, "VALHALLA_PAGE_SECRET": SECRET}
        staff(made)
        alarm(made)
        worker = made.start("worker", die_on=arrow)
        worker.wait_died()
        wait_for(lambda: pages(made)[0].state == "sent", what=lambda: f"the page\n{made.logs()}")
        due_now(made)
        wait_for(lambda: pages(made)[1].state == "sent", what=lambda: f"the next page\n{made.logs()}")
        worker.stop()
        assert hook.people == [ALICE, BEN]
        assert len(hook.requests) == (3 if arrow == "page.posted" else 2)


@pytest.mark.parametrize("arrow", arrows.PAGE)
def test_a_page_is_received_once_wherever_the_pager_dies(
    pg_url: str, double: SlackDouble, redis_url: str, hook: Pager, arrow: str
) -> None:
    """On PostgreSQL, on every arrow; after the receiver's yes alone it comes again, with the same key."""
    _paged_once(pg_url, double, redis_url, hook, arrow)


@pytest.mark.parametrize("arrow", ["page.sending", "page.posted"])
def test_a_page_is_received_once_on_sqlite_too(
    sqlite_url: str, double: SlackDouble, redis_url: str, hook: Pager, arrow: str
) -> None:
    """On SQLite, on the two arrows around the call."""
    _paged_once(sqlite_url, double, redis_url, hook, arrow)


def test_one_ladder_that_cannot_move_keeps_no_other(paging: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the program in one alert is logged, and the next person of the other is paged all the same."""
    first, second = alarm(paging), alarm(paging, "other")
    due_now(paging)
    real = ladder_pages.fire_due

    def fire(act: Act, alert: Any, number: int) -> int:
        if alert.id == first:
            raise ZeroDivisionError
        return real(act, alert, number)

    monkeypatch.setattr(ladder_pages, "fire_due", fire)
    Sweep(paging.gate, "test").pages()
    fired = {row.alert_id for row in pages(paging) if row.step == 2 and row.fired_at is not None}
    assert fired == {second}
