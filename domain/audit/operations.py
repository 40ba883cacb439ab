"""The operations of the audit."""

from typing import Annotated

from pydantic import Field

from domain.audit import service
from domain.audit.results import AuditList, Sealed, Verification
from domain.identity import Role
from domain.operation import ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Day, NoParams, Number, Params


class Newest(Params):
    """How many entries, and of which days."""

    limit: Annotated[Number, Field(ge=1, le=200), Arg("how many entries, 1 to 200", "20")] = 50
    cursor: Annotated[Number | None, Arg("the next_cursor of the page before", "4711", keyword=True)] = None
    from_: Annotated[
        Day | None, Field(alias="from"), Arg("the first day, by the business's clock", "2026-11-23", keyword=True)
    ] = None
    to: Annotated[Day | None, Arg("the last day, itself included", "2026-11-29", keyword=True)] = None


OPERATIONS = (
    Operation(
        name="audit.list",
        summary="Show the newest entries of the audit",
        params=Newest,
        result=AuditList,
        run=lambda act, params: service.newest(
            act, params.limit, before=params.cursor, first=params.from_, last=params.to
        ),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("audit", "list", default=True),
        http=Http("GET", "audit"),
        example="/audit 20",
    ),
    Operation(
        name="audit.verify",
        summary="Check that nothing in the audit was changed or taken out",
        params=NoParams,
        result=Verification,
        run=lambda act, _params: service.verify(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("audit", "verify"),
        http=Http("GET", "audit/verify"),
        example="/audit verify",
    ),
    Operation(
        name="audit.seal",
        summary="Link what is not sealed yet",
        params=NoParams,
        result=Sealed,
        run=lambda act, _params: service.seal(act),
        role=None,
        klass=ExecutionClass.OBSERVE_ONLY,
        internal=True,
    ),
)
