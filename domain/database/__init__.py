"""The one door to the database: engine, transactions, column types, locks, migrations."""

from domain.database.base import Base, Cents, Json, RowId, UtcDateTime
from domain.database.engine import Database, Unavailable, in_transaction
from domain.database.locks import BOOKS, PrimeMode, lock_call, lock_rota, try_lock_sealer
from domain.database.schema import head_revision, migrate, schema_revision
from domain.database.upsert import insert_into

__all__ = [
    "BOOKS",
    "Base",
    "Cents",
    "Database",
    "Json",
    "PrimeMode",
    "RowId",
    "Unavailable",
    "UtcDateTime",
    "head_revision",
    "in_transaction",
    "insert_into",
    "lock_call",
    "lock_rota",
    "migrate",
    "schema_revision",
    "try_lock_sealer",
]
