"""How a batch is going (``BatchStatus``) and how it went (``BatchReport``): pure values without a clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, overload

from pdfbatch.activity import DocumentProgress, FailedDocument, SlowDocument, WorkerActivity, counts_as_dict
from pdfbatch.errors import BatchFailedError, Cause
from pdfbatch.model import DocumentResult
from pdfbatch.tables import arrow_table, data_frame

STATUS_VERSION = 2
"""Version of the keys of ``BatchStatus.as_dict()``: within one, keys are added, none is removed or changes its meaning."""


class BatchState(StrEnum):
    """The state of a batch."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether the batch is over."""
        return self not in (BatchState.PENDING, BatchState.PROCESSING)


class StoppedBy(StrEnum):
    """What ended a batch early or made it fail: too many failed documents, or a storage that does not do its work."""

    NOTHING = ""
    FAILURES = "failures"
    STORAGE = "storage"


SUMMED_COUNTS = (
    "successful",
    "failed",
    "partial",
    "empty",
    "skipped",
    "duplicates",
    "pages",
    "ocr_pages",
    "failed_pages",
    "other_language_pages",
    "retries",
)
"""The counts of a ``BatchStatus`` that add up over documents, batches and shards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """A snapshot of a batch. ``processed`` is ``successful`` plus ``failed``.

    ``partial``, ``empty``, ``skipped`` and ``duplicates`` are counted in ``successful``, too. ``total_documents`` is what is
    known so far: a lazy source is counted as it is read. ``executor`` names the executor that does the work, and those before
    it that could not go on; ``limits_enforced`` is ``False`` once one of them could not stop a document at its limits.
    Times are seconds since the epoch; rates are per hour.

    ``pages`` counts pages as they are read: ``pages_in_flight`` of them are of documents that have not ended. ``total_pages``
    are those of all documents whose number of pages is known by now. ``seconds_per_text_page`` and ``seconds_per_ocr_page``
    are seconds of one worker, ``None`` before such a page was read; ``estimated_seconds`` is the time left that follows from
    them. ``documents_in_flight`` and ``activities`` (what each worker is on) name some tens, the longest first;
    ``recent_failures`` some of each cause; ``slowest_documents`` those that have ended. No status holds text of a document.
    """

    batch_id: str
    project_uuid: str | None = None
    executor: str = ""
    workers: int = 0
    limits_enforced: bool = True
    state: BatchState = BatchState.PENDING
    total_documents: int = 0
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
    started_at: float | None = None
    updated_at: float | None = None
    elapsed_seconds: float = 0.0
    output: str | None = None
    pages_in_flight: int = 0
    total_pages: int = 0
    seconds_per_text_page: float | None = None
    seconds_per_ocr_page: float | None = None
    estimated_seconds: float | None = None
    documents_in_flight: tuple[DocumentProgress, ...] = ()
    activities: tuple[WorkerActivity, ...] = ()
    failures_by_cause: Mapping[str, int] = field(default_factory=dict[str, int])
    recent_failures: tuple[FailedDocument, ...] = ()
    slowest_documents: tuple[SlowDocument, ...] = ()
    pages_by_source: Mapping[str, int] = field(default_factory=dict[str, int])
    pages_by_reason: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def processed(self) -> int:
        """Number of documents that have ended."""
        return self.successful + self.failed

    @property
    def documents_per_hour(self) -> float:
        """Documents per hour so far, without skipped ones."""
        return _per_hour(self.processed - self.skipped, self.elapsed_seconds)

    @property
    def pages_per_hour(self) -> float:
        """Pages per hour so far."""
        return _per_hour(self.pages, self.elapsed_seconds)

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left, by pages where their rates are known, else by documents; ``None`` without a rate and after the end."""
        if self.state is not BatchState.PROCESSING:
            return None
        if self.estimated_seconds is not None:
            return self.estimated_seconds
        rate = self.documents_per_hour
        if rate <= 0 or self.documents_in_flight:  # what is known of their pages tells that documents say little
            return None
        return max(0, self.total_documents - self.processed) * 3600 / rate

    def as_dict(self) -> dict[str, object]:
        """Return the status as JSON-ready data, with the keys that readers of a status rely on."""
        return {
            "total_documents": self.total_documents,
            "processed": self.processed,
            "successful": self.successful,
            "failed": self.failed,
            "status": str(self.state),
            "updated_at": utc(self.updated_at),
            "batch_id": self.batch_id,
            "project_uuid": self.project_uuid,
            "executor": self.executor,
            "limits_enforced": self.limits_enforced,
            "workers": self.workers,
            "partial": self.partial,
            "empty": self.empty,
            "skipped": self.skipped,
            "duplicates": self.duplicates,
            "pages": self.pages,
            "ocr_pages": self.ocr_pages,
            "failed_pages": self.failed_pages,
            "other_language_pages": self.other_language_pages,
            "documents_per_hour": round(self.documents_per_hour, 1),
            "eta_seconds": None if self.eta_seconds is None else round(self.eta_seconds, 1),
            "started_at": utc(self.started_at),
            "heartbeat_at": utc(self.updated_at),
            "version": STATUS_VERSION,
            "output": self.output,
            "retries": self.retries,
            "elapsed_seconds": round(self.elapsed_seconds, 3),
            "pages_in_flight": self.pages_in_flight,
            "total_pages": self.total_pages,
            "pages_per_hour": round(self.pages_per_hour, 1),
            "seconds_per_text_page": _round_seconds(self.seconds_per_text_page),
            "seconds_per_ocr_page": _round_seconds(self.seconds_per_ocr_page),
            "documents_in_flight": [each.as_dict() for each in self.documents_in_flight],
            "activities": [each.as_dict() for each in self.activities],
            "failures_by_cause": counts_as_dict(self.failures_by_cause),
            "recent_failures": [each.as_dict() for each in self.recent_failures],
            "slowest_documents": [each.as_dict() for each in self.slowest_documents],
            "pages_by_source": counts_as_dict(self.pages_by_source),
            "pages_by_reason": counts_as_dict(self.pages_by_reason),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCounts:
    """Counts of one group of documents; ``number`` counts the groups from 1."""

    number: int
    total_documents: int = 0
    successful: int = 0
    failed: int = 0
    pages: int = 0
    worker_seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Return the counts as JSON-ready data."""
        return {
            "batch": self.number,
            "total_documents": self.total_documents,
            "processed": self.successful + self.failed,
            "successful": self.successful,
            "failed": self.failed,
            "pages": self.pages,
            "worker_seconds": round(self.worker_seconds, 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCounts:
    """Counts of the pages that a batch read, without those of skipped documents and of duplicates.

    ``by_reason`` and ``by_source`` count pages by ``Page.reason`` and by ``Page.source``, the most frequent first.
    ``ocr_readings`` are readings of whole pages by OCR, ``turned`` and ``reread`` the pages that it read more than once because
    they were turned, or because their words were doubtful.
    """

    by_reason: Mapping[str, int] = field(default_factory=dict[str, int])
    by_source: Mapping[str, int] = field(default_factory=dict[str, int])
    ocr_readings: int = 0
    turned: int = 0
    reread: int = 0
    failed_readings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """How a batch went.

    ``results`` holds one ``DocumentResult`` for each document (on disk, read when somebody asks for it), ``batches`` the
    counts of each group of ``batch_size`` documents. ``percentiles`` are of the seconds that workers spent on a document.
    ``page_counts`` tell where the text of pages came from, and why. ``stop_reason`` says why a batch ended early, or is
    ``failed``, in words, and ``stopped_by`` as a value.
    """

    status: BatchStatus
    results: Sequence[DocumentResult] = field(default=(), repr=False)
    batches: Sequence[BatchCounts] = field(default=(), repr=False)
    failures_by_cause: Mapping[str, int] = field(default_factory=dict[str, int])
    percentiles: Mapping[str, float] = field(default_factory=dict[str, float])
    page_counts: PageCounts = PageCounts()
    output: str | None = None
    stop_reason: str = ""
    stopped_by: StoppedBy = StoppedBy.NOTHING

    @property
    def batch_id(self) -> str:
        """Id under which the batch was shown."""
        return self.status.batch_id

    @property
    def total_documents(self) -> int:
        """Number of documents handed in."""
        return self.status.total_documents

    @property
    def processed(self) -> int:
        """Number of documents that ended."""
        return self.status.processed

    @property
    def successful(self) -> int:
        """Number of documents that ended well, ``partial`` and ``empty`` ones among them."""
        return self.status.successful

    @property
    def failed(self) -> int:
        """Number of documents that failed."""
        return self.status.failed

    @property
    def duration_seconds(self) -> float:
        """Wall time of the batch in seconds."""
        return self.status.elapsed_seconds

    @property
    def documents_per_hour(self) -> float:
        """Documents per hour of wall time, without skipped ones."""
        return self.status.documents_per_hour

    @property
    def pages_per_hour(self) -> float:
        """Pages per hour of wall time."""
        return self.status.pages_per_hour

    @property
    def average_seconds_per_document(self) -> float:
        """Wall time divided by documents: with several workers, less than one document takes."""
        return self.duration_seconds / self.processed if self.processed else 0.0

    @property
    def failures(self) -> Iterator[DocumentResult]:
        """Results of the documents that failed."""
        return (result for result in self.results if not result.ok)

    def __repr__(self) -> str:
        """Return the figures on one line."""
        status = self.status
        documents = "1 document" if status.processed == 1 else f"{status.processed:,} documents"
        pages = "1 page" if status.pages == 1 else f"{status.pages:,} pages"
        state = "" if status.state is BatchState.COMPLETED else f"{status.state}, "
        counts = f"{status.successful:,} ok, {status.failed:,} failed"
        return f"BatchReport({documents}: {state}{counts}, {pages}, {status.elapsed_seconds:,.1f} s)"

    def _repr_html_(self) -> str:
        """Return the figures and a table of failures, for a notebook."""
        from pdfbatch.common import html_figures, html_table  # noqa: PLC0415 (for notebooks only)

        status = self.status
        figures: dict[str, object] = {
            "batch": self.batch_id,
            "state": str(status.state),
            "documents": status.processed,
            "ok": status.successful,
            "failed": status.failed,
            "pages": status.pages,
            "by OCR": status.ocr_pages,
            "seconds": status.elapsed_seconds,
            "pages an hour": status.pages_per_hour,
            "output": self.output,
            "stopped because": self.stop_reason or None,
        }
        shown = html_figures("BatchReport", {name: value for name, value in figures.items() if value is not None})
        if self.failures_by_cause:
            rows = ((cause, count, _advice(cause)) for cause, count in self.failures_by_cause.items())
            shown += html_table("Failures by cause", ("cause", "documents", "advice"), rows)
        if status.recent_failures:
            named = ((each.file_path, each.cause, each.message) for each in status.recent_failures)
            shown += html_table("Some that failed", ("document", "cause", "message"), named)
        return shown

    def __len__(self) -> int:
        """Return the number of results."""
        return len(self.results)

    def __bool__(self) -> bool:
        """Return true also for a report without results."""
        return True

    def __iter__(self) -> Iterator[DocumentResult]:
        """Iterate over the results."""
        return iter(self.results)

    @overload
    def __getitem__(self, index: int) -> DocumentResult: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[DocumentResult]: ...
    def __getitem__(self, index: int | slice) -> DocumentResult | Sequence[DocumentResult]:
        """Return a result by its place, or several."""
        return self.results[index]

    def to_arrow(self) -> Any:
        """Return a ``pyarrow.Table`` with a row for each result, its columns as those of ``pdfbatch.outputs.export``.

        All text is in memory then. ``finished_at``, which only records have, is null. Raises ``DependencyError``, which says
        what to install, without pyarrow.
        """
        return arrow_table(self.results)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame``, else as ``to_arrow``. ``metadata`` and ``pdf_metadata`` are dictionaries."""
        return data_frame(self.results)

    def raise_for_failures(self, max_failure_rate: float = 0.0) -> None:
        """Raise ``BatchFailedError`` when a larger share of the documents (0 to 1) failed than is accepted."""
        if self.failed > max_failure_rate * self.processed:
            causes = ", ".join(f"{cause}: {count}" for cause, count in self.failures_by_cause.items())
            raise BatchFailedError(f"{self.failed} of {self.processed} documents failed ({causes})")

    def summary(self) -> dict[str, object]:
        """Return the report without its results, as JSON-ready data."""
        return {
            "batch_id": self.batch_id,
            "status": str(self.status.state),
            "total_documents": self.total_documents,
            "processed": self.processed,
            "successful": self.successful,
            "failed": self.failed,
            "partial": self.status.partial,
            "empty": self.status.empty,
            "skipped": self.status.skipped,
            "duplicates": self.status.duplicates,
            "pages": self.status.pages,
            "ocr_pages": self.status.ocr_pages,
            "failed_pages": self.status.failed_pages,
            "other_language_pages": self.status.other_language_pages,
            "pages_by_reason": dict(self.page_counts.by_reason),
            "pages_by_source": dict(self.page_counts.by_source),
            "ocr_readings": self.page_counts.ocr_readings,
            "turned_pages": self.page_counts.turned,
            "reread_pages": self.page_counts.reread,
            "failed_readings": self.page_counts.failed_readings,
            "retries": self.status.retries,
            "duration_seconds": round(self.duration_seconds, 3),
            "documents_per_hour": round(self.documents_per_hour, 1),
            "pages_per_hour": round(self.pages_per_hour, 1),
            "average_time_per_document": round(self.average_seconds_per_document, 4),
            "percentiles": {name: round(value, 4) for name, value in self.percentiles.items()},
            "failures_by_cause": dict(self.failures_by_cause),
            "executor": self.status.executor,
            "limits_enforced": self.status.limits_enforced,
            "workers": self.status.workers,
            "started_at": utc(self.status.started_at),
            "updated_at": utc(self.status.updated_at),
            "output": self.output,
            "stop_reason": self.stop_reason or None,
            "stopped_by": str(self.stopped_by) or None,
            "batches": [group.as_dict() for group in self.batches],
        }

    def as_dict(self) -> dict[str, object]:
        """Return the whole report as JSON-ready data, each result as its summary (without text)."""
        return {**self.summary(), "results": [result.as_dict() for result in self.results]}


def _advice(cause: str) -> str:
    return Cause(cause).advice if cause in set(Cause) else ""


def utc(seconds: float | None) -> str | None:
    """Return seconds since the epoch as ISO 8601 in UTC with ``Z``."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _round_seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _per_hour(count: int, seconds: float) -> float:
    return count * 3600 / seconds if seconds > 0 else 0.0
