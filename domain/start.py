"""Making a gate that works: the database at head, the owners in their role."""

from domain.access.service import bootstrap_owners
from domain.clock import Clock, system_clock
from domain.database import Database, Unavailable, head_revision, migrate, schema_revision
from domain.database.engine import is_outage
from domain.gate import Gate
from domain.operation import AnyOperation
from domain.registry import build_registry
from domain.settings import Settings


class StartError(Exception):
    """The program cannot start; the message is one line that says why and what to do."""


def start(settings: Settings, *more: AnyOperation, clock: Clock = system_clock) -> Gate:
    """Return a gate on the settings' database.

    The embedded SQLite file is migrated by whoever comes first; a server is migrated on purpose (`valhalla migrate`).
    Raises `StartError` where the database is away or not at head.
    """
    database = Database(settings.database)
    try:
        _bring_to_head(database, settings)
        bootstrap_owners(database, settings.owners, clock)
    except StartError:
        raise
    except Unavailable as error:
        raise StartError(f"The database gives no answer ({error}): check DATABASE_URL.") from None
    except Exception as error:
        if not is_outage(error):
            raise
        first = str(error).strip().splitlines()[0]
        raise StartError(f"The database gives no answer ({first}): check DATABASE_URL.") from None
    return Gate(database, build_registry(*more), settings, clock)


def _bring_to_head(database: Database, settings: Settings) -> None:
    at, head = schema_revision(database), head_revision()
    if at == head:
        return
    if database.is_sqlite:
        migrate(settings.database)
        return
    where = f"is at revision {at}" if at else "is empty"
    raise StartError(f"The database {where}, this program needs {head}: run `valhalla migrate`.")
