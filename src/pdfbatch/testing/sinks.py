"""A sink that remembers what it heard."""

from dataclasses import dataclass, field

from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchStatus


@dataclass(slots=True)
class RecordingSink:
    """Keeps every status and every result in the order in which they came, and counts how often it was closed.

    ``error``, when given, is raised from every call, after it was recorded: a batch must not mind.
    """

    error: Exception | None = None
    statuses: list[BatchStatus] = field(default_factory=list[BatchStatus])
    results: list[DocumentResult] = field(default_factory=list[DocumentResult])
    closed: int = 0

    def update(self, status: BatchStatus) -> None:
        """Keep a snapshot."""
        self.statuses.append(status)
        self._raise()

    def document(self, result: DocumentResult) -> None:
        """Keep a result."""
        self.results.append(result)
        self._raise()

    def close(self) -> None:
        """Count the end."""
        self.closed += 1
        self._raise()

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error
