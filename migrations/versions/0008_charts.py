"""Charts on cards and which chart each card shows; snapshots, Monday reviews, what was escalated on them.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFUSED = sa.text("outcome = 'refused'")
UNDONE = sa.text("done_at IS NULL")
OPEN = sa.text("state NOT IN ('shown', 'failed')")


def upgrade() -> None:
    """Make the tables, the column on cards, and the index of refusals."""
    op.create_table(
        "chart",
        sa.Column("thing", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("completions", sa.Integer(), nullable=False),
        sa.Column("showings", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=True),
        sa.Column("file_alt", sa.String(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("thing", name=op.f("pk_chart")),
    )
    op.create_index("ix_chart_open", "chart", ["not_before"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.add_column("card_message", sa.Column("file_id", sa.String(length=64), nullable=True))
    op.create_index("ix_audit_event_refused", "audit_event", ["at"], postgresql_where=REFUSED, sqlite_where=REFUSED)
    op.create_table(
        "snapshot",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("kind", "day", name=op.f("uq_snapshot_kind_day")),
    )
    op.create_table(
        "review",
        sa.Column("monday", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("asked_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("what", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_review_snapshot_id")),
        sa.PrimaryKeyConstraint("monday", name=op.f("pk_review")),
    )
    op.create_table(
        "review_item",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("monday", sa.Date(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("to", sa.String(length=64), nullable=False),
        sa.Column("by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["monday"], ["review.monday"], name=op.f("fk_review_item_monday")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_item")),
    )
    op.create_index("ix_review_item_undone", "review_item", ["id"], postgresql_where=UNDONE, sqlite_where=UNDONE)


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("review_item")
    op.drop_table("review")
    op.drop_table("snapshot")
    op.drop_index("ix_audit_event_refused", "audit_event")
    op.drop_column("card_message", "file_id")
    op.drop_table("chart")
