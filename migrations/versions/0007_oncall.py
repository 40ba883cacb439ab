"""The rota, pages, and the round of an alert's ladder; sources of roles that have the length of a group's name.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_VALID = sa.text("ended_at IS NULL")
_LIVE = sa.text("state IN ('planned', 'queued', 'sending')")
_ACKNOWLEDGED = sa.text("state = 'acknowledged'")


def upgrade() -> None:
    """Make the two tables; every alert there is pages nobody until it opens anew."""
    op.create_table(
        "oncall_shift",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("every_weeks", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oncall_shift")),
    )
    op.create_index("ix_oncall_shift_valid", "oncall_shift", ["ends_at"], postgresql_where=_VALID, sqlite_where=_VALID)
    op.create_table(
        "page",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", _ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("said_by", sa.String(length=64), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
    )
    op.create_index("uq_page_once", "page", ["alert_id", "round", "step", "target", "way"], unique=True)
    op.create_index("ix_page_live", "page", ["due_at"], postgresql_where=_LIVE, sqlite_where=_LIVE)
    op.create_index("ix_page_target", "page", ["target", "fired_at"])
    op.add_column("alert", sa.Column("page_round", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index(
        "ix_alert_acknowledged", "alert", ["acknowledged_until"], postgresql_where=_ACKNOWLEDGED,
        sqlite_where=_ACKNOWLEDGED,
    )  # fmt: skip
    with op.batch_alter_table("role_grant") as batch:
        batch.alter_column("source", existing_type=sa.String(length=16), type_=sa.String(length=64))


def downgrade() -> None:
    """Drop them; roles that a group gave are gone with it."""
    op.execute("DELETE FROM role_grant WHERE source LIKE 'group:%'")
    with op.batch_alter_table("role_grant") as batch:
        batch.alter_column("source", existing_type=sa.String(length=64), type_=sa.String(length=16))
    op.drop_index("ix_alert_acknowledged", table_name="alert")
    with op.batch_alter_table("alert") as batch:
        batch.drop_column("page_round")
    op.drop_table("page")
    op.drop_table("oncall_shift")
