"""A server on loopback that speaks a little S3, Google Cloud Storage (the same dialect of XML) and Azure Blob Storage.

It checks no signatures. It keeps what was asked, lists in short pages, and answers with whatever a test wants.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from itertools import count
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from pdfbatch.testing.servers import LocalServer

_NUMBERS = count()
_DATE = "Mon, 30 Nov 2026 02:00:00 GMT"
ACCOUNT = "account"


def refusal(code: str, message: str = "No.") -> bytes:
    """The body of an answer that refuses something."""
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


class ObjectServer(LocalServer):
    """Objects by ``bucket/key``. ``answer`` may give status, body and headers for a request instead of what is right."""

    def __init__(self, names_in_page: int = 1000, certificate: ssl.SSLContext | None = None) -> None:
        super().__init__(_Talk)
        self.certificate = certificate
        self.connections = 0
        # Of its own: what was found out about a bucket holds for the whole process.
        self.bucket = f"bucket-{next(_NUMBERS)}-{self.server_port}"
        self.objects = dict[str, bytes]()
        self.requests: list[tuple[str, str]] = []
        self.answer: Callable[[str, str], tuple[int, bytes, dict[str, str]] | None] = lambda method, path: None
        self.names_in_page = names_in_page

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return f"http{'s' if self.certificate else ''}://{self.address}"

    def get_request(self) -> tuple[socket.socket, object]:
        """Take a connection; its own thread shakes hands."""
        connection, client = super().get_request()
        self.connections += 1
        if self.certificate is not None:
            connection = self.certificate.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, client

    @property
    def url(self) -> str:
        """Its bucket, for S3."""
        return f"s3://{self.bucket}"

    @property
    def options(self) -> dict[str, object]:
        """Storage options for S3 that lead here."""
        return {"key": "ident", "secret": "s3cr3t", "endpoint_url": self.endpoint}

    @property
    def methods(self) -> list[str]:
        """The methods of all requests so far."""
        return [method for method, _ in self.requests]

    def put(self, *keys: str, data: bytes = b"%PDF") -> None:
        """Put objects into the bucket."""
        self.objects.update({f"{self.bucket}/{key}": data for key in keys})

    def count_listings(self) -> int:
        """Return how many pages of listings were asked for."""
        return sum("list" in urlsplit(path).query for _, path in self.requests)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ObjectServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle_one_request(self) -> None:
        """Any method is answered by ``_reply``."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path))
        with suppress(OSError):
            self._reply(body)

    def _reply(self, body: bytes) -> None:
        wanted = self.server.answer(self.command, self.path)
        if wanted is not None:
            self._send(*wanted)
            return
        parts = urlsplit(self.path)
        name = unquote(parts.path).strip("/") if parts.query else unquote(parts.path)[1:]
        name = name.removeprefix(f"{ACCOUNT}/")
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if "list-type" in query or query.get("comp") == "list":
            self._send(200, self._list(name, query), {"Content-Type": "application/xml"})
        elif self.command == "PUT":
            self.server.objects[name] = body
            self._send(201 if "x-ms-blob-type" in self.headers else 200, b"", {"ETag": '"etag-1"'})
        elif self.command == "DELETE":
            self._send(204 if self.server.objects.pop(name, None) is not None else 404, b"", {})
        elif name in self.server.objects:
            self._send_object(self.server.objects[name])
        else:
            self._send(404, refusal("NoSuchKey"), {})

    def _send_object(self, data: bytes) -> None:
        given = self.headers.get("Range") or self.headers.get("x-ms-range")
        facts = {"ETag": '"etag-1"', "Last-Modified": _DATE}
        if not given:
            self._send(200, data, facts)
            return
        start, _, last = given.removeprefix("bytes=").partition("-")
        part = data[int(start) : int(last) + 1 if last else None]
        facts["Content-Range"] = f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}"
        self._send(206, part, facts)

    def _list(self, bucket: str, query: dict[str, str]) -> bytes:
        """A page of names, in the words of both dialects."""
        prefix, after = query.get("prefix", ""), query.get("continuation-token") or query.get("marker") or ""
        after = after or query.get("start-after", "")
        objects = dict(self.server.objects)  # another request may change them meanwhile
        keys = (name.partition("/")[2] for name in objects if name.startswith(f"{bucket}/"))
        rest = sorted(key for key in keys if key.startswith(prefix) and key > after)
        limit = min(self.server.names_in_page, int(query.get("max-keys") or 1000))
        page = rest[:limit]
        files = [key for key in page if not query.get("delimiter") or "/" not in key[len(prefix) :]]
        folders = {prefix + key[len(prefix) :].partition("/")[0] + "/" for key in page if key not in files}
        following = page[-1] if len(rest) > len(page) else ""
        sizes = {key: len(objects[f"{bucket}/{key}"]) for key in files}
        if "comp" in query:
            blobs = "".join(
                f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>{_DATE}</Last-Modified><Etag>etag-1</Etag>"
                "<Content-Type>text/plain</Content-Type>"
                f"<Content-Length>{size}</Content-Length></Properties></Blob>"
                for key, size in sizes.items()
            )
            marks = f"<NextMarker>{escape(following)}</NextMarker>"
            return f"<EnumerationResults><Blobs>{blobs}</Blobs>{marks}</EnumerationResults>".encode()
        found = "".join(
            f"<Contents><Key>{_in_xml(key)}</Key><Size>{size}</Size><ETag>&quot;etag-1&quot;</ETag>"
            "<LastModified>2026-11-30T02:00:00.000Z</LastModified></Contents>"
            for key, size in sizes.items()
        )
        found += "".join(f"<CommonPrefixes><Prefix>{_in_xml(one)}</Prefix></CommonPrefixes>" for one in folders)
        more = f"<NextContinuationToken>{_in_xml(following)}</NextContinuationToken>" if following else ""
        more += f"<IsTruncated>{'true' if following else 'false'}</IsTruncated><Name>{bucket}</Name>"
        return f"<ListBucketResult>{found}{more}<KeyCount>{len(page)}</KeyCount></ListBucketResult>".encode()

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


def _in_xml(key: str) -> str:
    return escape(key, {"\n": "&#10;"})
