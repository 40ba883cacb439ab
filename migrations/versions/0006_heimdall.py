"""Heimdall: policies with the four seeds, scorecards, recommendations and events.

Revision: 0006
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEEDS = (
    ("WHOLESALE_OFFER", 0.92, 75, 0.82),
    ("BUYER_MATCH", 0.90, 50, 0.80),
    ("CAPITAL_ROUTE", 0.95, 100, 0.85),
    ("FOLLOWUP_NEXT_ACTION", 0.90, 60, 0.80),
)
"""Domain, least confidence, least trials, least success in trials."""
SAID = (
    "domain",
    "correlation_id",
    "payload",
    "evidence",
    "confidence",
    "model_fingerprint",
    "created_at",
    "created_by",
)
"""What a recommendation said, which never changes."""

POSTGRES_UP = f"""
CREATE FUNCTION heimdall_recommendation_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ({", ".join(f"OLD.{name}" for name in SAID)}) IS DISTINCT FROM ({", ".join(f"NEW.{name}" for name in SAID)}) THEN
        RAISE EXCEPTION 'what a recommendation said never changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER heimdall_recommendation_said BEFORE UPDATE ON heimdall_recommendation
    FOR EACH ROW EXECUTE FUNCTION heimdall_recommendation_said();
CREATE TRIGGER heimdall_recommendation_kept BEFORE DELETE OR TRUNCATE ON heimdall_recommendation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER heimdall_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON heimdall_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
SQLITE_UP = (
    f"""
CREATE TRIGGER heimdall_recommendation_said BEFORE UPDATE OF {", ".join(SAID)} ON heimdall_recommendation
BEGIN SELECT RAISE(ABORT, 'what a recommendation said never changes'); END
""",
    """
CREATE TRIGGER heimdall_recommendation_kept BEFORE DELETE ON heimdall_recommendation
BEGIN SELECT RAISE(ABORT, 'heimdall_recommendation is append-only'); END
""",
    """
CREATE TRIGGER heimdall_event_append_only_update BEFORE UPDATE ON heimdall_event
BEGIN SELECT RAISE(ABORT, 'heimdall_event is append-only'); END
""",
    """
CREATE TRIGGER heimdall_event_append_only_delete BEFORE DELETE ON heimdall_event
BEGIN SELECT RAISE(ABORT, 'heimdall_event is append-only'); END
""",
    # REPLACE takes the old row away without firing a trigger of DELETE.
    """
CREATE TRIGGER heimdall_event_append_only_insert BEFORE INSERT ON heimdall_event
WHEN EXISTS (SELECT 1 FROM heimdall_event WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'heimdall_event is append-only'); END
""",
)


def upgrade() -> None:
    """Make the tables, their triggers and the seeds."""
    policy = op.create_table(
        "heimdall_policy",
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("min_confidence_prod", sa.Double(), nullable=False),
        sa.Column("min_sandbox_trials", sa.Integer(), nullable=False),
        sa.Column("min_sandbox_success_rate", sa.Double(), nullable=False),
        sa.Column("prod_use_enabled", sa.Boolean(), nullable=False),
        sa.Column("scorecard_days", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model_fingerprint", sa.String(length=128), nullable=True),
        sa.Column("prod_model_fingerprint", sa.String(length=128), nullable=True),
        sa.Column("prod_use_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_heimdall_policy")),
    )
    op.create_table(
        "heimdall_scorecard",
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_production", sa.Boolean(), nullable=False),
        sa.Column("model_fingerprint", sa.String(length=128), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("confidence_sum", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "domain",
            "day",
            "is_production",
            "model_fingerprint",
            "bucket",
            "slot",
            name=op.f("pk_heimdall_scorecard"),
        ),
    )
    op.create_table(
        "heimdall_recommendation",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("model_fingerprint", sa.String(length=128), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("gate_code", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.String(length=64), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heimdall_recommendation")),
        sa.UniqueConstraint("correlation_id", name=op.f("uq_heimdall_recommendation_correlation_id")),
    )
    op.create_index(
        op.f("ix_heimdall_recommendation_domain_created_at"), "heimdall_recommendation", ["domain", "created_at"]
    )
    op.create_table(
        "heimdall_event",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("correlation_id", sa.String(length=64), nullable=True),
        sa.Column("recommendation_id", sa.BigInteger(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=True),
        sa.Column("model_fingerprint", sa.String(length=128), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("detail", JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heimdall_event")),
        sa.UniqueConstraint(
            "domain", "kind", "correlation_id", name=op.f("uq_heimdall_event_domain_kind_correlation_id")
        ),
    )
    op.create_index(op.f("ix_heimdall_event_domain_at"), "heimdall_event", ["domain", "at"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(POSTGRES_UP)
    else:
        for statement in SQLITE_UP:
            op.execute(statement)
    _seed(policy)


def _seed(policy: sa.Table) -> None:
    now, by, why = datetime.now(UTC), "settings", "the first policy of this domain"
    rows = [
        {
            "domain": domain, "min_confidence_prod": confidence, "min_sandbox_trials": trials,
            "min_sandbox_success_rate": rate, "prod_use_enabled": False, "scorecard_days": 7, "version": 1,
            "changed_by": by, "reason": why, "updated_at": now,
        }
        for domain, confidence, trials, rate in SEEDS
    ]  # fmt: skip
    op.bulk_insert(policy, rows)
    fields = (
        "min_confidence_prod", "min_sandbox_trials", "min_sandbox_success_rate", "prod_use_enabled", "scorecard_days",
    )  # fmt: skip
    history = sa.table(
        "policy_version", sa.column("kind", sa.String), sa.column("key", sa.String), sa.column("version", sa.Integer),
        sa.column("changed_at", sa.DateTime(timezone=True)), sa.column("changed_by", sa.String),
        sa.column("reason", sa.String), sa.column("changes", JSON),
    )  # fmt: skip
    op.bulk_insert(
        history,
        [
            {
                "kind": "heimdall", "key": row["domain"], "version": 1, "changed_at": now, "changed_by": by,
                "reason": why, "changes": {name: [None, row[name]] for name in fields},
            }
            for row in rows
        ],
    )  # fmt: skip


def downgrade() -> None:
    """Drop all of it, and the history of its policies."""
    op.execute("DELETE FROM policy_revert WHERE kind = 'heimdall'")
    op.execute("DELETE FROM policy_version WHERE kind = 'heimdall'")
    for table in ("heimdall_event", "heimdall_recommendation", "heimdall_scorecard", "heimdall_policy"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION heimdall_recommendation_said()")
