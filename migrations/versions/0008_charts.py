"""Charts on cards, and which chart each card shows.

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
OPEN = sa.text("state NOT IN ('shown', 'failed')")


def upgrade() -> None:
    """Make the table, and the column on cards."""
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


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("card_message", "file_id")
    op.drop_table("chart")
