"""The operations of the cadence (spec/3)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator

from domain.act import Act
from domain.identity import Role
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Input, Instant, NoParams, Number, Params, Text, UserId
from domain.review import service
from domain.review.results import CadenceRun, Decision, ItemDone, ReviewCard
from domain.snapshots.parts import Part


def _word(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _day(value: Any) -> Any:
    try:
        return value if value is None or isinstance(value, date) else date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise ValueError("is not a day") from error


_ESCALATE = ("decision", ("escalate",))


class Decide(Params):
    """What was decided about the newest review."""

    decision: Annotated[Decision, BeforeValidator(_word), Arg("continue, pause or escalate", "continue")]
    what: Annotated[
        Text | None,
        Arg(
            "what to pause: an engine, a source, a province, or all (the kill switch)",
            "WHOLESALE",
            keyword=True,
            only_with=("decision", ("pause",)),
        ),
    ] = None
    to: Annotated[
        UserId | None, Arg("to whom it is escalated", "@maria", Input.USER, keyword=True, only_with=_ESCALATE)
    ] = None
    by: Annotated[
        Instant | None,
        Arg("by when it is to be done", "2026-12-04T17:00", Input.TIME, keyword=True, only_with=_ESCALATE),
    ] = None
    note: Annotated[
        Text | None, Arg("a line about it", "Alberta is back at its old multiplier", Input.LONG_TEXT, rest=True)
    ] = None
    monday: Annotated[date | None, BeforeValidator(_day), Arg("which review", "2026-11-30", hidden=True)] = None


class WhichItem(Params):
    """Something that was escalated."""

    item_id: Annotated[Number, Arg("its number", "3", Input.NUMBER)]


def _carries_out(_act: Act, params: Decide) -> str | None:
    if params.decision is not Decision.PAUSE:
        return None
    found = service.pauses_by(params.what)
    return found[0] if found else None


def _decide(act: Act, params: Decide) -> Any:
    return service.decide(
        act, params.decision, monday=params.monday, note=params.note, what=params.what, to=params.to, by=params.by
    )


def operations(parts: Sequence[Part]) -> Iterator[AnyOperation]:
    """Return the operations, over the parts there are."""
    yield Operation(
        name="review.show",
        summary="Show the newest Monday review",
        params=NoParams,
        result=ReviewCard,
        run=lambda act, _params: service.current(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("review", "show", default=True),
        http=Http("GET", "review"),
        example="/review",
    )
    yield Operation(
        name="review.decide",
        summary="Decide about the week: continue, pause or escalate",
        params=Decide,
        result=ReviewCard,
        run=_decide,
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"review {params.monday.isoformat()}" if params.monday else "the newest review",
        decides=_carries_out,
        slack=Slash("review", "decide"),
        http=Http("POST", "review/decide"),
        example="/review decide continue Alberta is back at its old multiplier",
    )
    yield Operation(
        name="review.finish",
        summary="Say that something escalated on a review is done",
        params=WhichItem,
        result=ItemDone,
        run=lambda act, params: service.finish(act, params.item_id),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"review_item:{params.item_id}",
        slack=Slash("review", "done"),
        http=Http("POST", "review/finish"),
        example="/review done 3",
    )
    yield Operation(
        name="cadence.run",
        summary="Post the review and the spot check where they are due",
        params=NoParams,
        result=CadenceRun,
        run=lambda act, _params: service.run(act, parts),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    )
