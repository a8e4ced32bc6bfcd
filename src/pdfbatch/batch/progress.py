"""The accounts of a batch under way: its status, its groups of documents, its failures by cause, its times."""

import time
from array import array
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from statistics import quantiles

from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.outputs import Results
from pdfbatch.report import BatchCounts, BatchReport, BatchState, BatchStatus

# Faults that hit every document alike: after so many in a row for each worker the batch stops.
COMMON_FAULTS = frozenset({Cause.STORAGE_FULL, Cause.STORAGE_DENIED})
COMMON_FAULTS_PER_WORKER = 2
# A rate of failures means little before so many documents have ended.
MIN_DOCUMENTS_FOR_RATE = 20


@dataclass(slots=True)
class _Totals:
    """The counts of a ``BatchStatus``, added up in place: a new status for each document would cost more than all else."""

    successful: int = 0
    failed: int = 0
    partial: int = 0
    empty: int = 0
    skipped: int = 0
    duplicates: int = 0
    pages: int = 0
    ocr_pages: int = 0
    failed_pages: int = 0
    other_language_pages: int = 0
    retries: int = 0

    def add(self, result: DocumentResult) -> None:
        status, counts = result.status, result.counts
        self.successful += status.ok
        self.failed += not status.ok
        self.partial += status is DocumentStatus.PARTIAL
        self.empty += status is DocumentStatus.EMPTY
        self.skipped += status is DocumentStatus.SKIPPED
        self.duplicates += status is DocumentStatus.DUPLICATE
        if status not in _NOT_WORKED_ON:
            self.pages += counts.pages
            self.ocr_pages += counts.ocr_pages
            self.other_language_pages += counts.other_language_pages
        self.failed_pages += counts.failed_pages
        self.retries += result.attempts - 1


@dataclass(slots=True)
class _Account:
    """A ``BatchCounts``, added up in place."""

    total_documents: int = 0
    successful: int = 0
    failed: int = 0
    pages: int = 0
    worker_seconds: float = 0.0

    def add(self, result: DocumentResult) -> None:
        self.total_documents += 1
        self.successful += result.ok
        self.failed += not result.ok
        self.pages += result.counts.pages
        self.worker_seconds += result.duration_seconds


_NOT_WORKED_ON = frozenset({DocumentStatus.SKIPPED, DocumentStatus.DUPLICATE})


@dataclass(slots=True)
class ProgressTracker:
    """What is known of a batch so far. ``status`` carries wall-clock times; durations are monotonic."""

    status: BatchStatus
    results: Results | None
    batch_size: int
    max_failure_rate: float | None = None
    stop_reason: str = ""
    causes: Counter[str] = field(default_factory=Counter[str])
    _totals: _Totals = field(default_factory=_Totals)
    _accounts: list[_Account] = field(default_factory=list[_Account])
    _seconds: "array[float]" = field(default_factory=lambda: array("f"))
    _begun: float = field(default_factory=time.monotonic)
    _common_faults: int = 0

    def begin(self, executor: str, workers: int) -> None:
        """The first document is about to be read, by so many workers."""
        self._begun, now = time.monotonic(), time.time()
        self.status = replace(
            self.status,
            state=BatchState.PROCESSING,
            executor=executor,
            workers=workers,
            started_at=now,
            updated_at=now,
        )

    def add(self, result: DocumentResult, position: int) -> None:
        """A document has ended; ``position`` counts from 0 in the order in which documents were handed in."""
        self._totals.add(result)
        self._seconds.append(result.duration_seconds)
        self._account(result, position // self.batch_size)
        cause = None if result.ok or result.failure is None else result.failure.cause
        if cause is not None:
            self.causes[str(cause)] += 1
        self._common_faults = self._common_faults + 1 if cause in COMMON_FAULTS else 0
        if self.results is not None:
            self.results.add(result)

    def now(self, known_documents: int) -> BatchStatus:
        """The status with its times and the number of documents brought up to date."""
        total = max(self.status.total_documents, known_documents)
        self.status = replace(
            self.status,
            **asdict(self._totals),
            total_documents=total,
            updated_at=time.time(),
            elapsed_seconds=time.monotonic() - self._begun,
        )
        return self.status

    def end(self, state: BatchState, known_documents: int) -> BatchStatus:
        """The last status. A batch that has come to its end had as many documents as were counted, whatever was expected."""
        status = self.now(known_documents)
        total = status.processed if state is BatchState.COMPLETED else status.total_documents
        self.status = replace(status, state=state, total_documents=total)
        return self.status

    def verdict(self) -> str | None:
        """Why the batch should stop before its end, ``None`` while it should go on."""
        if self._common_faults >= COMMON_FAULTS_PER_WORKER * max(1, self.status.workers):
            return f"{self._common_faults} documents in a row failed for a reason that hits all: {_listed(self.causes)}"
        failed, rate = self._totals.failed, self.max_failure_rate
        processed = self._totals.successful + failed
        if rate is not None and processed >= MIN_DOCUMENTS_FOR_RATE and failed > rate * processed:
            return f"{failed} of {processed} documents failed, more than the accepted share of {rate:g}"
        return None

    def report(self, output: str | None) -> BatchReport:
        """The report of what has ended so far."""
        return BatchReport(
            status=self.status,
            results=() if self.results is None else self.results,
            batches=tuple(BatchCounts(number=n, **asdict(it)) for n, it in enumerate(self._accounts, start=1)),
            failures_by_cause=dict(self.causes.most_common()),
            percentiles=_percentiles(self._seconds),
            output=output,
            stop_reason=self.stop_reason,
        )

    def _account(self, result: DocumentResult, index: int) -> None:
        while len(self._accounts) <= index:
            self._accounts.append(_Account())
        self._accounts[index].add(result)


def _percentiles(seconds: "array[float]") -> dict[str, float]:
    if not seconds:
        return {}
    if len(seconds) == 1:
        return dict.fromkeys(("p50", "p90", "p95", "p99", "max"), seconds[0])
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": cuts[49], "p90": cuts[89], "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}


def _listed(causes: Counter[str]) -> str:
    return ", ".join(f"{cause} ({count})" for cause, count in causes.most_common())
