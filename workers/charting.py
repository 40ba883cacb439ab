"""Draws the charts that acts left, uploads them, and has the cards show them: one thread, the database and Slack.

Redis is not needed: the rows say what is to be done. Nothing is drawn or uploaded inside a transaction.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.slack_api import Announced, Answer, Away, Failure, RateLimited, Refused, SlackApi, said
from domain.arrows import cross
from domain.charts import rules, service
from domain.charts.results import Chart
from domain.charts.service import Work
from domain.database import Unavailable
from domain.delivery.rules import pause
from domain.gate import Gate
from workers.drawing import draw, warm_up

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
WARM_UP_AFTER = 20.0
"""When the drawing library is loaded where nothing was to be drawn yet: the first import takes seconds."""
LEASES = 3
"""An upload is three calls of Slack, each within a lease."""
LONGEST_ERROR = 300
NO_SUCH_UPLOAD = "file_not_found"
Draw = Callable[[Chart], bytes]


class Charting:
    """The thread; `start` it once, `stop` it to finish the chart under way."""

    def __init__(self, gate: Gate, slack: SlackApi, *, draw_chart: Draw | None = None) -> None:
        """Hold what drawing and uploading need."""
        self._database = gate.database
        self._clock = gate.clock
        self._slack = slack
        self._zone = gate.settings.business_tz
        self._draw = draw_chart or (lambda chart: draw(chart, self._zone))
        self._lease = gate.settings.lease * LEASES
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="charting", daemon=True)

    def start(self) -> None:
        """Begin to draw."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the chart under way, and stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        warm_at: float | None = time.monotonic() + WARM_UP_AFTER
        while not self._stop.is_set():
            try:
                worked = self.work()
                if worked:
                    warm_at = None
                elif warm_at is not None and time.monotonic() >= warm_at:
                    warm_at = None
                    warm_up()
            except Unavailable as error:
                log.warning("charts.database_away", reason=str(error))
                self._stop.wait(1.0)
            except Exception:
                log.exception("charts.failed")
                self._stop.wait(1.0)
            self._stop.wait(POLL_SECONDS)

    def work(self) -> bool:
        """Bring every chart that is due one step on; return whether there was one."""
        now = self._clock()
        if not self._database.look(lambda connection: service.due(connection, now)):
            return False
        while not self._stop.is_set():
            work = service.take(self._database, self._clock(), self._lease)
            if work is None:
                break
            with structlog.contextvars.bound_contextvars(correlation_id=work.correlation_id, thing=work.thing):
                self._make(work)
        while not self._stop.is_set() and service.show(self._database, self._clock()) is not None:
            cross("chart.ordered")
        return True

    # -- one chart ------------------------------------------------------------------------------------------

    def _make(self, work: Work) -> None:
        cross("chart.drawing")
        try:
            chart = Chart.model_validate(work.chart)
            content = self._draw(chart)
        except Exception:
            log.exception("chart.cannot_be_drawn")
            service.fail(self._database, work, "it cannot be drawn")
            return
        announced = self._slack.announce_file(f"chart-{work.version}.png", len(content), chart.alt)
        if not isinstance(announced, Announced):
            self._not_now(work, announced)
            return
        sent = self._slack.send_file(announced, content)
        if not isinstance(sent, Answer):
            self._not_now(work, sent)
            return
        cross("chart.sent")
        self._complete(work, announced, chart)

    def _complete(self, work: Work, announced: Announced, chart: Chart) -> None:
        if not service.begin_completing(self._database, work):
            log.info("chart.superseded")
            return
        cross("chart.uploading")
        completed = self._slack.complete_file(announced.file_id, chart.title)
        if isinstance(completed, Answer):
            cross("chart.completed")
            if service.uploaded(self._database, work, announced.file_id, self._clock()):
                cross("chart.uploaded")
                log.info("chart.uploaded", file=announced.file_id)
        elif isinstance(completed, RateLimited | Away):
            until = self._clock() + self._pause(work, completed)
            service.not_completed(self._database, work, until=until, error=said(completed))
        else:
            self._not_now(work, completed)

    def _not_now(self, work: Work, failure: Failure) -> None:
        if isinstance(failure, Refused) and failure.error != NO_SUCH_UPLOAD:
            log.warning("chart.refused", error=str(failure))
            service.fail(self._database, work, str(failure)[:LONGEST_ERROR])
            return
        wait = self._pause(work, failure)
        log.warning("chart.put_back", reason=said(failure), seconds=wait.total_seconds())
        until = self._clock() + wait
        service.put_back(self._database, work, until=until, error=said(failure)[:LONGEST_ERROR])

    def _pause(self, work: Work, failure: Failure) -> timedelta:
        return pause(failure.retry_after) if isinstance(failure, RateLimited) else rules.wait(work.attempt)
