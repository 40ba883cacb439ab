"""What an HTTP request of Slack's must be before anything is done with it: signed, of our window, of a known shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
INTERACTIVE = frozenset({"block_actions", "view_submission"})
"""The interactions there are listeners for."""


class Unusable(Exception):
    """A request that nothing here can take; the message is the one line it is answered with."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request that is Slack's and is understood."""

    kind: str
    """`command`, the interaction's type, `event_callback` or `url_verification`; for logs."""
    key: str | None
    """What makes a second delivery the same one; None where a second one does no harm."""

    @property
    def is_event(self) -> bool:
        """Whether Slack sends it again where it gets no good answer."""
        return self.kind == "event_callback"


def is_signed(verifier: SignatureVerifier, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack signed exactly these bytes, in the last five minutes."""
    stamp, signature = headers.get("x-slack-request-timestamp"), headers.get("x-slack-signature")
    try:
        return bool(verifier.is_valid(body, stamp, signature))
    except (ValueError, TypeError, OverflowError):  # a stamp that is no time, a body or a signature that is no text
        return False


def read_request(content_type: str, body: bytes) -> Received:
    """Say what a signed request is; raises `Unusable`."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        return _form(body)
    if kind == JSON:
        return _event(_loaded(body))
    raise Unusable(f"The content type must be {FORM} or {JSON}.")


def _form(body: bytes) -> Received:
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True)
    except ValueError:
        raise Unusable("The form cannot be read.") from None
    if "payload" in fields:
        return _interaction(_loaded(fields["payload"][0].encode()))
    if "command" not in fields:
        raise Unusable("The form holds neither a command nor a payload.")
    return Received("command", _key(fields.get("trigger_id", [None])[0]))


def _interaction(payload: Mapping[str, Any]) -> Received:
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in INTERACTIVE:
        raise Unusable("Nothing here takes this kind of interaction.")
    return Received(kind, _key(payload.get("trigger_id")))


def _event(payload: Mapping[str, Any]) -> Received:
    kind = payload.get("type")
    if kind == "url_verification":
        return Received("url_verification", None)
    if kind != "event_callback":
        raise Unusable("Nothing here takes this kind of payload.")
    return Received("event_callback", _key(payload.get("event_id")))


def _key(given: Any) -> str | None:
    return given if isinstance(given, str) and given else None


def _loaded(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Unusable("The payload is not JSON.") from None
    if not isinstance(found, dict):
        raise Unusable("The payload is not an object.")
    return found
