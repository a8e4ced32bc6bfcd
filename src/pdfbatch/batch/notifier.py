"""Notify sinks in order, at most a few times a second, so that one that raises does not harm the batch."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pdfbatch.common import SafeLogger
from pdfbatch.model import DocumentResult
from pdfbatch.ports import Sink
from pdfbatch.report import BatchStatus

log: SafeLogger = SafeLogger(__name__)

INTERVAL_SECONDS = 0.25


@dataclass(slots=True)
class Notifier:
    """Notify all sinks of a batch. A sink that raises is named once in the log, and its errors are counted."""

    sinks: Sequence[Sink]
    errors: dict[int, int] = field(default_factory=dict[int, int])
    _due: float = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the last snapshot is older than ``INTERVAL_SECONDS``, if there are sinks."""
        return bool(self.sinks) and time.monotonic() >= self._due

    def update_if_due(self, status: Callable[[], BatchStatus]) -> None:
        """Send a snapshot, unless the last one is younger than ``INTERVAL_SECONDS``; ``status`` makes it if it is due."""
        if self.is_due:
            self.update(status())

    def update(self, status: BatchStatus) -> None:
        """Send a snapshot."""
        self._due = time.monotonic() + INTERVAL_SECONDS
        for sink in self.sinks:
            self._call(sink, sink.update, status)

    def document(self, result: DocumentResult) -> None:
        """Report a document that has ended."""
        for sink in self.sinks:
            self._call(sink, sink.document, result)

    def close(self) -> None:
        """Close the sinks after the last document."""
        for sink in self.sinks:
            self._call(sink, sink.close)

    def _call(self, sink: Sink, method: Callable[..., None], *arguments: object) -> None:
        try:
            method(*arguments)
        except Exception:  # isolation is the purpose: a sink must not harm the batch
            count = self.errors[id(sink)] = self.errors.get(id(sink), 0) + 1
            if count == 1:
                log.warning("%r raised; the batch goes on without what it missed", sink, exc_info=True)
