"""HTTP mode: Slack's signed requests, verified, dispatched in threads, answered once, followed up.

::

    request ─► size ─► signature ─► kind, key ─┬─ new ─► a thread: dispatched ─► answered ─► `after`
                                               └─ seen before ─► waits for the first one's answer ─► an empty answer

The event loop only carries bytes: whatever may wait for the database runs in threads of a limited number. What a
listener leaves to be done after its acknowledgement runs once the answer was handed to a connection that still
stands; where Slack hung up before, it does not run, and a recorded row ends as one that was never acknowledged.
"""

import asyncio
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import structlog
import uvicorn
from anyio import CapacityLimiter, to_thread
from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.surfaces.slack.http_requests import Received, Unusable, is_signed, read_request
from bot.surfaces.slack.listeners import AFTER
from bot.surfaces.slack.manifest import PATH
from domain.database import Database, Unavailable

log = structlog.get_logger(__name__)
LARGEST = 1024 * 1024
"""Bytes of a body: four times what the largest view can hold."""
THREADS = 32
"""Requests dispatched at once; each waits at most for a recorder or a reader of the pools, with a deadline."""
AFTERS = 8
LOOKERS = 2
CONNECTIONS = 512
READ_DEADLINE = 3.0
"""Seconds a body may take to arrive; Slack has given it up by then."""
TOO_LATE = 1.5
"""Seconds after its arrival at which a request is not begun any more: Slack tells its sender that it failed."""
REPEAT_DEADLINE = 2.5
"""Seconds a second delivery waits for the first one's answer."""
READY_DEADLINE = 2.0
REMEMBERED = 610.0
"""Seconds a request is remembered: a signature is good from five minutes before its time to five minutes after."""
MOST_REMEMBERED = 50_000
DRAIN = 5
OK, BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, FAILED, UNAVAILABLE = 200, 400, 401, 404, 500, 503


class NotListening(Exception):
    """The address cannot be had; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int


class Repeats:
    """What came in lately, so that it is dispatched once; belongs to the event loop, so it needs no lock."""

    def __init__(self, *, seconds: float = REMEMBERED, most: int = MOST_REMEMBERED) -> None:
        """Remember nothing yet."""
        self._seconds = seconds
        self._most = most
        self._seen: OrderedDict[str, tuple[float, asyncio.Event]] = OrderedDict()

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self._seen)

    def knows(self, key: str | None) -> bool:
        """Whether it came in and was not given up."""
        return key in self._seen

    def first(self, key: str) -> asyncio.Event | None:
        """Return None for the first delivery, else what the first one's end sets."""
        now = time.monotonic()
        while self._seen and (next(iter(self._seen.values()))[0] <= now or len(self._seen) > self._most):
            self._seen.popitem(last=False)
        known = self._seen.get(key)
        if known is not None:
            return known[1]
        self._seen[key] = (now + self._seconds, asyncio.Event())
        return None

    def ended(self, key: str, *, forget: bool) -> None:
        """Let those who wait go on; where nothing came of it, the next delivery is a first one."""
        known = self._seen.pop(key, None) if forget else self._seen.get(key)
        if known is not None:
            known[1].set()


class _Answer(Response):
    """A response that knows whether it was sent, and tells `then`."""

    def __init__(self, answer: BoltResponse, then: Callable[[bool], Awaitable[None]]) -> None:
        super().__init__(answer.body, answer.status, answer.first_headers_without_set_cookie())
        self._then = then

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, unless nobody is there any more."""
        was_sent = False
        try:
            if not await Request(scope, receive).is_disconnected():
                await super().__call__(scope, receive, send)
                was_sent = True
        finally:
            await self._then(was_sent)


class HttpEndpoint:
    """The application: Slack's requests, and two questions for whoever watches over the process."""

    def __init__(self, app: App, signing_secret: str, database: Database) -> None:
        """Take the listeners, the secret that signs, and the database that `/readyz` asks."""
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)
        self._database = database
        self._threads, self._afters, self._lookers = (CapacityLimiter(many) for many in (THREADS, AFTERS, LOOKERS))
        self.repeats = Repeats()
        self.application = Starlette(
            routes=[
                Route(PATH, self._slack, methods=["POST"]),
                Route("/healthz", self._alive, methods=["GET"]),
                Route("/readyz", self._ready, methods=["GET"]),
            ]
        )

    # -- for whoever watches --------------------------------------------------------------------------------

    async def _alive(self, _request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def _ready(self, _request: Request) -> Response:
        with anyio.move_on_after(READY_DEADLINE):
            if await to_thread.run_sync(self._answers, limiter=self._lookers, abandon_on_cancel=True):
                return PlainTextResponse("ready\n")
        return PlainTextResponse("The database gives no answer.\n", UNAVAILABLE)

    def _answers(self) -> bool:
        try:
            self._database.look(lambda connection: connection.execute(text("SELECT 1")))
        except Unavailable:
            return False
        return True

    # -- for Slack ------------------------------------------------------------------------------------------

    async def _slack(self, request: Request) -> Response:
        arrived = time.monotonic()
        try:
            body = await _body(request)
            if not is_signed(self._verifier, body, request.headers):
                log.warning("http.not_signed", size=len(body))
                return _line(UNAUTHORIZED, "The signature is missing, wrong or older than five minutes.")
            received = read_request(request.headers.get("content-type", ""), body)
        except Unusable as error:
            log.warning("http.unusable", reason=str(error))
            return _line(BAD_REQUEST, str(error), no_retry=True)
        except ClientDisconnect:
            return Response(status_code=BAD_REQUEST)
        first = self.repeats.first(received.key) if received.key else None
        if first is not None:
            return await self._repeated(received, first)
        return await self._take(request, body, received, arrived)

    async def _repeated(self, received: Received, first: asyncio.Event) -> Response:
        """Answer a second delivery with nothing once the first is answered; where that failed, Slack may try again."""
        log.info("http.repeated", kind=received.kind)
        with anyio.move_on_after(REPEAT_DEADLINE):
            await first.wait()
        is_answered = first.is_set() and self.repeats.knows(received.key)
        return Response() if is_answered else _line(UNAVAILABLE, "The first delivery is not answered.")

    async def _take(self, request: Request, body: bytes, received: Received, arrived: float) -> Response:
        try:
            taken = await to_thread.run_sync(self._dispatch, request, body, received, arrived, limiter=self._threads)
        except BaseException as error:
            self._end(received, forget=True)
            if not isinstance(error, Exception):
                raise
            log.exception("http.failed", kind=received.kind)
            return _line(FAILED, "Something went wrong here.")
        if isinstance(taken, Response):
            self._end(received, forget=True)
            return taken
        answer, after = taken

        async def then(was_sent: bool) -> None:
            self._end(received, forget=not was_sent)
            if not was_sent:
                log.warning("http.nobody_waited", kind=received.kind)
            elif after is not None:
                await self._follow_up(after, received)

        return _Answer(answer, then)

    def _dispatch(
        self, request: Request, body: bytes, received: Received, arrived: float
    ) -> Response | tuple[BoltResponse, Callable[[], None] | None]:
        """Let the listeners take it; runs in a thread."""
        if time.monotonic() - arrived > TOO_LATE:
            log.warning("http.too_late", kind=received.kind)
            return _line(UNAVAILABLE, "Too much is waiting here.")
        headers: dict[str, Any] = dict(request.headers)
        taken = BoltRequest(body=body.decode(), headers=headers)
        answer = self._app.dispatch(taken)
        if answer.status == OK:
            return answer, taken.context.get(AFTER)
        log.warning("http.not_taken", kind=received.kind, status=answer.status)
        if answer.status == NOT_FOUND:
            return _line(BAD_REQUEST, "Nothing here takes this kind of payload.", no_retry=received.is_event)
        return _line(FAILED, "Something went wrong here.")

    def _end(self, received: Received, *, forget: bool) -> None:
        if received.key:
            self.repeats.ended(received.key, forget=forget)

    async def _follow_up(self, after: Callable[[], None], received: Received) -> None:
        try:
            await to_thread.run_sync(after, limiter=self._afters)
        except Exception:
            log.exception("http.not_followed_up", kind=received.kind)


async def _body(request: Request) -> bytes:
    """Return the body as it was sent; raises `Unusable` where it is too large or too slow."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > LARGEST:
        raise Unusable(f"The body may have {LARGEST:,} bytes.")
    body = bytearray()
    with anyio.move_on_after(READ_DEADLINE):
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise Unusable(f"The body may have {LARGEST:,} bytes.")
        return bytes(body)
    raise Unusable("The body did not arrive in time.")


def _line(status: int, said: str, *, no_retry: bool = False) -> Response:
    return PlainTextResponse(f"{said}\n", status, {"x-slack-no-retry": "1"} if no_retry else None)


class HttpMode:
    """The server of the endpoint, in a thread of its own."""

    def __init__(self, endpoint: HttpEndpoint, address: Address) -> None:
        """Listen to nothing yet."""
        self.endpoint = endpoint
        self._address = address
        self._listener: socket.socket | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(
                endpoint.application, log_config=None, log_level="warning", access_log=False, lifespan="off",
                server_header=False, proxy_headers=False, ws="none", limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=DRAIN,
            )
        )  # fmt: skip
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on, once it is."""
        return int(self._listener.getsockname()[1]) if self._listener else 0

    def start(self) -> None:
        """Take the address and begin to serve; raises `NotListening` where it cannot be had."""
        host, port = self._address.host, self._address.port
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self._listener = socket.socket(family, kind, protocol)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(where)
            self._listener.listen(CONNECTIONS)
        except OSError as error:
            self.close()
            raise NotListening(f"--host {host} --port {port} cannot be listened on: {error.strerror}") from None
        self._thread.start()
        log.info("http.listening", host=host, port=self.port)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener] if self._listener else None)

    def said(self) -> str:
        """Return `ok`, or what is wrong."""
        return "ok" if self._thread.is_alive() else "nothing listens"

    def close(self) -> None:
        """Take nothing more; what was begun is answered and followed up."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        if self._listener is not None:
            self._listener.close()
