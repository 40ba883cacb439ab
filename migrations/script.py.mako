"""${message}

It must work with the code before it: add first, use in the next release, drop in the one after.

Revision: ${up_revision}
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text  # noqa: F401 - JSONB(astext_type=Text()) is generated without it
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Undo it."""
    ${downgrades if downgrades else "pass"}
