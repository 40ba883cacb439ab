"""Everything the double knows, put together; touched only from its own event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.slack_double.delivery import Delivery
from bot.slack_double.events import Events
from bot.slack_double.faults import Faults
from bot.slack_double.feed import Feed
from bot.slack_double.files import Files
from bot.slack_double.http_delivery import HttpDelivery
from bot.slack_double.limits import RateLimits
from bot.slack_double.messages import Messages
from bot.slack_double.registry import Refusal
from bot.slack_double.socket_mode import SocketMode
from bot.slack_double.tickets import Tickets
from bot.slack_double.views import Views
from bot.slack_double.workspace import Channel, Workspace

JsonDict = dict[str, Any]
Clock = Callable[[], datetime]
CALLS_KEPT = 50_000

GENEROUS_SCOPES = frozenset(
    {
        "commands",
        *("chat:write", "chat:write.public", "files:write"),
        *("users:read", "users:read.email", "usergroups:read"),
        *("channels:read", "channels:join", "channels:history", "groups:read", "groups:history"),
        *("im:read", "im:write", "im:history"),
    }
)
USUAL_EVENTS = frozenset({"app_home_opened", "member_joined_channel", "subteam_members_changed"})


def system_clock() -> datetime:
    """The real time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an app manifest grants and asks for; None where there is no manifest to ask."""

    scopes: frozenset[str] = GENEROUS_SCOPES
    commands: dict[str, bool] | None = None
    shortcuts: frozenset[str] | None = None
    events: frozenset[str] = USUAL_EVENTS
    has_home_tab: bool = True
    has_messages_tab: bool = True

    @classmethod
    def read(cls, manifest: JsonDict) -> Manifest:
        """Take from a manifest what the server enforces."""
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        home = features.get("app_home", {})
        commands = {entry["command"]: bool(entry.get("should_escape")) for entry in features.get("slash_commands", ())}
        return cls(
            frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            commands,
            frozenset(entry["callback_id"] for entry in features.get("shortcuts", ())),
            frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
            bool(home.get("home_tab_enabled")),
            bool(home.get("messages_tab_enabled")),
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """How the double behaves; see SlackDouble for what each one means."""

    clock: Clock = system_clock
    bot_token: str = "xoxb-double"  # noqa: S105 a made-up token
    app_token: str = "xapp-double"  # noqa: S105 a made-up token
    signing_secret: str = "double"  # noqa: S105 a made-up secret
    manifest: Manifest = field(default_factory=Manifest)
    should_escape: bool = True
    ack_timeout: float = 3.0
    fanout: bool = False
    rate_limits: bool = True
    request_url: str | None = None
    event_retry_delays: Sequence[float] = (0.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call as it was received and answered."""

    method: str
    args: JsonDict
    response: JsonDict
    status: int
    at: datetime

    def record(self) -> JsonDict:
        """The call as JSON."""
        return {
            "method": self.method,
            "args": self.args,
            "response": self.response,
            "status": self.status,
        } | {"at": self.at.isoformat()}


class Backend:
    """The parts of the double and what they share: the clock, the tokens, the addresses."""

    def __init__(self, settings: Settings, touch: Callable[[str, str], None]) -> None:
        self.settings = settings
        self.server_url = ""
        self.scopes = set(settings.manifest.scopes)
        self.dead_token_error: str | None = None
        self.has_user_groups = True
        self._offset = timedelta()
        self.feed = Feed()
        self.faults = Faults()
        self.limits = RateLimits(enabled=settings.rate_limits)
        self.tickets = Tickets(self.now)
        self.workspace = Workspace(touch)
        self.messages = Messages(self.workspace, self.feed)
        self.views = Views(self.workspace, self.feed)
        self.files = Files(self.workspace)
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.delivery = Delivery(self.faults, settings.ack_timeout, self.feed.wake)
        self.socket_mode = SocketMode(self.delivery, self.tickets, self.workspace.app_id, fanout=settings.fanout)
        self.delivery.carrier = self.socket_mode
        if settings.request_url is not None:
            self.delivery.carrier = HttpDelivery(self.delivery, settings.request_url, settings.signing_secret, self.now)
        self.events = Events(
            self.workspace, self.delivery, self.now, settings.event_retry_delays, settings.manifest.events
        )

    def now(self) -> datetime:
        """The time of the double: the clock's, plus what it was advanced by."""
        return self.settings.clock() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the double's time on."""
        self._offset += timedelta(seconds=seconds)

    def close(self) -> None:
        """Nothing more will happen: whoever waits or follows is told."""
        self.delivery.abandon()
        self.feed.close()

    def response_url(self, user: str, channel: str, message_ts: str | None = None, thread_ts: str | None = None) -> str:
        """A new response address."""
        return f"{self.server_url}/response/{self.tickets.new_response(user, channel, message_ts, thread_ts)}"

    def need(self, scope: str) -> None:
        """Refuse a call whose token was not granted this scope."""
        if scope not in self.scopes:
            raise Refusal("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def conversation(self, channel_id: str) -> Channel:
        """A conversation the bot can see, by id alone."""
        channel = self.workspace.channels.get(channel_id)
        if channel is None or not channel.is_visible_to(self.workspace.bot_user_id):
            raise Refusal("channel_not_found")
        return channel

    def is_member(self, channel: Channel) -> bool:
        """Whether the bot is in a conversation."""
        return self.workspace.bot_user_id in channel.members
