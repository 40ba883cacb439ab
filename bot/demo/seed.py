"""A believable week, and what the models learnt before it, told through the gate with a clock that is moved."""

import heapq
import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, or_, select, update

from bot.demo.cast import ALICE, BRYAN, CAST, DANA, LEO, MARC, ZOE, Player
from bot.demo.contracts import usual_weeks
from bot.demo.deposits import DEPOSITS, LASTS_HOURS, Deposit
from bot.demo.learning import RECENT, WEEKS, Tried, batch
from bot.demo.week import SELLERS, Answer, Seller
from domain.approvals.results import ApprovalList
from domain.approvals.tables import Approval
from domain.charts.tables import ChartRow
from domain.delivery.tables import Outbox
from domain.followup.results import LadderCreated, Step
from domain.gate import Call, Gate
from domain.gate.call import system_call
from domain.heimdall.results import Recommended
from domain.identity import Caller, Role, Surface
from domain.outcomes import Done, PendingApproval, Result
from domain.prime_law.tables import GoLiveHistory
from domain.processes.tables import ProcessHeartbeat
from domain.review.results import CadenceRun, ReviewCard
from domain.risk.results import Reserved
from domain.runbook.rules import STATEMENTS
from domain.settings import Settings
from domain.start import start

R = TypeVar("R", bound=Result)
WEEK = timedelta(days=7)
OFF_FOR = timedelta(minutes=12)
"""How long before now bryan switched production off."""
LEARNT = timedelta(minutes=15)
"""How long before now today's trials came in."""
KEPT_CARDS = frozenset({"welcome", "handover", "overdue"})
READING = timedelta(minutes=40)
"""How long dana takes before she decides on a review."""
DROPPED = "happened before this workspace was there"


class NotAsTold(Exception):
    """The gate answered otherwise than the story needs: the story and the rules have grown apart."""


class Clock:
    """Stands still until the story moves on."""

    def __init__(self, now: datetime) -> None:
        """Begin at `now`."""
        self.now = now

    def __call__(self) -> datetime:
        """Return the story's time."""
        return self.now


def seed(settings: Settings, now: datetime) -> bool:
    """Tell the week up to `now` into an empty database; False where it was told before."""
    clock = Clock(_days_before(now, WEEKS - 1, settings.zone))
    gate = start(settings, clock=clock)
    try:
        if _was_told(gate):
            return False
        story = Story(gate, clock)
        for days_ago in range(WEEKS - 1, RECENT, -1):
            story.at(_days_before(now, days_ago, settings.zone))
            _learn(story, BRYAN, days_ago)
        story.seals()
        story.at(_morning(now - WEEK, settings.zone))
        _set_up(story)
        _drill(story)
        _go_live(story)
        _work(story, now)
        _contracts(story, now - OFF_FOR)
        _switch_off(story, now - OFF_FOR)
        _tidy(story, now)
        return True
    finally:
        gate.database.close()


def _morning(day: datetime, zone: ZoneInfo) -> datetime:
    return day.astimezone(zone).replace(hour=9, minute=0, second=0, microsecond=0).astimezone(day.tzinfo)


def _days_before(now: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same time of the day so many days earlier, whatever the clocks did in between."""
    return (now.astimezone(zone) - timedelta(days=days)).astimezone(now.tzinfo)


def _was_told(gate: Gate) -> bool:
    with gate.database.read() as connection:
        return bool(connection.scalar(select(func.count()).select_from(GoLiveHistory)))


class Story:
    """People acting through the gate, one after the other."""

    def __init__(self, gate: Gate, clock: Clock) -> None:
        """Tell it through this gate, with this clock."""
        self.gate = gate
        self.clock = clock

    def at(self, moment: datetime) -> None:
        """Move on; never back."""
        self.clock.now = max(self.clock.now, moment)

    def later(self, **span: float) -> None:
        """Move on by so much."""
        self.clock.now += timedelta(**span)

    def does(self, who: Player, operation: str, result: type[R], **params: Any) -> R:
        """Let somebody do something that is done at once."""
        outcome = self.gate.run(Call(operation, params, Caller(who.user_id, Surface.SLACK)))
        if not isinstance(outcome, Done) or not isinstance(outcome.result, result):
            raise NotAsTold(f"{who.name}: {operation} {params}: {outcome}")
        return outcome.result

    def asks(self, who: Player, operation: str, **params: Any) -> int:
        """Let somebody ask for something that needs a second person; return the request's number."""
        outcome = self.gate.run(Call(operation, params, Caller(who.user_id, Surface.SLACK)))
        if not isinstance(outcome, PendingApproval):
            raise NotAsTold(f"{who.name}: {operation} {params}: {outcome}")
        return outcome.approval_id

    def approves(self, who: Player, approval_id: int, note: str | None = None) -> None:
        """Let somebody press *Approve* on the newest card of a request."""
        waiting = self.does(who, "approvals.list", ApprovalList).items
        seen = next(line.seen for line in waiting if line.approval_id == approval_id)
        decided = self.does(who, "approvals.approve", Result, approval_id=approval_id, seen=seen, note=note)
        if getattr(decided, "status", None) != "approved":
            raise NotAsTold(f"{who.name}: A-{approval_id}: {decided}")

    def seals(self) -> None:
        """Link the audit up to now, as a worker does every second."""
        while getattr(getattr(self.gate.run(system_call("audit.seal")), "result", None), "sealed", 0):
            pass

    def beats(self) -> None:
        """Let every kind of process be seen now; the rows go again when the story ends."""
        now = self.clock()

        def work(connection: Any) -> None:
            connection.execute(delete(ProcessHeartbeat))
            for kind in ("worker", "scheduler", "bot"):
                connection.execute(
                    insert(ProcessHeartbeat).values(
                        process_id=f"story:{kind}", kind=kind, host="story", pid=0, started_at=now, seen_at=now,
                        seen={"slack": "ok", "redis": "ok"},
                    )
                )  # fmt: skip

        self.gate.database.attempt(work)


def _set_up(story: Story) -> None:
    """Monday a week ago: bryan gives everybody a role."""
    for player in CAST:
        if player.role is not None and player.role is not Role.OWNER:
            given = {"user": player.user_id, "role": player.role.word, "reason": "set-up of the team"}
            story.does(BRYAN, "access.grant", Result, **given)
            story.later(minutes=1)
    _rota(story)


def _rota(story: Story) -> None:
    """And dana sets the rota: marc has that week, alice the next one, and so on in turn."""
    zone = story.gate.settings.zone
    monday = story.clock().astimezone(zone).replace(hour=0, minute=0, tzinfo=None)
    for week, who in enumerate((MARC, ALICE)):
        starts = monday + WEEK * week
        story.does(
            DANA, "oncall.set", Result, user=who.user_id, starts=starts.isoformat(), ends=(starts + WEEK).isoformat(),
            every="2w",
        )  # fmt: skip
        story.later(minutes=1)


def _drill(story: Story) -> None:
    """The same morning: the kill switch is tried, and the statements are signed."""
    story.later(minutes=30)
    story.does(ALICE, "killswitch.engage", Result, reason="drill before go-live")
    story.later(minutes=2)
    request = story.asks(ALICE, "killswitch.release", reason="drill is over, everything stopped")
    story.later(seconds=40)
    story.approves(DANA, request)
    for statement in STATEMENTS:
        story.later(minutes=3)
        note = "drill of this morning, two minutes" if "drill" in statement else None
        story.does(DANA, "golive.attest", Result, statement=statement, **({"note": note} if note else {}))


def _go_live(story: Story) -> None:
    """Before noon: dana asks to go live, marc approves."""
    story.later(minutes=20)
    story.seals()
    story.beats()
    request = story.asks(DANA, "golive.enable", reason="drill done, statements signed, team is ready")
    story.later(seconds=45)
    story.seals()
    story.beats()
    story.approves(MARC, request, "go")


def _work(story: Story, now: datetime) -> None:
    """The days until now: trials come in, sellers arrive, the VAs work their ladders, all in the order of its time."""
    order, zone = itertools.count(), story.gate.settings.zone
    acts: list[tuple[datetime, int, Callable[[], None]]] = []

    def plan(at: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(acts, (at, next(order), act))

    def answer(seller: Seller, steps: Mapping[int, Step], number: int) -> None:
        if number > len(seller.answers):
            return
        given = seller.answers[number - 1]
        plan(steps[number].due_at + given.after, lambda: answered(seller, steps, number, given))

    def answered(seller: Seller, steps: Mapping[int, Step], number: int, given: Answer) -> None:
        _complete(story, steps[number].task_id, given)
        answer(seller, steps, number + 1)

    def arrives(seller: Seller) -> None:
        answer(seller, _create(story, seller), 1)

    for days_ago in range(RECENT, 0, -1):
        plan(_days_before(now, days_ago, zone), lambda days_ago=days_ago: _learn(story, LEO, days_ago))  # type: ignore[misc]
    plan(now - LEARNT, lambda: _learn(story, LEO, 0))
    for seller in SELLERS:
        plan(now - seller.arrived, lambda seller=seller: arrives(seller))  # type: ignore[misc]

    for deposit in DEPOSITS:
        _plan_deposit(story, now, deposit, plan)
    _plan_reviews(story, now, plan)
    while acts:
        at, _, act = heapq.heappop(acts)
        story.at(at)
        act()
        story.seals()


def _learn(story: Story, who: Player, days_ago: int) -> None:
    """One day's batch from the sandbox: trials, and recommendations with what became of them."""
    for tried in batch(days_ago):
        said = {"domain": tried.domain, "confidence": tried.confidence, "model_fingerprint": tried.model}
        if tried.is_real:
            _recommend(story, who, tried, said)
        else:
            story.does(who, "heimdall.trial", Result, success=tried.success, **said)
        story.later(seconds=3)


def _recommend(story: Story, who: Player, tried: Tried, said: Mapping[str, Any]) -> None:
    made = story.does(who, "heimdall.recommend", Recommended, **said)
    if tried.success is not None:
        number = {"recommendation_id": made.recommendation_id}
        story.does(who, "heimdall.outcome", Result, success=tried.success, **number)


def _plan_deposit(
    story: Story, now: datetime, deposit: Deposit, plan: Callable[[datetime, Callable[[], None]], None]
) -> None:
    """Leo reserves what an offer may cost, and says later what it did cost."""

    def reserves() -> None:
        made = story.does(
            LEO, "risk.reserve", Reserved, engine="WHOLESALE", amount=deposit.amount, about=deposit.about,
            ttl_hours=LASTS_HOURS,
        )  # fmt: skip
        if deposit.ended is not None:
            plan(now - deposit.ended, lambda: ends(made.reservation_id))

    def ends(number: int) -> None:
        if deposit.lost is None:
            story.does(LEO, "risk.void", Result, reservation_id=number)
        else:
            story.does(LEO, "risk.settle", Result, reservation_id=number, realized_loss=deposit.lost)

    plan(now - deposit.made, reserves)


def _nines(since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return nine o'clock of every day between two moments: when reviews and spot checks come."""
    first = since.astimezone(zone).replace(hour=9, minute=0, second=0, microsecond=0)
    days = [first + timedelta(days=number) for number in range((until - since).days + 2)]
    return [nine.astimezone(since.tzinfo) for nine in days if since < nine <= until]


def _plan_reviews(story: Story, now: datetime, plan: Callable[[datetime, Callable[[], None]], None]) -> None:
    """Every nine o'clock: what is due is posted, and dana decides about a review that has stood long enough."""

    def decides() -> None:
        note = "the first days went as planned"
        story.does(DANA, "review.decide", ReviewCard, decision="continue", note=note)

    def looks_back() -> None:
        if _look_back(story, now):
            plan(story.clock() + READING, decides)

    for at in _nines(story.clock(), now, story.gate.settings.zone):
        plan(at, looks_back)


def _look_back(story: Story, now: datetime) -> bool:
    """Post what comes at nine; return whether it was a review that dana has had the time to read."""
    ran = story.gate.run(system_call("cadence.run"))
    posted = isinstance(ran, Done) and isinstance(ran.result, CadenceRun) and ran.result.review is not None
    return posted and story.clock() + READING < now


def _create(story: Story, seller: Seller) -> Mapping[int, Step]:
    given = {
        "lead_id": seller.lead_id, "province": seller.province, "market": seller.market, "phone": seller.phone,
        "owner": f"<@{seller.owner.user_id}>" if seller.owner else None, "seller": seller.name,
        "address": seller.address, "consent": seller.consent, "source": seller.source,
        "evidence": "web form" if seller.consent else None,
    }  # fmt: skip
    said = {name: value for name, value in given.items() if value is not None}
    created = story.does(seller.owner or ALICE, "followup.create", LadderCreated, **said)
    return {step.step: step for step in created.steps}


def _complete(story: Story, task_id: int, given: Answer) -> None:
    more: dict[str, Any] = {"note": given.note} if given.note else {}
    if given.call_back_in is not None:
        more["at"] = (story.clock() + given.call_back_in).isoformat()
    story.does(given.by, "followup.complete", Result, task_id=task_id, outcome=given.outcome, **more)


def _contracts(story: Story, at: datetime) -> None:
    """The contract rate of eight weeks is reported, and its tripwire switched on by bryan."""
    story.at(at)
    watch = {"domain": "WHOLESALE", "metric": "contract_rate"}
    story.does(
        BRYAN, "regression.policy_set", Result, enabled=True, reason="eight weeks are enough to judge by", **watch
    )
    story.does(ALICE, "kpi.record", Result, events=usual_weeks(at))
    while getattr(getattr(story.gate.run(system_call("regression.sweep")), "result", None), "evaluated", 0):
        pass
    story.seals()


def _switch_off(story: Story, at: datetime) -> None:
    """This morning: zoe asks for access, and bryan switches production off for everybody to try the switches."""
    story.at(at)
    story.asks(ZOE, "access.request", reason="I start calling on Monday")
    story.later(seconds=30)
    story.does(BRYAN, "golive.disable", Result, reason="off for the weekly exercise: stop, release, go live again")


def _tidy(story: Story, now: datetime) -> None:
    """Leave what a newcomer should find in the channels; what was long read is not posted again."""
    story.at(now)
    story.gate.run(system_call("followup.sweep"))

    def work(connection: Any) -> None:
        connection.execute(delete(ProcessHeartbeat))
        kept = _kept(connection)
        connection.execute(update(Outbox).where(Outbox.state == "queued", ~kept).values(state="dropped", error=DROPPED))
        connection.execute(update(Outbox).where(Outbox.state == "queued").values(not_before=now))
        connection.execute(update(ChartRow).values(asked_at=now, not_before=now))

    story.gate.database.attempt(work)
    story.seals()


def _kept(connection: Any) -> Any:
    """Return which messages are still posted: each thing as it is now, the last switch, review, and two requests.

    Who decides or asked gets a request directly, too; of those, only what still waits is news.
    """
    newest = select(func.max(Outbox.id)).where(Outbox.thing.is_not(None)).group_by(Outbox.thing, Outbox.destination)
    of_one_kind = Outbox.card.in_(("go_live", "review"))
    last_of_kind = select(func.max(Outbox.id)).where(of_one_kind).group_by(Outbox.card, Outbox.destination)
    is_request, in_channel = Outbox.card == "approval", Outbox.destination.startswith("route:")
    by_age = select(Outbox.thing).where(is_request).group_by(Outbox.thing).order_by(func.max(Outbox.id).desc())
    last_requests = connection.scalars(by_age.limit(2)).all()
    pending = select(Approval.id).where(Approval.status == "pending")
    waiting = [f"approval:{number}" for number in connection.scalars(pending)]
    shown = or_(in_channel & Outbox.thing.in_(last_requests), Outbox.thing.in_(waiting))
    return or_(Outbox.card.in_(KEPT_CARDS), Outbox.id.in_(last_of_kind), is_request & shown) & or_(
        Outbox.thing.is_(None), Outbox.id.in_(newest)
    )
