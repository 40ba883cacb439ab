"""The operations of being on call, and the program's own that move the ladders on."""

from collections.abc import Iterable
from typing import Annotated

from domain.alerts.results import AlertCard
from domain.identity import Role
from domain.oncall import ladder, rota
from domain.oncall.results import Advanced, PageFailed, RotaView, ShiftRemoved, ShiftSet, Taken
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Input, Instant, Length, NoParams, Number, Params, Text, UserId, numbered


class Take(Params):
    """For how long you are on call from now, and what whoever hands over should know or told you."""

    length: Length
    note: Annotated[
        Text | None, Arg("a hand-over note", "Ben is on a plane; the dialer was slow", Input.LONG_TEXT, rest=True)
    ] = None


class SetShift(Params):
    """Who is on call from when to when, and whether that comes again."""

    user: UserId
    starts: Annotated[Instant, Arg("when it begins", "2026-11-30T09:00", keyword=True)]
    ends: Annotated[Instant, Arg("when it ends", "2026-12-07T09:00", keyword=True)]
    every: Annotated[Length | None, Arg("how often it comes again; left out: once", "2w", keyword=True)] = None
    note: Annotated[Text | None, Arg("a note", "the first week of each pair", Input.LONG_TEXT, rest=True)] = None


class WhichShift(Params):
    """One shift of the rota."""

    shift_id: Annotated[Number, Arg("a shift's number", "12", Input.NUMBER)]


class WhichLadder(Params):
    """The ladder of one alert; every one where none is named."""

    alert_id: Annotated[Number | None, numbered("T"), Arg("an alert's number", "T-77", Input.NUMBER)] = None


class FailedPage(Params):
    """A page that could not be delivered, and why (the pager's own)."""

    page_id: Annotated[Number, Arg("a page's number", "4711", Input.NUMBER)]
    attempt: Annotated[Number, Arg("which attempt", "3")]
    error: Annotated[Text, Arg("what the receiver said", "HTTP 404")]


def _public() -> Iterable[AnyOperation]:
    yield Operation(
        name="oncall.show",
        summary="Show who is on call, until when, and who is next",
        params=NoParams,
        result=RotaView,
        run=lambda act, _params: rota.view(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("oncall", "show", default=True),
        http=Http("GET", "oncall"),
        example="/oncall",
    )
    yield Operation(
        name="oncall.take",
        summary="Take over: you are on call from now on, for some hours",
        params=Take,
        result=Taken,
        run=lambda act, params: rota.take(act, params.length, params.note),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda _params: "on call",
        slack=Slash("oncall", "take"),
        http=Http("POST", "oncall/take"),
        example="/oncall take 4h Ben is on a plane; the dialer was slow",
    )
    yield Operation(
        name="oncall.set",
        summary="Put a shift into the rota, once or every so many weeks",
        params=SetShift,
        result=ShiftSet,
        run=lambda act, params: rota.set_shift(
            act, params.user, params.starts, params.ends, params.every, params.note
        ),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"shift of {params.user}",
        is_setup=True,
        slack=Slash("oncall", "set"),
        http=Http("POST", "oncall"),
        example="/oncall set @maria starts=2026-11-30T09:00 ends=2026-12-07T09:00 every=2w",
    )  # fmt: skip
    yield Operation(
        name="oncall.remove",
        summary="Take a shift out of the rota",
        params=WhichShift,
        result=ShiftRemoved,
        run=lambda act, params: rota.remove(act, params.shift_id),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"shift {params.shift_id}",
        is_setup=True,
        slack=Slash("oncall", "remove"),
        http=Http("POST", "oncall/remove"),
        example="/oncall remove 12",
    )
    yield Operation(
        name="oncall.drill",
        summary="Page as a real alert would, to see that pages arrive",
        params=NoParams,
        result=AlertCard,
        run=lambda act, _params: ladder.drill(act),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        target=lambda _params: "pages",
        slack=Slash("oncall", "drill"),
        http=Http("POST", "oncall/drill"),
        example="/oncall drill",
    )


def _internal() -> Iterable[AnyOperation]:
    yield Operation(
        name="page.advance",
        summary="Page whoever's turn it is, and open again what was acknowledged until now",
        params=WhichLadder,
        result=Advanced,
        run=lambda act, params: ladder.advance(act, params.alert_id),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    )
    yield Operation(
        name="page.fail",
        summary="Say that a page could not be delivered",
        params=FailedPage,
        result=PageFailed,
        run=lambda act, params: ladder.failed(act, params.page_id, params.attempt, params.error),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    )


OPERATIONS: list[AnyOperation] = [*_public(), *_internal()]
