"""Whether a browser opens, and what this terminal does meanwhile."""

import threading
from pathlib import Path
from typing import Any

import pytest

from bot.demo import main
from bot.demo.opening import can_open, open_page


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({"BROWSER": "helper"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "far"}, "darwin", False),
    ],
)
def test_a_browser_is_opened_only_where_it_would_be_seen(
    environment: dict[str, str], platform: str, expected: bool
) -> None:
    assert can_open(environment, platform) is expected


def test_nobody_waits_for_the_browser() -> None:
    opened, goes_on = threading.Event(), threading.Event()

    def opener(address: str) -> None:
        assert address == "http://here/"
        opened.set()
        goes_on.wait(30)

    open_page("http://here/", opener)
    assert opened.wait(30)
    goes_on.set()


class _Screen:
    def __init__(self, *, is_terminal: bool) -> None:
        self.is_terminal = is_terminal
        self.is_scripted = not is_terminal
        self.is_asking = False

    def show(self, _lines: Any) -> None:
        pass


class _Supervisor:
    address = "http://127.0.0.1:1"

    def __init__(self, *_given: Any) -> None:
        pass

    def start(self, stopping: threading.Event) -> bool:
        stopping.set()
        return True

    def stop(self) -> None:
        pass


@pytest.mark.parametrize(
    ("is_terminal", "options", "expected"),
    [
        (True, {"opens": True, "terminal": False}, ["page"]),
        (True, {"opens": False, "terminal": False}, []),
        (True, {"opens": True, "terminal": True}, ["terminal"]),
        (False, {"opens": True, "terminal": False}, ["terminal"]),
        (False, {"opens": False, "terminal": True}, ["terminal"]),
        (False, {"opens": False, "terminal": False}, []),
    ],
    ids=["at a terminal", "--no-open", "--terminal", "piped", "piped --terminal --no-open", "piped --no-open"],
)
def test_what_opens_and_what_acts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_terminal: bool, options: dict[str, bool], expected: list[str]
) -> None:
    done: list[str] = []

    def acts(*_given: Any) -> bool:
        done.append("terminal")
        return True

    monkeypatch.setenv("VALHALLA_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(main, "Supervisor", _Supervisor)
    monkeypatch.setattr(main, "standard_screen", lambda: _Screen(is_terminal=is_terminal))
    monkeypatch.setattr(main, "can_open", lambda: True)
    monkeypatch.setattr(main, "open_page", lambda _address: done.append("page"))
    monkeypatch.setattr(main, "_act", acts)
    main.run_demo(port=0, reset=False, **options)
    assert done == expected
