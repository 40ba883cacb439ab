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
    """Return a gate on the settings' database; raises `StartError` where that is away or not at head."""
    database = Database(settings.database)
    try:
        prepare(database, settings, clock)
    except Unavailable as error:
        database.close()
        raise StartError(f"The database gives no answer ({error}): check DATABASE_URL.") from None
    except StartError:
        database.close()
        raise
    return Gate(database, build_registry(*more), settings, clock)


def prepare(database: Database, settings: Settings, clock: Clock) -> None:
    """Bring the database to what the program needs, and the owners into their role.

    The embedded SQLite file is migrated by whoever comes first; a server is migrated on purpose (`valhalla migrate`).
    Raises `Unavailable` where the database is away, `StartError` where it is not at head.
    """
    try:
        at = schema_revision(database)
    except Exception as error:
        if not is_outage(error):
            raise
        raise Unavailable(str(error).strip().splitlines()[0]) from error
    if at != head_revision():
        if not database.is_sqlite:
            where = f"is at revision {at}" if at else "is empty"
            raise StartError(f"The database {where}, this program needs {head_revision()}: run `valhalla migrate`.")
        migrate(settings.database)
    bootstrap_owners(database, settings.owners, clock, is_production=settings.is_production)
