"""A proxy on loopback, as a company has one: it passes requests on, and opens tunnels, to one server whatever is asked for."""

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from pdfbatch.testing.servers import LocalServer


class ForwardProxy(LocalServer):
    """Notes what was asked for in ``asked``. With a ``status`` it refuses everything by that."""

    def __init__(self, port: int, *, status: int = 0) -> None:
        super().__init__(_Talk)
        self.port = port
        self.status = status
        self.asked: list[tuple[str, str]] = []
        self.credentials: list[str | None] = []


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ForwardProxy  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle_one_request(self) -> None:
        """Open a tunnel, or pass one request on and close the connection."""
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        self.server.asked.append((self.command, self.path))
        self.server.credentials.append(self.headers.get("Proxy-Authorization"))
        if self.server.status:
            self.send_error(self.server.status)
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as upstream:
            if self.command == "CONNECT":
                self.send_response(200)
                self.end_headers()
                sender = threading.Thread(target=_copy, args=(self.connection, upstream), daemon=True)
                sender.start()
            else:
                path = self.path.partition("://")[2].partition("/")[2]
                del self.headers["Connection"]
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                head = f"{self.command} /{path} HTTP/1.1\r\nConnection: close\r\n{self.headers}".replace("\r\n", "\n")
                upstream.sendall(head.replace("\n", "\r\n").encode() + body)
            _copy(upstream, self.connection)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
