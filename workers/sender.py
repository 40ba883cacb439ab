"""Sending one row: render, call Slack, and act on what the answer means."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot import slack_api
from bot.blocks.kit import Rendered
from bot.slack_api import Absent, Answer, Away, Posted, RateLimited, SlackApi, Unknown
from domain.act import Priority
from domain.arrows import cross
from domain.delivery import lanes, rules, service
from domain.delivery.lanes import Hold
from domain.delivery.rules import Verdict
from domain.delivery.service import Job
from domain.gate import Gate
from domain.gate.call import system_call

log = structlog.get_logger(__name__)

CLOCK_SKEW = timedelta(minutes=1)
"""How much earlier than the attempt the history is read: Slack's clock is not ours."""
LONGEST_ERROR = 300
REPEATED = "Possibly repeated"


Render = Callable[[str, Mapping[str, Any]], Rendered]
"""Makes a message of a card's name and its stored payload."""


class SenderStopped(Exception):
    """Slack takes nothing with this token; the message says what it said."""


class Sender:
    """Sends the rows of a held lane; shared by the threads of a process."""

    def __init__(self, gate: Gate, slack: SlackApi, render: Render) -> None:
        """Hold what sending needs."""
        self._gate = gate
        self._database = gate.database
        self._clock = gate.clock
        self._slack = slack
        self._render = render

    def handle(self, hold: Hold, job: Job) -> None:
        """Send a row that was taken, or find out whether it was sent before; raises `SenderStopped`."""
        if job.asks_first:
            self._ask(hold, job)
        else:
            cross("outbox.sending")
            self._send(hold, job)

    # -- sending --------------------------------------------------------------------------------------------

    def _send(self, hold: Hold, job: Job, tried: frozenset[Verdict] = frozenset()) -> None:
        card = self._card(job)
        if card is None:
            return
        if Verdict.TEXT_ONLY in tried:
            card = Rendered(card.fallback)
        if self._clock() - job.attempted_at > hold.lease / 4:
            # So late that the lease might pass before Slack answers: somebody else may have the row by then.
            self._put_back(job, timedelta(), "too slow to send")
            return
        self._settle(hold, job, self._deliver(job, card), tried)

    def _card(self, job: Job) -> Rendered | None:
        try:
            rendered = self._render(job.card, job.payload)
        except Exception:
            log.exception("outbox.render_failed", outbox_id=job.outbox_id, card=job.card)
            self._fail(job, "dead", "render_failed")
            return None
        if job.picture is not None:
            rendered = rendered.with_chart(job.picture.file_id, job.picture.alt)
        if not job.is_repeat_possible:
            return rendered
        words = {"type": "plain_text", "text": f"{REPEATED}: it may stand here twice."}
        note = {"type": "context", "elements": [words]}
        return Rendered(f"{REPEATED}: {rendered.text}", [*rendered.blocks, note])

    def _deliver(self, job: Job, card: Rendered) -> Posted | slack_api.Failure:
        if job.ts is not None:
            return self._slack.update(job.channel, job.ts, card.text, card.blocks, outbox_id=job.outbox_id)
        return self._slack.post(job.channel, card.text, card.blocks, outbox_id=job.outbox_id, thread_ts=job.thread_ts)

    def _settle(self, hold: Hold, job: Job, outcome: Posted | slack_api.Failure, tried: frozenset[Verdict]) -> None:
        if isinstance(outcome, Posted):
            cross("outbox.posted")
            self._sent(job, outcome)
        elif isinstance(outcome, RateLimited):
            self._put_back(job, timedelta(), "ratelimited")
            self._pause(job, rules.pause(outcome.retry_after), "ratelimited")
        elif isinstance(outcome, slack_api.Refused):
            self._refused(hold, job, outcome, tried)
        else:
            self._no_answer(hold, job, outcome)

    def _sent(self, job: Job, posted: Posted) -> None:
        if service.mark_sent(self._database, job, posted.channel, posted.ts, self._clock()):
            cross("outbox.sent")
            log.info("outbox.sent", outbox_id=job.outbox_id, card=job.card, channel=posted.channel, edit=job.is_edit)
        else:
            log.warning("outbox.sent_too_late", outbox_id=job.outbox_id, channel=posted.channel)

    def _no_answer(self, hold: Hold, job: Job, outcome: Unknown | Away) -> None:
        wait = rules.back_off(job.attempt)
        in_doubt = isinstance(outcome, Unknown) and not job.is_edit
        self._put_back(job, rules.settle(hold.lease) if in_doubt else wait, slack_api.said(outcome), unknown=in_doubt)
        self._pause(job, wait, slack_api.said(outcome))

    def _refused(self, hold: Hold, job: Job, refused: slack_api.Refused, tried: frozenset[Verdict]) -> None:
        verdict = rules.meaning(refused.error).verdict
        log.warning(
            "outbox.refused", outbox_id=job.outbox_id, channel=job.channel, error=str(refused), verdict=verdict.value
        )
        if verdict is Verdict.STOP:
            self._put_back(job, timedelta(), str(refused))
            raise SenderStopped(str(refused))
        if verdict is Verdict.LATER:
            self._put_back(job, rules.BACK_OFF[-1], str(refused))
            self._pause(job, rules.BACK_OFF[-1], str(refused))
            return
        if verdict is Verdict.TEXT_ONLY and job.picture is not None:
            # Slack may still be busy with the file: the words go without it, and the chart is tried again later.
            plain = service.begin_again(self._database, hold, replace(job, shows_chart=False), self._clock())
            if plain is not None:
                self._send(hold, plain, tried)
            return
        mended = self._mend(job, verdict) if verdict not in tried else None
        if mended is None:
            self._fail(job, "dead", str(refused))
            return
        again = service.begin_again(self._database, hold, mended, self._clock())
        if again is not None:
            self._send(hold, again, tried | {verdict})

    def _mend(self, job: Job, verdict: Verdict) -> Job | None:
        """Return how to send the row after this refusal, or None where nothing helps."""
        if verdict is Verdict.JOIN:
            return job if isinstance(self._slack.join(job.channel), Answer) else None
        if verdict is Verdict.NEW_MESSAGE:
            return replace(job, ts=None)
        if verdict is Verdict.OUT_OF_THREAD:
            return replace(job, thread_ts=None)
        return job if verdict is Verdict.TEXT_ONLY else None

    # -- asking ---------------------------------------------------------------------------------------------

    def _ask(self, hold: Hold, job: Job) -> None:
        """Find out whether an earlier attempt arrived, and send the row if it did not."""
        found = self._look(job)
        outside = isinstance(found, slack_api.Refused) and found.error == "not_in_channel"
        if outside and isinstance(self._slack.join(job.channel), Answer):
            found = self._look(job)
        if isinstance(found, Posted):
            log.info("outbox.found", outbox_id=job.outbox_id, channel=found.channel)
            self._sent(job, found)
        elif isinstance(found, Absent):
            self._send_now(hold, job)
        elif isinstance(found, slack_api.Refused):
            self._unreadable(hold, job, found)
        else:
            wait = rules.pause(found.retry_after) if isinstance(found, RateLimited) else rules.back_off(job.attempt)
            self._put_back(job, wait, slack_api.said(found), unknown=True)
            self._pause(job, wait, slack_api.said(found))

    def _look(self, job: Job) -> Posted | Absent | slack_api.Failure:
        return self._slack.find(
            job.channel, job.outbox_id, since=job.attempted_at - CLOCK_SKEW, thread_ts=job.thread_ts
        )

    def _send_now(self, hold: Hold, job: Job) -> None:
        begun = service.begin_again(self._database, hold, job, self._clock())
        if begun is not None:
            cross("outbox.sending")
            self._send(hold, begun)

    def _unreadable(self, hold: Hold, job: Job, refused: slack_api.Refused) -> None:
        log.warning("outbox.unreadable", outbox_id=job.outbox_id, channel=job.channel, error=str(refused))
        if rules.meaning(refused.error).verdict is Verdict.STOP and refused.error != "missing_scope":
            self._put_back(job, timedelta(), str(refused), unknown=True)
            raise SenderStopped(str(refused))
        if job.priority == Priority.SWITCH:
            self._send_now(hold, replace(job, is_repeat_possible=True))
        else:
            self._fail(job, "held", str(refused))

    # -- writing down ---------------------------------------------------------------------------------------

    def _put_back(self, job: Job, wait: timedelta, error: str, *, unknown: bool = False) -> None:
        until: datetime = self._clock() + wait
        service.put_back(self._database, job, until=until, error=error[:LONGEST_ERROR], unknown=unknown)

    def _pause(self, job: Job, wait: timedelta, reason: str) -> None:
        lanes.pause_lane(self._database, job.lane, self._clock() + wait)
        log.warning("outbox.lane_paused", lane=job.lane, seconds=wait.total_seconds(), reason=reason)

    def _fail(self, job: Job, state: str, error: str) -> None:
        self._gate.run(
            system_call(
                "delivery.fail", outbox_id=job.outbox_id, attempt=job.attempt, state=state, error=error[:LONGEST_ERROR]
            )
        )
