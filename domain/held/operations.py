"""The operations of held work."""

from typing import Annotated

from domain.held import service
from domain.held.results import HeldDecided, HeldExpired, HeldList
from domain.identity import Role
from domain.operation import ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Input, NoParams, Number, Params


class WhichHeld(Params):
    """One held action."""

    held_id: Annotated[Number, Arg("a held action's number", "12", Input.NUMBER)]


OPERATIONS = (
    Operation(
        name="held.list",
        summary="Show what Prime Law holds back",
        params=NoParams,
        result=HeldList,
        run=lambda act, _params: service.waiting(act),
        role=Role.ONCALL,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("held", "list", default=True),
        http=Http("GET", "held"),
        example="/held",
    ),
    Operation(
        name="held.run",
        summary="Run a held action now; every gate judges it again",
        params=WhichHeld,
        result=HeldDecided,
        run=lambda act, params: service.run(act, params.held_id),
        role=Role.MANAGER,
        klass=ExecutionClass.PROD_EXEC,
        target=lambda params: f"held:{params.held_id}",
        slack=Slash("held", "run"),
        http=Http("POST", "held/run"),
        example="/held run 12",
    ),
    Operation(
        name="held.drop",
        summary="Drop a held action: it is not done",
        params=WhichHeld,
        result=HeldDecided,
        run=lambda act, params: service.drop(act, params.held_id),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"held:{params.held_id}",
        slack=Slash("held", "drop"),
        http=Http("POST", "held/drop"),
        example="/held drop 12",
    ),
    Operation(
        name="held.expire",
        summary="End held actions that are too old to run",
        params=NoParams,
        result=HeldExpired,
        run=lambda act, _params: service.expire_due(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
)
