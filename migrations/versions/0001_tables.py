"""Every table of the road.

It must work with the code before it: add first, use in the next release, drop in the one after.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("dedup_key", sa.String(length=128), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("headline", sa.String(), nullable=False),
        sa.Column(
            "facts",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("route", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=64), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=64), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.Column(
            "extra",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(
        "uq_alert_open",
        "alert",
        ["dedup_key"],
        unique=True,
        postgresql_where=sa.text("state <> 'resolved'"),
        sqlite_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column(
            "params",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("requester", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column(
            "wanted",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column(
            "bindings",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column(
            "gates",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("decider_role", sa.String(length=16), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("outcome_detail", sa.String(), nullable=True),
        sa.Column("replaced_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index(
        "ix_approval_open_expiry",
        "approval",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'deciding')"),
        sqlite_where=sa.text("status IN ('pending', 'deciding')"),
    )
    op.create_index(
        "uq_approval_open",
        "approval",
        ["operation", "target"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'deciding')"),
        sqlite_where=sa.text("status IN ('pending', 'deciding')"),
    )
    op.create_table(
        "attestation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("statement", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation")),
    )
    op.create_index(op.f("ix_attestation_statement_at"), "attestation", ["statement", "at"], unique=False)
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("claimed_actor", sa.String(length=64), nullable=True),
        sa.Column("surface", sa.String(length=16), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.Column(
            "before",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column(
            "after",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_correlation_id"), "audit_event", ["correlation_id"], unique=False)
    op.create_index(op.f("ix_audit_event_operation_id"), "audit_event", ["operation", "id"], unique=False)
    op.create_table(
        "audit_unsealed",
        sa.Column(
            "event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_unsealed")),
    )
    op.create_table(
        "break_glass",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column(
            "params",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "overridden",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.Column("done", sa.String(), nullable=False),
        sa.Column("signed_off_by", sa.String(length=64), nullable=True),
        sa.Column("signed_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
    )
    op.create_table(
        "card_message",
        sa.Column("thing", sa.String(length=128), nullable=False),
        sa.Column("destination", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("thing", "destination", name=op.f("pk_card_message")),
    )
    op.create_table(
        "contact_consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("basis", sa.String(length=24), nullable=False),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("wording", sa.String(), nullable=True),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_consent")),
    )
    op.create_index(op.f("ix_contact_consent_kind_value"), "contact_consent", ["kind", "value"], unique=False)
    op.create_table(
        "contact_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lead_id", sa.String(length=64), nullable=True),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column(
            "reasons",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column(
            "zones",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column(
            "detail",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_decision")),
    )
    op.create_index(op.f("ix_contact_decision_lead_id_at"), "contact_decision", ["lead_id", "at"], unique=False)
    op.create_table(
        "contact_suppression",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_suppression")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_contact_suppression_kind_value")),
    )
    op.create_table(
        "dncl_copy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("area_code", sa.String(length=3), nullable=False),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(length=64), nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dncl_copy")),
    )
    op.create_table(
        "go_live_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("go_live_enabled", sa.Boolean(), nullable=False),
        sa.Column("kill_switch_engaged", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "detail",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_go_live_history")),
    )
    op.create_index(op.f("ix_go_live_history_at"), "go_live_history", ["at"], unique=False)
    op.create_table(
        "go_live_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("go_live_enabled", sa.Boolean(), nullable=False),
        sa.Column("kill_switch_engaged", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("engaged_by", sa.String(length=64), nullable=True),
        sa.Column("engaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_enabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "overridden",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_go_live_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_go_live_state")),
    )
    op.create_table(
        "held_work",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column(
            "params",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_work")),
        sa.UniqueConstraint("actor", "operation", "key", name=op.f("uq_held_work_actor_operation_key")),
    )
    op.create_index(
        "ix_held_work_held",
        "held_work",
        ["not_after"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
        sqlite_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("params_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "outcome",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("actor", "operation", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("trigger_id", sa.String(length=255), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column(
            "params",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=True),
        sa.Column("response_url", sa.String(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("runner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("trigger_id", name=op.f("uq_inbox_trigger_id")),
    )
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('received', 'running')"),
        sqlite_where=sa.text("state IN ('received', 'running')"),
    )
    op.create_table(
        "kpi_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("domain", sa.String(length=64), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("market", sa.String(length=64), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.Column(
            "detail",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kpi_event")),
        sa.UniqueConstraint("domain", "metric", "event_id", name=op.f("uq_kpi_event_domain_metric_event_id")),
    )
    op.create_index(
        op.f("ix_kpi_event_domain_metric_occurred_at"), "kpi_event", ["domain", "metric", "occurred_at"], unique=False
    )
    op.create_table(
        "lead",
        sa.Column("lead_id", sa.String(length=64), nullable=False),
        sa.Column("seller_name", sa.String(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("property_address", sa.String(), nullable=True),
        sa.Column("mailing_address", sa.String(), nullable=True),
        sa.Column("postal_code", sa.String(length=7), nullable=True),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("market", sa.String(length=64), nullable=False),
        sa.Column("property_type", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Numeric(precision=5, scale=4, asdecimal=False), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("assignee", sa.String(length=64), nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("merged_into", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_lead")),
    )
    op.create_index(
        "ix_lead_merged_into",
        "lead",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
        sqlite_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_table(
        "lead_source",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("max_per_day", sa.Integer(), nullable=True),
        sa.Column("consent_basis", sa.String(length=16), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lead_source")),
    )
    op.create_table(
        "live_card",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_live_card")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("destination", sa.String(length=128), nullable=False),
        sa.Column("card", sa.String(length=64), nullable=False),
        sa.Column(
            "payload",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("thing", sa.String(length=128), nullable=True),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_outcome_unknown", sa.Boolean(), nullable=False),
        sa.Column("is_repeat_possible", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=True),
        sa.Column("ts", sa.String(length=32), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_live",
        "outbox",
        ["destination", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        "ix_outbox_stuck",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('held', 'dead')"),
        sqlite_where=sa.text("state IN ('held', 'dead')"),
    )
    op.create_index("ix_outbox_thing", "outbox", ["thing", "destination"], unique=False)
    op.create_table(
        "outbox_lane",
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_outbox_lane")),
    )
    op.create_table(
        "person",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_person")),
    )
    op.create_table(
        "process_heartbeat",
        sa.Column("process_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "seen",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("process_id", name=op.f("pk_process_heartbeat")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("granted_by", sa.String(length=64), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(
        "uq_role_grant_active",
        "role_grant",
        ["user_id", "role", "source"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "route",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_route")),
    )
    op.create_table(
        "tick",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("runner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_tick")),
    )
    op.create_index(
        "ix_tick_open",
        "tick",
        ["claimed_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'done'"),
        sqlite_where=sa.text("state <> 'done'"),
    )
    op.create_table(
        "audit_chain",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_chain_event_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_chain")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_chain_event_id")),
    )
    op.create_table(
        "contact_point",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lead_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.lead_id"], name=op.f("fk_contact_point_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_contact_point_kind_value")),
    )
    op.create_index(op.f("ix_contact_point_lead_id"), "contact_point", ["lead_id"], unique=False)
    op.create_table(
        "followup_ladder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lead_id", sa.String(length=64), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=32), nullable=True),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.lead_id"], name=op.f("fk_followup_ladder_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followup_ladder")),
    )
    op.create_index(
        "uq_followup_ladder_open",
        "followup_ladder",
        ["lead_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "followup_task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ladder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lead_id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sla_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("assignee", sa.String(length=64), nullable=True),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("answered_in", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_why", sa.String(length=200), nullable=True),
        sa.Column("sla_judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ladder_id"], ["followup_ladder.id"], name=op.f("fk_followup_task_ladder_id")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.lead_id"], name=op.f("fk_followup_task_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followup_task")),
        sa.UniqueConstraint("ladder_id", "step", name=op.f("uq_followup_task_ladder_id_step")),
    )
    op.create_index(
        "ix_followup_task_assignee",
        "followup_task",
        ["assignee", "sla_from", "id"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
    )
    op.create_index(
        "ix_followup_task_claimed",
        "followup_task",
        ["claimed_by"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND claimed_by IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND claimed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_followup_task_completed",
        "followup_task",
        ["completed_at"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_followup_task_done_by",
        "followup_task",
        ["completed_by", "completed_at"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_followup_task_given_up",
        "followup_task",
        ["stopped_at"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NOT NULL AND sla_judged_at IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NOT NULL AND sla_judged_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_followup_task_lead_id"), "followup_task", ["lead_id"], unique=False)
    op.create_index(
        "ix_followup_task_province",
        "followup_task",
        ["province", "sla_from", "id"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
    )
    op.create_index(
        "ix_followup_task_sla",
        "followup_task",
        ["sla_from", "id"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
    )
    op.create_index(
        "ix_followup_task_unjudged",
        "followup_task",
        ["sla_from"],
        unique=False,
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND sla_judged_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND sla_judged_at IS NULL"),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index(
        "ix_followup_task_unjudged",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND sla_judged_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND sla_judged_at IS NULL"),
    )
    op.drop_index(
        "ix_followup_task_sla",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
    )
    op.drop_index(
        "ix_followup_task_province",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
    )
    op.drop_index(op.f("ix_followup_task_lead_id"), table_name="followup_task")
    op.drop_index(
        "ix_followup_task_given_up",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NOT NULL AND sla_judged_at IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NOT NULL AND sla_judged_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_followup_task_done_by",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_followup_task_completed",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_followup_task_claimed",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND claimed_by IS NOT NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL AND claimed_by IS NOT NULL"),
    )
    op.drop_index(
        "ix_followup_task_assignee",
        table_name="followup_task",
        postgresql_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
        sqlite_where=sa.text("completed_at IS NULL AND stopped_at IS NULL"),
    )
    op.drop_table("followup_task")
    op.drop_index(
        "uq_followup_ladder_open",
        table_name="followup_ladder",
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("followup_ladder")
    op.drop_index(op.f("ix_contact_point_lead_id"), table_name="contact_point")
    op.drop_table("contact_point")
    op.drop_table("audit_chain")
    op.drop_index(
        "ix_tick_open",
        table_name="tick",
        postgresql_where=sa.text("state <> 'done'"),
        sqlite_where=sa.text("state <> 'done'"),
    )
    op.drop_table("tick")
    op.drop_table("route")
    op.drop_index(
        "uq_role_grant_active",
        table_name="role_grant",
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_table("role_grant")
    op.drop_table("process_heartbeat")
    op.drop_table("person")
    op.drop_table("outbox_lane")
    op.drop_index("ix_outbox_thing", table_name="outbox")
    op.drop_index(
        "ix_outbox_stuck",
        table_name="outbox",
        postgresql_where=sa.text("state IN ('held', 'dead')"),
        sqlite_where=sa.text("state IN ('held', 'dead')"),
    )
    op.drop_index(
        "ix_outbox_live",
        table_name="outbox",
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.drop_table("outbox")
    op.drop_table("live_card")
    op.drop_table("lead_source")
    op.drop_index(
        "ix_lead_merged_into",
        table_name="lead",
        postgresql_where=sa.text("merged_into IS NOT NULL"),
        sqlite_where=sa.text("merged_into IS NOT NULL"),
    )
    op.drop_table("lead")
    op.drop_index(op.f("ix_kpi_event_domain_metric_occurred_at"), table_name="kpi_event")
    op.drop_table("kpi_event")
    op.drop_index(
        "ix_inbox_open",
        table_name="inbox",
        postgresql_where=sa.text("state IN ('received', 'running')"),
        sqlite_where=sa.text("state IN ('received', 'running')"),
    )
    op.drop_table("inbox")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_index(
        "ix_held_work_held",
        table_name="held_work",
        postgresql_where=sa.text("state = 'held'"),
        sqlite_where=sa.text("state = 'held'"),
    )
    op.drop_table("held_work")
    op.drop_table("go_live_state")
    op.drop_index(op.f("ix_go_live_history_at"), table_name="go_live_history")
    op.drop_table("go_live_history")
    op.drop_table("dncl_copy")
    op.drop_table("contact_suppression")
    op.drop_index(op.f("ix_contact_decision_lead_id_at"), table_name="contact_decision")
    op.drop_table("contact_decision")
    op.drop_index(op.f("ix_contact_consent_kind_value"), table_name="contact_consent")
    op.drop_table("contact_consent")
    op.drop_table("card_message")
    op.drop_table("break_glass")
    op.drop_table("audit_unsealed")
    op.drop_index(op.f("ix_audit_event_operation_id"), table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_correlation_id"), table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_index(op.f("ix_attestation_statement_at"), table_name="attestation")
    op.drop_table("attestation")
    op.drop_index(
        "uq_approval_open",
        table_name="approval",
        postgresql_where=sa.text("status IN ('pending', 'deciding')"),
        sqlite_where=sa.text("status IN ('pending', 'deciding')"),
    )
    op.drop_index(
        "ix_approval_open_expiry",
        table_name="approval",
        postgresql_where=sa.text("status IN ('pending', 'deciding')"),
        sqlite_where=sa.text("status IN ('pending', 'deciding')"),
    )
    op.drop_table("approval")
    op.drop_index(
        "uq_alert_open",
        table_name="alert",
        postgresql_where=sa.text("state <> 'resolved'"),
        sqlite_where=sa.text("state <> 'resolved'"),
    )
    op.drop_table("alert")
