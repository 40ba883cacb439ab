"""Fixtures of the workers' tests: a Slack double and a scene on each database."""

from collections.abc import Iterator

import pytest

from bot.slack_double import SlackDouble
from tests.workers.slack import Scene, workspace


@pytest.fixture
def double() -> Iterator[SlackDouble]:
    """A workspace without rate limits."""
    with workspace(rate_limits=False) as double:
        yield double


@pytest.fixture
def scene(database_url: str, double: SlackDouble) -> Iterator[Scene]:
    """A gate and the double; once on SQLite, once on PostgreSQL."""
    scene = Scene(database_url, double)
    yield scene
    scene.close()


@pytest.fixture
def light_scene(sqlite_url: str, double: SlackDouble) -> Iterator[Scene]:
    """The same on SQLite alone, for what no database has a say in."""
    scene = Scene(sqlite_url, double)
    yield scene
    scene.close()
