"""Policies that go back by themselves; no surface shows it."""

from collections.abc import Mapping

from domain.operation import AnyOperation, ExecutionClass, Operation
from domain.parameters import NoParams
from domain.policies import service
from domain.policies.results import PoliciesReverted
from domain.policies.service import Reverter


def operations(reverters: Mapping[str, Reverter]) -> tuple[AnyOperation, ...]:
    """Return the operation that takes back what is due, with each feature's own way to do it."""
    return (
        Operation(
            name="policy.revert",
            summary="Take back what was set for a time",
            params=NoParams,
            result=PoliciesReverted,
            run=lambda act, _params: service.revert(act, reverters),
            role=None,
            klass=ExecutionClass.GOVERN,
            reduces=True,
            internal=True,
        ),
    )
