"""Runs `worker`, `scheduler` or `bot` as a real process that can be made to die on a named arrow, once.

The process imports everything, then forks: the child is the real program. Killed on its arrow, it is started again
at once by its parent, without the cost of the imports; a signal to the parent goes to the child.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
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


def live(run: Callable[[], int]) -> int:
    """Be one life of the program."""
    given = json.loads(os.environ.get("TEST_DIE_ON", "null"))
    if given:
        die_on(given["arrow"], Path(given["mark"]))
    return run()


def main() -> int:
    """Live, and live again after a death on the arrow; end with the program's own exit code."""
    run = program(sys.argv[1])
    while True:
        child = os.fork()
        if child == 0:
            code = live(run)
            sys.stderr.flush()
            os._exit(code)

        def forward(number: int, _frame: FrameType | None, child: int = child) -> None:
            os.kill(child, number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, forward)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
