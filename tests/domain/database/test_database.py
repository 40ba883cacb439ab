"""The one door to the database: outages, locks, times."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from domain.alerts.tables import Alert
from domain.database import Database, Unavailable, in_transaction
from domain.database.engine import ATTEMPTS
from domain.gate import Gate
from domain.outcomes import Done, Kind, Refused
from tests.conftest import PrivatePostgres
from tests.support import OPERATOR, START, World


@pytest.fixture
def busy_world(sqlite_url: str) -> Iterator[World]:
    """A world on SQLite whose patience with a lock is 20 ms."""
    world = World(sqlite_url)
    world.staff()
    event.listen(world.database.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=20").close())
    world.database.engine.dispose()
    yield world
    world.close()


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    """Reads and writes are refused with a word, and nothing is raised."""
    for url in (
        f"sqlite:///{tmp_path / 'no such folder' / 'x.sqlite3'}",
        f"postgresql+psycopg://nobody@/nothing?host={tmp_path}",
    ):
        world = World(url)
        for name in ("golive.state", "killswitch.engage", "test.prod_exec"):
            refusal = world.refused(OPERATOR, name)
            assert (refusal.kind, refusal.code) == (Kind.UNAVAILABLE, "database_unavailable")
            assert refusal.figures["cause"]
            assert refusal.remedy
        world.close()


def test_an_outage_is_refused_and_over_when_it_is_over(private_postgres: PrivatePostgres) -> None:
    """While the server is down everything is refused; the first call after its return works, read or write."""
    world = World(private_postgres.url)
    world.staff()
    world.done(OPERATOR, "test.govern")
    private_postgres.stop()
    for name in ("golive.state", "test.govern", "killswitch.engage"):
        assert world.refused(OPERATOR, name).kind is Kind.UNAVAILABLE
    private_postgres.start()
    world.done(OPERATOR, "killswitch.engage", reason="it is back")
    private_postgres.stop()
    private_postgres.start()
    world.done(OPERATOR, "golive.state")
    assert world.acts() == 1
    world.close()


def test_a_connection_lost_in_the_middle_is_tried_again_once(postgres_world: World) -> None:
    """The transaction is gone with its connection, so it is begun again, and acts once."""
    world = postgres_world
    lost: list[int] = []

    def lose(act: object) -> None:
        if not lost:
            lost.append(1)
            connection = act.connection  # type: ignore[attr-defined]
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
            world.execute(f"SELECT pg_terminate_backend({pid}) IS NULL")
            connection.execute(text("SELECT 1"))

    world.gate.before_commit = lose
    assert isinstance(world.run(OPERATOR, "test.govern"), Done)
    assert world.acts() == 1


def test_a_connection_lost_in_the_commit_is_not_tried_again(postgres_world: World) -> None:
    """Nobody knows whether it was committed, so nobody does it twice; it is said."""
    world = postgres_world

    def lose(act: object) -> None:
        world.gate.before_commit = None
        pid = act.connection.scalar(text("SELECT pg_backend_pid()"))  # type: ignore[attr-defined]
        world.execute(f"SELECT pg_terminate_backend({pid}) IS NULL")

    world.gate.before_commit = lose
    outcome = world.run(OPERATOR, "test.govern")
    assert isinstance(outcome, Refused)
    assert outcome.kind is Kind.UNAVAILABLE
    assert world.acts() == 0


def test_a_busy_sqlite_is_tried_again_and_then_unavailable(busy_world: World) -> None:
    """Bounded: after its attempts the call is refused and nothing was written; freed, the next one works."""
    before = busy_world.snapshot()
    begun: list[str] = []
    event.listen(
        busy_world.database.engine, "before_cursor_execute",
        lambda _c, _cursor, statement, *_: begun.append(statement) if "IMMEDIATE" in statement else None,
    )  # fmt: skip
    holder = sqlite3.connect(str(busy_world.database.url.database), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refusal = busy_world.refused(OPERATOR, "killswitch.engage", reason="drill")
    assert refusal.kind is Kind.UNAVAILABLE
    assert "locked" in refusal.figures["cause"]
    assert len(begun) == ATTEMPTS
    assert busy_world.done(OPERATOR, "golive.state").kill_switch_engaged is False
    holder.execute("ROLLBACK")
    holder.close()
    assert busy_world.snapshot() == before
    busy_world.done(OPERATOR, "killswitch.engage", reason="drill")


def test_a_busy_sqlite_that_frees_itself_is_not_noticed(busy_world: World) -> None:
    """The lock is free at the second attempt: it acts, once."""
    holder = sqlite3.connect(str(busy_world.database.url.database), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    attempts: list[int] = []

    def free(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        attempts.append(1)
        if "IMMEDIATE" in statement and len(attempts) == 2:
            holder.execute("ROLLBACK")

    event.listen(busy_world.database.engine, "before_cursor_execute", free)
    busy_world.done(OPERATOR, "test.govern")
    holder.close()
    assert busy_world.acts() == 1


def test_a_lost_deadlock_is_begun_again(postgres_world: World) -> None:
    """What PostgreSQL calls a deadlock or a serialization failure is tried again; a wrong statement is raised."""
    database = postgres_world.database
    tries: list[int] = []

    def work(connection: object) -> str:
        tries.append(1)
        if len(tries) == 1:
            connection.execute(  # type: ignore[attr-defined]
                text("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$")
            )
        return "done"

    assert database.attempt(work) == "done"
    assert len(tries) == 2
    with pytest.raises(DBAPIError):
        database.attempt(lambda connection: connection.execute(text("SELECT nonsense")))


def test_a_deadlock_every_time_is_unavailable_in_the_end(postgres_world: World) -> None:
    """Bounded on PostgreSQL too."""
    tries: list[int] = []

    def work(connection: object) -> None:
        tries.append(1)
        connection.execute(  # type: ignore[attr-defined]
            text("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$")
        )

    with pytest.raises(Unavailable, match="deadlock"):
        postgres_world.database.attempt(work)
    assert len(tries) == ATTEMPTS


def test_naive_times_are_refused(world: World) -> None:
    """A time without a zone is a bug, and is raised before it is written."""
    with pytest.raises(StatementError, match="naive time"):
        world.put("alert", opened_at=datetime(2026, 11, 24))  # noqa: DTZ001 - that is the point
    assert world.count("alert") == 0


def test_times_come_back_aware_in_utc_whatever_zone_they_went_in_with(world: World) -> None:
    """To the microsecond, on both databases."""
    there = START.astimezone(timezone(timedelta(hours=-5))) + timedelta(microseconds=123_456)
    world.put("alert", opened_at=there, dedup_key="a", facts=[], extra={"a": None})
    with world.database.read() as connection:
        found = connection.scalar(select(Alert.opened_at))
        row = connection.execute(select(Alert.__table__)).one()
    assert found == there
    assert found is not None
    assert found.tzinfo is UTC or found.utcoffset() == timedelta(0)
    assert (row.extra, row.resolved_at) == ({"a": None}, None)


def test_reads_cannot_write_on_sqlite_transactions_of_their_own(world: World) -> None:
    """A reader sees no uncommitted row and holds nobody up."""
    with world.database.write() as writing:
        writing.execute(text("UPDATE go_live_state SET reason = 'open'"))
        with world.database.read() as reading:
            assert reading.scalar(text("SELECT reason FROM go_live_state")) is None
    assert world.rows("go_live_state")[0].reason == "open"


def test_a_thread_knows_whether_it_is_in_a_transaction(world: World) -> None:
    """Senders ask it before they go over a network."""
    seen: list[bool] = []
    world.gate.before_commit = lambda _act: seen.append(in_transaction())
    world.done(OPERATOR, "test.govern")
    assert seen == [True]
    assert not in_transaction()


def test_sqlite_is_durable_and_keeps_its_foreign_keys(light_world: World) -> None:
    """WAL, FULL and foreign keys on every connection: a lost commit would post twice."""
    with light_world.database.read() as connection:
        told = [connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert told == ["wal", 2, 1]


def test_one_gate_serves_many_threads(world: World) -> None:
    """Gates are shared between threads and hold no connection of their own."""
    other = Gate(Database(world.url), world.registry, world.settings, world.clock)
    outcome = other.run(world.call(OPERATOR, "test.govern"))
    assert isinstance(outcome, Done)
    other.database.close()
    assert world.acts() == 1


def test_a_sqlite_file_taken_away_is_not_written_to(busy_world: World) -> None:
    """Nothing goes into a file that nobody can open again; with the file back, its world goes on."""
    path = Path(str(busy_world.database.url.database))
    aside = path.with_suffix(".aside")
    busy_world.done(OPERATOR, "killswitch.engage", reason="drill")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    path.rename(aside)
    refusal = busy_world.refused(OPERATOR, "golive.disable", reason="x")
    assert refusal.kind is Kind.UNAVAILABLE
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    aside.rename(path)
    assert busy_world.done(OPERATOR, "golive.state").kill_switch_engaged
    assert busy_world.count("audit_event", "operation = 'golive.disable'") == 0
