"""Triggers of the audit log and of the switches' history, and the one row of the switches.

Revision: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_event", "audit_chain", "go_live_history")

POSTGRES_UP = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE FUNCTION queue_for_sealing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO audit_unsealed (event_id) VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER audit_event_unsealed AFTER INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION queue_for_sealing();
"""
POSTGRES_TABLE_UP = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
SQLITE_UP = """
CREATE TRIGGER audit_event_unsealed AFTER INSERT ON audit_event
BEGIN INSERT INTO audit_unsealed (event_id) VALUES (NEW.id); END
"""
SQLITE_TABLE_UP = """
CREATE TRIGGER {table}_append_only_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
# REPLACE takes the old row away without firing a trigger of DELETE.
SQLITE_REPLACE_UP = """
CREATE TRIGGER {table}_append_only_insert BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
SAME_ROW = {
    "audit_event": "id = NEW.id",
    "audit_chain": "seq = NEW.seq OR event_id = NEW.event_id",
    "go_live_history": "id = NEW.id",
}


def upgrade() -> None:
    """Add the triggers and the row."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(POSTGRES_UP)
        for table in APPEND_ONLY:
            op.execute(POSTGRES_TABLE_UP.format(table=table))
    else:
        op.execute(SQLITE_UP)
        for table in APPEND_ONLY:
            for verb in ("UPDATE", "DELETE"):
                op.execute(SQLITE_TABLE_UP.format(table=table, verb=verb))
            op.execute(SQLITE_REPLACE_UP.format(table=table, same=SAME_ROW[table]))
    op.execute(
        "INSERT INTO go_live_state (id, go_live_enabled, kill_switch_engaged, version) VALUES (1, false, false, 1)"
    )


def downgrade() -> None:
    """Take them away again."""
    op.execute("DELETE FROM go_live_state")
    if op.get_context().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute("DROP TRIGGER audit_event_unsealed ON audit_event")
        op.execute("DROP FUNCTION refuse_change()")
        op.execute("DROP FUNCTION queue_for_sealing()")
    else:
        op.execute("DROP TRIGGER audit_event_unsealed")
        for table in APPEND_ONLY:
            for verb in ("UPDATE", "DELETE", "INSERT"):
                op.execute(f"DROP TRIGGER {table}_append_only_{verb}")
