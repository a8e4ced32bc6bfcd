"""Secrets in the URLs of documents open what they are for, and are written down nowhere."""

import base64
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.model import Document, derive_uuid
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.samples import tiny_pdf
from pdfbatch.settings import Extraction
from pdfbatch.sinks.log import LogSink
from pdfbatch.sinks.memory import MemorySink
from pdfbatch.storage import Storage
from pdfbatch.urls import without_credentials

pytest.importorskip("aiohttp")
SIGNATURE, PASSWORD = "5igna7ure", "pa55w0rd"


class Guarded(BaseHTTPRequestHandler):
    """Gives a document to whoever has the signature (``/signed``) or the password (``/basic``)."""

    def do_HEAD(self) -> None:
        """Size."""
        self.answer()

    def do_GET(self) -> None:
        """Body."""
        self.answer()

    def answer(self) -> None:
        """A document, or 403."""
        basic = f"Basic {base64.b64encode(f'user:{PASSWORD}'.encode()).decode()}"
        signed = f"X-Amz-Signature={SIGNATURE}" in self.path and "id=7" in self.path
        may = signed or self.headers.get("Authorization") == basic
        data = tiny_pdf(7) if may else b""
        self.send_response(200 if may else 403)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server of its own for each test."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def everything(report: BatchReport, sink: MemorySink, folder: Path, logged: str) -> str:
    """All that a batch leaves behind, as one text."""
    files = (path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file())
    names = (str(path) for path in folder.rglob("*"))
    told = (repr(sink.history), repr(sink.results), repr(report), repr(list(report.results)), str(report.as_dict()))
    return "\n".join((*files, *names, *told, logged))


def test_secrets_open_documents_and_are_left_nowhere(
    port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="pdfbatch")
    urls = [
        f"http://127.0.0.1:{port}/signed/a.pdf?id=7&X-Amz-Signature={SIGNATURE}&X-Amz-Expires=60",
        f"http://user:{PASSWORD}@127.0.0.1:{port}/basic/b.pdf",
        f"http://127.0.0.1:{port}/refused/c.pdf?id=8&X-Amz-Signature={SIGNATURE}",
        f"http://user:{PASSWORD}-of-another@127.0.0.1:{port}/refused/d.pdf",
    ]
    sink = MemorySink()
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=2),
        storage=Storage(str(tmp_path)),
        sinks=[sink, LogSink()],
        extraction=Extraction(ocr="never"),
    )
    report = processor.run(urls)
    assert (report.successful, report.failures_by_cause) == (2, {"storage_denied": 2})
    left = everything(report, sink, tmp_path, caplog.text)
    assert "/signed/a.pdf?id=7" in left
    assert SIGNATURE not in left
    assert PASSWORD not in left


def test_a_new_signature_is_the_same_document(port: int, tmp_path: Path) -> None:
    first, second = (
        f"http://127.0.0.1:{port}/signed/a.pdf?id=7&X-Amz-Signature={SIGNATURE}&X-Amz-Date={date}" for date in (1, 2)
    )
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=1), storage=Storage(str(tmp_path)), extraction=Extraction(ocr="never")
    )
    results = [next(iter(processor.run([url]).results)) for url in (first, second)]
    assert results[0].ok
    assert results[0].document.document_uuid == results[1].document.document_uuid == derive_uuid(first)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("s3://bucket/a.pdf", "s3://bucket/a.pdf"),
        ("https://h/a.pdf?id=1&page=2", "https://h/a.pdf?id=1&page=2"),
        ("https://h/a.pdf?id=1&token=x#p", "https://h/a.pdf?id=1#p"),
        ("https://h/a.pdf?access_token=x", "https://h/a.pdf"),
        ("https://h/a.pdf?sv=1&se=2&sp=r&sig=x%3D&doc=9", "https://h/a.pdf?doc=9"),
        ("https://h/a.pdf?se=2&doc=9", "https://h/a.pdf?se=2&doc=9"),
        ("sftp://user:p@ss:word@host/a.pdf", "sftp://user@host/a.pdf"),
        ("zip://a.pdf::https://u:pw@h/b.zip?Signature=x", "zip://a.pdf::https://u@h/b.zip"),
        ("a:b@c?token=x.pdf", "a:b@c?token=x.pdf"),
    ],
)
def test_what_is_kept_of_a_url(url: str, kept: str) -> None:
    assert without_credentials(url) == kept


def test_ids_of_plain_urls_are_what_they_were() -> None:
    assert Document("s3://bucket/a.pdf").document_uuid == "dd59c9b5-c85a-54a9-ba91-abdf75284634"
