"""The test servers themselves: what the other tests build on."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from domain.database import Base
from domain.kpi.tables import KpiEvent
from tests import servers
from tests.conftest import Cluster, PrivatePostgres
from tests.servers import RedisServer, can_connect, libpq_url, temporary_folder
from tests.support import World

SEEDED = {
    "go_live_state": 1, "heimdall_policy": 4, "policy_version": 12, "regression_policy": 4, "regression_state": 4,
    "risk_policy": 4,
}  # fmt: skip
"""How many rows the migrations put in; every other table is empty."""
LOCK = 0x6C656674


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_gets_an_empty_redis(redis_url: str, round_: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", round_)


def test_a_private_redis_keeps_its_data_over_stop_and_kill_but_not_over_flush(
    private_redis: RedisServer,
) -> None:
    with private_redis.client() as client:
        client.set("kept", "yes")
    private_redis.stop()
    with private_redis.client() as client, pytest.raises(redis.ConnectionError):
        client.ping()
    private_redis.start()
    private_redis.kill()
    private_redis.start()
    with private_redis.client() as client:
        assert client.get("kept") == b"yes"
        private_redis.flush()
        assert client.get("kept") is None


def test_a_paused_redis_does_not_answer(private_redis: RedisServer) -> None:
    with redis.Redis.from_url(private_redis.url, socket_timeout=0.2) as client:
        private_redis.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        private_redis.resume()
        assert client.ping()


def test_each_test_gets_a_migrated_database(database_url: str) -> None:
    engine = create_engine(database_url)
    assert inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_over (id integer)"))
    engine.dispose()


@pytest.mark.parametrize("_round", [1, 2])
def test_each_test_gets_a_postgresql_database_of_its_own(pg_url: str, _round: int) -> None:
    with psycopg.connect(libpq_url(pg_url)) as connection:
        connection.execute("CREATE TABLE mine (id integer)")


@pytest.fixture(scope="module")
def left() -> Iterator[ExitStack]:
    """What careless tests leave open, with everything it holds, until the last of them is over."""
    with ExitStack() as stack:
        yield stack


def _begins_as_new(world: World) -> None:
    """Only the seeds are there, every number begins at one, nobody holds a lock, and what was written stays."""
    tables = inspect(world.database.engine).get_table_names()
    assert set(tables) == {*Base.metadata.tables, "alembic_version"}
    assert {name: len(rows) for name, rows in world.snapshot().items() if rows} == SEEDED
    assert not any(row.go_live_enabled or row.version != 1 for row in world.rows("go_live_state"))
    with world.database.write() as connection:
        if not world.is_sqlite:
            assert connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK})
            used = text("SELECT count(*) FROM pg_sequences WHERE last_value > 12")  # twelve versions are seeds
            assert connection.scalar(used) == 0
    for name in ("audit_event", "kpi_event"):
        world.put(name)
        assert [row.id for row in world.rows(name)] == [1]
    with pytest.raises(DBAPIError, match="append-only"):
        world.execute("DELETE FROM audit_event")


def _spoil(world: World, left: ExitStack) -> None:
    """Leave rows in every table, seeds changed, a table and a column more, guards off, numbers used up, locks held."""
    for table in Base.metadata.sorted_tables:
        if not world.rows(table):
            world.put(table.name)
    assert all(world.snapshot().values())
    world.switches(live=True, engaged=True)
    world.unguard("audit_event", "audit_chain")
    for change in (
        "CREATE TABLE left_over (id integer)",
        "ALTER TABLE kpi_event ADD COLUMN left_over integer",
        "DELETE FROM audit_chain",
        "DELETE FROM audit_event",
        "INSERT INTO alembic_version VALUES ('left over')",
    ):
        world.execute(change)
    if not world.is_sqlite:
        world.execute("ALTER TABLE risk_policy SET UNLOGGED")
        with world.database.read() as connection:
            for (name,) in connection.execute(text("SELECT sequencename FROM pg_sequences")).all():
                connection.execute(text("SELECT setval(CAST(:name AS regclass), 1000)"), {"name": name})
    open_one = world.database.engine.connect()
    left.callback(open_one.close)
    left.callback(open_one.invalidate)
    open_one.execute(KpiEvent.__table__.delete())  # type: ignore[attr-defined]  # a Table, which the annotation hides
    if not world.is_sqlite:
        open_one.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        open_one.execute(text("LOCK TABLE go_live_state, audit_event IN ACCESS EXCLUSIVE MODE"))


@pytest.mark.xdist_group("spoilt")
@pytest.mark.parametrize("_round", [1, 2, 3])
def test_what_a_test_leaves_behind_no_other_sees(database_url: str, left: ExitStack, _round: int) -> None:
    world = World(database_url)
    left.callback(world.close)
    _begins_as_new(world)
    _spoil(world, left)


def test_a_statement_is_compiled_once_for_all_databases_of_a_kind(sqlite_url: str, pg_url: str) -> None:
    """The second engine uses what the first has compiled, with its own values; the other kind compiles its own."""
    compiled: list[object] = []
    for number, url in enumerate((sqlite_url, sqlite_url, pg_url)):
        world = World(url)
        world.put("kpi_event", event_id=f"event {number}")
        with world.database.read() as connection:
            result = connection.execute(select(KpiEvent.event_id).where(KpiEvent.event_id == f"event {number}"))
            compiled.append(result.context.compiled)
            assert result.scalars().all() == [f"event {number}"]
        world.close()
    first, second, other = compiled
    assert first is second
    assert first is not other


def test_a_run_lives_in_memory_only_where_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have 64 MB there, and another system no such place: then the disk it is, as for anybody."""
    disk = Path("/tmp")
    for place, room, parent in ((tmp_path, 1, tmp_path), (tmp_path, 2**62, disk), (tmp_path / "missing", 1, disk)):
        monkeypatch.setattr(servers, "IN_MEMORY", place)
        monkeypatch.setattr(servers, "ROOM_IN_MEMORY", room)
        folder = temporary_folder("vh-t-")
        assert folder.parent == parent
        folder.rmdir()


def test_a_database_is_dropped_whoever_is_still_connected(pg_cluster: Cluster) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    url = pg_cluster.create(name, "template0")
    connection = psycopg.connect(libpq_url(url))
    pg_cluster.drop(name)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_an_empty_database_has_no_tables(empty_pg_url: str) -> None:
    engine = create_engine(empty_pg_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_private_postgresql_can_be_stopped_killed_and_started(private_postgres: PrivatePostgres) -> None:
    with psycopg.connect(libpq_url(private_postgres.url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    for end in (private_postgres.stop, private_postgres.kill):
        end()
        assert not can_connect(private_postgres.url)
        private_postgres.start()
        with psycopg.connect(libpq_url(private_postgres.url)) as connection:
            assert connection.execute("SELECT id FROM kept").fetchall() == [(1,)]
