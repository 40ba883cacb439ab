"""Logs: one event name and its values, JSON lines in production, readable in development, never a secret."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from domain.settings import Settings

HIDDEN = "***"
_SECRET_NAMES = re.compile(
    r"token|secret|password|authorization|response_url|database_url|redis_url|page_url|api_key", re.IGNORECASE
)
_SECRET_VALUES = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|https://hooks\.slack\.com/\S+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Blank out values that are secret by their name or by their look."""
    return {
        name: HIDDEN if _SECRET_NAMES.search(name) and value else _without_secrets(value)
        for name, value in event.items()
    }


def _without_secrets(value: Any) -> Any:
    return _SECRET_VALUES.sub(HIDDEN, value) if isinstance(value, str) else value


def configure(settings: Settings, *, level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records to standard error, in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.is_production else structlog.dev.ConsoleRenderer(colors=False)
    )
    last = (structlog.processors.format_exc_info, hide_secrets, renderer)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("slack_sdk", "apscheduler", "dramatiq", "urllib3", "httpx", "websockets", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
