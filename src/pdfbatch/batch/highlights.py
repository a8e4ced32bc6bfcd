"""The few documents of a batch that a status names: failed ones of each cause, and those that took longest."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count

from pdfbatch.activity import FAILURES_PER_CAUSE, MOST_FAILURES, MOST_SLOW, FailedDocument, SlowDocument
from pdfbatch.batch.in_flight import show_path
from pdfbatch.model import DocumentResult

_MOST_CHARACTERS = 300


@dataclass(slots=True)
class Highlights:
    """Keep the latest failures of each cause, and the slowest documents."""

    _failures: dict[str, deque[FailedDocument]] = field(default_factory=dict[str, deque[FailedDocument]])
    _slow: list[tuple[float, int, SlowDocument]] = field(default_factory=list[tuple[float, int, SlowDocument]])
    _numbers: "count[int]" = field(default_factory=count)

    def add(self, result: DocumentResult, cause: str) -> None:
        """Look at a document that has ended; ``cause`` is empty unless it failed."""
        if cause:
            kept = self._failures.setdefault(cause, deque(maxlen=FAILURES_PER_CAUSE))
            kept.append(_describe_failure(result, cause))
        if len(self._slow) < MOST_SLOW:
            if result.duration_seconds > 0:
                heapq.heappush(self._slow, self._entry(result))
        elif result.duration_seconds > self._slow[0][0]:
            heapq.heapreplace(self._slow, self._entry(result))

    @property
    def failures(self) -> tuple[FailedDocument, ...]:
        """Failed documents, by cause, of each the latest first."""
        shown = [failure for kept in self._failures.values() for failure in reversed(kept)]
        return tuple(shown[:MOST_FAILURES])

    @property
    def slowest(self) -> tuple[SlowDocument, ...]:
        """The slowest documents, the slowest first."""
        return tuple(entry[2] for entry in sorted(self._slow, key=lambda entry: -entry[0]))

    def _entry(self, result: DocumentResult) -> tuple[float, int, SlowDocument]:
        shown = SlowDocument(
            document_uuid=result.document.document_uuid,
            file_path=show_path(result.document),
            seconds=result.duration_seconds,
            pages=result.counts.pages,
            ocr_pages=result.counts.ocr_pages,
        )
        return result.duration_seconds, next(self._numbers), shown


def _describe_failure(result: DocumentResult, cause: str) -> FailedDocument:
    message = "" if result.failure is None else result.failure.message
    return FailedDocument(
        document_uuid=result.document.document_uuid,
        file_path=show_path(result.document),
        cause=cause,
        message=message if len(message) <= _MOST_CHARACTERS else f"{message[:_MOST_CHARACTERS]}...",
    )
