"""Exit codes, and the one place that turns errors into a message and a code."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from enum import IntEnum
from types import FrameType
from typing import Never, TextIO

from pdfbatch.errors import (
    BatchFailedError,
    Cause,
    DependencyError,
    DocumentError,
    ExecutorError,
    OutputError,
    PdfBatchError,
    UsageError,
)

STORAGE_CAUSES = frozenset(
    {Cause.STORAGE_NOT_FOUND, Cause.STORAGE_DENIED, Cause.STORAGE_UNAVAILABLE, Cause.STORAGE_FULL}
)


class ExitCode(IntEnum):
    """Exit codes of the command. Scripts rely on the numbers."""

    OK = 0
    DOCUMENTS_FAILED = 1
    USAGE = 2
    MISSING_DEPENDENCY = 3
    STORAGE = 4
    EXECUTOR_LOST = 5
    DEFECT = 70
    INTERRUPTED = 130
    READER_GONE = 141
    TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """Raised at SIGTERM, so that everything is cleaned up as after Ctrl-C."""


class ReaderGone(KeyboardInterrupt):
    """Raised when the program that reads standard output has closed it (EPIPE)."""


def run_guarded(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; turn what it raises into a message on standard error and a code.

    While the command runs, SIGTERM raises ``Terminated``, if this is the main thread. Only a defect of pdfbatch shows a
    traceback.
    """
    try:
        with _raise_on_sigterm():
            code = command()
            sys.stdout.flush()
            return code
    except (BrokenPipeError, ReaderGone):
        _discard_output(sys.stdout, sys.stderr)
        return ExitCode.READER_GONE
    except KeyboardInterrupt as interruption:
        print_error("stopped")
        return interruption_exit_code(interruption)
    except PdfBatchError as error:
        print_error(str(error))
        return error_exit_code(error)
    except Exception:  # noqa: BLE001 (a defect must not end with the exit code of "some documents failed")
        traceback.print_exc()
        print_error("this is a defect of pdfbatch: please report it with the lines above")
        return ExitCode.DEFECT


def print_error(message: str) -> None:
    """Print a message on standard error."""
    sys.stderr.write(f"pdfbatch: {message}\n")


_CODES = (
    (DependencyError, ExitCode.MISSING_DEPENDENCY),
    (OutputError, ExitCode.STORAGE),
    (UsageError, ExitCode.USAGE),
    (ExecutorError, ExitCode.EXECUTOR_LOST),
    (BatchFailedError, ExitCode.DOCUMENTS_FAILED),
)


def error_exit_code(error: PdfBatchError) -> ExitCode:
    """Return the exit code for an error that ended a command."""
    if isinstance(error, DocumentError):
        return ExitCode.STORAGE if error.cause in STORAGE_CAUSES else ExitCode.DOCUMENTS_FAILED
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.DEFECT)


def interruption_exit_code(interruption: KeyboardInterrupt) -> ExitCode:
    """Return the exit code after a signal: 128 and its number, as shells count."""
    return ExitCode.TERMINATED if isinstance(interruption, Terminated) else ExitCode.INTERRUPTED


@contextmanager
def _raise_on_sigterm() -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: FrameType | None) -> Never:
    raise Terminated


def _discard_output(*streams: TextIO) -> None:
    """Drop what is still buffered, so that the interpreter reports no broken pipe as it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        try:
            stream.flush()
        except BrokenPipeError:
            with suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
