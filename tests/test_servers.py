"""The test servers themselves: what the other tests build on."""

import uuid

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, inspect, text

from tests.conftest import Cluster, PrivatePostgres
from tests.servers import RedisServer, can_connect, libpq_url


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
