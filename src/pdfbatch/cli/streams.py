"""Standard streams: they may be closed, full, or read by a program that has gone."""

import os
import sys
from contextlib import suppress
from typing import TextIO


class ReaderGone(KeyboardInterrupt):
    """Raised when the program that reads standard output has closed it (EPIPE)."""


class OutputLost(KeyboardInterrupt):
    """Raised when standard output cannot be written, as on a full disk. Its text says why."""


def open_missing_streams() -> None:
    """Give this process standard streams where a service or a cron job has none, leading nowhere.

    A descriptor that is closed would otherwise be given to the next file that is opened, and get what libraries print.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 (for as long as this process lives)
    if sys.stdout is None:
        sys.stdout = _open_nowhere()
    if sys.stderr is None:
        sys.stderr = _open_nowhere()


def write_output(text: str) -> None:
    """Write to standard output, at once. Raises ``ReaderGone`` or ``OutputLost``, which end a batch as Ctrl-C does."""
    write_to(sys.stdout, text)


def write_to(stream: TextIO, text: str) -> None:
    """Write to a stream as ``write_output`` does."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error
    except OSError as error:
        raise OutputLost(error.strerror or str(error)) from error


def write_error(text: str) -> None:
    """Write to standard error. Where nobody can be told anything, that is no reason to stop."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error
    except (OSError, ValueError):
        pass


def discard_output() -> None:
    """Drop what is still buffered, so that the interpreter reports nothing as it exits."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                with suppress(OSError, ValueError):
                    os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _open_nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8", errors="backslashreplace")
