"""Results as the domain makes them, one or more of every kind that is shown."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.access.results import AccessList, Granted, Holder, Revoked, Welcome
from domain.alerts.results import AlertCard, AlertList
from domain.approvals.results import (
    ApprovalCard,
    ApprovalLine,
    ApprovalList,
    BreakGlassCard,
    Decided,
    Question,
    TakenBack,
)
from domain.audit.results import AuditLine, AuditList, Verification
from domain.delivery.results import (
    DeliveryDropped,
    DeliveryList,
    DeliveryRetried,
    PausedLane,
    RouteChanged,
    RouteLine,
    RouteList,
    RouteTest,
    StuckMessage,
)
from domain.followup.results import (
    Blocked,
    Claimed,
    ClaimOver,
    Completed,
    DueView,
    HandOver,
    LadderCreated,
    LadderStopped,
    LadderView,
    OverdueCard,
    OverdueGroup,
    OverdueStep,
    PastStep,
    Seller,
    Share,
    SlaLine,
    SlaView,
    Step,
)
from domain.heimdall.results import (
    DayScore,
    Demoted,
    DomainWeek,
    Evolution,
    GateAnswer,
    HeimdallSnapshot,
    OutcomeRecorded,
    PolicyList,
    PolicySet,
    PolicyView,
    Promoted,
    Range,
    Recommended,
    Scorecard,
    ScorecardList,
    TrialRecorded,
    Used,
    Window,
)
from domain.heimdall.results import SnapshotLine as HeimdallLine
from domain.held.results import HeldDecided, HeldItem, HeldList
from domain.inbox.results import LateAnswer, NotRun
from domain.kpi.results import KpiSeries, Recorded, SeriesPoint
from domain.oncall.results import Duty, PageCard, PageLine, RotaView, ShiftLine, ShiftRemoved, ShiftSet, Taken
from domain.operation import Change, Checked, Figure, Wanted
from domain.outcomes import Button, Kind, PendingApproval, Refused, Result
from domain.policies.results import FieldChange, Temporary
from domain.prime_law.results import (
    FinishNow,
    GoLiveCard,
    GoLiveView,
    HeldCount,
    KillSwitchCard,
    Reached,
    ReasonAsked,
    UnderWay,
    UnderWayStep,
)
from domain.regression.results import (
    ChangeLine,
    PartLine,
    PolicyChanged,
    Trial,
    TripCard,
    TripwirePolicies,
    TripwirePolicy,
    TripwireReleased,
    TripwireSnapshot,
    TripwireState,
    TripwireStates,
    Waiting,
)
from domain.review.results import Decision, ItemDone, ReviewAgain, ReviewCard, ReviewItem, SpotCheck, Unsigned
from domain.runbook.results import Attested, Check, Markdown, RunbookStatus, Severity, Statement
from domain.snapshots.results import Denied, Finding, Metric, MetricsView, Overview, PartView, SnapshotLine
from domain.system.results import DoctorView, HelpLine, HelpView, HomeDue, HomeView
from tests.bot.blocks import risk_samples

AT = datetime(2026, 11, 24, 15, 42, tzinfo=UTC)
LATER = AT + timedelta(minutes=26)
HOSTILE = "<!channel> <@U9> *bold* _it_ ~no~ `code` &amp; <https://evil.example|click>\n> quoted \u202eright to left"


def shown(moment: datetime) -> str:
    """Return how a moment is written into a message."""
    stamp, utc = int(moment.timestamp()), moment.strftime("%Y-%m-%d %H:%M")
    return f"<!date^{stamp}^{{date_short_pretty}} {{time}}|{utc} UTC>"


RELEASE = Wanted(
    what="release the kill switch",
    facts=(("Engaged by", "<@U1>"), ("Since", AT.isoformat()), ("Held in the queue", "17; none of it runs by itself")),
    if_approved="production resumes at once, since go-live is on",
    does_not_change="go-live stays as it is; held work stays held until a manager runs or drops it",
    way_back="`/killswitch engage`, at once, by anyone who works here",
    done="the kill switch is released; production acts again",
    unchanged="the kill switch stays engaged",
    approve_label="Release the kill switch",
)


UNDER_WAY = (UnderWay(channel="CALL", count=2, ended=1), UnderWay(channel="SMS", count=1))


def finish_now(*channels: str, seller_name: str | None = "Helen Penner", reason: str | None = "stop") -> FinishNow:
    steps = tuple(
        UnderWayStep(
            task_id=number, channel=channel, lead_id="L-7", seller_name=seller_name, market="Winnipeg", province="MB"
        )
        for number, channel in enumerate(channels or ("CALL",), 1)
    )
    return FinishNow(engaged_by="U1", engaged_at=AT, reason=reason, steps=steps)


def kill_switch(**changes: Any) -> KillSwitchCard:
    base: dict[str, Any] = {
        "engaged_by": "U1", "engaged_at": AT, "reasons": ("Texts going out in Quebec without the opt-out line",),
        "go_live_enabled": True, "version": 41, "audit_id": 48207,
        "held": (
            HeldCount(operation="followup.claim", count=12, oldest_at=AT),
            HeldCount(operation="offer.send", count=5, oldest_at=AT),
        ),
    }  # fmt: skip
    return KillSwitchCard(**{**base, **changes})


def released(**changes: Any) -> KillSwitchCard:
    base: dict[str, Any] = {
        "is_engaged": False, "released_at": AT + timedelta(hours=2, minutes=5), "requested_by": "U2",
        "released_by": "U3", "release_reason": "templates fixed", "version": 42,
    }  # fmt: skip
    return kill_switch(**{**base, **changes})


def approval(status: str = "pending", **changes: Any) -> ApprovalCard:
    base: dict[str, Any] = {
        "approval_id": 318, "operation": "killswitch.release", "target": "kill switch", "wanted": RELEASE,
        "requester": "U2", "reason": "the templates are fixed", "created_at": AT,
        "expires_at": AT + timedelta(hours=1), "status": status, "bound_to": {"switches": "41"},
        "can_decide": ("U3", "U4"), "seen": "0f3a0f3a0f3a", "audit_id": 48212,
    }  # fmt: skip
    if status not in {"pending", "deciding", "expired"}:
        base |= {"decided_by": "U3", "decided_at": LATER}
    return ApprovalCard(**{**base, **changes})


def break_glass(**changes: Any) -> BreakGlassCard:
    base: dict[str, Any] = {
        "break_glass_id": 3, "at": AT, "actor": "U5", "operation": "golive.enable",
        "done": "go-live is on; production acts", "reason": "Dana and Marc are on a plane",
        "overridden": ("worker seen: never seen",), "can_sign_off": ("U3",), "audit_id": 48300,
    }  # fmt: skip
    return BreakGlassCard(**{**base, **changes})


def alert(**changes: Any) -> AlertCard:
    base: dict[str, Any] = {
        "alert_id": 77, "severity": "warning", "headline": "3 held actions were too old to run and were dropped",
        "facts": (("What to do", "do them afresh where they are still wanted"),), "state": "open", "times": 1,
        "opened_at": AT, "last_at": AT, "audit_id": 48190,
    }  # fmt: skip
    return AlertCard(**{**base, **changes})


PAGED = (
    PageLine(target="user:U1", at=AT, state="paged", ways=("slack", "phone")),
    PageLine(target="user:U2", at=AT + timedelta(minutes=5), state="planned", ways=("slack", "phone")),
)
FAILED = (
    PageLine(target="user:U1", at=AT, state="failed", ways=("slack",), failed=("slack",), error="user_disabled"),
    PageLine(
        target="user:U2", at=AT, state="paged", ways=("slack", "phone"), failed=("phone",), error="HTTP 404",
        said_by="U3",
    ),
    PageLine(target="route:oncall", at=LATER, state="planned", ways=("slack",)),
)  # fmt: skip


def page(**changes: Any) -> PageCard:
    base: dict[str, Any] = {
        "page_id": 5, "alert_id": 77, "severity": "critical", "headline": "WHOLESALE is throttled",
        "facts": (("Contract rate", "41 % → about 25 %"),), "opened_at": AT, "why": "opened",
        "next_target": "user:U2", "next_at": LATER,
    }  # fmt: skip
    return PageCard(**{**base, **changes})


def shift(number: int = 12, **changes: Any) -> ShiftLine:
    base: dict[str, Any] = {
        "shift_id": number, "user_id": "U1", "kind": "weekly", "starts_at": AT, "ends_at": LATER, "every_weeks": 2,
        "note": "the first week of each pair", "set_by": "U3",
    }  # fmt: skip
    return ShiftLine(**{**base, **changes})


def rota(**changes: Any) -> RotaView:
    base: dict[str, Any] = {
        "now": Duty(user_id="U1", since=AT, until=LATER), "next": Duty(user_id="U2", since=LATER),
        "pages": ("U1", "U2"), "hand_over": "the dialer was slow", "hand_over_by": "U2", "hand_over_at": AT,
        "shifts": (shift(), shift(13, kind="take", every_weeks=None), shift(14, every_weeks=1, counts=False)),
        "by_phone": True, "as_of": AT,
    }  # fmt: skip
    return RotaView(**{**base, **changes})


EMPTY_ROTA = rota(now=None, next=None, pages=(), hand_over=None, shifts=(), by_phone=False)
TAKEN = Taken(shift_id=13, user_id="U2", since=AT, until=LATER, instead_of="U1", note=HOSTILE, audit_id=3)
SHIFT_SET = ShiftSet(shift=shift(), audit_id=4)


def line(number: int = 318, **changes: Any) -> ApprovalLine:
    base: dict[str, Any] = {
        "approval_id": number, "operation": "golive.enable", "what": "go live", "requester": "U2",
        "reason": "two clean weeks", "status": "pending", "created_at": AT, "expires_at": LATER, "seen": "0f3a",
    }  # fmt: skip
    return ApprovalLine(**{**base, **changes})


def held_item(number: int) -> HeldItem:
    return HeldItem(
        held_id=number, operation="followup.claim", target=f"task {number}", actor="U2",
        reason="The kill switch is engaged by <@U1>.", held_at=AT, not_after=LATER,
    )  # fmt: skip


def stuck(number: int = 9, state: str = "held") -> StuckMessage:
    return StuckMessage(
        outbox_id=number, state=state, destination="route:oncall", channel="C0ONCALL", card="alert", thing="alert:77",
        error="no answer in 10 s", cure="look into the channel; *Try again* where it is not there", attempts=3,
        created_at=AT, attempted_at=LATER,
    )  # fmt: skip


def audit_line(number: int, **changes: Any) -> AuditLine:
    base: dict[str, Any] = {
        "audit_id": number, "at": AT, "actor": "U1", "claimed_actor": None, "surface": "slack",
        "operation": "killswitch.engage", "target": "kill switch", "outcome": "done", "reason": "texts in QC",
        "correlation_id": "c", "before": None, "after": None, "hash": "0" * 64,
    }  # fmt: skip
    return AuditLine(**{**base, **changes})


SIGNED = Statement(
    statement="kill_switch_drill", meaning="The kill switch was engaged and released as a drill", good_for_days=90,
    signed_by="U3", signed_at=AT, valid_until=AT + timedelta(days=90), is_valid=True,
)  # fmt: skip
UNSIGNED = Statement(statement="counsel_asked", meaning="Counsel was asked about consent", good_for_days=365)
TOO_OLD = Statement(
    statement="dncl_registered", meaning="The team is registered", good_for_days=365, signed_by="U3", signed_at=AT,
    valid_until=AT,
)  # fmt: skip
BLOCKER = Check(
    name="worker seen", severity=Severity.BLOCKER, ok=False, detail="last seen 3 minutes ago", evidence_at=AT,
    cure="start `valhalla worker`",
)  # fmt: skip
WARNING = Check(
    name="a second manager", severity=Severity.WARN, ok=False, detail="nobody else can approve",
    cure="`/access grant @someone manager`",
)  # fmt: skip
NOTE = Check(name="enforcement on", severity=Severity.INFO, ok=False, detail="development: `--as` works")
PASSED = Check(name="clock data right", severity=Severity.BLOCKER, ok=True, detail="the seven canaries agree")


def runbook(**changes: Any) -> RunbookStatus:
    base: dict[str, Any] = {
        "ok_to_enable_go_live": False, "blockers": (BLOCKER,), "warnings": (WARNING,), "info": (NOTE,),
        "passed": (PASSED,), "statements": (SIGNED, UNSIGNED, TOO_OLD), "checked_at": LATER,
    }  # fmt: skip
    return RunbookStatus(**{**base, **changes})


VIEW = GoLiveView(
    go_live_enabled=True, kill_switch_engaged=False, version=41, changed_by="U3", changed_at=AT,
    reason="counsel signed", was_ever_live=True,
)  # fmt: skip
GO_LIVE = GoLiveCard(
    go_live_enabled=True, kill_switch_engaged=False, version=42, at=AT, requested_by="U2", approved_by="U3",
    reason="two clean weeks", audit_id=48210,
)  # fmt: skip
DECIDED = Decided(approval_id=318, status="approved", headline="the kill switch is released; production acts again")
QUESTION = Question(approval_id=318, asked_by="U3", requester="U2", text="does this cover Alberta too?")
GRANTED = Granted(user_id="U6", role="operator", granted_by="U3", audit_id=12)
HOLDERS = AccessList(
    items=(
        Holder(user_id="U5", role="owner", since=AT, granted_by="settings", source="settings"),
        Holder(user_id="U3", role="manager", since=AT, granted_by="U5", source="grant"),
        Holder(user_id="U4", role="manager", since=AT, granted_by="U5", source="grant"),
    )
)
HELP = HelpView(
    role="operator",
    topic=None,
    elsewhere=3,
    items=(
        HelpLine(
            operation="killswitch.engage", command="killswitch", usage="/killswitch engage [REASON]",
            summary="Stop everything that acts, at once", example="/killswitch engage texts without opt-out in QC",
        ),
        HelpLine(
            operation="golive.state", command="golive", usage="/golive", summary="Show the switches", example="/golive"
        ),
    ),
)  # fmt: skip
ROUTE = RouteLine(kind="oncall", meaning="alerts and the kill switch", channel="oncall", is_default=True)
ROUTE_SET = RouteLine(
    kind="governance", meaning="approvals", channel="C0GOV", is_default=False, changed_by="U5", updated_at=AT, version=2
)
ROUTE_CHANGED = RouteChanged(
    kind="governance", meaning="approvals", channel="C0GOV", before="governance", changed=True, changed_by="U5",
    version=2, audit_id=9,
)  # fmt: skip
ROUTE_TEST = RouteTest(kind="oncall", meaning="alerts and the kill switch", channel="C0ONCALL", asked_by="U5", at=AT)
STUCK = DeliveryList(
    items=(stuck(), stuck(10, "dead")), total=2, queued=4, oldest_queued_at=AT,
    paused=(PausedLane(channel="C0GOV", paused_until=LATER),),
)  # fmt: skip

RUTH = Seller(
    lead_id="L1", seller_name="Ruth Cardinal", market="Calgary", province="AB", property_address="12 Elm Street",
)  # fmt: skip
NAMELESS = Seller(lead_id="L2", province="QC", language="fr")
STOPPED = Refused(
    kind=Kind.PRIME_LAW, code="kill_switch_engaged", layer="Prime Law", detail="The kill switch is engaged by <@U1>.",
    remedy="Two people release it.", reference="7F3K",
)  # fmt: skip


def step(number: int = 12, **changes: Any) -> Step:
    base: dict[str, Any] = {
        "task_id": number, "ladder_id": 1, "step": 2, "channel": "CALL", "seller": RUTH, "due_at": AT, "sla_from": AT,
        "late_from": AT + timedelta(minutes=30), "promise_ends": AT + timedelta(hours=2), "lateness": "on_time",
        "window": "contact window not checked",
    }  # fmt: skip
    return Step(**{**base, **changes})


LATE_STEP = step(13, lateness="late", note="Inherited, wants it gone by Christmas", assignee="U2")
TEXT_STEP = step(14, channel="SMS", step=3, consent="inquiry", consent_until=LATER)
BLOCKED_STEP = step(
    15, channel="SMS", seller=NAMELESS,
    blocked=Blocked(
        code="no_consent", detail="no consent on record: cannot be texted", remedy="Record the consent.", until=LATER,
        may_call_instead=True,
    ),
)  # fmt: skip
CLAIMED = Claimed(
    step=step(16), claimed_by="U2", lease_until=LATER, generation=3, number="+12045550142",
    words="Hello Ruth, this is … calling for Northern Door Homes about 12 Elm Street. Are you thinking of selling it?",
    reminder="If they ask us to stop: apologise, hang up and press “Asked us to stop”.",
)  # fmt: skip
WEEK = Share(count=76, within_2h=71, rate=71 / 76, target=0.9)


def due(**changes: Any) -> DueView:
    base: dict[str, Any] = {
        "scope": "mine", "as_of": AT + timedelta(minutes=72), "due": 3, "late": 1, "week": WEEK,
        "yours": (CLAIMED,), "now": (LATE_STEP, TEXT_STEP), "waiting": (BLOCKED_STEP,), "next_cursor": "1.15",
    }  # fmt: skip
    return DueView(**{**base, **changes})


def overdue(**changes: Any) -> OverdueCard:
    late = OverdueStep(
        task_id=1, step=2, channel="CALL", lead_id="L1", seller_name="Ruth Cardinal", market="Calgary", province="AB",
        sla_from=AT, is_broken=True,
    )  # fmt: skip
    base: dict[str, Any] = {
        "episode": 4, "late": 3, "broken": 1, "opened_at": AT, "worst": 5,
        "groups": (
            OverdueGroup(assignee="U2", late=2, broken=1, oldest=AT, steps=(late,), more=1),
            OverdueGroup(assignee=None, late=1, broken=0, oldest=AT, steps=(late,)),
        ),
    }  # fmt: skip
    return OverdueCard(**{**base, **changes})


HAND_OVER = HandOver(
    ladder_id=1, task_id=13, seller=RUTH, step=2, channel="CALL", interested_at=LATER, recorded_by="U2",
    assignee="maria the dialer", note=HOSTILE, score=0.8, source="county-list-ab", arrived_at=AT,
)  # fmt: skip
CLAIM_OVER = ClaimOver(
    task_id=13, step=2, channel="CALL", seller=RUTH, why="completed", by="U2", at=LATER, outcome="asked_to_stop",
    may_not_contact=True,
)  # fmt: skip
COMPLETED = Completed(
    task_id=13, step=2, channel="CALL", seller=RUTH, outcome="asked_to_stop", note="was polite", completed_at=LATER,
    completed_by="U2", in_time=True, answered_in=1560, ladder_ended=True, ended_why="asked_to_stop", stopped_steps=4,
    suppressed=2, told=("U4",), audit_id=77,
)  # fmt: skip
CREATED = LadderCreated(
    lead_id="L1", ladder_id=1, created=True, seller=RUTH, arrived_at=AT, created_by="U2",
    steps=(step(), BLOCKED_STEP), asked_for="L1", same_as=("L0",), not_used=("phone",),
)  # fmt: skip
LADDER = LadderView(
    seller=RUTH, asked_for="L1", stage="working", ladder_id=1, arrived_at=AT, created_by="U2", earlier_ladders=1,
    as_of=LATER,
    steps=(
        PastStep(step=step(1), state="done", completed_at=AT, completed_by="U2", outcome="no_answer", note=HOSTILE),
        PastStep(step=step(2), state="claimed", claimed_by="U2", lease_until=LATER),
        PastStep(step=step(3), state="stopped", stopped_at=AT, stopped_why="asked_to_stop"),
        PastStep(step=BLOCKED_STEP, state="open"),
    ),
)  # fmt: skip
LADDER_STOPPED = LadderStopped(
    seller=RUTH, asked_for="L1", ladder_id=1, stopped_steps=4, stopped_by="U2", stopped_at=AT,
    reason="sold to his brother", told=("U4",),
)  # fmt: skip
LINE = SlaLine(
    name="U2", count=76, within_30m=50, within_2h=71, overdue_now=3, broken_now=1, rate_30m=0.66, rate_2h=71 / 76
)
NO_LINE = SlaLine(
    name=None, count=0, within_30m=0, within_2h=0, overdue_now=0, broken_now=0, rate_30m=None, rate_2h=None
)
SLA = SlaView(
    days=7, since=AT, as_of=LATER, target=0.9, total=LINE, by_assignee=(LINE, NO_LINE) * 10, by_channel=(LINE,),
    by_province=(NO_LINE,), by_source=(),
)  # fmt: skip
PENDING = PendingApproval(
    approval_id=318, operation="killswitch.release", headline="release the kill switch", can_decide=("U3", "U4"),
    expires_at=LATER, reference="7F3K",
)  # fmt: skip


def trip(**changes: Any) -> TripCard:
    base: dict[str, Any] = {
        "domain": "WHOLESALE", "metric": "contract_rate", "kind": "rate", "better": "higher", "cause": "drop",
        "action": "THROTTLE", "engine": "WHOLESALE", "usual": 0.41, "now": 48 / 190, "events": 190, "successes": 48,
        "began_at": AT - timedelta(days=27), "tripped_at": AT, "n": 109_000.4, "per_day": 7.46,
        "waiting": Waiting(held=0, due=0, next_due_at=LATER),
        "where": PartLine(by="market", name="Alberta", events=74, successes=9),
        "elsewhere": PartLine(by="market", name="everywhere else", events=116, successes=39),
        "changes": (
            ChangeLine(at=AT, what="offer AB/ALL: multiplier 0.70 → 0.66", by="U3"),
            ChangeLine(at=AT, what=HOSTILE, by="U2"),
        ),
        "act_n": 100_000, "warn_n": 10_000, "policy_version": 3,
    }  # fmt: skip
    return TripCard(**{**base, **changes})


def trial(**changes: Any) -> Trial:
    base: dict[str, Any] = {
        "share": 25, "engine": "WHOLESALE", "hold_id": 9, "alert_id": 77, "since": AT, "ends_at": LATER, "needs": 50,
        "least": 0.328, "usual": 0.41, "events": 21, "successes": 7.0, "shown": 21,
    }  # fmt: skip
    return Trial(**{**base, **changes})


RELEASED_TO_A_SHARE = trip(
    released_at=AT + timedelta(hours=32), released_by="U2", approved_by="U3", release_reason="the multiplier is back",
    since_events=9, since_successes=2, where=None, elsewhere=None, changes=(), trial=trial(),
)  # fmt: skip
TRIALS = (
    RELEASED_TO_A_SHARE,
    RELEASED_TO_A_SHARE.model_copy(update={"better": "lower", "trial": trial(events=0, successes=0.0)}),
    RELEASED_TO_A_SHARE.model_copy(update={"kind": "volume", "trial": trial(needs=None, least=None)}),
    *(
        RELEASED_TO_A_SHARE.model_copy(update={"trial": trial(ended_at=LATER, ended_why=why)})
        for why in ("its time", "measured", "resumed", "tripped", "released")
    ),
)


def trip_alert(found: TripCard | None = None, **changes: Any) -> AlertCard:
    from domain.regression.words import headline

    found = found or trip()
    return alert(
        severity="critical", headline=headline(found), facts=(), extra={"card": "tripwire", "detail": found.to_json()},
        **changes,
    )  # fmt: skip


def tripwire(state: str = "armed", **changes: Any) -> TripwireState:
    base: dict[str, Any] = {
        "domain": "WHOLESALE", "metric": "contract_rate", "kind": "rate", "state": state, "enabled": state != "off",
        "action": "THROTTLE", "throttles": "WHOLESALE", "baseline_rate": 0.41, "learned": 1000, "needs": 1000,
        "can_act": True, "recent_rate": 0.4, "recent_events": 1435, "score": 4.2, "warn_n": 10_000, "act_n": 100_000,
        "events": 5_000, "per_day": 7.5, "last_event_at": AT, "version": 3, "policy_version": 2,
    }  # fmt: skip
    return TripwireState(**{**base, **changes})


TRIPWIRES = (
    tripwire("tripped", is_throttled=True, tripped_at=AT, alert_id=77, since_alarm_events=9, since_alarm_successes=2),
    tripwire("learning", learned=140, can_act=False, ready_about=LATER, metric="offer_accept_rate"),
    tripwire("warned", warned_at=AT, is_stale=True, action="WARN", throttles=None),
    tripwire(
        "off", kind="mean", middle=0.12, domain="CAPITAL", metric="roi_event", action="KILL_SWITCH", throttles=None
    ),
    tripwire(kind="volume", baseline_rate=50.0, waiting=True, trial=trial(needs=None, least=None)),
    tripwire(trial=trial()),
    tripwire("off", baseline_rate=None, events=0, learned=0, can_act=False, recent_rate=None, last_event_at=None),
)
POLICY = TripwirePolicy(
    domain="WHOLESALE", metric="contract_rate", method="sr", kind="rate", better="higher", max_drop_fraction=0.2,
    warn_n=10_000, act_n=100_000, warn_after=200, act_after=1_000, action="THROTTLE", throttles="WHOLESALE",
    enabled=True, window_events=50, baseline_events=200, min_events_to_enforce=50, version=3, changed_by="U3",
    reason=HOSTILE, updated_at=AT, temporary=(Temporary(field="max_drop_fraction", base=0.15, until=LATER),),
)  # fmt: skip
WINDOW_POLICY = POLICY.model_copy(
    update={"method": "window", "action": "WARN", "throttles": None, "better": "lower", "floor": 0.1, "enabled": False,
            "reference_rate": 0.05, "temporary": ()}
)  # fmt: skip
TRIPWIRE_RELEASED = TripwireReleased(
    domain="WHOLESALE", metric="contract_rate", action="THROTTLE", engine="WHOLESALE", lifted=True,
    others=("person:U3",), kill_switch_engaged=False, since_events=21, since_successes=7, usual=0.41, state="armed",
    released_at=LATER, released_by="U2", approved_by="U3", reason="the multiplier is back", audit_id=9,
)  # fmt: skip
DAYS = tuple(
    SeriesPoint(name=f"2026-11-{n:02}", day=(AT + timedelta(days=n - 24)).date(), count=n % 5, successes=n % 3,
                rate=0.4 if n % 5 else None)
    for n in range(1, 25)
)  # fmt: skip
SERIES = KpiSeries(
    domain="WHOLESALE", metric="contract_rate", by="day", days=24, since=AT, as_of=LATER, is_rate=True, points=DAYS,
    total=SeriesPoint(name="total", count=48, successes=20, rate=20 / 48), last_event_at=AT,
)  # fmt: skip


PROMOTION = Wanted(
    what="use WHOLESALE_OFFER's recommendations in production",
    subject="WHOLESALE_OFFER",
    figures=(
        Figure(name="Success in trials", value="86.2 %", beside="75 of 87 in 7 days", needs="82 %"),
        Figure(name="Trials", value="87", beside="28 days: 341, 84.8 %", needs="75"),
        Figure(name="Says 93 %, delivers", value="86 %", beside="it is about 7 points too sure of itself"),
    ),
    how_sure="between 77 % and 92 %; about 5 chances in 6 that it really is above 82 %",
    if_approved="recommendations with confidence .92 or more may be used for offers, at once",
    track=(("The last 30 days", "131 would have passed; of 112 with a known outcome 97 succeeded (86.6 %)"),),
    does_not_change="MAO, caps, contact rules",
    way_back="Demote, at once, by anyone on call; by itself if success falls under 82 %",
    confirmation="From now on WHOLESALE_OFFER's recommendations may be used for real offers. "
    "131 in the last 30 days would have qualified.",
    done="WHOLESALE_OFFER is used in production",
    lasts=True,
    unchanged="WHOLESALE_OFFER stays in the sandbox",
    approve_label="Use in production",
    changes=(Change(name="production use", before="off", after="on", beside="policy v7 → v8"),),
    decided_on=Figure(name="Decided on", value="86.2 %", beside="of 87 trials", needs="82 % and 75"),
    watched="back to the sandbox by itself under 82 %, without evidence for 14 days, or when the model changes",
    evidence_at=AT,
    evidence_name="scorecard",
    evidence_note="trials that keep it passing are no change",
    evidence=Button(label="Evidence", operation="heimdall.scorecard", params={"domain": "WHOLESALE_OFFER"}),
    undo=Button(
        label="Demote…", operation="heimdall.demote", params={"domain": "WHOLESALE_OFFER"}, form=True, style="danger"
    ),
)


def promotion(status: str = "pending", **changes: Any) -> ApprovalCard:
    base: dict[str, Any] = {
        "operation": "heimdall.promote", "target": "WHOLESALE_OFFER", "wanted": PROMOTION,
        "reason": "Two clean weeks; I want it live for Monday's batch", "bound_to": {"policy": "v7"},
        "params": {"domain": "WHOLESALE_OFFER", "reason": "Two clean weeks; I want it live for Monday's batch"},
        "expires_at": AT + timedelta(days=3),
    }  # fmt: skip
    return approval(status, **{**base, **changes})


TAKEN_BACK = TakenBack(
    at=LATER + timedelta(hours=3), by="U4", reason="offers in Alberta are off",
    now="WHOLESALE_OFFER is back in the sandbox",
)  # fmt: skip
BY_ITSELF = TAKEN_BACK.model_copy(
    update={"by": "system", "reason": "success fell to 79.3 % (69 of 87 in 7 days), under 82 %"}
)
WINDOW = Window(
    days=7, trials=87, successes=75, success_rate=75 / 87, low=0.7739, high=0.9189, says=0.93,
)  # fmt: skip
NO_WINDOW = Window(days=1, trials=0, successes=0, success_rate=None)
CHARTER = PolicyView(
    domain="WHOLESALE_OFFER", min_confidence_prod=0.92, min_sandbox_trials=75, min_sandbox_success_rate=0.82,
    prod_use_enabled=False, scorecard_days=7, version=7, changed_by="U3", reason="two bad weeks", updated_at=AT,
    temporary=(Temporary(field="min_confidence_prod", base=0.9, until=LATER),),
)  # fmt: skip
LIVE_CHARTER = CHARTER.model_copy(
    update={"prod_use_enabled": True, "prod_use_since": AT, "promoted_at": AT, "model_fingerprint": HOSTILE}
)
SCORECARD = Scorecard(
    domain="WHOLESALE_OFFER", policy=CHARTER, gate=WINDOW, windows=(NO_WINDOW, WINDOW, WINDOW), production=NO_WINDOW,
    days=(DayScore(day=AT.date(), trials=12, successes=10),), reasons=(), how_sure=PROMOTION.how_sure,
    calibration="it is about 7 points too sure of itself",
    finding="Success above 82 % on 24 of 28 days, lowest 79 % on 9 November",
    ranges=(Range(low=0.9, high=0.95, trials=40, success_rate=0.85, says=0.92),), last_at=AT,
)  # fmt: skip
DEMOTED = Demoted(
    domain="WHOLESALE_OFFER", at=LATER, by="system", cause="success_below_threshold",
    reason="success fell to 79.3 % (69 of 87 in 7 days), under 82 %", version=9, since=AT, gate=WINDOW,
    min_sandbox_success_rate=0.82, min_sandbox_trials=75, last_at=AT, open_recommendations=3, audit_id=48213,
)  # fmt: skip
DOMAIN_WEEK = DomainWeek(
    domain="WHOLESALE_OFFER", prod_use_enabled=False, trials=87, success_rate=75 / 87, before=0.84,
    min_sandbox_trials=75, min_sandbox_success_rate=0.82, reasons=(), says=0.93, used=0, known=12, succeeded=10,
    can_promote=True,
)  # fmt: skip
EVOLUTION = Evolution(
    friday=AT.date(), since=AT.date() - timedelta(days=6), until=AT.date(),
    items=(
        DOMAIN_WEEK,
        DOMAIN_WEEK.model_copy(
            update={"domain": "BUYER_MATCH", "trials": 0, "success_rate": None, "before": None, "says": None,
                    "known": 0, "can_promote": False, "reasons": ("insufficient_sandbox_trials",)}
        ),
        DOMAIN_WEEK.model_copy(update={"domain": "CAPITAL_ROUTE", "prod_use_enabled": True, "can_promote": False}),
    ),
)  # fmt: skip
RECOMMENDED = Recommended(
    recommendation_id=12, domain="WHOLESALE_OFFER", correlation_id="run-4711", confidence=0.93, allowed=False,
    code="prod_use_disabled", reasons=("prod_use_disabled", "insufficient_sandbox_trials"),
    detail="WHOLESALE_OFFER is in the sandbox: its recommendations are not used for real.", audit_id=5,
)  # fmt: skip
GATE_ANSWER = GateAnswer(
    recommendation_id=12, domain="WHOLESALE_OFFER", confidence=0.93, allowed=False, code="prod_use_disabled",
    reasons=("prod_use_disabled", "insufficient_sandbox_trials"), detail=RECOMMENDED.detail, created_at=AT,
)  # fmt: skip
USED = Used(
    recommendation_id=12, domain="WHOLESALE_OFFER", correlation_id="run-4711", code="gate_pass", confidence=0.93,
    payload={"offer": 255000, "note": HOSTILE}, used_at=AT, used_by="U2",
)  # fmt: skip
SNAPSHOT_LINE = HeimdallLine(
    domain="WHOLESALE_OFFER", prod_use_enabled=False, trials=87, success_rate=75 / 87, scorecard_days=7,
    min_sandbox_trials=75, min_sandbox_success_rate=0.82, reasons=(), made=4, used=0, can_promote=True,
)  # fmt: skip


def late(**outcome: Any) -> LateAnswer:
    return LateAnswer(operation="killswitch.engage", said="/killswitch engage", received_at=AT, outcome=outcome)


ITEM = ReviewItem(item_id=3, monday=date(2026, 11, 23), text="second dialer for QC", to="U6", by=LATER, asked_by="U3")


def review(**changes: Any) -> ReviewCard:
    base: dict[str, Any] = {
        "monday": date(2026, 11, 30), "week": date(2026, 11, 23), "days": "23 to 29 November",
        "repair": "One thing to repair: Alberta offers.", "live": f"Live all week except everything {AT.isoformat()}.",
        "broke": (Finding(text="contract rate throttled WHOLESALE for 32 h", short="Alberta offers"),),
        "denied": (Denied(count=12, text="WHOLESALE open risk full (500)"), Denied(count=2, text="no copy for 867")),
        "drifted": (Finding(text="follow-ups within 2 h: 91.2 %, was 94 % (target 90 %)"),),
        "money": "loss $0 of 250 a day at worst", "watching": "5 tripwires armed; 2 still learning", "approvals": 2,
        "unsigned": (Unsigned(break_glass_id=3, at=AT, actor="U5", done="go-live is on"),), "undone": (ITEM,),
        "met": 6, "judged": 8, "changes": 9, "snapshot_id": 48, "frozen_at": AT, "due_at": AT,
    }  # fmt: skip
    return ReviewCard(**{**base, **changes})


AGAIN = ReviewAgain(
    monday=date(2026, 11, 30), days="23 to 29 November", repair="Nothing to repair.", posted_at=AT, can_decide=("U3",)
)


def spot_check(**changes: Any) -> SpotCheck:
    base: dict[str, Any] = {
        "day": date(2026, 11, 24), "snapshot_id": 49, "frozen_at": AT, "due_at": AT, "late": 0, "broken": 0,
        "switches": (
            SnapshotLine(name="Go-live", value="on", beside=AT.isoformat()),
            SnapshotLine(name="Kill switch", value="clear", ok=True),
        ),
        "denied": (Denied(count=2, text="Access: role (alerts.ack)"),), "since": AT,
    }  # fmt: skip
    return SpotCheck(**{**base, **changes})


OVERVIEW = Overview(
    items=(
        PartView(
            name="control", title="Control",
            lines=(
                SnapshotLine(name="Kill switch", value="engaged", beside=f"<@U1>, {AT.isoformat()}", ok=False),
                SnapshotLine(name="Alerts open", value="3", beside=f"1 acknowledged; {HOSTILE}"),
            ),
        ),
        PartView(name="ops", title="Operations", lines=(SnapshotLine(name="  <@U6>", value="92 %", ok=True),) * 30),
    ),
    not_there=("risk", "heimdall"), as_of=AT,
)  # fmt: skip
METRICS = MetricsView(
    days=7, met=1, judged=2, as_of=AT,
    items=(
        Metric(
            name="followup_sla", label="Follow-ups within 2 h", value=0.912, before=0.94, target=0.9, met=True, count=34
        ),
        Metric(name="throttling", label="Throttles", value=1, target=0, unit="count", met=False, count=1),
        Metric(name="offer_accept", label="Offers accepted", value=None, target=0.4, met=None, no_data="no data yet"),
    ),
)  # fmt: skip

CARDS: dict[str, list[Result]] = {
    "kill_switch": [
        kill_switch(), kill_switch(reasons=(), held=(), go_live_enabled=False), released(),
        released(released_by=None, overridden=("worker seen: never seen",), held=()),
        kill_switch(reasons=(HOSTILE,) * 40),
        kill_switch(reached=Reached(processes=6, confirmed=6, seconds=0.2)),
        kill_switch(reached=Reached(processes=6, confirmed=4, seconds=1.5), under_way=UNDER_WAY),
        released(under_way=UNDER_WAY),
    ],
    "go_live": [
        GO_LIVE, GO_LIVE.model_copy(update={"go_live_enabled": False, "approved_by": None}),
        GO_LIVE.model_copy(update={"kill_switch_engaged": True, "overridden": ("a: b",)}),
    ],
    "reason_asked": [ReasonAsked(engaged_at=AT)],
    "finish_now": [finish_now(), finish_now("SMS", "EMAIL", reason=None), finish_now(seller_name=HOSTILE)],
    "decision": [
        approval("approved", note="fine"), approval("approved", note="fine", reader="requester"),
        approval("rejected", note="not yet", reader="requester"), approval("expired", reader="requester"),
        approval("failed", outcome_detail="Then: switches 41. Now: switches 43.", reader="requester"),
        approval("withdrawn", outcome_detail="its requester no longer holds the role", reader="requester"),
        approval("superseded", outcome_detail="an owner broke glass", reader="requester"),
    ],
    "approval": [
        approval(), approval(can_decide=()), approval("deciding"), approval("approved", note="fine"),
        approval("rejected", note="not yet"), approval("expired"), approval("withdrawn"),
        approval("withdrawn", outcome_detail="its requester no longer holds the role"),
        approval(reader="decider"), approval(reader="requester"), approval(reader="requester", can_withdraw=False),
        approval("rejected", note="not yet", reader="decider"),
        approval("superseded", replaced_by=319), approval("superseded", outcome_detail="an owner broke glass"),
        approval("failed", outcome_detail="Then: switches 41. Now: switches 43."),
        promotion(), promotion("approved", note="Fine, but look at Alberta on Monday"),
        approval(
            "approved", operation="golive.enable", target="go-live",
            taken_back=TAKEN_BACK.model_copy(update={"now": "production is off"}),
        ),
        promotion("approved", taken_back=TAKEN_BACK), promotion("approved", taken_back=BY_ITSELF, reader="requester"),
        promotion("rejected", note="Alberta drags it; bring it back without AB"),
        promotion("expired"), promotion("failed", outcome_detail="Then: 75 of 87 (86.2 %). Now: 76 of 95 (80.0 %)."),
        promotion(reader="requester"), promotion(reader="decider", bound_to={"policy": "v7", "model": "m-11"}),
        approval(operation="golive.enable", reason=None, gates=(Checked(name="x", ok=False, detail="y"),)),
    ],
    "demoted": [
        DEMOTED, DEMOTED.model_copy(update={"cause": "by_hand", "by": "U1", "reason": HOSTILE}),
        DEMOTED.model_copy(update={"cause": "model_changed", "was_model": HOSTILE, "gate": NO_WINDOW}),
        DEMOTED.model_copy(update={"cause": "no_evidence", "last_at": None, "since": None}),
        DEMOTED.model_copy(update={"changed": False}),
    ],
    "evolution": [EVOLUTION, EVOLUTION.model_copy(update={"items": ()}), EVOLUTION.model_copy(
        update={"items": (DOMAIN_WEEK,) * 40})],
    "question": [QUESTION, QUESTION.model_copy(update={"text": HOSTILE})],
    "break_glass": [
        break_glass(), break_glass(can_sign_off=(), overridden=()),
        break_glass(signed_off_by="U3", signed_off_at=LATER, note="agreed"),
    ],
    "alert": [
        alert(), alert(times=4, last_at=LATER),
        alert(state="acknowledged", acknowledged_by="U3", acknowledged_at=AT, acknowledged_until=LATER),
        alert(state="resolved", resolved_by="U3", resolved_at=LATER, note="token renewed"),
        trip_alert(),
        trip_alert(trip(domain="D" * 64, metric="m" * 64)),
        trip_alert(state="acknowledged", acknowledged_by="U3", acknowledged_at=AT, acknowledged_until=LATER),
        trip_alert(trip(is_warning=True, action="WARN", where=None, elsewhere=None, changes=())),
        trip_alert(trip(action="KILL_SWITCH", engine=None, kill_switch_engaged=True, domain="CAPITAL",
                        metric="roi_event", kind="mean", middle=0.12, per_day=None, waiting=Waiting(held=3, due=1))),
        trip_alert(trip(cause="floor", floor=0.9, n=12.0, per_day=0.4, waiting=Waiting(held=0, due=0))),
        trip_alert(trip(cause="volume", kind="volume", usual=50.0, now=12.0, engine="GLOBAL", n=30_000.0)),
        trip_alert(trip(cause="slide", n=None, began_at=None)), trip_alert(trip(cause="window", kind="mean", n=None)),
        trip_alert(state="resolved", resolved_by="U3", resolved_at=LATER),
        *(trip_alert(one, state="resolved", resolved_at=LATER) for one in TRIALS),
        trip_alert(
            trip(since_events=21, since_successes=7, released_at=LATER, released_by="U2", approved_by="U3",
                 release_reason=HOSTILE),
            state="resolved", resolved_by="U2", resolved_at=LATER,
        ),
        alert(severity="critical", pages=True, paged=PAGED), alert(severity="critical", pages=True, paged=FAILED),
        alert(pages=True, state="acknowledged", acknowledged_by="U1", acknowledged_at=AT, acknowledged_until=LATER),
        alert(pages=True, acknowledged_by="U1", acknowledged_at=AT, acknowledged_until=LATER, paged=PAGED),
    ],
    "page": [
        page(), page(to_channel=True, before=FAILED), page(why="again", next_target=None, next_at=None),
        page(why="passed", said_by="U3", headline=HOSTILE, facts=((HOSTILE, HOSTILE),)),
        *(page(over=over, over_by="U3", over_at=LATER) for over in ("acknowledged", "passed", "resolved")),
        page(over="acknowledged", over_by="U3", over_at=LATER, to_channel=True),
    ],
    "oncall_taken": [TAKEN, TAKEN.model_copy(update={"instead_of": None, "note": None})],
    "oncall_set": [SHIFT_SET, ShiftSet(shift=shift(every_weeks=None, kind="once", note=HOSTILE))],
    "overdue": [
        overdue(), overdue(acting_is_off=True, broken=0), overdue(is_over=True, ended_at=LATER, groups=(), late=0),
        overdue(groups=overdue().groups * 20),
    ],
    "overdue_yours": [
        overdue(groups=overdue().groups[:1], late=2), overdue(groups=overdue().groups[:1], acting_is_off=True),
        overdue(is_over=True, ended_at=LATER, groups=(), late=0),
    ],
    "handover": [HAND_OVER],
    "claim_over": [
        CLAIM_OVER, CLAIM_OVER.model_copy(update={"may_not_contact": False, "why": "stopped", "reason": "sold"}),
    ],
    **risk_samples.CARDS,
    "not_run": [NotRun(operation="killswitch.engage", said=HOSTILE, received_at=AT, state="refused", why="late")],
    "late_answer": [
        late(done=kill_switch().to_json(), audit_id=5), late(pending=PENDING.to_json()),
        late(refused=STOPPED.to_json()), late(held={"held_id": 3, "operation": "followup.claim"}),
    ],
    "review": [
        review(), review(is_late=True, money="", watching="", broke=(), denied=(), drifted=(), unsigned=(), undone=()),
        review(decision=Decision.CONTINUE, decided_by="U3", decided_at=LATER, note=HOSTILE, audit_id=9),
        review(decision=Decision.PAUSE, decided_by="U3", decided_at=LATER, what="WHOLESALE"),
        review(decision=Decision.ESCALATE, decided_by="U3", decided_at=LATER, item=ITEM),
        review(is_current=False),
        review(
            unsigned=tuple(one.model_copy(update={"break_glass_id": n}) for one in review().unsigned for n in range(9)),
            undone=tuple(ITEM.model_copy(update={"item_id": n}) for n in range(9)),
            broke=(Finding(text=HOSTILE),) * 50, denied=tuple(Denied(count=n, text=HOSTILE) for n in range(1, 40)),
        ),
    ],
    "review_again": [AGAIN],
    "review_item": [ITEM, ITEM.model_copy(update={"done_at": LATER, "done_by": "U6"})],
    "spot_check": [
        spot_check(), spot_check(is_late=True, late=3, broken=1, alert=HOSTILE, alert_id=3, alert_since=AT, alerts=4),
    ],
    "route_test": [ROUTE_TEST],
    "welcome": [
        Welcome(user_id="U6", role=role, granted_by="U3")
        for role in ("auditor", "operator", "oncall", "manager", "owner")
    ],
}  # fmt: skip


def home(**changes: Any) -> HomeView:
    base: dict[str, Any] = {
        "role": "manager", "as_of": LATER, "switches": VIEW, "to_decide": (line(), line(319)), "to_decide_total": 7,
        "asked": (line(320, what="release the kill switch"),), "asked_total": 1,
        "due": HomeDue(due=12, late=1, yours=(step(),), now=(LATE_STEP, TEXT_STEP)), "alerts": (alert(),),
        "alerts_total": 6, "oncall": rota(), "may": HELP.items, "elsewhere": 3,
    }  # fmt: skip
    return HomeView(**{**base, **changes})


EMPTY_HOME = home(
    to_decide=(), to_decide_total=0, asked=(), asked_total=0, due=HomeDue(due=0, late=0), alerts=(), alerts_total=0,
    oncall=EMPTY_ROTA,
)  # fmt: skip
STRANGERS_HOME = HomeView(role=None, as_of=LATER, elsewhere=40)

REPLIES: dict[str, list[Result]] = {
    "snapshot.overview": [
        OVERVIEW, Overview(items=(), as_of=AT), OVERVIEW.model_copy(update={"part": "ops", "not_there": ()}),
        OVERVIEW.model_copy(update={"items": OVERVIEW.items * 5}),
    ],
    "snapshot.metrics": [METRICS, METRICS.model_copy(update={"met": 0, "judged": 0, "items": METRICS.items[2:]})],
    "review.show": [review()],
    "review.decide": [review(decision=Decision.CONTINUE, decided_by="U3", decided_at=LATER)],
    "review.finish": [
        ItemDone(item=ITEM.model_copy(update={"done_at": LATER, "done_by": "U6"})),
        ItemDone(item=ITEM.model_copy(update={"done_at": LATER, "done_by": "U6"}), already=True),
    ],
    **risk_samples.REPLIES,
    "heimdall.policies": [PolicyList(items=(CHARTER, LIVE_CHARTER)), PolicyList(items=())],
    "heimdall.policy_set": [
        PolicySet(policy=CHARTER, changes=(FieldChange(field="min_confidence_prod", before=0.92, after=0.94),)),
        PolicySet(
            policy=CHARTER, changes=(FieldChange(field="prod_use_enabled", before=None, after=False),), until=LATER,
            demoted=True, audit_id=9,
        ),
    ],
    "heimdall.snapshot": [
        HeimdallSnapshot(items=(SNAPSHOT_LINE, SNAPSHOT_LINE.model_copy(
            update={"prod_use_enabled": True, "prod_use_since": AT, "can_promote": False, "success_rate": None}
        ), SNAPSHOT_LINE.model_copy(update={"approval_id": 318})), as_of=LATER),
        HeimdallSnapshot(items=(SNAPSHOT_LINE,) * 50, as_of=LATER), HeimdallSnapshot(items=(), as_of=LATER),
    ],
    "heimdall.scorecard": [
        ScorecardList(items=(SCORECARD,), as_of=LATER), ScorecardList(items=(SCORECARD,) * 4, as_of=LATER),
        ScorecardList(items=(SCORECARD.model_copy(update={
            "policy": LIVE_CHARTER, "gate": NO_WINDOW, "production": WINDOW, "other_models": 5, "ranges": (),
            "last_at": None,
        }),), as_of=LATER),
        ScorecardList(items=(SCORECARD.model_copy(update={
            "reasons": ("insufficient_sandbox_trials", "sandbox_success_rate_below_threshold"), "approval_id": 318,
        }),), as_of=LATER),
    ],
    "heimdall.trial": [
        TrialRecorded(domain="WHOLESALE_OFFER", day=AT.date(), confidence=0.93, success=True, gate=WINDOW,
                      min_sandbox_trials=75, min_sandbox_success_rate=0.82, demoted=True),
        TrialRecorded(domain="WHOLESALE_OFFER", day=AT.date(), confidence=0.93, success=False, gate=NO_WINDOW,
                      min_sandbox_trials=75, min_sandbox_success_rate=0.82, counted=False, audit_id=7),
    ],
    "heimdall.recommend": [
        RECOMMENDED, RECOMMENDED.model_copy(update={
            "allowed": True, "code": "gate_pass", "reasons": (), "created": False, "demoted": True,
            "warnings": ("insufficient_sandbox_trials",),
        }),
    ],
    "heimdall.check": [
        GATE_ANSWER, GATE_ANSWER.model_copy(update={"allowed": True, "code": "gate_pass", "reasons": ()}),
        GATE_ANSWER.model_copy(update={"used_at": AT, "used_by": "U2", "success": False}),
    ],
    "heimdall.require": [USED, USED.model_copy(update={"warnings": ("insufficient_sandbox_trials",), "payload": {}})],
    "heimdall.outcome": [
        OutcomeRecorded(recommendation_id=12, domain="WHOLESALE_OFFER", success=True, was_used=True, gate=WINDOW,
                        min_sandbox_success_rate=0.82),
        OutcomeRecorded(recommendation_id=12, domain="WHOLESALE_OFFER", success=False, was_used=True, gate=WINDOW,
                        min_sandbox_success_rate=0.82, recorded=False, demoted=True),
    ],
    "heimdall.promote": [
        Promoted(domain="WHOLESALE_OFFER", since=AT, version=8, gate=WINDOW, requested_by="U2", approved_by="U3")
    ],
    "heimdall.demote": [DEMOTED, DEMOTED.model_copy(update={"changed": False})],
    "followup.create": [CREATED, CREATED.model_copy(update={"created": False, "has_consent": True})],
    "followup.due": [
        due(), due(scope="all", stopped=STOPPED, is_capped=True), due(yours=(), now=(), waiting=(), next_cursor=None),
        due(
            scope="AB", yours=(CLAIMED,) * 20, now=tuple(step(n, note="n" * 400) for n in range(50)),
            waiting=(BLOCKED_STEP,) * 50, week=Share(count=0, within_2h=0, rate=None, target=0.9),
        ),
    ],
    "followup.show": [LADDER, LADDER.model_copy(update={"ended_at": AT, "ended_why": "sold", "steps": ()})],
    "followup.sla": [SLA, SLA.model_copy(update={"total": NO_LINE, "by_assignee": ()})],
    "followup.claim": [
        CLAIMED, CLAIMED.model_copy(update={"number": None}), CLAIMED.model_copy(update={"already_yours": True}),
    ],
    "followup.complete": [
        COMPLETED,
        COMPLETED.model_copy(
            update={"outcome": "callback", "callback_at": LATER, "ladder_ended": False, "in_time": False,
                    "number_retired": True, "handed_over": True, "was_stopped": True}
        ),
    ],
    "followup.stop": [LADDER_STOPPED],
    "kpi.record": [
        Recorded(recorded=1, repeated=0, metrics=("WHOLESALE.contract_rate",), event_id="a" * 128),
        Recorded(recorded=4_990, repeated=10, metrics=tuple(f"A.m{n}" for n in range(30))),
        Recorded(recorded=0, repeated=3, metrics=("A.b",)),
    ],
    "kpi.series": [
        SERIES, SERIES.model_copy(update={"total": SeriesPoint(name="total", count=0)}),
        SERIES.model_copy(update={"by": "source", "is_rate": False, "points": tuple(
            SeriesPoint(name=HOSTILE[:60], count=n, mean=0.1 * n) for n in range(1, 30))}),
    ],
    "regression.policies": [
        TripwirePolicies(items=(POLICY, WINDOW_POLICY)), TripwirePolicies(items=()),
        TripwirePolicies(items=(POLICY,) * 40),
    ],
    "regression.policy_set": [
        PolicyChanged(policy=POLICY, changed=("enabled", "act_n"), until=LATER, state="learning"),
        PolicyChanged(policy=WINDOW_POLICY, changed=(), created=True, state="off"),
        PolicyChanged(policy=WINDOW_POLICY, changed=(), state="tripped"),
    ],
    "regression.state": [
        TripwireStates(items=TRIPWIRES, as_of=LATER), TripwireStates(items=(), as_of=LATER),
        TripwireStates(items=TRIPWIRES * 10, as_of=LATER),
    ],
    "regression.snapshot": [
        TripwireSnapshot(as_of=LATER, off=2, learning=1, armed=1, warned=1, tripped=1, is_throttled=True,
                         throttled_engines=("WHOLESALE",), items=TRIPWIRES),
        TripwireSnapshot(as_of=LATER, off=0, learning=0, armed=1, warned=0, tripped=0, is_throttled=False,
                         throttled_engines=(), items=(tripwire(),)),
    ],
    "regression.evaluate": [TripwireStates(items=TRIPWIRES[1:2], as_of=LATER)],
    "regression.release": [
        TRIPWIRE_RELEASED,
        TRIPWIRE_RELEASED.model_copy(update={"engine": None, "lifted": False, "others": (), "since_events": 0,
                                             "kill_switch_engaged": True}),
        TRIPWIRE_RELEASED.model_copy(update={"trial": trial(events=0, successes=0.0), "others": ()}),
        TRIPWIRE_RELEASED.model_copy(update={"trial": trial(needs=None, least=None)}),
    ],
    "golive.state": [
        VIEW, VIEW.model_copy(update={"go_live_enabled": False, "was_ever_live": False, "changed_by": None}),
        VIEW.model_copy(update={"kill_switch_engaged": True, "engaged_by": "U1", "engaged_at": AT}),
    ],
    "golive.enable": [GO_LIVE],
    "golive.disable": [GO_LIVE.model_copy(update={"go_live_enabled": False, "changed": False, "approved_by": None})],
    "golive.checklist": [runbook()],
    "golive.attest": [Attested(statement=SIGNED)],
    "killswitch.engage": [kill_switch(), kill_switch(already_engaged=True)],
    "killswitch.release": [released()],
    "killswitch.explain": [kill_switch(already_engaged=True)],
    "runbook.status": [runbook(), runbook(ok_to_enable_go_live=True, blockers=(), warnings=(), info=())],
    "runbook.markdown": [Markdown(markdown="# Runbook\n\n" + "- a check: fine\n" * 2_000)],
    "approvals.list": [
        ApprovalList(items=(line(),), unsigned=(break_glass(),)), ApprovalList(items=()),
        ApprovalList(items=tuple(line(n, reason="x" * 500) for n in range(40))),
        ApprovalList(items=(), unsigned=(break_glass(),)),
    ],
    "approvals.mine": [ApprovalList(items=(line(),), mine=True), ApprovalList(items=(), mine=True)],
    "approvals.ask": [QUESTION],
    "approvals.withdraw": [Decided(approval_id=1, status="withdrawn", headline="Withdrawn: go-live stays off")],
    "approvals.approve": [DECIDED],
    "approvals.reject": [Decided(approval_id=1, status="rejected", headline="Rejected: go-live stays off")],
    "approvals.break_glass": [Decided(approval_id=1, status="superseded", headline="Break glass: go-live is on")],
    "approvals.signoff": [break_glass(signed_off_by="U3", signed_off_at=LATER)],
    "access.list": [HOLDERS, AccessList(items=())],
    "access.request": [GRANTED],
    "access.grant": [GRANTED, GRANTED.model_copy(update={"changed": False})],
    "access.revoke": [Revoked(user_id="U6", roles=("operator",), revoked_by="U3", tasks_released=3)],
    "held.list": [
        HeldList(items=tuple(held_item(n) for n in range(1, 51)), total=900), HeldList(items=(), total=0),
    ],
    "held.run": [HeldDecided(held_id=1, operation="followup.claim", state="run")],
    "held.drop": [HeldDecided(held_id=1, operation="followup.claim", state="dropped")],
    "alerts.list": [
        AlertList(items=tuple(alert(alert_id=n) for n in range(1, 51))), AlertList(items=()),
    ],
    "alerts.ack": [alert(state="acknowledged", acknowledged_by="U3", acknowledged_at=AT)],
    "alerts.resolve": [alert(state="resolved", resolved_by="U3", resolved_at=AT)],
    "alerts.pass": [alert(pages=True, paged=FAILED)],
    "oncall.show": [
        rota(), EMPTY_ROTA, rota(next=None, shifts=tuple(shift(n, note=HOSTILE) for n in range(40))),
        rota(now=None, pages=("U1",), by_phone=False), rota(now=Duty(user_id="U1", since=AT, until=None)),
    ],
    "oncall.take": [TAKEN],
    "oncall.set": [SHIFT_SET],
    "oncall.drill": [alert(severity="critical", pages=True, paged=PAGED)],
    "oncall.remove": [ShiftRemoved(shift=shift(), removed_by="U3")],
    "audit.list": [
        AuditList(items=tuple(audit_line(n, claimed_actor="the dialer") for n in range(200, 0, -1)), next_cursor=1),
        AuditList(items=(audit_line(1),)), AuditList(items=()),
        AuditList(items=(audit_line(1),), next_cursor=1, first=date(2026, 11, 23), last=date(2026, 11, 29)),
        AuditList(items=(), last=date(2026, 11, 29)),
    ],
    "audit.verify": [
        Verification(ok=True, sealed=48207, unsealed=2, head="ab" * 32),
        Verification(ok=False, sealed=10, unsealed=0, first_break="entry 7 was changed"),
    ],
    "delivery.list": [
        STUCK, DeliveryList(items=(), total=0, queued=0), DeliveryList(items=(), total=0, queued=3),
        DeliveryList(items=tuple(stuck(n) for n in range(50)), total=80, queued=0),
    ],
    "delivery.retry": [DeliveryRetried(outbox_ids=(9, 10), still_stuck=0)],
    "delivery.drop": [DeliveryDropped(outbox_id=9, destination="user:U1", card="alert", still_stuck=1)],
    "route.list": [RouteList(items=(ROUTE, ROUTE_SET)), RouteList(items=())],
    "route.set": [ROUTE_CHANGED, ROUTE_CHANGED.model_copy(update={"changed": False})],
    "route.test": [ROUTE_TEST],
    "system.home": [
        home(), EMPTY_HOME, STRANGERS_HOME, home(role="auditor", to_decide_total=None, due=None, alerts_total=None),
        home(due=HomeDue(due=3, late=0, stopped=STOPPED, now=(LATE_STEP,))),
        STRANGERS_HOME.model_copy(update={"asked": (line(reason=HOSTILE),), "asked_total": 1}),
        home(to_decide=(line(reason=HOSTILE),) * 5, alerts=(alert(headline=HOSTILE),) * 5, due=HomeDue(
            due=100, late=100, is_capped=True, yours=(step(note=HOSTILE),) * 3, now=(LATE_STEP,) * 3)),
    ],
    "system.help": [
        HELP, HelpView(role=None, topic=None, items=(), elsewhere=40),
        HelpView(role="auditor", topic="*x* <!here>", items=()),
    ],
    "system.doctor": [
        DoctorView(ok=False, checks=(BLOCKER, WARNING, NOTE, PASSED)), DoctorView(ok=True, checks=(PASSED,)),
    ],
}  # fmt: skip
