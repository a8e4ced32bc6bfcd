"""The whole flow over the executors of this process: every document comes back once, with its text or the reason why not."""

import asyncio
import io
import itertools
import json
import logging
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_type_hints

import pytest

import pdfbatch
from pdfbatch.batch_options import BatchKeywords, BatchOptions
from pdfbatch.errors import BatchFailedError, Cause, DependencyError, NoDocumentsError, OutputError, UsageError
from pdfbatch.executors.futures import FuturesExecutor
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.model import Document, DocumentResult, DocumentStatus, TextSource
from pdfbatch.ports import Executor
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchState
from pdfbatch.samples import text_pdf
from pdfbatch.settings import Extraction, Limits
from pdfbatch.storage import Storage
from pdfbatch.testing import Fault, FaultyEngine, PlainEngine, RecordingSink, plain_document
from tests.stand_ins import EchoOcr, ScanEngine

EXECUTORS: list[Executor] = [SequentialExecutor(), ThreadExecutor(workers=3), ProcessExecutor(workers=2)]
by_executor = pytest.mark.parametrize("executor", EXECUTORS, ids=lambda executor: executor.name)


def plain(executor: Executor | None = None, **settings: object) -> BatchProcessor:
    """A processor over documents that need no PDF."""
    processor = BatchProcessor(
        executor=executor or SequentialExecutor(), engine=PlainEngine(), extraction=Extraction(ocr="never")
    )
    return _with(processor, settings)


def scanning(executor: Executor | None = None, **settings: object) -> BatchProcessor:
    """A processor over documents with scanned pages."""
    processor = BatchProcessor(
        executor=executor or SequentialExecutor(),
        engine=ScanEngine(),
        ocr_engine=EchoOcr(),
        extraction=Extraction(part_pages=2),
    )
    return _with(processor, settings)


def _with(processor: BatchProcessor, settings: dict[str, object]) -> BatchProcessor:
    from dataclasses import replace

    return replace(processor, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def files(folder: Path, *contents: bytes) -> list[str]:
    """Documents with these contents; their paths."""
    paths = [folder / f"{number:03d}.pdf" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def texts(results: Iterator[DocumentResult] | list[DocumentResult]) -> dict[str, str]:
    return {Path(result.document.file_path).name: result.text for result in results}


@by_executor
def test_every_document_comes_back_once_with_its_text(executor: Executor, tmp_path: Path) -> None:
    paths = files(tmp_path, *(plain_document(f"text {number}", "second") for number in range(30)))
    report = plain(executor).run(paths)
    assert texts(list(report.results)) == {f"{number:03d}.pdf": f"text {number}\fsecond" for number in range(30)}
    assert (report.total_documents, report.successful, report.failed) == (30, 30, 0)


@by_executor
def test_with_an_output_pages_are_read_back_from_it(executor: Executor, tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("one", "two"))
    output = tmp_path / "out"
    report = plain(executor, storage=Storage(str(output))).run(paths)
    result = report.results[0]
    assert [page.text for page in result.pages] == ["one", "two"]
    assert (output / f"{Path(result.document.file_path).name}.txt").read_text() == "one\ftwo"
    assert result.output == str(output / f"{Path(result.document.file_path).name}.json")


@by_executor
def test_a_bad_document_fails_alone(executor: Executor, tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("good"), b"", b"\xff\xfe not text", plain_document("good too"))
    report = plain(executor).run([*paths, str(tmp_path / "missing.pdf")])
    causes = {Path(r.document.file_path).name: r.failure and r.failure.cause for r in report.results}
    assert causes == {
        "000.pdf": None,
        "001.pdf": Cause.EMPTY_INPUT,
        "002.pdf": Cause.MALFORMED,
        "003.pdf": None,
        "missing.pdf": Cause.STORAGE_NOT_FOUND,
    }
    assert all(str(r.document.file_path) in r.failure.message for r in report.failures if r.failure)


@by_executor
def test_an_engine_that_raises_anything_costs_its_document_only(executor: Executor, tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("fault:raise"), plain_document("good"), plain_document("fault:recursion"))
    report = plain(executor, engine=FaultyEngine()).run(paths)
    assert (report.successful, report.failed) == (1, 2)
    assert report.failures_by_cause == {Cause.INTERNAL: 2}


@by_executor
def test_an_engine_that_raises_on_a_page_costs_that_page_only(executor: Executor, tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("good", "fault:raise", "fault:recursion", "good"))
    result = plain(executor, engine=FaultyEngine()).run(paths).results[0]
    assert result.status is DocumentStatus.PARTIAL
    assert [page.failure and page.failure.cause for page in result.pages] == [
        None,
        Cause.INTERNAL,
        Cause.INTERNAL,
        None,
    ]
    assert all(page.failure is None or "000.pdf" in page.failure.message for page in result.pages)


@by_executor
def test_a_split_document_is_joined_in_page_order(executor: Executor, tmp_path: Path) -> None:
    pages = [f"scan:page {number}" if number % 3 else f"text {number}" for number in range(1, 12)]
    report = scanning(executor).run(files(tmp_path, plain_document(*pages), plain_document("small")))
    result = next(result for result in report.results if len(result.pages) > 1)
    assert [page.number for page in result.pages] == list(range(1, 12))
    assert [page.text for page in result.pages] == [page.removeprefix("scan:") for page in pages]
    assert {page.source for page in result.pages if page.number % 3} == {TextSource.OCR}
    assert (report.status.ocr_pages, report.status.pages) == (8, 12)


@by_executor
def test_a_split_document_with_an_output_leaves_no_parts_there(executor: Executor, tmp_path: Path) -> None:
    output = tmp_path / "out"
    paths = files(tmp_path, plain_document(*(f"scan:{number}" for number in range(9))))
    report = scanning(executor, storage=Storage(str(output))).run(paths)
    result = report.results[0]
    assert result.text == "\f".join(map(str, range(9)))
    assert sorted(
        path.name for path in output.rglob("*.*") if path.parent in (output, output / ".parts") and path.is_file()
    ) == sorted(
        [
            f"{Path(result.document.file_path).name}.txt",
            f"{Path(result.document.file_path).name}.json",
            "report.html",
            "report.json",
            "documents.csv",
            "failures.jsonl",
        ]
    )


def test_both_ways_to_keep_text_give_the_same_record_of_pages(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("text", "scan:a", "scan:b", "scan:c", ""))
    kept = scanning(storage=Storage(str(tmp_path / "out"))).run(paths).results[0]
    held = scanning().run(paths).results[0]
    assert list(kept.pages) == list(held.pages)
    assert kept.counts.characters == held.counts.characters == len("textabc")


def test_results_in_the_callers_order(tmp_path: Path) -> None:
    paths = files(tmp_path, *(plain_document(f"{number}") for number in range(40)))
    stream = plain(ThreadExecutor(workers=4)).stream(paths, order="input")
    assert [result.document.file_path for result in stream] == paths


def test_a_lazy_source_is_read_only_as_far_as_needed(tmp_path: Path) -> None:
    (path,) = files(tmp_path, plain_document("same"))
    taken = 0

    def endless() -> Iterator[Document]:
        nonlocal taken
        for taken in itertools.count(1):
            yield Document(path, f"id-{taken}")

    stream = plain(ThreadExecutor(workers=2)).stream(endless())
    assert len(list(itertools.islice(stream, 100))) == 100
    stream.close()
    assert taken < 200


def test_an_error_of_the_source_comes_after_what_was_started(tmp_path: Path) -> None:
    paths = files(tmp_path, *(plain_document(f"{number}") for number in range(5)))

    def source() -> Iterator[str]:
        yield from paths
        raise LookupError("the database is gone")

    stream = plain(ThreadExecutor(workers=2)).stream(source())
    assert len(list(itertools.islice(stream, 5))) == 5
    with pytest.raises(LookupError, match="database"):
        next(stream)


def test_metadata_travels_untouched(tmp_path: Path) -> None:
    (path,) = files(tmp_path, plain_document("x"))
    metadata = {"nested": {"list": [1, "zwei", None]}}
    document = {"document_uuid": "d-1", "file_path": path, "project_uuid": "p-1", "metadata": metadata}
    result = plain().run([document]).results[0]
    assert result.document.metadata == metadata
    assert (result.document.document_uuid, result.document.project_uuid) == ("d-1", "p-1")


def test_bytes_and_binary_files_are_documents(tmp_path: Path) -> None:
    report = plain(ThreadExecutor(workers=2)).run(
        [plain_document("from bytes"), io.BytesIO(plain_document("from a file"))]
    )
    assert sorted(result.text for result in report.results) == ["from a file", "from bytes"]
    assert all(result.document.content is None for result in report.results)


def test_a_page_range_takes_these_pages_only(tmp_path: Path) -> None:
    (path,) = files(tmp_path, plain_document(*"abcdef"))
    result = plain().run([Document(path, pages="2-3,5-")]).results[0]
    assert [(page.number, page.text) for page in result.pages] == [(2, "b"), (3, "c"), (5, "e"), (6, "f")]


def test_too_many_pages_are_refused_before_the_work(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("a", "b", "c"))
    report = plain(limits=Limits(max_pages=2)).run(paths)
    assert report.failures_by_cause == {Cause.LIMIT_PAGES: 1}


def test_a_file_that_is_too_large_is_refused_before_the_work(tmp_path: Path) -> None:
    report = plain(limits=Limits(max_file_bytes=10)).run(files(tmp_path, plain_document("a" * 100)))
    assert report.failures_by_cause == {Cause.LIMIT_BYTES: 1}


def test_text_beyond_the_limit_is_named_and_left_out(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("a" * 30, "b" * 30, "c" * 30))
    result = plain(limits=Limits(max_text_bytes=70)).run(paths).results[0]
    assert result.status is DocumentStatus.PARTIAL
    assert [page.failure and page.failure.cause for page in result.pages] == [None, None, Cause.LIMIT_BYTES]


def test_a_document_without_text_is_empty_and_says_so(tmp_path: Path) -> None:
    report = plain().run(files(tmp_path, plain_document(" ", " ")))
    assert report.results[0].status is DocumentStatus.EMPTY
    assert (report.successful, report.status.empty) == (1, 1)


def test_statistics_add_up(tmp_path: Path) -> None:
    contents = [plain_document("x"), b"", plain_document(" "), plain_document("y", "z")]
    report = plain().run(files(tmp_path, *contents), batch_size=3)
    figures = report.as_dict()
    assert (figures["total_documents"], figures["processed"], figures["successful"], figures["failed"]) == (4, 4, 3, 1)
    assert [(account.total_documents, account.failed) for account in report.batches] == [(3, 1), (1, 0)]
    assert report.documents_per_hour == pytest.approx(4 * 3600 / report.duration_seconds)
    assert report.average_seconds_per_document == pytest.approx(report.duration_seconds / 4)
    assert len(json.loads(json.dumps(figures))["results"]) == 4


def test_failures_are_raised_on_request_only(tmp_path: Path) -> None:
    report = plain().run(files(tmp_path, plain_document("x"), b""))
    report.raise_for_failures(max_failure_rate=0.5)
    with pytest.raises(BatchFailedError, match="1 of 2 documents failed"):
        report.raise_for_failures()


def test_a_report_can_be_pickled(tmp_path: Path) -> None:
    report = plain(storage=Storage(str(tmp_path / "out"))).run(files(tmp_path, plain_document("kept")))
    copy = pickle.loads(pickle.dumps(report))
    assert copy.results[0].text == "kept"


def test_too_many_failures_stop_the_batch_early(tmp_path: Path) -> None:
    contents = [plain_document("x")] * 10 + [b""] * 100
    report = plain().run(files(tmp_path, *contents), max_failure_rate=0.4)
    assert report.status.state is BatchState.FAILED
    assert report.failures_by_cause[Cause.EMPTY_INPUT] < 50
    assert (report.total_documents, len(report.results)) == (110, 110)  # those that were not started are cancelled
    assert report.total_documents == 110


def test_a_stopped_batch_has_a_result_for_each_document_that_it_was_downloading(tmp_path: Path) -> None:
    urls = [f"http://127.0.0.1:9/{number}.pdf" for number in range(3)]  # nobody listens on the discard port
    report = plain().run([*urls, *files(tmp_path, *[b""] * 40)], max_failure_rate=0.0)
    causes = {result.document.file_path: result.failure and result.failure.cause for result in report.results}
    assert len(causes) == report.total_documents
    assert {causes[url] for url in urls} <= {Cause.CANCELLED, Cause.STORAGE_UNAVAILABLE}


def test_resume_leaves_out_what_is_done(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("one"), b"", plain_document("three"))
    processor = plain(storage=Storage(str(tmp_path / "out")))
    processor.run(paths)
    Path(paths[1]).write_bytes(plain_document("mended"))
    report = processor.run(paths, resume=True)
    assert {Path(r.document.file_path).name: str(r.status) for r in report.results} == {
        "000.pdf": "skipped",
        "001.pdf": "succeeded",
        "002.pdf": "skipped",
    }
    assert texts(list(report.results)) == {"000.pdf": "one", "001.pdf": "mended", "002.pdf": "three"}


def test_resume_does_a_changed_document_again(tmp_path: Path) -> None:
    (path,) = files(tmp_path, plain_document("before"))
    processor = plain(storage=Storage(str(tmp_path / "out")))
    processor.run([path])
    Path(path).write_bytes(plain_document("after the change"))
    assert processor.run([path], resume=True).results[0].text == "after the change"


def test_resume_does_all_again_under_other_settings(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("scan:a"))
    storage = Storage(str(tmp_path / "out"))
    scanning(storage=storage, extraction=Extraction(ocr="never")).run(paths)
    report = scanning(storage=storage).run(paths, resume=True)
    assert (report.results[0].status, report.results[0].text) == (DocumentStatus.SUCCEEDED, "a")


def test_retry_failed_takes_the_failures_only(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("one"), b"")
    processor = plain(storage=Storage(str(tmp_path / "out")))
    processor.run(paths)
    Path(paths[1]).write_bytes(plain_document("mended"))
    report = processor.run(paths, retry_failed=True)
    assert texts(list(report.results)) == {"001.pdf": "mended"}


def test_what_looks_into_an_output_needs_one() -> None:
    with pytest.raises(UsageError, match="retry_failed needs an output"):
        plain().run([b"x"], retry_failed=True)
    with pytest.raises(UsageError, match="resume needs an output"):
        plain().run([b"x"], resume=True)


def test_a_failure_leaves_no_text_of_an_earlier_run(tmp_path: Path) -> None:
    (path,) = files(tmp_path, plain_document("old"))
    processor = plain(storage=Storage(str(tmp_path / "out")))
    processor.run([path])
    Path(path).write_bytes(b"\xff\xfe")
    result = processor.run([path]).results[0]
    assert result.status is DocumentStatus.FAILED
    assert not list((tmp_path / "out").glob("*.pdf.txt"))


def test_a_pattern_without_a_match_is_told_before_the_work(tmp_path: Path) -> None:
    sink = RecordingSink()
    with pytest.raises(NoDocumentsError, match=r"nothing.*\.pdf"):
        plain(sinks=[sink]).run([str(tmp_path / "nothing*.pdf")])
    assert not sink.statuses


def test_an_output_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="file"):
        plain(storage=Storage(str(tmp_path / "file"))).run(files(tmp_path, plain_document("x")))


def test_a_missing_language_is_told_before_the_work(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("scan:x"))
    with pytest.raises(DependencyError, match="xyz"):
        scanning(extraction=Extraction(languages="xyz")).run(paths)


def test_without_ocr_the_pages_that_need_it_are_flagged(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("scan:x", "text"))
    extraction = Extraction(languages="xyz", on_missing_ocr="skip")
    result = scanning(extraction=extraction).run(paths).results[0]
    assert result.status is DocumentStatus.PARTIAL
    assert [page.failure and page.failure.cause for page in result.pages] == [Cause.OCR_UNAVAILABLE, None]


def test_a_language_of_one_document_that_is_missing_costs_that_document(tmp_path: Path) -> None:
    one, two = files(tmp_path, plain_document("scan:x"), plain_document("scan:y"))
    report = scanning().run([Document(one, languages="deu"), Document(two)])
    assert {str(result.status) for result in report.results} == {"failed", "succeeded"}
    assert report.failures_by_cause == {Cause.OCR_UNAVAILABLE: 1}


def test_a_sink_that_raises_harms_nothing_and_is_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = RecordingSink()
    paths = files(tmp_path, *(plain_document("x") for _ in range(10)))
    with caplog.at_level(logging.WARNING, "pdfbatch"):
        report = plain(sinks=[RecordingSink(error=RuntimeError("sink trouble")), good]).run(paths)
    assert report.successful == len(good.results) == 10
    assert len([record for record in caplog.records if "raised" in record.message]) == 1


def test_statuses_never_go_back_and_the_last_one_is_final(tmp_path: Path) -> None:
    sink = RecordingSink()
    paths = files(tmp_path, *(plain_document("x") for _ in range(20)), b"")
    plain(sinks=[sink]).run(paths, batch_id="b-7")
    processed = [status.processed for status in sink.statuses]
    assert processed == sorted(processed)
    assert sink.statuses[0].state is BatchState.PENDING
    last = sink.statuses[-1]
    assert (last.state, last.processed, last.successful, last.failed) == (BatchState.COMPLETED, 21, 20, 1)
    assert {status.batch_id for status in sink.statuses} == {"b-7"}


def test_closing_a_stream_cancels_the_batch(tmp_path: Path) -> None:
    sink = RecordingSink()
    paths = files(tmp_path, *(plain_document("x") for _ in range(50)))
    stream = plain(ThreadExecutor(workers=2), sinks=[sink]).stream(paths)
    next(stream)
    stream.close()
    assert sink.statuses[-1].state is BatchState.CANCELLED


def test_a_running_event_loop_gets_results_one_by_one(tmp_path: Path) -> None:
    paths = files(tmp_path, *(plain_document(f"{number}") for number in range(10)))

    async def collected() -> list[str]:
        return [result.text async for result in plain(ThreadExecutor(workers=2)).astream(paths, order="input")]

    assert asyncio.run(collected()) == [str(number) for number in range(10)]


def test_an_event_loop_can_leave_a_stream_early(tmp_path: Path) -> None:
    sink = RecordingSink()
    paths = files(tmp_path, *(plain_document("x") for _ in range(50)))

    async def first() -> str:
        stream = plain(ThreadExecutor(workers=2), sinks=[sink]).astream(paths)
        async for result in stream:
            await stream.aclose()
            return result.text
        return ""

    assert asyncio.run(first()) == "x"
    assert sink.statuses[-1].state is BatchState.CANCELLED


def test_a_server_that_is_not_there_is_asked_at_most_ten_times(tmp_path: Path) -> None:
    report = plain(limits=Limits(storage_timeout=5)).run(
        ["http://127.0.0.1:9/a.pdf"]
    )  # nobody listens on the discard port
    (result,) = report.results
    assert 1 < result.attempts <= 10
    assert result.status is DocumentStatus.FAILED
    assert result.failure is not None
    assert result.failure.cause is Cause.STORAGE_UNAVAILABLE


def test_log_records_of_a_document_reach_the_host_tagged_and_bounded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = files(tmp_path, plain_document("fault:flood_log"))
    with caplog.at_level(logging.INFO, "pdfbatch.documents"):
        report = plain(ProcessExecutor(workers=1), engine=FaultyEngine()).run(paths)
    records = [record for record in caplog.records if record.name == "pdfbatch.documents"]
    assert 1 < len(records) <= 21
    assert {getattr(record, "document_id", None) for record in records} == {report.results[0].document.document_uuid}
    assert "left out" in records[-1].getMessage()


def test_a_document_that_kills_its_worker_is_blamed_by_page(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("good", "fault:kill", "good"), *(plain_document("x") for _ in range(20)))
    report = plain(ProcessExecutor(workers=2), engine=FaultyEngine()).run(paths)
    assert report.successful == 21
    partial = next(result for result in report.results if result.status is DocumentStatus.PARTIAL)
    assert partial.attempts == 2
    assert [page.failure and page.failure.cause for page in partial.pages] == [None, Cause.WORKER_LOST, None]
    assert [page.text for page in partial.pages] == ["good", "", "good"]


def test_a_document_that_kills_again_and_again_is_given_up(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document(*["fault:segfault"] * 5), plain_document("x"))
    report = plain(ProcessExecutor(workers=1), engine=FaultyEngine(), storage=Storage(str(tmp_path / "out"))).run(paths)
    crashed = next(result for result in report.results if not result.ok)
    assert (crashed.status, crashed.attempts) == (DocumentStatus.CRASHED, 2)
    assert crashed.failure is not None
    assert "SIGSEGV" in crashed.failure.message
    record = json.loads((tmp_path / "out" / f"{Path(crashed.document.file_path).name}.json").read_text())
    assert (record["status"], record["error"]["cause"]) == ("crashed", "worker_lost")


def test_a_page_that_hangs_costs_that_page(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("a", "fault:hang_gil", "c"))
    limits = Limits(page_timeout=0.5, document_timeout=20)
    result = plain(ProcessExecutor(workers=1), engine=FaultyEngine(), limits=limits).run(paths).results[0]
    assert result.status is DocumentStatus.PARTIAL
    assert [page.failure and page.failure.cause for page in result.pages] == [None, Cause.TIMEOUT, None]


def test_a_document_that_hangs_is_timed_out_by_its_own_limit(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("a", "fault:hang"))
    limits = Limits(page_timeout=None, document_timeout=0.5)
    result = plain(ProcessExecutor(workers=1), engine=FaultyEngine(), limits=limits).run(paths).results[0]
    assert (result.status, result.attempts) == (DocumentStatus.TIMED_OUT, 1)


def test_a_part_that_kills_its_worker_costs_its_page(tmp_path: Path) -> None:
    pages = [f"scan:{number}" for number in range(6)]
    pages[3] = f"scan:fault:{Fault.ABORT}"
    result = scanning(ProcessExecutor(workers=2)).run(files(tmp_path, plain_document(*pages))).results[0]
    assert result.status is DocumentStatus.PARTIAL
    assert [page.text for page in result.pages] == ["0", "1", "2", "", "4", "5"]
    assert result.pages[3].failure is not None


@by_executor
def test_the_time_limit_of_a_document_is_for_all_its_parts_together(executor: Executor, tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document(*(f"scan:slow {number}" for number in range(60))), plain_document("x"))
    limits = Limits(document_timeout=2)
    report = scanning(executor, ocr_engine=EchoOcr(seconds=0.1), limits=limits).run(paths)
    slow = next(result for result in report.results if not result.ok)
    assert slow.status is DocumentStatus.TIMED_OUT
    assert len(slow.pages) == 60
    read = [page for page in slow.pages if page.failure is None]
    assert 1 <= len(read) < 60
    assert {page.failure.cause for page in slow.pages if page.failure} == {Cause.TIMEOUT}


def test_memory_output_is_written_by_threads() -> None:
    storage = Storage("memory://pdfbatch-test-memory")
    report = BatchProcessor(engine=PlainEngine(), storage=storage, extraction=Extraction(ocr="never")).run(
        [plain_document("in memory")]
    )
    assert report.status.executor == "thread"
    assert report.results[0].text == "in memory"


def test_memory_output_is_written_by_threads_of_the_callers() -> None:
    storage = Storage("memory://pdfbatch-test-futures")
    with ThreadPoolExecutor(1) as threads:
        report = plain(FuturesExecutor(threads), storage=storage).run([plain_document("in memory")])
    assert report.results[0].text == "in memory"


def test_memory_input_reaches_worker_processes() -> None:
    Storage("memory://pdfbatch-test").write("a.pdf", plain_document("from memory"))
    report = plain(ProcessExecutor(workers=1)).run(["memory://pdfbatch-test/a.pdf"])
    assert [result.text for result in report.results] == ["from memory"]


def test_memory_output_and_processes_are_a_clear_error() -> None:
    with pytest.raises(UsageError, match="this process only"):
        plain(ProcessExecutor(workers=1), storage=Storage("memory://x")).run([b"x"])


def test_limits_that_cannot_be_enforced_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    processor = plain(ThreadExecutor(workers=1), limits=Limits(document_timeout=5))
    with caplog.at_level(logging.WARNING, "pdfbatch"):
        processor.run(files(tmp_path, plain_document("x")))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_manifest_names_its_batch_and_its_groups(tmp_path: Path) -> None:
    files(tmp_path, plain_document("a"), plain_document("b"), plain_document("c"))
    manifest = {"id": "case-17", "documents": [{"file_path": f"00{number}.pdf"} for number in range(3)]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    report = plain().run_manifest(str(tmp_path / "manifest.json"), batch_size=2)
    assert report.batch_id == "case-17"
    assert [account.successful for account in report.batches] == [2, 1]


def test_the_same_input_gives_the_same_output_but_for_the_run(tmp_path: Path) -> None:
    paths = files(tmp_path, plain_document("a", "scan:b", "scan:c", "scan:d"), b"")
    records: list[dict[str, object]] = []
    for name in ("one", "two"):
        scanning(storage=Storage(str(tmp_path / name))).run(paths)
        found = {p.name: json.loads(p.read_text()) for p in (tmp_path / name).glob("*.pdf.json")}
        assert len(found) == len(paths)
        records.append({key: {k: v for k, v in record.items() if k != "run"} for key, record in found.items()})
    assert records[0] == records[1]


def test_options_are_one_value_or_keywords_that_change_it(tmp_path: Path) -> None:
    paths, options = files(tmp_path, *[plain_document("a")] * 3), BatchOptions(batch_id="b-7", batch_size=2)
    reports = [
        plain().run(paths, options),
        plain().run(paths, options, batch_size=3),
        plain().run(paths, batch_id="b-8"),
    ]
    assert [report.batch_id for report in reports] == ["b-7", "b-7", "b-8"]
    assert [len(report.batches) for report in reports] == [2, 1, 1]


def test_the_first_functions_take_the_same_options(tmp_path: Path) -> None:
    paths, options = files(tmp_path, *[text_pdf([f"page {number}"]) for number in range(3)]), BatchOptions(batch_size=2)
    manifest = {"id": "case-17", "documents": [{"file_path": path} for path in paths]}
    extraction, out = Extraction(ocr="never"), tmp_path / "out"
    report = pdfbatch.process_batch(paths, out, options=options, executor="sequential", extraction=extraction)
    again = pdfbatch.process_manifest(
        manifest, out, options=options, resume=True, executor="sequential", extraction=extraction
    )
    assert (len(report.batches), report.successful) == (2, 3)
    assert (len(again.batches), again.batch_id, again.status.skipped) == (2, "case-17", 3)
    named = pdfbatch.process_manifest(manifest, batch_id="mine", executor="sequential", extraction=extraction)
    assert named.batch_id == "mine"


def test_keywords_are_the_fields_of_the_options() -> None:
    assert get_type_hints(BatchKeywords) == get_type_hints(BatchOptions)


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"max_failure_rate": 1.5}, {"max_failure_rate": -0.1}])
def test_options_that_cannot_be_meant_are_refused_when_they_are_made(wrong: BatchKeywords) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        BatchOptions(**wrong)
    with pytest.raises(UsageError, match=next(iter(wrong))):
        plain().stream([b"x"], **wrong)


def test_public_names_are_all_there() -> None:
    assert all(hasattr(pdfbatch, name) for name in pdfbatch.__all__)
