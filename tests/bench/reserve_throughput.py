"""Reserving on one engine with sixteen threads, against a transaction written by hand that writes the same rows."""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
from sqlalchemy import text

from domain.gate import Call, Gate
from domain.identity import Caller, Surface
from domain.outcomes import Done
from tests.bench.rows import Row, pairs
from tests.bench.world import OWNER, go_live, open_gate, postgres, workplace
from tests.servers import libpq_url

THREADS = 16
EACH = 60
PRIME = 0x56414C01
ENGINE = "WHOLESALE"
Work = Callable[[], None]


def _rate(make: Callable[[], Work]) -> float:
    """Let every thread do its share, all starting at once; return how many a second all of them did."""
    barrier = threading.Barrier(THREADS + 1)
    failures: list[BaseException] = []

    def share() -> None:
        try:
            work = make()
            barrier.wait()
            for _ in range(EACH):
                work()
        except BaseException as error:
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=share) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return THREADS * EACH / (time.perf_counter() - started)


def _ours(gate: Gate) -> Work:
    console = Caller(OWNER, Surface.HTTP)

    def work() -> None:
        outcome = gate.run(Call("risk.reserve", {"engine": ENGINE, "amount": "1"}, console))
        assert isinstance(outcome, Done), outcome

    return work


def _by_hand(url: str) -> Work:
    """Reserve as somebody would by hand who wants what we promise.

    The switches and the caller's role under Prime Law's lock, the two books locked in one order, the caps and the holds
    looked at, and then the books, the reservation, its event, the audit entry and the KPI event.
    """
    connection = psycopg.connect(libpq_url(url))
    today = datetime.now(UTC).date()

    def work() -> None:
        now, mark = datetime.now(UTC), uuid4().hex
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (PRIME,))
            cursor.execute(
                "SELECT go_live_enabled, kill_switch_engaged, (SELECT role FROM role_grant WHERE user_id = %s"
                " AND revoked_at IS NULL LIMIT 1) FROM go_live_state WHERE id = 1",
                (OWNER,),
            )
            live, engaged, role = cursor.fetchone()  # type: ignore[misc]
            if not live or engaged or role is None:
                raise AssertionError("nothing may act")
            cursor.execute(
                "SELECT l.engine, l.exposure, l.loss, l.open_risk, l.actions, p.enabled, p.max_daily_loss,"
                " p.max_daily_exposure, p.max_open_risk, p.max_actions_per_day FROM risk_ledger l"
                " JOIN risk_policy p ON p.engine = l.engine WHERE l.engine IN ('GLOBAL', %s) AND l.day >= %s"
                " AND NOT l.is_closed ORDER BY l.engine <> 'GLOBAL' FOR UPDATE OF l",
                (ENGINE, today - timedelta(days=1)),
            )
            for _, exposure, loss, open_risk, actions, enabled, *caps in cursor.fetchall():
                used = (loss + 100, exposure + 100, open_risk + 100, actions + 1)
                if not enabled or any(cap is not None and one > cap for one, cap in zip(used, caps, strict=True)):
                    raise AssertionError("no room")
            cursor.execute(
                "SELECT 1 FROM risk_hold WHERE lifted_at IS NULL AND engine IN ('GLOBAL', %s) LIMIT 1", (ENGINE,)
            )
            if cursor.fetchone():
                raise AssertionError("on hold")
            cursor.execute(
                "UPDATE risk_ledger SET reserved = reserved + 100, open_risk = open_risk + 100, exposure = exposure"
                " + 100, actions = actions + 1 WHERE NOT is_closed AND engine IN ('GLOBAL', %s)",
                (ENGINE,),
            )
            cursor.execute(
                "INSERT INTO risk_reservation (engine, amount, state, day, created_by, created_at, expires_at)"
                " VALUES (%s, 100, 'OPEN', %s, %s, %s, %s) RETURNING id",
                (ENGINE, today, OWNER, now, now + timedelta(hours=72)),
            )
            (reservation_id,) = cursor.fetchone()  # type: ignore[misc]
            cursor.execute(
                "INSERT INTO risk_event (at, day, engine, kind, amount, reservation_id, actor, correlation_id)"
                " VALUES (%s, %s, %s, 'RESERVE', 100, %s, %s, %s)",
                (now, today, ENGINE, reservation_id, OWNER, mark),
            )
            entry = {"at": now.isoformat(), "actor": OWNER, "operation": "risk.reserve", "target": reservation_id}
            content = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()
            cursor.execute(
                "INSERT INTO audit_event (at, actor, surface, operation, target, outcome, correlation_id, after, hash)"
                " VALUES (%s, %s, 'http', 'risk.reserve', %s, 'done', %s, %s, %s)",
                (now, OWNER, f"R-{reservation_id}", mark, json.dumps(entry), content),
            )
            cursor.execute(
                "INSERT INTO kpi_event (domain, metric, event_id, success, occurred_at, recorded_at, actor,"
                " correlation_id) VALUES ('RISK', 'reserve_allowed', %s, true, %s, %s, %s, %s)",
                (f"hand{reservation_id}", now, now, OWNER, mark),
            )

    return work


def _two_rows(url: str) -> Work:
    """The bare update of the two books, in their order: what no transaction of this kind can go under."""
    connection = psycopg.connect(libpq_url(url))

    def work() -> None:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM risk_ledger WHERE engine IN ('GLOBAL', %s) AND NOT is_closed"
                " ORDER BY engine <> 'GLOBAL' FOR UPDATE",
                (ENGINE,),
            )
            cursor.execute(
                "UPDATE risk_ledger SET reserved = reserved + 1, open_risk = open_risk + 1"
                " WHERE NOT is_closed AND engine IN ('GLOBAL', %s)",
                (ENGINE,),
            )

    return work


def run() -> Row:
    """Measure the three in turn, on a server that commits durably."""
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        url = stack.enter_context(postgres(folder))
        gate = open_gate(url)
        stack.callback(gate.database.close)
        go_live(gate)
        with gate.database.write() as connection:
            connection.execute(text("UPDATE risk_policy SET max_daily_loss = NULL, max_daily_exposure = NULL"))
            connection.execute(text("UPDATE risk_policy SET max_open_risk = 100000000000"))
        bare: list[float] = []

        def by_hand() -> float:
            bare.append(_rate(lambda: _two_rows(url)))
            return _rate(lambda: _by_hand(url))

        mine, others = pairs(lambda: _rate(lambda: _ours(gate)), by_hand)
    floor = sorted(bare)[len(bare) // 2]
    return Row("reserve_throughput", "reserves/s", mine, others, {"two_row_update": round(floor, 1)})
