"""An insert that can ignore or resolve a conflict, in the dialect at hand."""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def insert_into(connection: Connection, table: Any) -> Any:
    """Return the database's own insert into `table`.

    Ask with `.returning(…)` whether a row was inserted: on PostgreSQL the row count of such an insert is not known.
    """
    return (postgres_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table)
