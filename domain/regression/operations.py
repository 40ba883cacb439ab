"""The operations of tripwires (spec/3)."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from domain.act import Act
from domain.identity import Role
from domain.kpi.operations import DomainName, MetricName, WatchedDomain
from domain.kpi.rules import number
from domain.operation import AnyOperation, ApprovalRule, ExecutionClass, Http, Operation, Slash
from domain.outcomes import Refused
from domain.parameters import Arg, Flag, Input, Instant, NoParams, Params, Reason
from domain.regression import drawing, evaluating, policies, releasing, views
from domain.regression.detector import Better
from domain.regression.results import (
    Evaluated,
    PolicyChanged,
    TripwirePolicies,
    TripwireReleased,
    TripwireSnapshot,
    TripwireStates,
)
from domain.regression.rules import Action, Method, MetricKind
from domain.risk.rules import FULL_SPEED, engine_name

ROUTE = "governance/regression"
NONE = "none"


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _number_or_none(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value.strip().lower() == NONE):
        return value if value is None else NONE
    return _fraction(value)


def _fraction(value: Any) -> float:
    return number(str(value).replace("%", "e-2") if isinstance(value, str) else value)


def _engine(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value.strip().lower() == NONE):
        return value if value is None else NONE
    return engine_name(value if isinstance(value, str) else "")


def _count(value: Any) -> Any:
    """Read a whole number: half an event is no event."""
    found = number(value)
    if found != int(found):
        raise ValueError("is not a whole number")
    return int(found)


def _share(value: Any) -> int:
    """Read `25%`, `0.25` or 25 as 25 whole percent; 1 alone may mean either end, so it must be said in percent."""
    text = str(value).strip().replace(" ", "")
    is_percent = text.endswith("%")
    figure = Decimal(str(number(text.removesuffix("%"))))
    percent = figure if is_percent or figure > 1 else figure * FULL_SPEED
    if not is_percent and figure == 1:
        raise ValueError("may mean 1% or 100%: say which")
    if percent != int(percent) or not 1 <= percent <= FULL_SPEED:
        raise ValueError("is not a whole percent from 1 to 100")
    return int(percent)


Share = Annotated[
    int,
    BeforeValidator(_share),
    PlainSerializer(lambda share: f"{share}%", return_type=str, when_used="json"),  # rows keep it, and read it back
    Arg("begin at a trial share of its caps, 1% to 100%; empty: full speed at once", "25%", keyword=True),
]
Count = Annotated[int, BeforeValidator(_count)]


class One(Params):
    """Which tripwire; all where nothing is said."""

    domain: WatchedDomain | None = None
    metric: MetricName | None = None


class Evaluate(Params):
    """Which tripwires to look at now; all where nothing is said."""

    domain: DomainName | None = None
    metric: MetricName | None = None


class Release(Params):
    """Which tripwire is to be released, to which share of the caps at first and until when, and why."""

    domain: DomainName
    metric: MetricName
    share: Share | None = None
    until: Annotated[
        Instant | None,
        Arg("when full speed returns at the latest; empty: after 3 working days", "2026-11-27T18:00", Input.TIME,
            keyword=True),
    ] = None  # fmt: skip
    reason: Reason


class SetPolicy(Params):
    """Which tripwire, what changes, and why; what is not named stays."""

    domain: DomainName
    metric: MetricName
    method: Annotated[
        Method | None, BeforeValidator(_lower), Arg("sr, or window for the fixed-window rule", "sr", keyword=True)
    ] = None
    kind: Annotated[
        MetricKind | None, BeforeValidator(_lower),
        Arg("rate, mean (a number) or volume (events an hour)", "rate", keyword=True),
    ] = None  # fmt: skip
    better: Annotated[
        Better | None, BeforeValidator(_lower), Arg("higher or lower: which direction is good", "higher", keyword=True)
    ] = None
    max_drop_fraction: Annotated[
        Annotated[float, Field(gt=0, lt=1)] | None,
        BeforeValidator(lambda value: None if value is None else _fraction(value)),
        Arg("the drop it looks for, as a fraction of the rate, over 0 and under 1", "0.2", keyword=True),
    ] = None  # fmt: skip
    warn_n: Annotated[
        Annotated[Count, Field(ge=100, le=10**9)] | None,
        Arg("warns where noise would do so once in so many events, 100 or more", "10000", keyword=True),
    ] = None  # fmt: skip
    act_n: Annotated[
        Annotated[Count, Field(ge=100, le=10**9)] | None,
        Arg("acts where noise would do so once in so many events, 100 or more", "100000", keyword=True),
    ] = None  # fmt: skip
    warn_after: Annotated[
        Annotated[Count, Field(ge=20, le=5_000)] | None,
        Arg("warns after so many baseline events, 20 to 5,000", "200", keyword=True),
    ] = None
    act_after: Annotated[
        Annotated[Count, Field(ge=50, le=5_000)] | None,
        Arg("acts after so many baseline events, 50 to 5,000", "1000", keyword=True),
    ] = None
    reference_rate: Annotated[
        Any, BeforeValidator(_number_or_none),
        Arg("a stated rate that counts as act_after events, or none", "0.4", keyword=True),
    ] = None  # fmt: skip
    floor: Annotated[
        Any, BeforeValidator(_number_or_none),
        Arg("what it must not fall under: a rate, a value, events a week; or none", "0.9", keyword=True),
    ] = None  # fmt: skip
    action: Annotated[
        Action | None, BeforeValidator(_upper),
        Arg("THROTTLE, KILL_SWITCH or WARN", "THROTTLE", keyword=True),
    ] = None  # fmt: skip
    throttles: Annotated[
        str | None, BeforeValidator(_engine), Arg("which engine a throttle stops, or none", "WHOLESALE", keyword=True)
    ] = None
    enabled: Annotated[Flag | None, Arg("yes or no", "yes", Input.FLAG, keyword=True)] = None
    window_events: Annotated[
        Annotated[Count, Field(ge=10, le=1_000)] | None,
        Arg("of the fixed-window rule: 10 to 1,000", "50", keyword=True),
    ] = None
    baseline_events: Annotated[
        Annotated[Count, Field(ge=10, le=4_000)] | None,
        Arg("of the fixed-window rule: 10 to 4,000", "200", keyword=True),
    ] = None
    min_events_to_enforce: Annotated[
        Annotated[Count, Field(ge=1, le=4_000)] | None, Arg("of the fixed-window rule: 1 to 4,000", "50", keyword=True)
    ] = None
    until: Annotated[
        Instant | None,
        Arg("until when; then the changed fields go back", "2026-11-27T18:00", Input.TIME, keyword=True),
    ] = None
    reason: Annotated[
        Reason, AfterValidator(lambda value: value),
        Arg("a reason in your own words", "the baseline is learned", Input.LONG_TEXT, rest=True),
    ]  # fmt: skip


_OPTIONAL = ("reference_rate", "floor", "throttles")


def _changes(params: SetPolicy) -> dict[str, Any]:
    given = {name: getattr(params, name) for name in policies.FIELDS}
    return {
        name: None if name in _OPTIONAL and value == NONE else value
        for name, value in given.items()
        if value is not None
    }


def _set(act: Act, params: SetPolicy) -> PolicyChanged | Refused:
    return policies.set_policy(
        act, params.domain, params.metric, _changes(params), reason=params.reason, until=params.until
    )


def _evaluate(act: Act, params: Evaluate) -> TripwireStates | Refused:
    names = views.named(act.connection, params.domain, params.metric)
    if not names and params.domain is not None:
        return views.no_such(params.domain, params.metric)
    outcome = evaluating.evaluate(act, names, skip=False)
    found = views.states(act, params.domain, params.metric)
    act.changed(
        f"{params.domain or 'all'}.{params.metric or 'all'}",
        after={"evaluated": outcome.evaluated, "tripped": outcome.tripped, "warned": outcome.warned},
    )
    return found


def _named_stop(act: Act, params: Evaluate) -> str | None:
    return evaluating.would_stop(act, views.named(act.connection, params.domain, params.metric))


def _due_stop(act: Act, _params: NoParams) -> str | None:
    return evaluating.would_stop(act, evaluating.due(act.connection, act.now, act.settings))


def _sweep(act: Act, _params: NoParams) -> Evaluated:
    return evaluating.evaluate(act, evaluating.due(act.connection, act.now, act.settings), skip=True)


OPERATIONS: list[AnyOperation] = [
    Operation(
        name="regression.policies",
        summary="Show what each tripwire watches, and what it does",
        params=NoParams,
        result=TripwirePolicies,
        run=lambda act, _params: policies.listed(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("tripwire", "policies"),
        http=Http("GET", f"{ROUTE}/policies"),
        example="/tripwire policies",
    ),
    Operation(
        name="regression.policy_set",
        summary="Change what a tripwire watches, or make one",
        params=SetPolicy,
        result=PolicyChanged,
        run=_set,
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"{params.domain}.{params.metric}",
        approval=ApprovalRule(
            wanted=lambda act, params: policies.wanted(
                act, params.domain, params.metric, _changes(params), params.until
            ),
            binds=lambda act, params: policies.bindings(act, params.domain, params.metric),
            gates=lambda act, params: policies.gates(act, params.domain, params.metric, _changes(params)),
            needed=lambda act, params: bool(
                policies.loosens(act, params.domain, params.metric, _changes(params), params.until)
            ),
            owner_alone=lambda _act, _params: True,
            layer="Tripwire",
        ),
        slack=Slash("tripwire", "set"),
        http=Http("POST", f"{ROUTE}/policies/upsert"),
        is_setup=True,
        example="/tripwire set WHOLESALE contract_rate enabled=yes the baseline is learned",
    ),
    Operation(
        name="regression.state",
        summary="Show how each tripwire stands",
        params=One,
        result=TripwireStates,
        run=lambda act, params: views.states(act, params.domain, params.metric),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("tripwire", "state", default=True),
        http=Http("GET", f"{ROUTE}/state"),
        example="/tripwire",
    ),
    Operation(
        name="regression.snapshot",
        summary="Count the tripwires by how they stand",
        params=NoParams,
        result=TripwireSnapshot,
        run=lambda act, _params: views.snapshot(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("tripwire", "snapshot"),
        http=Http("GET", f"{ROUTE}/snapshot"),
        example="/tripwire snapshot",
    ),
    Operation(
        name="regression.evaluate",
        summary="Look at what arrived now, without waiting for the sweep",
        params=Evaluate,
        result=TripwireStates,
        run=_evaluate,
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: f"{params.domain or 'all'}.{params.metric or 'all'}",
        decides=_named_stop,
        slack=Slash("tripwire", "evaluate"),
        http=Http("POST", f"{ROUTE}/evaluate"),
        example="/tripwire evaluate WHOLESALE contract_rate",
    ),
    Operation(
        name="regression.release",
        summary="Ask to release what a tripwire stopped, at once or at a trial share first",
        params=Release,
        result=TripwireReleased,
        run=lambda act, params: releasing.release(
            act, params.domain, params.metric, params.reason, share=params.share, until=params.until
        ),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        target=lambda params: f"{params.domain}.{params.metric}",
        approval=ApprovalRule(
            wanted=lambda act, params: releasing.wanted(act, params.domain, params.metric, params.share, params.until),
            binds=lambda act, params: releasing.bindings(act, params.domain, params.metric, params.share),
            gates=lambda act, params: releasing.gates(act, params.domain, params.metric, params.share, params.until),
            layer="Tripwire",
            cure="`/tripwire` shows how each stands.",
        ),
        slack=Slash("tripwire", "release"),
        http=Http("POST", f"{ROUTE}/release"),
        example="/tripwire release WHOLESALE contract_rate the Alberta multiplier is back",
    ),
    Operation(
        name="regression.sweep",
        summary="Count what arrived, compare slow slides once a day, close the hours of volumes",
        params=NoParams,
        result=Evaluated,
        run=_sweep,
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
        decides=_due_stop,
    ),
    Operation(
        name="regression.draw",
        summary="Have the alerts of tripwires show their charts",
        params=NoParams,
        result=drawing.Drawn,
        run=lambda act, _params: drawing.draw(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
]
