"""The operations of the runbook, and the statements people sign for it."""

from enum import StrEnum
from typing import Annotated

from domain.identity import Role
from domain.operation import ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Input, NoParams, Params, Text
from domain.runbook import service, watch
from domain.runbook.results import Attested, Markdown, RunbookStatus, Watched
from domain.runbook.rules import STATEMENTS

StatementName = StrEnum("StatementName", {name.upper(): name for name in STATEMENTS})  # type: ignore[misc]


class Attest(Params):
    """Which statement, and a word about it."""

    statement: Annotated[
        StatementName,
        Arg(
            "one of " + ", ".join(STATEMENTS), "kill_switch_drill",
            labels=tuple((name, meaning) for name, (meaning, _days) in STATEMENTS.items()),
        ),
    ]  # fmt: skip
    note: Annotated[
        Text | None, Arg("a word about it", "drill of 24 November, 40 seconds", Input.LONG_TEXT, rest=True)
    ] = None


OPERATIONS = (
    Operation(
        name="golive.checklist",
        summary="Show what stands between here and go-live",
        params=NoParams,
        result=RunbookStatus,
        run=lambda act, _params: service.status(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("golive", "checklist"),
        http=Http("GET", "governance/go-live/checklist"),
        example="/golive checklist",
    ),
    Operation(
        name="golive.attest",
        summary="Sign one of the go-live statements",
        params=Attest,
        result=Attested,
        run=lambda act, params: service.attest(act, params.statement.value, params.note),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"statement:{params.statement.value}",
        slack=Slash("golive", "attest"),
        http=Http("POST", "governance/go-live/attest"),
        example="/golive attest kill_switch_drill drill of 24 November",
    ),
    Operation(
        name="runbook.status",
        summary="Show every check, its evidence and its cure",
        params=NoParams,
        result=RunbookStatus,
        run=lambda act, _params: service.status(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("runbook", "status", default=True),
        http=Http("GET", "governance/runbook/status"),
        example="/runbook",
    ),
    Operation(
        name="runbook.markdown",
        summary="Show the runbook as a document",
        params=NoParams,
        result=Markdown,
        run=lambda act, _params: service.markdown(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("runbook", "markdown"),
        http=Http("GET", "governance/runbook/markdown"),
        example="/runbook markdown",
    ),
    Operation(
        name="runbook.watch",
        summary="Raise an alert about a check that breaks while production is on",
        params=NoParams,
        result=Watched,
        run=lambda act, _params: watch.watch(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
)
