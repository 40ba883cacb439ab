"""What the panel makes happen: the world outside, and the accidents Valhalla is built for.

Only the demo has these. Most act from outside, as the world does: faults of the local workspace, signals to processes,
a flushed Redis, a call through the gate. Two have to reach into the demo's database, each in one transaction: time
cannot be moved for the processes, so the open follow-ups' times are moved back instead, and a signature is made older.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, bindparam, func, select, update

from bot.demo.arrivals import new_seller
from bot.demo.cast import ALICE, CAST, MARC
from bot.demo.contracts import fall
from bot.demo.panel import CannotHappen, Happening
from bot.demo.workspace import Away, CannotDo, Workspace
from domain.alerts.results import AlertCard
from domain.followup.rows import OPEN
from domain.followup.rules import LATE_AFTER, PROMISE
from domain.followup.tables import FollowupTask
from domain.gate import Call, Gate
from domain.gate.call import system_call
from domain.identity import Caller, Surface
from domain.leads.tables import Lead
from domain.outcomes import Done, Refused
from domain.runbook.rules import STATEMENTS
from domain.runbook.tables import Attestation

AWAY_SECONDS = 20.0
TWICE_SECONDS = 60.0
TIME, WORLD, ACCIDENTS = "Time", "The world outside", "Accidents"
EXPIRING = "consent_basis"
Crash = Callable[[str], int | None]


class Happenings:
    """Makes things happen in one demo; called by one thread at a time."""

    def __init__(self, gate: Gate, workspace: Workspace, redis_url: str, crash: Crash) -> None:
        """Touch nothing yet; `crash` kills a process by its name and returns the id it had, None where it was down."""
        self._gate = gate
        self._database = gate.database
        self._workspace = workspace
        self._redis_url = redis_url
        self._crash = crash
        self._endings: dict[str, threading.Timer] = {}

    def all(self) -> tuple[Happening, ...]:
        """Return them in the order of the panel."""
        return (
            Happening("hour", "An hour passes", "Open follow-ups become an hour older, and claims lapse.", TIME,
                      lambda: self._passes(timedelta(hours=1), "An hour")),
            Happening("night", "A night passes", "Ten hours for the open follow-ups: promises break.", TIME,
                      lambda: self._passes(timedelta(hours=10), "A night")),
            Happening("signature", "A signature runs out", "The review of the lead list is too old: no go-live.", TIME,
                      self._runs_out),
            Happening("lead", "A new lead arrives", "A seller fills in the web form, which asks for a ladder.", WORLD,
                      self._arrives),
            Happening("contracts", "Let the contract rate fall", "300 offers, few contracts.", WORLD,
                      self._contracts_fall),
            Happening("drill", "Pages are tried out", "Marc raises a drill: whoever is on call is paged.", WORLD,
                      self._drills),
            Happening("slack-away", "Slack goes away for 20 s", "Nothing gets in or out. Nothing is lost.", WORLD,
                      self._slack_away),
            Happening("twice", "Slack delivers twice for a minute", "Each command and click comes two times.", WORLD,
                      self._twice),
            Happening("worker", "The worker dies", "kill -9: it sends the messages and runs the jobs.", ACCIDENTS,
                      lambda: self._dies("worker", "cards come a moment later, and none twice")),
            Happening("scheduler", "The scheduler dies", "kill -9: it says when jobs are due.", ACCIDENTS,
                      lambda: self._dies("scheduler", "`/runbook` as Dana shows it seen again")),
            Happening("bot", "The bot dies", "kill -9: it takes commands and clicks.", ACCIDENTS,
                      lambda: self._dies("bot", "what you type meanwhile fails and says so")),
            Happening("redis", "Redis is emptied", "The queue loses everything it holds.", ACCIDENTS,
                      self._empties),
        )  # fmt: skip

    def close(self) -> None:
        """End what was to end by itself."""
        for timer in self._endings.values():
            timer.cancel()

    # -- time -----------------------------------------------------------------------------------------------

    def _passes(self, span: timedelta, words: str) -> str:
        """Move every open step back in time, then run the sweep that the scheduler would start in half a minute."""
        if not self._database.attempt(lambda connection: _move_back(connection, span)):
            return "No follow-up is open, so nobody notices: let a new lead arrive first."
        self._gate.run(system_call("followup.sweep"))
        late, broken = self._database.look(self._late)
        are = "is" if late == 1 else "are"
        return (
            f"{words} has passed for the follow-ups: {late} {are} late now, {broken} of them past the promised two"
            " hours; look at the card in #followups."
        )

    def _late(self, connection: Connection) -> tuple[int, int]:
        now = self._gate.clock()
        count = select(func.count()).select_from(FollowupTask).where(*OPEN)
        late, broken = (count.where(FollowupTask.sla_from < now - limit) for limit in (LATE_AFTER, PROMISE))
        return connection.scalar(late) or 0, connection.scalar(broken) or 0

    def _runs_out(self) -> str:
        meaning, days = STATEMENTS[EXPIRING]
        too_old = self._gate.clock() - timedelta(days=days + 1)
        is_it = (Attestation.statement == EXPIRING, Attestation.at > too_old)
        self._database.attempt(
            lambda connection: connection.execute(update(Attestation).where(*is_it).values(at=too_old))
        )
        return (
            f"“{meaning}” was signed {days + 1} days ago now and is good for {days}, so go-live cannot be switched on;"
            " as Dana, type /golive checklist and press Sign…"
        )

    # -- the world outside ------------------------------------------------------------------------------------

    def _arrives(self) -> str:
        """Ask for a ladder as the program behind a web form does: through the gate, under a key of its own."""
        seller = new_seller(self._database.look(_arrived_before))
        caller = Caller(ALICE.user_id, Surface.HTTP, claimed_actor="web form")
        outcome = self._gate.run(Call("followup.create", seller.params(), caller, key=f"web-form:{uuid4().hex}"))
        if isinstance(outcome, Done):
            return f"{seller.name}, {seller.market} {seller.province}, has filled in the web form: {seller.look_at}"
        if isinstance(outcome, Refused):
            return (
                f"{seller.name}'s lead was refused by {outcome.layer}, and the web form keeps it: {outcome.detail}"
                " Go live (the tour says how), then let it arrive again."
            )
        raise CannotHappen(f"The gate answered otherwise than expected: {outcome}")

    def _contracts_fall(self) -> str:
        """Report three hours of offers as the deal desk's program does."""
        caller = Caller(ALICE.user_id, Surface.HTTP, claimed_actor="deal desk")
        events = fall(uuid4().hex, self._gate.clock())
        outcome = self._gate.run(Call("kpi.record", {"events": events}, caller))
        if not isinstance(outcome, Done):
            raise CannotHappen(f"The gate answered otherwise than expected: {outcome}")
        return (
            f"{len(events)} offers were reported, and about one in ten became a contract: look at the card in #oncall;"
            " whoever is on call is paged. Acknowledge it, ask to release, and approve as Marc."
        )

    def _drills(self) -> str:
        outcome = self._gate.run(Call("oncall.drill", {}, Caller(MARC.user_id, Surface.SLACK)))
        if isinstance(outcome, Done) and isinstance(outcome.result, AlertCard) and outcome.result.paged:
            first, *rest = [line for line in outcome.result.paged if line.target.startswith("user:")]
            who, then = (_name_of(line.target) for line in (first, *(rest or [first])))
            return (
                f"{who} is paged in a direct message: acknowledge it there as {who}, or watch the card in #oncall;"
                f" after 5 minutes {then} is next, then the channel, then Bryan."
            )
        return "The drill of before is acknowledged and not resolved yet: resolve it with its button in #oncall."

    def _slack_away(self) -> str:
        self._fault("away", AWAY_SECONDS)
        return (
            f"Slack is away for {AWAY_SECONDS:.0f} s: commands and buttons fail, and cards wait; let an hour pass"
            " meanwhile, and watch the card in #followups change when Slack is back."
        )

    def _twice(self) -> str:
        self._fault("duplicate_envelope", TWICE_SECONDS)
        return (
            f"For {TWICE_SECONDS:.0f} s Slack delivers every command and click two times: type one, and look into"
            " /audit as Dana: it was done once."
        )

    def _fault(self, kind: str, seconds: float) -> None:
        """Put a fault in force, and lift it after so many seconds from the latest press."""
        if (before := self._endings.pop(kind, None)) is not None:
            before.cancel()
        if not any(fault["kind"] == kind for fault in self._workspace.read("faults")):
            self._workspace.act("add_fault", kind=kind, times=None)
        timer = threading.Timer(seconds, self._lift, (kind,))
        timer.daemon = True
        self._endings[kind] = timer
        timer.start()

    def _lift(self, kind: str) -> None:
        with suppress(Away, CannotDo):  # a workspace that was started again has no faults
            self._workspace.act("clear_faults", kind=kind)

    # -- accidents --------------------------------------------------------------------------------------------

    def _dies(self, name: str, look: str) -> str:
        pid = self._crash(name)
        if pid is None:
            raise CannotHappen(f"The {name} is down already; it is started again by itself.")
        return f"The {name} (process {pid}) was killed and is started again within seconds: {look}."

    def _empties(self) -> str:
        try:
            with Redis.from_url(self._redis_url, socket_timeout=5) as redis:
                lost = int(redis.dbsize())
                redis.flushall()
        except RedisError as error:
            raise CannotHappen(f"Redis gives no answer ({error}).") from None
        return (
            f"Redis was emptied ({lost} {'key' if lost == 1 else 'keys'}): what it held is done from the database;"
            " let an hour pass, and the card in #followups changes all the same."
        )


def _name_of(target: str) -> str:
    return next(player.first_name for player in CAST if target == f"user:{player.user_id}")


def _move_back(connection: Connection, span: timedelta) -> int:
    """Make every open step older by `span`, its claim too; return how many there are."""
    times = (FollowupTask.due_at, FollowupTask.sla_from, FollowupTask.lease_until)
    rows = connection.execute(select(FollowupTask.id, *times).where(*OPEN)).all()
    moved: list[dict[str, Any]] = [
        {
            "task": row.id, "due": row.due_at - span, "sla": row.sla_from - span,
            "lease": row.lease_until - span if row.lease_until else None,
        }
        for row in rows
    ]  # fmt: skip
    if moved:
        connection.execute(
            update(FollowupTask.__table__)  # type: ignore[arg-type] # declared as any FROM clause, is a table
            .where(FollowupTask.id == bindparam("task"))
            .values(due_at=bindparam("due"), sla_from=bindparam("sla"), lease_until=bindparam("lease")),
            moved,
        )
    return len(moved)


def _arrived_before(connection: Connection) -> int:
    mine = select(func.count()).select_from(Lead).where(Lead.lead_id.startswith("W-"))
    return connection.scalar(mine) or 0
