"""Telling the sinks: coalesced, in order, and without letting one that raises harm the batch."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pdfbatch.model import DocumentResult
from pdfbatch.ports import Sink
from pdfbatch.report import BatchStatus

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.25


@dataclass(slots=True)
class Notifier:
    """All sinks of a batch. A sink that raises is named once in the log, and its errors are counted."""

    sinks: Sequence[Sink]
    errors: dict[int, int] = field(default_factory=dict[int, int])
    _due: float = 0.0

    def advance(self, status: Callable[[], BatchStatus]) -> None:
        """A snapshot, unless the last one went out a moment ago; ``status`` is asked only when it is wanted."""
        if self.sinks and time.monotonic() >= self._due:
            self.update(status())

    def update(self, status: BatchStatus) -> None:
        """A snapshot, now."""
        self._due = time.monotonic() + INTERVAL_SECONDS
        for sink in self.sinks:
            self._tell(sink, sink.update, status)

    def document(self, result: DocumentResult) -> None:
        """A document has ended."""
        for sink in self.sinks:
            self._tell(sink, sink.document, result)

    def close(self) -> None:
        """The batch is over."""
        for sink in self.sinks:
            self._tell(sink, sink.close)

    def _tell(self, sink: Sink, call: Callable[..., None], *what: object) -> None:
        try:
            call(*what)
        except Exception:  # isolation is the purpose: a sink must not harm the batch
            count = self.errors[id(sink)] = self.errors.get(id(sink), 0) + 1
            if count == 1:
                log.warning("%r raised; the batch goes on without what it missed", sink, exc_info=True)
