"""The operations of KPI events (spec/3)."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from domain.act import Act
from domain.identity import Role
from domain.kpi import rules, service
from domain.kpi.results import KpiSeries, Recorded
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Slash
from domain.outcomes import Kind, Refused, refused
from domain.parameters import Arg, Flag, Input, Instant, Number, Params, Text

DomainName = Annotated[
    str, BeforeValidator(rules.domain_name), Arg("a domain: letters, digits and underscores", "WHOLESALE")
]
MetricName = Annotated[str, BeforeValidator(rules.metric_name), Arg("a metric's name", "contract_rate")]


def _in_capitals(value: Any) -> str:
    """Read a domain as a view takes it: in capitals, so that a mistyped verb is not taken for one."""
    if not isinstance(value, str) or value != value.upper():
        raise ValueError("is not a domain's name in capitals")
    return rules.domain_name(value)


WatchedDomain = Annotated[
    str,
    BeforeValidator(lambda value: value if value is None else _in_capitals(value)),
    Arg("a domain, in capitals", "WHOLESALE", Input.WORD),
]


def _short(value: str | None) -> str | None:
    return None if value is None else rules.word(value)


class By(StrEnum):
    """What a series is cut into."""

    DAY = "day"
    SOURCE = "source"
    MARKET = "market"
    ASSIGNEE = "assignee"


def _listed(value: Any, info: ValidationInfo) -> Any:
    """Read the list of events; the call's own domain and metric stand where an event names none."""
    if value is None or (isinstance(value, tuple) and all(isinstance(each, rules.Reported) for each in value)):
        return value
    context, given = info.context or {}, info.data
    return tuple(rules.read_events(value, context["now"], context["zone"], (given.get("domain"), given.get("metric"))))


class Report(Params):
    """One event of a metric, or many with `events`."""

    domain: DomainName | None = None
    metric: MetricName | None = None
    success: Annotated[Flag | None, Arg("yes or no; of a rate", "yes", Input.FLAG, keyword=True)] = None
    value: Annotated[
        float | None, BeforeValidator(lambda value: None if value is None else rules.number(value)),
        Arg("a number; of a numeric metric", "0.12", keyword=True),
    ] = None  # fmt: skip
    event_id: Annotated[
        str | None,
        BeforeValidator(lambda value: None if value is None else rules.word(value, rules.LONGEST_ID)),
        Arg("the event's own id: reported twice, it counts once", "offer-2041", keyword=True),
    ] = None
    occurred_at: Annotated[
        Instant | None, Arg("when it happened, where that was not now", "2026-11-24T09:00", Input.TIME, keyword=True)
    ] = None
    source: Annotated[
        Text | None, AfterValidator(_short), Arg("where the lead came from", "county-list-ab", keyword=True)
    ] = None
    market: Annotated[Text | None, AfterValidator(_short), Arg("a market", "Calgary", keyword=True)] = None
    correlation_id: Annotated[
        Text | None, AfterValidator(_short), Arg("your own id of what it belongs to", "order-4711", keyword=True)
    ] = None
    detail: Annotated[
        dict[str, Any] | None,
        BeforeValidator(lambda value: None if value is None else rules.detail_of(value)),
        Arg("more about it, as a JSON object", '{"step": 2}', keyword=True, hidden=True),
    ] = None
    events: Annotated[
        Any, BeforeValidator(_listed),
        Arg("a list of events, each with its event_id", "@week.json", keyword=True, hidden=True),
    ] = None  # fmt: skip


class Series(Params):
    """Which metric, cut into what, how far back."""

    domain: WatchedDomain
    metric: MetricName
    by: Annotated[By, Arg("day, source, market or assignee", "market", keyword=True)] = By.DAY
    days: Annotated[Number, Field(ge=1, le=366), Arg("how many days back, 1 to 366", "28", keyword=True)] = 28


def _missing(field: str, expects: str, example: str) -> Refused:
    return refused(
        Kind.INVALID, "missing", f"`{field}` is missing: {expects}.", layer="input", remedy=f"for example `{example}`",
        field=field,
    )  # fmt: skip


_OF_ONE = ("success", "value", "event_id", "occurred_at", "source", "market", "correlation_id", "detail")


def _record(act: Act, params: Report) -> Recorded | Refused:
    if params.events is not None:
        refusal = _both(params)
        return refusal or service.record(act, list(params.events), is_single=False)
    refusal = _incomplete(act, params)
    if refusal is not None or params.domain is None or params.metric is None:
        return refusal or _missing("domain", "a domain's name", "WHOLESALE")
    event = rules.Reported(
        params.domain, params.metric, params.event_id or uuid4().hex, params.success, params.value,
        params.occurred_at or act.now, params.source, params.market, params.correlation_id, params.detail,
    )  # fmt: skip
    return service.record(act, [event], is_single=True)


def _both(params: Report) -> Refused | None:
    both = [name for name in _OF_ONE if getattr(params, name) is not None]
    if not both:
        return None
    return refused(
        Kind.INVALID, "bad_value", f"`{both[0]}` belongs to one event; with `events` each has its own.",
        layer="input", remedy="Put it into the events.", field=both[0],
    )  # fmt: skip


def _incomplete(act: Act, params: Report) -> Refused | None:
    if params.domain is None:
        return _missing("domain", "a domain's name", "WHOLESALE")
    if params.metric is None:
        return _missing("metric", "a metric's name", "contract_rate")
    if (params.success is None) == (params.value is None):
        return refused(
            Kind.INVALID, "missing", "A rate's event has `success`, a number's has `value`: give one of the two.",
            layer="input", remedy="for example `success=yes`", field="success",
        )  # fmt: skip
    at = params.occurred_at
    if at is not None and not rules.EARLIEST <= at <= act.now + rules.AHEAD:
        return refused(
            Kind.INVALID, "bad_value", "`occurred_at` is a time to come, or before the year 2000.", layer="input",
            remedy="Leave it out for now.", field="occurred_at", occurred_at=at.isoformat(), now=act.now.isoformat(),
        )  # fmt: skip
    return None


def _target(params: Report) -> str:
    if params.events is not None:
        return f"{len(params.events)} events"
    return f"{params.domain}.{params.metric}"


OPERATIONS: list[AnyOperation] = [
    Operation(
        name="kpi.record",
        summary="Report what happened: one event of a metric, or many",
        params=Report,
        result=Recorded,
        run=_record,
        role=Role.OPERATOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        target=_target,
        slack=Slash("kpi", "record"),
        http=Http("POST", "governance/regression/kpi"),
        also_http=(Http("POST", "governance/regression/kpi/events"), Http("POST", "kpi/events")),
        example="/kpi record WHOLESALE contract_rate success=yes",
    ),
    Operation(
        name="kpi.series",
        summary="Show a metric by day, source, market or assignee",
        params=Series,
        result=KpiSeries,
        run=lambda act, params: service.series(act, params.domain, params.metric, params.by.value, params.days),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("kpi", "series", default=True),
        http=Http("GET", "kpi/series"),
        also_http=(Http("GET", "governance/regression/kpi/series"),),
        example="/kpi WHOLESALE contract_rate by=market",
    ),
]
