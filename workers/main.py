"""The worker process: sends, sweeps, and runs the queue's actors; everything is wired here."""

from collections.abc import Callable
from functools import partial

import structlog
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker

from bot.blocks.cards import render_card
from bot.slack_api import SlackApi
from domain.delivery.lanes import routes
from domain.gate import Gate
from domain.operation import AnyOperation
from domain.settings import Settings
from domain.start import start
from workers.actors import declare
from workers.broker import Queue
from workers.charting import Charting
from workers.directory import Directory
from workers.heartbeat import Heartbeat, Look, process_id
from workers.pager import Pager
from workers.process import Stop, drain, leave
from workers.relay import Relay, slack_timeout
from workers.sender import Render
from workers.sweep import Sweep

log = structlog.get_logger(__name__)

WORKER_THREADS = 4
IDLE_WAKE_MS = 100
DRAIN_MS = 5_000
NO_TOKEN = "SLACK_BOT_TOKEN is not set"  # noqa: S105 - words about a token


def make_slack(settings: Settings) -> SlackApi | None:
    """Return the Web API as the settings name it, or None without a token."""
    if settings.slack_bot_token is None:
        return None
    return SlackApi(
        settings.slack_bot_token.get_secret_value(), settings.slack_api_url, timeout=slack_timeout(settings.lease)
    )


def look_at_slack(gate: Gate, slack: SlackApi | None) -> Look:
    """Return a look at the token, its scopes and every route's channel."""

    def look() -> str:
        if slack is None:
            return NO_TOKEN
        channels = gate.database.look(lambda connection: routes(connection, gate.settings.default_routes))
        return slack.trouble(list(channels.values())) or "ok"

    return look


class _Consumer:
    """The dramatiq worker in this process, once there is a broker for it."""

    def __init__(self, gate: Gate, runner: str) -> None:
        self._gate = gate
        self._runner = runner
        self._worker: Worker | None = None

    def start(self, broker: RedisBroker) -> None:
        declare(broker, self._gate, self._runner)
        self._worker = Worker(broker, worker_threads=WORKER_THREADS, worker_timeout=IDLE_WAKE_MS)
        broker.emit_after("process_boot")
        self._worker.start()

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.stop(timeout=DRAIN_MS)


def _card_renderer(settings: Settings) -> Render:
    return partial(render_card, prefix=settings.command_prefix)


def run_worker(settings: Settings, *more: AnyOperation) -> int:
    """Run until SIGTERM or SIGINT; without Redis it still sends and sweeps. Return the exit code.

    `more` are operations beside the product's own, for tests.
    """
    stop = Stop()
    gate, runner = start(settings, *more), process_id()
    stops = _start(gate, runner, _card_renderer(settings))
    log.info("worker.started", runner=runner)
    stop.wait()
    log.info("worker.stopping", runner=runner)
    drained = drain(stops)
    gate.database.close()
    return leave(drained=drained)


def _start(gate: Gate, runner: str, render: Render) -> list[Callable[[], None]]:
    slack = make_slack(gate.settings)
    consumer = _Consumer(gate, runner)

    def ready(broker: RedisBroker) -> None:
        consumer.start(broker)
        heartbeat.note("redis", queue.look())

    queue = Queue(gate.settings, ready)
    looks = {"slack": look_at_slack(gate, slack), "redis": queue.look}
    heartbeat = Heartbeat(gate.database, "worker", runner, gate.clock, looks=looks)
    sweep = Sweep(gate, runner)
    stops = [_close_queue(consumer, queue), sweep.stop, heartbeat.stop]
    if slack is not None:
        relay = Relay(gate, slack, render, runner, on_stopped=lambda reason: heartbeat.note("slack", reason))
        relay.start()
        charting = Charting(gate, slack)
        charting.start()
        look_up = Directory(gate, slack)
        look_up.start()
        stops += [relay.stop, charting.stop, look_up.stop]
    else:
        log.warning("worker.cannot_send", reason=NO_TOKEN)
    if gate.settings.page_url is not None:
        pager = Pager(gate, gate.settings.page_url)
        pager.start()
        stops.append(pager.stop)
    sweep.start()
    heartbeat.start()
    queue.start()
    return stops


def _close_queue(consumer: _Consumer, queue: Queue) -> Callable[[], None]:
    def close() -> None:
        consumer.stop()
        queue.close()

    return close
