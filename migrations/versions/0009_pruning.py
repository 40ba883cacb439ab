"""Indexes by which what is old and done is found, oldest first.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_outbox_done": ("outbox", "created_at", "state IN ('sent', 'dropped')"),
    "ix_inbox_done": ("inbox", "received_at", "state NOT IN ('received', 'running')"),
    "ix_tick_done": ("tick", "claimed_at", "state = 'done'"),
    "ix_page_ended": ("page", "ended_at", "ended_at IS NOT NULL"),
    "ix_chart_done": ("chart", "asked_at", "state IN ('shown', 'failed')"),
    "ix_risk_watch_ended": ("risk_watch", "ended_at", "ended_at IS NOT NULL"),
}


def upgrade() -> None:
    """Make the indexes."""
    for name, (table, column, where) in INDEXES.items():
        op.create_index(name, table, [column], postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def downgrade() -> None:
    """Take them away again."""
    for name, (table, _column, _where) in INDEXES.items():
        op.drop_index(name, table)
