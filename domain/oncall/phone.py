"""What the pager does to the pages it sends by webhook; every function is one short transaction of its own."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from domain.alerts.tables import Alert
from domain.database import Database
from domain.oncall.pages import PHONE
from domain.oncall.tables import LIVE, Page

ATTEMPTS = 4
"""How often a page is tried before it has failed; with the waits between, under half a minute."""
BACK_OFF = (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=5))
SIGNATURE, TIMESTAMP, KEY = "X-Valhalla-Signature", "X-Valhalla-Timestamp", "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Job:
    """One page to be sent now."""

    page_id: int
    attempt: int
    """The fence: a write about another attempt changes nothing."""
    key: str
    body: bytes

    @property
    def is_last(self) -> bool:
        """Whether it is not tried again after this."""
        return self.attempt >= ATTEMPTS


def _is_due(now: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Queued and due, or left `sending` by a pager that fell silent."""
    return and_(
        Page.way == PHONE,
        or_(
            and_(Page.state == "queued", Page.not_before <= now),
            and_(Page.state == "sending", Page.attempted_at <= now - lease),
        ),
    )


def has_work(connection: Connection, now: datetime, lease: timedelta) -> bool:
    """Whether a page waits to be sent; cheap, and takes no lock."""
    return connection.scalar(select(Page.id).where(LIVE, _is_due(now, lease)).limit(1)) is not None


def take(database: Database, now: datetime, lease: timedelta) -> Job | None:
    """Take the page that is due for longest: it is `sending` when this returns.

    One whose alert somebody answered meanwhile is stopped instead: nobody is woken for what is over.
    """
    return database.attempt(lambda connection: _take(connection, now, lease))


def _take(connection: Connection, now: datetime, lease: timedelta) -> Job | None:
    rows = connection.execute(
        select(Page.__table__, Alert.state.label("alert_state"), Alert.page_round, Alert.severity, Alert.headline,
               Alert.facts, Alert.opened_at)
        .join(Alert, Alert.id == Page.alert_id)
        .where(_is_due(now, lease))
        .order_by(Page.due_at, Page.id)
        .limit(10)
    ).all()  # fmt: skip
    for row in rows:
        mine = and_(Page.id == row.id, Page.attempts == row.attempts, Page.state == row.state)
        if row.alert_state != "open" or row.round != row.page_round:
            connection.execute(update(Page).where(mine).values(state="stopped", ended_at=now))
            continue
        taken = connection.execute(
            update(Page).where(mine).values(state="sending", attempts=row.attempts + 1, attempted_at=now)
        )
        if taken.rowcount == 1:
            return Job(row.id, row.attempts + 1, row.key, body_of(row))
    return None


def body_of(row: Any) -> bytes:
    """Return what is posted: the same bytes at every attempt, so that a repetition is one."""
    said = {
        "type": "page", "id": row.key, "alert": f"T-{row.alert_id}", "severity": row.severity,
        "headline": row.headline, "facts": {str(name): value for name, value in row.facts},
        "opened_at": row.opened_at.isoformat(), "person": row.target.removeprefix("user:"), "step": row.step,
        "round": row.round, "why": row.why,
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def headers(job: Job, now: datetime, secret: str | None) -> dict[str, str]:
    """Return the headers of a page.

    The signature is `v1=` and the HMAC-SHA256, in hexadecimal, of `v1:TIMESTAMP:BODY` with VALHALLA_PAGE_SECRET; a
    receiver refuses a timestamp more than five minutes old, and a key it has seen. Without a secret (development
    only) there is no signature.
    """
    timestamp = str(int(now.timestamp()))
    plain = {"Content-Type": "application/json", KEY: job.key, TIMESTAMP: timestamp, "User-Agent": "Valhalla"}
    return plain if secret is None else {**plain, SIGNATURE: signature(secret, timestamp, job.body)}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a body sent at that time (seconds since 1970)."""
    signed = b"v1:" + timestamp.encode() + b":" + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def back_off(attempt: int) -> timedelta:
    """Return how long to wait after so many attempts."""
    return BACK_OFF[min(attempt, len(BACK_OFF)) - 1]


def _mine(job: Job) -> ColumnElement[bool]:
    return and_(Page.id == job.page_id, Page.attempts == job.attempt, Page.state == "sending")


def mark_sent(database: Database, job: Job, now: datetime) -> bool:
    """Write down that the receiver has it."""
    values = {"state": "sent", "sent_at": now, "ended_at": now, "error": None}
    return _write(database, job, values)


def put_back(database: Database, job: Job, *, until: datetime, error: str) -> bool:
    """Queue the page again: nobody knows whether this attempt arrived, so it comes with the same key."""
    return _write(database, job, {"state": "queued", "not_before": until, "error": error})


def _write(database: Database, job: Job, values: dict[str, Any]) -> bool:
    def work(connection: Connection) -> bool:
        return connection.execute(update(Page).where(_mine(job)).values(**values)).rowcount == 1

    return database.attempt(work)
