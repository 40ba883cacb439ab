"""Sixteen threads and four processes that are killed at any point: the caps hold, and the books are right."""

import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, NamedTuple

import pytest

from domain.gate import Gate
from tests.domain.risk.books import check
from tests.domain.risk.crowd import BEGINS, Client, clock_since, live
from tests.support import PATIENCE, World

THREADS, PROCESSES = 16, 4
MANY = 60
SECONDS, AT_MOST = 6.0, 40.0
"""How long it goes on, and on a machine with much else to do."""
CAPS = {"GLOBAL": (1_500_00, None), "WHOLESALE": (1_000_00, 600_00), "CAPITAL": (750_00, 300_00)}
"""Exposure a day and open risk, the highest they ever were."""


FORKS = get_context("forkserver")
FORKS.set_forkserver_preload([live.__module__])
"""Everything is imported once, by the server that forks them: who is replaced works again at once."""


class Mortal(NamedTuple):
    """A process, and the end of its pipe at which it is heard."""

    process: ForkServerProcess
    heard: Connection


class Mortals:
    """Processes of the crowd, each replaced when it has died or was killed."""

    def __init__(self, url: str, base: float) -> None:
        self.url, self.base = url, base
        self.dice = random.Random(7)
        self.started = self.killed = 0
        self.living: list[Mortal] = [self._new() for _ in range(PROCESSES)]
        self.last_words: list[str] = []

    def _new(self) -> Mortal:
        self.started += 1
        heard, said = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=live, args=(self.url, self.base, self.started, said), daemon=True)
        process.start()
        said.close()
        return Mortal(process, heard)

    def wait_until_they_work(self) -> None:
        """Wait until each has begun."""
        for mortal in self.living:
            assert mortal.heard.poll(PATIENCE)
            assert mortal.heard.recv() == BEGINS

    def harry(self, is_enough: Callable[[], bool]) -> None:
        """Kill one after the other until it is enough, and replace whoever is dead."""
        began, pause = time.monotonic(), threading.Event()
        while (took := time.monotonic() - began) < SECONDS or (took < AT_MOST and not is_enough()):
            pause.wait(self.dice.uniform(0.1, 1.2))
            victim = self.dice.randrange(PROCESSES)
            self._end(self.living[victim])
            self.killed += 1
            self.living[victim] = self._new()

    def _end(self, mortal: Mortal) -> None:
        mortal.process.kill()
        mortal.process.join(PATIENCE)
        if mortal.process.exitcode != -signal.SIGKILL:
            self.last_words.append(f"{mortal.process.exitcode}: {_all_of(mortal.heard)}")
        mortal.heard.close()
        mortal.process.close()

    def end(self) -> None:
        """Kill whoever is left."""
        for process in self.living:
            self._end(process)


def _all_of(heard: Connection) -> list[str]:
    said: list[str] = []
    with suppress(EOFError):
        while heard.poll():
            said.append(heard.recv())
    return said


def never_over_a_cap(world: World) -> None:
    """Replay the decisions in the order of the locks under which they were made."""
    open_risk: dict[str, int] = defaultdict(int)
    exposure: dict[tuple[str, Any], int] = defaultdict(int)
    reservations = {row.id: row for row in world.rows("risk_reservation")}
    for event in world.rows("risk_event", "reservation_id IS NOT NULL"):
        for engine in ("GLOBAL", event.engine):
            if event.kind == "RESERVE":
                open_risk[engine] += event.amount
                exposure[engine, event.day] += event.amount
            elif not (event.kind == "SETTLE" and (event.detail or {}).get("was_expired")):
                open_risk[engine] -= event.amount
                if event.kind == "VOID" and reservations[event.reservation_id].day == event.day:
                    exposure[engine, event.day] -= event.amount
            a_day, at_once = CAPS[engine]
            assert exposure[engine, event.day] <= a_day
            assert at_once is None or 0 <= open_risk[engine] <= at_once


@pytest.mark.timeout(150)
def test_any_number_of_clients_that_die_anywhere(world: World) -> None:
    """Exposure and open risk never go over a cap, nothing is settled twice, nothing leaks, whoever dies when."""
    world.switches(live=True)
    base = time.monotonic()
    mortals = Mortals(world.url, base)
    failures: list[BaseException] = []
    over = threading.Event()
    try:
        mortals.wait_until_they_work()
        clients = [Client(_gate(world, base), seed) for seed in range(100, 100 + THREADS)]

        def work(client: Client) -> None:
            try:
                while not over.is_set():
                    client.step()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        mortals.harry(lambda: _reserved(clients) > MANY and _denied(clients) > 0)
        over.set()
        for thread in threads:
            thread.join(60)
    finally:
        over.set()
        mortals.end()
    assert not failures, [str(one)[:300] for one in failures]
    assert not mortals.last_words, mortals.last_words[0]
    assert _reserved(clients) > MANY
    assert _denied(clients) > 0
    assert mortals.killed >= PROCESSES
    check(world)
    never_over_a_cap(world)
    assert world.count("risk_ledger", "engine = 'GLOBAL'") > 1, "no midnight passed"
    world.seal()
    assert world.done("UAUDITOR", "audit.verify").ok


def _reserved(clients: list[Client]) -> int:
    return sum(client.got["risk.reserve Done"] for client in clients)


def _denied(clients: list[Client]) -> int:
    return sum(client.denied for client in clients)


def _gate(world: World, base: float) -> Gate:
    return Gate(world.database, world.registry, world.settings, clock_since(base))
