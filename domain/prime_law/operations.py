"""The operations of Prime Law (spec/3, first rows)."""

from datetime import timedelta
from typing import Any

from pydantic import field_validator

from domain.access.people import holders
from domain.act import Act
from domain.approvals.results import TakenBack
from domain.approvals.showing import take_back
from domain.identity import Role
from domain.operation import ApprovalRule, ExecutionClass, Http, Operation, Slash
from domain.parameters import LONGEST_TEXT, NoParams, Params, Reason, shown
from domain.prime_law import service
from domain.prime_law.results import GoLiveCard, GoLiveView, KillSwitchCard, Settled

GO_LIVE = "go-live"
SWITCHES = "governance/go-live"
CHECKLIST = "`/golive checklist` shows each with its cure."


class WithReason(Params):
    """A change that must be explained."""

    reason: Reason


class Engage(Params):
    """The kill switch takes a reason, and waits for none: whatever was typed for one, it engages."""

    reason: Reason | None = None

    @field_validator("reason", mode="before")
    @classmethod
    def _as_far_as_it_goes(cls, value: Any) -> Any:
        if not isinstance(value, str | int):
            return value  # no text at all is a program's mistake, not haste
        said = shown(str(value))
        return (said if len(said) <= LONGEST_TEXT else f"{said[: LONGEST_TEXT - 1]}…") or None


def _epoch(act: Act, _params: Any) -> dict[str, str]:
    return {"switches": str(act.prime.version)}


def _no_second_manager(act: Act, _params: Any) -> bool:
    return all(user == act.actor for user in holders(act.connection, Role.MANAGER))


def _disable(act: Act, reason: str) -> GoLiveCard:
    """Switch production off, and take the way back off the card of the request that had switched it on."""
    since = service.enabled_at(act)
    card = service.disable(act, reason)
    if card.changed and since is not None:
        end = TakenBack(at=act.now, by=act.actor, reason=reason, now="production is off")
        take_back(act, "golive.enable", GO_LIVE, since=since, end=end)
    return card


OPERATIONS = (
    Operation(
        name="golive.state",
        summary="Show the switches: is production on?",
        params=NoParams,
        result=GoLiveView,
        run=lambda act, _params: service.view(act),
        role=Role.AUDITOR,
        klass=ExecutionClass.OBSERVE_ONLY,
        reads=True,
        slack=Slash("golive", "state", default=True),
        also=(Slash("killswitch", "state", default=True),),
        http=Http("GET", f"{SWITCHES}/state"),
        example="/golive",
    ),
    Operation(
        name="golive.enable",
        summary="Ask to switch production on",
        params=WithReason,
        result=GoLiveCard,
        run=lambda act, params: service.enable(act, params.reason),
        role=Role.MANAGER,
        klass=ExecutionClass.GOVERN,
        target=lambda _params: GO_LIVE,
        changes_switch=True,
        approval=ApprovalRule(
            wanted=lambda act, _params: service.wanted_enable(act),
            binds=_epoch,
            gates=lambda act, _params: service.enable_gates(act),
            layer="Runbook",
            cure=CHECKLIST,
        ),
        slack=Slash("golive", "enable"),
        http=Http("POST", f"{SWITCHES}/enable"),
        example="/golive enable counsel signed, drill done",
    ),
    Operation(
        name="golive.disable",
        summary="Switch production off, at once",
        params=WithReason,
        result=GoLiveCard,
        run=lambda act, params: _disable(act, params.reason),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda _params: GO_LIVE,
        changes_switch=True,
        slack=Slash("golive", "disable"),
        http=Http("POST", f"{SWITCHES}/disable"),
        example="/golive disable the dialer is misbehaving",
    ),
    Operation(
        name="killswitch.engage",
        summary="Stop everything that acts, at once",
        params=Engage,
        result=KillSwitchCard,
        run=lambda act, params: service.engage(act, params.reason),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda _params: "kill switch",
        changes_switch=True,
        slack=Slash("killswitch", "engage"),
        http=Http("POST", f"{SWITCHES}/kill-switch/engage"),
        example="/killswitch engage texts without opt-out in QC",
    ),
    Operation(
        name="killswitch.release",
        summary="Ask to release the kill switch",
        params=WithReason,
        result=KillSwitchCard,
        run=lambda act, params: service.release(act, params.reason),
        role=Role.ONCALL,
        klass=ExecutionClass.GOVERN,
        target=lambda _params: "kill switch",
        changes_switch=True,
        approval=ApprovalRule(
            wanted=lambda act, _params: service.wanted_release(act),
            binds=_epoch,
            gates=lambda act, _params: service.release_gates(act),
            layer="Runbook",
            cure=CHECKLIST,
            expires=timedelta(hours=1),
            until_working_noon=False,
            owner_alone=_no_second_manager,
        ),
        slack=Slash("killswitch", "release"),
        http=Http("POST", f"{SWITCHES}/kill-switch/release"),
        example="/killswitch release the templates are fixed",
    ),
    Operation(
        name="killswitch.explain",
        summary="Add to the reason why the kill switch is engaged",
        params=WithReason,
        result=KillSwitchCard,
        run=lambda act, params: service.explain(act, params.reason),
        role=Role.OPERATOR,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        target=lambda _params: "kill switch",
        changes_switch=True,
        slack=Slash("killswitch", "explain"),
        http=Http("POST", f"{SWITCHES}/kill-switch/explain"),
        example="/killswitch explain 40 texts in Quebec had no opt-out line",
    ),
    Operation(
        name="killswitch.settle",
        summary="Edit the kill switch's card to what is so now",
        params=NoParams,
        result=Settled,
        run=lambda act, _params: service.settle(act),
        role=None,
        klass=ExecutionClass.GOVERN,
        reduces=True,
        internal=True,
    ),
)
