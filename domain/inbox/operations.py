"""The inbox's own operations; no surface shows them."""

from datetime import timedelta
from typing import Annotated, Any

from domain.act import Act
from domain.delivery.results import Pruned
from domain.inbox import service
from domain.inbox.results import InboxAnswered, InboxRecovered
from domain.inbox.tables import DONE, Inbox
from domain.operation import AnyOperation, ExecutionClass, Operation
from domain.parameters import Arg, NoParams, Number, Params, Text
from domain.pruning import forget

KEPT = timedelta(days=30)


class Late(Params):
    """A row that was run late, by whom, and what became of it."""

    row_id: Annotated[Number, Arg("a row's number", "12")]
    runner: Annotated[Text, Arg("who ran it", "host:1:abc")]
    outcome: Annotated[dict[str, Any], Arg("what became of it", "{}")]


def _prune(act: Act) -> Pruned:
    return Pruned(pruned=len(forget(act, Inbox, DONE, Inbox.received_at < act.now - KEPT, first=Inbox.received_at)))


OPERATIONS: list[AnyOperation] = [
    Operation(
        name="inbox.recover",
        summary="End what may not run any more, and find what a dead process left",
        params=NoParams,
        result=InboxRecovered,
        run=lambda act, _params: service.recover(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
    Operation(
        name="inbox.answer",
        summary="Tell a sender what became of what was run late",
        params=Late,
        result=InboxAnswered,
        run=lambda act, params: service.answer(act, params.row_id, params.runner, params.outcome),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
    Operation(
        name="inbox.prune",
        summary="Forget what was answered long ago",
        params=NoParams,
        result=Pruned,
        run=lambda act, _params: _prune(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
]
