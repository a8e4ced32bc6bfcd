"""Secrets in the URLs of documents open what they are for, and are written down nowhere."""

import base64
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from pdfbatch.common import redact_text, without_credentials
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.model import Document, derive_uuid
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.samples import tiny_pdf
from pdfbatch.settings import Extraction
from pdfbatch.sinks.log import LogSink
from pdfbatch.sinks.memory import MemorySink
from pdfbatch.storage import Storage
from pdfbatch.testing.servers import LocalServer

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
        may = "/open/" in self.path or signed or self.headers.get("Authorization") == basic
        data = tiny_pdf(7) if may else b""
        self.send_response(200 if may else 404 if "/missing/" in self.path else 403)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server of its own for each test."""
    with LocalServer(Guarded) as server:
        yield server.server_port


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
        ("https://h/a.pdf?id=1&token=x#p", "https://h/a.pdf?id=1&token=~9099b85613f61fa4#p"),
        ("https://h/a.pdf?access_token=x", "https://h/a.pdf?access_token=~af9fc77b378d9544"),
        ("https://h/a.pdf?sv=1&se=2&sp=r&sig=x%3D&doc=9", "https://h/a.pdf?doc=9"),
        ("https://h/a.pdf?se=2&doc=9", "https://h/a.pdf?se=~9b3c980a31fcfe70&doc=9"),
        ("sftp://user:p@ss:word@host/a.pdf", "sftp://host/a.pdf"),
        ("https://token@host/a.pdf", "https://host/a.pdf"),
        ("abfs://container@account.dfs.core.windows.net/a.pdf", "abfs://container@account.dfs.core.windows.net/a.pdf"),
        ("zip://me@home.pdf::s3://bucket/a.zip", "zip://me@home.pdf::s3://bucket/a.zip"),
        ("zip://a.pdf::https://u:pw@h/b.zip?Signature=x", "zip://a.pdf::https://h/b.zip"),
        ("https://h/a.pdf?password=x&id=1", "https://h/a.pdf?id=1"),
        ("s3://bucket/why? #2.pdf", "s3://bucket/why? #2.pdf"),
        ("http://[::1]:8080/a.pdf?page=2", "http://[::1]:8080/a.pdf?page=2"),
        ("a:b@c?token=x.pdf", "a:b@c?token=x.pdf"),
    ],
)
def test_what_is_kept_of_a_url(url: str, kept: str) -> None:
    assert without_credentials(url) == kept


def test_ids_of_plain_urls_are_what_they_were() -> None:
    assert Document("s3://bucket/a.pdf").document_uuid == "dd59c9b5-c85a-54a9-ba91-abdf75284634"


FORMS = [
    "http://{secret}@{host}/open/1.pdf",
    "http://user:{secret}@{host}/missing/2.pdf",
    "http://{secret}:x-oauth-basic@{host}/open/3.pdf",
    "http://us%40er:{secret}%2F@{host}/missing/4.pdf",
    "http://{host}/open/5.pdf?api_key={secret}",
    "http://{host}/missing/6.pdf?access_key={secret}",
    "http://{host}/open/7.pdf?key={secret}",
    "http://{host}/missing/8.pdf?code={secret}",
    "http://{host}/open/9.pdf?sas={secret}&id=9",
    "http://{host}/missing/10.pdf?subscription-key={secret}",
    "http://{host}/open/11.pdf#access_token={secret}&page=3",
    "http://{host}/missing/12.pdf?{secret}",
    "http://{host}/open/13.pdf?{secret}=1",
    "http://{host}/missing/14.pdf?sv=2022&sig={secret}",
    "http://{host}/open/15.pdf?X-Amz-Security-Token={secret}",
    "http://{host}/missing/16.pdf?id={secret}",
    "http://{host}/open/17.pdf;jsessionid={secret}",
    "http://{host}/missing/18.pdf?a=1;token={secret}",
    "http://{host}/open/19.pdf?%74oken={secret}",
    "http://{host}/missing/20.pdf?password={secret}",
    "http://{host}/open/21.pdf?next=http://u:{secret}@other/",
    "http://{host}/missing/22.pdf?data={{%22token%22:%22{secret}%22}}",
    "http://{host}/open/23.pdf#{secret}",
    "http://{host}/missing/24.pdf?Policy={secret}&Signature={secret}&Key-Pair-Id={secret}",
    "zip://a.pdf::http://user:{secret}@{host}/open/25.zip?token={secret}",
]
KEY = "sk5ecr3tV4lueOfMine"


@pytest.mark.parametrize("form", FORMS)
def test_a_url_without_its_secrets_is_the_same_when_it_is_asked_again(form: str) -> None:
    shown = without_credentials(form.format(secret=KEY, host="host"))
    assert KEY not in shown
    assert without_credentials(shown) == shown


@pytest.mark.parametrize("form", [form for form in FORMS if "=" in form and "@" not in form and "ass" not in form])
def test_two_urls_that_differ_stay_different(form: str) -> None:
    if "ig" in form or "Amz" in form:
        return  # what changes with each signature names no document
    one, other = (without_credentials(form.format(secret=secret, host="host")) for secret in (KEY, KEY[::-1]))
    assert one != other


@pytest.mark.parametrize(
    "message",
    [
        "403, message='Forbidden', url='http://user:{key}@h/a.pdf?x=1'",
        "GET https://h/a?sig={key} failed",
        "Authorization: Bearer {key}",
        "{{'api_key': '{key}'}}",
        "token={key}, retrying",
        "https://{key}@h/a.pdf",
        "aws_secret_access_key = {key}",
        "Cookie: sid={key}",
    ],
)
def test_messages_of_libraries_are_without_secrets(message: str) -> None:
    assert KEY not in redact_text(message.format(key=KEY))
