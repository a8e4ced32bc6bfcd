"""A proxy on loopback that does to requests what networks and busy servers do: it delays, refuses, cuts and drops them."""

import hashlib
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler
from typing import Literal

from pdfbatch.testing.servers.local_server import LocalServer

RequestFault = Literal["", "slow_down", "reset_before", "reset_after", "truncate", "trickle", "silence", "expired"]

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFaults:
    """Which share of the requests (0 to 1) meets which fault, and how many seconds pass before each answer.

    ``slow_down``: status 503. ``expired``: status 400, expired credentials. ``reset``: the connection is reset, for every
    other one after the server has done what was asked. ``truncate``: half of the body, then the end. ``trickle``: the
    second half of the body a byte at a time. ``silence``: no answer. The seed decides: the n-th request of a method for a
    path always meets the same fault, in whatever order requests come. Unless the shares add up to 1, each
    third request is let through after two that met faults, so that a client that tries five times is sure of an answer. A
    subclass may ``choose`` by other rules.
    """

    seed: int = 0
    slow_down: float = 0.0
    reset: float = 0.0
    truncate: float = 0.0
    trickle: float = 0.0
    silence: float = 0.0
    expired: float = 0.0
    latency: float = 0.0

    def choose(self, method: str, path: str, number: int) -> RequestFault:
        """Return the fault of the n-th request of a method for a path, from 1; an empty string for none."""
        drawn = self._draw(method, path, number)
        if number % 3 == 0 and not self._is_certain:
            before = (self._draw(method, path, number - 2), self._draw(method, path, number - 1))
            return "" if all(before) else drawn
        return drawn

    @property
    def _is_certain(self) -> bool:
        """Whether each request meets a fault."""
        return self.slow_down + self.reset + self.truncate + self.trickle + self.silence + self.expired >= 1

    def _draw(self, method: str, path: str, number: int) -> RequestFault:
        digest = hashlib.sha256(f"{self.seed} {method} {path} {number}".encode()).digest()
        chance, is_after = int.from_bytes(digest[:7], "big") / 2**56, digest[7] % 2
        shares: tuple[tuple[RequestFault, float], ...] = (
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


class FaultProxy(LocalServer):
    """A proxy before an HTTP server at a port of this host, ``upstream``. A context manager; serves while it is entered.

    ``faults`` may be replaced while it serves. ``requests`` are the (method, path) pairs that have come, ``asked`` the paths
    of bodies that clients held back until they were asked for (``Expect: 100-continue``).
    """

    def __init__(self, upstream: int, faults: RequestFaults | None = None) -> None:
        super().__init__(_Connection)
        self.upstream = upstream
        self.faults: RequestFaults = faults or RequestFaults()
        self.requests: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self._numbers = Counter[tuple[str, str]]()
        self._lock = threading.Lock()

    def take(self, method: str, path: str) -> RequestFault:
        """Note a request and return its fault."""
        with self._lock:
            self.requests.append((method, path))
            self._numbers[method, path] += 1
            return self.faults.choose(method, path, self._numbers[method, path])

    def count(self, method: str) -> int:
        """Return how many requests of a method have come."""
        return sum(name == method for name, _ in self.requests)


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client, with one of its own to the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultProxy  # pyright: ignore[reportIncompatibleVariableOverride]
    upstream: HTTPConnection | None = None

    def handle_one_request(self) -> None:
        """Answer one request, whatever its method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.take(self.command, self.path)
        self.server.over.wait(self.server.faults.latency)
        self._answer_with(fault, body)

    def handle_expect_100(self) -> bool:
        """Note that the client asks, and let it send its body."""
        self.server.asked.append(self.path)
        return super().handle_expect_100()

    def finish(self) -> None:
        """Close the connection to the server."""
        if self.upstream is not None:
            self.upstream.close()
        super().finish()

    def _answer_with(self, fault: RequestFault, body: bytes) -> None:
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
                self._forward(body)
                self._reset()
            case _:
                self._pass_back(*self._forward(body), fault)

    def _forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        if self.upstream is None:
            self.upstream = HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                self.upstream.putheader(name, value)
        self.upstream.endheaders(body or None)
        response = self.upstream.getresponse()
        return response, response.read()

    def _pass_back(self, response: HTTPResponse, data: bytes, fault: RequestFault) -> None:
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP}
        length = int(response.headers.get("Content-Length") or 0) if self.command == "HEAD" else len(data)
        sent = data[: len(data) // 2] if fault in ("truncate", "trickle") else data
        self._answer(response.status, response.reason, headers, sent, length=length)
        if fault == "trickle":
            self._trickle(data[len(sent) :])
        self.close_connection = self.close_connection or sent != data

    def _trickle(self, rest: bytes) -> None:
        """Send the rest of a body, a byte at a time."""
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
        # without lingering, closing sends a reset
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""
