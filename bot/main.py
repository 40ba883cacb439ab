"""The bot process: Socket Mode or HTTP, the receiver behind it, a heartbeat beside it."""

from contextlib import suppress
from typing import Protocol

import structlog
from pydantic import SecretStr
from slack_sdk import WebClient

from bot.slack_accounts import find_owner
from bot.slack_api import SlackApi
from bot.surfaces.slack.answers import Answers
from bot.surfaces.slack.grammar import Grammar
from bot.surfaces.slack.http_mode import Address, HttpEndpoint, HttpMode, NotListening
from bot.surfaces.slack.listeners import build_app
from bot.surfaces.slack.receiver import Receiver
from bot.surfaces.slack.socket_mode import SocketMode
from domain.calendar import is_working_day
from domain.database import Unavailable
from domain.gate import Gate
from domain.processes.service import process_id
from domain.settings import Settings, SettingsError
from domain.start import start
from workers.heartbeat import Heartbeat
from workers.process import Stop, drain, leave

log = structlog.get_logger(__name__)
INTERACTIVE_TIMEOUT = 3
"""Seconds Slack has to answer a call somebody waits for."""


class Transport(Protocol):
    """How Slack reaches this process."""

    def start(self) -> None:
        """Begin to take what it sends."""

    def close(self) -> None:
        """Take nothing more, and let what was begun be acknowledged."""

    def said(self) -> str:
        """Return `ok`, or what is wrong."""


def run_bot(settings: Settings, http: Address | None = None) -> int:
    """Run until SIGTERM or SIGINT, by Socket Mode or at an HTTP address.

    Raises `SettingsError` where a token or the signing secret is missing, or the address cannot be had.
    """
    token = _token("SLACK_BOT_TOKEN", settings.slack_bot_token, "xoxb-")
    key = _signing_secret(settings) if http else _token("SLACK_APP_TOKEN", settings.slack_app_token, "xapp-")
    stop = Stop()
    gate, runner = start(settings), process_id()
    is_working_day(gate.clock().date())  # its library is read now, not inside the first request's transaction
    receiver, transport = _wire(gate, runner, token, key, http)
    evidence = "http" if http else "sockets"
    heartbeat = Heartbeat(gate.database, "bot", runner, gate.clock, lambda: {evidence: transport.said()})
    _begin(transport)
    heartbeat.start()
    log.info("bot.started", runner=runner)
    _look_for_owner(gate, token)
    stop.wait()
    log.info("bot.stopping", runner=runner)
    drained = drain([lambda: _close(transport, receiver), heartbeat.stop])
    gate.database.close()
    return leave(drained=drained)


def _look_for_owner(gate: Gate, token: str) -> None:
    settings = gate.settings
    if settings.is_production and not settings.owners:
        log.warning("owners.missing", cure="set VALHALLA_OWNERS to your Slack user id: until then nobody has a role")
    with suppress(Unavailable):  # a worker looks again, every minute
        find_owner(gate, SlackApi(token, settings.slack_api_url, timeout=INTERACTIVE_TIMEOUT))


def _begin(transport: Transport) -> None:
    try:
        transport.start()
    except NotListening as error:
        raise SettingsError(str(error)) from None


def _signing_secret(settings: Settings) -> str:
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""
    if not secret.strip():
        raise SettingsError("SLACK_SIGNING_SECRET must be set for --http: it is under “Basic Information” of the app")
    return secret


def _token(name: str, given: SecretStr | None, begins: str) -> str:
    if given is None:
        raise SettingsError(f"{name} must be set: `valhalla manifest` prints what the Slack app is made from")
    token = given.get_secret_value()
    if not token.startswith(begins):
        raise SettingsError(f"{name} is not a token that begins with {begins}")
    return token


def _close(transport: Transport, receiver: Receiver) -> None:
    """Acknowledge what was taken, then let it end."""
    transport.close()
    receiver.close()


def _wire(gate: Gate, runner: str, token: str, key: str, http: Address | None) -> tuple[Receiver, Transport]:
    settings = gate.settings
    client = WebClient(token=token, base_url=settings.slack_api_url, timeout=INTERACTIVE_TIMEOUT)
    answers = Answers(SlackApi(token, settings.slack_api_url, timeout=INTERACTIVE_TIMEOUT))
    receiver = Receiver(gate, Grammar(gate.registry, prefix=settings.command_prefix), answers, gate.clock, runner)
    app = build_app(client, receiver)
    if http:
        return receiver, HttpMode(HttpEndpoint(app, key, gate.database), http)
    return receiver, SocketMode(app, client, key, settings.socket_connections)
