"""Fixtures of the Slack surface's tests: a desk of one test's own, and one that a module shares."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.surfaces.slack import receiver, socket_mode
from tests.bot.surfaces.slack.desk import Desk


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine stands between the tests and the double."""
    monkeypatch.setenv("SKIP_SLACK_SDK_WARNING", "1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no slow database; the tests of deadlines set their own."""
    monkeypatch.setattr(receiver, "RECORDING_DEADLINE", 8.0)
    monkeypatch.setattr(socket_mode, "TOO_LATE", 8.0)
    monkeypatch.setattr(socket_mode, "ANOTHER_WAY", 8.0)
    monkeypatch.setattr(socket_mode, "LAST_MOMENTS", 8.0)


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[Desk]:
    """A bot with one connection, on a database and a workspace of this test's own."""
    with Desk(sqlite_url) as made:
        yield made


@pytest.fixture(scope="module")
def shared_desk(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The same for a whole module, for tests that do not mind what the others did."""
    file = tmp_path_factory.mktemp("desk") / "valhalla.sqlite3"
    shutil.copyfile(_sqlite_template, file)
    with Desk(f"sqlite:///{file}") as made:
        yield made
