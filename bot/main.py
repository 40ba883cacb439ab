"""The bot process: Socket Mode connections, the receiver behind them, a heartbeat beside them."""

import structlog
from pydantic import SecretStr
from slack_sdk import WebClient

from bot.slack_api import SlackApi
from bot.surfaces.slack.answers import Answers
from bot.surfaces.slack.grammar import Grammar
from bot.surfaces.slack.listeners import build_app
from bot.surfaces.slack.receiver import Receiver
from bot.surfaces.slack.socket_mode import SocketMode
from domain.gate import Gate
from domain.processes.service import process_id
from domain.settings import Settings, SettingsError
from domain.start import start
from workers.heartbeat import Heartbeat
from workers.process import drain, leave, stop_on_signals

log = structlog.get_logger(__name__)
INTERACTIVE_TIMEOUT = 3
"""Seconds Slack has to answer a call somebody waits for."""


def run_bot(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; raises `SettingsError` where a token is missing."""
    token = _token("SLACK_BOT_TOKEN", settings.slack_bot_token, "xoxb-")
    app_token = _token("SLACK_APP_TOKEN", settings.slack_app_token, "xapp-")
    stop = stop_on_signals()
    gate, runner = start(settings), process_id()
    receiver, sockets = _wire(gate, runner, token, app_token)
    heartbeat = Heartbeat(gate.database, "bot", runner, gate.clock, lambda: {"sockets": _connected(sockets)})
    sockets.start()
    heartbeat.start()
    log.info("bot.started", runner=runner)
    stop.wait()
    log.info("bot.stopping", runner=runner)
    drained = drain([lambda: _close(sockets, receiver), heartbeat.stop])
    gate.database.close()
    return leave(drained=drained)


def _token(name: str, given: SecretStr | None, begins: str) -> str:
    if given is None:
        raise SettingsError(f"{name} must be set: `valhalla manifest` prints what the Slack app is made from")
    token = given.get_secret_value()
    if not token.startswith(begins):
        raise SettingsError(f"{name} is not a token that begins with {begins}")
    return token


def _close(sockets: SocketMode, receiver: Receiver) -> None:
    """Acknowledge what was taken, then let it end."""
    sockets.close()
    receiver.close()


def _wire(gate: Gate, runner: str, token: str, app_token: str) -> tuple[Receiver, SocketMode]:
    settings = gate.settings
    client = WebClient(token=token, base_url=settings.slack_api_url, timeout=INTERACTIVE_TIMEOUT)
    answers = Answers(SlackApi(token, settings.slack_api_url, timeout=INTERACTIVE_TIMEOUT))
    receiver = Receiver(gate, Grammar(gate.registry, prefix=settings.command_prefix), answers, gate.clock, runner)
    app = build_app(client, receiver)
    return receiver, SocketMode(app, client, app_token, settings.socket_connections)


def _connected(sockets: SocketMode) -> str:
    open_now, wanted = sockets.connected(), sockets.wanted
    return "ok" if open_now == wanted else f"{open_now} of {wanted} connections are open"
