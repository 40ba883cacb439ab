"""How a long-running process is asked to end."""

import signal
import subprocess
import sys

import pytest

PATIENCE = 20.0
GIVEN_TO_ANOTHER_THREAD = """
import signal, sys, threading, time
from workers.process import Stop

stop, number = Stop(), int(sys.argv[1])

def be_asked():
    time.sleep(0.3)  # the main thread waits by now
    signal.pthread_kill(threading.get_ident(), number)
    time.sleep(60)

threading.Thread(target=be_asked, daemon=True).start()
stop.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_whichever_thread_the_signal_is_given_to(number: signal.Signals) -> None:
    """A main thread that waits without an end is not woken by what another thread is given."""
    asked = [sys.executable, "-c", GIVEN_TO_ANOTHER_THREAD, str(int(number))]
    assert subprocess.run(asked, timeout=PATIENCE, check=False).returncode == 0
