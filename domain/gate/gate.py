"""The gate itself: the order of spec/5, written once."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from domain.act import Act, Entry
from domain.approvals import alone, asking
from domain.clock import Clock
from domain.database import Database, PrimeMode, Unavailable, lock_call
from domain.gate import idempotency
from domain.gate.call import Call, reference
from domain.gate.reading import Kept, standing_and_state, standing_of, standing_state_and_answer, state_of
from domain.gate.recording import record
from domain.held import service as held
from domain.identity import Caller, Role, Standing, Surface
from domain.operation import AnyOperation, ExecutionClass, Registry
from domain.outcomes import Button, Done, Held, Kind, Outcome, PendingApproval, Refused, refused
from domain.parameters import Params, parse, plain
from domain.prime_law import rules as prime_law
from domain.prime_law.rules import PrimeState
from domain.settings import Settings

BeforeCommit = Callable[[Act], None]


class Gate:
    """The only way to an operation, for every surface; safe to share between threads."""

    def __init__(self, database: Database, registry: Registry, settings: Settings, clock: Clock) -> None:
        """Hold what every call needs."""
        self.database = database
        self.registry = registry
        self.settings = settings
        self.clock = clock
        self.before_commit: BeforeCommit | None = None
        """Called on every act right before its commit; for tests that pause there."""

    def run(self, call: Call) -> Outcome:
        """Judge and carry out one call.

        Every expected way out is a value: done, pending, held or refused. Raises only what is unexpected, and then
        nothing was written.
        """
        operation = self.registry.get(call.operation)
        if call.key is not None and not _is_label(call.key, LONGEST_KEY):
            outcome: Outcome = refused(
                Kind.INVALID, "bad_key", f"The idempotency key is empty, unprintable or over {LONGEST_KEY} characters.",
                layer="input", remedy="Use a new UUID for each new call.",
            )  # fmt: skip
        elif not _is_label(call.correlation_id, LONGEST_ID):
            outcome = refused(
                Kind.INVALID, "bad_correlation_id", f"The correlation id is empty, unprintable or over {LONGEST_ID} "
                "characters.", layer="input", remedy="Leave it out, or use a UUID.",
            )  # fmt: skip
        elif operation is None:
            outcome = refused(
                Kind.NOT_FOUND, "unknown_operation", f"There is no operation `{plain(call.operation)}`.",
                layer="registry", remedy="`valhalla ops` lists them all.",
            )  # fmt: skip
        else:
            params = parse(operation.params, call.params, now=self.clock(), zone=self.settings.zone)
            outcome = params if isinstance(params, Refused) else self._pass(call, operation, params)
        if isinstance(outcome, Refused | PendingApproval) and not outcome.reference:
            return outcome.model_copy(update={"reference": reference(call.correlation_id)})
        return outcome

    def preview(self, operation: AnyOperation, caller: Caller) -> Refused | None:
        """Say whether this caller could do this now, by role and Prime Law alone, before he fills in a form.

        Raises `Unavailable` where the database gives no answer.
        """

        def look(connection: Connection) -> Refused | None:
            standing, state = standing_and_state(connection, caller)
            verdict = _judge_caller(Call(operation.name, {}, caller), operation, standing)
            return verdict or prime_law.refusal(state, operation.klass, reduces=operation.reduces)

        return self.database.look(look)

    def _pass(self, call: Call, operation: AnyOperation, params: Params) -> Outcome:
        try:
            if operation.reads:
                return self.database.look(lambda connection: self._read(connection, call, operation, params))
            return self.database.attempt(
                lambda connection: self._write(connection, call, operation, params), urgent=operation.changes_switch
            )
        except Unavailable as error:
            return refused(
                Kind.UNAVAILABLE, "database_unavailable", "The database gives no answer, so nothing was done.",
                layer="database", remedy="Try again in a moment; `valhalla doctor` says what is wrong.",
                cause=str(error),
            )  # fmt: skip

    def _read(self, connection: Connection, call: Call, operation: AnyOperation, params: Params) -> Outcome:
        standing, state = standing_and_state(connection, call.caller)
        refusal = _judge_caller(call, operation, standing)
        if refusal is not None:
            return refusal
        result = operation.run(self._act(connection, call, operation, standing, state), params)
        return result if isinstance(result, Refused) else Done(operation=operation.name, result=result)

    def _write(self, connection: Connection, call: Call, operation: AnyOperation, params: Params) -> Outcome:
        mode = self._prime_mode(connection, call, operation, params)
        if mode is PrimeMode.EXCLUSIVE:
            # A stranger must not be able to make every acting transaction wait for him.
            early = _judge_caller(call, operation, standing_of(connection, call.caller.user_id))
            if early is not None:
                return self._refuse_unlocked(connection, call, operation, params, early)
        lock_call(connection, mode, idempotency.lock_name(call, operation))
        kept = None
        if call.key is None:
            standing, state = standing_and_state(connection, call.caller)
        else:
            standing, state, kept = standing_state_and_answer(connection, call.caller, operation.name, call.key)
        act = self._act(connection, call, operation, standing, state)
        act.prime_mode = mode
        act.entry.target = operation.target_of(params, act.actor)
        act.entry.reason = call.break_glass_reason or getattr(params, "reason", None) or getattr(params, "note", None)
        outcome = self._judge_and_run(act, call, operation, params, kept)
        if self.before_commit is not None:
            self.before_commit(act)
        return outcome

    def _judge_and_run(
        self, act: Act, call: Call, operation: AnyOperation, params: Params, kept: Kept | None
    ) -> Outcome:
        refusal = _judge_caller(call, operation, act.standing)
        if refusal is not None:
            return _close(act, operation, refusal)
        answered = idempotency.answered(act, call, operation, params, kept)
        if answered is not None:
            return _close(act, operation, answered) if isinstance(answered, Refused) else answered
        outcome = self._decide(act, call, operation, params)
        if call.key is not None and not isinstance(outcome, Refused):
            idempotency.keep(act, call.key, operation, params, outcome)
        return _close(act, operation, outcome)

    def _decide(self, act: Act, call: Call, operation: AnyOperation, params: Params) -> Outcome:
        stopped = prime_law.refusal(act.prime, operation.klass, reduces=operation.reduces)
        if stopped is not None:
            if call.hold_until is not None and _may_be_held(call, operation):
                return held.hold(act, call.key, operation, params, stopped, not_after=call.hold_until)
            return stopped
        if call.break_glass_reason is not None:
            return alone.break_glass(act, operation, params, call.break_glass_reason)
        need = alone.need(act, operation, params)
        if need.second and operation.approval is not None:
            return asking.request(act, operation, params, operation.approval)
        return alone.without_a_second(act, operation, params, need)

    def _prime_mode(self, connection: Connection, call: Call, operation: AnyOperation, params: Params) -> PrimeMode:
        """Read, without a lock, what the operation carries out, and return the stronger mode of the two.

        A set-up change is carried out or asked for by whether go-live was ever enabled, so that must stay as read.
        """
        if operation.is_setup and operation.prime_mode is PrimeMode.NONE:
            return PrimeMode.NONE if state_of(connection).was_ever_live else PrimeMode.SHARED
        if operation.decides is None:
            return operation.prime_mode
        unlocked = self._act(connection, call, operation, Standing(call.caller.user_id, None), _UNREAD)
        inner = self.registry.get(operation.decides(unlocked, params) or "")
        modes = {operation.prime_mode, inner.prime_mode if inner else PrimeMode.NONE}
        for mode in (PrimeMode.EXCLUSIVE, PrimeMode.SHARED):
            if mode in modes:
                return mode
        return PrimeMode.NONE

    def _refuse_unlocked(
        self, connection: Connection, call: Call, operation: AnyOperation, params: Params, refusal: Refused
    ) -> Outcome:
        act = self._act(connection, call, operation, Standing(call.caller.user_id, None), _UNREAD)
        act.entry.target = operation.target_of(params, act.actor)
        return _close(act, operation, refusal)

    def _act(
        self, connection: Connection, call: Call, operation: AnyOperation, standing: Standing, state: PrimeState
    ) -> Act:
        caller = call.caller
        entry = Entry(
            actor=caller.user_id,
            surface=caller.surface.value,
            operation=operation.name,
            claimed_actor=plain(caller.claimed_actor)[:LONGEST_ID] if caller.claimed_actor else None,
        )
        return Act(
            connection=connection, now=self.clock(), settings=self.settings, registry=self.registry, caller=caller,
            standing=standing, prime=state, correlation_id=call.correlation_id, entry=entry,
            is_break_glass=call.break_glass_reason is not None,
        )  # fmt: skip


LONGEST_KEY = 255
LONGEST_ID = 64
_UNREAD = PrimeState(go_live_enabled=False, kill_switch_engaged=True, version=0)


def _close(act: Act, operation: AnyOperation, outcome: Outcome) -> Outcome:
    """Write the audit, KPI and outbox rows; an internal operation that did nothing leaves no trace."""
    if isinstance(outcome, Refused):
        act.entry.outcome = "refused"
        act.entry.after = {
            **(act.entry.after or {}), "code": outcome.code, "detail": outcome.detail, "layer": outcome.layer,
            "kind": outcome.kind.value,
        }  # fmt: skip
    elif isinstance(outcome, PendingApproval | Held):
        act.entry.outcome = "pending"
    if not operation.internal or act.entry.after is not None:
        act.entries.append(act.entry)
    audit_id = record(act)
    return outcome.model_copy(update={"audit_id": audit_id}) if isinstance(outcome, Done) else outcome


def _is_label(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable()


def _may_be_held(call: Call, operation: AnyOperation) -> bool:
    """Only a worker's production action waits; what a person typed, and a trial, is refused."""
    return call.caller.surface is Surface.WORKER and operation.klass is ExecutionClass.PROD_EXEC


def _judge_caller(call: Call, operation: AnyOperation, standing: Standing) -> Refused | None:
    """Identity, surface and role."""
    caller: Caller = call.caller
    if operation.internal:
        return None if caller.is_system else _internal(operation)
    if caller.is_system:
        return _internal(operation)
    if caller.surface not in operation.surfaces:
        places = " or ".join(sorted(surface.value for surface in operation.surfaces))
        return refused(
            Kind.NOT_ALLOWED, "wrong_surface", f"`{operation.name}` can be done in {places} only.",
            layer="Access", surface=caller.surface.value,
        )  # fmt: skip
    if standing.deactivated:
        return refused(
            Kind.NOT_ALLOWED, "deactivated", "This Slack account is deactivated, so its roles are gone.", layer="Access"
        )
    if not standing.at_least(operation.role):
        return _missing_role(operation, standing)
    return None


def _internal(operation: AnyOperation) -> Refused:
    return refused(Kind.NOT_ALLOWED, "internal", f"`{operation.name}` is run by the program itself.", layer="Access")


def _missing_role(operation: AnyOperation, standing: Standing) -> Refused:
    needed = operation.role or Role.AUDITOR
    figures: dict[str, Any] = {"needs": needed.word, "has": standing.role.word if standing.role else None}
    ask = Button(label="Ask for access…", operation="access.request", params={"role": needed.word}, form=True)
    may_ask = needed <= Role.ONCALL
    have = f"you are {standing.role.with_article}" if standing.role else "you have no role here yet"
    return refused(
        Kind.NOT_ALLOWED, "role", f"`{operation.name}` needs {needed.with_article}; {have}.",
        layer="Access",
        remedy="Ask for access; a manager decides." if may_ask
        else "A manager can do it, or an owner can make you one.",
        buttons=(ask,) if may_ask else (), **figures,
    )  # fmt: skip
