"""Short-lived tickets: trigger ids, response addresses and Socket Mode links."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.slack_double.registry import Refusal

TRIGGER_LIFE = timedelta(seconds=3)
RESPONSE_LIFE = timedelta(minutes=30)
RESPONSE_USES = 5
LINK_LIFE = timedelta(seconds=30)
REMEMBERED = 50_000


@dataclass(slots=True)
class Trigger:
    """The right to open one view for one person."""

    user: str
    made_at: datetime
    is_used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer an interaction a few times, where it happened."""

    user: str
    channel: str
    made_at: datetime
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class Tickets:
    """Hands out tickets and takes them back."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}
        self._links: dict[str, datetime] = {}

    def new_trigger(self, user: str) -> str:
        """A trigger id for this person."""
        name = f"{random.randrange(10**13):013d}.{random.getrandbits(128):032x}"
        self._triggers[name] = Trigger(user, self._now())
        _forget_oldest(self._triggers)
        return name

    def use_trigger(self, name: str) -> str:
        """The person a trigger id belongs to; good once, for three seconds."""
        trigger = self._triggers.get(name)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.is_used:
            raise Refusal("exchanged_trigger_id")
        if self._now() - trigger.made_at > TRIGGER_LIFE:
            raise Refusal("expired_trigger_id")
        trigger.is_used = True
        return trigger.user

    def new_response(self, user: str, channel: str, message_ts: str | None = None, thread_ts: str | None = None) -> str:
        """The name of a new response address."""
        name = secrets.token_urlsafe(18)
        self._responses[name] = ResponseUrl(user, channel, self._now(), message_ts, thread_ts)
        _forget_oldest(self._responses)
        return name

    def use_response(self, name: str) -> ResponseUrl:
        """The ticket behind a response address; good five times in half an hour."""
        response = self._responses.get(name)
        if response is None or self._now() - response.made_at > RESPONSE_LIFE:
            raise Refusal("expired_url")
        if response.uses >= RESPONSE_USES:
            raise Refusal("used_url")
        response.uses += 1
        return response

    def new_link(self) -> str:
        """A ticket for one Socket Mode connection."""
        name = secrets.token_urlsafe(12)
        self._links[name] = self._now()
        return name

    def use_link(self, name: str) -> bool:
        """Whether this link is fresh and unused."""
        made_at = self._links.pop(name, None)
        return made_at is not None and self._now() - made_at <= LINK_LIFE


def _forget_oldest(tickets: dict[str, Any]) -> None:
    if len(tickets) > REMEMBERED:
        del tickets[next(iter(tickets))]
