"""HTTP mode: the same behaviour as over Socket Mode, and what only requests have: signatures, replays, retries."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
import pytest

from bot.main import run_bot
from bot.slack_double import SlackDouble
from bot.surfaces.slack import http_mode, receiver
from bot.surfaces.slack.http_mode import Address, NotListening, Repeats
from bot.surfaces.slack.manifest import manifest
from domain.database import Unavailable
from domain.registry import build_registry
from domain.settings import Settings, SettingsError
from tests.bot.processes import ROOT, environment
from tests.bot.surfaces.slack import test_buttons, test_commands, test_delivery
from tests.bot.surfaces.slack.desk import PATIENCE, Desk, spoken
from tests.bot.surfaces.slack.http_desk import (
    FORM,
    JSON,
    SECRET,
    HttpDesk,
    command,
    event,
    free_port,
    http_desk,
    signed,
)
from tests.bot.surfaces.slack.test_delivery import Dam, deeds, locked, times_done
from tests.support import MANAGER, ONCALL, OPERATOR, OWNER

ENGAGE = "/killswitch engage drill"


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[HttpDesk]:
    """A bot that Slack reaches over HTTP."""
    with http_desk(sqlite_url) as made:
        yield made


@pytest.fixture(scope="module")
def shared_desk(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDesk]:
    """The same for this module."""
    file = tmp_path_factory.mktemp("desk") / "valhalla.sqlite3"
    shutil.copyfile(_sqlite_template, file)
    with http_desk(f"sqlite:///{file}") as made:
        yield made


@pytest.fixture
def release(desk: HttpDesk) -> Iterator[Desk]:
    """The kill switch is engaged, and somebody on call asks to release it."""
    desk.switches(engaged=True, ever_live=True)
    with desk.relay():
        assert "ASKED" in spoken(desk.type(ONCALL, "/killswitch release the templates are fixed"))
        yield desk


# -- the tests of the surface, over HTTP ----------------------------------------------------------------------


class TestFormsOverHttp(test_commands.TestForms):
    """Forms."""


class TestTypingOverHttp(test_commands.TestTyping):
    """Lines."""


class TestNotUnderstoodOverHttp(test_commands.TestNotUnderstood):
    """Lines that mean nothing here."""


class TestDecidingOverHttp(test_buttons.TestDeciding):
    """A request's card."""


class TestAccessOverHttp(test_buttons.TestAccess):
    """From a stranger to a colleague."""


class TestOutdatedOverHttp(test_buttons.TestOutdated):
    """Presses on what is none of ours."""


class TestTamperedOverHttp(test_buttons.TestTampered):
    """Buttons that carry what they should not."""


class TestApologiesOverHttp(test_delivery.TestApologies):
    """What nobody foresaw."""


# -- signatures -------------------------------------------------------------------------------------------------


class TestSignatures:
    """Nothing is looked at that Slack did not sign a moment ago."""

    BODY = command(ENGAGE)

    @pytest.mark.parametrize(
        ("signing", "changed"),
        [
            ({}, {"X-Slack-Signature": None}),
            ({}, {"X-Slack-Request-Timestamp": None}),
            ({"secret": "another"}, {}),
            ({"age": 301}, {}),
            ({"age": -330}, {}),
            ({"body": BODY + b"&x=1"}, {}),
            ({}, {"X-Slack-Signature": "v0="}),
            ({}, {"X-Slack-Signature": "v1"}),
            ({}, {"X-Slack-Request-Timestamp": "yesterday"}),
            ({}, {"X-Slack-Request-Timestamp": ""}),
            ({}, {"X-Slack-Request-Timestamp": "9" * 400}),
        ],
        ids=[
            "no signature", "no stamp", "secret", "old", "future", "body", "empty", "version", "words", "empty stamp",
            "huge stamp",
        ],
    )  # fmt: skip
    def test_a_bad_one(
        self,
        shared_desk: HttpDesk,
        signing: dict[str, Any],
        changed: dict[str, str | None],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """401 in one line; nothing is dispatched, recorded or logged of it but its size."""
        before, good = shared_desk.snapshot(), signed(**{"body": self.BODY, **signing})
        if changed.get("X-Slack-Signature") == "v1":
            changed = {"X-Slack-Signature": good["X-Slack-Signature"].replace("v0", "v1")}
        headers = {name: value for name, value in {**good, **changed}.items() if value is not None}
        answer = shared_desk.post(self.BODY, headers)
        assert (answer.status_code, answer.text.count("\n")) == (401, 1)
        assert shared_desk.snapshot() == before
        logged = capsys.readouterr().out
        assert "killswitch" not in logged
        assert good["X-Slack-Signature"][3:] not in logged

    @pytest.mark.parametrize("signature", [b"v0=\xff\xfe", b"v0=" + "é".encode()])
    def test_one_that_is_no_text(self, shared_desk: HttpDesk, signature: bytes) -> None:
        """Bytes that no signature holds are a bad signature, not an error."""
        good = {name.encode(): value.encode() for name, value in signed(self.BODY).items()}
        headers = list({**good, b"X-Slack-Signature": signature}.items())
        answer = shared_desk.client.post("/slack/events", content=self.BODY, headers=headers)
        assert answer.status_code == 401

    def test_a_body_that_is_no_text(self, shared_desk: HttpDesk) -> None:
        """Bytes that are no UTF-8 are refused, signed or not."""
        assert shared_desk.send(b"\xff\xfe", FORM).status_code in {400, 401}

    @pytest.mark.parametrize("age", [0, 298, -298])
    def test_a_good_one(self, shared_desk: HttpDesk, age: float) -> None:
        """From five minutes before to five after, the clocks may differ."""
        body = command("/golive", trigger_id=f"good.{age}")
        answer = shared_desk.post(body, signed(body, age=age))
        assert answer.status_code == 200
        assert answer.json()["text"]


class TestUnusable:
    """Signed, and still nothing that anything here takes: 400 in one line, and nothing done."""

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (command(ENGAGE), "text/plain"),
            (command(ENGAGE), "multipart/form-data; boundary=x"),
            (command(ENGAGE), ""),
            (b"", FORM),
            (b"a=1", FORM),
            (b"payload=", FORM),
            (b"payload=%7B", FORM),
            (b"payload=%5B1%5D", FORM),
            (urlencode({"payload": json.dumps({"type": "shortcut", "user": {"id": OWNER}})}).encode(), FORM),
            (urlencode({"payload": json.dumps({"type": ["block_actions"]})}).encode(), FORM),
            (b"", JSON),
            (b"{", JSON),
            (b"[]", JSON),
            (b"[" * 100_000, JSON),
            (b'{"type":"app_rate_limited"}', JSON),
            (b"payload=" + b"x" * http_mode.LARGEST, FORM),
        ],
        ids=range(16),
    )  # fmt: skip
    def test_it_is_refused(self, shared_desk: HttpDesk, body: bytes, content_type: str) -> None:
        """Whatever is wrong with it; Slack is not asked to send it again."""
        before = shared_desk.snapshot()
        answer = shared_desk.send(body, content_type)
        assert (answer.status_code, answer.text.count("\n")) == (400, 1)
        assert answer.headers["x-slack-no-retry"] == "1"
        assert shared_desk.snapshot() == before

    def test_an_event_that_nobody_asked_for(self, shared_desk: HttpDesk) -> None:
        """It is taken and let be: too many failures, and Slack sends no event at all any more."""
        before = shared_desk.snapshot()
        assert shared_desk.send(event("reaction_added"), JSON).status_code == 200
        assert shared_desk.snapshot() == before

    def test_a_body_without_a_length(self, shared_desk: HttpDesk) -> None:
        """A body that comes in pieces is counted as it comes."""
        pieces = (b"x" * 65_536 for _ in range(2 + http_mode.LARGEST // 65_536))
        answer = shared_desk.client.post("/slack/events", content=pieces, headers=signed(b""))
        assert answer.status_code == 400

    def test_a_body_that_does_not_come(self, shared_desk: HttpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever sends half of it is not waited for."""
        monkeypatch.setattr(http_mode, "READ_DEADLINE", 0.1)
        stop = threading.Event()

        def slowly() -> Iterator[bytes]:
            yield b"command="
            stop.wait(PATIENCE)

        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(
                lambda: shared_desk.client.post("/slack/events", content=slowly(), headers=signed(b"command="))
            )
            try:
                shared_desk.wait(lambda: sending.done() or stop.is_set() or _later(stop, 0.5), "an end of it")
            finally:
                stop.set()
            with suppress(httpx.HTTPError):  # the connection was closed under the sender: refused all the same
                assert sending.result(PATIENCE).status_code == 400

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/slack/events", 405), ("POST", "/", 404)])
    def test_other_addresses(self, shared_desk: HttpDesk, method: str, path: str, status: int) -> None:
        """Nothing else is served."""
        assert shared_desk.client.request(method, path).status_code == status

    def test_the_address_is_verified(self, shared_desk: HttpDesk) -> None:
        """Slack asks once whether the address is ours."""
        answer = shared_desk.send(b'{"type":"url_verification","challenge":"3eZbrw1a"}', JSON)
        assert answer.status_code == 200
        assert "3eZbrw1a" in answer.text


def _later(stop: threading.Event, seconds: float) -> bool:
    """Whether the sender has been waiting for so long that it is let go."""
    return not stop.wait(seconds)


# -- twice ------------------------------------------------------------------------------------------------------


class TestTwice:
    """Every request may come twice, at once or later: it acts once and is answered once."""

    def test_a_question_replayed(self, desk: HttpDesk) -> None:
        """The very same request inside the window gets nothing, again and again."""
        body = command("/golive")
        headers = signed(body)
        assert "Production is off" in desk.post(body, headers).json()["text"]
        assert {(answer.status_code, answer.text) for answer in (desk.post(body, headers) for _ in range(3))} == {
            (200, "")
        }

    def test_a_command_replayed(self, desk: HttpDesk) -> None:
        """It acts once, also where it is signed anew, and also long after the receiver forgot it."""
        body = command(ENGAGE)
        assert desk.send(body, FORM).status_code == 200
        desk.settled()
        again = signed(body, age=200)
        assert desk.post(body, again).status_code == 200
        assert desk.post(body, again).text == ""
        assert len(desk.rows("inbox")) == len(desk.audit("killswitch.engage")) == 1

    @pytest.mark.parametrize(
        ("line", "answers"),
        [(ENGAGE, 0), ("/golive", 1), ("/killswitch relase over", 1)],
        ids=["act", "read", "nothing"],
    )
    def test_both_at_once(self, desk: HttpDesk, line: str, answers: int) -> None:
        """It comes twice at the same moment: one answer, one act; the second waits for the first."""
        body = command(line)
        with ThreadPoolExecutor(4) as pool:
            texts = [taken.text for taken in pool.map(lambda _: desk.send(body, FORM), range(4))]
        assert len([text for text in texts if text]) == answers
        desk.settled()
        assert len(desk.audit("killswitch.engage")) == len(desk.rows("inbox")) == (line == ENGAGE)

    def test_clicks(self, desk: HttpDesk) -> None:
        """One act and one answer a click, however many come at once."""
        desk.double.faults.add("duplicate_envelope", times=None)
        presses = deeds(desk, 12)
        with ThreadPoolExecutor(6) as pool:
            assert {outcome.status for outcome in pool.map(lambda press: press(), presses)} == {"ok"}
        desk.settled()
        assert times_done(desk) == {f"thing {number}": 1 for number in range(12)}
        desk.wait(lambda: len(desk.answers(OPERATOR)) >= 12, "the answers")
        assert len(desk.answers(OPERATOR)) == 12

    def test_a_retried_event(self, desk: HttpDesk) -> None:
        """Slack sends an event again although it was taken: it is handled once."""
        for number in range(3):
            body = event()
            more = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"} if number else {}
            assert desk.send(body, JSON, **more).status_code == 200
        desk.wait(lambda: desk.double.calls("views.publish"), "the tab")
        desk.receiver.close()
        assert len(desk.double.calls("views.publish")) == 1

    def test_a_retry_after_a_failure(self, desk: HttpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        """What failed the first time is handled when it comes again."""
        dispatch = desk.sockets.endpoint._app.dispatch
        failures = iter([True, False])

        def fails(request: Any) -> Any:
            if next(failures):
                raise RuntimeError("once")
            return dispatch(request)

        monkeypatch.setattr(desk.sockets.endpoint._app, "dispatch", fails)
        assert desk.send(event(), JSON).status_code == 500
        assert desk.send(event(), JSON, **{"X-Slack-Retry-Num": "1"}).status_code == 200
        desk.wait(lambda: desk.double.calls("views.publish"), "the tab")
        desk.receiver.close()
        assert len(desk.double.calls("views.publish")) == 1

    def test_memory_is_bounded_and_passes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Never more than so many, the oldest go; and after the window none is left."""
        now = [0.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        repeats = Repeats(seconds=600, most=3)
        for name in "abcdef":
            assert repeats.first(name) is None
        assert len(repeats) <= 4
        assert repeats.first("f") is not None
        now[0] = 599.0
        assert repeats.knows("f")
        now[0] = 601.0
        assert repeats.first("f") is None
        assert len(repeats) == 1

    def test_what_is_remembered_outlives_every_signature(self) -> None:
        """From the earliest moment a stamp is good to the latest: ten minutes."""
        assert http_mode.REMEMBERED >= 600


# -- after ------------------------------------------------------------------------------------------------------


class TestAcknowledged:
    """What follows an acknowledgement runs after it was sent, and never without it."""

    def _request(self, desk: HttpDesk, sent: list[str], *, gone: bool = False, fails: bool = False) -> None:
        """Hand the application one request as a server would, and note when each part of the answer is taken."""
        body = command(ENGAGE)
        headers = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]
        scope = {
            "type": "http", "method": "POST", "path": "/slack/events", "headers": headers, "query_string": b"",
            "http_version": "1.1", "scheme": "http", "server": ("x", 1), "client": ("y", 2),
        }  # fmt: skip
        messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
        if gone:
            messages.append({"type": "http.disconnect"})

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop(0)
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            if fails and message["type"] == "http.response.body":
                raise OSError("the line went dead")
            sent.append(message["type"])

        async def serve() -> None:
            endpoint = http_mode.HttpEndpoint(desk.sockets.endpoint._app, SECRET, desk.database)
            await endpoint.application(scope, receive, send)  # type: ignore[arg-type]

        asyncio.run(serve())

    def test_recorded_after_it_was_sent(self, desk: HttpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        """The whole body has been handed over before the acknowledgement is written down."""
        sent: list[str] = []
        confirm, order = desk.receiver._confirm, []

        def confirms(*args: Any) -> None:
            order.append(list(sent))
            confirm(*args)

        monkeypatch.setattr(desk.receiver, "_confirm", confirms)
        self._request(desk, sent)
        desk.settled()
        assert order == [["http.response.start", "http.response.body"]]
        assert [row.state for row in desk.rows("inbox")] == ["done"]

    @pytest.mark.parametrize("how", ["gone", "fails"])
    def test_nobody_took_it(self, desk: HttpDesk, how: str) -> None:
        """Slack hung up before the answer: the row is never run, and its sender is told in a direct message."""
        sent: list[str] = []
        if how == "gone":
            self._request(desk, sent, gone=True)
        else:
            with pytest.raises(OSError, match="the line went dead"):
                self._request(desk, sent, fails=True)
        (row,) = desk.rows("inbox")
        assert (row.state, row.acknowledged_at) == ("received", None)
        desk.clock.advance(seconds=3)
        desk.sweep()
        assert [row.state for row in desk.settled()] == ["refused"]
        assert not desk.audit("killswitch.engage")
        assert [row.card for row in desk.rows("outbox")] == ["not_run"]

    def test_closing_lets_work_end(self, sqlite_url: str) -> None:
        """A bot that is told to stop answers and follows up what it has taken, then takes nothing."""
        with http_desk(sqlite_url) as desk:
            dam, (press,) = Dam(desk), deeds(desk, 1)
            assert press().status == "ok"
            desk.wait(lambda: dam.held, "the deed")
            desk.sockets.close()
            with pytest.raises(httpx.ConnectError):
                desk.client.get("/healthz")
            dam.open()
            desk.receiver.close()
            assert times_done(desk) == {"thing 0": 1}
            assert len(desk.answers(OPERATOR)) == 1


# -- the loop ---------------------------------------------------------------------------------------------------


class TestStarving:
    """Nothing slow keeps what must be quick."""

    def test_a_slow_database_does_not_stop_the_loop(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Forty commands wait for the database; the process answers that it lives, and each is told the truth."""
        monkeypatch.setattr(receiver, "RECORDING_DEADLINE", 1.0)
        line = "/access grant <@UMARIA|maria> operator"
        bodies = [command(line, user=MANAGER, trigger_id=f"slow.{number}") for number in range(40)]
        with http_desk(database_url) as desk:
            with locked(desk), ThreadPoolExecutor(40) as pool:
                typed = [pool.submit(desk.send, body, FORM) for body in bodies]
                slowest = 0.0
                while not all(acted.done() for acted in typed):
                    begun = time.monotonic()
                    assert desk.client.get("/healthz").text == "alive\n"
                    slowest = max(slowest, time.monotonic() - begun)
            answers = [acted.result(PATIENCE) for acted in typed]
            assert slowest < 1.0
            assert {answer.status_code for answer in answers} <= {200, 503}
            assert {answer.json()["text"][:9] for answer in answers if answer.status_code == 200} == {"NOT DONE:"}
            desk.sockets.close()
            desk.receiver.close()
            desk.clock.advance(seconds=3)
            desk.sweep()
            assert {row.state for row in desk.settled()} <= {"refused"}
            assert not desk.audit("access.grant", "done")

    def test_forty_slow_operations(self, pg_url: str) -> None:
        """Forty operations that hang: each is acknowledged, the kill switch and questions work, all end once."""
        with http_desk(pg_url) as desk:
            dam, presses = Dam(desk), deeds(desk, 40)
            try:
                assert {press().status for press in presses} == {"ok"}
                desk.wait(lambda: dam.held == 16, "all the workers")
                assert "KILL SWITCH ENGAGED" in spoken(desk.type(OPERATOR, ENGAGE))
                assert "engaged" in spoken(desk.type(OPERATOR, "/golive"))
            finally:
                dam.open()
            assert {row.state for row in desk.settled()} == {"done"}
            assert times_done(desk) == {f"thing {number}": 1 for number in range(40)}

    def test_what_waited_too_long_is_not_begun(self, desk: HttpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        """Slack has told its sender that it failed: nothing is recorded; sent again, it is taken."""
        monkeypatch.setattr(http_mode, "TOO_LATE", -1.0)
        body = command(ENGAGE)
        assert desk.send(body, FORM).status_code == 503
        assert not desk.rows("inbox")
        monkeypatch.undo()
        assert desk.send(body, FORM).status_code == 200
        assert len(desk.settled()) == 1


# -- the process ------------------------------------------------------------------------------------------------


class TestWatching:
    """What whoever watches over the process is told."""

    def test_it_lives_and_is_ready(self, shared_desk: HttpDesk) -> None:
        """Both, in one line."""
        assert shared_desk.client.get("/healthz").text == "alive\n"
        answer = shared_desk.client.get("/readyz")
        assert (answer.status_code, answer.text) == (200, "ready\n")

    def test_not_ready_without_a_database(self, shared_desk: HttpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        """A database that is away: not ready, though it lives."""

        def away(_work: Any) -> Any:
            raise Unavailable("away")

        monkeypatch.setattr(shared_desk.database, "look", away)
        answer = shared_desk.client.get("/readyz")
        assert (answer.status_code, answer.text.count("\n")) == (503, 1)
        assert shared_desk.client.get("/healthz").status_code == 200

    def test_not_ready_with_a_silent_database(self, shared_desk: HttpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        """A database that says nothing is not waited for."""
        monkeypatch.setattr(http_mode, "READY_DEADLINE", 0.1)
        go_on = threading.Event()
        monkeypatch.setattr(shared_desk.database, "look", lambda _work: go_on.wait(PATIENCE))
        try:
            assert shared_desk.client.get("/readyz").status_code == 503
        finally:
            go_on.set()


class TestStarting:
    """What must be there before it listens."""

    TOKEN: ClassVar = {"SLACK_BOT_TOKEN": "xoxb-1", "VALHALLA_OWNERS": OWNER}

    @pytest.mark.parametrize("secret", [None, "", "  "])
    def test_the_secret_is_needed(self, secret: str | None) -> None:
        """One clear line that names the setting."""
        settings = Settings.model_validate({**self.TOKEN, "SLACK_SIGNING_SECRET": secret})
        with pytest.raises(SettingsError, match=r"^SLACK_SIGNING_SECRET must be set for --http") as raised:
            run_bot(settings, Address("127.0.0.1", free_port()))
        assert "\n" not in str(raised.value)

    def test_the_secret_is_never_shown(self) -> None:
        """Not in the settings' own words."""
        assert SECRET not in repr(Settings.model_validate({"SLACK_SIGNING_SECRET": SECRET}))

    def test_a_taken_port(self, desk: HttpDesk) -> None:
        """One line that names it."""
        second = http_mode.HttpMode(desk.sockets.endpoint, Address("127.0.0.1", desk.sockets.port))
        with pytest.raises(NotListening, match=f"--port {desk.sockets.port} cannot be listened on"):
            second.start()

    def test_nothing_secret_is_logged(self, desk: HttpDesk, capsys: pytest.CaptureFixture[str]) -> None:
        """Neither the secret nor a signature, a token or an address to answer at."""
        body = command(
            ENGAGE, response_url="https://hooks.slack.com/commands/T1/2/recognisable", token="tok-recognisable"
        )
        headers = signed(body)
        desk.post(body, headers)
        desk.post(body, headers)
        desk.post(body, headers | {"Content-Type": "text/plain"})
        desk.post(b"x", headers)
        desk.settled()
        desk.receiver.close()
        logged = "".join(capsys.readouterr())
        assert "http.repeated" in logged
        for secret in (SECRET, headers["X-Slack-Signature"][3:], "recognisable", "xoxb-double"):
            assert secret not in logged

    def test_as_a_process(self, sqlite_url: str, tmp_path: Path) -> None:
        """`valhalla bot --http`: it listens, answers a command, sets the Home tab, and ends well when told."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        settings = Settings.model_validate({})
        options: dict[str, Any] = {
            "request_url": f"{address}/slack/events", "signing_secret": SECRET, "rate_limits": False,
            "manifest": manifest(build_registry(), settings, http=address), "bot_token": "xoxb-1",
        }  # fmt: skip
        with SlackDouble(**options) as double:
            double.add_user("owner", id=OWNER)
            double.add_channel("general", [OWNER, "bot"])
            env = environment(
                tmp_path, DATABASE_URL=sqlite_url, SLACK_API_URL=double.base_url, SLACK_BOT_TOKEN="xoxb-1",
                SLACK_SIGNING_SECRET=SECRET,
            )  # fmt: skip
            arguments = [sys.executable, "-m", "bot.cli", "bot", "--http", "--port", str(port)]
            with (tmp_path / "log").open("wb") as log:
                process = subprocess.Popen(arguments, cwd=ROOT, env=env, stdout=log, stderr=log)
            try:
                _until(lambda: double.command(OWNER, "general", "/golive").status == "ok")
                assert double.open_home(OWNER).status == "ok"
                double.wait_for(lambda: double.home(OWNER), 10.0)
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE) == 0
            finally:
                process.kill()
            assert SECRET not in (tmp_path / "log").read_text()


def _until(check: Callable[[], bool]) -> None:
    """Ask again until it is so; a process that starts is nothing the double hears of."""
    deadline = time.monotonic() + 2 * PATIENCE
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestManifest:
    """The app's manifest for HTTP mode."""

    @pytest.mark.parametrize(
        "url", ["https://bot.example.org", "https://bot.example.org/", " https://bot.example.org/slack/events"]
    )
    def test_every_address_is_the_bots(self, url: str) -> None:
        """Commands, interactivity and events go to one address; Socket Mode is off."""
        made = manifest(build_registry(), Settings.model_validate({}), http=url)
        address = "https://bot.example.org/slack/events"
        assert {each["url"] for each in made["features"]["slash_commands"]} == {address}
        assert made["settings"]["interactivity"] == {"is_enabled": True, "request_url": address}
        asked = made["settings"]["event_subscriptions"]
        assert asked == {"request_url": address, "bot_events": ["app_home_opened", "user_change"]}
        assert made["settings"]["socket_mode_enabled"] is False

    def test_behind_a_path(self) -> None:
        """A proxy may put it under a path of its own."""
        made = manifest(build_registry(), Settings.model_validate({}), http="https://example.org/valhalla")
        assert made["settings"]["interactivity"]["request_url"] == "https://example.org/valhalla/slack/events"

    def test_without_it_nothing_has_an_address(self) -> None:
        """Socket Mode needs none; the Home tab is on either way."""
        made = manifest(build_registry(), Settings.model_validate({}))
        assert "http" not in json.dumps(made)
        assert made["settings"]["socket_mode_enabled"] is True
        assert made["features"]["app_home"]["home_tab_enabled"] is True

    @pytest.mark.parametrize("url", ["", "bot.example.org", "ftp://bot.example.org", "https://", "https://x.org/?a=1"])
    def test_no_address(self, url: str) -> None:
        """One clear line."""
        with pytest.raises(SettingsError, match="is not an address like https://bot"):
            manifest(build_registry(), Settings.model_validate({}), http=url)
