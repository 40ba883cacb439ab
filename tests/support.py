"""What tests of the domain share: a world with a gate, a clock that tests move, and people of each role."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from sqlalchemy import JSON, Table, insert, select, text, update
from sqlalchemy.types import TypeEngine

from domain import tables
from domain.access.people import holders
from domain.access.tables import Person, RoleGrant
from domain.act import Act, Entry
from domain.approvals import rules as approval_rules
from domain.approvals.tables import Approval
from domain.audit.tables import AuditEvent
from domain.database import Base, Database, UtcDateTime
from domain.gate import Call, Gate
from domain.gate.reading import standing_and_state
from domain.identity import SYSTEM, Caller, Role, Surface
from domain.operation import AnyOperation, ApprovalRule, Checked, ExecutionClass, Operation, Wanted
from domain.outcomes import Done, Held, Outcome, PendingApproval, Refused, Result
from domain.parameters import Arg, Params, Text
from domain.prime_law.tables import GoLiveState
from domain.processes.tables import ProcessHeartbeat
from domain.registry import build_registry
from domain.runbook.rules import STATEMENTS
from domain.runbook.tables import Attestation
from domain.settings import Settings

assert tables.FEATURES

OWNER, MANAGER, SECOND, ONCALL, OPERATOR, AUDITOR = "UOWNER", "UMANAGER", "USECOND", "UONCALL", "UOPERATOR", "UAUDITOR"
STRANGER = "USTRANGER"
STAFF: Mapping[str, Role] = {
    OWNER: Role.OWNER,
    MANAGER: Role.MANAGER,
    SECOND: Role.MANAGER,
    ONCALL: Role.ONCALL,
    OPERATOR: Role.OPERATOR,
    AUDITOR: Role.AUDITOR,
}
START = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
"""A Tuesday, ten in the morning in Toronto."""
PATIENCE = 20.0
"""How long a test waits for a thread before it fails; nothing waits this long where all is well."""
FILLERS: Mapping[type, Any] = {str: "x", int: 1, bool: False, float: 1.0, date: START.date()}
Snapshot = dict[str, list[tuple[Any, ...]]]


def _filler(kind: TypeEngine[Any]) -> Any:
    if isinstance(kind, UtcDateTime):
        return START
    return {} if isinstance(kind, JSON) else FILLERS[kind.python_type]


class MovingClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        """Move by days, hours, minutes, seconds, milliseconds or microseconds; return the new time."""
        self.now += timedelta(**span)
        return self.now


class Deed(Params):
    """What a test's operation is asked to do."""

    thing: Annotated[Text, Arg("anything", "ladder")] = "thing"
    amount: Annotated[Text, Arg("anything", "5")] = "1"


class Acted(Result):
    """A test's operation acted."""

    deed: str


@dataclass
class Facts:
    """What the test's governed operation is bound to and gated by; tests change it."""

    bindings: dict[str, str] = field(default_factory=lambda: {"policy": "7"})
    gates: list[Checked] = field(default_factory=list)
    refuses: Refused | None = None


def _act(act: Act, params: Deed) -> Acted:
    """Leave one KPI event for every time it acted, so that twice is two rows."""
    deed = uuid4().hex
    act.kpi("TEST.acted", event_id=deed, success=True, source=act.entry.operation, market=params.amount)
    act.changed(params.thing, after={"deed": deed})
    return Acted(deed=deed)


def deed(name: str, klass: ExecutionClass, *, reduces: bool = False, **more: Any) -> AnyOperation:
    """Make an operation that leaves a trace when it acts, for any operator."""
    return Operation(
        name=name, summary="Do a test's deed", params=Deed, result=Acted, run=_act, role=Role.OPERATOR, klass=klass,
        reduces=reduces, target=lambda params: params.thing, **more,
    )  # fmt: skip


def _wanted(_act: Act, params: Deed) -> Wanted:
    return Wanted(
        what=f"set {params.thing} to {params.amount}", if_approved="it is set", way_back="set it back",
        done=f"{params.thing} is {params.amount}", unchanged=f"{params.thing} stays",
    )  # fmt: skip


def deeds(facts: Facts) -> tuple[AnyOperation, ...]:
    """One operation of every class with and without ↓, and one (PROD_EXEC, GOVERN) that needs approval."""

    def governed(act: Act, params: Deed) -> Acted | Refused:
        return facts.refuses or _act(act, params)

    rule: ApprovalRule[Deed] = ApprovalRule(
        wanted=_wanted, binds=lambda _act, _params: dict(facts.bindings), gates=lambda _act, _params: tuple(facts.gates)
    )
    plain = [
        deed(f"test.{klass.value.lower()}{'_down' if reduces else ''}", klass, reduces=reduces)
        for klass in ExecutionClass
        for reduces in (False, True)
    ]
    asked = [
        Operation(
            name=name, summary="Set a test's policy", params=Deed, result=Acted, run=governed, role=Role.ONCALL,
            klass=klass, target=lambda params: params.thing, approval=rule,
        )
        for name, klass in (
            ("test.policy_set", ExecutionClass.GOVERN),
            ("test.send_above_cap", ExecutionClass.PROD_EXEC),
        )
    ]  # fmt: skip
    return (*plain, *asked)


class World:
    """A database, the gate in front of it, the time, and the people."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self.clock = MovingClock()
        self.facts = Facts()
        self.registry = build_registry(*deeds(self.facts))
        self.settings = Settings.model_validate({"VALHALLA_OWNERS": (OWNER,), **settings})
        self.database = Database(url)
        self.gate = Gate(self.database, self.registry, self.settings, self.clock)

    @property
    def is_sqlite(self) -> bool:
        """Whether this world's rows are in SQLite."""
        return self.database.is_sqlite

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    # -- people ---------------------------------------------------------------------------------------------

    def staff(self) -> None:
        """Let one person of each role (two managers) have worked here for a month."""
        self._hire(STAFF, self.clock() - timedelta(days=30), "grant")

    def hire(self, user: str, role: Role, *, since: datetime | None = None, source: str = "grant") -> None:
        """Give a role behind the gate's back."""
        self._hire({user: role}, since or self.clock() - timedelta(days=30), source)

    def _hire(self, people: Mapping[str, Role], at: datetime, source: str) -> None:
        with self.database.write() as connection:
            known = set(connection.scalars(select(Person.user_id)))
            for user, role in people.items():
                if user not in known:
                    connection.execute(insert(Person).values(user_id=user, first_seen_at=at))
                values = {"user_id": user, "role": role.word, "source": source, "granted_by": "test", "granted_at": at}
                connection.execute(insert(RoleGrant).values(**values))

    def fire(self, user: str) -> None:
        """Take every role behind the gate's back."""
        self.execute(
            "UPDATE role_grant SET revoked_at = granted_at WHERE user_id = :user AND revoked_at IS NULL", user=user
        )

    def deactivate(self, user: str) -> None:
        """Let Slack have deactivated the account."""
        with self.database.write() as connection:
            connection.execute(update(Person).where(Person.user_id == user).values(deactivated_at=self.clock()))

    # -- calls ----------------------------------------------------------------------------------------------

    def call(
        self, user: str, operation: str, /, *, surface: Surface = Surface.SLACK, key: str | None = None,
        break_glass: str | None = None, hold_until: datetime | None = None, **params: Any,
    ) -> Call:  # fmt: skip
        """Build a call."""
        return Call(
            operation, params, Caller(user, surface), key=key, break_glass_reason=break_glass, hold_until=hold_until
        )

    def run(self, user: str, operation: str, /, **more: Any) -> Outcome:
        """Call an operation through the gate."""
        return self.gate.run(self.call(user, operation, **more))

    def done(self, user: str, operation: str, /, **more: Any) -> Any:
        """Call an operation that must act; return its result."""
        outcome = self.run(user, operation, **more)
        assert isinstance(outcome, Done), outcome
        return outcome.result

    def pending(self, user: str, operation: str, /, **more: Any) -> PendingApproval:
        """Call an operation that must end in a request."""
        outcome = self.run(user, operation, **more)
        assert isinstance(outcome, PendingApproval), outcome
        return outcome

    def refused(self, user: str, operation: str, /, **more: Any) -> Refused:
        """Call an operation that must be refused."""
        outcome = self.run(user, operation, **more)
        assert isinstance(outcome, Refused), outcome
        assert outcome.detail
        assert outcome.layer
        return outcome

    def held(self, user: str, operation: str, /, **more: Any) -> Held:
        """Call an operation as a worker; it must be held."""
        more.setdefault("hold_until", self.clock() + timedelta(hours=1))
        outcome = self.run(user, operation, surface=Surface.WORKER, **more)
        assert isinstance(outcome, Held), outcome
        return outcome

    def system(self, operation: str, /, **params: Any) -> Any:
        """Run an internal operation; return its result."""
        outcome = self.gate.run(Call(operation, params, SYSTEM))
        assert isinstance(outcome, Done), outcome
        return outcome.result

    @contextmanager
    def act(self, user: str = OWNER, operation: str = "test") -> Iterator[Act]:
        """Open an act by hand, for services that no operation reaches yet; its messages are not recorded."""
        with self.database.write() as connection:
            caller = Caller(user, Surface.SLACK)
            standing, state = standing_and_state(connection, caller)
            yield Act(
                connection=connection, now=self.clock(), settings=self.settings, registry=self.registry, caller=caller,
                standing=standing, prime=state, correlation_id=uuid4().hex,
                entry=Entry(actor=user, surface="slack", operation=operation),
            )  # fmt: skip

    # -- the state of things ----------------------------------------------------------------------------------

    def switches(self, *, live: bool = False, engaged: bool = False, ever_live: bool | None = None) -> None:
        """Set the switches behind the gate's back."""
        was_live = live if ever_live is None else ever_live
        with self.database.write() as connection:
            connection.execute(
                update(GoLiveState).values(
                    go_live_enabled=live, kill_switch_engaged=engaged, version=GoLiveState.version + 1,
                    first_enabled_at=self.clock() if was_live else None,
                    engaged_by=OPERATOR if engaged else None, engaged_at=self.clock() if engaged else None,
                )
            )  # fmt: skip

    def make_ready(self) -> None:
        """Record everything the runbook asks for, so that it has no blocker now."""
        now = self.clock()
        with self.database.write() as connection:
            for kind in ("worker", "scheduler", "bot"):
                connection.execute(
                    insert(ProcessHeartbeat).values(
                        process_id=uuid4().hex, kind=kind, host="test", pid=1, started_at=now, seen_at=now,
                        seen={"slack": "ok", "redis": "ok"},
                    )
                )  # fmt: skip
            for statement in STATEMENTS:
                connection.execute(insert(Attestation).values(statement=statement, actor=MANAGER, at=now))

    def keep_ready(self) -> None:
        """Let the processes have been seen just now."""
        with self.database.write() as connection:
            connection.execute(update(ProcessHeartbeat).values(seen_at=self.clock()))
        self.seal()

    def seal(self) -> None:
        """Seal everything."""
        while self.system("audit.seal").sealed:
            pass

    def seen(self, approval_id: int) -> str:
        """What the newest card of a request carries in its buttons."""
        return approval_rules.seen(self.approval(approval_id).seal)

    def approval(self, approval_id: int) -> Any:
        """The row of a request."""
        with self.database.read() as connection:
            return connection.execute(select(Approval.__table__).where(Approval.id == approval_id)).one()

    def approve(self, user: str, approval_id: int, **more: Any) -> Outcome:
        """Press *Approve* on the newest card."""
        more.setdefault("seen", self.seen(approval_id))
        return self.run(user, "approvals.approve", approval_id=approval_id, **more)

    def managers(self) -> tuple[str, ...]:
        """Everybody who is a manager or more."""
        with self.database.read() as connection:
            return holders(connection, Role.MANAGER)

    # -- rows -------------------------------------------------------------------------------------------------

    def rows(self, table: str | Table, where: str = "1 = 1", **values: Any) -> list[Any]:
        """Read rows of a table, in the order of their ids."""
        found = Base.metadata.tables[table] if isinstance(table, str) else table
        query = select(found).where(text(where)).order_by(*found.primary_key.columns)
        with self.database.read() as connection:
            return list(connection.execute(query, values))

    def count(self, table: str, where: str = "1 = 1", **values: Any) -> int:
        """Count rows of a table."""
        return len(self.rows(table, where, **values))

    def acts(self) -> int:
        """How often a test's operation acted."""
        return self.count("kpi_event", "domain = 'TEST'")

    def audit(self, operation: str | None = None, outcome: str | None = None) -> list[Any]:
        """Read the audit, oldest first."""
        rows = self.rows(AuditEvent.__table__)  # type: ignore[arg-type]
        return [
            row
            for row in rows
            if (operation is None or row.operation == operation) and (outcome is None or row.outcome == outcome)
        ]

    def execute(self, statement: str, **values: Any) -> int:
        """Change rows behind the gate's back; return how many."""
        with self.database.write() as connection:
            return connection.execute(text(statement), values).rowcount

    def put(self, table: str, **values: Any) -> None:
        """Insert a row behind the gate's back; what it must have and is not given gets a value of its type."""
        found = Base.metadata.tables[table]
        filled: dict[str, Any] = {
            column.name: _filler(column.type)
            for column in found.columns
            if not column.nullable and column.default is None and not (column.primary_key and column.name == "id")
        }
        with self.database.write() as connection:
            connection.execute(insert(found).values(**{**filled, **values}))

    def wait_for_a_waiter(self) -> None:
        """Wait until somebody waits for a lock of this database (PostgreSQL)."""
        waiting = text(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with self.database.read() as connection:
                if connection.scalar(waiting):
                    return
        raise AssertionError("nobody waits")

    def unguard(self, *names: str) -> None:
        """Take the append-only triggers of tables away, as an intruder with the database's own rights would."""
        for name in names:
            if self.is_sqlite:
                for verb in ("update", "delete"):
                    self.execute(f"DROP TRIGGER {name}_append_only_{verb}")
            else:
                self.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")

    def snapshot(self, *, but: tuple[str, ...] = ()) -> Snapshot:
        """Read the whole database, to compare it with itself later."""
        found: Snapshot = {}
        with self.database.read() as connection:
            for name, table in sorted(Base.metadata.tables.items()):
                if name not in but:
                    found[name] = sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        return found


def changed_tables(before: Snapshot, after: Snapshot) -> set[str]:
    """Name the tables that differ."""
    return {name for name in before if before[name] != after[name]}


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run every work in a thread of its own, all starting at the same moment; return their results in order."""
    barrier = threading.Barrier(len(works))

    def start(work: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        futures: list[Future[Any]] = [pool.submit(start, work) for work in works]
        return [future.result(PATIENCE) for future in futures]


class Pause:
    """Holds the first act of an operation right before its commit, until the test lets it go on.

    `until_another_waits` and `until_another_ends` are what most tests want: two works, the second begun while the first
    is open and has written everything, and seen by nobody yet.
    """

    def __init__(self, world: World, operation: str) -> None:
        self._world = world
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self._operation = operation
        self._once = threading.Lock()
        world.gate.before_commit = self._wait

    def _wait(self, act: Act) -> None:
        if act.entry.operation == self._operation and self._once.acquire(blocking=False):
            self.reached.set()
            assert self.go_on.wait(PATIENCE)

    def wait(self) -> None:
        """Wait until an act stands before its commit."""
        assert self.reached.wait(PATIENCE)

    def until_another_waits(
        self, paused: Callable[[], Any], another: Callable[[], Any], *, meanwhile: Callable[[], Any] | None = None
    ) -> tuple[Any, Any]:
        """Hold `paused` until `another`, begun meanwhile, waits for a lock (PostgreSQL); return what both return.

        `meanwhile` runs while the one is held and the other waits. Whether it was this operation's lock that is waited
        for, the outcomes tell.
        """

        def release() -> None:
            self.wait()
            try:
                self._world.wait_for_a_waiter()
                if meanwhile is not None:
                    meanwhile()
            finally:
                self.go_on.set()

        first, second, _ = at_once(paused, lambda: self._after(another), release)
        return first, second

    def until_another_ends(self, paused: Callable[[], Any], another: Callable[[], Any]) -> tuple[Any, Any]:
        """Hold `paused` until `another`, begun meanwhile, is over, waiting for no lock; return what both do."""

        def ends() -> Any:
            try:
                return self._after(another)
            finally:
                self.go_on.set()

        first, second = at_once(paused, ends)
        return first, second

    def _after(self, another: Callable[[], Any]) -> Any:
        self.wait()
        return another()
