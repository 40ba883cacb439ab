"""A live world for the tests of Risk Guard."""

import pytest

from tests.support import World


@pytest.fixture
def live(world: World) -> World:
    """Production is on, with the caps as Valhalla comes; once on SQLite, once on PostgreSQL."""
    world.switches(live=True)
    return world
