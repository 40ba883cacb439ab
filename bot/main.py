"""The bot process: Socket Mode connections, the receiver behind them, a heartbeat beside them."""

import signal
from threading import Event

import structlog

from bot.slack_api import SlackApi
from bot.surfaces.slack.answers import Answers
from bot.surfaces.slack.grammar import Grammar
from bot.surfaces.slack.listeners import build_app
from bot.surfaces.slack.receiver import Receiver
from bot.surfaces.slack.socket_mode import SocketMode
from domain.settings import Settings, SettingsError
from domain.start import start
from workers.heartbeat import Heartbeat, process_id

log = structlog.get_logger()


def run_bot(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raises `SettingsError` where a token is missing."""
    if settings.slack_bot_token is None or settings.slack_app_token is None:
        raise SettingsError("SLACK_BOT_TOKEN and SLACK_APP_TOKEN must be set: `valhalla manifest` makes the app")
    gate = start(settings)
    api = SlackApi.from_settings(settings)
    runner = process_id()
    grammar = Grammar(gate.registry, prefix=settings.command_prefix)
    receiver = Receiver(gate, grammar, Answers(api), gate.clock, runner)
    app = build_app(api.client, receiver)
    sockets = SocketMode(
        app, api.client, settings.slack_app_token.get_secret_value(), settings.socket_connections
    )
    heartbeat = Heartbeat(gate.database, "bot", runner, gate.clock, lambda: {"sockets": sockets.connected()})
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    sockets.start()
    heartbeat.start()
    log.info("bot_started", connections=settings.socket_connections, runner=runner)
    stopped.wait()
    log.info("bot_stopping")
    sockets.close()
    receiver.close()
    heartbeat.stop()
    gate.database.close()
