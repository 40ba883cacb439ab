"""The operations of delivery and of routes."""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from domain.act import Act
from domain.delivery import routes, stuck
from domain.delivery.results import (
    DeliveryDropped,
    DeliveryFailed,
    DeliveryList,
    DeliveryRetried,
    Pruned,
    RouteChanged,
    RouteList,
    RouteTest,
)
from domain.delivery.tables import DONE, Outbox
from domain.identity import Role
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, ChannelRef, Input, NoParams, Number, Params, Text
from domain.pruning import forget

KEPT = timedelta(days=30)
WhichMessage = Annotated[Number, Arg("a message's number", "4711", Input.NUMBER)]


class RouteKind(StrEnum):
    """The kinds of messages that have a channel."""

    GOVERNANCE = "governance"
    ONCALL = "oncall"
    FOLLOWUPS = "followups"
    DEALS = "deals"


KindOfRoute = Annotated[RouteKind, Arg("a kind of message: governance, oncall, followups or deals", "governance")]


class Retry(Params):
    """One stuck message; every one where none is named."""

    outbox_id: WhichMessage | None = None


class Drop(Params):
    """One stuck message."""

    outbox_id: WhichMessage


class SetRoute(Params):
    """Which kind of message, and where it goes."""

    kind: KindOfRoute
    channel: ChannelRef


class TestRoute(Params):
    """Which kind of message."""

    kind: KindOfRoute


class Fail(Params):
    """A message that could not be sent, and why (the sender's own)."""

    outbox_id: WhichMessage
    attempt: Annotated[Number, Arg("which attempt", "3")]
    state: Annotated[Text, Arg("held or dead", "dead")]
    error: Annotated[Text, Arg("what Slack said", "not_in_channel")]


def _prune(act: Act) -> Pruned:
    return Pruned(pruned=len(forget(act, Outbox, DONE, Outbox.created_at < act.now - KEPT, first=Outbox.created_at)))


def _delivery() -> Iterable[AnyOperation]:
    yield Operation(
        name="delivery.list",
        summary="Show the messages that could not be delivered, and what mends it",
        params=NoParams,
        result=DeliveryList,
        run=lambda act, _params: stuck.listed(act),
        role=Role.ONCALL,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("valhalla", "delivery"),
        http=Http("GET", "delivery"),
        example="/valhalla delivery",
    )
    yield Operation(
        name="delivery.retry",
        summary="Send a stuck message again",
        params=Retry,
        result=DeliveryRetried,
        run=lambda act, params: stuck.retry(act, params.outbox_id),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"message {params.outbox_id}" if params.outbox_id else "every stuck message",
        http=Http("POST", "delivery/retry"),
    )
    yield Operation(
        name="delivery.drop",
        summary="Drop a stuck message: it is not sent",
        params=Drop,
        result=DeliveryDropped,
        run=lambda act, params: stuck.drop(act, params.outbox_id),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"message {params.outbox_id}",
        http=Http("POST", "delivery/drop"),
    )
    yield Operation(
        name="delivery.fail",
        summary="Say that a message cannot be sent",
        params=Fail,
        result=DeliveryFailed,
        run=lambda act, params: stuck.fail(act, params.outbox_id, params.attempt, params.state, params.error),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    )
    yield Operation(
        name="outbox.prune",
        summary="Forget messages sent long ago",
        params=NoParams,
        result=Pruned,
        run=lambda act, _params: _prune(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    )


def _routes() -> Iterable[AnyOperation]:
    yield Operation(
        name="route.list",
        summary="Show which channel gets which messages",
        params=NoParams,
        result=RouteList,
        run=lambda act, _params: routes.listed(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("valhalla", "routes"),
        http=Http("GET", "routes"),
        example="/valhalla routes",
    )
    yield Operation(
        name="route.set",
        summary="Send a kind of message to another channel",
        params=SetRoute,
        result=RouteChanged,
        run=lambda act, params: routes.change(act, params.kind.value, params.channel),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"route {params.kind.value} {params.channel}",
        is_setup=True,
        slack=Slash("valhalla", "route"),
        http=Http("POST", "routes"),
        example="/valhalla route governance #governance",
    )
    yield Operation(
        name="route.test",
        summary="Post a test message to a kind's channel",
        params=TestRoute,
        result=RouteTest,
        run=lambda act, params: routes.test(act, params.kind.value),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"route {params.kind.value}",
        slack=Slash("valhalla", "route-test"),
        http=Http("POST", "routes/test"),
        example="/valhalla route-test oncall",
    )


OPERATIONS: list[AnyOperation] = [*_delivery(), *_routes()]
