"""`valhalla demo`: everything on embedded parts, with a local Slack workspace in the browser, until Ctrl-C.

========================  ===========================================================================================
at a terminal             the page opens in the browser, and this terminal waits for Ctrl-C
``--terminal``            this terminal acts instead, and no browser is opened
lines piped in            are typed into the same terminal; their end ends the demo, none at all and it goes on
``--no-open``             nothing is opened and nothing read: it goes on until Ctrl-C
========================  ===========================================================================================
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from bot.demo import tour
from bot.demo.cast import MARIA
from bot.demo.opening import can_open, open_page
from bot.demo.place import Place, free_port
from bot.demo.screen import Screen, standard_screen
from bot.demo.supervisor import Supervisor
from bot.demo.terminal import Terminal
from domain.settings import load_settings

FOLDER = "demo"
SETTLE_SECONDS = 8.0


class Stopped(BaseException):
    """A signal came while somebody was at the prompt."""


def run_demo(*, port: int, reset: bool, terminal: bool, opens: bool) -> None:
    """Run the demo in VALHALLA_DATA_DIR/demo; raises `StartError` where it cannot start."""
    screen = standard_screen()
    acts_here = terminal or (opens and screen.is_scripted)
    place = Place(load_settings().data_dir / FOLDER)
    place.take()
    try:
        port = free_port(port)
        if reset:
            place.empty()
        with _signals(screen) as stopping:
            supervisor = Supervisor(place, port, screen.show)
            shows = opens and not acts_here and screen.is_terminal and can_open()
            _run(supervisor, place, screen, stopping, acts_here=acts_here, shows=shows)
    finally:
        place.release()


def _run(
    supervisor: Supervisor, place: Place, screen: Screen, stopping: threading.Event, *, acts_here: bool, shows: bool
) -> None:
    place.note(supervisor.address)
    screen.show("Starting the local Slack workspace, worker, scheduler and bot …")
    if not supervisor.start(stopping):
        screen.show("Ended before everything had started.")
        return
    try:
        screen.show(tour.started(supervisor.address, place.folder, acts_here=acts_here))
        if shows:
            open_page(f"{supervisor.address}/?as={MARIA.name}")
        if not (acts_here and _act(supervisor, screen, stopping)):
            stopping.wait()
    except (Stopped, KeyboardInterrupt):  # asked to end: what ends it is the same either way
        pass
    finally:
        stopping.set()
        screen.show("\nEnding all processes …")
        supervisor.stop()
        screen.show("All ended. `valhalla demo` goes on with this data, `valhalla demo --reset` starts over.")


def _act(supervisor: Supervisor, screen: Screen, stopping: threading.Event) -> bool:
    """Let somebody act until he is done; False where there is neither a terminal nor a line of input."""
    _wait_for_first_messages(supervisor, stopping)
    terminal = Terminal(supervisor.workspace, screen, is_outstanding=supervisor.is_outstanding, stopping=stopping)
    was_used = terminal.run()
    if not (was_used or screen.is_terminal):
        screen.show("Nobody types here: it runs until it is ended (Ctrl-C, or SIGTERM).")
    return was_used or screen.is_terminal


def _wait_for_first_messages(supervisor: Supervisor, stopping: threading.Event) -> None:
    """Let what the week left in the channels arrive before somebody reads them."""
    waited = 0.0
    while supervisor.is_outstanding() and waited < SETTLE_SECONDS and not stopping.wait(0.1):
        waited += 0.1


@contextmanager
def _signals(screen: Screen) -> Iterator[threading.Event]:
    """Yield an event that SIGINT, SIGTERM and SIGHUP set; at the prompt they also end the reading of a line."""
    stopping = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        is_first = not stopping.is_set()
        stopping.set()
        if is_first and screen.is_asking:
            raise Stopped

    before: dict[signal.Signals, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before[number] = signal.signal(number, handle)
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
