"""The audit: append-only, sealed in batches into a chain that anyone can verify, and every tampering named."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.audit import rules, service
from domain.audit.results import Verification
from tests.support import AUDITOR, MANAGER, OPERATOR, World, at_once

GUARDED = ("audit_event", "audit_chain", "go_live_history")


def fill(world: World, count: int, *, sealed: bool = True) -> None:
    """Write entries."""
    for number in range(count):
        world.done(OPERATOR, "test.govern", thing=f"thing {number}")
    if sealed:
        world.seal()


def verify(world: World) -> Verification:
    """Check the whole log."""
    found = world.done(AUDITOR, "audit.verify")
    assert isinstance(found, Verification)
    return found


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_what_is_written_stays_written(world: World, table: str, verb: str) -> None:
    """UPDATE and DELETE are refused by the database itself."""
    world.done(OPERATOR, "killswitch.engage", reason="drill")
    fill(world, 1)
    column = "hash" if table.startswith("audit") else "reason"
    before = world.snapshot()
    with pytest.raises(DBAPIError, match="append-only"):
        world.execute(verb.format(table, column, "'x'"))
    assert world.snapshot() == before


def test_postgresql_refuses_truncate_too(postgres_world: World) -> None:
    """TRUNCATE is a DELETE by another name."""
    fill(postgres_world, 1)
    for table in GUARDED:
        with pytest.raises(DBAPIError, match="append-only"):
            postgres_world.execute(f"TRUNCATE {table} CASCADE")


def test_sqlite_refuses_replace_too(light_world: World) -> None:
    """REPLACE deletes without firing a trigger of DELETE; it is refused all the same."""
    fill(light_world, 1)
    columns = "id, at, actor, claimed_actor, surface, operation, target, outcome, reason, correlation_id, hash"
    with pytest.raises(DBAPIError, match="append-only"):
        light_world.execute(
            f"INSERT OR REPLACE INTO audit_event ({columns}) "
            "SELECT id, at, 'UEVIL', claimed_actor, surface, operation, target, outcome, reason, correlation_id, hash"
            " FROM audit_event"
        )
    assert verify(light_world).ok


def test_the_sealer_links_everything_once_in_batches(world: World) -> None:
    """What is unsealed is linked, at most a batch a run; then there is nothing left, and verify agrees."""
    service_batch, service.SEAL_BATCH = service.SEAL_BATCH, 3
    try:
        fill(world, 7, sealed=False)
        assert [world.system("audit.seal").sealed for _ in range(4)] == [3, 3, 1, 0]
    finally:
        service.SEAL_BATCH = service_batch
    assert verify(world).model_dump(include={"ok", "sealed", "unsealed"}) == {"ok": True, "sealed": 7, "unsealed": 0}
    assert [row.seq for row in world.rows("audit_chain")] == list(range(1, 8))


def test_verify_reports_the_tail_that_is_not_sealed_yet(world: World) -> None:
    """Unsealed entries are counted and are no break; the head is the last link's hash."""
    fill(world, 2)
    head = world.rows("audit_chain")[-1].hash
    fill(world, 3, sealed=False)
    found = verify(world)
    assert (found.ok, found.sealed, found.unsealed, found.head) == (True, 2, 3, head)


def test_an_empty_log_is_in_order(world: World) -> None:
    """Nothing to verify is no break."""
    found = verify(world)
    assert (found.ok, found.sealed, found.unsealed, found.head) == (True, 0, 0, None)


def test_two_sealers_at_once_make_one_chain(world: World) -> None:
    """No entry is linked twice and no link is lost, whoever seals."""
    fill(world, 12, sealed=False)
    at_once(*[lambda: world.system("audit.seal")] * 4)
    world.seal()
    found = verify(world)
    assert (found.ok, found.sealed, found.unsealed) == (True, 12, 0)


def test_sealing_while_others_write_misses_nothing(world: World) -> None:
    """Writers and sealers together: in the end everything is sealed and nothing is broken."""
    at_once(
        *[lambda: fill(world, 6, sealed=False)] * 2,
        *[lambda: [world.system("audit.seal") for _ in range(6)]] * 2,
    )
    world.seal()
    found = verify(world)
    assert (found.ok, found.sealed, found.unsealed) == (True, 12, 0)


def test_ids_that_commit_out_of_order_are_not_missed(postgres_world: World) -> None:
    """An entry with a smaller id that commits after a larger one was sealed is sealed later, and nothing breaks."""
    world = postgres_world
    insert = text(
        "INSERT INTO audit_event (at, actor, surface, operation, target, outcome, correlation_id, hash)"
        " VALUES (:at, 'U1', 'slack', 'test', '', 'done', 'c', :hash) RETURNING id"
    )
    row = {
        "at": world.clock(), "actor": "U1", "claimed_actor": None, "surface": "slack", "operation": "test",
        "target": "", "outcome": "done", "reason": None, "correlation_id": "c", "before": None, "after": None,
    }  # fmt: skip
    hashed = rules.content_hash(row)
    with world.database.write() as slow:
        first = slow.scalar(insert, {"at": world.clock(), "hash": hashed})
        with world.database.write() as fast:
            second = fast.scalar(insert, {"at": world.clock(), "hash": hashed})
        assert first < second
        assert world.system("audit.seal").sealed == 1
        assert verify(world).ok
    assert verify(world).unsealed == 1
    assert world.system("audit.seal").sealed == 1
    assert [row.event_id for row in world.rows("audit_chain")] == [second, first]
    assert verify(world).ok


def _tamper(world: World, *statements: str) -> Verification:
    world.unguard("audit_event", "audit_chain")
    for statement in statements:
        assert world.execute(statement) >= 1, statement
    return verify(world)


JSON_VALUE = "'{\"a\": 1}'"
CONTENT = {
    "actor": "'UEVIL'", "claimed_actor": "'UEVIL'", "surface": "'cli'", "operation": "'x.y'", "target": "'x'",
    "outcome": "'refused'", "reason": "'because'", "correlation_id": "'x'", "at": "'2020-01-01 00:00:00'",
}  # fmt: skip


@pytest.mark.parametrize("sealed", [True, False])
def test_changed_content_is_named(world: World, sealed: bool) -> None:
    """Any column of an entry altered, sealed or not: verify names the entry; put back, all is well."""
    fill(world, 5, sealed=sealed)
    world.unguard("audit_event")
    world.execute("CREATE TABLE kept AS SELECT * FROM audit_event WHERE id = 3")
    for column, value in {**CONTENT, "before": JSON_VALUE, "after": JSON_VALUE}.items():
        assert world.execute(f'UPDATE audit_event SET "{column}" = {value} WHERE id = 3') == 1
        found = verify(world)
        assert not found.ok, column
        assert "entry 3" in (found.first_break or ""), column
        assert "was changed" in (found.first_break or ""), column
        world.execute(f'UPDATE audit_event SET "{column}" = (SELECT "{column}" FROM kept) WHERE id = 3')
        assert verify(world).ok, column


BREAKS: dict[str, tuple[tuple[str, ...], str]] = {
    "a removed entry": (
        ("DELETE FROM audit_chain WHERE event_id = 3", "DELETE FROM audit_event WHERE id = 3"),
        "link 3 is missing",
    ),
    "a removed link": (("DELETE FROM audit_chain WHERE seq = 3",), "link 3 is missing"),
    "the removed first link": (("DELETE FROM audit_chain WHERE seq = 1",), "link 1 is missing"),
    "the removed last link": (("DELETE FROM audit_chain WHERE seq = 5",), "entry 5 was taken out"),
    "a changed link": (("UPDATE audit_chain SET hash = 'x' WHERE seq = 3",), "link 3 (entry 3) was changed"),
    "a changed way back": (("UPDATE audit_chain SET previous_hash = 'x' WHERE seq = 3",), "link 3 does not follow"),
    "swapped entries of two links": (
        (
            "UPDATE audit_chain SET event_id = -1 WHERE seq = 2", "UPDATE audit_chain SET event_id = 2 WHERE seq = 3",
            "UPDATE audit_chain SET event_id = 3 WHERE seq = 2",
        ),
        "link 2 (entry 3) was changed",
    ),
    "swapped places of two links": (
        (
            "UPDATE audit_chain SET seq = -1 WHERE seq = 2", "UPDATE audit_chain SET seq = 2 WHERE seq = 3",
            "UPDATE audit_chain SET seq = 3 WHERE seq = -1",
        ),
        "link 2 does not follow",
    ),
    "a sealed entry queued again": (
        ("INSERT INTO audit_unsealed (event_id) VALUES (4)",), "entry 4 is sealed, and was put into the queue",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_the_first_break_is_named(world: World, name: str) -> None:
    """Whatever was done to the chain, verify says where it first breaks."""
    fill(world, 5)
    statements, words = BREAKS[name]
    if not world.is_sqlite:
        world.execute("ALTER TABLE audit_chain DROP CONSTRAINT fk_audit_chain_event_id")
        found = _tamper(world, *statements)
    else:
        found = _with_foreign_keys_off(world, lambda: _tamper(world, *statements))
    assert not found.ok
    assert words in (found.first_break or ""), found


def _with_foreign_keys_off(world: World, work: Callable[[], Verification]) -> Verification:
    from sqlalchemy import event

    event.listen(world.database.engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=OFF").close())
    world.database.engine.dispose()
    return work()


def test_an_entry_missing_under_its_link_is_named(world: World) -> None:
    """The row is gone, its link still stands."""
    fill(world, 5)
    if world.is_sqlite:
        found = _with_foreign_keys_off(world, lambda: _tamper(world, "DELETE FROM audit_event WHERE id = 3"))
    else:
        world.execute("ALTER TABLE audit_chain DROP CONSTRAINT fk_audit_chain_event_id")
        found = _tamper(world, "DELETE FROM audit_event WHERE id = 3")
    assert found.first_break == "entry 3 (link 3) is missing"


def test_a_changed_entry_with_a_matching_hash_of_its_own_is_named(world: World) -> None:
    """Who recomputes the entry's hash too still breaks the link."""
    fill(world, 5)
    world.unguard("audit_event")
    world.execute("UPDATE audit_event SET actor = 'UEVIL' WHERE id = 3")
    row = next(row for row in world.audit() if row.id == 3)
    hashed = rules.content_hash(row._mapping)
    world.execute("UPDATE audit_event SET hash = :hash WHERE id = 3", hash=hashed)
    assert verify(world).first_break == "link 3 (entry 3) was changed"


def test_an_entry_taken_out_of_the_queue_is_named(world: World) -> None:
    """Unsealed and no longer waiting to be: it would never be sealed."""
    fill(world, 2)
    fill(world, 3, sealed=False)
    world.execute("DELETE FROM audit_unsealed WHERE event_id = 4")
    found = verify(world)
    assert (found.ok, found.first_break) == (False, "entry 4 was taken out of the queue of the sealer")


def test_an_entry_missing_that_waits_to_be_sealed_is_named(world: World) -> None:
    """The queue knows of an entry that is gone."""
    fill(world, 3, sealed=False)
    assert _tamper(world, "DELETE FROM audit_event WHERE id = 2").first_break == "entry 2, not sealed yet, is missing"


def test_of_two_breaks_the_first_is_named(world: World) -> None:
    """Verify stops at the earliest."""
    fill(world, 6)
    found = _tamper(
        world, "UPDATE audit_event SET actor = 'UEVIL' WHERE id = 5", "UPDATE audit_event SET actor = 'U' WHERE id = 2"
    )
    assert (found.first_break or "").startswith("entry 2 ")
    assert found.sealed == 1


def test_verify_looks_at_the_log_in_batches(world: World) -> None:
    """A break behind the first batch is found."""
    batch, service.VERIFY_BATCH = service.VERIFY_BATCH, 2
    try:
        fill(world, 7)
        assert verify(world).sealed == 7
        assert "entry 6" in str(_tamper(world, "UPDATE audit_event SET actor = 'U' WHERE id = 6").first_break)
    finally:
        service.VERIFY_BATCH = batch


def test_the_chain_starts_at_genesis_and_each_link_covers_the_one_before(world: World) -> None:
    """The hashes are the published ones, so that anybody can recompute them."""
    fill(world, 3)
    previous = rules.GENESIS
    for link, event in zip(world.rows("audit_chain"), world.audit(), strict=True):
        assert event.hash == rules.content_hash(event._mapping)
        assert link.previous_hash == previous
        previous = rules.link_hash(link.seq, event.id, event.hash, previous)
        assert link.hash == previous


def test_the_list_pages_backwards(world: World) -> None:
    """Newest first, with a cursor until there is nothing more."""
    fill(world, 5)
    first = world.done(AUDITOR, "audit.list", limit=2)
    second = world.done(AUDITOR, "audit.list", limit=2, cursor=first.next_cursor)
    third = world.done(AUDITOR, "audit.list", limit=2, cursor=second.next_cursor)
    told = [[line.audit_id for line in page.items] for page in (first, second, third)]
    assert told == [[5, 4], [3, 2], [1]]
    assert third.next_cursor is None
    assert world.refused(MANAGER, "audit.list", limit=201).field == "limit"
    assert world.refused(MANAGER, "audit.list", limit=0).field == "limit"


def test_the_entries_of_some_days_by_the_businesss_clock_page_backwards(world: World) -> None:
    """Both days are whole, midnight to midnight in Toronto; a page has no entry of another day."""
    for hour in ("22T23:59:59", "23T00:00:00", "26T12:00:00", "29T23:59:59", "30T00:00:00"):
        world.clock.now = datetime.fromisoformat(f"2026-11-{hour}-05:00").astimezone(UTC)
        world.done(OPERATOR, "killswitch.engage")
    days = {"from": "2026-11-23", "to": "2026-11-29"}
    page = world.done(AUDITOR, "audit.list", limit=2, **days)
    rest = world.done(AUDITOR, "audit.list", limit=2, cursor=page.next_cursor, **days)
    assert [line.audit_id for line in (*page.items, *rest.items)] == [4, 3, 2]
    assert rest.next_cursor is None
    for given, expected in (({"from": "2026-11-29"}, [5, 4]), ({"to": "2026-11-22"}, [1]), ({"from": "today"}, [5])):
        assert [line.audit_id for line in world.done(AUDITOR, "audit.list", **given).items] == expected
    assert world.refused(AUDITOR, "audit.list", **{"from": "2026-11-29", "to": "2026-11-23"}).field == "to"
    assert world.refused(AUDITOR, "audit.list", **{"from": "soon"}).field == "from"
