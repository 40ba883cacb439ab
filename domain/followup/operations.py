"""The operations of the follow-up ladder (spec/3)."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from domain.act import Act
from domain.followup import claims, completing, due, ladders, sla
from domain.followup.results import (
    Claimed,
    Completed,
    DueView,
    LadderCreated,
    LadderStopped,
    LadderView,
    SlaView,
    Swept,
)
from domain.followup.rules import FollowupOutcome
from domain.followup.words import LANGUAGES
from domain.identity import Role
from domain.leads.rules import ConsentBasis, ContactKind, postal_code_in, property_key
from domain.leads.service import NewLead
from domain.operation import AnyOperation, ExecutionClass, Http, Operation, Slash
from domain.outcomes import Kind, Refused, refused
from domain.parameters import (
    Arg,
    Email,
    Input,
    Instant,
    NoParams,
    Number,
    Params,
    Phone,
    Province,
    ProvinceCode,
    Reason,
    Text,
    numbered,
    one_of,
)

Scope = StrEnum("Scope", {"MINE": "mine", "ALL": "all", **{one.name: one.value for one in Province}})  # type: ignore[misc]
Language = StrEnum("Language", {one.upper(): one for one in LANGUAGES})  # type: ignore[misc]
_LEAD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{1,31})(\|[^>]*)?>")
SHORT = 64


def _lead_id(value: Any) -> str:
    text = str(value).strip()
    if isinstance(value, bool) or not isinstance(value, str | int) or not _LEAD_ID.fullmatch(text):
        raise ValueError("is not a lead's id")
    return text


def _owner(value: str) -> str:
    match = _PERSON.fullmatch(value)
    return match[1] if match else _short(value)


def _short(value: str) -> str:
    if len(value) > SHORT:
        raise ValueError(f"is longer than {SHORT} characters")
    return value


def _market(value: str) -> str:
    name = " ".join(_short(value).split())
    return "ALL" if name.upper() == "ALL" else name


def _postal_code(value: Any) -> str:
    found = postal_code_in(str(value))
    if found is None or len(str(value).strip()) > len(found):
        raise ValueError("is not a Canadian postal code")
    return found


def _scope(value: Any) -> Any:
    text = str(value).strip()
    return text.lower() if text.lower() in {"mine", "all"} else text.upper()


def _word(value: Any) -> Any:
    return re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else value


LeadId = Annotated[str, BeforeValidator(_lead_id), Arg("a lead's id: letters, digits and . _ : / -", "L1")]
TaskId = Annotated[Number, numbered("F"), Arg("a step's number", "F-12", Input.NUMBER)]


class Create(Params):
    """Who is to be followed up, and where."""

    lead_id: LeadId
    province: ProvinceCode
    market: Annotated[
        Text, AfterValidator(_market), Arg("a town or region; ALL where it does not matter", "Calgary")
    ] = "ALL"
    phone: Phone | None = None
    email: Email | None = None
    owner: Annotated[
        Text | None, Arg("whose steps these are: a person, or a name", "@maria", Input.USER, keyword=True)
    ] = None
    seller: Annotated[Text | None, Arg("the seller's name", '"Ruth Cardinal"', keyword=True)] = None
    address: Annotated[Text | None, Arg("the property's address", '"12 Elm Street, Calgary"', keyword=True)] = None
    postal_code: Annotated[
        str | None, BeforeValidator(lambda value: value if value is None else _postal_code(value)),
        Arg("the property's postal code", "T2P 1J9", keyword=True),
    ] = None  # fmt: skip
    language: Annotated[
        Language | None, BeforeValidator(_word), Arg("en or fr; French in Quebec where not said", "fr", keyword=True)
    ] = None
    lead_score: Annotated[
        float | None, Field(ge=0, le=1, allow_inf_nan=False), Arg("how good the lead is, 0 to 1", "0.8", keyword=True)
    ] = None
    consent: Annotated[
        ConsentBasis | None, BeforeValidator(_word),
        Arg(f"why they may be written to: {one_of([one.value for one in ConsentBasis])}", "inquiry", keyword=True),
    ] = None  # fmt: skip
    evidence: Annotated[Text | None, Arg("what proves the consent", '"web form of 24 November"', keyword=True)] = None
    source: Annotated[
        Text | None, AfterValidator(lambda value: value if value is None else _short(value)),
        Arg("where the lead comes from", "county-list-ab", keyword=True),
    ] = None  # fmt: skip
    arrived_at: Annotated[
        Instant | None,
        Arg("when the lead arrived, where that was not now", "2026-11-24T09:00", Input.TIME, keyword=True),
    ] = None
    correlation_id: Annotated[
        Text | None, AfterValidator(lambda value: value if value is None else _short(value)),
        Arg("your own id of this call", "order-4711", keyword=True),
    ] = None  # fmt: skip


class Due(Params):
    """Whose steps, or which province's."""

    scope: Annotated[Scope, BeforeValidator(_scope), Arg("mine, all or a province", "mine")] = Scope("mine")
    limit: Annotated[Number, Field(ge=1, le=50), Arg("how many, 1 to 50", "10", Input.NUMBER, keyword=True)] = 50
    cursor: Annotated[Text | None, Arg("the next_cursor of the page before", "1795600000000000.12", keyword=True)] = (
        None
    )


class WhichLead(Params):
    """One lead."""

    lead_id: LeadId


class Sla(Params):
    """How far back."""

    days: Annotated[Number, Field(ge=1, le=92), Arg("how many days back, 1 to 92", "7", Input.NUMBER)] = 7


class WhichTask(Params):
    """One step."""

    task_id: TaskId


class Complete(Params):
    """One step, and what came of it."""

    task_id: TaskId
    outcome: Annotated[
        FollowupOutcome, BeforeValidator(_word),
        Arg(f"what came of it: {one_of([one.value for one in FollowupOutcome])}", "no_answer"),
    ]  # fmt: skip
    at: Annotated[
        Instant | None, Arg("when to call back; with `callback`", "2026-11-27T14:00", Input.TIME, keyword=True)
    ] = None
    note: Annotated[Text | None, Arg("a word about it", "wants it gone by Christmas", Input.LONG_TEXT, rest=True)] = (
        None
    )


class Stop(Params):
    """One lead, and why nothing more is to be done."""

    lead_id: LeadId
    reason: Reason


def _new_ladder(act: Act, params: Create) -> ladders.NewLadder:
    language = params.language.value if params.language else ("fr" if params.province is Province.QC else "en")
    contacts = {
        ContactKind.PHONE: params.phone,
        ContactKind.EMAIL: params.email,
        ContactKind.PROPERTY: property_key(params.address, params.postal_code),
    }
    lead = NewLead(
        params.lead_id,
        {
            "seller_name": params.seller, "language": language, "property_address": params.address,
            "postal_code": params.postal_code or postal_code_in(params.address), "province": params.province.value,
            "market": params.market, "property_type": "SFR", "score": params.lead_score, "source": params.source,
            "assignee": _owner(params.owner) if params.owner else None, "stage": "new",
        },
        tuple(sorted((kind, value) for kind, value in contacts.items() if value is not None)),
    )  # fmt: skip
    return ladders.NewLadder(
        lead, params.arrived_at or act.now, params.correlation_id or act.correlation_id, params.consent, params.evidence
    )


def _create(act: Act, params: Create) -> LadderCreated | Refused:
    if params.arrived_at is not None and params.arrived_at > act.now:
        return refused(
            Kind.INVALID, "bad_value", "`arrived_at` is a time to come; a lead arrives before it is followed up.",
            layer="input", remedy="Leave it out for now.", field="arrived_at",
            arrived_at=params.arrived_at.isoformat(), now=act.now.isoformat(),
        )  # fmt: skip
    return ladders.create(act, _new_ladder(act, params))


def _complete(act: Act, params: Complete) -> Completed | Refused:
    return completing.complete(act, completing.Report(params.task_id, params.outcome, params.at, params.note))


OPERATIONS: list[AnyOperation] = [
    Operation(
        name="followup.create",
        summary="Create a lead's ladder: six steps, the first at once",
        params=Create,
        result=LadderCreated,
        run=_create,
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        target=lambda params: params.lead_id,
        slack=Slash("followup", "create"),
        http=Http("POST", "followups/ladder/create"),
        example="/followup create L1 AB Calgary phone=403-555-0142",
    ),
    Operation(
        name="followup.due",
        summary="Show what is due: late first, then by the end of the promise",
        params=Due,
        result=DueView,
        run=lambda act, params: due.due(act, params.scope.value, limit=params.limit, cursor=params.cursor),
        role=Role.OPERATOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("due", "list", default=True),
        also=(Slash("followup", "due", default=True),),
        http=Http("GET", "followups/due"),
        example="/due AB",
    ),
    Operation(
        name="followup.show",
        summary="Show a lead's ladder, step by step",
        params=WhichLead,
        result=LadderView,
        run=lambda act, params: ladders.show(act, params.lead_id),
        role=Role.OPERATOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("followup", "show"),
        http=Http("GET", "followups/ladder"),
        example="/followup show L1",
    ),
    Operation(
        name="followup.sla",
        summary="Show how many steps were done within two hours",
        params=Sla,
        result=SlaView,
        run=lambda act, params: sla.snapshot(act, params.days),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("followup", "sla"),
        http=Http("GET", "followups/sla"),
        example="/followup sla 7",
    ),
    Operation(
        name="followup.claim",
        summary="Claim a step for 20 minutes; the number and the words are shown to you alone",
        params=WhichTask,
        result=Claimed,
        run=lambda act, params: claims.claim(act, params.task_id),
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        target=lambda params: f"F-{params.task_id}",
        slack=Slash("followup", "claim"),
        http=Http("POST", "followups/task/{task_id}/claim"),
        example="/followup claim F-12",
    ),
    Operation(
        name="followup.complete",
        summary="Record what came of a step, once",
        params=Complete,
        result=Completed,
        run=_complete,
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        reduces=True,
        target=lambda params: f"F-{params.task_id}",
        slack=Slash("followup", "done"),
        http=Http("POST", "followups/task/{task_id}/complete"),
        example="/followup done F-12 outcome=voicemail",
    ),
    Operation(
        name="followup.stop",
        summary="Stop a lead's ladder: nothing more of it is done",
        params=Stop,
        result=LadderStopped,
        run=lambda act, params: ladders.stop(act, params.lead_id, params.reason),
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        reduces=True,
        target=lambda params: params.lead_id,
        slack=Slash("followup", "stop"),
        http=Http("POST", "followups/ladder/stop"),
        example="/followup stop L1 sold to his brother",
    ),
    Operation(
        name="followup.sweep",
        summary="Count broken promises, and keep the card of late follow-ups true",
        params=NoParams,
        result=Swept,
        run=lambda act, _params: sla.sweep(act),
        role=None,
        klass=ExecutionClass.OBSERVE_ONLY,
        internal=True,
    ),
]
