"""Where no setting names an owner, whoever owns the workspace in Slack is the owner, to try it out."""

from collections.abc import Iterator

import pytest

from domain.access.service import adopted_owner, bootstrap_owners
from domain.identity import Role, Surface
from tests.support import OWNER, STRANGER, World, at_once

PRIMARY = "UPRIMARY"


@pytest.fixture
def unnamed(database_url: str) -> Iterator[World]:
    """Nobody is anything here, and no setting says who is to be."""
    world = World(database_url, VALHALLA_OWNERS=())
    yield world
    world.close()


def adopt(world: World, user: str = PRIMARY) -> bool:
    """What the bot and the workers ask for when they have read who owns the workspace."""
    return bool(world.system("access.adopt", user=user).changed)


def owners(world: World) -> list[tuple[str, str]]:
    """Who is owner, and by what."""
    rows = world.rows("role_grant")
    return [(row.user_id, row.source) for row in rows if row.role == "owner" and row.revoked_at is None]


def test_whoever_owns_the_workspace_is_the_owner_once(unnamed: World) -> None:
    assert unnamed.refused(PRIMARY, "golive.state").code == "role"
    assert adopt(unnamed)
    assert owners(unnamed) == [(PRIMARY, "workspace")]
    assert not adopt(unnamed)
    assert not adopt(unnamed, "UANOTHER")
    assert owners(unnamed) == [(PRIMARY, "workspace")]
    assert unnamed.done(PRIMARY, "access.grant", user=STRANGER, role="manager").changed
    (entry,) = unnamed.audit("access.adopt", "done")[:1]
    assert (entry.actor, entry.target, entry.reason) == (
        "system", f"owner {PRIMARY}", "primary owner of the workspace; VALHALLA_OWNERS names nobody",
    )  # fmt: skip
    (greeting,) = [row for row in unnamed.rows("outbox") if row.destination == f"user:{PRIMARY}"]
    assert (greeting.card, greeting.payload["granted_by"]) == ("welcome", "workspace")


def test_many_processes_that_find_the_owner_at_once_make_one(unnamed: World) -> None:
    """Every bot and every worker looks when it starts."""
    at_once(*[lambda: adopt(unnamed)] * 4)
    assert owners(unnamed) == [(PRIMARY, "workspace")]


def test_where_somebody_is_owner_nobody_is_made_one(unnamed: World) -> None:
    unnamed.hire(OWNER, Role.OWNER)
    assert not adopt(unnamed)
    assert owners(unnamed) == [(OWNER, "grant")]


def test_a_deactivated_account_is_not_made_owner(unnamed: World) -> None:
    assert adopt(unnamed)
    assert unnamed.system("access.account", user=PRIMARY, is_active=False).changed
    assert not adopt(unnamed)
    assert owners(unnamed) == []


def test_a_setting_that_names_somebody_says_so_alone(database_url: str) -> None:
    """With VALHALLA_OWNERS nobody is adopted, whether it was so from the start or comes later."""
    world = World(database_url, VALHALLA_OWNERS=("UNAMED",))
    try:
        assert not adopt(world)
        assert owners(world) == []
    finally:
        world.close()


def test_in_production_the_owner_is_named_on_purpose(database_url: str) -> None:
    world = World(database_url, VALHALLA_OWNERS=(), VALHALLA_ENV="production")
    try:
        assert not adopt(world)
        assert owners(world) == []
    finally:
        world.close()


@pytest.mark.parametrize(
    ("named", "is_production", "after", "changes"),
    [
        (("UNAMED",), False, [("UNAMED", "settings")], {"owner UNAMED": True, f"owner {PRIMARY}": False}),
        ((PRIMARY,), False, [(PRIMARY, "settings")], {f"owner {PRIMARY}": True}),
        ((), True, [], {f"owner {PRIMARY}": False}),
        ((), False, [(PRIMARY, "workspace")], {}),
    ],
    ids=["another", "the same", "production", "nothing"],
)
def test_what_a_later_start_makes_of_it(
    unnamed: World,
    named: tuple[str, ...],
    is_production: bool,
    after: list[tuple[str, str]],
    changes: dict[str, bool],
) -> None:
    """The setting takes its place, production ends it, and each change is in the audit."""
    assert adopt(unnamed)
    bootstrap_owners(unnamed.database, named, unnamed.clock, is_production=is_production)
    assert owners(unnamed) == after
    assert unnamed.database.look(adopted_owner) == (PRIMARY if after == [(PRIMARY, "workspace")] else None)
    assert {row.target: row.after["owner"] for row in unnamed.audit("access.bootstrap")} == changes


@pytest.mark.parametrize("surface", [surface for surface in Surface if surface is not Surface.SYSTEM])
def test_no_person_and_no_program_can_ask_for_it(unnamed: World, surface: Surface) -> None:
    """It is the program's own, by whatever way somebody calls it."""
    assert unnamed.refused(STRANGER, "access.adopt", surface=surface, user=STRANGER).code == "internal"
    assert owners(unnamed) == []
