"""What becomes of envelopes that come twice, late or never, and of a database or a connection that fails meanwhile."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from slack_bolt import BoltRequest
from slack_sdk import WebClient

from bot.slack_double import Outcome
from bot.surfaces.slack import receiver as receiver_module
from bot.surfaces.slack import socket_mode
from bot.surfaces.slack.listeners import build_app
from bot.surfaces.slack.memory import Memory
from bot.surfaces.slack.pools import RECORDERS
from bot.surfaces.slack.socket_mode import SocketMode
from domain.act import Act
from domain.gate import Call
from domain.inbox import service as inbox
from tests.bot.surfaces.slack.desk import MARIA, PATIENCE, Desk, Message, spoken
from tests.conftest import PrivatePostgres
from tests.support import MANAGER, OPERATOR

DEED = "test.govern_down"
"""A test's operation that any operator may do in every state, as often as he likes."""


def deeds(desk: Desk, number: int) -> list[Callable[[], Outcome]]:
    """As many buttons, each of which does a deed of its own; what presses them."""
    client, presses = WebClient(token="xoxb-double", base_url=desk.double.base_url), []
    for start in range(0, number, 25):
        buttons: list[Message] = [
            {
                "type": "button", "action_id": f"do:{DEED}:{place}", "value": f'{{"thing":"thing {start + place}"}}',
                "text": {"type": "plain_text", "text": f"Press {start + place}"},
            }
            for place in range(min(25, number - start))
        ]  # fmt: skip
        message = client.chat_postMessage(
            channel=desk.place("general"), text="deeds", blocks=[{"type": "actions", "elements": buttons}]
        )
        presses += [_press(desk, message["ts"], button["action_id"]) for button in buttons]
    return presses


def _press(desk: Desk, ts: str, action_id: str) -> Callable[[], Outcome]:
    return lambda: desk.double.click(OPERATOR, "general", ts, action_id)


def times_done(desk: Desk) -> dict[str, int]:
    """How often each deed was done, by the audit."""
    done: dict[str, int] = {}
    for event in desk.audit(DEED, "done"):
        done[event.target] = done.get(event.target, 0) + 1
    return done


class Dam:
    """Holds every deed right before its commit until it is opened."""

    def __init__(self, desk: Desk, operation: str = DEED) -> None:
        self.held = 0
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._operation = operation
        desk.gate.before_commit = self._wait

    def _wait(self, act: Act) -> None:
        if act.entry.operation == self._operation:
            with self._lock:
                self.held += 1
            assert self._open.wait(PATIENCE)

    def open(self) -> None:
        """Let everything go on."""
        self._open.set()


@contextmanager
def locked(desk: Desk) -> Iterator[None]:
    """Nobody can record anything meanwhile, though the database answers questions."""
    with desk.database.write() as connection:
        if not desk.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE inbox IN EXCLUSIVE MODE")
        yield


@pytest.fixture(params=["fan-out", "duplicates", "both"])
def twice(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[Desk]:
    """Every envelope comes twice, over one connection or over two."""
    fanout = request.param != "duplicates"
    with Desk(sqlite_url, connections=2, double={"fanout": fanout}) as desk:
        if request.param != "fan-out":
            desk.double.faults.add("duplicate_envelope", times=None)
        desk.copies = {"fan-out": 2, "duplicates": 2, "both": 4}[request.param]  # type: ignore[attr-defined]
        yield desk


def all_acknowledged(desk: Desk) -> list[dict[str, Any]]:
    """Wait until every delivery of every envelope was acknowledged; return what the later acknowledgements said."""
    copies = desk.copies  # type: ignore[attr-defined]

    def late() -> list[list[dict[str, Any]]]:
        return [envelope["late_acks"] for envelope in desk.double.envelopes()]

    desk.wait(lambda: all(len(acks) == copies - 1 for acks in late()), "every acknowledgement")
    return [ack for acks in late() for ack in acks]


class TestTwice:
    """Every envelope is delivered twice or more: it acts once and is answered once."""

    def test_a_question(self, twice: Desk) -> None:
        """One answer, in the acknowledgement; the second acknowledgement says nothing."""
        assert "Production is off" in spoken(twice.type(OPERATOR, "/golive"))
        assert all_acknowledged(twice) == [{}] * (twice.copies - 1)  # type: ignore[attr-defined]
        assert len(twice.answers(OPERATOR)) == 1

    def test_a_command(self, twice: Desk) -> None:
        """One row, one act, one answer."""
        assert "KILL SWITCH ENGAGED" in spoken(twice.type(OPERATOR, "/killswitch engage drill"))
        assert all_acknowledged(twice)
        assert [row.state for row in twice.settled()] == ["done"]
        assert len(twice.audit("killswitch.engage")) == 1
        assert len(twice.answers(OPERATOR)) == 1

    def test_a_line_that_means_nothing(self, twice: Desk) -> None:
        """One answer."""
        twice.type(OPERATOR, "/killswitch relase over")
        assert all_acknowledged(twice) == [{}] * (twice.copies - 1)  # type: ignore[attr-defined]
        assert len(twice.answers(OPERATOR)) == 1

    def test_a_form(self, twice: Desk) -> None:
        """One form opens; its submission acts once and is answered once."""
        view = twice.type_for_form(MANAGER, "/access grant @maria")
        twice.submit(MANAGER, view, role="operator")
        assert all_acknowledged(twice)
        assert len(twice.double.calls("views.open")) == 1
        assert [row.state for row in twice.settled()] == ["done"]
        assert len(twice.audit("access.grant")) == 1
        assert len(twice.answers(MANAGER)) == 1

    def test_clicks(self, twice: Desk) -> None:
        """One act and one answer a click, however many come at once."""
        presses = deeds(twice, 12)
        with ThreadPoolExecutor(6) as pool:
            outcomes = list(pool.map(lambda press: press(), presses))
        assert {outcome.status for outcome in outcomes} == {"ok"}
        assert all_acknowledged(twice)
        twice.settled()
        assert times_done(twice) == {f"thing {number}": 1 for number in range(12)}
        twice.wait(lambda: len(twice.answers(OPERATOR)) >= 12, "the answers")
        assert len(twice.answers(OPERATOR)) == 12

    def test_an_outdated_button(self, twice: Desk) -> None:
        """One answer."""
        twice.press_planted(OPERATOR, "do:golive.retired", "{}")
        assert all_acknowledged(twice)
        twice.receiver.close()
        assert len(twice.answers(OPERATOR)) == 1


class TestKeys:
    """What makes a second delivery the same one, for whoever gets it and whenever."""

    def test_two_processes(self, sqlite_url: str) -> None:
        """An envelope that reaches two bots is recorded, done and answered by one of them."""
        with Desk(sqlite_url, double={"fanout": True}) as desk:
            desk.copies = 2  # type: ignore[attr-defined]
            receiver, sockets = desk.bot(1)
            desk.double.wait_connected(2)
            try:
                desk.type(OPERATOR, "/killswitch engage drill")
                all_acknowledged(desk)
                assert [row.state for row in desk.settled()] == ["done"]
                assert len(desk.audit("killswitch.engage")) == 1
                assert len(desk.answers(OPERATOR)) == 1
            finally:
                sockets.close()
                receiver.close()

    def test_the_trigger_id_is_the_key(self, desk: Desk) -> None:
        """The same payload once more, long after this process forgot it, does nothing."""
        desk.type(OPERATOR, "/killswitch engage drill")
        (row,) = desk.settled()
        (envelope,) = desk.double.envelopes("slash_commands")
        assert row.trigger_id == envelope["payload"]["trigger_id"]
        assert [item.key for item in desk.rows("idempotency_key")] == [f"slack:{row.trigger_id}"]
        desk.receiver.memory = Memory()
        reply = desk.receiver.on_command(envelope["payload"])
        assert reply.payload is None
        assert reply.after
        reply.after()
        assert len(desk.rows("inbox")) == len(desk.audit("killswitch.engage")) == 1

    def test_the_forms_id_is_the_key(self, desk: Desk) -> None:
        """One form submitted twice, as two envelopes, acts once."""
        view = desk.type_for_form(MANAGER, "/access grant @maria")
        desk.submit(MANAGER, view, role="operator")
        body = desk.double.envelopes("interactive")[-1]["payload"]
        again = desk.receiver.on_submission({**body, "trigger_id": "another"})
        assert again.payload is None
        assert len(desk.settled()) == len(desk.audit("access.grant")) == 1

    def test_a_delayed_envelope(self, desk: Desk) -> None:
        """Slack's own delay changes nothing: done once, answered once."""
        desk.double.faults.add("delay_envelope", seconds=0.3)
        assert "KILL SWITCH ENGAGED" in spoken(desk.type(OPERATOR, "/killswitch engage drill"))
        assert len(desk.audit("killswitch.engage")) == len(desk.answers(OPERATOR)) == 1

    def test_a_lost_envelope(self, sqlite_url: str) -> None:
        """What never arrived is reported by Slack and not done."""
        with Desk(sqlite_url, double={"ack_timeout": 0.3}) as desk:
            desk.double.faults.add("drop_envelope")
            assert desk.double.command(OPERATOR, "general", "/killswitch engage x").status == "operation_timeout"
            assert not desk.rows("inbox")


class TestConnections:
    """Connections end in the midst of a stream of clicks."""

    NUMBER = 48

    def _stream(self, desk: Desk, then: Callable[[], None]) -> dict[str, Outcome]:
        """Press everything, six at a time; do something after a third of it. Return what became of each."""
        presses, pressed = deeds(desk, self.NUMBER), threading.Semaphore(0)

        def press(number: int) -> tuple[str, Outcome]:
            try:
                return f"thing {number}", presses[number]()
            finally:
                pressed.release()

        def meanwhile() -> None:
            for _ in range(self.NUMBER // 3):
                pressed.acquire()
            then()

        interruption = threading.Thread(target=meanwhile)
        interruption.start()
        with ThreadPoolExecutor(6) as pool:
            outcomes = dict(pool.map(press, range(self.NUMBER)))
        interruption.join()
        return outcomes

    @pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
    def test_a_notice_to_go(self, pg_url: str, reason: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Slack refreshes a connection: no click is lost, none is done twice, and both connections are there again."""
        monkeypatch.setattr("bot.surfaces.slack.socket_mode.TOO_LATE", 30.0)  # a busy machine is not what is tried
        with Desk(pg_url, connections=2, double={"ack_timeout": 30.0}) as desk:
            first = desk.double.connections()[0]
            outcomes = self._stream(desk, lambda: desk.double.disconnect(reason, first, close_after=0.3))
            assert {outcome.status for outcome in outcomes.values()} == {"ok"}
            desk.settled()
            assert times_done(desk) == dict.fromkeys(outcomes, 1)
            desk.double.wait_for(lambda: first not in desk.double.connections() and len(desk.double.connections()) == 2)

    def test_a_single_connection_may_be_refreshed(self, pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """With one connection alone, what arrives on the old one until it closes is taken as well."""
        monkeypatch.setattr("bot.surfaces.slack.socket_mode.TOO_LATE", 30.0)
        with Desk(pg_url, double={"ack_timeout": 30.0}) as desk:
            outcomes = self._stream(desk, lambda: desk.double.disconnect("warning", close_after=0.5))
            assert {outcome.status for outcome in outcomes.values()} == {"ok"}
            desk.settled()
            assert times_done(desk) == dict.fromkeys(outcomes, 1)

    def test_severed_sockets(self, pg_url: str) -> None:
        """Cut without a word: whatever Slack saw acknowledged is done once, nothing twice, and both come back."""
        with Desk(pg_url, connections=2, double={"ack_timeout": 1.0}) as desk:
            outcomes = self._stream(desk, desk.double.sever)
            desk.wait(lambda: all(row.acknowledged_at for row in desk.rows("inbox", "state = 'received'")))
            desk.settled()
            done = times_done(desk)
            assert {name for name, outcome in outcomes.items() if outcome.status == "ok"} <= set(done)
            assert set(done.values()) == {1}
            assert desk.wait(lambda: desk.sockets.connected() == 2)

    def test_an_acknowledgement_takes_another_way(self, sqlite_url: str) -> None:
        """The connection an envelope came over ends before its acknowledgement: another one carries it."""
        with Desk(sqlite_url, connections=2) as desk:
            go_on = threading.Event()
            read = desk.receiver.grammar.read

            def slow(command: str, text: str) -> Any:
                desk.double.sever(desk.double.envelopes()[-1]["connections"][0])
                assert go_on.wait(PATIENCE)
                return read(command, text)

            desk.receiver.grammar.read = slow  # type: ignore[method-assign]
            typed = desk.double.fire(OPERATOR, "general", "/golive")
            desk.double.wait_for(lambda: max(desk.double.connections()) > 2)  # the severed one was missed, and replaced
            go_on.set()
            assert typed.result(PATIENCE).status == "ok"

    def test_a_connection_told_to_go_carries_none_where_another_stays(self, sqlite_url: str) -> None:
        """Slack may close it at any moment, and reads no more then."""
        with Desk(sqlite_url, connections=2) as desk:
            go_on, read = threading.Event(), desk.receiver.grammar.read

            def slow(command: str, text: str) -> Any:
                desk.double.disconnect("warning", desk.double.envelopes()[-1]["connections"][0], close_after=PATIENCE)
                assert go_on.wait(PATIENCE)
                return read(command, text)

            desk.receiver.grammar.read = slow  # type: ignore[method-assign]
            typed = desk.double.fire(OPERATOR, "general", "/golive")
            desk.double.wait_for(lambda: max(desk.double.connections()) > 2)  # the notice was taken
            go_on.set()
            assert typed.result(PATIENCE).status == "ok"
            (envelope,) = desk.double.envelopes()
            assert envelope["acknowledged_over"] not in {None, *envelope["connections"]}

    @pytest.mark.parametrize("connections", [1, 2])
    def test_an_acknowledgement_that_nobody_read(self, sqlite_url: str, connections: int) -> None:
        """Sent without an error while its connection ended: it goes once more over another, and counts once."""
        with Desk(sqlite_url, connections=connections) as desk:
            desk.double.faults.add("drop_ack")
            typed = desk.double.fire(OPERATOR, "general", "/killswitch engage drill")
            desk.wait(lambda: not desk.double.faults.in_force(), "the acknowledgement that is lost")
            (envelope,) = desk.double.envelopes()
            desk.double.sever(envelope["connections"][0])
            assert typed.result(PATIENCE).status == "ok"
            assert [row.state for row in desk.settled()] == ["done"]
            (envelope,) = desk.double.envelopes()
            assert envelope["acknowledged_over"] not in {None, *envelope["connections"]}
            desk.wait(lambda: desk.sockets.connected() == connections)

    def test_slack_away_at_the_start(self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A bot that finds no Slack goes on trying, and works once it is there."""
        monkeypatch.setattr(socket_mode, "RETRY", (0.05,))
        with Desk(sqlite_url, connections=0) as desk:
            desk.double.faults.add("away")
            receiver, sockets = desk.bot(1)
            try:
                assert sockets.connected() == 0
                desk.double.faults.clear()
                desk.double.wait_connected(1)
                desk.type(OPERATOR, "/golive")
            finally:
                sockets.close()
                receiver.close()

    def test_an_answer_that_is_no_http(self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever stands in Slack's place and says something else is asked again, until it is Slack."""
        monkeypatch.setattr(socket_mode, "RETRY", (0.05,))
        with Desk(sqlite_url, connections=0) as desk, socket.create_server(("127.0.0.1", 0)) as stranger:
            asked = Event()

            def mumble() -> None:
                while not asked.is_set():
                    link, _ = stranger.accept()
                    with link:
                        link.recv(65_536)
                        link.sendall(b"220 mail.example.org ready\r\n")
                    asked.set()

            there = f"http://127.0.0.1:{stranger.getsockname()[1]}/"
            client = WebClient(token="xoxb-double", base_url=there, timeout=3)
            sockets = SocketMode(build_app(client, desk.receiver), client, "xapp-double", 1)
            with ThreadPoolExecutor(1) as pool:
                mumbling = pool.submit(mumble)
                sockets.start()
                try:
                    assert asked.wait(PATIENCE)
                    client.base_url = desk.double.base_url
                    desk.wait(lambda: sockets.connected() == 1, "a connection")
                finally:
                    sockets.close()
                mumbling.result(PATIENCE)


EVENT = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1"}
BY = {"user": {"id": OPERATOR}, "team": {"id": "T1"}}
UNASKED = {
    "a message": {**EVENT, "event": {"type": "message", "channel": "C1", "user": OPERATOR, "text": "hi", "ts": "1.1"}},
    "a message of a bot": {
        **EVENT, "event": {"type": "message", "subtype": "bot_message", "channel": "C1", "text": "hi", "ts": "1.1"},
    },
    "a changed message": {**EVENT, "event": {"type": "message", "subtype": "message_changed", "channel": "C1"}},
    "a mention": {**EVENT, "event": {"type": "app_mention", "channel": "C1", "user": OPERATOR, "text": "<@U1> hi"}},
    "a closed form": {**BY, "type": "view_closed", "view": {"id": "V1", "type": "modal", "callback_id": "x"}},
    "a shortcut": {**BY, "type": "shortcut", "callback_id": "x", "trigger_id": "t1"},
    "a shortcut on a message": {**BY, "type": "message_action", "callback_id": "x", "trigger_id": "t1"},
    "a menu to fill": {**BY, "type": "block_suggestion", "action_id": "x", "block_id": "b", "value": "a"},
}  # fmt: skip


def test_a_start_warns_of_nothing(
    shared_desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that is used is not said to be ignored, which is what Bolt would say."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-double")
    build_app(WebClient(token="xoxb-double", base_url=shared_desk.double.base_url), shared_desk.receiver)
    assert not [record.getMessage() for record in caplog.records if record.name == "slack_bolt"]


@pytest.mark.parametrize("body", UNASKED.values(), ids=UNASKED)
def test_what_nobody_asked_for_is_acknowledged(shared_desk: Desk, body: dict[str, Any]) -> None:
    """An app with more events than ours sends what nothing here takes; unanswered, it would come again and again."""
    app = build_app(WebClient(token="xoxb-double", base_url=shared_desk.double.base_url), shared_desk.receiver)
    before = shared_desk.count("inbox")
    assert app.dispatch(BoltRequest(mode="socket_mode", body=body)).status == 200
    assert shared_desk.count("inbox") == before


class TestDatabase:
    """A database that is slow or gone."""

    @pytest.fixture(autouse=True)
    def _haste(self, monkeypatch: pytest.MonkeyPatch, _patient: None) -> None:
        monkeypatch.setattr(receiver_module, "RECORDING_DEADLINE", 1.0)

    def _nothing_is_done_later(self, desk: Desk) -> None:
        """Whatever was recorded too late ends refused; nothing acted."""
        desk.clock.advance(seconds=3)
        all_free = threading.Barrier(RECORDERS)  # then whatever waited for the database is recorded
        for free in [desk.receiver.pools.record(all_free.wait) for _ in range(RECORDERS)]:
            free.result(PATIENCE)
        desk.sweep()
        assert {row.state for row in desk.rows("inbox")} <= {"refused"}
        assert not desk.audit("killswitch.engage")
        assert not desk.audit("access.grant")

    def test_a_slow_one(self, database_url: str) -> None:
        """No answer in a second: acknowledged as not recorded, and nothing is done when it recovers."""
        with Desk(database_url) as desk:
            with locked(desk):
                answer = desk.double.command(OPERATOR, "general", "/killswitch engage drill")
                assert answer.message
                assert "This was not recorded, so nothing was done" in spoken(answer.message)
            self._nothing_is_done_later(desk)
            assert "KILL SWITCH ENGAGED" in spoken(desk.type(OPERATOR, "/killswitch engage again"))

    def test_a_slow_one_and_a_form(self, sqlite_url: str) -> None:
        """The submitted form is gone from the screen, so the answer brings it back as it was filled."""
        with Desk(sqlite_url) as desk:
            view = desk.type_for_form(MANAGER, "/access grant @maria")
            with locked(desk):
                answer = desk.submit(MANAGER, view, role="operator", reason="starts on Monday")
            assert "nothing was done" in spoken(answer)
            again = desk.press_for_form(MANAGER, answer, "Open it again…")
            assert "starts on Monday" in str(again)
            assert MARIA in str(again)
            self._nothing_is_done_later(desk)

    def test_a_slow_one_and_many_commands(self, sqlite_url: str) -> None:
        """More commands than there are threads to record them: each hears in time that nothing was done."""
        with Desk(sqlite_url) as desk:
            with locked(desk):
                typed = [desk.double.fire(OPERATOR, "general", f"/killswitch engage {n}") for n in range(20)]
                outcomes = [each.result(PATIENCE) for each in typed]
            assert {outcome.status for outcome in outcomes} == {"ok"}
            assert all("nothing was done" in spoken(outcome.message or {"text": ""}) for outcome in outcomes)
            desk.receiver.pools.record(lambda: None).result(PATIENCE)
            assert desk.count("inbox") <= 8  # what no thread had begun to record is not recorded at all
            self._nothing_is_done_later(desk)

    def test_one_that_is_gone(self, private_postgres: PrivatePostgres) -> None:
        """Without a database commands and questions say so at once, and all is well once it is back."""
        with Desk(private_postgres.url) as desk:
            private_postgres.stop()
            assert "nothing was done" in spoken(desk.type(OPERATOR, "/killswitch engage drill"))
            assert "gives no answer" in spoken(desk.type(OPERATOR, "/golive"))
            view = desk.type_for_form(MANAGER, "/access grant @maria")
            assert "nothing was done" in spoken(desk.submit(MANAGER, view, role="operator"))
            private_postgres.start()
            assert "Production is off" in spoken(desk.type(OPERATOR, "/golive"))
            assert not desk.rows("inbox")
            assert "KILL SWITCH ENGAGED" in spoken(desk.type(OPERATOR, "/killswitch engage drill"))


class TestUnacknowledged:
    """Slack may have told the sender that it failed: then it is not done."""

    def _refused_and_told(self, desk: Desk) -> None:
        with desk.relay():
            desk.wait(lambda: desk.count("inbox"), "its row")
            desk.clock.advance(seconds=3)
            desk.sweep()
            assert [row.state for row in desk.settled()] == ["refused"]
            told: Message = desk.wait(lambda: desk.double.dms(OPERATOR), "a direct message")[0]
        assert "NOT DONE" in spoken(told)
        assert "/killswitch engage drill" in spoken(told)
        assert not desk.audit("killswitch.engage")

    def test_no_acknowledgement_left(self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Recorded, but no connection took the acknowledgement: refused after two seconds, and its sender is told."""
        with Desk(sqlite_url, double={"ack_timeout": 0.3}) as desk:

            def lost(*_: Any) -> None:
                raise ConnectionError

            monkeypatch.setattr(desk.sockets, "_acknowledge", lost)
            outcome = desk.double.command(OPERATOR, "general", "/killswitch engage drill")
            assert outcome.status == "operation_timeout"
            self._refused_and_told(desk)

    def test_an_acknowledgement_that_took_too_long(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """Acknowledged more than two seconds after its receipt: nobody runs it, and its sender is told."""

        def crossed(arrow: str) -> None:
            if arrow == "inbox.acknowledged":
                desk.clock.advance(seconds=2)

        confirmed: list[bool] = []
        confirm = inbox.confirm_acknowledged

        def confirming(*given: Any) -> bool:
            confirmed.append(confirm(*given))
            return confirmed[-1]

        monkeypatch.setattr(receiver_module, "cross", crossed)
        monkeypatch.setattr(inbox, "confirm_acknowledged", confirming)
        assert desk.double.command(OPERATOR, "general", "/killswitch engage drill").status == "ok"
        desk.wait(lambda: confirmed)
        assert confirmed == [False]
        self._refused_and_told(desk)

    def test_an_envelope_that_waited(self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What waited here so long that Slack gives it up is neither acknowledged nor done."""
        monkeypatch.setattr(socket_mode, "TOO_LATE", -1.0)
        with Desk(sqlite_url, double={"ack_timeout": 0.3}) as desk:
            assert desk.double.command(OPERATOR, "general", "/killswitch engage x").status == "operation_timeout"
            assert not desk.rows("inbox")


class TestStarving:
    """Nothing slow keeps what must be quick."""

    def test_forty_slow_operations(self, pg_url: str) -> None:
        """Forty operations that hang: each is acknowledged, the kill switch, questions and forms work, all end once."""
        with Desk(pg_url, connections=2) as desk:
            dam, presses = Dam(desk), deeds(desk, 40)
            try:
                assert {press().status for press in presses} == {"ok"}
                desk.wait(lambda: dam.held == 16, "all the workers")
                assert "KILL SWITCH ENGAGED" in spoken(desk.type(OPERATOR, "/killswitch engage drill"))
                assert "engaged" in spoken(desk.type(OPERATOR, "/golive"))
                assert desk.type_for_form(MANAGER, "/access grant @maria")
                assert not times_done(desk)
                desk.wait(lambda: all(row.acknowledged_at for row in desk.rows("inbox")), "every confirmation")
                desk.clock.advance(seconds=3)
            finally:
                dam.open()
            assert {row.state for row in desk.settled()} == {"done"}
            assert times_done(desk) == {f"thing {number}": 1 for number in range(40)}

    def test_forms_that_slack_is_slow_to_open(self, desk: Desk) -> None:
        """More forms waiting for Slack than there are threads for them do not keep the kill switch waiting."""
        desk.double.faults.add("delay_before", "views.open", times=None, seconds=1.0)
        typed = [desk.double.fire(MANAGER, "general", "/access grant @maria") for _ in range(24)]
        desk.type(OPERATOR, "/killswitch engage drill")
        assert len(desk.double.calls("views.open")) < 24
        assert {each.result(PATIENCE).status for each in typed} == {"ok"}

    def test_a_slow_question(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """A question that takes longer than an acknowledgement may is acknowledged, and its answer follows."""
        monkeypatch.setattr(receiver_module, "READING_DEADLINE", 0.1)
        go_on, run = threading.Event(), desk.gate.run

        def slow(call: Call) -> Any:
            assert go_on.wait(PATIENCE)
            return run(call)

        monkeypatch.setattr(desk.gate, "run", slow)
        first = desk.double.command(OPERATOR, "general", "/golive")
        assert "the answer follows" in spoken(first.message or {"text": ""})
        go_on.set()
        desk.wait(lambda: "Production is off" in spoken(desk.answers(OPERATOR)[-1]), "the answer")

    def test_closing_lets_work_end(self, sqlite_url: str) -> None:
        """A bot that is told to stop finishes what it began, and answers."""
        with Desk(sqlite_url) as desk:
            dam, (press,) = Dam(desk), deeds(desk, 1)
            assert press().status == "ok"
            desk.wait(lambda: dam.held)

            def close() -> None:
                desk.sockets.close()
                desk.receiver.close()

            closing = threading.Thread(target=close)
            closing.start()
            desk.double.wait_for(lambda: not desk.double.connections())
            assert closing.is_alive()
            dam.open()
            closing.join(PATIENCE)
            assert times_done(desk) == {"thing 0": 1}
            assert len(desk.answers(OPERATOR)) == 1


class TestApologies:
    """What nobody foresaw is said, with a reference that the log has."""

    @pytest.mark.parametrize("how", ["command", "press", "form", "submission"])
    def test_something_broken(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
    ) -> None:
        """However it was sent: an apology for its sender, and the cause in the log under the same reference."""
        view = desk.type_for_form(MANAGER, "/access grant @maria") if how == "submission" else {}

        def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("nobody foresaw this")

        monkeypatch.setattr(receiver_module, "form_view" if how == "form" else "parse", broken)
        if how == "command":
            answer = desk.type(MANAGER, "/access grant @maria operator")
        elif how == "press":
            answer = desk.press_planted(MANAGER, f"do:{DEED}", "{}")
        elif how == "form":
            answer = desk.press_planted(MANAGER, "form:access.grant", "{}")
        else:
            answer = desk.submit(MANAGER, view, role="operator")
        assert "Something went wrong here, and nothing was changed" in spoken(answer)
        reference = spoken(answer).rsplit("ref ", 1)[1][:8]
        logged = capsys.readouterr().out
        assert reference in logged
        assert "nobody foresaw this" in logged

    def test_an_operation_that_breaks(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """An operation that raises changes nothing, ends its row, and its sender gets the apology."""

        def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("nobody foresaw this")

        monkeypatch.setattr("domain.access.service.grant", broken)
        answer = desk.type(MANAGER, "/access grant @maria operator")
        assert "Something went wrong here" in spoken(answer)
        assert [row.state for row in desk.settled()] == ["refused"]
        assert not desk.audit("access.grant")


def test_an_answer_that_comes_too_late_for_its_address(desk: Desk) -> None:
    """Where Slack takes no answer at the address any more, it comes as a direct message, once."""
    desk.double.faults.add("refuse", "response_url", error="expired_url", times=None)
    (press,) = deeds(desk, 1)
    press()
    told: Message = desk.wait(lambda: desk.double.dms(OPERATOR), "a direct message")[0]
    assert spoken(told)
    assert len(desk.answers(OPERATOR)) == 1
