"""The operations of Heimdall (spec/3)."""

import json
import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from domain.act import Act
from domain.canonical import keepable
from domain.heimdall import digest, policies, promoting, scorecards, using
from domain.heimdall.policies import Setting
from domain.heimdall.results import (
    Demoted,
    EvolutionPosted,
    GateAnswer,
    HeimdallSnapshot,
    OutcomeRecorded,
    PolicyList,
    PolicySet,
    Promoted,
    Recommended,
    ScorecardList,
    TrialRecorded,
    Used,
    Watched,
)
from domain.heimdall.tables import DOMAIN, FINGERPRINT
from domain.heimdall.using import Recommendation, Trial
from domain.identity import Role
from domain.operation import AnyOperation, ApprovalRule, ExecutionClass, Http, Operation, Slash
from domain.outcomes import Refused
from domain.parameters import Arg, Flag, Input, Instant, NoParams, Number, Params, Reason, Text, numbered

PATH = "governance/heimdall"
MOST_JSON = 20_000
_DOMAIN = re.compile(rf"[A-Z][A-Z0-9_]{{1,{DOMAIN - 1}}}")


def _domain(value: Any) -> str:
    name = re.sub(r"[\s-]+", "_", value.strip().upper()) if isinstance(value, str) else ""
    if not _DOMAIN.fullmatch(name) or name == digest.EVERY_DOMAIN:
        raise ValueError("is not the name of a domain")
    return name


def _share(value: Any) -> float:
    """Read a share of one; what is not a finite number between 0 and 1 is refused by name (failure 19)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("is not a number")  # noqa: TRY004 - pydantic makes a finding of a ValueError alone
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except (ValueError, OverflowError):
        raise ValueError("is not a number") from None
    if not math.isfinite(number):
        raise ValueError("is not a finite number")
    if not 0 <= number <= 1:
        raise ValueError("is not between 0 and 1")
    return number


def _above_nothing(value: float | None) -> float | None:
    if value == 0:
        raise ValueError("is 0, which asks for nothing")
    return value


def _short(most: int) -> Any:
    def checked(value: str | None) -> str | None:
        if value is not None and len(value) > most:
            raise ValueError(f"is longer than {most} characters")
        return value

    return AfterValidator(checked)


def _not_a_number(word: str) -> float:
    raise ValueError(f"holds {word}, which is no number")


def _object(value: Any) -> Any:
    """Read a JSON object, as it is or as text, such as every database can keep."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if len(text) > MOST_JSON:
        raise ValueError(f"is longer than {MOST_JSON:,} characters")
    try:
        found = json.loads(text, parse_constant=_not_a_number)
    except json.JSONDecodeError:
        raise ValueError("is not JSON") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004
    keepable(found)
    return found


Domain = Annotated[str, BeforeValidator(_domain), Arg("a domain of recommendations", "WHOLESALE_OFFER")]
Share = Annotated[float, BeforeValidator(_share), Arg("a number from 0 to 1", ".93", Input.TEXT, keyword=True)]
OptionalShare = Annotated[
    float | None, BeforeValidator(lambda value: value if value is None else _share(value)),
    Arg("a number from 0 to 1", ".93", keyword=True),
]  # fmt: skip
Model = Annotated[
    Text | None, _short(FINGERPRINT), Arg("the model that made it, by its fingerprint", "offer-2026-11", keyword=True)
]
OwnId = Annotated[
    Text | None, _short(64), Arg("your own id of it; sent twice, it counts once", "run-4711", keyword=True)
]
JsonObject = Annotated[
    dict[str, Any],
    BeforeValidator(_object),
    Arg("a JSON object", '\'{"lead_id": "L1"}\'', Input.LONG_TEXT, keyword=True),
]
RecommendationId = Annotated[Number, numbered("RC"), Arg("a recommendation's number", "RC-12", Input.NUMBER)]
Count = Annotated[Number | None, Arg("how many", "75", Input.NUMBER, keyword=True)]


class WhichDomain(Params):
    """One domain, or every one."""

    domain: Annotated[
        str | None, BeforeValidator(lambda value: value if value is None else _domain(value)),
        Arg("a domain of recommendations; all where it is left out", "WHOLESALE_OFFER"),
    ] = None  # fmt: skip


class ReportTrial(Params):
    """One trial in the sandbox: how sure the model was, and whether it was right."""

    domain: Domain
    confidence: Share
    success: Annotated[Flag, Arg("whether it was right: yes or no", "yes", Input.FLAG, keyword=True)]
    model_fingerprint: Model = None
    correlation_id: OwnId = None


class Recommend(Params):
    """One recommendation: what, how sure, and on what evidence."""

    domain: Domain
    confidence: Share
    payload: Annotated[
        JsonObject, Arg("what is recommended, a JSON object", "'{\"offer\": 255000}'", Input.LONG_TEXT, keyword=True)
    ] = Field(default_factory=dict)
    evidence: Annotated[
        JsonObject, Arg("on what evidence, a JSON object", "'{\"comps\": 5}'", Input.LONG_TEXT, keyword=True)
    ] = Field(default_factory=dict)
    model_fingerprint: Model = None
    correlation_id: OwnId = None


class WhichRecommendation(Params):
    """One recommendation."""

    recommendation_id: RecommendationId


class ReportOutcome(Params):
    """What became of one recommendation."""

    recommendation_id: RecommendationId
    success: Annotated[Flag, Arg("whether it turned out right: yes or no", "yes", Input.FLAG, keyword=True)]


class ForReason(Params):
    """One domain, and why."""

    domain: Domain
    reason: Reason


class SetPolicy(Params):
    """One domain's policy: name what is to change."""

    domain: Domain
    min_confidence_prod: Annotated[
        OptionalShare, Arg("least confidence for use in production, 0 to 1", ".92", keyword=True)
    ] = None
    min_sandbox_trials: Annotated[
        Count, Field(ge=1, le=1_000_000), Arg("least trials in the scorecard's days", "75", Input.NUMBER, keyword=True)
    ] = None
    min_sandbox_success_rate: Annotated[
        OptionalShare, AfterValidator(_above_nothing), Arg("least success in trials, 0 to 1", ".82", keyword=True)
    ] = None
    scorecard_days: Annotated[
        Count, Field(ge=1, le=90), Arg("how many days the scorecard looks at, 1 to 90", "7", Input.NUMBER, keyword=True)
    ] = None
    prod_use_enabled: Annotated[Flag | None, Arg("production use: yes or no", "no", Input.FLAG, keyword=True)] = None
    until: Annotated[
        Instant | None, Arg("when it goes back by itself", "2026-11-27T14:00", Input.TIME, keyword=True)
    ] = None
    reason: Annotated[Text, Arg("why", "two bad weeks", Input.LONG_TEXT, rest=True)]


def _setting(params: SetPolicy) -> Setting:
    wanted = {name: getattr(params, name) for name in policies.FIELDS if getattr(params, name) is not None}
    return Setting(params.domain, wanted, params.reason, params.until)


def _scorecards(act: Act, params: WhichDomain) -> ScorecardList | Refused:
    if params.domain is not None and policies.row_of(act, params.domain) is None:
        return policies.no_such(act, params.domain)
    return scorecards.scorecards(act, params.domain)


def _trial(act: Act, params: ReportTrial) -> TrialRecorded | Refused:
    given = Trial(params.domain, params.confidence, params.success, params.model_fingerprint, params.correlation_id)
    return using.trial(act, given)


def _recommend(act: Act, params: Recommend) -> Recommended | Refused:
    own_id = params.correlation_id or act.correlation_id
    given = Recommendation(
        params.domain, params.confidence, own_id, params.model_fingerprint, params.payload, params.evidence
    )
    return using.recommend(act, given)


def _enables(_act: Act, params: SetPolicy) -> bool:
    return bool(params.prod_use_enabled)


OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="heimdall.policies",
        summary="Show what each domain's recommendations must reach",
        params=NoParams,
        result=PolicyList,
        run=lambda act, _params: policies.listed(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("heimdall", "policies"),
        http=Http("GET", f"{PATH}/policies"),
        example="/heimdall policies",
    ),
    Operation(
        name="heimdall.policy_set",
        summary="Change what a domain's recommendations must reach",
        params=SetPolicy,
        result=PolicySet,
        run=lambda act, params: promoting.change(act, _setting(params)),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda params: params.domain,
        approval=ApprovalRule(
            wanted=lambda act, params: promoting.change_wanted(act, _setting(params)),
            binds=lambda act, params: promoting.change_binds(act, params.domain),
            needed=lambda act, params: promoting.loosens(act, _setting(params)),
            owner_alone=lambda act, params: not _enables(act, params),
            layer="Heimdall",
        ),
        slack=Slash("heimdall", "set"),
        http=Http("POST", f"{PATH}/policies/upsert"),
        example="/heimdall set WHOLESALE_OFFER min_confidence_prod=.94 two bad weeks",
        is_setup=True,
    ),
    Operation(
        name="heimdall.snapshot",
        summary="Show every domain: sandbox or production, and what it delivers",
        params=NoParams,
        result=HeimdallSnapshot,
        run=lambda act, _params: digest.snapshot(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("heimdall", "snapshot", default=True),
        http=Http("GET", f"{PATH}/snapshot"),
        example="/heimdall",
    ),
    Operation(
        name="heimdall.scorecard",
        summary="Show a domain's trials over 1, 7 and 28 days, and how sure they are",
        params=WhichDomain,
        result=ScorecardList,
        run=_scorecards,
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("heimdall", "scorecard"),
        http=Http("GET", f"{PATH}/scorecard"),
        also_http=(Http("GET", f"{PATH}/scorecard/today"),),
        example="/heimdall scorecard WHOLESALE_OFFER",
    ),
    Operation(
        name="heimdall.trial",
        summary="Record a trial in the sandbox: how sure, and whether it was right",
        params=ReportTrial,
        result=TrialRecorded,
        run=_trial,
        role=Role.OPERATOR,
        klass=ExecutionClass.SANDBOX_EXEC,
        target=lambda params: params.domain,
        slack=Slash("heimdall", "trial"),
        http=Http("POST", f"{PATH}/sandbox/trial"),
        example="/heimdall trial WHOLESALE_OFFER confidence=.93 success=yes",
    ),
    Operation(
        name="heimdall.recommend",
        summary="Record what a model recommends, and what the gate says of it",
        params=Recommend,
        result=Recommended,
        run=_recommend,
        role=Role.OPERATOR,
        klass=ExecutionClass.SANDBOX_EXEC,
        target=lambda params: params.domain,
        slack=Slash("heimdall", "recommend"),
        http=Http("POST", f"{PATH}/recommend"),
        example="/heimdall recommend WHOLESALE_OFFER confidence=.93 payload='{\"offer\": 255000}'",
    ),
    Operation(
        name="heimdall.check",
        summary="Ask whether a recommendation could be used now (a dry run)",
        params=WhichRecommendation,
        result=GateAnswer,
        run=lambda act, params: using.check(act, params.recommendation_id),
        role=Role.OPERATOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        target=lambda params: f"RC-{params.recommendation_id}",
        slack=Slash("heimdall", "check"),
        http=Http("POST", f"{PATH}/check"),
        example="/heimdall check RC-12",
    ),
    Operation(
        name="heimdall.require",
        summary="Use a recommendation for real, once",
        params=WhichRecommendation,
        result=Used,
        run=lambda act, params: using.require(act, params.recommendation_id),
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        target=lambda params: f"RC-{params.recommendation_id}",
        slack=Slash("heimdall", "use"),
        also=(Slash("heimdall", "require"),),
        http=Http("POST", f"{PATH}/require"),
        example="/heimdall use RC-12",
    ),
    Operation(
        name="heimdall.outcome",
        summary="Record whether a recommendation turned out right",
        params=ReportOutcome,
        result=OutcomeRecorded,
        run=lambda act, params: using.outcome(act, params.recommendation_id, success=params.success),
        role=Role.OPERATOR,
        klass=ExecutionClass.PROD_EXEC,
        reduces=True,
        target=lambda params: f"RC-{params.recommendation_id}",
        slack=Slash("heimdall", "outcome"),
        http=Http("POST", f"{PATH}/outcome"),
        example="/heimdall outcome RC-12 success=yes",
    ),
    Operation(
        name="heimdall.promote",
        summary="Ask to use a domain's recommendations in production",
        params=ForReason,
        result=Promoted,
        run=lambda act, params: promoting.promote(act, params.domain, params.reason),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        target=lambda params: params.domain,
        approval=ApprovalRule(
            wanted=lambda act, params: promoting.wanted(act, params.domain),
            binds=lambda act, params: promoting.binds(act, params.domain),
            gates=lambda act, params: promoting.gates(act, params.domain),
            chart=lambda act, params: promoting.chart(act, params.domain),
            layer="Heimdall",
            cure="`/heimdall scorecard` shows the figures; more trials that succeed change them.",
        ),
        slack=Slash("heimdall", "promote"),
        http=Http("POST", f"{PATH}/promote"),
        example="/heimdall promote WHOLESALE_OFFER two clean weeks",
    ),
    Operation(
        name="heimdall.demote",
        summary="Take a domain back to the sandbox, at once",
        params=ForReason,
        result=Demoted,
        run=lambda act, params: promoting.demote(act, params.domain, params.reason),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda params: params.domain,
        slack=Slash("heimdall", "demote"),
        http=Http("POST", f"{PATH}/demote"),
        example="/heimdall demote WHOLESALE_OFFER offers in Alberta are off",
    ),
    Operation(
        name="heimdall.watch",
        summary="Send back to the sandbox what must not stay in production",
        params=NoParams,
        result=Watched,
        run=lambda act, _params: promoting.watch(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
    Operation(
        name="heimdall.evolution",
        summary="Post the Friday digest where it is due",
        params=NoParams,
        result=EvolutionPosted,
        run=lambda act, _params: digest.post(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
)
