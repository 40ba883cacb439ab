"""How a call of Slack can end, and which end each kind of answer, error and silence is."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError

from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookResponse

TOO_MANY = 429
SERVER_ERRORS = 500
IN_DOUBT = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})


@dataclass(frozen=True, slots=True)
class Answer:
    """Slack did what was asked; `data` is its answer."""

    data: dict[str, Any]
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Posted:
    """The message is in Slack."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The history was read, and what was looked for is not in it."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A file may be sent: its id, and where to."""

    file_id: str
    upload_url: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Not done: too many calls; try again after so many seconds."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done: Slack's error, and for a missing scope which one."""

    error: str
    needed: str | None = None
    provided: str | None = None
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The error as logs and lists show it."""
        more = f" (needs {self.needed})" if self.needed else ""
        return self.error + more + "".join(f"; {detail}" for detail in self.details)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost: it may or may not have been done."""

    reason: str


@dataclass(frozen=True, slots=True)
class Away:
    """Not done: nobody could be reached."""

    reason: str


Failure = RateLimited | Refused | Unknown | Away


def said(failure: Failure) -> str:
    """Return a failure in a few words."""
    if isinstance(failure, RateLimited):
        return f"rate limited for {failure.retry_after:g} s"
    if isinstance(failure, Refused):
        return str(failure)
    return f"{'no answer' if isinstance(failure, Unknown) else 'cannot be reached'}: {failure.reason}"


def posted(answer: Answer | Failure, channel: str, ts: str | None = None) -> Posted | Failure:
    """Return where the message stands that an answer tells of: where it was sent to, if the answer does not say."""
    if not isinstance(answer, Answer):
        return answer
    stands = answer.data.get("ts") or ts
    return Posted(str(answer.data.get("channel") or channel), str(stands)) if stands else Unknown("no ts in the answer")


def header(headers: Mapping[str, Any] | None, name: str) -> str | None:
    """Return a header by its lower-case name; the SDK gives some as lists."""
    for key, value in (headers or {}).items():
        if key.lower() == name:
            return str(value[0] if isinstance(value, list) else value)
    return None


def _seconds(text: str | None) -> float:
    try:
        return max(float(text or 1), 0.0)
    except ValueError:
        return 1.0


def failure(response: SlackResponse) -> Failure:
    """Return what an answer of `ok: false`, or one that is no answer of Slack's, means."""
    data = response.data if isinstance(response.data, dict) else {}
    error = str(data.get("error", ""))
    if response.status_code == TOO_MANY or error in RATE_LIMITED:
        return RateLimited(_seconds(header(response.headers, "retry-after")))
    if response.status_code >= SERVER_ERRORS or error in IN_DOUBT or not error or " " in error:
        # A body that is not JSON comes as an “error” in words; a proxy in between may have written it.
        return Unknown(f"HTTP {response.status_code} {error[:60]}".strip())
    messages = (data.get("response_metadata") or {}).get("messages") or ()
    return Refused(error, data.get("needed"), data.get("provided"), tuple(str(message) for message in messages))


def lost(error: Exception) -> Failure:
    """Return what a broken connection means."""
    reason = error.reason if isinstance(error, URLError) else error
    text = f"{type(reason).__name__}: {reason}"[:120] if isinstance(reason, Exception) else str(reason)[:120]
    # A refused connection, or a host without an address: nothing was sent. Anything later may have arrived.
    if isinstance(reason, ConnectionRefusedError | socket.gaierror):
        return Away(text)
    return Unknown(text)


def responded(response: WebhookResponse) -> Answer | Failure:
    """Return what an answer of a response address means."""
    if response.status_code == TOO_MANY:
        return RateLimited(_seconds(header(response.headers, "retry-after")))
    if response.status_code >= SERVER_ERRORS:
        return Unknown(f"HTTP {response.status_code}")
    if response.status_code >= 400 or '"ok":false' in response.body.replace(" ", ""):  # noqa: PLR2004 - HTTP
        return Refused(_error_in(response.body))
    return Answer({})


def _error_in(body: str) -> str:
    try:
        parsed = json.loads(body)
    except ValueError:
        return body.strip()[:80] or "refused"
    return str(parsed.get("error", "refused")) if isinstance(parsed, dict) else "refused"


def uploaded(status: int, headers: Mapping[str, Any], body: str) -> Answer | Failure:
    """Return what an answer to a file's bytes means: anything but 200 is no."""
    if status == 200:  # noqa: PLR2004 - HTTP
        return Answer({})
    if status == TOO_MANY:
        return RateLimited(_seconds(header(headers, "retry-after")))
    if status >= SERVER_ERRORS:
        return Unknown(f"HTTP {status}")
    return Refused(_error_in(body) if body.strip() else f"HTTP {status}")
