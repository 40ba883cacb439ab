"""A desk whose bot is reached over HTTP, and requests as Slack would sign them."""

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from slack_sdk import WebClient

from bot.slack_api import SlackApi
from bot.slack_double.http_delivery import HttpDelivery
from bot.surfaces.slack.answers import Answers
from bot.surfaces.slack.grammar import Grammar
from bot.surfaces.slack.http_mode import Address, HttpEndpoint, HttpMode
from bot.surfaces.slack.listeners import build_app
from bot.surfaces.slack.manifest import manifest
from bot.surfaces.slack.receiver import Receiver
from domain.registry import build_registry
from domain.settings import Settings
from tests.bot.surfaces.slack.desk import PATIENCE, Desk
from tests.support import OPERATOR

SECRET = "5ecret-recognisable"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def free_port() -> int:
    """A port nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class HttpDesk(Desk):
    """The same desk; Slack sends signed requests to it."""

    sockets: HttpMode  # type: ignore[assignment]

    def __init__(self, url: str, *, double: Mapping[str, Any] | None = None, **settings: Any) -> None:
        own = Settings.model_validate({"VALHALLA_OWNERS": (), **settings})
        asked = {
            "request_url": "http://127.0.0.1:9/slack/events", "signing_secret": SECRET,
            "manifest": manifest(build_registry(), own, http="https://bot.example.org"),
        }  # fmt: skip
        super().__init__(url, connections=0, double={**asked, **(double or {})}, **settings)

    def bot(self, connections: int) -> tuple[Receiver, HttpMode]:  # type: ignore[override]
        """Start a bot, wired as its process wires it, and tell Slack where it is."""
        client = WebClient(token="xoxb-double", base_url=self.double.base_url, timeout=3)
        answers = Answers(SlackApi("xoxb-double", self.double.base_url, timeout=3))
        grammar = Grammar(self.registry, prefix=self.settings.command_prefix)
        receiver = Receiver(self.gate, grammar, answers, self.clock, "test")
        http = HttpMode(HttpEndpoint(build_app(client, receiver), SECRET, self.database), Address("127.0.0.1", 0))
        http.start()
        carrier = self.double._backend.delivery.carrier
        assert isinstance(carrier, HttpDelivery)
        carrier._request_url = f"http://127.0.0.1:{http.port}/slack/events"
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{http.port}", timeout=PATIENCE, trust_env=False)
        return receiver, http

    def close(self) -> None:
        """Stop everything."""
        self.client.close()
        super().close()

    # -- requests by hand -----------------------------------------------------------------------------------

    def post(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Send a request as it is."""
        return self.client.post("/slack/events", content=body, headers=dict(headers))

    def send(self, body: bytes, content_type: str, **more: str) -> httpx.Response:
        """Send a request that is signed as it must be."""
        return self.post(body, signed(body, content_type) | more)


def signed(body: bytes, content_type: str = FORM, *, secret: str = SECRET, age: float = 0) -> dict[str, str]:
    """The headers of a request that was signed so many seconds ago."""
    stamp = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"Content-Type": content_type, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def command(line: str, *, user: str = OPERATOR, trigger_id: str = "1.2.3", **more: str) -> bytes:
    """The body of a slash command; its answers go nowhere."""
    name, _, text = line.partition(" ")
    fields = {
        "command": name, "text": text, "user_id": user, "channel_id": "C1", "team_id": "T0DOUBLE01",
        "trigger_id": trigger_id, **more,
    }  # fmt: skip
    return urlencode(fields).encode()


def event(kind: str = "app_home_opened", *, event_id: str = "Ev1", **fields: Any) -> bytes:
    """The body of an event."""
    inner = {"type": kind, "user": OPERATOR, "channel": "D1", "tab": "home", **fields}
    return json.dumps({"type": "event_callback", "team_id": "T1", "event_id": event_id, "event": inner}).encode()


@contextmanager
def http_desk(url: str, **options: Any) -> Iterator[HttpDesk]:
    """A desk that is closed at the end, whatever happens."""
    desk = HttpDesk(url, **options)
    try:
        yield desk
    finally:
        desk.close()
