"""One vocabulary for all doors: ``process_batch``, ``process_manifest``, ``read`` and ``BatchProcessor``."""

import os
import re
import signal
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import pytest

import pdfbatch
from pdfbatch import (
    BatchProcessor,
    Document,
    DocumentError,
    DocumentResult,
    DocumentStatus,
    Extraction,
    UsageError,
    process_batch,
    read,
)
from pdfbatch.api import ManifestKeywords
from pdfbatch.errors import Cause
from pdfbatch.executors import FuturesExecutor, ThreadExecutor
from pdfbatch.report import BatchReport
from pdfbatch.samples import encrypted_pdf, letter, text_pdf
from pdfbatch.sinks import LogSink, MemorySink, ProgressBarSink, RedisSink
from pdfbatch.storage import Storage

NO_OCR = Extraction(ocr="never")
PDF = text_pdf([letter(1)])
SECRET = encrypted_pdf(letter(2), password="open sesame")


def thread(**settings: object) -> BatchProcessor:
    return BatchProcessor(executor="thread", extraction=NO_OCR, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_read_takes_a_path_bytes_and_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(PDF)
    for document in (path, str(path), PDF, Document(path), Document("a.pdf", content=PDF)):
        result = read(document, executor="sequential", extraction=NO_OCR)
        assert result.raise_for_failure() is result
        assert len(result.pages) == 1
        assert result.text.strip()


def test_read_returns_a_failure_and_raises_it_when_asked(tmp_path: Path) -> None:
    result = read(tmp_path / "missing.pdf", executor="thread")
    assert result.status is DocumentStatus.FAILED
    with pytest.raises(DocumentError, match=r"missing\.pdf") as raised:
        result.raise_for_failure()
    assert raised.value.cause is Cause.STORAGE_NOT_FOUND


def test_read_refuses_what_stands_for_several_documents(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(PDF)
    with pytest.raises(UsageError, match="not the only document"):
        read(tmp_path, executor="thread")


def test_two_contents_with_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    other = text_pdf([letter(5)])
    first = process_batch(Document("scan.pdf", content=PDF), tmp_path, executor="thread")
    text = first.results[0].text
    process_batch([Document("scan.pdf", content=other), Document("scan.pdf", content=PDF)], tmp_path, executor="thread")
    assert first.results[0].text == text
    assert len(list(tmp_path.rglob("*.txt"))) == 2


def test_passwords_are_tried_in_their_order_and_written_nowhere(tmp_path: Path) -> None:
    documents = [Document("secret.pdf", content=SECRET, password="not this one"), Document("plain.pdf", content=PDF)]
    passwords = ["wrong", "open sesame"]
    report = process_batch(documents, tmp_path, executor="thread", extraction=NO_OCR, passwords=passwords)
    assert report.successful == 2
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(word.encode() in written for word in (*passwords, "not this one"))
    assert "sesame" not in repr(thread(passwords=passwords))


def test_passwords_of_which_none_fits_are_a_failure_that_names_none() -> None:
    result = thread(passwords=["wrong one"]).read(SECRET)
    assert result.failure is not None
    assert result.failure.cause is Cause.PASSWORD_REQUIRED
    assert "wrong one" not in result.failure.message
    with pytest.raises(UsageError, match="list of texts") as raised:
        thread(passwords="open sesame")
    assert "sesame" not in str(raised.value)


def test_names_and_objects_are_accepted_by_the_processor(tmp_path: Path) -> None:
    with futures.ThreadPoolExecutor(1) as threads:
        processor = BatchProcessor(executor=threads, workers=3, output=str(tmp_path), sinks=LogSink(), engine="pypdf")
        assert processor.executor == FuturesExecutor(threads, workers=3)
    assert isinstance(processor.output, Storage)
    assert [type(sink) for sink in processor.sinks] == [LogSink]
    assert processor.engine is not None
    assert processor.engine.name == "pypdf"
    assert thread(storage=tmp_path) == thread(output=tmp_path)
    assert thread(max_workers=2).executor == thread(workers=2).executor == ThreadExecutor(workers=2)
    several = BatchProcessor(sinks=["log", "progress", "redis://localhost", print]).sinks
    assert [type(sink) for sink in several[:3]] == [LogSink, ProgressBarSink, RedisSink]
    assert several[3] is print


def test_the_doors_take_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    manifest = {"id": "case", "documents": [{"file_path": str(tmp_path / "a.pdf")}]}
    seen = MemorySink()
    settings: ManifestKeywords = {
        "executor": "thread",
        "workers": 1,
        "engine": "pypdf",
        "second_engine": "pdfium",
        "ocr_engine": "auto",
        "extraction": NO_OCR,
        "sinks": seen,
        "deduplicate": False,
        "passwords": ["x"],
        "batch_id": "mine",
    }
    reports = [
        process_batch(manifest, tmp_path / "one", **settings),
        pdfbatch.process_manifest(manifest, tmp_path / "two", **settings),
    ]
    assert [report.status.batch_id for report in reports] == ["mine", "mine"]
    assert read(tmp_path / "a.pdf", tmp_path / "three", **settings).ok
    assert pdfbatch.process_manifest(manifest, executor="thread").status.batch_id == "case"


class Half:
    """Half of an executor, of an output and of engines."""

    name = version = "half"

    def start(self, work: object) -> None:
        """Start nothing."""

    def check(self, languages: str = "") -> None:
        """Check nothing."""

    def read(self, name: str) -> None:
        """Read nothing."""

    def write(self, name: str, data: bytes) -> None:
        """Write nothing."""


Call = Callable[..., object]
MISTAKES: list[tuple[Call, tuple[object, ...], dict[str, object], str]] = [
    (process_batch, ([],), {"outptu": "x"}, "'outptu': did you mean 'output'"),
    (pdfbatch.process_manifest, ({},), {"worker": 2}, "did you mean 'workers'"),
    (read, (PDF,), {"exectuor": "thread"}, "did you mean 'executor'"),
    (BatchProcessor, (), {"sink": print}, "did you mean 'sinks'"),
    (BatchProcessor().run, ([],), {"resum": True}, "did you mean 'resume'"),
    (BatchProcessor().run, ([],), {"output": "x"}, "setting of BatchProcessor"),
    (process_batch, ([],), {"ocr": "never"}, "give extraction=Extraction(ocr=...)"),
    (read, (PDF,), {"page_timeout": 5}, "give limits=Limits(page_timeout=...)"),
    (BatchProcessor, (), {"attempts": 5}, "give retry=RetryPolicy(attempts=...)"),
    (BatchProcessor, (), {"blank_ink": 0.1}, "Extraction(rules=PageRules(blank_ink=...))"),
    (BatchProcessor().run, ([],), {"layout": "jsonl"}, "give output=Storage(..., layout=...)"),
    (BatchProcessor, (), {"executor": "threads"}, "did you mean 'thread'"),
    (BatchProcessor, (), {"executor": ThreadExecutor}, "give an instance"),
    (BatchProcessor, (), {"executor": ThreadExecutor(), "workers": 2}, "to the executor itself"),
    (BatchProcessor, (), {"executor": 7}, "no method start"),
    (BatchProcessor, (), {"executor": Half()}, "has no kills: give one of auto"),
    (BatchProcessor, (), {"ocr_engine": Half()}, "has no method orientation(): give one of auto"),
    (BatchProcessor, (), {"output": Half()}, "has no method delete(): give a folder"),
    (BatchProcessor, (), {"engine": "pdfuim"}, "did you mean 'pdfium'"),
    (BatchProcessor, (), {"ocr_engine": "tesseact"}, "did you mean 'tesseract'"),
    (BatchProcessor, (), {"output": 7}, "a folder, a URL"),
    (BatchProcessor, (), {"output": ""}, "is no folder"),
    (BatchProcessor, (), {"output": "a", "storage": "b"}, "two words"),
    (BatchProcessor, (), {"workers": 0}, "workers"),
    (BatchProcessor, (), {"workers": 0, "executor": "thread"}, "workers"),
    (BatchProcessor, (), {"sinks": "logs"}, "did you mean 'log'"),
    (BatchProcessor, (), {"sinks": 7}, "a sink"),
    (BatchProcessor, (), {"limits": {"max_pages": 7}}, "give a Limits"),
    (BatchProcessor, (), {"deduplicate": "no"}, "True or False"),
]


def test_mistakes_are_usage_errors_that_say_what_is_meant() -> None:
    for door, arguments, settings, words in MISTAKES:
        with pytest.raises(UsageError, match=re.escape(words)):
            door(*arguments, **settings)


def test_ctrl_c_carries_the_report_of_what_was_finished() -> None:
    seen: list[DocumentResult] = []

    def interrupt_at_five(result: DocumentResult) -> None:
        seen.append(result)
        if len(seen) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    documents = [Document(f"{number}.pdf", content=PDF) for number in range(200)]
    with pytest.raises(KeyboardInterrupt) as raised:
        thread(sinks=interrupt_at_five, deduplicate=False).run(documents)
    report: object = getattr(raised.value, "report", None)
    assert isinstance(report, BatchReport)
    assert 5 <= report.successful < 200
    assert report.results[0].text


def test_all_that_the_reference_names_is_importable_from_where_it_says() -> None:
    page = Path(__file__).resolve().parent.parent / "docs" / "reference" / "api.md"
    if not page.is_file():
        pytest.skip("the documentation is not here")
    names = [name.rpartition(".")[2] for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), re.MULTILINE)]
    assert len(names) > 25
    assert [name for name in names if name not in pdfbatch.__all__] == []
    assert pdfbatch.errors.PdfBatchError is pdfbatch.PdfBatchError


def test_a_result_that_is_not_there_is_told(tmp_path: Path) -> None:
    report = process_batch(Document("a.pdf", content=PDF), executor="sequential")
    with pytest.raises(IndexError, match="no result has the place 3: there are 1, counted from 0"):
        report[3]
    with pytest.raises(TypeError, match="by their place"):
        report["a.pdf"]  # type: ignore[call-overload]
    assert report[-1].ok
