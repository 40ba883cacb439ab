"""Alembic's way in: the engine comes from `domain.database.migrate`, one transaction, one migrator at a time."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Engine, text

from domain import tables
from domain.database import Base, UtcDateTime

MIGRATOR = 0x56414C03
assert tables.FEATURES


def _include(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Leave what a database keeps for itself alone."""
    return not (kind == "table" and name is not None and name.startswith("sqlite_"))


def _render(kind: str, item: Any, _autogen_context: Any) -> str | Literal[False]:
    """Write column types of ours as what they are in the database, so that old migrations import nothing of ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the migrations that are asked for."""
    engine: Engine = context.config.attributes["engine"]
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATOR})
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=False,
            render_item=_render,
            include_object=_include,
            compare_type=True,
        )
        context.run_migrations()


run()
