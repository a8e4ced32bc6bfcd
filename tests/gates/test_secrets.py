"""Secrets of many forms go through a whole batch. Nothing that it leaves or says has one of them."""

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import StringIO
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from pdfbatch import Document, Extraction, RetryPolicy
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.executors import ProcessExecutor
from pdfbatch.processor import BatchProcessor
from pdfbatch.samples import encrypted_pdf, tiny_pdf
from pdfbatch.sinks import LogSink, MemorySink, RedisSink
from pdfbatch.storage import Storage, with_options
from pdfbatch.testing.servers import LocalServer, RedisServer
from tests.gates.conftest import Measured
from tests.gates.scale import GATE

pytest.importorskip("aiohttp")
pytestmark = list(GATE)

# Each in a folder that gives a document (open), none (missing), or refuses (denied). {} is a secret of its own.
URLS = [
    "http://{}@HOST/open/a.pdf",
    "http://user:{}@HOST/missing/a.pdf",
    "http://{}:x-oauth-basic@HOST/denied/a.pdf",
    "http://us%40er:{}%2F@HOST/missing/a.pdf",
    "http://us:er:{}@HOST/denied/a.pdf",
    "http://HOST/open/a.pdf?api_key={}",
    "http://HOST/missing/a.pdf?access_key={}",
    "http://HOST/denied/a.pdf?key={}",
    "http://HOST/missing/a.pdf?code={}",
    "http://HOST/open/a.pdf?sas={}&id=9",
    "http://HOST/denied/a.pdf?subscription-key={}",
    "http://HOST/open/a.pdf#access_token={}&page=3",
    "http://HOST/missing/a.pdf?{}",
    "http://HOST/open/a.pdf?{}=1",
    "http://HOST/denied/a.pdf?sv=2022-11-02&se=2030&sp=r&sig={}%3D",
    "http://HOST/missing/a.pdf?X-Amz-Credential={}%2Faws4_request&X-Amz-Signature={}&X-Amz-Security-Token={}",
    "http://HOST/open/b.pdf;jsessionid={}",
    "http://HOST/missing/a.pdf?a=1;token={}",
    "http://HOST/open/a.pdf?%74oken={}",
    "http://HOST/missing/a.pdf?pass%77ord={}",
    "http://HOST/denied/a.pdf?next=http://u:{}@other/",
    "http://HOST/missing/a.pdf?next=http%3A%2F%2Fu%3A{}%40other%2F",
    "http://HOST/missing/a.pdf?data={{%22token%22:%22{}%22}}",
    "http://HOST/open/c.pdf#{}",
    "http://HOST/denied/a.pdf?Policy={}&Signature={}&Key-Pair-Id={}",
    "http://HOST/missing/a.pdf?AWSAccessKeyId={}&Expires=1&Signature={}",
    "zip://a.pdf::http://user:{}@HOST/open/a.zip?token={}",
    "http://HOST/denied/a.pdf?q=one+{}+two&auth=Bearer%20{}",
    "http://HOST/echo/a.pdf?token={}",
    "http://HOST/moved/a.pdf?token={}",
]


class Guarded(BaseHTTPRequestHandler):
    """Answers by the first folder; ``echo`` and ``moved`` say again what they were asked for, in their own words."""

    def do_GET(self) -> None:
        """Give a document, or not."""
        kind = self.path.split("/")[1]
        data = tiny_pdf(1) if kind == "open" else b""
        status = {"open": 200, "missing": 404, "moved": 302}.get(kind, 403)
        self.send_response(status, f"see {self.path}" if kind == "echo" else None)
        if kind == "moved":
            self.send_header("Location", f"/denied/b.pdf?X-Amz-Signature={self.path.rpartition('=')[2]}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_HEAD = do_GET  # noqa: N815 (http.server's name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[str]:
    """Where it serves."""
    with LocalServer(Guarded) as server:
        yield server.address


class Secrets:
    """Makes secrets, each with the form that it is for."""

    def __init__(self) -> None:
        self.forms: dict[str, str] = {}
        self._numbers = count()

    def make(self, form: str) -> str:
        """Return a new secret."""
        secret = f"5eCr3t{next(self._numbers):03}XyZ"
        self.forms[secret] = form
        return secret

    def fill(self, form: str) -> str:
        """Return a form with a secret in each of its places."""
        return form.format(*(self.make(form) for _ in range(form.replace("{{", "").count("{"))))


def make_documents(secrets: Secrets, host: str) -> Iterator[str | Document]:
    """Return documents that take or carry a secret."""
    for number, form in enumerate(URLS):  # each is a document of its own, also without its secret
        yield secrets.fill(form.replace("HOST", host).replace("a.pdf", f"{number}.pdf"))
    for form, content in (("http://u:{}@h/a.pdf", tiny_pdf(3)), ("https://h/b.pdf?key={}", b"no")):
        yield Document(secrets.fill(form), content=content)
    for name, right in (("right", True), ("wrong", False)):
        password = secrets.make(f"PDF password, {name}")
        other = password if right else secrets.make("PDF password of the file")
        yield Document(f"{name}.pdf", content=encrypted_pdf([["text"]], password=other), password=password)
    header = {
        "headers": {"Authorization": f"Bearer {secrets.make('header')}", "Cookie": f"sid={secrets.make('cookie')}"}
    }
    yield with_options(Document(f"http://{host}/denied/header.pdf"), header)
    yield with_options(Document(f"http://{host}/open/header.pdf"), header)
    keys = {name: secrets.make(f"option {name}") for name in ("key", "secret", "token")}
    yield with_options(Document("s3://denied/a.pdf"), {**keys, "client_kwargs": {"endpoint_url": f"http://{host}"}})
    yield with_options(Document("s3://denied/a.pdf?versionId=1"), {**keys, "endpoint_url": f"http://{host}"})


def files_below(folder: Path) -> str:
    """Return all names and contents below a folder."""
    paths = sorted(folder.rglob("*"))
    return "\n".join([*map(str, paths), *(path.read_bytes().decode("latin-1") for path in paths if path.is_file())])


def values_of(server: RedisServer) -> str:
    """Return all that a server of Redis holds."""
    client = server.client(decode_responses=True)
    names = cast("list[str]", client.keys("*"))
    texts = [client.get(name) if client.type(name) == "string" else client.zrange(name, 0, -1) for name in names]
    return repr((names, texts))


def test_no_secret_is_left_anywhere(  # noqa: PLR0917 (fixtures)
    host: str,
    temporary: Path,
    tmp_path: Path,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    measured: Measured,
) -> None:
    caplog.set_level(logging.DEBUG, logger="pdfbatch")
    redis_server.start()
    secrets, sink, lines = Secrets(), MemorySink(), StringIO()
    passwords = [secrets.make(f"Redis password {number}") for number in range(2)]
    redis_server.client().config_set("requirepass", passwords[0])
    redis = [RedisSink(f"redis://:{word}@{redis_server.address}/0", linger_seconds=0) for word in passwords]
    documents = list(make_documents(secrets, host))
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=2),
        storage=Storage(str(tmp_path / "out")),
        sinks=[sink, LogSink(), JsonLines(stream=lines), *redis],
        extraction=Extraction(ocr="never"),
        retry=RetryPolicy(attempts=1),
        deduplicate=False,
    )
    reports = [
        processor.run(documents),
        processor.run(documents, resume=True),
        processor.run(documents, retry_failed=True),
    ]
    redis_server.client(password=passwords[0]).config_set("requirepass", "")
    told = [(repr(it), repr(list(it.results)), str(it.as_dict()), str(it.summary()), it.stop_reason) for it in reports]
    errors = [str(error) for result in reports[0].results for error in (result.failure,)]
    left = {
        "files": files_below(tmp_path) + files_below(temporary),
        "reports": repr(told) + repr(errors),
        "log": caplog.text,
        "streams": "".join(capfd.readouterr()),
        "json lines": lines.getvalue(),
        "sink": repr(sink.history) + repr(sink.results) + repr(redis),
        "processor": repr(processor) + repr(documents[-4:]),
        "Redis": values_of(redis_server),
    }
    assert reports[0].processed == len(documents)
    assert reports[0].successful >= 10
    # Each place is looked at while it says something: it names the documents, or the batches.
    assert [
        where for where in ("files", "reports", "log", "json lines", "sink") if "/missing/1.pdf" not in left[where]
    ] == []
    assert all(report.status.batch_id in left["Redis"] for report in reports)
    measured("forms", len(secrets.forms))
    assert [
        (form, where) for secret, form in secrets.forms.items() for where, text in left.items() if secret in text
    ] == []
