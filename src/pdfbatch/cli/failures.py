"""What went wrong in a batch, gathered as it happens: within bounds, and there also when the batch is interrupted."""

from dataclasses import dataclass, field

from pdfbatch.errors import Cause
from pdfbatch.model import DocumentResult, DocumentStatus
from pdfbatch.report import BatchStatus


@dataclass(slots=True, kw_only=True)
class Group:
    """Documents that ended alike: how many, and the first few."""

    count: int = 0
    first: list[DocumentResult] = field(default_factory=list[DocumentResult])


@dataclass(slots=True, kw_only=True, eq=False)
class FailureCollector:
    """A sink that counts failed documents by cause, and partial ones, and keeps the first ``keep`` of each."""

    keep: int = 10
    status: BatchStatus | None = None
    failed: dict[Cause, Group] = field(default_factory=dict[Cause, Group])
    partial: Group = field(default_factory=Group)

    def update(self, status: BatchStatus) -> None:
        """Keep the snapshot."""
        self.status = status

    def document(self, result: DocumentResult) -> None:
        """Count the document if it did not end well."""
        if not result.ok:
            cause = Cause.INTERNAL if result.failure is None else result.failure.cause
            self._add(self.failed.setdefault(cause, Group()), result)
        elif result.status is DocumentStatus.PARTIAL:
            self._add(self.partial, result)

    def close(self) -> None:
        """Nothing: what was counted stays."""

    def _add(self, group: Group, result: DocumentResult) -> None:
        group.count += 1
        if len(group.first) < self.keep:
            group.first.append(result)
