"""A bot or a worker as a real process that dies on whatever arrow a test names while it runs, as often as it is named.

The arrow stands in the file TEST_DIE_ON; whoever dies on it removes the file first. What is imported stays with the
parent, which starts the next life at once; a signal to the parent goes to the child. SIGUSR1 makes it say what its
threads do.
"""

import faulthandler
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from bot.main import run_bot
from domain import arrows
from domain.logs import configure
from domain.settings import load_settings
from workers.main import run_worker


def die_where_told(crossed: str) -> None:
    """Kill this process as the kernel would, where it stands on the arrow of the file."""
    file = Path(os.environ["TEST_DIE_ON"])
    try:
        if file.read_text() != crossed:
            return
        file.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def live() -> int:
    """Be one life of the program."""
    arrows.listen(die_where_told)
    faulthandler.register(signal.SIGUSR1)
    settings = load_settings(_env_file=None)
    configure(settings, level=logging.DEBUG)
    return run_bot(settings) if sys.argv[1] == "bot" else run_worker(settings)


def main() -> int:
    """Live, and live again after each death; end with the program's own exit code."""
    while True:
        child = os.fork()
        if child == 0:
            code = live()
            sys.stderr.flush()
            os._exit(code)

        def forward(number: int, _frame: FrameType | None, child: int = child) -> None:
            os.kill(child, number)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, forward)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
