"""What the sender's tests share: a gate on a database, the Slack double, and relays between them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import insert, select

from bot.blocks.cards import render_card
from bot.slack_api import SlackApi
from bot.slack_double import SlackDouble
from domain import tables
from domain.act import Form, Priority
from domain.clock import system_clock
from domain.database import Base
from domain.delivery.results import RouteTest
from domain.delivery.tables import Outbox
from domain.gate import Call, Gate
from domain.identity import Caller, Surface
from domain.outcomes import Done
from domain.settings import Settings
from domain.start import start
from workers.relay import Relay, slack_timeout

assert tables.FEATURES

OWNER = "UOWNER01"
CHANNELS = ("governance", "oncall", "followups", "deals")
LEASE = 1.0
PATIENCE = 15.0
T = TypeVar("T")


def wait_for(check: Callable[[], T], *, seconds: float = PATIENCE, what: str | Callable[[], str] = "it") -> T:
    """Look again and again until `check` gives something true; fail where it never does."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what if isinstance(what, str) else what()} did not come within {seconds:g} s")
        time.sleep(0.02)
    return found


@contextmanager
def workspace(**options: Any) -> Iterator[SlackDouble]:
    """A double with an owner and every route's channel, the bot in each."""
    with SlackDouble(**options) as double:
        double.add_user("owner", id=OWNER)
        for name in CHANNELS:
            double.add_channel(name, ["bot"])
        yield double


def settings_for(url: str, double: SlackDouble, **more: Any) -> Settings:
    """Settings for this database and this double."""
    return Settings.model_validate(
        {
            "DATABASE_URL": url, "SLACK_BOT_TOKEN": "xoxb-double", "SLACK_API_URL": double.base_url,
            "VALHALLA_OWNERS": OWNER, "VALHALLA_LEASE_SECONDS": LEASE, **more,
        }
    )  # fmt: skip


def card(words: str) -> RouteTest:
    """A small card whose text says `words`."""
    return RouteTest(kind="oncall", meaning=words, channel="oncall", asked_by=OWNER, at=system_clock())


class Scene:
    """One gate, one double, and the rows and messages between them."""

    def __init__(self, url: str, double: SlackDouble, **settings: Any) -> None:
        self.double = double
        self.settings = settings_for(url, double, **settings)
        self.gate: Gate = start(self.settings)
        self.database = self.gate.database

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def queue(
        self,
        words: str,
        *,
        to: str = "route:governance",
        thing: str | None = None,
        form: Form = Form.CARD,
        priority: Priority = Priority.REPLY,
        name: str = "route_test",
        at: datetime | None = None,
        **columns: Any,
    ) -> int:
        """Leave a message as a committed act would; return its id."""
        now = at or system_clock()
        row = {
            "destination": to, "card": name, "payload": card(words).to_json(), "thing": thing, "form": form.value,
            "priority": int(priority), "state": "queued", "attempts": 0, "created_at": now, "not_before": now,
            "is_outcome_unknown": False, "is_repeat_possible": False, "correlation_id": uuid4().hex, **columns,
        }  # fmt: skip
        with self.database.write() as connection:
            outbox_id = connection.scalar(insert(Outbox).values(row).returning(Outbox.id))
        return int(outbox_id or 0)

    def row(self, outbox_id: int) -> Any:
        """One row of the outbox."""
        with self.database.read() as connection:
            return connection.execute(select(Outbox.__table__).where(Outbox.id == outbox_id)).one()

    def rows(self, table: str) -> list[Any]:
        """Every row of a table."""
        found = Base.metadata.tables[table]
        with self.database.read() as connection:
            return list(connection.execute(select(found).order_by(*found.primary_key.columns)))

    def state(self, outbox_id: int) -> str:
        """The state of one row."""
        return str(self.row(outbox_id).state)

    def wait_state(self, outbox_id: int, state: str = "sent", seconds: float = PATIENCE) -> Any:
        """Wait until a row is in a state; return it."""
        return wait_for(
            lambda: (row := self.row(outbox_id)).state == state and row, seconds=seconds,
            what=lambda: f"{state} of {outbox_id} ({self.row(outbox_id)})",
        )  # fmt: skip

    def texts(self, channel: str = "governance") -> list[str]:
        """What the messages of a channel say, oldest first: the words their cards were made of."""
        return [spoken(message) for message in self.double.messages(channel)]

    def run_op(self, name: str, **params: Any) -> Any:
        """Run an operation as the owner; it must act."""
        outcome = self.gate.run(Call(name, params, Caller(OWNER, Surface.SLACK)))
        assert isinstance(outcome, Done), outcome
        return outcome.result

    def gate_slack(self) -> SlackApi:
        """The Web API as a sender uses it."""
        return SlackApi("xoxb-double", self.double.base_url, timeout=slack_timeout(self.settings.lease))

    @contextmanager
    def relay(self, **options: Any) -> Iterator[Relay]:
        """A sender that runs meanwhile."""
        slack = self.gate_slack()
        options.setdefault("holder", uuid4().hex[:8])
        relay = Relay(self.gate, slack, options.pop("render", render_card), **options)
        relay.start()
        try:
            yield relay
        finally:
            relay.stop()


def spoken(message: dict[str, Any]) -> str:
    """Every text of a message in one line."""
    words: list[str] = [message["text"]]

    def collect(thing: Any) -> None:
        if isinstance(thing, dict):
            if isinstance(thing.get("text"), str):
                words.append(thing["text"])
            for value in thing.values():
                collect(value)
        elif isinstance(thing, list):
            for value in thing:
                collect(value)

    collect(message.get("blocks", []))
    return " | ".join(words)


def said(texts: list[str], *words: str) -> list[str]:
    """Which of the words come, in the order of the messages."""
    return [word for text in texts for word in words if word in text]


def ago(seconds: float) -> datetime:
    """A time that long past."""
    return system_clock() - timedelta(seconds=seconds)
