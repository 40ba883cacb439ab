"""Clients that do anything to Risk Guard at once: as threads of a test, or as processes that die at any point."""

import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from domain.database import Database
from domain.gate import Call, Gate
from domain.identity import SYSTEM, Caller, Surface
from domain.outcomes import Done, Outcome, PendingApproval, Refused
from domain.registry import build_registry
from domain.settings import Settings
from tests.support import MANAGER, OPERATOR, OWNER, SECOND, START

HOURS_A_SECOND = 4
"""So fast runs the crowd's clock: a midnight passes within four seconds of its start."""
LIFE_SECONDS = 60.0
"""How long a process goes on that nothing ends."""
DIES = 60
"""One act in so many kills the process right before its commit."""
CAP_CODES = {"max_daily_loss", "max_daily_exposure", "max_open_risk", "max_actions_per_day"}
LOSES = {
    "on_hold",
    "already_settled",
    "already_voided",
    "already_expired",
    "nothing_to_do",
    "not_higher",
    "changed_meanwhile",
}
"""What else may be the answer to whoever came second."""


def clock_since(base: float) -> Callable[[], datetime]:
    """Return a clock that all processes of this machine share."""
    return lambda: START + timedelta(hours=(time.monotonic() - base) * HOURS_A_SECOND)


class Client:
    """One client with its own dice; remembers how often it got what."""

    def __init__(self, gate: Gate, seed: int) -> None:
        """Throw no die yet."""
        self.gate = gate
        self.dice = random.Random(seed)
        self.got: Counter[str] = Counter()
        self.denied = 0
        self.known: list[int] = []

    def call(self, user: str, operation: str, **params: Any) -> Outcome:
        """Call through the gate; what comes back must be an answer that explains itself."""
        outcome = self.gate.run(Call(operation, params, Caller(user, Surface.SLACK)))
        self.note(operation, outcome)
        return outcome

    def note(self, operation: str, outcome: Outcome) -> None:
        """Count an answer; a loser must hear which cap it was, or on a busy machine that nothing was done."""
        if isinstance(outcome, Refused):
            assert outcome.code in CAP_CODES | LOSES | {"database_unavailable"}, outcome
            if outcome.code in CAP_CODES:
                self.denied += 1
                assert outcome.figures["cap"] == outcome.code
                assert outcome.figures["denial"]["limit"]
        self.got[f"{operation} {outcome.code if isinstance(outcome, Refused) else type(outcome).__name__}"] += 1

    def step(self) -> None:
        """Do one thing of many, as the dice say."""
        doing = self.dice.choices(
            (self.reserve, self.settle, self.void, self.expire, self.more_room, self.hold), (50, 18, 10, 2, 1, 1)
        )[0]
        doing()

    def reserve(self) -> None:
        """Reserve something of one of two engines, sometimes under an id that others use too."""
        more: dict[str, Any] = {"ttl_hours": self.dice.choice((1, 6, 40))}
        engine, amount = self.dice.choice(("WHOLESALE", "CAPITAL")), self.dice.choice(("10", "25.50", "60"))
        outcome = self.call(OPERATOR, "risk.reserve", engine=engine, amount=amount, **more)
        if isinstance(outcome, Done):
            self.known.append(outcome.result.reservation_id)  # type: ignore[attr-defined]

    def _one(self) -> int | None:
        return self.dice.choice(self.known[-8:]) if self.known else None

    def settle(self) -> None:
        """Settle one of the last, with a little loss."""
        if (number := self._one()) is not None:
            self.call(
                OPERATOR, "risk.settle", reservation_id=number, realized_loss=self.dice.choice(("0", "0.10", "1"))
            )

    def void(self) -> None:
        """Void one of the last."""
        if (number := self._one()) is not None:
            self.call(OPERATOR, "risk.void", reservation_id=number)

    def expire(self) -> None:
        """End what is due, as the schedule does."""
        self.note("risk.expire", self.gate.run(Call("risk.expire", {}, SYSTEM)))

    def more_room(self) -> None:
        """Raise WHOLESALE's open risk alone, then set it back at once."""
        until = (self.gate.clock() + timedelta(days=9)).isoformat()
        reason = "a good batch"
        self.alone("risk.raise", engine="WHOLESALE", max_open_risk="600", until=until, reason=reason)
        self.call(MANAGER, "risk.policy_set", engine="WHOLESALE", max_open_risk="500", reason=reason)

    def hold(self) -> None:
        """Pause CAPITAL for everybody, then let it act again."""
        self.call(SECOND, "risk.pause", engine="CAPITAL", reason="wait")
        self.alone("risk.resume", engine="CAPITAL", reason="go on")

    def alone(self, operation: str, **params: Any) -> None:
        """Do by an owner's break glass what would need a second person."""
        call = Call(operation, params, Caller(OWNER, Surface.SLACK), break_glass_reason="nobody is here")
        outcome = self.gate.run(call)
        assert not isinstance(outcome, PendingApproval)
        self.note(operation, outcome)

    def work(self, seconds: float) -> None:
        """Go on until the time is over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.step()


BEGINS = "begins"
"""What a process says first; anything else is what it died of, which is not what kills it here."""


def live(url: str, base: float, seed: int, said: Connection) -> None:
    """Be a client that dies right before one commit in many, if nobody kills it before."""
    try:
        _live(url, base, seed, said)
    except BaseException:
        said.send(traceback.format_exc())
        raise


def _live(url: str, base: float, seed: int, said: Connection) -> None:
    gate = Gate(Database(url), build_registry(), Settings(VALHALLA_OWNERS=(OWNER,)), clock_since(base))  # type: ignore[call-arg]
    client = Client(gate, seed)

    def die_sometimes(_act: object) -> None:
        if client.dice.randrange(DIES) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    gate.before_commit = die_sometimes
    said.send(BEGINS)
    client.work(LIFE_SECONDS)
