"""Naming a process, and writing down that it lives."""

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete

from domain.act import Act
from domain.database import Database, insert_into
from domain.delivery.results import Pruned
from domain.processes.tables import ProcessHeartbeat

LONGEST_HOST = 32
KEPT = timedelta(days=7)


def process_id() -> str:
    """Name the calling process: `host:pid:random`, since hosts and pids come again."""
    return f"{socket.gethostname()[:LONGEST_HOST]}:{os.getpid()}:{secrets.token_hex(3)}"


def beat(
    database: Database, kind: str, name: str, seen: Mapping[str, Any], *, started_at: datetime, now: datetime
) -> None:
    """Write down that the calling process lives, and what it last saw."""

    def work(connection: Connection) -> None:
        fresh = {"seen_at": now, "seen": dict(seen)}
        connection.execute(
            insert_into(connection, ProcessHeartbeat)
            .values(
                process_id=name, kind=kind, host=socket.gethostname()[:128], pid=os.getpid(), started_at=started_at,
                **fresh,
            )
            .on_conflict_do_update(index_elements=[ProcessHeartbeat.process_id], set_=fresh)
        )  # fmt: skip

    database.attempt(work)


def prune(act: Act) -> Pruned:
    """Forget processes that were last seen long ago."""
    gone = act.connection.execute(delete(ProcessHeartbeat).where(ProcessHeartbeat.seen_at < act.now - KEPT)).rowcount
    return Pruned(pruned=gone)
