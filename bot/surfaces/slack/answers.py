"""Answers to one person: ephemeral, at most once, and in a direct message where that is too late."""

from typing import Any

import structlog

from bot.blocks.kit import Rendered
from bot.slack_api import Answer, Posted, SlackApi, Unknown, said
from bot.surfaces.slack.incoming import Incoming

log = structlog.get_logger(__name__)


class Answers:
    """What goes back to whoever asked, outside the outbox."""

    def __init__(self, api: SlackApi) -> None:
        """Use `api` for every call."""
        self.api = api

    def send(self, incoming: Incoming, message: Rendered) -> None:
        """Answer where the question came from; in a direct message where Slack no longer takes it there."""
        if incoming.response_url:
            body = {
                "response_type": "ephemeral", "replace_original": False, "text": message.text,
                "blocks": message.blocks,
            }  # fmt: skip
            answer = self.api.respond(incoming.response_url, body)
            if isinstance(answer, Answer | Unknown):  # an unknown one may have arrived, and an answer is given once
                return
        posted = self.api.post(incoming.user_id, message.text, message.blocks)
        if not isinstance(posted, Posted | Unknown):
            log.warning("answer.lost", user_id=incoming.user_id, reason=said(posted))

    def show_home(self, user_id: str, view: dict[str, Any]) -> None:
        """Set a person's Home tab; what is lost is shown when it is opened again."""
        answer = self.api.call("views.publish", user_id=user_id, view=view)
        if not isinstance(answer, Answer):
            log.warning("home.not_published", user_id=user_id, reason=said(answer))

    def open_form(self, trigger_id: str, view: dict[str, Any]) -> bool:
        """Open a form for a fresh trigger; return whether Slack did."""
        answer = self.api.call("views.open", trigger_id=trigger_id, view=view)
        if isinstance(answer, Answer):
            return True
        log.warning("form.not_opened", reason=said(answer))
        return False
