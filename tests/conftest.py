"""Fixtures for every test: real databases, real Redis servers.

========================  ============================================================================
``sqlite_url``            a migrated SQLite file of this test's own
``pg_url``                a migrated PostgreSQL database of this test's own
``database_url``          both, one after the other
``empty_pg_url``          an empty PostgreSQL database of this test's own
``private_postgres``      a server of this test's own, which it may stop, kill and start
``redis_url``             an empty Redis database
``private_redis``         a server of this test's own, which it may stop, kill, pause, start and flush
========================  ============================================================================

``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` point the suite at running servers instead; the private
ones are always its own.
"""

import fcntl
import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

import psycopg
import pytest
import redis
from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import make_url

from tests.servers import (
    PostgresServer,
    RedisServer,
    ServerMissingError,
    SharedPostgres,
    libpq_url,
    locked,
    temporary_folder,
)
from tests.statements import share
from workers.embedded_redis import EmbeddedRedisError

share()

# A loaded machine is no failure, and a run that failed must fail again.
settings.register_profile(
    "valhalla", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("valhalla")

RUN_DIR = "VALHALLA_TEST_RUN_DIR"
TEMPLATE = "valhalla_template"
END_CONNECTIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"

_run_lock: IO[str] | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run; xdist's processes find it in their environment, `tmp_path` is below it."""
    global _run_lock  # noqa: PLW0603 - it has to live exactly as long as the process
    if RUN_DIR in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
        return
    run_dir = temporary_folder("vh-")
    run_dir.chmod(0o711)  # the PostgreSQL server runs as another user when we are root
    _run_lock = (run_dir / "run.lock").open("w")
    fcntl.flock(_run_lock, fcntl.LOCK_EX)
    os.environ[RUN_DIR] = str(run_dir)
    if config.option.basetemp is None:
        config.option.basetemp = str(run_dir / "tmp")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `--dist loadgroup` see the groups: xdist writes them where this pytest no longer looks."""
    for item in items:
        grouped = getattr(item, "_nodeid", None)
        if grouped is not None and grouped != item.nodeid:
            item._id = coerce_node_id(grouped)


def pytest_unconfigure() -> None:
    """Free the lock, upon which the keeper of the shared cluster ends it and removes the folder."""
    global _run_lock  # noqa: PLW0603 - see pytest_configure
    if _run_lock is None:
        return
    run_dir = Path(os.environ.pop(RUN_DIR))
    _drop_external_template(run_dir)
    kept = (run_dir / "pg.ready").exists()
    _run_lock.close()
    _run_lock = None
    if not kept:
        shutil.rmtree(run_dir, ignore_errors=True)


def _missing(error: Exception) -> NoReturn:
    """Skip at home, with the reason; fail in CI, where nothing may be skipped unseen."""
    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))


def _migrate(url: str) -> None:
    from domain.database import migrate

    migrate(url)


@pytest.fixture(scope="session")
def run_dir() -> Path:
    """The short-named folder that all processes of this run share."""
    return Path(os.environ[RUN_DIR])


# -- Redis --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _redis_server(run_dir: Path) -> Iterator[str]:
    if given := os.environ.get("TEST_REDIS_URL"):
        number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield f"{given}{'&' if '?' in given else '?'}db={number}"
        return
    server = RedisServer(run_dir / f"r-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    try:
        server.start()
    except EmbeddedRedisError as error:
        _missing(error)
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(_redis_server: str) -> str:
    """The address of an empty Redis database; the server is shared by the tests of this process."""
    with redis.Redis.from_url(_redis_server) as client:
        client.flushdb()
    return _redis_server


@pytest.fixture
def private_redis(run_dir: Path) -> Iterator[RedisServer]:
    """A running Redis server that this test may ``stop``, ``kill``, ``pause``, ``start`` and ``flush``."""
    directory = run_dir / f"r-{uuid.uuid4().hex[:8]}"
    server = RedisServer(directory)
    try:
        server.start()
    except EmbeddedRedisError as error:
        _missing(error)
    yield server
    server.kill()
    shutil.rmtree(directory, ignore_errors=True)


# -- SQLite -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _sqlite_template(run_dir: Path) -> Path:
    template = run_dir / "template.sqlite3"
    with locked(run_dir / "sqlite.lock"):
        if not template.exists():
            part = run_dir / "part.sqlite3"
            _migrate(f"sqlite:///{part}")
            connection = sqlite3.connect(part)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            part.rename(template)
    return template


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite file."""
    file = tmp_path / "valhalla.sqlite3"
    shutil.copyfile(_sqlite_template, file)
    return f"sqlite:///{file}"


# -- PostgreSQL ---------------------------------------------------------------------------------------------


@dataclass
class Cluster:
    """The PostgreSQL server that the tests of this process share with the others."""

    url: str
    admin: psycopg.Connection

    def database_url(self, name: str) -> str:
        """Return the address of one database in it."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def create(self, name: str, template: str) -> str:
        """Create a database and return its address."""
        # Copying the files costs ours less than half of writing them into its log; a durable server would sync them.
        strategy = "" if os.environ.get("TEST_DATABASE_URL") else "STRATEGY FILE_COPY"
        self.admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.SQL(strategy)
            )
        )
        return self.database_url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        # DROP itself looks for them only every 100 ms, and those who have just closed are mostly gone within two.
        for _ in range(500):
            if not self.admin.execute(END_CONNECTIONS, [name]).rowcount:
                break
        self.admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def pg_cluster(run_dir: Path) -> Iterator[Cluster]:
    """The shared PostgreSQL server: ``TEST_DATABASE_URL``, or one from the package."""
    try:
        url = os.environ.get("TEST_DATABASE_URL") or SharedPostgres(run_dir).ensure()
    except ServerMissingError as error:
        _missing(error)
    url = make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    with psycopg.connect(libpq_url(url), autocommit=True) as admin:
        yield Cluster(url, admin)


@pytest.fixture(scope="session")
def _pg_template(pg_cluster: Cluster, run_dir: Path) -> str:
    """The name of a migrated database that nobody is connected to, made once in a run."""
    name = f"{TEMPLATE}_{run_dir.name.replace('-', '_')}"
    done = run_dir / "template.pg"
    with locked(run_dir / "template.lock"):
        if not done.exists():
            _migrate(pg_cluster.create(name, "template0"))
            done.write_text(name)
    return name


def _drop_external_template(run_dir: Path) -> None:
    given, done = os.environ.get("TEST_DATABASE_URL"), run_dir / "template.pg"
    if given and done.exists():
        with psycopg.connect(libpq_url(given), autocommit=True) as admin:
            Cluster(given, admin).drop(done.read_text())


def _fresh_database(cluster: Cluster, template: str) -> Iterator[str]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield cluster.create(name, template)
    cluster.drop(name)


@pytest.fixture
def pg_url(pg_cluster: Cluster, _pg_template: str) -> Iterator[str]:
    """The address of a migrated, empty PostgreSQL database."""
    yield from _fresh_database(pg_cluster, _pg_template)


@pytest.fixture
def empty_pg_url(pg_cluster: Cluster) -> Iterator[str]:
    """The address of a PostgreSQL database without a single table, for tests of the migrations."""
    yield from _fresh_database(pg_cluster, "template0")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database: the test runs on SQLite and on PostgreSQL."""
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "pg_url")
    assert isinstance(url, str)
    return url


class PrivatePostgres:
    """A PostgreSQL server of one test's own, with one migrated database."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.url = server.url("valhalla")
        self.start: Callable[[], None] = server.start
        self.stop: Callable[[], None] = server.stop
        self.kill: Callable[[], None] = server.kill

    def create(self) -> None:
        """Make the cluster's database."""
        with psycopg.connect(libpq_url(self._server.url()), autocommit=True) as admin:
            admin.execute("CREATE DATABASE valhalla TEMPLATE template0")
        _migrate(self.url)


@pytest.fixture
def private_postgres(run_dir: Path) -> Iterator[PrivatePostgres]:
    """A running server with a migrated database, which this test may ``stop``, ``kill`` and ``start``."""
    server = PostgresServer(run_dir / f"p-{uuid.uuid4().hex[:8]}")
    try:
        server.copy_from(SharedPostgres(run_dir).ensure_pristine())
    except ServerMissingError as error:
        _missing(error)
    server.start()
    private = PrivatePostgres(server)
    try:
        private.create()
        yield private
    finally:
        server.discard()
