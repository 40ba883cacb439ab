"""Makes real processes of `worker`, `scheduler` and `bot` that can be made to die on a named arrow, once.

It imports everything once and then forks a process for each order on its standard input. That one watches the real
program, its child: killed on its arrow, the program is started again at once; a signal to end goes on to it.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

from domain import arrows
from domain.act import Act
from domain.logs import configure
from domain.operation import AnyOperation, ExecutionClass, Operation
from domain.outcomes import Result
from domain.parameters import Params
from domain.schedules import Every, Schedule
from domain.settings import load_settings

JOB = "test.tick"
ENDS = (signal.SIGTERM, signal.SIGINT)


class NoParams(Params):
    """Nothing to say."""


class Ticked(Result):
    """A test's job ran."""

    mark: str


def _tick(act: Act) -> Ticked:
    """Leave one KPI event for every time it ran, so that twice is two rows."""
    mark = uuid4().hex
    act.kpi("TEST.ticked", event_id=mark, success=True)
    return Ticked(mark=mark)


TICK: AnyOperation = Operation(
    name=JOB, summary="Leave a mark", params=NoParams, result=Ticked, run=lambda act, _params: _tick(act), role=None,
    klass=ExecutionClass.GOVERN, reduces=True, internal=True,
)  # fmt: skip


def die_on(arrow: str, mark: Path) -> None:
    """Kill this process, as the kernel would, the first time anybody crosses the arrow."""

    def listener(crossed: str) -> None:
        if crossed != arrow:
            return
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    arrows.listen(listener)


def program(kind: str) -> Callable[[], int]:
    """Return the real program of this kind, with everything it needs imported."""
    if kind == "worker":
        from workers.main import run_worker

        return lambda: run_worker(_settings(), TICK)
    if kind == "scheduler":
        from workers.scheduler import run_scheduler

        planned = [Schedule(JOB, JOB, Every(int(os.environ.get("TEST_TICK_SECONDS", "1"))))]
        return lambda: run_scheduler(_settings(), planned=planned)
    from bot.main import run_bot

    def bot() -> int:
        run_bot(_settings())
        return 0

    return bot


def _settings() -> Any:
    settings = load_settings(_env_file=None)
    configure(settings)
    return settings


def live(kind: str) -> int:
    """Be one life of the program."""
    given = json.loads(os.environ.get("TEST_DIE_ON", "null"))
    if given:
        die_on(given["arrow"], Path(given["mark"]))
    return program(kind)()


def supervise(kind: str) -> int:
    """Live, and live again after a death on the arrow; return the program's own exit code."""
    while True:
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
        child = os.fork()
        if child == 0:
            _on_end(lambda: os._exit(0))  # asked to end before the program listens
            os._exit(_code_of(kind))
        _on_end(partial(os.kill, child, signal.SIGTERM))
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            return os.waitstatus_to_exitcode(status)


def _code_of(kind: str) -> int:
    """Live once; what nobody caught is said as the interpreter would say it."""
    try:
        return live(kind)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stderr.flush()


def _on_end(act: Callable[[], object]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        act()

    for number in ENDS:
        signal.signal(number, handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)


def main() -> int:
    """Be the program named on the command line, for tests that bring listeners of their own."""
    return supervise(sys.argv[1])


def become(order: dict[str, Any]) -> int:
    """Be the process that was ordered: its own session, its own output, its own environment."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    null, output = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    return supervise(order["kind"])


def serve() -> None:
    """Import everything once, and fork one process for each order that comes in; say its pid."""
    program("worker")
    program("scheduler")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits here: exit codes are left in files
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := sys.stdin.readline():
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            code = become(order)
            Path(order["exit"]).write_text(str(code))
            os._exit(code)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
