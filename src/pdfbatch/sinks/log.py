"""A sink that writes progress and failures to the standard library's logging."""

import logging
from dataclasses import dataclass, field

from pdfbatch.common import without_credentials
from pdfbatch.model import DocumentResult
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks.formatting import escape_unprintable, format_duration, format_progress


@dataclass(slots=True, kw_only=True, eq=False)
class LogSink:
    """Log one line at the start, one at the end, and between them one every ``interval_seconds`` at most.

    These lines are INFO. Each document that failed is a WARNING, because somebody should look at it; so is a batch that
    stopped early. Each is one line whatever the document is called. The records also carry the figures as fields
    (``extra``): the keys of ``BatchStatus.as_dict()``, or ``document_uuid``, ``file_path``, ``cause`` and others.
    """

    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("pdfbatch.progress"))
    interval_seconds: float = 10.0
    _last: BatchStatus | None = field(default=None, init=False, repr=False)

    def update(self, status: BatchStatus) -> None:
        """Log the snapshot if it is the first or the last one, or if the last line is old enough."""
        last = self._last
        if last is not None and (last.state.ended or not self._is_due(status, last)):
            return
        self._last = status
        level = logging.WARNING if status.state is BatchState.FAILED else logging.INFO
        self.logger.log(level, "%s", _line(status, first=last is None), extra=status.as_dict())

    def document(self, result: DocumentResult) -> None:
        """Log a document that failed."""
        if result.ok:
            return
        failure = result.failure
        cause = str(result.status if failure is None else failure.cause)
        path = without_credentials(result.document.file_path)
        message = "no text" if failure is None else failure.message.removeprefix(f"{path}: ")
        fields = {
            "document_uuid": result.document.document_uuid,
            "project_uuid": result.document.project_uuid,
            "file_path": path,
            "status": str(result.status),
            "cause": cause,
            "attempts": result.attempts,
        }
        name, shown = escape_unprintable(result.document.document_uuid), escape_unprintable(path)
        self.logger.warning(
            "document %s (%s) failed (%s): %s", shown, name, cause, escape_unprintable(message), extra=fields
        )

    def close(self) -> None:
        """Be ready for another batch."""
        self._last = None

    def _is_due(self, status: BatchStatus, last: BatchStatus) -> bool:
        return status.state.ended or status.elapsed_seconds - last.elapsed_seconds >= self.interval_seconds


def _line(status: BatchStatus, *, first: bool) -> str:
    batch = escape_unprintable(status.batch_id)
    if status.state.ended:
        return (
            f"batch {batch} {status.state} after {format_duration(status.elapsed_seconds)}: {format_progress(status)}"
        )
    if first:
        return f"batch {batch} begins"
    return f"batch {batch}: {format_progress(status)}"
