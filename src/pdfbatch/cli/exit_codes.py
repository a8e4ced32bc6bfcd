"""Exit codes, and the one place that turns errors into a message and a code."""

import signal
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from enum import IntEnum
from types import FrameType
from typing import Never

from pdfbatch.cli.streams import OutputLost, ReaderGone, discard_output, open_missing_streams, write_error, write_output
from pdfbatch.cli.wording import in_terminal
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


def run_guarded(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; turn what it raises into a message on standard error and a code.

    While the command runs, SIGTERM raises ``Terminated``, if this is the main thread. Only a defect of pdfbatch shows a
    traceback.
    """
    open_missing_streams()
    signals: list[int] = []
    try:
        with _note_signals(signals):
            code = command()
            write_output("")
            return code
    except (BrokenPipeError, ReaderGone):
        discard_output()
        return ExitCode.READER_GONE
    except OutputLost as error:
        print_error(f"standard output cannot be written: {error}")
        discard_output()
        return ExitCode.STORAGE
    except KeyboardInterrupt as interruption:
        print_error("stopped")
        return interruption_exit_code(interruption)
    except PdfBatchError as error:
        print_error(str(error))
        return error_exit_code(error)
    except Exception:  # noqa: BLE001 (a defect must not end with the exit code of "some documents failed")
        return _report_defect(signals)


def _report_defect(signals: list[int]) -> ExitCode:
    """Report an error that nobody expected, unless a signal came, of which a library that was loading made another error."""
    if signals:
        print_error("stopped")
        return _CODE_OF_SIGNAL.get(signals[-1], ExitCode.INTERRUPTED)
    with suppress(OSError, ValueError):
        traceback.print_exc()
    print_error("this is a defect of pdfbatch: please report it with the lines above")
    return ExitCode.DEFECT


def print_error(message: str) -> None:
    """Print a message on standard error, in the words of the command line and on one line, if there is anybody to read it."""
    with suppress(ReaderGone):
        write_error(f"pdfbatch: {in_terminal(message)}\n")


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
def _note_signals(signals: list[int]) -> Generator[None]:
    """Let SIGTERM, too, raise an error, and note each signal that came."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, _frame: FrameType | None) -> Never:
        signals.append(number)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, interrupt)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody ignores it, as nohup does
        before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_CODE_OF_SIGNAL: dict[int, ExitCode] = {signal.SIGTERM: ExitCode.TERMINATED, signal.SIGINT: ExitCode.INTERRUPTED}
