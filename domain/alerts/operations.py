"""The operations of alerts."""

from typing import Annotated

from domain.alerts import service
from domain.alerts.results import AlertCard, AlertList
from domain.identity import Role
from domain.operation import ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Input, Instant, NoParams, Number, Params, Text, UserId, numbered


class Acknowledge(Params):
    """One alert, and until when you look after it."""

    alert_id: Annotated[Number, numbered("T"), Arg("an alert's number", "T-77", Input.NUMBER)]
    until: Annotated[
        Instant | None, Arg("when it pages again if still open (four hours)", "2026-11-27T14:00", keyword=True)
    ] = None


class PassOn(Params):
    """One alert, and who looks after it instead."""

    alert_id: Annotated[Number, numbered("T"), Arg("an alert's number", "T-77", Input.NUMBER)]
    user: UserId


class Resolve(Params):
    """One alert, and what it was."""

    alert_id: Annotated[Number, numbered("T"), Arg("an alert's number", "T-77", Input.NUMBER)]
    note: Annotated[Text | None, Arg("what it was", "token renewed", Input.LONG_TEXT, rest=True)] = None


OPERATIONS = (
    Operation(
        name="alerts.list",
        summary="Show the alerts that are not resolved",
        params=NoParams,
        result=AlertList,
        run=lambda act, _params: service.unresolved(act),
        role=Role.OPERATOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("alerts", "list", default=True),
        http=Http("GET", "alerts"),
        example="/alerts",
    ),
    Operation(
        name="alerts.ack",
        summary="Acknowledge an alert: you look at it",
        params=Acknowledge,
        result=AlertCard,
        run=lambda act, params: service.acknowledge(act, params.alert_id, params.until),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"T-{params.alert_id}",
        slack=Slash("alerts", "ack"),
        http=Http("POST", "alerts/{alert_id}/ack"),
        example="/alerts ack T-77",
    ),
    Operation(
        name="alerts.pass",
        summary="Pass an alert on: somebody else is paged and looks at it",
        params=PassOn,
        result=AlertCard,
        run=lambda act, params: service.pass_on(act, params.alert_id, params.user),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"T-{params.alert_id}",
        slack=Slash("alerts", "pass"),
        http=Http("POST", "alerts/{alert_id}/pass"),
        example="/alerts pass T-77 @maria",
    ),
    Operation(
        name="alerts.resolve",
        summary="Resolve an alert: it is over",
        params=Resolve,
        result=AlertCard,
        run=lambda act, params: service.resolve(act, params.alert_id, params.note),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"T-{params.alert_id}",
        slack=Slash("alerts", "resolve"),
        http=Http("POST", "alerts/{alert_id}/resolve"),
        example="/alerts resolve T-77 token renewed",
    ),
)
