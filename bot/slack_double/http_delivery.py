"""HTTP mode: the same envelopes as signed requests to the app's request URL."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from bot.slack_double.delivery import Delivery, Envelope

JsonDict = dict[str, Any]


class HttpDelivery:
    """Posts each envelope, and takes the answer as its acknowledgement."""

    def __init__(self, delivery: Delivery, request_url: str, signing_secret: str, now: Callable[[], datetime]) -> None:
        self._delivery = delivery
        self._request_url = request_url
        self._secret = signing_secret.encode()
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()

    def carry(self, envelope: Envelope, *, copies: int) -> bool:
        """Post it in the background."""
        for _ in range(copies):
            task = asyncio.get_running_loop().create_task(self._post(envelope))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    async def _post(self, envelope: Envelope) -> None:
        body, media_type = _encoded(envelope)
        headers = self._headers(envelope, body, media_type)
        request = urllib.request.Request(self._request_url, body, headers)  # noqa: S310 the app's own address
        try:
            answer = await asyncio.to_thread(_answer, request)
        except OSError:
            self._delivery.fail(envelope)
        else:
            self._delivery.acknowledge(envelope.id, answer)

    def _headers(self, envelope: Envelope, body: bytes, media_type: str) -> dict[str, str]:
        stamp = str(int(self._now().timestamp()))
        digest = hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": media_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        if envelope.retry_attempt:
            headers["X-Slack-Retry-Num"] = str(envelope.retry_attempt)
            headers["X-Slack-Retry-Reason"] = envelope.retry_reason or "http_error"
        return headers


def _encoded(envelope: Envelope) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if envelope.type == "slash_commands":
        fields = {name: str(value) for name, value in envelope.payload.items()}
        return urlencode(fields).encode(), form
    if envelope.type == "interactive":
        return urlencode({"payload": json.dumps(envelope.payload)}).encode(), form
    return json.dumps(envelope.payload).encode(), "application/json"


# Proxy settings of the environment have no say: the request URL is the app's own, on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _answer(request: urllib.request.Request) -> JsonDict | None:
    with _opener.open(request, timeout=10) as response:
        text = response.read().decode()
    if not text.strip():
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        return {"text": text}
    return parsed if isinstance(parsed, dict) else {"text": text}
