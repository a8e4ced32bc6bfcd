"""Log records of tasks: collect them while a worker does a task, and emit them in the parent process.

Only the first few records of a task are kept. In a worker process the handler that collects them is on the root logger. In
the host's process it is on the loggers of the engines while a batch runs; a record from code that does no task goes on to
the handlers of the host.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock

from pdfbatch.common import SafeLogger, redact_text, without_credentials
from pdfbatch.model import Document
from pdfbatch.tasks import TaskLog

MAX_RECORDS = 20
ENGINE_LOGGERS = ("pypdf", "pypdfium2", "PIL", "pytesseract")

log: SafeLogger = SafeLogger("pdfbatch.documents")


@dataclass(slots=True)
class _Collector:
    records: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    dropped: int = 0

    def add(self, record: logging.LogRecord) -> None:
        if len(self.records) >= MAX_RECORDS:
            self.dropped += 1
            return
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 (arguments that do not fit the message, or refuse to be text)
            message = str(record.msg)
        self.records.append((record.name, record.levelno, message[:1000]))

    def task_log(self) -> TaskLog:
        return TaskLog(records=tuple(self.records), dropped=self.dropped)


_current: ContextVar[_Collector | None] = ContextVar("pdfbatch_task_log", default=None)


class TaskLogHandler(logging.Handler):
    """Give the records of a task to its collector, and all others to the handlers above the logger."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._above = logger.parent

    def emit(self, record: logging.LogRecord) -> None:
        """Give one record to the collector or to the handlers above. Raises nothing that would end in an engine."""
        collector = _current.get()
        with suppress(Exception):  # the host's handlers
            if collector is not None:
                collector.add(record)
            elif self._above is not None:
                self._above.callHandlers(record)


@contextmanager
def collect() -> Generator[_Collector]:
    """Collect the records that this thread logs within the block."""
    collector = _Collector()
    token = _current.set(collector)
    try:
        yield collector
    finally:
        _current.reset(token)


def route_all() -> None:
    """Put the handler on the root logger, for a process that does nothing but tasks."""
    root = logging.getLogger()
    root.addHandler(TaskLogHandler(root))


_routed = 0
_routes: list[tuple[logging.Logger, TaskLogHandler, bool]] = []
_lock = Lock()


@contextmanager
def route_engines() -> Generator[None]:
    """Put the handler on the loggers of the engines, for a host that does tasks itself.

    The handler is removed when the last of several overlapping blocks ends.
    """
    global _routed  # noqa: PLW0603 (loggers belong to the process, so that overlapping batches share the handlers)
    with _lock:
        _routed += 1
        if _routed == 1:
            _routes.extend(_route(logging.getLogger(name)) for name in ENGINE_LOGGERS)
    try:
        yield
    finally:
        with _lock:
            _routed -= 1
            while _routed == 0 and _routes:
                logger, handler, propagate = _routes.pop()
                logger.removeHandler(handler)
                logger.propagate = propagate


def _route(logger: logging.Logger) -> tuple[logging.Logger, TaskLogHandler, bool]:
    handler, propagate = TaskLogHandler(logger), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    return logger, handler, propagate


def emit(document: Document, task_log: TaskLog) -> None:
    """Log the records of a task in the host's process, each with the path of its document, and its id as a field."""
    if not task_log.records and not task_log.dropped:
        return
    identity, path = printable(document.document_uuid), printable(without_credentials(document.file_path))
    fields = {"document_id": identity, "document_uuid": identity, "file_path": path}
    for name, level, message in task_log.records:
        log.log(level, "%s: %s: %s", path, name, printable(redact_text(message)), extra={**fields, "origin": name})
    if task_log.dropped:
        extra = {**fields, "origin": __name__}
        log.info("%s: %d more log records were left out", path, task_log.dropped, extra=extra)


def printable(text: str) -> str:
    """Return the text on one line, unprintable characters escaped, so that a name cannot forge a log line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
