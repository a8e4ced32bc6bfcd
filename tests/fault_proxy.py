"""A proxy on loopback, before an S3 server, that does to requests what networks and busy servers do. Faults by a seed."""

import hashlib
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self

Fault = Literal["", "slow_down", "reset_before", "reset_after", "truncate", "trickle", "silence", "expired"]

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What happens to requests: shares of them (0 to 1) for each fault, and seconds before each answer.

    The n-th request of a method for a path always meets the same fate, in whatever order requests come.
    """

    seed: int = 0
    slow_down: float = 0.0
    reset: float = 0.0
    truncate: float = 0.0
    trickle: float = 0.0
    silence: float = 0.0
    expired: float = 0.0
    latency: float = 0.0

    def fate(self, method: str, path: str, number: int) -> Fault:
        """The fault of one request."""
        digest = hashlib.sha256(f"{self.seed} {method} {path} {number}".encode()).digest()
        chance, is_after = int.from_bytes(digest[:7], "big") / 2**56, digest[7] % 2
        shares: tuple[tuple[Fault, float], ...] = (
            ("slow_down", self.slow_down),
            ("reset_after" if is_after else "reset_before", self.reset),
            ("truncate", self.truncate),
            ("trickle", self.trickle),
            ("silence", self.silence),
            ("expired", self.expired),
        )
        for fault, share in shares:
            if chance < share:
                return fault
            chance -= share
        return ""


class FaultProxy(ThreadingHTTPServer):
    """Passes requests on to ``upstream`` (a port of this host). A context manager. ``requests`` are (method, path) pairs.

    ``asked`` are the paths of bodies that were not sent before they were asked for (``Expect: 100-continue``).
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: int, faults: Faults | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.upstream = upstream
        self.faults = faults or Faults()
        self.requests: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.over = threading.Event()
        self._numbers = Counter[tuple[str, str]]()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; whoever is kept waiting is let go."""
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def fate(self, method: str, path: str) -> Fault:
        """Count a request; what happens to it."""
        with self._lock:
            self.requests.append((method, path))
            self._numbers[method, path] += 1
            return self.faults.fate(method, path, self._numbers[method, path])

    def count(self, method: str) -> int:
        """How many requests of a method there were."""
        return sum(name == method for name, _ in self.requests)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Talk(BaseHTTPRequestHandler):
    """One connection of a client, with one to the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultProxy  # pyright: ignore[reportIncompatibleVariableOverride]
    upstream: HTTPConnection | None = None

    def handle_one_request(self) -> None:
        """Any method is passed on."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fate(self.command, self.path)
        self.server.over.wait(self.server.faults.latency)
        self._meet(fault, body)

    def handle_expect_100(self) -> bool:
        """The client may send its body."""
        self.server.asked.append(self.path)
        return super().handle_expect_100()

    def finish(self) -> None:
        """Let go of the server."""
        if self.upstream is not None:
            self.upstream.close()
        super().finish()

    def _meet(self, fault: Fault, body: bytes) -> None:
        match fault:
            case "slow_down":
                self._answer(503, "Slow Down", {}, _SLOW_DOWN)
            case "expired":
                self._answer(400, "Bad Request", {}, _EXPIRED)
            case "silence":
                self.server.over.wait()
                self.close_connection = True
            case "reset_before":
                self._reset()
            case "reset_after":
                self._passed_on(body)
                self._reset()
            case _:
                self._pass_back(*self._passed_on(body), fault)

    def _passed_on(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        if self.upstream is None:
            self.upstream = HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                self.upstream.putheader(name, value)
        self.upstream.endheaders(body or None)
        response = self.upstream.getresponse()
        return response, response.read()

    def _pass_back(self, response: HTTPResponse, data: bytes, fault: Fault) -> None:
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP}
        length = int(response.headers.get("Content-Length") or 0) if self.command == "HEAD" else len(data)
        sent = data[: len(data) // 2] if fault in ("truncate", "trickle") else data
        self._answer(response.status, response.reason, headers, sent, length=length)
        if fault == "trickle":
            self._trickle(data[len(sent) :])
        self.close_connection = self.close_connection or sent != data

    def _trickle(self, rest: bytes) -> None:
        """The rest of a body, a byte at a time."""
        for place in range(len(rest)):
            if self.server.over.wait(0.05):
                return
            self.wfile.write(rest[place : place + 1])

    def _answer(
        self, status: int, reason: str, headers: dict[str, str], data: bytes, *, length: int | None = None
    ) -> None:
        self.send_response_only(status, reason)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _reset(self) -> None:
        """Close the connection so that the client sees a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""
