"""Engines and transactions, one code path for PostgreSQL and SQLite (spec/5, "The hot rows")."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from domain.database.waiting import WaitingRoom

T = TypeVar("T")
ATTEMPTS = 4
"""How often a transaction that lost a deadlock or a lock is begun again before it is said to be unavailable."""
RETRY_PAUSE = 0.02
FILE = "file"
IDLE_IN_TRANSACTION = "25P03"
NOT_MIGRATED = "42P01"
"""A table is not there: the state cannot be read, so nothing may act (principle 2)."""
RETRIED_SQLSTATES = {"40001", "40P01", "55P03"}
TIMED_OUT = {"57014", IDLE_IN_TRANSACTION}
"""The server ended it because a statement, or a pause between two, took too long: nothing of it was committed."""
_transaction: ContextVar[bool] = ContextVar("transaction", default=False)


class Unavailable(Exception):
    """The database could not be reached, or gave no answer in time; nothing is known to have been written."""


def in_transaction() -> bool:
    """Whether the calling thread has a write transaction open; nothing may go over a network while it has."""
    return _transaction.get()


class Database:
    """One database, and the two ways into it: `write` and `read`.

    `write` is one transaction: `BEGIN IMMEDIATE` on SQLite, READ COMMITTED on PostgreSQL. `read` never blocks a
    writer: a deferred read-only transaction on SQLite, statements of their own on PostgreSQL.
    """

    def __init__(self, url: str, *, pool_size: int = 40) -> None:
        """Open nothing yet; connections are made when they are needed."""
        self.url: URL = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: Engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url, pool_size)
        read_options: dict[str, Any] = {"read_only": True}
        if not self.is_sqlite:
            read_options["isolation_level"] = "AUTOCOMMIT"
        self._reader = self.engine.execution_options(**read_options)
        self._room = WaitingRoom(self.url.database if self.is_sqlite else None)

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Connection]:
        """Yield a connection in a write transaction; commit at the end, roll back on any exception.

        `urgent` overtakes other writers on SQLite; PostgreSQL's locks are fair by themselves.
        """
        if urgent:
            with self._room.ahead():
                yield from self._begin()
        else:
            self._room.stand_back()
            yield from self._begin()

    def _begin(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            token = _transaction.set(True)
            try:
                yield connection
            finally:
                _transaction.reset(token)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for reading only."""
        with self._reader.connect() as connection:
            yield connection

    def attempt(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run `work` in a write transaction; raise `Unavailable` where that fails.

        Again where it lost a lock, and once where its pooled connection turned out to be dead before the commit was
        sent, or the server ended it as too slow: it waited long for others, or the machine stood still for a moment.
        A connection lost in the commit is not tried again: it may have been committed.
        """
        for attempt in range(1, ATTEMPTS + 1):
            was_worked = False
            try:
                with self.write(urgent=urgent) as connection:
                    result = work(connection)
                    was_worked = True
                return result
            except (OperationalError, InterfaceError, PoolTimeoutError, DBAPIError) as error:
                if not is_outage(error):
                    raise
                is_worth_one_more = _is_too_slow(error) or (not was_worked and _is_connection_lost(error))
                if attempt == ATTEMPTS or not (_is_worth_retrying(error) or (attempt == 1 and is_worth_one_more)):
                    raise Unavailable(_first_line(error)) from error
                time.sleep(RETRY_PAUSE * attempt)
        raise AssertionError("unreachable")

    def look(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a reading connection, once more on a fresh one where the pooled one had died."""
        for is_last in (False, True):
            try:
                with self.read() as connection:
                    return work(connection)
            except (OperationalError, InterfaceError, PoolTimeoutError, DBAPIError) as error:
                if not is_outage(error):
                    raise
                stale = isinstance(error, DBAPIError) and error.connection_invalidated
                if not stale or is_last:
                    raise Unavailable(_first_line(error)) from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def is_outage(error: Exception) -> bool:
    """Whether the database was away, busy or too slow, as against a statement that is wrong."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return True
    if isinstance(error, DBAPIError) and type(error.orig) is sqlite3.DatabaseError:
        return True  # the file is no database, or is damaged
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or _sqlstate(error) in RETRIED_SQLSTATES | {NOT_MIGRATED}
    )


def _is_worth_retrying(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    if "database is locked" in str(error.orig) or "database is busy" in str(error.orig):
        return True
    return _sqlstate(error) in RETRIED_SQLSTATES


def _is_connection_lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_too_slow(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and _sqlstate(error) in TIMED_OUT


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _first_line(error: Exception) -> str:
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _postgres_engine(url: URL, pool_size: int) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        connect_args={
            "connect_timeout": 2,
            "options": "-c statement_timeout=10000 -c idle_in_transaction_session_timeout=10000 -c timezone=UTC",
        },
    )


def _file(url: URL) -> tuple[int, int] | None:
    """Return which file is at a SQLite database's path; None where there is none, or the database is in memory."""
    try:
        found = Path(url.database or "").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sqlite_engine(url: URL) -> Engine:
    # A queue pool of its own size: SQLAlchemy's default for files is the same, but says nothing of the limit.
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=20, max_overflow=40, connect_args={"check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _settings(dbapi_connection: Any, record: Any) -> None:
        dbapi_connection.isolation_level = None
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()
        record.info[FILE] = _file(url)

    @event.listens_for(engine, "checkout")
    def _same_file(_dbapi_connection: Any, record: Any, _proxy: Any) -> None:
        """What is written into a file that was taken away is lost: a connection to it is not used again."""
        if record.info.get(FILE) != _file(url):
            raise DisconnectionError("the database's file was removed or replaced")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE")

    return engine
