"""From an envelope to an acknowledgement, and to what happens after it (spec/5, "inbox").

Nothing that takes long happens before the acknowledgement: a write is one inserted row, a read is one or two
statements with a deadline. Nothing a person asked for runs unless its acknowledgement is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

import structlog

from bot.blocks.forms import form_errors, form_view
from bot.blocks.kit import Rendered
from bot.blocks.replies import render_outcome
from bot.surfaces.slack.answers import Answers
from bot.surfaces.slack.grammar import Grammar
from bot.surfaces.slack.incoming import Incoming, Source, read_command, read_press, read_submission
from bot.surfaces.slack.memory import Memory
from bot.surfaces.slack.pools import Pools
from domain.arrows import cross
from domain.clock import Clock
from domain.database import Unavailable
from domain.gate import Call, Gate
from domain.gate.call import unexpected
from domain.identity import Caller, Surface
from domain.inbox import service as inbox
from domain.operation import AnyOperation
from domain.outcomes import Kind, Outcome, Refused, refused
from domain.parameters import parse

log = structlog.get_logger()

RECORDING_DEADLINE = 1.0
"""Seconds the database has to record what changes something, before it is acknowledged as not recorded."""
READING_DEADLINE = 1.5
"""Seconds a read has to be answered in the acknowledgement; after that the answer follows."""
AckPayload = dict[str, Any] | None


@dataclass(slots=True)
class Reply:
    """What to acknowledge with, and what to do once that is sent."""

    payload: AckPayload = None
    after: Callable[[], None] | None = None


class Receiver:
    """One per process; every connection hands its envelopes to it."""

    def __init__(self, gate: Gate, grammar: Grammar, answers: Answers, clock: Clock, runner: str) -> None:
        """Take what is needed to read, record and answer."""
        self.gate = gate
        self.grammar = grammar
        self.answers = answers
        self.clock = clock
        self.runner = runner
        self.pools = Pools()
        self.memory = Memory()

    def on_command(self, body: Mapping[str, Any]) -> Reply:
        """Take a slash command."""
        incoming = read_command(body)
        line = self.grammar.read(body["command"], body.get("text") or "")
        if isinstance(line, Refused):
            return Reply(self._message(incoming.said, line))
        return self._once(incoming, lambda: self._take(incoming, line.operation, line.raw))

    def on_press(self, body: Mapping[str, Any]) -> Reply:
        """Take a click."""
        press = read_press(body)
        operation = self.gate.registry.get(press.operation)
        if operation is None or operation.internal:
            return Reply(after=lambda: self._answer(press.incoming, press.incoming.said, _gone(press.operation)))
        if press.opens_form:
            return self._once(
                press.incoming, lambda: Reply(after=lambda: self._open_form(press.incoming, operation, press.params))
            )
        return self._once(press.incoming, lambda: self._take(press.incoming, operation, press.params))

    def on_submission(self, body: Mapping[str, Any]) -> Reply:
        """Take a submitted form; what does not parse is said at its field, and nothing typed is lost."""
        incoming, name, raw = read_submission(body)
        operation = self.gate.registry.get(name)
        if operation is None or operation.internal:
            return Reply(after=lambda: self._answer(incoming, incoming.said, _gone(name)))
        return self._once(incoming, lambda: self._take(incoming, operation, raw))

    def close(self) -> None:
        """Let what runs end."""
        self.pools.close()

    def _once(self, incoming: Incoming, take: Callable[[], Reply]) -> Reply:
        """Answer one envelope once in this process, however many sockets deliver it."""
        first = self.memory.first(incoming.trigger_id)
        if first is not None:
            first.wait(READING_DEADLINE)
            return Reply()
        reply = take()
        after = reply.after

        def acknowledged() -> None:
            self.memory.done(incoming.trigger_id)
            if after is not None:
                after()

        return Reply(reply.payload, acknowledged)

    def _take(self, incoming: Incoming, operation: AnyOperation, raw: Mapping[str, Any]) -> Reply:
        params = parse(operation.params, raw, now=self.clock(), zone=self.gate.settings.zone)
        if isinstance(params, Refused):
            return self._unparsed(incoming, operation, raw, params)
        if operation.reads:
            return self._read(incoming, operation, raw)
        return self._record(incoming, operation, params.model_dump(mode="json"))

    def _unparsed(
        self, incoming: Incoming, operation: AnyOperation, raw: Mapping[str, Any], problem: Refused
    ) -> Reply:
        if incoming.source is Source.FORM:
            return Reply({"response_action": "errors", "errors": form_errors(incoming.view or {}, problem)})
        if problem.code == "missing":
            return Reply(after=lambda: self._open_form(incoming, operation, dict(raw)))
        return self._say(incoming, operation, problem)

    def _read(self, incoming: Incoming, operation: AnyOperation, raw: Mapping[str, Any]) -> Reply:
        call = Call(operation.name, raw, Caller(incoming.user_id, Surface.SLACK))
        reading = self.pools.read(lambda: self._run(call))
        if incoming.source is not Source.COMMAND:
            return Reply(after=lambda: self._answer_when_done(incoming, operation, reading))
        try:
            outcome = reading.result(timeout=READING_DEADLINE)
        except FutureTimeout:
            text = {"response_type": "ephemeral", "text": f"Working on `{operation.name}`; the answer follows."}
            return Reply(text, lambda: self._answer_when_done(incoming, operation, reading))
        return Reply(self._message(operation, outcome))

    def _record(self, incoming: Incoming, operation: AnyOperation, raw: dict[str, Any]) -> Reply:
        recording = self.pools.record(lambda: self._insert(incoming, operation, raw))
        try:
            row_id = recording.result(timeout=RECORDING_DEADLINE)
        except (FutureTimeout, Unavailable):
            log.warning("inbox_not_recorded", trigger_id=incoming.trigger_id, operation=operation.name)
            return self._say(incoming, operation, _not_recorded())
        if row_id is None:  # another delivery of the same envelope was recorded before
            return Reply()
        return Reply(after=lambda: self._acknowledged(incoming, operation, row_id))

    def _insert(self, incoming: Incoming, operation: AnyOperation, raw: dict[str, Any]) -> int | None:
        row_id = inbox.record(
            self.gate.database, trigger_id=incoming.key, operation=operation.name, params=raw,
            user_id=incoming.user_id, channel=incoming.channel, response_url=incoming.response_url,
            said=incoming.said, now=self.clock(),
        )  # fmt: skip
        cross("inbox.recorded")
        return row_id

    def _acknowledged(self, incoming: Incoming, operation: AnyOperation, row_id: int) -> None:
        """Slack has the acknowledgement: say so in the row, then run it in our own pool."""
        cross("inbox.acknowledged")
        lane = self.pools.urgent if operation.changes_switch else self.pools.work
        lane(lambda: self._confirm_and_run(incoming, operation, row_id))

    def _confirm_and_run(self, incoming: Incoming, operation: AnyOperation, row_id: int) -> None:
        try:
            if not inbox.confirm_acknowledged(self.gate.database, row_id, self.clock()):
                return  # too late: the sweep refuses it, and tells the sender
            cross("inbox.confirmed")
            outcome = inbox.run_row(self.gate, row_id, self.runner)
        except Unavailable:
            log.warning("inbox_left_to_sweep", row_id=row_id, operation=operation.name)
            return
        if outcome is not None:
            self._answer(incoming, operation, outcome)

    def _open_form(self, incoming: Incoming, operation: AnyOperation, prefill: dict[str, Any]) -> None:
        self.pools.urgent(lambda: self._open_form_now(incoming, operation, prefill))

    def _open_form_now(self, incoming: Incoming, operation: AnyOperation, prefill: dict[str, Any]) -> None:
        verdict = self._run_preview(operation, incoming.user_id)
        if verdict is not None and verdict.kind is not Kind.PRIME_LAW:
            self._answer(incoming, operation, verdict)
            return
        view = form_view(
            operation, prefill, private={"channel": incoming.channel, "response_url": incoming.response_url},
            first_line=verdict.detail if verdict is not None else None, problem=None,
        )  # fmt: skip
        if not self.answers.open_form(incoming.trigger_id, view):
            self._answer(incoming, operation, _form_not_opened(operation))

    def _run_preview(self, operation: AnyOperation, user_id: str) -> Refused | None:
        try:
            return self.gate.preview(operation, Caller(user_id, Surface.SLACK))
        except Unavailable:
            return None

    def _run(self, call: Call) -> Outcome:
        """Run a read; what is unexpected becomes an apology with a reference that the log has."""
        try:
            return self.gate.run(call)
        except Exception:
            log.exception("operation_failed", operation=call.operation, correlation_id=call.correlation_id)
            return unexpected(call.correlation_id)

    def _say(self, incoming: Incoming, operation: AnyOperation | str, outcome: Outcome) -> Reply:
        """Answer a command in its acknowledgement, anything else after it."""
        if incoming.source is Source.COMMAND:
            return Reply(self._message(operation, outcome))
        return Reply(after=lambda: self._answer(incoming, operation, outcome))

    def _answer_when_done(self, incoming: Incoming, operation: AnyOperation, reading: Future[Outcome]) -> None:
        reading.add_done_callback(lambda done: self._answer(incoming, operation, done.result()))

    def _answer(self, incoming: Incoming, operation: AnyOperation | str, outcome: Outcome) -> None:
        self.pools.answer(lambda: self.answers.send(incoming, self._rendered(operation, outcome)))

    def _rendered(self, operation: AnyOperation | str, outcome: Outcome) -> Rendered:
        return render_outcome(operation, outcome, prefix=self.grammar.prefix)

    def _message(self, operation: AnyOperation | str, outcome: Outcome) -> dict[str, Any]:
        rendered = self._rendered(operation, outcome)
        return {"response_type": "ephemeral", "text": rendered.text, "blocks": rendered.blocks}


def _not_recorded() -> Refused:
    return refused(
        Kind.UNAVAILABLE, "not_recorded", "This was not recorded, so nothing was done: the database gives no answer.",
        layer="database", remedy="Try again in a moment.",
    )  # fmt: skip


def _gone(name: str) -> Refused:
    return refused(
        Kind.NOT_FOUND, "unknown_operation", f"This button's operation `{name}` no longer exists.", layer="registry",
        remedy="`/valhalla help` shows what there is.",
    )  # fmt: skip


def _form_not_opened(operation: AnyOperation) -> Refused:
    return refused(
        Kind.UNAVAILABLE, "form_not_opened", "Slack did not open the form in time. Nothing was done.", layer="Slack",
        remedy=f"Press again, or type it: `{operation.example}`." if operation.example else "Press again.",
    )  # fmt: skip
