"""What goes to Slack: messages, their lanes, the cards they became, and which channel is whose."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId
from domain.database.base import BigId

_LIVE = text("state IN ('queued', 'sending')")
_STUCK = text("state IN ('held', 'dead')")
DONE = text("state IN ('sent', 'dropped')")
"""What may be forgotten; said in these very words, so that SQLite finds its index."""


class Outbox(Base):
    """One message or one version of a card; the sender renders `payload` with the card's name."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_live", "destination", "priority", "id", postgresql_where=_LIVE, sqlite_where=_LIVE),
        Index("ix_outbox_stuck", "id", postgresql_where=_STUCK, sqlite_where=_STUCK),
        Index("ix_outbox_thing", "thing", "destination"),
        Index("ix_outbox_done", "created_at", postgresql_where=DONE, sqlite_where=DONE),
    )

    id: Mapped[RowId]
    destination: Mapped[str] = mapped_column(String(128))
    """`route:governance`, `user:U1` or `channel:C1`."""
    card: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    thing: Mapped[str | None] = mapped_column(String(128))
    """What the card is about; later versions of the same thing edit its message. None: a message of its own."""
    form: Mapped[str] = mapped_column(String(16))
    """`card` (posted once, then edited) or `thread` (a reply under the thing's card)."""
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    attempted_at: Mapped[datetime | None]
    is_outcome_unknown: Mapped[bool]
    """Whether an attempt ended without an answer, so that Slack must be asked before it is posted again."""
    is_repeat_possible: Mapped[bool]
    sent_at: Mapped[datetime | None]
    channel: Mapped[str | None] = mapped_column(String(64))
    ts: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None]
    correlation_id: Mapped[str] = mapped_column(String(64))


class OutboxLane(Base):
    """One sender at a time per channel, how long Slack asked for silence there, and the pace of its posts."""

    __tablename__ = "outbox_lane"

    channel: Mapped[str] = mapped_column(String(128), primary_key=True)
    holder: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    paced_until: Mapped[datetime | None]
    """When the channel's allowance of one post a second is whole again (`rules.paced`)."""


class CardMessage(Base):
    """Where the card of a thing stands, and which version it shows."""

    __tablename__ = "card_message"

    thing: Mapped[str] = mapped_column(String(128), primary_key=True)
    destination: Mapped[str] = mapped_column(String(128), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    ts: Mapped[str] = mapped_column(String(32))
    outbox_id: Mapped[int] = mapped_column(BigId)
    file_id: Mapped[str | None] = mapped_column(String(64))
    """The file of the chart it shows; None: no chart."""


class Route(Base):
    """Which channel a kind of message goes to, where the settings' default was changed."""

    __tablename__ = "route"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64))
    changed_by: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]
    version: Mapped[int]
