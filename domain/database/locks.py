"""The advisory locks: Prime Law's, which every act shares, an idempotency key's, the sealer's, and two more (spec/5).

On SQLite a write transaction is alone by itself (`BEGIN IMMEDIATE`), so none is a statement there.
"""

import zlib
from enum import StrEnum

from sqlalchemy import Connection, text

PRIME = 0x56414C01
SEALER = 0x56414C02
BOOKS = 0x56414C03
"""Risk Guard's books, in the order of arrival: waiters for a row that is updated all the time overtake each other."""
ROTA = 0x56414C04
"""Taking over on call: whoever takes over must see whom, and there is no row that stands for the rota."""
KEYS = 0x56414C
"""The space of the keys' locks, apart from the single numbers above."""
ACTING_TIMEOUT_MS = 1_000
"""An acting transaction holds Prime Law's shared lock, so no statement and no pause in it may last longer."""


class PrimeMode(StrEnum):
    """How an operation takes Prime Law's lock."""

    NONE = "none"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"


_TIMEOUTS = ", ".join(
    f"set_config('{name}', '{ACTING_TIMEOUT_MS}', true)"
    for name in ("statement_timeout", "idle_in_transaction_session_timeout")
)
_PRIME = {
    PrimeMode.SHARED: f"{_TIMEOUTS}, pg_advisory_xact_lock_shared({PRIME})",
    PrimeMode.EXCLUSIVE: f"pg_advisory_xact_lock({PRIME})",
}
_KEY = f"pg_advisory_xact_lock({KEYS}, :key)"
_LOCK = {
    (mode, has_key): text(
        # Taken in a subquery, of whose columns none is sent: what is not read costs most of the statement's time.
        f"SELECT FROM (SELECT {', '.join(part for part in (_PRIME.get(mode), _KEY if has_key else None) if part)})"
        " AS taken"
    )
    for mode in PrimeMode
    for has_key in (False, True)
}
"""One statement takes both, Prime Law's first: that is the order of locks everywhere."""
_ROTA = text("SELECT pg_advisory_xact_lock(:key)")
_SEALER = text("SELECT pg_try_advisory_xact_lock(:key)")


def lock_call(connection: Connection, mode: PrimeMode, key: bytes | None) -> None:
    """Take Prime Law's lock and an idempotency key's until the transaction ends.

    What they guard must be read by a later statement. Two keys with the same 32-bit hash wait for each other, which
    costs them a moment and nothing else.
    """
    if connection.dialect.name != "postgresql" or (mode is PrimeMode.NONE and key is None):
        return
    connection.execute(_LOCK[mode, key is not None], {} if key is None else {"key": zlib.crc32(key) - 2**31})


def try_lock_sealer(connection: Connection) -> bool:
    """Become the one sealer until the transaction ends, or return False at once."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.scalar(_SEALER, {"key": SEALER}))


def lock_rota(connection: Connection) -> None:
    """Be the only one who takes over until the transaction ends; who is on call must be read by a later statement."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ROTA, {"key": ROTA})
