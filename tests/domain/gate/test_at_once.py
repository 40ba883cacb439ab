"""Every operation, asked for by three people at the same moment on PostgreSQL, while production is on."""

import pytest

from domain.identity import Surface
from domain.operation import AnyOperation
from domain.outcomes import Done, Held, Kind, PendingApproval, Refused
from tests.domain.gate.test_order import PUBLIC, good_params
from tests.support import MANAGER, OWNER, SECOND, World, at_once

WRITES = [operation for operation in PUBLIC if not operation.reads]


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
def test_three_at_once_are_each_answered(postgres_world: World, operation: AnyOperation) -> None:
    """Nobody gets an error, nobody is told that the database is away, and each call is in the audit once."""
    world = postgres_world
    world.switches(live=True)
    surface = Surface.SLACK if Surface.SLACK in operation.surfaces else Surface.CLI
    works = [
        lambda user=user: world.run(user, operation.name, surface=surface, **good_params(operation.params))
        for user in (OWNER, MANAGER, SECOND)
    ]
    for outcome in at_once(*works):
        assert isinstance(outcome, Done | PendingApproval | Held | Refused)
        assert not (isinstance(outcome, Refused) and outcome.kind is Kind.UNAVAILABLE)
    assert len(world.rows("audit_event", f"operation = '{operation.name}'")) == len(works)
