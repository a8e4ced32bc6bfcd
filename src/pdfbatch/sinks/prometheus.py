"""Metrics of batches as Prometheus reads them, and a sink that keeps them in a file for the node exporter."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pdfbatch.common import SafeLogger
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchState, BatchStatus

log: SafeLogger = SafeLogger(__name__)

MOST_BATCHES_SHOWN = 100
Samples = Iterator[tuple[dict[str, str], float]]
_STATES = (*(str(state) for state in BatchState), "stale")


@dataclass(frozen=True, slots=True)
class _Metric:
    """One metric: its kind, and what it means."""

    name: str
    kind: str
    meaning: str


_DOCUMENTS = _Metric("pdfbatch_documents_total", "counter", "Documents that have ended, by how they ended.")
_FAILURES = _Metric("pdfbatch_failures_total", "counter", "Documents that failed, by cause.")
_STATE = _Metric("pdfbatch_batch_state", "gauge", "1 for the state of the batch, 0 for all others.")
_NUMBERS: tuple[tuple[_Metric, str], ...] = (
    (_Metric("pdfbatch_documents_expected", "gauge", "Documents known so far."), "total_documents"),
    (_Metric("pdfbatch_pages_total", "counter", "Pages of documents that have ended."), "ended_pages"),
    (_Metric("pdfbatch_pages_in_flight", "gauge", "Pages read of documents that have not ended."), "pages_in_flight"),
    (_Metric("pdfbatch_ocr_pages", "gauge", "Pages read by OCR."), "ocr_pages"),
    (_Metric("pdfbatch_failed_pages_total", "counter", "Pages that could not be read."), "failed_pages"),
    (_Metric("pdfbatch_retries_total", "counter", "Attempts beyond the first, and repeated requests."), "retries"),
    (_Metric("pdfbatch_workers", "gauge", "Workers of the batch."), "workers"),
    (_Metric("pdfbatch_elapsed_seconds", "gauge", "Seconds since the first document began."), "elapsed_seconds"),
    (_Metric("pdfbatch_eta_seconds", "gauge", "Seconds left; absent where nobody knows."), "eta_seconds"),
    (_Metric("pdfbatch_started_timestamp_seconds", "gauge", "When the first document began."), "started_at"),
    (_Metric("pdfbatch_updated_timestamp_seconds", "gauge", "When the status was taken."), "updated_at"),
)


def prometheus_text(batches: Iterable[tuple[BatchStatus, str]]) -> str:
    """Return the metrics of batches, each with its shown state, in Prometheus' text format.

    Each sample has the label ``batch_id``. Of more than a hundred batches those that began last are told.
    """
    chosen = sorted(batches, key=lambda pair: pair[0].started_at or 0.0, reverse=True)[:MOST_BATCHES_SHOWN]
    lines = list[str]()
    for metric, attribute in _NUMBERS:
        lines += _lines(metric, _number_samples(chosen, attribute))
    lines += _lines(_DOCUMENTS, _document_samples(chosen))
    lines += _lines(_FAILURES, _failure_samples(chosen))
    lines += _lines(_STATE, _state_samples(chosen))
    return "".join(f"{line}\n" for line in lines)


@dataclass(slots=True, kw_only=True, eq=False)
class PrometheusSink:
    """Keep the metrics of a batch in a file (``*.prom``) that the node exporter's textfile collector reads.

    The file is replaced as a whole, every ``interval_seconds`` at most and at the end. It stays after the end, so that the last
    figures are scraped; remove it when they are no longer of use. A file that cannot be written costs one WARNING.
    ``text()`` returns the same for an endpoint of one's own. ``path`` may be ``None`` for that.
    """

    path: "str | os.PathLike[str] | None" = None
    interval_seconds: float = 5.0
    _status: BatchStatus | None = field(default=None, init=False, repr=False)
    _due: float = field(default=0.0, init=False, repr=False)
    _has_warned: bool = field(default=False, init=False, repr=False)

    def text(self) -> str:
        """Return the metrics of the last snapshot. Any thread may call it."""
        status = self._status
        return "" if status is None else prometheus_text([(status, str(status.state))])

    def update(self, status: BatchStatus) -> None:
        """Keep the snapshot, and write it if it is due or the last one."""
        self._status = status
        if self.path is not None and (status.state.ended or time.monotonic() >= self._due):
            self._due = time.monotonic() + self.interval_seconds
            self._write(os.fspath(self.path))

    def document(self, result: DocumentResult) -> None:
        """Do nothing: snapshots have the counts."""

    def close(self) -> None:
        """Write the last snapshot."""
        if self.path is not None and self._status is not None:
            self._write(os.fspath(self.path))

    def _write(self, path: str) -> None:
        temporary = f"{path}.{os.getpid()}"  # the collector reads names that end in .prom only
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(self.text())
            os.replace(temporary, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(temporary)
            if not self._has_warned:
                self._has_warned = True
                log.warning("metrics cannot be written to %s, the batch goes on: %s", path, error)


def _lines(metric: _Metric, samples: Samples) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.meaning}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for labels, value in samples:
        inner = ",".join(f'{name}="{_escape(text)}"' for name, text in labels.items())
        yield f"{metric.name}{{{inner}}} {value!r}"


def _escape(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return escaped.encode("utf-8", "replace").decode()


def _number_samples(batches: Sequence[tuple[BatchStatus, str]], attribute: str) -> Samples:
    for status, _ in batches:
        ended = status.pages - status.pages_in_flight
        value = max(0, ended) if attribute == "ended_pages" else getattr(status, attribute)
        if value is not None:
            yield {"batch_id": status.batch_id}, value


def _document_samples(batches: Sequence[tuple[BatchStatus, str]]) -> Samples:
    for status, _ in batches:
        parts = {
            "partial": status.partial,
            "empty": status.empty,
            "skipped": status.skipped,
            "duplicate": status.duplicates,
        }
        plain = max(0, status.successful - sum(parts.values()))
        for kind, count in ("succeeded", plain), *parts.items(), ("failed", status.failed):
            yield {"batch_id": status.batch_id, "status": kind}, count


def _failure_samples(batches: Sequence[tuple[BatchStatus, str]]) -> Samples:
    for status, _ in batches:
        for cause, count in status.failures_by_cause.items():
            yield {"batch_id": status.batch_id, "cause": cause}, count


def _state_samples(batches: Sequence[tuple[BatchStatus, str]]) -> Samples:
    for status, shown in batches:
        for state in _STATES:
            yield {"batch_id": status.batch_id, "state": state}, int(state == shown)
