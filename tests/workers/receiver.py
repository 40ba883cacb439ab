"""Whatever wakes people: a local HTTP server that checks signatures, remembers keys, and fails when told to."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a secret of the pager"


@dataclass
class Pager:
    """What the receiver got and what it answers; `keys` are the pages as it counts them, each once."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    """What the next requests are answered with; then 200."""
    delay: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Each accepted page once, in the order they came."""
        return list(dict.fromkeys(request["key"] for request in self.requests if request["answer"] == 200))

    @property
    def people(self) -> list[str]:
        """Who was woken, in order, each page counted once."""
        by_key = {request["key"]: request["body"]["person"] for request in self.requests if request["answer"] == 200}
        return [by_key[key] for key in self.keys]


def _problem(headers: Any, body: bytes) -> str | None:
    """Check a request as the README tells a receiver to; written apart from the program's own code."""
    timestamp, given = headers.get("X-Valhalla-Timestamp"), headers.get("X-Valhalla-Signature")
    if timestamp is None or given is None or not headers.get("Idempotency-Key"):
        return "a header is missing"
    if abs(time.time() - int(timestamp)) > 300:
        return "too old"
    expected = hmac.new(SECRET.encode(), b"v1:%s:%s" % (timestamp.encode(), body), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(given, f"v1={expected}") else "the signature is wrong"


@contextmanager
def receiver() -> Iterator[Pager]:
    """A receiver that listens meanwhile."""
    pager, lock = Pager(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                if problem := _problem(self.headers, body):
                    pager.problems.append(problem)
                answer = pager.answers.pop(0) if pager.answers else 200
                key = self.headers.get("Idempotency-Key")
                pager.requests.append({"key": key, "body": json.loads(body), "answer": answer})
                pager.bodies.append(body)
            time.sleep(pager.delay)
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.send_header("Location", pager.url + "/elsewhere")
            self.end_headers()

        def log_message(self, *_given: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # whoever asked was killed
                return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    pager.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield pager
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
