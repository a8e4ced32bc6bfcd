"""Writes the course of a batch to the standard library's logging."""

import logging
from dataclasses import dataclass, field

from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks import formatting as wording


@dataclass(slots=True, kw_only=True, eq=False)
class LogSink:
    """One line for the start, one for the end, and in between one every ``interval_seconds`` at most.

    They are INFO. A document that failed is a WARNING of its own, because somebody should look at it; so is a batch that
    stopped early. Each is one line whatever the document is called. The records carry the figures as fields too
    (``extra``): the keys of ``BatchStatus.as_dict()``, or ``document_uuid``, ``file_path``, ``cause`` and their like.
    """

    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("pdfbatch.progress"))
    interval_seconds: float = 10.0
    _last: BatchStatus | None = field(default=None, init=False, repr=False)

    def update(self, status: BatchStatus) -> None:
        """Log the snapshot if it is the first, the last, or the last line is old enough."""
        last = self._last
        if last is not None and (last.state.ended or not self._is_due(status, last)):
            return
        self._last = status
        self.logger.log(_level(status), "%s", _line(status, first=last is None), extra=status.as_dict())

    def document(self, result: DocumentResult) -> None:
        """Log a document that failed."""
        if result.ok:
            return
        failure = result.failure
        cause = str(result.status if failure is None else failure.cause)
        message = "no text" if failure is None else failure.message
        fields = {
            "document_uuid": result.document.document_uuid,
            "project_uuid": result.document.project_uuid,
            "file_path": result.document.file_path,
            "status": str(result.status),
            "cause": cause,
            "attempts": result.attempts,
        }
        name = wording.one_line(result.document.document_uuid)
        self.logger.warning("document %s failed (%s): %s", name, cause, wording.one_line(message), extra=fields)

    def close(self) -> None:
        """Be ready for another batch."""
        self._last = None

    def _is_due(self, status: BatchStatus, last: BatchStatus) -> bool:
        return status.state.ended or status.elapsed_seconds - last.elapsed_seconds >= self.interval_seconds


def _level(status: BatchStatus) -> int:
    return logging.WARNING if status.state is BatchState.FAILED else logging.INFO


def _line(status: BatchStatus, *, first: bool) -> str:
    batch = wording.one_line(status.batch_id)
    if status.state.ended:
        return f"batch {batch} {status.state} after {wording.clock(status.elapsed_seconds)}: {wording.progress(status)}"
    if first:
        return f"batch {batch} begins"
    return f"batch {batch}: {wording.progress(status)}"
