"""Signs of life and the evidence in them."""

from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from domain.clock import system_clock
from domain.database import Unavailable
from domain.gate import Call
from domain.identity import Caller, Surface
from domain.outcomes import Done
from domain.prime_law.settling import position
from domain.prime_law.tables import GoLiveState
from domain.processes import service as processes
from tests.workers.slack import OWNER, Scene, wait_for
from workers import heartbeat as heartbeat_module
from workers import sweep as sweep_module
from workers.heartbeat import Heartbeat, process_id
from workers.sweep import Sweep


def test_a_heartbeat_says_who_lives_and_what_it_saw(scene: Scene) -> None:
    """What is noted shows at once, not with the next beat."""
    looked: list[int] = []

    def look() -> str:
        looked.append(1)
        return "ok"

    name = process_id()
    heartbeat = Heartbeat(
        scene.database, "bot", name, system_clock, lambda: {"sockets": 2}, looks={"slack": look}, beat_seconds=30
    )
    heartbeat.start()
    try:
        row = wait_for(lambda: next((row for row in scene.rows("process_heartbeat") if "slack" in row.seen), None))
        assert row is not None
        seen = {key: value for key, value in row.seen.items() if key != "switches_at"}
        assert (row.process_id, row.kind, seen) == (name, "bot", {"slack": "ok", "sockets": 2, "switches": 1})
        heartbeat.note("slack", "token_revoked")
        wait_for(lambda: scene.rows("process_heartbeat")[0].seen["slack"] == "token_revoked")
    finally:
        heartbeat.stop()
    assert len(scene.rows("process_heartbeat")) == 1
    assert looked == [1]


def test_a_look_that_fails_is_evidence_too(light_scene: Scene) -> None:
    """The heartbeat goes on."""

    def look() -> str:
        raise OSError("no route")

    heartbeat = Heartbeat(light_scene.database, "worker", process_id(), system_clock, looks={"redis": look})
    heartbeat.start()
    try:
        wait_for(lambda: "no route" in str(seen(light_scene).get("redis")))
        heartbeat.note("sockets", 1)
        wait_for(lambda: seen(light_scene).get("sockets") == 1)
        assert "no route" in seen(light_scene)["redis"]
    finally:
        heartbeat.stop()


def test_a_beat_outlives_what_nobody_foresaw(light_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread dies of nothing: a process that works must not look dead."""
    failures = iter([RuntimeError("a row nobody can read")])

    def once(connection: Any) -> Any:
        for failure in failures:
            raise failure
        return position(connection)

    monkeypatch.setattr(heartbeat_module, "position", once)
    heartbeat = Heartbeat(light_scene.database, "worker", process_id(), system_clock, beat_seconds=0.05)
    heartbeat.start()
    try:
        wait_for(lambda: any("switches" in row.seen for row in light_scene.rows("process_heartbeat")))
        assert next(failures, None) is None, "it did not fail at all"
    finally:
        heartbeat.stop()


def test_processes_last_seen_long_ago_are_forgotten(light_scene: Scene) -> None:
    """A week after their last sign of life."""
    from datetime import timedelta

    from domain.gate import Gate
    from domain.gate.call import system_call
    from domain.processes.service import beat

    now = system_clock()
    beat(light_scene.database, "worker", "old", {}, started_at=now, now=now)
    later = Gate(light_scene.database, light_scene.gate.registry, light_scene.settings, lambda: now + timedelta(days=8))
    later.run(system_call("processes.prune"))
    assert light_scene.rows("process_heartbeat") == []


def seen(scene: Scene) -> dict[str, Any]:
    """What the one process last saw."""
    rows = scene.rows("process_heartbeat")
    return dict(rows[0].seen) if rows else {}


def press(scene: Scene, **switches: Any) -> datetime:
    """Change the switches behind the gate's back; return when."""
    now = system_clock()
    with scene.database.write() as connection:
        connection.execute(update(GoLiveState).values(version=GoLiveState.version + 1, **switches))
    return now


def test_a_change_of_the_switches_is_confirmed_at_once(scene: Scene) -> None:
    """Long before the next beat, with the moment it was seen; another change while engaged confirms nothing anew."""
    heartbeat = Heartbeat(scene.database, "worker", process_id(), system_clock, beat_seconds=60)
    heartbeat.start()
    try:
        wait_for(lambda: seen(scene).get("switches") == 1)
        engaged = press(scene, kill_switch_engaged=True, engaged_at=system_clock())
        wait_for(lambda: seen(scene).get("switches") == 2)
        confirmed = datetime.fromisoformat(seen(scene)["switches_at"])
        assert engaged <= confirmed <= system_clock()
        press(scene, go_live_enabled=True)
        wait_for(lambda: seen(scene).get("switches") == 3)
        assert datetime.fromisoformat(seen(scene)["switches_at"]) == confirmed
        press(scene, kill_switch_engaged=False)
        released = press(scene, kill_switch_engaged=True, engaged_at=system_clock())
        wait_for(lambda: seen(scene).get("switches") == 5)
        assert datetime.fromisoformat(seen(scene)["switches_at"]) >= released
    finally:
        heartbeat.stop()


def test_a_confirmation_that_was_not_written_is_tried_again(
    light_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that fails just then costs a moment, not a whole beat."""
    monkeypatch.setattr(heartbeat_module, "AGAIN_SECONDS", 0.01)
    written, failures = processes.beat, iter([True, False, True])

    def fails(*args: Any, **more: Any) -> None:
        if next(failures, False):
            raise Unavailable("away")
        written(*args, **more)

    monkeypatch.setattr(heartbeat_module, "beat", fails)
    heartbeat = Heartbeat(light_scene.database, "worker", process_id(), system_clock, beat_seconds=60)
    heartbeat.start()
    try:
        wait_for(lambda: seen(light_scene).get("switches") == 1)
        press(light_scene, kill_switch_engaged=True, engaged_at=system_clock())
        wait_for(lambda: seen(light_scene).get("switches") == 2)
    finally:
        heartbeat.stop()


def test_the_kill_switchs_card_is_edited_while_it_settles(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat, a sweep and a sender: pressed once, the message comes to say that it reached everywhere."""
    monkeypatch.setattr(sweep_module, "SETTLE_EVERY", 0.05)
    heartbeats = [Heartbeat(scene.database, "worker", process_id(), system_clock) for _ in range(2)]
    sweep = Sweep(scene.gate, "test")
    for heartbeat in heartbeats:
        heartbeat.start()
    sweep.start()
    try:
        wait_for(lambda: len(scene.rows("process_heartbeat")) == 2)
        with scene.relay():
            caller = Caller(OWNER, Surface.SLACK)
            assert isinstance(scene.gate.run(Call("killswitch.engage", {"reason": "drill"}, caller)), Done)
            for channel in ("governance", "oncall"):
                wait_for(partial(_says, scene, channel, "2 of 2 processes have refused or confirmed"))
                assert len([item for item in scene.double.messages(channel) if "KILL SWITCH" in item["text"]]) == 1
            wait_for(lambda: not [row for row in scene.rows("outbox") if row.state in ("queued", "sending")])
            edits = len(scene.rows("outbox"))
            for _ in range(5):
                sweep.switches()
            assert len(scene.rows("outbox")) == edits
            assert [row.operation for row in scene.rows("audit_event") if row.operation.startswith("killswitch")] == [
                "killswitch.engage"
            ]
    finally:
        sweep.stop()
        for heartbeat in heartbeats:
            heartbeat.stop()


def _says(scene: Scene, channel: str, words: str) -> bool:
    """Whether a message of the channel says these words."""
    return words in str(scene.double.messages(channel))


def test_the_sweep_watches_the_runbook_while_production_is_on(light_scene: Scene) -> None:
    """Without any scheduler, whose death it must see; with production off there is nothing to watch."""
    sweep = Sweep(light_scene.gate, "test")
    sweep.runbook()
    assert not light_scene.rows("runbook_state")
    press(light_scene, go_live_enabled=True)
    sweep.runbook()
    assert not {row.name: row.ok for row in light_scene.rows("runbook_state")}["scheduler seen"]
    press(light_scene, go_live_enabled=False)
    sweep.runbook()
    assert not light_scene.rows("runbook_state")
