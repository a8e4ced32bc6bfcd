"""Log records of the library on standard error."""

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def logging_to_stderr(verbosity: int) -> Generator[None]:
    """Show warnings, from ``verbosity`` 1 on what is going on, from 2 on everything, until the context ends."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)]
    logger = logging.getLogger("pdfbatch")
    before = logger.level
    handler = _StandardError()
    handler.setFormatter(logging.Formatter(_FORMAT, "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


class _StandardError(logging.Handler):
    """Writes to what standard error is at that moment, so that lines appear above a progress bar, not in it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except OSError:
            self.handleError(record)
