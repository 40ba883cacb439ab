"""From an envelope to an acknowledgement, and to what happens after it (spec/5, "inbox").

Nothing that takes long happens before the acknowledgement: a write is one inserted row, a read is one or two
statements with a deadline. Nothing a person asked for runs unless its acknowledgement is recorded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from bot.blocks.forms import form_errors, form_view
from bot.blocks.home import home_view
from bot.blocks.kit import Rendered
from bot.blocks.replies import render_outcome
from bot.slack_accounts import follow_account
from bot.surfaces.slack.answers import Answers
from bot.surfaces.slack.grammar import Grammar
from bot.surfaces.slack.homes import Homes
from bot.surfaces.slack.incoming import (
    Incoming,
    Source,
    is_in_home,
    read_click,
    read_command,
    read_press,
    read_submission,
    read_submitter,
)
from bot.surfaces.slack.memory import Memory
from bot.surfaces.slack.pools import Pools
from domain.access import directory
from domain.arrows import cross
from domain.audit.service import newest_act
from domain.clock import Clock
from domain.database import Unavailable
from domain.gate import Call, Gate
from domain.gate.call import reference, unexpected
from domain.identity import Caller, Surface
from domain.inbox import service as inbox
from domain.inbox.rules import correlation_of
from domain.operation import AnyOperation
from domain.outcomes import Button, Done, Kind, Outcome, Refused, Result, refused
from domain.parameters import parse, problems
from domain.system.results import HomeView

log = structlog.get_logger(__name__)

RECORDING_DEADLINE = 1.0
"""Seconds the database has to record what changes something, before it is acknowledged as not recorded."""
READING_DEADLINE = 1.5
"""Seconds a read has to be answered in the acknowledgement; after that the answer follows."""
REPEAT_DEADLINE = 2.5
"""Seconds a second delivery waits for the first one's acknowledgement, which may carry the answer."""
PREVIEW_DEADLINE = 1.0
"""Seconds to look whether somebody may do this at all, before his form is opened; its trigger lives for three."""
HOME = "system.home"
MOST_SHOWN = 1_000
"""How many tabs' contents are remembered, so that none is set to what it says already."""
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
        self.homes = Homes(
            self._publish_home, follow=self._follow_home, newest=lambda: self.gate.database.look(newest_act)
        )  # fmt: skip
        self._shown: OrderedDict[str, Result] = OrderedDict()
        """What each tab says, but for the time at which it was read."""

    def on_command(self, body: Mapping[str, Any]) -> Reply:
        """Take a slash command."""
        incoming = read_command(body)

        def take() -> Reply:
            line = self.grammar.read(body["command"], body.get("text") or "")
            if isinstance(line, Refused):
                return self._say(incoming, incoming.said, line)
            return self._take(incoming, line.operation, line.raw)

        return self._once(incoming, take)

    def on_press(self, body: Mapping[str, Any]) -> Reply:
        """Take a click."""
        incoming = read_click(body)

        def take() -> Reply:
            try:
                press = read_press(body)
            except ValueError:
                return self._say(incoming, incoming.said, _outdated())
            operation = self.gate.registry.get(press.operation)
            if operation is None or operation.internal:
                return self._say(incoming, incoming.said, _outdated())
            if press.operation == HOME and is_in_home(body):
                return Reply(after=lambda: self.homes.refresh(incoming.user_id))
            if press.opens_form:
                return Reply(after=lambda: self._open_form(incoming, operation, press.params))
            return self._take(incoming, operation, press.params)

        return self._once(incoming, take)

    def on_submission(self, body: Mapping[str, Any]) -> Reply:
        """Take a submitted form; what does not parse is said at its field, and nothing typed is lost."""
        incoming = read_submitter(body)

        def take() -> Reply:
            try:
                _, name, raw = read_submission(body)
            except ValueError:
                return self._say(incoming, incoming.said, _outdated())
            operation = self.gate.registry.get(name)
            if operation is None or operation.internal:
                return self._say(incoming, incoming.said, _outdated())
            return self._take(incoming, operation, raw)

        return self._once(incoming, take)

    def on_event(self, body: Mapping[str, Any]) -> Reply:
        """Take an event: somebody opened the Home tab; one that comes again is told by its id."""
        event = body["event"]
        if event.get("tab") != "home":  # the tab with the messages is opened by the same event
            return Reply()
        user_id, event_id = str(event["user"]), str(body["event_id"])
        return Reply(after=lambda: self.homes.opened(user_id, event_id))

    def on_account(self, body: Mapping[str, Any]) -> Reply:
        """Take an event: somebody's account changed. Only a deactivation cannot wait for the next look around."""
        user = body["event"]["user"]
        if not user.get("deleted", False):
            return Reply()
        user_id = str(user["id"])
        return Reply(after=lambda: self.pools.answer(lambda: self._deactivated(user_id)))

    def close(self) -> None:
        """Let what runs end."""
        self.pools.close()
        self.homes.close()

    def _deactivated(self, user_id: str) -> None:
        """Take everything from somebody who is deactivated, if Slack still says so when it is asked."""
        known = self.gate.database.look(lambda connection: directory.account(connection, user_id))
        if known is None or not known.is_active:
            return
        unread = follow_account(self.gate, self.answers.api, known)
        if unread is not None:  # the workers look around within a minute
            log.warning("directory.unread", user_id=user_id, reason=unread)

    def _once(self, incoming: Incoming, take: Callable[[], Reply]) -> Reply:
        """Answer one envelope once in this process, however many sockets deliver it."""
        first = self.memory.first(incoming.trigger_id)
        if first is not None:
            first.wait(REPEAT_DEADLINE)
            return Reply()
        try:
            reply = take()
        except Exception as error:
            reply = self._say(incoming, incoming.said, self._apology(incoming, error))
        after = reply.after

        def acknowledged() -> None:
            self.memory.done(incoming.trigger_id)
            if after is not None:
                after()

        return Reply(reply.payload, acknowledged)

    def _take(self, incoming: Incoming, operation: AnyOperation, raw: Mapping[str, Any]) -> Reply:
        params = parse(
            operation.params, raw, now=self.clock(), zone=self.gate.settings.zone,
            has_mentions=incoming.source is Source.COMMAND,
        )  # fmt: skip
        if isinstance(params, Refused):
            return self._unparsed(incoming, operation, raw, params)
        if operation.reads:
            return self._read(incoming, operation, raw)
        return self._record(incoming, operation, params.model_dump(mode="json"))

    def _unparsed(self, incoming: Incoming, operation: AnyOperation, raw: Mapping[str, Any], problem: Refused) -> Reply:
        if incoming.source is Source.FORM:
            every = problems(operation.params, raw, now=self.clock(), zone=self.gate.settings.zone)
            if errors := form_errors(incoming.view or {}, every or (problem,)):
                return Reply({"response_action": "errors", "errors": errors})
        if problem.code == "missing" and incoming.source is not Source.FORM:
            return Reply(after=lambda: self._open_form(incoming, operation, dict(raw)))
        return self._say(incoming, operation, problem)

    def _read(self, incoming: Incoming, operation: AnyOperation, raw: Mapping[str, Any]) -> Reply:
        call = Call(
            operation.name, raw, Caller(incoming.user_id, Surface.SLACK), correlation_id=correlation_of(incoming.key)
        )  # fmt: skip
        reading = self.pools.read(lambda: self._run(call))
        if incoming.source is not Source.COMMAND:
            return Reply(after=lambda: self._answer_when_done(incoming, operation, reading))
        try:
            outcome = reading.result(timeout=READING_DEADLINE)
        except FutureTimeout:
            text = {"response_type": "ephemeral", "text": f"Working on `{operation.name}`; the answer follows."}
            return Reply(text, lambda: self._answer_when_done(incoming, operation, reading))
        return self._say(incoming, operation, outcome)

    def _record(self, incoming: Incoming, operation: AnyOperation, raw: dict[str, Any]) -> Reply:
        received_at = self.clock()
        recording = self.pools.record(lambda: self._insert(incoming, operation, raw, received_at))
        try:
            row_id = recording.result(timeout=RECORDING_DEADLINE)
        except (FutureTimeout, Unavailable):
            recording.cancel()  # where it has begun, its row comes too late to be acknowledged, and is never run
            log.warning("inbox.not_recorded", trigger_id=incoming.trigger_id, operation=operation.name)
            return self._say(incoming, operation, _not_recorded(incoming, operation, raw))
        if row_id is None:  # another delivery of the same envelope was recorded before
            return Reply()
        return Reply(after=lambda: self._acknowledged(incoming, operation, row_id))

    def _insert(
        self, incoming: Incoming, operation: AnyOperation, raw: dict[str, Any], received_at: datetime
    ) -> int | None:
        row_id = inbox.record(
            self.gate.database, trigger_id=incoming.key, operation=operation.name, params=raw,
            user_id=incoming.user_id, channel=incoming.channel, response_url=incoming.response_url,
            said=incoming.said, now=received_at, urgent=operation.changes_switch,
        )  # fmt: skip
        cross("inbox.recorded")
        return row_id

    def _acknowledged(self, incoming: Incoming, operation: AnyOperation, row_id: int) -> None:
        """Slack has the acknowledgement: say so in the row at once, however much work is waiting."""
        cross("inbox.acknowledged")
        self.pools.confirm(lambda: self._confirm(incoming, operation, row_id))

    def _confirm(self, incoming: Incoming, operation: AnyOperation, row_id: int) -> None:
        try:
            if not inbox.confirm_acknowledged(self.gate.database, row_id, self.clock()):
                return  # too late: the sweep refuses it, and tells the sender
        except Unavailable:
            log.warning("inbox.left_to_sweep", row_id=row_id, operation=operation.name)
            return
        cross("inbox.confirmed")
        lane = self.pools.switch if operation.changes_switch else self.pools.work
        lane(lambda: self._carry_out(incoming, operation, row_id))

    def _carry_out(self, incoming: Incoming, operation: AnyOperation, row_id: int) -> None:
        outcome = inbox.run_row(self.gate, row_id, self.runner)
        if outcome is not None:  # otherwise whoever has the row answers, or the sweep
            self._answer(incoming, operation, outcome)
            self.homes.touched(incoming.user_id)

    def _open_form(self, incoming: Incoming, operation: AnyOperation, prefill: dict[str, Any]) -> None:
        self.pools.open_form(lambda: self._open_form_now(incoming, operation, prefill))

    def _open_form_now(self, incoming: Incoming, operation: AnyOperation, prefill: dict[str, Any]) -> None:
        try:
            verdict = self._preview(operation, incoming.user_id)
            if verdict is not None and verdict.kind is not Kind.PRIME_LAW:
                self._answer(incoming, operation, verdict)
                return
            view = form_view(
                operation, prefill, private={"channel": incoming.channel, "response_url": incoming.response_url},
                first_line=verdict.detail if verdict is not None else None, prefix=self.grammar.prefix,
            )  # fmt: skip
        except Exception as error:
            self._answer(incoming, operation, self._apology(incoming, error))
            return
        if not self.answers.open_form(incoming.trigger_id, view):
            self._answer(incoming, operation, _form_not_opened(operation))

    def _publish_home(self, user_id: str) -> None:
        self._show_home(user_id, self._run(Call(HOME, {}, Caller(user_id, Surface.SLACK))))

    def _follow_home(self, user_id: str) -> None:
        """Set the tab anew where it would say something else; what cannot be read just now changes nothing."""
        outcome = self._run(Call(HOME, {}, Caller(user_id, Surface.SLACK)))
        if isinstance(outcome, Done) and _timeless(outcome.result) != self._shown.get(user_id):
            self._show_home(user_id, outcome)

    def _show_home(self, user_id: str, outcome: Outcome) -> None:
        self._shown.pop(user_id, None)
        if isinstance(outcome, Done):
            self._shown[user_id] = _timeless(outcome.result)
            while len(self._shown) > MOST_SHOWN:
                self._shown.popitem(last=False)
        self.answers.show_home(user_id, home_view(outcome, self.grammar.prefix))

    def _preview(self, operation: AnyOperation, user_id: str) -> Refused | None:
        """Look whether he may do this at all; a database that does not say so in time does not keep a form from him."""
        look = self.pools.read(lambda: self.gate.preview(operation, Caller(user_id, Surface.SLACK)))
        try:
            return look.result(timeout=PREVIEW_DEADLINE)
        except (FutureTimeout, Unavailable):
            look.cancel()
            return None

    def _run(self, call: Call) -> Outcome:
        """Run a read; what is unexpected becomes an apology with a reference that the log has."""
        try:
            return self.gate.run(call)
        except Exception:
            log.exception("operation.failed", operation=call.operation, correlation_id=call.correlation_id)
            return unexpected(call.correlation_id)

    @staticmethod
    def _apology(incoming: Incoming, error: Exception) -> Refused:
        """Log what nobody foresaw, and return the apology with the reference the log has."""
        apology = unexpected(correlation_of(incoming.key))
        log.error("receiver.failed", said=incoming.said, reference=apology.reference, exc_info=error)
        return apology

    def _say(self, incoming: Incoming, operation: AnyOperation | str, outcome: Outcome) -> Reply:
        """Answer a command in its acknowledgement, anything else after it."""
        if incoming.source is Source.COMMAND:
            return Reply(self._message(incoming, operation, outcome))
        return Reply(after=lambda: self._answer(incoming, operation, outcome))

    def _answer_when_done(self, incoming: Incoming, operation: AnyOperation, reading: Future[Outcome]) -> None:
        reading.add_done_callback(lambda done: self._answer(incoming, operation, done.result()))

    def _answer(self, incoming: Incoming, operation: AnyOperation | str, outcome: Outcome) -> None:
        self.pools.answer(lambda: self.answers.send(incoming, self._rendered(incoming, operation, outcome)))

    def _rendered(self, incoming: Incoming, operation: AnyOperation | str, outcome: Outcome) -> Rendered:
        if isinstance(outcome, Refused) and not outcome.reference:  # refused before it reached the gate
            given = reference(correlation_of(incoming.key))
            log.info("receiver.refused", said=incoming.said, code=outcome.code, reference=given)
            outcome = outcome.model_copy(update={"reference": given})
        return render_outcome(operation, outcome, prefix=self.grammar.prefix)

    def _message(self, incoming: Incoming, operation: AnyOperation | str, outcome: Outcome) -> dict[str, Any]:
        rendered = self._rendered(incoming, operation, outcome)
        return {"response_type": "ephemeral", "text": rendered.text, "blocks": rendered.blocks}


def _timeless(view: Result) -> Result:
    """Return a Home tab's view without the times at which it was read."""
    rota = view.oncall if isinstance(view, HomeView) else None
    oncall = {"oncall": rota.model_copy(update={"as_of": None})} if rota else {}
    return view.model_copy(update={"as_of": None, **oncall})


def _not_recorded(incoming: Incoming, operation: AnyOperation, raw: Mapping[str, Any]) -> Refused:
    """Say that nothing was done; a form is gone from the screen by then, so a button brings it back as it was."""
    again = Button(label="Open it again…", operation=operation.name, params=dict(raw), form=True)
    return refused(
        Kind.UNAVAILABLE, "not_recorded", "This was not recorded, so nothing was done: the database gives no answer.",
        layer="database", remedy="Try again in a moment.", buttons=(again,) if incoming.source is Source.FORM else (),
    )  # fmt: skip


def _outdated() -> Refused:
    return refused(
        Kind.NOT_FOUND, "outdated_button", "This button or form is not one of today's. Nothing was done.",
        layer="registry", remedy="`/valhalla help` shows what there is now.",
    )  # fmt: skip


def _form_not_opened(operation: AnyOperation) -> Refused:
    return refused(
        Kind.UNAVAILABLE, "form_not_opened", "Slack did not open the form in time. Nothing was done.", layer="Slack",
        remedy=f"Press again, or type it: `{operation.example}`." if operation.example else "Press again.",
    )  # fmt: skip
