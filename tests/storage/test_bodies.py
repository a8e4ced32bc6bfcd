"""Hostile bodies: endless, lying, packed, stalling. What was announced or allowed is read, one byte more at most."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import pytest

from pdfbatch import BatchReport, Document, Extraction, Limits, RetryPolicy, process_batch
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.executors import ThreadExecutor
from pdfbatch.samples import tiny_pdf
from pdfbatch.storage import read_document
from pdfbatch.testing.servers import LocalServer

pytest.importorskip("aiohttp")
MIB = 1 << 20
ONCE = RetryPolicy(attempts=1)
PIECE = b"%" * (1 << 16)


class Hostile(BaseHTTPRequestHandler):
    """Answers by the first part of the path."""

    protocol_version = "HTTP/1.1"
    sent: ClassVar[dict[str, int]] = {}
    over: ClassVar[threading.Event] = threading.Event()

    def do_HEAD(self) -> None:
        """The size, true or not."""
        self.answer(is_head=True)

    def do_GET(self) -> None:
        """The body."""
        with suppress(OSError):
            self.answer(is_head=False)

    def answer(self, *, is_head: bool) -> None:
        """An answer of a kind."""
        kind = self.path.split("/")[1]
        body, announced = tiny_pdf(1), str(len(tiny_pdf(1)))
        headers = {"Content-Length": announced}
        if kind in ("endless", "stalling", "trickling"):
            headers = {"Transfer-Encoding": "chunked"}
        elif kind == "lying":
            headers = {"Content-Length": announced} if is_head else {"Transfer-Encoding": "chunked"}
        elif kind == "bomb":
            body = gzip.compress(bytes(200 * MIB), 1)
            headers = {"Content-Length": str(len(body)), "Content-Encoding": "gzip"}
        elif kind == "honest":
            headers = {"Content-Length": announced, "ETag": '"1"'}
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = "Transfer-Encoding" in headers
        if is_head:
            return
        if "Transfer-Encoding" not in headers:
            self.wfile.write(body)
            return
        for data in self.pieces(kind):
            # counted first: a client that has what it wants may be gone before the next line
            self.sent[self.path] = self.sent.get(self.path, 0) + len(data)
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.over.wait(30)

    def pieces(self, kind: str) -> Iterator[bytes]:
        """The pieces of a body without an end."""
        if kind == "stalling":
            yield tiny_pdf(1)[:100]
            return
        if kind == "trickling":
            while not self.over.wait(0.05):
                yield b"%"
            return
        for _ in range(16_000):  # a thousand mebibytes
            yield PIECE

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Where it serves."""
    Hostile.over.clear()
    Hostile.sent.clear()
    with LocalServer(Hostile) as server:
        yield f"http://{server.address}"
        Hostile.over.set()


def failure_of(function: Callable[[], object]) -> DocumentError:
    """The error of a call that fails."""
    with pytest.raises(DocumentError) as caught:
        function()
    return caught.value


def test_an_honest_body_is_read_as_it_is(address: str) -> None:
    assert read_document(Document(f"{address}/honest/a.pdf")).data == tiny_pdf(1)


def test_an_endless_body_is_read_up_to_the_limit(address: str) -> None:
    document = Document(f"{address}/endless/a.pdf")
    error = failure_of(lambda: read_document(document, max_file_bytes=MIB, retry=ONCE))
    assert error.cause is Cause.LIMIT_BYTES
    assert Hostile.sent["/endless/a.pdf"] < 16 * MIB  # what fits into the buffers between


def test_a_body_longer_than_announced_is_read_up_to_what_was_announced(address: str) -> None:
    error = failure_of(lambda: read_document(Document(f"{address}/lying/a.pdf"), retry=ONCE))
    assert error.cause is Cause.INPUT_CHANGED
    assert Hostile.sent["/lying/a.pdf"] < 16 * MIB


def test_a_packed_body_is_not_unpacked(address: str) -> None:
    error = failure_of(lambda: read_document(Document(f"{address}/bomb/a.pdf"), retry=ONCE))
    assert error.cause is Cause.STORAGE_UNAVAILABLE
    assert "gzip" in str(error)


@pytest.mark.parametrize("kind", ["stalling", "trickling"])
def test_a_body_that_does_not_come_has_time_for_what_came(address: str, kind: str) -> None:
    begun = time.monotonic()
    document = Document(f"{address}/{kind}/a.pdf")
    error = failure_of(lambda: read_document(document, max_file_bytes=2 << 30, retry=ONCE, seconds=1.0))
    assert error.cause is Cause.STORAGE_UNAVAILABLE
    assert time.monotonic() - begun < 20  # not a second for each of 2,048 mebibytes


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_hostile_bodies_leave_the_parent_small(address: str, tmp_path: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096

    def run(kinds: list[str], count: int) -> BatchReport:
        return process_batch(
            [f"{address}/{kind}/{number}.pdf" for kind in kinds for number in range(count)],
            tmp_path,
            executor=ThreadExecutor(workers=2),
            extraction=Extraction(ocr="never"),
            limits=Limits(max_file_bytes="32M", storage_timeout=20),
            retry=ONCE,
            deduplicate=False,
        )

    run(["honest"], 4)
    before, most, done = resident(), 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.02):
            most = max(most, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    report = run(["endless", "lying", "bomb"], 3)
    done.set()
    watcher.join()
    assert report.failed == 9
    assert most - before < 64 * MIB
