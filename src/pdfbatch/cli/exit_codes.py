"""How a command ends: exit codes, and the one place where errors become a message and a code."""

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
    """What the caller's shell sees. The numbers are a promise."""

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
    """SIGTERM came: everything is put away as after Ctrl-C."""


class ReaderGone(KeyboardInterrupt):
    """Whoever read standard output has gone, so that going on makes no sense."""


def guarded(command: Callable[[], int]) -> int:
    """Run a command; what it raises becomes a message on standard error and an exit code.

    SIGTERM is handled meanwhile, if this is the main thread. A traceback is shown only for a defect of pdfbatch itself.
    """
    try:
        with _termination_raises():
            code = command()
            sys.stdout.flush()
            return code
    except (BrokenPipeError, ReaderGone):
        _let_go(sys.stdout, sys.stderr)
        return ExitCode.READER_GONE
    except KeyboardInterrupt as interruption:
        complain("stopped")
        return code_of_interruption(interruption)
    except PdfBatchError as error:
        complain(str(error))
        return code_of_error(error)
    except Exception:  # noqa: BLE001 (the last stop: a defect must not be taken for "some documents failed")
        traceback.print_exc()
        complain("this is a defect of pdfbatch: please report it with the lines above")
        return ExitCode.DEFECT


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    sys.stderr.write(f"pdfbatch: {message}\n")


_CODES = (
    (DependencyError, ExitCode.MISSING_DEPENDENCY),
    (OutputError, ExitCode.STORAGE),
    (UsageError, ExitCode.USAGE),
    (ExecutorError, ExitCode.EXECUTOR_LOST),
    (BatchFailedError, ExitCode.DOCUMENTS_FAILED),
)


def code_of_error(error: PdfBatchError) -> ExitCode:
    """The exit code for an error that ended a command."""
    if isinstance(error, DocumentError):
        return ExitCode.STORAGE if error.cause in STORAGE_CAUSES else ExitCode.DOCUMENTS_FAILED
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.DEFECT)


def code_of_interruption(interruption: KeyboardInterrupt) -> ExitCode:
    """The exit code after a signal: 128 and its number, as shells have it."""
    return ExitCode.TERMINATED if isinstance(interruption, Terminated) else ExitCode.INTERRUPTED


@contextmanager
def _termination_raises() -> Generator[None]:
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


def _let_go(*streams: TextIO) -> None:
    """Send what is still buffered nowhere, so that the interpreter does not complain about the broken pipe as it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        try:
            stream.flush()
        except BrokenPipeError:
            with suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
