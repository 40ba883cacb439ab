"""The control routes, the live feed, the state file, HTTP mode, and where the double refuses to run."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from slack_bolt import Ack, App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack_double import MayNotRun, SlackDouble
from tests.bot.slack_double.conftest import START, bolt, client_of, peopled, section

JsonDict = dict[str, Any]


@pytest.fixture
def control(double: SlackDouble) -> Iterator[httpx.Client]:
    """An HTTP client of the control routes."""
    with httpx.Client(base_url=double.control_url) as client:
        yield client


class TestControl:
    def test_acting_and_reading(self, double: SlackDouble, control: httpx.Client) -> None:
        """A command over HTTP gives the outcome; readings give what a viewer sees."""

        def register(app: App) -> None:
            @app.command("/gov")
            def gov(ack: Ack) -> None:
                ack(text="hi")

        with bolt(double, register):
            body = {"user": "alice", "channel": "general", "text": "/gov x"}
            outcome = control.post("command", json=body).json()
        assert (outcome["status"], outcome["message"]["text"]) == ("ok", "hi")
        seen = control.get("messages", params={"channel": "general", "viewer": "alice"}).json()["result"]
        assert [m["text"] for m in seen] == ["hi"]
        assert control.get("messages", params={"channel": "general", "viewer": "bob"}).json() == {"result": []}

    @pytest.mark.parametrize("query", [{"viewer": "nobody"}, {"viewer": "@"}, {"viewer": "alice", "after": "x"}])
    def test_watching_as_nobody(self, control: httpx.Client, query: dict[str, str]) -> None:
        """A viewer who is not here, or a stamp that is none, is said so; nothing is streamed."""
        answer = control.get("events", params=query)
        assert answer.status_code == 400
        assert answer.json()["error"]

    def test_setting_the_scene(self, double: SlackDouble, control: httpx.Client) -> None:
        """People, faults and time."""
        user = control.post("add_user", json={"name": "carol"}).json()["result"]["id"]
        assert user in [u["id"] for u in control.get("users").json()["result"]]
        control.post("add_fault", json={"kind": "refuse", "method": "auth.test", "error": "fatal_error"})
        assert control.get("faults").json()["result"][0]["error"] == "fatal_error"
        control.post("clear_faults", json={})
        assert control.post("advance", json={"seconds": 60}).json()["result"] == "2026-11-24T15:01:00+00:00"
        assert (double.now() - START).total_seconds() == 60

    def test_mistakes(self, control: httpx.Client) -> None:
        """An unknown verb, argument or person is told; anything but JSON is refused."""
        assert control.post("fly", json={}).status_code == 404
        assert control.post("advance", json={"minutes": 1}).status_code == 400
        assert control.post("open_home", json={"user": "nobody"}).json() == {"error": "no user nobody"}
        assert control.post("advance", content=b'{"seconds": 1}').status_code == 415
        assert control.get("events", params={"viewer": "nobody"}).status_code == 400
        assert control.get("status", headers={"Host": "evil.example"}).status_code == 400

    def test_live_feed(self, double: SlackDouble, control: httpx.Client, client: WebClient) -> None:
        """Each viewer follows what he may see, with ids, and can go on where he left off."""
        with control.stream("GET", "events", params={"viewer": "bob"}) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(": following")
            client.chat_postEphemeral(channel="C0GENERAL", user="U0ALICE", text="for alice")
            client.chat_postMessage(channel="C0GENERAL", text="for all")
            found = _event(lines)
        assert (found["event"], json.loads(found["data"])["message"]["text"]) == ("message", "for all")
        client.chat_postMessage(channel="C0GENERAL", text="later")
        with control.stream("GET", "events", headers={"Last-Event-ID": found["id"]}) as stream:
            lines = stream.iter_lines()
            next(lines)
            assert json.loads(_event(lines)["data"])["message"]["text"] == "later"


def _event(lines: Iterator[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        if not line and found:
            return found
        name, _, value = line.partition(": ")
        if name:
            found[name] = value
    raise AssertionError("the feed ended")


def test_stopping_ends_what_is_under_way() -> None:
    """Nobody waits for ever for a double that has gone."""
    double = peopled(SlackDouble(ack_timeout=60)).start()
    double.faults.add("drop_envelope")
    fired = double.fire("alice", "general", "/gov x")
    double.wait_for(double.envelopes)
    double.stop()
    assert fired.result(1).status == "dispatch_failed"


class TestState:
    def test_survives_a_restart(self, tmp_path: Path) -> None:
        """People, channels, messages, threads, metadata, files and Home tabs are there again; ephemerals are not."""
        state = tmp_path / "slack.sqlite"
        with peopled(SlackDouble(state=state)) as double:
            client = client_of(double)
            metadata = {"event_type": "x", "event_payload": {"id": 1}}
            ts = client.chat_postMessage(channel="general", text="a", blocks=[section("a")], metadata=metadata)["ts"]
            client.chat_postMessage(channel="general", text="b", thread_ts=ts)
            client.chat_delete(channel="C0GENERAL", ts=client.chat_postMessage(channel="general", text="c")["ts"])
            client.chat_postEphemeral(channel="C0GENERAL", user="U0ALICE", text="e")
            client.files_upload_v2(channel="C0GENERAL", content=b"\x00\xff", filename="x.png")
            client.views_publish(user_id="U0ALICE", view={"type": "home", "blocks": [section("h")]})
            before = (double.messages("general"), double.thread("general", ts), double.home("alice"), double.users())
        with SlackDouble(state=state) as double:
            after = (double.messages("general"), double.thread("general", ts), double.home("alice"), double.users())
            assert (after[1:], len(after[0])) == (before[1:], 2)
            path = after[0][1]["files"][0]["id"]
            assert httpx.get(double.control_url.replace("control/", f"files/{path}")).content == b"\x00\xff"
            assert client_of(double).chat_postMessage(channel="general", text="d")["ts"] > ts


class TestRunning:
    def test_not_in_production(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not start where it could be mistaken for Slack."""
        monkeypatch.setenv("VALHALLA_ENV", "production")
        with pytest.raises(MayNotRun, match="VALHALLA_ENV=production"):
            SlackDouble().start()

    def test_on_this_machine_only(self) -> None:
        """It binds no address that others can reach, and no port that is taken."""
        with pytest.raises(MayNotRun, match=r"not 0\.0\.0\.0"):
            SlackDouble(host="0.0.0.0")  # noqa: S104 that is the test
        with SlackDouble() as double, pytest.raises(MayNotRun, match="cannot have port"):
            SlackDouble(port=int(double.control_url.split(":")[2].split("/")[0])).start()

    def test_as_a_process(self) -> None:
        """One line says where it is, and SIGTERM ends it; in production one line says why not."""
        command = [sys.executable, "-m", "bot.slack_double", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            address = process.stdout.readline().removeprefix("Slack double: ").strip()
            try:
                status = httpx.get(address.replace("api/", "control/status")).json()["result"]
            finally:
                process.terminate()
            assert status["connections"] == []
            process.wait(5)
        refused = subprocess.run(
            command, env={"VALHALLA_ENV": "production"}, capture_output=True, text=True, check=False, cwd=Path.cwd()
        )
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


class TestHttpMode:
    @pytest.fixture
    def request_url(self, double: SlackDouble) -> Iterator[str]:
        """A Bolt app behind an HTTP server, checking signatures."""
        app = App(client=client_of(double), signing_secret="shared")
        handler = SlackRequestHandler(app)

        @app.command("/gov")
        def gov(ack: Ack, command: JsonDict) -> None:
            ack(text=command["text"])

        async def events(request: Request) -> Response:
            return await handler.handle(request)

        routes = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(routes, port=0, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        double.wait_for(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/slack/events"
        server.should_exit = True
        thread.join()

    def test_signed_requests(self, request_url: str) -> None:
        """The same command as a signed request; a wrong secret is refused by the app."""
        with peopled(SlackDouble(request_url=request_url, signing_secret="shared")) as double:
            outcome = double.command("alice", "general", "/gov over http")
            assert outcome.message is not None
            assert outcome.message["text"] == "over http"
        with peopled(SlackDouble(request_url=request_url, signing_secret="other")) as double:
            assert double.command("alice", "general", "/gov x").status == "dispatch_failed"

    def test_nobody_there(self) -> None:
        """An app that cannot be reached is told apart from a slow one."""
        with peopled(SlackDouble(request_url="http://127.0.0.1:9/")) as double:
            assert double.command("alice", "general", "/gov x").status == "dispatch_failed"
