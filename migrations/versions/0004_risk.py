"""Risk Guard: caps with their seeds, books, reservations, decisions, holds.

Revision: 0004
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEEDS = (
    ("GLOBAL", True, 250_00, 1_500_00, None),
    ("WHOLESALE", True, 200_00, 1_000_00, 500_00),
    ("CAPITAL", True, 150_00, 750_00, 300_00),
    ("NOTIFY", False, None, None, None),
)
"""Engine, enabled, and its caps in cents: loss and exposure a day, open risk."""
CAPS = ("max_daily_loss", "max_daily_exposure", "max_open_risk")
REASON = "as Valhalla comes"
SQLITE_APPEND_ONLY = (
    (
        "CREATE TRIGGER risk_event_append_only_update BEFORE UPDATE ON risk_event "
        "BEGIN SELECT RAISE(ABORT, 'risk_event is append-only'); END"
    ),
    (
        "CREATE TRIGGER risk_event_append_only_delete BEFORE DELETE ON risk_event "
        "BEGIN SELECT RAISE(ABORT, 'risk_event is append-only'); END"
    ),
    (
        "CREATE TRIGGER risk_event_append_only_insert BEFORE INSERT ON risk_event "
        "WHEN EXISTS (SELECT 1 FROM risk_event WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'risk_event is append-only'); END"
    ),
)
POSTGRES_APPEND_ONLY = (
    (
        "CREATE TRIGGER risk_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ),
)


def _id() -> sa.Column[int]:
    return sa.Column("id", ID, autoincrement=True, nullable=False)


def _engine() -> sa.Column[str]:
    return sa.Column("engine", sa.String(length=32), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _cents(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _word(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _only(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    """Make the tables and put the seeds in."""
    _policies_and_books()
    _reservations_and_holds()
    _events_and_watches()
    _seed()


def _policies_and_books() -> None:
    op.create_table(
        "risk_policy",
        _engine(),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        *(_cents(name, nullable=True) for name in CAPS),
        sa.Column("max_actions_per_day", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _word("changed_by", 64),
        sa.Column("reason", sa.String(), nullable=False),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("engine", name=op.f("pk_risk_policy")),
    )
    op.create_table(
        "risk_ledger",
        _engine(),
        sa.Column("day", sa.Date(), nullable=False),
        *(
            _cents(name)
            for name in ("opening", "reserved", "settled", "voided", "expired", "open_risk", "exposure", "loss")
        ),
        sa.Column("actions", sa.Integer(), nullable=False),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "open_risk = opening + reserved - settled - voided - expired", name=op.f("ck_risk_ledger_booked")
        ),
        sa.CheckConstraint(
            "open_risk >= 0 AND exposure >= 0 AND loss >= 0 AND actions >= 0", name=op.f("ck_risk_ledger_not_negative")
        ),
        sa.PrimaryKeyConstraint("engine", "day", name=op.f("pk_risk_ledger")),
    )
    op.create_index("uq_risk_ledger_current", "risk_ledger", ["engine"], unique=True, **_only("NOT is_closed"))


def _reservations_and_holds() -> None:
    op.create_table(
        "risk_reservation",
        _id(),
        _engine(),
        _cents("amount"),
        _word("state", 8),
        sa.Column("day", sa.Date(), nullable=False),
        _word("about", 128, nullable=True),
        _word("correlation_id", 64, nullable=True),
        _word("created_by", 64),
        _time("created_at"),
        _time("expires_at"),
        _time("expired_at", nullable=True),
        _word("closed_by", 64, nullable=True),
        _time("closed_at", nullable=True),
        _cents("realized_loss", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_reservation")),
        sa.UniqueConstraint("correlation_id", name=op.f("uq_risk_reservation_correlation_id")),
    )
    for name, columns in (("open", ["engine", "id"]), ("due", ["expires_at", "id"])):
        op.create_index(f"ix_risk_reservation_{name}", "risk_reservation", columns, **_only("state = 'OPEN'"))
    op.create_table(
        "risk_hold",
        _id(),
        _engine(),
        _word("source", 128),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("followups", sa.Boolean(), nullable=False),
        _word("placed_by", 64),
        _time("placed_at"),
        _word("lifted_by", 64, nullable=True),
        _time("lifted_at", nullable=True),
        _word("correlation_id", 64),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_hold")),
    )
    op.create_index(
        "uq_risk_hold_in_force", "risk_hold", ["engine", "source"], unique=True, **_only("lifted_at IS NULL")
    )


def _events_and_watches() -> None:
    op.create_table(
        "risk_event",
        _id(),
        _time("at"),
        sa.Column("day", sa.Date(), nullable=False),
        _engine(),
        _word("kind", 8),
        _cents("amount", nullable=True),
        _cents("realized_loss", nullable=True),
        sa.Column("reservation_id", ID, nullable=True),
        sa.Column("hold_id", ID, nullable=True),
        _word("code", 32, nullable=True),
        _word("actor", 64),
        sa.Column("reason", sa.String(), nullable=True),
        _word("correlation_id", 64),
        sa.Column("detail", JSON, nullable=True),
        sa.ForeignKeyConstraint(["reservation_id"], ["risk_reservation.id"], name=op.f("fk_risk_event_reservation_id")),
        sa.ForeignKeyConstraint(["hold_id"], ["risk_hold.id"], name=op.f("fk_risk_event_hold_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_event")),
    )
    op.create_index(op.f("ix_risk_event_day_engine"), "risk_event", ["day", "engine"])
    op.create_index(op.f("ix_risk_event_reservation_id"), "risk_event", ["reservation_id"])
    op.create_table(
        "risk_watch",
        _id(),
        _engine(),
        _word("user_id", 64),
        _cents("amount"),
        _time("created_at"),
        _time("expires_at"),
        _time("ended_at", nullable=True),
        _word("ended_why", 16, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_watch")),
    )
    op.create_index(
        "uq_risk_watch_waiting", "risk_watch", ["engine", "user_id"], unique=True, **_only("ended_at IS NULL")
    )
    is_postgres = op.get_context().dialect.name == "postgresql"
    for statement in POSTGRES_APPEND_ONLY if is_postgres else SQLITE_APPEND_ONLY:
        op.execute(statement)


def _seed() -> None:
    now = datetime.now(UTC)
    if op.get_context().dialect.name == "sqlite":
        now = now.replace(tzinfo=None)
    policies = sa.table(
        "risk_policy", sa.column("engine"), sa.column("enabled", sa.Boolean), *(sa.column(name) for name in CAPS),
        sa.column("version"), sa.column("changed_by"), sa.column("reason"),
        sa.column("updated_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    versions = sa.table(
        "policy_version", sa.column("kind"), sa.column("key"), sa.column("version"),
        sa.column("changed_at", sa.DateTime(timezone=True)), sa.column("changed_by"), sa.column("reason"),
        sa.column("changes", JSON),
    )  # fmt: skip
    for engine, enabled, *cents in SEEDS:
        caps = dict(zip(CAPS, cents, strict=True))
        op.bulk_insert(
            policies,
            [{"engine": engine, "enabled": enabled, **caps, "version": 1, "changed_by": "settings", "reason": REASON,
              "updated_at": now}],
        )  # fmt: skip
        shown = {name: f"{cap / 100:.2f}" if cap else "uncapped" for name, cap in caps.items()}
        first = {"enabled": enabled, **shown, "max_actions_per_day": "uncapped"}
        op.bulk_insert(
            versions,
            [{"kind": "risk", "key": engine, "version": 1, "changed_at": now, "changed_by": "settings",
              "reason": REASON, "changes": {name: [None, value] for name, value in first.items()}}],
        )  # fmt: skip


def downgrade() -> None:
    """Drop them, and what the history says of them."""
    for table in ("risk_watch", "risk_event", "risk_hold", "risk_reservation", "risk_ledger", "risk_policy"):
        op.drop_table(table)
    for table in ("policy_version", "policy_revert"):
        op.execute(f"DELETE FROM {table} WHERE kind = 'risk'")  # noqa: S608
