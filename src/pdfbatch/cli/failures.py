"""Collect examples of failed documents while a batch runs."""

from dataclasses import dataclass, field

from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.report import BatchStatus
from pdfbatch.sinks import NullSink


@dataclass(slots=True, kw_only=True, eq=False)
class FailureCollector(NullSink):
    """A sink that keeps the latest status, the first ``keep`` failed documents of each cause, and the first partial ones.

    It counts nothing: the numbers are in the status and in the report.
    """

    keep: int = 10
    status: BatchStatus | None = None
    failed: dict[Cause, list[DocumentResult]] = field(default_factory=dict[Cause, list[DocumentResult]])
    partial: list[DocumentResult] = field(default_factory=list[DocumentResult])

    def update(self, status: BatchStatus) -> None:
        """Keep the snapshot."""
        self.status = status

    def document(self, result: DocumentResult) -> None:
        """Keep the document if it failed or is partial, and there are not enough like it yet."""
        if not result.ok:
            examples = self.failed.setdefault(Cause.INTERNAL if result.failure is None else result.failure.cause, [])
        elif result.status is DocumentStatus.PARTIAL:
            examples = self.partial
        else:
            return
        if len(examples) < self.keep:
            examples.append(result)
