"""The pager: sends pages to VALHALLA_PAGE_URL, the way that wakes people while Slack is silent.

It needs the database and the receiver, nothing else: neither Slack nor Redis. A page is `sending` before the receiver
hears of it and `sent` after it said yes; a pager that dies in between leaves it `sending` until its lease has passed,
and the next one sends it again with the same `Idempotency-Key`.
"""

import threading

import httpx
import structlog

from domain.arrows import cross
from domain.clock import Clock
from domain.database import Unavailable, in_transaction
from domain.gate import Gate
from domain.gate.call import system_call
from domain.oncall import phone
from domain.oncall.phone import Job

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.3
THREADS = 2
"""More than one, so that a receiver that dawdles over a page does not keep the next person's."""
LONGEST_TIMEOUT = 5.0
LONGEST_ERROR = 200
TOO_MANY, TIMED_OUT, SERVER_ERROR = 429, 408, 500


class Pager:
    """The threads that send pages; `start` it once, `stop` it to end what is under way."""

    def __init__(self, gate: Gate, url: str) -> None:
        """Connect to nothing yet."""
        secret = gate.settings.page_secret
        self._secret = secret.get_secret_value() if secret else None
        self._gate = gate
        self._clock: Clock = gate.clock
        self._url = url
        self._stop = threading.Event()
        timeout = min(LONGEST_TIMEOUT, gate.settings.lease_seconds * 0.4)
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)
        self._threads = [threading.Thread(target=self._run, name="pager", daemon=True) for _ in range(THREADS)]

    def start(self) -> None:
        """Begin to send."""
        if self._secret is None:
            log.warning(
                "pager.unsigned", cure="set VALHALLA_PAGE_SECRET, so that the receiver knows whose pages these are"
            )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send nothing more, and wait for what is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                while not self._stop.is_set() and self.send_one():
                    pass
            except Unavailable as error:
                log.warning("pager.database_away", reason=str(error))
                self._stop.wait(1.0)
            except Exception:
                log.exception("pager.failed")
                self._stop.wait(1.0)
            self._stop.wait(POLL_SECONDS)

    def send_one(self) -> bool:
        """Send the page that is due for longest; False where none is."""
        database, lease = self._gate.database, self._gate.settings.lease
        now = self._clock()
        if not database.look(lambda connection: phone.has_work(connection, now, lease)):
            return False
        cross("page.queued")
        job = phone.take(database, self._clock(), lease)
        if job is None:
            return False
        cross("page.sending")
        error, is_final = self._post(job)
        if error is None:
            cross("page.posted")
            phone.mark_sent(database, job, self._clock())
            cross("page.sent")
            log.info("page.sent", page_id=job.page_id, attempt=job.attempt)
        elif is_final or job.is_last:
            log.error("page.failed", page_id=job.page_id, attempt=job.attempt, error=error)
            self._gate.run(system_call("page.fail", page_id=job.page_id, attempt=job.attempt, error=error))
        else:
            log.warning("page.put_back", page_id=job.page_id, attempt=job.attempt, error=error)
            phone.put_back(database, job, until=self._clock() + phone.back_off(job.attempt), error=error)
        return True

    def _post(self, job: Job) -> tuple[str | None, bool]:
        """Return what went wrong (None: nothing), and whether trying again is of no use."""
        if in_transaction():
            raise RuntimeError("a page was sent inside a write transaction")
        try:
            answer = self._client.post(
                self._url, content=job.body, headers=phone.headers(job, self._clock(), self._secret)
            )
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"[:LONGEST_ERROR], False
        if answer.is_success:
            return None, False
        again = answer.status_code in {TOO_MANY, TIMED_OUT} or answer.status_code >= SERVER_ERROR
        return f"HTTP {answer.status_code}", not again
