"""A sink that tells OpenTelemetry: metrics of the batch, and a span for each document."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdfbatch.common import without_credentials
from pdfbatch.errors import Cause, DependencyError
from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.report import BatchStatus

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, MeterProvider
    from opentelemetry.trace import Span, Tracer, TracerProvider

SCOPE = "pdfbatch"
_MISSING = "OpenTelemetrySink needs the package opentelemetry-api: pip install opentelemetry-api opentelemetry-sdk"
_MOST_EVENTS = 128
"""Pages of a document that become events: SDKs keep no more of a span by default."""


@dataclass(slots=True, kw_only=True, eq=False)
class OpenTelemetrySink:
    """Send metrics, and one span for each document that has ended, through OpenTelemetry's SDK.

    ``meter_provider`` and ``tracer_provider`` are by default those that the process has set up; without any, nothing is sent.
    Exporting is the providers' part, in threads of their own. ``pages`` makes each page with a failure, and each page by OCR,
    an event of the span (128 at most); with an output that means that the record of such a document is read once more.

    Raises ``DependencyError`` without the package ``opentelemetry-api`` (extra ``otel``).
    """

    meter_provider: "MeterProvider | None" = None
    tracer_provider: "TracerProvider | None" = None
    pages: bool = True
    _instruments: "_Instruments" = field(init=False, repr=False)
    _tracer: "Tracer" = field(init=False, repr=False)
    _status: BatchStatus = field(default=BatchStatus(batch_id=""), init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            from opentelemetry import metrics, trace  # noqa: PLC0415 (an extra, loaded when used)
        except ImportError as error:
            raise DependencyError(_MISSING) from error
        meter = metrics.get_meter(SCOPE, meter_provider=self.meter_provider)
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=self.tracer_provider)
        self._instruments = _Instruments(
            documents=meter.create_counter("pdfbatch.documents", "{document}", "Documents that have ended."),
            pages=meter.create_counter("pdfbatch.pages", "{page}", "Pages of documents that have ended."),
            failures=meter.create_counter("pdfbatch.failures", "{document}", "Documents that failed, by cause."),
            retries=meter.create_counter("pdfbatch.retries", "{attempt}", "Attempts beyond the first."),
            seconds=meter.create_histogram("pdfbatch.document.duration", "s", "Seconds of workers for a document."),
        )

    def update(self, status: BatchStatus) -> None:
        """Keep the snapshot, whose batch the next documents belong to."""
        self._status = status

    def document(self, result: DocumentResult) -> None:
        """Count a document, and send its span."""
        self._count(result)
        end = time.time_ns()
        start = end - round(result.duration_seconds * 1e9)
        span = self._tracer.start_span("pdfbatch.document", start_time=start)
        if span.is_recording():
            self._describe(span, result, end)
        span.end(end)

    def close(self) -> None:
        """Do nothing: the providers are the caller's, and flush by themselves."""

    def _count(self, result: DocumentResult) -> None:
        instruments, batch = self._instruments, {"pdfbatch.batch_id": self._status.batch_id}
        instruments.documents.add(1, {**batch, "pdfbatch.status": str(result.status)})
        if result.attempts > 1:
            instruments.retries.add(result.attempts - 1, batch)
        if not result.ok:
            instruments.failures.add(1, {**batch, "pdfbatch.cause": _cause(result)})
        if result.status in (DocumentStatus.SKIPPED, DocumentStatus.DUPLICATE):
            return
        counts = result.counts
        other = max(0, counts.pages - counts.text_pages - counts.ocr_pages)
        for source, count in (("text-layer", counts.text_pages), ("ocr", counts.ocr_pages), ("none", other)):
            if count:
                instruments.pages.add(count, {**batch, "pdfbatch.source": source})
        instruments.seconds.record(result.duration_seconds, batch)

    def _describe(self, span: "Span", result: DocumentResult, end: int) -> None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 (as above)

        document, counts = result.document, result.counts
        span.set_attributes(
            {
                "pdfbatch.batch_id": self._status.batch_id,
                "pdfbatch.document_uuid": _plain(document.document_uuid),
                "pdfbatch.file_path": _plain(without_credentials(document.file_path)),
                "pdfbatch.status": str(result.status),
                "pdfbatch.attempts": result.attempts,
                "pdfbatch.pages": counts.pages,
                "pdfbatch.ocr_pages": counts.ocr_pages,
                "pdfbatch.failed_pages": counts.failed_pages,
                "pdfbatch.characters": counts.characters,
            }
        )
        for number in range(1, min(result.attempts, _MOST_EVENTS) + 1) if result.attempts > 1 else ():
            span.add_event("attempt", {"pdfbatch.attempt": number}, end)
        if result.failure is not None:
            span.set_attribute("pdfbatch.cause", _cause(result))
            span.set_status(StatusCode.ERROR, _plain(result.failure.message))
        if self.pages and (counts.ocr_pages or counts.failed_pages):
            _add_pages(span, result, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instruments:
    """What the sink counts with."""

    documents: "Counter"
    pages: "Counter"
    failures: "Counter"
    retries: "Counter"
    seconds: "Histogram"


def _add_pages(span: "Span", result: DocumentResult, end: int) -> None:
    """Make pages that failed or were read by OCR events of the span."""
    told = 0
    for page in result.pages:
        if page.failure is None and page.ocr is None:
            continue
        if told == _MOST_EVENTS:
            return
        told += 1
        attributes: dict[str, str | int | float] = {
            "pdfbatch.page": page.number,
            "pdfbatch.source": str(page.source),
            "pdfbatch.reason": page.reason,
        }
        if page.confidence is not None:
            attributes["pdfbatch.confidence"] = page.confidence
        if page.ocr is not None:
            attributes["pdfbatch.ocr_cpu_seconds"] = page.ocr.cpu_seconds
        if page.failure is not None:
            attributes["pdfbatch.cause"] = str(page.failure.cause)
        span.add_event("page", attributes, end)


def _cause(result: DocumentResult) -> str:
    return str(Cause.INTERNAL if result.failure is None else result.failure.cause)


def _plain(text: str) -> str:
    """Return a text that can be encoded, as exporters need it."""
    return text.encode("utf-8", "backslashreplace").decode()
