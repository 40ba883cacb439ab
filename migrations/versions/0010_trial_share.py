"""A trial share after a tripwire's release: a hold that limits its engine, until when, and what was measured since.

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=Text()), "postgresql")


def upgrade() -> None:
    """Let a hold have a share and an end, and a tripwire know of its trial."""
    op.add_column("risk_hold", sa.Column("share", sa.Integer(), nullable=True))
    op.add_column("risk_hold", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("regression_state", sa.Column("trial", JSON, nullable=True))


def downgrade() -> None:
    """Take them away; a trial share that is in force becomes full speed, since the code before knows only of stops."""
    op.execute(
        "UPDATE risk_hold SET lifted_at = ends_at, lifted_by = 'system' WHERE share IS NOT NULL AND lifted_at IS NULL"
    )
    op.drop_column("regression_state", "trial")
    op.drop_column("risk_hold", "ends_at")
    op.drop_column("risk_hold", "share")
