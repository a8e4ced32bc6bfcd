"""A sink that keeps progress and results in memory, for a caller that polls, and for tests."""

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock

from pdfbatch.figures import Figures
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchState, BatchStatus


@dataclass(slots=True, kw_only=True, eq=False)
class MemorySink:
    """Keep the last status, and the last few snapshots and results. Any thread may read them at any time.

    ``keep_history`` and ``keep_results`` say how many snapshots and results to keep; the oldest go first, so that a long
    batch does not fill the memory. ``None`` keeps all, 0 none.
    """

    keep_history: int | None = 1_000
    keep_results: int | None = 1_000
    closed: bool = field(default=False, init=False)
    _status: BatchStatus | None = field(default=None, init=False, repr=False)
    _history: deque[BatchStatus] = field(init=False, repr=False)
    _results: deque[DocumentResult] = field(init=False, repr=False)
    _figures: Figures = field(default_factory=Figures, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._history = deque(maxlen=self.keep_history)
        self._results = deque(maxlen=self.keep_results)

    @property
    def status(self) -> BatchStatus | None:
        """Last snapshot; ``None`` before the first."""
        return self._status

    @property
    def history(self) -> tuple[BatchStatus, ...]:
        """Snapshots that are still kept, oldest first."""
        with self._lock:
            return tuple(self._history)

    @property
    def results(self) -> tuple[DocumentResult, ...]:
        """Results that are still kept, in the order in which the documents ended."""
        with self._lock:
            return tuple(self._results)

    @property
    def figures(self) -> Figures:
        """Figures of the last batch: its durations, sources of pages, failures; in bounded space."""
        return self._figures

    def update(self, status: BatchStatus) -> None:
        """Keep a snapshot."""
        with self._lock:
            if status.state is BatchState.PENDING:  # another batch, or another run of this one
                self._figures = Figures()
            self._status = status
            self._history.append(status)
        self._figures.note_pages(status.pages, status.ocr_pages, time.time())

    def document(self, result: DocumentResult) -> None:
        """Keep a result."""
        with self._lock:
            self._results.append(result)
        self._figures.add(result, time.time())

    def close(self) -> None:
        """Set ``closed``; statuses and results stay."""
        self.closed = True
