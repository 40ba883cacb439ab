"""Tripwires: what is watched, what is known of it, and what waits to be counted; with the four seeds, all off.

Revision: 0005
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")
REASON = "as the system was described"
SEEDS: tuple[tuple[str, str, str, float, str, str | None], ...] = (
    ("BUYER_MATCH", "match_success", "rate", 0.25, "THROTTLE", "WHOLESALE"),
    ("CAPITAL", "roi_event", "mean", 0.30, "KILL_SWITCH", None),
    ("WHOLESALE", "contract_rate", "rate", 0.20, "THROTTLE", "WHOLESALE"),
    ("WHOLESALE", "offer_accept_rate", "rate", 0.15, "THROTTLE", "WHOLESALE"),
)
"""Domain, metric, kind, the drop it looks for, what it does, which engine it stops."""


def _word(name: str, length: int, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def upgrade() -> None:
    """Make the three tables and the seeds."""
    op.create_table(
        "regression_policy",
        _word("domain", 64),
        _word("metric", 64),
        _word("method", 8),
        _word("kind", 8),
        _word("better", 8),
        sa.Column("max_drop_fraction", sa.Double(), nullable=False),
        _whole("warn_n"),
        _whole("act_n"),
        _whole("warn_after"),
        _whole("act_after"),
        sa.Column("reference_rate", sa.Double(), nullable=True),
        sa.Column("floor", sa.Double(), nullable=True),
        _word("action", 16),
        _word("throttles", 32, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _whole("window_events"),
        _whole("baseline_events"),
        _whole("min_events_to_enforce"),
        _whole("version"),
        _word("changed_by", 64),
        sa.Column("reason", sa.String(), nullable=False),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("domain", "metric", name=op.f("pk_regression_policy")),
    )
    op.create_table(
        "regression_state",
        _word("domain", 64),
        _word("metric", 64),
        _whole("version"),
        sa.Column("memory", JSON, nullable=False),
        _whole("events"),
        _time("first_event_at", nullable=True),
        _time("last_event_at", nullable=True),
        _time("warned_at", nullable=True),
        _time("tripped_at", nullable=True),
        sa.Column("trip", JSON, nullable=True),
        sa.Column("shown", JSON, nullable=True),
        sa.Column("chart_wanted", sa.Boolean(), nullable=False),
        _whole("alert_id", nullable=True),
        _time("released_at", nullable=True),
        sa.Column("compared_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("domain", "metric", name=op.f("pk_regression_state")),
    )
    op.create_table(
        "regression_arrival",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        _word("domain", 64),
        _word("metric", 64),
        sa.Column("events", JSON, nullable=False),
        _time("recorded_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regression_arrival")),
    )
    op.create_index(op.f("ix_regression_arrival_domain_metric_id"), "regression_arrival", ["domain", "metric", "id"])
    _seed()


def _seed() -> None:
    now = datetime.now(UTC)
    if op.get_context().dialect.name == "sqlite":
        now = now.replace(tzinfo=None)
    names = (
        "domain", "metric", "method", "kind", "better", "max_drop_fraction", "warn_n", "act_n", "warn_after",
        "act_after", "reference_rate", "floor", "action", "throttles", "window_events", "baseline_events",
        "min_events_to_enforce", "version", "changed_by", "reason",
    )  # fmt: skip
    policies = sa.table(
        "regression_policy", *(sa.column(name) for name in names), sa.column("enabled", sa.Boolean),
        sa.column("updated_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    states = sa.table(
        "regression_state", sa.column("domain"), sa.column("metric"), sa.column("version"),
        sa.column("memory", JSON), sa.column("events"), sa.column("chart_wanted", sa.Boolean),
    )  # fmt: skip
    versions = sa.table(
        "policy_version", sa.column("kind"), sa.column("key"), sa.column("version"),
        sa.column("changed_at", sa.DateTime(timezone=True)), sa.column("changed_by"), sa.column("reason"),
        sa.column("changes", JSON),
    )  # fmt: skip
    for domain, metric, kind, drop, action, throttles in SEEDS:
        figures: dict[str, Any] = {
            "method": "sr", "kind": kind, "better": "higher", "max_drop_fraction": drop, "warn_n": 10_000,
            "act_n": 100_000, "warn_after": 200, "act_after": 1_000, "reference_rate": None, "floor": None,
            "action": action, "throttles": throttles, "enabled": False, "window_events": 50, "baseline_events": 200,
            "min_events_to_enforce": 50,
        }  # fmt: skip
        by = {"version": 1, "changed_by": "settings", "reason": REASON}
        op.bulk_insert(policies, [{"domain": domain, "metric": metric, **figures, **by, "updated_at": now}])
        known = {"version": 1, "memory": {}, "events": 0, "chart_wanted": False}
        op.bulk_insert(states, [{"domain": domain, "metric": metric, **known}])
        changes = {name: [None, value] for name, value in figures.items()}
        op.bulk_insert(
            versions,
            [{"kind": "regression", "key": f"{domain}.{metric}", **by, "changed_at": now, "changes": changes}],
        )  # fmt: skip


def downgrade() -> None:
    """Drop them, and what the history says of them."""
    for table in ("regression_arrival", "regression_state", "regression_policy"):
        op.drop_table(table)
    for table in ("policy_version", "policy_revert"):
        op.execute(f"DELETE FROM {table} WHERE kind = 'regression'")  # noqa: S608
