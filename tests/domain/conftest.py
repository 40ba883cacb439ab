"""The world of the domain's tests: on both databases, with or without people."""

from collections.abc import Iterator

import pytest

from tests.support import World


@pytest.fixture
def empty_world(database_url: str) -> Iterator[World]:
    """Nobody is there yet; once on SQLite, once on PostgreSQL."""
    world = World(database_url)
    yield world
    world.close()


@pytest.fixture
def world(empty_world: World) -> World:
    """One person of each role and a second manager; once on SQLite, once on PostgreSQL."""
    empty_world.staff()
    return empty_world


@pytest.fixture
def light_world(sqlite_url: str) -> Iterator[World]:
    """The same on SQLite alone, for rules that no database has a say in."""
    world = World(sqlite_url)
    world.staff()
    yield world
    world.close()


@pytest.fixture
def postgres_world(pg_url: str) -> Iterator[World]:
    """The same on PostgreSQL alone, for locks that SQLite has not."""
    world = World(pg_url)
    world.staff()
    yield world
    world.close()
