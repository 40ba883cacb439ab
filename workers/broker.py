"""The queue: a dramatiq broker with every middleware named, had as soon as Redis can be reached."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import redis
import structlog
from dramatiq import Broker, MessageProxy, Middleware
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Retries, ShutdownNotifications, TimeLimit

from domain.settings import Settings
from workers.embedded_redis import EmbeddedRedis, EmbeddedRedisError

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 3.0
TRY_AGAIN_SECONDS = 2.0
HOUR_MS = 3_600_000
DEAD_AFTER_MS = 5_000
"""A worker silent for so long has its messages given to another."""
MAINTENANCE_CHANCE = 100_000
"""Of a million commands, how many look for silent workers; the default of 1,000 can take minutes to do so."""


class QueueAway(Exception):
    """The queue cannot be reached; the database's sweep does the work instead."""


class LogContext(Middleware):
    """Binds a message's ids to every log line of its actor, and unbinds them after it."""

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:  # noqa: ARG002
        """Bind."""
        ids = {"actor": message.actor_name, "message_id": message.message_id}
        correlation_id = message.kwargs.get("correlation_id")
        if correlation_id is not None:
            ids["correlation_id"] = correlation_id
        structlog.contextvars.bind_contextvars(**ids)

    def after_process_message(
        self,
        broker: Broker,  # noqa: ARG002 - dramatiq names the arguments
        message: MessageProxy,  # noqa: ARG002
        *,
        result: Any = None,  # noqa: ARG002
        exception: BaseException | None = None,
    ) -> None:
        """Unbind."""
        if exception is not None:
            log.warning("actor.failed", error=f"{type(exception).__name__}: {exception}")
        structlog.contextvars.unbind_contextvars("actor", "message_id", "correlation_id")

    after_skip_message = after_process_message


def make_broker(url: str) -> RedisBroker:
    """Return a broker for the server at `url`, which need not be there yet."""
    options: Mapping[str, Any] = {
        "socket_timeout": ANSWER_SECONDS,
        **({"socket_connect_timeout": CONNECT_SECONDS} if urlsplit(url).scheme != "unix" else {}),
    }
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=redis.Redis.from_url(url, **options),
        middleware=[
            AgeLimit(max_age=HOUR_MS),  # what is older was done by the sweep long ago
            TimeLimit(time_limit=60_000),
            ShutdownNotifications(),
            Retries(max_retries=3, min_backoff=500, max_backoff=30_000),
            LogContext(),
        ],
        heartbeat_timeout=DEAD_AFTER_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
    )


class Queue:
    """Tries to have a broker until it has one; `on_ready` is called with it once, in the queue's own thread."""

    def __init__(self, settings: Settings, on_ready: Callable[[RedisBroker], None]) -> None:
        """Do nothing yet."""
        self._settings = settings
        self._on_ready = on_ready
        self._broker: RedisBroker | None = None
        self._embedded: EmbeddedRedis | None = None
        self._trouble = "not tried yet"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._open, name="queue-open", daemon=True)

    def start(self) -> None:
        """Begin to try."""
        self._thread.start()

    def close(self) -> None:
        """Give the embedded server back."""
        self._stop.set()
        self._thread.join(TRY_AGAIN_SECONDS)
        if self._broker is not None:
            with suppress(redis.RedisError):
                self._broker.close()
                self._broker.client.close()
        if self._embedded is not None:
            self._embedded.close()

    @property
    def broker(self) -> RedisBroker:
        """The broker; raises `QueueAway` while there is none."""
        if self._broker is None:
            raise QueueAway(self._trouble)
        return self._broker

    def look(self) -> str:
        """Return `ok`, or why the queue cannot be used."""
        try:
            self.broker.client.ping()
        except (QueueAway, redis.RedisError) as error:
            return f"{type(error).__name__}: {error}"[:200]
        return "ok"

    def _open(self) -> None:
        while not self._stop.is_set():
            try:
                self._broker = make_broker(self._url())
                self._on_ready(self._broker)
                return
            except (EmbeddedRedisError, redis.RedisError, OSError) as error:
                self._trouble = str(error)
                log.warning("queue.not_ready", reason=self._trouble)
            self._stop.wait(TRY_AGAIN_SECONDS)

    def _url(self) -> str:
        if self._settings.redis_url:
            return self._settings.redis_url
        if self._embedded is None:
            self._embedded = EmbeddedRedis.attach(self._settings.data_dir)
        return self._embedded.url
