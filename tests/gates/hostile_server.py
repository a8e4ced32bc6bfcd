"""A server on loopback that lies about its documents, as far as HTTP and S3 let it. The first folder of a path is the lie."""

import gzip
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import urlsplit

from pdfbatch.samples import tiny_pdf
from pdfbatch.testing.servers import LocalServer

MIB = 1 << 20
PIECE = b"%" * (1 << 16)
ENDLESS_PIECES = 8_000  # 500 mebibytes: more than any test may take

LIES = (
    "endless",
    "longer",
    "shorter",
    "vast",
    "grown",
    "range",
    "bomb",
    "bomb-of-range",
    "no-length",
    "trickling",
    "stalling",
)
"""What a document may be, beside ``honest``.

``endless``: no length, no end. ``longer``, ``shorter``: not what was announced. ``vast``: a tebibyte announced, and it comes.
``grown``: small, and a tebibyte when it is asked for.
``range``: an honest range announced, and it does not end. ``bomb``: packed, 300 times as large. ``bomb-of-range``: a packed
range. ``no-length``: a length that is no number. ``trickling``: a byte now and then. ``stalling``: no more after some.
"""


@cache
def make_bomb() -> bytes:
    """Return 300 MiB of zeros, packed."""
    return gzip.compress(bytes(300 * MIB), 1)


class HostileServer(LocalServer):
    """A context manager; serves while it is entered. ``sent`` counts the bytes of each document's body."""

    def __init__(self) -> None:
        super().__init__(_Liar)
        self.sent: dict[str, int] = {}
        make_bomb()


class _Liar(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HostileServer  # pyright: ignore[reportIncompatibleVariableOverride]
    _usual: ClassVar[dict[str, str]] = {
        "ETag": '"0123456789abcdef0123456789abcdef"',
        "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
        "Accept-Ranges": "bytes",
        "Content-Type": "application/pdf",
    }

    def do_HEAD(self) -> None:
        """Announce a small document."""
        kind = self._kind()
        length = {"vast": str(1 << 40), "no-length": "many", "bomb": str(len(make_bomb()))}.get(kind, str(len(_body())))
        self._begin(200, {} if kind == "endless" else {"Content-Length": length})

    def do_GET(self) -> None:
        """Send what the kind of document sends."""
        with suppress(OSError):
            self._get(self._kind())

    def _get(self, kind: str) -> None:
        size = len(_body())
        span = {"Content-Range": f"bytes 0-{size - 1}/{size}"} if self.headers.get("Range") else {}
        status = 206 if span else 200
        if kind in ("endless", "longer", "range", "trickling", "stalling"):
            headers = {"Transfer-Encoding": "chunked", **(span if kind != "endless" else {})}
            self._begin(status if kind != "endless" else 200, headers)
            self._send_chunks(kind)
        elif kind.startswith("bomb"):
            packed = {"Content-Encoding": "gzip", "Content-Length": str(len(make_bomb()))}
            self._begin(206 if kind == "bomb-of-range" and span else 200, {**packed, **span})
            self.wfile.write(make_bomb())
        elif kind in ("vast", "grown"):
            self._begin(status if kind == "grown" else 200, {"Content-Length": str(1 << 40), **span})
            for _ in range(ENDLESS_PIECES):
                self._note(self.wfile.write(PIECE))
        else:
            length = {"shorter": str(size * 2), "no-length": "many"}.get(kind, str(size))
            self._begin(status, {"Content-Length": length, **span})
            self.wfile.write(_body())
            self.close_connection = kind != "honest"

    def _send_chunks(self, kind: str) -> None:
        for data in self._pieces(kind):
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self._note(len(data))
        self.server.over.wait(30)

    def _pieces(self, kind: str) -> Iterator[bytes]:
        if kind == "stalling":
            yield _body()[:100]
            return
        if kind == "trickling":
            while not self.server.over.wait(0.05):
                yield b"%"
            return
        yield _body()
        for _ in range(ENDLESS_PIECES):
            yield PIECE

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**self._usual, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = "Transfer-Encoding" in headers

    def _note(self, count: int) -> None:
        place = urlsplit(self.path).path
        self.server.sent[place] = self.server.sent.get(place, 0) + count

    def _kind(self) -> str:
        return self.path.split("/")[1]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


def _body() -> bytes:
    return tiny_pdf(1)
