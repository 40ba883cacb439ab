"""Answers to one person: ephemeral, at most once, and in a direct message where that is too late."""

from typing import Any

import structlog

from bot.blocks.kit import Rendered
from bot.slack_api import SlackApi
from bot.surfaces.slack.incoming import Incoming

log = structlog.get_logger()


class Answers:
    """What goes back to whoever asked, outside the outbox."""

    def __init__(self, api: SlackApi) -> None:
        """Use `api` for every call."""
        self.api = api

    def send(self, incoming: Incoming, message: Rendered) -> None:
        """Answer where the question came from; in a direct message where Slack no longer takes it there."""
        if incoming.response_url and self.api.respond(incoming.response_url, message.text, message.blocks):
            return
        if not self.api.direct(incoming.user_id, message.text, message.blocks):
            log.warning("answer_lost", user_id=incoming.user_id, said=incoming.said)

    def open_form(self, trigger_id: str, view: dict[str, Any]) -> bool:
        """Open a form for a fresh trigger; return whether Slack did."""
        return self.api.open_view(trigger_id, view)
