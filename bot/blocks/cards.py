"""Every card that is posted into a channel or a direct message, by the name its outbox row holds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.blocks import (
    access,
    alerts,
    approvals,
    delivery,
    followup_cards,
    heimdall,
    inbox,
    oncall,
    prime_law,
    review,
    risk_cards,
)  # fmt: skip
from bot.blocks.kit import Rendered
from domain.access.results import Welcome
from domain.alerts.results import AlertCard
from domain.approvals.results import ApprovalCard, BreakGlassCard, Question
from domain.delivery.results import RouteTest
from domain.followup.results import ClaimOver, HandOver, OverdueCard
from domain.heimdall.results import Demoted, Evolution
from domain.inbox.results import LateAnswer, NotRun
from domain.oncall.results import PageCard, ShiftSet, Taken
from domain.outcomes import Result
from domain.prime_law.results import FinishNow, GoLiveCard, KillSwitchCard, ReasonAsked
from domain.review.results import ReviewAgain, ReviewCard, ReviewItem, SpotCheck
from domain.risk.results import CapWarning, Paused, RoomAppeared

R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True)
class Card(Generic[R]):
    """A card: what it is made from, and how."""

    model: type[R]
    render: Callable[[R], Rendered]


CARDS: Mapping[str, Card[Any]] = {
    "kill_switch": Card(KillSwitchCard, prime_law.kill_switch),
    "go_live": Card(GoLiveCard, prime_law.go_live),
    "reason_asked": Card(ReasonAsked, prime_law.reason_asked),
    "finish_now": Card(FinishNow, prime_law.finish_now),
    "approval": Card(ApprovalCard, approvals.approval),
    "decision": Card(ApprovalCard, approvals.decision),
    "question": Card(Question, approvals.question),
    "break_glass": Card(BreakGlassCard, approvals.break_glass),
    "alert": Card(AlertCard, alerts.alert),
    "page": Card(PageCard, oncall.page),
    "oncall_taken": Card(Taken, oncall.taken),
    "oncall_set": Card(ShiftSet, oncall.shift_set),
    "overdue": Card(OverdueCard, followup_cards.overdue),
    "overdue_yours": Card(OverdueCard, followup_cards.overdue_yours),
    "handover": Card(HandOver, followup_cards.handover),
    "claim_over": Card(ClaimOver, followup_cards.claim_over),
    "review": Card(ReviewCard, review.review),
    "review_again": Card(ReviewAgain, review.again),
    "review_item": Card(ReviewItem, review.item),
    "spot_check": Card(SpotCheck, review.spot_check),
    "risk_hold": Card(Paused, risk_cards.hold),
    "cap_warning": Card(CapWarning, risk_cards.cap_warning),
    "room_appeared": Card(RoomAppeared, risk_cards.room_appeared),
    "demoted": Card(Demoted, heimdall.demoted),
    "evolution": Card(Evolution, heimdall.evolution),
    "not_run": Card(NotRun, inbox.not_run),
    "late_answer": Card(LateAnswer, inbox.late_answer),
    "route_test": Card(RouteTest, delivery.route_test),
    "welcome": Card(Welcome, access.welcome),
}


def render_card(name: str, payload: Mapping[str, Any] | str, *, prefix: str = "") -> Rendered:
    """Render the stored payload of a card.

    Raises `KeyError` for a card nobody knows and pydantic's `ValidationError` for a payload that is not its own.
    """
    card = CARDS[name]
    raw = json.loads(payload) if isinstance(payload, str) else payload
    return card.render(card.model.model_validate(raw)).with_prefix(prefix)
