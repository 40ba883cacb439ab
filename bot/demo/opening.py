"""Opening the page in the browser of whoever started the demo, where there is one to be seen."""

import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
_CHOSEN = "BROWSER"
"""Set by people and by editors on remote machines, whose helper needs no screen here."""
_FAR = ("SSH_CONNECTION", "SSH_TTY")


def can_open(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a browser that opens here would be seen: never guessed into a text browser or over SSH."""
    if environment.get(_CHOSEN):
        return True
    if platform == "darwin":
        return not any(environment.get(name) for name in _FAR)
    return any(environment.get(name) for name in _SCREENS)


def open_page(address: str, opener: Callable[[str], object] = webbrowser.open) -> None:
    """Open the page, and do not wait: a browser that stays in the foreground must not hold anybody up."""
    threading.Thread(target=opener, args=(address,), name="demo-open", daemon=True).start()
