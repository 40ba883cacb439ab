"""The operations of snapshots (spec/3)."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from domain.identity import Role
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Slash
from domain.parameters import Arg, Input, Number, Params, one_of
from domain.snapshots import service
from domain.snapshots.metrics import DAYS, metrics
from domain.snapshots.parts import NAMES, Part
from domain.snapshots.results import MetricsView, Overview

PartName = StrEnum("PartName", {name.upper(): name for name in NAMES})  # type: ignore[misc]


def _word(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class Which(Params):
    """Which part; all of them where none is named."""

    part: Annotated[PartName | None, BeforeValidator(_word), Arg(f"a part: {one_of(NAMES)}", "control")] = None


class HowLong(Params):
    """How far back."""

    days: Annotated[Number, Field(ge=1, le=92), Arg("how many days back, 1 to 92", "7", Input.NUMBER)] = DAYS


def operations(parts: Sequence[Part]) -> Iterator[AnyOperation]:
    """Return the operations, over the parts there are."""
    yield Operation(
        name="snapshot.overview",
        summary="Show how everything stands, or one part of it",
        params=Which,
        result=Overview,
        run=lambda act, params: service.overview(act, parts, params.part.value if params.part else None),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("snapshot", default=True),
        http=Http("GET", "snapshot"),
        example="/snapshot control",
    )
    yield Operation(
        name="snapshot.metrics",
        summary="Show the success metrics against their targets",
        params=HowLong,
        result=MetricsView,
        run=lambda act, params: metrics(act, params.days),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("snapshot", "metrics"),
        http=Http("GET", "snapshot/metrics"),
        example="/snapshot metrics",
    )
