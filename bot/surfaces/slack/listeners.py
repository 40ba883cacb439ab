"""Bolt's listeners, registered once; each hands its payload to the receiver and acknowledges with the reply."""

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.surfaces.slack.receiver import Receiver, Reply
from domain.gate.call import new_correlation_id, unexpected

log = structlog.get_logger(__name__)
AFTER = "after_acknowledgement"
"""Where a listener leaves, in Bolt's context, what the transport calls once the acknowledgement is on its way."""

ANY_COMMAND = re.compile(r"^/")
ANYTHING = re.compile("")


def build_app(client: WebClient, receiver: Receiver) -> App:
    """Build the Bolt app, without a call to Slack: it starts while Slack is away."""
    app = App(
        name="valhalla",
        client=client,
        signing_secret="unused: the transport authenticates what it takes",  # noqa: S106 - words, no secret
        request_verification_enabled=False,
        authorize=_authorize(client.token or ""),
        # Everything before an acknowledgement is quick by construction, so it runs in the thread that will send it;
        # what is slow has pools of its own.
        process_before_response=True,
        listener_executor=ThreadPoolExecutor(32, "bolt"),
        logger=_bolt_logger(),
    )
    app.command(ANY_COMMAND)(_listener(receiver.on_command))
    app.action(ANYTHING)(_listener(receiver.on_press))
    app.view(ANYTHING)(_listener(receiver.on_submission))
    app.event("app_home_opened")(_listener(receiver.on_event))
    app.event("user_change")(_listener(receiver.on_account))
    _let_the_rest_be(app)
    return app


def _bolt_logger() -> logging.Logger:
    """Return Bolt's logger without its word that SLACK_BOT_TOKEN is ignored: the client has it."""
    logger = logging.getLogger("slack_bolt")
    logger.addFilter(_is_not_about_the_token)
    return logger


def _is_not_about_the_token(record: logging.LogRecord) -> bool:
    return "`token`" not in record.getMessage()


def _let_the_rest_be(app: App) -> None:
    """Acknowledge what an app that asks for more than ours is sent: otherwise Slack sends it again, or says it failed.

    Nothing is done with any of it.
    """
    app.event(ANYTHING)(_ignore)
    app.view_closed(ANYTHING)(_ignore)
    app.shortcut(ANYTHING)(_ignore)
    app.options(ANYTHING)(_no_options)


def _ignore(ack: Ack) -> None:
    ack()


def _no_options(ack: Ack) -> None:
    ack(options=[])


def _authorize(token: str) -> Callable[..., AuthorizeResult]:
    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    return authorize


def _listener(take: Callable[[Mapping[str, Any]], Reply]) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        try:
            reply = take(body)
        except Exception:  # the payload itself cannot be read; for what comes later the receiver apologises itself
            sorry = unexpected(new_correlation_id())
            log.exception("listener.failed", reference=sorry.reference)
            text = f"{sorry.detail} {sorry.remedy} Reference {sorry.reference}."
            ack(text=text) if "command" in body else ack()
            return
        ack(**reply.payload) if reply.payload else ack()
        context[AFTER] = reply.after

    return listener
