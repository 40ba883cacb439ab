"""The demo's folder, its port, and its processes' environment."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.demo.place import Place, environment_of, free_port, read_settings, settings_of
from domain.start import StartError
from tests.bot.demo.running import is_alive, wait_until

PARENT = """
import sys, time, pathlib
from bot.demo.child import Child
child = Child("sleeper", (sys.executable, "-c", "import time; time.sleep(600)"), pathlib.Path("sleeper.log"), {}, ".")
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_busy_port_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"Port {port} .* is not free: run `valhalla demo --port \d+`"):
            free_port(port)


def test_reset_takes_out_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    place = Place(tmp_path / "demo")
    own = [place.database, place.folder / "valhalla.db-wal", place.workspace, place.log("bot"), place.manifest]
    (place.folder / "redis" / "appendonlydir").mkdir(parents=True)
    own.append(place.folder / "redis" / "appendonlydir" / "1.aof")
    others = [place.folder / "notes.txt", tmp_path / "valhalla.db"]
    for file in (*own, *others):
        file.write_text("x")
    place.empty()
    assert not any(file.exists() for file in own)
    assert all(file.exists() for file in others)


def test_a_second_demo_on_the_same_data_is_told_of_the_first(tmp_path: Path) -> None:
    first, second = Place(tmp_path), Place(tmp_path)
    first.take()
    first.note("http://127.0.0.1:8420")
    with pytest.raises(StartError, match=rf"process {os.getpid()}, http://127\.0\.0\.1:8420"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_nothing_of_this_machines_settings_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://real", "REDIS_URL": "redis://real", "SLACK_SIGNING_SECRET": "real",
        "VALHALLA_ENV": "production", "VALHALLA_COMMAND_PREFIX": "x-", "HTTPS_PROXY": "http://proxy",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    settings = settings_of(Place(tmp_path), 8420)
    environment = environment_of(settings)
    assert not {"REDIS_URL", "SLACK_SIGNING_SECRET", "HTTPS_PROXY"} & set(environment)
    assert environment["DATABASE_URL"].startswith("sqlite:")
    read = read_settings(settings)
    assert not read.is_production
    assert read.command_prefix == ""
    assert read.default_routes["oncall"] == "oncall"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_child_ends_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    wait_until(lambda: not is_alive(child), "the child is gone", 10)
