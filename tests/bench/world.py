"""Servers and gates for benchmarks: a real PostgreSQL, a real Redis-protocol server, a no-op production operation."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from domain.access.service import bootstrap_owners
from domain.clock import system_clock
from domain.database import Database, migrate
from domain.gate import Call, Gate
from domain.identity import Caller, Role, Surface
from domain.operation import ExecutionClass, Operation
from domain.outcomes import Done, Result
from domain.parameters import Arg, Params, Text
from domain.registry import build_registry
from domain.settings import load_settings
from tests.servers import PostgresServer, RedisServer

OWNER = "UBENCH"


class NoopParams(Params):
    """One word."""

    label: Annotated[Text, Arg("a word", "a")]


class NoopDone(Result):
    """The word again."""

    label: str


NOOP = Operation(
    name="bench.noop",
    summary="Act, and do nothing",
    params=NoopParams,
    result=NoopDone,
    run=lambda _act, params: NoopDone(label=params.label),
    role=Role.OPERATOR,
    klass=ExecutionClass.PROD_EXEC,
    target=lambda params: params.label,
)


@contextmanager
def workplace() -> Iterator[Path]:
    """Yield a short-named folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vb-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Yield the address of a migrated database on a server that commits durably."""
    server = PostgresServer(folder / "pg", durable=True)
    server.initialise()
    server.start()
    try:
        url = server.url()
        migrate(url)
        yield url
    finally:
        server.discard()


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Yield a running server."""
    server = RedisServer(folder / "r")
    server.start()
    try:
        yield server
    finally:
        server.kill()


def open_gate(url: str) -> Gate:
    """Return a gate with the no-op operation, whose owner may act."""
    settings = load_settings(
        VALHALLA_OWNERS=OWNER, DATABASE_URL=url, VALHALLA_DATA_DIR=os.environ.get("VALHALLA_DATA_DIR", "/tmp/vb-data")
    )
    database = Database(url)
    bootstrap_owners(database, (OWNER,), system_clock)
    return Gate(database, build_registry(NOOP), settings, system_clock)


def go_live(gate: Gate) -> None:
    """Switch production on and the kill switch off, by an owner's break glass."""
    console = Caller(OWNER, Surface.CLI)
    for name in ("golive.enable", "killswitch.release"):
        gate.run(Call(name, {"reason": "bench"}, console, break_glass_reason="bench"))
    outcome = gate.run(Call("bench.noop", {"label": "a"}, Caller(OWNER, Surface.WORKER)))
    assert isinstance(outcome, Done), outcome
