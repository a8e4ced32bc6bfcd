"""What reaches an object store: how many requests, over a real connection, to a server on loopback that speaks a little S3.

That it checks no signatures does not matter here; what is counted are requests.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import Storage
from pdfbatch.storage.documents import read_document
from pdfbatch.storage.remote_documents import RemoteDocument

pytest.importorskip("s3fs")
THRICE = RetryPolicy(attempts=3, backoff_seconds=0.001, max_backoff_seconds=0.001)


class Bucket(ThreadingHTTPServer):
    """Objects by path; while ``status`` is set every request is answered by it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.objects = dict[str, bytes]()
        self.methods: list[str] = []
        self.status = 0

    def options(self) -> dict[str, object]:
        """Storage options that lead here."""
        return {"key": "ident", "secret": "s3cr3t", "endpoint_url": f"http://127.0.0.1:{self.server_port}"}


class Talk(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Bucket  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle_one_request(self) -> None:
        """Any method is answered by ``answer``."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.methods.append(self.command)
        self.answer(body)

    def answer(self, body: bytes) -> None:
        """Store or fetch."""
        if self.command == "PUT" and not self.server.status:
            self.server.objects[self.path] = body
        found = self.server.objects.get(self.path)
        status = self.server.status or (404 if found is None else 200)
        content = found if found is not None and status == 200 and self.command != "PUT" else b""
        self.send_response(status)
        self.send_header("ETag", '"etag-1"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A server of its own for each test."""
    with Bucket() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def storage(bucket: Bucket) -> Storage:
    """An output in the bucket."""
    return Storage("s3://bucket/out", bucket.options(), retry=THRICE)


def test_a_write_is_one_put_whatever_its_size(bucket: Bucket) -> None:
    storage(bucket).write("a.txt", b"x" * 105_000_000)
    assert bucket.methods == ["PUT"]
    assert len(bucket.objects["/bucket/out/a.txt"]) == 105_000_000


def test_a_document_is_read_by_asking_its_size_and_then_its_bytes(bucket: Bucket) -> None:
    bucket.objects["/bucket/a.pdf"] = b"%PDF"
    source = read_document(RemoteDocument("s3://bucket/a.pdf", options=bucket.options()))
    assert (source.data, str(source.fingerprint), bucket.methods) == (b"%PDF", "4:etag=etag-1", ["HEAD", "GET"])


def test_of_a_document_beyond_the_limit_no_byte_is_read(bucket: Bucket) -> None:
    bucket.objects["/bucket/a.pdf"] = b"%PDF"
    with pytest.raises(DocumentError, match="4 bytes are more than the limit of 3"):
        read_document(RemoteDocument("s3://bucket/a.pdf", options=bucket.options()), max_file_bytes=3)
    assert bucket.methods == ["HEAD"]


@pytest.mark.parametrize(
    ("status", "cause", "requests"),
    [
        (503, Cause.STORAGE_UNAVAILABLE, 3),
        (500, Cause.STORAGE_UNAVAILABLE, 3),
        (403, Cause.STORAGE_DENIED, 1),
        (404, Cause.STORAGE_NOT_FOUND, 1),
        (400, Cause.STORAGE_DENIED, 1),
    ],
)
def test_one_layer_tries_again_and_only_what_may_pass(bucket: Bucket, status: int, cause: Cause, requests: int) -> None:
    bucket.status = status
    with pytest.raises(DocumentError) as caught:
        storage(bucket).write("a.txt", b"x")
    assert (caught.value.cause, bucket.methods) == (cause, ["PUT"] * requests)
    assert "s3cr3t" not in str(caught.value)
