"""The two advisory locks: Prime Law's, which every act shares, and the sealer's (spec/5).

On SQLite a write transaction is alone by itself (`BEGIN IMMEDIATE`), so both are no statement there.
"""

from enum import StrEnum

from sqlalchemy import Connection, text

PRIME = 0x56414C01
SEALER = 0x56414C02
ACTING_TIMEOUT_MS = 1_000
"""An acting transaction holds Prime Law's shared lock, so no statement and no pause in it may last longer."""


class PrimeMode(StrEnum):
    """How an operation takes Prime Law's lock."""

    NONE = "none"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"


_SHARED = text(
    "SELECT set_config('statement_timeout', :timeout, true),"
    " set_config('idle_in_transaction_session_timeout', :timeout, true),"
    " pg_advisory_xact_lock_shared(:key)"
)
_EXCLUSIVE = text("SELECT pg_advisory_xact_lock(:key)")
_SEALER = text("SELECT pg_try_advisory_xact_lock(:key)")


def lock_prime(connection: Connection, mode: PrimeMode) -> None:
    """Take Prime Law's lock until the transaction ends; what it guards must be read by a later statement."""
    if mode is PrimeMode.NONE or connection.dialect.name != "postgresql":
        return
    if mode is PrimeMode.SHARED:
        connection.execute(_SHARED, {"key": PRIME, "timeout": str(ACTING_TIMEOUT_MS)})
    else:
        connection.execute(_EXCLUSIVE, {"key": PRIME})


def try_lock_sealer(connection: Connection) -> bool:
    """Become the one sealer until the transaction ends, or return False at once."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.scalar(_SEALER, {"key": SEALER}))
