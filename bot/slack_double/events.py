"""The Events API: what is told to the app, and told again when it did not acknowledge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from bot.slack_double.delivery import Delivery, Envelope
from bot.slack_double.workspace import Workspace, new_id

JsonDict = dict[str, Any]
_MESSAGES = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


class Events:
    """Sends the events the app has subscribed to."""

    def __init__(
        self,
        workspace: Workspace,
        delivery: Delivery,
        now: Callable[[], datetime],
        retry_delays: Sequence[float],
        subscribed: Collection[str],
    ) -> None:
        self._workspace = workspace
        self._delivery = delivery
        self._now = now
        self._retry_delays = retry_delays
        self._subscribed = subscribed

    def emit(self, event_type: str, finish: Callable[[Envelope], None] | None = None, **fields: Any) -> Envelope | None:
        """Tell the app of an event; nothing is sent if it has not subscribed to it."""
        name = _MESSAGES[fields["channel_type"]] if event_type == "message" else event_type
        if name not in self._subscribed:
            return None
        now = self._now()
        payload: JsonDict = {
            "token": "deprecated",
            "team_id": self._workspace.team_id,
            "api_app_id": self._workspace.app_id,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(now.timestamp()),
            "event": {"type": event_type, "event_ts": f"{now.timestamp():.6f}", **fields},
            "authorizations": [
                {
                    "team_id": self._workspace.team_id,
                    "user_id": self._workspace.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                    "enterprise_id": None,
                }
            ],
        }
        return self._send(payload, None, None, finish or (lambda _: None))

    def _send(
        self, payload: JsonDict, attempt: int | None, reason: str | None, finish: Callable[[Envelope], None]
    ) -> Envelope:
        def done(envelope: Envelope) -> None:
            finish(envelope)
            failed = (attempt or 0) + 1
            if envelope.status == "acked" or failed > len(self._retry_delays):
                return
            why = "timeout" if envelope.status == "operation_timeout" else "connection_failed"
            asyncio.get_running_loop().call_later(
                self._retry_delays[failed - 1], self._send, payload, failed, why, lambda _: None
            )

        envelope = Envelope("events_api", payload, done, attempt, reason)
        self._delivery.send(envelope)
        return envelope
