"""The same bytes twice in a batch are read once, and each document has its own result."""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pdfbatch.batch import content_index, duplicate_filter
from pdfbatch.batch.content_index import ContentIndex
from pdfbatch.batch.duplicate_filter import PendingDocument
from pdfbatch.errors import Cause
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.process.memory import read_own_resident_bytes
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.executors.thread import ThreadExecutor
from pdfbatch.model import Document, DocumentResult, DocumentStatus, Failure
from pdfbatch.outcomes import failed_result
from pdfbatch.ports import Executor, OpenDocument
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction
from pdfbatch.storage import Fingerprint, Storage
from pdfbatch.storage.documents import fingerprint
from pdfbatch.storage.storage import Layout
from pdfbatch.tasks import ReadTask
from pdfbatch.testing import PlainEngine, plain_document

EXECUTORS: list[Executor] = [SequentialExecutor(), ThreadExecutor(workers=3), ProcessExecutor(workers=2)]
by_executor = pytest.mark.parametrize("executor", EXECUTORS, ids=lambda executor: executor.name)


@dataclass(frozen=True, slots=True)
class NotingEngine:
    """Notes in a file how often it opens something."""

    journal: str
    name: str = "noting"
    version: str = "1"

    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> AbstractContextManager[OpenDocument]:
        with open(self.journal, "a", encoding="utf-8") as file:
            file.write("opened\n")
        return PlainEngine().open(source, password=password, annotations=annotations)


def processor(
    folder: Path, executor: Executor | None = None, *, output: bool = True, layout: Layout = "files"
) -> BatchProcessor:
    return BatchProcessor(
        executor=executor or SequentialExecutor(),
        storage=Storage(str(folder / "out"), layout=layout, durability="none") if output else None,
        engine=NotingEngine(journal=str(folder / "journal")),
        extraction=Extraction(ocr="never"),
    )


def opened(folder: Path) -> int:
    journal = folder / "journal"
    return len(journal.read_text().splitlines()) if journal.exists() else 0


def written(folder: Path, *contents: bytes) -> list[Document]:
    """Documents with these contents and the ids ``0``, ``1`` ..."""
    for number, content in enumerate(contents):
        (folder / f"{number}.pdf").write_bytes(content)
    return [Document(str(folder / f"{number}.pdf"), str(number)) for number in range(len(contents))]


def by_id(results: Iterator[DocumentResult]) -> dict[str, DocumentResult]:
    found = {result.document.document_uuid: result for result in results}
    return dict(sorted(found.items(), key=lambda pair: int(pair[0])))


@by_executor
@pytest.mark.parametrize("output", [True, False], ids=["output", "results"])
def test_the_same_bytes_twice_are_read_once(executor: Executor, output: bool, tmp_path: Path) -> None:
    same, other = plain_document("the same", "second page"), plain_document("the other", "1234567890")
    assert len(same) == len(other)
    documents = written(tmp_path, *[same, other, same, plain_document("third"), same, other])
    report = processor(tmp_path, executor, output=output).run(documents)
    found = by_id(iter(report.results))
    assert [(str(result.status), result.duplicate_of) for result in found.values()] == [
        ("succeeded", None),
        ("succeeded", None),
        ("duplicate", "0"),
        ("succeeded", None),
        ("duplicate", "0"),
        ("duplicate", "1"),
    ]
    assert [found[number].text for number in ("0", "2", "4")] == ["the same\fsecond page"] * 3
    assert (report.successful, report.status.duplicates, opened(tmp_path)) == (6, 3, 3)


def test_a_duplicate_has_a_record_and_a_text_of_its_own(tmp_path: Path) -> None:
    documents = written(tmp_path, plain_document("a", "b"), plain_document("a", "b"))
    processor(tmp_path).run(documents)
    out = tmp_path / "out"
    first, second = (json.loads((out / f"{number}.json").read_bytes()) for number in (0, 1))
    assert (out / "1.txt").read_bytes() == (out / "0.txt").read_bytes()
    assert (second["status"], second["duplicate_of"], second["document"]["file_path"]) == (
        *("duplicate", "0", documents[1].file_path),
    )
    assert second["input"]["fingerprint"] == str(fingerprint(documents[1]))
    assert (second["pages"], second["counts"]) == (first["pages"], first["counts"])


def test_documents_given_as_bytes_have_duplicates_too(tmp_path: Path) -> None:
    content = plain_document("the same")
    documents = [Document(f"{name}.pdf", name, content=content) for name in ("0", "1")]
    report = processor(tmp_path, output=False).run(documents)
    assert [str(result.status) for result in by_id(iter(report.results)).values()] == ["succeeded", "duplicate"]


def test_a_stream_without_an_output_reads_each_document(tmp_path: Path) -> None:
    documents = written(tmp_path, *[plain_document("the same")] * 3)
    found = list(processor(tmp_path, output=False).stream(documents))
    assert Counter(str(result.status) for result in found) == {"succeeded": 3}


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    documents = written(tmp_path, *[plain_document("the same")] * 3)
    report = replace(processor(tmp_path), deduplicate=False).run(documents)
    assert (report.status.duplicates, opened(tmp_path)) == (0, 3)


@pytest.mark.parametrize("own", [{"password": "x"}, {"pages": "1"}, {"languages": "deu"}])
def test_the_same_bytes_under_other_settings_are_read(own: dict[str, str], tmp_path: Path) -> None:
    first, second = written(tmp_path, *[plain_document("a", "b")] * 2)
    changed = replace(second, **own)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert processor(tmp_path).run([first, changed]).status.duplicates == 0


@pytest.mark.parametrize("output", [True, False], ids=["output", "results"])
def test_a_document_whose_original_failed_is_read_itself(output: bool, tmp_path: Path) -> None:
    documents = written(tmp_path, b"\xff\xfe", plain_document("x"), b"\xff\xfe")
    found = by_id(iter(processor(tmp_path, output=output).run(documents).results))
    causes = [result.failure and result.failure.cause for result in found.values()]
    assert causes == [Cause.MALFORMED, None, Cause.MALFORMED]
    assert "2.pdf" in str(found["2"].failure)


@pytest.mark.parametrize("output", [True, False], ids=["output", "results"])
def test_a_document_without_text_is_empty_and_so_is_its_duplicate(output: bool, tmp_path: Path) -> None:
    report = processor(tmp_path, output=output).run(written(tmp_path, plain_document(" "), plain_document(" ")))
    assert [result.status for result in report.results] == [DocumentStatus.EMPTY] * 2


@by_executor
def test_many_duplicates_of_one_document_all_come_back(executor: Executor, tmp_path: Path) -> None:
    count = duplicate_filter.MAX_DEFERRED + 300
    (tmp_path / "one.pdf").write_bytes(plain_document("the same"))
    for number in range(count):
        os.link(tmp_path / "one.pdf", tmp_path / f"{number}.pdf")
    report = processor(tmp_path, executor, output=False).run(str(tmp_path / "*.pdf"))
    assert (report.total_documents, report.successful, len(report.results)) == (count + 1, count + 1, count + 1)
    assert report.status.duplicates >= duplicate_filter.MAX_DEFERRED - 1


def test_a_resumed_batch_finds_the_same_duplicates(tmp_path: Path) -> None:
    contents = [plain_document("a"), plain_document("b"), plain_document("a"), plain_document("b")]
    documents = written(tmp_path, *contents)
    processor(tmp_path).run(documents[:3])
    report = processor(tmp_path).run(documents, resume=True)
    assert [(str(result.status), result.duplicate_of) for result in by_id(iter(report.results)).values()] == [
        ("skipped", None),
        ("skipped", None),
        ("skipped", "0"),
        ("duplicate", "1"),
    ]


@by_executor
def test_a_duplicate_gets_its_row_of_a_packed_layout_without_being_read(executor: Executor, tmp_path: Path) -> None:
    documents = written(tmp_path, *[plain_document("x", "y")] * 3, plain_document("other"))
    report = processor(tmp_path, executor, layout="jsonl").run(documents)
    assert opened(tmp_path) == 2
    ended = {result.document.document_uuid: result for result in report.results}
    assert [ended[name].status for name in ("0", "1", "2", "3")] == ["succeeded", "duplicate", "duplicate", "succeeded"]
    assert [ended[name].text for name in ("0", "1", "2", "3")] == ["x\fy", "x\fy", "x\fy", "other"]
    assert (ended["2"].duplicate_of, ended["2"].fingerprint) == ("0", str(fingerprint(documents[2])))


def test_of_later_rows_those_of_documents_that_took_long_are_kept_for_duplicates() -> None:
    def find(seconds: float) -> bytes:
        one, *fillers, two = (Document(f"{number}", f"{number}", content=b"same") for number in range(5))
        pending = {"0": PendingDocument(0, one), "4": PendingDocument(4, two)}
        duplicates = duplicate_filter.DuplicateFilter(pending=pending, results=None)
        stages = duplicates.filter(iter([ReadTask(document=one), ReadTask(document=two)]))
        next(stages)
        pending.pop("0")
        ended = DocumentResult(document=one, status=DocumentStatus.SUCCEEDED, duration_seconds=seconds)
        duplicates.release(ended, 0, b"the row")
        for position, filler in enumerate(fillers, start=1):
            duplicates.release(replace(ended, document=filler), position, b"x" * (duplicate_filter.RECENT_BYTES // 2))
        task = next(stages)
        duplicates.close()
        assert isinstance(task, ReadTask)
        assert task.duplicate_of is not None
        return task.duplicate_of.body

    assert (find(duplicate_filter.COSTLY_SECONDS), find(0.01)) == (b"the row", b"")


def test_a_batch_that_is_stopped_tells_of_the_duplicates_that_waited(tmp_path: Path) -> None:
    contents = [b"\xff\xfe"] * 30 + [plain_document("x")] * 30
    report = processor(tmp_path).run(written(tmp_path, *contents), max_failure_rate=0.0)
    assert len(report.results) == report.total_documents == 60


def test_a_file_that_changed_since_it_was_met_has_no_duplicates(tmp_path: Path) -> None:
    found = ContentIndex()
    one, two = written(tmp_path, plain_document("a"), plain_document("a"))
    assert found.find_or_add(one, fingerprint(one), 0) is None
    Path(one.file_path).write_bytes(plain_document("b"))
    os.utime(one.file_path, (1, 1))
    assert found.find_or_add(two, fingerprint(two), 1) is None


def test_files_that_differ_in_the_middle_only_are_no_duplicates(tmp_path: Path) -> None:
    filling = b"x" * (2 * content_index.SAMPLE_BYTES)
    one, two, three = written(tmp_path, *(filling + middle + filling for middle in (b"1", b"2", b"1")))
    found = ContentIndex()
    assert [found.find_or_add(it, fingerprint(it), place) for place, it in enumerate((one, two))] == [None, None]
    met = found.find_or_add(three, fingerprint(three), 2)
    assert met is not None
    known, duplicate_of = met
    assert (known.document_uuid, known.position, duplicate_of.own_fingerprint) == ("0", 0, str(fingerprint(three)))


def test_a_document_of_a_size_of_its_own_is_never_opened(tmp_path: Path) -> None:
    found = ContentIndex()
    gone = [Document(str(tmp_path / f"{number}.pdf"), str(number)) for number in range(3)]
    met = [found.find_or_add(it, Fingerprint(size_bytes=size, tag="t"), 0) for size, it in enumerate(gone, 1)]
    assert met == [None, None, None]


def test_the_memory_of_an_index_does_not_grow_with_its_documents() -> None:
    found, fingerprint_of = ContentIndex(), Fingerprint

    def add(numbers: range) -> int:
        for number in numbers:
            document = Document(f"/folder/of/documents/{number}.pdf", f"the-id-of-a-document-{number}")
            found.find_or_add(document, fingerprint_of(size_bytes=number + 1, tag="t"), number)
        return read_own_resident_bytes()

    before = add(range(40_000))
    assert add(range(40_000, 120_000)) - before < 4 << 20
    found.close()


def test_paths_and_ids_need_not_be_text(tmp_path: Path) -> None:
    found, name = ContentIndex(), os.fsdecode(b"\xff.pdf")
    one, two = (Document(name, f"{number}\udc80", content=b"same") for number in (1, 2))
    assert found.find_or_add(one, fingerprint(one), 0) is None
    met = found.find_or_add(two, fingerprint(two), 1)
    assert met is not None
    assert met[0].document_uuid == "1\udc80"


def test_one_index_serves_several_threads() -> None:
    found, met = ContentIndex(), list[object]()

    def look() -> None:
        for number in range(300):
            document = Document(f"{number}.pdf", content=b"%d" % number)
            met.append(found.find_or_add(document, fingerprint(document), number))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(met), met.count(None)) == (1200, 300)


def test_an_index_that_is_closed_finds_nothing() -> None:
    found, document = ContentIndex(), Document("a.pdf", content=b"x")
    found.find_or_add(document, fingerprint(document), 0)
    found.close()
    assert found.find_or_add(document, fingerprint(document), 1) is None


def test_a_duplicate_of_a_document_that_was_lost_is_read_itself() -> None:
    one, two = (Document(name, name, content=b"same") for name in ("0", "1"))
    pending = {str(place): PendingDocument(place, document) for place, document in enumerate((one, two))}
    duplicates = duplicate_filter.DuplicateFilter(pending=pending, results=None)
    tasks = [ReadTask(document=document) for document in (one, two)]
    stages = duplicates.filter(duplicates.requeue(iter(tasks)))
    assert [next(stages), next(stages)] == [tasks[0], None]
    pending.pop("0")
    duplicates.release(failed_result(one, Failure(cause=Cause.WORKER_LOST, message="0: lost")), 0)
    assert next(stages) == tasks[1]
    pending.pop("1")
    assert list(stages) == []
