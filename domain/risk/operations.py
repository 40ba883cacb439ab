"""The operations of Risk Guard (spec/3)."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from domain.act import Act
from domain.identity import Role
from domain.money import parse_amount, to_cents
from domain.operation import AnyOperation, ApprovalRule, ExecutionClass, Http, Operation, Slash
from domain.outcomes import Refused
from domain.parameters import Amount, Arg, Day, Flag, Input, Instant, NoParams, Number, Params, Reason, Text, numbered
from domain.risk import closing, denials, pausing, policies, reserving, views, watches
from domain.risk.policies import Change
from domain.risk.results import (
    Closed,
    Expired,
    Ledger,
    Paused,
    PolicyList,
    PolicySet,
    ReservationList,
    Reserved,
    RiskSnapshot,
    Watching,
)
from domain.risk.rules import CAPS, UNCAPPED, engine_name

ROUTE = "governance/risk"
MOST_HOURS = 24 * 90
MOST_ACTIONS = 1_000_000
SHORT = 64
LONG = 128
_COUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,12}", re.ASCII)


def _engine(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not an engine's name")  # noqa: TRY004 - pydantic makes a finding of a ValueError alone
    return engine_name(value)


def _cap(value: Any) -> Any:
    if value is None or str(value).strip().lower() == UNCAPPED:
        return None if value is None else UNCAPPED
    if isinstance(value, bool | float):
        raise ValueError("must be a decimal string, never a float")  # noqa: TRY004
    return _over_nothing(parse_amount(str(value)))


def _count(value: Any) -> Any:
    if value is None or str(value).strip().lower() == UNCAPPED:
        return None if value is None else UNCAPPED
    if isinstance(value, bool) or not (match := _COUNT.fullmatch(str(value).strip())):
        raise ValueError("is not a number of actions")
    count = int(match[0].replace(",", ""))
    if count > MOST_ACTIONS:
        raise ValueError(f"is more than {MOST_ACTIONS:,} actions")
    return _over_nothing(count)


def _over_nothing(cap: Any) -> Any:
    """0 was once read as “no cap”: whoever means that says it in words."""
    if not cap:
        raise ValueError(f"is 0: say `{UNCAPPED}` for no cap, or switch the engine off with `enabled=no`")
    return cap


def _at_most(longest: int) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is not None and len(value) > longest:
            raise ValueError(f"is longer than {longest} characters")
        return value

    return AfterValidator(check)


EngineName = Annotated[
    str, BeforeValidator(_engine), Arg("an engine: WHOLESALE, CAPITAL, NOTIFY or another that has caps", "WHOLESALE")
]
PolicyName = Annotated[
    str, BeforeValidator(_engine), Arg("an engine, or GLOBAL for all of them together", "WHOLESALE")
]  # fmt: skip
CapAmount = Annotated[
    Decimal | Literal["uncapped"] | None, BeforeValidator(_cap),
    Arg("dollars, or `uncapped`", "500", Input.AMOUNT, keyword=True),
]  # fmt: skip
CapCount = Annotated[
    int | Literal["uncapped"] | None, BeforeValidator(_count),
    Arg("how many acts a day, or `uncapped`", "20", Input.NUMBER, keyword=True),
]  # fmt: skip
ReservationId = Annotated[Number, numbered("R"), Arg("a reservation's number", "R-12", Input.NUMBER)]


class SetCaps(Params):
    """Which engine, and what of it changes; what is not named stays."""

    engine: PolicyName
    enabled: Flag | None = None
    max_daily_loss: CapAmount = None
    max_daily_exposure: CapAmount = None
    max_open_risk: CapAmount = None
    max_actions_per_day: CapCount = None
    until: Annotated[
        Instant | None, Arg("when it goes back by itself", "2026-11-27T18:00", Input.TIME, keyword=True)
    ] = None
    reason: Reason | None = None


class RaiseCaps(Params):
    """Which cap of which engine, up to what, until when, and why."""

    engine: PolicyName
    max_daily_loss: CapAmount = None
    max_daily_exposure: CapAmount = None
    max_open_risk: CapAmount = None
    max_actions_per_day: CapCount = None
    until: Annotated[Instant, Arg("when it goes back by itself", "2026-11-27T18:00", Input.TIME, keyword=True)]
    reason: Reason


class Pause(Params):
    """Which engine stops, and why."""

    engine: PolicyName
    followups: Annotated[Flag, Arg("whether claims of follow-ups stop too", "yes", Input.FLAG, keyword=True)] = False
    reason: Reason


class Resume(Params):
    """Which engine acts again, or at full speed again, and why."""

    engine: PolicyName
    hold_id: Annotated[
        Number | None,
        numbered("H"),
        Arg("which person's hold or which trial share, where there are several", "H-3", Input.NUMBER, keyword=True),
    ] = None
    reason: Reason


class WhichDay(Params):
    """One business day."""

    day: Annotated[Day | None, Arg("a day; today where not given", "2026-11-24")] = None


class Reserve(Params):
    """How much of which engine's room."""

    engine: EngineName
    amount: Annotated[Amount, Arg("how much could be lost, in dollars", "100", Input.AMOUNT)]
    correlation_id: Annotated[
        Text | None, _at_most(SHORT), Arg("your own id of what it is for: once for each", "offer-2047", keyword=True)
    ] = None
    ttl_hours: Annotated[
        Number | None, Field(ge=1, le=MOST_HOURS),
        Arg("after how many hours it ends by itself, 1 to 2160; 72 where not given", "72", Input.NUMBER, keyword=True),
    ] = None  # fmt: skip
    about: Annotated[
        Text | None, _at_most(LONG), Arg("what it is for, in words", '"O-2047 Kitchener"', keyword=True)
    ] = None  # fmt: skip


class Settle(Params):
    """Which reservation, and what was lost."""

    reservation_id: ReservationId
    realized_loss: Annotated[
        Amount, Arg("what was lost, in dollars; 0 where nothing was", "0", Input.AMOUNT, keyword=True)
    ]  # fmt: skip
    over: Annotated[Flag, Arg("yes where more was lost than reserved", "yes", Input.FLAG, keyword=True)] = False
    note: Annotated[Text | None, Arg("a word about it", "deposit kept", Input.LONG_TEXT, rest=True)] = None


class Void(Params):
    """Which reservation."""

    reservation_id: ReservationId
    note: Annotated[Text | None, Arg("a word about it", "never sent", Input.LONG_TEXT, rest=True)] = None


class OpenReservations(Params):
    """Of which engine, and how many."""

    engine: Annotated[PolicyName | None, Arg("an engine; all where not given", "WHOLESALE")] = None
    limit: Annotated[Number, Field(ge=1, le=200), Arg("how many, 1 to 200", "50", Input.NUMBER, keyword=True)] = 50


class Watch(Params):
    """Room for how much of which engine."""

    engine: EngineName
    amount: Annotated[Amount, Arg("how much room you need, in dollars", "100", Input.AMOUNT)]


def _change(params: SetCaps | RaiseCaps) -> Change:
    is_raise = isinstance(params, RaiseCaps)
    enabled = None if isinstance(params, RaiseCaps) else params.enabled
    given = {cap: getattr(params, cap) for cap in CAPS}
    return Change(params.engine, given, enabled, params.until, params.reason or "no reason given", raises_only=is_raise)


def _reserve(act: Act, params: Reserve) -> Reserved | Refused:
    outcome = reserving.reserve(
        act, params.engine, to_cents(params.amount), expires_at=reserving.lives_for(act.now, params.ttl_hours),
        about=params.about, correlation_id=params.correlation_id,
    )  # fmt: skip
    if isinstance(outcome, Reserved):
        return outcome
    return denials.with_again(outcome, "risk.reserve", params.model_dump(mode="json", exclude_none=True))


def _expire(act: Act) -> Expired:
    """Ended reservations give room, so whoever waits for it is told in the same go."""
    return Expired(expired=closing.expire_due(act), told=watches.tell_due(act))


LOOSENS: ApprovalRule[SetCaps] = ApprovalRule(
    wanted=lambda act, params: policies.wanted(act, _change(params)),
    binds=lambda act, params: policies.binds(act, params.engine),
    needed=lambda act, params: policies.needs_approval(act, _change(params)),
    owner_alone=lambda _act, _params: True,
)
RAISES: ApprovalRule[RaiseCaps] = ApprovalRule(
    wanted=lambda act, params: policies.wanted(act, _change(params)),
    binds=lambda act, params: policies.binds(act, params.engine),
    needed=lambda act, params: policies.needs_approval(act, _change(params)),
)
RESUMES: ApprovalRule[Resume] = ApprovalRule(
    wanted=lambda act, params: pausing.wanted_resume(act, params.engine, params.hold_id),
    binds=lambda act, params: pausing.resume_binds(act, params.engine, params.hold_id),
    gates=lambda act, params: pausing.resume_gates(act, params.engine, params.hold_id),
    layer="Risk Guard",
    cure="`/risk` shows what holds each engine.",
)

OPERATIONS: list[AnyOperation] = [
    Operation(
        name="risk.snapshot",
        summary="Show the caps: what is used, what is left, what is on hold",
        params=NoParams,
        result=RiskSnapshot,
        run=lambda act, _params: views.snapshot(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("risk", "snapshot", default=True),
        http=Http("GET", f"{ROUTE}/snapshot"),
        example="/risk",
    ),
    Operation(
        name="risk.policies",
        summary="Show every engine's caps, who set them and why",
        params=NoParams,
        result=PolicyList,
        run=lambda act, _params: policies.listed(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("risk", "policies"),
        http=Http("GET", f"{ROUTE}/policies"),
        example="/risk policies",
    ),
    Operation(
        name="risk.policy_set",
        summary="Set caps: tighter at once, looser with approval",
        params=SetCaps,
        result=PolicySet,
        run=lambda act, params: policies.set_policy(act, _change(params)),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: params.engine,
        approval=LOOSENS,
        is_setup=True,
        slack=Slash("risk", "set"),
        http=Http("POST", f"{ROUTE}/policies/upsert"),
        example="/risk set WHOLESALE max_open_risk=400 a quiet week",
    ),
    Operation(
        name="risk.raise",
        summary="Ask for more room for a time",
        params=RaiseCaps,
        result=PolicySet,
        run=lambda act, params: policies.set_policy(act, _change(params)),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        target=lambda params: params.engine,
        approval=RAISES,
        slack=Slash("risk", "raise"),
        http=Http("POST", f"{ROUTE}/raise"),
        example="/risk raise WHOLESALE max_open_risk=1000 until=2026-11-27T18:00 a good batch of leads",
    ),
    Operation(
        name="risk.pause",
        summary="Stop an engine at once: it reserves nothing, so no offer goes out",
        params=Pause,
        result=Paused,
        run=lambda act, params: pausing.pause(act, params.engine, params.reason, followups=params.followups),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        changes_switch=True,
        target=lambda params: params.engine,
        slack=Slash("risk", "pause"),
        http=Http("POST", f"{ROUTE}/pause"),
        example="/risk pause WHOLESALE wrong deposit on the template",
    ),
    Operation(
        name="risk.resume",
        summary="Ask to let an engine act again, or at full speed",
        params=Resume,
        result=Paused,
        run=lambda act, params: pausing.resume(act, params.engine, params.reason, params.hold_id),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        target=lambda params: params.engine,
        approval=RESUMES,
        slack=Slash("risk", "resume"),
        http=Http("POST", f"{ROUTE}/resume"),
        example="/risk resume WHOLESALE the template is fixed",
    ),
    Operation(
        name="risk.ledger",
        summary="Show a day of the books: opening + reserved - freed = closing",
        params=WhichDay,
        result=Ledger,
        run=lambda act, params: views.ledger(act, params.day),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("risk", "ledger"),
        http=Http("GET", f"{ROUTE}/ledger"),
        also_http=(Http("GET", f"{ROUTE}/ledger/today"),),
        example="/risk ledger 2026-11-24",
    ),
    Operation(
        name="risk.reserve",
        summary="Reserve room under the caps, or hear which cap has none",
        params=Reserve,
        result=Reserved,
        run=_reserve,
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        target=lambda params: params.engine,
        slack=Slash("risk", "reserve"),
        http=Http("POST", f"{ROUTE}/reserve"),
        also_http=(Http("POST", f"{ROUTE}/check-and-reserve"),),
        example="/risk reserve WHOLESALE 100",
    ),
    Operation(
        name="risk.settle",
        summary="Settle a reservation: free its room and book its loss, once",
        params=Settle,
        result=Closed,
        run=lambda act, params: closing.settle(
            act, params.reservation_id, to_cents(params.realized_loss), over=params.over
        ),
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        reduces=True,
        target=lambda params: f"R-{params.reservation_id}",
        slack=Slash("risk", "settle"),
        http=Http("POST", f"{ROUTE}/settle"),
        example="/risk settle R-12 realized_loss=0",
    ),
    Operation(
        name="risk.void",
        summary="Void a reservation: it came to nothing, and its room is free",
        params=Void,
        result=Closed,
        run=lambda act, params: closing.void(act, params.reservation_id),
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        reduces=True,
        target=lambda params: f"R-{params.reservation_id}",
        slack=Slash("risk", "void"),
        http=Http("POST", f"{ROUTE}/void"),
        example="/risk void R-12",
    ),
    Operation(
        name="risk.reservations",
        summary="Show the open reservations, oldest first",
        params=OpenReservations,
        result=ReservationList,
        run=lambda act, params: views.reservations(act, params.engine, limit=params.limit),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("risk", "open"),
        http=Http("GET", f"{ROUTE}/reservations"),
        example="/risk open WHOLESALE",
    ),
    Operation(
        name="risk.watch",
        summary="Be told once, directly, when there is room",
        params=Watch,
        result=Watching,
        run=lambda act, params: watches.watch(act, params.engine, to_cents(params.amount)),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: params.engine,
        is_target_personal=True,
        slack=Slash("risk", "watch"),
        http=Http("POST", f"{ROUTE}/watch"),
        example="/risk watch WHOLESALE 100",
    ),
    Operation(
        name="risk.expire",
        summary="End the reservations whose time has passed, and tell who waits for room",
        params=NoParams,
        result=Expired,
        run=lambda act, _params: _expire(act),
        role=None,
        klass=ExecutionClass.PROD_EXEC,
        reduces=True,
        internal=True,
    ),
]
