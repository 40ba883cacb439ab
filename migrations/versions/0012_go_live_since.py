"""Since when go-live is on or off, apart from the kill switch: a refusal says it.

Revision: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the time of the last change of go-live alone, taken from the history for what is so already."""
    op.add_column("go_live_state", sa.Column("go_live_changed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE go_live_state SET go_live_changed_at ="
        " (SELECT max(at) FROM go_live_history WHERE action IN ('enable', 'disable'))"
    )


def downgrade() -> None:
    """Forget it; the history still knows."""
    op.drop_column("go_live_state", "go_live_changed_at")
