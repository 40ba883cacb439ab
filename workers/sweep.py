"""The sweep: what the database alone is enough for, done whatever became of the queue."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, select

from domain.audit.results import Sealed
from domain.audit.service import SEAL_BATCH
from domain.audit.tables import AuditUnsealed
from domain.database import Unavailable
from domain.gate import Gate
from domain.gate.call import system_call
from domain.inbox import service as inbox
from domain.oncall import ladder
from domain.outcomes import Done
from domain.prime_law.service import unsettled
from domain.regression import arrivals, drawing
from domain.regression.results import Evaluated
from domain.runbook.watch import has_work as is_watched
from domain.ticks import service as ticks

log = structlog.get_logger(__name__)

SEAL_EVERY = 0.4
INBOX_EVERY = 0.5
TICKS_EVERY = 2.0
SETTLE_EVERY = 2.0
TRIPWIRES_EVERY = 0.1
WATCH_EVERY = 15.0
PAGES_EVERY = 1.0
PAUSE = 0.01
"""Between two batches: SQLite's write lock is not fair, so others need a moment without us."""


@dataclass(slots=True)
class _Duty:
    """One thing to do again and again, at most so often."""

    name: str
    work: Callable[[], None]
    every: float
    due: float = field(default=0.0)


class Sweep:
    """One thread that seals the audit, recovers the inbox, pages whoever's turn it is, and does what else is due."""

    def __init__(self, gate: Gate, runner: str) -> None:
        """Do nothing yet."""
        self._gate = gate
        self._runner = runner
        self._stop = threading.Event()
        short = gate.settings.lease_seconds / 4
        self._duties = [
            _Duty("tripwires", self.tripwires, TRIPWIRES_EVERY),
            _Duty("audit", self.seal, SEAL_EVERY),
            _Duty("inbox", self.inbox, INBOX_EVERY),
            _Duty("pages", self.pages, PAGES_EVERY),
            _Duty("ticks", self.ticks, min(TICKS_EVERY, short)),
            _Duty("switches", self.switches, SETTLE_EVERY),
            _Duty("runbook", self.runbook, WATCH_EVERY),
        ]
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, and stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            for duty in self._duties:
                if time.monotonic() >= duty.due:
                    self._do(duty)
                    duty.due = time.monotonic() + duty.every
            self._stop.wait(0.05)

    def _do(self, duty: _Duty) -> None:
        try:
            duty.work()
        except Unavailable as error:
            log.warning("sweep.database_away", duty=duty.name, reason=str(error))
        except Exception:
            log.exception("sweep.failed", duty=duty.name)

    def _any(self, question: Callable[[Connection], bool]) -> bool:
        return self._gate.database.look(question)

    def seal(self) -> None:
        """Link every unsealed audit entry, in batches with a pause between them."""
        waiting = select(AuditUnsealed.event_id).limit(1)
        while self._any(lambda connection: connection.scalar(waiting) is not None):
            outcome = self._gate.run(system_call("audit.seal"))
            sealed = outcome.result.sealed if isinstance(outcome, Done) and isinstance(outcome.result, Sealed) else 0
            if sealed < SEAL_BATCH:
                return
            if self._stop.wait(PAUSE):
                return

    def tripwires(self) -> None:
        """Count what arrived for tripwires, until nothing is left that is not somebody else's; then draw charts."""
        while self._any(arrivals.has_any):
            outcome = self._gate.run(system_call("regression.sweep"))
            result = outcome.result if isinstance(outcome, Done) else None
            if not isinstance(result, Evaluated) or not result.evaluated or self._stop.wait(PAUSE):
                break
        if self._any(drawing.is_wanted):
            self._gate.run(system_call("regression.draw"))

    def inbox(self) -> None:
        """End what may not run any more, and run what a dead process left."""
        now, lease = self._gate.clock(), self._gate.settings.lease
        if self._any(lambda connection: inbox.has_work(connection, now, lease)):
            inbox.sweep(self._gate, self._runner)

    def switches(self) -> None:
        """Edit the kill switch's card while it is engaged and something about it changes."""
        now = self._gate.clock()
        if self._any(lambda connection: unsettled(connection, now) is not None):
            self._gate.run(system_call("killswitch.settle"))

    def runbook(self) -> None:
        """Look at the runbook while production is on; here, since it must see a scheduler that died."""
        if self._any(is_watched):
            self._gate.run(system_call("runbook.watch"))

    def pages(self) -> None:
        """Move the ladders of alerts on, each in a transaction of its own, so that no other one can stop it.

        Here and not on a schedule: to page it needs neither Redis nor a scheduler.
        """
        now = self._gate.clock()
        for alert_id in self._gate.database.look(lambda connection: ladder.waiting(connection, now)):
            try:
                self._gate.run(system_call("page.advance", alert_id=alert_id))
            except Exception:
                log.exception("sweep.ladder_failed", alert_id=alert_id)

    def ticks(self) -> None:
        """Run the slots that the queue lost."""
        now, lease = self._gate.clock(), self._gate.settings.lease
        if not self._any(lambda connection: ticks.has_work(connection, now, lease)):
            return
        for slot in ticks.lost(self._gate):
            if self._stop.is_set():
                return
            log.warning("tick.run_by_sweep", job=slot.job, slot=slot.slot.isoformat())
            ticks.run(self._gate, slot.job, slot.slot, self._runner)
