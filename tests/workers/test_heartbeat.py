"""Signs of life and the evidence in them."""

from domain.clock import system_clock
from tests.workers.slack import Scene, wait_for
from workers.heartbeat import Heartbeat, process_id


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
        assert (row.process_id, row.kind, row.seen) == (name, "bot", {"slack": "ok", "sockets": 2})
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
        wait_for(lambda: any("no route" in str(row.seen) for row in light_scene.rows("process_heartbeat")))
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
