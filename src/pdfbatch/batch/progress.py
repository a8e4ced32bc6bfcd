"""Running totals of a batch: its status, counts of each group of documents, failures by cause, durations."""

import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from statistics import quantiles

from pdfbatch.batch.breaker import Breaker
from pdfbatch.batch.estimate import PageRates, estimate_seconds
from pdfbatch.batch.group_tallies import GroupTallies
from pdfbatch.batch.highlights import Highlights
from pdfbatch.batch.in_flight import NOTHING_IN_FLIGHT, InFlight
from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, DocumentStatus, TextSource
from pdfbatch.outputs import Results
from pdfbatch.report import BatchReport, BatchState, BatchStatus, PageCounts, StoppedBy

# A rate of failures means little before so many documents have ended: at the end of a batch it counts whatever their number.
MIN_DOCUMENTS_FOR_RATE = 20
_REUSED = (DocumentStatus.SKIPPED, DocumentStatus.DUPLICATE)


@dataclass(slots=True)
class Tally:
    """Counts of documents, added up in place, because a new value for each document would cost more than all else.

    This is the only place that counts: ``add_to`` and ``counts`` put the sums into the frozen values that users see.
    ``pages`` are those that this batch read, ``reused_pages`` those of skipped documents and of duplicates.
    """

    successful: int = 0
    failed: int = 0
    partial: int = 0
    empty: int = 0
    skipped: int = 0
    duplicates: int = 0
    pages: int = 0
    reused_pages: int = 0
    ocr_pages: int = 0
    failed_pages: int = 0
    other_language_pages: int = 0
    retries: int = 0
    worker_seconds: float = 0.0

    @property
    def processed(self) -> int:
        """Number of documents that have ended."""
        return self.successful + self.failed

    def add(self, result: DocumentResult) -> None:
        """Count a document that has ended."""
        status, counts = result.status, result.counts
        if status.ok:
            self.successful += 1
        else:
            self.failed += 1
        match status:
            case DocumentStatus.SKIPPED:
                self.skipped += 1
                self.reused_pages += counts.pages
            case DocumentStatus.DUPLICATE:
                self.duplicates += 1
                self.reused_pages += counts.pages
            case _:
                self.partial += status is DocumentStatus.PARTIAL
                self.empty += status is DocumentStatus.EMPTY
                self.pages += counts.pages
                self.ocr_pages += counts.ocr_pages
                self.other_language_pages += counts.other_language_pages
        self.failed_pages += counts.failed_pages
        self.retries += result.attempts - 1
        self.worker_seconds += result.duration_seconds

    def add_skipped(self, results: Sequence[DocumentResult]) -> None:
        """Count documents that earlier batches finished: as ``add``, together."""
        self.successful += len(results)
        self.skipped += len(results)
        self.reused_pages += sum(result.counts.pages for result in results)
        self.failed_pages += sum(result.counts.failed_pages for result in results)

    def add_to(self, status: BatchStatus) -> BatchStatus:
        """Return a status with these counts."""
        return replace(
            status,
            successful=self.successful,
            failed=self.failed,
            partial=self.partial,
            empty=self.empty,
            skipped=self.skipped,
            duplicates=self.duplicates,
            pages=self.pages,
            ocr_pages=self.ocr_pages,
            failed_pages=self.failed_pages,
            other_language_pages=self.other_language_pages,
            retries=self.retries,
        )


@dataclass(slots=True)
class PageTally:
    """Counts of pages by reason and by source, of documents that this batch read."""

    reasons: dict[str, int] = field(default_factory=dict[str, int])
    pages: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    ocr_readings: int = 0
    turned: int = 0
    reread: int = 0
    failed_readings: int = 0

    def add(self, result: DocumentResult) -> None:
        """Count the pages of a document that has ended."""
        counts = result.counts
        if not counts.pages or result.status in _REUSED:
            return
        reasons = self.reasons
        for reason, number in counts.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + number
        self.pages += counts.pages
        self.text_pages += counts.text_pages
        if counts.ocr_pages:
            self.ocr_pages += counts.ocr_pages
            self.ocr_readings += counts.ocr_readings
            self.turned += counts.turned_pages
            self.reread += counts.reread_pages
            self.failed_readings += counts.failed_readings

    def counts(self) -> PageCounts:
        """Return the counts as users see them."""
        sources = {
            str(TextSource.TEXT_LAYER): self.text_pages,
            str(TextSource.OCR): self.ocr_pages,
            str(TextSource.NONE): self.pages - self.text_pages - self.ocr_pages,
        }
        return PageCounts(
            by_reason=_most_first(self.reasons),
            by_source=_most_first(sources),
            ocr_readings=self.ocr_readings,
            turned=self.turned,
            reread=self.reread,
            failed_readings=self.failed_readings,
        )


@dataclass(slots=True)
class ProgressTracker:
    """All that is known of a batch so far. ``status`` carries wall-clock times; durations are monotonic.

    Each ``batch_size`` documents are a group, in the order in which they were handed in.
    """

    status: BatchStatus
    results: Results | None
    batch_size: int
    max_failure_rate: float | None = None
    stop_reason: str = ""
    stopped_by: StoppedBy = StoppedBy.NOTHING
    breaker: Breaker = field(default_factory=Breaker)
    causes: Counter[str] = field(default_factory=Counter[str])
    rates: PageRates = field(default_factory=PageRates)
    highlights: Highlights = field(default_factory=Highlights)
    pages: PageTally = field(default_factory=PageTally)
    _total: Tally = field(default_factory=Tally)
    _groups: GroupTallies = field(init=False)
    _seconds: "array[float]" = field(default_factory=lambda: array("f"))
    _start: float = field(default_factory=time.monotonic)
    _work_began: float | None = None  # before that, documents of an earlier run were skipped

    def __post_init__(self) -> None:
        """Begin to count."""
        self._groups = GroupTallies(self.batch_size)

    def start(self, executor: str, workers: int, *, limits_enforced: bool = True) -> None:
        """Note that ``workers`` workers are about to read the first document."""
        self._start, now = time.monotonic(), time.time()
        self.status = replace(
            self.status,
            state=BatchState.PROCESSING,
            executor=executor,
            workers=workers,
            limits_enforced=limits_enforced,
            started_at=now,
            updated_at=now,
        )

    def switch_executor(self, executor: str, workers: int, *, limits_enforced: bool) -> None:
        """Note that another executor has taken over; one at the same work is none."""
        if executor == self.status.executor.rpartition(", ")[2]:
            return
        self.status = replace(
            self.status,
            executor=f"{self.status.executor}, {executor}",
            workers=workers,
            limits_enforced=self.status.limits_enforced and limits_enforced,
        )

    def add(self, result: DocumentResult, position: int) -> None:
        """Count a document that has ended; ``position`` counts from 0 in the order in which documents were handed in."""
        self._total.add(result)
        self.pages.add(result)
        self._groups.add(result, position)
        self._seconds.append(result.duration_seconds)
        cause = ""
        if not result.ok:
            cause = str(Cause.INTERNAL if result.failure is None else result.failure.cause)
            self.causes[cause] += 1
        self.rates.add(result)
        self.highlights.add(result, cause)
        self.breaker.add(result, self.status.workers)
        if self.results is not None:
            self.results.add(result)

    def add_skipped(self, results: Sequence[DocumentResult], positions: Sequence[int]) -> None:
        """Count documents that earlier batches finished: as ``add``, together."""
        self._total.add_skipped(results)
        self._groups.add_skipped(results, positions)
        self._seconds.extend(repeat(0.0, len(results)))
        if self.results is not None:
            for result in results:
                self.results.add(result)

    @property
    def is_undecided(self) -> bool:
        """Whether documents have failed, and too few have ended to say that these are too many."""
        return bool(self.causes) and self._total.processed < MIN_DOCUMENTS_FOR_RATE

    def snapshot(self, known_documents: int, in_flight: InFlight = NOTHING_IN_FLIGHT) -> BatchStatus:
        """Return the status with its counts and times brought up to date, pages of documents in flight among them."""
        total, works = max(self.status.total_documents, known_documents), in_flight.works
        pages, elapsed = sum(work.pages for work in works), time.monotonic() - self._start
        rates, counts = self.rates.with_works(works), self.pages.counts()
        if self._work_began is None and (works or self.rates.documents):
            self._work_began = elapsed - max((document.seconds for document in in_flight.documents), default=0.0)
        unbegun = max(0, total - self._total.processed - len(works))
        busy = elapsed - min(self._work_began or 0.0, elapsed / 2)
        self.status = replace(
            self._total.add_to(self.status),
            total_documents=total,
            updated_at=time.time(),
            elapsed_seconds=elapsed,
            pages=self._total.pages + pages,
            ocr_pages=self._total.ocr_pages + sum(work.ocr_pages for work in works),
            pages_in_flight=pages,
            total_pages=self._total.pages + sum(work.total_pages for work in works),
            seconds_per_text_page=rates.seconds_per_text_page,
            seconds_per_ocr_page=rates.seconds_per_ocr_page,
            estimated_seconds=estimate_seconds(self.rates, works, unbegun=unbegun, elapsed=busy),
            documents_in_flight=in_flight.documents,
            activities=in_flight.activities,
            failures_by_cause=dict(self.causes.most_common()),
            recent_failures=self.highlights.failures,
            slowest_documents=self.highlights.slowest,
            pages_by_source=counts.by_source,
            pages_by_reason=counts.by_reason,
        )
        return self.status

    def finish(self, state: BatchState, known_documents: int) -> BatchStatus:
        """Return the last status. A completed batch had as many documents as have ended, whatever was expected."""
        status = self.snapshot(known_documents)
        total = status.processed if state is BatchState.COMPLETED else status.total_documents
        self.status = replace(status, state=state, total_documents=total, estimated_seconds=None)
        return self.status

    def find_stop_reason(self) -> str | None:
        """Return why the batch should stop before its end, ``None`` while it should go on; note what is to blame."""
        reason, stopped_by = self.breaker.find_reason(), StoppedBy.STORAGE
        if reason is None and self.results is not None and self.results.is_stranded:
            reason = "results fill the memory, because no temporary file can be written"
        if reason is None and self._total.processed >= MIN_DOCUMENTS_FOR_RATE:
            reason, stopped_by = self.judge_failure_rate(), StoppedBy.FAILURES
        if reason is not None and not self.stopped_by:
            self.stopped_by = stopped_by
        return reason

    def judge_failure_rate(self) -> str | None:
        """Return why the share of failed documents so far is not accepted, ``None`` if it is, or if any share is."""
        rate, failed, processed = self.max_failure_rate, self._total.failed, self._total.processed
        if rate is None or failed <= rate * processed:
            return None
        return f"{failed} of {processed} documents failed, more than the accepted share of {rate:g}"

    def report(self, output: str | None) -> BatchReport:
        """Return the report of what has ended so far."""
        return BatchReport(
            status=self.status,
            results=() if self.results is None else self.results,
            batches=self._groups.counts(),
            failures_by_cause=dict(self.causes.most_common()),
            percentiles=find_percentiles(self._seconds),
            page_counts=self.pages.counts(),
            output=output,
            stop_reason=self.stop_reason,
            stopped_by=self.stopped_by,
        )


def _most_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(
        sorted(((name, count) for name, count in counts.items() if count), key=lambda entry: (-entry[1], entry[0]))
    )


def find_percentiles(seconds: "array[float]") -> dict[str, float]:
    """Return percentiles of seconds; none of nothing."""
    if not seconds:
        return {}
    if len(seconds) == 1:
        return dict.fromkeys(("p50", "p90", "p95", "p99", "max"), seconds[0])
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": cuts[49], "p90": cuts[89], "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}
