"""One operation, one typed record: everything a surface shows or a gate asks is derived from it (spec/3)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from domain.database import PrimeMode
from domain.identity import Role, Surface
from domain.outcomes import Refused, Result
from domain.parameters import Parameter, Params, describe

if TYPE_CHECKING:
    from domain.act import Act

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)


class ExecutionClass(StrEnum):
    """What kind of act it is, for Prime Law (spec/1)."""

    OBSERVE_ONLY = "OBSERVE_ONLY"
    GOVERN = "GOVERN"
    SANDBOX_EXEC = "SANDBOX_EXEC"
    PROD_EXEC = "PROD_EXEC"


@dataclass(frozen=True, slots=True)
class Slash:
    """How it is typed: `/command verb`; `default` views also answer the bare command."""

    command: str
    verb: str | None = None
    default: bool = False


@dataclass(frozen=True, slots=True)
class Http:
    """Its route under `/api`."""

    method: str
    path: str


class Checked(Result):
    """One gate of an approval, judged at the request and again at the decision."""

    name: str
    ok: bool
    detail: str
    waivable: bool = True
    """Whether break glass may act against it."""


class Wanted(Result):
    """The words of an approval card that only the operation knows (spec/cards, 2 and 3)."""

    what: str
    """After “APPROVAL WANTED:”, a verb phrase."""
    facts: tuple[tuple[str, str], ...] = ()
    if_approved: str
    does_not_change: str = ""
    way_back: str
    done: str
    """The headline after it happened: what is true now."""
    unchanged: str
    """The headline's object where it did not happen: what stays as it was."""
    approve_label: str = "Approve"
    """The confirming button's words; it names the act."""


def _manager(_act: "Act", _params: Any) -> Role:
    return Role.MANAGER


def _always(_act: "Act", _params: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class ApprovalRule(Generic[P]):
    """When a second person is needed, what the request is bound to, and which gates must hold (spec/5)."""

    wanted: "Callable[[Act, P], Wanted]"
    binds: "Callable[[Act, P], dict[str, str]]"
    """Named figures (row versions) that must be the same when it is decided."""
    gates: "Callable[[Act, P], tuple[Checked, ...]]" = field(default=lambda _act, _params: ())
    needed: "Callable[[Act, P], bool]" = _always
    decider: "Callable[[Act, P], Role]" = _manager
    layer: str = "Approvals"
    """Which layer refuses where a gate does not hold."""
    cure: str = ""
    """Where the gates and their cures can be seen."""
    expires: timedelta = timedelta(hours=72)
    until_working_noon: bool = True
    """Whether it lives at least until noon of the next working day."""
    owner_alone: "Callable[[Act, P], bool]" = field(default=lambda _act, _params: False)
    """Whether an owner may do it at once while go-live was never enabled (“set-up”, spec/5)."""


PEOPLE = frozenset({Surface.SLACK, Surface.CLI, Surface.HTTP, Surface.WORKER})


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[P, R]):
    """A thing that can be done, and everything that is true of it on every surface."""

    name: str
    summary: str
    params: type[P]
    result: type[R]
    run: "Callable[[Act, P], R | Refused]"
    role: Role | None
    klass: ExecutionClass
    reduces: bool = False
    """The ↓ of spec/3: reduces risk or records a fact, allowed in every state."""
    reads: bool = False
    """Writes nothing: no lock, no idempotency key, no audit entry."""
    target: Callable[[P], str] = field(default=lambda _params: "")
    is_target_personal: bool = False
    """Whether two people's calls are about two different things."""
    approval: ApprovalRule[P] | None = None
    slack: Slash | None = None
    also: tuple[Slash, ...] = ()
    """Other ways to type it."""
    http: Http | None = None
    also_http: tuple[Http, ...] = ()
    """Other routes of the same operation."""
    example: str = ""
    surfaces: frozenset[Surface] = PEOPLE
    internal: bool = False
    """Run by the program itself only; no surface shows it."""
    changes_switch: bool = False
    """Stops what acts, or lets it act again, so it takes Prime Law's lock alone."""
    decides: "Callable[[Act, P], str | None] | None" = None
    """For operations that carry out another one: which, read without a lock."""
    is_setup: bool = False
    """One of an owner's set-up changes: listed on the go-live request."""

    def __post_init__(self) -> None:
        """Refuse contradictions at import."""
        if self.internal and (self.typed() or self.routes()):
            raise ValueError(f"{self.name}: an internal operation has no surface")
        if self.also_http and not self.http:
            raise ValueError(f"{self.name}: other routes stand beside a first one")
        if self.reads and (self.approval or self.changes_switch):
            raise ValueError(f"{self.name}: a reading operation changes nothing")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameters as surfaces need them, in their order."""
        return describe(self.params)

    def target_of(self, params: P, actor: str) -> str:
        """Say what a call is about, for the audit and for “one open request per operation and target”."""
        return f"{self.target(params)} {actor}" if self.is_target_personal else self.target(params)

    def typed(self) -> tuple[Slash, ...]:
        """Return every way to type it in Slack."""
        return (*((self.slack,) if self.slack else ()), *self.also)

    def forms(self) -> list[object]:
        """Return what no other operation may claim: its command lines and its routes."""
        lines: list[object] = [(slash.command, slash.verb) for slash in self.typed()]
        return [*lines, *self.routes()]

    def routes(self) -> tuple[Http, ...]:
        """Return every route of it, the first one first."""
        return (*((self.http,) if self.http else ()), *self.also_http)

    @property
    def acts(self) -> bool:
        """Whether Prime Law can refuse it (S and P without ↓)."""
        return self.klass in {ExecutionClass.SANDBOX_EXEC, ExecutionClass.PROD_EXEC} and not self.reduces

    @property
    def prime_mode(self) -> PrimeMode:
        """How it takes Prime Law's lock."""
        if self.changes_switch:
            return PrimeMode.EXCLUSIVE
        return PrimeMode.SHARED if self.acts else PrimeMode.NONE


AnyOperation = Operation[Any, Any]


class Registry(Mapping[str, AnyOperation]):
    """All operations by name; a duplicate name, command or route is refused when it is built."""

    def __init__(self, operations: "Iterator[AnyOperation] | list[AnyOperation]") -> None:
        """Index `operations`; raises `ValueError` on a duplicate."""
        self._by_name: dict[str, AnyOperation] = {}
        taken: set[object] = set()
        for operation in operations:
            if operation.name in self._by_name:
                raise ValueError(f"two operations are named {operation.name}")
            for surface in operation.forms():
                if surface in taken:
                    raise ValueError(f"{operation.name}: {surface} is taken")
                taken.add(surface)
            self._by_name[operation.name] = operation

    def __getitem__(self, name: str) -> AnyOperation:
        """Return the operation of that name; raises `KeyError`."""
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._by_name)

    def __len__(self) -> int:
        """Count the operations."""
        return len(self._by_name)

    def public(self) -> list[AnyOperation]:
        """Return the operations that people and programs may call."""
        return [operation for operation in self.values() if not operation.internal]

    def internal(self) -> list[AnyOperation]:
        """Return the operations the program runs by itself."""
        return [operation for operation in self.values() if operation.internal]
