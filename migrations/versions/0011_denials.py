"""Denials by their time: the review counts those of a week, whatever the table has grown to.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DENIED = sa.text("kind = 'DENY'")


def upgrade() -> None:
    """Find denials by their time."""
    op.create_index("ix_risk_event_denied", "risk_event", ["at"], postgresql_where=DENIED, sqlite_where=DENIED)


def downgrade() -> None:
    """Look through all events again."""
    op.drop_index("ix_risk_event_denied", table_name="risk_event")
