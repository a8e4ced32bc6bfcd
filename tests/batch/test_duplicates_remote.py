"""The same bytes twice behind URLs are read once: on a real S3 server, by the short and the long way, and in memory."""

import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.errors import Cause
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.model import Document, DocumentResult
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport
from pdfbatch.settings import Extraction
from pdfbatch.storage import Storage
from pdfbatch.storage.remote_documents import RemoteDocument
from pdfbatch.testing import PlainEngine, plain_document
from pdfbatch.testing.servers import Bucket, FaultProxy, RequestFaults, s3_options

pytest.importorskip("s3fs")
OUTPUTS = pytest.mark.parametrize("output", [True, False], ids=["output", "results"])


def run(inputs: Any, out: Path | None, executor: ProcessExecutor | ThreadExecutor, **options: Any) -> BatchReport:
    """A batch of plain documents."""
    storage = None if out is None else Storage(str(out), durability="none")
    processor = BatchProcessor(
        executor=executor, storage=storage, engine=PlainEngine(), extraction=Extraction(ocr="never")
    )
    return processor.run(inputs, **options)


def put(bucket: Bucket, *contents: bytes) -> None:
    """Objects ``in/000.pdf`` and so on."""
    for number, content in enumerate(contents):
        bucket.client.pipe_file(f"{bucket.url}/in/{number:03}.pdf", content)


def listed(bucket: Bucket, proxy: FaultProxy) -> list[tuple[str, dict[str, object]]]:
    """The folder, through the proxy."""
    return [(f"{bucket.url}/in/", s3_options(proxy.server_port))]


def statuses(results: Iterable[DocumentResult]) -> Counter[str]:
    """How often each status came."""
    return Counter(str(result.status) for result in results)


@OUTPUTS
def test_the_same_bytes_are_read_once_and_asked_for_as_often_as_others(
    bucket: Bucket, proxy: FaultProxy, tmp_path: Path, output: bool
) -> None:
    same, other = plain_document("the same"), plain_document("other in")
    assert len(same) == len(other)
    put(bucket, *[same, other] * 6, plain_document("third"))
    report = run(listed(bucket, proxy), tmp_path / "out" if output else None, ProcessExecutor(workers=2))
    assert statuses(report.results) == {"succeeded": 3, "duplicate": 10}
    assert (report.successful, report.status.duplicates) == (13, 10)
    texts = {Path(result.document.file_path).stem: result.text for result in report.results}
    assert [texts[f"{number:03}"] for number in range(13)] == [*["the same", "other in"] * 6, "third"]
    read = {result.document.document_uuid for result in report.results if result.duplicate_of is None}
    assert {result.duplicate_of for result in report.results if result.duplicate_of} <= read
    bodies = [path for method, path in proxy.requests if method == "GET" and ".pdf" in path]
    assert (len(bodies), proxy.count("HEAD")) == (13, 0)


@OUTPUTS
def test_two_documents_and_nothing_else(bucket: Bucket, proxy: FaultProxy, tmp_path: Path, output: bool) -> None:
    put(bucket, *[plain_document("the same")] * 2)
    report = run(listed(bucket, proxy), tmp_path / "out" if output else None, ProcessExecutor(workers=2))
    assert statuses(report.results) == {"succeeded": 1, "duplicate": 1}


def test_by_the_long_way_too(bucket: Bucket, proxy: FaultProxy, tmp_path: Path) -> None:
    put(bucket, *[plain_document("the same"), plain_document("x" * 5_000_000)] * 4)
    proxy.faults = RequestFaults(seed=4, slow_down=0.2, reset=0.1)
    report = run(listed(bucket, proxy), tmp_path / "out", ProcessExecutor(workers=2))
    assert statuses(report.results) == {"succeeded": 2, "duplicate": 6}


@OUTPUTS
def test_one_whose_original_failed_is_read_itself(
    bucket: Bucket, proxy: FaultProxy, tmp_path: Path, output: bool
) -> None:
    put(bucket, *[b"\xff\xfe", plain_document("x")] * 3)
    report = run(listed(bucket, proxy), tmp_path / "out" if output else None, ProcessExecutor(workers=2))
    assert statuses(report.results) == {"failed": 3, "succeeded": 1, "duplicate": 2}
    assert {result.failure.cause for result in report.results if result.failure} == {Cause.MALFORMED}


def test_other_settings_of_a_document_make_no_duplicate(bucket: Bucket, proxy: FaultProxy) -> None:
    put(bucket, *[plain_document("a", "b")] * 3)
    options = s3_options(proxy.server_port)
    ranges = ((f"{bucket.url}/in/00{number}.pdf", pages) for number, pages in enumerate((None, "1", None)))
    documents = [
        RemoteDocument(url, str(number), pages=pages, options=options) for number, (url, pages) in enumerate(ranges)
    ]
    report = run(documents, None, ThreadExecutor(workers=2))
    assert statuses(report.results) == {"succeeded": 2, "duplicate": 1}


def test_a_finished_batch_is_skipped_with_its_duplicates(bucket: Bucket, proxy: FaultProxy, tmp_path: Path) -> None:
    put(bucket, *[plain_document("the same")] * 4)
    first = run(listed(bucket, proxy), tmp_path / "out", ProcessExecutor(workers=2))
    asked = len(proxy.requests)
    report = run(listed(bucket, proxy), tmp_path / "out", ProcessExecutor(workers=2), resume=True)
    assert statuses(report.results) == {"skipped": 4}
    assert originals(report.results) == originals(first.results)
    assert not [path for _, path in proxy.requests[asked:] if ".pdf" in path]


def test_a_batch_that_is_stopped_tells_of_all(bucket: Bucket, proxy: FaultProxy, tmp_path: Path) -> None:
    put(bucket, *[b"\xff\xfe"] * 20, *[plain_document("x")] * 20)
    report = run(listed(bucket, proxy), tmp_path / "out", ProcessExecutor(workers=2), max_failure_rate=0.0)
    assert len(report.results) == report.total_documents
    assert len({result.document.document_uuid for result in report.results}) == len(report.results)


@OUTPUTS
def test_in_memory(tmp_path: Path, output: bool) -> None:
    folder = f"memory://{uuid.uuid4()}"
    for number, text in enumerate(["the same", "other in", "the same", "the same"]):
        Storage(folder).write(f"{number}.pdf", plain_document(text))
    for executor in (ThreadExecutor(workers=2), ProcessExecutor(workers=1)):
        report = run(folder, tmp_path / executor.name if output else None, executor)
        assert statuses(report.results) == {"succeeded": 2, "duplicate": 2}


def test_bytes_at_hand_and_bytes_elsewhere(bucket: Bucket, proxy: FaultProxy) -> None:
    put(bucket, plain_document("the same"))
    documents = [Document("a.pdf", content=plain_document("the same")), *listed(bucket, proxy)]
    report = run(documents, None, ThreadExecutor(workers=2))
    assert statuses(report.results) == {"succeeded": 1, "duplicate": 1}


def originals(results: Iterable[DocumentResult]) -> dict[str, str | None]:
    """Whose bytes each document shares."""
    return {result.document.document_uuid: result.duplicate_of for result in results}
