"""`/golive` through Socket Mode against a bare Bolt echo command through the same kind of server."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bot.slack_double import SlackDouble
from bot.surfaces.slack.manifest import manifest
from domain.registry import build_registry
from domain.settings import load_settings
from tests.bench.rows import Row, pairs, percentile
from tests.bench.world import OWNER, postgres, workplace

COMMANDS = 1_500
OUTSTANDING = 16
READY_SECONDS = 20


@dataclass
class Bot:
    """A bot process behind a server of its own."""

    double: SlackDouble
    process: subprocess.Popen[bytes]
    text: str
    latencies: list[float]
    cpu_per_command: list[float]

    def wait_until_ready(self) -> None:
        """Return once it answers."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.double.command(OWNER, "general", self.text).status == "ok":
                return
            time.sleep(0.1)
        raise TimeoutError("the bot does not answer")

    def commands_per_second(self) -> float:
        """Type many commands, a few at a time; return how many were answered in a second."""
        window = threading.Semaphore(OUTSTANDING)
        answered = threading.Semaphore(0)
        bad: list[str] = []
        cpu = psutil.Process(self.process.pid).cpu_times()
        started = time.perf_counter()
        for _ in range(COMMANDS):
            window.acquire()
            typed = time.perf_counter()

            def done(acted: object, typed: float = typed) -> None:
                outcome = acted.result()  # type: ignore[attr-defined]
                self.latencies.append(time.perf_counter() - typed)
                if outcome.status != "ok" or not outcome.message:
                    bad.append(outcome.status)
                window.release()
                answered.release()

            self.double.fire(OWNER, "general", self.text).add_done_callback(done)
        for _ in range(COMMANDS):
            answered.acquire()
        seconds = time.perf_counter() - started
        assert not bad, f"{len(bad)} commands were not answered: {bad[0]}"
        after = psutil.Process(self.process.pid).cpu_times()
        self.cpu_per_command.append((after.user + after.system - cpu.user - cpu.system) / COMMANDS)
        return COMMANDS / seconds


@contextmanager
def _bot(command: list[str], text: str, folder: Path, environment: dict[str, str]) -> Iterator[Bot]:
    # The manifest lets the double treat both alike; the bare bot registers the one command it is sent.
    settings = load_settings(VALHALLA_DATA_DIR=str(folder / "data"))
    double = SlackDouble(rate_limits=False, manifest=manifest(build_registry(), settings))
    with double, (folder / "bot.log").open("ab") as log:
        double.add_user("bench", id=OWNER)
        double.add_channel("general", [OWNER, "bot"])
        env = {
            **os.environ, "SLACK_API_URL": double.base_url, "SLACK_BOT_TOKEN": "xoxb-double",
            "SLACK_APP_TOKEN": "xapp-double", **environment,
        }  # fmt: skip
        process = subprocess.Popen([sys.executable, "-m", *command], env=env, stdout=log, stderr=log)
        bot = Bot(double, process, text, [], [])
        try:
            bot.wait_until_ready()
            yield bot
        finally:
            process.terminate()
            process.wait(15)


def run() -> Row:
    """Measure commands a second, p99 and CPU a command, both sides in turn."""
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        url = stack.enter_context(postgres(folder))
        environment = {"DATABASE_URL": url, "VALHALLA_OWNERS": OWNER, "VALHALLA_DATA_DIR": str(folder / "data")}
        ours = stack.enter_context(_bot(["bot.cli", "bot"], "/golive", folder, environment))
        bare = stack.enter_context(_bot(["tests.bench.bare_bolt"], "/golive", folder, {}))
        mine, others = pairs(ours.commands_per_second, bare.commands_per_second)
    beside = {
        "p99_ms": round(percentile(ours.latencies, 0.99) * 1_000, 1),
        "peer_p99_ms": round(percentile(bare.latencies, 0.99) * 1_000, 1),
        "cpu_ms_per_command": round(sum(ours.cpu_per_command) / len(ours.cpu_per_command) * 1_000, 3),
        "peer_cpu_ms_per_command": round(sum(bare.cpu_per_command) / len(bare.cpu_per_command) * 1_000, 3),
    }
    return Row("command_roundtrip", "commands/s", mine, others, beside)
