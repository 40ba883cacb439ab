"""The checks: pure functions of evidence and time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.runbook.results import Check, Severity, Statement

STATEMENTS: Mapping[str, tuple[str, int]] = {
    "counsel_asked": ("Counsel was asked about solicitation, consent and licensing", 365),
    "dncl_registered": ("The team is registered with the National Do Not Call List", 365),
    "consent_basis": ("The consent basis of the lead list was reviewed", 90),
    "kill_switch_drill": ("The kill switch was engaged and released as a drill", 90),
}
"""Statement → what is signed, and for how many days it is good (spec/2)."""
SEEN_WITHIN = timedelta(minutes=1)
OUTBOX_BEHIND = timedelta(minutes=5)
SEALER_BEHIND = timedelta(minutes=1)
DIRECTORY_READ_WITHIN = timedelta(minutes=5)
CANARIES = {
    "America/Vancouver": -7.0,
    "America/Edmonton": -6.0,
    "America/Winnipeg": -5.0,
    "America/Inuvik": -6.0,
    "America/Regina": -6.0,
    "America/Toronto": -5.0,
    "America/St_Johns": -3.5,
}
"""UTC offsets in hours on 1 December 2026 (contact rules, section 6 rule 9)."""


@dataclass(frozen=True, slots=True)
class Process:
    """The newest sign of life of one kind of process."""

    kind: str
    seen_at: datetime
    seen: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tripwire:
    """How one tripwire stands."""

    name: str
    state: str
    learned: int
    needs: int
    last_event_at: datetime | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Room:
    """What the caps leave room for, counted in offers."""

    offers_a_day: int | None
    """On a fresh day, none of them open for long; None where no cap counts."""
    offers_open: int | None
    """At the same time."""
    deposit: str
    """What one reserves, in dollars."""
    trials: tuple[tuple[str, int], ...] = ()
    """Engines that act at a trial share, and its percent: these figures are what it leaves."""


@dataclass(frozen=True, slots=True)
class PhonePage:
    """The newest page by webhook that came to an end."""

    at: datetime
    arrived: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the checks look at, as it was recorded."""

    now: datetime
    is_production: bool
    dual_control: bool
    owners: int
    kill_switch_engaged: bool
    schema_revision: str | None
    head_revision: str
    processes: Mapping[str, Process]
    oldest_queued: datetime | None
    oldest_unsealed: datetime | None
    stuck_messages: int
    managers: int
    signed: Mapping[str, tuple[str, datetime]]
    tripwires: tuple[Tripwire, ...] = ()
    engines_without_caps: tuple[str, ...] = ()
    """Those of Risk Guard's engines that have no policy."""
    room: Room | None = None
    charter_missing: tuple[str, ...] = ()
    """Domains of recommendations that should have a policy and have none."""
    on_call: str | None = None
    on_call_until: datetime | None = None
    paged_in_order: tuple[str, ...] = ()
    has_page_url: bool = False
    is_page_signed: bool = False
    last_page: PhonePage | None = None
    directory: tuple[datetime, str] | None = None
    """When Slack's directory was last read, and what came of it."""


Rule = Callable[[Evidence], Check]

PATIENCE = timedelta(minutes=1)
"""How long a check must fail before anybody is told: a restart is no news."""
OWN_CARD = frozenset({"kill switch clear"})
"""Checks whose failing has a card of its own."""
FORESEEN = frozenset({"go-live checklist"})
"""Checks that fail on a day known beforehand: nobody is woken for them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one check stood when it was last looked at: since when, whether it held before, and its alert."""

    name: str
    ok: bool
    since: datetime
    broke: bool
    alert_id: int | None

    def with_alert(self, alert_id: int | None) -> "Standing":
        """Return the same with that alert."""
        return replace(self, alert_id=alert_id)


def stands(check: Check, before: Standing | None, now: datetime) -> Standing:
    """Return how a check stands now, given how it stood."""
    if before is None:
        return Standing(check.name, check.ok, now, broke=False, alert_id=None)
    if before.ok == check.ok:
        return before
    return Standing(check.name, check.ok, now, broke=before.ok, alert_id=before.alert_id)


def is_news(check: Check, standing: Standing, now: datetime, *, excused: tuple[str, ...]) -> bool:
    """Whether somebody must be told: a blocker that nobody overrode, or a warning that held before.

    Once for as long as it fails, and only after a minute of it.
    """
    if check.ok or standing.alert_id is not None or check.name in OWN_CARD or check.name in excused:
        return False
    matters = check.severity is Severity.BLOCKER or (check.severity is Severity.WARN and standing.broke)
    return matters and now - standing.since >= PATIENCE


def gravity(check: Check) -> str:
    """Return the severity of the alert about a failed check; a critical one wakes somebody."""
    return "critical" if check.severity is Severity.BLOCKER and check.name not in FORESEEN else "warning"


def statements(signed: Mapping[str, tuple[str, datetime]], now: datetime) -> tuple[Statement, ...]:
    """Return every statement and whether its newest signature still counts."""
    found = []
    for name, (meaning, days) in STATEMENTS.items():
        by, at = signed.get(name, (None, None))
        until = at + timedelta(days=days) if at else None
        item = Statement(
            statement=name, meaning=meaning, good_for_days=days, signed_by=by, signed_at=at, valid_until=until,
            is_valid=until is not None and until > now,
        )  # fmt: skip
        found.append(item)
    return tuple(found)


def go_live_checklist(evidence: Evidence) -> Check:
    """The signed statements are all there and none is too old."""
    missing = [item for item in statements(evidence.signed, evidence.now) if not item.is_valid]
    newest = max((at for _by, at in evidence.signed.values()), default=None)
    return Check(
        name="go-live checklist", severity=Severity.BLOCKER, ok=not missing, evidence_at=newest,
        detail="every statement is signed" if not missing
        else "not signed, or too old: " + ", ".join(f"“{item.meaning}”" for item in missing),
        cure="" if not missing else f"`/golive attest {missing[0].statement}`",
    )  # fmt: skip


def kill_switch_clear(evidence: Evidence) -> Check:
    """The kill switch is not engaged."""
    engaged = evidence.kill_switch_engaged
    return Check(
        name="kill switch clear", severity=Severity.BLOCKER, ok=not engaged,
        detail="engaged" if engaged else "clear", cure="`/killswitch release REASON`" if engaged else "",
    )  # fmt: skip


def environment_sane(evidence: Evidence) -> Check:
    """There is an owner."""
    ok = evidence.owners > 0
    return Check(
        name="environment sane", severity=Severity.BLOCKER, ok=ok,
        detail="settings are valid, and there is an owner" if ok else "VALHALLA_OWNERS names nobody",
        cure="" if ok else "set VALHALLA_OWNERS to a Slack user id",
    )  # fmt: skip


def enforcement_on(evidence: Evidence) -> Check:
    """Production insists on a second person."""
    if evidence.is_production:
        detail = "production: dual control is on"
        return Check(
            name="enforcement on", severity=Severity.BLOCKER, ok=evidence.dual_control, detail=detail,
            cure="" if evidence.dual_control else "unset VALHALLA_DUAL_CONTROL",
        )  # fmt: skip
    return Check(
        name="enforcement on", severity=Severity.INFO, ok=False,
        detail="development: `--as` works" + ("" if evidence.dual_control else ", and nobody else must approve"),
        cure="VALHALLA_ENV=production",
    )  # fmt: skip


def migrations_at_head(evidence: Evidence) -> Check:
    """The database is as new as the program."""
    ok = evidence.schema_revision == evidence.head_revision
    return Check(
        name="migrations at head", severity=Severity.BLOCKER, ok=ok,
        detail=f"revision {evidence.schema_revision}" if ok
        else f"the database is at {evidence.schema_revision}, the program at {evidence.head_revision}",
        cure="" if ok else "`valhalla migrate`",
    )  # fmt: skip


def _process_seen(evidence: Evidence, kind: str) -> Check:
    process = evidence.processes.get(kind)
    ok = process is not None and evidence.now - process.seen_at <= SEEN_WITHIN
    return Check(
        name=f"{kind} seen", severity=Severity.BLOCKER, ok=ok,
        evidence_at=process.seen_at if process else None,
        detail="seen in the last minute" if ok
        else ("never seen" if process is None else f"last seen {_ago(evidence.now - process.seen_at)} ago"),
        cure="" if ok else f"start `valhalla {kind}`",
    )  # fmt: skip


def worker_seen(evidence: Evidence) -> Check:
    """A worker lives."""
    return _process_seen(evidence, "worker")


def scheduler_seen(evidence: Evidence) -> Check:
    """A scheduler lives."""
    return _process_seen(evidence, "scheduler")


def redis_answers(evidence: Evidence) -> Check:
    """The queue's server answered the worker's last look; without it the database's sweep does the work, slower."""
    process = evidence.processes.get("worker")
    said = str(process.seen.get("redis", "unknown")) if process else "no worker has looked"
    ok = said == "ok"
    return Check(
        name="Redis answers", severity=Severity.WARN, ok=ok, evidence_at=process.seen_at if process else None,
        detail="yes" if ok else said, cure="" if ok else "check REDIS_URL; `valhalla doctor` looks at it",
    )  # fmt: skip


def slack_ready(evidence: Evidence) -> Check:
    """The token works, its scopes are enough and the channels can be written to, as a process last saw."""
    seen = [process for process in evidence.processes.values() if "slack" in process.seen]
    newest = max(seen, key=lambda process: process.seen_at, default=None)
    said = str(newest.seen["slack"]) if newest else "no process has looked"
    ok = said == "ok"
    return Check(
        name="Slack token, scopes, channels", severity=Severity.BLOCKER, ok=ok,
        evidence_at=newest.seen_at if newest else None, detail="all there" if ok else said,
        cure="" if ok else "`valhalla doctor` says which; `valhalla manifest` lists the scopes",
    )  # fmt: skip


def outbox_not_behind(evidence: Evidence) -> Check:
    """Messages go out, and none is stuck."""
    late = evidence.oldest_queued is not None and evidence.now - evidence.oldest_queued > OUTBOX_BEHIND
    ok = not late and evidence.stuck_messages == 0
    oldest = _ago(evidence.now - evidence.oldest_queued) if evidence.oldest_queued else ""
    detail = f"the oldest message waits for {oldest}" if late else f"{evidence.stuck_messages} could not be delivered"
    return Check(
        name="outbox not behind", severity=Severity.WARN, ok=ok, detail="nothing waits" if ok else detail,
        cure="" if ok else "`/valhalla delivery`",
    )  # fmt: skip


def sealer_not_behind(evidence: Evidence) -> Check:
    """The audit is sealed as it is written."""
    late = evidence.oldest_unsealed is not None and evidence.now - evidence.oldest_unsealed > SEALER_BEHIND
    oldest = _ago(evidence.now - evidence.oldest_unsealed) if evidence.oldest_unsealed else ""
    return Check(
        name="audit sealed", severity=Severity.BLOCKER, ok=not late,
        detail=f"the oldest entry is unsealed for {oldest}" if late else "sealed up to the last minute",
        cure="start `valhalla worker`" if late else "",
    )  # fmt: skip


def clock_data_right(_evidence: Evidence | None = None) -> Check:
    """The zone rules know of the clock changes of 2026."""
    winter = datetime(2026, 12, 1, 12, tzinfo=UTC)
    wrong = []
    for zone, hours in CANARIES.items():
        offset = winter.astimezone(ZoneInfo(zone)).utcoffset()
        if offset != timedelta(hours=hours):
            wrong.append(f"{zone} is at {offset}")
    return Check(
        name="clock data right", severity=Severity.BLOCKER, ok=not wrong,
        detail="; ".join(wrong) or "the seven canaries agree",
        cure="install tzdata 2026.6 or newer" if wrong else "",
    )  # fmt: skip


def regression_policies_present(evidence: Evidence) -> Check:
    """Something is watched."""
    ok = bool(evidence.tripwires)
    return Check(
        name="regression policies present", severity=Severity.BLOCKER, ok=ok,
        detail=f"{len(evidence.tripwires)} tripwires" if ok else "nothing is watched",
        cure="" if ok else "`/tripwire set DOMAIN METRIC …`",
    )  # fmt: skip


def tripwires_can_act(evidence: Evidence) -> Check:
    """Each tripwire's state; one that is on and cannot act yet must not look like protection."""
    learning = [each for each in evidence.tripwires if each.state == "learning"]
    stale = [each for each in evidence.tripwires if each.is_stale and each.state in {"armed", "warned"}]
    tripped = [each for each in evidence.tripwires if each.state == "tripped"]
    said = [f"{each.name} is tripped" for each in tripped]
    said += [f"{each.name} is learning, {each.learned:,} of {each.needs:,}" for each in learning]
    said += [
        f"{each.name} had its last event {_ago(evidence.now - each.last_event_at)} ago"
        for each in stale
        if each.last_event_at is not None
    ]
    counts = {state: sum(each.state == state for each in evidence.tripwires) for state in ("armed", "warned", "off")}
    rest = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    newest = max((each.last_event_at for each in evidence.tripwires if each.last_event_at), default=None)
    return Check(
        name="tripwires can act", severity=Severity.WARN, ok=not said, evidence_at=newest,
        detail="; ".join([*said, *([rest] if rest else [])]) or "none",
        cure="`/tripwire` shows how each stands" if said else "",
    )  # fmt: skip


def second_manager(evidence: Evidence) -> Check:
    """Somebody else can approve."""
    ok = evidence.managers > 1
    return Check(
        name="a second manager", severity=Severity.WARN, ok=ok,
        detail=f"{evidence.managers} people can approve" if ok
        else "nobody else can approve; an owner must break glass",
        cure="" if ok else "`/access grant @someone manager`",
    )  # fmt: skip


def risk_policies_present(evidence: Evidence) -> Check:
    """Every engine has caps; without them it does nothing, and nobody set what it may lose."""
    missing = evidence.engines_without_caps
    return Check(
        name="risk policies present", severity=Severity.BLOCKER, ok=not missing,
        detail="every engine has caps" if not missing else "no caps: " + ", ".join(missing),
        cure="" if not missing else f"`/risk set {missing[0]} max_daily_loss=… max_daily_exposure=… max_open_risk=…`",
    )  # fmt: skip


def room_in_the_caps(evidence: Evidence) -> Check:
    """The caps let offers through at all, and how many a day."""
    room = evidence.room
    if room is None:
        return Check(
            name="room in the caps", severity=Severity.WARN, ok=False, detail="WHOLESALE or GLOBAL has no caps",
            cure="`/risk policies`",
        )  # fmt: skip
    told = [one for one in (room.offers_a_day, room.offers_open) if one is not None]
    a_day = "uncapped" if room.offers_a_day is None else f"{room.offers_a_day} offers a day"
    at_once = "any number" if room.offers_open is None else str(room.offers_open)
    ok = not told or min(told) > 0
    trials = "".join(f"; {name} is at a trial share of {share} %" for name, share in room.trials)
    return Check(
        name="room in the caps", severity=Severity.WARN, ok=ok,
        detail=f"{a_day} at a deposit of {room.deposit}, {at_once} of them open at once{trials}",
        cure="" if ok else "`/risk set WHOLESALE …`, or `/risk set GLOBAL …`",
    )  # fmt: skip


def heimdall_charter(evidence: Evidence) -> Check:
    """Every domain of recommendations has a policy that says what it must reach."""
    missing = evidence.charter_missing
    return Check(
        name="Heimdall charter present", severity=Severity.BLOCKER, ok=not missing,
        detail="every domain has its policy" if not missing else f"no policy for {', '.join(missing)}",
        cure=f"`/heimdall set {missing[0]} …`" if missing else "",
    )  # fmt: skip


def somebody_on_call(evidence: Evidence) -> Check:
    """Somebody is on call now, and a page reaches a person before the channel."""
    name, cure = "somebody on call", "`/oncall take 4h`, or `/oncall set` for a rota"
    if evidence.on_call is not None:
        until = f" until {evidence.on_call_until:%Y-%m-%d %H:%M} UTC" if evidence.on_call_until else ""
        return Check(name=name, severity=Severity.WARN, ok=True, detail=f"<@{evidence.on_call}>{until}", cure="")
    people = ", ".join(f"<@{user}>" for user in evidence.paged_in_order)
    detail = f"nobody is on the rota now; an alert pages {people or 'the channel and the owners at once'}"
    return Check(name=name, severity=Severity.WARN, ok=False, detail=detail, cure=cure)


def page_url_answers(evidence: Evidence) -> Check:
    """The second way of pages is there, signed, and said yes the last time."""
    name, last = "pages by webhook", evidence.last_page
    if not evidence.has_page_url:
        return Check(
            name=name, severity=Severity.INFO, ok=False, detail="pages go by Slack alone",
            cure="set VALHALLA_PAGE_URL to an address that wakes people",
        )  # fmt: skip
    if not evidence.is_page_signed:
        return Check(
            name=name, severity=Severity.WARN, ok=False, detail="pages are not signed", cure="set VALHALLA_PAGE_SECRET"
        )
    if last is None:
        return Check(
            name=name, severity=Severity.INFO, ok=False, detail="no page has gone out yet",
            cure="`/oncall drill`, and see it arrive",
        )  # fmt: skip
    return Check(
        name=name, severity=Severity.WARN, ok=last.arrived, evidence_at=last.at,
        detail=f"the last page arrived {_ago(evidence.now - last.at)} ago" if last.arrived
        else f"the last page did not arrive: {last.error}",
        cure="" if last.arrived else "check VALHALLA_PAGE_URL, VALHALLA_PAGE_SECRET and the receiver",
    )  # fmt: skip


def directory_read(evidence: Evidence) -> Check:
    """Slack's directory was read: whoever left a group or the workspace has lost the roles."""
    at, said = evidence.directory or (None, "never read")
    is_old = at is not None and evidence.now - at > DIRECTORY_READ_WITHIN
    ok = at is not None and not is_old and said == "ok"
    return Check(
        name="Slack's directory", severity=Severity.WARN, ok=ok, evidence_at=at,
        detail="read" if ok else (f"last read {_ago(evidence.now - at)} ago" if is_old and at else said),
        cure="" if ok else "start `valhalla worker`; `valhalla manifest` lists the scopes; check VALHALLA_GROUP_ONCALL",
    )  # fmt: skip


CHECKS: tuple[Rule, ...] = (
    go_live_checklist, kill_switch_clear, environment_sane, enforcement_on, migrations_at_head, worker_seen,
    scheduler_seen, slack_ready, sealer_not_behind, clock_data_right, redis_answers, outbox_not_behind, second_manager,
    heimdall_charter, risk_policies_present, room_in_the_caps, regression_policies_present, tripwires_can_act,
    somebody_on_call, page_url_answers, directory_read,
)  # fmt: skip


def judge(evidence: Evidence, checks: tuple[Rule, ...] = CHECKS) -> tuple[Check, ...]:
    """Run every check; one that crashes is a blocker by its own name."""
    found = []
    for check in checks:
        try:
            found.append(check(evidence))
        except Exception as error:
            found.append(_crashed(check.__name__.replace("_", " "), error))
    return tuple(found)


def _crashed(name: str, error: Exception) -> Check:
    detail = f"the check itself failed ({type(error).__name__})"
    return Check(name=name, severity=Severity.BLOCKER, ok=False, detail=detail, cure="look into the log")


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'s' if count != 1 else ''}"
    return f"{seconds} seconds"
