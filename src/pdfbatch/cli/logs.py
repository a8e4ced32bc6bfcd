"""Show the library's log records on standard error."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

from pdfbatch.sinks import escape_unprintable

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def log_to_stderr(verbosity: int, *, quiet: bool = False) -> Generator[None]:
    """Show warnings until the context ends; from ``verbosity`` 1 also progress, from 2 everything.

    ``quiet`` leaves out what libraries warn of in single documents: the documents' records have that.
    """
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)]
    logger = logging.getLogger("pdfbatch")
    before = logger.level
    handler = _StderrHandler()
    handler.setFormatter(logging.Formatter(_FORMAT, "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(level)
    documents = logging.getLogger("pdfbatch.documents")
    documents_before = documents.level
    if quiet:
        documents.setLevel(logging.ERROR)
    try:
        yield
    finally:
        documents.setLevel(documents_before)
        logger.setLevel(before)
        logger.removeHandler(handler)


class _StderrHandler(logging.Handler):
    """Write to the current ``sys.stderr``: a progress bar replaces it, so that lines appear above the bar."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # A name must not start a line or control the terminal; a traceback has lines of its own.
            lines = self.format(record).split("\n") if record.exc_info else [self.format(record)]
            sys.stderr.write("".join(f"{escape_unprintable(line)}\n" for line in lines))
        except (OSError, ValueError):  # closed, or a full disk: nobody can be told
            return
