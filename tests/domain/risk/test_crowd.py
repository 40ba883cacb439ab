"""Sixteen threads and four processes that are killed at any point: the caps hold, and the books are right."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from domain.gate import Gate
from tests.domain.risk.books import check
from tests.domain.risk.crowd import Client, clock_since
from tests.support import World

THREADS, PROCESSES = 16, 4
MANY = 60
SECONDS, AT_MOST = 8.0, 40.0
"""How long it goes on, and on a machine with much else to do."""
CAPS = {"GLOBAL": (1_500_00, None), "WHOLESALE": (1_000_00, 600_00), "CAPITAL": (750_00, 300_00)}
"""Exposure a day and open risk, the highest they ever were."""


class Mortals:
    """Processes of the crowd, each replaced when it has died or was killed."""

    def __init__(self, url: str, base: float) -> None:
        self.url, self.base = url, base
        self.dice = random.Random(7)
        self.started = self.killed = 0
        self.living: list[subprocess.Popen[str]] = [self._new() for _ in range(PROCESSES)]
        self.last_words: list[str] = []

    def _new(self) -> subprocess.Popen[str]:
        self.started += 1
        command = [sys.executable, "-m", "tests.domain.risk.crowd", self.url, str(self.base), str(self.started), "60"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_until_they_work(self) -> None:
        """Wait until each has begun."""
        for process in self.living:
            assert process.stdout
            assert process.stdout.readline() == "begins\n", process.communicate()

    def harry(self, is_enough: Callable[[], bool]) -> None:
        """Kill one after the other until it is enough, and replace whoever is dead."""
        began, pause = time.monotonic(), threading.Event()
        while (took := time.monotonic() - began) < SECONDS or (took < AT_MOST and not is_enough()):
            pause.wait(self.dice.uniform(0.1, 1.2))
            victim = self.dice.randrange(PROCESSES)
            self._end(self.living[victim])
            self.killed += 1
            self.living[victim] = self._new()

    def _end(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        _out, error = process.communicate()
        if process.returncode != -signal.SIGKILL:
            self.last_words.append(error)

    def end(self) -> None:
        """Kill whoever is left."""
        for process in self.living:
            self._end(process)


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
