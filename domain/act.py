"""The act: one operation inside its transaction, and everything it will leave behind when that commits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from domain.charts.results import Chart
from domain.database import PrimeMode
from domain.identity import Caller, Standing
from domain.outcomes import Result
from domain.prime_law.rules import PrimeState
from domain.settings import Settings

if TYPE_CHECKING:
    from domain.operation import Registry


class Priority(IntEnum):
    """What overtakes what in a channel's lane; lower goes first."""

    SWITCH = 0
    APPROVAL = 1
    REPLY = 2
    DIGEST = 3


class Form(StrEnum):
    """`card`: posted once and edited after; `thread`: a reply under the thing's card."""

    CARD = "card"
    THREAD = "thread"


@dataclass(slots=True)
class Entry:
    """One audit row to be."""

    actor: str
    surface: str
    operation: str
    target: str = ""
    outcome: str = "done"
    reason: str | None = None
    claimed_actor: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(slots=True)
class Message:
    """One outbox row to be."""

    destination: str
    card: str
    payload: Result
    thing: str | None
    form: Form
    priority: Priority
    entry: Entry | None


@dataclass(slots=True)
class Kpi:
    """One KPI event to be."""

    domain: str
    metric: str
    event_id: str
    success: bool | None
    value: float | None
    occurred_at: datetime
    source: str | None = None
    market: str | None = None
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept under the call's idempotency key."""

    operation: str
    key: str
    params_hash: str
    outcome: dict[str, Any]


@dataclass(slots=True)
class Act:
    """What an operation's `run` gets: a connection, the time, who asks, and where to leave its traces.

    `run` judges first and writes after: a refusal it returns is committed with its audit row, so rows written
    before it would be too.
    """

    connection: Connection
    now: datetime
    settings: Settings
    registry: "Registry"
    caller: Caller
    standing: Standing
    prime: PrimeState
    correlation_id: str
    entry: Entry
    entries: list[Entry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    kpis: list[Kpi] = field(default_factory=list)
    charts: dict[str, Chart] = field(default_factory=dict)
    answer: Answer | None = None
    approved_by: str | None = None
    overridden: tuple[str, ...] = ()
    is_break_glass: bool = False
    is_alone: bool = False
    """Whether it is an owner's set-up change, which needs nobody else."""
    prime_mode: PrimeMode = PrimeMode.NONE
    """How this transaction holds Prime Law's lock; only under EXCLUSIVE may it change a switch."""

    @property
    def may_loosen(self) -> bool:
        """Whether a second person agreed, or none is needed.

        Whether one is needed is judged before anything is locked: who changes what he has locked asks again.
        """
        agreed = self.approved_by is not None or self.is_break_glass or self.is_alone
        return agreed or not self.settings.dual_control

    @property
    def actor(self) -> str:
        """The id of the person (or `system`) whose act this is."""
        return self.caller.user_id

    def changed(
        self, target: str, *, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None
    ) -> None:
        """Say what the audit entry of this act is about, and how it was before and is after."""
        self.entry.target = target
        self.entry.before = dict(before) if before is not None else None
        self.entry.after = {**(self.entry.after or {}), **after} if after is not None else self.entry.after

    def post(
        self,
        destination: str,
        card: str,
        payload: Result,
        *,
        thing: str | None = None,
        form: Form = Form.CARD,
        priority: Priority = Priority.REPLY,
    ) -> None:
        """Leave a message that is sent after the commit, and never without it."""
        self.messages.append(Message(destination, card, payload, thing, form, priority, self.entry))

    def chart(self, thing: str, chart: Chart) -> None:
        """Have the cards posted with this `thing` show a chart, as soon as a worker has drawn and uploaded it.

        The text goes at once and waits for nothing. A newer chart of the thing takes this one's place, also in an
        act of its own; the same chart again changes nothing. Without a `chart`, an edit of the card keeps the one
        it has.
        """
        self.charts[thing] = chart

    def kpi(
        self,
        name: str,
        *,
        event_id: str,
        success: bool | None = None,
        value: float | None = None,
        occurred_at: datetime | None = None,
        source: str | None = None,
        market: str | None = None,
    ) -> None:
        """Emit `DOMAIN.metric`, once per event id."""
        domain, metric = name.split(".")
        self.kpis.append(
            Kpi(domain, metric, event_id, success, value, occurred_at or self.now, source=source, market=market)
        )
