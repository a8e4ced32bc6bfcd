"""Progress by page: what is read of documents in flight, what workers are on, and the time that is left."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, ClassVar

import pytest

from pdfbatch import Document, process_batch
from pdfbatch.batch.estimate import PageRates, estimate_seconds
from pdfbatch.batch.in_flight import PageWork, SplitProgress, find_in_flight
from pdfbatch.batch.progress import ProgressTracker
from pdfbatch.errors import Cause
from pdfbatch.executors.process.current_task import CurrentTask, clamp_current_task
from pdfbatch.model import Counts, DocumentResult, DocumentStatus, Failure
from pdfbatch.ports import Reading, TaskProgress, summarize_words
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.samples import text_pdf
from pdfbatch.settings import Extraction
from pdfbatch.tasks import PartialDocument, PartTask, ReadTask
from pdfbatch.testing.probes import PATIENCE_SECONDS

if TYPE_CHECKING:
    from PIL.Image import Image

SCAN, LETTER = Document("scan.pdf", "scan"), Document("s3://user:secret@bucket/letter.pdf", "letter")
PARTIAL = PartialDocument(fingerprint="", engine="", page_numbers=tuple(range(1, 49)), pdf_metadata={})


@dataclass
class Watched:
    """An OCR engine that reads the third page only when a status has said that two pages are read."""

    seen: ClassVar[Event] = Event()
    is_late: ClassVar[list[bool]] = []
    count: ClassVar[list[int]] = []

    @property
    def name(self) -> str:
        return "watched"

    @property
    def version(self) -> str:
        return "1"

    def check(self, languages: str) -> None:
        """It reads everything."""

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        self.count.append(1)
        if len(self.count) == 3:
            self.is_late.append(not self.seen.wait(PATIENCE_SECONDS))
        return summarize_words("word", [("word", 99.0)])

    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        return None


@dataclass
class Slow(Watched):
    """An OCR engine that takes longer for a page than lies between two snapshots."""

    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        Event().wait(0.15)
        return summarize_words("word", [("word", 99.0)])


def test_pages_count_while_their_document_is_read(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(text_pdf([f"Page {number}." for number in range(4)]))
    statuses = list[BatchStatus]()

    def watch(status: BatchStatus) -> None:
        statuses.append(status)
        if not status.processed and status.pages == 2:
            Watched.seen.set()

    report = process_batch(
        tmp_path,
        executor="thread",
        max_workers=1,
        ocr_engine=Watched(),
        extraction=Extraction(ocr="always"),
        progress=watch,
    )
    assert Watched.is_late == [False], [status.as_dict() for status in statuses]
    assert (report.status.pages, report.status.ocr_pages, report.status.pages_in_flight) == (4, 4, 0)
    half = next(status for status in statuses if status.pages == 2)
    assert (half.processed, half.pages_in_flight, half.total_pages, half.ocr_pages) == (0, 2, 4, 2)
    assert half.eta_seconds is not None
    (document,), (activity,) = half.documents_in_flight, half.activities
    assert (document.file_path, document.pages, document.total_pages) == (str(tmp_path / "scan.pdf"), 2, 4)
    assert (activity.file_path, activity.page) == (document.file_path, 3)


def test_parts_that_have_ended_and_parts_that_are_read_both_count() -> None:
    split = SplitProgress(
        document=SCAN, began_at=90.0, work=PageWork(text_pages=8, pending_pages=40, is_known=True, is_split=True)
    )
    split.end_part(6, 12.0)
    part = PartTask(document=SCAN, page_numbers=(7, 8, 9, 10), partial_document=PARTIAL)
    tasks = [
        TaskProgress(task=part, seconds=7.0, page=10, page_seconds=1.0, total_pages=4, ocr_pages=3, pending_pages=1),
        TaskProgress(task=ReadTask(document=LETTER), seconds=0.5, page=2, total_pages=3, text_pages=1),
    ]
    found = find_in_flight({"scan": split}, tasks, now=100.0)
    assert [(each.document_uuid, each.pages, each.total_pages, each.seconds) for each in found.documents] == [
        ("scan", 8 + 6 + 3, 48, 10.0),
        ("letter", 1, 3, 0.5),
    ]
    assert [(each.page, each.seconds) for each in found.activities] == [(10, 1.0), (2, 0.0)]
    assert "secret" not in str(found)


def test_a_worker_that_lies_about_its_pages_is_not_believed() -> None:
    odd = [(3, 4, 0, 0), (0, 0, 0, 1), (10**9, 0, 0, 0), (2, 1, 1, 1)]
    for total, text, ocr, pending in odd:
        current = CurrentTask(task=1, page=2, total_pages=total, text_pages=text, ocr_pages=ocr, pending_pages=pending)
        assert clamp_current_task(current, 0.0).total_pages == 0, current
    honest = CurrentTask(task=1, total_pages=3, text_pages=1, ocr_pages=1, pending_pages=1)
    assert clamp_current_task(honest, 0.0).ocr_pages == 1


RATES = PageRates(documents=10, text_pages=100, ocr_pages=10, text_seconds=1.0, ocr_seconds=20.0)
ESTIMATES: Mapping[str, tuple[PageRates, tuple[PageWork, ...], int, float, float | None]] = {
    "nothing is known": (PageRates(), (), 5, 1.0, None),
    "as many more of the same": (RATES, (), 10, 10.5, 10.5),
    "pages of OCR at their own rate": (
        RATES, (PageWork(pending_pages=10, is_known=True, is_split=True),), 0, 10.5, 10.0,
    ),
    "pages of text at theirs": (RATES, (PageWork(text_pages=0, pending_pages=0, is_known=True),), 0, 10.5, 0.0),
    "one worker reads the last document": (RATES, (PageWork(pending_pages=10, is_known=True),), 0, 10.5, 20.0),
    "no page by OCR has ended": (
        PageRates(documents=9, text_pages=90, text_seconds=0.9),
        (PageWork(pending_pages=4, ocr_wait=3.0, open_seconds=3.0, open_pages=1, is_known=True),), 0, 3.9, 9.0,
    ),
    "OCR has not begun": (
        PageRates(documents=9, text_pages=90, text_seconds=0.9), (PageWork(pending_pages=4, is_known=True),), 0, 1.0, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ESTIMATES)
def test_the_time_left_follows_from_the_pages_left(name: str) -> None:
    rates, works, unbegun, elapsed, wanted = ESTIMATES[name]
    found = estimate_seconds(rates, works, unbegun=unbegun, elapsed=elapsed)
    assert found == (wanted if wanted is None else pytest.approx(wanted, rel=0.05)), found


def test_many_short_letters_do_not_promise_an_early_end_for_a_long_scan() -> None:
    """Documents an hour said: 0 seconds left, for as long as the scan took."""
    tracker = ProgressTracker(status=BatchStatus(batch_id="b"), results=None, batch_size=10)
    tracker.start("process", 2)
    letter = DocumentResult(
        document=LETTER, status=DocumentStatus.SUCCEEDED, counts=Counts(pages=2, text_pages=2), duration_seconds=0.01
    )
    for position in range(30):
        tracker.add(letter, position)
    split = SplitProgress(document=SCAN, began_at=0.0, work=PageWork(pending_pages=48, is_known=True, is_split=True))
    status = tracker.snapshot(31, find_in_flight({"scan": split}, (), now=1.0))
    assert (status.processed, status.total_pages, status.eta_seconds) == (30, 60 + 48, None)
    split.end_part(2, 4.0)
    status = tracker.snapshot(31, find_in_flight({"scan": split}, (), now=3.0))
    assert status.seconds_per_ocr_page == 2.0
    assert status.pages == 62
    assert status.eta_seconds is not None


def test_a_status_names_failed_and_slow_documents_and_few_of_them() -> None:
    tracker = ProgressTracker(status=BatchStatus(batch_id="b"), results=None, batch_size=10)
    for number in range(100):
        cause = (Cause.MALFORMED, Cause.TIMEOUT)[number % 2]
        failed = DocumentResult(
            document=Document(f"{number}.pdf"),
            status=DocumentStatus.FAILED,
            failure=Failure(cause=cause, message="x" * 1_000),
            duration_seconds=float(number),
        )
        tracker.add(failed, number)
    status = tracker.snapshot(100)
    assert status.failures_by_cause == {"malformed": 50, "timeout": 50}
    assert [each.file_path for each in status.recent_failures[:2]] == ["98.pdf", "96.pdf"]
    assert len(status.recent_failures) == 10
    assert [each.seconds for each in status.slowest_documents] == [float(99 - number) for number in range(10)]
    assert len(str(status.as_dict())) < 10_000


def test_the_last_status_has_nothing_in_flight() -> None:
    tracker = ProgressTracker(status=BatchStatus(batch_id="b"), results=None, batch_size=10)
    tracker.start("process", 1)
    tracker.snapshot(
        1, find_in_flight({}, [TaskProgress(task=ReadTask(document=SCAN), total_pages=9, text_pages=5)], 0.0)
    )
    status = tracker.finish(BatchState.CANCELLED, 1)
    assert (status.pages, status.pages_in_flight, status.documents_in_flight, status.eta_seconds) == (0, 0, (), None)
    assert replace(status, state=BatchState.PROCESSING).eta_seconds is None


def test_each_part_of_a_document_that_ends_is_shown_without_a_pool_that_tells(tmp_path: Path) -> None:
    """The executor in the caller's own thread says nothing of pages, and is never idle."""
    (tmp_path / "scan.pdf").write_bytes(text_pdf([f"Page {number}." for number in range(6)]))
    statuses = list[BatchStatus]()
    process_batch(
        tmp_path,
        executor="sequential",
        ocr_engine=Slow(),
        extraction=Extraction(ocr="always", part_pages=1),
        progress=statuses.append,
    )
    pages = [status.pages for status in statuses if not status.processed]
    assert any(0 < number < 6 for number in pages), pages
