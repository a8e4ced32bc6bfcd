"""Exit codes, and the one place that turns errors into a message and a code."""

import atexit
import math
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from enum import IntEnum
from types import FrameType

from pdfbatch.cli.streams import OutputLost, ReaderGone, discard_output, open_missing_streams, write_error, write_output
from pdfbatch.cli.wording import in_terminal
from pdfbatch.errors import (
    BatchFailedError,
    Cause,
    DependencyError,
    DocumentError,
    ExecutorError,
    InputError,
    OutputError,
    PdfBatchError,
    UsageError,
)

STORAGE_CAUSES = frozenset(
    {Cause.STORAGE_NOT_FOUND, Cause.STORAGE_DENIED, Cause.STORAGE_UNAVAILABLE, Cause.STORAGE_FULL}
)

_SAME_SECONDS, _EXIT_SECONDS = 0.2, 1.0


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


def run_guarded(command: Callable[[], int], *, is_program: bool = False) -> int:
    """Run a command and return its exit code; turn what it raises into a message on standard error and a code.

    While the command runs, SIGTERM raises ``Terminated``, if this is the main thread. Only a defect of pdfbatch shows a
    traceback. With ``is_program`` the process is about to exit afterwards, and a further signal does not disturb that.
    """
    open_missing_streams()
    with _note_signals(is_program=is_program) as signals:
        try:
            try:
                code = command()
                write_output("")
            except SystemExit:  # of argparse, which has printed help, or what is wrong
                write_output("")
                raise
            finally:
                signals.interrupts = False
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
        finally:
            if is_program:  # what could not be written would make the interpreter exit with a code of its own
                discard_output()


def _report_defect(signals: "_Signals") -> ExitCode:
    """Report an error that nobody expected, unless a signal came, of which a library that was loading made another error."""
    if signals.last is not None:
        print_error("stopped")
        return _CODE_OF_SIGNAL.get(signals.last, ExitCode.INTERRUPTED)
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
    (InputError, ExitCode.STORAGE),
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


class _Signals:
    """What signals do: each raises an error, but for one that comes so soon after another that both are the same wish.

    That happens when somebody presses Ctrl-C twice, or a terminal and a wrapper both send it. Once the command has ended, none
    raises an error any more; if the process does not exit within a second, the next one ends it as it would any other.
    """

    def __init__(self) -> None:
        self.interrupts = True
        self.last: int | None = None
        self._last_time = -math.inf

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        seconds, self._last_time = time.monotonic() - self._last_time, time.monotonic()
        self.last = number
        if self.interrupts and seconds > _SAME_SECONDS:
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if not self.interrupts and seconds > _EXIT_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


@contextmanager
def _note_signals(*, is_program: bool) -> Generator[_Signals]:
    """Let SIGTERM, too, raise an error, and note each signal that comes."""
    signals = _Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, signals.handle)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody ignores it, as nohup does
        before[signal.SIGINT] = signal.signal(signal.SIGINT, signals.handle)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            if not is_program:
                signal.signal(number, handler)
            elif signals.last is not None:  # its exit code is said; the end of the interpreter would change that
                atexit.register(signal.signal, number, signal.SIG_IGN)


_CODE_OF_SIGNAL: dict[int, ExitCode] = {signal.SIGTERM: ExitCode.TERMINATED, signal.SIGINT: ExitCode.INTERRUPTED}
