"""What is watched, what is known of it, and what arrived and was not looked at yet."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId


class RegressionPolicy(Base):
    """One tripwire: what it watches, how, and what it does (spec/2)."""

    __tablename__ = "regression_policy"

    domain: Mapped[str] = mapped_column(String(64), primary_key=True)
    metric: Mapped[str] = mapped_column(String(64), primary_key=True)
    method: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(8))
    better: Mapped[str] = mapped_column(String(8))
    max_drop_fraction: Mapped[float]
    warn_n: Mapped[int]
    act_n: Mapped[int]
    warn_after: Mapped[int]
    act_after: Mapped[int]
    reference_rate: Mapped[float | None]
    floor: Mapped[float | None]
    action: Mapped[str] = mapped_column(String(16))
    throttles: Mapped[str | None] = mapped_column(String(32))
    enabled: Mapped[bool]
    window_events: Mapped[int]
    baseline_events: Mapped[int]
    min_events_to_enforce: Mapped[int]
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    updated_at: Mapped[datetime]


class RegressionState(Base):
    """What one tripwire knows: one row of constant size, whatever happened; there is one for each policy."""

    __tablename__ = "regression_state"

    domain: Mapped[str] = mapped_column(String(64), primary_key=True)
    metric: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int]
    """One more at every trip, release and new beginning, not at events; a release is bound to it."""
    memory: Mapped[dict[str, Any]]
    events: Mapped[int]
    first_event_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    tripped_at: Mapped[datetime | None]
    trip: Mapped[dict[str, Any] | None]
    """The figures of the trip that lasts, and what it stopped."""
    shown: Mapped[dict[str, Any] | None]
    """What the newest alert said, a warning's too: its chart is drawn from it."""
    chart_wanted: Mapped[bool] = mapped_column(default=False)
    """Whether that alert waits for its chart."""
    alert_id: Mapped[int | None]
    released_at: Mapped[datetime | None]
    trial: Mapped[dict[str, Any] | None]
    """The trial share of a release, and what was measured since, until its card has said how it ended."""
    compared_on: Mapped[date | None]
    """The business day on which the recent rate was last compared with the reference."""


class RegressionArrival(Base):
    """Events of one metric that were recorded and not looked at: written with them, deleted when they were counted."""

    __tablename__ = "regression_arrival"
    __table_args__ = (Index(None, "domain", "metric", "id"),)

    id: Mapped[RowId]
    domain: Mapped[str] = mapped_column(String(64))
    metric: Mapped[str] = mapped_column(String(64))
    events: Mapped[list[Any]]
    """`[microseconds since 1970, success as 0 or 1, value]` of each."""
    recorded_at: Mapped[datetime]
