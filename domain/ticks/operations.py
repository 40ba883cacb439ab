"""The operations of scheduled work, and the tidying that only a schedule asks for; no surface shows them."""

from collections.abc import Callable
from typing import Any

from domain.act import Act
from domain.charts import service as charts
from domain.delivery.results import Pruned
from domain.gate import idempotency
from domain.oncall import pages
from domain.operation import AnyOperation, ExecutionClass, Operation
from domain.outcomes import Result
from domain.parameters import NoParams
from domain.processes import service as processes
from domain.risk import watches
from domain.ticks import service
from domain.ticks.results import TicksRecovered


def _internal(name: str, summary: str, result: type[Result], run: Callable[[Act], Any]) -> AnyOperation:
    return Operation(
        name=name,
        summary=summary,
        params=NoParams,
        result=result,
        run=lambda act, _params: run(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    )


def _forget_keys(act: Act) -> Pruned:
    return Pruned(pruned=idempotency.prune(act, before=act.now - idempotency.KEPT))


OPERATIONS: list[AnyOperation] = [
    _internal("ticks.recover", "Find scheduled work that the queue lost", TicksRecovered, service.recover),
    _internal("ticks.prune", "Forget scheduled work done long ago", Pruned, service.prune),
    _internal("idempotency.prune", "Forget idempotency keys after a week", Pruned, _forget_keys),
    _internal("processes.prune", "Forget processes last seen long ago", Pruned, processes.prune),
    _internal("page.prune", "Forget pages that ended three months ago", Pruned, pages.prune),
    _internal("chart.prune", "Forget charts with nothing left to do", Pruned, charts.prune),
    _internal("watch.prune", "Forget who waited for room three months ago", Pruned, watches.prune),
]
